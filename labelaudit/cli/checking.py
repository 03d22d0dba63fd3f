"""A check of one dataset, or of each that the configuration names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from labelaudit.check import baseline as baselines
from labelaudit.check.formats import FORMATS, render
from labelaudit.check.judging import judge
from labelaudit.check.limits import (
    Gate,
    expect_gates,
    expect_measures,
    expect_on_inconclusive,
    gate_of,
    measure_gate,
)
from labelaudit.check.suspicions import Inputs, has_ids, suspicions_of
from labelaudit.check.verdict import Verdict
from labelaudit.cli.auditfolder import audit_of, target_of
from labelaudit.cli.configured import Told, configuration, datasets_of, is_named, told
from labelaudit.cli.console import colour, emit, emit_data, say, width
from labelaudit.cli.lines import folder_of, inputs_of, lines_of
from labelaudit.core.errors import ConfigError, ExitCode, InputError, LabelauditError, NothingJudged
from labelaudit.core.folder import is_audit, write_text
from labelaudit.core.place import Place, place
from labelaudit.core.results import Audit
from labelaudit.core.text import did_you_mean, printable
from labelaudit.core.version import __version__
from labelaudit.measures import known_measures

# Formats of which several may follow each other on stdout.
_IN_A_ROW = ("text", "markdown", "github")
# Formats with a fingerprint of each suspect.
_REMEMBER = {"sarif", "gitlab", "json"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the command line asks of a check, whatever the dataset."""

    flags: Mapping[str, Any]
    gates: tuple[str, ...]
    config: Path | None
    write_baseline: Path | None
    prune: bool
    today: date
    shown: str
    quiet: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class _Plan:
    """One dataset, what it is held to, and where its verdict goes."""

    where: Place
    known: Told
    wanted: list[Gate]
    accepted: baselines.Baseline | None
    files: list[tuple[str, Path]]


def check_each(asked: Asked, every: bool) -> int:
    """Check one dataset or all, and return the exit code: of all, the gravest.

    Of several one that cannot be read is said, and the others are checked all the same.
    """
    if not every:
        where = _one(asked)
        if not is_named(found := configuration(asked.config), where):
            said = f"{found.path} does not name {where}: only what it says of all datasets holds"
            say(said, asked.quiet)
        return _check(asked, _plan(asked, where))
    plans = _plans(asked)
    codes = []
    for plan in plans:
        try:
            codes.append(_check(asked, plan))
        except LabelauditError as error:
            name = printable(plan.where, 200)
            said = str(error) if str(error).startswith(name) else f"{name}: {error}"
            say(f"labelaudit: {said}")
            codes.append(int(error.exit_code))
    order = (ExitCode.REFUSED, ExitCode.GATE_FAILED, ExitCode.NOTHING_JUDGED, ExitCode.DONE)
    return next((code for code in order if code in codes), ExitCode.DONE)


def _one(asked: Asked) -> Place:
    named = asked.flags["dataset"]
    if named is None:
        named = told(asked.flags, asked.config).values["dataset"] or "."
    return place(str(named))


def _plans(asked: Asked) -> list[_Plan]:
    if asked.flags["dataset"] is not None:
        raise ConfigError("--all: checks what the configuration names; leave AUDIT out")
    if asked.write_baseline is not None or asked.flags["baseline"] is not None:
        raise ConfigError("--all: each dataset has a baseline of its own; name it in its table")
    if asked.shown not in _IN_A_ROW:
        raise ConfigError(
            f"--format {asked.shown}: goes with one dataset; with --all say "
            f"--write {asked.shown}=verdict-{{name}}"
        )
    found = configuration(asked.config)
    names = datasets_of(found)
    if not names:
        where = printable(found.path, 200) if found.path is not None else "labelaudit.toml"
        raise ConfigError(f"--all: {where} names no dataset; add [[dataset]] with a path")
    plans = [_plan(asked, place(name)) for name in names]
    _expect_own(plans, ((plan, str(path)) for plan in plans for _, path in plan.files), "verdict")
    targets = ((plan, str(target_of(plan.where, plan.known))) for plan in plans)
    _expect_own(plans, targets, "audit")
    return plans


def _expect_own(plans: list[_Plan], paths: Iterable[tuple[_Plan, str]], what: str) -> None:
    """Raise ConfigError where two datasets would write the same file or folder."""
    mend = {"verdict": "put {name} into the path", "audit": "say output = in their tables"}[what]
    owners: dict[str, _Plan] = {}
    for plan, path in paths:
        if owners.setdefault(path, plan) is not plan:
            one, other = (printable(it.where, 100) for it in (owners[path], plan))
            raise ConfigError(
                f"{printable(path, 200)}: would hold the {what} of {one} and of {other}; {mend}"
            )


