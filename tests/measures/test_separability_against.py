"""Measures of separability beside those of scikit-learn and scipy, and plain definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.core.intervals import wilson
from labelaudit.engine.neighbours import nearest
from labelaudit.measures.calinski_harabasz import Spread
from labelaudit.measures.davies_bouldin import overlaps
from labelaudit.measures.directional_fisher import Moments
from labelaudit.measures.fisher_ratio import best_ratios
from labelaudit.measures.knn_accuracy import vote
from labelaudit.measures.linear_accuracy import cross_predicted, unit_columns
from labelaudit.measures.n1_borderline import spanning_tree
from labelaudit.measures.n2_nearness import nearest_by_class, without_groups
from labelaudit.measures.separability import (
    GROUPS,
    distances_among,
    pair_accuracies,
    placed,
)
from labelaudit.measures.silhouette import silhouettes


@st.composite
def made(draw):
    """Labels of two to five classes, one of them often of a single row, and points."""
    generator = np.random.default_rng(draw(st.integers(0, 2**31)))
    n_rows, n_classes = draw(st.integers(12, 130)), draw(st.integers(2, 5))
    labels = generator.integers(0, n_classes, n_rows).astype(np.int32)
    labels[:n_classes] = range(n_classes)
    if draw(st.booleans()):
        labels[n_classes:][labels[n_classes:] == 0] = 1
    points = generator.normal(size=(n_rows, draw(st.integers(1, 7)))) + labels[:, None] % 3
    return labels, points, generator.integers(0, GROUPS, n_rows)


@given(made())
@settings(max_examples=40, deadline=None)
def test_the_three_of_clusters_equal_scikit_learn(case):
    from sklearn import metrics

    labels, points, groups = case
    points = placed(points)
    widths, _, left = silhouettes(points, labels, groups)
    assert widths == pytest.approx(metrics.silhouette_samples(points, labels), abs=1e-9)
    kept = groups != 3
    if 2 <= len(set(labels[kept])) < kept.sum():
        assert left[3] == pytest.approx(metrics.silhouette_score(points[kept], labels[kept]))
    worst = overlaps(points, labels)[1].max(axis=1).mean()
    assert worst == pytest.approx(metrics.davies_bouldin_score(points, labels))
    centred = points - points.mean(axis=0)
    spread = Spread.of(centred, labels, 5)
    assert spread.index() == pytest.approx(metrics.calinski_harabasz_score(points, labels))
    # Without a group it is that of the rest, raised to as many rows.
    if len(set(labels[kept])) >= 2:
        part = Spread.of(centred[~kept], labels[~kept], 5)
        rest = metrics.calinski_harabasz_score(points[kept], labels[kept])
        assert spread.without(part) == pytest.approx(rest * len(points) / kept.sum())


@given(made())
@settings(max_examples=25, deadline=None)
def test_the_tree_is_as_short_as_that_of_scipy(case):
    from scipy.sparse.csgraph import minimum_spanning_tree

    distances = distances_among(placed(case[1]) * [1.0] + np.arange(len(case[1]))[:, None] * 1e-5)
    edges = spanning_tree(distances)
    length = distances[edges[:, 0], edges[:, 1]].sum()
    assert length == pytest.approx(minimum_spanning_tree(distances).sum())
    assert len(edges) == len(distances) - 1


@given(made())
@settings(max_examples=25, deadline=None)
def test_nearness_equals_its_definition(case):
    labels, points, groups = case
    distances = distances_among(points)

    def plain(kept):
        own = other = 0.0
        for row in np.flatnonzero(kept):
            same = kept & (labels == labels[row])
            same[row] = False
            if same.any() and (kept & (labels != labels[row])).any():
                own += distances[row, same].min()
                other += distances[row, kept & (labels != labels[row])].min()
        return own / (own + other) if own + other else np.nan

    everything = np.ones(len(labels), dtype=bool)
    classes, found = nearest_by_class(distances, labels)
    own = found[np.arange(len(labels)), np.searchsorted(classes, labels)]
    several = np.isfinite(own)
    found[np.arange(len(labels)), np.searchsorted(classes, labels)] = np.inf
    other = found.min(axis=1)[several].sum()
    assert own[several].sum() / (own[several].sum() + other) == pytest.approx(plain(everything))
    if len(labels) >= GROUPS:
        left = without_groups(distances, labels, groups)
        for group in (0, 7):
            assert left[group] == pytest.approx(plain(groups != group), nan_ok=True)


@given(made())
@settings(max_examples=25, deadline=None)
def test_fisher_ratios_equal_their_definition(case):
    labels, points, groups = case

    def plain(own, codes):
        between = within = 0.0
        for code in set(codes):
            part = own[codes == code]
            between = between + len(part) * (part.mean(axis=0) - own.mean(axis=0)) ** 2
            within = within + ((part - part.mean(axis=0)) ** 2).sum(axis=0)
        return (between / within).max()

    found = best_ratios(points, labels, 5, groups)
    assert found.of_all == pytest.approx(plain(points, labels), rel=1e-6)
    kept = groups != 2
    assert found.without[2] == pytest.approx(plain(points[kept], labels[kept]), rel=1e-6)
    assert found.of_class[1] == pytest.approx(plain(points, labels == 1), rel=1e-6)
    for pair, ratio in zip(found.pairs, found.of_pair, strict=True):
        both = np.isin(labels, pair)
        if both.sum() > 2:
            assert ratio == pytest.approx(plain(points[both], labels[both]), rel=1e-6)


def test_the_direction_of_two_classes_is_that_of_linear_discriminant_analysis():
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    generator = np.random.default_rng(0)
    labels = np.array([0] * 40 + [1] * 90, dtype=np.int32)
    points = generator.normal(size=(130, 4)) @ generator.normal(size=(4, 4)) + labels[:, None]
    found = Moments(points, labels, 2).ratios(np.array([[0, 1]]))[0]
    fitted = LinearDiscriminantAnalysis(solver="eigen").fit(points, labels)
    along = points @ fitted.scalings_[:, 0]
    within = np.mean((along - np.array([along[labels == k].mean() for k in (0, 1)])[labels]) ** 2)
    apart = (along[labels == 0].mean() - along[labels == 1].mean()) ** 2
    assert found == pytest.approx(apart / within)


@pytest.mark.parametrize("width", [3, 20, 300])
def test_linear_predictions_equal_those_of_scikit_learn(width):
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    generator = np.random.default_rng(width)
    labels = generator.integers(0, 4, 250).astype(np.int32)
    points = unit_columns(generator.normal(size=(250, width)) + 0.4 * labels[:, None])
    folds = np.arange(250) % 5
    ours = cross_predicted(points, labels, folds, 5)
    for fold in range(5):
        train, own = folds != fold, folds == fold
        share = width / (width + train.sum())
        fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=share)
        theirs = fitted.fit(points[train], labels[train]).predict(points[own])
        assert (ours[own] == theirs).mean() > 0.99


def test_votes_equal_those_of_scikit_learn():
    from sklearn.neighbors import KNeighborsClassifier

    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400).astype(np.int32)  # five votes of two classes: no ties
    points = generator.normal(size=(400, 6)) + labels[:, None]
    folds = generator.integers(0, 5, 400)
    rows = nearest(points, 10).rows
    may = folds[rows] != folds[:, None]
    ours = vote(labels[rows], may, 5)
    enough = may.sum(axis=1) >= 5
    assert enough.mean() > 0.97
    for fold in range(5):
        fitted = KNeighborsClassifier(5, metric="cosine")
        fitted.fit(points[folds != fold], labels[folds != fold])
        own = (folds == fold) & enough
        assert (ours[own] == fitted.predict(points[own])).all()


def test_a_tie_goes_to_the_nearest_and_no_vote_is_no_class():
    labels = np.array([[3, 1, 1, 3, 2], [0, 0, 1, 1, 1], [2, 2, 2, 2, 2]], dtype=np.int32)
    may = np.array([[1, 1, 1, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
    assert vote(labels, may, 5).tolist() == [3, 1, -1]
    assert vote(labels, may, 1).tolist() == [3, 1, -1]
    assert vote(labels, may, 3).tolist() == [1, 1, -1]


def test_the_accuracy_of_a_pair_is_that_of_its_rows_placed_in_either():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 5, 600).astype(np.int32)
    predicted = np.where(generator.random(600) < 0.7, labels, generator.integers(-1, 5, 600))
    found = pair_accuracies("abcde", labels, predicted.astype(np.int32))
    assert len(found) == 10
    for pair in found:
        within = np.isin(labels, pair["codes"]) & np.isin(predicted, pair["codes"])
        right = (labels == predicted)[within]
        assert pair["rows"] == len(right)
        assert pair["accuracy"] == right.mean()
        assert (pair["low"], pair["high"]) == wilson(int(right.sum()), len(right))
        assert pair["classes"] == ["abcde"[code] for code in pair["codes"]]
    assert [pair["high"] for pair in found] == sorted(pair["high"] for pair in found)


def test_pairs_that_no_row_crosses_are_listed_where_classes_are_few():
    labels = np.repeat(np.arange(3), 4).astype(np.int32)
    assert [pair["accuracy"] for pair in pair_accuracies("abc", labels, labels)] == [1, 1, 1]
    none = pair_accuracies("abcd", labels, np.full(12, -1, dtype=np.int32))
    assert none == []  # nothing was predicted: no pair has an accuracy
    many = np.repeat(np.arange(40), 4).astype(np.int32)
    crossed = many.copy()
    crossed[0] = 7
    (pair,) = pair_accuracies([str(code) for code in range(40)], many, crossed)
    assert (pair["codes"], pair["rows"], pair["accuracy"]) == ([0, 7], 8, 7 / 8)
    mixed = np.random.default_rng(0).permutation(many)
    assert len(pair_accuracies([str(code) for code in range(40)], many, mixed)) <= 200
