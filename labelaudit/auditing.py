"""The recipe: the only file that knows in which order an audit is made.

survey    one pass over the probabilities: values checked, digest kept
detect    thresholds, joint, flags, scores: from the digest, full rows where they are needed
measure   tallies over the digest, functions of a fair sample, functions of results
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check, Dataset
from labelaudit.core.errors import ConfigError, NothingJudged
from labelaudit.core.examples import EXAMPLE_SIDE, MOST_EXAMPLES, Example
from labelaudit.core.results import Audit, Findings
from labelaudit.core.settings import (
    FILTERS,
    JOINTS,
    OF_DETECTION,
    OF_MEASURES,
    RANKINGS,
    Options,
    Setting,
)
from labelaudit.detect.detecting import find_doubtful
from labelaudit.detect.selftest import SelfTest, flips, found_again
from labelaudit.engine.job import Job, begin
from labelaudit.ingest.contract import expect_known
from labelaudit.ingest.folder import Choices
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.ingest.opening import open_here
from labelaudit.ingest.remote.fetching import lying_here
from labelaudit.measures.measuring import chosen_of, measure_all
from labelaudit.measures.measuring import expect_known as expect_measures
from labelaudit.surveying import facts_of, read_through, survey


def audit(
    data: Any,
    pred_probs: Any = None,
    *,
    embeddings: Any = None,
    class_names: Sequence[str] | None = None,
    ids: Sequence[Any] | None = None,
    filter: str = FILTERS[0],
    ranking: str = RANKINGS[0],
    joint: str = JOINTS[0],
    top: str | int | None = None,
    near_duplicate_threshold: float = 0.13,
    seed: int = 0,
    allow: Sequence[str] = (),
    strict: bool = False,
    measures: Sequence[str] | None = None,
    skip: Sequence[str] = (),
    **choices: Any,
) -> Audit:
    """Audit a dataset: a folder, a file, or arrays.

    Parameters
    ----------
    data : path or URL of a dataset folder or file; or a `Dataset` from `open_dataset`; or the
        labels, a sequence or array of shape (N,) of class names or column numbers; or a DataFrame
        with a column of labels (`label_column`).
    pred_probs : out-of-sample predicted probabilities, array or DataFrame of shape (N, K). The
        columns of a DataFrame are class names, its index is matched with that of the labels.
        A list of such arrays are models of an ensemble: the mean of them is audited, added up in
        the order given. With a path it is not given: there it is `predictions`.
    embeddings : array of shape (N, d), or with a path the name of a file; optional.
    class_names : names of the K columns of `pred_probs`.
    ids : names of the N rows.
    filter : prune_by_noise_rate, prune_by_class, both, confident_learning or
        predicted_neq_given.
    ranking : what `label_quality` is, flow_adjusted or the name of a signal.
    joint : cleanlab or paper: what a row counts for where several classes are confident.
    top : a budget, 500 or "2%": flag only the most doubtful of what the filter flags.
    near_duplicate_threshold : how near two examples must be to count as one, in median
        distances of nearest neighbours.
    seed : of the samples that some measures take.
    allow : checks of the input contract whose failure shall not refuse the audit.
    strict : refuse where a check of the input contract raises an alert.
    measures : names of the measures to run, None for all; `labelaudit explain` lists them.
    skip : names of measures not to run.
    choices : with a path `labels`, `label_column`, `id_column`, `predictions`, `images`,
        `classes`, `hierarchy`, as the command line's options of these names; `predictions` may
        be a list of files, one for each model of an ensemble. With arrays `hierarchy` may be a
        nested mapping of groups of classes. `by` names a column of the table or DataFrame, or
        several, to cut the rows by; with arrays it is a mapping of names to N values each.

    Raises
    ------
    InputError : one line that names the place and what to do; a `Refusal` where the input
        contract failed, its `checks` say how.

    Examples
    --------
    >>> import labelaudit
    >>> result = labelaudit.audit(["cat", "dog", "cat"], [[.9, .1], [.2, .8], [.1, .9]])
    >>> [(finding.row, finding.suggested_label) for finding in result.findings]
    [(2, 'dog')]
    """
    options = Options(
        filter=filter,
        ranking=ranking,
        joint=joint,
        top=None if top is None else str(top),
        near_duplicate_threshold=near_duplicate_threshold,
        seed=seed,
        allow=tuple(allow),
        strict=strict,
        measures=None if measures is None else tuple(measures),
        skip=tuple(skip),
    )
    expect_known(options.allow)
    expect_measures(options.measures, options.skip)
    if isinstance(data, Dataset | str | Path):
        given = {"pred_probs": pred_probs, "class_names": class_names, "ids": ids}
        for name, value in given.items():
            if value is not None:
                raise ConfigError(
                    f"{name}: goes with labels in memory; with a path say `predictions` and "
                    "`classes`, as on the command line"
                )
    if isinstance(data, Dataset):
        return run(begin(data), options)
    if isinstance(data, str | Path):
        with lying_here(data, Choices(embeddings=embeddings, **choices)) as here:
            return run(begin(open_here(here)), options)
    dataset = dataset_from_memory(
        data, pred_probs, embeddings=embeddings, class_names=class_names, ids=ids, **choices
    )
    return run(begin(dataset), options)


def run(job: Job, options: Options, surveyed: Sequence[Check] | None = None) -> Audit:
    """Make a whole audit: survey, detect, measure."""
    job, made = survey(job, options, surveyed)
    if job.dataset.probabilities is not None:
        made = detect(job, made, options)
    return measure(job, made, options)


def detect(job: Job, made: Audit, options: Options) -> Audit:
    """Find doubtful labels: thresholds, confident joint, flags, scores, ranking."""
    if job.dataset.probabilities is None:
        raise NothingJudged("there are no predictions, so no label can be checked")
    too_weak = next((check.message for check in made.contract if _says_weak(check)), None)
    detection, findings, scores = find_doubtful(job, made.dataset, options, too_weak)
    return replace(
        made,
        detection=detection,
        findings=findings,
        scores=scores,
        examples=_examples(job, findings),
        measurements=None,  # those of an earlier detection no longer hold
        settings=_with(made, options, *OF_DETECTION, "seed"),
    )


def _examples(job: Job, findings: Findings) -> dict[int, Example]:
    """Return what the first suspects look like, by row of the labels file."""
    shown = job.dataset.shown
    if shown is None or not len(findings):
        return {}
    source_rows = np.sort(np.asarray(findings.columns["row"][:MOST_EXAMPLES], dtype=np.int64))
    n_rows, n_done = len(source_rows), 0

    def done() -> None:
        nonlocal n_done
        n_done += 1
        if job.progress is not None:
            job.progress("examples", n_done, n_rows)

    made = shown.examples(positions_of(job.dataset, source_rows), done, EXAMPLE_SIDE)
    return dict(zip(source_rows.tolist(), made, strict=True))


def _says_weak(check: Check) -> bool:
    """Say whether a check found a model that hardly knows the labels, be it that it is allowed."""
    return check.name in ("weak_model", "alignment") and check.status == "alerted"


def selftest(job: Job, made: Audit, options: Options, share: float, folder: Path) -> SelfTest:
    """Flip about `share` of the labels, detect anew on the same predictions, count what is found.

    `folder` is a place of its own for what is made on the way. The rows that the audit suspects
    already keep their labels. A budget is left aside.
    """
    if made.detection is None or made.findings is None or job.dataset.probabilities is None:
        raise NothingJudged("no label has been checked: run `labelaudit detect` first")
    dataset = job.dataset
    labels = np.array(dataset.labels)
    spared = positions_of(dataset, np.asarray(made.findings.columns["row"]))
    flipped = flips(labels, spared, made.detection.confident_joint, share, options.seed)
    labels[flipped.rows] = flipped.after
    folder.mkdir()
    again = begin(replace(dataset, labels=labels), folder, job.engine, progress=job.progress)
    for number in range(len(again.dataset.models)):
        read_through(again.of_model(number))
    read_through(again)
    # A budget would be the recall's, not the detection's.
    whole = replace(options, top=None)
    _, findings, _ = find_doubtful(again, facts_of(again.dataset), whole)
    suspected = positions_of(dataset, np.asarray(findings.columns["row"]))
    names = dataset.class_names
    return found_again(flipped, suspected, names, share, options.seed, made.detection)


def positions_of(dataset: Dataset, source_rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return which rows of the dataset rows of the labels file are, ascending."""
    rows = np.sort(source_rows)
    return rows if dataset.source_rows is None else np.searchsorted(dataset.source_rows, rows)


def measure(job: Job, made: Audit, options: Options) -> Audit:
    """Run the measures chosen; one that lacks what it needs is skipped, with the reason."""
    expect_measures(options.measures, options.skip)
    chosen = chosen_of(options.measures, options.skip)
    flagged = None
    if made.detection is not None and made.findings is not None:
        flagged = positions_of(job.dataset, np.asarray(made.findings.columns["row"]))
    measurements = measure_all(
        job,
        made.dataset,
        made.detection,
        options.seed,
        chosen,
        made.contract,
        _near(made, options),
        flagged,
    )
    settings = _with(made, options, "seed", *OF_MEASURES)
    return replace(made, measurements=measurements, settings=settings)


def _near(made: Audit, options: Options) -> float:
    """Return how near is nearly one: what detection went by, where it has run."""
    known = made.settings.get("near_duplicate_threshold")
    return options.near_duplicate_threshold if known is None else float(known.value)


def _with(made: Audit, options: Options, *names: str) -> dict[str, Setting]:
    """Return the settings of an audit, those that a step obeys as they are now."""
    return dict(made.settings) | {name: options.settings[name] for name in names}
