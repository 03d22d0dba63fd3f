"""The check values of the methods, to their printed digits."""

import numpy as np
import pytest

import labelaudit
from labelaudit.core.intervals import jeffreys, shrunken, wilson
from labelaudit.core.results import Measurement, Skipped
from labelaudit.engine.neighbours import nearest
from labelaudit.measures.adaptive_calibration import adaptive_calibration_error
from labelaudit.measures.calibration import expected_calibration_error
from labelaudit.measures.class_balance import balance, tiers_of
from labelaudit.measures.classwise_calibration import classwise_calibration_error
from labelaudit.measures.knn_disagreement import disagreement
from tests.made import noisy

CONFIDENCE = np.array([0.95, 0.95, 0.85, 0.85, 0.65, 0.65, 0.55, 0.55, 0.35, 0.35])
CORRECT = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1], dtype=bool)
P = np.array(
    [[0.7, 0.2, 0.1], [0.6, 0.3, 0.1], [0.2, 0.5, 0.3], [0.1, 0.1, 0.8], [0.4, 0.5, 0.1],
     [0.3, 0.3, 0.4]]
)  # fmt: skip
Y = np.array([0, 1, 1, 2, 0, 2])


def test_calibration_errors():
    assert expected_calibration_error(CONFIDENCE, CORRECT, 10) == pytest.approx(0.15)
    assert adaptive_calibration_error(CONFIDENCE, CORRECT, 5) == pytest.approx(0.15)
    top = P.max(axis=1)
    assert expected_calibration_error(top, P.argmax(axis=1) == Y, 5) == pytest.approx(
        0.283333, abs=5e-7
    )
    by_class = classwise_calibration_error(P, Y, 5)
    assert by_class == pytest.approx([0.25, 0.116667, 0.133333], abs=5e-7)
    assert np.mean(by_class) == pytest.approx(0.166667, abs=5e-7)


def test_brier_and_likelihood():
    made = labelaudit.audit(Y, P).measurement("calibration")
    assert made.details["negative_log_likelihood"] == pytest.approx(0.718253, abs=5e-7)
    assert labelaudit.audit(Y, P).measurement("brier_score").value == pytest.approx(
        0.433333, abs=5e-7
    )


def test_calibration_tally_equals_the_plain_function():
    labels, probabilities = noisy(900, 6, seed=2)
    made = labelaudit.audit(labels, probabilities).measurement("calibration")
    plain = expected_calibration_error(
        probabilities.max(axis=1), probabilities.argmax(axis=1) == labels, 15
    )
    assert made.value == pytest.approx(plain, abs=1e-12)
    assert sum(made.details["bin_rows"]) == 900


def test_balance():
    figures = balance(np.array([50, 30, 15, 5]))
    assert figures["imbalance_ratio"] == 10
    assert figures["entropy_nats"] == pytest.approx(1.142120, abs=5e-7)
    assert figures["evenness"] == pytest.approx(0.823865, abs=5e-7)
    assert figures["effective_classes_entropy"] == pytest.approx(3.133404, abs=5e-7)
    assert figures["effective_classes_simpson"] == pytest.approx(2.739726, abs=5e-7)
    assert figures["gini"] == pytest.approx(0.375)
    assert figures["lrid"] == pytest.approx(48.834864, abs=5e-7)
    assert figures["lrid_per_example"] == pytest.approx(0.488349, abs=5e-7)
    assert figures["majority_baseline"] == 0.5


def test_absent_classes_are_counted_apart():
    figures = balance(np.array([8, 0, 4]))
    assert figures["imbalance_ratio"] == 2
    assert figures["n_absent"] == 1


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [(1, 10, 0.017876, 0.404150), (3, 50, 0.020615, 0.162171), (0, 10, 0, 0.277533)],
)
def test_wilson(k, n, low, high):
    assert wilson(k, n) == pytest.approx((low, high), abs=5e-7)


