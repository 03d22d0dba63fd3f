"""faiss finds the candidates of the neighbour graph; the graph is the same without it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from labelaudit.engine import graph as graphs
from labelaudit.engine import neighbours
from labelaudit.engine.graph import n_compared
from labelaudit.engine.neighbours import Neighbours, References, nearest

DIGITS = Path(__file__).parents[2] / "sample_data" / "digits" / "embeddings.npy"


def without(points: np.ndarray, k: int, metric: str | None = None) -> Neighbours:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "faiss", lambda: None)
        return nearest(points, k, metric)


def assert_same(points: np.ndarray, k: int, metric: str | None = None) -> None:
    found, plain = nearest(points, k, metric), without(points, k, metric)
    assert np.array_equal(found.rows, plain.rows)
    assert found.distances.tobytes() == plain.distances.tobytes()


def searched_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that fills with the rows that are looked for without faiss, after it."""
    counts: list[int] = []
    plain = References._nearest_in_tile

    def counted(self, asked, own, k):
        counts.append(len(asked))
        return plain(self, asked, own, k)

    monkeypatch.setattr(References, "_nearest_in_tile", counted)
    return counts


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    n_rows=some.integers(1, 400),
    width=some.integers(1, 40),
    k=some.integers(1, 12),
    seed=some.integers(0, 2**32 - 1),
    steps=some.sampled_from([0, 1, 3, 10]),
    power=some.sampled_from([0, 0, -40, 40, -300, 300]),
    metric=some.sampled_from([None, "cosine", "euclidean"]),
)
def test_the_same_to_the_last_bit(with_faiss, n_rows, width, k, seed, steps, power, metric):
    points = np.random.default_rng(seed).normal(size=(n_rows, width))
    if steps:  # ties, and equal rows
        points = np.rint(points * steps)
    assert_same(points * 10.0**power, k, metric)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_of_digits(with_faiss, dtype, monkeypatch):
    again = searched_again(monkeypatch)
    points = np.load(DIGITS).astype(dtype)
    found = nearest(points, 10)
    assert sum(again) < len(points) / 20  # so faiss has found the others
    plain = without(points, 10)
    assert np.array_equal(found.rows, plain.rows)
    assert found.distances.tobytes() == plain.distances.tobytes()


def test_of_more_equal_rows_than_candidates_the_lowest_are_taken(with_faiss, monkeypatch):
    points = np.random.default_rng(1).normal(size=(900, 12))
    points[100:600] = points[7]
    again = searched_again(monkeypatch)
    found = nearest(points, 10)
    assert 500 < sum(again) < 900  # the equal ones, and who has them at the end of the list
    assert found.rows[7].tolist() == list(range(100, 110))
    assert found.rows[599].tolist() == [7, *range(100, 109)]
    assert_same(points, 10)


@pytest.mark.parametrize("spread", [1e-2, 1e-3, 1e-5])
def test_small_clusters_far_apart_are_the_same(with_faiss, spread):
    generator = np.random.default_rng(2)
    centres = generator.normal(size=(10, 64))
    points = centres[generator.integers(0, 10, 1_500)] + spread * generator.normal(size=(1_500, 64))
    assert_same(points, 10)


@pytest.mark.parametrize("how", ["zeros", "one far away", "one way"])
def test_odd_points_are_the_same(with_faiss, how):
    points = np.random.default_rng(3).normal(size=(400, 8))
    if how == "zeros":
        points[:] = 0
    elif how == "one far away":
        points[3] = 1e300
    else:
        points = 1 + 1e-6 * points
    for metric in ("cosine", "euclidean"):
        assert_same(points, 5, metric)


@pytest.mark.parametrize("by_faiss", [True, False])
def test_strangers_and_rows_themselves_may_ask_together(with_faiss, by_faiss, monkeypatch):
    if not by_faiss:
        monkeypatch.setattr(neighbours, "faiss", lambda: None)
    points = np.random.default_rng(4).normal(size=(300, 6))
    references = References.of(points[:200])
    own = np.where(np.arange(300) < 200, np.arange(300), -1)
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    apart = 1 - units @ units[:200].T
    apart[np.arange(200), np.arange(200)] = np.inf
    found, distances = references.nearest(points, own, 7)
    order = np.argsort(apart, axis=1, kind="stable")[:, :7]
    assert np.array_equal(found, order)
    assert distances == pytest.approx(np.take_along_axis(apart, order, axis=1), abs=1e-6)


def test_all_rows_are_compared_to_twice_as_many(with_faiss, monkeypatch):
    assert [n_compared(n) for n in (9, 50_000, 50_001, 100_000, 10**9)] == [
        *(9, 50_000, 50_001),
        *(100_000, 100_000),
    ]
    monkeypatch.setattr(graphs, "faiss", lambda: None)
    assert [n_compared(n) for n in (9, 50_000, 50_001, 10**9)] == [9, 50_000, 50_000, 50_000]


def test_a_few_rows_do_not_load_faiss(monkeypatch):
    def never() -> None:
        raise AssertionError

    monkeypatch.setattr(neighbours, "faiss", never)
    monkeypatch.setattr(graphs, "faiss", never)
    assert n_compared(50_000) == 50_000
    nearest(np.random.default_rng(0).normal(size=(2_000, 4)), 3)


def test_a_folder_of_that_name_is_not_faiss(tmp_path, monkeypatch):
    import sys

    (tmp_path / "faiss").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.delitem(sys.modules, "faiss", raising=False)
    assert neighbours.faiss.__wrapped__() is None
