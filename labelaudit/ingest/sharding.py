"""Which files are the parts of one table or array: those that a number alone tells apart."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.text import listed, printable
from labelaudit.ingest.readers import is_array, is_table

# `train-00000-of-00010` (a hash may follow, as on the Hugging Face hub), `labels-0`, `probs_000`.
_NUMBERED = re.compile(
    r"(?:(?P<stem>.+?)(?P<mark>[-_.]))?(?P<number>[0-9]{1,15})"
    r"(?:-of-(?P<total>[0-9]{1,15})(?:-[0-9a-f]{8,})?)?"
)
# `part-00000-<job>-c000.snappy`, as Spark names them.
_SPARK = re.compile(r"(?P<stem>part)(?P<mark>-)(?P<number>[0-9]{1,15})-(?!of-).+(?P<total>$)")
# A single file of this name is a part and no file of its own.
_NEVER_ALONE = "part"


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbered:
    """A file whose name has a number: `train`, `-`, `00003` of `00010`, `.parquet`."""

    path: Path
    stem: str
    mark: str
    digits: str
    total: str
    ending: str

    @property
    def number(self) -> int:
        return int(self.digits)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A file, or files that are parts of one; `stem` is what the convention is asked about.

    `path` of parts is a pattern, `train-*.parquet`, or their folder. `pieces` are files that are
    one after the other what is asked for, whatever they are called.
    """

    path: Path
    stem: str
    parts: tuple[Numbered, ...] = ()
    pieces: tuple[Path, ...] = ()

    def files(self) -> tuple[Path, ...]:
        """Return the parts in the order of their numbers, or say which is missing or too much."""
        return _complete(self.parts, self.path) if self.parts else self.pieces


def is_data(path: Path) -> bool:
    """Say whether a file may be a table or arrays, by its name."""
    return not path.name.startswith((".", "_")) and (is_table(path) or is_array(path))


def candidates(files: Iterable[Path]) -> list[Candidate]:
    """Group files into those that stand by themselves and those that are parts of one."""
    alone: list[Candidate] = []
    groups: dict[tuple[str, str], list[Numbered]] = {}
    for path in files:
        found = _numbered(path)
        if found is None:
            alone.append(Candidate(path=path, stem=_stem(path.name)))
        else:
            groups.setdefault((found.stem, found.mark), []).append(found)
    grouped: list[Candidate] = []
    for (stem, mark), parts in groups.items():
        first = parts[0]
        if len(parts) == 1 and not first.total and stem.lower() != _NEVER_ALONE:
            alone.append(Candidate(path=first.path, stem=_stem(first.path.name)))
        else:
            pattern = first.path.with_name(f"{stem}{mark}*{first.ending}")
            grouped.append(Candidate(path=pattern, stem=_stem(stem), parts=tuple(parts)))
    return sorted([*alone, *grouped], key=lambda candidate: candidate.path)


def _stem(name: str) -> str:
    return name.split(".")[0].lower()


def _numbered(path: Path) -> Numbered | None:
    bare, ending = _without_ending(path.name)
    found = _SPARK.fullmatch(bare) or _NUMBERED.fullmatch(bare)
    if found is None or path.suffix.lower() == ".npz":  # several arrays: never a part of one
        return None
    return Numbered(
        path=path,
        stem=found["stem"] or "",
        mark=found["mark"] or "",
        digits=found["number"],
        total=found["total"] or "",
        ending=ending,
    )


def _without_ending(name: str) -> tuple[str, str]:
    bare = name[:-3] if name.lower().endswith(".gz") else name
    bare = bare.rpartition(".")[0]
    return bare, name[len(bare) :]


def _complete(parts: Iterable[Numbered], pattern: Path) -> tuple[Path, ...]:
    ordered = sorted(parts, key=lambda part: (part.number, part.path.name))
    first = ordered[0]
    for part in ordered[1:]:
        if part.ending.lower() != first.ending.lower():
            raise _fault(part, f"is {part.ending}, but the first part {_name(first)} is "
                         f"{first.ending}; all parts must be of one format")  # fmt: skip
        if part.total != first.total:
            raise _fault(part, f"says {_says(part)}, but {_name(first)} says {_says(first)}; "
                         "keep the parts of one set only")  # fmt: skip
    for before, part in pairwise(ordered):
        if part.number == before.number:
            raise _fault(part, f"has the same number as {_name(before)}; keep one of them")
    have = {part.number for part in ordered}
    one_based = int(first.total) in have if first.total else 1 in have
    begin = 1 if one_based and 0 not in have else 0
    count = int(first.total) if first.total else ordered[-1].number + 1 - begin
    if ordered[-1].number >= begin + count:
        raise _fault(ordered[-1], f"has a number that {count:,} parts do not have")
    if len(have) < count:
        missing = (n for n in range(begin, begin + count) if n not in have)
        names = [_name_of(number, first) for number in islice(missing, 3)]
        more = count - len(have) - len(names)
        others = f" and {more:,} more" if more else ""
        raise InputError(
            f"{printable(pattern)}: {len(have):,} of {count:,} parts are here, missing: "
            f"{listed(names)}{others}; give all of them, or name a single file"
        )
    return tuple(part.path for part in ordered)


def _name_of(number: int, like: Numbered) -> str:
    total = f"-of-{like.total}" if like.total else ""
    return f"{like.stem}{like.mark}{number:0{len(like.digits)}d}{total}{like.ending}"


def _says(part: Numbered) -> str:
    return f"it is of {int(part.total):,}" if part.total else "not of how many it is"


def _name(part: Numbered) -> str:
    return printable(part.path.name, 80)


def _fault(part: Numbered, problem: str) -> InputError:
    return InputError(f"{printable(part.path)}: {problem}")
