"""`labelaudit show`: the evidence on one row."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode, InputError, NothingJudged
from labelaudit.core.text import did_you_mean, printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labelaudit.core.coded import Column
    from labelaudit.core.results import Finding

EXAMPLES = """\b
Examples:
  labelaudit show digits-audit images/0034.png
  labelaudit show digits-audit --row 34"""


def show(
    audit: opt.AuditPath,
    row_id: Annotated[
        str | None, typer.Argument(metavar="ID", show_default=False, help="The id of the row.")
    ] = None,
    row_number: Annotated[
        int | None,
        typer.Option(
            "--row",
            metavar="N",
            min=0,
            help="The row by its number in the data, from 0, as in the column `row` of findings.",
        ),
    ] = None,
    quiet: opt.Quiet = False,
) -> int:
    """Show the evidence on one row."""
    from labelaudit.cli.auditfolder import audit_of
    from labelaudit.cli.console import emit
    from labelaudit.core.folder import SCORES_FOLDER, read_scores

    if (row_id is None) == (row_number is None):
        raise ConfigError("which row? give its ID or its number with --row, one of them")
    made = audit_of(audit, quiet)
    if made.detection is None or made.folder is None or made.findings is None:
        raise NothingJudged("no label has been checked: run `labelaudit detect` first")
    columns = read_scores(made.folder / SCORES_FOLDER)
    row = _numbered(columns, row_number) if row_id is None else _named(columns, row_id)
    values = {name: column[row : row + 1].tolist()[0] for name, column in columns.items()}
    lines = [
        f"{printable(values['id'])} (row {values['row']})",
        f"  given label       {printable(values['given_label'])}",
        f"  suggested label   {printable(values['suggested_label'])}",
        f"  suspected         {'yes' if values['is_flagged'] else 'no'} ({made.detection.filter})",
        f"  label quality     {values['label_quality']:.3g} (0 worst, 1 best; is "
        f"{made.detection.ranking})",
    ]
    if values["is_flagged"]:
        at = made.findings.columns["row"].tolist().index(values["row"])
        lines += _suspicion(made.findings[at], len(made.findings))
    else:
        signals = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
        lines += [_signal(name, values[name], None) for name in signals]
    lines.append("  A suspect is not an error: a person has to look.")
    emit("\n".join(lines) + "\n")
    return ExitCode.DONE


def _named(columns: "Mapping[str, Column]", row_id: str) -> int:
    """Return where the row of an id stands among the scores."""
    names: list[Any] = list(columns["id"].tolist())
    if row_id in names:
        return names.index(row_id)
    hint = did_you_mean(row_id, names[:100_000])
    if not hint and row_id.isdecimal() and int(row_id) in columns["row"].tolist():
        hint = f"; for the row of this number: --row {int(row_id)}"
    raise InputError(f"{printable(row_id, 80)}: no row has this id{hint}")


def _numbered(columns: "Mapping[str, Column]", number: int | None) -> int:
    """Return where the row of a number stands among the scores: rows of other splits have none."""
    rows: list[Any] = list(columns["row"].tolist())
    if number in rows:
        return rows.index(number)
    raise InputError(
        f"--row {number}: not among the {len(rows):,} rows audited, which are numbered "
        f"from {min(rows)} to {max(rows)}"
    )


def _suspicion(finding: "Finding", total: int) -> list[str]:
    """Say why a row is suspected: thresholds, every signal and its rank, who agrees, who is near.

    What an audit has no evidence of is left out.
    """
    from labelaudit.core.results import SLICE_PREFIX

    given, suggested = printable(finding.given_label), printable(finding.suggested_label)
    known = finding.evidence
    bars = [
        f"`{name}` {bar:.3f}" if bar == bar else f"`{name}` none: no example"
        for name, bar in (
            (suggested, finding.suggested_threshold),
            (given, finding.given_threshold),
        )
    ]
    lines = [
        f"  rank              {finding.rank:,} of {total:,} suspects",
        f"  why               {printable(known.get('evidence', ''))}",
        f"  thresholds        {', '.join(bars)}: the mean probability of rows so labelled",
    ]
    if known.get("next_label"):
        following = printable(known["next_label"])
        lines.append(f"  next likeliest    `{following}` {known['next_probability']:.3f}")
    if "agree" in known:
        lines.append(f"  agree             {printable(known['agree'])}")
        lines.append(f"  do not agree      {printable(known['dissent'])}")
    by = {name: value for name, value in known.items() if name.startswith(SLICE_PREFIX)}
    ranked = [n.removesuffix("_rank") for n in known if n.endswith("_rank") and n not in by]
    for name in (*ranked, "knn_agreement", "typicality"):
        if name in known or hasattr(finding, name):
            value = known.get(name, getattr(finding, name, None))
            lines.append(_signal(name, value, known.get(f"{name}_rank")))
    if "model_labels" in known:
        votes = zip(known["model_labels"], known["model_given_probabilities"], strict=True)
        said = "; ".join(f"`{printable(label, 60)}`, `{given}` {p:.3f}" for label, p in votes)
        lines.append(f"  models say        {said}")
    if by:
        told = [
            f"{n.removeprefix(SLICE_PREFIX)} {printable(v, 60) or 'blank'}" for n, v in by.items()
        ]
        lines.append(f"  slices            {', '.join(told)}")
    if "tree_suggested_label" in known:
        least = printable(known["tree_suggested_label"])
        lines.append(
            f"  in the tree       {known['tree_distance']:g} levels apart; least far off: {least}"
        )
    if known.get("neighbour_ids"):
        near = zip(known["neighbour_ids"], known["neighbour_labels"], strict=True)
        told = [f"{printable(one, 60)} `{printable(label, 60)}`" for one, label in near if label]
        lines.append(f"  nearest           {', '.join(told) or 'not looked at: too many rows'}")
    if known.get("near_duplicates"):
        lines.append(f"  nearly the same   {printable(known['near_duplicates'])}")
    return lines


def _signal(name: str, value: float | None, rank: int | None) -> str:
    told = "not assessable" if value is None or value != value else f"{value:.4g}"
    place = f", rank {rank:,}" if rank else ""
    return f"  {name.replace('_', ' '):<28}{told}{place}"
