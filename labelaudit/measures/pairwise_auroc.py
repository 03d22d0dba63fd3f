import math
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.core.text import listed, printable
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.roc import auroc_interval, delong, placements

MOST_PAIRS = 200
FEWEST = 10


class PairwiseAuroc(SampledMeasure):
    """How well the model tells two classes apart, pair by pair, whatever the other classes.

    Among the rows labelled a or b: the chance that a row of a has a higher probability of a than
    a row of b (ties one half), and the same for b; the mean of both is A(a, b). The value is the
    mean over pairs; where all pairs are taken, as up to 20 classes, it is the M measure of Hand
    and Till, which does not depend on how large the classes are. Where classes are more, the 200
    most confused pairs are taken: by how often one is the label and the other the model's
    strongest other class, with the label below it or less than .2 above it.

    Range 0 to 1: .5 cannot be told apart, above .9 is good. A model trained badly and classes that
    overlap look alike here; label errors lower it. Exact up to 50,000 rows, beyond from a fair
    sample of so many, of fewer where they have more than 67 million probabilities (the
    histograms of `class_auroc` know nothing of pairs). Cost: two sorts of the rows of each pair.
    Intervals: DeLong's variance of the mean of both directions, on the logit scale; for the value
    none.

    Source: Hand and Till, A simple generalisation of the area under the ROC curve for multiple
    class classification problems, Machine Learning 2001; DeLong et al. 1988.
    """

    name = "pairwise_auroc"
    title = "Pairs told apart"
    needs = frozenset({"digest", "probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        chosen = _chosen(sample, facts.n_classes)
        found = pairwise(sample.probabilities, sample.labels, chosen, facts.n_classes)
        found.sort(key=lambda pair: (pair["auroc"], pair["codes"]))
        values = [pair["auroc"] for pair in found]
        every = len(chosen) == facts.n_classes * (facts.n_classes - 1) // 2
        return Measurement(
            name=PairwiseAuroc.name,
            title=PairwiseAuroc.title,
            value=math.fsum(values) / len(values) if values else None,
            unit="pairwise AUROC, mean over "
            + ("all pairs of classes" if every else f"the {len(found)} most confused pairs"),
            interval_kind="none: pairs share rows; each pair has its own",
            range=(0.0, 1.0),
            better="higher",
            details={
                "n_pairs": len(found),
                "all_pairs": every,
                "worst": values[0] if values else None,
                "pairs": [
                    {"classes": [facts.class_names[k] for k in pair["codes"]]} | pair
                    for pair in found
                ],
            },
            sample=sample.described,
            source="Hand and Till 2001; DeLong, DeLong and Clarke-Pearson 1988",
            alerts=_alerts(found, facts),
        )


def _chosen(sample: Sample, n_classes: int) -> list[tuple[int, int]]:
    """Return all pairs of classes where they are few, else the most confused ones."""
    if n_classes * (n_classes - 1) // 2 <= MOST_PAIRS:
        return [(a, b) for a in range(n_classes) for b in range(a + 1, n_classes)]
    digest = sample.digest
    assert digest is not None
    near = digest.other_probability > digest.self_confidence - 0.2
    labels, other = sample.labels[near].astype(np.int64), digest.other[near]
    codes = np.minimum(labels, other) * n_classes + np.maximum(labels, other)
    pairs, counts = np.unique(codes, return_counts=True)
    first = np.lexsort((pairs, -counts))[:MOST_PAIRS]
    return [divmod(int(code), n_classes) for code in pairs[first]]


def pairwise(
    probabilities: Array,
    labels: npt.NDArray[np.int32],
    pairs: list[tuple[int, int]],
    n_classes: int,
) -> list[dict[str, Any]]:
    """Return A(a, b) and its interval for the `pairs` of which both classes occur."""
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(n_classes + 1))
    found = []
    for a, b in pairs:
        of_a, of_b = order[ends[a] : ends[a + 1]], order[ends[b] : ends[b + 1]]
        if not len(of_a) or not len(of_b):
            continue
        auroc, variance = _told_apart(probabilities[:, a], probabilities[:, b], of_a, of_b)
        low, high = auroc_interval(auroc, variance, len(of_a), len(of_b))
        counts = [len(of_a), len(of_b)]
        found.append({"codes": [a, b], "rows": counts, "auroc": auroc, "low": low, "high": high})
    return found


def _told_apart(
    towards_a: Array, towards_b: Array, of_a: npt.NDArray[np.int64], of_b: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """Return the mean of both directions, and its variance: each row has one mean placement."""
    rows_a, rows_b = np.zeros(len(of_a)), np.zeros(len(of_b))
    for scores, own, rest, ahead, behind in (
        (towards_a, of_a, of_b, rows_a, rows_b),
        (towards_b, of_b, of_a, rows_b, rows_a),
    ):
        of_own, of_rest = scores[own], scores[rest]
        up, down = np.argsort(of_own, kind="stable"), np.argsort(of_rest, kind="stable")
        before, after = placements(of_own[up], of_rest[down])
        ahead[up] += before / 2  # back to the order of the rows
        behind[down] += after / 2
    return delong(rows_a, rows_b)


def _alerts(found: list[dict[str, Any]], facts: DatasetFacts) -> tuple[Alert, ...]:
    blurred = [pair for pair in found if pair["low"] <= 0.5 and min(pair["rows"]) >= FEWEST]
    if not blurred:
        return ()
    names = facts.class_names
    words = listed(
        (" and ".join(printable(names[k], 40) for k in pair["codes"]) for pair in blurred), 5, 90
    )
    return (
        Alert(
            id="pairwise_auroc.like_guessing",
            severity="caution",
            module="pair_plots",
            scope=words,
            message=f"The model tells these classes apart no better than guessing: {words}",
            mitigation="Do not relabel between them by this model; merge them or define them anew.",
            value=blurred[0]["auroc"],
            threshold=0.5,
            basis="an AUROC of .5 is guessing; the interval reaches it",
            use_cases=("train", "evaluate"),
        ),
    )
