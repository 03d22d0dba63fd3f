from typing import Any

import numpy as np

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement, Skipped
from labelaudit.core.text import printable
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.split_leakage import one_split

NOTICEABLE = 0.01
_MOST_PAIRS = 100


class NearLeakage(SampledMeasure):
    """How much of a split nearly stands in another one: test rows with a twin in train, say.

    Frames of one film, a picture cropped or saved anew, a text with one word changed: such twins
    make a test easier than it looks, as equal inputs do. The value is the share of the split with
    most of them: rows with a near duplicate in another split / rows. 0 is good, above 1 % a test
    figure is off by about as much. A row is a near duplicate of one of its 10 nearest neighbours
    where their distance is below .13 times the median distance to the nearest neighbour, or 0
    (`--near-duplicate-threshold` sets the factor).

    For each split: rows, those with a near duplicate in another split, and of these those whose
    twin there carries another label. For each pair of splits the near-duplicate pairs, and those
    with different labels. Equal inputs are in it, too: `split_leakage` counts these alone.

    Range 0 to 1, lower is better. From the audit's one neighbour graph of at most 50,000 rows: no
    cost of its own. Of a larger dataset only the sample is compared with itself, so what is found
    is the least there is; hence no interval. An alert is raised where the lower end of Wilson's
    interval of that share is above 1 %. Limits: it is as good as the embeddings, which may take
    two things for one; among many equal rows only 10 neighbours are looked at.

    Source: the near-duplicate check of cleanlab's Datalab 2.9 and its factor .13; Barz and
    Denzler, Do we train on test data?, 2020.
    """

    name = "near_leakage"
    title = "Near duplicates between splits"
    needs = frozenset({"neighbours", "slices.split"})
    n_neighbours = 10

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = NearLeakage
        names = facts.slices["split"]
        if len(names) < 2:
            return one_split(kind.name, kind.title)
        found = near_duplicates_across(sample, names)
        shares = [one["share"] for one in found["by_split"]]
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=max(shares, default=None),
            unit="rows of the split with most of them that have a near duplicate in another / rows",
            interval_kind="none: what is found among the rows compared is the least there is",
            range=(0.0, 1.0),
            better="lower",
            details=found,
            sample=sample.described,
            source="cleanlab's Datalab 2.9 (near duplicates); Barz and Denzler 2020",
            alerts=_alerts(found),
        )


def near_duplicates_across(sample: Sample, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the near duplicates between splits, by split and by pair of splits."""
    assert sample.neighbours is not None
    distances, others = sample.neighbours.distances, sample.neighbours.rows
    splits = sample.slices["split"]
    radius = sample.near * float(np.median(distances[:, 0])) if distances.shape[1] else 0.0
    at, rank = np.nonzero((distances < radius) | (distances == 0))
    ends = np.column_stack([at, others[at, rank].astype(np.int64)])
    codes = splits[ends]
    ends = ends[(codes[:, 0] != codes[:, 1]) & (codes >= 0).all(axis=1)]
    # Each pair once, the lower row first, though either may have been found from the other.
    ends = np.unique(np.sort(ends, axis=1), axis=0)
    differs = sample.labels[ends[:, 0]] != sample.labels[ends[:, 1]]
    near, unlike = (np.unique(some.reshape(-1)) for some in (ends, ends[differs]))
    by_split = []
    for code, name in enumerate(names):
        rows = int((splits == code).sum())
        if rows:
            shared = int((splits[near] == code).sum())
            by_split.append(
                {
                    "split": name,
                    "rows": rows,
                    "near": shared,
                    "other_label": int((splits[unlike] == code).sum()),
                    "share": shared / rows,
                }
            )
    keys = np.sort(splits[ends], axis=1).astype(np.int64)
    found, place = np.unique(keys[:, 0] * len(names) + keys[:, 1], return_inverse=True)
    counts = np.bincount(place, minlength=len(found))
    unlike_counts = np.bincount(place[differs], minlength=len(found))
    order = np.argsort(-counts, kind="stable")[:_MOST_PAIRS].tolist()
    return {
        "radius": radius,
        "threshold": sample.near,
        "by_split": by_split,
        "pairs": [
            {
                "splits": [names[int(found[i]) // len(names)], names[int(found[i]) % len(names)]],
                "pairs": int(counts[i]),
                "other_label": int(unlike_counts[i]),
            }
            for i in order
        ],
        **sample.neighbours.sampled,
    }


def _alerts(found: dict[str, Any]) -> tuple[Alert, ...]:
    lows = [(wilson(one["near"], one["rows"])[0], one) for one in found["by_split"]]
    low, worst = max(lows, key=lambda item: item[0], default=(0.0, None))
    if worst is None or low <= NOTICEABLE:
        return ()
    one, other = (printable(name, 40) for name in found["pairs"][0]["splits"])
    return (
        Alert(
            id="near_leakage.twins",
            severity="caution",
            module="statistics",
            scope=f"{one}, {other}",
            message=f"{worst['near']:,} of {worst['rows']:,} rows of "
            f"{printable(worst['split'], 40)} have a near duplicate in another split (equal ones "
            f"count), most between {one} and {other}",
            mitigation="Look at some of these pairs; where they are one thing, keep it in one "
            "split (group by scene, person or document when you split).",
            value=float(low),
            threshold=NOTICEABLE,
            use_cases=("evaluate", "benchmark"),
            basis="1 % of a split, at the lower end of its 95 % interval: about a point of "
            "accuracy",
        ),
    )
