"""An image folder with `metadata.csv`, `.jsonl` or `.parquet`, as Hugging Face reads it.

Origin: https://huggingface.co/docs/datasets/image_dataset. The file names of a table are
relative to the folder that it lies in.
"""

import os
from dataclasses import replace
from itertools import islice
from pathlib import Path

from labelaudit.core.text import listed, printable
from labelaudit.core.texts import Texts
from labelaudit.ingest.contract.ids import ids_repeated
from labelaudit.ingest.convention import IMAGE_FOLDERS, LABEL_COLUMNS, Choices, Part, Plan
from labelaudit.ingest.ids import place_of, texts_in
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.matching import Ids, first_repeat, ids_of
from labelaudit.ingest.readers import open_table
from labelaudit.ingest.readers.files import fault, reading
from labelaudit.ingest.splits import in_order, is_split, of_wanted

_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_FILE_COLUMN = "file_name"
# A table whose files are not there is so from the first rows on.
_LOOKED_FOR = 1_000


def find(path: Path) -> Part | None:
    """Recognise the table beside the images, or in the folder of each split."""
    if not path.is_dir():
        return None
    folders = _folders(path)
    splits = [name for name in in_order(folders) if is_split(name) and _table(path / name)]
    images = [name for name in folders if name.lower() in IMAGE_FOLDERS]
    own = _table(path)
    names = [] if own is not None else splits
    places = [path / name for name in names or images[:1]]
    files = (own,) if own is not None else tuple(filter(None, map(_table, places)))
    if not files or not _is_metadata(files[0]):
        return None
    too_deep = [
        f"{name}/{deep.name}" for name in folders
        if (deep := _table(path / name)) is not None and deep not in files
    ]  # fmt: skip
    notice = f"{listed(too_deep)}: not read; one table for all images lies above"
    shown = listed(file.relative_to(path).as_posix() for file in files)
    return Part(
        path=files[0] if len(files) == 1 else path,
        how=f"the metadata of an image folder: {shown}",
        files=files if len(files) > 1 else (),
        layout="metadata",
        splits=tuple((name, 1) for name in names),
        notices=(notice,) if too_deep else (),
    )


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the labels; the ids are the paths of the images."""
    from labelaudit.ingest.labels import table_labels

    part = of_wanted(part, choices.split)
    labels = table_labels(
        part, plan, choices, scratch, id_columns=(_FILE_COLUMN,), unique=not part.splits
    )
    if labels.ids is None or choices.id_column is not None:
        return labels
    files = part.files or (part.path,)
    folders = [os.path.relpath(file.parent, plan.root).replace(os.sep, "/") for file in files]
    ends = labels.ends or (len(labels.texts),)
    starts = (0, *ends[:-1])
    paths: list[str] = []
    for folder, start, end in zip(folders, starts, ends, strict=True):
        prefix = "" if folder == "." else folder + "/"
        paths += (prefix + name.replace("\\", "/") for name in labels.ids.texts[start:end])
    examples = texts_in([paths], "metadata", scratch)
    # The ids of one table are as it says them; of several they would not be unique.
    ids = _unique(examples, labels, plan.shown(part), scratch) if part.splits else labels.ids
    looked = list(islice(paths, _LOOKED_FOR))
    lost = [name for name in looked if not _is_inside(plan.root, name)]
    notices = labels.notices
    if lost:
        notices += (
            f"{listed(file.name for file in files[:1])}: {len(lost):,} of the first "
            f"{len(looked):,} file names lead to no image here, the first is "
            f"{printable(lost[0], 80)!r}; they are relative to the folder of the table",
        )
    form = "image folder with metadata"
    return replace(labels, ids=ids, format=form, notices=notices, examples=examples)


def _unique(paths: Texts, labels: Labels, file: str, scratch: Path | None) -> Ids:
    """Return the paths as ids; one that stands in two rows is refused."""
    ids = ids_of(paths, scratch)
    found = first_repeat(ids)
    if found is not None and labels.table is not None:
        place, before = (place_of(labels.table, printable(file), row) for row in found)
        raise ids_repeated(place, paths[found[0]], before)
    return ids


def _is_inside(root: Path, name: str) -> bool:
    try:
        target = Path(os.path.realpath(root / name))
        return target.is_relative_to(os.path.realpath(root)) and target.is_file()
    except (OSError, ValueError):  # too long, or with a NUL
        return False


def _folders(path: Path) -> list[str]:
    with reading(path, "folder"), os.scandir(path) as entries:
        found = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    return sorted(name for name in found if not name.startswith("."))


def _table(folder: Path) -> Path | None:
    found = [folder / name for name in _NAMES if (folder / name).is_file()]
    if len(found) > 1:
        raise fault(
            folder, f"holds {listed(file.name for file in found)}; keep one, or name it by --labels"
        )
    return found[0] if found else None


def _is_metadata(table: Path) -> bool:
    """Say whether a table names files and their labels; without labels folders are classes."""
    opened = open_table(table)
    lower = {name.strip().lower() for name in opened.names}
    return _FILE_COLUMN in lower and bool(lower & set(LABEL_COLUMNS) or opened.class_columns)
