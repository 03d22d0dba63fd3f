"""H0 persistence: at which distances the parts of a set of points grow together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.measures.n1_borderline import spanning_tree
from labelaudit.measures.separability import Floats, distances_among

# Parts that count for the robust figure: an outlier is a part of one point, a pair of two.
LEAST_PART = 5


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Persistence:
    """When the parts of a set of points merge, as the distance that joins them grows from 0.

    `lifetimes` float64[n - 1], ascending, are the weights of the minimum spanning tree, which are
    the merge heights of single linkage; `smaller` int64[n - 1] says how many points the smaller of
    the two parts had that a merge joined. Merges of equal height are taken in the order of rows.
    """

    lifetimes: Floats
    smaller: npt.NDArray[np.int64]

    @property
    def relative(self) -> Floats:
        """The lifetimes over the longest of them; zeros where all points are one."""
        longest = float(self.lifetimes.max(initial=0))
        return self.lifetimes / (longest or 1.0)

    @property
    def score(self) -> float:
        """S = 1 - the mean relative lifetime, in [0, 1); 0 where all points are one."""
        return 1 - float(self.relative.mean()) if self.relative.any() else 0.0

    @property
    def gap(self) -> float:
        """The largest step between successive relative lifetimes; 0 where there is one."""
        return float(np.diff(self.relative).max(initial=0))

    @property
    def entropy(self) -> float | None:
        """The entropy of the lifetimes over its largest, ln(n - 1); None where that is 0.

        Range 0 to 1: 1 where all lifetimes are equal. Source: Chintakunta and others, An
        entropy-based persistence barcode, Pattern Recognition 2015.
        """
        total = float(self.lifetimes.sum())
        if len(self.lifetimes) < 2 or total == 0:
            return None
        shares = self.lifetimes[self.lifetimes > 0] / total
        return float(-(shares * np.log(shares)).sum() / np.log(len(self.lifetimes)))

    @property
    def robust(self) -> float | None:
        """G: the largest merge of two parts of at least 5 points over the median lifetime.

        0 where no such parts ever stood apart; None where fewer than 10 points make none possible,
        or where half the lifetimes are 0 (duplicates).
        """
        if len(self.lifetimes) + 1 < 2 * LEAST_PART:
            return None
        median = float(np.median(self.lifetimes))
        large = self.lifetimes[self.smaller >= LEAST_PART]
        return float(large.max(initial=0)) / median if median else None


def persistence(points: Floats) -> Persistence:
    """Return the H0 persistence of the Vietoris-Rips filtration of `points` float64[n, d].

    Exact; Euclidean distances. Equal points have lifetimes of exactly 0.
    """
    edges = spanning_tree(distances_among(points))
    # From differences: products leave a distance of about 1e-8 between equal points.
    lifetimes = np.sqrt(np.square(points[edges[:, 0]] - points[edges[:, 1]]).sum(axis=1))
    order = np.lexsort((edges[:, 1], edges[:, 0], lifetimes))
    return Persistence(lifetimes=lifetimes[order], smaller=smaller_parts(edges[order]))


def smaller_parts(edges: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many points the smaller part has that each edge of a tree joins, in turn."""
    parents = list(range(len(edges) + 1))
    sizes = [1] * len(parents)

    def part_of(point: int) -> int:
        while parents[point] != point:
            parents[point] = parents[parents[point]]
            point = parents[point]
        return point

    smaller = np.empty(len(edges), dtype=np.int64)
    for index, (one, other) in enumerate(edges.tolist()):
        small, large = sorted((part_of(one), part_of(other)), key=sizes.__getitem__)
        smaller[index] = sizes[small]
        parents[small] = large
        sizes[large] += sizes[small]
    return smaller
