"""`labelaudit diff`: what differs between two audits of a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from labelaudit.core.results import Audit

EXAMPLES = """\b
Examples:
  labelaudit diff before-audit after-audit
  labelaudit diff before-audit after-audit --format html -o diff.html
  labelaudit diff before-audit after-audit --format markdown
  labelaudit diff main/audit.json branch/audit.json --format json"""


def diff(
    old: Annotated[
        Path,
        typer.Argument(metavar="OLD", show_default=False, help="The earlier audit, or audit.json."),
    ],
    new: Annotated[
        Path,
        typer.Argument(metavar="NEW", show_default=False, help="The later audit, or audit.json."),
    ],
    difference_format: Annotated[
        str,
        typer.Option("--format", metavar="NAME", help="terminal, html, markdown or json."),
    ] = "terminal",
    output: opt.Output = None,
    quiet: opt.Quiet = False,
) -> int:
    """Compare two audits: rows, suspects, and the measures that moved beyond their intervals.

    Rows are known by their ids: which were added, removed or relabelled, which suspects are new,
    gone or in both, and whether relabelling made things worse. The page has both labels side by
    side. Of an audit.json away from its folder suspects and measures are compared, where it lists
    all suspects. The exit code is 0 whatever differs; `labelaudit check --baseline` is the gate.
    """
    from labelaudit.cli.console import emit, emit_data, say, width
    from labelaudit.core.difference import difference_of
    from labelaudit.core.folder import write_text
    from labelaudit.report.difference import FORMATS, render

    if difference_format not in FORMATS:
        raise ConfigError(
            f"--format {printable(difference_format, 60)}: not one of {', '.join(FORMATS)}"
            f"{did_you_mean(difference_format, FORMATS)}"
        )
    made = difference_of(_audit_at(old), _audit_at(new))
    shown = render(made, difference_format, width=width())
    if output is None or str(output) == "-":
        (emit if difference_format == "terminal" else emit_data)(shown)
        return ExitCode.DONE
    write_text(output, shown)
    say(f"wrote {output}", quiet)
    return ExitCode.DONE


def _audit_at(path: Path) -> "Audit":
    """Return the audit of a folder, or of an audit.json, with its scores where they are beside."""
    from labelaudit.core.folder import AUDIT_FILE, SCORES_FOLDER, load_audit, load_file

    folder = path.parent if path.name == AUDIT_FILE else path
    if path.is_file() and not (path.name == AUDIT_FILE and (folder / SCORES_FOLDER).is_dir()):
        return load_file(path)
    return load_audit(folder)
