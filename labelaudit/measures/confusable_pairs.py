import math
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.matrix import cache_rows
from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure

MARGIN = 0.2
MOST_PAIRS = 200
# Up to so many classes every pair is looked at, beyond those that are some row's two first.
_FEW_CLASSES = 512


class ConfusablePairs(SampledMeasure):
    """Which classes the model takes for each other, and how many examples lie between two classes.

    An example lies between where its two most probable classes come close to each other, whatever
    its label. For classes a and b the score is S_ab = (mean P[y = a, b] + mean P[y = b, a]) / 2:
    how much probability the rows of one leave to the other. An example is ambiguous where its two
    most probable classes are less than .2 apart; it counts for that pair. The value is the share of
    ambiguous examples.

    Range 0 to 1, lower is better; below .05 is good, and a pair with S_ab above .1 is bad: a label
    of one is often a near miss of the other. Low where a model is too sure of itself, high where it
    is timid; wrong labels raise S_ab. Above 512 classes only pairs are scored that are the two
    first of some row. Exact up to 50,000 rows, beyond from a fair, seeded sample of so many. Cost:
    two passes over the sample. The interval is Wilson's, of the sampling of rows; S_ab has a
    standard error beside it. The 200 pairs of highest score are listed.

    Source: after Esfandiarpoor and Bach, Follow-up differential descriptions (FuDD), ICLR 2024;
    the cut of .2 is ours.
    """

    name = "confusable_pairs"
    title = "Confusable pairs"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        codes, margins = first_two(sample.probabilities)
        between = margins < MARGIN
        n_rows, n_ambiguous = len(codes), int(between.sum())
        pairs = confusable(sample.probabilities, sample.labels, codes, between)
        return Measurement(
            name=ConfusablePairs.name,
            title=ConfusablePairs.title,
            value=n_ambiguous / n_rows if n_rows and facts.n_classes > 1 else None,
            unit="ambiguous examples / examples",
            interval=wilson(n_ambiguous, n_rows) if facts.n_classes > 1 else None,
            interval_kind="95 % Wilson, of the sampling of rows"
            if facts.n_classes > 1
            else "none: one class",
            range=(0.0, 1.0),
            better="lower",
            details={
                "n_ambiguous": n_ambiguous,
                "highest_score": pairs[0]["score"] if pairs else None,
                "n_pairs": len(pairs),
                "pairs": [
                    {"classes": [facts.class_names[k] for k in pair["codes"]]} | pair
                    for pair in pairs
                ],
            },
            sample=sample.described,
            source="after Esfandiarpoor and Bach 2024 (FuDD)",
        )


def first_two(probabilities: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return of each row the pair of its two most probable classes, and how far they are apart.

    Pairs are a * K + b, a < b; of equals the lower class comes first. With one class there is
    none: -1, and a distance of 1.
    """
    n_rows, n_classes = probabilities.shape
    codes, margins = np.full(n_rows, -1, dtype=np.int64), np.ones(n_rows)
    if n_classes < 2:
        return codes, margins
    step = cache_rows(n_classes)
    for start in range(0, n_rows, step):
        block = probabilities[start : start + step].astype(np.float64)  # a copy, to be spoilt
        rows = np.arange(len(block))
        top = block.argmax(axis=1)
        highest = block[rows, top]
        block[rows, top] = -1
        second = block.argmax(axis=1)
        part = slice(start, start + len(block))
        codes[part] = np.minimum(top, second) * n_classes + np.maximum(top, second)
        margins[part] = highest - block[rows, second]
    return codes, margins


def confusable(
    probabilities: Array,
    labels: npt.NDArray[np.int32],
    codes: npt.NDArray[np.int64],
    between: npt.NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Return the pairs of highest S_ab, each with its standard error and ambiguous rows.

    `codes` and `between` [n] say which pair each row's two first are, and whether they are near.
    """
    n_classes = probabilities.shape[1]
    if n_classes < 2:
        return []
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(n_classes + 1))
    of_class = [order[ends[k] : ends[k + 1]] for k in range(n_classes)]
    found: list[dict[str, Any]] = []
    for a, b in _asked(codes, n_classes, of_class, probabilities):
        there, back = probabilities[of_class[a], b], probabilities[of_class[b], a]
        if not len(there) or not len(back):
            continue
        means = [float(side.mean(dtype=np.float64)) for side in (there, back)]
        spreads = [float(side.var(dtype=np.float64)) / len(side) for side in (there, back)]
        error = math.sqrt(sum(spreads)) / 2
        found.append({"codes": [a, b], "score": sum(means) / 2, "standard_error": error})
    found.sort(key=lambda pair: (-pair["score"], pair["codes"]))
    near, counts = np.unique(codes[between], return_counts=True)
    ambiguous = dict(zip(near.tolist(), counts.tolist(), strict=True))
    return [
        pair | {"ambiguous": ambiguous.get(pair["codes"][0] * n_classes + pair["codes"][1], 0)}
        for pair in found[:MOST_PAIRS]
    ]


def _asked(
    codes: npt.NDArray[np.int64],
    n_classes: int,
    of_class: list[npt.NDArray[np.int64]],
    probabilities: Array,
) -> list[tuple[int, int]]:
    """Return the pairs to score: those of highest mean probability, or the commonest first two."""
    if n_classes > _FEW_CLASSES:
        pairs, counts = np.unique(codes, return_counts=True)
        first = np.lexsort((pairs, -counts))[: 10 * MOST_PAIRS]
        return [divmod(int(code), n_classes) for code in pairs[first]]
    means = np.zeros((n_classes, n_classes))
    for k, rows in enumerate(of_class):
        if len(rows):
            means[k] = probabilities[rows].mean(axis=0, dtype=np.float64)
    low, high = np.triu_indices(n_classes, 1)
    occurs = np.array([len(rows) > 0 for rows in of_class])
    scores = np.where(occurs[low] & occurs[high], means[low, high] + means[high, low], -1)
    first = np.lexsort((np.arange(len(low)), -scores))[:MOST_PAIRS]
    return [(int(low[at]), int(high[at])) for at in first]
