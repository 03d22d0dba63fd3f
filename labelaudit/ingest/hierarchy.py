"""Read a tree of classes from YAML or JSON: groups that hold classes or further groups.

Of YAML only the stream of events is taken, no object is ever made of it: no tag is obeyed, an
alias is refused, and every name is the text that stands there (`no` is a class called no).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.text import did_you_mean, listed, printable

MOST_BYTES = 1 << 24
MOST_LEVELS = 64
_ROOT = -1
_EMPTY = ("", "~", "null")  # an unquoted value that says there is none

# What a document holds, one after the other: map, list, end, name or nothing; the name; the line.
_Event = tuple[str, str, int | None]


@dataclass(kw_only=True, slots=True)
class _Open:
    """A mapping or list that is being read: of which node, and the key whose value is next."""

    node: int
    is_map: bool
    line: int | None
    key: str | None = None
    keys: set[str] = field(default_factory=set)
    is_empty: bool = True


def read_hierarchy(path: Path, class_names: Sequence[str], file: str | None = None) -> Hierarchy:
    """Return the tree of a YAML file, or of a `.json`, in which every class stands once.

    Raises
    ------
    InputError : one line with the file, called `file`, the line, and what to do.
    """
    called = file or printable(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{called}: cannot be read: {error.strerror}") from None
    if len(raw) > MOST_BYTES:
        raise InputError(f"{called}: is more than {MOST_BYTES >> 20} MiB; no tree of classes is")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{called}: is not UTF-8; save the file as UTF-8") from None
    is_json = path.suffix.lower() == ".json"
    events = _of_values(_parsed(text, called), called) if is_json else _of_yaml(text, called)
    return _tree(events, class_names, called)


def hierarchy_of(given: Any, class_names: Sequence[str]) -> Hierarchy:
    """Return the tree that a nested mapping describes, or the file of that name."""
    if isinstance(given, str | Path):
        path = Path(given)
        if not path.is_file():
            raise ConfigError(f"hierarchy {printable(given)}: no such file")
        return read_hierarchy(path, class_names)
    return _tree(_of_values(given, "hierarchy"), class_names, "hierarchy")


def _parsed(text: str, called: str) -> Any:
    try:
        # Pairs, or a key that stands twice would be lost; numbers as they are written.
        return json.loads(
            text, object_pairs_hook=_Pairs, parse_int=str, parse_float=str, parse_constant=str
        )
    except RecursionError:
        raise _too_deep(called, None) from None
    except ValueError as error:
        raise InputError(f"{called}: is not JSON ({printable(error, 100)}); mend it") from None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs."""


def _of_values(value: Any, called: str) -> Iterator[_Event]:
    """Yield what lies in nested mappings and lists, without recursion."""
    waiting: list[Iterator[Any]] = [iter([value])]
    while waiting:
        item = next(waiting[-1], waiting)
        if item is waiting:
            waiting.pop()
            if waiting:
                yield "end", "", None
        elif item is None:
            yield "nothing", "null", None  # as YAML has it, a class may be called null
        elif isinstance(item, Mapping | _Pairs):
            pairs = item.items() if isinstance(item, Mapping) else item
            yield "map", "", None
            waiting.append(part for key, own in list(pairs) for part in (str(key), own))
        elif isinstance(item, list | tuple):
            yield "list", "", None
            waiting.append(iter(item))
        elif isinstance(item, bool) or not isinstance(item, str | Integral):
            raise InputError(
                f"{called}: {printable(item, 40)} is no name of a class; put it in quotes"
            )
        else:
            yield "name", str(item), None


def _of_yaml(text: str, called: str) -> Iterator[_Event]:
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    n_documents = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            line = event.start_mark.line + 1
            tag = getattr(event, "tag", None)
            if isinstance(event, yaml.AliasEvent):
                raise InputError(
                    f"{called}, line {line}: aliases (*{printable(event.anchor, 40)}) are not "
                    "read; write out what it stands for"
                )
            if tag not in (None, "!"):
                raise InputError(
                    f"{called}, line {line}: tags ({printable(tag, 60)}) are not read; take it out"
                )
            if isinstance(event, yaml.DocumentStartEvent):
                n_documents += 1
                if n_documents > 1:
                    raise InputError(f"{called}, line {line}: a second document; give one tree")
            elif isinstance(event, yaml.ScalarEvent):
                is_nothing = not event.style and event.value in _EMPTY
                yield "nothing" if is_nothing else "name", event.value, line
            elif isinstance(event, yaml.MappingStartEvent):
                yield "map", "", line
            elif isinstance(event, yaml.SequenceStartEvent):
                yield "list", "", line
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                yield "end", "", line
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{called}, line {mark.line + 1}" if mark is not None else called
        if "nesting depth" in str(getattr(error, "problem", "")):  # PyYAML's own limit, from 6.0.4
            raise _too_deep(called, mark.line + 1 if mark is not None else None) from None
        problem = printable(getattr(error, "problem", None) or "a character not allowed", 100)
        raise InputError(f"{where}: is not YAML ({problem}); mend it") from None


