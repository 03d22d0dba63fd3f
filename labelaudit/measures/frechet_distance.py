from itertools import combinations
from typing import Any

import numpy as np

from labelaudit.core.results import Alert, DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.core.text import printable
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.shifting import Floats, judged_slices, slice_sizes

CUTS, DRAWS = 5, 20
ROWS_PER_DIMENSION = 10
MOST_ROWS = 2_000
MOST_SLICES = 5
# Embeddings of more dimensions are projected on as many principal components as rows allow.
DIMENSIONS = (64, 32, 16, 8)
FAR = 0.1
_COMPONENT_ROWS = 10_000


class FrechetDistance(SampledMeasure):
    """Whether the inputs of two slices look alike: how far apart their embeddings lie as clouds.

    Splits or sources of one kind lie on top of each other, and the distance is 0 but for chance;
    a large one says that a model that learns on one slice meets something else in the other.

    The value is the largest over the pairs of slices of FD = |m1 - m2|^2 + tr(S1 + S2 - 2 (S1
    S2)^1/2), m and S mean and covariance, less what chance makes: halves of the two slices are
    compared, of equal size n, at most 2,000 rows, and the mean FD of the two halves of one slice
    is taken off; the mean of 5 such cuts. Range: no upper end, in squared units of the
    embedding; near 0, also slightly below, is good. `relative` is it over the variance of both
    slices together: above .1 is far. The interval is Student's, from 20 resamples of rows within
    the halves.

    Limits: it sees mean and covariance only, and inputs, not labels: another mix of classes also
    moves it. Compare it within one embedding only. It needs n of at least 10 per dimension, else
    the pair is refused: above 64 dimensions, or where rows are too few for all, embeddings are
    projected on the first 64, 32, 16 or 8 principal components, whose share of the variance is
    given; what differs in the others is not seen. Pairs of the 5 largest slices of a column, from
    a sample of at most 50,000 rows. Cost: one to two seconds for a column of five slices.

    Source: Dowson and Landau, The Frechet distance between multivariate normal distributions,
    1982; equal subsamples and halves after the code of Radio Galaxy Zoo's authors; resamples ours.
    """

    name = "frechet_distance"
    title = "Fréchet distance between slices"
    needs = frozenset({"embeddings", "slices"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = FrechetDistance
        assert sample.embeddings is not None
        pairs = [
            pair
            for at, (name, values) in enumerate(facts.slices.items())
            for pair in _pairs(sample, name, values, at)
        ]
        told = [pair for pair in pairs if "distance" in pair]
        if not told:
            reason = pairs[0]["refused"] if pairs else "no column has two slices"
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason=reason,
                remedy="slices of more rows" if pairs else "a column with two values or more",
            )
        worst = max(told, key=lambda pair: pair["distance"])
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=worst["distance"],
            unit="squared units of the embedding, less what chance makes",
            interval=(worst["low"], worst["high"]),
            interval_kind=f"95 %, Student's of {DRAWS} resamples; of this pair, chosen as the "
            "largest",
            better="lower",
            details={
                "column": worst["column"],
                "slice": worst["slice"],
                "other": worst["other"],
                "relative": worst["relative"],
                "dimensions": worst["dimensions"],
                "dimensions_of_embeddings": int(sample.embeddings.shape[1]),
                "variance_kept": worst["variance_kept"],
                "pairs_refused": len(pairs) - len(told),
                "slices_left_out": _left_out(sample, facts),
                "pairs": pairs,
            },
            sample=sample.described,
            source="Dowson and Landau 1982",
            alerts=_alerts(told),
        )


def _left_out(sample: Sample, facts: DatasetFacts) -> int:
    occurring = (
        int((slice_sizes(sample.slices[name], values) > 0).sum())
        for name, values in facts.slices.items()
    )
    return sum(max(n - MOST_SLICES, 0) for n in occurring)


