"""Several models: whom to believe more when suspects are ranked.

Counts, joint and flags rest on the plain mean of the models. The order of suspects may do
better: a mean that weighs each model by how often it sides with the label where they differ.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from labelaudit.core.dataset import Batch, Digest
from labelaudit.core.ensemble import mean_of
from labelaudit.detect.digest import digest_columns
from labelaudit.detect.joint import ConfidentJoint
from labelaudit.detect.quality import Quality
from labelaudit.detect.ranking import one_way
from labelaudit.detect.thresholds import Thresholds
from labelaudit.engine.job import Job, Raw
from labelaudit.engine.passes import Columns


def weights_of(job: Job) -> tuple[float, ...]:
    """Return the weight of each model, which sum to 1.

    Of the rows where the models do not all predict the same class: how many of these a model
    predicts as they are labelled, as a share of the sum over models. Labels may be wrong, but are
    as wrong for one model as for the other. Equal where the models differ nowhere.
    """
    sides = [0] * len(job.dataset.models)
    alone = [job.of_model(number) for number in range(len(sides))]
    for shard in job.shards:
        labels = job.dataset.labels[shard.start : shard.stop]
        said = [Digest(**one.digest.get(shard)).predicted(labels) for one in alone]
        differ = np.zeros(len(labels), dtype=np.bool_)
        for other in said[1:]:
            differ |= other != said[0]
        for number, own in enumerate(said):
            sides[number] += int(((own == labels) & differ).sum())
    total = sum(sides)
    return tuple(count / total if total else 1 / len(sides) for count in sides)


def weighed(job: Job, weights: tuple[float, ...], ranking: str, rule: str) -> Job:
    """Return the job with the label quality that the weighted mean gives, worked out here.

    Thresholds and what flows one way are those of the weighted mean, too.
    """
    models = job.dataset.models
    mean = replace(job.dataset, probabilities=mean_of(models, weights), models=())
    own = replace(job, dataset=mean, digest=job.working_parts("weighted"), model_digests=())
    own.each(
        Raw(dataset=mean, batch_rows=job.batch_rows),
        "weighing models",
        partial(digest_columns, normalise=False),
        own.digest.keep,
    )
    thresholds = own.fold(Thresholds(mean.n_classes), "weighing models")
    _, (codes, found) = own.fold(ConfidentJoint(thresholds, rule), "weighing models")
    counts = np.bincount(mean.labels, minlength=mean.n_classes)
    quality = Quality(ranking=ranking, thresholds=thresholds, flow=one_way(codes, found, counts))
    parts = job.working_parts("quality")
    own.each(own.digested, "weighing models", partial(_columns, quality=quality), parts.keep)
    return replace(job, quality=parts)


def _columns(batch: Batch, quality: Quality) -> Columns:
    return {"quality": quality(batch)}
