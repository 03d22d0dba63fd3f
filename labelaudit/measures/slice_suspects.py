from collections.abc import Mapping
from typing import Any

import numpy as np

from labelaudit.core.intervals import jeffreys
from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement, Skipped
from labelaudit.core.text import listed, printable
from labelaudit.measures.homogeneity import chance_of, fisher, holm, share_ratio
from labelaudit.measures.kinds import DerivedMeasure
from labelaudit.measures.slice_balance import TINY

FAR = 1.5
UNLIKELY = 0.05


class SliceSuspects(DerivedMeasure):
    """Which slice has more suspects than the rest: a split, a source, an annotator.

    1 means that a slice has its share of the suspects, 2 that it has twice as many for its size
    as all the others. The value is the largest such ratio, (k / n) / (K' / N') with half a count
    added to each number, of the slices of 30 rows or more; 1 to 1.5 is usual.

    For each column: whether the flagged shares of its values are equal, as chi-square and how
    often chance gives as much (`chance`). For each value: rows, flags, the flagged share with its
    Jeffreys interval, the ratio with its 95 % interval (adjusted log), its chance (Fisher's exact
    test, twice the smaller side) and that corrected for the number of values (Holm). `expected`
    is how many flags its classes would give it, sum over classes of n_k times the flagged share
    of the class, and `standardised_ratio` k over that: where the ratio is high and this is near 1,
    the slice only has the difficult classes.

    Range 0 and up; near 1 is good. Exact, of all rows; the value itself has no interval, for the
    largest of several is too large by chance: read that of each slice. The alert is raised where
    the interval of a ratio lies wholly above 1.5 and the corrected chance is below 5 %. Cost:
    none, read off the flags.

    Limits: flagged is not wrong, the interval covers the sampling of rows only and says nothing
    of the share of errors; a source that the model knows least is flagged most, be its labels
    never so good. With many slices some stand out by chance: the correction is for one column,
    not for all that you try. A budget (`--top`) decides how many are flagged: then there are no
    intervals and tests.

    Source: Walter 1975 and Fagerland, Lydersen and Laake 2015 (ratio); Brown, Cai and DasGupta
    2001 (Jeffreys); Fisher 1935; Holm 1979; Breslow and Day 1987 (standardisation).
    """

    name = "slice_suspects"
    title = "Suspects by slice"
    needs = frozenset({"slices", "flags"})
    reads = frozenset({"slice_balance"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement | Skipped:
        kind = SliceSuspects
        assert detection is not None
        balance = earlier.get("slice_balance")
        by_slice = detection.flagged_by_slice
        if not isinstance(balance, Measurement) or not facts.slices.keys() <= by_slice.keys():
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason="suspects were not counted by slice",
                remedy="labelaudit detect",
            )
        counted = detection.top is None
        columns = [
            column_suspects(
                one,
                by_slice[one["column"]],
                detection.expected_by_slice.get(one["column"], ()),
                counted,
            )
            for one in balance.details["columns"]
        ]
        ratios = [
            value["ratio"]
            for column in columns
            for value in column["values"]
            if value["ratio"] is not None and value["rows"] >= TINY
        ]
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=max(ratios, default=None),
            unit="largest flagged share of a slice / flagged share of the rest",
            interval_kind=_interval_kind(bool(ratios), counted),
            range=(0.0, None),
            better="neither",
            details={"columns": columns},
            source="Walter 1975; Fagerland, Lydersen and Laake 2015; Holm 1979",
            alerts=tuple(alert for column in columns for alert in alerts_of(column)),
        )


def _interval_kind(is_known: bool, counted: bool) -> str:
    if not is_known:
        return f"none: no slice of {TINY} rows has a rest to compare it with"
    if not counted:
        return "none: a budget decides how many are flagged"
    return "none: the largest of several is too large by chance; each slice has its own"


