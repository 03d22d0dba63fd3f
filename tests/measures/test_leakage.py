"""Rows of one split that stand in another, equal or nearly: by hand and by brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.auditing import audit, run
from labelaudit.core.results import Skipped
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.contract.across import across_splits
from labelaudit.ingest.memory import dataset_from_memory

BOTH = ("split_leakage", "near_leakage")
FAR = np.eye(40, dtype=np.float32)


def by_brute_force(inputs, splits, labels, names):
    """Return by split (rows, shared, other label) and by pair (inputs, other label)."""
    rows = range(len(inputs))
    by_split = []
    for code in range(len(names)):
        own = [row for row in rows if splits[row] == code]
        twins = {
            row: [o for o in rows if inputs[o] == inputs[row] and splits[o] not in (-1, code)]
            for row in own
        }
        other = [row for row in own if any(labels[o] != labels[row] for o in twins[row])]
        by_split.append((len(own), sum(map(bool, twins.values())), len(other)))
    pairs = {}
    for one in range(len(names)):
        for two in range(one + 1, len(names)):
            sides = [{inputs[r] for r in rows if splits[r] == code} for code in (one, two)]
            both = sides[0] & sides[1]
            differ = [
                each
                for each in both
                if len({labels[r] for r in rows if inputs[r] == each and splits[r] in (one, two)})
                > 1
            ]
            if both:
                pairs[names[one], names[two]] = (len(both), len(differ))
    return by_split, pairs


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.integers(-1, 2), st.integers(0, 2)), min_size=1, max_size=25
    )
)
@settings(max_examples=80, deadline=None)
def test_counts_are_those_of_brute_force(rows):
    inputs, splits, labels = (np.array(column) for column in zip(*rows, strict=True))
    names = ("train", "test", "val")
    groups = []
    for each in np.unique(inputs):
        own = np.flatnonzero((inputs == each) & (splits >= 0))
        if len(np.unique(splits[own])) > 1:
            groups.append(own)
    found = across_splits(groups, splits.astype(np.int32), names, labels.astype(np.int32))
    by_split, pairs = by_brute_force(inputs, splits, labels, names)
    keys = ("rows", "shared", "other_label")
    assert [tuple(one[key] for key in keys) for one in found["by_split"]] == by_split
    told = {tuple(one["splits"]): (one["inputs"], one["other_label"]) for one in found["pairs"]}
    assert told == pairs
    assert [one["inputs"] for one in found["pairs"]] == sorted(
        (one["inputs"] for one in found["pairs"]), reverse=True
    )


def measured(points, labels, split, **options):
    made = dataset_from_memory(
        labels,
        embeddings=np.asarray(points, dtype=np.float32),
        ids=[f"r{row}" for row in range(len(labels))],
        by={"split": split},
    )
    return run(begin(made), Options(measures=BOTH, **options))


def test_equal_rows_of_test_and_train_are_critical():
    points = np.concatenate([FAR[:30], FAR[:3], FAR[30:37]])
    split = ["train"] * 30 + ["test"] * 10
    labels = ["a", "b"] * 20
    labels[31] = "a"  # r1 has b in train
    found = measured(points, labels, split)
    leak = found.measurement("split_leakage")
    assert leak.value == 0.3
    assert leak.details["compared"] == "embeddings"
    assert leak.details["inputs"] == 3
    told = {one["split"]: (one["shared"], one["other_label"]) for one in leak.details["by_split"]}
    assert told == {"train": (3, 1), "test": (3, 1)}
    (alert,) = leak.alerts
    assert (alert.id, alert.severity) == ("split_leakage.exact", "critical")
    assert alert.use_cases == ("evaluate", "benchmark")
    assert alert.message == (
        "3 inputs are in more than one split; 1 of them with different labels; most between train "
        "and test, 30 % of test: r0, r30"
    )
    # It is said once: the check of the contract is not an alert beside it.
    assert [one.id for one in found.alerts if "leakage" in one.id] == [
        "split_leakage.exact",
        "near_leakage.twins",
    ]
    first = leak.details["first"][0]
    assert [(row["id"], row["split"]) for row in first] == [("r0", "train"), ("r30", "test")]


def test_no_equal_rows_is_0_and_no_alert():
    found = measured(FAR, ["a", "b"] * 20, ["train", "test"] * 20)
    leak = found.measurement("split_leakage")
    assert leak.value == 0
    assert leak.interval_kind == "none: a count of all rows"
    assert not leak.alerts
    assert not [one for one in found.alerts if "leakage" in one.id]


def test_a_row_in_no_split_leaks_nothing():
    points = np.concatenate([FAR[:20], FAR[:20]])
    split = ["train"] * 10 + ["test"] * 10 + [None] * 20
    found = measured(points, ["a", "b"] * 20, split)
    assert found.measurement("split_leakage").value == 0
    assert found.measurement("near_leakage").value == 0


def twins(n_far=300, n_twins=30, seed=0):
    """Return points far apart, the last of which nearly are the first; test are the last."""
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(n_far, 12))
    near = points[:n_twins] + 1e-3 * generator.normal(size=(n_twins, 12))
    split = ["train"] * (n_far - 50) + ["test"] * (50 + n_twins)
    return np.concatenate([points, near]), ["a", "b"] * ((n_far + n_twins) // 2), split


def test_near_duplicates_between_splits():
    points, labels, split = twins()
    labels[300] = "b"  # its twin, the first row, has a
    found = measured(points, labels, split).measurement("near_leakage")
    assert found.value == 30 / 80
    by_split = {one["split"]: one for one in found.details["by_split"]}
    assert (by_split["train"]["near"], by_split["test"]["near"]) == (30, 30)
    assert by_split["test"]["other_label"] == 1
    assert found.details["pairs"] == [{"splits": ["train", "test"], "pairs": 30, "other_label": 1}]
    (alert,) = found.alerts
    assert (alert.id, alert.severity, alert.threshold) == ("near_leakage.twins", "caution", 0.01)
    assert alert.message.startswith("30 of 80 rows of test have a near duplicate in another split")
    assert found.sample == {"size": 330, "of": 330, "seed": 0}


def test_the_threshold_is_that_of_the_option():
    points, labels, split = twins()
    none = measured(points, labels, split, near_duplicate_threshold=0.0)
    assert none.measurement("near_leakage").value == 0
    every = measured(points, labels, split, near_duplicate_threshold=1e6)
    assert every.measurement("near_leakage").value > 0.9
    assert every.measurement("near_leakage").details["threshold"] == 1e6


def test_points_at_random_are_no_twins():
    generator = np.random.default_rng(3)
    found = measured(generator.normal(size=(500, 8)), ["a", "b"] * 250, ["train", "test"] * 250)
    assert found.measurement("near_leakage").value < 0.01
    assert not found.measurement("near_leakage").alerts


@pytest.mark.parametrize(
    ("more", "name", "reason", "remedy"),
    [
        ({}, "split_leakage", "all rows are of one split",
         "files or a column of splits, train and test"),
        ({"by": {"split": ["x", "y"] * 3}}, "split_leakage",
         "there are no embeddings, image files or texts to compare",
         "images, a column of texts, or --embeddings FILE"),
        ({"by": {"split": ["x", "y"] * 3}}, "near_leakage", "no embeddings", "--embeddings FILE"),
        ({"embeddings": FAR[:6], "by": {"split": ["x"] * 6}}, "near_leakage",
         "all rows are of one split", "files or a column of splits, train and test"),
        ({"embeddings": FAR[:6], "by": {"split": ["x"] * 6}}, "split_leakage",
         "all rows are of one split", "files or a column of splits, train and test"),
        ({"embeddings": FAR[:6]}, "near_leakage", "all rows are of one split",
         "files or a column of splits, train and test"),
    ],
)  # fmt: skip
def test_skipped_with_the_reason(more, name, reason, remedy):
    (skipped,) = audit(["a", "b"] * 3, measures=[name], **more).measurements
    assert isinstance(skipped, Skipped)
    assert (skipped.reason, skipped.remedy) == (reason, remedy)
