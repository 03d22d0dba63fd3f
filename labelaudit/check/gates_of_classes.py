"""The gates that hold every class to one limit."""

import numpy as np

from labelaudit.check.figures import AT_LEAST, AT_MOST, Case, Figure, Figures, Unjudged, gate
from labelaudit.check.gates import (
    COUNTED,
    NO_DETECTION,
    REVIEW,
    family_of,
    not_by_slice,
    rows_by_slice,
    scope_of_slice,
)
from labelaudit.core.intervals import clopper_pearson
from labelaudit.core.results import Detection
from labelaudit.core.text import printable


def scope_of_class(name: str) -> str:
    """Return a class as an outcome names it: `class cat`."""
    return f"class {printable(name, 60)}"


@gate(AT_MOST, "share")
def max_class_flagged_share(case: Case) -> Figures:
    """The largest share of any class's rows that may be flagged as suspects.

    Judged is flagged / examples of each class. Flagged is not wrong, and small classes are often
    flagged most. The exact 95 % interval covers sampling only and is widened for the number of
    classes (Bonferroni), so that of many sound classes hardly one fails by chance; a small class
    has a wide one, and rather warns than fails. Each class that fails or warns is named.

    It cannot be judged without predictions, nor with a budget (`--top`), which decides how many
    are flagged. A limit is a share, .1 or 10%.

    Source: Clopper and Pearson 1934; Dunn 1961.
    """
    detection, facts = case.audit.detection, case.audit.dataset
    if detection is None:
        return NO_DETECTION
    if detection.top is not None:
        return Unjudged(
            reason=f"a budget (--top {detection.top}) decides how many are flagged in a class",
            remedy="Audit without --top.",
        )
    present = sum(count > 0 for count in facts.class_counts)
    figures = [
        Figure(
            value=k / n,
            interval=clopper_pearson(k, n, 0.05 / present),
            what="the flagged share",
            basis=f"{k:,} of {n:,} rows flagged, not verified errors; {_widened(present)}",
            scope=scope_of_class(name),
            family="class",
            remedy=REVIEW,
        )
        for name, n, k in zip(
            facts.class_names, facts.class_counts, detection.flagged_by_class.tolist(), strict=True
        )
        if n
    ]
    return tuple(figures) or Unjudged(reason="no class has an example")


def _widened(present: int) -> str:
    return (
        f"its interval is exact (Clopper and Pearson 1934), widened for {present:,} classes so "
        "that it covers 95 % of the time for all"
    )


@gate(AT_MOST, "share")
def max_class_error_rate(case: Case) -> Figures:
    """The largest share of any class's labels that the model may take for wrong.

    Judged is, for each class, the part of its row of the calibrated joint that lies off the
    diagonal: the model's estimate, bias unknown. People's reviews are too few to be cut by class;
    `max_error_rate` is for them. The interval is the exact one of that share of the rows that
    the joint counts: how many these are in a class is taken from the interval of the noise
    estimate as a whole. It covers sampling only and is widened for the number of classes
    (Bonferroni). Each class that fails or warns is named.

    It cannot be judged without predictions, or where the model is too weak for its estimate to
    mean anything. A limit is a share, .1 or 10%.

    Source: Northcutt, Jiang and Chuang, JAIR 2021 (the joint); Clopper and Pearson 1934; Dunn 1961.
    """
    detection, facts = case.audit.detection, case.audit.dataset
    if detection is None:
        return NO_DETECTION
    if detection.model_noise_estimate is None:
        return Unjudged(reason=detection.model_noise_basis, remedy="Use a better model.")
    if detection.model_noise_interval is None:
        return Unjudged(
            reason="the estimate has no interval", remedy="Run `labelaudit detect` again."
        )
    joint = detection.confident_joint
    counts = np.asarray(joint.sum(axis=1), dtype=np.float64).ravel()
    off = counts - np.asarray(joint.diagonal(), dtype=np.float64)
    counted = counts / _rows_for_one_counted(detection, counts, off)
    present = int((counts > 0).sum())
    figures = [
        Figure(
            value=float(off[k] / counts[k]),
            interval=clopper_pearson(
                float(counted[k] * off[k] / counts[k]), float(counted[k]), 0.05 / present
            ),
            what="the estimated error rate",
            basis=f"the model's estimate, bias unknown; {_widened(present)}",
            scope=scope_of_class(facts.class_names[k]),
            family="class",
            remedy=REVIEW,
        )
        for k in np.flatnonzero(counts).tolist()
    ]
    return tuple(figures) or Unjudged(reason="no class has an example")


def _rows_for_one_counted(detection: Detection, counts: np.ndarray, off: np.ndarray) -> float:
    """Return how many rows there are for one that the joint counts, 1 or more.

    The interval of the whole estimate is wider than that of as many rows by the root of it.
    """
    estimate, interval = detection.model_noise_estimate, detection.model_noise_interval
    assert estimate is not None
    assert interval is not None
    half = max(estimate - interval[0], interval[1] - estimate)
    # The same formula with every row counted, drawn towards one half as it is there.
    rows = counts + 4
    shares = (off + 2) / rows
    weights = counts / max(float(counts.sum()), 1.0)
    variance = float((weights**2 * shares * (1 - shares) / rows).sum())
    return max((half / 1.96) ** 2 / variance, 1.0) if variance > 0 else 1.0


@gate(AT_LEAST, "count")
def min_class_examples(case: Case) -> Figures:
    """The least number of examples that every class must have.

    Judged are the given labels of each class; a class that the predictions know and no row has is
    one of 0 examples. Each class that has too few is named. With `--by COLUMN` the rows of each
    slice are held to the same limit. Counts, exact. A limit is a count, 30 say: below 10
    examples single labels of a class cannot be judged, below 30 every share of it is a guess.

    Source: standard.
    """
    facts = case.audit.dataset
    figures = [
        Figure(
            value=count,
            what="the number of examples",
            basis=COUNTED,
            scope=scope_of_class(name),
            family="class",
            remedy="Collect more examples, or leave the class out and say so.",
        )
        for name, count in zip(facts.class_names, facts.class_counts, strict=True)
    ]
    for column in case.by:
        rows = rows_by_slice(case, column)
        if rows is None:
            return not_by_slice(column)
        figures += [
            Figure(
                value=count,
                what="the number of examples",
                basis=COUNTED,
                scope=scope_of_slice(column, value),
                family=family_of(column),
                remedy="Collect more examples of this slice.",
            )
            for value, count in rows
        ]
    return tuple(figures) or Unjudged(reason="there are no classes")
