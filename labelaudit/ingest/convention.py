"""The convention: what the files and columns of a dataset are called, and who plays which part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, listed, printable

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


TEXT_COLUMNS = (
    "text", "sentence", "review", "content", "comment", "body", "document", "message", "question",
    "utterance", "tweet",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What the user said about the input; None leaves it to the convention.

    Several `predictions` are those of an ensemble. `by` names the columns to cut the rows by.
    """

    labels: str | None = None
    label_column: str | None = None
    id_column: str | None = None
    text_column: str | None = None
    predictions: str | Sequence[str] | None = None
    embeddings: str | None = None
    images: str | None = None
    classes: str | None = None
    hierarchy: str | None = None
    logits: bool = False
    split: str | None = None
    by: str | Sequence[str] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The files of predictions that were named."""
        if self.predictions is None:
            return ()
        one = isinstance(self.predictions, str | Path)
        return tuple(map(str, [self.predictions] if one else self.predictions))

    @property
    def slices(self) -> tuple[str, ...]:
        """The columns to cut the rows by, each once."""
        return tuple(dict.fromkeys([self.by] if isinstance(self.by, str) else self.by))


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """A file or folder, and how it was found.

    `files` are the files that it is cut into, in order; then `path` is their folder, or a
    pattern that they fit. `layout` is the module of `ingest.layouts` that reads it, where it is
    no plain table, array or image folder. `splits` are the splits that `files` are of, in
    order, and how many files each has. `notices` say what was found and is not read.
    """

    path: Path
    how: str
    files: tuple[Path, ...] = ()
    layout: str | None = None
    splits: tuple[tuple[str, int], ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def first(self) -> Path:
        """The file itself, or the first of those it is cut into."""
        return self.files[0] if self.files else self.path

    @property
    def is_images(self) -> bool:
        """Whether it is a folder of images by class."""
        return self.layout is None and not self.files and self.path.is_dir()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Which file plays which part. `labels` is a folder for an image folder by class.

    Each part of `predictions` is one model's. `places` are where what was fetched lies, the
    innermost first, and the URL it came from.
    """

    root: Path
    labels: Part
    predictions: tuple[Part, ...] = ()
    embeddings: Part | None = None
    classes: Part | None = None
    images: Part | None = None
    hierarchy: Part | None = None
    places: tuple[tuple[Path, str], ...] = ()

    def shown(self, part: Part) -> str:
        """Name a part as the user would: by its URL, or relative to the dataset it lies in."""
        for place, url in self.places:
            if part.path.is_relative_to(place):
                inside = part.path.relative_to(place).as_posix()
                return url if inside == "." else f"{url}/{inside}"
        if part.path.is_relative_to(self.root) and part.path != self.root:
            return part.path.relative_to(self.root).as_posix()
        return part.path.name


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
        raise ConfigError(
            f"{file}: has no column {printable(chosen, 60)!r} ({option})"
            f"{did_you_mean(chosen, names)}; its columns: {listed(names)}"
        )
    lower = {name.strip().lower(): name for name in reversed(names)}
    return next((lower[name] for name in known if name in lower), None)
