"""`labelaudit measure`: balance, calibration, separability."""

import typer

from labelaudit.cli import options as opt
from labelaudit.core.errors import ExitCode

EXAMPLES = """\b
Examples:
  labelaudit measure digits-audit
  labelaudit measure digits-audit --seed 7
  labelaudit measure digits-audit --measures calibration,true_prior
  labelaudit measure digits-audit --engine processes --workers 2"""


def measure(
    context: typer.Context,
    audit: opt.AuditPath,
    measures: opt.Measures = None,
    skip: opt.Skip = None,
    seed: opt.Seed = 0,
    engine: opt.Engine = "here",
    workers: opt.Workers = None,
    scheduler: opt.Scheduler = None,
    config: opt.Config = None,
    quiet: opt.Quiet = False,
) -> int:
    """Measure balance, calibration and separability.

    An audit that was measured before is measured anew, with what is chosen now.
    """
    from labelaudit.auditing import measure as run_measures
    from labelaudit.cli.auditfolder import audit_of, expect_not_refused, go_on, target_of
    from labelaudit.cli.configured import told_of
    from labelaudit.cli.console import command, emit, say
    from labelaudit.cli.engines import EngineChoice
    from labelaudit.core.folder import is_audit
    from labelaudit.core.results import Measurement
    from labelaudit.core.settings import OF_MEASURES
    from labelaudit.measures.measuring import expect_known

    known = told_of(context, audit, config)
    options = known.options((*OF_MEASURES, "seed"))
    expect_known(options.measures, options.skip)
    with EngineChoice(engine, workers, scheduler).started() as running:
        target = audit
        if not is_audit(audit):
            expect_not_refused(audit)
            target = target_of(audit, known)
            audit_of(audit, quiet, running, known)
        made = go_on(target, lambda job, before: run_measures(job, before, options), quiet, running)
    lines = []
    for measured in made.measurements or ():
        if isinstance(measured, Measurement):
            value = "undefined" if measured.value is None else f"{measured.value:.4g}"
            lines.append(f"{measured.title}: {value} ({measured.unit})")
        else:
            lines.append(f"{measured.title}: skipped, {measured.reason}; supply {measured.remedy}")
    emit("\n".join(lines) + "\n")
    say(f"Next: {command('report', target)}", quiet)
    return ExitCode.DONE
