"""Which file of a dataset plays which part: by the user's word, else by its name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.folder import is_audit
from labelaudit.core.text import did_you_mean, listed, printable
from labelaudit.ingest.readers import is_array, is_table

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
    """A file or folder, and how it was found."""

    path: Path
    how: str


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
    files = sorted(path for path in dataset.iterdir() if path.is_file() and _is_data(path))
    found = {
        "predictions": _by_stem(files, PREDICTION_STEMS, endings=True),
        "embeddings": _by_stem(files, EMBEDDING_STEMS, endings=True),
    }
    taken = {path for matches in found.values() for path in matches}
    if choices.labels is not None:
        labels = Part(path=_chosen(dataset, choices.labels, "--labels"), how="by --labels")
    else:
        labels = _find_labels(dataset, [path for path in files if path not in taken])
    return _with_options(dataset, labels, choices, found)


def _with_options(root: Path, labels: Part, choices: Choices, found: dict[str, list[Path]]) -> Plan:
    parts = {}
    for role in ("predictions", "embeddings"):
        chosen = getattr(choices, role)
        matches = [path for path in found.get(role, []) if path != labels.path]
        if chosen is not None:
            path = _chosen(root, chosen, f"--{role}")
            if not (is_array(path) or is_table(path)):
                raise InputError(
                    f"{printable(chosen)}: not a format that can be read as {role}; "
                    "use .npy, .npz, .csv, .tsv, .jsonl, .parquet or .feather"
                )
            parts[role] = Part(path=path, how=f"by --{role}")
        elif len(matches) > 1:
            names = listed(path.name for path in matches)
            raise InputError(
                f"{printable(root)}: several files could be the {role}: {names}; "
                f"choose one with --{role}"
            )
        elif matches:
            parts[role] = Part(path=matches[0], how="found by name")
    return Plan(
        root=root,
        labels=labels,
        predictions=parts.get("predictions"),
        embeddings=parts.get("embeddings"),
        classes=_classes_file(root, choices.classes, bool(found) or labels.path.is_dir()),
        images=_images(root, choices) if labels.path != root else Part(path=root, how="by class"),
    )


def _find_labels(root: Path, files: list[Path]) -> Part:
    for stem in LABEL_STEMS:
        matches = _by_stem(files, (stem,), endings=False)
        if len(matches) > 1:
            raise InputError(
                f"{printable(root)}: several files could be the labels: "
                f"{listed(path.name for path in matches)}; choose one with --labels"
            )
        if matches:
            return Part(path=matches[0], how="found by name")
    if any(path.is_dir() and not path.name.startswith(".") for path in root.iterdir()):
        return Part(path=root, how="an image folder by class")
    raise InputError(
        f"{printable(root)}: no labels found: looked for labels.csv, labels.npy, train.csv and "
        "the like, and for folders of images by class; name the file with --labels"
    )


def _by_stem(files: Iterable[Path], stems: tuple[str, ...], endings: bool) -> list[Path]:
    def fits(path: Path) -> bool:
        stem = path.name.split(".")[0].lower()
        return any(
            stem == wanted or (endings and stem.startswith(wanted + "_")) for wanted in stems
        )

    return [path for path in files if fits(path)]


def _is_data(path: Path) -> bool:
    return not path.name.startswith(".") and (is_table(path) or is_array(path))


def _chosen(root: Path, named: str, option: str) -> Path:
    """Find a file that the user named: inside the dataset first, then from where they are."""
    for path in (root / named, Path(named)):
        if path.is_file():
            return path
    if (root / named).is_dir() or Path(named).is_dir():
        raise InputError(f"{option} {printable(named)}: is a folder; name a file in it")
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
