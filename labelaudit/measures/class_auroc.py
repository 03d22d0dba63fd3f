import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.core.text import listed
from labelaudit.measures.kinds import Sample, SampledMeasure

FEW = 30
# From this ratio of prevalences on two average precisions are called not comparable.
APART = 2.0
_Z = 1.959963984540054
# So many columns are laid out one after the other at a time.
_COLUMNS = 32


class ClassAuroc(SampledMeasure):
    """How well the model's probability of a class puts that class before all others (AUROC).

    Per class, one against the rest: AUROC, the chance that a row of the class has a higher
    probability of it than a row of another (ties count one half); average precision (AP); the
    prevalence, which is the AP of guessing; and the lift, AP / prevalence. The value is the mean
    AUROC over the classes that occur (macro).

    Range 0 to 1 (AUROC): .5 is guessing, above .9 is good. AP ranges from the prevalence to 1
    and rises with it, so AP must not be compared between classes or splits whose prevalences
    differ; AUROC may. Limits: both judge against the given labels: label errors lower them. Exact
    up to 50,000 rows, beyond from a fair sample of so many, in which a rare class has few rows:
    `positives` says how many, below 30 the interval is wide. Cost: a sort for each class.

    Intervals: AUROC by DeLong's variance on the logit scale; where all rows are in order, Wilson
    with the smaller of both counts (the bound of Birnbaum and Klose). AP by the logit interval
    of Boyd. That of the macro mean takes the classes' errors as independent.

    Source: DeLong, DeLong and Clarke-Pearson 1988; Birnbaum and Klose 1957; Boyd, Eng and Page
    2013; McDermott et al., arXiv 2401.06091, for the warnings.
    """

    name = "class_auroc"
    title = "AUROC of each class"
    needs = frozenset({"probabilities"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.probabilities is not None
        counts = np.bincount(sample.labels, minlength=facts.n_classes)
        figures = [
            _figures(own[sample.labels == k], own[sample.labels != k]) if counts[k] else _EMPTY
            for k, own in enumerate(columns_of(sample.probabilities))
        ]
        known = [one for one in figures if one["auroc"] is not None]
        mean = math.fsum(one["auroc"] for one in known) / len(known) if known else None
        half = _Z * math.sqrt(math.fsum(one["variance"] for one in known)) / max(len(known), 1)
        names = [name for name in _EMPTY if name != "variance"]
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
            details={"classes_judged": len(known), "few_positives": FEW},
            per_class={name: tuple(one[name] for one in figures) for name in names},
            sample=sample.described,
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


def _figures(positive: Array, negative: Array) -> dict[str, Any]:
    n_positive, n_negative = len(positive), len(negative)
    counts = {"positives": n_positive, "prevalence": n_positive / max(n_positive + n_negative, 1)}
    if not n_negative:
        return _EMPTY | counts
    positive, negative = np.sort(positive), np.sort(negative)
    before, behind = placements(positive, negative)
    auroc, variance = delong(before, behind)
    precision = average_precision(positive, negative)
    low, high = auroc_interval(auroc, variance, n_positive, n_negative)
    precision_low, precision_high = precision_interval(precision, n_positive)
    return counts | {
        "auroc": auroc,
        "auroc_low": low,
        "auroc_high": high,
        "average_precision": precision,
        "average_precision_low": precision_low,
        "average_precision_high": precision_high,
        "lift": precision / counts["prevalence"],
        # Of rows that are all in order the interval knows more than the variance, which is 0.
        "variance": variance or ((high - low) / _Z) ** 2,
    }


def placements(
    positive: Array, negative: Array
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the share of negatives behind each positive, and of positives before each negative.

    Ties count one half. `positive` float[n] and `negative` float[m] are ascending, as are the
    rows of what is returned, float64[n] and float64[m].
    """
    left, right = (np.searchsorted(negative, positive, side) for side in ("left", "right"))
    # How many positives lie below a negative, and how many at or below it: steps at those places.
    below, upto = (np.cumsum(np.bincount(at, minlength=len(negative) + 1)) for at in (right, left))
    ahead = (below + upto)[: len(negative)]
    return (left + right) / (2 * len(negative)), 1 - ahead / (2 * len(positive))


def delong(before: Array, behind: Array) -> tuple[float, float]:
    """Return AUROC and its variance from the placements of positives and of negatives.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 1988. A single row on one side adds
    the largest variance that a mean of this height can have.
    """
    auroc = float(before.mean())
    worst = auroc * (1 - auroc)
    parts = (float(part.var(ddof=1)) if len(part) > 1 else worst for part in (before, behind))
    return auroc, sum(part / len(own) for part, own in zip(parts, (before, behind), strict=True))


def auroc_interval(auroc: float, variance: float, n: int, m: int) -> tuple[float, float]:
    """Return the 95 % interval of an AUROC of `n` positive and `m` negative rows."""
    if variance <= 0 or not 0 < auroc < 1:
        return wilson(auroc * min(n, m), min(n, m))
    return _on_logits(auroc, math.sqrt(variance) / (auroc * (1 - auroc)))


def average_precision(positive: Array, negative: Array) -> float:
    """Return the mean over positives of the precision at their score, ties taken together.

    This is the sum of precision times the step in recall (scikit-learn's average precision).
    `positive` float[n] and `negative` float[m] are ascending.
    """
    true = len(positive) - np.searchsorted(positive, positive)
    false = len(negative) - np.searchsorted(negative, positive)
    return float((true / (true + false)).mean())


def precision_interval(precision: float, n_positive: int) -> tuple[float, float]:
    """Return the 95 % logit interval of an average precision (Boyd, Eng and Page 2013)."""
    if not 0 < precision < 1:
        return wilson(precision * n_positive, n_positive)
    return _on_logits(precision, 1 / math.sqrt(n_positive * precision * (1 - precision)))


def _on_logits(share: float, error: float) -> tuple[float, float]:
    logit = math.log(share / (1 - share))
    low, high = (1 / (1 + math.exp(-max(min(logit + z * error, 500), -500))) for z in (-_Z, _Z))
    return low, high


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
