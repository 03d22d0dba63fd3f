"""`labelaudit export`: flagged rows, all scores or a card, for other programs and places."""

from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.text import did_you_mean, printable

EXAMPLES = """\b
Examples:
  labelaudit export digits-audit --format csv -o flagged.csv
  labelaudit export messages-audit --format review -o review.csv
  labelaudit export digits-audit --format review --sample 100 -o review.csv
  labelaudit export digits-audit --rows all --format parquet -o scores.parquet
  labelaudit export digits-audit --format huggingface -o card.md
  labelaudit export digits-audit --format croissant -o croissant.json
  labelaudit export digits-audit --format badge -o labels.svg"""


def export(
    audit: opt.AuditPath,
    table_format: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="csv or parquet for rows; review, a sheet for annotators; for a card huggingface, "
            "croissant, data-card or badge.",
        ),
    ] = "csv",
    rows: Annotated[
        str | None,
        typer.Option(
            "--rows",
            metavar="WHICH",
            help="flagged, or all with their scores.",
            show_default="flagged",
        ),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(
            "--sample",
            metavar="N",
            min=1,
            show_default=False,
            help="Of the suspects of --format review N drawn at random, to learn how many are "
            "wrong.",
        ),
    ] = None,
    seed: opt.Seed = 0,
    output: opt.Output = None,
    quiet: opt.Quiet = False,
) -> int:
    """Write flagged rows as CSV or Parquet, or a card for where the dataset is published.

    With `--rows all`, every row's scores. `review` is a CSV of every suspect with empty columns
    for the correct label and a note, and the suggestion last. A card is a block for a Hugging Face
    dataset card, Croissant with its fields for annotation quality, the section of a Data Card on
    labels, or a badge. All but Parquet goes to stdout unless -o names a file.
    """
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import emit_data, say
    from labelaudit.core.folder import write_text
    from labelaudit.export.tables import (
        FORMATS,
        REVIEW,
        ROWS,
        flagged_csv,
        review_csv,
        scores_csv,
        texts_kept,
        write_table,
    )
    from labelaudit.report.cards import CARDS, card

    _known(table_format, (*FORMATS, REVIEW, *CARDS), "--format")
    which = rows or ROWS[0]
    _known(which, ROWS, "--rows")
    if rows is not None and table_format not in FORMATS:
        raise ConfigError(f"--rows: goes with {' and '.join(FORMATS)}, not with {table_format}")
    if sample is not None and table_format != REVIEW:
        raise ConfigError(f"--sample: goes with --format {REVIEW}")
    to_file = output is not None and str(output) != "-"
    if table_format == "parquet" and not to_file:
        raise ConfigError("--format parquet: is not text; name a file with -o")
    made = audit_of(audit, quiet)
    text = None
    if table_format == REVIEW:
        text = review_csv(made, sample, seed)
        kept, total = texts_kept(made), len(made.findings or ())
        if 0 < kept < total:
            say(f"an audit keeps texts of its first {kept:,} suspects, not of all {total:,}", quiet)
    elif table_format in CARDS:
        text = card(made, table_format)
    if output is None or not to_file:
        if text is not None:
            emit_data(text)
        else:
            emit_data(flagged_csv(made) if which == "flagged" else scores_csv(made))
        return ExitCode.DONE
    if text is not None:
        write_text(output, text)
    else:
        write_table(made, output, table_format, which)
    say(f"wrote {output}", quiet)
    return ExitCode.DONE


def _known(value: str, known: tuple[str, ...], option: str) -> None:
    if value not in known:
        raise ConfigError(
            f"{option} {printable(value, 60)}: not one of {', '.join(known)}"
            f"{did_you_mean(value, known)}"
        )
