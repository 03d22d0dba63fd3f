"""Severity of suspected errors in a tree of classes, against values worked out by hand."""

import numpy as np
import pytest

import labelaudit
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.results import DatasetFacts, Detection, Measurement, Skipped
from labelaudit.measures.hierarchy_severity import (
    HierarchySeverity,
    chance_distance,
    mean_interval,
)
from tests.made import noisy

TWO_AND_TWO = Hierarchy(groups=("a", "b"), parents=(4, 4, 5, 5, -1, -1))


def measured(pairs, counts, tree=TWO_AND_TWO, top=None):
    n_classes = len(counts)
    flagged = np.zeros(n_classes, dtype=np.int64)
    for given, _, count in pairs:
        flagged[given] += count
    facts = DatasetFacts(
        name="x",
        format="memory",
        n_examples=sum(counts),
        n_unlabelled=0,
        class_names=tuple("abcdefghij"[:n_classes]),
        class_counts=tuple(counts),
        has=(),
        hierarchy=tree,
    )
    detection = Detection(
        filter="prune_by_noise_rate",
        n_flagged=int(flagged.sum()),
        n_predicted_neq_given=0,
        ranking="flow_adjusted",
        model_noise_estimate=None,
        model_noise_basis="",
        confident_joint=np.diag(counts),
        class_thresholds=np.full(n_classes, 0.5),
        flagged_by_class=flagged,
        flagged_pairs=tuple(pairs),
        top=top,
    )
    return HierarchySeverity.measure(facts, detection, {})


def test_the_published_example():
    # given [0, 1, 2, 3, 0], suggested [1, 0, 0, 3, 2]: the fourth is no suspect
    found = measured([(0, 1, 1), (1, 0, 1), (2, 0, 1), (0, 2, 1)], (2, 1, 1, 1))
    assert found.value == 1.5
    assert found.details["error_rate"] == 0.8
    assert found.details["coarse_error_rate"] == 0.4
    assert found.details["share_inside_parent"] == 0.5
    first, last = found.details["levels"]
    assert (first["nodes"], first["crossing"], first["share_of_labels"]) == (2, 2, 0.4)
    assert (last["nodes"], last["crossing"], last["share_of_labels"]) == (4, 4, 0.8)
    assert found.per_class["mean_distance"] == (1.5, 1.0, 2.0, None)
    assert found.per_class["share_inside_parent"] == (0.5, 1.0, 0.0, None)
    assert found.interval is None
    assert found.interval_kind == "none: fewer than 10 suspects"


def test_a_class_that_lies_higher_stands_for_itself():
    tree = Hierarchy(groups=("a", "b"), parents=(-1, 3, 4, -1, 3))  # x, a: {y, b: {z}}
    found = measured([(0, 1, 4), (1, 2, 6)], (10, 10, 10), tree)
    assert found.value == pytest.approx((4 * 1.5 + 6 * 1.5) / 10)
    assert [level["nodes"] for level in found.details["levels"]] == [2, 3, 3]
    assert [level["crossing"] for level in found.details["levels"]] == [4, 10, 10]


def test_the_interval_is_students():
    from scipy.stats import t

    distances, counts = np.array([1.0, 2.0]), np.array([30, 12])
    values = np.repeat(distances, counts)
    interval, kind = mean_interval(distances, counts, True)
    expected = t.interval(
        0.95, len(values) - 1, values.mean(), values.std(ddof=1) / len(values) ** 0.5
    )
    assert interval == pytest.approx(expected)
    assert "Student" in kind
    assert mean_interval(distances[:1], counts[:1], True)[1].startswith("none: all suspects")
    assert measured([(0, 1, 30), (0, 2, 5)], (99, 9, 9, 9), top="35").interval is None


def test_chance_is_that_of_two_labels_drawn():
    counts = np.array([50, 30, 15, 5])
    share = counts / counts.sum()
    codes = np.arange(4)
    apart = TWO_AND_TWO.distances(np.repeat(codes, 4), np.tile(codes, 4)).reshape(4, 4)
    expected = share @ apart @ share / (1 - share @ share)
    assert chance_distance(TWO_AND_TWO, tuple(counts.tolist())) == pytest.approx(expected)
    assert chance_distance(TWO_AND_TWO, (7, 0, 0, 0)) is None


def test_it_warns_where_most_suspects_cross_parents_and_a_tree_can_tell():
    across = [(0, 2, 40), (0, 1, 5)]
    found = measured(across, (100, 100, 100, 100))
    (alert,) = found.alerts
    assert alert.id == "hierarchy_severity.across"
    assert "40 of 45" in alert.message
    assert (alert.severity, found.details["chance_distance"]) == ("caution", pytest.approx(5 / 3))
    three = Hierarchy(groups=tuple("abc"), parents=(5, 5, 4, 6, -1, 4, -1))  # (0 1) 2 | 3
    near = measured([(0, 2, 40), (0, 1, 5)], (100, 100, 100, 100), three)
    assert near.alerts[0].severity == "info"
    assert "nearer than by chance" in near.alerts[0].message
    assert not measured([(0, 2, 24), (0, 1, 21)], (100, 100, 100, 100)).alerts  # not surely most
    assert not measured([(0, 2, 9)], (100, 100, 100, 100)).alerts
    lonely = Hierarchy(groups=tuple("abcd"), parents=(4, 5, 6, 7, -1, -1, -1, -1))
    flat = Hierarchy(groups=(), parents=(-1,) * 4)
    assert not measured(across, (100, 100, 100, 100), lonely).alerts
    assert measured(across, (100, 100, 100, 100), flat).details["share_inside_parent"] == 1


@pytest.mark.parametrize("counts", [(5,), (5, 0, 0, 0), (0, 0, 0, 9)])
def test_without_a_suspect_there_is_no_value(counts):
    flat = Hierarchy(groups=(), parents=(-1,) * len(counts))
    found = measured([], counts, flat)
    assert found.value is None
    assert found.interval is None
    assert found.details["n_suspects"] == 0


def test_it_is_skipped_without_a_tree_and_says_by_what_option():
    labels, probabilities = noisy(200, 4)
    made = labelaudit.audit(labels, probabilities)
    (skipped,) = [m for m in made.measurements if m.name == "hierarchy_severity"]
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "no hierarchy of the classes"
    assert skipped.remedy == "--hierarchy FILE"


def test_in_an_audit_it_agrees_with_its_findings():
    labels, probabilities = noisy(600, 4, noise=0.25, sharpness=2)
    tree = {"a": [0, 1], "b": [2, 3]}
    names = list("0123")
    made = labelaudit.audit(labels, probabilities, class_names=names, hierarchy=tree)
    found = made.measurement("hierarchy_severity")
    assert isinstance(found, Measurement)
    assert found.value == pytest.approx(float(made.findings.columns["tree_distance"].mean()))
    assert found.interval[0] < found.value < found.interval[1]
    alone = labelaudit.audit(
        labels, probabilities, class_names=names, hierarchy=tree, measures=["hierarchy_severity"]
    )
    assert alone.measurements == (found,)
