"""Detection as a whole: small results first, then a pass that scores every row."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded, Column, Numbered, as_arrays
from labelaudit.core.dataset import Batch, Dataset, Shard
from labelaudit.core.folder import write_scores_part
from labelaudit.core.results import (
    FINDING_COLUMNS,
    SCORE_COLUMNS,
    DatasetFacts,
    Detection,
    Findings,
    over_columns,
)
from labelaudit.core.settings import JOINTS, RANKINGS, Options, budget
from labelaudit.core.texts import Texts
from labelaudit.detect import select
from labelaudit.detect.confusions import confusions, kinships
from labelaudit.detect.evidence import evidence_of
from labelaudit.detect.joint import (
    ConfidentJoint,
    calibrated,
    confident_class,
    model_noise_estimate,
    sampling_interval,
)
from labelaudit.detect.many_classes import Joint
from labelaudit.detect.neighbouring import Surroundings, evidence_of_neighbours, with_neighbours
from labelaudit.detect.quality import Quality
from labelaudit.detect.ranking import one_way
from labelaudit.detect.signals import (
    SIGNALS,
    confidence_weighted_entropy,
    normalized_margin,
    self_confidence,
)
from labelaudit.detect.sliced import expected_by_slice, flagged_by_slice, slices_of_rows
from labelaudit.detect.thresholds import NEVER, Thresholds
from labelaudit.detect.weighing import weighed, weights_of
from labelaudit.engine.job import Job
from labelaudit.engine.parts import Parts
from labelaudit.engine.passes import Columns, joined

MOST_SHOWN = 20
FEW_ROWS = 10  # with fewer there is no estimate


def find_doubtful(
    job: Job, facts: DatasetFacts, options: Options, too_weak: str | None = None
) -> tuple[Detection, Findings, Columns | None]:
    """Return the detection, its findings, and the scores where they were kept in memory.

    `too_weak` says why the model's estimate of noise would mean nothing, where it would.
    """
    thresholds = job.fold(Thresholds(facts.n_classes), "thresholds")
    counts, (codes, found) = job.fold(ConfidentJoint(thresholds, options.joint), "confident joint")
    class_counts = np.array(facts.class_counts, dtype=np.int64)
    joint = calibrated(counts, class_counts)
    weights = None
    if job.dataset.models and options.ranking == RANKINGS[0]:
        weights = weights_of(job)
        job = weighed(job, weights, options.ranking, options.joint)
    choose = chosen_filter(options.filter, job, joint, thresholds, options.joint)
    quality = Quality(
        ranking=options.ranking, thresholds=thresholds, flow=one_way(codes, found, class_counts)
    )
    around = None
    if job.dataset.embeddings is not None:
        job, around = with_neighbours(
            job, quality, choose, class_counts, options.seed, options.near_duplicate_threshold
        )
    n_filtered = None
    if options.top is not None:
        n_filtered = len(select.chosen_rows(choose, partial(job.fold, stage="selecting")))
        most = budget(options.top, facts.n_examples)
        choose = select.most_doubtful(most, choose, quality, partial(job.fold, stage="selecting"))
    flagged, beaten, scores = _score(job, choose, quality)
    noise_matrix = over_columns(joint, joint.sum(axis=0))
    findings = _ranked(job.dataset, flagged, thresholds, noise_matrix, around)
    given, suggested = flagged["given"], flagged["other"]
    models = job.dataset.models
    whose = f"the mean of {len(models)} models" if models else "one set of predictions"
    pairs = _pairs(given, suggested, facts.n_classes)
    by_class = np.bincount(given, minlength=facts.n_classes)
    detection = Detection(
        filter=options.filter,
        joint=options.joint,
        top=options.top,
        n_filtered=n_filtered,
        n_flagged=len(findings),
        n_predicted_neq_given=beaten,
        ranking=options.ranking,
        **_noise(joint, counts, facts, whose, too_weak),
        model_weights=weights,
        confident_joint=joint,
        class_thresholds=thresholds,
        flagged_by_class=by_class,
        flagged_pairs=pairs,
        confusions=confusions(pairs, facts.n_classes),
        kinships=kinships(joint),
        near_duplicates=_near_duplicates(job.dataset, around) if around else None,
        flagged_by_slice=flagged_by_slice(job.dataset, flagged["position"]),
        expected_by_slice=expected_by_slice(job.dataset, class_counts, by_class),
    )
    return detection, findings, scores


def _noise(
    joint: Joint, counts: Joint, facts: DatasetFacts, whose: str, too_weak: str | None
) -> dict[str, Any]:
    """Return the model's estimate of noise and what it rests on; none of a model too weak."""
    if too_weak is None and facts.n_examples < FEW_ROWS:
        too_weak = f"{facts.n_examples} rows are too few"
    if too_weak is not None:
        return {
            "model_noise_estimate": None,
            "model_noise_basis": f"not given, it would mean nothing: {too_weak}",
        }
    estimate = model_noise_estimate(joint)
    return {
        "model_noise_estimate": estimate,
        "model_noise_interval": sampling_interval(estimate, counts, np.array(facts.class_counts)),
        "model_noise_basis": (
            "1 - trace of the calibrated confident joint: the model's estimate, bias unknown, "
            f"from {facts.n_examples:,} rows of {whose}; no person checked a label"
        ),
    }


