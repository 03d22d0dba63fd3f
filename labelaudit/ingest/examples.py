"""Which image shows a row: by its path, else by its name without the ending, as on Kaggle."""

import os
from pathlib import Path

from labelaudit.core.texts import Texts, TextsWriter
from labelaudit.ingest.readers.images import images_in

# Where images lie beside a table, as competitions and exports name the folder.
EXAMPLE_FOLDERS = ("images", "imgs", "img", "train_images", "train")
_BLOCK = 1 << 16


def find_examples(
    root: Path, folder: Path | None, ids: Texts, scratch: Path | None = None
) -> Texts | None:
    """Return the image of each id, relative to `root` ('' where there is none).

    None where no id has one. Of images whose names differ but in the folder or the ending, a
    name alone says nothing.
    """
    places = [folder] if folder is not None else [root / name for name in EXAMPLE_FOLDERS]
    known: dict[str, str] = {}
    for place in places:
        if not place.is_dir() or not place.resolve().is_relative_to(root.resolve()):
            continue
        for inside in images_in(place):
            path = (Path(os.path.relpath(place, root)) / inside).as_posix()
            for name in {path, inside.as_posix(), inside.name, inside.stem}:
                known[name] = "" if known.get(name, path) != path else path
    if not known:
        return None
    written = TextsWriter(scratch)
    n_found = 0
    for start in range(0, len(ids), _BLOCK):
        names = ids[start : start + _BLOCK]
        paths = [known.get(name.replace("\\", "/"), "") for name in names]
        n_found += sum(map(bool, paths))
        written.add(paths)
    return written.texts() if n_found else None
