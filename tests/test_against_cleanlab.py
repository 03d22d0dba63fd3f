"""Equal to cleanlab where cleanlab is right: joint, thresholds, scores, flagged rows."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.settings import FILTERS, Options
from labelaudit.detect.verify import verify
from labelaudit.engine.job import begin
from labelaudit.ingest.opening import open_dataset
from tests.made import dataset, noisy

# (folder, options, flagged by the five filters): the table of the real data's README.
ORDER = (
    "predicted_neq_given",
    "confident_learning",
    "prune_by_class",
    "prune_by_noise_rate",
    "both",
)
ROMAN = {"labels": "labels.csv", "label_column": "label_index", "id_column": "id"}
REAL = [
    ("mnist_test", {}, (87, 15, 15, 15, 15)),
    ("cifar10_test", {}, (706, 244, 284, 284, 226)),
    (
        "cifar10n_aggregate",
        {"predictions": "pred_probs_resnet18.npy"},
        (6276, 2035, 2785, 2785, 2108),
    ),
    ("cifar10n_aggregate", {"predictions": "pred_probs_swin.npy"}, (4686, 2462, 2866, 2865, 2329)),
    ("cifar10_flips_20", {}, (16174, 12289, 14181, 13496, 12915)),
    (
        "roman_numerals",
        ROMAN | {"predictions": "pred_probs_resnet18.npy"},
        (614, 111, 182, 177, 93),
    ),
    (
        "roman_numerals",
        ROMAN | {"predictions": "pred_probs_efficientnet_b1.npy"},
        (817, 263, 426, 407, 290),
    ),
]


@pytest.mark.parametrize(
    ("folder", "choices", "counts"), REAL, ids=[f"{case[0]}-{i}" for i, case in enumerate(REAL)]
)
def test_real_folders_flag_the_rows_that_cleanlab_flags(real_data, folder, choices, counts):
    from cleanlab.count import compute_confident_joint

    opened = open_dataset(real_data / folder, **choices)
    for filter_name, count in zip(ORDER, counts, strict=True):
        job = begin(opened)
        made = run(job, Options(filter=filter_name))
        assert made.detection.n_flagged == count
        if any(check.status == "repaired" for check in made.contract):
            from labelaudit.surveying import divided

            job = divided(job)
        flagged = np.flatnonzero(made.scores["is_flagged"])
        found = verify(job.dataset, flagged, filter_name)
        assert (found.only_ours, found.only_theirs) == ((), ()), filter_name
    probabilities = job.dataset.probabilities.read(0, len(opened))
    assert (
        made.detection.confident_joint == compute_confident_joint(opened.labels, probabilities)
    ).all()
    own = probabilities[np.arange(len(opened)), opened.labels]
    assert (made.scores["self_confidence"] == own).all()


@given(
    seed=st.integers(0, 10_000),
    n_classes=st.integers(2, 12),
    n_rows=st.integers(20, 300),
    sharpness=st.floats(0.0, 5.0),
    dtype=st.sampled_from([np.float32, np.float64]),
)
@settings(max_examples=80, deadline=None)
def test_made_data_equals_cleanlab(seed, n_classes, n_rows, sharpness, dtype):
    from cleanlab.count import compute_confident_joint, get_confident_thresholds
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    labels, probabilities = noisy(n_rows, n_classes, 0.25, seed, dtype, sharpness)
    if len(np.unique(labels)) < 2:
        return
    made = dataset(labels, probabilities)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joint = compute_confident_joint(labels, probabilities)
        for filter_name in FILTERS:
            options = Options(filter=filter_name, allow=("alignment",))  # some are noise
            result = run(begin(made), options)
            assert (result.detection.confident_joint == joint).all()
            mask = find_label_issues(labels, probabilities, filter_by=filter_name, n_jobs=1)
            assert (result.scores["is_flagged"] == mask).all(), filter_name
        thresholds = get_confident_thresholds(labels, probabilities)
    assert np.allclose(result.detection.class_thresholds, thresholds, atol=1e-6, rtol=0)
    for name in ("self_confidence", "normalized_margin"):
        theirs = get_label_quality_scores(labels, probabilities, method=name)
        assert (result.scores[name] == theirs).all(), name
    entropy = get_label_quality_scores(labels, probabilities, method="confidence_weighted_entropy")
    assert np.allclose(
        result.scores["confidence_weighted_entropy"],
        entropy,
        atol=2e-6 if dtype == np.float64 else 1e-3,
    )


def test_noise_matrices_equal_cleanlab():
    from cleanlab.count import compute_confident_joint, estimate_latent

    labels, probabilities = noisy(600, 4, seed=5)
    joint = compute_confident_joint(labels, probabilities)
    prior, noise_matrix, inverse = estimate_latent(joint, labels)
    ours = labelaudit.audit(labels, probabilities).detection
    assert np.allclose(ours.estimated_prior, prior, atol=1e-12)
    assert np.allclose(ours.noise_matrix, noise_matrix, atol=1e-12)
    assert np.allclose(ours.inverse_noise_matrix, inverse, atol=1e-12)


def test_a_certain_agreeing_row_is_best_where_cleanlab_says_worst():
    """cleanlab 2.9 scores entropy 0 as 0, the worst; its own limit for small entropy is 1."""
    result = labelaudit.audit([0, 1, 0], [[1.0, 0.0], [0.2, 0.8], [0.9, 0.1]])
    assert result.scores["confidence_weighted_entropy"][0] == 1.0


def test_ties_go_to_the_lower_row():
    probabilities = np.array([[0.9, 0.1]] * 4 + [[0.1, 0.9]] * 4)
    labels = np.array([0, 1, 1, 0, 1, 1, 1, 1])
    result = labelaudit.audit(labels, probabilities, filter="prune_by_class")
    again = labelaudit.audit(labels, probabilities, filter="prune_by_class")
    rows = result.findings.columns["row"].tolist()
    assert rows == sorted(rows)
    assert rows == again.findings.columns["row"].tolist()
