"""How far rare classes can be judged by place: known geometry, honesty, few rows, alerts."""

import json

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import LocalOutlierFactor

import labelaudit
from labelaudit.core.intervals import wilson
from labelaudit.core.results import DatasetFacts
from labelaudit.core.schema import from_document, to_json
from labelaudit.engine import gaussian
from labelaudit.measures.kinds import Sample
from labelaudit.measures.rare_class_auditability import RareClassAuditability

COUNTS = (400, 300, 200, 60, 20, 8, 4, 2)
RARE = (3, 4, 5, 6, 7)  # fewer than half of the mean, 124


def data(apart, counts=COUNTS, width=12, seed=0):
    generator = np.random.default_rng([seed, width])
    middles = generator.normal(size=(len(counts), width))
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    return labels, apart * middles[labels] + generator.normal(size=(len(labels), width))


def measured(labels, points, n_classes=8, seed=0):
    facts = DatasetFacts(
        name="made",
        format="memory",
        n_examples=len(labels),
        n_unlabelled=0,
        class_names=tuple(f"class {code}" for code in range(n_classes)),
        class_counts=tuple(np.bincount(labels, minlength=n_classes).tolist()),
        has=("embeddings", "labels"),
    )
    sample = Sample(
        rows=np.arange(len(labels)),
        n_total=len(labels),
        seed=seed,
        labels=labels,
        embeddings=points,
    )
    return RareClassAuditability.measure(sample, facts)


def test_parts_of_the_gaussian():
    """The check values of section 6 of the definitions: here n = 6, k = 3, LOF up to 1.5."""
    points = np.array([[0, 0], [0.1, 0], [0, 0.1], [0.1, 0.1], [0.05, 0.05], [3, 3]])
    factors = gaussian.local_outlier_factor(points, 3)
    assert factors == pytest.approx([0.96746] * 4 + [1.10819, 44.478], rel=1e-4)
    exact = LocalOutlierFactor(3).fit(points).negative_outlier_factor_
    assert factors == pytest.approx(-exact, rel=1e-4)
    kept = points[factors <= 1.5]
    centre = np.median(kept, axis=0)
    assert centre == pytest.approx([0.05, 0.05])
    covariance = np.cov(kept.T, bias=False) + 1e-3 * np.eye(2)
    assert covariance == pytest.approx(0.0035 * np.eye(2))
    apart = (points - centre) @ gaussian.inverse_root(covariance)
    expected = [1.42857] * 4 + [0, 4972.86]
    assert np.square(apart).sum(axis=1) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_classes_apart_are_recognised_and_heaps_are_not():
    values = []
    for apart in (0.0, 0.5, 3.0):
        found = measured(*data(apart))
        low, high = found.interval
        assert low <= found.value <= high
        values.append(found.value)
        assert found.details["rare_classes"] == len(RARE)
        assert found.per_class["rows"] == (None, None, None, 60, 20, 8, 4, 2)
        assert found.per_class["kept"] == (None, None, None, 42, 14, 6, 4, 2)
        assert found.per_class["reach"][7] == "insufficient"
    assert values[0] < 0.25
    assert values == sorted(values)
    assert values[2] > 0.95
    assert found.per_class["reach"][3:7] == ("good",) * 4


@pytest.mark.parametrize("seed", range(6))
def test_pure_noise_is_not_recognised_by_heart(seed):
    """A fit that had seen the rows it is tried on would recognise most of a class of 3."""
    labels, points = data(0.0, counts=(100, 100, *[3] * 20), width=32, seed=seed)
    found = measured(labels, points, 22)
    assert found.value <= 0.2
    assert set(found.per_class["reach"][2:]) <= {"none", "weak", "good"}
    assert found.per_class["reach"][2:].count("none") >= 18


def test_up_to_ten_rows_it_is_leave_one_out():
    """Of a class of 6 each row is judged by a fit of all other rows, done anew here by hand."""
    labels, points = data(1.0, counts=(60, 50, 6), width=3, seed=2)
    found = measured(labels, points, 3)
    own = gaussian.axes_of(points, "euclidean").coordinates(points)
    hits, probable = 0, []
    for row in np.flatnonzero(labels == 2):
        centres, apart = [], []
        for code in range(3):
            rows = np.flatnonzero((labels == code) & (np.arange(len(labels)) != row))
            kept = own[rows][gaussian.least_outlying(own[rows])]
            centres.append(np.median(kept, axis=0))
            apart.append(kept - centres[-1])
        covariance, _ = ledoit_wolf(np.concatenate(apart), assume_centered=True)
        differences = own[row] - np.array(centres)
        squared = np.einsum(
            "ij,jk,ik->i", differences, np.linalg.inv(covariance + 0 * np.eye(3)), differences
        )
        posterior = np.exp(-squared / 2) / np.exp(-squared / 2).sum()
        hits += int(posterior.argmax() == 2)
        probable.append(posterior[2])
    assert found.value == hits / 6
    assert found.interval == wilson(hits, 6)
    assert found.per_class["posterior"][2] == pytest.approx(np.mean(probable), rel=1e-4)


