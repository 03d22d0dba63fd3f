"""`labelaudit ingest`: read, join and check the input."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode

if TYPE_CHECKING:
    from labelaudit.ingest.folder import Choices

EXAMPLES = """\b
Examples:
  labelaudit ingest sample_data/digits --dry-run
  labelaudit ingest data/ --labels labels.csv --id-column id -o audit/
  labelaudit ingest sample_data/digits --engine processes --workers 2"""


def ingest(
    context: typer.Context,
    dataset: opt.DatasetPath,
    labels: opt.Labels = None,
    label_column: opt.LabelColumn = None,
    id_column: opt.IdColumn = None,
    text_column: opt.TextColumn = None,
    predictions: opt.Predictions = None,
    embeddings: opt.Embeddings = None,
    images: opt.Images = None,
    classes: opt.Classes = None,
    hierarchy: opt.Hierarchy = None,
    split: opt.Split = None,
    by: opt.By = None,
    logits: opt.Logits = False,
    allow: opt.Allow = None,
    strict: opt.Strict = False,
    output: opt.AuditOutput = None,
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    fresh: opt.Fresh = False,
    dry_run: opt.DryRun = False,
    config: opt.Config = None,
    quiet: opt.Quiet = False,
) -> int:
    """Read, join and check the input.

    Writes the first part of an audit folder, for `labelaudit detect` and `labelaudit measure`.
    """
    from labelaudit.cli.auditfolder import make, target_of
    from labelaudit.cli.configured import told_of
    from labelaudit.cli.console import command, emit, say
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.core.folder import check_target
    from labelaudit.ingest.contract import expect_known

    known = told_of(context, dataset, config)
    choices, settings = known.choices(), known.options(("allow", "strict"))
    expect_known(settings.allow)
    chosen = EngineChoice(engine, workers, scheduler)
    target = output if output is not None else target_of(dataset, known)
    check_target(target)
    if dry_run:
        explain_plan(dataset, choices, target)
        return ExitCode.DONE
    with chosen.started() as running:
        made = make(
            dataset,
            choices,
            settings,
            target,
            quiet,
            only_ingest=True,
            engine=running,
            fresh=fresh,
        )
    facts = made.dataset
    lines = [f"{facts.name}: {facts.n_examples:,} examples in {facts.n_classes:,} classes"]
    lines += [f"  {notice}" for notice in facts.notices]
    lines += [f"  {check.name}: {check.status}; {check.message}" for check in made.contract]
    emit("\n".join(lines) + "\n")
    if "probabilities" not in facts.has:
        say("There are no predictions: no label can be checked.", quiet)
        return ExitCode.NOTHING_JUDGED
    say(f"Next: {command('detect', target)}", quiet)
    return ExitCode.DONE


def explain_plan(dataset: Path, choices: "Choices", target: Path) -> None:
    """Print what would be read, and why; write nothing."""
    from labelaudit.cli.console import emit
    from labelaudit.core.text import printable
    from labelaudit.ingest.opening import open_dataset

    opened = open_dataset(dataset, choices)
    lines = [f"{opened.name}: {len(opened):,} examples in {opened.n_classes:,} classes"]
    lines += [f"  {notice}" for notice in opened.notices]
    lines += [f"  {check.name}: {check.status}; {check.message}" for check in opened.contract]
    if opened.probabilities is None:
        lines.append("  predictions: none found; no label could be checked")
    else:
        lines.append("  values of the predictions: not looked at in a dry run")
    lines.append(f"  would write: {printable(target)}")
    emit("\n".join(lines) + "\n")
