"""Images in one folder per class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.text import listed, printable
from labelaudit.ingest.readers.files import fault, reading

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
_SPLITS = frozenset({"train", "val", "valid", "validation", "test"})


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFile:
    """An image and the class whose folder it lies in; `path` is relative to the dataset."""

    id: str
    label: str
    path: Path


def is_image(name: str) -> bool:
    """Say whether a file is an image, by the end of its name."""
    return name.lower().endswith(_SUFFIXES)


def find_images(folder: Path) -> list[ImageFile]:
    """Return the images of `folder/class/file`, sorted by class and file.

    Hidden entries, other files, deeper folders and links that lead outside are passed over.
    """
    with reading(folder, "folder"):
        if folder.is_file():
            raise fault(folder, "is a file; give the folder that holds a folder per class")
        root = os.path.realpath(folder)
        classes = [entry.name for entry in _visible(folder, root) if entry.is_dir()]
    if classes and all(name.lower() in _SPLITS for name in classes):
        split = folder / ("train" if "train" in classes else min(classes))
        raise fault(
            folder,
            f"holds the splits {listed(sorted(classes))}, not classes; "
            f"point at one of them, e.g. {printable(split)}",
        )
    images = [image for label in classes for image in _images_of(folder, root, label)]
    return sorted(images, key=lambda image: (image.label, image.path.name))


def _images_of(folder: Path, root: str, label: str) -> Iterator[ImageFile]:
    with reading(folder / label, "folder"):
        for entry in _visible(folder / label, root):
            if is_image(entry.name) and entry.is_file():
                path = Path(label, entry.name)
                if not _is_utf8(path.as_posix()):
                    raise fault(folder / path, "has a name that is not UTF-8; rename it")
                yield ImageFile(id=path.as_posix(), label=label, path=path)


def _visible(folder: Path, root: str) -> Iterator[os.DirEntry[str]]:
    """Yield what lies in a folder, hidden entries and links out of the root left out."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and _stays_inside(entry, root):
                yield entry


def _stays_inside(entry: os.DirEntry[str], root: str) -> bool:
    if not entry.is_symlink():
        return True
    target = Path(os.path.realpath(entry.path))
    return os.path.exists(target) and target.is_relative_to(root)  # neither broken nor in circles


def _is_utf8(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)