def _pairs(sample: Sample, name: str, values: tuple[str, ...], at: int) -> list[dict[str, Any]]:
    """Return what is said of each pair of the largest slices of a column."""
    assert sample.embeddings is not None
    codes = sample.slices[name]
    sizes = slice_sizes(codes, values)
    judged = judged_slices(sizes, MOST_SLICES, least=1)
    if len(judged) < 2:
        return []
    whole = sample.embeddings.shape[1]
    # All pairs of a column are compared in the same space: that which the largest pair allows.
    most = min(int(np.sort(sizes)[-2]) // 2, MOST_ROWS)
    usable = [whole] if whole <= DIMENSIONS[0] else []
    usable += [n for n in DIMENSIONS if n < whole]
    n_dimensions = next((n for n in usable if most >= ROWS_PER_DIMENSION * n), usable[-1])
    used = np.flatnonzero(np.isin(codes, judged))
    points, kept, scale = projected(sample.embeddings[used], n_dimensions)
    of_slice = {code: points[codes[used] == code] for code in judged.tolist()}
    told = []
    for one, other in combinations(judged.tolist(), 2):
        pair: dict[str, Any] = {"column": name, "slice": values[one], "other": values[other]}
        rows = min(len(of_slice[one]) // 2, len(of_slice[other]) // 2, MOST_ROWS)
        pair |= {"rows_compared": rows, "dimensions": n_dimensions, "variance_kept": kept}
        if rows < ROWS_PER_DIMENSION * n_dimensions:
            needed = 2 * ROWS_PER_DIMENSION * n_dimensions
            pair["refused"] = (
                f"a slice has fewer than {needed:,} sampled rows, 2 x {ROWS_PER_DIMENSION} for "
                f"each of {n_dimensions} dimensions"
            )
        else:
            generator = np.random.default_rng([sample.seed, at, one, other])
            pair |= _compared(of_slice[one], of_slice[other], rows, scale, generator)
        told.append(pair)
    return told


def projected(points: Array, n_dimensions: int) -> tuple[Floats, float, float]:
    """Return points float64[n, n_dimensions], the share of variance kept, and their scale.

    Fewer dimensions than `points` has are its first principal components. What is returned is
    the points divided by the scale, so that no square overflows.
    """
    largest = float(np.abs(points).max(initial=0))
    scale = largest if largest > 0 else 1.0
    scaled = points.astype(np.float64) / scale
    if n_dimensions >= points.shape[1]:
        return scaled, 1.0, scale
    scaled -= scaled.mean(axis=0)
    some = scaled[:: -(-len(scaled) // _COMPONENT_ROWS)]
    values, vectors = np.linalg.eigh(some.T @ some)
    kept = float(values[-n_dimensions:].sum() / max(values.sum(), 1e-300))
    return scaled @ vectors[:, -n_dimensions:], min(kept, 1.0), scale


def _compared(
    one: Floats, other: Floats, rows: int, scale: float, generator: np.random.Generator
) -> dict[str, Any]:
    """Return the distance of two slices less what chance makes of it, with its interval."""
    cuts, resampled = [], []
    for draw in range(DRAWS):
        parts = [
            points[half[start : start + rows]]
            for points in (one, other)
            for half in (generator.permutation(len(points)),)
            for start in (0, rows)
        ]
        if draw < CUTS:
            cuts.append(_between_and_within([_moments(part) for part in parts]))
        drawn = [part[generator.integers(0, rows, rows)] for part in parts]
        between, by_chance = _between_and_within([_moments(part) for part in drawn])
        resampled.append(between - by_chance)
    from scipy.special import stdtrit

    squared = scale**2
    plain, within = np.mean(cuts, axis=0).tolist()
    distance = plain - within
    half = float(stdtrit(DRAWS - 1, 0.975)) * float(np.std(resampled, ddof=1))
    variance = float(np.concatenate([one, other]).var(axis=0).sum())
    return {
        "distance": distance * squared,
        "low": (distance - half) * squared,
        "high": (distance + half) * squared,
        "plain": plain * squared,
        "within": within * squared,
        "relative": distance / variance if variance > 0 else 0.0,
        "relative_low": (distance - half) / variance if variance > 0 else 0.0,
    }


def _between_and_within(moments: list[tuple[Floats, Floats]]) -> tuple[float, float]:
    """Return the mean distance of halves of two slices, and that of halves of the same."""
    first, second, third, fourth = moments
    between = gaussian_distance(first, third) + gaussian_distance(second, fourth)
    within = gaussian_distance(first, second) + gaussian_distance(third, fourth)
    return between / 2, within / 2


def _moments(points: Floats) -> tuple[Floats, Floats]:
    """Return mean and covariance of points float[n, d]."""
    mean = points.mean(axis=0)
    centred = points - mean
    return mean, centred.T @ centred / max(len(points) - 1, 1)


def gaussian_distance(one: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> float:
    """Return the squared Frechet distance of two normal distributions, each (mean, covariance).

    tr (S1 S2)^1/2 is that of (S1^1/2 S2 S1^1/2)^1/2, which is symmetric.
    """
    values, vectors = np.linalg.eigh(one[1])
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    inner = root @ other[1] @ root
    mixed = np.sqrt(np.maximum(np.linalg.eigvalsh((inner + inner.T) / 2), 0)).sum()
    apart = float(np.square(one[0] - other[0]).sum())
    return apart + float(np.trace(one[1]) + np.trace(other[1]) - 2 * mixed)


def frechet(one: Array, other: Array) -> float:
    """Return the squared Frechet distance of two sets of points float[n, d], as normal clouds."""
    return gaussian_distance(_moments(one.astype(np.float64)), _moments(other.astype(np.float64)))


def _alerts(told: list[dict[str, Any]]) -> tuple[Alert, ...]:
    far = [pair for pair in told if pair["relative_low"] > FAR]
    if not far:
        return ()
    worst = max(far, key=lambda pair: pair["relative"])
    names = [printable(worst[part], 40) for part in ("column", "slice", "other")]
    return (
        Alert(
            id="frechet_distance.far",
            severity="caution",
            module="statistics",
            scope=f"{names[0]}: {names[1]} and {names[2]}",
            message=f"Inputs of {names[0]} {names[1]} and {names[2]} do not look alike"
            + (f"; {len(far) - 1:,} more pairs" if len(far) > 1 else ""),
            mitigation="Report results for each slice. Where the mix of classes differs too, "
            "compare within a class before blaming the inputs.",
            value=worst["relative"],
            threshold=FAR,
            basis="a convention of labelaudit: a tenth of the variance, whole interval above it",
            use_cases=("train", "evaluate", "benchmark"),
        ),
    )
