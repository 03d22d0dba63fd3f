"""`labelaudit check`: gates on label quality, for CI."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, NothingJudged
from labelaudit.core.place import Place, Url
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from labelaudit.check.gates import Gate

EXAMPLES = """\b
Examples:
  labelaudit check digits-audit --max-flagged-share 10% --min-class-examples 100
  labelaudit check digits-audit --max-model-noise 0.09 --on-inconclusive fail
  labelaudit check data/ --max-flagged-share 5% --write junit=labels.xml --write sarif=labels.sarif
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
    from labelaudit.check.formats import FORMATS, render
    from labelaudit.check.gates import ON_INCONCLUSIVE, judge
    from labelaudit.check.readings import Seen
    from labelaudit.check.suspicions import suspicions_of
    from labelaudit.check.verdict import Verdict
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import colour, emit, emit_data, say, width
    from labelaudit.core.folder import write_text

    wanted = _gates(locals(), gate or [])
    _known("--format", verdict_format, FORMATS)
    _known("--on-inconclusive", on_inconclusive, ON_INCONCLUSIVE)
    for name in allow_skipped or ():
        _known("--allow-skipped", name, tuple(one.name for one in wanted))
    files = [_file(text, FORMATS) for text in write or ()]
    if not wanted:
        raise NothingJudged(
            "no gate set: give a limit such as --max-flagged-share 5%; `labelaudit explain` lists "
            "the gates"
        )
    made = audit_of(audit, quiet)
    seen = Seen(audit=made, by=tuple(by or ()))
    verdict = Verdict(
        dataset=made.dataset.name,
        tool_version=made.tool_version,
        n_examples=made.dataset.n_examples,
        n_flagged=made.detection.n_flagged if made.detection is not None else None,
        outcomes=judge(seen, wanted, on_inconclusive, allow_skipped or ()),
        suspicions=tuple(suspicions_of(made, _folder_of(audit))),
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
