import math
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from labelaudit.core.dataset import Batch
from labelaudit.core.listed import in_full
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.core.text import listed
from labelaudit.engine.histogram import BINS, FineBins, bins_of
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.roc import (
    Binned,
    Z,
    auroc_interval,
    average_precision,
    binned,
    delong,
    placements,
    precision_interval,
)

FEW = 30
# From this ratio of prevalences on two average precisions are called not comparable.
APART = 2.0
# So many columns are laid out one after the other at a time.
_COLUMNS = 32


class AurocOfAll:
    """AUROC and average precision of all rows, from histograms: a tally of two counters of bins."""

    name = "class_auroc"

    def __init__(self, facts: DatasetFacts) -> None:
        self.facts = facts
        self.every = FineBins(facts.n_classes)
        self.own = FineBins(facts.n_classes)

    def update(self, batch: Batch) -> None:
        for rows, block in batch.full_rows(np.arange(len(batch.labels))):
            bins, labels = bins_of(in_full(block)), batch.labels[rows]
            self.every.add(bins)
            self.own.add_one_each(labels, bins[np.arange(len(rows)), labels])

    def merge(self, other: Self) -> None:
        self.every.merge(other.every)
        self.own.merge(other.own)

    def result(self) -> Measurement:
        figures: list[dict[str, Any]] = []
        parts = zip(self.every.in_parts(), self.own.in_parts(), strict=True)
        for (classes, bins, rows), (_, own, own_rows) in parts:
            starts = np.arange(classes.start, classes.stop + 1) * BINS
            figures += _of_bins(binned(starts, bins, rows, own, own_rows))
        bounds = [
            [one[name] for one in figures if one[name] is not None]
            for name in ("auroc_error_bound", "average_precision_error_bound")
        ]
        details = {
            "fixed_bins": BINS,
            "error_bound": math.fsum(bounds[0]) / max(len(bounds[0]), 1),
            "largest_auroc_error_bound": max(bounds[0], default=None),
            "largest_average_precision_error_bound": max(bounds[1], default=None),
        }
        return _measurement(figures, self.facts, details)


class ClassAuroc(SampledMeasure):
    """How well the model's probability of a class puts that class before all others (AUROC).

    Per class, one against the rest: AUROC, the chance that a row of the class has a higher
    probability of it than a row of another (ties count one half); average precision (AP); the
    prevalence, which is the AP of guessing; and the lift, AP / prevalence. The value is the mean
    AUROC over the classes that occur (macro).

    Range 0 to 1 (AUROC): .5 is guessing, above .9 is good. AP ranges from the prevalence to 1
    and rises with it, so AP must not be compared between classes or splits whose prevalences
    differ; AUROC may. Limits: both judge against the given labels: label errors lower them. A rare
    class has few rows: `positives` says how many, below 30 the interval is wide.

    Exact up to 50,000 rows (or fewer, where they have more than 67 million probabilities); cost:
    a sort for each class. Beyond, all rows count, in one more pass over the predictions, by
    histograms of 2^16 fixed bins, narrow near 0 and 1: rows of one bin count as ties. How far that
    can be from the exact figures stands beside them as `auroc_error_bound` and
    `average_precision_error_bound`; `error_bound` is that of the value. The intervals are of the
    histogram and leave the bound out. Memory: 67 MB for two tables of counters, more from 8,192
    classes on, and 16 bytes for each further bin that occurs. Only of predictions that list the
    top of more than 2,048 classes a fair sample of the rows is taken.

    Intervals: AUROC by DeLong's variance on the logit scale; where all rows are in order, Wilson
    with the smaller of both counts (the bound of Birnbaum and Klose). AP by the logit interval
    of Boyd. That of the macro mean takes the classes' errors as independent.

    Source: DeLong, DeLong and Clarke-Pearson 1988; Birnbaum and Klose 1957; Boyd, Eng and Page
    2013; McDermott et al., arXiv 2401.06091, for the warnings.
    """

    name = "class_auroc"
    title = "AUROC of each class"
    needs = frozenset({"probabilities"})

    beyond = AurocOfAll

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        counts = np.bincount(sample.labels, minlength=facts.n_classes)
        figures = [
            _figures(own[sample.labels == k], own[sample.labels != k]) if counts[k] else _EMPTY
            for k, own in enumerate(columns_of(sample.probabilities))
        ]
        return _measurement(figures, facts, {}, sample.described)


def _measurement(
    figures: list[dict[str, Any]],
    facts: DatasetFacts,
    details: dict[str, Any],
    sample: dict[str, int] | None = None,
) -> Measurement:
    known = [one for one in figures if one["auroc"] is not None]
    mean = math.fsum(one["auroc"] for one in known) / len(known) if known else None
    half = Z * math.sqrt(math.fsum(one["variance"] for one in known)) / max(len(known), 1)
    names = [name for name in (_EMPTY | (figures[0] if figures else {})) if name != "variance"]
    return Measurement(
        name=ClassAuroc.name,
        title=ClassAuroc.title,
        value=mean,
        unit="AUROC, mean over classes",
        interval=None if mean is None else (max(mean - half, 0.0), min(mean + half, 1.0)),
        interval_kind="none: needs two classes"
        if mean is None
        else "95 %, DeLong, of the sampling of rows",
        range=(0.0, 1.0),
        better="higher",
        details={"classes_judged": len(known), "few_positives": FEW} | details,
        per_class={name: tuple(one[name] for one in figures) for name in names},
        sample=sample or {},
        source="DeLong, DeLong and Clarke-Pearson 1988; Boyd, Eng and Page 2013",
        alerts=tuple(_alerts(figures, facts)),
    )


