"""Layouts of other tools, a module each, that are known by their structure, not by a name.

A module of this package has two functions, and is registered by its name in one of the lists:

    def find(path: Path) -> Part | None
        Say whether a folder or file is of this layout: a Part with `layout` the module's own
        name, `path` (the folder or file), `how` (what was found, for people) and `files` (what
        is read, so that a change of it is noticed); None where it is not. Cheap: it looks at
        names and the head of a file. What is of the layout but broken is an InputError of one
        line, what is found and not read belongs into `notices`.

    def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels
        Read it: `ingest.labels.Labels`. Tables in it are read by `ingest.labels.table_labels`.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.labelled import Labels

# Structures that nothing else has: they are asked before any name is.
SURE = ("save_to_disk",)
# Structures that are asked where no file is named like labels, in this order.
LIKELY = (
    "metadata", "label_studio", "argilla", "cvat", "coco", "fasttext", "svmlight",
)  # fmt: skip


class Layout(Protocol):
    """What a module of this package offers."""

    def find(self, path: Path, /) -> Part | None: ...

    def read(self, part: Part, plan: Plan, choices: Choices, scratch: Path | None, /) -> Labels: ...


def find_layout(path: Path, names: tuple[str, ...]) -> Part | None:
    """Return the part that the first layout that knows a folder or file makes of it."""
    return next((part for name in names if (part := layout(name).find(path))), None)


def layout(name: str) -> Layout:
    """Return the module of a layout; it is imported when it is asked for."""
    return cast(Layout, import_module(f"{__name__}.{name}"))
