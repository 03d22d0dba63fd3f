"""Embeddings in an audit: one graph, the order in rare classes, evidence on each suspect."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

import labelaudit
from labelaudit.auditing import detect, measure, run
from labelaudit.core.errors import ConfigError
from labelaudit.core.settings import Options
from labelaudit.detect import neighbouring
from labelaudit.engine import graph
from labelaudit.engine.job import begin
from labelaudit.surveying import survey
from tests.made import dataset

SIZES = (400, 300, 40, 30)


def rare(seed=0, noise=0.2):
    """Return four classes, two of them rare, with flips, a weak model, and clear embeddings."""
    generator = np.random.default_rng(seed)
    truth = np.repeat(np.arange(4), SIZES)
    points = 3 * np.eye(6)[truth] + generator.normal(size=(len(truth), 6))
    logits = 1.5 * np.eye(4)[truth] + generator.normal(size=(len(truth), 4))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = generator.random(len(truth)) < noise
    labels = np.where(flipped, (truth + generator.integers(1, 4, len(truth))) % 4, truth)
    order = generator.permutation(len(truth))
    return labels[order], probabilities[order], points[order], flipped[order]


LABELS, PROBABILITIES, POINTS, WRONG = rare()


def opened(points=POINTS):
    return dataset(LABELS, PROBABILITIES, embeddings=points)


def test_embeddings_order_the_suspects_of_rare_classes_and_no_other():
    counts = np.bincount(LABELS)
    few = np.isin(LABELS, np.flatnonzero(counts < 0.5 * counts.mean()))
    assert few.any()
    with_them = labelaudit.audit(opened()).to_frame().label_quality.to_numpy()
    without = labelaudit.audit(dataset(LABELS, PROBABILITIES)).to_frame().label_quality.to_numpy()
    assert (with_them[~few] == without[~few]).all()
    gain = [average_precision_score(WRONG[few], -quality[few]) for quality in (with_them, without)]
    assert gain[0] > gain[1] + 0.02


def test_another_ranking_knows_no_embeddings():
    quality = [
        labelaudit.audit(data, ranking="normalized_margin").to_frame().label_quality.to_numpy()
        for data in (opened(), dataset(LABELS, PROBABILITIES))
    ]
    assert (quality[0] == quality[1]).all()


def test_what_neighbours_say_of_a_suspect_is_so():
    found = labelaudit.audit(opened()).findings
    unit = POINTS / np.linalg.norm(POINTS, axis=1, keepdims=True)
    for finding in list(found)[:15]:
        known = finding.evidence
        distances = 1 - unit @ unit[finding.row]
        distances[finding.row] = np.inf
        nearest = np.argsort(distances, kind="stable")[:10]
        assert known["neighbour_ids"] == [str(row) for row in nearest]
        assert known["neighbour_labels"] == [str(LABELS[row]) for row in nearest]
        assert known["neighbour_distances"] == pytest.approx(distances[nearest], abs=1e-6)
        share = np.mean(LABELS[nearest] != LABELS[finding.row])
        assert known["knn_disagreement"] == pytest.approx(share)
        same = sum(str(LABELS[row]) == finding.suggested_label for row in nearest)
        assert ("neighbours" in known["agree"]) == (same > 5)
        assert f"{same} of 10 nearest neighbours are" in known["evidence"]


def test_the_measure_is_the_mean_of_the_signal():
    made = labelaudit.audit(opened(), filter="predicted_neq_given")
    value = made.measurement("knn_disagreement").value
    around = neighbouring.embedded.knn_disagreement(
        graph.graph_of(begin(opened()), 10, 0), np.asarray(opened().labels)
    )
    assert value == pytest.approx(around.values.mean())


def test_nobody_searches_again(tmp_path, monkeypatch):
    searches = []
    search = graph.search
    monkeypatch.setattr(graph, "search", lambda *a, **k: searches.append(1) or search(*a, **k))
    run(begin(opened()), Options())
    assert len(searches) == 1
    run(begin(opened(), tmp_path_of(tmp_path, "one")), Options())
    assert len(searches) == 2
    job, made = survey(begin(opened(), tmp_path_of(tmp_path, "two")), Options())
    made = detect(job, made, Options())
    measure(replace(job, memory={}), made, Options())
    assert len(searches) == 3


def tmp_path_of(tmp_path, name):
    (tmp_path / name).mkdir()
    return tmp_path / name


@pytest.mark.parametrize(("shard_rows", "batch_rows"), [(97, None), (None, 31), (211, 50)])
def test_however_rows_are_cut(shard_rows, batch_rows):
    whole = run(begin(opened()), Options(top="40"))
    job = replace(begin(opened()), shard_rows=shard_rows, batch_rows=batch_rows)
    cut = run(job, Options(top="40"))
    assert list(cut.findings) == list(whole.findings)
    assert cut.to_frame().equals(whole.to_frame())


def test_beyond_the_sample_what_was_not_looked_at_is_not_told(monkeypatch):
    for name in ("LARGEST", "LARGEST_WITH_FAISS"):
        monkeypatch.setattr(graph, name, 100)
    made = labelaudit.audit(opened(), filter="predicted_neq_given")
    assert len(made.findings) > 150
    kinds = {finding.evidence["neighbour_ids"][0] == "" for finding in made.findings}
    assert kinds == {True, False}
    for finding in made.findings:
        looked_at = finding.evidence["neighbour_ids"][0] != ""
        assert np.isfinite(finding.evidence["knn_disagreement"]) == looked_at
        assert ("of 10 sampled neighbours" in finding.evidence["evidence"]) == looked_at
    from labelaudit.core.schema import to_json

    assert "NaN" not in to_json(made)


def test_near_duplicates_with_other_labels_are_listed():
    points = POINTS.copy()
    one = int(np.flatnonzero(LABELS == 0)[0])
    other = int(np.flatnonzero(LABELS == 1)[0])
    points[other] = points[one] * 1.00001
    made = labelaudit.audit(opened(points), filter="predicted_neq_given")
    near = made.detection.near_duplicates
    names = [[entry["id"] for entry in group] for group in near["groups"]]
    assert sorted([str(one), str(other)], key=int) in names
    assert near["n_groups"] == len(near["groups"])
    none = labelaudit.audit(opened(points), near_duplicate_threshold=0)
    assert none.detection.near_duplicates["threshold"] == 0
    assert none.detection.near_duplicates["n_groups"] <= near["n_groups"]
    with pytest.raises(ConfigError, match="near_duplicate_threshold"):
        labelaudit.audit(opened(), near_duplicate_threshold=float("nan"))
