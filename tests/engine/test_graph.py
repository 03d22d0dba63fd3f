"""The neighbour graph: exact, the same however it is cut, whole when it is read again."""

import json
import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

import labelaudit
from labelaudit.core.dataset import Dataset
from labelaudit.core.errors import InputError
from labelaudit.core.matrix import Matrix
from labelaudit.engine import graph as graphs
from labelaudit.engine import neighbours
from labelaudit.engine.graph import GRAPH_FILE, Graph, graph_of, load
from labelaudit.engine.job import begin
from labelaudit.engine.neighbours import References, disagreement, nearest
from labelaudit.engine.sample import fair_sample
from tests.made import noisy


def points_of(n_rows: int, width: int = 9, seed: int = 0, dtype: type = np.float64) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_rows, width)).astype(dtype)


def job_of(points: np.ndarray, **how: object):
    labels = (np.arange(len(points)) % 3).astype(np.int32)
    matrix = Matrix(values=points)
    dataset = Dataset(name="made", class_names=("a", "b", "c"), labels=labels, embeddings=matrix)
    return begin(dataset, **how)


def equal(one: Graph, other: Graph) -> bool:
    arrays = ("rows", "is_reference", "neighbours", "distances")
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        and getattr(one, name).dtype == getattr(other, name).dtype
        for name in arrays
    ) and all(getattr(one, name) == getattr(other, name) for name in graphs._FACTS)


@pytest.fixture
def few(monkeypatch):
    """Let a sample of 200 rows be the largest."""
    for name in ("LARGEST", "LARGEST_WITH_FAISS"):
        monkeypatch.setattr(graphs, name, 200)


