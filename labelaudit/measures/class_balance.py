import math
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.text import listed
from labelaudit.measures.kinds import Measure

NOT_ASSESSABLE = 10
WIDE = 30


class ClassBalance(Measure):
    """How evenly the labels are spread over the classes: the largest class over the smallest.

    The value is the imbalance ratio max n / min n over the classes that occur; 1 is even,
    above 10 most learners neglect the rare classes. Absent classes are listed apart. Beside
    it: entropy H and evenness H / ln K (1 is even), effective classes exp(H) and 1 / sum p^2,
    Gini coefficient of the counts, LRID / N = 2 (ln K - H), the majority baseline (the
    accuracy of always naming the largest class), and for each class its share with a Wilson
    interval and its tier: head above 100 examples, medium 20 to 100, tail below 20; where no
    class has more than 100, thirds of the examples, classes sorted by size.

    Range 1 to infinity; lower is more even. Counts given labels, so label errors count too.
    Cost: one count per row. Interval: none, these are counts; Wilson's per class is that of a
    sample of this size.

    Source: Wilson 1927; tiers of ImageNet-LT (Liu et al., CVPR 2019); LRID of Zhu et al.,
    Pattern Recognition Letters 2018; otherwise standard.
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
            details=figures | {"tier_rule": rule},
            per_class={
                "count": tuple(counts),
                "share": tuple(count / total for count in counts),
                "share_low": tuple(wilson(count, total)[0] for count in counts),
                "share_high": tuple(wilson(count, total)[1] for count in counts),
                "tier": tuple(tiers),
                "assessable": tuple(_assessable(count) for count in counts),
            },
            source="Wilson 1927; Liu et al. 2019; Zhu et al. 2018",
            alerts=tuple(self._alerts(counts, figures["imbalance_ratio"])),
        )

    def _alerts(self, counts: list[int], ratio: float | None) -> list[Alert]:
        alerts = []
        named = list(zip(self.facts.class_names, counts, strict=True))
        small = [name for name, count in named if 0 < count < NOT_ASSESSABLE]
        if small:
            alerts.append(
                Alert(
                    id="class_balance.not_assessable",
                    severity="caution",
                    module="statistics",
                    scope=listed(small, 5),
                    message=f"fewer than {NOT_ASSESSABLE} examples in {_classes(len(small))}: "
                    f"{listed(small, 5)}",
                    mitigation="Do not judge single labels of these; collect more examples.",
                    value=float(min(count for _, count in named if count)),
                    threshold=float(NOT_ASSESSABLE),
                    use_cases=("evaluate", "tail"),
                )
            )
        if ratio is not None and ratio > 10:
            largest, smallest = _extremes(named)
            alerts.append(
                Alert(
                    id="class_balance.imbalanced",
                    severity="info" if ratio <= 100 else "caution",
                    module="statistics",
                    scope="dataset",
                    message=f"{largest[0]} has {largest[1]:,} examples, {smallest[0]} only "
                    f"{smallest[1]:,}",
                    mitigation="Report figures for each class; accuracy hides the rare ones.",
                    value=ratio,
                    threshold=10.0,
                    use_cases=("train", "evaluate", "tail"),
                )
            )
        return alerts


def _classes(count: int) -> str:
    return "1 class" if count == 1 else f"{count:,} classes"


def _extremes(named: list[tuple[str, int]]) -> tuple[tuple[str, int], tuple[str, int]]:
    present = [item for item in named if item[1]]
    return max(present, key=lambda item: item[1]), min(present, key=lambda item: item[1])


def _assessable(count: int) -> str:
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
        "lrid": 2 * total * (math.log(n_classes) - entropy),
        "lrid_per_example": 2 * (math.log(n_classes) - entropy),
        "majority_baseline": shares[-1],
        "n_absent": n_classes - len(present),
    }


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
