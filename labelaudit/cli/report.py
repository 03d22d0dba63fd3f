"""`labelaudit report`: the label."""

import sys
from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean

EXAMPLES = """\b
Examples:
  labelaudit report digits-audit
  labelaudit report digits-audit --format html -o label.html
  labelaudit report digits-audit --format markdown"""


def report(
    audit: opt.AuditPath,
    label_format: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="terminal, html, markdown or json."),
    ] = "terminal",
    output: opt.Output = None,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open an HTML label in the browser.")
    ] = False,
    quiet: opt.Quiet = False,
) -> int:
    """Print the label, or write it to a file."""
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import colour, emit, emit_data, say, width
    from labelaudit.core.folder import write_text
    from labelaudit.report import FORMATS, render

    if label_format not in FORMATS:
        raise ConfigError(
            f"--format {label_format}: not one of {', '.join(FORMATS)}"
            f"{did_you_mean(label_format, FORMATS)}"
        )
    made = audit_of(audit, quiet)
    if output is None or str(output) == "-":
        write = emit if label_format == "terminal" else emit_data
        write(render(made, label_format, width=width(), colour=colour()))
        return ExitCode.DONE
    write_text(output, render(made, label_format, width=width(), colour=False))
    say(f"wrote {output}", quiet)
    if open_report and label_format == "html" and sys.stdout.isatty():
        typer.launch(str(output.resolve()))
    return ExitCode.DONE
