import math
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.text import listed, printable
from labelaudit.engine.counts import CodeCounts
from labelaudit.measures.kinds import Measure

# Margins are counted in steps of 1/128: a mean is off by less than .004.
STEPS = 128
FEWEST = 20
MOST_PAIRS = 200
MISLABELLED, OVERLAP, UNTOLD = "mostly mislabelled", "mostly overlap", "cannot be told"
# Where a pair's whole interval lies beyond one of these it is told; between them both occur.
LEAST_MISLABELLED, MOST_OVERLAP = 0.7, 0.6
_TINY = 1e-12
_BASIS = "ours: on synthetic data 84 to 92 % of the pairs beyond it were told rightly"


class NoiseOrOverlap(Measure):
    """For two classes that are confused: are their labels wrong, or are they hard to tell apart?

    Labels look wrong where the model is sure of the other class, or where the disagreement goes
    one way; classes overlap where it is near the boundary and goes both ways. A row of a pair of
    classes disagrees where it is labelled as one and the model prefers the other, with
    probabilities p of its label and q > p of the other. With m the mean of (q - p) / (q + p) over
    the n rows that disagree, and n_ab, n_ba how many go each way:

        score = 1 - (1 - m) (1 - a),  a = max(0, (n s^2 - 1) / (n - 1)),  s = (n_ab - n_ba) / n

    a is s^2 less what chance alone makes of it. 0 is overlap, 1 mislabelling. A pair is "mostly
    mislabelled" where the 95 % interval of its score lies above .7, "mostly overlap" where it
    lies below .6, else, or under 20 rows, it "cannot be told". The value is the share of the
    disagreements that lie in pairs "mostly mislabelled".

    Range 0 to 1, neither end is better: a high value is bad news of the labels and good news of the
    classes, which can be told apart. The score orders pairs and is no share of errors. On fresh
    synthetic data 92 % of the pairs called mislabelled and 84 % of those called overlap were; on
    human labels of CIFAR-10 the pairs called overlap were about half mislabelled. A model that is
    too sure makes noise of overlap, a timid one overlap of noise. It cannot see errors that the
    model shares, and hardly orders pairs of a few dozen rows. Cost: one pass over the digest of all
    rows. Intervals are of the sampling of rows (delta method). At most 200 pairs are listed, those
    with most rows.

    Source: ours; chosen on synthetic data (benchmarks/detection/noise_or_overlap.md).
    """

    name = "noise_or_overlap"
    title = "Noise or overlap"
    needs = frozenset({"digest"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.margins = CodeCounts(facts.n_classes**2 * (STEPS + 1))

    def update(self, batch: Batch) -> None:
        digest = batch.digest
        assert digest is not None
        rows = np.flatnonzero(digest.other_probability > digest.self_confidence)
        own = np.maximum(digest.self_confidence[rows].astype(np.float64), 0)
        other = digest.other_probability[rows].astype(np.float64)
        margins = (other - own) / np.maximum(other + own, _TINY)
        steps = np.rint(np.clip(margins, 0, 1) * STEPS).astype(np.int64)
        pairs = batch.labels[rows].astype(np.int64) * self.facts.n_classes + digest.other[rows]
        self.margins.add(pairs * (STEPS + 1) + steps)

    def merge(self, other: Self) -> None:
        self.margins.merge(other.margins)

    def result(self) -> Measurement:
        codes, counts = self.margins.result()
        pairs = pairs_of(codes, counts, self.facts.n_classes)
        total = int(counts.sum())
        told = [pair for pair in pairs if pair["answer"] != UNTOLD]
        rows = dict.fromkeys((MISLABELLED, OVERLAP), 0)
        for pair in told:
            rows[pair["answer"]] += pair["rows"]
        return Measurement(
            name=self.name,
            title=self.title,
            value=rows[MISLABELLED] / total if total else None,
            unit="disagreements in pairs mostly mislabelled / disagreements",
            interval_kind="none: it adds up answers; each pair has an interval of its score",
            range=(0.0, 1.0),
            better="neither",
            details={
                "disagreements": total,
                "share_mostly_overlap": rows[OVERLAP] / total if total else None,
                "share_cannot_be_told": 1 - sum(rows.values()) / total if total else None,
                "n_pairs_mostly_mislabelled": sum(p["answer"] == MISLABELLED for p in told),
                "n_pairs_mostly_overlap": sum(p["answer"] == OVERLAP for p in told),
                "pairs": [self._named(pair) for pair in pairs[:MOST_PAIRS]],
            },
            source="ours",
            alerts=tuple(self._alerts(told)),
        )

    def _named(self, pair: dict[str, Any]) -> dict[str, Any]:
        return {"classes": [self.facts.class_names[code] for code in pair["codes"]]} | pair

    def _alerts(self, told: list[dict[str, Any]]) -> Iterable[Alert]:
        noisy = [pair for pair in told if pair["answer"] == MISLABELLED]
        if noisy:
            yield Alert(
                id="noise_or_overlap.mislabelled",
                severity="caution",
                module="pair_plots",
                scope=self._listed(noisy),
                message=f"Confusions that look like wrong labels, not like overlap: "
                f"{self._listed(noisy)}",
                mitigation="Review the suspects of these pairs first: both classes side by side.",
                value=min(pair["low"] for pair in noisy),
                threshold=LEAST_MISLABELLED,
                basis=_BASIS,
                use_cases=("train", "evaluate", "benchmark"),
            )
        blurred = [pair for pair in told if pair["answer"] == OVERLAP]
        if blurred:
            yield Alert(
                id="noise_or_overlap.overlap",
                severity="info",
                module="pair_plots",
                scope=self._listed(blurred),
                message=f"Classes that this model hardly tells apart: {self._listed(blurred)}",
                mitigation="Review the suspects of these pairs first. Where most are wrong, fix "
                "the labels; where annotators disagree, sharpen or merge the classes.",
                value=blurred[0]["score"],
                threshold=MOST_OVERLAP,
                basis=_BASIS,
                use_cases=("train", "evaluate"),
            )

    def _listed(self, pairs: list[dict[str, Any]]) -> str:
        names = self.facts.class_names
        words = (" and ".join(printable(names[k], 40) for k in pair["codes"]) for pair in pairs)
        return listed(words, 5, 90)


def pairs_of(
    codes: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], n_classes: int
) -> list[dict[str, Any]]:
    """Return what is said of each pair of classes that may be told, that with most rows first.

    Of pairs with fewer than 20 rows, which cannot be told, only those among the first 200.

    `codes` int64[m] are (given * K + other) * 129 + margin in steps of 1/128, `counts` int64[m]
    how many rows of each.
    """
    if not len(codes):
        return []
    directed, steps = np.divmod(codes, STEPS + 1)
    given, other = np.divmod(directed, n_classes)
    low, high = np.minimum(given, other), np.maximum(given, other)
    keys, place = np.unique(low * n_classes + high, return_inverse=True)
    sums = np.zeros((4, len(keys)), dtype=np.int64)  # rows, those one way, steps, their squares
    parts = (counts, counts * (given < other), counts * steps, counts * steps**2)
    for total, values in zip(sums, parts, strict=True):
        np.add.at(total, place, values)
    order = np.lexsort((keys, -sums[0]))
    order = order[: max(MOST_PAIRS, int((sums[0] >= FEWEST).sum()))]
    return [
        _pair([*map(int, divmod(int(keys[at]), n_classes))], *(int(total[at]) for total in sums))
        for at in order
    ]


def _pair(codes: list[int], n: int, there: int, steps: int, squares: int) -> dict[str, Any]:
    mean = steps / n / STEPS
    variance = max(squares / n / STEPS**2 - mean**2, 0.0)
    score = score_of(mean, there, n - there)
    half = 1.96 * _error(mean, variance, there, n)
    low, high = max(score - half, 0.0), min(score + half, 1.0)
    return {
        "codes": codes,
        "rows": n,
        "there": there,
        "back": n - there,
        "margin": mean,
        "score": score,
        "low": low,
        "high": high,
        "answer": answer_of(n, low, high),
    }


def score_of(margin: float, there: int, back: int) -> float:
    """Return the score of a pair: `margin` the mean relative margin, rows each way."""
    n = there + back
    squared = ((there - back) / n) ** 2
    one_way = max((n * squared - 1) / (n - 1), 0.0) if n > 1 else 0.0
    return 1 - (1 - margin) * (1 - one_way)


def _error(margin: float, variance: float, there: int, n: int) -> float:
    """Return the standard error of a score (delta method).

    Both parts are drawn a little inwards, or a pair that goes wholly one way would have none.
    """
    lean = (2 * there - n) / (n + 4)
    of_margin = (1 - lean**2) * math.sqrt((variance + 1 / (12 * STEPS**2)) / n)
    of_lean = (1 - margin) * 2 * abs(lean) * math.sqrt((1 - lean**2) / n)
    return math.hypot(of_margin, of_lean)


def answer_of(n: int, low: float, high: float) -> str:
    """Return what a pair with `n` rows and a score between `low` and `high` is called."""
    if n < FEWEST:
        return UNTOLD
    return MISLABELLED if low >= LEAST_MISLABELLED else OVERLAP if high <= MOST_OVERLAP else UNTOLD
