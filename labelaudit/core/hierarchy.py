"""Classes as the leaves of a tree, and how far from each other they are in it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.integer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Hierarchy:
    """The tree of the classes: nodes 0 to K - 1 are the classes, K + i is the group `groups[i]`.

    `parents[n]` is the node above node n, -1 for the root, which has no number. A group comes
    after the group that it is in, so that no tree has a circle.

    Raises
    ------
    ValueError : where `parents` are not those of such a tree.
    """

    groups: tuple[str, ...]
    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        n_classes = self.n_classes
        if n_classes < 0:
            raise ValueError("a hierarchy with more groups than nodes")
        for node, parent in enumerate(self.parents):
            above = parent == -1 or n_classes <= parent < len(self.parents)
            if not above or (node >= n_classes and parent >= node):
                raise ValueError(f"node {node} cannot lie in node {parent}")

    @property
    def n_classes(self) -> int:
        return len(self.parents) - len(self.groups)

    def paths(self) -> npt.NDArray[np.int32]:
        """Return the nodes above each class int32[K, height], it last; -1 fills up the rest."""
        ways: dict[int, tuple[int, ...]] = {-1: ()}
        for node in range(self.n_classes, len(self.parents)):
            ways[node] = (*ways[self.parents[node]], node)
        of_classes = [(*ways[self.parents[code]], code) for code in range(self.n_classes)]
        height = max(map(len, of_classes), default=0)
        paths = np.full((self.n_classes, height), -1, dtype=np.int32)
        for code, way in enumerate(of_classes):
            paths[code, : len(way)] = way
        return paths

    def above(self, most: int) -> npt.NDArray[np.int32]:
        """Return a group above each class int32[K]: of the lowest level with at most `most`.

        -1 of a class that is in none; of the highest level where each has more.
        """
        paths = self.paths()
        paths[paths < self.n_classes] = -1  # the classes themselves
        level = paths.shape[1]
        while level > 1:
            own = _last(paths[:, :level])
            if len(np.unique(own)) <= most:
                return own
            level -= 1
        return _last(paths[:, :1])

    def shared(self, one: Codes, other: Codes) -> npt.NDArray[np.int64]:
        """Return at which level int64[n] pairs of classes part: how many nodes are above both.

        0 where only the root is; of a class and itself it is the depth of the class.
        """
        paths = self.paths()
        same = (paths[one] == paths[other]) & (paths[one] >= 0)
        return np.asarray(np.logical_and.accumulate(same, axis=1).sum(axis=1), dtype=np.int64)

    def depths(self) -> npt.NDArray[np.int64]:
        """Return how many steps each class int64[K] is below the root."""
        return np.asarray((self.paths() >= 0).sum(axis=1), dtype=np.int64)

    def distances(self, one: Codes, other: Codes) -> npt.NDArray[np.float64]:
        """Return the distance of pairs of classes: half the steps of the way between them.

        Where all classes lie equally deep it is how many levels one has to go up until the two
        meet: 1 for two classes of one parent. Range 0, a class and itself, to the height of the
        tree.
        """
        depths = self.depths()
        return (depths[one] + depths[other] - 2 * self.shared(one, other)) / 2


def _last(paths: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return the last node of each row that is one, -1 where none is."""
    found = np.full(len(paths), -1, dtype=np.int32)
    for column in paths.T:
        found = np.where(column >= 0, column, found)
    return found
