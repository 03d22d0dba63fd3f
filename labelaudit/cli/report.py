"""`labelaudit report`: the label."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, InputError, NothingJudged
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from labelaudit.core.results import Audit

EXAMPLES = """\b
Examples:
  labelaudit report digits-audit
  labelaudit report digits-audit --format html -o label.html
  labelaudit report digits-audit --format markdown
  labelaudit report digits-audit --details suspects
  labelaudit report digits-audit --figures figures"""


def report(
    audit: opt.AuditPath,
    label_format: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="terminal, html, markdown or json."),
    ] = "terminal",
    output: opt.Output = None,
    details: Annotated[
        str | None,
        typer.Option(
            "--details",
            metavar="SECTION",
            help="Print one section in full: counts, alerts, suspects, confusions, balance, "
            "columns, slices, separability, calibration, measures, provenance or glossary.",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(
            "--figures",
            metavar="DIR",
            help="Write each chart into this folder, as SVG and (with labelaudit[png]) as PNG.",
        ),
    ] = None,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open an HTML label in the browser.")
    ] = False,
    quiet: opt.Quiet = False,
) -> int:
    """Print the label, or write it to a file."""
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import colour, emit, emit_data, say, width
    from labelaudit.core.folder import write_text
    from labelaudit.report import FORMATS, SECTIONS, render

    if label_format not in FORMATS:
        raise ConfigError(
            f"--format {label_format}: not one of {', '.join(FORMATS)}"
            f"{did_you_mean(label_format, FORMATS)}"
        )
    if details is not None and details not in SECTIONS:
        raise ConfigError(
            f"--details {printable(details, 60)}: not one of {', '.join(SECTIONS)}"
            f"{did_you_mean(details, SECTIONS)}"
        )
    if details is not None and label_format != "terminal":
        raise ConfigError(f"--details: goes with the terminal; {label_format} has every section")
    made = audit_of(audit, quiet)
    if figures is not None:
        _write_figures(made, figures, quiet)
        if output is None and details is None and label_format == "terminal":
            return ExitCode.DONE
    if output is None or str(output) == "-":
        write = emit if label_format == "terminal" else emit_data
        write(render(made, label_format, width=width(), colour=colour(), section=details or ""))
        return ExitCode.DONE
    write_text(output, render(made, label_format, width=width(), section=details or ""))
    say(f"wrote {output}", quiet)
    if open_report and label_format == "html" and sys.stdout.isatty():
        typer.launch(str(output.resolve()))
    return ExitCode.DONE


def _write_figures(made: "Audit", folder: Path, quiet: bool) -> None:
    """Write every chart as SVG, and as PNG where the optional dependency is there."""
    from labelaudit.cli.console import say
    from labelaudit.core.folder import whole, write_text
    from labelaudit.report.plates import as_png, plates

    drawn = plates(made)
    if not drawn:
        raise NothingJudged("there is nothing to draw yet: run `labelaudit detect` first")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--figures {printable(folder, 200)}: cannot be made ({error.strerror}); name a folder "
            "within one that exists"
        ) from None
    kinds = "SVG and PNG"
    for name, svg in drawn.items():
        write_text(folder / f"{name}.svg", svg)
        try:
            png = as_png(svg)
        except ImportError:
            kinds = "SVG; for PNG, too: pip install 'labelaudit[png]'"
            continue
        with whole(folder / f"{name}.png") as partial:
            partial.write_bytes(png)
    say(f"wrote {len(drawn)} figures to {printable(folder, 200)} ({kinds})", quiet)
