"""Run the measures: tallies in one fold, sampled ones on a shared sample, derived ones last."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Digest
from labelaudit.core.results import DatasetFacts, Detection, Measurement, Skipped
from labelaudit.engine.graph import LARGEST, finite, folder_of, graph_of
from labelaudit.engine.job import Job
from labelaudit.engine.neighbours import nearest
from labelaudit.engine.passes import joined
from labelaudit.engine.sample import fair_sample
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import DerivedMeasure, Measure, Sample, SampledMeasure


def measure_all(
    job: Job, facts: DatasetFacts, detection: Detection | None, seed: int
) -> tuple[Measurement | Skipped, ...]:
    """Run every known measure, by name; one that lacks what it needs is skipped with a reason."""
    kinds = known_measures()
    has = set(job.dataset.has) | ({"flags", "joint"} if detection is not None else set())
    able = {name: kind for name, kind in kinds.items() if kind.needs <= has}
    done: dict[str, Measurement | Skipped] = {
        name: _skipped(kind.name, kind.title, kind.needs - has, "embeddings" in has)
        for name, kind in kinds.items()
        if name not in able
    }
    tallies = [kind(facts) for kind in able.values() if issubclass(kind, Measure)]
    filled = job.each(job.digested, "measuring", tallies=tallies)
    for measured in (tally.result() for tally in filled):
        done[measured.name] = measured
    sampled = [kind for kind in able.values() if issubclass(kind, SampledMeasure)]
    for size in sorted({kind.largest_sample for kind in sampled}):
        sharing = [kind for kind in sampled if kind.largest_sample == size]
        sample = _sample(job, size, seed, sharing)
        for kind in sharing:
            done[kind.name] = kind.measure(sample, facts)
    for derived in able.values():
        if issubclass(derived, DerivedMeasure):
            done[derived.name] = derived.measure(facts, detection, dict(done))
    return tuple(done[name] for name in sorted(done))


_REMEDIES = {
    "digest": ("no predictions", "--predictions FILE"),
    "probabilities": ("no predictions", "--predictions FILE"),
    "flags": ("no detection has run", "--predictions FILE, then `labelaudit detect`"),
    "joint": ("no detection has run", "--predictions FILE, then `labelaudit detect`"),
    "embeddings": ("no embeddings", "--embeddings FILE"),
    "neighbours": ("no embeddings", "--embeddings FILE"),
}


def _skipped(name: str, title: str, lacking: frozenset[str], embedded: bool) -> Skipped:
    if embedded and "neighbours" in lacking:
        return Skipped(name=name, title=title, reason="one row has no other", remedy="more rows")
    reasons = [_REMEDIES.get(need, (f"no {need}", f"supply {need}")) for need in sorted(lacking)]
    return Skipped(name=name, title=title, reason=reasons[0][0], remedy=reasons[0][1])


# A sample of whole rows is held in memory: where classes are many it is of fewer rows.
_MOST_CELLS = 1 << 26
_LEAST_SAMPLE = 512


def _sample(job: Job, size: int, seed: int, kinds: Sequence[type[SampledMeasure]]) -> Sample:
    """Take a fair sample and of it only what the measures that share it ask for."""
    needs = frozenset().union(*(kind.needs for kind in kinds))
    dataset = job.dataset
    matrix = dataset.probabilities if "probabilities" in needs else None
    if matrix is not None:
        size = min(size, max(_LEAST_SAMPLE, _MOST_CELLS // matrix.width))
    rows = fair_sample(len(dataset), size, seed)
    points = None
    neighbours = None
    if needs & {"embeddings", "neighbours"} and dataset.embeddings is not None:
        points = finite(dataset.embeddings, rows)
    if "neighbours" in needs and points is not None and len(rows) > 1:
        most = max(kind.n_neighbours for kind in kinds)
        # The sample of the audit's one graph, but where rows are so wide that fewer are taken.
        whole = len(rows) == min(len(dataset), LARGEST)
        neighbours = (
            graph_of(job, most, seed, folder=folder_of(job)).among_references()
            if whole
            else nearest(points, most, watch=job.watch("comparing neighbours"))
        )
    return Sample(
        rows=rows,
        n_total=len(dataset),
        seed=seed,
        labels=dataset.labels[rows],
        digest=_digest_of(job, rows) if "digest" in needs else None,
        probabilities=matrix.gather(rows) if matrix is not None else None,
        embeddings=points,
        neighbours=neighbours,
    )


def _digest_of(job: Job, rows: npt.NDArray[np.int64]) -> Digest:
    pieces = []
    for shard in job.shards:
        first, last = np.searchsorted(rows, (shard.start, shard.stop))
        own = rows[first:last] - shard.start
        pieces.append({name: values[own] for name, values in job.digest.get(shard).items()})
    return Digest(**joined(pieces))
