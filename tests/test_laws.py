"""The law of architecture: any batches, any shards, any order of merging, the same bytes."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.auditing import run
from labelaudit.core.dataset import Batch
from labelaudit.core.schema import to_json
from labelaudit.core.settings import FILTERS, Options
from labelaudit.detect.digest import digest
from labelaudit.detect.joint import ConfidentJoint
from labelaudit.detect.pairs import Pairs
from labelaudit.detect.select import _BestMargins, _LowestSelfConfidence, _Margins
from labelaudit.detect.thresholds import Thresholds
from labelaudit.engine.job import begin
from labelaudit.engine.top import TopPerKey
from labelaudit.ingest.contract.agreement import Agreement
from labelaudit.ingest.contract.predicted import Predicted
from labelaudit.ingest.contract.values import Values
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import Measure
from labelaudit.testing import check_laws
from tests.made import dataset, noisy

K = 5
PAIRS = Pairs.of(3 * (1 - np.eye(K, dtype=np.int64)))
FEW = Pairs.of(np.array([[0, 2, 0, 0, 0]] * K))
ANY = np.full(20, -np.inf)
TALLIES = {
    "Thresholds": lambda: Thresholds(K),
    "ConfidentJoint": lambda: ConfidentJoint(np.full(K, 0.6)),
    "LowestSelfConfidence": lambda: _LowestSelfConfidence(np.full(K, 7)),
    "BestMargins": lambda: _BestMargins(PAIRS),
    "Margins of the beaten": lambda: _Margins(PAIRS, ANY, beaten=True),
    "Margins of the rest": lambda: _Margins(PAIRS, ANY, beaten=False),
    "Margins of few pairs": lambda: _Margins(FEW, np.full(5, -np.inf), beaten=True),
    "Values": Values,
    "Agreement": lambda: Agreement(K),
    "Predicted": lambda: Predicted(K, 2),
}


def filled(make, labels, probabilities, start, stop, step):
    tally = make()
    for first in range(start, stop, step):
        rows = slice(first, min(first + step, stop))
        own = labels[rows].astype(np.int32)
        block = probabilities[rows]
        tally.update(Batch(start=first, labels=own, probabilities=block, digest=digest(own, block)))
    return tally


def as_bytes(result):
    if isinstance(result, TopPerKey):
        return sorted(zip(*(column.tolist() for column in result.result()), strict=True))
    if isinstance(result, np.ndarray):
        return result.tobytes()
    return repr(result)


@pytest.mark.parametrize("name", TALLIES)
@given(seed=st.integers(0, 2**31), dtype=st.sampled_from([np.float32, np.float64]))
@settings(max_examples=15, deadline=None)
def test_every_tally_obeys_the_law(name, seed, dtype):
    make = TALLIES[name]
    chance = random.Random(seed)
    n_rows = chance.randint(1, 160)
    labels, probabilities = noisy(n_rows, K, seed=seed, dtype=dtype)
    # Coarse values make ties, where order would show.
    if chance.random() < 0.5:
        probabilities = np.round(probabilities * 4) / 4
    whole = as_bytes(filled(make, labels, probabilities, 0, n_rows, n_rows).result())
    for step in (1, 3, 50):
        inner = chance.sample(range(1, n_rows), min(3, n_rows - 1))
        shards = [
            filled(make, labels, probabilities, start, stop, step)
            for start, stop in itertools.pairwise([0, *sorted(inner), n_rows])
        ]
        chance.shuffle(shards)
        total = make()
        for shard in shards:
            total.merge(shard)
        assert as_bytes(total.result()) == whole


@pytest.mark.parametrize(
    "measure",
    [kind for kind in known_measures().values() if issubclass(kind, Measure)],
    ids=lambda kind: kind.name,
)
@pytest.mark.parametrize("seed", range(5))
def test_every_measure_obeys_the_law(measure, seed):
    check_laws(measure, n_rows=31 + 40 * seed, seed=seed)


def test_a_measure_that_depends_on_order_is_caught():
    class LastLabel(known_measures()["class_balance"]):
        name = "last_label"

        def update(self, batch):
            self.counts[:] = 0
            self.counts[batch.labels[-1]] = 1

    with pytest.raises(AssertionError, match="last_label"):
        check_laws(LastLabel)


@pytest.mark.parametrize("filter_name", FILTERS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_an_audit_is_the_same_bytes_for_any_cut(filter_name, dtype):
    labels, probabilities = noisy(700, 6, seed=3, dtype=dtype)
    points = np.random.default_rng(1).normal(size=(700, 8)).astype(np.float32)
    made = dataset(labels, probabilities, embeddings=points)
    options = Options(filter=filter_name)
    whole = run(begin(made), options)
    for batch_rows, shard_rows in ((1, 700), (7, 100), (64, 333), (None, 13)):
        other = run(begin(made, batch_rows=batch_rows, shard_rows=shard_rows), options)
        assert to_json(other) == to_json(whole)
        for name, column in whole.findings.columns.items():
            assert other.findings.columns[name].tolist() == column.tolist(), name
        for name, column in whole.scores.items():
            assert other.scores[name].tolist() == column.tolist(), name
