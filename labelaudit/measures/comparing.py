"""Measure several embeddings of the same rows alike, and say how alike measures rank them."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from labelaudit.core.comparison import UNSUPERVISED, Column, Compared, Comparison, G, H, S
from labelaudit.core.matrix import Matrix
from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.engine.graph import finite
from labelaudit.engine.neighbours import nearest
from labelaudit.engine.sample import fair_sample
from labelaudit.measures.calinski_harabasz import CalinskiHarabasz
from labelaudit.measures.fisher_ratio import FisherRatio
from labelaudit.measures.h0_separability import H0Separability
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.knn_accuracy import N_NEIGHBOURS, KnnAccuracy
from labelaudit.measures.linear_accuracy import LinearAccuracy
from labelaudit.measures.nearest_neighbour_error import NearestNeighbourError
from labelaudit.measures.silhouette import Silhouette

SUPERVISED: dict[str, type[SampledMeasure]] = {
    "kNN": KnnAccuracy,
    "linear": LinearAccuracy,
    "N3": NearestNeighbourError,
    "silh.": Silhouette,
    "C-H": CalinskiHarabasz,
    "F1": FisherRatio,
}
LEAST_RANKED = 3


def compare(
    named: Sequence[tuple[str, Matrix]],
    labels: npt.NDArray[np.int32] | None,
    class_names: Sequence[str],
    n_rows: int,
    seed: int,
    labels_file: str | None = None,
    notices: Sequence[str] = (),
    watch: Callable[[int], None] | None = None,
) -> Comparison:
    """Measure embeddings `named` float[n_rows, d] of the same rows on one sample of these.

    `labels` int32[n_rows] are codes of `class_names`; without them only what needs none is
    measured. The sample is that of `h0_separability` in an audit of these rows with that seed.

    Raises
    ------
    InputError : where an embedding in the sample holds a value that is not a finite number.
    """
    rows = fair_sample(n_rows, H0Separability.largest_sample, seed)
    own = labels[rows] if labels is not None else np.zeros(len(rows), dtype=np.int32)
    kinds = SUPERVISED if labels is not None else {}
    facts = DatasetFacts(
        name="compared",
        format="",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple(class_names),
        class_counts=tuple(np.bincount(own, minlength=len(class_names)).tolist()),
        has=("embeddings",),
    )
    embeddings = []
    for name, matrix in named:
        points = finite(matrix, rows)
        sample = Sample(
            rows=rows,
            n_total=n_rows,
            seed=seed,
            labels=own,
            embeddings=points,
            neighbours=nearest(points, N_NEIGHBOURS) if kinds and len(rows) > 1 else None,
        )
        found = {kind.name: kind.measure(sample, facts) for kind in kinds.values()}
        unsupervised = H0Separability.measure(sample, facts)
        entropy = _detail(unsupervised, "entropy")
        values = {
            S.key: _value(unsupervised),
            G.key: _detail(unsupervised, "robust"),
            H.key: None if entropy is None else max(1 - entropy, 0.0),
            **{key: _value(measured) for key, measured in found.items()},
        }
        sd = _detail(unsupervised, "sd")
        embeddings.append(Compared(name=name, width=points.shape[1], values=values, sd=sd))
        if watch is not None:
            watch(1)
    columns = [
        Column(key=kind.name, short=short, title=kind.title, better=_better(kind))
        for short, kind in kinds.items()
    ]
    return Comparison(
        embeddings=tuple(embeddings),
        columns=(*UNSUPERVISED, *columns),
        agreement={
            one.key: {column.key: _agreement(embeddings, one, column) for column in columns}
            for one in UNSUPERVISED
        },
        n_rows=n_rows,
        size=len(rows),
        seed=seed,
        n_classes=len(class_names),
        labels=labels_file,
        notices=tuple(notices),
    )


def rank_correlation(one: Sequence[float | None], other: Sequence[float | None]) -> float | None:
    """Return Spearman's rank correlation, ties sharing their mean rank.

    Of the pairs of which both are known; None where these are fewer than three or one side does
    not vary. Source: Spearman 1904; scipy.stats.spearmanr.
    """
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a is not None and b is not None]
    if len(pairs) < LEAST_RANKED:
        return None
    ranks = [_ranks(np.array(side)) for side in zip(*pairs, strict=True)]
    centred = [side - side.mean() for side in ranks]
    lengths = [float(np.square(side).sum()) for side in centred]
    if not all(lengths):
        return None
    found = float((centred[0] * centred[1]).sum()) / math.sqrt(lengths[0] * lengths[1])
    return min(max(found, -1.0), 1.0)


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[place])


def _agreement(embeddings: Sequence[Compared], one: Column, other: Column) -> float | None:
    """Return the rank correlation of two figures, so that 1 says that both find the same best."""
    first = [compared.values[one.key] for compared in embeddings]
    second = [compared.values[other.key] for compared in embeddings]
    found = rank_correlation(first, second)
    return -found if found and one.better != other.better else found


def _value(measured: Measurement | Skipped) -> float | None:
    return measured.value if isinstance(measured, Measurement) else None


def _detail(measured: Measurement | Skipped, name: str) -> float | None:
    found = measured.details[name] if isinstance(measured, Measurement) else None
    return None if found is None else float(found)


def _better(kind: type[SampledMeasure]) -> str:
    return "lower" if kind in (NearestNeighbourError, FisherRatio) else "higher"
