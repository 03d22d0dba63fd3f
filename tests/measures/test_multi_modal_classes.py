"""Classes of several clusters are told, classes of one are not, whatever their shape."""

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import Skipped
from labelaudit.measures.multi_modal_classes import SPLIT, split


def cluster(generator, n, d):
    return generator.normal(size=(n, d))


@pytest.mark.parametrize("d", [1, 2, 16, 128])
@pytest.mark.parametrize("n", [40, 100, 1500])
def test_one_normal_cluster_is_one(n, d):
    for seed in range(8):
        explained, _ = split(cluster(np.random.default_rng(seed), n, d))
        assert explained < SPLIT - 0.02
    assert n < 1500 or explained == pytest.approx(2 / np.pi, abs=0.04)


@pytest.mark.parametrize("shape", ["uniform", "exponential", "heavy tails"])
def test_other_shapes_of_one_cluster_are_one(shape):
    for seed in range(8):
        generator = np.random.default_rng(seed)
        drawn = {
            "uniform": generator.random((800, 5)),
            "exponential": generator.exponential(size=(800, 5)),
            "heavy tails": generator.standard_t(3, size=(800, 5)),
        }[shape]
        explained, smaller = split(drawn)
        assert explained < SPLIT or smaller < 0.1


@pytest.mark.parametrize("share", [0.5, 0.3, 0.15])
@pytest.mark.parametrize("d", [1, 16, 128])
def test_two_that_lie_apart_are_two(d, share):
    generator = np.random.default_rng(0)
    points = cluster(generator, 400, d)
    points[generator.random(400) < share, 0] += 8
    explained, smaller = split(points)
    assert explained >= SPLIT
    assert smaller == pytest.approx(share, abs=0.07)


def test_the_share_is_that_of_its_definition():
    # Two points, three rows to one: everything is explained, a quarter is the smaller part.
    points = np.repeat([[0.0, 0.0], [0.0, 1.0]], [30, 10], axis=0)
    points = points[np.random.default_rng(0).permutation(40)]
    explained, smaller = split(points)
    assert explained == pytest.approx(1)
    assert 0 < smaller <= 0.25


def test_rows_that_are_all_alike_are_one_cluster():
    assert split(np.ones((50, 4))) == (0.0, 0.0)


def test_the_measure_tells_which_class_and_is_skipped_without_embeddings():
    generator = np.random.default_rng(1)
    labels = np.repeat(["one", "two", "few"], [120, 120, 20])
    points = cluster(generator, 260, 24) + 3
    points[120:180, 0] -= 20
    made = labelaudit.audit(labels, embeddings=points)
    several = made.measurement("multi_modal_classes")
    names = made.dataset.class_names
    told = dict(zip(names, several.per_class["answer"], strict=True))
    assert told == {"one": "one cluster", "two": "several clusters", "few": "not assessable"}
    assert several.value == 0.5
    (alert,) = several.alerts
    assert alert.scope == "two"
    assert alert.severity == "info"
    bare = {one.name: one for one in labelaudit.audit(["a", "b"] * 9).measurements}
    assert isinstance(bare["multi_modal_classes"], Skipped)


def test_too_few_of_any_class_is_unknown():
    points = np.random.default_rng(0).normal(size=(12, 3))
    made = labelaudit.audit(["a", "b", "c"] * 4, embeddings=points)
    assert made.measurement("multi_modal_classes").value is None


def test_sorted_rows_do_not_matter_to_the_halves():
    generator = np.random.default_rng(3)
    points = cluster(generator, 400, 8)
    points[:200, 0] += 9
    shuffled = split(points[generator.permutation(400)])
    assert split(points) == pytest.approx(shuffled, abs=0.05)
