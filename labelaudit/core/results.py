"""What an audit found: frozen values that renderers, gates and exporters read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Column, as_array
from labelaudit.core.dataset import Check, InputFile
from labelaudit.core.examples import Example
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.importance import importance
from labelaudit.core.reviews import Reviews
from labelaudit.core.settings import JOINTS, Setting
from labelaudit.core.variables import Variable

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 1

# The columns of findings.parquet and flagged.csv, in this order; scripts rely on the first five.
FINDING_COLUMNS = (
    "rank",
    "id",
    "given_label",
    "suggested_label",
    "label_quality",
    "row",
    "given_probability",
    "suggested_probability",
    "self_confidence",
    "normalized_margin",
    "confidence_weighted_entropy",
    "given_threshold",
    "suggested_threshold",
)
SCORE_COLUMNS = (
    "row",
    "id",
    "given_label",
    "suggested_label",
    "label_quality",
    "is_flagged",
    "self_confidence",
    "normalized_margin",
    "confidence_weighted_entropy",
)

# Findings have a column for each that the dataset is cut by, `by_source` say: with this before
# its name it is never taken for another.
SLICE_PREFIX = "by_"

# How many findings are made at a time when one after the other is looked at.
_MADE_AT_ONCE = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One suspected label error; `evidence` are its further columns, by name."""

    rank: int
    id: str
    given_label: str
    suggested_label: str
    label_quality: float
    row: int
    given_probability: float
    suggested_probability: float
    self_confidence: float
    normalized_margin: float
    confidence_weighted_entropy: float
    given_threshold: float
    suggested_threshold: float
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """Every flagged row, most suspicious first, as columns; index it for a `Finding`.

    Millions of findings are columns of numbers and coded texts; a `Finding` is made when one is
    looked at, a slice is `Findings` again. Columns beyond those of a `Finding` are evidence: which
    there are depends on what the audit had to go by.
    """

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(self.columns["rank"])

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> "Findings": ...

    def __getitem__(self, index: "int | slice") -> "Finding | Findings":
        if isinstance(index, slice):
            return Findings(columns={name: c[index] for name, c in self.columns.items()})
        row = range(len(self))[index]
        return next(iter(self[row : row + 1]))

    def __iter__(self) -> Iterator[Finding]:
        for start in range(0, len(self), _MADE_AT_ONCE):
            some = slice(start, start + _MADE_AT_ONCE)
            lists = [self.columns[name][some].tolist() for name in FINDING_COLUMNS]
            further = self.further
            more = [self.columns[name][some].tolist() for name in further]
            for index, values in enumerate(zip(*lists, strict=True)):
                own = {name: column[index] for name, column in zip(further, more, strict=True)}
                yield Finding(**dict(zip(FINDING_COLUMNS, values, strict=True)), evidence=own)

    @property
    def further(self) -> tuple[str, ...]:
        """The names of the columns of evidence."""
        return tuple(name for name in self.columns if name not in FINDING_COLUMNS)


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetFacts:
    """What was audited. `slices` are the values, in code order, of each column it is cut by.

    `variables` say what the columns hold, the label first.
    """

    name: str
    format: str
    n_examples: int
    n_unlabelled: int
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    has: tuple[str, ...]
    notices: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hierarchy: Hierarchy | None = None
    variables: tuple[Variable, ...] = ()

    @property
    def n_classes(self) -> int:
        return len(self.class_names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """How many suspects of a class look like another, and how many by chance: class codes."""

    given: int
    suggested: int
    count: int
    expected: float
    is_systematic: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Kinship:
    """Two classes that look like one, or a class that looks like two: itself and another.

    `there` is the share of the labels of `given` that the model places in `other`, of those it
    places in either; `back` the same the other way.
    """

    kind: str  # one | two
    given: int
    other: int
    there: float
    back: float


def over_columns(joint: Any, sums: Any) -> Any:
    """Divide each column of a matrix, dense or sparse, by its sum; one without stays zero."""
    if isinstance(joint, np.ndarray):
        return joint / np.maximum(sums, 1)
    return joint.multiply(1 / np.maximum(sums, 1)).tocsr()


@dataclass(frozen=True, kw_only=True, slots=True)
class Detection:
    """Confident-learning error detection: its small results. Matrices are [given, true].

    They are arrays; above 2,048 classes sparse ones (`scipy.sparse.csr_array`).

    `model_noise_estimate` is 1 - trace of the calibrated joint: the model's estimate, bias
    unknown; None where the model is too weak for it to mean anything, as `model_noise_basis`
    says. `model_noise_interval` is of its sampling alone, 95 %: it does not cover the bias.
    `joint` is the rule of collisions, `top` the budget where one was set,
    of the `n_filtered` rows that the filter flags. `model_weights` are
    those of several models in the default ranking; all else rests on their plain mean.
    `n_predicted_neq_given` counts rows whose most probable class is not the label. `ranking`
    says what `label_quality` is. `flagged_by_slice` counts flags by column and value, and
    `expected_by_slice` those that the classes of the slice would explain.
    """

    filter: str
    n_flagged: int
    n_predicted_neq_given: int
    ranking: str
    model_noise_estimate: float | None
    model_noise_basis: str
    confident_joint: Any
    class_thresholds: npt.NDArray[np.float64]
    flagged_by_class: npt.NDArray[np.int64]
    flagged_pairs: tuple[tuple[int, int, int], ...]
    model_noise_interval: tuple[float, float] | None = None
    joint: str = JOINTS[0]
    top: str | None = None
    n_filtered: int | None = None
    model_weights: tuple[float, ...] | None = None
    confusions: tuple[Confusion, ...] = ()
    kinships: tuple[Kinship, ...] = ()
    near_duplicates: Mapping[str, Any] | None = None
    flagged_by_slice: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    expected_by_slice: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @property
    def noise_matrix(self) -> Any:
        """P(given | true) as [given, true]: how a true class is labelled, by the model's estimate.

        The calibrated joint with its columns divided by their sums; a class that the model
        finds nowhere has zeros. Bias unknown, as of all that rests on the joint.
        Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.2; cleanlab estimate_latent.
        """
        return over_columns(self.confident_joint, self.confident_joint.sum(axis=0))

    @property
    def inverse_noise_matrix(self) -> Any:
        """P(true | given) as [true, given]: what a label stands for, by the model's estimate.

        The calibrated joint with its rows divided by their sums, transposed; a class without
        examples has zeros. Bias unknown, as of all that rests on the joint.
        Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.2; cleanlab estimate_latent.
        """
        return over_columns(self.confident_joint.T, self.confident_joint.sum(axis=1))

    @property
    def estimated_prior(self) -> npt.NDArray[np.float64]:
        """P(true): the share of each true class, by the model's estimate.

        The column sums of the calibrated joint. Bias unknown, as of all that rests on the joint.
        Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.2; cleanlab estimate_latent.
        """
        by_true = self.confident_joint.sum(axis=0)
        return np.asarray(by_true / max(int(by_true.sum()), 1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """Something a user of the dataset should know, what it matters for and what to do.

    `basis` says where the threshold comes from; `use_cases` are of train, evaluate, benchmark
    and tail.
    """

    id: str
    severity: str  # critical | caution | info
    module: str
    scope: str
    message: str
    mitigation: str
    value: float | None = None
    threshold: float | None = None
    use_cases: tuple[str, ...] = ("train", "evaluate", "benchmark")
    basis: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """One measured figure with its unit, range and interval, and what stands behind it.

    `interval` is (low, high) where there is one; `interval_kind` says what it covers, or why
    there is none. `details` holds further figures, `per_class` columns in class order.
    """

    name: str
    title: str
    value: float | None
    unit: str
    interval: tuple[float, float] | None = None
    interval_kind: str = "none"
    range: tuple[float | None, float | None] = (None, None)
    better: str = "neither"  # lower | higher | neither
    details: Mapping[str, Any] = field(default_factory=dict)
    per_class: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    sample: Mapping[str, int] = field(default_factory=dict)
    source: str = ""
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Skipped:
    """A measure that could not run: why, and what would supply what it lacks."""

    name: str
    title: str
    reason: str
    remedy: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Audit:
    """An audit as it stands: parts that have not run yet are None.

    `to_frame()` gives every row's scores; `findings` the flagged rows. In a notebook an audit
    shows itself.
    """

    dataset: DatasetFacts
    contract: tuple[Check, ...]
    inputs: tuple[InputFile, ...]
    settings: Mapping[str, Setting]
    tool_version: str
    detection: Detection | None = None
    measurements: tuple[Measurement | Skipped, ...] | None = None
    findings: Findings | None = None
    reviews: Reviews | None = None
    examples: Mapping[int, Example] = field(default_factory=dict)
    scores: Mapping[str, Column] | None = None
    folder: Path | None = None

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Every alert, of the contract and of the measures, most severe first.

        Of one severity those on labels come first; `core.importance` has the order. Alerts of the
        same importance stay as they were raised: contract, then measures.
        """
        raised = [alert_of(check) for check in self.contract if check.status == "alerted"]
        for measured in self.measurements or ():
            if isinstance(measured, Measurement):
                raised.extend(measured.alerts)
        if any(alert.id == "split_leakage.exact" for alert in raised):  # says the same, and more
            raised = [alert for alert in raised if alert.id != "contract.leakage"]
        order = {"critical": 0, "caution": 1, "info": 2}
        return tuple(
            sorted(raised, key=lambda it: (order[it.severity], importance(it.id, it.module)))
        )

    def measurement(self, name: str) -> Measurement | None:
        """Return the measurement of that name, None where it was skipped or not run."""
        for measured in self.measurements or ():
            if measured.name == name and isinstance(measured, Measurement):
                return measured
        return None

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for every example: row, id, given and suggested label, scores, flag."""
        import pandas as pd

        columns = self.scores
        if columns is None and self.folder is not None and self.detection is not None:
            columns = import_module("labelaudit.core.folder").read_scores(self.folder / "scores")
        if columns is None:
            return pd.DataFrame(columns=list(SCORE_COLUMNS))
        return pd.DataFrame({name: as_array(columns[name]) for name in SCORE_COLUMNS})

    def _repr_html_(self) -> str:
        # A notebook asks the value itself, so here alone a noun calls a renderer.
        page: str = import_module("labelaudit.report.html").panel(self)
        return page


def alert_of(check: Check) -> Alert:
    """Return the alert that a check of the input contract raises."""
    return Alert(
        id=f"contract.{check.name}",
        severity=str(check.evidence.get("severity", "caution")),
        module="contract",
        scope="dataset",
        message=check.message,
        mitigation=str(check.evidence.get("mitigation", "Look at the files named here.")),
    )
