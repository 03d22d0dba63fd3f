"""The check values of confident learning, and its edges."""

import numpy as np
import pytest

import labelaudit
from labelaudit.core.errors import ConfigError
from labelaudit.detect.joint import calibrated

Y = np.array([0] * 4 + [1] * 4 + [2] * 4)
P = np.array(
    [[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.05, 0.9, 0.05],
     [0.1, 0.85, 0.05], [0.45, 0.5, 0.05], [0.7, 0.2, 0.1], [0.05, 0.05, 0.9], [0.1, 0.1, 0.8],
     [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]
)  # fmt: skip


@pytest.mark.parametrize(
    ("filter_name", "rows"),
    [
        ("predicted_neq_given", [3, 7, 11]),
        ("prune_by_noise_rate", [3, 7]),
        ("prune_by_class", [3, 7]),
        ("both", [3, 7]),
        ("confident_learning", [3, 7]),
    ],
)
def test_methods_section_13(filter_name, rows):
    made = labelaudit.audit(Y, P, filter=filter_name)
    found = made.detection
    assert found.class_thresholds == pytest.approx([0.6, 0.6125, 0.625])
    assert found.confident_joint.tolist() == [[3, 1, 0], [1, 3, 0], [0, 0, 4]]
    assert found.model_noise_estimate == pytest.approx(0.16667, abs=5e-6)
    assert sorted(made.findings.columns["row"].tolist()) == rows
    assert found.n_predicted_neq_given == 3
    assert found.flagged_by_class.sum() == found.n_flagged == len(rows)


def test_calibration_keeps_the_class_counts():
    counts = np.array([[3, 1, 0], [1, 2, 0], [0, 0, 3]])
    joint = calibrated(counts, np.array([4, 4, 4]))
    assert joint.tolist() == [[3, 1, 0], [1, 3, 0], [0, 0, 4]]
    found = labelaudit.audit(Y, P).detection
    assert found.noise_matrix.sum(axis=0) == pytest.approx([1, 1, 1])
    assert found.inverse_noise_matrix.sum(axis=0) == pytest.approx([1, 1, 1])
    assert found.noise_matrix[0] == pytest.approx([3 / 4, 1 / 4, 0])


def test_one_class_only():
    made = labelaudit.audit(["a"] * 5, np.full((5, 2), 0.5), class_names=["a", "b"])
    assert made.detection.n_flagged == 0
    assert made.dataset.class_counts == (5, 0)


def test_a_class_with_one_example_is_never_flagged_by_pruning():
    probabilities = np.array([[0.9, 0.1]] * 6 + [[0.8, 0.2]])
    labels = [0] * 6 + [1]
    for filter_name in ("prune_by_noise_rate", "prune_by_class", "both"):
        assert labelaudit.audit(labels, probabilities, filter=filter_name).detection.n_flagged == 0


def test_a_perfect_model_flags_nothing():
    labels = np.arange(30) % 3
    made = labelaudit.audit(labels, np.eye(3)[labels])
    assert made.detection.n_flagged == 0
    assert made.detection.model_noise_estimate == 0
    assert len(made.findings) == 0
    assert made.to_frame()["label_quality"].min() == 1


def test_a_label_the_model_does_not_know_is_a_suspect():
    """A misspelt class has probability 0 everywhere: its rows are found, and the class is named."""
    probabilities = np.array([[0.95, 0.05], [0.1, 0.9]] * 20)
    labels = ["cat", "dog"] * 20
    labels[0] = labels[2] = "caat"
    import pandas as pd

    frame = pd.DataFrame(probabilities, columns=["cat", "dog"])
    made = labelaudit.audit(labels, frame, filter="predicted_neq_given")
    assert {f.given_label for f in made.findings} == {"caat"}
    assert {f.suggested_label for f in made.findings} == {"cat"}
    assert any("caat" in alert.message for alert in made.alerts)


def test_unknown_filter_offers_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'prune_by_class'"):
        labelaudit.audit(Y, P, filter="prune_by_clas")


@pytest.mark.parametrize("n_classes", [2, 100, 1000])
def test_many_classes(n_classes):
    from tests.made import noisy

    labels, probabilities = noisy(1500, n_classes, seed=4, dtype=np.float32)
    made = labelaudit.audit(labels, probabilities, class_names=[str(k) for k in range(n_classes)])
    assert made.detection.confident_joint.sum() == 1500
    assert (made.detection.confident_joint.sum(axis=1) == made.dataset.class_counts).all()


def test_the_estimate_has_the_interval_of_its_sampling():
    """By hand: counts [[3, 1, 0], [1, 2, 0], [0, 0, 3]], each class a third of the rows."""
    found = labelaudit.audit(Y, P).detection
    parts = [(3, 8), (3, 7), (2, 7)]  # two rows drawn each way
    variance = sum((1 / 3) ** 2 * (k / m) * (1 - k / m) / m for k, m in parts)
    low, high = found.model_noise_interval
    assert high == pytest.approx(1 / 6 + 1.96 * variance**0.5)
    assert low == 0


def test_a_model_too_weak_gives_no_estimate():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    probabilities = generator.dirichlet([5, 5], 400)
    made = labelaudit.audit(labels, probabilities, allow=["alignment"])
    assert made.detection.model_noise_estimate is None
    assert made.detection.model_noise_interval is None
    assert "not given" in made.detection.model_noise_basis
    from labelaudit.report import render

    for kind in ("terminal", "markdown", "html"):
        assert "not given" in " ".join(render(made, kind).split())
