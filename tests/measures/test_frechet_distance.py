"""Fréchet distance between slices: check values, scipy, chance taken off, refusals."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.auditing import run
from labelaudit.core.coded import Coded
from labelaudit.core.results import Measurement, Skipped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.measures.frechet_distance import _compared, frechet, gaussian_distance, projected


def measured(points, slices, **more):
    labels = np.arange(len(points)) % 3
    made = dataset_from_memory(labels, None, embeddings=points)
    column = Coded.of([str(value) if value != "" else None for value in slices])
    made = dataclasses.replace(made, slices={"split": column} | more)
    audit = run(begin(made), Options(measures=("frechet_distance",)))
    to_json(audit)
    (found,) = audit.measurements
    return found


SQUARE = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)


def test_check_values():
    assert frechet(SQUARE, SQUARE + np.array([2, 0])) == pytest.approx(4)
    assert frechet(SQUARE, 2 * SQUARE) == pytest.approx(1.16667, abs=1e-5)
    assert frechet(SQUARE, SQUARE) == pytest.approx(0, abs=1e-12)


@given(seed=st.integers(0, 2**31), d=st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_it_is_that_of_a_matrix_square_root(seed, d):
    from scipy.linalg import sqrtm

    generator = np.random.default_rng(seed)
    one, other = (generator.normal(size=(30, d)) @ generator.normal(size=(d, d)) for _ in range(2))
    s1, s2 = (np.atleast_2d(np.cov(part, rowvar=False)) for part in (one, other))
    apart = np.square(one.mean(axis=0) - other.mean(axis=0)).sum()
    expected = apart + np.trace(s1 + s2 - 2 * np.real(sqrtm(s1 @ s2)))
    assert frechet(one, other) == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-6, abs=1e-9)


def test_of_normal_clouds_on_one_axis_by_hand():
    one, other = (np.zeros(1), np.array([[4.0]])), (np.array([3.0]), np.array([[1.0]]))
    assert gaussian_distance(one, other) == pytest.approx(9 + (2 - 1) ** 2)


def test_chance_is_taken_off():
    """Between halves of one cloud the plain distance is well above 0, what is told is not."""
    low = covered = 0
    for seed in range(20):
        points = np.random.default_rng(seed).normal(size=(1000, 8))
        found = measured(points, np.arange(1000) % 2)
        (pair,) = found.details["pairs"]
        assert pair["plain"] > 0.03
        assert abs(found.value) < 0.05
        covered += found.interval[0] <= 0 <= found.interval[1]
        low += bool(found.alerts)
    assert covered >= 17
    assert not low


def test_a_shift_is_found_with_its_size():
    points = np.random.default_rng(1).normal(size=(3000, 8))
    slices = np.arange(3000) % 2
    points[slices == 1, 0] += 2
    found = measured(points, slices)
    assert found.value == pytest.approx(4, abs=0.4)
    assert found.interval[0] < 4 < found.interval[1]
    assert found.details["relative"] == pytest.approx(4 / 9, abs=0.05)
    assert found.details["pairs"][0]["rows_compared"] == 750
    (alert,) = found.alerts
    assert alert.id == "frechet_distance.far"
    assert alert.value > alert.threshold
    assert found == measured(points, slices)


def test_the_interval_holds_the_distance_of_what_was_drawn_from():
    covered = 0
    for seed in range(40):
        generator = np.random.default_rng(seed)
        one, other = generator.normal(size=(2, 600, 4))
        other[:, 0] += 2
        told = _compared(one, other, 300, 1.0, generator)
        covered += told["low"] <= 4 <= told["high"]
    assert covered >= 34


def test_few_rows_are_refused_with_the_reason():
    found = measured(np.random.default_rng(0).normal(size=(100, 8)), np.arange(100) % 2)
    assert isinstance(found, Skipped)
    assert "fewer than 160 sampled rows" in found.reason
    found = measured(np.random.default_rng(0).normal(size=(100, 8)), ["a"] * 100)
    assert isinstance(found, Skipped)
    assert "two slices" in found.reason
    found = measured(np.random.default_rng(0).normal(size=(100, 8)), [""] * 100)
    assert isinstance(found, Skipped)


def test_a_pair_that_is_too_small_is_refused_beside_one_that_is_not():
    slices = np.array(["a"] * 500 + ["b"] * 500 + ["c"])
    found = measured(np.random.default_rng(0).normal(size=(1001, 4)), slices)
    assert isinstance(found, Measurement)
    refused = [pair for pair in found.details["pairs"] if "refused" in pair]
    assert {pair["other"] for pair in refused} == {"c"}
    assert found.details["pairs_refused"] == 2
    assert (found.details["slice"], found.details["other"]) == ("a", "b")


def test_wide_embeddings_are_projected_and_it_is_said():
    generator = np.random.default_rng(0)
    points = (generator.normal(size=(3000, 8)) * 10) @ generator.normal(size=(8, 200))
    slices = np.arange(3000) % 2
    found = measured(points.astype(np.float32), slices)
    assert found.details["dimensions"] == 64
    assert found.details["dimensions_of_embeddings"] == 200
    assert found.details["variance_kept"] == pytest.approx(1, abs=1e-6)
    few = measured(points[:700].astype(np.float32), slices[:700])
    assert few.details["dimensions"] == 16


def test_projection_keeps_distances_of_what_it_keeps():
    points = np.random.default_rng(0).normal(size=(500, 3)) @ np.eye(3, 100)
    low, kept, scale = projected(points, 8)
    assert kept == pytest.approx(1)
    assert frechet(low[:250], low[250:]) * scale**2 == pytest.approx(
        frechet(points[:250], points[250:])
    )


@pytest.mark.parametrize("factor", [1e-18, 1e18])
def test_the_scale_of_the_embedding_is_no_matter(factor):
    points = np.random.default_rng(0).normal(size=(600, 4))
    slices = np.arange(600) % 2
    points[slices == 1] += 1
    plain, scaled = (measured(points * by, slices) for by in (1, factor))
    assert scaled.value == pytest.approx(plain.value * factor**2)
    assert scaled.interval == pytest.approx([end * factor**2 for end in plain.interval])
    assert scaled.details["relative"] == pytest.approx(plain.details["relative"])


def test_constant_columns_and_equal_rows():
    found = measured(np.ones((200, 3)), np.arange(200) % 2)
    assert found.value == pytest.approx(0, abs=1e-9)
    assert found.details["relative"] == pytest.approx(0, abs=1e-9)
    one = measured(np.arange(200.0)[:, None], np.arange(200) % 2)
    assert one.details["dimensions"] == 1


def test_hundreds_of_slices_are_cut_and_said():
    found = measured(np.random.default_rng(0).normal(size=(9000, 1)), np.arange(9000) % 300)
    assert len(found.details["pairs"]) == 10
    assert found.details["slices_left_out"] == 295
