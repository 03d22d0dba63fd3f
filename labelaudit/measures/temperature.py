import math

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.engine.sample import fair_sample
from labelaudit.measures.calibration import BINS, expected_calibration_error
from labelaudit.measures.kinds import Sample, SampledMeasure

BOUND = 3.0  # of ln T, either way
MOST_CELLS = 1 << 21
_LEAST_ROWS = 512
_TINY = 1e-12


class Temperature(SampledMeasure):
    """By which number the model's log-probabilities would have to be divided to fit the labels.

    Above 1 the model looks too sure of itself, below 1 not sure enough. It is reported and never
    applied: nothing in an audit is recalibrated. The value is the T that makes the negative
    log-likelihood of softmax(log P / T) smallest, ln T from -3 to 3; probabilities below 1e-12
    count as 1e-12. Beside it: that likelihood and the calibration error (15 bins) as given and
    with T, and whether the interval of T leaves out 1. It raises no alert of its own: where labels
    are noisy that of `scaled_calibration` names it.

    Range .05 to 20.1; neither end is better, 1 is best, and below .5 or above 2 is bad. Exact up to
    50,000 rows and 2^21 probabilities, above from a fair, seeded sample of so many; cost O(n K) for
    each of about ten steps. The interval is the normal one of ln T from the spread of the rows'
    slopes (sandwich), none at a bound.

    Limits: it is fitted on the given labels, and where these are noisy it misleads, moving the
    wrong way even. On CIFAR-10 with 20 % label noise it says 1.28 where the true labels ask for
    .79.

    Source: Guo et al., On calibration of modern neural networks, ICML 2017; the figures on noisy
    labels were measured on the published predictions of Northcutt, Jiang and Chuang, JAIR 2021.
    """

    name = "temperature"
    title = "Temperature that would fit"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        most = max(MOST_CELLS // facts.n_classes, _LEAST_ROWS)
        rows = fair_sample(len(sample.labels), most, sample.seed)
        labels = sample.labels[rows]
        logs = np.log(np.maximum(sample.probabilities[rows].astype(np.float64), _TINY))
        found = fitted_temperature(logs, labels)
        before, after = losses(logs, labels, 1.0), losses(logs, labels, 1 / found)
        interval = None if _at_bound(found) else interval_of(logs, labels, found)
        return Measurement(
            name=Temperature.name,
            title=Temperature.title,
            value=found,
            unit="log-probabilities divided by it fit the given labels best; not applied",
            interval=interval,
            interval_kind="95 %, normal, of ln T over rows"
            if interval
            else "none: at a bound of the search, or rows that do not differ",
            range=(math.exp(-BOUND), math.exp(BOUND)),
            better="neither",
            details={
                "negative_log_likelihood": before[0],
                "negative_log_likelihood_after": after[0],
                "calibration_error": before[1],
                "calibration_error_after": after[1],
                "applied": False,
                "differs_from_one": interval is not None and not interval[0] <= 1 <= interval[1],
            },
            sample=sample.described | {"size": len(rows)},
            source="Guo et al. 2017",
        )


def _at_bound(temperature: float) -> bool:
    return abs(math.log(temperature)) > BOUND - 1e-6


def fitted_temperature(logs: Array, labels: Array) -> float:
    """Return T for `logs` float[n, K] of probabilities: softmax(logs / T) fits `labels` best.

    The loss is convex in 1 / T, so its slope has one root: Newton's steps, kept between bounds.
    """
    low, high = math.exp(-BOUND), math.exp(BOUND)  # of 1 / T
    inverse = 1.0
    for _ in range(60):
        slopes, curves = _slopes(logs, labels, inverse)
        slope, curve = float(slopes.mean()), float(curves.mean())
        low, high = (low, inverse) if slope > 0 else (inverse, high)
        step = inverse - slope / curve if curve > 0 else low
        after = step if low < step < high else math.sqrt(low * high)
        if slope == 0 or abs(after - inverse) <= 1e-10 * inverse:
            break
        inverse = after
    return 1 / inverse


def _slopes(
    logs: Array, labels: Array, inverse: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the first and second derivative of each row's loss by 1 / T."""
    scaled = softmax(logs, inverse)
    mean = (scaled * logs).sum(axis=1)
    spread = (scaled * logs * logs).sum(axis=1) - mean * mean
    return mean - logs[np.arange(len(labels)), labels], np.maximum(spread, 0)


def softmax(logs: Array, inverse: float) -> Array:
    """Return softmax(logs * inverse) of each row of `logs` float[n, K]."""
    scaled = logs * inverse
    scaled -= scaled.max(axis=1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def losses(logs: Array, labels: Array, inverse: float) -> tuple[float, float]:
    """Return the negative log-likelihood in nats and the ECE of softmax(logs * inverse)."""
    scaled = softmax(logs, inverse)
    own = scaled[np.arange(len(labels)), labels]
    loss = float(-np.log(np.maximum(own, _TINY)).mean())
    correct = scaled.argmax(axis=1) == labels
    return loss, expected_calibration_error(scaled.max(axis=1), correct, BINS)


def interval_of(logs: Array, labels: Array, found: float) -> tuple[float, float] | None:
    """Return the 95 % interval of a fitted T; None where no row's loss has a slope to spread."""
    slopes, curves = _slopes(logs, labels, 1 / found)
    total = float(curves.sum())
    if total <= 0 or len(labels) < 2:
        return None
    # sd of ln T is that of ln 1/T: sqrt(sum of squared slopes) / sum of curves, over 1/T.
    half = 1.96 * math.sqrt(float((slopes * slopes).sum())) / total * found
    return found * math.exp(-half), found * math.exp(half)
