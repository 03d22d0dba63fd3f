"""`labelaudit check`: gates on label quality, for CI."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, printable

EXAMPLES = """\b
Examples:
  labelaudit check digits-audit --max-flagged-share 10% --min-class-examples 100
  labelaudit check digits-audit --max-model-noise 0.09 --on-inconclusive fail
  labelaudit check data/ --max-flagged-share 5% --write junit=labels.xml --write sarif=labels.sarif
  labelaudit check digits-audit --write-baseline labelaudit-baseline.json
  labelaudit check digits-audit --baseline labelaudit-baseline.json
  labelaudit check digits-audit --gate 'measure.brier_score<=0.2'
  labelaudit check --all --write junit=labels-{name}.xml"""


def _limit(flag: str, metavar: str, help: str) -> Any:
    return typer.Option(flag, metavar=metavar, show_default=False, help=help)


def check(
    context: typer.Context,
    audit: Annotated[
        str | None,
        typer.Argument(
            metavar="AUDIT",
            show_default=False,
            help="An audit folder; a dataset is audited first [default: `dataset` of the "
            "configuration, else this folder].",
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Check every [[dataset]] of the configuration.")
    ] = False,
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
        str | None,
        typer.Option(
            "--on-inconclusive",
            metavar="WHAT",
            show_default="warn",
            help="Where the interval has the limit within it: warn, fail or pass.",
        ),
    ] = None,
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
        bool | None,
        typer.Option(
            "--count-moved/--no-count-moved",
            show_default=False,
            help="Count new suspects on rows as they were, too: moved by model or thresholds.",
        ),
    ] = None,
    config: opt.Config = None,
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
            help="Also write the verdict as one of these into a file; repeatable. With --all "
            "{name} in the path is the name of the dataset.",
        ),
    ] = None,
    quiet: opt.Quiet = False,
) -> int:
    """Hold an audit to limits, and fail where one is surely exceeded: a check for CI.

    A limit is compared with an interval, not with a point: a gate fails only where the whole
    interval is beyond the limit, warns where the limit lies inside, and passes otherwise. The
    interval covers the sampling of rows only, not what a model gets wrong. Counts are exact.
    Shares are written .03 or 3%. `labelaudit explain gate.max_model_noise` explains a gate.

    Limits are flags, LABELAUDIT_MAX_FLAGGED_SHARE and so on in the environment, or stand in
    labelaudit.toml, which `labelaudit init` writes.

    Exit codes: 0 where every gate passed or warned; 1 where one failed; 2 for a usage or input
    error; 4 where a gate that was asked for cannot be judged, or none was asked for.
    """
    from labelaudit.check.formats import FORMATS
    from labelaudit.cli.checking import Asked, check_each

    # All that can be said is said before a dataset is audited.
    _known("--format", verdict_format, FORMATS)
    asked = Asked(
        flags={**context.params, "dataset": audit},
        gates=tuple(gate or ()),
        config=config,
        write_baseline=write_baseline,
        prune=prune_baseline,
        today=_day(today),
        shown=verdict_format,
        quiet=quiet,
    )
    return check_each(asked, every)


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
