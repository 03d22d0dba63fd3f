"""Run cleanlab itself on the same data and say where the two differ."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.dataset import Dataset
from labelaudit.core.errors import ConfigError
from labelaudit.core.listed import in_full

# Above this many values cleanlab would need several gigabytes.
MOST_VALUES = 500_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Verification:
    """What cleanlab flags on the same labels and probabilities, and the rows that differ."""

    version: str
    n_ours: int
    n_theirs: int
    only_ours: tuple[int, ...]
    only_theirs: tuple[int, ...]


def verify(dataset: Dataset, flagged: npt.NDArray[np.int64], filter_name: str) -> Verification:
    """Compare flagged rows with `cleanlab.filter.find_label_issues`; needs N x K in memory."""
    import warnings

    import cleanlab
    from cleanlab.filter import find_label_issues

    matrix = dataset.probabilities
    assert matrix is not None
    if len(dataset) * dataset.n_classes > MOST_VALUES:
        raise ConfigError(
            f"--verify: {len(dataset):,} x {dataset.n_classes:,} probabilities do not fit cleanlab "
            "into memory; verify a part of the data"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cleanlab warns of small classes; the label says so
        mask = find_label_issues(
            dataset.labels.astype(np.int64),
            in_full(matrix.read(0, len(dataset))),
            filter_by=filter_name,
            n_jobs=1,
        )
    theirs = np.flatnonzero(mask)
    return Verification(
        version=cleanlab.__version__,
        n_ours=len(flagged),
        n_theirs=len(theirs),
        only_ours=tuple(np.setdiff1d(flagged, theirs).tolist()),
        only_theirs=tuple(np.setdiff1d(theirs, flagged).tolist()),
    )
