"""What neighbours among a sample have missed is measured on a few rows, and said."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

import labelaudit
from labelaudit.core.errors import InputError
from labelaudit.core.results import DatasetFacts
from labelaudit.engine import graph as graphs
from labelaudit.engine import recall as recalls
from labelaudit.engine.graph import GRAPH_FILE, graph_of, load, n_compared, sampled_at
from labelaudit.engine.job import Job, begin
from labelaudit.engine.neighbours import nearest
from labelaudit.engine.recall import PROBE_ROWS
from labelaudit.measures.icnn import Icnn
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.knn_accuracy import KnnAccuracy
from labelaudit.measures.knn_disagreement import KnnDisagreement
from labelaudit.measures.nearest_neighbour_error import NearestNeighbourError
from labelaudit.measures.thornton_index import ThorntonIndex
from labelaudit.report import render
from labelaudit.report.numbers import share
from tests.made import dataset
from tests.report.conftest import words_of

READERS = (Icnn, KnnAccuracy, KnnDisagreement, NearestNeighbourError, ThorntonIndex)


@pytest.fixture
def few(monkeypatch):
    """Let a sample of 600 rows be the largest, read in blocks of a few hundred."""
    for name in ("LARGEST", "LARGEST_WITH_FAISS"):
        monkeypatch.setattr(graphs, name, 600)
    monkeypatch.setattr(SampledMeasure, "largest_sample", 600)
    monkeypatch.setattr(recalls, "_BLOCK", 333)


def points_of(n_rows: int, width: int = 9) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_rows, width))


def job_of(points: np.ndarray) -> Job:
    return begin(
        dataset(labels_of(len(points)), np.full((len(points), 3), 1 / 3), embeddings=points)
    )


def labels_of(n_rows):
    return (np.arange(n_rows) % 3).astype(np.int32)


def true_neighbours(points, rows, k):
    exact = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(points)
    found = exact.kneighbors(points[rows], return_distance=False)
    return np.array(
        [[o for o in own if o != row][:k] for row, own in zip(rows, found, strict=True)]
    )


@pytest.mark.parametrize("n_total", [900, 2_000])
def test_it_is_the_share_of_true_neighbours_that_were_found(few, n_total):
    points, labels = points_of(n_total, 8), labels_of(n_total)
    found = graph_of(job_of(points), 6, 0)
    probe = found.probe
    assert len(probe.rows) == PROBE_ROWS
    assert np.isin(probe.rows, found.references).all()
    true = true_neighbours(points, probe.rows, 6)
    assert np.array_equal(probe.neighbours, true)
    own = found.neighbours[found.places(probe.rows)]
    recall = found.recall(labels)
    hits = [np.isin(t, o).mean() for t, o in zip(true, own, strict=True)]
    assert recall.value == pytest.approx(np.mean(hits))
    assert recall.value == pytest.approx(600 / n_total, abs=0.06)  # what to expect
    disagree = [(labels[near] != labels[probe.rows, None]).mean(axis=1) for near in (true, own)]
    assert recall.disagreement_shift == pytest.approx(np.abs(disagree[0] - disagree[1]).mean())


def test_what_is_as_near_is_as_good(few):
    points = np.repeat(points_of(20, 8), 100, axis=0)  # of each true neighbour there are 99
    recall = graph_of(job_of(points), 5, 0).recall(labels_of(2_000))
    assert recall.value == 1


def test_where_all_are_compared_nothing_is_missed_and_nothing_is_said(few):
    found = graph_of(job_of(points_of(600)), 5, 0)
    assert found.recall(labels_of(600)) is None
    assert found.sampled(labels_of(600)) == {}
    assert found.among_references(labels_of(600)).described == {"metric": "cosine"}


def test_a_probe_that_takes_long_is_left_out_and_the_recall_to_expect_is_said(few, monkeypatch):
    monkeypatch.setattr(recalls, "MOST_NUMBERS", 900 * 9 - 1)
    found = graph_of(job_of(points_of(900, 9)), 5, 0)
    assert found.recall(labels_of(900)) is None
    told = found.sampled(labels_of(900))
    assert told["neighbour_recall"] == pytest.approx(600 / 900)
    assert told["neighbour_recall_basis"].startswith("expected")
    assert "disagreement_shift" not in told


def test_the_probe_is_saved_and_cut_with_the_graph(few, tmp_path):
    points, labels = points_of(1_000), labels_of(1_000)
    made = graph_of(job_of(points), 7, 1, folder=tmp_path)
    assert load(tmp_path).sampled(labels) == made.sampled(labels)
    fewer = graph_of(job_of(points), 3, 1, folder=tmp_path)
    assert fewer.probe.neighbours.shape == fewer.probe.distances.shape == (PROBE_ROWS, 3)
    assert fewer.sampled(labels) == graph_of(job_of(points), 3, 1).sampled(labels)
    assert fewer.sampled(labels) != made.sampled(labels)
    more = graph_of(job_of(points), 7, 1, np.arange(0, 1_000, 3))
    assert more.sampled(labels) == made.sampled(labels)  # whoever else is asked for


def test_an_older_file_has_no_probe(few, tmp_path):
    made = graph_of(job_of(points_of(1_000)), 4, 0, folder=tmp_path)
    with np.load(tmp_path / GRAPH_FILE) as parts:
        older = {name: parts[name] for name in parts if name not in graphs._PROBE}
    np.savez(tmp_path / GRAPH_FILE, **older)
    read = load(tmp_path)
    assert np.array_equal(read.neighbours, made.neighbours)
    told = read.sampled(labels_of(1_000))
    assert told["neighbour_recall"] == pytest.approx(0.6)
    assert told["neighbour_recall_basis"].startswith("expected")


@pytest.mark.parametrize("name", ["probe_rows", "true_neighbours", "true_distances"])
def test_a_probe_that_does_not_fit_is_said(few, tmp_path, name):
    graph_of(job_of(points_of(1_000)), 4, 0, folder=tmp_path)
    with np.load(tmp_path / GRAPH_FILE) as parts:
        broken = dict(parts) | {name: parts[name][:-1]}
    np.savez(tmp_path / GRAPH_FILE, **broken)
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize("kind", READERS)
def test_every_measure_of_sampled_neighbours_says_their_recall(kind):
    labels = labels_of(200)
    told = {"neighbour_recall": 0.25, "neighbour_recall_basis": "measured"}
    found = nearest(points_of(200), 10)
    near = replace(found, sampled=told)
    sample = Sample(rows=np.arange(200), n_total=800, seed=0, labels=labels, neighbours=near)
    facts = DatasetFacts(
        name="made", format="memory", n_examples=200, n_unlabelled=0, class_names=tuple("abc"),
        class_counts=(67, 67, 66), has=("labels", "embeddings"),
    )  # fmt: skip
    assert told.items() <= kind.measure(sample, facts).details.items()


def test_what_makes_neighbours_exact_is_said_where_it_would(monkeypatch):
    monkeypatch.setattr(graphs, "faiss", lambda: None)
    assert n_compared(80_000) == 50_000
    assert sampled_at(50_000, 80_000)["exact_with"] == "pip install 'labelaudit[knn]'"
    assert "exact_with" not in sampled_at(50_000, 100_001)
    assert "exact_with" not in sampled_at(20_000, 40_000)
    assert sampled_at(50_000, 50_000) == {}
    monkeypatch.setattr(graphs, "faiss", object)
    assert "exact_with" not in sampled_at(50_000, 80_000)


def test_measures_that_read_the_graph_have_all_its_rows(few, with_faiss, monkeypatch):
    monkeypatch.setattr(graphs, "LARGEST_WITH_FAISS", 900)
    made = audited(900)
    assert made.measurement("knn_disagreement").sample["size"] == 900
    assert "neighbour_recall" not in made.measurement("knn_disagreement").details
    assert "neighbour_recall" not in made.detection.near_duplicates
    assert made.measurement("fisher_ratio").sample["size"] == 600
    monkeypatch.setattr(graphs, "faiss", lambda: None)
    less = audited(900).measurement("knn_disagreement")
    assert less.sample["size"] == 600
    assert less.details["exact_with"] == "pip install 'labelaudit[knn]'"
    assert "labelaudit[knn]" in render(audited(900), "html")


def audited(n_rows):
    generator = np.random.default_rng(5)
    truth = generator.integers(0, 3, n_rows)
    points = 2 * np.eye(6)[truth] + generator.normal(size=(n_rows, 6))
    logits = 2 * np.eye(3)[truth] + generator.normal(size=(n_rows, 3))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.where(generator.random(n_rows) < 0.1, (truth + 1) % 3, truth)
    return labelaudit.audit(dataset(labels, probabilities, embeddings=points))


def test_an_audit_prints_it(few):
    made = audited(1_500)
    measured = made.measurement("knn_disagreement")
    assert measured.sample["size"] == 600
    recall = measured.details["neighbour_recall"]
    assert recall == pytest.approx(0.4, abs=0.08)
    assert measured.details["neighbour_recall_basis"].startswith("measured: 256 rows")
    assert made.detection.near_duplicates["neighbour_recall"] == recall
    sentences = [finding.evidence["evidence"] for finding in made.findings]
    told = [sentence for sentence in sentences if "neighbours" in sentence]
    assert told
    assert all(" of 10 sampled neighbours are " in sentence for sentence in told)
    for name in ("terminal", "markdown", "html"):
        told = words_of(render(made, name))
        assert " ".join(f"{share(recall)} of neighbours found".split()) in told, name
    assert "of 10 sampled neighbours are" in told
    assert "Neighbours found, measured: 256 rows of the sample" in told
