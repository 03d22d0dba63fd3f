"""Which examples show a class: against values worked out by hand and the slow way."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from labelaudit.detect.exemplars import MOST_COMPARED, choose, farthest, medoid
from labelaudit.engine.neighbours import normalised


def chosen(points, sure=None, quality=None, suspects=(), first_row=100, seed=0):
    n = len(points)
    rows = np.arange(first_row, first_row + n)
    sure = np.linspace(1, 0.5, n) if sure is None else np.asarray(sure, dtype=float)
    quality = sure if quality is None else np.asarray(quality, dtype=float)
    suspected = np.isin(np.arange(n), suspects)
    points = np.asarray(points, dtype=float)

    def read(some):
        assert (np.diff(some) > 0).all()
        return points[some - first_row]

    return choose(rows, sure, quality, suspected, read, seed)


def test_a_line_of_points():
    points = np.array([[x] for x in (0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20)])
    found = chosen(points, sure=[0.9] * 11, quality=[0.5] * 9 + [0.1, 0.2])
    assert found.centre == 105
    # The surer half, ties by row, is 0 to 5; from 5 the farthest is 0, then 2 (tied with 3).
    assert found.typical == (100, 102, 101, 103, 104)
    assert found.doubtful == (109, 110, 106, 107, 108)


def test_suspects_show_doubt_and_nothing_else():
    points = [[0.0], [0.1], [0.2], [9.0], [9.1], [9.2], [9.3]]
    found = chosen(points, sure=[0.5] * 3 + [0.9] * 4, suspects=(3, 4, 5, 6))
    assert found.centre == 101
    assert set(found.typical) <= {100, 102}
    assert {103, 104, 105, 106} <= set(found.doubtful)
    everyone = chosen(points, suspects=range(7))
    assert everyone.centre is not None


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("seed", range(5))
def test_the_medoid_is_that_of_all_pairs(metric, seed):
    points = np.random.default_rng(seed).normal(size=(300, 6)) + 1
    placed = normalised(points, metric, float(np.abs(points).max()))
    assert medoid(placed, metric) == cdist(points, points, metric).sum(axis=1).argmin()


@pytest.mark.parametrize("seed", range(5))
def test_each_next_one_is_farthest_from_all_before(seed):
    points = np.random.default_rng(seed).normal(size=(80, 3))
    start = np.zeros(3)
    found = farthest(points, start, 6)
    before = [start]
    for at in found:
        nearest = cdist(points, before).min(axis=1)
        assert nearest[at] == pytest.approx(nearest.max())
        before.append(points[at])


@pytest.mark.parametrize("n", range(8))
def test_a_small_class_shows_each_of_its_rows_once(n):
    points = np.random.default_rng(0).normal(size=(n, 5))
    for found in (
        chosen(points),
        choose(np.arange(n), np.ones(n), np.ones(n), np.zeros(n, dtype=bool)),
    ):
        assert len(set(found.rows)) == len(found.rows)
        assert (found.centre is None) == (n == 0)
        assert len(found.rows) == min(n, 11)


@pytest.mark.parametrize("width", [1, 2, 3, 4, 50])
@pytest.mark.parametrize("value", [0.0, 1.0, 1e300, 1e-300])
def test_where_all_lie_in_one_place_the_surest_stand_for_them(width, value):
    found = chosen(np.full((40, width), value))
    assert found.centre == 100
    assert found.typical == (101, 102, 103, 104, 105)
    assert len(found.doubtful) == 5


def test_without_embeddings_the_surest_and_a_spread_by_rank():
    n = 41
    sure = np.linspace(0.2, 1, n)
    found = choose(np.arange(n), sure, sure, np.zeros(n, dtype=bool))
    assert found.centre == 40
    assert found.typical == (39, 34, 29, 25, 20)
    assert found.doubtful == (0, 1, 2, 3, 4)


def test_of_a_large_class_a_fair_sample_is_compared():
    points = np.random.default_rng(3).normal(size=(20_000, 8)) + 0.5
    asked = []

    def read(rows):
        asked.append(len(rows))
        return points[rows]

    rows, sure = np.arange(20_000), np.random.default_rng(4).random(20_000)
    none = np.zeros(20_000, dtype=bool)
    found = choose(rows, sure, sure, none, read)
    assert asked == [n for n in asked if n <= 2 * MOST_COMPARED]
    assert found == choose(rows, sure, sure, none, read)
    far = cdist(points[[found.centre]], points, "cosine").mean()
    best = 1 - (points / np.linalg.norm(points, axis=1)[:, None]).mean(axis=0)
    everyone = cdist(points[::10], points, "cosine").mean(axis=1)
    assert far <= np.quantile(everyone, 0.001) + 0.01
    assert best.shape == (8,)
    assert all(sure[row] >= np.median(sure) for row in found.typical)
