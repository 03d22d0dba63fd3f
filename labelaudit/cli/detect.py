"""`labelaudit detect`: confident-learning error detection."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode
from labelaudit.core.settings import FILTERS

if TYPE_CHECKING:
    from labelaudit.detect.verify import Verification

EXAMPLES = """\b
Examples:
  labelaudit detect digits-audit
  labelaudit detect digits-audit --filter both --verify
  labelaudit detect digits-audit --engine processes --workers 2"""


def detect(
    context: typer.Context,
    audit: opt.AuditPath,
    filter_name: opt.Filter = FILTERS[0],
    seed: opt.Seed = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Run cleanlab too and name the rows that differ.")
    ] = False,
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    quiet: opt.Quiet = False,
) -> int:
    """Flag suspected label errors.

    Goes on with the audit that `labelaudit ingest` began.
    """
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import numpy as np

    from labelaudit.auditing import detect as run_detection
    from labelaudit.cli.audit import origins
    from labelaudit.cli.auditfolder import default_folder, go_on, make, reopened
    from labelaudit.cli.console import command, emit, say
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.core.folder import SCORES_FOLDER, is_audit, read_scores
    from labelaudit.core.settings import Options
    from labelaudit.ingest.folder import Choices

    options = Options(filter=filter_name, seed=seed, origins=origins(context))
    with EngineChoice(engine, workers, scheduler).started() as running:
        target = audit
        if not is_audit(audit):
            target = default_folder(audit)
            make(audit, Choices(), options, target, quiet, only_ingest=True, engine=running)
        made = go_on(
            target, lambda job, before: run_detection(job, before, options), quiet, running
        )
    detection = made.detection
    assert detection is not None
    emit(
        f"{detection.n_flagged:,} of {made.dataset.n_examples:,} labels suspected "
        f"({detection.filter}); model noise estimate {detection.model_noise_estimate:.3f}: the "
        "model's estimate, bias unknown\n"
    )
    if verify:
        from labelaudit.detect.verify import verify as compare

        columns = read_scores(target / SCORES_FOLDER)
        flagged = np.flatnonzero(columns["is_flagged"])
        with TemporaryDirectory(prefix="labelaudit-") as working:
            dataset = reopened(target, made, Path(working)).dataset
            emit(_compared(compare(dataset, flagged, filter_name), columns))
    say(f"Next: {command('measure', target)}", quiet)
    return ExitCode.DONE


def _compared(found: "Verification", columns: dict[str, Any]) -> str:
    """Say on which rows cleanlab and labelaudit differ, or that they do not."""
    from labelaudit.core.text import listed

    head = f"cleanlab {found.version} flags {found.n_theirs:,}, labelaudit {found.n_ours:,}: "
    if not found.only_ours and not found.only_theirs:
        return head + "the same rows\n"
    names = columns["id"]
    return (
        head
        + f"{len(found.only_ours):,} rows only here"
        + (f" ({listed(names[row] for row in found.only_ours)})" if found.only_ours else "")
        + f", {len(found.only_theirs):,} only there"
        + (f" ({listed(names[row] for row in found.only_theirs)})" if found.only_theirs else "")
        + "; equal margins are the usual cause: here the lower row number goes first\n"
    )
