"""`labelaudit show`: the evidence on one row."""

from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode, InputError, NothingJudged
from labelaudit.core.text import did_you_mean, printable

EXAMPLES = """\b
Example:
  labelaudit show digits-audit images/0034.png"""


def show(
    audit: opt.AuditPath,
    row_id: Annotated[
        str, typer.Argument(metavar="ID", show_default=False, help="The id of the row.")
    ],
    quiet: opt.Quiet = False,
) -> int:
    """Show the evidence on one row."""
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import emit
    from labelaudit.core.folder import SCORES_FOLDER, read_scores

    made = audit_of(audit, quiet)
    if made.detection is None or made.folder is None or made.findings is None:
        raise NothingJudged("no label has been checked: run `labelaudit detect` first")
    columns = read_scores(made.folder / SCORES_FOLDER)
    names = columns["id"].tolist()
    if row_id not in names:
        raise InputError(
            f"{printable(row_id, 80)}: no row has this id{did_you_mean(row_id, names[:100_000])}"
        )
    row = names.index(row_id)
    values = {name: column[row : row + 1].tolist()[0] for name, column in columns.items()}
    lines = [
        f"{printable(row_id)} (row {values['row']})",
        f"  given label       {printable(values['given_label'])}",
        f"  suggested label   {printable(values['suggested_label'])}",
        f"  suspected         {'yes' if values['is_flagged'] else 'no'} ({made.detection.filter})",
        f"  label quality     {values['label_quality']:.4f} (0 worst, 1 best; is "
        f"{made.detection.ranking})",
        f"  normalized margin {values['normalized_margin']:.4f}",
        f"  confidence-weighted entropy {values['confidence_weighted_entropy']:.4f}",
    ]
    if values["is_flagged"]:
        finding = made.findings[made.findings.columns["id"].tolist().index(row_id)]
        given, suggested = printable(finding.given_label), printable(finding.suggested_label)
        lines += [
            f"  rank              {finding.rank:,} of {len(made.findings):,} suspects",
            f"  evidence          model gives `{suggested}` {finding.suggested_probability:.3f} "
            f"and `{given}` {finding.given_probability:.3f}",
            f"  thresholds        `{suggested}` {finding.suggested_threshold:.3f}, `{given}` "
            f"{finding.given_threshold:.3f}: the mean probability of rows so labelled",
        ]
    lines.append("  A suspect is not an error: a person has to look.")
    emit("\n".join(lines) + "\n")
    return ExitCode.DONE
