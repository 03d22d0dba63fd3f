"""Run the measures: tallies in one fold, sampled ones on a shared sample, derived ones last."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Check, Dataset, Digest
from labelaudit.core.errors import ConfigError
from labelaudit.core.matrix import Matrix
from labelaudit.core.results import DatasetFacts, Detection, Measurement, Skipped
from labelaudit.core.text import did_you_mean, printable
from labelaudit.engine.graph import finite, folder_of, graph_of, n_compared, sampled_at
from labelaudit.engine.job import Job
from labelaudit.engine.neighbours import nearest
from labelaudit.engine.passes import joined
from labelaudit.engine.sample import fair_sample
from labelaudit.engine.tally import Tally
from labelaudit.measures import Kind, known_measures
from labelaudit.measures.kinds import DerivedMeasure, Measure, Sample, SampledMeasure


def measure_all(
    job: Job,
    facts: DatasetFacts,
    detection: Detection | None,
    seed: int,
    chosen: Collection[str] | None = None,
    contract: Sequence[Check] = (),
    near: float = 0.13,
    flagged: npt.NDArray[np.int64] | None = None,
) -> tuple[Measurement | Skipped, ...]:
    """Run the measures that are chosen, all where None, and return what they found, by name.

    One that lacks what it needs is skipped with a reason. What a chosen one reads is measured too.
    `contract` are the checks of the input, for derived measures to read; `near` is how near two
    examples are nearly one, in median distances of nearest neighbours. `flagged` int64[m] are the
    rows that detection suspects, ascending; None where none has run.
    """
    known = known_measures()
    chosen = known.keys() if chosen is None else set(chosen)
    kinds = {name: kind for name, kind in known.items() if name in _with_read(chosen, known)}
    has = set(job.dataset.has) | ({"flags", "joint"} if detection is not None else set())
    able = {name: kind for name, kind in kinds.items() if kind.needs <= has}
    done: dict[str, Measurement | Skipped] = {
        name: _skipped(kind.name, kind.title, kind.needs - has, "embeddings" in has)
        for name, kind in kinds.items()
        if name not in able
    }
    tallies: dict[str, Tally] = {}
    sampled: list[type[SampledMeasure]] = []
    for kind in able.values():
        if issubclass(kind, Measure):
            tallies[kind.name] = kind(facts)
        elif issubclass(kind, SampledMeasure):
            if kind.beyond is not None and _counts_all(kind.largest_sample, job.dataset):
                tallies[kind.name] = kind.beyond(facts)
            else:
                sampled.append(kind)
    _show_suspects(job, tallies.values(), flagged)
    passed = job.each(job.digested, "measuring", tallies=list(tallies.values())) if tallies else []
    for name, tally in zip(tallies, passed, strict=True):
        done[name] = tally.result()
    resampled = [tally for tally in passed if isinstance(tally, Measure) and tally.sample_needs]
    size_of = {kind: _size(kind, len(job.dataset)) for kind in sampled}
    sizes = set(size_of.values())
    for size in sorted(sizes | ({_RESAMPLED_ROWS} if resampled else set())):
        sharing = [kind for kind in sampled if size_of[kind] == size]
        also = resampled if size == _RESAMPLED_ROWS else []
        sample = replace(_sample(job, size, seed, sharing, also, flagged), near=near)
        for kind in sharing:
            done[kind.name] = kind.measure(sample, facts)
        for tally in also:
            plain = done[tally.name]
            assert isinstance(plain, Measurement)
            done[tally.name] = tally.with_interval(plain, sample)
    checks: dict[str, Any] = {f"contract.{check.name}": check for check in contract}
    for derived in _in_order(able):
        done[derived.name] = derived.measure(facts, detection, checks | done)
    return tuple(done[name] for name in sorted(done) if name in chosen)


def _show_suspects(
    job: Job, tallies: Iterable[Tally], flagged: npt.NDArray[np.int64] | None
) -> None:
    """Show the suspects to the tallies that ask for them; few are, so they are read by rows."""
    asking = [one for one in tallies if isinstance(one, Measure) and one.asks_suspects]
    if flagged is not None and asking:
        suspects = _digest_of(job, flagged)
        for tally in asking:
            tally.know_suspects(suspects)


def expect_known(measures: Collection[str] | None, skip: Collection[str]) -> None:
    """Raise ConfigError where a name is no measure's, or nothing is left to measure."""
    known = known_measures()
    for option, names in (("measures", measures or ()), ("skip", skip)):
        for name in names:
            if name not in known:
                raise ConfigError(
                    f"{option} {printable(name, 60)!r}: there is no measure of that name"
                    f"{did_you_mean(name, known)}; `labelaudit explain` lists all"
                )
    if measures is not None and not set(measures) - set(skip):
        raise ConfigError("measures: none is left; name one that `skip` does not")


def chosen_of(measures: Collection[str] | None, skip: Collection[str]) -> set[str]:
    """Return the names of the measures to run: those named, all where None, less the skipped."""
    return set(known_measures() if measures is None else measures) - set(skip)


def _with_read(chosen: Collection[str], known: Mapping[str, Kind]) -> set[str]:
    """Return the chosen names and those of what they read, and so on."""
    found: set[str] = set()
    further = set(chosen)
    while further:
        found |= further
        kinds = [known[name] for name in further if name in known]
        read = {name for kind in kinds if issubclass(kind, DerivedMeasure) for name in kind.reads}
        further = (read & known.keys()) - found
    return found


