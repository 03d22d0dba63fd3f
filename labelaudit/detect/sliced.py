"""The suspects by the slices that the rows are cut into: how many of each, and which slice each."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Dataset
from labelaudit.core.results import SLICE_PREFIX
from labelaudit.core.text import printable
from labelaudit.engine.counts import CodeCounts

_BLOCK = 1 << 18
_LONGEST_NAME = 60

RowNumbers = npt.NDArray[np.int64]


def flagged_by_slice(dataset: Dataset, rows: RowNumbers) -> dict[str, tuple[int, ...]]:
    """Return how many of some rows are in each slice, by column, values in code order."""
    found = {}
    for name, column in dataset.slices.items():
        counts = np.bincount(column.codes[rows] + 1, minlength=len(column.distinct) + 1)
        found[name] = tuple(counts[1:].tolist())
    return found


def expected_by_slice(
    dataset: Dataset, class_counts: RowNumbers, flagged_by_class: RowNumbers
) -> dict[str, tuple[float, ...]]:
    """Return how many flags each slice would have if each class had its share of them everywhere.

    Sum over the classes of the slice's rows in a class times the flagged share of the class: what
    the classes of a slice explain (indirect standardisation). By column, values in code order.
    """
    n_classes = dataset.n_classes
    share = flagged_by_class / np.maximum(class_counts, 1)
    found = {}
    for name, column in dataset.slices.items():
        n_values = len(column.distinct)
        counts = CodeCounts(n_values * n_classes)
        for start in range(0, len(dataset), _BLOCK):
            codes = np.asarray(column.codes[start : start + _BLOCK])
            labels = np.asarray(dataset.labels[start : start + _BLOCK])
            known = codes >= 0
            counts.add(codes[known].astype(np.int64) * n_classes + labels[known])
        cells, rows = counts.result()
        slices, labels_of = np.divmod(cells, n_classes)
        expected = np.bincount(slices, weights=rows * share[labels_of], minlength=n_values)
        found[name] = tuple(expected.tolist())
    return found


def slices_of_rows(dataset: Dataset, rows: RowNumbers) -> dict[str, Coded]:
    """Return the value of some rows in each column, as columns `by_<name>`; a blank is empty."""
    found: dict[str, Coded] = {}
    for name, column in dataset.slices.items():
        codes = column.codes[rows]
        blank = np.int32(len(column.distinct))
        texts = Coded(distinct=(*column.distinct, ""), codes=np.where(codes >= 0, codes, blank))
        found[_named(name, found)] = texts
    return found


def _named(name: str, taken: Mapping[str, Coded]) -> str:
    """Return what the column is called beside the evidence: harmless, and like no other."""
    shown = SLICE_PREFIX + printable(name, _LONGEST_NAME)
    number = 2
    while shown in taken:
        shown = f"{SLICE_PREFIX}{printable(name, _LONGEST_NAME)}_{number}"
        number += 1
    return shown
