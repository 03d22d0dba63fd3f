"""Detection where there is little to go by: sensible each time, and no number that is none."""

import json
import math

import numpy as np
import pytest

import labelaudit
from labelaudit.core.schema import to_json
from labelaudit.core.settings import FILTERS, RANKINGS
from labelaudit.report import FORMATS, render
from tests.made import dataset, noisy


def random_model(n_rows, n_classes):
    generator = np.random.default_rng(5)
    return (
        generator.integers(0, n_classes, n_rows),
        generator.dirichlet(np.full(n_classes, 2.0), n_rows),
    )


def perfect(n_rows, n_classes):
    labels = np.arange(n_rows) % n_classes
    return labels, np.eye(n_classes)[labels]


def one_example_of_a_class():
    labels, probabilities = noisy(300, 4, seed=1)
    labels[labels == 3] = 2
    labels[7] = 3
    return labels, probabilities


CASES = {
    "two classes": noisy(400, 2, seed=1),
    "many classes": noisy(3000, 1000, seed=2, sharpness=8.0),
    "a class with one example": one_example_of_a_class(),
    "a class without examples": (noisy(200, 3, seed=3)[0] % 2, noisy(200, 3, seed=3)[1]),
    "one class only": (np.zeros(60, dtype=int), noisy(60, 3, seed=4)[1]),
    "a perfect model": perfect(120, 3),
    "a random model": random_model(500, 4),
    "three rows": (np.array([0, 1, 0]), np.array([[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]])),
    "one row": (np.array([0]), np.array([[0.1, 0.9]])),
    "labels of probability 0": (np.array([0, 1] * 30), np.array([[0.0, 1.0], [0.1, 0.9]] * 30)),
}


def opened(name, embedded):
    labels, probabilities = CASES[name]
    points = np.random.default_rng(0).normal(size=(len(labels), 5)) + labels[:, None] % 7
    return dataset(labels, probabilities, **({"embeddings": points} if embedded else {}))


@pytest.mark.parametrize("embedded", [False, True], ids=["bare", "embedded"])
@pytest.mark.parametrize("name", CASES)
def test_every_case_is_judged_or_says_why_not(name, embedded):
    made = labelaudit.audit(opened(name, embedded), allow=["alignment"])
    found = made.detection
    document = json.loads(to_json(made))
    assert document["detection"]["n_flagged"] == len(made.findings) == found.flagged_by_class.sum()
    scores = made.to_frame()
    assert scores.is_flagged.sum() == found.n_flagged
    assert scores.label_quality.between(0, 1).all()
    assert np.isfinite(scores.self_confidence).all()
    estimate = found.model_noise_estimate
    assert (estimate is None) == ("not given" in found.model_noise_basis)
    if estimate is not None:
        low, high = found.model_noise_interval
        assert 0 <= low <= estimate <= high <= 1
    for finding in made.findings[:5]:
        for key, value in finding.evidence.items():
            if isinstance(value, float) and not math.isfinite(value):
                # Not assessable, or no class is left to be next.
                assert key in ("gaussian_posterior", "noise_posterior", "next_probability")
    for form in FORMATS:
        text = render(made, form)
        assert " nan" not in text.lower().replace("finance", "")


@pytest.mark.parametrize("name", ["two classes", "a class with one example", "a perfect model"])
@pytest.mark.parametrize("ranking", RANKINGS)
@pytest.mark.parametrize("filter_name", FILTERS)
def test_every_filter_and_ranking(name, ranking, filter_name):
    made = labelaudit.audit(opened(name, False), filter=filter_name, ranking=ranking)
    scores = made.to_frame()
    assert scores.label_quality.between(0, 1).all()
    flagged = made.findings
    assert [one.label_quality for one in flagged] == sorted(one.label_quality for one in flagged)
    assert made.detection.ranking == ranking
    assert set(flagged.columns["row"].tolist()) == set(scores.row[scores.is_flagged])


def test_a_random_model_has_no_estimate_and_a_perfect_one_no_suspect():
    weak = labelaudit.audit(opened("a random model", False), allow=["alignment"])
    assert weak.detection.model_noise_estimate is None
    assert labelaudit.audit(opened("a perfect model", False)).detection.n_flagged == 0
