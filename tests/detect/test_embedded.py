"""What embeddings say of labels: check values, laws, and the libraries they are equal to."""

import numpy as np
import pytest
from cleanlab import Datalab
from cleanlab.outlier import OutOfDistribution
from sklearn.covariance import ledoit_wolf
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, LocalOutlierFactor

from labelaudit.core.matrix import Matrix
from labelaudit.detect import embedded
from labelaudit.detect.embedded import (
    Signal,
    gaussian_fit,
    knn_disagreement,
    near_duplicates,
    neighbour_fit,
    quality_with_embeddings,
    rare_classes,
    typicality,
    weighted_agreement,
    with_embeddings,
)
from labelaudit.engine import gaussian
from labelaudit.engine import graph as graphs
from labelaudit.engine.graph import Graph, graph_of
from tests.engine.test_graph import job_of, points_of

TOY = np.array([[0, 0], [0, 1], [1, 0], [2, 2], [5, 5], [5, 6], [6, 5], [2.5, 2]], dtype=float)
TOY_LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.int32)
OUTLIER = np.array([[0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1], [0.05, 0.05], [3, 3]])


def clusters(
    n_rows: int = 600, n_classes: int = 4, width: int = 10, seed: int = 0, apart: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return points of one cluster for each class, and labels of which a tenth are wrong."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(n_classes, width)) * apart
    truth = rng.integers(0, n_classes, n_rows)
    points = centres[truth] + rng.normal(size=(n_rows, width))
    wrong = rng.random(n_rows) < 0.1
    labels = np.where(wrong, (truth + 1) % n_classes, truth).astype(np.int32)
    return points, labels


def graph(points: np.ndarray, k: int = 10, candidates: np.ndarray | None = None) -> Graph:
    return graph_of(job_of(points), k, 0, candidates)


def names(n_classes: int) -> list[str]:
    return [f"class {code}" for code in range(n_classes)]


def every_signal(points: np.ndarray, labels: np.ndarray, k: int = 5) -> dict[str, Signal]:
    found = graph(points, k)
    counts = np.bincount(labels)
    return {
        "knn_disagreement": knn_disagreement(found, labels),
        "weighted_agreement": weighted_agreement(found, labels),
        "neighbour_fit": neighbour_fit(found, labels, counts),
        "gaussian_fit": gaussian_fit(found, labels, Matrix(values=points), names(len(counts))),
        "typicality": typicality(found),
    }


def squared_distances(points: np.ndarray, centre: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return (((points - centre) @ gaussian.inverse_root(covariance)) ** 2).sum(axis=1)


# --- check values -----------------------------------------------------------------------------


def test_disagreement_of_the_toy():
    signal = knn_disagreement(graph(TOY, 3), TOY_LABELS)
    assert signal.values == pytest.approx([0, 0, 0, 1 / 3, 0, 0, 0, 1])
    assert signal.typical == pytest.approx(1 / 6)
    assert signal.why is None


def test_neighbours_in_the_same_place_are_all_that_count():
    points = np.array([[0.0, 0], [0, 0], [0, 1], [0, 2]])
    signal = weighted_agreement(graph(points, 3), np.array([0, 1, 0, 0], dtype=np.int32))
    assert signal.values[:2] == pytest.approx([0, 0])
    # Row 2: its neighbours are at 1, 1 and 1; row 3: at 1, 2 and 2, the last of another label.
    assert signal.values[2:] == pytest.approx([2 / 3, 3 / 4])


def test_neighbour_fit_by_hand():
    points = np.array([[0.0, 0], [0, 1], [0, 2.5], [0, 4.5]])
    labels = np.array([0, 0, 1, 1], dtype=np.int32)
    signal = neighbour_fit(graph(points, 1), labels, np.array([2, 2]))
    assert signal.values == pytest.approx([2 / 3, 2 / 3, 1 / 3, 2 / 3])
    assert signal.suspicion() == pytest.approx(np.log((7 / 12) / signal.values))


def test_parts_of_the_gaussian():
    factors = gaussian.local_outlier_factor(OUTLIER, 3)
    assert factors == pytest.approx([0.96746] * 4 + [1.10819, 44.478], rel=1e-5)
    kept = OUTLIER[factors <= 1.5]
    centre = np.median(kept, axis=0)
    covariance = np.cov(kept.T) + 1e-3 * np.eye(2)
    assert centre == pytest.approx([0.05, 0.05])
    assert covariance == pytest.approx(0.0035 * np.eye(2))
    squared = squared_distances(OUTLIER, centre, covariance)
    assert squared == pytest.approx([1.42857] * 4 + [0, 4972.86], rel=1e-5)


def test_seven_tenths_are_kept_rounded_up():
    points = points_of(23, 4)
    assert len(gaussian.least_outlying(points[:6])) == 6
    assert len(gaussian.least_outlying(points[:7])) == 5
    kept = gaussian.least_outlying(np.vstack([points, [[99.0] * 4]]))
    assert len(kept) == 17
    assert 23 not in kept
    assert (np.diff(kept) > 0).all()


def test_typicality_of_the_middle():
    signal = typicality(graph(TOY, 3))
    assert np.median(-np.log(signal.values)) == pytest.approx(1)


# --- equal to the libraries -------------------------------------------------------------------


@pytest.mark.parametrize("k", [3, 20])
def test_local_outlier_factor_equals_scikit_learn(k):
    points = points_of(200, 6)
    points[3] += 30
    exact = LocalOutlierFactor(n_neighbors=k).fit(points).negative_outlier_factor_
    assert gaussian.local_outlier_factor(points, k) == pytest.approx(-exact, rel=1e-4)


@pytest.mark.parametrize("width", [2, 3, 8, 40])
def test_typicality_equals_cleanlab(width):
    points = clusters(500, width=width)[0]
    points[17] = points[16]
    ours = typicality(graph(points)).values
    theirs = OutOfDistribution().fit_score(features=points, verbose=False)
    assert ours == pytest.approx(theirs, abs=2e-6)


def test_weighted_agreement_equals_scikit_learn(monkeypatch):
    monkeypatch.setattr(graphs, "n_compared", lambda n_rows: min(n_rows, 300))
    points, labels = clusters(600, apart=0.8)
    found = graph(points, 7, np.arange(600))
    strangers = ~found.is_reference
    rows = found.rows[strangers]
    model = KNeighborsClassifier(7, weights="distance", metric="cosine")
    model.fit(points[found.references], labels[found.references])
    expected = model.predict_proba(points[rows])[np.arange(len(rows)), labels[rows]]
    assert weighted_agreement(found, labels).values[strangers] == pytest.approx(expected, abs=1e-5)


@pytest.mark.filterwarnings("ignore")  # cleanlab's own
@pytest.mark.parametrize("threshold", [0.13, 0.6])
def test_near_duplicates_equal_cleanlab(threshold, capsys):
    points, labels = clusters(300, width=6)
    points[:40] = points[100:140] * (1 + 1e-9 * np.arange(40)[:, None])
    points[40:60] = points[140:160] + 0.02
    lab = Datalab({"labels": labels.tolist()}, label_name="labels")
    lab.find_issues(features=points, issue_types={"near_duplicate": {"threshold": threshold}})
    theirs = lab.get_issues("near_duplicate")["is_near_duplicate_issue"].to_numpy()
    found = graph(points)
    near = found.distances < near_duplicates(found, labels, threshold).radius
    assert 40 < theirs.sum() < 300
    assert np.array_equal(near.any(axis=1), theirs)


def test_the_posterior_equals_a_plain_reckoning():
    points, labels = clusters(500, 3, 12, apart=0.7)
    found = graph(points)
    unit = PCA().fit_transform(points / np.linalg.norm(points, axis=1, keepdims=True))
    centres, apart = [], []
    for code in range(3):
        own = unit[labels == code]
        order = np.argsort(-LocalOutlierFactor(20).fit(own).negative_outlier_factor_, kind="stable")
        own = own[order[: -(-7 * len(own) // 10)]]
        centres.append(np.median(own, axis=0))
        apart.append(own - centres[-1])
    covariance = ledoit_wolf(np.concatenate(apart), assume_centered=True)[0]
    squared = np.stack([squared_distances(unit, c, covariance) for c in centres], axis=1)
    powers = np.exp(-squared / 2)
    expected = (powers / powers.sum(axis=1, keepdims=True))[np.arange(500), labels]
    ours = gaussian_fit(found, labels, Matrix(values=points), names(3)).values
    assert ours == pytest.approx(expected, abs=1e-4)
    assert np.quantile(ours, 0.1) < 0.1 < 0.7 < np.quantile(ours, 0.5) < 0.99


# --- laws -------------------------------------------------------------------------------------


@pytest.mark.parametrize("apart", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("width", [2, 50])
def test_ranges(apart, width):
    points, labels = clusters(300, 5, width, apart=apart)
    for name, signal in every_signal(points, labels).items():
        assert np.isfinite(signal.values).all(), name
        assert (signal.values >= 0).all(), name
        assert (signal.values <= 1 + 1e-12).all(), name
        assert np.isfinite(signal.suspicion()).all(), name
        assert 0 <= signal.typical <= 1, name
        assert signal.why is None, name


@pytest.mark.parametrize("width", [3, 12, 40])
def test_another_order_of_rows_is_another_order_of_every_signal(width):
    points, labels = clusters(400, width=width)
    order = np.random.default_rng(1).permutation(400)
    one, other = every_signal(points, labels), every_signal(points[order], labels[order])
    for name, signal in one.items():
        assert other[name].values == pytest.approx(signal.values[order], abs=1e-6), name


@pytest.mark.parametrize("width", [3, 12, 40])
@pytest.mark.parametrize("factor", [1e-9, 7.0, 1e12])
def test_scale_and_turn_change_nothing(width, factor):
    points, labels = clusters(400, width=width, apart=1.0)
    turn = np.linalg.qr(points_of(width, width, seed=8))[0]
    one, other = every_signal(points, labels), every_signal(points @ turn * factor, labels)
    for name, signal in one.items():
        assert other[name].values == pytest.approx(signal.values, abs=1e-4), name


def test_other_names_of_classes_change_nothing():
    points, labels = clusters(400)
    codes = np.array([2, 0, 3, 1], dtype=np.int32)
    one, other = every_signal(points, labels), every_signal(points, codes[labels])
    for name, signal in one.items():
        assert other[name].values == pytest.approx(signal.values, abs=1e-12), name


def test_the_posterior_of_a_row_is_the_same_in_any_company(monkeypatch):
    points, labels = clusters(2_000, 6, 40)
    fitted = gaussian.fit(points, labels, "cosine")
    whole = fitted.posterior(points, labels)
    for step in (1, 77, 512, 700):
        pieces = [
            fitted.posterior(points[start : start + step], labels[start : start + step])
            for start in range(0, 400, step)
        ]
        assert np.concatenate(pieces)[:400].tobytes() == whole[:400].tobytes()
    signal = gaussian_fit(graph(points), labels, Matrix(values=points), names(6))
    monkeypatch.setattr(embedded, "_AT_ONCE", 512)
    monkeypatch.setattr(gaussian, "_CELLS", 1_000)
    again = gaussian_fit(graph(points), labels, Matrix(values=points), names(6))
    assert signal.values.tobytes() == again.values.tobytes() == whole.tobytes()


def test_a_prior_weighs_the_classes():
    points, labels = clusters(500, 3, apart=0.5)
    counts = np.array([5, 50, 445])
    found = graph(points)
    even = gaussian_fit(found, labels, Matrix(values=points), names(3))
    equal = gaussian_fit(found, labels, Matrix(values=points), names(3), np.array([7, 7, 7]))
    weighed = gaussian_fit(found, labels, Matrix(values=points), names(3), counts)
    assert np.array_equal(even.values, equal.values)
    fitted = gaussian.fit(points, labels, "cosine")
    each = [fitted.posterior(points, np.full(500, code, dtype=np.int32)) for code in range(3)]
    assert np.sum(each, axis=0) == pytest.approx(1)
    joint = np.stack(each, axis=1) * counts
    expected = (joint / joint.sum(axis=1, keepdims=True))[np.arange(500), labels]
    assert weighed.values == pytest.approx(expected)


def test_directions_have_one_sign():
    points = points_of(300, 50)
    directions = gaussian.main_directions([points])
    assert directions.shape == (50, 32)
    assert directions.T @ directions == pytest.approx(np.eye(32))
    assert (directions[np.abs(directions).argmax(axis=0), np.arange(32)] > 0).all()
    assert (np.diff(((points @ directions) ** 2).sum(axis=0)) < 0).all()


def test_fitted_is_the_reference_sample_and_candidates_are_scored(monkeypatch):
    points, labels = clusters(1_000)
    monkeypatch.setattr(graphs, "n_compared", lambda n_rows: min(n_rows, 400))
    found = graph(points, 5, np.arange(600, 800))
    signal = gaussian_fit(found, labels, Matrix(values=points), names(4))
    own = found.references
    fitted = gaussian.fit(points[own], labels[own], "cosine")
    assert np.array_equal(signal.values, fitted.posterior(points[found.rows], labels[found.rows]))
    assert signal.typical == pytest.approx(signal.values[found.is_reference].mean())
    points[600:800] *= -1
    outlying = typicality(graph(points, 5, np.arange(600, 800)))
    assert np.median(outlying.values[found.is_reference]) == pytest.approx(np.exp(-1), rel=1e-3)


# --- what cannot be told ----------------------------------------------------------------------


def test_a_class_too_small_to_fit_is_said_not_scored():
    points, labels = clusters(200)
    labels[:2] = 4
    labels[2:3] = 5
    signals = every_signal(points, labels)
    silent = np.isnan(signals["gaussian_fit"].values)
    assert np.array_equal(np.flatnonzero(silent), [0, 1, 2])
    assert signals["gaussian_fit"].why == "fewer than 3 rows to fit: class class 4, class 5"
    assert all(
        np.isfinite(signal.values).all() and signal.why is None
        for name, signal in signals.items()
        if name != "gaussian_fit"
    )


def test_where_nothing_can_be_told_every_signal_says_why():
    points, labels = points_of(1, 5), np.zeros(1, dtype=np.int32)
    for name, signal in every_signal(points, labels).items():
        assert np.isnan(signal.values).all(), name
        assert signal.why, name
    assert near_duplicates(graph(points), labels).groups == ()


def test_points_that_are_all_the_same_say_nothing():
    points, labels = np.ones((60, 6)), (np.arange(60) % 3).astype(np.int32)
    signals = every_signal(points, labels)
    assert signals["gaussian_fit"].values == pytest.approx(1 / 3)
    assert signals["typicality"].values == pytest.approx(1)


def test_classes_that_are_single_points():
    points = np.repeat(np.eye(5), 10, axis=0)
    labels = np.repeat(np.arange(5), 10).astype(np.int32)
    labels[0] = 3
    found = every_signal(points, labels)["gaussian_fit"].values
    assert found[0] < 1e-6
    assert found[1:] == pytest.approx(1)


# --- near duplicates --------------------------------------------------------------------------


def test_groups_and_pairs_of_near_duplicates():
    points, labels = points_of(200, 8), np.zeros(200, dtype=np.int32)
    points[50], points[60] = points[7], points[7] * 3  # equal, but for their length
    points[90] = points[80]
    labels[[60, 150]] = 1
    found = near_duplicates(graph(points), labels)
    assert [group.tolist() for group in found.groups] == [[7, 50, 60]]
    assert found.pairs.tolist() == [[7, 60], [50, 60]]
    assert found.distances == pytest.approx([0, 0], abs=1e-6)
    assert found.n_pairs == 4
    assert near_duplicates(graph(points), np.zeros(200, dtype=np.int32)).groups == ()
    wide = near_duplicates(graph(points), labels, threshold=3)
    assert wide.n_pairs > 100
    assert (np.diff(wide.distances) >= 0).all()
    assert (wide.distances < wide.radius).all()


def test_of_many_equal_rows_all_are_in_the_group():
    points, labels = points_of(100, 8), np.zeros(100, dtype=np.int32)
    points[20:60] = points[20]
    labels[45:60] = 1
    (group,) = near_duplicates(graph(points, 5), labels).groups
    assert group.tolist() == list(range(20, 60))


def test_equal_rows_are_near_even_where_most_are():
    points, labels = np.repeat(points_of(10, 8), 4, axis=0), np.zeros(40, dtype=np.int32)
    labels[[4, 39]] = 1
    found = near_duplicates(graph(points), labels)
    assert found.radius == 0
    assert [group.tolist() for group in found.groups] == [[4, 5, 6, 7], [36, 37, 38, 39]]


# --- the ranking ------------------------------------------------------------------------------


def test_only_rare_classes_listen_to_embeddings():
    suspicion = np.array([1.0, 2.0, 3.0, 4.0])
    given = np.array([0, 1, 2, 2], dtype=np.int32)
    signals = [
        Signal(values=np.array([0.5, 0.5, 0.1, 0.4]), typical=0.4),
        Signal(values=np.array([0.5, 0.5, 0.2, np.nan]), typical=0.2, why="too few"),
    ]
    found = with_embeddings(suspicion, given, np.array([90, 60, 24]), signals)
    assert found == pytest.approx([1, 2, (3 + np.log(4) / 2) / 2, 4 / 2])
    # 174 rows, of 58 in the mean class: 29 is the first that is not rare.
    assert with_embeddings(suspicion, given, np.array([85, 60, 29]), signals).tolist() == [
        1,
        2,
        3,
        4,
    ]


def test_where_classes_are_balanced_nothing_changes():
    suspicion = np.random.default_rng(0).normal(size=50)
    given = (np.arange(50) % 5).astype(np.int32)
    signals = [Signal(values=np.full(50, 0.5), typical=0.5)]
    assert np.array_equal(with_embeddings(suspicion, given, np.full(5, 10), signals), suspicion)
    assert np.array_equal(
        with_embeddings(suspicion, given, np.array([10] * 5 + [0] * 40), signals), suspicion
    )


def test_rare_is_below_half_of_the_mean_of_the_classes_that_are_there():
    assert rare_classes(np.array([40, 40, 12])).tolist() == [False, False, True]
    assert rare_classes(np.array([40, 40, 12, *[0] * 10])).tolist()[:3] == [False, False, True]
    assert not rare_classes(np.array([9, 10, 11])).any()
    assert rare_classes(np.zeros(3, dtype=np.int64)).tolist() == [False] * 3


def test_rows_of_rare_classes_move_among_themselves():
    rng = np.random.default_rng(0)
    quality = np.r_[0.0, rng.random(58), 1.0]
    given = (np.arange(60) % 10 == 0).astype(np.int32)
    counts = np.bincount(given)
    rare = np.flatnonzero(given)
    values = np.where(np.arange(60) == 20, np.nan, 0.3)
    values[40] = 1e-9  # the neighbours speak strongly against this one
    signals = [Signal(values=values, typical=0.6, why="too few")] * 2
    found = quality_with_embeddings(quality, given, counts, signals)
    others = np.setdiff1d(np.arange(60), rare)
    assert (found[others] == quality[others]).all()
    assert (np.sort(found[rare]) == np.sort(quality[rare])).all()
    suspicion = np.log((1 - quality[rare].clip(1e-12, 1)) / quality[rare].clip(1e-12, 1))
    expected = with_embeddings(
        suspicion,
        given[rare],
        counts,
        [Signal(values=values[rare], typical=0.6, why="too few")] * 2,
    )
    assert (np.argsort(-expected, kind="stable") == np.argsort(found[rare], kind="stable")).all()
    nothing = [Signal(values=np.full(60, np.nan), why="too few")]
    assert np.array_equal(quality_with_embeddings(quality, given, counts, nothing), quality)
    assert np.array_equal(quality_with_embeddings(quality, given, counts, []), quality)


def test_a_worse_fit_is_never_less_suspicious():
    given, counts = np.zeros(9, dtype=np.int32), np.array([5, 500])
    values = np.array([0, 1e-12, 1e-6, 1e-3, 0.1, 0.3, 0.6, 0.9, 1.0])
    found = with_embeddings(np.zeros(9), given, counts, [Signal(values=values, typical=0.5)])
    assert np.isfinite(found).all()
    assert (np.diff(found) <= 0).all()


def test_embeddings_find_more_in_a_rare_class():
    rng = np.random.default_rng(3)
    truth = np.r_[np.zeros(500, int), np.ones(500, int), np.full(40, 2)]
    labels = truth.astype(np.int32)
    wrong = rng.choice(1_000, 60, replace=False)
    labels[wrong] = 2
    points = 2.0 * rng.normal(size=(3, 16))[truth] + rng.normal(size=(1_040, 16))
    found = graph(points)
    counts = np.bincount(labels)
    signals = [
        gaussian_fit(found, labels, Matrix(values=points), names(3)),
        neighbour_fit(found, labels, counts),
    ]
    together = with_embeddings(rng.normal(size=1_040), labels, counts, signals)
    rare = labels == 2
    worst = np.argsort(-together[rare])[:60]
    assert (truth[rare][worst] != 2).mean() > 0.9
