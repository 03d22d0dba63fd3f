"""`labelaudit selftest`: flip labels on purpose, and see how many are found."""

from typing import TYPE_CHECKING, Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, NothingJudged

if TYPE_CHECKING:
    from labelaudit.detect.selftest import ClassRecall, SelfTest

EXAMPLES = """\b
Examples:
  labelaudit selftest digits-audit
  labelaudit selftest digits-audit --share 10% --seed 7
  labelaudit selftest digits-audit --format json"""

_FEWEST = 10  # flips of a class: with fewer its recall is not assessable


def selftest(
    audit: opt.AuditPath,
    share: Annotated[
        str, typer.Option("--share", metavar="SHARE", help="How many labels to flip.")
    ] = "5%",
    seed: opt.Seed = 0,
    report_format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="terminal or json.")
    ] = "terminal",
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    quiet: opt.Quiet = False,
) -> int:
    """Flip labels on purpose and see how many are found.

    Flips follow the noise matrix that the audit estimates; the same detection then runs on the
    same predictions. The recall is an optimistic bound, never a gate: flips made on purpose are
    easier to find than real errors. Nothing is written.
    """
    from dataclasses import replace
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from labelaudit.auditing import selftest as run_selftest
    from labelaudit.cli.auditfolder import audit_of, options_of, reopened
    from labelaudit.cli.console import emit, emit_data, progress
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.core.schema import indented

    if report_format not in ("terminal", "json"):
        raise ConfigError(f"--format {report_format}: not one of terminal, json")
    part = _share(share)
    with EngineChoice(engine, workers, scheduler).started() as running:
        made = audit_of(audit, quiet, running)
        if made.folder is None or made.detection is None:
            raise NothingJudged("no label has been checked: run `labelaudit detect` first")
        # Beside the audit: other processes must see it, too.
        place = made.folder.absolute()
        with (
            TemporaryDirectory(prefix=".selftest-", dir=place.parent) as working,
            progress(quiet) as report,
        ):
            folder = Path(working)
            job = reopened(made.folder, made, folder, running, progress=report)
            options = replace(options_of(made), seed=seed)
            found = run_selftest(job, made, options, part, folder / "flipped")
    if report_format == "json":
        emit_data(indented(_document(found)) + "\n")
        return ExitCode.DONE
    weak = any(check.name == "weak_model" and check.status == "alerted" for check in made.contract)
    emit(_told(found, made.dataset.name, weak))
    return ExitCode.DONE


def _share(text: str) -> float:
    try:
        number = text.strip()
        value = float(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 < value <= 0.5:
        raise ConfigError("--share: say a share of the labels, above 0 and up to 50%: 5%")
    return value


def _recall(found: "ClassRecall") -> str:
    if found.recall is None or found.n_flipped < _FEWEST:
        return "not assessable"
    low, high = found.interval
    return f"{found.recall:.0%} ({low:.0%} to {high:.0%})"


def _told(found: "SelfTest", name: str, weak: bool) -> str:
    from labelaudit.core.text import printable

    total = found.total
    pattern = (
        "along the noise matrix"
        if found.pattern == "noise_matrix"
        else "evenly, as the audit finds no noise to imitate"
    )
    lines = [
        f"{name}: {total.n_flipped:,} labels flipped {pattern} (seed {found.seed})",
        f"found again: {_recall(total)}",
        f"This is {found.bound}.",
    ]
    if weak:
        lines.append("The model is hardly better than the most frequent class: this says little.")
    width = max(len(printable(one.name, 30)) for one in found.classes)
    lines.append("")
    lines.append(f"{'label before':<{max(width, 12)}}  flipped  found  recall, 95 % interval")
    shown = sorted(found.classes, key=lambda one: (one.recall is None, one.recall or 0.0))
    for one in shown[:30]:
        lines.append(
            f"{printable(one.name, 30):<{max(width, 12)}}  {one.n_flipped:>7,}  {one.n_found:>5,}  "
            f"{_recall(one)}"
        )
    if len(shown) > 30:
        lines.append(f"{len(shown) - 30:,} more classes; all with --format json")
    return "\n".join(lines) + "\n"


def _document(found: "SelfTest") -> dict[str, object]:
    def plain(one: "ClassRecall") -> dict[str, object]:
        low, high = one.interval
        return {
            "class": one.name,
            "n_flipped": one.n_flipped,
            "n_found": one.n_found,
            "recall": one.recall,
            "interval": [low, high],
        }

    return {
        "share": found.share,
        "seed": found.seed,
        "pattern": found.pattern,
        "note": found.bound,
        "n_suspected_before": found.n_suspected_before,
        "total": plain(found.total) | {"class": None},
        "classes": [plain(one) for one in found.classes],
    }
