"""Distances in a tree of classes, and the label that is least far off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.detect.tree import TreeCosts
from tests.made import noisy

TWO_AND_TWO = Hierarchy(groups=("a", "b"), parents=(4, 4, 5, 5, -1, -1))


def all_distances(tree):
    codes = np.arange(tree.n_classes)
    found = tree.distances(np.repeat(codes, len(codes)), np.tile(codes, len(codes)))
    return found.reshape(len(codes), len(codes))


@st.composite
def trees(draw):
    n_classes, n_groups = draw(st.integers(1, 12)), draw(st.integers(0, 8))
    above = [draw(st.integers(-1, number - 1)) for number in range(n_groups)]
    of_classes = [draw(st.integers(-1, n_groups - 1)) for _ in range(n_classes)]
    return Hierarchy(
        groups=tuple(map(str, range(n_groups))),
        parents=tuple(p if p < 0 else n_classes + p for p in of_classes + above),
    )


def test_the_published_scores_of_loki():
    distances = all_distances(TWO_AND_TWO)
    assert distances.tolist() == [[0, 1, 2, 2], [1, 0, 2, 2], [2, 2, 0, 1], [2, 2, 1, 0]]
    probabilities = np.array([[0.35, 0.05, 0.3, 0.3]])
    costs = TreeCosts(TWO_AND_TWO)
    assert -costs.expected(probabilities)[0] == pytest.approx([-2.45, -2.75, -1.9, -1.9])
    assert costs.least(probabilities).tolist() == [2]
    assert probabilities.argmax(axis=1).tolist() == [0]


@given(trees(), st.integers(0, 2**32 - 1))
@settings(max_examples=150, deadline=None)
def test_costs_are_those_of_the_whole_matrix(tree, seed):
    distances = all_distances(tree)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(tree.n_classes), 4)
    costs = TreeCosts(tree).expected(probabilities)
    assert np.allclose(costs, probabilities @ distances**2, atol=1e-9)
    assert np.array_equal(costs[2:3], TreeCosts(tree).expected(probabilities[2:3]))  # row-wise


@given(trees())
@settings(max_examples=150, deadline=None)
def test_a_distance_is_a_distance(tree):
    distances = all_distances(tree)
    assert np.array_equal(distances, distances.T)
    assert np.array_equal(distances == 0, np.eye(tree.n_classes, dtype=bool))
    through = distances[:, :, None] + distances[None, :, :]
    assert (distances[:, None, :] <= through.transpose(0, 1, 2) + 1e-12).all()
    assert distances.max() <= tree.paths().shape[1]


def test_a_flat_tree_suggests_the_most_probable_class():
    flat = Hierarchy(groups=(), parents=(-1,) * 5)
    probabilities = np.random.default_rng(0).dirichlet(np.ones(5), 200)
    probabilities[0] = 0.2
    found = TreeCosts(flat).least(probabilities)
    assert np.array_equal(found, probabilities.argmax(axis=1))


@pytest.mark.parametrize("parents", [(1,), (3, -1, 5, 4, 3), (9, -1), (0, -1), (-2,), (2, 1, -1)])
def test_what_is_no_tree_is_none(parents):
    with pytest.raises(ValueError, match=r"cannot lie in|more groups"):
        Hierarchy(groups=("a",) * max(len(parents) - 2, 0), parents=parents)
    with pytest.raises(ValueError, match="more groups"):
        Hierarchy(groups=("a",) * 9, parents=(-1,))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_findings_say_what_the_tree_says(dtype):
    labels, probabilities = noisy(500, 6, noise=0.2, seed=3, dtype=dtype, sharpness=1.5)
    tree = {"a": [0, 1], "b": {"c": [2, 3], "d": [4]}, "e": [5]}
    names = [str(code) for code in range(6)]
    made = labelaudit.audit(labels, probabilities, class_names=names, hierarchy=tree)
    assert made.dataset.hierarchy is not None
    distances = all_distances(made.dataset.hierarchy)
    rows = np.asarray(made.findings.columns["row"])
    costs = probabilities[rows].astype(np.float64) @ distances**2
    suggested = np.array([int(n) for n in made.findings.columns["tree_suggested_label"].tolist()])
    assert np.allclose(costs[np.arange(len(rows)), suggested], costs.min(axis=1))
    other = [int(name) for name in made.findings.columns["suggested_label"].tolist()]
    expected = distances[labels[rows], other]
    assert np.array_equal(made.findings.columns["tree_distance"], expected)
    without = labelaudit.audit(labels, probabilities, class_names=names)
    assert "tree_suggested_label" not in without.findings.further
    assert [f.row for f in without.findings] == [f.row for f in made.findings]


def test_a_tree_of_many_classes_costs_what_its_rows_cost():
    n_classes = 20_000
    parents = [n_classes + code // 100 for code in range(n_classes)]
    tree = Hierarchy(groups=("g",) * 200, parents=(*parents, *([-1] * 200)))
    rows = np.zeros((3, n_classes), dtype=np.float32)
    rows[:, [5, 6, 7, 19_000]] = 0.2, 0.2, 0.2, 0.4
    costs = TreeCosts(tree)
    assert costs.least(rows).tolist() == [5, 5, 5]
