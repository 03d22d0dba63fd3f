"""COCO JSON as image classification: the one category of each image.

Source: cocodataset.org/#format-data ("Object Detection"); regions and boxes are passed over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.ingest.columns import columns_of_records
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.exports import find_export, labels_of, mentions, require_no_column
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.document import as_object, read_document, shown
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.votes import BallotBox, Election

_PARTS = ("images", "annotations", "categories")
Key = str | int


def find(path: Path) -> Part | None:
    """Return the file of annotations that a folder holds or a file is, if any."""
    return find_export(path, "coco", "COCO annotations", (".json",), _is_export)


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the category of each image; the order of `categories` is that of the classes."""
    require_no_column(choices, "a COCO file")
    document = read_document(part.path)
    if not is_coco(document):
        raise fault(part.path, "is not COCO: `images`, `annotations` and `categories` must each "
                    "be a list in one object")  # fmt: skip
    election, names = read_coco(part.path, document, scratch)
    return labels_of(
        election,
        part,
        plan.shown(part),
        "one category for each image",
        ids_are="file names",
        format="coco",
        metadata_names=names,
        columns=columns_of_records(
            part.path,
            lambda: ((f"images[{number}]", one) for number, one in enumerate(document["images"])),
            bool(choices.slices),
            roles={"id": "ids", "file_name": "ids"},
        ),
    )


def _is_export(path: Path) -> bool:
    return mentions(path, *(f'"{part}"'.encode() for part in _PARTS), b'"image_id"')


def is_coco(document: object) -> bool:
    """Say whether a document is in COCO's format."""
    return isinstance(document, dict) and all(
        isinstance(document.get(part), list) for part in _PARTS
    )


def read_coco(
    path: Path, document: dict[str, Any], scratch: Path | None = None
) -> tuple[Election, tuple[str, ...]]:
    """Return the category of each image, and the names of all categories in their order.

    The id of an image is its `file_name`. Several different categories on one are refused.
    """
    names: dict[Key, str] = {}
    for number, category in enumerate(document["categories"]):
        where = f"categories[{number}]"
        key, name = _pair(path, where, category, "name")
        if key in names or name in names.values():
            raise fault(path, f"category {printable(name, 60)!r} occurs twice", where=where)
        names[key] = name
    box = BallotBox(printable(path.name), "image", scratch)
    rows: dict[Key, int] = {}
    files: list[str] = []
    for number, image in enumerate(document["images"]):
        where = f"images[{number}]"
        key, file = _pair(path, where, image, "file_name")
        if key in rows:
            raise fault(path, f"image id {printable(key, 60)} occurs twice", where=where)
        rows[key] = box.item(file)
        files.append(file)
    given: dict[int, Key] = {}
    for number, annotation in enumerate(document["annotations"]):
        where = f"annotations[{number}]"
        entry = as_object(annotation, path, where)
        image_id, category_id = (_key(path, where, entry, k) for k in ("image_id", "category_id"))
        if image_id not in rows:
            raise _unknown(path, where, "image_id", image_id)
        if category_id not in names:
            raise _unknown(path, where, "category_id", category_id)
        row = rows[image_id]
        if given.setdefault(row, category_id) != category_id:
            both = f"{names[given[row]]!r:.60} and {names[category_id]!r:.60}"
            raise fault(path, f"image {printable(files[row], 80)!r} has the categories "
                        f"{printable(both)} (multi-label), which is not supported yet; give one "
                        "category per image", where=where)  # fmt: skip
    for row, category_id in given.items():
        box.vote(row, names[category_id])
    return box.count(), tuple(names.values())


def _pair(path: Path, where: str, value: object, text: str) -> tuple[Key, str]:
    """Return the id of an image or a category, and its name."""
    entry = as_object(value, path, where)
    name = entry.get(text)
    if not isinstance(name, str) or not name.strip():
        raise fault(path, f"has no `{text}` but {shown(name)}", where=where)
    return _key(path, where, entry, "id"), name


def _key(path: Path, where: str, entry: dict[str, Any], key: str) -> Key:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise fault(path, f"has no `{key}` but {shown(value)}", where=where)
    return value


def _unknown(path: Path, where: str, key: str, value: Key) -> InputError:
    part = "images" if key == "image_id" else "categories"
    return fault(path, f"`{key}` {shown(value)} is not the id of one of the {part}", where=where)
