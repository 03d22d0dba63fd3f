"""CVAT for images 1.1: the tag of each image, in XML that is read as a stream.

Source: docs.cvat.ai/docs/other/xml_format (version 1.1) and `dump_as_cvat_annotation` in
cvat/apps/dataset_manager/formats/cvat.py of CVAT 2. Boxes and other shapes are passed over; the
subset of an image, which the export of a project has, is its split. Nothing in the file is
expanded or fetched: a DOCTYPE, without which there are no entities of one's own, is refused.
"""

from __future__ import annotations

from array import array
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np

from labelaudit.core.coded import Coded
from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.ingest.columns import Columns
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.exports import find_export, labels_of, require_no_column
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.files import fault, open_bytes, reading, require_file
from labelaudit.ingest.votes import BallotBox, Election

_BLOCK = 1 << 16
_MOST_TAG = 1 << 22  # bytes of one tag with its attributes; the parser holds it as a whole
_MOST_DEPTH = 100
# Of an image: its subset is its split, and these are no columns.
_SUBSET = "subset"
_OWN = ("id", "name", "width", "height")
_MOST_ATTRIBUTES = 20


def find(path: Path) -> Part | None:
    """Return the XML that a folder holds or a file is, if any."""
    return find_export(path, "cvat", "CVAT annotations", (".xml",), is_cvat)


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the tag of each image."""
    require_no_column(choices, "CVAT's XML")
    election, splits, columns = read_cvat(part.path, scratch)
    return labels_of(
        election,
        part,
        plan.shown(part),
        "one tag for each image",
        ids_are="names of images",
        format="cvat",
        splits=splits,
        columns=columns,
    )


def is_cvat(path: Path) -> bool:
    """Say whether an XML file begins as CVAT's do: with an element `annotations`."""
    found = _Found(path, None)
    with suppress(InputError):  # who reads it will say what is wrong
        _parse(path, found, first_only=True)
    return found.root == "annotations"


def read_cvat(path: Path, scratch: Path | None = None) -> tuple[Election, Coded | None, Columns]:
    """Return the tag of each image, whose name is its id, and its subset, where there are several.

    Several different tags of an image are refused. The columns are the attributes of the images.
    """
    require_file(path)
    box = BallotBox(printable(path.name), "image", scratch)
    found = _Found(path, box)
    _parse(path, found)
    if found.is_video:
        raise fault(path, "is a CVAT export for video, whose tracks are no labels of images; "
                    "export the task as `CVAT for images 1.1`")  # fmt: skip
    if not box.n_items:
        raise fault(path, "holds no image; export the task as `CVAT for images 1.1`")
    if not found.n_tags:
        raise fault(path, "has no tag on any image: shapes are no labels of images; give each "
                    "image a tag, or use another export")  # fmt: skip
    return box.count(), found.splits, found.columns


class _Found:
    """What the parser has met so far: it calls `start` and `end` for each element."""

    def __init__(self, path: Path, box: BallotBox | None) -> None:
        self.root: str | None = None
        self.is_video = False
        self.n_tags = 0
        self._path, self._box = path, box
        self._depth = 0
        self._subsets: dict[str, int] = {}
        self._subset_codes = array("i")
        self._attributes: dict[str, tuple[dict[str, int], Any]] = {}
        self._image: tuple[int, str] | None = None
        self._label: str | None = None
        self.parser = parser = expat.ParserCreate()
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.StartDoctypeDeclHandler = self._doctype

    @property
    def where(self) -> str:
        return f"line {self.parser.CurrentLineNumber}"

    @property
    def splits(self) -> Coded | None:
        """The subset of each image, where there are several."""
        if len(self._subsets) < 2:
            return None
        return Coded(
            distinct=tuple(self._subsets), codes=np.array(self._subset_codes, dtype=np.int32)
        )

    @property
    def columns(self) -> Columns:
        """The attributes of the images, each a column, but those that name or size them."""
        n_images = len(self._subset_codes)
        coded = {}
        for name, (known, codes) in self._attributes.items():
            codes.extend([-1] * (n_images - len(codes)))
            coded[name] = Coded(distinct=tuple(known), codes=np.array(codes, dtype=np.int32))

        def head(name: str) -> list[str | None]:
            return list(coded[name].distinct)

        roles = {_SUBSET: "splits"} if len(self._subsets) > 1 else {}
        return Columns(names=tuple(coded), coded=coded.__getitem__, head=head, roles=roles)

    def _note(self, attributes: dict[str, str]) -> None:
        row = len(self._subset_codes) - 1
        for name, text in attributes.items():
            if name in _OWN or not text.strip():
                continue
            if name not in self._attributes and len(self._attributes) >= _MOST_ATTRIBUTES:
                continue
            known, codes = self._attributes.setdefault(name, ({}, array("i")))
            codes.extend([-1] * (row - len(codes)))
            codes.append(known.setdefault(text, len(known)))

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _MOST_DEPTH:
            raise fault(self._path, "nested too deeply for an export of CVAT", where=self.where)
        self.root = self.root or name
        if self._box is None:
            return
        if self._depth == 2 and name == "track":
            self.is_video = True
        elif self._depth == 2 and name == "image":
            if not attributes.get("name", "").strip():
                raise fault(self._path, "image has no `name`; export again", where=self.where)
            self._image = (self._box.item(attributes["name"]), attributes["name"])
            subset = attributes.get(_SUBSET, "")
            self._subset_codes.append(self._subsets.setdefault(subset, len(self._subsets)))
            self._note(attributes)
            self._label = None
        elif self._depth == 3 and name == "tag" and self._image is not None:
            self._tag(attributes.get("label", ""), *self._image)

    def end(self, name: str) -> None:
        if self._depth == 2 and self._image is not None and self._box is not None:
            if self._label is not None:
                self._box.vote(self._image[0], self._label)
            self._image = None
        self._depth -= 1

    def _tag(self, label: str, _: int, image: str) -> None:
        if not label.strip():
            raise fault(self._path, "tag has no `label`; export again", where=self.where)
        self.n_tags += 1
        if self._label is not None and self._label != label:
            raise fault(
                self._path,
                f"image {printable(image, 80)!r} has the tags {printable(self._label, 60)!r} and "
                f"{printable(label, 60)!r} (multi-label), which is not supported yet; give one "
                "tag per image",
                where=self.where,
            )
        self._label = label

    def _doctype(self, name: str, *_: Any) -> None:
        self.root = self.root or name
        raise fault(
            self._path,
            "has a DOCTYPE, with which a file can swell or reach for others; CVAT writes none: "
            "remove it",
            where=self.where,
        )


def _parse(path: Path, found: _Found, first_only: bool = False) -> None:
    n_fed = 0
    parser = found.parser
    # A name of an encoding that Python does not have is a LookupError.
    with reading(path, "XML file", expat.ExpatError, ValueError, LookupError):
        with open_bytes(path) as stream:
            while block := stream.read(_BLOCK):
                parser.Parse(block, False)
                n_fed += len(block)
                if n_fed - max(parser.CurrentByteIndex, 0) > _MOST_TAG:
                    raise fault(path, f"one tag of more than {_MOST_TAG >> 20} MiB; that is no "
                                "export of CVAT", where=found.where)  # fmt: skip
                if first_only and found.root is not None:
                    return
        parser.Parse(b"", True)