class _Grown:
    """The tree as far as it has been read."""

    def __init__(self, called: str) -> None:
        self.called = called
        self.groups: list[str] = []
        self.group_parents: list[int] = []
        self.classes: dict[str, tuple[int, int | None]] = {}

    def at(self, line: int | None) -> str:
        return self.called if line is None else f"{self.called}, line {line}"

    def group(self, name: str, parent: int) -> int:
        # Half a surrogate pair, which JSON can spell, cannot be written anywhere.
        self.groups.append(name.encode("utf-8", "backslashreplace").decode())
        self.group_parents.append(parent)
        return len(self.groups) - 1

    def add(self, name: str, parent: int, line: int | None) -> None:
        if not name:
            raise InputError(f"{self.at(line)}: an empty name; give the name of a class")
        if name in self.classes:
            before = self.classes[name][1]
            first = f" (first in line {before})" if before is not None else ""
            raise InputError(
                f"{self.at(line)}: the class {printable(name, 60)!r} stands twice{first}; each "
                "class has one place"
            )
        self.classes[name] = (parent, line)


def _tree(events: Iterator[_Event], class_names: Sequence[str], called: str) -> Hierarchy:
    grown = _Grown(called)
    stack: list[_Open] = []
    for kind, name, line in events:
        if kind == "end":
            _close(stack.pop(), grown)
        elif kind in ("map", "list"):
            node = _node_of(stack, grown, line)
            if len(stack) >= MOST_LEVELS:
                raise _too_deep(called, line)
            stack.append(_Open(node=node, is_map=kind == "map", line=line))
        elif not stack:
            break
        else:
            _take(stack[-1], kind, name, line, grown)
    if not grown.classes:
        raise InputError(
            f"{called}: holds no tree of classes; write `group: [class, class]` for each group"
        )
    return _numbered(grown, class_names)


def _too_deep(called: str, line: int | None) -> InputError:
    where = called if line is None else f"{called}, line {line}"
    return InputError(f"{where}: more than {MOST_LEVELS} levels; no tree of classes is so deep")


def _node_of(stack: list[_Open], grown: _Grown, line: int | None) -> int:
    """Return of which node the mapping or list is that begins here: a group of its own, maybe."""
    if not stack:
        return _ROOT
    outer = stack[-1]
    outer.is_empty = False
    if not outer.is_map:
        return outer.node
    if outer.key is None:
        raise InputError(f"{grown.at(line)}: a name is wanted before the colon, not a list")
    key, outer.key = outer.key, None
    return grown.group(key, outer.node)


def _take(outer: _Open, kind: str, name: str, line: int | None, grown: _Grown) -> None:
    """Take a name: a class of a list, the key of a group, or what a key holds."""
    outer.is_empty = False
    if not outer.is_map:
        grown.add(name, outer.node, line)
    elif outer.key is None:
        if not name:
            raise InputError(f"{grown.at(line)}: an empty name; give the name of a group")
        if name in outer.keys:
            raise InputError(
                f"{grown.at(line)}: {printable(name, 60)!r} stands twice in one place; join the two"
            )
        outer.keys.add(name)
        outer.key = name
    else:
        key, outer.key = outer.key, None
        if kind == "nothing":  # `bicycle:` with nothing in it is a class
            grown.add(key, outer.node, line)
        else:  # `vehicles: car` has the one class
            grown.add(name, grown.group(key, outer.node), line)


def _close(ended: _Open, grown: _Grown) -> None:
    if ended.is_empty:
        name = f"{printable(grown.groups[ended.node], 60)!r} " if ended.node != _ROOT else ""
        raise InputError(f"{grown.at(ended.line)}: the group {name}holds no class; take it out")


def _numbered(grown: _Grown, class_names: Sequence[str]) -> Hierarchy:
    """Number the nodes, classes first; refuse a class that is unknown or has no place."""
    known = set(class_names)
    lacking = [name for name in class_names if name not in grown.classes]
    for name, (_, line) in grown.classes.items():
        if name not in known:
            near = did_you_mean(name, lacking) or did_you_mean(name, class_names)
            raise InputError(
                f"{grown.at(line)}: {printable(name, 60)!r} is no class of the dataset{near}"
                + ("" if near else f"; its classes: {listed(class_names, 5)}")
            )
    if lacking:
        group = next((name for name in lacking if name in grown.groups), None)
        said = f"; {printable(group, 60)!r} is a group there, not a class" if group else ""
        what = "the class" if len(lacking) == 1 else f"{len(lacking):,} classes:"
        raise InputError(
            f"{grown.called}: lacks {what} {listed(lacking, 5)}{said}; each class of the dataset "
            "stands in the tree once"
        )
    return _without_trunk(
        grown.groups,
        grown.group_parents,
        [grown.classes[name][0] for name in class_names],
    )


def _without_trunk(groups: list[str], above: list[int], of_classes: list[int]) -> Hierarchy:
    """Leave out groups at the top that hold everything: they tell no class from another."""
    root = _ROOT
    while root not in of_classes:
        tops = [node for node, parent in enumerate(above) if parent == root]
        if len(tops) != 1:
            break
        root = tops[0]
    # A group that holds all comes before what it holds, and is the only one at its level.
    first, n_classes = root + 1, len(of_classes)

    def number(parent: int) -> int:
        return -1 if parent <= root else n_classes + parent - first

    return Hierarchy(
        groups=tuple(groups[first:]),
        parents=(*map(number, of_classes), *map(number, above[first:])),
    )
