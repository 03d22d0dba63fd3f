"""Images in one folder per class."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from labelaudit.ingest.readers.files import fault, reading

_SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")
# Names of splits, in the order in which they are read.
SPLITS = ("train", "val", "valid", "validation", "dev", "test")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageFile:
    """An image, the class whose folder it lies in, and the split, where that has a folder.

    `path` is relative to the dataset, `id` is the same as text.
    """

    id: str
    label: str
    path: Path
    split: str | None = None


def is_image(name: str) -> bool:
    """Say whether a file is an image, by the end of its name."""
    return name.lower().endswith(_SUFFIXES)


def find_images(folder: Path) -> list[ImageFile]:
    """Return the images of `folder/class/file`, sorted by class and file.

    Images in folders within that of a class are of that class, too. Or those of
    `folder/split/class/file`, where folders are named like splits and the others hold no images;
    then a split comes after the other. Hidden entries, other files and links that lead outside
    are passed over.
    """
    with reading(folder, "folder"):
        if folder.is_file():
            raise fault(folder, "is a file; give the folder that holds a folder per class")
        root = os.path.realpath(folder)
        names = _folders(folder, Path(), root)
    splits = sorted((name for name in names if name.lower() in SPLITS), key=_rank)
    if len(splits) < len(names):
        found = _by_class(folder, root, Path(), [name for name in names if name not in splits])
        if found or not splits:
            _expect_classes(folder, names, found)
            return found if not splits else _by_class(folder, root, Path(), names)
    images: list[ImageFile] = []
    for split in splits:
        place = Path(split)
        found = _by_class(folder, root, place, _folders(folder, place, root))
        images += (replace(image, split=split) for image in found)
    return images


def _by_class(folder: Path, root: str, place: Path, labels: list[str]) -> list[ImageFile]:
    found = [image for label in labels for image in _images_of(folder, root, place / label)]
    return sorted(found, key=lambda image: (image.label, image.path.parts))


def _expect_classes(folder: Path, names: list[str], found: list[ImageFile]) -> None:
    """Refuse one folder around those of the classes: it would be taken for the only class."""
    depth = min((len(image.path.parts) for image in found), default=0)
    if len(names) == 1 and depth > 2:
        raise fault(
            folder,
            f"holds one folder, {names[0]!r}, with folders of images in it; give that folder",
        )


def images_in(folder: Path) -> Iterator[Path]:
    """Yield the images of a folder and of the folders in it, relative to it, hidden ones not."""
    with reading(folder, "folder"):
        root = os.path.realpath(folder)
        for place in (Path(), *map(Path, sorted(_folders(folder, Path(), root)))):
            for entry in _visible(folder / place, root):
                if is_image(entry.name) and entry.is_file() and _is_utf8(entry.name):
                    yield place / entry.name


def _rank(split: str) -> tuple[int, str]:
    return SPLITS.index(split.lower()), split


def _folders(folder: Path, place: Path, root: str) -> list[str]:
    with reading(folder / place, "folder"):
        found = _visible(folder / place, root)
        return [entry.name for entry in found if entry.is_dir() and entry.name != "__MACOSX"]


def _images_of(folder: Path, root: str, top: Path) -> Iterator[ImageFile]:
    places = [top]
    while places:
        place = places.pop()
        with reading(folder / place, "folder"):
            for entry in _visible(folder / place, root):
                path = place / entry.name
                if entry.is_dir(follow_symlinks=False):  # a link may lead in a circle
                    places.append(path)
                elif is_image(entry.name) and entry.is_file():
                    if not _is_utf8(path.as_posix()):
                        raise fault(folder / path, "has a name that is not UTF-8; rename it")
                    yield ImageFile(id=path.as_posix(), label=top.name, path=path)


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
    # Neither broken, nor in circles, nor the whole once more.
    return os.path.exists(target) and target.is_relative_to(root) and target != Path(root)


def _is_utf8(name: str) -> bool:
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)
