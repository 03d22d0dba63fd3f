"""The slices of a dataset in the label: each value of a split, source or annotator, worst first."""

from collections.abc import Mapping, Sequence
from typing import Any

from labelaudit.core.results import Audit, Measurement
from labelaudit.core.text import UNKNOWN
from labelaudit.report.figures import Document, Said, joined, named, pointer, said
from labelaudit.report.parts import SliceRow, SliceTable

MOST_SLICES = 10
# Below it chance is no likely reason.
_UNLIKELY = 0.05
_BALANCE, _SUSPECTS = "/measurements/slice_balance/details", "/measurements/slice_suspects/details"

Placed = tuple[Mapping[str, Any], str]  # what a measure says, and where in the audit


def slices_of(audit: Audit, doc: Document) -> tuple[SliceTable, ...]:
    """Return a table for each column that the rows are cut by; the worst values of each."""
    balance = audit.measurement("slice_balance")
    if balance is None:
        return ()
    flags = {
        one["column"]: (one, f"{_SUSPECTS}/columns/{at}")
        for at, one in enumerate(_columns(audit.measurement("slice_suspects")))
    }
    told = [(one, f"{_BALANCE}/columns/{at}") for at, one in enumerate(_columns(balance))]
    # What chance explains least stands first.
    told.sort(key=lambda one: _likely(flags.get(one[0]["column"])))
    return tuple(_table(audit, doc, one, flags.get(one[0]["column"])) for one in told)


def _likely(suspects: Placed | None) -> float:
    chance = suspects[0]["chance"] if suspects is not None else None
    return 1.0 if chance is None else float(chance)


def _columns(measured: Measurement | None) -> Sequence[Mapping[str, Any]]:
    return () if measured is None else measured.details.get("columns", ())


def _table(audit: Audit, doc: Document, balance: Placed, suspects: Placed | None) -> SliceTable:
    values = balance[0]["values"]
    flags = suspects[0]["values"] if suspects is not None else [{}] * len(values)
    pairs = list(zip(values, flags, strict=True))
    order = sorted(range(len(pairs)), key=lambda at: (*_badness(*pairs[at]), at))
    column = balance[0]["column"]
    notes = [*_sentences(audit, doc, balance, suspects), _at_odds(audit, doc, column)]
    return SliceTable(
        column=named(column),
        note=joined(" ", notes),
        rows=tuple(
            _row(
                doc,
                (values[at], f"{balance[1]}/values/{at}"),
                (flags[at], f"{suspects[1]}/values/{at}" if suspects is not None else ""),
            )
            for at in order[:MOST_SLICES]
        ),
        more="further values are not shown; all are in audit.json"
        if len(pairs) > MOST_SLICES
        else "",
    )


def _badness(balance: Mapping[str, Any], flags: Mapping[str, Any]) -> tuple[float, float]:
    """Return what slices are sorted by: surely more suspects than the rest, then other classes."""
    sure = flags.get("ratio_low")
    return (-(sure if sure is not None else flags.get("ratio") or 0.0), -(balance["distance"] or 0))


def _row(doc: Document, balance: Placed, flags: Placed) -> SliceRow:
    def shown(of: Placed, key: str, written: str) -> str:
        known = of[0].get(key) is not None
        return doc.figure(f"{of[1]}/{key}", written) if known else UNKNOWN

    def between(of: Placed, low: str, high: str, first: str, last: str) -> str:
        if of[0].get(low) is None or of[0].get(high) is None:
            return ""
        return said("{} to {}", shown(of, low, first), shown(of, high, last))

    return SliceRow(
        value=named(balance[0]["value"]),
        rows=shown(balance, "rows", "count"),
        suspected=shown(flags, "flagged", "count"),
        share=shown(flags, "flagged_share", "share"),
        interval=between(flags, "low", "high", "share_number", "share") or UNKNOWN,
        ratio=shown(flags, "ratio", "ratio"),
        ratio_interval=between(flags, "ratio_low", "ratio_high", "ratio", "ratio"),
        imbalance=shown(balance, "imbalance_ratio", "ratio"),
        imbalance_interval=between(balance, "imbalance_low", "imbalance_high", "ratio", "ratio"),
        distance=shown(balance, "distance", "score"),
        distance_interval=between(balance, "distance_low", "distance_high", "score", "score"),
        absent=shown(balance, "absent_classes", "count"),
    )


def _sentences(audit: Audit, doc: Document, balance: Placed, suspects: Placed | None) -> list[str]:
    told: list[str] = []
    own, place = balance
    if own["blank"]:
        told.append(said("{} without a value.", doc.several(f"{place}/blank", "row")))
    if suspects is not None and suspects[0]["chance"] is not None:
        told.append(said("Shares of suspects differ {}.", _chance(doc, *suspects)))
    if own["chance"] is not None:
        association = doc.figure(f"{place}/cramers_v", "score")
        told.append(
            said("Classes differ {}, Cramer's V {}.", _chance(doc, own, place), association)
        )
    if own["column"] == "split":
        told.append(_leakage(audit, doc, "split_leakage", "shared", "equal to one"))
        told.append(_leakage(audit, doc, "near_leakage", "near", "a near duplicate of one"))
    return told


def _at_odds(audit: Audit, doc: Document, column: str) -> str:
    """Say which values are labelled unlike the rest, as far as predictions can tell."""
    shift = audit.measurement("label_shift")
    judged = shift.details.get("columns", {}).get(column) if shift is not None else None
    if judged is None or not judged.get("slices"):
        return ""
    place = pointer("measurements", "label_shift", "details", "columns", column, "slices")
    odd = [(one, f"{place}/{at}") for at, one in enumerate(judged["slices"]) if one["at_odds"]]
    if not odd:
        return "Labels and predictions go together alike everywhere, but for chance."
    told = []
    for one, at in odd[:3]:
        worst = one["largest_difference"]
        what: str = ""
        if worst is not None:
            share = doc.figure(f"{at}/largest_difference/difference", "size")
            what = said(" {}, {} of its rows;", named(worst["class"]), share)
        chance = doc.figure(f"{at}/p_value", "chance")
        told.append(said("{} (most:{} p {})", named(one["slice"]), what, chance))
    more = " and others" if len(odd) > 3 else ""
    return said("Labelled unlike the rest, or unlike in looks: {}{}.", joined(", ", told), more)


def _chance(doc: Document, of: Mapping[str, Any], place: str) -> Said:
    """Say whether chance alone would often make a difference as large."""
    more = "more than" if of["chance"] < _UNLIKELY else "no more than"
    return said("{} by chance (p {})", more, doc.figure(f"{place}/chance", "chance"))


def _leakage(audit: Audit, doc: Document, name: str, key: str, what: str) -> str:
    measured = audit.measurement(name)
    if measured is None:
        return ""
    place = f"/measurements/{name}/details/by_split"
    found = [
        said(
            "{} of {} ({})",
            doc.figure(f"{place}/{at}/{key}", "count"),
            named(one["split"]),
            doc.figure(f"{place}/{at}/share", "share"),
        )
        for at, one in enumerate(measured.details["by_split"])
        if one[key]
    ]
    if not found:
        return f"No row is {what} of another split."
    return said("Rows that are {} of another split: {}.", what, joined(", ", found))
