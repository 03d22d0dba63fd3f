"""What the place of an example among the others says of its label.

Pure functions of the neighbour graph, of labels and of embeddings; each row for itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.matrix import Matrix
from labelaudit.core.text import printable
from labelaudit.engine import gaussian
from labelaudit.engine.gaussian import rare_classes as rare_classes
from labelaudit.engine.graph import Graph, finite
from labelaudit.engine.neighbours import TILE, disagreement

NEAR_DUPLICATE_THRESHOLD = 0.13
# Neighbours that a class would have by its share alone, added to those that were found.
_PRIOR_NEIGHBOURS = 2
_LEAST_FIT = 1e-6
_LEAST_DOUBT = 1e-12
_AT_ONCE = 8 * TILE  # whole tiles: what is read with a row changes no figure of it

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
RowNumbers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Signal:
    """One figure float64[n] for each row; no number where it cannot be told, and `why` not.

    `typical` is the mean over the rows of the reference sample where it can be told, which is
    what a row is held against; no number where there is none.
    """

    values: Floats
    typical: float = float("nan")
    why: str | None = None

    def suspicion(self) -> Floats:
        """Return -log of how well the label fits, against what is typical; larger is worse."""
        fit = np.clip(self.values, _LEAST_FIT, 1)
        return np.asarray(np.log(max(self.typical, _LEAST_FIT)) - np.log(fit))


def knn_disagreement(graph: Graph, labels: Ints) -> Signal:
    """The share of a row's nearest neighbours with another label (kDN); 1 is worst.

    `labels` int32[N] of the whole dataset. Range 0 to 1. High among label errors, but also where
    classes overlap and for a rare example. Cannot be told where there is one row only.
    Source: Smith, Martinez and Giraud-Carrier, An instance level analysis of data complexity,
    Machine Learning 2014. The measure of this name is its mean over the reference rows.
    """
    return _signal(graph, disagreement(labels, graph.neighbours, graph.rows))


def weighted_agreement(graph: Graph, labels: Ints) -> Signal:
    """The share of the nearest neighbours with the same label, by inverse distance; 1 is best.

    Range 0 to 1. Of neighbours in the very place of a row, only these count.
    Source: Dudani, The distance-weighted k-nearest-neighbor rule, 1976, with the weights 1/d;
    sklearn.neighbors.KNeighborsClassifier(weights="distance"), to whose probability of the given
    label it is equal.
    """
    if not graph.k:
        return _signal(graph, np.full(len(graph.rows), np.nan))
    nearest = graph.distances[:, :1].astype(np.float64)
    distances = graph.distances.astype(np.float64)
    # Against the nearest, so that no unit of distance matters and no weight overflows.
    weights = np.where(distances > 0, nearest / np.where(distances > 0, distances, 1), 1.0)
    same = labels[graph.neighbours] == labels[graph.rows, None]
    return _signal(graph, (weights * same).sum(axis=1) / weights.sum(axis=1))


def neighbour_fit(graph: Graph, labels: Ints, class_counts: RowNumbers) -> Signal:
    """How probable the neighbours make the label: (same + 2 share) / (k + 2); 1 is best.

    `same` of the k nearest have the same label; `share` is that of the class in the dataset,
    `class_counts` int64[K]. Range above 0 to 1: that no neighbour agrees says less of a label
    that few rows have. Cannot be told where there is one row only.
    Source: Laplace's rule with the prior of the class shares (m-estimate, Cestnik 1990).
    """
    own = labels[graph.rows]
    same = (1 - disagreement(labels, graph.neighbours, graph.rows)) * graph.k
    share = class_counts[own] / max(int(class_counts.sum()), 1)
    return _signal(graph, (same + _PRIOR_NEIGHBOURS * share) / (graph.k + _PRIOR_NEIGHBOURS))


def gaussian_fit(
    graph: Graph,
    labels: Ints,
    matrix: Matrix,
    names: Sequence[str],
    class_counts: RowNumbers | None = None,
) -> Signal:
    """How probable the place of a row makes its label, the classes being Gaussians; 1 is best.

    `matrix` are the embeddings of the dataset, `names` the K class names. Fitted are the
    reference rows. Range 0 to 1. The prior is uniform, so that a rare class is no less probable
    for being rare; with `class_counts` int64[K] it is the share of each class, which is what
    `with_embeddings` asks for. Cannot be told for a class with fewer than 3 reference rows. It
    expects one cluster for a class.
    Source: see `gaussian.fit`.
    """
    own = labels[graph.rows]
    prior = None if class_counts is None else class_counts.astype(np.float64)
    fitted = gaussian.fit(finite(matrix, graph.references), own[graph.is_reference], graph.metric)
    values = np.empty(len(own))
    for start in range(0, len(own), _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        values[some] = fitted.posterior(finite(matrix, graph.rows[some]), own[some], prior)
    lacking = np.setdiff1d(own, fitted.classes)
    some_names = ", ".join(printable(names[code]) for code in lacking[:3].tolist())
    more = f" and {len(lacking) - 3:,} more" if len(lacking) > 3 else ""
    why = f"fewer than {gaussian.LEAST_ROWS} rows to fit: class {some_names}{more}"
    return _signal(graph, values, why)


def typicality(graph: Graph) -> Signal:
    """How near a row is to its nearest neighbours, of whatever label: 0 is an outlier, 1 typical.

    exp(-a / m), a the mean distance to the k nearest, m the median of a over the reference rows:
    .37 is usual. Low for examples of no class, and for any that is rare; the label is not looked
    at. Cannot be told where there is one row only.
    Source: Kuan and Mueller, Back to the basics: revisiting out-of-distribution detection
    baselines, 2022; cleanlab.outlier.OutOfDistribution, to which it is equal at the same k.
    """
    if not graph.k:
        return _signal(graph, np.full(len(graph.rows), np.nan))
    mean = graph.distances.astype(np.float64).mean(axis=1)
    median = float(np.median(mean[graph.is_reference]))
    far = np.where(mean > 0, np.inf, 0.0) if median == 0 else mean / (median or 1)
    return _signal(graph, np.exp(-far))


def _signal(graph: Graph, values: Floats, why: str = "no other row to compare with") -> Signal:
    known = values[graph.is_reference]
    known = known[~np.isnan(known)]
    return Signal(
        values=values,
        typical=float(known.mean()) if len(known) else float("nan"),
        why=why if np.isnan(values).any() else None,
    )


def with_embeddings(
    suspicion: Floats, given: Ints, class_counts: RowNumbers, signals: Sequence[Signal]
) -> Floats:
    """Return how suspicious each row is, embeddings considered; larger is more.

    `suspicion` float64[n] is that of the prediction, the negative log of how well it fits the
    label; `given` int32[n], `class_counts` int64[K]; `signals` are `gaussian_fit`, with the class
    counts, and `neighbour_fit` of the same n rows. In a rare class, of fewer than half as many
    rows as the mean class, prediction and embeddings count half each, and each signal that can be
    told as much as the other; elsewhere the prediction alone decides.

    A model trained on few and mostly wrong labels of a class knows little of it, and what stands
    beside an example is other evidence: `benchmarks/detection/embeddings.py` has the figures, and
    the rules that lost. Elsewhere it depends on the embeddings whether they help or hurt.
    """
    if not signals:
        return suspicion
    every = np.stack([signal.suspicion() for signal in signals])
    told = ~np.isnan(every)
    count = told.sum(axis=0)
    mean = np.where(told, every, 0).sum(axis=0) / np.maximum(count, 1)
    listens = rare_classes(class_counts)[given] & (count > 0)
    return np.where(listens, (suspicion + mean) / 2, suspicion)


def quality_with_embeddings(
    quality: Floats, given: Ints, class_counts: RowNumbers, signals: Sequence[Signal]
) -> Floats:
    """Return `label_quality` with embeddings considered: 0 is worst, 1 best.

    The rows of rare classes are put into the order of `with_embeddings`, of the suspicion
    log((1 - quality) / quality), and take the qualities that these rows have between them in that
    order, ties by row. So rows of rare classes move among themselves, and never against others:
    how large a suspicion gets depends on how sure the model is of itself, and the neighbours know
    nothing of that.
    """
    own = np.flatnonzero(rare_classes(class_counts)[given])
    if not len(own) or not signals:
        return quality
    kept = np.clip(quality, _LEAST_DOUBT, 1 - _LEAST_DOUBT)
    together = with_embeddings(np.log((1 - kept) / kept), given, class_counts, signals)
    order = own[np.argsort(-together[own], kind="stable")]
    moved = quality.copy()
    moved[order] = np.sort(quality[own])
    return moved


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NearDuplicates:
    """Examples that nearly are one and carry different labels.

    `groups` are int64 arrays of dataset rows, ascending, by their first row: rows that hang
    together by near-duplicate pairs, with two labels at least. `pairs` int64[m, 2] are near
    duplicates of different labels, the lower row first, with their `distances` float32[m], by
    distance. A pair is nearer than `radius`; `n_pairs` are all, of equal labels too.
    """

    groups: tuple[RowNumbers, ...]
    pairs: RowNumbers
    distances: npt.NDArray[np.float32]
    radius: float
    n_pairs: int


def near_duplicates(
    graph: Graph, labels: Ints, threshold: float = NEAR_DUPLICATE_THRESHOLD
) -> NearDuplicates:
    """Find examples that are nearer than `threshold` times the median nearest distance.

    The median is that of the reference rows; rows in the very same place always are near. Pairs
    are looked for among the k nearest only: of more than k equal rows every one is in the group,
    but not every pair is named. Beyond the reference sample, two rows neither of which is in it
    are not compared.
    Source: the near-duplicate check of cleanlab's Datalab 2.9 and its threshold of .13, to which
    it is equal where the median is above 0.000001, the least that cleanlab takes.
    """
    nothing = np.empty((0, 2), dtype=np.int64)
    if not graph.k:
        return NearDuplicates(
            groups=(), pairs=nothing, distances=np.empty(0, np.float32), radius=0.0, n_pairs=0
        )
    radius = threshold * float(np.median(graph.distances[graph.is_reference, 0]))
    at, rank = np.nonzero((graph.distances < radius) | (graph.distances == 0))
    ends = np.column_stack([graph.rows[at], graph.neighbours[at, rank]])
    ends.sort(axis=1)
    ends, first = np.unique(ends, axis=0, return_index=True) if len(ends) else (nothing, at)
    distances = graph.distances[at, rank][first]
    differ = labels[ends[:, 0]] != labels[ends[:, 1]]
    pairs, apart = ends[differ], distances[differ]
    order = np.lexsort((pairs[:, 1], pairs[:, 0], apart))
    return NearDuplicates(
        groups=tuple(g for g in _groups(ends) if len(np.unique(labels[g])) > 1),
        pairs=pairs[order],
        distances=apart[order],
        radius=radius,
        n_pairs=len(ends),
    )


def _groups(ends: RowNumbers) -> list[RowNumbers]:
    """Return the rows that hang together by pairs int64[m, 2], each group ascending."""
    if not len(ends):
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, within = np.unique(ends, return_inverse=True)
    within = within.reshape(ends.shape)
    links = coo_array((np.ones(len(ends)), (within[:, 0], within[:, 1])), (len(rows), len(rows)))
    _, group = connected_components(links, directed=False)
    order = np.argsort(group, kind="stable")  # groups are numbered by their first row
    return np.split(rows[order], np.flatnonzero(np.diff(group[order])) + 1)
