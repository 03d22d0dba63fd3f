import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Batch
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.core.text import listed, printable
from labelaudit.engine.counts import CodeCounts
from labelaudit.measures.homogeneity import chance_of, holm
from labelaudit.measures.kinds import Measure

TINY = 30
# A class of which chance would put so many into a slice is there, but in 1 slice of 148.
EXPECTED = 5.0
_MOST_CLASSES = 3
_Z = 1.959963984540054

Counts = npt.NDArray[np.int64]


class SliceBalance(Measure):
    """Whether the classes are spread alike over the slices: the splits, sources or annotators.

    0 means every slice has the classes in the same shares, 1 that the slice tells the class. The
    value is the largest Cramer's V of the columns that the rows are cut by, corrected for chance:
    V = sqrt(max(0, chi2 / N - (r-1)(c-1)/(N-1)) / min(r' - 1, c' - 1)), r' = r - (r-1)^2/(N-1).
    Below .1 slices hardly differ; above .3 a model can learn the slice in place of the class, and
    a test split is not the training split's population.

    For each column: V, chi-square and how often chance gives as much (`chance`). For each value:
    rows and share, classes that are there and absent, imbalance ratio and evenness among those
    that are, the total variation distance TV = 1/2 sum |p - q| to the classes of the rest with its
    chance (Holm's correction over the values of the column), and the three classes that differ
    most. Imbalance ratio and TV have 95 % intervals, by the delta method, were the rows drawn anew
    (which class is largest, and which differ, held fixed). V is a count of all rows and has none;
    chance is a permutation test by its exact mean and variance, a gamma distribution between them.
    Rows without a value are left out of that column and counted. Cost: one count for each row and
    column.

    Range 0 to 1, lower is better, below .1 good. Alerts: slices of fewer than 30 rows, and slices
    that lack a class of which their size would give 5 rows. Limits: a difference is no fault by
    itself, sources do differ; TV of a small slice is large by chance alone; given labels are
    counted, errors and all.

    Source: Cramer 1946, corrected as in Bergsma 2013; chance as in Mielke and Berry 1985; Holm
    1979.
    """

    name = "slice_balance"
    title = "Balance of slices"
    needs = frozenset({"slices"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        self.counts = {
            name: CodeCounts(max(len(values), 1) * facts.n_classes)
            for name, values in facts.slices.items()
        }

    def update(self, batch: Batch) -> None:
        for name, counts in self.counts.items():
            codes = batch.slices[name]
            known = codes >= 0
            cells = codes[known].astype(np.int64) * self.facts.n_classes
            counts.add(cells + batch.labels[known])

    def merge(self, other: Self) -> None:
        for name, counts in self.counts.items():
            counts.merge(other.counts[name])

    def result(self) -> Measurement:
        columns = [
            column_balance(name, values, self.facts, *self.counts[name].result())
            for name, values in self.facts.slices.items()
        ]
        associations = [one["cramers_v"] for one in columns if one["cramers_v"] is not None]
        return Measurement(
            name=self.name,
            title=self.title,
            value=max(associations, default=None),
            unit="largest Cramer's V of the columns, corrected for chance",
            interval_kind="none: a count of all rows; beside it how often chance gives as much"
            if associations
            else "none: no column has two values, or there is one class",
            range=(0.0, 1.0),
            better="lower",
            details={"columns": columns},
            source="Cramer 1946; Bergsma 2013; Mielke and Berry 1985; Holm 1979",
            alerts=tuple(alert for one in columns for alert in _alerts(one)),
        )


def column_balance(
    name: str, values: Sequence[str], facts: DatasetFacts, cells: Counts, counts: Counts
) -> dict[str, Any]:
    """Return the figures of one column and of each of its values.

    `cells` int64[m] are value code times K plus label, of those that occur, and `counts` how often
    each does.
    """
    n_classes = facts.n_classes
    slices, labels = np.divmod(cells, n_classes)
    rows = np.bincount(slices, weights=counts, minlength=len(values)).astype(np.int64)
    classes = np.bincount(labels, weights=counts, minlength=n_classes).astype(np.int64)
    total = int(rows.sum())
    # Of each value: n / n_s * sum n_sk^2 / N_k - n_s is its own part of chi-square.
    squares = np.bincount(slices, weights=counts**2 / classes[labels], minlength=len(values))
    parts = total / np.maximum(rows, 1) * squares - rows
    statistic = max(float(parts.sum()), 0.0) if total else 0.0
    bounds = np.searchsorted(slices, np.arange(len(values) + 1))
    own = [
        _value_balance(
            value,
            labels[bounds[code] : bounds[code + 1]],
            counts[bounds[code] : bounds[code + 1]],
            classes,
            facts,
            max(float(parts[code]), 0.0),
        )
        for code, value in enumerate(values)
    ]
    for one, corrected in zip(own, holm([one["chance"] for one in own]), strict=True):
        one["chance_holm"] = corrected
    return {
        "column": name,
        "rows": total,
        "blank": facts.n_examples - total,
        "cramers_v": cramers_v(statistic, total, int((rows > 0).sum()), int((classes > 0).sum())),
        "chi_square": statistic,
        "chance": chance_of(statistic, rows, classes),
        "values": own,
    }


def _value_balance(
    value: str, labels: Counts, counts: Counts, classes: Counts, facts: DatasetFacts, part: float
) -> dict[str, Any]:
    """Return the figures of one slice: `labels` are the classes it has, `counts` their rows."""
    rows, total = int(counts.sum()), int(classes.sum())
    rest = total - rows
    here = counts / max(rows, 1)
    there = (classes[labels] - counts) / max(rest, 1)
    absent = np.setdiff1d(np.flatnonzero(classes), labels)
    absent_share = classes[absent] / max(rest, 1)
    # What is absent here is all there.
    distance = (np.abs(here - there).sum() + absent_share.sum()) / 2
    entropy = float(-(here * np.log(here)).sum()) if rows else 0.0
    lacking = absent[rows * classes[absent] / max(total, 1) >= EXPECTED]
    apart = np.concatenate([here - there, -absent_share])
    first = np.lexsort((np.concatenate([labels, absent]), -np.abs(apart)))[:_MOST_CLASSES]
    both = np.concatenate([labels, absent])
    is_part = 0 < rows < total
    return {
        "value": value,
        "rows": rows,
        "share": rows / max(facts.n_examples, 1),
        "classes": len(labels),
        "absent_classes": len(absent),
        "lacking": [facts.class_names[code] for code in lacking[:10].tolist()],
        "n_lacking": len(lacking),
        "imbalance_ratio": float(counts.max() / counts.min()) if rows else None,
        **_ratio_interval(counts),
        "evenness": entropy / float(np.log(len(labels))) if len(labels) > 1 else None,
        "distance": float(distance) if is_part else None,
        **_distance_interval(float(distance), apart, here, rows, rest),
        "chance": chance_of(part * total / rest, np.array([rows, rest]), classes)
        if is_part
        else None,
        "differs_most": [
            {
                "class": facts.class_names[int(both[at])],
                "share": float(here[at]) if at < len(here) else 0.0,
                "rest": float(there[at]) if at < len(here) else float(-apart[at]),
            }
            for at in first.tolist()
            if is_part and apart[at] != 0
        ],
    }


def _ratio_interval(counts: Counts) -> dict[str, float | None]:
    """Return the 95 % interval of the largest count over the smallest, on the log scale."""
    if len(counts) < 2:
        return {"imbalance_low": None, "imbalance_high": None}
    most, least = float(counts.max()), float(counts.min())
    factor = math.exp(_Z * math.sqrt(1 / most + 1 / least))
    return {
        "imbalance_low": max(most / least / factor, 1.0),
        "imbalance_high": most / least * factor,
    }


def _distance_interval(
    distance: float, apart: Array, here: Array, rows: int, rest: int
) -> dict[str, float | None]:
    """Return the 95 % interval of TV: half the difference of two sums of shares with signs."""
    if not rows or not rest:
        return {"distance_low": None, "distance_high": None}
    signs = np.sign(apart)
    own = np.concatenate([here, np.zeros(len(apart) - len(here))])
    variance = 0.0
    for shares, n in ((own, rows), (own - apart, rest)):
        variance += float((signs**2 * shares).sum() - (signs * shares).sum() ** 2) / n
    half = _Z / 2 * math.sqrt(max(variance, 0.0))
    return {
        "distance_low": max(distance - half, 0.0),
        "distance_high": min(distance + half, 1.0),
    }


def cramers_v(statistic: float, total: int, n_rows: int, n_columns: int) -> float | None:
    """Return Cramer's V of a table from its chi-square, corrected for chance (Bergsma 2013).

    >>> cramers_v(0.0, 100, 2, 2), cramers_v(100.0, 100, 2, 2)
    (0.0, 1.0)
    """
    if n_rows < 2 or n_columns < 2 or total < 2:
        return None
    by_chance = (n_rows - 1) * (n_columns - 1) / (total - 1)
    narrow = min(
        n_rows - 1 - (n_rows - 1) ** 2 / (total - 1),
        n_columns - 1 - (n_columns - 1) ** 2 / (total - 1),
    )
    if narrow <= 0:
        return None
    return float(min(1.0, np.sqrt(max(0.0, statistic / total - by_chance) / narrow)))


def _alerts(column: dict[str, Any]) -> list[Alert]:
    name = printable(column["column"], 60)
    tiny = [one for one in column["values"] if one["rows"] < TINY]
    lacking = [one for one in column["values"] if one["n_lacking"]]
    alerts = []
    if tiny:
        which = listed([one["value"] for one in tiny], 5)
        alerts.append(
            Alert(
                id="slice_balance.tiny",
                severity="info",
                module="statistics",
                scope=f"{name}: {which}",
                message=f"fewer than {TINY} rows in {len(tiny):,} of {len(column['values']):,} "
                f"slices by `{name}`: {which}",
                mitigation="Do not compare these; put small slices together or collect more.",
                value=float(min(one["rows"] for one in tiny)),
                threshold=float(TINY),
                use_cases=("evaluate", "benchmark"),
                basis="with 3 flags in 30 rows the 95 % interval is 3 to 25 %",
            )
        )
    if lacking:
        worst = max(lacking, key=lambda one: int(one["n_lacking"]))
        classes = listed(worst["lacking"][: min(5, worst["n_lacking"])], 5)
        more = worst["n_lacking"] - min(5, worst["n_lacking"])
        classes += f" and {more:,} more" if more else ""
        alerts.append(
            Alert(
                id="slice_balance.lacking_classes",
                severity="caution",
                module="statistics",
                scope=f"{name}: {listed([one['value'] for one in lacking], 5)}",
                message=f"{len(lacking):,} of {len(column['values']):,} slices by `{name}` lack "
                f"classes; most {printable(worst['value'], 60)!r}: {classes}",
                mitigation="Nothing can be said of these classes there: draw splits by class, "
                "or say which classes a source never has.",
                value=float(worst["n_lacking"]),
                threshold=0.0,
                basis=f"only classes of which a slice of its size would have {EXPECTED:.0f} rows: "
                "chance alone leaves such a class out in under 1 % of slices",
            )
        )
    return alerts