@pytest.mark.parametrize(("width", "metric"), [(2, "euclidean"), (3, "euclidean"), (40, "cosine")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_against_all_equals_scikit_learn(width, metric, dtype):
    points = points_of(1_300, width, dtype=dtype)
    found = graph_of(job_of(points), 7, 0)
    assert found.metric == metric
    assert (found.n_references, found.n_total, found.n_left_out) == (1_300, 1_300, 0)
    assert found.rows.tolist() == list(range(1_300))
    reference = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute")
    distances, rows = reference.fit(points.astype(np.float64)).kneighbors()
    assert np.array_equal(found.neighbours, rows)
    assert np.allclose(found.distances, distances, rtol=1e-5, atol=1e-7)


def test_beyond_the_largest_sample_references_and_candidates_are_asked_for(few):
    points = points_of(900)
    candidates = np.arange(0, 900, 5)
    found = graph_of(job_of(points), 4, 3, candidates)
    references = fair_sample(900, 200, 3)
    assert np.array_equal(found.references, references)
    assert np.array_equal(found.rows, np.union1d(references, candidates))
    assert np.isin(found.neighbours, references).all()
    assert (found.neighbours != found.rows[:, None]).all()
    exact = NearestNeighbors(n_neighbors=5, metric="cosine").fit(points[references])
    at = references[exact.kneighbors(points[found.rows], return_distance=False)]
    for row, own, expected in zip(found.rows, found.neighbours, at, strict=True):
        assert own.tolist() == [other for other in expected.tolist() if other != row][:4]


def test_too_many_candidates_are_sampled_fairly_and_counted(few):
    found = graph_of(job_of(points_of(1_000)), 3, 0, np.arange(1_000))
    assert len(found.rows) == 400
    assert found.n_left_out == 600
    others = found.rows[~found.is_reference]
    assert 350 < others.mean() < 650  # not the first by row order
    again = graph_of(job_of(points_of(1_000)), 3, 0, np.arange(1_000))
    assert equal(found, again)


def test_the_same_bytes_for_any_tile_and_any_company(few, monkeypatch):
    points = points_of(900, 24, dtype=np.float32)
    points[100:140] = points[7]  # more equal rows than are looked at
    job = job_of(points)
    some = graph_of(job, 5, 1, np.arange(0, 900, 7))
    more = graph_of(job, 5, 1, np.arange(0, 900, 3))
    assert equal(some, graph_of(job, 5, 1, np.arange(0, 900, 7)))
    both = np.intersect1d(some.rows, more.rows)
    one, other = some.part(both, 5, 0), more.part(both, 5, 0)
    assert equal(one, other)
    for tile, reference_tile in ((64, 128), (128, 64), (512, 512)):
        monkeypatch.setattr(neighbours, "TILE", tile)
        monkeypatch.setattr(neighbours, "_REFERENCE_TILE", reference_tile)
        assert equal(some, graph_of(job, 5, 1, np.arange(0, 900, 7)))


def test_scale_changes_no_neighbour_and_a_turn_no_distance():
    points = points_of(400, 12)
    found = graph_of(job_of(points), 5, 0)
    for factor in (2.0**300, 2.0**-300, 8.0):
        assert equal(found, graph_of(job_of(points * factor), 5, 0))
    each_row = np.exp2(np.random.default_rng(1).integers(-40, 40, size=(400, 1)))
    assert equal(found, graph_of(job_of(points * each_row), 5, 0))  # cosine: not even by row
    turn = np.linalg.qr(points_of(12, 12, seed=5))[0]
    turned = graph_of(job_of(points @ turn), 5, 0)
    assert np.array_equal(found.neighbours, turned.neighbours)
    assert np.allclose(found.distances, turned.distances, atol=1e-6)


def test_another_order_of_rows_is_another_order_of_the_graph():
    points = points_of(500, 6)
    order = np.random.default_rng(2).permutation(500)
    found, moved = graph_of(job_of(points), 4, 0), graph_of(job_of(points[order]), 4, 0)
    assert np.array_equal(order[moved.neighbours], found.neighbours[order])
    assert np.array_equal(moved.distances, found.distances[order])


def test_equal_points_are_at_distance_nothing_lowest_rows_first():
    points = np.repeat(points_of(4, 30, dtype=np.float32), 30, axis=0)
    found = graph_of(job_of(points), 10, 0)
    assert (found.distances == 0).all()
    assert found.neighbours[0].tolist() == list(range(1, 11))
    assert found.neighbours[29].tolist() == list(range(10))
    assert found.neighbours[119].tolist() == list(range(90, 100))


def test_ties_go_to_the_lower_row():
    points = np.random.default_rng(0).integers(-2, 3, size=(200, 2)).astype(float)
    found = graph_of(job_of(points), 30, 0)
    apart = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    order = np.argsort(apart, axis=1, kind="stable")[:, :30]
    assert np.array_equal(found.neighbours, order)
    assert found.distances == pytest.approx(np.take_along_axis(apart, order, axis=1), rel=1e-6)


@pytest.mark.parametrize("spread", [1e-2, 1e-4])
def test_embeddings_that_all_point_one_way_are_told_apart(spread):
    points = 1 + spread * points_of(600, 64)
    found = graph_of(job_of(points), 10, 0)
    exact = NearestNeighbors(n_neighbors=10, algorithm="brute")
    units = points / np.linalg.norm(points, axis=1, keepdims=True)
    distances, rows = exact.fit((units - units.mean(axis=0)) / spread).kneighbors()
    assert (found.neighbours == rows).mean() > 0.999
    assert found.distances == pytest.approx((distances * spread) ** 2 / 2, rel=1e-4)


@pytest.mark.parametrize(
    ("width", "spread", "metric"), [(2, 1e-3, "euclidean"), (64, 3e-3, "cosine")]
)
def test_neighbours_within_clusters_that_are_small_and_far_apart(width, spread, metric):
    points = spread * points_of(600, width)
    points += np.where(np.arange(600) % 2, 1.0, -1.0)[:, None]
    found = graph_of(job_of(points), 10, 0)
    exact = NearestNeighbors(n_neighbors=10, metric=metric, algorithm="brute").fit(points)
    assert (found.neighbours == exact.kneighbors(return_distance=False)).mean() > 0.99


def test_far_outliers_and_tiny_rows_spoil_nobody():
    points = points_of(300, 2)
    alone = graph_of(job_of(points), 3, 0)
    with_outlier = graph_of(job_of(np.vstack([points, [[1e9, -1e9]]])), 3, 0)
    assert (with_outlier.neighbours[:300] == alone.neighbours).mean() > 0.99
    wide = points_of(300, 8)
    found = graph_of(job_of(wide), 3, 0)
    wide[5] *= 1e-250
    assert np.array_equal(graph_of(job_of(wide), 3, 0).neighbours, found.neighbours)


@pytest.mark.parametrize("n_rows", [1, 2, 3])
def test_few_rows_have_few_neighbours(n_rows):
    found = graph_of(job_of(points_of(n_rows)), 10, 0)
    assert found.neighbours.shape == (n_rows, n_rows - 1)
    assert found.neighbours.tolist() == [
        sorted(row.tolist(), key=list(row).index) for row in found.neighbours
    ]
    labels = np.zeros(n_rows, dtype=np.int32)
    assert found.among_references(labels).rows.shape == (n_rows, n_rows - 1)


def test_the_reference_rows_by_themselves(few):
    points = points_of(700)
    found = graph_of(job_of(points), 4, 0, np.arange(50))
    plain = nearest(points[found.references], 4)
    within = found.among_references(np.zeros(700, dtype=np.int32))
    assert np.array_equal(within.rows, plain.rows)
    assert np.array_equal(within.distances, plain.distances)


def test_rows_are_found_in_the_graph(few):
    found = graph_of(job_of(points_of(700)), 2, 0)
    rows = np.arange(700)
    places = found.places(rows)
    assert np.array_equal(found.rows[places[places >= 0]], found.rows)
    assert (places < 0).sum() == 500


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_refused_by_row(bad):
    points = points_of(60)
    points[41, 2] = bad
    with pytest.raises(InputError, match=r"row 41 \(from 0\): the embedding holds a value"):
        graph_of(job_of(points), 3, 0)


def test_a_graph_that_was_left_is_read_and_none_is_searched(few, tmp_path, monkeypatch):
    job = job_of(points_of(900))
    assert load(tmp_path) is None
    made = graph_of(job, 6, 2, np.arange(100), tmp_path)
    assert equal(made, load(tmp_path))
    less = graph_of(job, 3, 2)
    monkeypatch.setattr(graphs, "search", None)
    assert equal(made, graph_of(job, 6, 2, np.arange(100), tmp_path))
    assert equal(less, graph_of(job, 3, 2, folder=tmp_path))
    for k, seed, candidates in ((7, 2, None), (6, 3, None), (6, 2, np.arange(500))):
        with pytest.raises(TypeError):  # searched
            graph_of(job, k, seed, candidates, tmp_path)


def test_the_same_graph_is_the_same_file(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        graph_of(job_of(points_of(80)), 3, 0, folder=tmp_path / name)
    one, other = ((tmp_path / name / GRAPH_FILE).read_bytes() for name in ("one", "other"))
    assert one == other
    assert [path.name for path in (tmp_path / "one").iterdir()] == [GRAPH_FILE]


@pytest.mark.parametrize("how", ["cut", "empty", "text", "array", "rows", "marks", "pickle"])
def test_a_broken_file_is_said(tmp_path, how):
    path = tmp_path / GRAPH_FILE
    made = graph_of(job_of(points_of(80)), 3, 0, folder=tmp_path)
    whole = path.read_bytes()
    if how == "array":
        with path.open("wb") as file:
            np.save(file, made.rows)
    elif how in ("rows", "marks"):
        parts = {name: getattr(made, name) for name in graphs._ARRAYS}
        if how == "rows":
            parts["neighbours"] = parts["neighbours"] + 80
        else:
            parts["is_reference"] = parts["rows"] > 3
        facts = {"metric": "cosine", "n_references": 80, "n_total": 80, "seed": 0, "n_left_out": 0}
        np.savez(path, facts=np.array(json.dumps(facts)), **parts)
    elif how == "pickle":
        np.savez(path, facts=np.array([{}], dtype=object))
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "text": b"graph"}[how])
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


def test_memory_is_the_references_and_a_tile():
    points = points_of(6_000, 64, dtype=np.float32)
    job = job_of(points)
    tracemalloc.start()
    graph_of(job, 5, 0)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 90e6  # all distances are 144 million bytes


def test_progress_counts_every_row():
    seen: list[tuple[str, int, int]] = []
    graph_of(job_of(points_of(1_100), progress=lambda *told: seen.append(told)), 3, 0)
    assert [told[1] for told in seen] == [512, 1_024, 1_100]


def test_references_may_be_asked_by_strangers():
    points, others = points_of(90, 5), points_of(20, 5, seed=4)
    found, distances = References.of(points).nearest(others, np.full(20, -1), 90)
    exact = NearestNeighbors(n_neighbors=90, metric="cosine").fit(points).kneighbors(others)
    assert np.allclose(distances, exact[0], atol=1e-6)
    assert np.array_equal(np.sort(found, axis=1), np.tile(np.arange(90), (20, 1)))


def test_the_measure_is_the_mean_of_the_signal():
    labels, probabilities = noisy(300, 4)
    points = points_of(300, 6)
    points[:, :4] += 2 * np.eye(4)[labels]
    made = labelaudit.audit(labels, probabilities, embeddings=points)
    found = graph_of(job_of(points), 10, 0)
    shares = disagreement(labels.astype(np.int32), found.neighbours, found.rows)
    assert made.measurement("knn_disagreement").value == pytest.approx(shares.mean(), abs=1e-12)