def _near_duplicates(dataset: Dataset, around: Surroundings) -> dict[str, Any]:
    """Return what nearly is one example and carries different labels: how much, and the first."""
    near = around.near
    return {
        "threshold": around.near_duplicate_threshold,
        "radius": near.radius,
        "n_not_compared": around.graph.n_left_out,
        "metric": around.graph.metric,
        "n_groups": len(near.groups),
        "n_pairs": len(near.pairs),
        "groups": [
            [
                {"id": dataset.id_of(row), "label": dataset.class_names[dataset.labels[row]]}
                for row in group[:MOST_SHOWN].tolist()
            ]
            for group in near.groups[:MOST_SHOWN]
        ],
        **around.graph.sampled(dataset.labels),
    }


def _pairs(
    given: npt.NDArray[np.int32], suggested: npt.NDArray[np.int32], n_classes: int
) -> tuple[tuple[int, int, int], ...]:
    """Return (given, suggested, count) of the flagged rows, largest count first."""
    codes, counts = np.unique(given.astype(np.int64) * n_classes + suggested, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    columns = (*np.divmod(codes[order], n_classes), counts[order])
    return tuple(zip(*(column.tolist() for column in columns), strict=True))


def chosen_filter(
    name: str,
    job: Job,
    joint: npt.NDArray[np.int64],
    thresholds: npt.NDArray[np.float64],
    rule: str = JOINTS[0],
) -> select.Choose:
    """Return the filter of that name, made from the small results."""
    one_fold = partial(job.fold, stage="selecting")
    if name == "predicted_neq_given":
        return select.predicted_neq_given()
    if name == "confident_learning":
        return select.confident_learning(partial(confident_class, thresholds=thresholds, rule=rule))
    if name == "prune_by_class":
        return select.prune_by_class(joint, one_fold)
    by_rate = select.prune_by_noise_rate(joint, one_fold)
    if name == "both":
        return select.both(select.prune_by_class(joint, one_fold), by_rate)
    return by_rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Scoring:
    """Makes the columns of every row: its scores, and whether it is flagged."""

    choose: select.Choose
    quality: Quality

    def __call__(self, batch: Batch) -> Columns:
        assert batch.digest is not None
        own = batch.digest
        weighted = np.empty(len(batch.labels))
        for block, full in batch.full_rows(np.arange(len(batch.labels))):
            weighted[block] = confidence_weighted_entropy(own.self_confidence[block], full)
        return {
            "position": batch.rows,
            "given": batch.labels,
            "other": own.other,
            "predicted": own.predicted(batch.labels),
            "other_probability": own.other_probability,
            "is_flagged": self.choose(batch),
            "label_quality": self.quality(batch),
            "self_confidence": self_confidence(own),
            "normalized_margin": normalized_margin(own),
            "confidence_weighted_entropy": weighted,
        }

    def within(self, shard: Shard) -> "Scoring":
        """Return what is needed of it to score the rows of a shard."""
        return Scoring(choose=select.within(self.choose, shard), quality=self.quality)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """Keeps the columns of a shard: all rows as scores, the flagged ones to be ranked."""

    dataset: Dataset
    flagged: Parts
    scores: Path | Parts

    def __call__(self, shard: Shard, columns: Columns) -> None:
        chosen = columns["is_flagged"]
        self.flagged.keep(shard, {name: values[chosen] for name, values in columns.items()})
        shown = _shown(self.dataset, columns)
        if isinstance(self.scores, Parts):
            self.scores.keep(shard, as_arrays(shown))
        else:
            write_scores_part(shard.index, shown, self.scores)


class Beaten:
    """How many labels another class beats."""

    def __init__(self) -> None:
        self.count = 0

    def update(self, batch: Batch) -> None:
        self.count += int(select.label_is_beaten(batch).sum())

    def merge(self, other: "Beaten") -> None:
        self.count += other.count

    def result(self) -> int:
        return self.count


def _score(
    job: Job, choose: select.Choose, quality: Quality
) -> tuple[Columns, int, Columns | None]:
    """Write every row's scores; return the flagged rows' columns, a count, and scores in memory.

    The count is that of the rows whose label another class beats. Scores are kept in memory
    where there is no folder to write them to.
    """
    flagged = job.working_parts("flagged")
    scores = Parts() if job.folder is None else job.folder
    (beaten,) = job.each(
        job.digested,
        "scoring",
        Scoring(choose=choose, quality=quality),
        Kept(dataset=_shown_of(job.dataset), flagged=flagged, scores=scores),
        [Beaten()],
    )
    found = joined([flagged.get(shard) for shard in job.shards])
    if isinstance(scores, Parts):
        return found, beaten.result(), joined([scores.get(shard) for shard in job.shards])
    return found, beaten.result(), None


def _shown_of(dataset: Dataset) -> Dataset:
    """Return of a dataset only what tables show: the rest need not be sent along."""
    return replace(dataset, probabilities=None, embeddings=None, models=(), slices={})


def _shown(dataset: Dataset, columns: Columns) -> dict[str, Column]:
    """Return the columns of `scores/` for some rows, with names in place of codes."""
    names = dataset.class_names
    rows = columns["position"]
    sources = rows if dataset.source_rows is None else dataset.source_rows[rows]
    ids: Column = Numbered(numbers=sources)
    if dataset.ids is not None:
        own = dataset.ids
        few = own.take(rows) if isinstance(own, Texts) else [own[row] for row in rows.tolist()]
        ids = few if isinstance(few, Texts) else Texts.of(few)
    table: dict[str, Column] = {
        "row": sources,
        "id": ids,
        "given_label": Coded(distinct=names, codes=columns["given"]),
        "suggested_label": Coded(distinct=names, codes=columns["predicted"]),
        "label_quality": columns["label_quality"],
        "is_flagged": columns["is_flagged"],
    }
    for name in SIGNALS:
        table[name] = columns[name]
    return {name: table[name] for name in SCORE_COLUMNS}


def _ranked(
    dataset: Dataset,
    flagged: Columns,
    thresholds: npt.NDArray[np.float64],
    noise_matrix: Any,
    around: Surroundings | None,
) -> Findings:
    """Sort the flagged rows, most doubtful first, ties by row number."""
    order = np.lexsort((flagged["position"], flagged["label_quality"]))
    columns = {name: values[order] for name, values in flagged.items()}
    # A class without examples has no threshold.
    bars = np.where(thresholds < NEVER, thresholds, np.nan)
    table: dict[str, Column] = _shown(dataset, columns) | {
        "rank": np.arange(1, len(order) + 1),
        "given_probability": columns["self_confidence"],
        "suggested_probability": columns["other_probability"],
        "given_threshold": bars[columns["given"]],
        "suggested_threshold": bars[columns["other"]],
    }
    near = evidence_of_neighbours(dataset, around, columns["position"]) if around else None
    sampled = around is not None and around.graph.n_references < around.graph.n_total
    evidence = evidence_of(dataset, columns, thresholds, noise_matrix, near, sampled)
    evidence |= slices_of_rows(dataset, columns["position"])
    return Findings(columns={name: table[name] for name in FINDING_COLUMNS} | evidence)
