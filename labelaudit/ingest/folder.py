"""Which file of a dataset plays which part: by the user's word, else by its name."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.folder import is_audit
from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.array_splits import (
    arrays_by_split,
    labels_of_splits,
    predictions_of_splits,
)
from labelaudit.ingest.convention import (
    CLASS_FILES,
    EMBEDDING_STEMS,
    ID_COLUMNS,
    IMAGE_FOLDERS,
    LABEL_COLUMNS,
    LABEL_STEMS,
    PART_STEMS,
    PREDICTION_STEMS,
    Choices,
    Part,
    Plan,
    pick_column,
)
from labelaudit.ingest.ensemble import expect_models
from labelaudit.ingest.layouts import LIKELY, SURE, find_layout
from labelaudit.ingest.readers import is_array, is_json, is_table
from labelaudit.ingest.readers.images import SPLITS, is_image
from labelaudit.ingest.sharding import Candidate, candidates, is_data
from labelaudit.ingest.splits import in_order, is_split, split_part

__all__ = [
    "CLASS_FILES",
    "EMBEDDING_STEMS",
    "ID_COLUMNS",
    "IMAGE_FOLDERS",
    "LABEL_COLUMNS",
    "LABEL_STEMS",
    "PREDICTION_STEMS",
    "Choices",
    "Part",
    "Plan",
    "pick_column",
    "plan",
]


def plan(dataset: Path, choices: Choices) -> Plan:
    """Decide which file plays which part, or say in one line what is missing or ambiguous."""
    try:
        return _plan(dataset, choices)
    except OSError as error:
        place = printable(error.filename or dataset, 200)
        raise InputError(f"{place}: cannot be read: {error.strerror}") from None


def _plan(dataset: Path, choices: Choices) -> Plan:
    if not dataset.exists():
        raise InputError(f"{printable(dataset)}: no such file or folder{_nearby(dataset)}")
    if is_audit(dataset):
        raise InputError(
            f"{printable(dataset)}: is an audit, not a dataset; read it with `labelaudit report`"
        )
    if not dataset.is_dir():
        if choices.labels is not None:
            raise ConfigError("--labels: DATASET is one file and holds the labels already")
        return _with_options(dataset.parent, Part(path=dataset, how="as given"), choices, {})
    files, folders = _listed(dataset)
    found = {
        "predictions": _fitting(files, folders, PREDICTION_STEMS, endings=True),
        "embeddings": _fitting(files, folders, EMBEDDING_STEMS, endings=True),
    }
    taken = {match.path for matches in found.values() for match in matches}
    if choices.labels is not None:
        labels = _chosen(dataset, choices.labels, "--labels")
    else:
        rest = [file for file in files if file.path not in taken]
        labels = _find_labels(dataset, rest, folders, choices, files)
        if labels.splits and is_array(labels.first):
            found["predictions"] = predictions_of_splits(files, labels) or found["predictions"]
    return _with_options(dataset, labels, choices, found)


def _with_options(
    root: Path, labels: Part, choices: Choices, found: dict[str, list[Candidate]]
) -> Plan:
    # A file that is named, or is named like labels, may still be the export of a tool.
    if labels.layout is None and labels.path.is_file():
        labels = find_layout(labels.path, LIKELY) or labels
    chosen = {
        "predictions": choices.models,
        "embeddings": (choices.embeddings,) if choices.embeddings is not None else (),
    }
    parts: dict[str, tuple[Part, ...]] = {}
    for role, named in chosen.items():
        matches = [match for match in found.get(role, []) if match.path != labels.path]
        parts[role] = tuple(numbers_part(root, name, role) for name in named)
        if matches and not named:
            parts[role] = (_only(root, matches, role),)
    expect_models(parts["predictions"], choices.models)
    return Plan(
        root=root,
        labels=labels,
        predictions=parts["predictions"],
        embeddings=next(iter(parts["embeddings"]), None),
        classes=_classes_file(root, choices.classes, bool(found) or labels.path.is_dir()),
        images=Part(path=root, how="by class") if labels.is_images else _images(root, choices),
        hierarchy=_chosen(root, choices.hierarchy, "--hierarchy")
        if choices.hierarchy is not None
        else None,
    )


def numbers_part(root: Path, named: str, role: str, option: str = "") -> Part:
    """Find the predictions or embeddings (`role`) that the user named with an option."""
    part = _chosen(root, named, option or f"--{role}")
    known = is_array(part.first) or is_table(part.first)
    if not known and not (role == "predictions" and is_json(part.first)):
        raise InputError(
            f"{printable(named)}: not a format that can be read as {role}; "
            "use .npy, .npz, .csv, .tsv, .jsonl, .parquet or .feather"
        )
    return part


def _find_labels(
    root: Path,
    files: list[Candidate],
    folders: list[Path],
    choices: Choices,
    everything: list[Candidate],
) -> Part:
    if sure := find_layout(root, SURE):
        return sure
    for stem in LABEL_STEMS:
        matches = _fitting(files, folders, (stem,), endings=False)
        if matches and all(is_split(match.stem) for match in matches):
            return _splits(root, files, folders, matches, choices)
        if matches:
            return _only(root, matches, "labels")
    if likely := find_layout(root, LIKELY):
        return likely
    others = _fitting(files, folders, SPLITS, endings=False)
    if others:
        return _splits(root, files, folders, others, choices)
    if apart := arrays_by_split(files, LABEL_STEMS):
        return labels_of_splits(apart, everything, choices)
    if len(files) == 1 and files[0].parts and files[0].stem in PART_STEMS:
        return _part(files[0], "the only table here")
    configurations = [folder for folder in folders if _split_tables(folder)]
    if len(configurations) > 1:
        raise InputError(
            f"{printable(root)}: several folders hold splits: "
            f"{listed(folder.name for folder in configurations)}; point at one of them"
        )
    if configurations:
        return _splits(root, [], [], _split_tables(configurations[0]), choices)
    if folders:
        return Part(path=root, how=_how_images(folders))
    raise InputError(
        f"{printable(root)}: no labels found: looked for labels.csv, labels.npy, train.csv and "
        "the like, and for folders of images by class; name the file with --labels"
    )


def _splits(
    root: Path,
    files: list[Candidate],
    folders: list[Path],
    found: list[Candidate],
    choices: Choices,
) -> Part:
    """Return the files of all splits that lie beside those found."""
    if all(is_table(match.path) or match.parts for match in found):
        beside = [match for match in files if is_split(match.stem)]
        beside += _fitting([], [folder for folder in folders if is_split(folder.name)], SPLITS)
        paths = {match.path for match in found}
        found = found + [
            match
            for match in beside
            if match.path not in paths and (is_table(match.path) or match.parts)
        ]
    for match in found:
        same = [other for other in found if other.stem == match.stem]
        if len(same) > 1:
            return _only(root, same, "labels")
    if len(found) == 1 and choices.split != found[0].stem:
        return _part(found[0], "found by name")  # a column may say the splits
    return split_part(found, choices)


def _split_tables(folder: Path) -> list[Candidate]:
    inside = [match for match in _inside(folder) if is_split(match.stem)]
    return [match for match in inside if match.parts or is_table(match.path)]


def _how_images(folders: list[Path]) -> str:
    splits = [folder.name for folder in folders if is_split(folder.name)]
    if splits and not any(_holds_images(folder) for folder in folders):
        return f"an image folder by split and class, splits {listed(in_order(splits))}"
    return "an image folder by class"


def _holds_images(folder: Path) -> bool:
    with os.scandir(folder) as entries:
        return any(is_image(entry.name) and not entry.name.startswith(".") for entry in entries)


def _listed(root: Path) -> tuple[list[Candidate], list[Path]]:
    """Return the files of a folder that may hold data, and its folders."""
    files, folders = [], []
    with os.scandir(root) as entries:
        for entry in entries:
            path = root / entry.name
            if (is_data(path) or _is_document(path)) and path.is_file():
                files.append(path)
            elif not entry.name.startswith(".") and _is_folder(entry):
                folders.append(path)
    return candidates(files), sorted(folders)


def _is_document(path: Path) -> bool:
    """Say whether a file is called like predictions in JSON: what else is in JSON, layouts know."""
    stem = path.name.split(".")[0].lower()
    return is_json(path) and any(re.match(f"{known}([_-]|$)", stem) for known in PREDICTION_STEMS)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    if not entry.is_symlink():
        return entry.is_dir()
    return Path(entry.path).is_dir()  # a link that leads in a circle is none


def _fitting(
    files: Iterable[Candidate],
    folders: Iterable[Path],
    stems: tuple[str, ...],
    endings: bool = False,
) -> list[Candidate]:
    """Return the files and folders of files that are named by the convention."""

    def fits(stem: str) -> bool:
        return any(
            stem == wanted or (endings and stem.startswith((f"{wanted}_", f"{wanted}-")))
            for wanted in stems
        )

    found = [file for file in files if fits(file.stem)]
    for folder in folders:
        if fits(folder.name.lower()):
            inside = _inside(folder)
            if is_split(folder.name) and not endings:
                inside = [replace(file, stem=folder.name.lower()) for file in inside]
            # The splits of a dataset lie side by side, `data/train-*.parquet` and others.
            best = [[file for file in inside if file.stem == stem] for stem in LABEL_STEMS]
            best.append([file for file in inside if is_split(file.stem)])
            if any(is_split(file.stem) for file in next(filter(None, best), [])):
                best = [best[-1]]
            found += inside if endings else next(filter(None, best), inside)
    return found


def _inside(folder: Path) -> list[Candidate]:
    """Return what a folder holds if it holds but tables or arrays: not images, not folders."""
    paths = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "_")):
                continue
            if _is_folder(entry) or is_image(entry.name) or entry.name == "audit.json":
                return []
            paths.append(folder / entry.name)
    found = candidates(path for path in paths if is_data(path))
    if len(found) == 1 and found[0].parts:
        return [Candidate(path=folder, stem=found[0].stem, parts=found[0].parts)]
    return found


def _only(root: Path, matches: Sequence[Candidate], role: str) -> Part:
    if len(matches) > 1:
        names = listed(match.path.relative_to(root).as_posix() for match in matches)
        raise InputError(
            f"{printable(root)}: several files could be the {role}: {names}; "
            f"choose one with --{role}"
            + (
                ", or give --predictions once for each to audit them as an ensemble"
                if role == "predictions"
                else ""
            )
        )
    return _part(matches[0], "found by name")


def _part(found: Candidate, how: str) -> Part:
    files = found.files()
    return Part(path=found.path, how=how + _count(files), files=files)


def _count(files: Sequence[Path]) -> str:
    return "" if not files else f", {len(files):,} part{'s' if len(files) > 1 else ''}"


def _chosen(root: Path, named: str, option: str) -> Part:
    """Find what the user named: inside the dataset first, then from where they are."""
    for path in (root / named, Path(named)):
        if path.is_file():
            return Part(path=path, how=f"by {option}")
        if path.is_dir():
            inside = _inside(path) or candidates(file for file in path.iterdir() if is_data(file))
            if len(inside) == 1:
                return _part(inside[0], f"by {option}")
            what = f", one of {listed(file.path.name for file in inside)}" if inside else ""
            raise InputError(f"{option} {printable(named)}: is a folder; name a file in it{what}")
        if "*" in path.name and path.parent.is_dir():
            for found in candidates(file for file in path.parent.iterdir() if is_data(file)):
                if found.parts and found.path.name == path.name:
                    return _part(found, f"by {option}")
    if (root / named).exists() or Path(named).exists():
        raise ConfigError(f"{option} {printable(named)}: is not a regular file")
    near = did_you_mean(named, (path.name for path in root.iterdir()))
    raise ConfigError(
        f"{option} {printable(named)}: no such file in {printable(root)} or here{near}"
    )


def _classes_file(root: Path, chosen: str | None, by_name: bool) -> Part | None:
    if chosen is not None:  # a file, or the names themselves
        paths = [] if "," in chosen else [root / chosen, Path(chosen)]
        return next((Part(path=p, how="by --classes") for p in paths if p.is_file()), None)
    names = CLASS_FILES if by_name else ()
    paths = [root / name for name in names]
    return next((Part(path=p, how="found by name") for p in paths if p.is_file()), None)


def _images(root: Path, choices: Choices) -> Part | None:
    if choices.images is not None:
        for path in (root / choices.images, Path(choices.images)):
            if path.is_dir():
                return Part(path=path, how="by --images")
        raise ConfigError(f"--images {printable(choices.images)}: no such folder")
    for name in IMAGE_FOLDERS:
        if (root / name).is_dir():
            return Part(path=root / name, how="found by name")
    return None


def _nearby(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return ""
    return did_you_mean(path.name, (sibling.name for sibling in parent.iterdir()))
