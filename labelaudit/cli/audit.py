"""`labelaudit audit`: the whole job."""

from pathlib import Path
from typing import Annotated

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.settings import FILTERS, JOINTS, RANKINGS

EXAMPLES = """\b
Examples:
  labelaudit audit sample_data/digits
  labelaudit audit train.csv --label-column y
  labelaudit audit data/ --labels labels.csv --predictions preds.parquet -o audit/
  labelaudit audit sample_data/digits --engine processes --workers 2
  labelaudit audit data/ --scheduler tcp://10.0.0.1:8786 -o /shared/audit"""

_HOW_TO_PREDICT = """No label was checked, because there are no predictions.
Out-of-fold ones are easily made:

    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_predict
    import numpy as np
    probabilities = cross_val_predict(LogisticRegression(max_iter=1000), X, y, cv=5,
                                      method="predict_proba")   # X: features or embeddings
    np.savez("predictions.npz", pred_probs=probabilities, classes=np.unique(y).astype(str))

Its rows are in the order of the labels. Then: labelaudit audit DATASET --predictions FILE"""


def audit(
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
    filter_name: opt.Filter = FILTERS[0],
    ranking: opt.Ranking = RANKINGS[0],
    joint: opt.Joint = JOINTS[0],
    top: opt.Top = None,
    near_duplicate_threshold: opt.NearDuplicates = 0.13,
    measures: opt.Measures = None,
    skip: opt.Skip = None,
    seed: opt.Seed = 0,
    allow: opt.Allow = None,
    strict: opt.Strict = False,
    output: opt.AuditOutput = None,
    write: Annotated[
        list[str] | None,
        typer.Option(
            "--write",
            metavar="FORMAT=PATH",
            help="Also write the label as html, markdown, json or terminal; repeatable.",
        ),
    ] = None,
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    fresh: opt.Fresh = False,
    dry_run: opt.DryRun = False,
    config: opt.Config = None,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open the report in the browser.")
    ] = False,
    quiet: opt.Quiet = False,
    verbose: opt.Verbose = False,
) -> int:
    """Do the whole job and print the label.

    That is ingest, detect, measure and report in one go. Writes an audit folder with
    report.html, audit.json, flagged.csv, findings.parquet and scores/. Findings do not change
    the exit code: 0 means judged.
    """
    from labelaudit.cli.auditfolder import make, target_of
    from labelaudit.cli.configured import told_of
    from labelaudit.cli.console import colour, command, emit, say, width
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.cli.ingest import explain_plan
    from labelaudit.core.folder import check_target, write_text
    from labelaudit.ingest.contract import expect_known
    from labelaudit.measures.measuring import expect_known as expect_measures
    from labelaudit.report import FORMATS, render

    known = told_of(context, dataset, config)
    choices, settings = known.choices(), known.options()
    expect_known(settings.allow)
    expect_measures(settings.measures, settings.skip)
    chosen = EngineChoice(engine, workers, scheduler)
    target = output if output is not None else target_of(dataset, known)
    check_target(target)
    further = [_format_and_path(item, FORMATS) for item in write or []]
    if dry_run:
        explain_plan(dataset, choices, target)
        return ExitCode.DONE
    with chosen.started() as running:
        made = make(dataset, choices, settings, target, quiet, engine=running, fresh=fresh)
    for label_format, path in further:
        write_text(path, render(made, label_format, width=80, colour=False))
    emit(render(made, "terminal", width=width(), colour=colour()))
    for notice in made.dataset.notices if verbose else ():
        say(notice, quiet)
    if open_report:
        typer.launch(str((target / "report.html").resolve()))
    if made.detection is None:
        say(_HOW_TO_PREDICT, quiet)
        return ExitCode.NOTHING_JUDGED
    first = made.findings[0].id if made.findings else "ID"
    say(f"Open {target / 'report.html'}  Next: {command('show', target, first)}", quiet)
    return ExitCode.DONE


def _format_and_path(item: str, known: tuple[str, ...]) -> tuple[str, Path]:
    from labelaudit.core.text import did_you_mean, printable

    name, equals, path = item.partition("=")
    if not equals or not path or name not in known:
        raise ConfigError(
            f"--write {printable(item, 80)}: say FORMAT=PATH, FORMAT one of {', '.join(known)}"
            f"{did_you_mean(name, known)}"
        )
    if not Path(path).absolute().parent.is_dir():
        raise ConfigError(f"--write {printable(item, 80)}: there is no such folder to write into")
    return name, Path(path)