def test_the_class_that_is_taken_for_another_says_for_which():
    labels, points = data(6.0, counts=(100, 100, 100, 12), seed=1)
    points[labels == 3] = points[labels == 1][:12] + 0.01
    found = measured(labels, points, 4)
    (row,) = found.details["classes"]
    assert row["class"] == "class 3"
    assert row["taken_for"] in ("class 1", None)
    far = measured(*data(6.0, counts=(100, 100, 100, 12), seed=1), 4)
    assert far.value == 1.0
    assert found.value < far.value


def test_wrong_labels_in_a_rare_class_lower_its_reach():
    labels, points = data(3.0)
    clean = measured(labels, points).per_class["recognised"][4]
    labels[np.flatnonzero(labels == 0)[:15]] = 4  # 15 of 35 are wrong now
    assert measured(labels, points).per_class["recognised"][4] < clean - 0.2


def test_the_alert_names_the_classes_that_cannot_be_judged():
    (alert,) = measured(*data(3.0)).alerts
    assert alert.id == "rare_class_auditability.cannot_be_judged"
    assert alert.scope == "class 7"
    assert "1 of 5" in alert.message
    (alert,) = measured(*data(0.0)).alerts
    assert "class 4" in alert.scope
    assert "class 7" in alert.scope
    assert not measured(*data(4.0, counts=(100, 90, 30))).alerts


def test_without_a_rare_class_there_is_no_value():
    labels, points = data(1.0, counts=(50, 50, 40))
    found = measured(labels, points, 3)
    assert found.value is None
    assert found.interval_kind == "none: no class is rare"
    assert not found.alerts
    only = measured(*data(1.0, counts=(50,)), 1)
    assert only.value is None


HARD = {
    "all points one": (np.repeat([0, 1], [40, 5]), np.ones((45, 6))),
    "rare ones of two": (
        np.repeat([0, 1, 2], [40, 2, 2]),
        np.random.default_rng(0).random((44, 5)),
    ),
    "one big class": (np.repeat([0, 1], [90, 4]), np.random.default_rng(1).random((94, 2))),
    "no other with 3": (
        np.repeat(np.arange(9), [30, *[2] * 8]),
        np.random.default_rng(2).random((46, 4)),
    ),
    "huge": (np.repeat([0, 1], [30, 5]), np.random.default_rng(3).random((35, 4)) * 1e150),
    "wider than long": (np.repeat([0, 1], [20, 4]), np.random.default_rng(4).random((24, 90))),
}


@pytest.mark.parametrize("case", HARD)
def test_hard_data_is_measured_or_has_a_reason(case):
    labels, points = HARD[case]
    found = measured(labels.astype(np.int32), points, int(labels.max()) + 2)
    if found.value is None:
        assert found.interval_kind.startswith("none")
    else:
        assert 0 <= found.interval[0] <= found.value <= found.interval[1] <= 1
    for column in found.per_class.values():
        assert len(column) == labels.max() + 2
    json.dumps(dict(found.details), allow_nan=False)
    json.dumps({key: list(value) for key, value in found.per_class.items()}, allow_nan=False)


def test_codes_of_classes_change_nothing():
    labels, points = data(0.7)
    code = np.array([5, 2, 7, 0, 1, 6, 3, 4], dtype=np.int32)
    one, other = measured(labels, points), measured(code[labels], points)
    assert other.value == one.value
    for name in ("recognised", "reach", "rows"):
        assert [other.per_class[name][code[k]] for k in range(8)] == list(one.per_class[name])


def test_an_audit_has_it_and_reads_back():
    labels, points = data(1.5)
    audit = labelaudit.audit(labels, embeddings=points)
    found = audit.measurement("rare_class_auditability")
    assert found == measured(labels, points) or found.value == measured(labels, points).value
    text = to_json(audit)
    again = from_document(json.loads(text)).measurement("rare_class_auditability")
    assert again.value == found.value
    assert to_json(labelaudit.audit(labels, embeddings=points)) == text
