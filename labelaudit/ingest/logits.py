"""Scores that are no probabilities yet: logits, log-probabilities, percentages."""

import numpy as np

from labelaudit.core.errors import ConfigError
from labelaudit.core.listed import ListedRows
from labelaudit.core.rows import Array, Rows

_SEEN = 256
_TOLERANCE = 0.02
_EXACT = 1e-4


def advice_on(row: Array, softmax: bool = False) -> str:
    """Say what a row with values outside [0, 1] looks like, and what to do.

    With `softmax` there was one already.
    """
    if softmax or not np.isfinite(row).all():
        return "every value must be a finite number"
    values = np.asarray(row, dtype=np.float64)
    if values.min() >= 0 and (values == np.round(values)).all():
        return "every probability must be a number from 0 to 1"
    if values.min() >= 0 and abs(values.sum() - 100) <= 100 * _TOLERANCE:
        return "these look like percentages; divide them by 100"
    if values.max() <= 0 and abs(np.exp(values).sum() - 1) <= _TOLERANCE:
        return "these look like log-probabilities; say --logits to take a softmax of each row"
    return "these look like logits; say --logits to take a softmax of each row"


def expect_logits(values: Rows, file: str, several: bool = False) -> None:
    """Refuse `--logits` where it would blur what are probabilities already, or are no full rows.

    `several` says that the file is one of several.
    """
    if isinstance(values, ListedRows):
        raise ConfigError(
            f"--logits: {file} lists only some classes of each row, and a softmax needs the logits "
            "of all; write all of them, or probabilities"
        )
    seen = np.asarray(values[: min(_SEEN, len(values))], dtype=np.float64)
    if not len(seen) or not np.isfinite(seen).all():
        return
    sums = seen.sum(axis=1)
    if seen.min() >= 0 and seen.max() <= 1 and (abs(sums - 1) <= _EXACT).all():
        raise ConfigError(
            f"--logits: {file} holds probabilities already: from 0 to 1, and each row sums to 1; "
            + (
                "--logits is said of every file: give logits of all models, or of none"
                if several
                else "leave --logits out"
            )
        )
