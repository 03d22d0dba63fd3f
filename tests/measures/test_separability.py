"""Laws of the measures of separability: ranges, intervals, edges, what must change nothing."""

import json
import math

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.schema import from_document, to_json
from labelaudit.engine.neighbours import nearest
from labelaudit.engine.sample import fair_sample
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import Sample
from labelaudit.measures.separability import GROUPS, folds_of, groups_of

NAMES = (
    "calinski_harabasz",
    "davies_bouldin",
    "directional_fisher",
    "fisher_ratio",
    "icnn",
    "knn_accuracy",
    "linear_accuracy",
    "n1_borderline",
    "n2_nearness",
    "nearest_neighbour_error",
    "silhouette",
    "thornton_index",
)
KINDS = {name: known_measures()[name] for name in NAMES}


def blobs(n_rows=300, n_classes=4, width=5, apart=1.5, seed=0):
    """Return labels and points of classes of unequal sizes around fixed middles."""
    middles = np.random.default_rng(n_classes).normal(size=(n_classes, width)) * apart
    generator = np.random.default_rng([seed, n_rows])
    shares = np.arange(n_classes, 0, -1) / sum(range(n_classes + 1))
    labels = generator.choice(n_classes, n_rows, p=shares).astype(np.int32)
    return labels, middles[labels] + generator.normal(size=(n_rows, width))


def sample_of(labels, points, rows=None, seed=0):
    rows = np.arange(len(labels)) if rows is None else rows
    return Sample(
        rows=rows,
        n_total=len(labels),
        seed=seed,
        labels=labels[rows].astype(np.int32),
        embeddings=points[rows],
        neighbours=nearest(points[rows], 10),
    )


def measured(name, sample, n_classes=4):
    facts = DatasetFacts(
        name="made",
        format="memory",
        n_examples=sample.n_total,
        n_unlabelled=0,
        class_names=tuple(f"class {code}" for code in range(n_classes)),
        class_counts=tuple(np.bincount(sample.labels, minlength=n_classes).tolist()),
        has=("embeddings", "labels", "neighbours"),
    )
    return KINDS[name].measure(sample, facts)


def check_sound(found, n_classes):
    if isinstance(found, Skipped):
        assert found.reason
        assert found.remedy
        return
    assert isinstance(found, Measurement)
    low, high = found.range
    assert math.isfinite(found.value)
    assert low <= found.value + 1e-12
    assert high is None or found.value <= high + 1e-12
    if found.interval is not None:
        assert found.interval[0] - 1e-9 <= found.value <= found.interval[1] + 1e-9
    assert found.interval_kind
    assert found.source
    assert found.sample
    for column in found.per_class.values():
        assert len(column) == n_classes
        assert all(value is None or math.isfinite(value) for value in column)
    pairs = found.details.get("worst_pairs", [])
    assert len(pairs) <= 20
    assert all(pair["class"] != pair["other"] for pair in pairs)
    json.dumps(dict(found.details), allow_nan=False)


HARD = {
    "two rows": ([0, 1], [[0.0], [1.0]]),
    "two equal rows": ([0, 1], [[1.0, 1.0]] * 2),
    "three rows": ([0, 1, 1], [[0.0, 1], [2, 3], [4, 9]]),
    "all equal": ([0, 1] * 20, np.ones((40, 6))),
    "all zero": ([0, 1, 2] * 20, np.zeros((60, 2))),
    "a class of one": ([0] + [1] * 30 + [2] * 30, np.random.default_rng(1).normal(size=(61, 5))),
    "each its own class": (range(25), np.random.default_rng(2).normal(size=(25, 3))),
    "more columns than rows": ([0, 1] * 15, np.random.default_rng(3).normal(size=(30, 200))),
    "a constant column": (
        [0, 1] * 30,
        np.column_stack([np.full(60, 7.3), np.random.default_rng(4).normal(size=(60, 3))]),
    ),
    "collinear columns": (
        [0, 1, 2] * 30,
        np.random.default_rng(5).normal(size=(90, 2)) @ np.ones((2, 6)),
    ),
    "classes of equal rows": ([0, 1, 2] * 20, np.eye(5)[[0, 1, 2] * 20]),
    "huge and tiny": (
        [0, 1] * 30,
        np.random.default_rng(6).normal(size=(60, 4)) * [1e30, 1e-30, 1.0, 0.0],
    ),
    "one outlier": ([0, 1] * 30, np.r_[[[1e12] * 4], np.random.default_rng(7).random((59, 4))]),
}


