"""The parts of the label: frozen values, every string ready to be escaped and printed.

A `str` that holds a number of the audit is a `Figure` or a `Said` with figures in it (see
`figures.py`), one that the dataset named is a `Name`. Floats are geometry: they are drawn, not
printed.
"""

from dataclasses import dataclass

from labelaudit.core.examples import Example
from labelaudit.report.drawn import Agreeing, Bin, ClassMap, Histogram


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """One named figure with a short gloss; `note` stands beside it, quieter."""

    name: str
    gloss: str
    value: str
    note: str = ""
    known: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ClassRow:
    """A class: how many labels it has, how many are suspected, what they look like.

    `bar` is the suspected share over the largest shown, `size` its labels over the largest.
    """

    name: str
    n_labels: int
    labels: str
    share_of_labels: str
    size: float
    tier: str
    flagged: str
    share: str
    bar: float
    low: float | None
    high: float | None
    interval: str
    assessable: str
    looks_like: str
    looks_like_count: str
    estimated: str
    shift: str
    n_estimated: int | None
    flagged_share: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """The front of the label."""

    title: str
    dataset: str
    size: str
    suspected: str
    suspected_known: bool
    share: str
    human_rate: str
    human_known: bool
    human_note: str
    human_lines: tuple[tuple[str, str], ...]  # reviewed m of F, found wrong v (share)
    noise: str
    noise_note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    more_classes: str
    footnotes: tuple[str, ...]
    packet: tuple[tuple[str, str], ...]  # made from, contains, not tested for


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A rung of the ladder of counts; `bar` is its part of the largest count.

    `strong` is the part of the bar that is drawn strongly, as of the largest count; the rest pale.
    """

    name: str
    value: str
    gloss: str
    kind: str  # other | suspected | people
    bar: float | None
    strong: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Warned:
    """An alert, ready to print."""

    severity: str
    message: str
    mitigation: str
    uses: str
    rule: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A badge, ready to print: its name, yes, no or unknown, and the evidence."""

    name: str
    state: str
    evidence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Says:
    """What the model gives to one class: as text, as a bar, and the threshold of the class."""

    name: str
    kind: str  # given | suggested | other
    shown: str
    probability: float
    threshold: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What people said of a suspect: the verdict in words, votes by option, what others chose."""

    name: str
    is_wrong: bool
    votes: tuple[tuple[str, int], ...]  # option (given, suggested, both, neither), how many
    words: str
    annotators: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """A suspected label and the evidence for it.

    `detectors` are all that were asked, and whether each agrees; `beside` is what stands beside
    the model's probabilities, `verdict` what people said, None before they have.
    """

    rank: str
    id: str
    given: str
    suggested: str
    quality: str
    score: float
    why: str
    beside: str
    says: tuple[Says, ...]
    agree: str
    detectors: tuple[tuple[str, bool], ...]
    dissent: str
    verdict: Verdict | None = None
    example: Example | None = None
    gives_given: str
    gives_suggested: str
    needs: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspects:
    """The suspects of the page, what is said of all of them, and what a filter offers."""

    note: str
    rows: tuple[Suspect, ...]
    detectors: tuple[tuple[str, str], ...]  # name, what it looks at
    is_reviewed: bool
    has_pictures: bool
    has_words: bool  # texts or columns of a table


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, for which purpose, and the command for it, empty where there is none."""

    purpose: str
    words: str
    command: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two classes that are taken for each other: suspects of `given` that look like `suggested`.

    `total` counts both directions, `count` the larger, `reverse` the other. `by_chance` are those
    that chance alone would put into the larger, as text; empty where nobody knows. `reads_as` is
    mislabelling, overlap or unclear, `score` that of the pair and `basis` what it rests on; all
    empty where noise or overlap was not measured.
    """

    given: str
    suggested: str
    total: str
    count: str
    n_count: int
    reverse: str
    n_reverse: int
    ways: str  # both ways | mostly one way | one way
    by_chance: str
    sentence: str
    reads_as: str = ""
    score: str = ""
    basis: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixRow:
    """A row of the calibrated joint; `steps` shade the cells from 0 (none) to 6."""

    name: str
    cells: tuple[str, ...]
    counts: tuple[int, ...]
    steps: tuple[int, ...]
    diagonal: int
    off_diagonal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusions:
    """Which classes are taken for which; `is_grouped` where the matrix is one of groups."""

    note: str
    is_grouped: bool = False
    names: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    pairs: tuple[Pair, ...]
    table: tuple[tuple[str, str, str], ...] = ()  # given, suggested, suspects; all, or the first
    more_pairs: str = ""
    kin: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The classes, by size; by shift where all sizes are equal.

    `axis` is the end of the scale of suspected shares, `shift_axis` that of what the model's
    estimate adds or takes, in labels; 0 where it has none. Of many classes `groups` are those
    worth a look, of few it is one group of all; `curve` are the sizes of very many.
    """

    note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    groups: tuple[tuple[str, tuple[ClassRow, ...]], ...]
    curve: tuple[int, ...]
    axis: float
    shift_axis: int
    more_classes: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """What a column holds; `numbers` are lowest, median, highest, mean and deviation."""

    name: str
    kind: str  # nominal | discrete | continuous
    rows: str
    missing: str
    unique: str
    most: str
    least: str
    numbers: tuple[str, ...]
    zeros: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HardPairs:
    """The two classes that are hardest to tell apart, and the next: a figure in each column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[str, ...]], ...]  # one class, the other, their figures
    note: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """Facts about one thing, and a notice: why there are none, or how to read them."""

    note: str
    facts: tuple[Fact, ...] = ()
    bins: tuple[Bin, ...] = ()
    histogram: Histogram | None = None
    notice: str = ""
    agreeing: tuple[Agreeing, ...] = ()
    map: ClassMap | None = None
    pairs: HardPairs | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceRow:
    """A value of a column that the rows are cut by, ready to print.

    `ratio` is its flagged share over that of the rest, `distance` how far its classes are from
    those of the rest, 0 to 1.
    """

    value: str
    rows: str
    suspected: str
    share: str
    interval: str
    ratio: str
    ratio_interval: str
    imbalance: str
    imbalance_interval: str
    distance: str
    distance_interval: str
    absent: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SliceTable:
    """The worst slices by one column, what is said of all of them, and how many are left out."""

    column: str
    note: str
    rows: tuple[SliceRow, ...]
    more: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """Any measure, whatever its name: its figure, or why there is none."""

    name: str
    title: str
    value: str
    unit: str
    interval: str
    sample: str
    source: str
    details: tuple[tuple[str, str], ...]
    skipped: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What was read, how it was checked, which settings were used, and what to cite."""

    inputs: tuple[tuple[str, str, str, str, str], ...]  # role, path, how, bytes, sha256
    notices: tuple[str, ...]
    checks: tuple[tuple[str, str, str], ...]  # status, name, message
    settings: tuple[tuple[str, str, str], ...]  # name, value, origin
    tool: str
    format: str
    citation: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One of the seven modules of the Dataset Nutrition Label: where it is, what it holds."""

    key: str
    name: str
    where: str
    section: str  # the id of the section that holds most of it
    facts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The whole label, section by section."""

    refused: bool
    panel: Panel
    verdict: tuple[str, ...]
    steps: tuple[Step, ...]
    counts: tuple[Count, ...]
    alerts: tuple[Warned, ...]
    alert_totals: str
    badges: tuple[Marked, ...]
    suspects: Suspects
    confusions: Confusions
    balance: Balance
    columns: tuple[Column, ...] = ()
    slices: tuple[SliceTable, ...] = ()
    separability: Section
    calibration: Section
    measures: tuple[Measure, ...]
    measures_note: str
    provenance: Provenance
    modules: tuple[Module, ...]
    glossary: tuple[tuple[str, str], ...]

    @property
    def skipped(self) -> dict[str, list[str]]:
        """The titles of the measures that were skipped, by why and what supplies what they lack."""
        found: dict[str, list[str]] = {}
        for measure in self.measures:
            if measure.skipped:
                found.setdefault(measure.unit, []).append(measure.title)
        return found
