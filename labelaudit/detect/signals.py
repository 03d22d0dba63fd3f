"""Scores of how well a label fits the prediction, 0 worst to 1 best.

Pure functions, each row for itself: of the digest where it knows enough, else of full rows.
"""

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Digest
from labelaudit.core.listed import Block, Listed
from labelaudit.core.matrix import row_sums
from labelaudit.core.rows import Array


def self_confidence(digest: Digest) -> Array:
    """The predicted probability of the given label, P[i, y_i].

    Range 0 (worst) to 1 (best). Low where the model gives the label little probability, be it
    that the label is wrong, the example unusual or the model weak.
    Source: Northcutt, Jiang and Chuang, Confident Learning, JAIR 2021, section 3.3;
    cleanlab.rank.get_self_confidence_for_each_label, to which it is equal.
    """
    return np.clip(digest.self_confidence, 0, 1)


def normalized_margin(digest: Digest) -> Array:
    """The lead of the given label over the most probable other class, (P[y] - max P[not y] + 1)/2.

    Range 0 (worst) to 1 (best); below .5 another class is more probable than the given one.
    Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.3;
    cleanlab.rank.get_normalized_margin_for_each_label, to which it is equal.
    """
    return np.clip((digest.self_confidence - digest.other_probability + 1) / 2, 0, 1)


def confidence_weighted_entropy(
    self_confidence: Array, probabilities: Block
) -> npt.NDArray[np.float64]:
    """How unsure the model is of the whole row, weighed by how little it gives the label.

    The score is log(1 + s)/s with s = (entropy / log K) / self-confidence.

    Range 0 (worst) to 1 (best). Where s goes to 0 the score goes to 1; cleanlab 2.9 returns 0
    for a row whose entropy is exactly 0, which would rank a certain, agreeing row worst.
    Source: Kuan and Mueller, Model-agnostic label quality scoring, 2022;
    cleanlab.rank.get_confidence_weighted_entropy_for_each_label, equal elsewhere.
    """
    share = entropy(probabilities) / np.log(probabilities.shape[1])
    share = np.maximum(share, 0) / np.clip(self_confidence.astype(np.float64), 1e-6, None)
    return np.where(share > 1e-12, np.log1p(share) / np.maximum(share, 1e-12), 1.0)


def entropy(probabilities: Block) -> npt.NDArray[np.float64]:
    """Return the entropy in nats of each row of `probabilities` float[n, K]."""
    if isinstance(probabilities, Listed):
        unlisted = probabilities.rest.astype(np.float64)
        others = probabilities.n_unlisted * unlisted * np.log(np.where(unlisted > 0, unlisted, 1))
        return entropy(probabilities.probabilities) - others
    terms = np.log(np.where(probabilities > 0, probabilities, 1))
    terms *= probabilities
    return -row_sums(terms)


def adjusted(probabilities: Array, thresholds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return `probabilities` float[n, K] less the threshold of each class, shifted and rescaled.

    The largest threshold is added to every entry, so that none is negative, and each row is
    divided by its sum. A class whose examples the model is usually unsure of gains.
    Source: Northcutt, Jiang and Chuang, JAIR 2021; cleanlab.rank.get_label_quality_scores with
    `adjust_pred_probs=True`, to which the two scores below are equal. It is not defined for the
    confidence-weighted entropy.
    """
    shifted = np.ascontiguousarray(probabilities - thresholds + thresholds.max(), dtype=np.float64)
    return np.asarray(shifted / row_sums(shifted)[:, None])


def adjusted_self_confidence(
    labels: npt.NDArray[np.int32], probabilities: Array, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The self-confidence after each class's threshold is taken off: see `adjusted`.

    Range 0 (worst) to 1 (best). Needs full rows float[n, K].
    """
    return adjusted(probabilities, thresholds)[np.arange(len(labels)), labels]


def adjusted_normalized_margin(
    labels: npt.NDArray[np.int32], probabilities: Array, thresholds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The normalized margin after each class's threshold is taken off: see `adjusted`.

    Range 0 (worst) to 1 (best). Needs full rows float[n, K].
    """
    values = adjusted(probabilities, thresholds)
    rows = np.arange(len(labels))
    own = values[rows, labels]
    values[rows, labels] = -np.inf
    return np.asarray((own - values.max(axis=1) + 1) / 2)


def aldr_loss(
    labels: npt.NDArray[np.int32], probabilities: Array, lam0: float = 1.0, alpha: float = 2.0
) -> npt.NDArray[np.float64]:
    """The adaptive label-distributionally robust loss of each row, in nats.

    With z = log P and KL the divergence of the row from the uniform distribution,
    lam = lam0 (1 - KL / (alpha log K)), the loss is
    lam log((1/K) sum_j exp((z_j - z_y) / lam)): a temperature for each row, low where the model
    is sure. No margin, no quadratic term. Probabilities below 1e-12 count as 1e-12.

    Range: from -lam0 log K on, no upper end; high is doubtful. Needs full rows float[n, K],
    K at least 2; `alpha` above 1.
    Source: Zhu, Ying and Yang, Label distributionally robust losses, ICML 2023, ALDR-KL.
    """
    n_classes = probabilities.shape[1]
    logs = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    divergence = np.maximum(np.log(n_classes) - entropy(probabilities), 0)
    lam = lam0 * (1 - divergence / (alpha * np.log(n_classes)))
    leads = (logs - logs[np.arange(len(labels)), labels][:, None]) / lam[:, None]
    most = leads.max(axis=1)
    total = np.log(row_sums(np.exp(leads - most[:, None]))) + most
    return np.asarray(lam * (total - np.log(n_classes)))


def aldr_quality(
    labels: npt.NDArray[np.int32], probabilities: Array, lam0: float = 1.0, alpha: float = 2.0
) -> npt.NDArray[np.float64]:
    """exp(-(loss + lam0 log K)) of the robust loss: see `aldr_loss`.

    Range 0 (worst) to 1 (best). With lam held at 1 it is the self-confidence.
    """
    floor = lam0 * np.log(probabilities.shape[1])
    loss = aldr_loss(labels, probabilities, lam0, alpha)
    return np.asarray(np.exp(-np.maximum(loss + floor, 0)))


SIGNALS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
