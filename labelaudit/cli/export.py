"""`labelaudit export`: flagged rows or all scores, for other programs."""

from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean

EXAMPLES = """\b
Examples:
  labelaudit export digits-audit --format csv -o flagged.csv
  labelaudit export digits-audit --rows all --format parquet -o scores.parquet"""


def export(
    audit: opt.AuditPath,
    table_format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="csv or parquet.")
    ] = "csv",
    rows: Annotated[
        str, typer.Option("--rows", metavar="WHICH", help="flagged, or all with their scores.")
    ] = "flagged",
    output: opt.Output = None,
    quiet: opt.Quiet = False,
) -> int:
    """Write flagged rows as CSV or Parquet.

    Or, with `--rows all`, every row's scores. CSV goes to stdout unless -o names a file.
    """
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import emit_data, say
    from labelaudit.export.tables import FORMATS, ROWS, flagged_csv, scores_csv, write_table

    for value, known, option in ((table_format, FORMATS, "--format"), (rows, ROWS, "--rows")):
        if value not in known:
            raise ConfigError(
                f"{option} {value}: not one of {', '.join(known)}{did_you_mean(value, known)}"
            )
    made = audit_of(audit, quiet)
    if output is not None and str(output) != "-":
        write_table(made, output, table_format, rows)
        say(f"wrote {output}", quiet)
    elif table_format == "csv":
        emit_data(flagged_csv(made) if rows == "flagged" else scores_csv(made))
    else:
        raise ConfigError("--format parquet: is not text; name a file with -o")
    return ExitCode.DONE
