"""The promise of the gates, in small: where the limit is the population's own figure, chance alone
makes a gate fail at most once in forty. `benchmarks/gate_promise.py` is the whole of it."""

import numpy as np
import pytest

import labelaudit
from labelaudit.check.judging import judge
from labelaudit.check.limits import gate_of
from labelaudit.core.intervals import clopper_pearson
from tests.made import noisy


def audited(labels, probabilities):
    return labelaudit.audit(labels, probabilities, measures=["class_balance"])


def test_at_the_limit_a_gate_hardly_ever_fails_by_chance():
    labels, probabilities = noisy(50_000, 4, 0.08, seed=1, sharpness=4.0)
    whole = audited(labels, probabilities)
    limits = {
        "max_model_noise": whole.detection.model_noise_estimate,
        "max_flagged_share": whole.detection.n_flagged / 50_000,
    }
    gates = [gate_of(name, limit) for name, limit in limits.items()]
    generator, resamples = np.random.default_rng(7), 200
    failed = dict.fromkeys(limits, 0)
    above = 0
    for _ in range(resamples):
        chosen = generator.integers(0, 50_000, 600)
        audit = audited(labels[chosen], probabilities[chosen])
        above += audit.detection.model_noise_estimate > limits["max_model_noise"]
        for outcome in judge(audit, gates):
            failed[outcome.gate] += outcome.status == "failed"
    assert max(failed.values()) <= 0.025 * resamples
    assert above > resamples / 4  # a gate on the point alone would have failed as often


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 50), (10, 10), (3, 1000)])
@pytest.mark.parametrize("miss", [0.05, 0.005])
def test_the_exact_interval_ends_where_chance_is_half_of_what_it_may_miss(k, n, miss):
    stats = pytest.importorskip("scipy.stats")
    low, high = clopper_pearson(k, n, miss)
    if k > 0:
        assert stats.binom.sf(k - 1, n, low) == pytest.approx(miss / 2)
    else:
        assert low == 0
    if k < n:
        assert stats.binom.cdf(k, n, high) == pytest.approx(miss / 2)
    else:
        assert high == 1
    assert clopper_pearson(0, 0) == (0, 1)