def _plan(asked: Asked, where: Place) -> _Plan:
    """Return what a dataset is held to; all that can be wrong before it is read is said here."""
    known = told(asked.flags, asked.config, where)
    accepting = known.values["baseline"]
    accepted = None
    if accepting is not None and (asked.write_baseline is None or Path(accepting).exists()):
        accepted = baselines.read(Path(accepting))
    wanted = [*known.gates(), *(measure_gate(text) for text in asked.gates)]
    if accepted is not None and all(one.name != "max_new_findings" for one in wanted):
        wanted.insert(0, gate_of("max_new_findings", 0))
    if not wanted and asked.write_baseline is None:
        raise NothingJudged("no gate set; try `labelaudit init`, or --max-flagged-share 5%")
    files = [_file(text, where) for text in known.values["write"] or []]
    expect_on_inconclusive(known.setting("on_inconclusive"))
    expect_gates(known.setting("allow_skipped") or [], wanted)
    if accepted is None and (asked.prune or known.setting("count_moved")):
        raise ConfigError("--prune-baseline and --count-moved: go with --baseline FILE")
    if not is_audit(where):
        expect_measures(wanted, known_measures())
    return _Plan(where=where, known=known, wanted=wanted, accepted=accepted, files=files)


def _check(asked: Asked, plan: _Plan) -> int:
    known, wanted, accepted = plan.known, plan.wanted, plan.accepted
    made = audit_of(plan.where, asked.quiet, known=known)
    own = {measured.name for measured in made.measurements or ()}
    expect_measures(wanted, own | known_measures().keys())
    folder = folder_of(made)
    inputs = _inputs(asked, plan, made)
    suspicions = tuple(
        replace(one, path=f"{folder}/{one.path}") if folder else one
        for one in suspicions_of(made, lines_of(made), inputs)
    )
    accepting = str(known.values["baseline"])
    compared = None
    if accepted is not None:
        suspicions, compared = baselines.matched(suspicions, accepted, accepting, asked.today)
    outcomes = judge(
        made,
        wanted,
        known.setting("on_inconclusive"),
        known.setting("allow_skipped") or [],
        by=known.setting("by") or [],
        baseline=compared,
        count_moved=bool(known.setting("count_moved")),
    )
    if asked.write_baseline is not None:
        now = baselines.baseline_of(made, accepted, inputs)
        baselines.write(now, asked.write_baseline)
        count = f"{len(now.accepted):,} suspects are accepted"
        say(f"wrote {asked.write_baseline}: {count}", asked.quiet)
    elif asked.prune and accepted is not None and compared is not None:
        baselines.write(baselines.without(accepted, compared.stale), Path(accepting))
        say(f"wrote {accepting}: {len(compared.stale):,} stale entries taken out", asked.quiet)
    if not wanted:
        return ExitCode.DONE
    verdict = Verdict(
        dataset=made.dataset.name,
        tool_version=__version__,
        n_examples=made.dataset.n_examples,
        n_flagged=None if made.detection is None else made.detection.n_flagged,
        outcomes=outcomes,
        suspicions=suspicions,
        baseline=compared,
    )
    for name, path in plan.files:
        write_text(path, render(verdict, name, width=width()))
        say(f"wrote {path}", asked.quiet)
    shown = render(verdict, asked.shown, width=width(), colour=colour())
    (emit if asked.shown == "text" else emit_data)(shown)
    return verdict.exit_code


def _inputs(asked: Asked, plan: _Plan, made: Audit) -> Inputs | None:
    """Return what rows are known by that have no ids, where anybody remembers rows."""
    names = {asked.shown, *(name for name, _ in plan.files)}
    remembers = names & _REMEMBER or asked.write_baseline is not None or plan.accepted is not None
    if not remembers or has_ids(made):
        return None
    before = plan.accepted.rests_on if plan.accepted is not None else None
    if before == "rows" and asked.write_baseline is None:
        return None  # as that baseline was written
    found = inputs_of(made)
    if not isinstance(found, str):
        return found
    if before == "inputs":
        raise InputError(
            f"{printable(plan.known.values['baseline'], 200)}: knows rows by their input, which "
            f"cannot be looked at: {found}"
        )
    return None


def _file(text: str, where: Place) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise ConfigError(f"--write {printable(text, 80)}: write FORMAT=PATH, such as junit=a.xml")
    if name not in FORMATS:
        raise ConfigError(
            f"--write {printable(name, 60)}: not one of {', '.join(FORMATS)}"
            f"{did_you_mean(name, FORMATS)}"
        )
    last = Path(str(where)).resolve().name if isinstance(where, Path) else str(where)
    return name, Path(path.replace("{name}", printable(last.rsplit("/", 1)[-1], 80)))
