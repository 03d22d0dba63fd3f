"""What files of predictions must have in common, so that they are models of one ensemble."""

from collections.abc import Mapping, Sequence
from itertools import combinations

from labelaudit.core.dataset import InputFile
from labelaudit.core.ensemble import MOST_MODELS
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.classes import Classes, Named, natural_order
from labelaudit.ingest.contract.classes import class_columns
from labelaudit.ingest.convention import Part
from labelaudit.ingest.numbers import Numbers


def expect_models(parts: Sequence[Part], named: Sequence[str]) -> None:
    """Raise a ConfigError where a file is given twice, or there are too many of them."""
    if len(parts) > MOST_MODELS:
        raise ConfigError(
            f"--predictions: {len(parts)} files; an ensemble has at most {MOST_MODELS} models"
        )
    files = [{path.resolve() for path in part.files or (part.path,)} for part in parts]
    for one, other in combinations(range(len(files)), 2):
        if files[one] & files[other]:
            raise ConfigError(
                f"--predictions {printable(named[other])}: given twice; name each model's file once"
            )


def expect_different(inputs: Sequence[InputFile]) -> None:
    """Raise an InputError where two files of predictions hold the same, byte by byte."""
    seen: dict[str, str] = {}
    for file in inputs:
        if file.role == "predictions" and not file.fingerprint.startswith("blocks:"):
            before = seen.setdefault(file.fingerprint, file.path)
            if before != file.path:
                raise InputError(
                    f"{before} and {file.path}: hold the same bytes; one model counts once, so "
                    "leave one of them out"
                )


def names_for(models: Sequence[Numbers], number: int) -> Named | None:
    """Return the names of columns that an array holds: its own, else those of another model."""
    model = models[number]
    if model.classes and not model.named_by_table:
        return Named(names=model.classes, source=f"`classes` in {model.file}")
    naming = [other for other in models if other.classes and not other.named_by_table]
    if not naming:
        return None
    first = naming[0]
    assert first.classes is not None
    for other in naming:
        if other.classes != first.classes:
            raise class_columns(
                f"{model.file}: does not name its classes, and {first.file} and {other.file} name "
                "them in another order each; name the class of each column with --classes"
            )
    return Named(names=first.classes, source=f"`classes` in {first.file}")


def expect_same_width(
    widths: Mapping[str, int], names: Mapping[str, Sequence[str] | None] | None = None
) -> None:
    """Refuse files that have not equally many classes, before anyone guesses their names.

    `names` are those that the files say themselves.
    """
    (first, width), *others = [*widths.items()] or [("", 0)]
    for other, own_width in others:
        if own_width != width:
            said = [set((names or {}).get(file) or ()) for file in (first, other)]
            known = said if all(said) else [set(), set()]
            raise _different(
                f"{first} has {width:,} classes, {other} {own_width:,}",
                (first, known[0]),
                (other, known[1]),
            )


def in_one_order(files: Sequence[str], each: Sequence[Classes]) -> list[Classes]:
    """Return the classes of every model in the order of one, with the columns that belong to them.

    Which order that is does not depend on the order in which the files were given.
    """
    if len(files) < 2:
        return list(each)
    lead = min(range(len(files)), key=lambda number: files[number])
    wanted = each[lead]
    found = []
    for file, own in zip(files, each, strict=True):
        if _known(own) != _known(wanted):
            raise _different(
                f"{files[lead]} and {file} name other classes",
                (files[lead], _known(wanted)),
                (file, _known(own)),
            )
        if own.names == wanted.names:
            found.append(own)
            continue
        if {wanted.names[code] for code in wanted.by_label.values()} != set(wanted.by_label):
            raise class_columns(
                f"{files[lead]} and {file}: name the classes in another order each, and the labels "
                "are numbers of one of them; write the names as labels"
            )
        assert own.columns is not None
        column = dict(zip(own.names, own.columns, strict=True))
        columns = tuple(column[name] for name in wanted.names)
        found.append(
            Classes(names=wanted.names, columns=columns, by_label=wanted.by_label, check=own.check)
        )
    return found


def _known(classes: Classes) -> set[str]:
    columns = classes.columns or ()
    return {name for name, column in zip(classes.names, columns, strict=True) if column >= 0}


def _different(what: str, one: tuple[str, set[str]], other: tuple[str, set[str]]) -> InputError:
    only = "".join(
        f"; only {file} knows {listed(natural_order(own - its), most=3)}"
        for (file, own), (_, its) in ((one, other), (other, one))
        if own - its
    )
    return class_columns(f"{what}{only}; all models of an ensemble must have the same classes")
