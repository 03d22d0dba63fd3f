"""Examples that show what each class means: what a page of instructions is made of."""

from dataclasses import dataclass

from labelaudit.core.examples import Example


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemplar:
    """One example of a class; `row` is that of the labels file, from 0.

    `suggested_label` is the most probable class. `example` is what it looks like, where the
    dataset has something that can be shown.
    """

    row: int
    id: str
    self_confidence: float
    label_quality: float
    suggested_label: str
    is_suspect: bool
    example: Example | None = None


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