def test_jeffreys():
    assert jeffreys(1, 10) == pytest.approx((0.011012, 0.381315), abs=5e-7)
    assert jeffreys(3, 50) == pytest.approx((0.017187, 0.151533), abs=5e-7)
    assert jeffreys(0, 10)[0] == 0
    assert jeffreys(0, 10)[1] == pytest.approx(0.217, abs=5e-4)
    assert jeffreys(10, 10)[1] == 1


def test_shrunken_shares():
    flags, counts = [2, 1, 6, 3], [50, 30, 15, 5]
    overall = sum(flags) / sum(counts)
    assert overall == pytest.approx(0.12)
    found = [shrunken(k, n, overall) for k, n in zip(flags, counts, strict=True)]
    assert found == pytest.approx([0.053333, 0.055, 0.288, 0.28], abs=5e-7)


def test_tiers():
    assert tiers_of([500, 100, 20, 19, 0])[1] == ["head", "medium", "medium", "tail", "absent"]
    rule, tiers = tiers_of([30, 20, 10])
    assert "thirds" in rule
    assert tiers == ["head", "medium", "tail"]


def test_neighbours_that_disagree():
    points = np.array(
        [[0, 0], [0, 1], [1, 0], [2, 2], [5, 5], [5, 6], [6, 5], [2.5, 2]], dtype=float
    )
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1], dtype=np.int32)
    found = disagreement(labels, nearest(points, 3).rows)
    assert found == pytest.approx([0, 0, 0, 1 / 3, 0, 0, 0, 1])


def test_neighbours_equal_scikit_learn():
    from sklearn.neighbors import NearestNeighbors

    points = np.random.default_rng(0).normal(size=(700, 9))
    for metric in ("cosine", "euclidean"):
        ours = nearest(points, 7, metric)
        exact = NearestNeighbors(n_neighbors=8, metric=metric, algorithm="brute").fit(points)
        distances, rows = exact.kneighbors(points)
        assert (ours.rows == rows[:, 1:]).mean() > 0.999  # float32 may swap near equals
        assert np.allclose(ours.distances, distances[:, 1:], atol=1e-3)


def test_neighbours_of_equal_points_are_the_lowest_rows():
    found = nearest(np.zeros((6, 2)), 2)
    assert found.rows.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]


def test_class_suspects_and_words_for_small_classes():
    labels, probabilities = noisy(300, 3, seed=1)
    labels[:5] = 2
    kept = (labels != 2) | (np.arange(300) < 5)
    made = labelaudit.audit(labels[kept], probabilities[kept])
    share = made.measurement("suspect_share")
    assert share.per_class["assessable"] == ("yes", "yes", "not assessable")
    assert share.per_class["low"][2] is None
    assert sum(share.per_class["flagged"]) == made.detection.n_flagged == len(made.findings)
    assert any(alert.id == "class_balance.few_examples" for alert in made.alerts)


def test_what_is_lacking_is_said_never_missing():
    made = labelaudit.audit(["a", "b", "a"] * 5)
    assert made.detection is None
    by_name = {measured.name: measured for measured in made.measurements}
    assert isinstance(by_name["class_balance"], Measurement)
    for name in ("calibration", "knn_disagreement", "suspect_share"):
        assert isinstance(by_name[name], Skipped)
        assert by_name[name].reason
        assert by_name[name].remedy
    assert made.measurement("calibration") is None


def test_a_sample_is_fair_seeded_and_said():
    from labelaudit.engine.sample import fair_sample

    one, other = fair_sample(10_000, 500, 0), fair_sample(10_000, 500, 1)
    assert (one == fair_sample(10_000, 500, 0)).all()
    assert len(np.unique(one)) == 500
    assert 20 < len(np.intersect1d(one, other)) < 60  # 25 expected by chance
    assert abs(one.mean() - 5000) < 500
    assert fair_sample(10, 500, 0).tolist() == list(range(10))
