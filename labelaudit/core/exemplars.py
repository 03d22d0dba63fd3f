"""Examples that show what each class means: what a page of instructions is made of."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """A small image file as it lies; `size` is its width and height, where its head says them."""

    mime: str
    content: bytes
    size: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemplar:
    """One example of a class; `row` is that of the labels file, from 0.

    `suggested_label` is the most probable class. `text` and `picture` are what it is an example
    of, where the dataset has such that can be shown.
    """

    row: int
    id: str
    self_confidence: float
    label_quality: float
    suggested_label: str
    is_suspect: bool
    text: str | None = None
    picture: Picture | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassExemplars:
    """What shows one class: its most central example, a spread of typical and of doubtful ones.

    `taken_for` are the classes that its suspects look like, most often first, and how many.
    """

    name: str
    n_labels: int
    n_suspects: int
    centre: Exemplar | None
    typical: tuple[Exemplar, ...]
    doubtful: tuple[Exemplar, ...]
    taken_for: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Instructions:
    """Exemplars of the classes of a dataset; `n_classes` are all, those left out among them.

    `by_place` says that embeddings say what is central and typical, not self-confidence alone.
    `notices` are sentences on what could not be shown, and why.
    """

    dataset: str
    n_examples: int
    n_classes: int
    classes: tuple[ClassExemplars, ...]
    by_place: bool
    tool_version: str
    notices: tuple[str, ...] = ()
