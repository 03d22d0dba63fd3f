"""What a check found: frozen values that every format prints."""

from dataclasses import dataclass

from labelaudit.core.errors import ExitCode

STATUSES = ("passed", "warned", "failed", "skipped")
STATES = ("new", "moved", "known")
SUSPECT_RULE = "suspected_label_error"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one gate said of the dataset, of a class or of a slice.

    `scope` is empty for the dataset, else as `class cat` or `camera=3`. `sense` is "at most" or
    "at least", `unit` what value and limit are in: share, count, ratio, score. `basis` says what
    the number is and what its interval covers; `message` is the finding in one sentence, `remedy`
    what to do. `allowed` is a gate that may be skipped.
    """

    gate: str
    scope: str = ""
    status: str
    value: float | None
    interval: tuple[float, float] | None = None
    limit: float
    sense: str
    unit: str
    basis: str
    message: str
    remedy: str = ""
    allowed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspicion:
    """A suspected label as a check names it, ready to be pointed at.

    `path` is relative to the dataset's folder or repository, with /; `line` counts from 1, with
    the header as the first, None where the file has no lines. `state` is one of `STATES`: "new"
    where there is no baseline. `fingerprint` is 16 hex digits of id and given label.
    """

    rank: int
    row: int
    id: str
    given: str
    suggested: str
    quality: float
    path: str
    line: int | None
    state: str
    fingerprint: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Matched:
    """How the findings compare with a baseline; `stale` are its entries that are found no more.

    `rests_on` says what an example is known again by, and what that cannot promise.
    """

    path: str
    n_new: int
    n_moved: int
    n_known: int
    n_expired: int
    stale: tuple[str, ...]
    rests_on: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What every gate said, and the suspects to look at, most suspicious first.

    `suspicions` are all flagged rows without a baseline, else those that are new or moved.
    """

    dataset: str
    tool_version: str
    n_examples: int
    n_flagged: int | None
    outcomes: tuple[Outcome, ...]
    suspicions: tuple[Suspicion, ...] = ()
    baseline: Matched | None = None

    @property
    def exit_code(self) -> ExitCode:
        """1 where a gate failed, else 4 where one that was asked for could not be judged."""
        if any(outcome.status == "failed" for outcome in self.outcomes):
            return ExitCode.GATE_FAILED
        judged = [outcome for outcome in self.outcomes if outcome.status != "skipped"]
        if not judged or any(o.status == "skipped" and not o.allowed for o in self.outcomes):
            return ExitCode.NOTHING_JUDGED
        return ExitCode.DONE
