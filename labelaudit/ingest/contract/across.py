"""Inputs that are in more than one split: how many, between which, and with the same label or not.

Pure functions of arrays: which rows hold the same input, the split of each, the label of each.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_PAIRS = 100

RowNumbers = npt.NDArray[np.int64]


def across_splits(
    groups: Sequence[RowNumbers],
    splits: npt.NDArray[np.int32],
    names: Sequence[str],
    labels: npt.NDArray[np.int32],
) -> dict[str, Any]:
    """Return counts by split and by pair of splits of inputs that are in more than one split.

    `groups` are the rows of each such input; `splits` int32[N] codes into `names`, -1 where a row
    is in none (not in a group). Of each split `rows`, those `shared` with another one, and those
    of them that carry another label there (`other_label`); in all, and of each of the `pairs`,
    `other_label` are the inputs with different labels.
    """
    sizes = np.bincount(splits[splits >= 0], minlength=len(names))
    owners = np.repeat(np.arange(len(groups)), [len(rows) for rows in groups])
    rows = np.concatenate([np.empty(0, dtype=np.int64), *groups])
    own, given = splits[rows], labels[rows].astype(np.int64)
    shape = (len(groups), len(names))
    lowest = np.full(shape, np.iinfo(np.int64).max)
    highest = np.full(shape, -1)
    np.minimum.at(lowest, (owners, own), given)
    np.maximum.at(highest, (owners, own), given)
    by_split = []
    pairs: list[dict[str, Any]] = []
    for code, name in enumerate(names):
        others = np.arange(len(names)) != code
        here = own == code
        low = lowest[:, others].min(axis=1, initial=np.iinfo(np.int64).max)[owners[here]]
        high = highest[:, others].max(axis=1, initial=-1)[owners[here]]
        differs = (given[here] != low) | (given[here] != high)
        by_split.append(
            {
                "split": name,
                "rows": int(sizes[code]),
                "shared": int(here.sum()),
                "other_label": int(differs.sum()),
            }
        )
    there = highest >= 0
    for one in range(len(names)):
        for other in range(one + 1, len(names)):
            both = there[:, one] & there[:, other]
            if not both.any():
                continue
            low = np.minimum(lowest[both, one], lowest[both, other])
            high = np.maximum(highest[both, one], highest[both, other])
            pairs.append(
                {
                    "splits": [names[one], names[other]],
                    "inputs": int(both.sum()),
                    "other_label": int((low != high).sum()),
                }
            )
    pairs.sort(key=lambda pair: -pair["inputs"])
    several = int((lowest.min(axis=1) != highest.max(axis=1)).sum()) if len(names) else 0
    return {"other_label": several, "by_split": by_split, "pairs": pairs[:_MOST_PAIRS]}
