"""The parts of the label: frozen values, every string ready to be escaped and printed."""

from dataclasses import dataclass


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
    human_note: str
    noise: str
    noise_note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    more_classes: str
    footnotes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A rung of the ladder of counts; `bar` is its part of the largest count."""

    name: str
    value: str
    gloss: str
    kind: str  # other | suspected | people
    bar: float | None


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
class Suspect:
    """A suspected label and the evidence for it; thresholds are None where a class has none."""

    rank: int
    id: str
    given: str
    suggested: str
    quality: str
    beside: str
    given_probability: float
    suggested_probability: float
    given_threshold: float | None
    suggested_threshold: float | None
    gives_given: str
    gives_suggested: str
    needs: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Suspects labelled `given` that look like `suggested`, and how many the reverse.

    `by_chance` are those that chance alone would put there, as text; empty where nobody knows.
    `reads_as` is mislabelling, overlap or unclear, `score` that of the pair and `basis` what it
    rests on; all empty where noise or overlap was not measured.
    """

    given: str
    suggested: str
    count: int
    reverse: int
    by_chance: str
    sentence: str
    reads_as: str = ""
    score: str = ""
    basis: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MatrixRow:
    """A row of the calibrated joint; `steps` shade the cells from 0 (none) to 6."""

    name: str
    cells: tuple[int, ...]
    steps: tuple[int, ...]
    diagonal: int
    off_diagonal: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusions:
    """Which classes are taken for which."""

    note: str
    names: tuple[str, ...]
    matrix: tuple[MatrixRow, ...]
    pairs: tuple[Pair, ...]
    more_pairs: str
    kin: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Balance:
    """The classes, by size."""

    note: str
    facts: tuple[Fact, ...]
    classes: tuple[ClassRow, ...]
    axis: float
    more_classes: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """A bin of the reliability plot; `low` to `high` is the interval of its agreement."""

    rows: int
    confidence: float
    agreement: float
    low: float | None = None
    high: float | None = None
    interval: str = ""


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
    """What was read, how it was checked, which settings were used."""

    inputs: tuple[tuple[str, str, str, str, str], ...]  # role, path, how, bytes, sha256
    notices: tuple[str, ...]
    checks: tuple[tuple[str, str, str], ...]  # status, name, message
    settings: tuple[tuple[str, str, str], ...]  # name, value, origin
    tool: str
    format: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """The whole label, section by section."""

    refused: bool
    panel: Panel
    verdict: tuple[str, ...]
    counts: tuple[Count, ...]
    alerts: tuple[Warned, ...]
    alert_totals: str
    badges: tuple[Marked, ...]
    suspects: tuple[Suspect, ...]
    suspects_note: str
    confusions: Confusions
    balance: Balance
    slices: tuple[SliceTable, ...] = ()
    separability: Section
    calibration: Section
    measures: tuple[Measure, ...]
    measures_note: str
    provenance: Provenance
    modules: tuple[tuple[str, str], ...]
    glossary: tuple[tuple[str, str], ...]

    @property
    def skipped(self) -> dict[str, list[str]]:
        """The titles of the measures that were skipped, by why and what supplies what they lack."""
        found: dict[str, list[str]] = {}
        for measure in self.measures:
            if measure.skipped:
                found.setdefault(measure.unit, []).append(measure.title)
        return found
