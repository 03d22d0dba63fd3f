"""Class shares of one slice against the rest: as labelled, and as its predictions imply them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from labelaudit.engine.sample import fair_sample
from labelaudit.measures.kinds import Sample
from labelaudit.measures.shifting import (
    LEAST_ROWS,
    Confusions,
    Counts,
    Floats,
    bbse_shares,
    marginal_p_value,
    mlls_shares,
    shares_of,
    total_variation,
)

MOST_CLASSES = 200
LEAST_SEPARATED = 0.1
LEAST_IN_CLASS = 10
RESAMPLES = 200
_LIKELIHOOD_RESAMPLES = 100
_LIKELIHOOD_ROWS = 2_000
_MANY_CELLS = 2_000

# Of a class: the difference of its shares, and its interval where there is one.
Differences = dict[int, tuple[float, float | None, float | None]]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SliceShares:
    """The figures of one slice, and by class how far implied and given shares are apart.

    Where classes are too many for implied shares the differences are of predicted shares: those
    found, less those to which its labels would lead in the rest.
    """

    figures: dict[str, Any]
    differences: Differences


def slice_shares(confusions: Confusions, place: int, seed: int | None) -> SliceShares:
    """Return the class shares of a slice against all others; with a seed, their intervals too."""
    labelled = confusions.labelled()
    own, rest = labelled[place], labelled.sum(axis=0) - labelled[place]
    generator = np.random.default_rng([seed, place]) if seed is not None else None
    figures = _marginals(own, rest, generator)
    if confusions.n_classes > MOST_CLASSES:
        apart = _predicted_apart(confusions, place, own, rest)
        return SliceShares(figures=figures, differences=apart)
    figures |= {"given_share": shares_of(own).tolist(), "rest_share": shares_of(rest).tolist()}
    counts = confusions.counts[place]
    others = confusions.counts.sum(axis=0) - counts
    # What the rest has no example of cannot be read there: such rows are left aside.
    counts = np.where(rest[confusions.given] > 0, counts, 0)
    if not counts.sum():
        return SliceShares(figures=figures, differences={})
    joint = _joint(confusions, others[None])[0]
    condition = float(np.linalg.cond(joint))
    weights, implied = _implied(confusions, counts[None], others[None], condition)
    difference = (implied - _given(confusions, counts[None]))[0]
    present = rest > 0
    sigma = np.linalg.svd(joint[:, present] / joint[:, present].sum(axis=0), compute_uv=False)
    figures |= {
        "rows_compared": int(counts.sum()),
        "implied_share": implied[0].tolist(),
        "weights": weights[0].tolist(),
        "difference": difference.tolist(),
        "condition": condition if np.isfinite(condition) else None,
        "sigma_min": float(sigma.min()),
        "sigma_min_joint": float(np.linalg.svd(joint, compute_uv=False).min()),
        "unstable": bool(sigma.min() < LEAST_SEPARATED),
    }
    bounds = _bounds(confusions, counts, others, condition, generator)
    if bounds is not None:
        figures |= {"difference_low": bounds[0].tolist(), "difference_high": bounds[1].tolist()}
    known = np.flatnonzero(rest >= LEAST_IN_CLASS).tolist()
    found: Differences = {}
    for k in known:
        low, high = (None, None) if bounds is None else (float(bounds[0][k]), float(bounds[1][k]))
        found[k] = (float(difference[k]), low, high)
    return SliceShares(figures=figures, differences=found)


def _predicted_apart(confusions: Confusions, place: int, own: Counts, rest: Counts) -> Differences:
    """Return by predicted class its share in a slice, less that its labels lead to in the rest."""
    counts = confusions.counts[place]
    others = confusions.counts.sum(axis=0) - counts
    given, known = confusions.given, rest[confusions.given] > 0
    expected = own[given] * others / np.maximum(rest[given], 1)
    excess = np.bincount(
        confusions.predicted,
        weights=np.where(known, counts - expected, 0.0),
        minlength=confusions.n_classes,
    )
    rows = max(int(counts[known].sum()), 1)
    found = np.flatnonzero(excess)
    return {int(k): (float(excess[k]) / rows, None, None) for k in found}


def _marginals(own: Counts, rest: Counts, generator: np.random.Generator | None) -> dict[str, Any]:
    """Return how far the given labels of a slice are spread otherwise than those of the rest."""
    distance = float(total_variation(shares_of(own), shares_of(rest)))
    figures: dict[str, Any] = {
        "given_distance": distance,
        "given_p_value": marginal_p_value(own, rest),
    }
    if generator is None:
        return figures
    pooled = shares_of(own + rest)
    resampled = _distances(own, rest, shares_of(own), shares_of(rest), generator)
    by_chance = _distances(own, rest, pooled, pooled, generator)
    # A distance is too large by chance, in a resample more so: that is taken off below.
    half, excess = 1.96 * float(resampled.std()), max(float(resampled.mean()) - distance, 0.0)
    low = 0.0 if distance <= np.quantile(by_chance, 0.975) else max(distance - excess - half, 0.0)
    return figures | {
        "given_distance_low": low,
        "given_distance_high": min(distance + half, 1.0),
        "given_distance_by_chance": float(by_chance.mean()),
    }


def _distances(
    own: Counts, rest: Counts, of_own: Floats, of_rest: Floats, generator: np.random.Generator
) -> Floats:
    drawn = [
        shares_of(generator.multinomial(int(counts.sum()), shares, size=RESAMPLES))
        for counts, shares in ((own, of_own), (rest, of_rest))
    ]
    return total_variation(drawn[0], drawn[1])


def _joint(confusions: Confusions, counts: Counts) -> Floats:
    """Return P(predicted, given) float[B, K, K] of counts int[B, C]."""
    k = confusions.n_classes
    table = np.zeros((len(counts), k * k))
    table[:, confusions.predicted * k + confusions.given] = shares_of(counts)
    return table.reshape(-1, k, k)


def _given(confusions: Confusions, counts: Counts) -> Floats:
    return np.asarray(_joint(confusions, counts).sum(axis=1))


def _implied(
    confusions: Confusions, counts: Counts, others: Counts, condition: float
) -> tuple[Floats, Floats]:
    predicted = _joint(confusions, counts).sum(axis=2)
    return bbse_shares(_joint(confusions, others), predicted, condition)


def _bounds(
    confusions: Confusions,
    counts: Counts,
    others: Counts,
    condition: float,
    generator: np.random.Generator | None,
) -> tuple[Floats, Floats] | None:
    """Return the 95 % bootstrap interval of implied less given shares; rows of both are drawn."""
    if generator is None:
        return None
    n = RESAMPLES if counts.size <= _MANY_CELLS else RESAMPLES // 2
    own, rest = (
        generator.multinomial(int(one.sum()), shares_of(one), size=n) for one in (counts, others)
    )
    drawn = _implied(confusions, own, rest, condition)[1] - _given(confusions, own)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return low, high


def likeliest_shares(
    sample: Sample, rows: Counts, class_counts: Sequence[int], most: int = _LIKELIHOOD_ROWS
) -> dict[str, Any]:
    """Return the class shares of a slice by likelihood (MLLS), from its rows in the sample.

    Of them at most `most`, or 2,000, by lot. Less than 30 of them, or more than 200 classes: then
    None, with the reason.
    """
    probabilities = sample.probabilities
    assert probabilities is not None
    n_classes = probabilities.shape[1]
    if n_classes > MOST_CLASSES or len(rows) < LEAST_ROWS:
        few = f"fewer than {LEAST_ROWS} of its rows are in the sample"
        why = few if n_classes <= MOST_CLASSES else f"more than {MOST_CLASSES} classes"
        return {"likeliest_share": None, "likeliest_why_none": why}
    most = max(min(most, _LIKELIHOOD_ROWS), LEAST_ROWS)
    rows = rows[fair_sample(len(rows), most, sample.seed + 3)]
    of_rows = probabilities[rows].astype(np.float64)
    prior = shares_of(np.asarray(class_counts, dtype=np.int64))
    whole, steps = mlls_shares(of_rows, prior, np.ones((1, len(rows))))
    generator = np.random.default_rng([sample.seed, len(rows)])
    n = len(rows)
    times = generator.multinomial(n, np.full(n, 1 / n), size=_LIKELIHOOD_RESAMPLES)
    drawn, _ = mlls_shares(of_rows, prior, times.astype(np.float64), 1e-6)
    labels = np.eye(n_classes)[sample.labels[rows]]
    low, high = np.quantile(drawn - times @ labels / n, [0.025, 0.975], axis=0)
    return {
        "likeliest_share": whole[0].tolist(),
        "likeliest_difference": (whole[0] - labels.mean(axis=0)).tolist(),
        "likeliest_difference_low": low.tolist(),
        "likeliest_difference_high": high.tolist(),
        "likeliest_rows": n,
        "likeliest_steps": steps,
    }
