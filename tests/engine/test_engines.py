"""One look, many engines, one answer: here, in processes, and on a Dask cluster."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelaudit.auditing import run
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.cluster import Cluster, _Tree
from labelaudit.engine.job import Raw, begin
from labelaudit.engine.passes import HERE
from labelaudit.engine.processes import Processes
from labelaudit.ingest.opening import open_dataset
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import Measure
from labelaudit.surveying import facts_of, survey
from tests.made import noisy
from tests.test_laws import TALLIES, as_bytes

K = 5  # as the tallies of test_laws
N_ROWS = 6_000
SHARD_ROWS = 400
N_PARTS = 8
# Of the filters those that differ in what is sent: the third is the first and another at once.
SENT = ("prune_by_noise_rate", "confident_learning", "both")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """A table in several parts; ids, labels and probabilities in each."""
    folder = tmp_path_factory.mktemp("data") / "labels"
    folder.mkdir()
    labels, probabilities = noisy(N_ROWS, K, seed=1, dtype=np.float32)
    points = np.random.default_rng(1).normal(size=(N_ROWS, 4)).astype(np.float32)
    np.save(folder / "embeddings.npy", points)
    for part, rows in enumerate(np.array_split(np.arange(N_ROWS), N_PARTS)):
        columns = {"id": [f"r{row}" for row in rows], "label": labels[rows].astype(str)}
        columns |= {f"prob_{name}": probabilities[rows, name] for name in range(K)}
        name = f"labels-{part:05d}-of-{N_PARTS:05d}" if N_PARTS > 1 else "labels"
        pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    return open_dataset(folder)


@pytest.fixture(scope="module", params=["processes", "dask"])
def engine(request):
    if request.param == "processes":
        started = Processes(2)
    else:
        started = Cluster(request.getfixturevalue("dask").address)
        assert started.workers == 2
    yield started
    started.close()


def whole_audit(dataset, folder, engine=HERE, filter_name=SENT[0]):
    folder.mkdir()
    job = begin(dataset, folder, engine, shard_rows=SHARD_ROWS)
    made = run(job, Options(filter=filter_name))
    scores = [pq.read_table(path) for path in sorted((folder / "scores").iterdir())]
    return to_json(made), made.findings, pa.concat_tables(scores)


@pytest.fixture(scope="module")
def as_here(dataset, tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    return {name: whole_audit(dataset, folder / name, filter_name=name) for name in SENT}


@pytest.mark.parametrize("filter_name", SENT)
def test_a_whole_audit_is_the_same_bytes(dataset, engine, as_here, tmp_path, filter_name):
    text, findings, scores = whole_audit(dataset, tmp_path / "it", engine, filter_name)
    expected_text, expected_findings, expected_scores = as_here[filter_name]
    assert text == expected_text
    assert list(findings) == list(expected_findings)
    assert scores.equals(expected_scores)


def filled(dataset, folder, engine=HERE):
    """Fill every tally and every measure; return what they come to."""
    folder.mkdir()
    job, _ = survey(begin(dataset, folder, engine, shard_rows=SHARD_ROWS), Options())
    facts = facts_of(job.dataset)
    measures = [kind for kind in known_measures().values() if issubclass(kind, Measure)]
    makers = {name: make for name, make in TALLIES.items() if name != "Values"}
    makers |= {kind.name: lambda kind=kind: kind(facts) for kind in measures}
    tallies = job.each(job.digested, "testing", tallies=[make() for make in makers.values()])
    raw = job.each(Raw(dataset=job.dataset), "testing", tallies=[TALLIES["Values"]()])
    found = dict(zip([*makers, "Values"], [*tallies, *raw], strict=True))
    return {name: as_bytes(tally.result()) for name, tally in found.items()}


def test_every_tally_and_every_measure_comes_to_the_same(dataset, engine, tmp_path):
    here, there = filled(dataset, tmp_path / "here"), filled(dataset, tmp_path / "there", engine)
    assert here.keys() == there.keys()
    for name, result in here.items():
        assert there[name] == result, name


def test_what_is_large_is_sent_once(dataset, engine, tmp_path, as_here, monkeypatch):
    monkeypatch.setattr("labelaudit.engine.cluster._LARGE", 10)
    text, _, _ = whole_audit(dataset, tmp_path / "it", engine)
    assert text == as_here[SENT[0]][0]


def test_progress_counts_every_row_once(dataset, engine, tmp_path):
    seen = []
    job = begin(
        dataset,
        tmp_path,
        engine,
        shard_rows=SHARD_ROWS,
        progress=lambda *told: seen.append(told),
    )
    survey(job, Options())
    assert "reading predictions" in {stage for stage, _, _ in seen}
    for stage in {stage for stage, _, _ in seen}:
        done = [rows for own, rows, _ in seen if own == stage]
        assert done == sorted(set(done))
        assert done[-1] == N_ROWS


def test_an_engine_of_other_processes_needs_a_folder(dataset):
    with pytest.raises(ValueError, match="needs a folder"):
        begin(dataset, engine=Processes(1))


@pytest.mark.parametrize("n_leaves", [1, 2, 7, 8, 9, 64, 65, 200])
def test_the_tree_of_merges_has_every_leaf_once_and_narrow_forks(n_leaves):
    def fork(parts):
        assert 1 < len(parts) <= 8 + 7  # a full level, and what the levels below left over
        return [leaf for part in parts for leaf in part]

    tree = _Tree(fork)
    for leaf in range(n_leaves):
        tree.add([leaf])
    assert sorted(tree.root()) == list(range(n_leaves))
    assert tree.levels == []


def test_workers_are_told_paths_and_no_rows(dataset, tmp_path):
    """What is sent for a shard does not grow with the dataset."""
    import pickle

    class Spy(Processes):
        sent = 0

        def settle(self, folder: Path) -> None:
            pass

        def run(self, look, shards, watch=None):
            for shard in shards:
                self.sent = max(self.sent, len(pickle.dumps(look.within(shard))))
            return HERE.run(look, shards, watch)

    spy = Spy(1)
    run(begin(dataset, tmp_path, spy, shard_rows=SHARD_ROWS), Options())
    assert 0 < spy.sent < 20_000