def _in_order(able: Mapping[str, Kind]) -> list[type[DerivedMeasure]]:
    """Return the derived measures by name, each after those that it reads."""
    waiting = {n: kind for n, kind in able.items() if issubclass(kind, DerivedMeasure)}
    ordered: list[type[DerivedMeasure]] = []
    while waiting:
        ready = [name for name, kind in waiting.items() if not kind.reads & waiting.keys()]
        # Two that read each other are an author's slip: then by name.
        ordered += [waiting.pop(name) for name in sorted(ready) or sorted(waiting)[:1]]
    return ordered


_REMEDIES = {
    "digest": ("no predictions", "--predictions FILE"),
    "probabilities": ("no predictions", "--predictions FILE"),
    "flags": ("no detection has run", "--predictions FILE, then `labelaudit detect`"),
    "joint": ("no detection has run", "--predictions FILE, then `labelaudit detect`"),
    "embeddings": ("no embeddings", "--embeddings FILE"),
    "hierarchy": ("no hierarchy of the classes", "--hierarchy FILE"),
    "neighbours": ("no embeddings", "--embeddings FILE"),
    "slices": ("no column that the rows are cut by", "--by COLUMN"),
    "slices.split": ("all rows are of one split", "files or a column of splits, train and test"),
}


def _skipped(name: str, title: str, lacking: frozenset[str], embedded: bool) -> Skipped:
    if embedded and "neighbours" in lacking:
        return Skipped(name=name, title=title, reason="one row has no other", remedy="more rows")
    reasons = [_REMEDIES.get(need) or _supply(need) for need in sorted(lacking)]
    return Skipped(name=name, title=title, reason=reasons[0][0], remedy=reasons[0][1])


def _supply(need: str) -> tuple[str, str]:
    of_slices = need.removeprefix("slices.")
    if of_slices != need:
        return f"no column `{of_slices}` that the rows are cut by", f"--by {of_slices}"
    return f"no {need}", f"supply {need}"


# Tallies whose interval is a bootstrap share the sample of most sampled measures.
_RESAMPLED_ROWS = SampledMeasure.largest_sample

# A sample of whole rows is held in memory: where classes are many it is of fewer rows.
_MOST_CELLS = 1 << 26
_LEAST_SAMPLE = 512


def _size(kind: type[SampledMeasure], n_rows: int) -> int:
    """Return of how many rows the sample of a measure is at most.

    One that reads the neighbour graph has all its rows, unless it asks for another number.
    """
    size = kind.largest_sample
    if "neighbours" in kind.needs and size == SampledMeasure.largest_sample:
        return max(size, n_compared(n_rows))
    return size


def _whole_rows(size: int, matrix: Matrix | None) -> int:
    """Return of how many rows a sample of `size` is where it is of whole rows of `matrix`."""
    return min(size, max(_LEAST_SAMPLE, _MOST_CELLS // matrix.width)) if matrix else size


def _counts_all(size: int, dataset: Dataset) -> bool:
    """Say whether all rows are counted, as a sample of `size` would leave some out.

    Rows of which only the top classes are listed have no place in a histogram of every class.
    """
    matrix = dataset.probabilities
    return (matrix is None or not matrix.lists) and _whole_rows(size, matrix) < len(dataset)


def _sample(
    job: Job,
    size: int,
    seed: int,
    kinds: Sequence[type[SampledMeasure]],
    tallies: Sequence[Measure] = (),
    flagged: npt.NDArray[np.int64] | None = None,
) -> Sample:
    """Take a fair sample and of it only what the measures that share it ask for."""
    dataset = job.dataset
    asked = [*(kind.needs for kind in kinds), *(tally.sample_needs for tally in tallies)]
    first = (next((one for one in kind.uses if one in dataset.has), None) for kind in kinds)
    needs = frozenset().union(*asked, (one for one in first if one is not None))
    matrix = dataset.probabilities if "probabilities" in needs else None
    rows = fair_sample(len(dataset), _whole_rows(size, matrix), seed)
    points = None
    neighbours = None
    if needs & {"embeddings", "neighbours"} and dataset.embeddings is not None:
        points = finite(dataset.embeddings, rows)
    if "neighbours" in needs and points is not None and len(rows) > 1:
        most = max(kind.n_neighbours for kind in kinds)
        # The sample of the audit's one graph, but where rows are so wide that fewer are taken.
        if len(rows) == n_compared(len(dataset)):
            graph = graph_of(job, most, seed, folder=folder_of(job))
            neighbours = graph.among_references(dataset.labels)
        else:
            found = nearest(points, most, watch=job.watch("comparing neighbours"))
            neighbours = replace(found, sampled=sampled_at(len(rows), len(dataset)))
    return Sample(
        rows=rows,
        n_total=len(dataset),
        seed=seed,
        labels=dataset.labels[rows],
        digest=_digest_of(job, rows) if "digest" in needs else None,
        probabilities=matrix.gather(rows) if matrix is not None else None,
        embeddings=points,
        neighbours=neighbours,
        slices=dataset.sliced(rows),
        flagged=np.isin(rows, flagged, assume_unique=True) if flagged is not None else None,
    )


def _digest_of(job: Job, rows: npt.NDArray[np.int64]) -> Digest:
    pieces = []
    for shard in job.shards:
        first, last = np.searchsorted(rows, (shard.start, shard.stop))
        own = rows[first:last] - shard.start
        pieces.append({name: values[own] for name, values in job.digest.get(shard).items()})
    return Digest(**joined(pieces))
