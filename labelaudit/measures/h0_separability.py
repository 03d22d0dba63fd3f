from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Alert, DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import normalised
from labelaudit.engine.sample import uniform
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.persistence import Persistence, persistence

DRAW = 2_000
DRAWS = 3
LEAST_ROWS = 3
_T = 4.302652729696142  # Student's t of 2 degrees of freedom, .975


class H0Separability(SampledMeasure):
    """Whether embeddings fall into separate parts, told without looking at any label (S).

    Join points that are nearer than r and let r grow: most points join early, and where there are
    clusters a few joins come late. S is 1 minus the mean distance of a join over the largest:
    0 where points are spread evenly, nearer to 1 the later the last joins come.

    Range 0 to 1, higher is more clustered. Relative only: it compares embeddings of one width, or
    checkpoints of one model, of the same data; no value is good or bad by itself, and the fewer
    columns the higher it is. Joins are the edges of the shortest spanning tree (H0 lifetimes),
    between rows scaled to length 1: without that S says nothing. One outlier can raise S a lot, so
    read two others of the same joins beside it: `robust` (G), the largest join of two parts of at
    least 5 rows each over the median one, which a far outlier does not change; and `entropy` (1:
    evenly spread). `gap` is the largest step between joins, `duplicates` are joins at no distance.
    Up to 2,000 rows all are taken; of more three samples of at most 2,000 that share no row: the
    figures are their means, `sd` is the spread, and the interval Student's t of the three. Cost
    O(n^2 d), a tenth of a second a sample. No alert but where all rows are one. Limits: parts need
    not be classes; it says nothing of labels, and over the epochs of small networks it does not
    always rise with accuracy (`benchmarks/separability`).

    Source: after arXiv 2305.15016, its score reconstructed from the abstract; `robust` is ours.
    """

    name = "h0_separability"
    title = "Unsupervised separability (H0)"
    needs = frozenset({"embeddings"})
    largest_sample = DRAWS * DRAW

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        assert sample.embeddings is not None
        reason, remedy = _why_not(sample.embeddings)
        if reason:
            return Skipped(
                name=H0Separability.name, title=H0Separability.title, reason=reason, remedy=remedy
            )
        draws = draws_of(sample)
        found = [persistence(directions(sample.embeddings[rows])) for rows in draws]
        scores = [one.score for one in found]
        value = float(np.mean(scores))
        interval, why = _interval(value, scores)
        return Measurement(
            name=H0Separability.name,
            title=H0Separability.title,
            value=value,
            unit="1 - mean lifetime / longest; relative only",
            interval=interval,
            interval_kind=why,
            range=(0.0, 1.0),
            better="higher",
            details=_details(found, len(draws[0])),
            sample=sample.described,
            source="after arXiv 2305.15016; reconstructed",
            alerts=_alerts(found),
        )


def draws_of(sample: Sample) -> list[npt.NDArray[np.int64]]:
    """Return the places in a sample of the rows of each draw, ascending; no row is in two.

    All rows, or three draws of at most `DRAW` drawn by lot: of equal size, as S depends on it.
    """
    n_rows = len(sample.rows)
    if n_rows <= DRAW:
        return [np.arange(n_rows)]
    size = min(DRAW, n_rows // DRAWS)
    order = np.argsort(uniform(sample.rows, sample.seed + 3), kind="stable")
    return [np.sort(order[start * size : (start + 1) * size]) for start in range(DRAWS)]


def directions(points: Array) -> npt.NDArray[np.float64]:
    """Return rows float64[n, d] of length 1, however narrow they are; one of zeros stays."""
    return normalised(points, "cosine", 1.0)


def _why_not(points: Array) -> tuple[str, str]:
    if len(points) < LEAST_ROWS:
        return f"fewer than {LEAST_ROWS} rows", "more rows"
    if points.shape[1] < 2:
        return "embeddings of one column have no direction", "embeddings of several columns"
    return "", ""


def _interval(value: float, scores: Sequence[float]) -> tuple[tuple[float, float] | None, str]:
    if len(scores) < DRAWS:
        return None, "none: of all rows, and what it would be of others depends on how many"
    half = _T * float(np.std(scores, ddof=1)) / DRAWS**0.5
    why = f"95 %, Student's t of {DRAWS} draws of rows; of the sampling of rows"
    return (max(value - half, 0.0), min(value + half, 1.0)), why


def _details(found: Sequence[Persistence], size: int) -> dict[str, object]:
    robust = [one.robust for one in found]
    columns: dict[str, list[float | None]] = {
        "mean_lifetime": [1 - one.score if one.relative.any() else 0.0 for one in found],
        "median_lifetime": [float(np.median(one.relative)) for one in found],
        "gap": [one.gap for one in found],
        "entropy": [one.entropy for one in found],
        "robust": robust,
    }
    return {
        "draws": len(found),
        "rows_a_draw": size,
        "sd": _sd([one.score for one in found]),
        **{name: _mean(values) for name, values in columns.items()},
        "robust_sd": _sd(robust),
        "duplicates": sum(int((one.lifetimes == 0).sum()) for one in found),
    }


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _sd(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.std(known, ddof=1)) if 1 < len(known) == len(values) else None


def _alerts(found: Sequence[Persistence]) -> tuple[Alert, ...]:
    if any(one.relative.any() for one in found):
        return ()
    return (
        Alert(
            id="h0_separability.all_one",
            severity="caution",
            module="pair_plots",
            scope="dataset",
            message="the embeddings of all rows point in one direction: nothing can be told apart",
            mitigation="Check how they were made; what rests on embeddings says nothing here.",
            value=0.0,
            threshold=0.0,
            use_cases=("train", "evaluate"),
            basis="no two rows differ",
        ),
    )
