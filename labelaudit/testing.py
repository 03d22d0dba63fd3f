"""For authors of measures in other packages: check that a measure obeys the law of tallies."""

import itertools
import random

import numpy as np

from labelaudit.core.dataset import Batch
from labelaudit.core.results import DatasetFacts, Measurement
from labelaudit.detect.digest import digest
from labelaudit.measures.kinds import Measure

N_CLASSES = 4


def check_laws(measure: type[Measure], n_rows: int = 97, seed: int = 0) -> Measurement:
    """Raise AssertionError unless the result is the same for any batches, shards and merging.

    Parameters
    ----------
    measure : a subclass of `labelaudit.measures.kinds.Measure`.
    n_rows : size of the made-up dataset of four classes, one of them without examples, cut by two
        columns, `split` and `source`, the latter with blanks.
    seed : of that dataset and of the cuts.

    Returns the measurement, so that a test can look at it.
    """
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, N_CLASSES - 1, n_rows).astype(np.int32)
    probabilities = generator.dirichlet(np.ones(N_CLASSES), n_rows).astype(np.float32)
    counts = np.bincount(labels, minlength=N_CLASSES)
    facts = DatasetFacts(
        name="law",
        format="memory",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple("abcd"),
        class_counts=tuple(counts.tolist()),
        has=("digest", "labels", "probabilities", "slices", "slices.source", "slices.split"),
        slices={"split": ("train", "test"), "source": ("a", "b", "c")},
    )
    slices = {
        name: generator.integers(-1 if name == "source" else 0, len(values), n_rows).astype(
            np.int32
        )
        for name, values in facts.slices.items()
    }

    def filled(start: int, stop: int, step: int) -> Measure:
        tally = measure(facts)
        for first in range(start, stop, step):
            rows = slice(first, min(first + step, stop))
            tally.update(
                Batch(
                    start=first,
                    labels=labels[rows],
                    probabilities=probabilities[rows],
                    digest=digest(labels[rows], probabilities[rows]),
                    slices={name: codes[rows] for name, codes in slices.items()},
                )
            )
        return tally

    whole = filled(0, n_rows, n_rows).result()
    shuffled = random.Random(seed)
    for n_shards, step in itertools.product((1, 2, 5), (1, 7, 64)):
        inner = shuffled.sample(range(1, n_rows), n_shards - 1)
        cuts = [0, *sorted(inner), n_rows]
        shards = [filled(start, stop, step) for start, stop in itertools.pairwise(cuts)]
        shuffled.shuffle(shards)
        total = measure(facts)  # an empty tally changes nothing
        for shard in shards:
            total.merge(shard)
        assert total.result() == whole, (
            f"{measure.name}: another result for {n_shards} shards in batches of {step}"
        )
    return whole
