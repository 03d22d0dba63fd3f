"""The survey: every value of the predictions is checked, and a digest of each row kept.

One pass over the probabilities; with several models one over each, and one over their mean.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from labelaudit.core.dataset import Check, Dataset
from labelaudit.core.ensemble import Model, mean_of
from labelaudit.core.results import Audit, DatasetFacts
from labelaudit.core.settings import Options
from labelaudit.core.variables import Variable, nominal
from labelaudit.core.version import __version__
from labelaudit.detect.digest import digest_columns
from labelaudit.engine.job import Job, Raw
from labelaudit.ingest.contract import decide, expect_known
from labelaudit.ingest.contract.agreement import agreement_checks, predictions_file
from labelaudit.ingest.contract.classes import checks_of_names
from labelaudit.ingest.contract.ensemble import merged
from labelaudit.ingest.contract.predicted import checks_of_predicted, predicted_tally
from labelaudit.ingest.contract.same import checks_of_contents
from labelaudit.ingest.contract.values import ROUNDING, Values, checks_of_values

_BLOCK = 1 << 16


def survey(
    job: Job, options: Options, surveyed: Sequence[Check] | None = None
) -> tuple[Job, Audit]:
    """Read all probabilities once: check every value, keep the digest.

    Where the digest is there already, `surveyed` are the checks of the survey that made it.
    Returns the job (told to divide rows by their sums, where rounding had to be repaired) and
    the audit so far.
    """
    expect_known(options.allow)
    values = list(surveyed) if surveyed is not None else []
    if surveyed is not None:
        job = repaired(job, surveyed)
    elif job.dataset.models:
        job, values = _survey_models(job)
    elif job.dataset.probabilities is not None:
        job, values = _survey_values(job)
    facts = facts_of(job.dataset)
    checks = [*job.dataset.contract, *values]
    if not any(check.status == "refused" for check in values):  # else there is no digest to trust
        checks += _checks(job, facts)
    return job, Audit(
        dataset=facts,
        contract=decide(checks, options),
        inputs=job.dataset.inputs,
        settings=options.settings,
        tool_version=__version__,
        folder=job.folder,
    )


def _survey_values(job: Job) -> tuple[Job, list[Check]]:
    matrix = job.dataset.probabilities
    assert matrix is not None
    seen = read_through(job)
    rounded = seen["largest_gap"] > ROUNDING
    checks = checks_of_values(seen, matrix, rounded)
    if rounded and not matrix.normalise and all(check.status != "refused" for check in checks):
        job = divided(job)
        read_through(job)
    return job, checks


def _survey_models(job: Job) -> tuple[Job, list[Check]]:
    """Read each model by itself, then, if the values of all can be used, their mean."""
    models, found = [], []
    for number, model in enumerate(job.dataset.models):
        own, checks = _survey_values(job.of_model(number))
        assert own.dataset.probabilities is not None
        models.append(replace(model, matrix=own.dataset.probabilities))
        found.append(checks)
    job = _with_models(job, models)
    values = merged([model.file for model in models], found)
    if all(check.status != "refused" for check in values):
        read_through(job, "averaging predictions")
    return job, values


def _checks(job: Job, facts: DatasetFacts) -> list[Check]:
    """Make the checks that need no further look at the probabilities."""
    dataset = job.dataset
    checks = checks_of_names(dataset.class_names)
    if dataset.models:
        files = [model.file for model in dataset.models]
        each = [_checks_of(job.of_model(n), facts, file) for n, file in enumerate(files)]
        checks += merged(files, each)
    elif dataset.probabilities is not None:
        checks += _checks_of(job, facts, predictions_file(dataset))
    return [*checks, *checks_of_contents(dataset)]


def _checks_of(job: Job, facts: DatasetFacts, file: str) -> list[Check]:
    seen = job.fold(predicted_tally(job.dataset), "checking predictions")
    checks = checks_of_predicted(job.dataset, facts.class_counts, seen)
    return [*checks, *agreement_checks(job, file)]


def repaired(job: Job, checks: Sequence[Check]) -> Job:
    """Return the job with rows divided by their sums, where a survey found them rounded."""
    found = [check for check in checks if check.status == "repaired"]
    if not found or not job.dataset.models:
        return divided(job) if found else job
    parts = [part for check in found for part in check.evidence["models"]]
    files = {part["file"] for part in parts if part["status"] == "repaired"}
    return _with_models(
        job,
        [
            replace(model, matrix=replace(model.matrix, normalise=True))
            if model.file in files
            else model
            for model in job.dataset.models
        ],
    )


def _with_models(job: Job, models: Sequence[Model]) -> Job:
    dataset = replace(job.dataset, models=tuple(models), probabilities=mean_of(models))
    return replace(job, dataset=dataset)


def divided(job: Job) -> Job:
    """Return the job with every row of probabilities divided by its sum."""
    assert job.dataset.probabilities is not None
    matrix = replace(job.dataset.probabilities, normalise=True)
    return replace(job, dataset=replace(job.dataset, probabilities=matrix))


def read_through(job: Job, stage: str = "reading predictions") -> dict[str, Any]:
    matrix = job.dataset.probabilities
    assert matrix is not None
    # The values are checked as they lie in the file, the digest is of what the audit uses.
    raw = replace(job.dataset, probabilities=replace(matrix, normalise=False))
    (seen,) = job.each(
        Raw(dataset=raw, batch_rows=job.batch_rows),
        stage,
        partial(digest_columns, normalise=matrix.normalise),
        job.digest.keep,
        [Values()],
    )
    return dict(seen.result())


def facts_of(dataset: Dataset) -> DatasetFacts:
    counts = np.zeros(dataset.n_classes, dtype=np.int64)
    for start in range(0, len(dataset), _BLOCK):  # numpy makes a wider copy of what it counts
        counts += np.bincount(dataset.labels[start : start + _BLOCK], minlength=len(counts))
    return DatasetFacts(
        name=dataset.name,
        format=dataset.format,
        n_examples=len(dataset),
        n_unlabelled=dataset.n_unlabelled,
        class_names=dataset.class_names,
        class_counts=tuple(counts.tolist()),
        has=tuple(sorted(dataset.has)),
        notices=dataset.notices,
        slices={name: column.distinct for name, column in dataset.slices.items()},
        hierarchy=dataset.hierarchy,
        variables=_variables(dataset, counts.tolist()),
    )


def _variables(dataset: Dataset, counts: list[int]) -> tuple[Variable, ...]:
    own = dict(zip(dataset.class_names, counts, strict=True))
    label = nominal("label", own, dataset.n_unlabelled)
    return (label, *(dataset.shown.variables() if dataset.shown is not None else ()))
