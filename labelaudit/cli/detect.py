"""`labelaudit detect`: confident-learning error detection."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ConfigError, ExitCode
from labelaudit.core.settings import FILTERS, JOINTS, RANKINGS

if TYPE_CHECKING:
    from labelaudit.core.results import Detection
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
    ranking: opt.Ranking = RANKINGS[0],
    joint: opt.Joint = JOINTS[0],
    top: opt.Top = None,
    near_duplicate_threshold: opt.NearDuplicates = 0.13,
    seed: opt.Seed = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Run cleanlab too and name the rows that differ.")
    ] = False,
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    config: opt.Config = None,
    quiet: opt.Quiet = False,
) -> int:
    """Flag suspected label errors.

    Goes on with the audit that `labelaudit ingest` began.
    """
    from pathlib import Path
    from tempfile import TemporaryDirectory

    import numpy as np

    from labelaudit.auditing import detect as run_detection
    from labelaudit.cli.auditfolder import (
        expect_not_refused,
        go_on,
        make,
        reopened,
        target_of,
    )
    from labelaudit.cli.configured import told_of
    from labelaudit.cli.console import command, emit, say
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.core.folder import SCORES_FOLDER, is_audit, read_scores
    from labelaudit.core.settings import OF_DETECTION

    known = told_of(context, audit, config)
    options = known.options((*OF_DETECTION, "seed"))
    if verify and (options.joint != JOINTS[0] or options.top is not None):
        raise ConfigError(
            "--verify: cleanlab has neither the paper's joint nor a budget; leave out --joint and "
            "--top"
        )
    with EngineChoice(engine, workers, scheduler).started() as running:
        target = audit
        if not is_audit(audit):
            expect_not_refused(audit)
            target = target_of(audit, known)
            make(
                audit,
                known.choices(),
                known.options(),
                target,
                quiet,
                only_ingest=True,
                engine=running,
            )
        made = go_on(
            target, lambda job, before: run_detection(job, before, options), quiet, running
        )
    detection = made.detection
    assert detection is not None
    emit(_summary(detection, made.dataset.n_examples))
    if verify:
        from labelaudit.detect.verify import verify as compare

        columns = read_scores(target / SCORES_FOLDER)
        flagged = np.flatnonzero(columns["is_flagged"])
        with TemporaryDirectory(prefix="labelaudit-") as working:
            dataset = reopened(target, made, Path(working)).dataset
            emit(_compared(compare(dataset, flagged, options.filter), columns))
    say(f"Next: {command('measure', target)}", quiet)
    return ExitCode.DONE


def _summary(detection: "Detection", n_examples: int) -> str:
    noise, interval = detection.model_noise_estimate, detection.model_noise_interval
    estimate = f"model noise estimate {detection.model_noise_basis}"
    if noise is not None and interval is not None:
        estimate = (
            f"model noise estimate {noise:.3f}: the model's estimate, bias unknown (by sampling "
            f"alone {interval[0]:.3f} to {interval[1]:.3f})"
        )
    budget = f", the {detection.top} most doubtful" if detection.top is not None else ""
    return (
        f"{detection.n_flagged:,} of {n_examples:,} labels suspected ({detection.filter}{budget}); "
        f"{estimate}\n"
    )


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
