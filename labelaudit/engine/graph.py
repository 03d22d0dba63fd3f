"""The one neighbour graph of an audit: whoever asks for neighbours reads it."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.errors import InputError
from labelaudit.core.folder import NEIGHBOURS_FOLDER, at_once
from labelaudit.core.matrix import Matrix
from labelaudit.core.rows import Array
from labelaudit.core.text import printable
from labelaudit.engine.job import Job
from labelaudit.engine.neighbours import Neighbours, References, faiss
from labelaudit.engine.passes import Watch
from labelaudit.engine.recall import NO_PROBE, Probe, Recall, probe_of, recall_of
from labelaudit.engine.sample import fair_sample, uniform

LARGEST = 50_000
LARGEST_WITH_FAISS = 100_000
INSTALL_FAISS = "pip install 'labelaudit[knn]'"
GRAPH_FILE = "neighbours.npz"
_ARRAYS = ("rows", "is_reference", "neighbours", "distances")
_FACTS = ("metric", "n_references", "n_total", "seed", "n_left_out")

_PROBE = {"probe_rows": "rows", "true_neighbours": "neighbours", "true_distances": "distances"}

RowNumbers = npt.NDArray[np.int64]


def n_compared(n_rows: int) -> int:
    """Return among how many of `n_rows` rows neighbours are looked for: all, or a fair sample.

    All up to `LARGEST`, with faiss (the extra `labelaudit[knn]`) up to `LARGEST_WITH_FAISS`.
    """
    if n_rows <= LARGEST:
        return n_rows
    return min(n_rows, LARGEST if faiss() is None else LARGEST_WITH_FAISS)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Graph:
    """Rows of a dataset and, of each, the k nearest among the reference rows.

    `rows` int64[n], ascending, are those that were asked for; `neighbours` int64[n, k] are dataset
    rows, nearest first, ties by row number, never the row itself; `distances` float32[n, k] are
    1 - cosine or Euclidean, as `metric` says. The reference rows are a fair sample, of `seed`, of
    `n_references` of the `n_total` rows, all of them where these are few; each of them is asked
    for, `is_reference` bool[n] says which they are. `n_left_out` candidates were too many. Beyond
    the sample `probe` holds the true neighbours of a few reference rows.
    """

    rows: RowNumbers
    is_reference: npt.NDArray[np.bool_]
    neighbours: RowNumbers
    distances: npt.NDArray[np.float32]
    metric: str
    n_references: int
    n_total: int
    seed: int
    n_left_out: int = 0
    probe: Probe = NO_PROBE

    @property
    def k(self) -> int:
        return int(self.neighbours.shape[1])

    @property
    def references(self) -> RowNumbers:
        """The reference rows, ascending."""
        return self.rows[self.is_reference]

    def places(self, rows: RowNumbers) -> RowNumbers:
        """Return where dataset rows stand in `rows`; -1 where they were not asked for."""
        if not len(self.rows):
            return np.full(len(rows), -1)
        at = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        return np.where(self.rows[at] == rows, at, -1)

    def part(self, rows: RowNumbers, k: int, n_left_out: int) -> "Graph":
        """Return the graph of some of its rows and of their k nearest: as if searched for."""
        at = self.places(rows)
        neighbours, distances = self.neighbours[at, :k], self.distances[at, :k]
        return replace(
            self,
            rows=rows,
            is_reference=self.is_reference[at],
            neighbours=neighbours,
            distances=distances,
            n_left_out=n_left_out,
            probe=self.probe.part(k),
        )

    def recall(self, labels: npt.NDArray[np.int32]) -> Recall | None:
        """Return which share of the true neighbours was found; None where nothing was probed.

        `labels` int32[N] are those of all rows.
        """
        if not len(self.probe.rows) or not self.k:
            return None
        at = self.places(self.probe.rows)
        return recall_of(self.probe, self.neighbours[at], self.distances[at], labels)

    def sampled(self, labels: npt.NDArray[np.int32]) -> dict[str, Any]:
        """Say what the search among a sample may have missed; nothing where that is all rows."""
        return sampled_at(self.n_references, self.n_total, self.recall(labels))

    def among_references(self, labels: npt.NDArray[np.int32]) -> Neighbours:
        """Return the graph of the reference rows alone, rows counted within them.

        `labels` int32[N] are those of all rows: they tell how far a sample is off.
        """
        within = np.searchsorted(self.references, self.neighbours[self.is_reference])
        return Neighbours(
            rows=within.astype(np.int32),
            distances=self.distances[self.is_reference],
            metric=self.metric,
            sampled=self.sampled(labels),
        )

    def save(self, folder: Path) -> None:
        """Write the graph into a folder, whole or not at all."""
        facts = json.dumps({name: getattr(self, name) for name in _FACTS})
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {name: getattr(self.probe, own) for name, own in _PROBE.items()}
        with at_once(folder / GRAPH_FILE) as partial, partial.open("wb") as file:
            np.savez(file, facts=np.array(facts), **arrays)


def sampled_at(n_references: int, n_total: int, recall: Recall | None = None) -> dict[str, Any]:
    """Say how good neighbours among a fair sample are, and what would make them exact.

    Without a `recall` that was measured it is what to expect. Nothing where all rows are compared.
    """
    if n_references == n_total:
        return {}
    told = (recall or Recall(value=n_references / n_total)).described
    if faiss() is None and LARGEST < n_total <= LARGEST_WITH_FAISS:
        told["exact_with"] = INSTALL_FAISS
    return told


def load(folder: Path) -> Graph | None:
    """Return the graph that was saved in a folder; None where there is none.

    Raises
    ------
    InputError : where the file is there and cannot be read.
    """
    path = folder / GRAPH_FILE
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as parts:
            facts = json.loads(str(parts["facts"]))
            graph = Graph(
                **{name: parts[name] for name in _ARRAYS},
                **{name: facts[name] for name in _FACTS},
                probe=_probe_in(parts),
            )
        _check_whole(graph)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{printable(path)}: this part of the audit cannot be read ({type(error).__name__}); "
            "run `labelaudit ingest` again"
        ) from None
    return graph


def _probe_in(parts: Mapping[str, Any]) -> Probe:
    """Return the probe of a saved graph; an older one has none."""
    if not set(_PROBE) <= set(parts):
        return NO_PROBE
    return Probe(**{own: parts[name] for name, own in _PROBE.items()})


def _check_whole(graph: Graph) -> None:
    """Raise a ValueError where the arrays are not those of one graph."""
    n_rows = len(graph.rows)
    fits = graph.neighbours.shape == graph.distances.shape == (n_rows, graph.k)
    fits &= graph.is_reference.shape == (n_rows,) and graph.is_reference.dtype == np.bool_
    if not fits or int(graph.is_reference.sum()) != graph.n_references:
        raise ValueError("the arrays do not fit each other")
    probe = graph.probe
    told = (len(probe.rows), graph.k if len(probe.rows) else 0)
    if not probe.neighbours.shape == probe.distances.shape == told:
        raise ValueError("the arrays do not fit each other")
    if (graph.places(probe.rows) < 0).any():
        raise ValueError("a probed row that is not there")
    for rows in (graph.rows, graph.neighbours, probe.rows, probe.neighbours):
        within = rows.dtype == np.int64 and rows.min(initial=0) >= 0
        if not within or rows.max(initial=0) >= max(graph.n_total, 1):
            raise ValueError("a row that is not there")


def graph_of(
    job: Job,
    k: int,
    seed: int,
    candidates: RowNumbers | None = None,
    folder: Path | None = None,
) -> Graph:
    """Return the neighbour graph of a dataset with embeddings.

    Up to `n_compared` rows all are asked for, among all. Beyond, a fair sample of so many rows is
    the reference; asked for are these and the `candidates` (dataset rows, ascending), of which at
    most as many are taken, as fair a sample. With a `folder` a graph that lies there and holds
    what is asked for is returned without a search, and a new one is left there; without one the
    job remembers it.

    Raises
    ------
    InputError : where an embedding holds a value that is not a finite number.
    """
    matrix, n_total = job.dataset.embeddings, len(job.dataset)
    assert matrix is not None
    references = fair_sample(n_total, n_compared(n_total), seed)
    wanted, n_left_out = _asked_for(references, n_total, candidates, seed)
    held = load(folder) if folder is not None else job.memory.get("graph")
    if held is not None:
        same = (held.n_total, held.n_references, held.seed) == (n_total, len(references), seed)
        if same and held.k >= min(k, len(references) - 1) and (held.places(wanted) >= 0).all():
            return held.part(wanted, k, n_left_out)
    ready = References.of(finite(matrix, references))
    found = search(matrix, ready, references, wanted, k, job.watch("comparing neighbours"))
    graph = Graph(
        rows=wanted,
        is_reference=np.isin(wanted, references),
        neighbours=found[0],
        distances=found[1],
        metric=ready.metric,
        n_references=len(references),
        n_total=n_total,
        seed=seed,
        n_left_out=n_left_out,
        probe=NO_PROBE
        if len(references) == n_total
        else probe_of(partial(finite, matrix), ready, references, n_total, found[0].shape[1], seed),
    )
    if folder is not None:
        graph.save(folder)
    job.memory["graph"] = graph
    return graph


def folder_of(job: Job) -> Path | None:
    """Return where the graph of an audit is kept, so that a later step need not search again."""
    if job.folder is None:
        return None
    folder = job.folder / NEIGHBOURS_FOLDER
    folder.mkdir(exist_ok=True)
    return folder


def _asked_for(
    references: RowNumbers, n_total: int, candidates: RowNumbers | None, seed: int
) -> tuple[RowNumbers, int]:
    if candidates is None or len(references) == n_total:
        return references, 0
    others = np.setdiff1d(candidates, references)
    most = len(references)
    n_left_out = max(len(others) - most, 0)
    if n_left_out:
        others = others[np.argsort(uniform(others, seed), kind="stable")[:most]]
    return np.union1d(references, others), n_left_out


def search(
    matrix: Matrix,
    ready: References,
    references: RowNumbers,
    wanted: RowNumbers,
    k: int,
    watch: Watch | None = None,
) -> tuple[RowNumbers, npt.NDArray[np.float32]]:
    """Find the k nearest `references` of each row `wanted`, both ascending dataset rows.

    `ready` are the embeddings of the references. Returns the neighbours int64[n, k] and their
    distances float32[n, k]. In memory are the references, and a tile of what is wanted.
    """
    k = max(min(k, len(references) - 1), 0)
    neighbours = np.empty((len(wanted), k), dtype=np.int64)
    distances = np.empty((len(wanted), k), dtype=np.float32)
    for own in ready.tiles(len(wanted)):
        rows = wanted[own]
        at = np.minimum(np.searchsorted(references, rows), len(references) - 1)
        at = np.where(references[at] == rows, at, -1)
        found, distances[own] = ready.nearest(finite(matrix, rows), at, k)
        neighbours[own] = references[found]
        if watch is not None:
            watch(len(rows))
    return neighbours, distances


def finite(matrix: Matrix, rows: RowNumbers) -> Array:
    """Return the embeddings of some rows, ascending; refuse what is not a finite number."""
    points = matrix.gather(rows)
    bad = ~np.isfinite(points).all(axis=1)
    if bad.any():
        raise InputError(
            f"{matrix.where(int(rows[int(bad.argmax())]))}: the embedding holds a value that is "
            "not a finite number; mend it, or leave the embeddings out"
        )
    return points
