"""The slices of a dataset in the label: each value of a split, source or annotator, worst first."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labelaudit.core.results import Audit, Measurement
from labelaudit.report import numbers
from labelaudit.report.parts import SliceRow, SliceTable
from labelaudit.report.words import named, several

MOST_SLICES = 10
# Below it chance is no likely reason.
_UNLIKELY = 0.05


def slices_of(audit: Audit) -> tuple[SliceTable, ...]:
    """Return a table for each column that the rows are cut by; the worst values of each."""
    balance = audit.measurement("slice_balance")
    if balance is None:
        return ()
    suspects = {one["column"]: one for one in _columns(audit.measurement("slice_suspects"))}
    shift = audit.measurement("label_shift")
    judged = shift.details.get("columns", {}) if shift is not None else {}
    tables = []
    # What chance explains least stands first.
    for one in sorted(_columns(balance), key=lambda one: _likely(suspects.get(one["column"]))):
        column = one["column"]
        tables.append(_table(audit, one, suspects.get(column), judged.get(column)))
    return tuple(tables)


def _likely(suspects: Mapping[str, Any] | None) -> float:
    chance = suspects["chance"] if suspects is not None else None
    return 1.0 if chance is None else float(chance)


def _columns(measured: Measurement | None) -> Sequence[Mapping[str, Any]]:
    return () if measured is None else measured.details.get("columns", ())


def _table(
    audit: Audit,
    balance: Mapping[str, Any],
    suspects: Mapping[str, Any] | None,
    shift: Mapping[str, Any] | None,
) -> SliceTable:
    values = balance["values"]
    flags = suspects["values"] if suspects is not None else [{}] * len(values)
    pairs = list(zip(values, flags, strict=True))
    order = sorted(range(len(pairs)), key=lambda at: (*_badness(*pairs[at]), at))
    left_out = len(pairs) - MOST_SLICES
    return SliceTable(
        column=named(balance["column"]),
        note=" ".join(filter(None, [*_sentences(audit, balance, suspects), _at_odds(shift)])),
        rows=tuple(_row(*pairs[at]) for at in order[:MOST_SLICES]),
        more=f"{several(left_out, 'further value')} not shown; all are in audit.json"
        if left_out > 0
        else "",
    )


def _badness(balance: Mapping[str, Any], flags: Mapping[str, Any]) -> tuple[float, float]:
    """Return what slices are sorted by: surely more suspects than the rest, then other classes."""
    sure = flags.get("ratio_low")
    return (-(sure if sure is not None else flags.get("ratio") or 0.0), -(balance["distance"] or 0))


def _row(balance: Mapping[str, Any], flags: Mapping[str, Any]) -> SliceRow:
    ratio, low, high = (flags.get(name) for name in ("ratio", "ratio_low", "ratio_high"))
    known = flags.get("flagged") is not None
    return SliceRow(
        value=named(balance["value"]),
        rows=numbers.count(balance["rows"]),
        suspected=numbers.count(flags["flagged"]) if known else numbers.UNKNOWN,
        share=numbers.share(flags.get("flagged_share")),
        interval=numbers.share_range(flags.get("low"), flags.get("high")),
        ratio=numbers.UNKNOWN if ratio is None else numbers.ratio(ratio),
        ratio_interval=_between(numbers.ratio, low, high),
        imbalance=numbers.ratio(balance["imbalance_ratio"]),
        imbalance_interval=_between(
            numbers.ratio, balance.get("imbalance_low"), balance.get("imbalance_high")
        ),
        distance=numbers.score(balance["distance"]),
        distance_interval=_between(
            numbers.score, balance.get("distance_low"), balance.get("distance_high")
        ),
        absent=numbers.count(balance["absent_classes"]),
    )


def _between(shown: Callable[[float], str], low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{shown(low)} to {shown(high)}"


def _sentences(
    audit: Audit, balance: Mapping[str, Any], suspects: Mapping[str, Any] | None
) -> list[str]:
    blank = f"{several(balance['blank'], 'row')} without a value." if balance["blank"] else ""
    said = [blank]
    if suspects is not None and suspects["chance"] is not None:
        said.append(f"Shares of suspects differ {_chance(suspects['chance'])}.")
    if balance["chance"] is not None:
        association = numbers.score(balance["cramers_v"])
        said.append(f"Classes differ {_chance(balance['chance'])}, Cramer's V {association}.")
    if balance["column"] == "split":
        said += [_leakage(audit, "split_leakage", "shared", "equal to one"),
                 _leakage(audit, "near_leakage", "near", "a near duplicate of one")]  # fmt: skip
    return said


def _at_odds(shift: Mapping[str, Any] | None) -> str:
    """Say which values are labelled unlike the rest, as far as predictions can tell."""
    if shift is None or not shift.get("slices"):
        return ""
    odd = [one for one in shift["slices"] if one["at_odds"]]
    if not odd:
        return "Labels and predictions go together alike everywhere, but for chance."
    said = []
    for one in odd[:3]:
        worst = one["largest_difference"]
        what = ""
        if worst is not None:
            share = numbers.share(abs(worst["difference"]))
            what = f" {named(worst['class'])}, {share} of its rows;"
        said.append(f"{named(one['slice'])} (most:{what} p {_sign(one['p_value'])})")
    more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
    return f"Labelled unlike the rest, or unlike in looks: {', '.join(said)}{more}."


def _sign(chance: float) -> str:
    shown = numbers.score(chance)
    return shown if shown.startswith("<") else f"= {shown}"


def _chance(chance: float) -> str:
    """Say whether chance alone would often make a difference as large."""
    more = "more than" if chance < _UNLIKELY else "no more than"
    return f"{more} by chance (p {_sign(chance)})"


def _leakage(audit: Audit, name: str, key: str, what: str) -> str:
    measured = audit.measurement(name)
    if measured is None:
        return ""
    found = [one for one in measured.details["by_split"] if one[key]]
    if not found:
        return f"No row is {what} of another split."
    shares = ", ".join(
        f"{numbers.count(one[key])} of {named(one['split'])} ({numbers.share(one['share'])})"
        for one in found
    )
    return f"Rows that are {what} of another split: {shares}."
