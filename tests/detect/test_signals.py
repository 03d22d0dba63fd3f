"""The scores of full rows: cleanlab's adjusted ones, and the robust loss."""

import numpy as np
import pytest
from cleanlab.rank import get_label_quality_scores

from labelaudit.detect.signals import (
    adjusted_normalized_margin,
    adjusted_self_confidence,
    aldr_loss,
    aldr_quality,
)


def thresholds_of(labels, probabilities):
    own = probabilities[np.arange(len(labels)), labels]
    counts = np.bincount(labels, minlength=probabilities.shape[1])
    means = np.bincount(labels, weights=own, minlength=probabilities.shape[1])
    return np.maximum(means / counts, 2e-6)


@pytest.mark.parametrize("n_classes", [2, 10, 100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adjusted_scores_are_cleanlabs(n_classes, dtype):
    rng = np.random.default_rng(n_classes)
    probabilities = rng.dirichlet(np.full(n_classes, 0.2), 1_000).astype(dtype)
    labels = np.where(
        rng.random(1_000) < 0.7,
        probabilities.argmax(axis=1),
        np.arange(1_000) % n_classes,
    ).astype(np.int32)
    bars = thresholds_of(labels, probabilities)
    for method, ours in (
        ("self_confidence", adjusted_self_confidence),
        ("normalized_margin", adjusted_normalized_margin),
    ):
        theirs = get_label_quality_scores(
            labels, probabilities, method=method, adjust_pred_probs=True
        )
        found = ours(labels, probabilities, bars)
        np.testing.assert_allclose(found, theirs, atol=1e-6 if dtype == np.float32 else 1e-12)
        assert ((found >= 0) & (found <= 1)).all()


def test_adjusted_by_hand():
    # less (.6, .3), plus .6: (.5, .8) of 1.3
    row, label, bars = np.array([[0.5, 0.5]]), np.array([0], dtype=np.int32), np.array([0.6, 0.3])
    assert adjusted_self_confidence(label, row, bars) == pytest.approx([0.5 / 1.3])
    assert adjusted_normalized_margin(label, row, bars) == pytest.approx([(1 - 0.3 / 1.3) / 2])


def test_robust_loss_by_hand():
    rows = np.tile([0.7, 0.2, 0.1], (3, 1))
    labels = np.arange(3, dtype=np.int32)
    assert aldr_loss(labels, rows) == pytest.approx([-0.696844, 0.555919, 1.249066], abs=1e-6)
    # alpha so large that lam stays at 1: the loss is -log P - log K
    fixed = aldr_loss(labels, rows, alpha=1e12)
    assert fixed == pytest.approx([-0.741937, 0.510826, 1.203973], abs=1e-6)
    assert aldr_quality(labels, rows, alpha=1e12) == pytest.approx([0.7, 0.2, 0.1])


def test_robust_loss_stays_finite():
    rows = np.array([[1.0, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]])
    labels = np.zeros(3, dtype=np.int32)
    found = aldr_quality(labels, rows)
    assert np.isfinite(aldr_loss(labels, rows)).all()
    assert ((found >= 0) & (found <= 1)).all()
    assert found[1] == found.min()
