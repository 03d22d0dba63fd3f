"""`labelaudit check`: gates on label quality, for CI."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, NothingJudged
from labelaudit.core.place import Place, Url
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from labelaudit.check.gates import Gate

EXAMPLES = """\b
Examples:
  labelaudit check digits-audit --max-flagged-share 10% --min-class-examples 100
  labelaudit check digits-audit --max-model-noise 0.09 --on-inconclusive fail
  labelaudit check data/ --max-flagged-share 5% --write junit=labels.xml --write sarif=labels.sarif
  labelaudit check digits-audit --write-baseline labelaudit-baseline.json
  labelaudit check digits-audit --baseline labelaudit-baseline.json
  labelaudit check digits-audit --gate 'measure.brier_score<=0.2'"""


def _limit(flag: str, metavar: str, help: str) -> Any:
    return typer.Option(flag, metavar=metavar, show_default=False, help=help)


def check(
    audit: opt.AuditPath,
    max_model_noise: Annotated[
        str | None, _limit("--max-model-noise", "SHARE", "Noise by the model's estimate.")
    ] = None,
    max_error_rate: Annotated[
        str | None, _limit("--max-error-rate", "SHARE", "Human-checked error rate.")
    ] = None,
    max_flagged_share: Annotated[
        str | None, _limit("--max-flagged-share", "SHARE", "Suspected share of the rows.")
    ] = None,
    max_new_findings: Annotated[
        str | None,
        _limit("--max-new-findings", "COUNT", "Suspects on rows that are new since the baseline."),
    ] = None,
    max_class_flagged_share: Annotated[
        str | None, _limit("--max-class-flagged-share", "SHARE", "Suspected share of each class.")
    ] = None,
    max_class_error_rate: Annotated[
        str | None,
        _limit("--max-class-error-rate", "SHARE", "Noise of each class by the model's estimate."),
    ] = None,
    min_class_examples: Annotated[
        str | None, _limit("--min-class-examples", "COUNT", "Labels of each class.")
    ] = None,
    max_imbalance: Annotated[
        str | None, _limit("--max-imbalance", "RATIO", "Largest class over smallest.")
    ] = None,
    min_separability: Annotated[
        str | None, _limit("--min-separability", "SHARE", "Nearest neighbours with the same label.")
    ] = None,
    max_calibration_error: Annotated[
        str | None, _limit("--max-calibration-error", "ERROR", "Expected calibration error.")
    ] = None,
    max_conflicting_duplicates: Annotated[
        str | None,
        _limit("--max-conflicting-duplicates", "COUNT", "Equal inputs with different labels."),
    ] = None,
    max_leakage: Annotated[
        str | None, _limit("--max-leakage", "SHARE", "Rows of a split that are in another one.")
    ] = None,
    max_contract_alerts: Annotated[
        str | None, _limit("--max-contract-alerts", "COUNT", "Alerts of the input contract.")
    ] = None,
    gate: Annotated[
        list[str] | None,
        typer.Option(
            "--gate",
            metavar="measure.NAME<=LIMIT",
            help="Any measure, at most (<=) or at least (>=); repeatable.",
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            metavar="COLUMN",
            help="Judge each value of a column, too, that the audit is cut by; repeatable.",
        ),
    ] = None,
    on_inconclusive: Annotated[
        str,
        typer.Option(
            "--on-inconclusive",
            metavar="WHAT",
            help="Where the interval has the limit within it: warn, fail or pass.",
        ),
    ] = "warn",
    allow_skipped: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-skipped",
            metavar="GATE",
            help="A gate that may be skipped where it cannot be judged; repeatable.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Suspects accepted before; unless told otherwise no new one passes.",
        ),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline", metavar="FILE", help="Accept every suspect there is, in this file."
        ),
    ] = None,
    prune_baseline: Annotated[
        bool,
        typer.Option(
            "--prune-baseline", help="Take out of the baseline what is suspected no more."
        ),
    ] = False,
    count_moved: Annotated[
        bool,
        typer.Option(
            "--count-moved",
            help="Count new suspects on rows as they were, too: moved by model or thresholds.",
        ),
    ] = False,
    today: Annotated[
        str | None,
        typer.Option(
            "--today",
            metavar="YYYY-MM-DD",
            show_default="the date",
            help="The day on which entries of the baseline have expired or not.",
        ),
    ] = None,
    verdict_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="text, json, junit, sarif, github, markdown or gitlab, on stdout.",
        ),
    ] = "text",
    write: Annotated[
        list[str] | None,
        typer.Option(
            "--write",
            metavar="FORMAT=PATH",
            help="Also write the verdict as one of these into a file; repeatable.",
        ),
    ] = None,
    quiet: opt.Quiet = False,
) -> int:
    """Judge an audit by limits: gates for CI.

    A limit on an estimate is compared with a bound of its 95 % interval, which covers sampling
    only, never with the point: the gate fails where the whole interval is beyond the limit, passes
    where none of it is, and warns between. Exits with 1 where a gate failed, with 4 where one that
    was asked for cannot be judged. `labelaudit explain gate.max_model_noise` explains a gate.
    """
    from labelaudit.check import baseline as baselines
    from labelaudit.check.formats import FORMATS, render
    from labelaudit.check.gates import ON_INCONCLUSIVE, judge
    from labelaudit.check.readings import Seen
    from labelaudit.check.suspicions import suspicions_of
    from labelaudit.check.verdict import Verdict
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import colour, emit, emit_data, say, width
    from labelaudit.core.folder import write_text

    given = locals()
    if baseline is not None and max_new_findings is None:
        given["max_new_findings"] = "0"
    wanted = _gates(given, gate or [])
    _known("--format", verdict_format, FORMATS)
    _known("--on-inconclusive", on_inconclusive, ON_INCONCLUSIVE)
    for name in allow_skipped or ():
        _known("--allow-skipped", name, tuple(one.name for one in wanted))
    files = [_file(text, FORMATS) for text in write or ()]
    if not wanted and write_baseline is None:
        raise NothingJudged(
            "no gate set: give a limit such as --max-flagged-share 5%, or --baseline FILE; "
            "`labelaudit explain` lists the gates"
        )
    day = _day(today)
    if baseline is None and (prune_baseline or count_moved):
        raise ConfigError("--prune-baseline and --count-moved: go with --baseline FILE")
    accepted = baselines.read(baseline) if baseline is not None else None
    made = audit_of(audit, quiet)
    suspicions, compared = tuple(suspicions_of(made, _folder_of(audit))), None
    if accepted is not None:
        suspicions, compared = baselines.matched(suspicions, accepted, str(baseline), day)
    seen = Seen(audit=made, baseline=compared, by=tuple(by or ()), count_moved=count_moved)
    outcomes = judge(seen, wanted, on_inconclusive, allow_skipped or ())
    if write_baseline is not None:
        now = baselines.baseline_of(made, accepted)
        baselines.write(now, write_baseline)
        say(f"wrote {write_baseline}: {len(now.accepted):,} suspects are accepted", quiet)
    elif prune_baseline and accepted is not None and compared is not None and baseline is not None:
        baselines.write(baselines.without(accepted, compared.stale), baseline)
        say(f"wrote {baseline}: {len(compared.stale):,} stale entries taken out", quiet)
    if not wanted:
        return ExitCode.DONE
    verdict = Verdict(
        dataset=made.dataset.name,
        tool_version=made.tool_version,
        n_examples=made.dataset.n_examples,
        n_flagged=made.detection.n_flagged if made.detection is not None else None,
        outcomes=outcomes,
        suspicions=suspicions,
        baseline=compared,
    )
    for name, path in files:
        write_text(path, render(verdict, name, width=width()))
        say(f"wrote {path}", quiet)
    shown = render(verdict, verdict_format, width=width(), colour=colour())
    (emit if verdict_format == "text" else emit_data)(shown)
    return verdict.exit_code


def _gates(given: dict[str, Any], measures: list[str]) -> "list[Gate]":
    """Return the gates that were asked for, in the order of their list."""
    from labelaudit.check.gates import gate, gate_of_measure
    from labelaudit.check.readings import GATES
    from labelaudit.measures import known_measures

    asked = [gate(name, given[name]) for name in GATES if given.get(name) is not None]
    return [*asked, *(gate_of_measure(text, known_measures()) for text in measures)]


def _day(text: str | None) -> date:
    try:
        return date.fromisoformat(text) if text is not None else date.today()
    except ValueError:
        raise ConfigError(f"--today {printable(text, 40)}: write a day as 2026-12-31") from None


def _known(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(
            f"{option} {printable(value, 60)}: not one of {', '.join(known) or 'the gates'}"
            f"{did_you_mean(value, known)}"
        )


def _file(text: str, formats: tuple[str, ...]) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not path:
        raise ConfigError(f"--write {printable(text, 80)}: write FORMAT=PATH, such as junit=a.xml")
    _known("--write", name, formats)
    return name, Path(path)


def _folder_of(audit: Place) -> str:
    """Return the dataset's folder, relative to the working directory where it lies within it."""
    from labelaudit.cli.auditfolder import source_of

    dataset = source_of(audit)
    if dataset is None or isinstance(dataset, Url):
        return ""
    try:
        whole = Path(dataset).resolve()
        folder = whole if whole.is_dir() else whole.parent
        return folder.relative_to(Path.cwd()).as_posix()
    except (OSError, ValueError):
        return ""
