from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.rows import Array
from labelaudit.core.text import listed
from labelaudit.measures.kinds import Sample, SampledMeasure

FEWEST = 40
MOST = 2_000
# One normal cluster has 2 / pi = .64, an even spread .75.
SPLIT = 0.8
SMALLEST = 0.1
_STEPS = 20
_LEAST = 1e-12

Points = npt.NDArray[np.float64]


class MultiModalClasses(SampledMeasure):
    """Which classes are made of two or more clusters that lie apart. That is legal, and only told.

    Of each class the rows are cut into two by 2-means, begun along its longest axis. On the line
    between the two centres the split explains a share of the variance: .64 for one normal
    cluster, .75 where rows are spread evenly, near 1 for two that lie apart (.8 for two equal
    ones 4 standard deviations apart). Centres come from one half of the rows, the share from the
    other, and the other way; the smaller counts. A class is "several clusters" from .8 on where
    the smaller part has a tenth of the rows or more, "not assessable" below 40 rows, else "one
    cluster". The value is the share of the assessable classes that are several.

    Range 0 to 1; neither end is better. Sub-kinds of a class, two sources of data, or a group of
    wrong labels all look like this: look at examples of both parts. Missed are parts that touch,
    that are smaller than a tenth, or that do not lie along the longest axis. It sees what the
    embeddings see. Rows are set to length 1 above three dimensions, as distances are cosine there.
    At most 2,000 rows of a class, spread evenly over a fair, seeded sample of 50,000. Cost: 80
    products of these rows with a vector for each class. Interval: none; the two halves check each
    other.

    Source: ours, after Wu et al., Subclass-balancing contrastive learning, 2023, for the use;
    2-means is Lloyd's.
    """

    name = "multi_modal_classes"
    title = "Classes of several clusters"
    needs = frozenset({"embeddings"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.embeddings is not None
        found = [_judged(sample, k) for k in range(facts.n_classes)]
        several = [
            name
            for name, one in zip(facts.class_names, found, strict=True)
            if one["answer"] == "several clusters"
        ]
        judged = sum(one["explained"] is not None for one in found)
        return Measurement(
            name=MultiModalClasses.name,
            title=MultiModalClasses.title,
            value=len(several) / judged if judged else None,
            unit="classes of several clusters / classes assessable",
            interval_kind="none: two halves of each class check each other",
            range=(0.0, 1.0),
            better="neither",
            details={"n_several": len(several), "n_assessable": judged, "cut": SPLIT},
            per_class={
                name: tuple(one[name] for one in found)
                for name in ("explained", "smaller_part", "answer")
            },
            sample=sample.described,
            source="ours; Lloyd 1982 for 2-means",
            alerts=_alerts(several, found),
        )


def _judged(sample: Sample, code: int) -> dict[str, Any]:
    rows = np.flatnonzero(sample.labels == code)
    if len(rows) < FEWEST:
        return {"explained": None, "smaller_part": None, "answer": "not assessable"}
    # Samples are in the order of rows, and data may be sorted: spread over all of them.
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(np.int64)]
    assert sample.embeddings is not None
    explained, smaller = split(_scaled(sample.embeddings[rows]))
    several = explained >= SPLIT and smaller >= SMALLEST
    answer = "several clusters" if several else "one cluster"
    return {"explained": explained, "smaller_part": smaller, "answer": answer}


def _scaled(points: Array) -> Points:
    scaled: Points = points.astype(np.float64)
    if scaled.shape[1] > 3:
        scaled /= np.maximum(np.sqrt((scaled**2).sum(axis=1, keepdims=True)), _LEAST)
    return scaled


def split(points: Points) -> tuple[float, float]:
    """Return how much of the variance the better split explains, and the size of its smaller part.

    `points` float64[n, d], n at least 4. Each half of the rows (every second) is cut by the centres
    of the other; the smaller share of the two is returned, and the smaller part.
    """
    halves = points[::2], points[1::2]
    judged = [_explained(halves[1 - i], *_centres(halves[i])) for i in (0, 1)]
    return min(share for share, _ in judged), min(part for _, part in judged)


def _centres(points: Points) -> tuple[Points, Points]:
    """Return the two centres of 2-means, begun at the mean of both ends of the longest axis."""
    mean = points.mean(axis=0)
    centred = points - mean
    # The row farthest from the mean is where the search for the longest axis begins.
    axis = centred[int((centred**2).sum(axis=1).argmax())]
    for _ in range(_STEPS):
        axis = centred.T @ (centred @ axis)
        axis = axis / max(float(np.sqrt(axis @ axis)), _LEAST)
    ahead = centred @ axis > 0
    first = second = mean
    for _ in range(_STEPS):
        if ahead.all() or not ahead.any():
            break
        first, second = points[~ahead].mean(axis=0), points[ahead].mean(axis=0)
        again = _beyond(points, first, second) > 0
        if (again == ahead).all():
            break
        ahead = again
    return first, second


def _beyond(points: Points, first: Points, second: Points) -> Points:
    """Return how far beyond the middle, towards `second`, each point lies on the line of both."""
    return np.asarray((points - (first + second) / 2) @ (second - first))


def _explained(points: Points, first: Points, second: Points) -> tuple[float, float]:
    """Return the share of the variance along the line that the cut explains, and the smaller part.

    Rows that are all alike, or all on one side, are one cluster: 0.
    """
    along = _beyond(points, first, second)
    ahead = along > 0
    part = float(ahead.mean())
    total = float(along.var())
    if total <= _LEAST**2 or part in (0.0, 1.0):
        return 0.0, 0.0
    gap = float(along[ahead].mean() - along[~ahead].mean())
    return min(part * (1 - part) * gap**2 / total, 1.0), min(part, 1 - part)


def _alerts(several: list[str], found: list[dict[str, Any]]) -> tuple[Alert, ...]:
    if not several:
        return ()
    return (
        Alert(
            id="multi_modal_classes.several",
            severity="info",
            module="pair_plots",
            scope=listed(several, 5),
            message=f"Classes of two or more clusters: {listed(several, 5)}",
            mitigation="Look at both parts: sub-kinds of one class, or a group of wrong labels?",
            value=max(one["explained"] for one in found if one["answer"] == "several clusters"),
            threshold=SPLIT,
            basis="ours: one normal cluster has .64, an even spread .75",
            use_cases=("train", "evaluate"),
        ),
    )
