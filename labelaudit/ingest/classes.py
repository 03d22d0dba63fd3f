"""Which class is which: names, codes, and the column of the predictions that belongs to each."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.dataset import Check
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.contract.classes import class_columns
from labelaudit.ingest.contract.classes import classes as classes_check


@dataclass(frozen=True, kw_only=True, slots=True)
class Classes:
    """The classes of a dataset in code order.

    `columns` says which column of the predictions belongs to each class (-1: none), `by_label`
    the code of each label text, `check` what the input contract says of them.
    """

    names: tuple[str, ...]
    columns: tuple[int, ...] | None
    by_label: dict[str, int]
    check: Check


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Class names in column or code order, and who gave them."""

    names: tuple[str, ...]
    source: str


def natural_order(names: Iterable[str]) -> list[str]:
    """Sort names; as numbers where all of them are whole numbers."""
    unique = set(names)
    if all(_is_whole(name) for name in unique):
        return sorted(unique, key=int)
    return sorted(unique)


def _is_whole(name: str) -> bool:
    # Not longer: Python refuses to make a number of 5,000 digits.
    return re.fullmatch("0|-?[1-9][0-9]{0,30}", name) is not None


def are_indices(labels: Iterable[str], size: int) -> bool:
    """Say whether every label is a whole number from 0 to size - 1."""
    return all(_is_whole(label) and 0 <= int(label) < size for label in labels)


def name_classes(
    counts: dict[str, int],
    *,
    n_columns: int | None = None,
    column_classes: Sequence[str] | None = None,
    named: Named | None = None,
    predictions: str = "the predictions",
) -> Classes:
    """Match labels, class names and prediction columns.

    `counts` are the labels that occur, `n_columns` the width of an array of predictions,
    `column_classes` the class names of the columns of a table, `named` names from an option, a
    file or metadata.
    """
    if named is not None and len(set(named.names)) != len(named.names):
        twice = next(name for name in named.names if named.names.count(name) > 1)
        raise ConfigError(f"{named.source}: class {printable(twice, 60)!r} is named twice")
    if column_classes is not None:
        return _from_table(counts, list(column_classes), named, predictions)
    if n_columns is not None:
        return _from_array(counts, n_columns, named, predictions)
    order = list(named.names) if named is not None else natural_order(counts)
    return _matched(counts, order, None, named.source if named else "sorted names", predictions)


def _from_array(
    counts: dict[str, int], n_columns: int, named: Named | None, predictions: str
) -> Classes:
    if named is not None:
        if len(named.names) != n_columns:
            raise class_columns(
                f"{predictions}: has {n_columns} columns, but {named.source} names "
                f"{len(named.names)} classes ({listed(named.names)})"
            )
        return _matched(counts, list(named.names), range(n_columns), named.source, predictions)
    # Labels 0..K-1 are column numbers; without a 0 they might count from 1, so nobody guesses.
    if are_indices(counts, n_columns) and "0" in counts:
        order = [str(column) for column in range(n_columns)]
        how = f"assumed: labels are column numbers 0 to {n_columns - 1}"
    elif len(counts) == n_columns:
        order = natural_order(counts)
        how = f"assumed: columns are the sorted labels ({listed(order)})"
    else:
        raise class_columns(
            f"{predictions}: has {n_columns} columns, but the labels hold {len(counts)} classes "
            f"({listed(natural_order(counts))}); name the class of each column with --classes "
            "or in classes.txt"
        )
    return _matched(counts, order, range(n_columns), how, predictions)


def _from_table(
    counts: dict[str, int], columns: list[str], named: Named | None, predictions: str
) -> Classes:
    codes = list(named.names) if named is not None else []
    if not set(columns) & (set(counts) | set(codes)):  # numbers of names, it may be
        if are_indices(columns, len(codes)):
            columns = [codes[int(column)] for column in columns]
        elif named is not None and are_indices(columns, len(columns)):
            raise class_columns(
                f"{predictions}: has columns for {len(columns)} classes, by number, but "
                f"{named.source} names {len(codes)} classes ({listed(codes)})"
            )
    known = set(columns)
    if named is not None and named.source == "--classes" and not known <= set(codes):
        raise ConfigError(
            f"--classes: names {listed(codes)}, but the columns of {predictions} are named "
            f"{listed(columns)}; leave --classes out, or name these"
        )
    order = codes if codes and known <= set(codes) else natural_order(known)
    where = {name: index for index, name in enumerate(columns)}
    how = "matched by name"
    return _matched(counts, order, [where.get(name, -1) for name in order], how, predictions)


def _matched(
    counts: dict[str, int],
    order: list[str],
    columns: Sequence[int] | None,
    how: str,
    predictions: str,
) -> Classes:
    """Give each label its code: by name, or by number where the labels are numbers of names."""
    total = sum(counts.values())
    if not set(counts) <= set(order) and are_indices(counts, len(order)):
        by_label = {label: int(label) for label in counts}
        unknown: list[str] = []
    else:
        unknown = natural_order(set(counts) - set(order))
        by_label = {name: code for code, name in enumerate([*order, *unknown])}
    lost = sum(counts[label] for label in unknown)
    if columns is not None and lost * 2 > total:
        raise class_columns(
            f"{predictions}: its classes ({listed(order)}) are not those of the labels "
            f"({listed(natural_order(counts))}); name them with --classes"
        )
    names = [*order, *unknown]
    own_columns = None if columns is None else [*columns, *([-1] * len(unknown))]
    seen = {by_label[label] for label, count in counts.items() if count}
    empty = [name for code, name in enumerate(names) if code not in seen]
    table = predictions if columns is not None else None
    check = classes_check(names, how, unknown, lost, empty, table)
    return Classes(
        names=tuple(names),
        columns=None if own_columns is None else tuple(own_columns),
        by_label=by_label,
        check=check,
    )


def chosen_classes(value: str, file: Path | None) -> tuple[str, ...]:
    """Return the names of `--classes`: a file with one name a line, or names between commas."""
    if file is not None:
        return read_class_file(file)
    names = tuple(name.strip() for name in value.split(","))
    if len(names) < 2 or not all(names):
        raise ConfigError(
            f"--classes {printable(value, 60)}: neither a file with one name a line nor names "
            "between commas"
        )
    return names


def read_class_file(path: Path) -> tuple[str, ...]:
    """Read class names, one a line, in column order."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{printable(path.name)}: is not UTF-8 text") from None
    except OSError as error:
        raise InputError(f"{printable(path.name)}: cannot be read: {error.strerror}") from None
    names = tuple(line.strip() for line in text.splitlines() if line.strip())
    if not names:
        raise InputError(f"{printable(path.name)}: names no class; give one name a line")
    return names
