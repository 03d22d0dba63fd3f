"""The label that is least wrong where classes form a tree: near misses cost less than far ones."""

from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.hierarchy import Hierarchy

# Costs nearer than this are equal: sums of probabilities are no more exact.
_EQUAL = 1e-9


class TreeCosts:
    """The expected squared tree distance of every class, without a matrix of K x K.

    With d the depth of a class and l the level at which two classes part, their distance is
    (d_j + d_k - 2 l_jk) / 2, and sums over j of what depends on l_jk are sums over the nodes
    above k. So a row costs K times the height of the tree.
    """

    def __init__(self, hierarchy: Hierarchy) -> None:
        from scipy.sparse import csr_array

        paths = hierarchy.paths()
        classes, levels = np.nonzero(paths >= 0)
        nodes = paths[classes, levels]
        shape = (hierarchy.n_classes, len(hierarchy.parents))
        # Which nodes are above each class, itself among them.
        self._above: Any = csr_array((np.ones(len(nodes)), (classes, nodes)), shape=shape)
        # l^2 is the sum of the first l odd numbers: what each level adds.
        self._odd = np.zeros(len(hierarchy.parents))
        self._odd[nodes] = 2 * levels + 1
        self._depths = hierarchy.depths().astype(np.float64)

    def expected(self, probabilities: Any) -> npt.NDArray[np.float64]:
        """Return sum over j of P_j D_jk^2 as float64[n, K], for `probabilities` float[n, K]."""
        given = np.asarray(probabilities, dtype=np.float64)
        depths = self._depths
        weighted = given * depths
        beneath = given @ self._above
        shared = beneath @ self._above.T  # the mean of l_jk over j
        squared = (beneath * self._odd) @ self._above.T  # of its square
        deep = (weighted @ self._above) @ self._above.T  # of d_j l_jk
        total, mean = given.sum(axis=1)[:, None], weighted.sum(axis=1)[:, None]
        both = (weighted * depths).sum(axis=1)[:, None] + 2 * mean * depths + total * depths**2
        return np.asarray(np.maximum(both / 4 - deep - depths * shared + squared, 0))

    def least(self, probabilities: Any) -> npt.NDArray[np.int32]:
        """Return the class that is least far off, on average, in a tree of classes (`--hierarchy`).

        argmin over k of sum over j of P_j D_jk^2, with D the distance in the tree; the first among
        equals, int32[n] for float[n, K]. A class whose relatives are probable too wins over a
        lonely one that is a little more so. It may be the given label: then the doubt is between
        its relatives. In a flat tree it is the most probable class. No score: it changes neither
        the flags nor their order.
        Source: Roberts et al., Geometry-aware adaptation for pretrained models (Loki), 2023.
        """
        costs = self.expected(probabilities)
        if not costs.shape[1]:
            return np.zeros(len(costs), dtype=np.int32)
        least = costs.min(axis=1, keepdims=True)
        return np.asarray((costs <= least + _EQUAL).argmax(axis=1), dtype=np.int32)