def columns_of(probabilities: Array) -> Iterator[Array]:
    """Yield the columns of float[n, K] one after the other, each lying in one piece."""
    for first in range(0, probabilities.shape[1], _COLUMNS):
        yield from np.ascontiguousarray(probabilities[:, first : first + _COLUMNS].T)


_EMPTY: dict[str, Any] = {
    "auroc": None,
    "auroc_low": None,
    "auroc_high": None,
    "average_precision": None,
    "average_precision_low": None,
    "average_precision_high": None,
    "prevalence": 0.0,
    "lift": None,
    "positives": 0,
    "variance": None,
}


_BOUNDS = ("auroc_error_bound", "average_precision_error_bound")


def _figures(positive: Array, negative: Array) -> dict[str, Any]:
    n_positive, n_negative = len(positive), len(negative)
    if not n_negative:
        return _EMPTY | _counts(n_positive, n_negative)
    positive, negative = np.sort(positive), np.sort(negative)
    auroc, variance = delong(*placements(positive, negative))
    precision = average_precision(positive, negative)
    return _with_intervals(auroc, variance, precision, n_positive, n_negative)


def _of_bins(found: Binned) -> list[dict[str, Any]]:
    """Return the figures of each class of a histogram, bounds and all."""
    sizes = zip(found.positives.tolist(), found.negatives.tolist(), strict=True)
    figures = []
    for k, (positives, negatives) in enumerate(sizes):
        if not positives or not negatives:
            figures.append(_EMPTY | _counts(positives, negatives) | dict.fromkeys(_BOUNDS))
            continue
        auroc, variance, precision, *bounds = (
            float(column[k])
            for column in (
                found.auroc,
                found.variance,
                found.precision,
                found.auroc_bound,
                found.precision_bound,
            )
        )
        one = _with_intervals(auroc, variance, precision, positives, negatives)
        figures.append(one | dict(zip(_BOUNDS, bounds, strict=True)))
    return figures


def _counts(positives: int, negatives: int) -> dict[str, Any]:
    return {"positives": positives, "prevalence": positives / max(positives + negatives, 1)}


def _with_intervals(
    auroc: float, variance: float, precision: float, positives: int, negatives: int
) -> dict[str, Any]:
    low, high = auroc_interval(auroc, variance, positives, negatives)
    precision_low, precision_high = precision_interval(precision, positives)
    counts = _counts(positives, negatives)
    return counts | {
        "auroc": auroc,
        "auroc_low": low,
        "auroc_high": high,
        "average_precision": precision,
        "average_precision_low": precision_low,
        "average_precision_high": precision_high,
        "lift": precision / counts["prevalence"],
        # Of rows that are all in order the interval knows more than the variance, which is 0.
        "variance": variance or ((high - low) / Z) ** 2,
    }


def _alerts(figures: list[dict[str, Any]], facts: DatasetFacts) -> Iterable[Alert]:
    named = list(zip(facts.class_names, figures, strict=True))
    few = [(name, one["positives"]) for name, one in named if 0 < one["positives"] < FEW]
    if few:
        names = listed((name for name, _ in few), 5)
        yield Alert(
            id="class_auroc.few_examples",
            severity="info",
            module="statistics",
            scope=names,
            message=f"AUROC and average precision rest on fewer than {FEW} rows of: {names}",
            mitigation="Read their intervals, not their values.",
            value=float(min(count for _, count in few)),
            threshold=float(FEW),
            basis="ours: below, an interval is often wider than what is compared",
            use_cases=("evaluate", "tail"),
        )
    shares = [one["prevalence"] for one in figures if one["auroc"] is not None]
    if shares and max(shares) > APART * min(shares):
        yield Alert(
            id="class_auroc.not_comparable",
            severity="info",
            module="statistics",
            scope="dataset",
            message="Average precision is not comparable across classes: prevalence "
            f"{min(shares):.2g} to {max(shares):.2g}",
            mitigation="Compare classes by AUROC, or by lift with care.",
            value=max(shares) / min(shares),
            threshold=APART,
            basis="ours: the average precision of guessing is the prevalence",
            use_cases=("evaluate", "benchmark"),
        )
    blind = [name for name, one in named if one["positives"] >= 10 and _reaches_guessing(one)]
    if blind:
        yield Alert(
            id="class_auroc.like_guessing",
            severity="caution",
            module="probabilistic_model",
            scope=listed(blind, 5),
            message=f"The model finds these classes no better than guessing: {listed(blind, 5)}",
            mitigation="Do not trust suspects of these classes; check predictions and class names.",
            value=min(one["auroc"] for _, one in named if _reaches_guessing(one)),
            threshold=0.5,
            basis="an AUROC of .5 is guessing; the interval reaches it",
            use_cases=("train", "evaluate"),
        )


def _reaches_guessing(figures: dict[str, Any]) -> bool:
    return figures["auroc_low"] is not None and figures["auroc_low"] <= 0.5
