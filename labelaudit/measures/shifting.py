"""What the measures of shift share: which slices are judged, class shares, a test of labelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.rows import Array

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LEAST_ROWS = 30
MOST_SLICES = 20
# Weights of a matrix worse than this are not solved for but fitted, none below 0.
WORST_CONDITION = 1e3
_LEAST_DRAWS, _MOST_DRAWS = 199, 999
_CELLS = 1 << 22
_TOLERANCE, _MOST_STEPS = 1e-10, 2000


def judged_slices(sizes: Counts, most: int = MOST_SLICES, least: int = LEAST_ROWS) -> Counts:
    """Return the codes of the values that are judged, ascending: at most `most`, the largest.

    `sizes` int64[S] are the rows of each value; one with fewer than `least` is not judged.
    """
    order = np.argsort(-sizes, kind="stable")[:most]
    return np.sort(order[sizes[order] >= least])


def total_variation(one: Floats, other: Floats) -> Floats:
    """Return half the sum of the differences of shares float[..., K]: what would change class."""
    return np.asarray(np.abs(one - other).sum(axis=-1) / 2)


def shares_of(counts: Array) -> Floats:
    """Return counts [..., K] divided by their sum; zeros where there are none."""
    return np.asarray(counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1))


def marginal_p_value(one: Counts, other: Counts) -> float:
    """Return the p-value that class counts int64[K] of two sets are of one distribution.

    Pearson's chi-square over the classes that occur; 1 where fewer than two do.
    """
    from scipy.special import chdtrc

    table = np.stack([one, other]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():
        return 1.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float(chdtrc(table.shape[1] - 1, (np.square(table - expected) / expected).sum()))


def bbse_shares(joint: Floats, predicted: Floats, condition: float) -> tuple[Floats, Floats]:
    """Return the class weights and the class shares of a target (BBSE).

    `joint` float[..., K, K] is [predicted, labelled] in the source, `predicted` float[..., K] the
    shares of predicted classes in the target. Weights w solve joint w = predicted; where the
    `condition` of the joint is worse than 1e3 they are the nearest that are none below 0. The
    shares are w times those of the source, clipped at 0, of sum 1. A class that the source lacks
    is taken as always recognised; its weight is 0.

    Source: Lipton, Wang and Smola, Detecting and correcting for label shift, ICML 2018.
    """
    source = joint.sum(axis=-2)
    lacking = source <= 0
    # Column by column of sum 1: the same equations, for shares in place of weights.
    recognised = joint / np.where(lacking, 1, source)[..., None, :]
    recognised = recognised + lacking[..., None, :] * np.eye(joint.shape[-1])
    shares = (
        np.linalg.solve(recognised, predicted[..., None])[..., 0]
        if condition <= WORST_CONDITION
        else _fitted(recognised, predicted)
    )
    shares = np.maximum(shares, 0)
    shares = shares / np.maximum(shares.sum(axis=-1, keepdims=True), 1e-300)
    return np.where(lacking, 0, shares / np.where(lacking, 1, source)), shares


def _fitted(recognised: Floats, predicted: Floats) -> Floats:
    from scipy.optimize import nnls

    matrices = recognised.reshape(-1, *recognised.shape[-2:])
    targets = predicted.reshape(-1, predicted.shape[-1])
    found = [nnls(one, target)[0] for one, target in zip(matrices, targets, strict=True)]
    return np.stack(found).reshape(predicted.shape)


def mlls_shares(
    probabilities: Array, prior: Floats, times: Floats, tolerance: float = _TOLERANCE
) -> tuple[Floats, int]:
    """Return the class shares float[B, K] under which rows are likeliest, and the steps taken.

    `probabilities` float[n, K] are of a model that met classes with shares `prior` float[K];
    `times` float[B, n] is how often each of B resamples takes each row. Expectation and
    maximisation, until no share moves by more than `tolerance`, at most 2,000 steps.

    Source: Saerens, Latinne and Decaestecker, Neural Computation 2002; called MLLS since.
    """
    known = prior > 0
    likelihood = np.where(known, probabilities / np.where(known, prior, 1.0), 0.0)
    sizes = times.sum(axis=1, keepdims=True)
    shares = np.tile(prior / prior.sum(), (len(times), 1))
    steps = 0
    while steps < _MOST_STEPS:
        steps += 1
        mixed = np.maximum(likelihood @ shares.T, 1e-300)
        moved = shares * ((times / mixed.T) @ likelihood) / sizes
        moved /= np.maximum(moved.sum(axis=1, keepdims=True), 1e-300)
        far = float(np.abs(moved - shares).max())
        shares = moved
        if far < tolerance:
            break
    return shares, steps


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Confusions:
    """How often each slice has each label with each predicted class.

    `given` and `predicted` int64[C] are the pairs of classes that occur, ascending; `counts`
    int64[S, C] the rows of each slice. What is asked of a slice is asked against all the others.
    """

    given: Counts
    predicted: Counts
    counts: Counts
    n_classes: int

    def labelled(self) -> Counts:
        """Return the labels int64[S, K] of each slice."""
        table = np.zeros((self.n_classes, len(self.counts)), dtype=np.int64)
        np.add.at(table, self.given, self.counts.T)
        return table.T

    def disagreeing(self) -> "Confusions":
        """Return those of rows whose label and predicted class differ."""
        apart = self.given != self.predicted
        return Confusions(
            given=self.given[apart],
            predicted=self.predicted[apart],
            counts=self.counts[:, apart],
            n_classes=self.n_classes,
        )

    def shares(self, place: int, given: int, predicted: int) -> tuple["Hits", "Hits"]:
        """Return the rows labelled `given` and those predicted so: of a slice, and of the rest."""
        of_label = self.given == given
        labelled = self.counts[:, of_label].sum(axis=1)
        found = self.counts[:, of_label & (self.predicted == predicted)].sum(axis=1)
        rows, hits = int(labelled[place]), int(found[place])
        return Hits(rows, hits), Hits(int(labelled.sum()) - rows, int(found.sum()) - hits)


class Hits(NamedTuple):
    """How many rows there are, and how many of them are meant."""

    rows: int
    hits: int

    @property
    def share(self) -> float:
        return self.hits / max(self.rows, 1)


def beyond(one: Hits, other: Hits, times: float) -> bool:
    """Say whether one share is so many times the other, either way, with their 95 % intervals."""
    ends = [wilson(part.hits, part.rows) for part in (one, other)]
    (low, high), (other_low, other_high) = ends
    return low > times * other_high or other_low > times * high


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Odds:
    """How far each slice labels otherwise than the rest, in standard errors, and how likely.

    Of the T figures the first are of classes (`one` the class, `other` -1), the others of pairs.
    `excess` float[S, T]: for a class the rows predicted so, beyond what the labels lead to; for a
    pair the rows labelled `one` and predicted `other`, less those the other way, beyond the same.
    `scores` float[S, T] are these by their standard error, `p_values` float[S, T] those of the
    largest score of all slices and figures, so that they hold for all at once.
    """

    one: Counts
    other: Counts
    excess: Floats
    scores: Floats
    p_values: Floats
    draws: int


def odds_of(
    confusions: Confusions, seed: int, least: int = _LEAST_DRAWS, most: int = _MOST_DRAWS
) -> Odds:
    """Test whether slices label alike: rows of a class change slices by lot.

    If the classes look the same in all slices and are labelled alike, what is predicted for a row
    does not depend on its slice once its label is known. So the slices are dealt anew among the
    rows of each label: an exact test at any sizes, whatever the classes' shares in the slices.
    `least` and `most` are how often; between them it goes with how much there is to deal.
    """
    given, predicted = confusions.given, confusions.predicted
    counts = confusions.counts
    labelled = confusions.labelled()
    sizes = labelled.sum(axis=0)
    recognised = counts.sum(axis=0) / np.maximum(sizes[given], 1)
    expected = labelled[:, given] * recognised
    dealt = labelled * (sizes - labelled) / np.maximum(sizes - 1, 1)
    variance = dealt[:, given] * recognised * (1 - recognised)
    parts = (_of_classes(predicted), _of_pairs(given, predicted, confusions.n_classes))

    def figures(values: Floats) -> Floats:
        return np.concatenate([part.signed(values) for part in parts], axis=-1)

    # A difference of less than a row is none, however little varies.
    errors = np.sqrt(np.concatenate([part.plain(variance) for part in parts], axis=-1) + 1)
    excess = figures(counts - expected)
    scores = excess / errors
    generator = np.random.default_rng(seed)
    cells = counts.size
    draws = max(min(2 * _CELLS // max(cells, 1), most), least)
    largest = np.zeros(draws)
    step = max(1, _CELLS // max(cells, 1))
    for start in range(0, draws, step):
        some = min(step, draws - start)
        tables = dealt_anew(confusions, labelled, some, generator)
        for part in range(some):
            largest[start + part] = np.abs(figures(tables[part] - expected) / errors).max(initial=0)
    # Equal figures differ by rounding: a draw as extreme as what was seen counts as that.
    above = np.searchsorted(np.sort(largest), np.abs(scores) * (1 - 1e-9), side="left")
    low, high = np.divmod(parts[1].keys, confusions.n_classes)
    classes = parts[0].keys
    return Odds(
        one=np.concatenate([classes, low]),
        other=np.concatenate([np.full(len(classes), -1), high]),
        excess=excess,
        scores=scores,
        p_values=(1 + draws - above) / (1 + draws),
        draws=draws,
    )


class _Sums:
    """Sums over the cells of each key, as a predicted class or a pair; a cell adds or takes off."""

    def __init__(self, keys: Counts, cells: Counts, signs: Floats) -> None:
        order = np.argsort(keys, kind="stable")
        self.cells, self.signs = cells[order], signs[order]
        self.keys, self.starts = np.unique(keys[order], return_index=True)

    def signed(self, values: Array) -> Floats:
        """Return the sums [..., T] of values [..., C], with their signs."""
        return self._summed(values[..., self.cells] * self.signs)

    def plain(self, values: Array) -> Floats:
        """Return the sums [..., T] of values [..., C], all added."""
        return self._summed(values[..., self.cells])

    def _summed(self, values: Array) -> Floats:
        if not len(self.keys):
            return np.zeros((*values.shape[:-1], 0))
        return np.asarray(np.add.reduceat(values, self.starts, axis=-1))


def _of_classes(predicted: Counts) -> _Sums:
    return _Sums(predicted, np.arange(len(predicted)), np.ones(len(predicted)))


def _of_pairs(given: Counts, predicted: Counts, n_classes: int) -> _Sums:
    apart = np.flatnonzero(given != predicted)
    low, high = np.minimum(given, predicted)[apart], np.maximum(given, predicted)[apart]
    return _Sums(low * n_classes + high, apart, np.where(given[apart] == low, 1.0, -1.0))


def dealt_anew(
    confusions: Confusions, labelled: Counts, draws: int, generator: np.random.Generator
) -> Counts:
    """Return tables int64[draws, S, C] in which the rows of each label are dealt to the slices.

    Each slice keeps how many rows of each label it has, each label its predicted classes.
    """
    from scipy.stats import random_table

    total = confusions.counts.sum(axis=0)
    tables = np.empty((draws, *confusions.counts.shape), dtype=np.int64)
    starts = np.flatnonzero(np.diff(confusions.given, prepend=-1))
    stops = np.append(starts[1:], len(total))[: len(starts)]
    for start, stop in zip(starts, stops, strict=True):
        slices = labelled[:, confusions.given[start]]
        if stop - start == 1 or (slices > 0).sum() < 2:  # there is but one way
            tables[:, :, start:stop] = confusions.counts[:, start:stop]
            continue
        table = random_table(slices, total[start:stop])
        drawn = table.rvs(size=draws, random_state=generator)
        tables[:, :, start:stop] = drawn.reshape(draws, len(slices), stop - start)
    return tables


def counted_cells(codes: Counts, counts: Counts, n_classes: int, judged: Counts) -> Confusions:
    """Return the confusions of the judged slices, and those of all others as one slice more.

    `codes` int64[m], ascending, are (slice * K + given) * K + predicted, `counts` int64[m] their
    rows.
    """
    cells = n_classes**2
    slices, cell = np.divmod(codes, cells)
    place = np.searchsorted(judged, slices)
    found = place < len(judged)
    found[found] = judged[place[found]] == slices[found]
    place[~found] = len(judged)
    others = bool((~found).any())
    present, at = np.unique(cell, return_inverse=True)
    table = np.zeros((len(judged) + others, len(present)), dtype=np.int64)
    np.add.at(table, (place, at), counts)
    given, predicted = np.divmod(present, n_classes)
    return Confusions(given=given, predicted=predicted, counts=table, n_classes=n_classes)


def slice_sizes(codes: npt.NDArray[np.int32], values: Sequence[str]) -> Counts:
    """Return the rows int64[S] of each value; blanks (-1) belong to none."""
    return np.bincount(codes[codes >= 0], minlength=len(values)).astype(np.int64)
