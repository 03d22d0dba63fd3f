"""The probability of the given label: mean, histogram of suspects and others, the law."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.dataset import Batch
from labelaudit.core.folder import load_audit, write_audit
from labelaudit.core.results import DatasetFacts
from labelaudit.core.settings import Options
from labelaudit.detect.digest import digest
from labelaudit.engine.job import begin
from labelaudit.measures.calibration import equal_width_bins
from labelaudit.measures.given_probability import GivenProbability, mean_interval
from labelaudit.testing import check_laws
from tests.made import dataset, noisy

NAMES = ["given_probability"]


def facts(n_rows, n_classes):
    return DatasetFacts(
        name="made",
        format="memory",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple(str(k) for k in range(n_classes)),
        class_counts=(n_rows, *([0] * (n_classes - 1))),
        has=("digest", "labels"),
    )


def measured(labels, probabilities, **more):
    made = labelaudit.audit(labels, probabilities, measures=NAMES, **more)
    return made, made.measurements[0]


@pytest.mark.parametrize("seed", range(3))
def test_it_obeys_the_law(seed):
    found = check_laws(GivenProbability, n_rows=60 + seed, seed=seed)
    assert found.details.keys() == {"bins", "bin_rows"}  # no label was checked
    assert sum(found.details["bin_rows"]) == 60 + seed


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=30, deadline=None)
def test_it_obeys_the_law_where_it_knows_suspects(seed, n_classes):
    chance = random.Random(seed)
    n_rows = chance.randint(1, 90)
    labels, probabilities = noisy(n_rows, n_classes, seed=seed, dtype=np.float32)
    if chance.random() < 0.5:
        probabilities = np.round(probabilities * 4) / 4  # ties at the edges of bins
    own = digest(labels.astype(np.int32), probabilities)
    flagged = np.flatnonzero(np.random.default_rng(seed).random(n_rows) < 0.3)

    def filled(start, stop, step):
        tally = GivenProbability(facts(n_rows, n_classes))
        tally.know_suspects(own[flagged])
        for first in range(start, stop, step):
            rows = slice(first, min(first + step, stop))
            tally.update(Batch(start=first, labels=labels[rows], digest=own[rows]))
        return tally

    whole = filled(0, n_rows, n_rows).result()
    confidence = own.self_confidence.astype(float)
    others = np.delete(confidence, flagged)
    assert whole.value == pytest.approx(confidence.mean())
    assert whole.details["n_suspected"] == len(flagged)
    assert whole.details["n_others"] == len(others)
    bins = np.bincount(equal_width_bins(others, 20), minlength=20)
    assert whole.details["bin_others"] == bins.tolist()
    if len(flagged):
        highest = whole.details["highest_suspected"]
        assert highest == confidence[flagged].max()
        assert whole.details["others_below_highest"] == (others <= highest).sum()
    inner = chance.sample(range(1, n_rows), min(3, n_rows - 1))
    for step in (1, 7):
        cuts = [0, *sorted(inner), n_rows]
        shards = [filled(a, b, step) for a, b in itertools.pairwise(cuts)]
        chance.shuffle(shards)
        total = filled(0, 0, 1)
        for shard in shards:
            total.merge(shard)
        assert total.result() == whole


def test_of_an_audit_suspects_and_others_are_counted_apart():
    labels, probabilities = noisy(1500, 5)
    made, found = measured(labels, probabilities)
    own = probabilities[np.arange(1500), labels]
    suspects = np.zeros(1500, dtype=bool)
    suspects[made.findings.columns["row"]] = True
    edges = np.linspace(0, 1, 21)
    assert found.details["bin_suspected"] == np.histogram(own[suspects], edges)[0].tolist()
    assert found.details["bin_others"] == np.histogram(own[~suspects], edges)[0].tolist()
    highest = own[suspects].max()
    assert found.details["highest_suspected"] == highest
    assert found.details["others_below_highest"] == (own[~suspects] <= highest).sum()
    half = 1.96 * own.std(ddof=1) / 1500**0.5
    assert found.value == pytest.approx(own.mean())
    assert found.interval == pytest.approx((own.mean() - half, own.mean() + half))
    assert found.alerts == ()


def test_the_bounds_of_bins():
    probabilities = np.array([[0.0, 1.0], [0.05, 0.95], [0.0500001, 0.9499999], [1.0, 0.0]])
    tally = GivenProbability(facts(4, 2))
    labels = np.zeros(4, dtype=np.int32)
    tally.update(Batch(start=0, labels=labels, digest=digest(labels, probabilities)))
    rows = tally.result().details["bin_rows"]
    assert (rows[0], rows[1], rows[-1], sum(rows)) == (2, 1, 1, 4)


def test_without_suspects_there_is_no_highest():
    labels = np.arange(100) % 2
    _, found = measured(labels, np.where(np.eye(2)[labels] == 1, 0.9, 0.1))
    assert found.details["n_suspected"] == 0
    assert found.details["n_others"] == 100
    assert not {"highest_suspected", "others_below_highest"} & found.details.keys()
    assert found.value == pytest.approx(0.9)


def test_one_row_has_no_interval():
    _, found = measured([0], [[0.8, 0.2]])
    assert found.interval is None
    assert found.interval_kind == "none: it takes two rows"


def test_the_interval_of_a_mean_stays_within_its_range():
    assert mean_interval(0.0, 0.0, 5) == (0.0, 0.0)
    low, high = mean_interval(0.98, 0.98, 50)
    assert low < 0.98 < high == 1.0


def test_a_budget_changes_who_is_a_suspect():
    labels, probabilities = noisy(1500, 5)
    _, few = measured(labels, probabilities, top=7)
    assert few.details["n_suspected"] == 7
    assert few.details["n_others"] == 1493


def test_it_is_the_same_for_any_cut_and_from_a_folder(tmp_path):
    labels, probabilities = noisy(700, 4, dtype=np.float32)
    made = dataset(labels, probabilities)
    options = Options(measures=tuple(NAMES))
    whole = run(begin(made), options)
    for batch_rows, shard_rows in ((1, 700), (7, 100), (None, 13)):
        job = begin(made, batch_rows=batch_rows, shard_rows=shard_rows)
        assert run(job, options).measurements == whole.measurements
    (tmp_path / "audit").mkdir()
    kept = run(begin(made, tmp_path / "audit"), options)
    assert kept.measurements == whole.measurements
    write_audit(kept, tmp_path / "audit")
    assert load_audit(tmp_path / "audit").measurements == whole.measurements
