"""What the columns hold, ready to print."""

from labelaudit.core.results import Audit
from labelaudit.core.variables import Entry
from labelaudit.report.figures import Document, named, said
from labelaudit.report.parts import Column

_NUMBERS = ("low", "median", "high", "mean", "deviation")


def columns_of(audit: Audit, doc: Document) -> tuple[Column, ...]:
    """Return a row for each column; the figures that its kind has not are empty."""
    rows = []
    for at, variable in enumerate(audit.dataset.variables):
        place = f"/dataset/variables/{at}"
        numbers = [
            doc.figure(f"{place}/{name}", "figure") if getattr(variable, name) is not None else ""
            for name in _NUMBERS
        ]
        rows.append(
            Column(
                name=named(variable.name),
                kind=variable.kind,
                rows=doc.figure(f"{place}/count", "count"),
                missing=doc.figure(f"{place}/missing", "count"),
                unique="" if variable.unique is None else doc.figure(f"{place}/unique", "count"),
                most=_entry(variable.most, doc, f"{place}/most"),
                least=_entry(variable.least, doc, f"{place}/least"),
                numbers=tuple(numbers),
                zeros="" if variable.zeros is None else doc.figure(f"{place}/zeros", "count"),
            )
        )
    return tuple(rows)


def _entry(entry: Entry | None, doc: Document, place: str) -> str:
    if entry is None:
        return ""
    if entry.count is None:
        return entry.why
    value = "missing" if entry.value is None else named(entry.value)
    return said("{} ({})", value, doc.figure(f"{place}/count", "count"))
