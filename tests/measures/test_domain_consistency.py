"""ICV and IDD: the check value, scipy, hand-made domains, edges."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.auditing import run
from labelaudit.core.coded import Coded
from labelaudit.core.results import Skipped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.measures.domain_consistency import distributions, divergence, inside


def measured(points, labels, domains, column="domain"):
    made = dataset_from_memory(labels, None, embeddings=points)
    coded = Coded.of([str(value) if value != "" else None for value in domains])
    made = dataclasses.replace(made, slices={column: coded})
    audit = run(begin(made), Options(measures=("domain_consistency",)))
    to_json(audit)
    (found,) = audit.measurements
    return found


def test_check_value():
    assert divergence(np.array([0.5, 0.5, 0]), np.array([0, 0.5, 0.5])) == pytest.approx(0.5)
    assert divergence(np.array([1.0, 0]), np.array([0, 1.0])) == 1
    assert divergence(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == 0


@given(seed=st.integers(0, 2**31), d=st.integers(2, 9))
@settings(max_examples=30, deadline=None)
def test_as_scipy(seed, d):
    from scipy.spatial.distance import jensenshannon
    from scipy.special import softmax

    points = 5 * np.random.default_rng(seed).normal(size=(2, d))
    one, other = distributions(points)
    assert one == pytest.approx(softmax(points[0]))
    expected = jensenshannon(one, other, base=2) ** 2
    assert divergence(one, other) == pytest.approx(expected, abs=1e-9)


def test_icv_by_hand():
    points = np.log([[0.5, 0.5], [0.9, 0.1], [0.3, 0.7], [0.2, 0.8]])
    labels = np.array([0, 0, 1, 2], dtype=np.int32)
    found, mean, _ = inside(points, labels, np.arange(3))
    middle = np.array([0.7, 0.3])
    expected = divergence(np.array([[0.5, 0.5], [0.9, 0.1]]), middle).mean()
    assert found == {0: pytest.approx(expected)}  # a class of one row is left out
    assert mean == pytest.approx(expected)
    assert inside(points, labels, np.array([2, 3])) == ({}, None, None)


def two_domains(n=900, apart=0.0, spread=1.0, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, n)
    domains = generator.integers(0, 2, n)
    points = 3 * np.eye(6)[labels]
    points = points + np.where(domains, spread, 1.0)[:, None] * generator.normal(size=(n, 6)) * 0.3
    points[:, 5] += apart * domains
    return points, labels, np.where(domains, "photo", "sketch")


def test_domains_apart_and_classes_that_vary():
    near = measured(*two_domains())
    far = measured(*two_domains(apart=3.0))
    assert near.details["largest_idd"] < 0.005
    assert far.details["largest_idd"] > 0.1
    (pair,) = far.details["pairs"]
    assert pair["low"] <= pair["idd"] <= pair["high"]
    varied = {
        one["domain"]: one["icv"] for one in measured(*two_domains(spread=3.0)).details["domains"]
    }
    assert varied["photo"] > 3 * varied["sketch"]
    assert near.interval[0] < near.value < near.interval[1]
    assert near.value == pytest.approx(np.mean([one["icv"] for one in near.details["domains"]]))
    assert len(near.per_class["icv"]) == 3
    assert near == measured(*two_domains())


def test_the_interval_is_as_wide_as_values_spread():
    values, intervals = [], []
    for seed in range(30):
        found = measured(*two_domains(300, seed=seed))
        values.append(found.value)
        intervals.append(found.interval)
    middle = np.mean(values)
    assert np.mean([low <= middle <= high for low, high in intervals]) >= 0.8


def test_one_domain_has_icv_and_no_idd():
    points, labels, _ = two_domains(200)
    found = measured(points, labels, ["a"] * 200)
    assert found.value > 0
    assert found.details["largest_idd"] is None
    assert found.details["why_no_idd"] == "one domain only"


def test_edges():
    points, labels, domains = two_domains(200)
    alone = measured(points, labels, np.where(np.arange(200) == 7, "alone", "rest"))
    assert alone.value is not None
    told = {one["domain"]: one for one in alone.details["domains"]}
    assert told["alone"]["icv"] is None
    every = measured(points, labels, np.arange(200))
    assert isinstance(every, Skipped)
    assert "two rows" in every.reason
    assert isinstance(measured(points, labels, [""] * 200), Skipped)
    blank = measured(points, labels, np.where(np.arange(200) < 50, "", domains))
    assert blank.details["blank_rows"] == 50
    constant = measured(np.ones((200, 4)), labels, domains)
    assert constant.value == 0
    huge = measured(points * 1e30, labels, domains)
    assert 0 <= huge.value <= 1
    many = measured(*two_domains(3000)[:2], np.arange(3000) % 100)
    assert len(many.details["domains"]) == 20
    assert many.details["domains_left_out"] == 80


def test_it_wants_a_column_of_that_name():
    points, labels, domains = two_domains(100)
    assert isinstance(measured(points, labels, domains, column="source"), Skipped)
