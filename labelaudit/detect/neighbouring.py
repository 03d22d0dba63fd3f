"""Embeddings in detection: the order of suspects in rare classes, and evidence on each suspect."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded, Column, Grouped, Numbered
from labelaudit.core.dataset import Batch, Dataset
from labelaudit.core.texts import Texts
from labelaudit.detect import embedded
from labelaudit.detect.quality import Quality
from labelaudit.detect.select import Choose, chosen_rows
from labelaudit.engine.graph import Graph, folder_of, graph_of, n_compared
from labelaudit.engine.job import Job
from labelaudit.engine.parts import Parts
from labelaudit.engine.passes import Columns

NEIGHBOURS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """The neighbour graph of an audit and what it says of the rows that were asked for."""

    graph: Graph
    signals: Mapping[str, npt.NDArray[np.float64]]
    near: embedded.NearDuplicates
    near_duplicate_threshold: float


def with_neighbours(
    job: Job,
    quality: Quality,
    choose: Choose,
    class_counts: npt.NDArray[np.int64],
    seed: int,
    near_duplicate_threshold: float,
) -> tuple[Job, Surroundings]:
    """Search neighbours, once, and let them decide on the order of suspects in rare classes.

    Up to 50,000 rows, with the extra `labelaudit[knn]` up to 100,000, all are looked at; of more,
    a fair sample and what the filter flags.
    Returns the job with the label quality so worked out, where the ranking is the default one,
    and what is known of the rows.
    """
    dataset = job.dataset
    assert dataset.embeddings is not None
    candidates = None
    most = n_compared(len(dataset))
    if len(dataset) > most:
        candidates = chosen_rows(choose, partial(job.fold, stage="selecting"))
        of_rare = candidates[embedded.rare_classes(class_counts)[dataset.labels[candidates]]]
        if len(candidates) > most and len(of_rare):
            candidates = of_rare  # there neighbours decide; elsewhere they are but evidence
    graph = graph_of(job, NEIGHBOURS, seed, candidates, folder_of(job))
    labels = np.asarray(dataset.labels)
    known = {
        "knn_disagreement": embedded.knn_disagreement(graph, labels).values,
        "knn_agreement": embedded.weighted_agreement(graph, labels).values,
        "typicality": embedded.typicality(graph).values,
    }
    fits = []
    if embedded.rare_classes(class_counts).any():  # elsewhere the predictions decide alone
        gaussian = embedded.gaussian_fit(
            graph, labels, dataset.embeddings, dataset.class_names, class_counts
        )
        known["gaussian_posterior"] = gaussian.values
        fits = [gaussian, embedded.neighbour_fit(graph, labels, class_counts)]
    near = embedded.near_duplicates(graph, labels, near_duplicate_threshold)
    found = Surroundings(
        graph=graph, signals=known, near=near, near_duplicate_threshold=near_duplicate_threshold
    )
    if not quality.is_default or not fits:
        return job, found
    plain = job.working_parts("plain quality")
    job.each(job.digested, "ranking", partial(_columns, quality=quality), plain.keep)
    together = embedded.quality_with_embeddings(
        _at(job, plain, graph.rows), labels[graph.rows], class_counts, fits
    )
    return _overridden(job, plain, graph.rows, together), found


def _columns(batch: Batch, quality: Quality) -> Columns:
    return {"quality": quality(batch)}


def _at(job: Job, parts: Parts, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the quality of some rows, ascending."""
    pieces = [np.empty(0)]
    for shard in job.shards:
        first, last = np.searchsorted(rows, (shard.start, shard.stop))
        pieces.append(parts.get(shard)["quality"][rows[first:last] - shard.start])
    return np.concatenate(pieces)


def _overridden(
    job: Job, plain: Parts, rows: npt.NDArray[np.int64], values: npt.NDArray[np.float64]
) -> Job:
    parts = job.working_parts("quality with neighbours")
    for shard in job.shards:
        first, last = np.searchsorted(rows, (shard.start, shard.stop))
        column = np.array(plain.get(shard)["quality"])
        column[rows[first:last] - shard.start] = values[first:last]
        parts.keep(shard, {"quality": column})
    return replace(job, quality=parts)


def evidence_of_neighbours(
    dataset: Dataset, around: Surroundings, positions: npt.NDArray[np.int64]
) -> dict[str, Column]:
    """Return what the neighbours of some rows say, a value or a list for each.

    No number, and empty names, where a row was not looked at: there were too many.
    """
    graph = around.graph
    at = graph.places(positions)
    asked = at >= 0
    columns: dict[str, Column] = {
        name: np.where(asked, values[at], np.nan) for name, values in around.signals.items()
    }
    if not graph.k:
        return columns
    rows = graph.neighbours[at].reshape(-1)
    told = np.repeat(asked, graph.k)
    codes = np.where(told, np.asarray(dataset.labels)[rows], dataset.n_classes).astype(np.int32)
    distances = np.where(asked[:, None], graph.distances[at], np.nan).reshape(-1)
    columns["neighbour_ids"] = Grouped(values=_ids(dataset, rows, told), width=graph.k)
    columns["neighbour_labels"] = Grouped(
        values=Coded(distinct=(*dataset.class_names, ""), codes=codes), width=graph.k
    )
    columns["neighbour_distances"] = Grouped(values=distances.astype(np.float32), width=graph.k)
    columns["near_duplicates"] = _duplicates(dataset, around.near, positions)
    return columns


def _ids(dataset: Dataset, rows: npt.NDArray[np.int64], told: npt.NDArray[np.bool_]) -> Texts:
    """Return the ids of rows; an empty one where there is nothing to tell."""
    known, place = np.unique(rows[told], return_inverse=True)
    names = Texts.of([*_names(dataset, known), ""])
    at = np.full(len(rows), len(known))
    at[told] = place
    return names.take(at)


def _names(dataset: Dataset, rows: npt.NDArray[np.int64]) -> Any:
    if dataset.ids is None:
        sources = rows if dataset.source_rows is None else dataset.source_rows[rows]
        return Numbered(numbers=sources)
    if isinstance(dataset.ids, Texts):
        return dataset.ids.take(rows)
    return Texts.of([dataset.ids[row] for row in rows.tolist()])


def _duplicates(
    dataset: Dataset, near: embedded.NearDuplicates, positions: npt.NDArray[np.int64]
) -> Coded:
    """Return for each row which near duplicates carry another label: `id (label)`, or none."""
    others: dict[int, list[int]] = {}
    for one, other in near.pairs.tolist():
        others.setdefault(one, []).append(other)
        others.setdefault(other, []).append(one)
    told, codes = {"": 0}, np.zeros(len(positions), dtype=np.int32)
    for at in np.flatnonzero(np.isin(positions, near.pairs.reshape(-1))).tolist():
        some = others[int(positions[at])][:10]
        names = _names(dataset, np.array(some, dtype=np.int64)).tolist()
        labels = [dataset.class_names[int(dataset.labels[other])] for other in some]
        text = "; ".join(f"{n} ({label})" for n, label in zip(names, labels, strict=True))
        codes[at] = told.setdefault(text, len(told))
    return Coded(distinct=tuple(told), codes=codes)
