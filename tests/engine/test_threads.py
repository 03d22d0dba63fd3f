"""Threads of this process: the same bytes, and an end at once."""

import os
from dataclasses import replace

import numpy as np
import pytest

from labelaudit.auditing import run
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine import threads
from labelaudit.engine.job import begin
from labelaudit.engine.passes import HERE
from labelaudit.engine.threads import Threads, fitting
from labelaudit.surveying import survey
from tests.made import dataset, noisy


@pytest.mark.parametrize("workers", [1, 2, 3, 7])
def test_threads_give_the_same_bytes(workers, tmp_path):
    made = dataset(*noisy(900, 6, seed=4))
    seen = []
    how = {"shard_rows": 100, "progress": lambda *told: seen.append(told)}
    alone = run(begin(made, **how), Options())
    shared = run(begin(made, engine=Threads(workers), **how), Options())
    assert to_json(shared) == to_json(alone)
    for name, column in alone.scores.items():
        assert (np.asarray(column) == np.asarray(shared.scores[name])).all()
    half = len(seen) // 2
    assert {told for told in seen[:half] if told[1] == told[2]} == {
        told for told in seen[half:] if told[1] == told[2]
    }


def test_what_a_thread_meets_ends_the_others():
    done = []

    class Meets:
        def update(self, batch):
            done.append(batch.start)
            if batch.start == 0:
                raise ValueError("met")

        def merge(self, other): ...

        def result(self): ...

    made = dataset(*noisy(2_000, 3))
    job, _ = survey(begin(made, shard_rows=10, batch_rows=1), Options())
    job = replace(job, engine=Threads(2))
    with pytest.raises(ValueError, match="met"):
        job.fold(Meets(), "")
    assert len(done) < 2_000


def test_threads_are_for_large_data_and_several_processors(monkeypatch):
    made = dataset(*noisy(40_000, 3))
    assert fitting(HERE, made) is HERE
    monkeypatch.setattr(threads, "_WORTH_IT", 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert fitting(HERE, made) is HERE  # one shard: nothing to share out
    monkeypatch.setattr("labelaudit.core.dataset._MOST_SHARD", 1 << 14)
    assert fitting(HERE, made).workers == 3
    other = Threads(5)
    assert fitting(other, made) is other
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0}, raising=False)
    assert fitting(HERE, made) is HERE
