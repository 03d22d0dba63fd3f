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


SIGNALS = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