@pytest.mark.parametrize("case", HARD)
@pytest.mark.parametrize("name", NAMES)
def test_hard_data_is_measured_or_skipped_with_a_reason(name, case):
    labels, points = HARD[case]
    n_classes = max(labels) + 2  # the last class does not occur
    found = measured(name, sample_of(np.array(labels), np.asarray(points, float)), n_classes)
    check_sound(found, n_classes)


@pytest.mark.parametrize("name", NAMES)
def test_one_class_is_skipped_with_a_reason(name):
    labels, points = blobs()
    found = measured(name, sample_of(labels * 0, points))
    assert isinstance(found, Skipped)
    assert "two classes" in found.reason


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_classes_far_apart_are_better_than_near_ones_and_these_than_none(name, seed):
    figures = []
    for apart in (0.0, 1.0, 12.0):
        labels, points = blobs(apart=apart, seed=seed)
        found = measured(name, sample_of(labels, points))
        check_sound(found, 4)
        assert found.interval is not None
        figures.append(found.value if found.better == "higher" else -found.value)
    assert figures == sorted(figures)
    assert figures[0] < figures[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_codes_of_classes_change_nothing(name):
    labels, points = blobs()
    code = np.array([2, 0, 3, 1])
    one, other = (measured(name, sample_of(y, points)) for y in (labels, code[labels]))
    if name in ("knn_accuracy", "linear_accuracy"):  # rows are dealt out by class: other folds
        assert other.value == pytest.approx(one.value, abs=0.03)
        return
    assert other.value == pytest.approx(one.value, rel=1e-9)
    assert other.interval == pytest.approx(one.interval, rel=1e-6)
    for column, values in one.per_class.items():
        moved = [other.per_class[column][code[k]] for k in range(4)]
        assert moved == pytest.approx(list(values), rel=1e-6), column


@pytest.mark.parametrize("name", NAMES)
def test_turned_and_scaled_embeddings_measure_the_same(name):
    if name == "fisher_ratio":
        pytest.skip("it looks at single columns")
    labels, points = blobs()
    turn = np.linalg.qr(np.random.default_rng(9).normal(size=(5, 5)))[0]
    one = measured(name, sample_of(labels, points))
    other = measured(name, sample_of(labels, points @ turn * 3.7))
    # The linear one brings columns to unit variance before it shrinks.
    assert other.value == pytest.approx(one.value, rel=1e-4, abs=0.01 * (name[0] == "l"))


@pytest.mark.parametrize("name", ["fisher_ratio", "directional_fisher", "linear_accuracy"])
def test_the_units_of_a_column_change_nothing(name):
    labels, points = blobs()
    one = measured(name, sample_of(labels, points))
    other = measured(name, sample_of(labels, points * [1, 1e6, 1e-6, 3, 7] + 5))
    assert other.value == pytest.approx(one.value, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_interval_covers_what_other_data_of_the_kind_has(name):
    found = [measured(name, sample_of(*blobs(240, apart=1.2, seed=seed))) for seed in range(40)]
    middle = np.mean([one.value for one in found])
    covered = np.mean([one.interval[0] <= middle <= one.interval[1] for one in found])
    assert covered >= 0.82
    widths = np.mean([one.interval[1] - one.interval[0] for one in found])
    assert widths <= 4 * 3.92 * np.std([one.value for one in found])


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"n1_borderline", "n2_nearness"}))
def test_a_sample_comes_to_the_figure_of_all_rows(name):
    labels, points = blobs(3_000)
    whole = sample_of(labels, points)
    figures = {}
    for size in (150, 1_500):
        of_size = [
            measured(name, sample_of(labels, points, fair_sample(3_000, size, seed), seed))
            for seed in range(4)
        ]
        key = "explained" if name == "calinski_harabasz" else None
        values = [one.details[key] if key else one.value for one in of_size]
        full = measured(name, whole)
        full_value = full.details[key] if key else full.value
        figures[size] = np.abs(np.array(values) - full_value).mean()
    assert figures[1_500] < max(0.6 * figures[150], 0.004)