def column_suspects(
    balance: Mapping[str, Any],
    flagged: tuple[int, ...],
    expected: tuple[float, ...],
    counted: bool,
) -> dict[str, Any]:
    """Return the figures of one column; `balance` are its rows as `slice_balance` has them.

    Without `counted` the number of flags is a budget, and nothing is tested.
    """
    rows = np.array([one["rows"] for one in balance["values"]], dtype=np.int64)
    flags = np.array(flagged, dtype=np.int64)
    n, k = int(rows.sum()), int(flags.sum())
    chances = _chances(rows, flags) if counted else [None] * len(rows)
    corrected = holm(chances)
    values = []
    for code, one in enumerate(balance["values"]):
        own_n, own_k = int(rows[code]), int(flags[code])
        ratio = share_ratio(own_k, own_n, k - own_k, n - own_n) if k else None
        low, high = jeffreys(own_k, own_n) if counted and own_n else (None, None)
        by_classes = float(expected[code]) if code < len(expected) else None
        values.append(
            {
                "value": one["value"],
                "rows": own_n,
                "flagged": own_k,
                "flagged_share": own_k / own_n if own_n else None,
                "low": low,
                "high": high,
                "ratio": ratio[0] if ratio else None,
                "ratio_low": ratio[1] if ratio and counted else None,
                "ratio_high": ratio[2] if ratio and counted else None,
                "expected": by_classes,
                "standardised_ratio": own_k / by_classes if by_classes else None,
                "chance": chances[code],
                "chance_holm": corrected[code],
            }
        )
    statistic = _chi_square(rows, flags)
    tested = counted and statistic is not None
    return {
        "column": balance["column"],
        "blank": balance["blank"],
        "flagged": k,
        "flagged_share": k / n if n else None,
        "chi_square": statistic,
        "chance": chance_of(statistic, rows, np.array([k, n - k]))
        if tested and statistic is not None
        else None,
        "values": values,
    }


def _chi_square(rows: Any, flags: Any) -> float | None:
    """Return Pearson's chi-square of equal flagged shares; None where none or all are flagged."""
    n, k = int(rows.sum()), int(flags.sum())
    present = rows > 0
    if not 0 < k < n or present.sum() < 2:
        return None
    fair = rows[present] * (k / n)
    return float(((flags[present] - fair) ** 2 / (fair * (1 - k / n))).sum())


def _chances(rows: Any, flags: Any) -> list[float | None]:
    """Return Fisher's p-value of each slice against the rest: twice the smaller side."""
    n, k = int(rows.sum()), int(flags.sum())
    return [
        fisher(own_k, own_n, k, n) if 0 < own_n < n and 0 < k < n else None
        for own_n, own_k in zip(rows.tolist(), flags.tolist(), strict=True)
    ]


def alerts_of(column: Mapping[str, Any]) -> list[Alert]:
    """Say which slices of a column have far more suspects than the rest, and not by chance."""
    far = [
        value
        for value in column["values"]
        if value["ratio_low"] is not None
        and value["ratio_low"] > FAR
        and value["chance_holm"] is not None
        and value["chance_holm"] < UNLIKELY
    ]
    if not far:
        return []
    far.sort(key=lambda value: -float(value["ratio_low"]))
    worst, name = far[0], printable(column["column"], 60)
    which = listed([value["value"] for value in far], 5)
    by_classes = worst["standardised_ratio"]
    told = f", {by_classes:.1f} times what its classes explain" if by_classes else ""
    have = "has" if len(far) == 1 else "have"
    most = "" if len(far) == 1 else f"most of all {printable(worst['value'], 60)}, "
    return [
        Alert(
            id="slice_suspects.more",
            severity="caution",
            module="statistics",
            scope=f"{name}: {which}",
            message=f"{len(far):,} of {len(column['values']):,} slices by `{name}` {have} far more "
            f"suspects than the rest: {which}; {most}at "
            f"least {worst['ratio_low']:.1f} times their share{told}",
            mitigation="Review the suspects of this slice first (`by_` columns of the findings); "
            "then ask whether its labels are worse or the model knows it less.",
            value=float(worst["ratio_low"]),
            threshold=FAR,
            use_cases=("train", "evaluate", "benchmark"),
            basis="our choice: half as many again, at the lower end of the 95 % interval, and "
            "below 5 % by chance after Holm's correction",
        )
    ]
