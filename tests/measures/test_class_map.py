"""The map of the classes: its axes against scikit-learn's, its places, its edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.results import Measurement, Skipped
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.measures import class_map
from labelaudit.measures.class_map import (
    ClassMap,
    discriminant_axes,
    middles,
    on_the_map,
    principal_axes,
    varied_columns,
    with_fixed_signs,
)
from labelaudit.measures.linear_accuracy import unit_columns
from tests.made import dataset, noisy

NAMES = ["class_map"]


def grouped(n_rows=300, n_classes=4, width=6, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, n_classes, n_rows).astype(np.int32)
    centres = 2 * generator.normal(size=(n_classes, width))
    return centres[labels] + generator.normal(size=(n_rows, width)), labels


def mapped(labels, probabilities=None, **more):
    (found,) = labelaudit.audit(labels, probabilities, measures=NAMES, **more).measurements
    return found


def alike(found, expected):
    """Say whether columns are the same but for their sign, their size and where they begin."""
    return [abs(np.corrcoef(a, b)[0, 1]) for a, b in zip(found.T, expected.T, strict=True)]


@pytest.mark.parametrize("width", [2, 6, 40])
def test_discriminant_axes_are_those_of_scikit_learn(width):
    points, labels = grouped(width=width, n_classes=5)
    found, explained = discriminant_axes(points, labels)
    share = width / (width + len(points))
    theirs = LinearDiscriminantAnalysis(solver="eigen", shrinkage=share)
    expected = theirs.fit(unit_columns(points), labels).transform(unit_columns(points))
    # They shrink each class towards its own sphere; without a shrinkage it is the same.
    assert min(alike(found, expected[:, :2])) > 0.97
    assert 0 < explained <= 1


def test_discriminant_axes_of_many_rows_are_those_of_scikit_learn():
    """Where rows are many nothing is shrunk, and both explain the same share."""
    points, labels = grouped(n_rows=60_000, n_classes=6, width=4)
    found, explained = discriminant_axes(points, labels)
    theirs = LinearDiscriminantAnalysis(solver="eigen").fit(points, labels)
    assert min(alike(found, theirs.transform(points)[:, :2])) > 1 - 1e-6
    assert explained == pytest.approx(theirs.explained_variance_ratio_[:2].sum(), abs=1e-3)


@pytest.mark.parametrize(("n_rows", "width"), [(300, 6), (20, 50)])
def test_principal_axes_are_those_of_scikit_learn(n_rows, width):
    points, _ = grouped(n_rows=n_rows, width=width)
    found, explained = principal_axes(points)
    theirs = PCA(2, svd_solver="full")
    assert min(alike(found, theirs.fit_transform(points))) > 1 - 1e-9
    assert explained == pytest.approx(theirs.explained_variance_ratio_.sum())


@given(st.integers(0, 1000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_the_map_keeps_its_sign_and_knows_no_scale(seed, turned):
    points, labels = grouped(n_rows=80, seed=seed)
    factor = -8.0 if turned else 8.0
    plain, _ = principal_axes(points)
    scaled, _ = principal_axes(points * factor)
    assert np.allclose(scaled, plain * factor)
    loadings = with_fixed_signs(np.linalg.lstsq(points, plain, rcond=None)[0])
    assert np.array_equal(loadings, with_fixed_signs(-loadings))
    discriminant, _ = discriminant_axes(points, labels)
    # Columns are brought to one variance, so not even their units matter.
    again, _ = discriminant_axes(points * np.arange(1, 7), labels)
    assert np.allclose(discriminant, again)


def test_places_are_whole_numbers_and_a_stray_presses_nobody():
    values = np.append(np.linspace(0, 1, 999), 1e6)
    found = on_the_map(values)
    assert found[-1] == found.max() == 1000
    assert found[0] == 0
    assert 480 <= found[500] <= 520
    assert on_the_map(np.array([2.0, 4.0, 3.0])).tolist() == [0, 1000, 500]
    assert on_the_map(np.full(4, 7.0)).tolist() == [500] * 4


def test_the_place_of_a_class_is_a_median():
    places = np.array([9, 1, 5, 2, 8])
    labels = np.array([0, 0, 0, 2, 2], dtype=np.int32)
    assert middles(places, labels, 4) == (5, None, 2, None)


def test_what_it_hands_on():
    points, labels = grouped()
    labels[:10] = (labels[:10] + 1) % 4
    _, probabilities = noisy(len(labels), 4)
    found = mapped(labels, probabilities, embeddings=points)
    details = found.details
    assert details["space"] == "embeddings"
    assert details["method"] == "Two linear discriminant axes of the embeddings"
    assert details["explained"] == found.value
    assert details["codes"] == labels.tolist()
    for axis in "xy":
        assert {type(one) for one in details[axis]} == {int}
        assert min(details[axis]) == 0
        assert max(details[axis]) == 1000
        assert len(details[axis]) == 300
        assert all(0 <= place <= 1000 for place in found.per_class[axis])
    assert found.sample == {"size": 300, "of": 300, "seed": 0}
    assert found.alerts == ()


@pytest.mark.parametrize("n_rows", [400, 5000])
def test_suspects_are_marked_where_they_lie(n_rows):
    labels, probabilities = noisy(n_rows, 5)
    made = labelaudit.audit(labels, probabilities, measures=NAMES)
    (found,) = made.measurements
    details = found.details
    assert details["space"] == "model outputs"
    assert details["method"] == "Two linear discriminant axes of the log-probabilities"
    assert len(details["flagged"]) == min(n_rows, 2200)
    assert sum(details["flagged"]) == details["n_suspects_shown"] > 10
    rows = class_map.ClassMap.largest_sample if n_rows > 2200 else n_rows
    assert found.sample == {"size": rows, "of": n_rows, "seed": 0}
    if n_rows == rows:
        suspects = set(made.findings.columns["row"].tolist())
        assert [row in suspects for row in range(n_rows)] == [bool(k) for k in details["flagged"]]


def test_suspects_are_found_where_rows_without_a_label_were_left_out():
    labels, probabilities = noisy(300, 4)
    named = [str(label) for label in labels]
    for row in (0, 7, 100):
        named[row] = None
    made = labelaudit.audit(named, probabilities, measures=NAMES, class_names=list("0123"))
    (found,) = made.measurements
    kept = [row for row in range(300) if named[row] is not None]
    suspects = set(made.findings.columns["row"].tolist())
    assert [row in suspects for row in kept] == [bool(one) for one in found.details["flagged"]]


def test_without_a_detection_nothing_is_flagged():
    points, labels = grouped()
    found = mapped(labels, embeddings=points)
    assert isinstance(found, Measurement)
    assert set(found.details["flagged"]) == {0}
    assert "n_suspects_shown" not in found.details


@pytest.mark.parametrize("n_classes", [1, 2])
def test_with_two_classes_the_axes_are_principal(n_classes):
    points, labels = grouped(n_classes=n_classes)
    found = mapped(labels, embeddings=points, class_names=None)
    assert found.details["method"] == "Two principal axes of the embeddings"
    assert found.source == "Pearson 1901"


def test_two_classes_of_the_model_lie_on_one_line_or_nearly():
    labels, probabilities = noisy(200, 2)
    found = mapped(labels, probabilities)
    assert found.details["method"] == "Two principal axes of the log-probabilities"
    assert found.value == pytest.approx(1)


@pytest.mark.parametrize("n_rows", [2, 3, 5])
def test_few_rows(n_rows):
    points, _ = grouped(n_rows=n_rows, n_classes=3)
    found = mapped(np.arange(n_rows) % 3, embeddings=points)
    assert isinstance(found, Measurement)
    assert 0 <= found.value <= 1
    assert len(found.details["x"]) == n_rows


def test_one_dimension_has_one_axis():
    points, labels = grouped(width=1)
    found = mapped(labels, embeddings=points)
    assert set(found.details["y"]) == {500}
    assert found.value == pytest.approx(1)


def test_classes_that_do_not_differ_are_seen_along_principal_axes():
    points = np.array([[1.0, 2.0], [3.0, 5.0]] * 3)
    found = mapped([0, 0, 1, 1, 2, 2], embeddings=points)
    assert found.details["method"] == "Two principal axes of the embeddings"


def test_it_is_skipped_with_a_reason():
    found = mapped([0, 1, 2, 0])
    assert isinstance(found, Skipped)
    assert found.reason == "no embeddings and no predictions"
    found = mapped([0, 1, 2, 0], embeddings=np.ones((4, 3)))
    assert found.reason == "the embeddings of all rows are equal"
    found = mapped([0], embeddings=np.ones((1, 3)))
    assert found.reason == "one row has no other"


def test_of_many_columns_those_that_vary_most_are_used(monkeypatch):
    monkeypatch.setattr(class_map, "MOST_COLUMNS", 3)
    points = np.random.default_rng(0).normal(size=(50, 6)) * [1, 9, 1, 8, 7, 1]
    assert varied_columns(points) == pytest.approx(points[:, [1, 3, 4]] / np.abs(points).max())
    found = mapped(np.arange(50) % 4, embeddings=points)
    assert found.details["n_columns"] == 6
    assert found.details["n_columns_used"] == 3


def test_huge_numbers_do_not_overflow():
    points, labels = grouped()
    found = mapped(labels, embeddings=points * 1e300)
    assert found.details["x"] == mapped(labels, embeddings=points).details["x"]


def test_it_is_the_same_for_any_cut():
    labels, probabilities = noisy(3000, 4, dtype=np.float32)
    made = dataset(labels, probabilities)
    options = Options(measures=tuple(NAMES))
    (whole,) = run(begin(made), options).measurements
    for batch_rows, shard_rows in ((7, 999), (None, 64), (500, 3000)):
        job = begin(made, batch_rows=batch_rows, shard_rows=shard_rows)
        assert run(job, options).measurements == (whole,)


def test_another_seed_is_another_sample():
    labels, probabilities = noisy(3000, 4)
    first, second = (mapped(labels, probabilities, seed=seed) for seed in (0, 1))
    assert first.details["codes"] != second.details["codes"]
    assert first.value == pytest.approx(second.value, abs=0.05)


def test_what_it_is_called():
    assert ClassMap.uses == ("embeddings", "probabilities")
    assert ClassMap.title == "Map of the classes"