@pytest.mark.parametrize("name", ["n1_borderline", "n2_nearness"])
def test_a_sparser_sample_looks_harder_and_comes_nearer_with_its_size(name):
    labels, points = blobs(2_000)
    full = measured(name, sample_of(labels, points)).value
    figures = [
        np.mean(
            [
                measured(name, sample_of(labels, points, fair_sample(2_000, size, seed))).value
                for seed in range(3)
            ]
        )
        for size in (200, 1_600)
    ]
    assert abs(figures[1] - full) < 0.01
    assert abs(figures[1] - full) < abs(figures[0] - full)


def test_folds_are_stratified_and_groups_of_equal_size():
    labels, points = blobs(997)
    sample = sample_of(labels, points)
    folds, groups = folds_of(sample, 5), groups_of(sample)
    assert np.ptp(np.bincount(folds)) <= 1
    for code in range(4):
        assert np.ptp(np.bincount(folds[labels == code], minlength=5)) <= 1
    assert np.ptp(np.bincount(groups, minlength=GROUPS)) <= 1


def test_a_sample_of_few_rows_of_many_is_dealt_out_evenly_too():
    labels, points = blobs(5_000)
    sample = sample_of(labels, points, fair_sample(5_000, 400, 3), seed=3)
    assert set(np.bincount(groups_of(sample), minlength=GROUPS)) == {20}


def test_one_audit_has_all_of_them_and_reads_back():
    labels, points = blobs()
    audit = labelaudit.audit(labels, embeddings=points.astype(np.float32))
    for name in NAMES:
        assert audit.measurement(name) is not None, name
    text = to_json(audit)
    assert to_json(labelaudit.audit(labels, embeddings=points.astype(np.float32))) == text
    again = from_document(json.loads(text))
    for name in NAMES:
        assert again.measurement(name).value == audit.measurement(name).value


def test_without_embeddings_they_are_skipped():
    audit = labelaudit.audit(["a", "b"] * 9)
    for found in audit.measurements:
        if found.name in NAMES:
            assert isinstance(found, Skipped)
            assert found.reason == "no embeddings"


def test_embeddings_in_another_order_than_the_labels_raise_the_alert():
    labels, points = blobs(800, apart=6)
    shuffled = np.random.default_rng(0).permutation(len(points))
    right = labelaudit.audit(labels, embeddings=points).alerts
    wrong = labelaudit.audit(labels, embeddings=points[shuffled]).alerts
    assert not [one for one in right if one.id.startswith(NAMES)]
    assert "knn_accuracy.near_chance" in [one.id for one in wrong]
    assert "nearest_neighbour_error.class_among_others" in [one.id for one in wrong]


def test_few_rows_are_no_evidence_of_chance():
    labels = np.array([0, 1] * 6)
    audit = labelaudit.audit(labels, embeddings=np.random.default_rng(0).normal(size=(12, 4)))
    assert "knn_accuracy.near_chance" not in [one.id for one in audit.alerts]


def test_the_alert_names_the_class_that_lies_among_others():
    labels, points = blobs(600, apart=8)
    labels = np.where((labels == 0) & (np.arange(600) % 4 == 0), 4, labels)  # a quarter of class 0
    audit = labelaudit.audit([f"class {code}" for code in labels], embeddings=points)
    alerts = {one.id: one for one in audit.alerts}
    assert alerts["nearest_neighbour_error.class_among_others"].scope == "class 4"
