import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.knn_accuracy import N_FOLDS, accuracy
from labelaudit.measures.separability import Floats, Labels, folds_of, too_few_classes

_CELLS = 1 << 22


class LinearAccuracy(SampledMeasure):
    """How well planes through the embeddings tell the classes apart, in cross-validation.

    The accuracy, against the given labels, of linear discriminant analysis in 5 folds,
    stratified: the share of rows that a classifier trained on the other folds calls as they are
    labelled. High where each class is one compact cluster; the nearest-neighbour accuracy is well
    above it where classes have several clusters or bent borders. For a pair it is that of the
    rows placed in either class.

    Range 0 to 1, higher is more separable; above .95 is good, and near the majority baseline beside
    it bad. No alert: classes may lie well apart and not be parted by planes. Classes share one
    covariance, over columns brought to unit variance and shrunk towards a sphere by d / (d + n), so
    that it serves with fewer rows than columns; priors are the shares of the classes. Cost O(n d^2)
    on at most 20,000 rows, a fair, seeded sample. The interval is Wilson's; folds share training
    rows, so it is a little narrow. Limits: label errors count as errors of the classifier; a deeper
    model may do better.

    Source: Fisher, The use of multiple measurements, 1936; Rao 1948; Stone, Cross-validatory
    choice, 1974. The same as scikit-learn's LinearDiscriminantAnalysis with that shrinkage.
    """

    name = "linear_accuracy"
    title = "Linear accuracy"
    needs = frozenset({"embeddings"})
    largest_sample = 20_000

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = LinearAccuracy
        if skipped := too_few_classes(kind, sample.labels):
            return skipped
        assert sample.embeddings is not None
        folds = folds_of(sample, N_FOLDS)
        points = unit_columns(sample.embeddings)
        predicted = cross_predicted(points, sample.labels, folds, facts.n_classes)
        details: dict[str, object] = {"classifier": "linear discriminant"}
        return accuracy(kind, sample, facts, predicted, details, "Fisher 1936; Stone 1974")


def unit_columns(points: npt.NDArray[np.floating]) -> Floats:
    """Return `points` float[n, d] with columns of mean 0 and variance 1; constant ones are 0."""
    scaled = points.astype(np.float64)
    largest = np.abs(scaled).max(axis=0, initial=0)
    scaled /= np.where(largest > 0, largest, 1.0)  # so that no square overflows
    scaled -= scaled.mean(axis=0)
    spread = scaled.std(axis=0)
    # A constant column is off by rounding alone.
    scaled[:, spread <= 1e-12] = 0.0
    scaled /= np.where(spread > 1e-12, spread, 1.0)
    return scaled


def cross_predicted(
    points: Floats, labels: Labels, folds: npt.NDArray[np.int64], n_classes: int
) -> npt.NDArray[np.int32]:
    """Return the class int32[n] that linear discriminant analysis of the other folds predicts.

    -1 where no other fold has rows. `points` float[n, d] are centred.
    """
    predicted = np.full(len(labels), -1, dtype=np.int32)
    parts = [points[folds == fold] for fold in range(N_FOLDS)]
    squares = [part.T @ part for part in parts]
    # Sums of products are added up over folds, so that each row is multiplied but once.
    for fold in range(N_FOLDS):
        own = folds == fold
        if own.all() or not own.any():
            continue
        products = sum(squares[other] for other in range(N_FOLDS) if other != fold)
        weights, offsets = discriminant(points[~own], labels[~own], products, n_classes)
        rows = np.flatnonzero(own)
        step = max(1, _CELLS // n_classes)
        for some in (rows[start : start + step] for start in range(0, len(rows), step)):
            predicted[some] = (points[some] @ weights.T + offsets).argmax(axis=1)
    return predicted


def discriminant(
    points: Floats, labels: Labels, products: Floats, n_classes: int
) -> tuple[Floats, Floats]:
    """Return the weights float[K, d] and offsets float[K] of linear discriminant analysis.

    `products` float[d, d] are X'X of the points. A class without rows has the offset -inf.
    """
    n_rows, width = points.shape
    counts = np.bincount(labels, minlength=n_classes)
    means = sums_by_class(points, labels, n_classes) / np.maximum(counts, 1)[:, None]
    within = (products - (means.T * counts) @ means) / n_rows
    share = width / (width + n_rows)
    sphere = max(float(np.trace(within)) / width, 1e-12)
    within *= 1 - share
    within[np.diag_indices(width)] += share * sphere
    weights = np.linalg.solve(within, means.T).T
    with np.errstate(divide="ignore"):
        offsets = np.log(counts / n_rows) - np.einsum("kd,kd->k", weights, means) / 2
    return weights, offsets


def sums_by_class(points: Floats, labels: Labels, n_classes: int) -> Floats:
    """Return the sums float64[K, d] of the points of each class."""
    order = np.argsort(labels, kind="stable")
    present, starts = np.unique(labels[order], return_index=True)
    sums = np.zeros((n_classes, points.shape[1]))
    if len(present):
        sums[present] = np.add.reduceat(points[order], starts, axis=0)
    return sums
