"""What a row counts for where several classes are confident: cleanlab's rule and the paper's."""

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.core.dataset import Batch
from labelaudit.core.errors import ConfigError
from labelaudit.core.listed import Listed
from labelaudit.detect.digest import digest
from labelaudit.detect.joint import NOT_CONFIDENT, confident_class
from labelaudit.detect.thresholds import TOLERANCE
from tests.made import noisy

# The last row: class 0 is the most probable but misses its threshold, .8; 1 and 2 reach theirs.
P = np.array([[0.8, 0.1, 0.1], [0.7, 0.3, 0.0], [0.75, 0.0, 0.25], [0.4, 0.28, 0.32]])
BARS = np.array([0.8, 0.2, 0.2])


def seen(labels, probabilities):
    labels = np.asarray(labels, dtype=np.int32)
    own = digest(labels, probabilities)
    return Batch(start=0, labels=labels, probabilities=probabilities, digest=own)


def test_the_rules_differ_where_the_top_class_misses_and_several_reach():
    batch = seen([0, 0, 0, 0], P)
    assert confident_class(batch, BARS).tolist() == [0, 1, 2, 0]
    assert confident_class(batch, BARS, "paper").tolist() == [0, 1, 2, 2]


def papers(row, bars):
    confident = [k for k in range(len(row)) if row[k] >= bars[k]]
    return max(confident, key=lambda k: (row[k], -k)) if confident else NOT_CONFIDENT


def cleanlabs(row, bars):
    confident = [k for k in range(len(row)) if row[k] >= bars[k]]
    return confident[0] if len(confident) == 1 else int(row.argmax()) if confident else -1


@st.composite
def rows(draw):
    n_rows, n_classes = draw(st.integers(1, 12)), draw(st.integers(2, 6))
    listed = draw(st.integers(1, n_classes))
    whole = st.integers(0, 8)
    values = draw(
        st.lists(
            st.lists(whole, min_size=listed, max_size=listed), min_size=n_rows, max_size=n_rows
        )
    )
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    classes = np.sort(
        np.array([generator.permutation(n_classes)[:listed] for _ in range(n_rows)]), axis=1
    )
    rest = np.array(draw(st.lists(whole, min_size=n_rows, max_size=n_rows))) / 16
    bars = np.array(draw(st.lists(whole, min_size=n_classes, max_size=n_classes))) / 16
    labels = generator.integers(0, n_classes, n_rows).astype(np.int32)
    made = Listed(
        classes=classes.astype(np.int32),
        probabilities=np.array(values) / 16,
        rest=rest if listed < n_classes else np.zeros(n_rows),
        n_columns=n_classes,
        n_classes=n_classes,
    )
    return labels, made, bars


@settings(max_examples=300, deadline=None)
@given(rows())
def test_both_rules_are_those_of_the_definition_listed_or_in_full(given):
    labels, listed, bars = given
    full = listed.dense()
    for rule, reference in (("cleanlab", cleanlabs), ("paper", papers)):
        expected = [reference(row, bars - TOLERANCE) for row in full]
        assert confident_class(seen(labels, full), bars, rule).tolist() == expected
        assert confident_class(seen(labels, listed), bars, rule).tolist() == expected


def test_the_papers_joint_is_another_and_says_so():
    probabilities = np.array([[0.9, 0.05, 0.05]] * 20 + [[0.4, 0.28, 0.32], [0.4, 0.3, 0.3]] * 10)
    labels = np.array([0] * 20 + [1, 2] * 10)
    theirs = compute_confident_joint(labels, probabilities, calibrate=True)
    ours = labelaudit.audit(labels, probabilities).detection
    papers_own = labelaudit.audit(labels, probabilities, joint="paper").detection
    assert (ours.confident_joint == theirs).all()
    assert (papers_own.confident_joint != theirs).any()
    assert (ours.joint, papers_own.joint) == ("cleanlab", "paper")
    assert papers_own.confident_joint.sum() == 40


def test_an_unknown_rule_is_refused():
    with pytest.raises(ConfigError, match="did you mean 'paper'"):
        labelaudit.audit(["a", "b"], np.eye(2), joint="papre")


@pytest.mark.parametrize(("top", "most"), [("7", 7), ("1%", 4), ("0.6%", 2), ("100%", 10_000)])
def test_a_budget_keeps_the_most_doubtful_of_what_the_filter_flags(top, most):
    labels, probabilities = noisy(400, 5, seed=1)
    every = labelaudit.audit(labels, probabilities)
    few = labelaudit.audit(labels, probabilities, top=top)
    ids = [finding.id for finding in every.findings]
    assert [finding.id for finding in few.findings] == ids[:most]
    assert few.detection.n_flagged == min(most, len(ids)) == few.to_frame()["is_flagged"].sum()
    assert few.settings["top"].value == few.detection.top == top


@pytest.mark.parametrize("top", ["", "x", "-1", "0", "101%", "1e3", "2 percent", "0%", "5.5"])
def test_a_budget_that_is_none_is_refused(top):
    with pytest.raises(ConfigError, match="top"):
        labelaudit.audit(["a", "b"] * 5, np.eye(2)[[0, 1] * 5], top=top)
