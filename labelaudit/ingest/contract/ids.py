"""The contract on ids and rows: each row has a name of its own, and both files know it."""

from collections.abc import Sequence

from labelaudit.core.dataset import Check
from labelaudit.core.errors import Refusal
from labelaudit.core.text import listed, printable
from labelaudit.core.texts import Texts
from labelaudit.ingest.contract.nearly import Near
from labelaudit.ingest.contract.rules import outcome, rule


@rule("critical", may_be_allowed=False)
def ids_missing(place: str, column: str) -> Refusal:
    """Whether every row has an id, where the file has a column of ids.

    A row without one cannot be found in another file: refused, with the first such row.
    """
    message = f"{place}: column {printable(column, 60)!r} has no id; give every row one"
    return Refusal(message, [outcome("ids_missing", "refused", message)])


@rule("critical", may_be_allowed=False)
def ids_repeated(place: str, name: str, before: str) -> Refusal:
    """Whether every id stands for one row only.

    With an id used twice nobody can say which row is meant: refused, with both rows.
    """
    message = (
        f"{place}: id '{printable(name, 80)}' was already used in {before}; every id must be unique"
    )
    return Refusal(message, [outcome("ids_repeated", "refused", message)])


@rule("critical", may_be_allowed=False)
def row_counts(file: str, n_rows: int, labels_file: str, n_labels: int) -> Refusal:
    """Whether labels and predictions have equally many rows, where no ids join them.

    Without ids row 7 of one file belongs to row 7 of the other: unequal numbers are refused.
    """
    message = (
        f"{file}: has {n_rows:,} rows, but {labels_file} has {n_labels:,}; without ids they are "
        "matched by row order, so the counts must agree"
    )
    return Refusal(message, [outcome("row_counts", "refused", message)])


@rule("critical")
def row_alignment(file: str, labels_file: str) -> Check:
    """Whether the rows of the predictions lie in the order of the labels.

    Where ids join the files they do; without ids the order of the rows is taken as it is.
    """
    return outcome(
        "row_alignment",
        "not_testable",
        f"{file} has no ids: its rows are taken to be in the order of {labels_file}",
    )


@rule("caution")
def ids_matched(
    n_rows: int,
    file: str,
    lost: tuple[int, Sequence[str]],
    extra: tuple[int, Sequence[str]],
    near: Near | None,
) -> Check:
    """Whether every id of the labels is found among the predictions, and the other way round.

    Rows without a partner are left out, counted and named: an alert. Ids that would match
    without their folder, ending, case or leading zeros are offered, never matched silently.
    """
    (n_lost, lost_names), (n_extra, extra_names) = lost, extra
    evidence = {
        "labels_unmatched": n_lost,
        "first_labels_unmatched": list(lost_names),
        "rows_unmatched": n_extra,
        "first_rows_unmatched": list(extra_names),
    }
    if not n_lost and not n_extra:
        return outcome("ids_matched", "passed", f"all {n_rows:,} ids found in {file}", evidence)
    message = (
        f"{_rows(n_lost, 'labelled rows have', 'labelled row has')} no row in {file} and "
        f"{'is' if n_lost == 1 else 'are'} left out{_named(lost)}; "
        f"{_rows(n_extra, f'rows of {file} have', f'row of {file} has')} no label{_named(extra)}"
    )
    mitigation = "Check that both files speak of the same rows."
    if near is not None:
        message += f"; {near.offer}"
        evidence["near"] = {"count": near.count, "without": near.without, "first": near.first}
        mitigation = "Write the ids alike in both files."
    return outcome("ids_matched", "alerted", message, evidence, mitigation=mitigation)


def _rows(count: int, several: str, one: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _named(found: tuple[int, Sequence[str]]) -> str:
    return f" ({first_of(found[1], found[0])})" if found[0] else ""


def first_of(names: Sequence[str] | Texts, count: int) -> str:
    """Return the first three names, and how many more there are."""
    more = f" and {count - 3:,} more" if count > 3 else ""
    return listed(names[:3]) + more
