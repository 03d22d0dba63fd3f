"""Which file of a dataset plays which part: by the user's word, else by its name."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.folder import is_audit
from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.readers import is_array, is_table
from labelaudit.ingest.readers.images import is_image
from labelaudit.ingest.sharding import Candidate, candidates, is_data

# The convention, best name first. A stem also counts with an ending: `pred_probs_resnet18`.
LABEL_STEMS = ("labels", "label", "y", "targets", "train", "data", "dataset")
PREDICTION_STEMS = (
    "pred_probs", "predictions", "preds", "probs", "probabilities", "proba", "predict_proba",
    "oof", "oof_predictions",
)  # fmt: skip
EMBEDDING_STEMS = ("embeddings", "embedding", "features")
CLASS_FILES = ("classes.txt", "class_names.txt")
IMAGE_FOLDERS = ("images", "imgs", "img")
LABEL_COLUMNS = ("label", "labels", "target", "class", "y", "given_label", "category")
# What a single table is called that is cut into files and lies in a folder by itself.
PART_STEMS = ("part", "shard", "")
ID_COLUMNS = (
    "id", "ids", "uid", "image_id", "example_id", "file_name", "filename", "path", "file", "image",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the user said about the input; None leaves it to the convention."""

    labels: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    predictions: str | None = None
    embeddings: str | None = None
    images: str | None = None
    classes: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file or folder, and how it was found.

    `files` are the files that it is cut into, in order; then `path` is their folder, or a
    pattern that they fit.
    """

    path: Path
    how: str
    files: tuple[Path, ...] = ()

    @property
    def first(self) -> Path:
        """The file itself, or the first of those it is cut into."""
        return self.files[0] if self.files else self.path

    @property
    def is_images(self) -> bool:
        """Whether it is a folder of images by class."""
        return not self.files and self.path.is_dir()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Which file plays which part. `labels` is a folder for an image folder by class."""

    root: Path
    labels: Part
    predictions: Part | None = None
    embeddings: Part | None = None
    classes: Part | None = None
    images: Part | None = None

    def shown(self, part: Part) -> str:
        """Name a part as the user would: relative to the dataset where it lies inside."""
        if part.path.is_relative_to(self.root) and part.path != self.root:
            return part.path.relative_to(self.root).as_posix()
        return part.path.name


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
        labels = _find_labels(dataset, rest, folders)
    return _with_options(dataset, labels, choices, found)


def _with_options(
    root: Path, labels: Part, choices: Choices, found: dict[str, list[Candidate]]
) -> Plan:
    parts = {}
    for role in ("predictions", "embeddings"):
        chosen = getattr(choices, role)
        matches = [match for match in found.get(role, []) if match.path != labels.path]
        if chosen is not None:
            part = _chosen(root, chosen, f"--{role}")
            if not (is_array(part.first) or is_table(part.first)):
                raise InputError(
                    f"{printable(chosen)}: not a format that can be read as {role}; "
                    "use .npy, .npz, .csv, .tsv, .jsonl, .parquet or .feather"
                )
            parts[role] = part
        elif matches:
            parts[role] = _only(root, matches, role)
    return Plan(
        root=root,
        labels=labels,
        predictions=parts.get("predictions"),
        embeddings=parts.get("embeddings"),
        classes=_classes_file(root, choices.classes, bool(found) or labels.path.is_dir()),
        images=Part(path=root, how="by class") if labels.is_images else _images(root, choices),
    )


def _find_labels(root: Path, files: list[Candidate], folders: list[Path]) -> Part:
    for stem in LABEL_STEMS:
        matches = _fitting(files, folders, (stem,), endings=False)
        if matches:
            return _only(root, matches, "labels")
    if len(files) == 1 and files[0].parts and files[0].stem in PART_STEMS:
        return _part(files[0], "the only table here")
    if folders:
        return Part(path=root, how="an image folder by class")
    raise InputError(
        f"{printable(root)}: no labels found: looked for labels.csv, labels.npy, train.csv and "
        "the like, and for folders of images by class; name the file with --labels"
    )


def _listed(root: Path) -> tuple[list[Candidate], list[Path]]:
    """Return the files of a folder that may hold data, and its folders."""
    files, folders = [], []
    with os.scandir(root) as entries:
        for entry in entries:
            path = root / entry.name
            if is_data(path) and path.is_file():
                files.append(path)
            elif not entry.name.startswith(".") and _is_folder(entry):
                folders.append(path)
    return candidates(files), sorted(folders)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    if not entry.is_symlink():
        return entry.is_dir()
    return Path(entry.path).is_dir()  # a link that leads in a circle is none


def _fitting(
    files: Iterable[Candidate], folders: Iterable[Path], stems: tuple[str, ...], endings: bool
) -> list[Candidate]:
    """Return the files and folders of files that are named by the convention."""

    def fits(stem: str) -> bool:
        return any(
            stem == wanted or (endings and stem.startswith(wanted + "_")) for wanted in stems
        )

    found = [file for file in files if fits(file.stem)]
    for folder in folders:
        if fits(folder.name.lower()):
            inside = _inside(folder)
            # The splits of a dataset lie side by side, `data/train-*.parquet` and others.
            best = [[file for file in inside if file.stem == stem] for stem in LABEL_STEMS]
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
    near = did_you_mean(named, (path.name for path in root.iterdir()))
    raise InputError(
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
        raise InputError(f"--images {printable(choices.images)}: no such folder")
    for name in IMAGE_FOLDERS:
        if (root / name).is_dir():
            return Part(path=root / name, how="found by name")
    return None


def _nearby(path: Path) -> str:
    parent = path.parent
    if not parent.is_dir():
        return ""
    return did_you_mean(path.name, (sibling.name for sibling in parent.iterdir()))


def pick_column(
    names: tuple[str, ...],
    chosen: str | None,
    known: tuple[str, ...],
    file: str,
    option: str,
) -> str | None:
    """Return the column that the user chose, or the first known name; None where none fits."""
    if chosen is not None:
        if chosen in names:
            return chosen
        raise InputError(
            f"{file}: has no column {printable(chosen, 60)!r} ({option})"
            f"{did_you_mean(chosen, names)}; its columns: {listed(names)}"
        )
    lower = {name.strip().lower(): name for name in reversed(names)}
    return next((lower[name] for name in known if name in lower), None)
