"""Unsupervised separability: check values, scipy's tree, what S says of classes and what not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import linkage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr

import labelaudit
from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.schema import to_json
from labelaudit.engine.sample import fair_sample
from labelaudit.measures.h0_separability import DRAW, DRAWS, H0Separability, directions, draws_of
from labelaudit.measures.kinds import Sample
from labelaudit.measures.persistence import persistence, smaller_parts

FACTS = DatasetFacts(
    name="made",
    format="memory",
    n_examples=0,
    n_unlabelled=0,
    class_names=("a",),
    class_counts=(0,),
    has=("embeddings",),
)


def sample_of(points, rows=None, seed=0):
    rows = np.arange(len(points)) if rows is None else rows
    return Sample(
        rows=rows,
        n_total=len(points),
        seed=seed,
        labels=np.zeros(len(rows), dtype=np.int32),
        embeddings=points[rows],
    )


def measured(points, **how):
    return H0Separability.measure(sample_of(np.asarray(points, dtype=float), **how), FACTS)


def two_parts(n_rows=300, width=20, apart=8.0, seed=0):
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(n_rows, width))
    points[:, 0] += apart * (np.arange(n_rows) % 2)
    return points


def test_the_check_values():
    found = persistence(np.array([[0.0], [1], [2], [10], [11], [12]]))
    assert found.lifetimes.tolist() == [1, 1, 1, 1, 8]
    assert found.relative.mean() == pytest.approx(0.30)
    assert np.median(found.relative) == 0.125
    assert found.score == pytest.approx(0.70)
    assert found.gap == 0.875
    assert found.entropy == pytest.approx(0.68261, abs=5e-6)
    assert found.robust is None  # 6 points have no two parts of 5
    even = persistence(np.arange(6.0)[:, None])
    assert even.lifetimes.tolist() == [1] * 5
    assert even.score == 0
    assert even.entropy == pytest.approx(1)


@pytest.mark.parametrize("seed", range(4))
def test_lifetimes_are_those_of_scipys_tree_and_of_single_linkage(seed):
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(150, 1 + 3 * seed))
    points[:20] = points[20:40]  # their distance of 0 is an edge that scipy's tree would drop
    ours = persistence(points)
    distances = cdist(points, points)
    distances[distances == 0] = 1e-300
    tree = np.sort(minimum_spanning_tree(csr_array(distances)).data)  # dense it takes 1e-300 for 0
    assert ours.lifetimes == pytest.approx(tree, abs=1e-9)
    merges = linkage(points, "single")
    assert ours.lifetimes == pytest.approx(merges[:, 2], abs=1e-9)
    assert (ours.lifetimes == 0).sum() == 20


def test_the_smaller_part_of_each_merge():
    chain = np.array([[0, 1], [2, 3], [1, 2], [3, 4]])
    assert smaller_parts(chain).tolist() == [1, 1, 2, 1]
    seed, points = 5, np.random.default_rng(5).normal(size=(60, 3))
    merges = linkage(points, "single")
    sizes = np.concatenate([np.ones(60), merges[:, 3]])
    smaller = np.minimum(sizes[merges[:, 0].astype(int)], sizes[merges[:, 1].astype(int)])
    assert persistence(points).smaller.tolist() == smaller.astype(int).tolist(), seed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_rows=st.integers(3, 60), width=st.integers(2, 8))
def test_ranges_and_what_changes_nothing(seed, n_rows, width):
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(n_rows, width))
    found = measured(points)
    assert 0 <= found.value < 1
    for name in ("mean_lifetime", "median_lifetime", "gap"):
        assert 0 <= found.details[name] <= 1
    assert found.details["entropy"] is None or 0 <= found.details["entropy"] <= 1 + 1e-12
    turn = np.linalg.qr(generator.normal(size=(width, width)))[0]
    lengths = generator.uniform(0.1, 50, (n_rows, 1))
    shuffled = generator.permutation(n_rows)
    other = measured((points @ turn * lengths)[shuffled])
    assert other.value == pytest.approx(found.value, rel=1e-6, abs=1e-9)


def test_one_outlier_moves_s_and_not_g():
    for points in (two_parts(apart=0.0), two_parts()):
        plain = persistence(points)
        far = persistence(np.vstack([points, np.full((1, points.shape[1]), 30.0)]))
        assert abs(far.robust / plain.robust - 1) < 0.01
        assert far.score > plain.score + 0.3
    one, two = (persistence(two_parts(apart=apart)) for apart in (0.0, 12.0))
    assert one.robust < 1.1
    assert two.robust > 1.5


@pytest.mark.parametrize("seed", range(5))
def test_far_rows_one_after_another_do_not_move_g(seed):
    points = two_parts(width=10, seed=seed)
    plain = persistence(points).robust
    for count in range(1, 4):
        far = 1e3 * (1 + np.arange(count))[:, None] * np.ones((count, 10))
        assert persistence(np.vstack([points, far])).robust == pytest.approx(plain, rel=0.03)


def fisher(points, labels):
    """Return tr(Sb) / tr(Sw), as section 3 of the definitions has it."""
    means = np.stack([points[labels == code].mean(axis=0) for code in np.unique(labels)])
    counts = np.bincount(labels)
    between = (counts * np.square(means - points.mean(axis=0)).sum(axis=1)).sum()
    return between / np.square(points - means[labels]).sum()


def test_the_fisher_ratio_of_the_check_value():
    points = np.array([[0.0], [1], [2], [10], [11], [12]])
    assert fisher(points, np.array([0, 0, 0, 1, 1, 1])) == pytest.approx(37.5)


@pytest.mark.parametrize("seed", range(3))
def test_s_ranks_as_the_fisher_ratio_does_and_only_when_normalised(seed):
    """Two Gaussians in 50 dimensions, the second .0, .5, ... 8 away along one axis."""
    figures = []
    for step in range(17):
        generator = np.random.default_rng([seed, step])
        labels = np.arange(300) % 2
        points = generator.normal(size=(300, 50))
        points[:, 0] += step / 2 * labels
        found = persistence(directions(points))
        raw = persistence(points).score
        figures.append((fisher(points, labels), found.score, 1 - found.entropy, raw))
    ratio, score, entropy, raw = zip(*figures, strict=True)
    assert spearmanr(ratio, score)[0] >= 0.95
    assert spearmanr(ratio, entropy)[0] >= 0.95
    assert abs(spearmanr(ratio, raw)[0]) < 0.5


def test_up_to_2000_rows_are_one_draw_of_all():
    found = measured(two_parts(400))
    assert found.details["draws"] == 1
    assert found.details["rows_a_draw"] == 400
    assert found.details["sd"] is None
    assert found.interval is None
    assert found.interval_kind.startswith("none")


@pytest.mark.parametrize("n_rows", [2_001, 4_000, 6_000])
def test_of_more_there_are_three_draws_of_equal_size_that_share_no_row(n_rows):
    draws = draws_of(sample_of(np.zeros((n_rows, 2))))
    assert [len(draw) for draw in draws] == [min(n_rows // DRAWS, DRAW)] * DRAWS
    assert len(np.unique(np.concatenate(draws))) == sum(map(len, draws))
    assert all((np.diff(draw) > 0).all() for draw in draws)


def test_the_spread_of_draws_is_the_uncertainty_and_the_same_bytes_come_again():
    points = two_parts(20_000, width=12)
    rows = fair_sample(20_000, H0Separability.largest_sample, 3)
    one = measured(points, rows=rows, seed=3)
    assert one == measured(points, rows=rows, seed=3)
    assert one.details["draws"] == 3
    assert one.details["rows_a_draw"] == 2_000
    low, high = one.interval
    assert (high - low) / 2 == pytest.approx(4.302653 * one.details["sd"] / 3**0.5, rel=1e-6)
    other = measured(points, rows=fair_sample(20_000, 6_000, 4), seed=4)
    assert other != one
    assert other.value == pytest.approx(one.value, abs=0.05)


def test_the_interval_covers_what_other_rows_have():
    found = [measured(two_parts(2_400, width=6, seed=seed)) for seed in range(30)]
    middle = np.mean([one.value for one in found])
    assert np.mean([one.interval[0] <= middle <= one.interval[1] for one in found]) >= 0.8


@pytest.mark.parametrize(
    ("points", "said"),
    [(np.ones((2, 4)), "fewer than 3 rows"), (np.arange(9.0)[:, None], "one column")],
)
def test_what_cannot_be_measured_is_skipped_with_a_reason(points, said):
    found = measured(points)
    assert isinstance(found, Skipped)
    assert said in found.reason
    assert found.remedy


def test_embeddings_of_one_direction_raise_an_alert():
    found = measured(np.outer(np.arange(1, 30), [1.0, 2, 3]))
    assert found.value == 0
    assert found.details["duplicates"] == 28
    assert found.details["entropy"] is None
    assert found.details["robust"] is None
    assert [alert.id for alert in found.alerts] == ["h0_separability.all_one"]
    assert not measured(two_parts(40)).alerts


def test_duplicates_and_rows_of_zeros_are_kept_and_counted():
    points = two_parts(60, width=4)
    points[40:] = points[:20]
    points[0] = points[40] = 0
    found = measured(points)
    assert found.details["duplicates"] == 20
    assert np.isfinite(found.value)


def test_an_audit_has_it_without_any_second_class():
    points = two_parts(80, width=5)
    audit = labelaudit.audit(["only"] * 80, embeddings=points)
    found = audit.measurement("h0_separability")
    assert isinstance(found, Measurement)
    assert found.value == measured(points).value
    assert to_json(audit) == to_json(labelaudit.audit(["only"] * 80, embeddings=points))
