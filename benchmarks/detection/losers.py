"""Rankings that were tried as the default and lost; see README.md. All: the higher, the worse."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from families import Floats, Ints

TINY = 1e-30
# z, the power of w, and the powers of the rival's probability and of the class's threshold.
CONSTANTS = (
    (2, 8, 0.25, 0.5),
    (4, 8, 0.25, 0.5),
    (3, 1, 0.25, 0.5),
    (3, 2, 0.25, 0.5),
    (3, 4, 0.25, 0.5),
    (3, 16, 0.25, 0.5),
    (3, 8, 0, 0),
    (3, 8, 0.25, 0),
    (3, 8, 0.25, 0.25),
    (3, 8, 0, 0.5),
    (3, 8, 0, 1),
    (3, 8, 0.5, 0.5),
    (3, 8, 1, 0.5),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the rankings are made of: `joint` is the calibrated confident joint [given, true]."""

    labels: Ints
    probabilities: Floats
    own: Floats
    rival: Floats
    thresholds: Floats
    joint: Floats


def unmixing(joint: Floats, z: float) -> Floats:
    """Return P(given | true) [given, true] with the one-way part of a joint alone."""
    flow = np.maximum(0, joint - joint.T - z * np.sqrt(joint + joint.T))
    np.fill_diagonal(flow, 0)
    matrix = flow.copy()
    np.fill_diagonal(matrix, np.maximum(joint.sum(axis=0) - flow.sum(axis=0), 1e-9))
    return np.asarray(matrix / matrix.sum(axis=0))


def unmixed(probabilities: Floats, matrix: Floats, steps: int) -> Floats:
    """Return the true classes that explain the probabilities: Richardson-Lucy, from the latter."""
    found = probabilities.copy()
    for _ in range(steps):
        expected = found @ matrix.T
        ratio = np.divide(probabilities, expected, out=np.zeros_like(found), where=expected > 0)
        found *= ratio @ matrix
    return found


def minus_log(values: Floats) -> Floats:
    return np.asarray(-np.log(np.maximum(values, TINY)))


def class_mean(values: Floats, labels: Ints, n_classes: int) -> Floats:
    counts = np.maximum(np.bincount(labels, minlength=n_classes), 1)
    means = np.bincount(labels, weights=values, minlength=n_classes) / counts
    return np.asarray(np.maximum(means, 1e-12)[labels])


def ranks(values: Floats) -> npt.NDArray[np.float64]:
    from scipy.stats import rankdata

    return np.asarray(rankdata(values))


def losers(found: Found) -> dict[str, Floats]:
    """Return the suspicion of every row by each ranking that lost."""
    own, rival, labels = found.own, found.rival, found.labels
    usual = found.thresholds[labels]
    size = found.probabilities.shape[1]
    rows = np.arange(len(labels))
    one_way = unmixed(found.probabilities, unmixing(found.joint, 3), 30)[rows, labels]
    every = found.joint / np.maximum(found.joint.sum(axis=0), 1e-9)
    whole = unmixed(found.probabilities, every, 10)[rows, labels]
    terms = -minus_log(rival) / 4 - minus_log(usual) / 2
    return {
        "un-mixed over class mean": minus_log(one_way)
        - minus_log(class_mean(one_way, labels, size)),
        "un-mixed, our exponents": minus_log(one_way) + terms,
        "whole joint un-mixed": minus_log(whole) - minus_log(class_mean(whole, labels, size)),
        "without flow": minus_log(own) + terms,
        "log margin": minus_log(own) - minus_log(rival),
        "over threshold": minus_log(own) - minus_log(usual),
    }


def other_constants(found: Found, rate: Callable[[float], Floats]) -> dict[str, Floats]:
    """Return our rule with other constants; `rate` gives each row its rate of flow for a z."""
    own, rival = np.maximum(found.own, 1e-12), np.maximum(found.rival, TINY)
    usual = np.log(found.thresholds[found.labels])
    made = {}
    for z, power, of_rival, of_usual in CONSTANTS:
        flow = power * np.log1p(rate(z) * rival / own)
        name = f"z {z:g}, power {power}, rival {of_rival:g}, usual {of_usual:g}"
        made[name] = -np.log(own) + flow + of_rival * np.log(rival) + of_usual * usual
    return made
