import math
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.text import listed, printable
from labelaudit.measures.kinds import Measure

NOT_ASSESSABLE = 10
WIDE = 30
IMBALANCED = 10.0
FOLDS = 5  # of cross-validation, as most people cut it


class ClassBalance(Measure):
    """How evenly the labels are spread over the classes: the largest class over the smallest.

    At 1 all are of one size; above 10 most learners neglect the rare classes. The value is the
    imbalance ratio max n / min n over the classes that occur; absent ones are listed apart. Beside
    it: entropy H and evenness H / ln K (1 is even), effective classes exp(H) and 1 / sum p^2,
    Gini coefficient of the counts (corrected: times K / (K - 1)), LRID / N = 2 (ln K - H), the
    majority baseline (the accuracy of always naming the largest class), and for each class its
    share with a Wilson interval, its effective number of examples (1 - .999^n) / .001, its tier:
    head above 100 examples, medium 20 to 100, tail below 20; where no class has more than 100,
    thirds of the examples, classes sorted by size. What evaluation pays: `examples_per_point`
    is how many examples a change of one point in the class's recall is, n / 100.

    Range 1 to infinity; lower is more even, up to 10 is good and above 100 bad. Cost: one count
    per row, of all rows. Interval: none, these are counts; Wilson's per class is that of a sample
    of this size.

    Limits: it counts given labels, so label errors count too (`true_prior` has the model's
    estimate), and a class of fewer than 10 is "not assessable", of fewer than 30 "wide": to
    know a share of 10 % to 5 points takes about 141.

    Source: Wilson 1927; tiers of ImageNet-LT (Liu et al., CVPR 2019); LRID of Zhu et al.,
    Pattern Recognition Letters 2018; effective number of Cui et al., CVPR 2019; otherwise
    standard.
    """

    name = "class_balance"
    title = "Class balance"
    needs = frozenset({"labels"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.counts = np.zeros(facts.n_classes, dtype=np.int64)

    def update(self, batch: Batch) -> None:
        self.counts += np.bincount(batch.labels, minlength=len(self.counts))

    def merge(self, other: Self) -> None:
        self.counts += other.counts

    def result(self) -> Measurement:
        counts = self.counts.tolist()
        total = sum(counts)
        figures = balance(self.counts)
        rule, tiers = tiers_of(counts)
        return Measurement(
            name=self.name,
            title=self.title,
            value=figures["imbalance_ratio"],
            unit="largest class / smallest class",
            interval_kind="none: a count of the given labels",
            range=(1.0, None),
            better="lower",
            details=figures
            | label_column(self.facts.class_names, counts, self.facts.n_unlabelled)
            | {"tier_rule": rule},
            per_class={
                "count": tuple(counts),
                "share": tuple(count / total for count in counts),
                "share_low": tuple(wilson(count, total)[0] for count in counts),
                "share_high": tuple(wilson(count, total)[1] for count in counts),
                "effective_number": tuple(effective_number(count) for count in counts),
                "examples_per_point": tuple(count / 100 for count in counts),
                "tier": tuple(tiers),
                "assessable": tuple(assessable(count) for count in counts),
            },
            source="Wilson 1927; Liu et al. 2019; Zhu et al. 2018; Cui et al. 2019",
            alerts=tuple(alerts_of(self.facts.class_names, counts, figures["imbalance_ratio"])),
        )


def alerts_of(names: Sequence[str], counts: Sequence[int], ratio: float | None) -> list[Alert]:
    """Return what the sizes of classes give to think about, absent classes left to the contract."""
    named = [(name, count) for name, count in zip(names, counts, strict=True) if count]
    alerts = []
    if few := [(name, count) for name, count in named if count < WIDE]:
        alerts.append(_few_examples(few))
    if short := [(name, count) for name, count in named if count < FOLDS]:
        alerts.append(_few_for_folds(short))
    if ratio is not None and ratio > IMBALANCED:
        alerts.append(_imbalanced(named, ratio))
    return alerts


def _few_examples(few: list[tuple[str, int]]) -> Alert:
    """Say in one alert which classes are too small to be judged, and which have wide intervals."""
    small = [item for item in few if item[1] < NOT_ASSESSABLE]
    wide = [item for item in few if item[1] >= NOT_ASSESSABLE]
    rows = [
        f"{bounds} examples in {_classes(len(some))} ({_named(some)})"
        for bounds, some in (
            (f"fewer than {NOT_ASSESSABLE}", small),
            (f"{NOT_ASSESSABLE} to {WIDE - 1}", wide),
        )
        if some
    ]
    name, count = min(few, key=lambda item: item[1])
    return Alert(
        id="class_balance.few_examples",
        severity="caution" if small else "info",
        module="statistics",
        scope=_named(sorted(few, key=lambda item: item[1])),
        message=f"{', '.join(rows)}; {_cost(name, count)}",
        mitigation=(
            f"Do not judge single labels of classes under {NOT_ASSESSABLE}, collect more examples. "
            if small
            else ""
        )
        + "Print the interval beside every figure of these classes.",
        value=float(count),
        threshold=float(NOT_ASSESSABLE if small else WIDE),
        use_cases=("evaluate", "benchmark", "tail"),
        basis="with 1 flag in 10 examples the 95 % interval is 1 to 38 %; a share of 10 % needs "
        "about 141 to be known to 5 points",
    )


def _few_for_folds(short: list[tuple[str, int]]) -> Alert:
    return Alert(
        id="class_balance.fewer_than_folds",
        severity="caution",
        module="statistics",
        scope=_named(short),
        message=f"fewer than {FOLDS} examples in {_classes(len(short))}: {_named(short)}; in "
        f"cross-validation of {FOLDS} folds some fold lacks them",
        mitigation="Use fewer folds, or leave such classes out and say so.",
        value=float(min(count for _, count in short)),
        threshold=float(FOLDS),
        use_cases=("train", "tail"),
        basis=f"the usual {FOLDS} folds; an audit does not know how yours were cut",
    )


def _imbalanced(named: list[tuple[str, int]], ratio: float) -> Alert:
    largest, smallest = _extremes(named)
    return Alert(
        id="class_balance.imbalanced",
        severity="info" if ratio <= 100 else "caution",
        module="statistics",
        scope="dataset",
        message=f"{largest[0]} has {largest[1]:,} examples, {smallest[0]} only {smallest[1]:,}; "
        f"{_cost(*smallest)}",
        mitigation="Report figures for each class; accuracy hides the rare ones.",
        value=ratio,
        threshold=IMBALANCED,
        use_cases=("train", "evaluate", "tail"),
        basis="a convention of labelaudit: caution above 100",
    )


def _named(classes: list[tuple[str, int]]) -> str:
    return listed([name for name, _ in classes], 5)


def _cost(name: str, count: int) -> str:
    """Say what a point of recall is in examples.

    >>> _cost("tench", 30)
    'a 1-point change in the recall of tench is 0.3 examples'
    """
    amount = f"{count / 100:.2g}" if count < 100 else f"{count / 100:,.1f}".removesuffix(".0")
    examples = "example" if amount == "1" else "examples"
    return f"a 1-point change in the recall of {name} is {amount} {examples}"


def effective_number(count: int, beta: float = 0.999) -> float:
    """Return (1 - beta^n) / (1 - beta), the effective number of n examples (Cui et al. 2019)."""
    return -math.expm1(count * math.log(beta)) / (1 - beta)


def _classes(count: int) -> str:
    return "1 class" if count == 1 else f"{count:,} classes"


def _extremes(named: list[tuple[str, int]]) -> tuple[tuple[str, int], tuple[str, int]]:
    return max(named, key=lambda item: item[1]), min(named, key=lambda item: item[1])


def assessable(count: int) -> str:
    """Say whether single labels of a class of so many can be judged."""
    if count < NOT_ASSESSABLE:
        return "not assessable"
    return "wide" if count < WIDE else "yes"


def balance(counts: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return the figures of class balance for `counts` int[K]."""
    present = sorted(int(count) for count in counts if count)
    total = sum(present)
    n_classes = len(counts)
    if not present:
        return {"imbalance_ratio": None}
    shares = [count / total for count in present]
    entropy = math.fsum(-share * math.log(share) for share in shares)
    ascending = sorted(int(count) for count in counts)
    ranks = sum((2 * rank - n_classes + 1) * count for rank, count in enumerate(ascending))
    return {
        "imbalance_ratio": present[-1] / present[0],
        "entropy_nats": entropy,
        "evenness": round(entropy / math.log(n_classes), 12) if n_classes > 1 else None,
        "effective_classes_entropy": math.exp(entropy),
        "effective_classes_simpson": 1 / math.fsum(share * share for share in shares),
        "gini": ranks / (n_classes * total),
        "gini_corrected": ranks / ((n_classes - 1) * total) if n_classes > 1 else None,
        "lrid": 2 * total * (math.log(n_classes) - entropy),
        "lrid_per_example": 2 * (math.log(n_classes) - entropy),
        "majority_baseline": shares[-1],
        "n_absent": n_classes - len(present),
    }


def label_column(names: Sequence[str], counts: Sequence[int], n_missing: int) -> dict[str, Any]:
    """Return what the Dataset Nutrition Label says of a nominal column: here that of the labels.

    `count` is of all rows, missing ones too. Of several equally frequent values none is named, of
    values that all occur once none is frequent. Source: Holland et al. 2018, their prototype.
    """
    values = [(count, name) for count, name in zip(counts, names, strict=True) if count]
    if n_missing:
        values.append((n_missing, "missing value"))
    n_rows = sum(count for count, _ in values)
    including = " including missing" if n_missing else ""
    return {
        "rows_in_column": n_rows,
        "unique_entries": f"{len(values):,}{including}",
        "most_frequent": _frequent(values, max),
        "least_frequent": _frequent(values, min) if len(values) > 1 else "--",
        "missing_share": n_missing / n_rows if n_rows else None,
    }


def _frequent(values: Sequence[tuple[int, str]], extreme: Callable[..., int]) -> str:
    if not values or all(count == 1 for count, _ in values):
        return "--"
    count = extreme(count for count, _ in values)
    named = [name for frequency, name in values if frequency == count]
    return f"{printable(named[0])} ({count:,})" if len(named) == 1 else "multiple detected"


def tiers_of(counts: list[int]) -> tuple[str, list[str]]:
    """Return the rule that was used and head, medium, tail or absent for each class."""
    if max(counts, default=0) > 100:
        rule = "head above 100 examples, medium 20 to 100, tail below 20"
        cut = ["head" if n > 100 else "medium" if n >= 20 else "tail" for n in counts]
    else:
        rule = "thirds of the examples, classes sorted by size"
        total, seen = sum(counts), 0
        cut = [""] * len(counts)
        for index in sorted(range(len(counts)), key=lambda index: (-counts[index], index)):
            cut[index] = (
                "head" if 3 * seen < total else "medium" if 3 * seen < 2 * total else "tail"
            )
            seen += counts[index]
    return rule, [tier if n else "absent" for tier, n in zip(cut, counts, strict=True)]
