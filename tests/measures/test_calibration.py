"""Calibration: bins with intervals, bootstrap, equal-count bins from a histogram, temperature."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.core.dataset import Batch
from labelaudit.core.intervals import wilson
from labelaudit.core.results import Measurement, Skipped
from labelaudit.core.schema import to_document
from labelaudit.detect.digest import digest
from labelaudit.measures import adaptive_calibration as adaptive
from labelaudit.measures.adaptive_calibration import (
    FINE_BINS,
    AdaptiveCalibration,
    adaptive_calibration_error,
    fine_histogram,
    from_histogram,
)
from labelaudit.measures.calibration import Calibration, equal_width_bins
from labelaudit.measures.resampling import resampling
from labelaudit.measures.scaled_calibration import ScaledCalibration
from labelaudit.measures.temperature import (
    Temperature,
    fitted_temperature,
    interval_of,
    losses,
    softmax,
)
from labelaudit.testing import check_laws
from tests.made import noisy
from tests.measures.test_measure_values import P, Y

KINDS = ("calibration", "adaptive_calibration", "classwise_calibration")


def calibrated(n_rows, seed, too_sure=0.0):
    rng = np.random.default_rng(seed)
    confidence = rng.beta(5, 1.2, n_rows)
    return confidence, rng.random(n_rows) < np.clip(confidence - too_sure, 0, 1)


def test_bins_have_counts_and_wilson_intervals():
    labels, probabilities = noisy(900, 6, seed=2)
    made = labelaudit.audit(labels, probabilities).measurement("calibration").details
    for n, share, low, high in zip(
        *(made[f"bin_{name}"] for name in ("rows", "agreement", "low", "high")), strict=True
    ):
        assert (low, high) == (wilson(round(share * n), n) if n else (None, None))
    assert sum(made["bin_rows"]) == 900


@pytest.mark.parametrize("kind", [Calibration, AdaptiveCalibration])
def test_tallies_obey_the_laws(kind, monkeypatch):
    exact = check_laws(kind)
    monkeypatch.setattr(adaptive, "EXACT_ROWS", 10)
    from_bins = check_laws(kind)
    assert abs(from_bins.value - exact.value) <= from_bins.details.get("error_bound", 0) + 1e-12


def test_ties_go_by_row_number_however_shards_are_merged():
    """Equal confidences: the rows that agree come first, and so they do after any merging."""
    labels = np.array([0] * 20 + [1] * 20, dtype=np.int32)
    probabilities = np.full((40, 2), [0.7, 0.3])
    facts = labelaudit.audit(labels, probabilities, allow=["constant_rows"]).dataset

    def filled(rows):
        tally = AdaptiveCalibration(facts)
        own = labels[rows], probabilities[rows]
        tally.update(Batch(start=rows.start, labels=own[0], digest=digest(*own)))
        return tally

    whole, late, early = filled(slice(0, 40)), filled(slice(20, 40)), filled(slice(0, 20))
    late.merge(early)
    assert late.result() == whole.result()
    gaps = np.where(labels == 0, 0.3, -0.7)
    by_hand = sum(abs(part.sum()) for part in np.array_split(gaps, 15)) / 40
    assert whole.result().value == pytest.approx(by_hand)


CONFIDENCES = st.lists(
    st.one_of(st.floats(0, 1), st.sampled_from([0, 0.5, 1, 1 - 2**-24])), min_size=1, max_size=200
)


@given(CONFIDENCES, st.integers(0, 9), st.integers(1, 20))
@settings(max_examples=150, deadline=None)
def test_the_bound_of_the_histogram_holds(values, seed, bins):
    confidence = np.array(values, dtype=np.float64)
    correct = np.random.default_rng(seed).random(len(values)) < confidence
    exact = adaptive_calibration_error(confidence, correct, bins)
    found, bound = from_histogram(fine_histogram(confidence, correct), bins)
    assert abs(found - exact) <= bound + 1e-9


def test_the_histogram_is_near_and_counts_all():
    confidence, correct = calibrated(80_000, 0, too_sure=0.07)
    fine = fine_histogram(confidence, correct)
    assert fine.shape == (3, FINE_BINS)
    assert fine[0].sum() == 80_000
    assert fine[1].sum() == correct.sum()
    found, bound = from_histogram(fine, 15)
    assert bound < 0.005
    assert found == pytest.approx(adaptive_calibration_error(confidence, correct, 15), abs=bound)


def test_exact_to_50_000_rows_and_a_bound_beyond():
    for n_rows, bounded in ((50_000, False), (50_001, True)):
        labels, probabilities = noisy(n_rows, 3, dtype=np.float32)
        made = labelaudit.audit(labels, probabilities, measures=["adaptive_calibration"])
        found = made.measurement("adaptive_calibration")
        top, correct = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        exact = adaptive_calibration_error(top.astype(np.float64), correct, 15)
        assert ("error_bound" in found.details) == bounded
        assert abs(found.value - exact) <= found.details.get("error_bound", 1e-12)


@pytest.mark.parametrize("too_sure", [0.0, 0.05])
def test_the_interval_covers_the_truth(too_sure):
    """Of 100 intervals about 95 hold the error of the whole population; also where it is 0."""
    confidence, _ = calibrated(500_000, 99)
    index = equal_width_bins(confidence, 15)
    gap = np.clip(confidence - too_sure, 0, 1) - confidence
    truth = np.abs(np.bincount(index, weights=gap)).sum() / len(gap)
    covered = 0
    for seed in range(100):
        confidence, correct = calibrated(1000, seed, too_sure)
        bins = equal_width_bins(confidence, 15)
        found = resampling(1000, seed).gaps(bins, 15, correct - confidence)
        (low, high), by_chance = found.interval(found.value, 1000, 1000)
        covered += low <= truth <= high
        assert 0 < by_chance < 0.06
    assert covered >= 88


def test_intervals_are_seeded_narrow_with_rows_and_go_to_0_by_chance():
    made = {}
    for n_rows in (300, 4800):
        labels, probabilities = noisy(n_rows, 4, seed=5)
        made[n_rows] = labelaudit.audit(labels, probabilities, seed=3)
        again = labelaudit.audit(labels, probabilities, seed=3)
        other = labelaudit.audit(labels, probabilities, seed=4)
        for name in KINDS:
            found = made[n_rows].measurement(name)
            assert found == again.measurement(name)
            assert found.interval[0] <= found.value <= found.interval[1]
            assert "seed 3" in found.interval_kind
            assert found.value == other.measurement(name).value
            assert found.interval != other.measurement(name).interval
    for name in KINDS:
        few, many = (made[n].measurement(name).interval for n in (300, 4800))
        assert many[1] - many[0] < 0.6 * (few[1] - few[0])
    confidence, correct = calibrated(400, 1)
    found = resampling(400, 0).gaps(equal_width_bins(confidence, 15), 15, correct - confidence)
    assert found.interval(found.value, 400, 400)[0][0] == 0


def test_a_gap_that_may_be_chance_is_only_information():
    confidence, correct = calibrated(150, 3)
    probabilities = np.column_stack([confidence, 1 - confidence])
    labels = np.where(correct, 0, 1)
    few = labelaudit.audit(labels, probabilities, class_names=["a", "b"], allow=["weak_model"])
    found = few.measurement("calibration")
    assert found.value > 0.03 >= found.interval[0]
    assert [alert.severity for alert in found.alerts] == ["info"]
    assert "chance" in found.alerts[0].message


def test_temperature_of_the_check_value():
    made = labelaudit.audit(Y, P, measures=["temperature"]).measurement("temperature")
    assert made.value == pytest.approx(0.52283, abs=5e-6)
    assert made.details["negative_log_likelihood"] == pytest.approx(0.718253, abs=5e-7)
    assert made.details["negative_log_likelihood_after"] == pytest.approx(0.649066, abs=5e-7)
    assert made.details["applied"] is False
    assert made.interval[0] < made.value < made.interval[1]


@pytest.mark.parametrize("seed", range(6))
def test_temperature_equals_scipy(seed):
    from scipy.optimize import minimize_scalar

    rng = np.random.default_rng(seed)
    labels, probabilities = noisy(300, 4, seed=seed)
    logs = np.log(probabilities) * rng.uniform(0.3, 3)

    def loss(ln_t):
        return losses(logs, labels, float(np.exp(-ln_t)))[0]

    best = minimize_scalar(loss, bounds=(-3, 3), method="bounded", options={"xatol": 1e-9})
    assert np.log(fitted_temperature(logs, labels)) == pytest.approx(best.x, abs=1e-5)
    assert softmax(logs, 0.7).sum(axis=1) == pytest.approx(1)


def test_a_known_temperature_is_found_within_its_interval():
    rng = np.random.default_rng(0)
    logs = np.log(rng.dirichlet(np.ones(5), 20_000))
    chances = softmax(logs, 1 / 1.7)
    labels = (chances.cumsum(axis=1) < rng.random(20_000)[:, None]).sum(axis=1)
    made = labelaudit.audit(
        labels, np.exp(logs), measures=["temperature"], allow=["weak_model"]
    ).measurement("temperature")
    low, high = made.interval
    assert low < 1.7 < high
    assert high - low < 0.3
    assert made.details["differs_from_one"] is True
    assert made.alerts == ()


def test_a_model_twice_as_sure_has_twice_the_temperature():
    labels, probabilities = noisy(400, 4)
    logs = np.log(probabilities)
    found = [fitted_temperature(c * logs, labels) for c in (1, 2)]
    assert found[1] == pytest.approx(2 * found[0])
    once, twice = (interval_of(c * logs, labels, t) for c, t in zip((1, 2), found, strict=True))
    assert twice == pytest.approx((2 * once[0], 2 * once[1]))


def test_temperature_at_its_bounds_has_no_interval():
    _, probabilities = noisy(200, 3, noise=0)
    right = probabilities.argmax(axis=1)
    assert fitted_temperature(np.log(probabilities), right) == pytest.approx(np.exp(-3))
    made = labelaudit.audit(right, probabilities).measurement("temperature")
    assert made.interval is None
    assert made.details["differs_from_one"] is False
    assert "bound" in made.interval_kind


def test_noise_moves_the_temperature_the_wrong_way():
    """A model that is not sure enough of the true labels looks too sure of noisy ones."""
    clean, probabilities = noisy(4000, 5, noise=0.0)
    dirty, _ = noisy(4000, 5, noise=0.3)
    logs = np.log(probabilities)
    assert fitted_temperature(logs, clean) < 1.1 < 1.3 < fitted_temperature(logs, dirty)


def test_nothing_is_recalibrated():
    labels, probabilities = noisy(500, 3)
    whole = labelaudit.audit(labels, probabilities)
    without = labelaudit.audit(labels, probabilities, measures=["class_balance"])
    assert to_document(whole)["detection"] == to_document(without)["detection"]
    assert whole.to_frame().equals(without.to_frame())


def overlap(value):
    return Measurement(name="n1_borderline", title="", value=value, unit="")


@pytest.mark.parametrize(
    ("after", "share", "raised"),
    [(0.06, 0.2, True), (0.06, 0.1, False), (0.04, 0.2, False), (0.06, None, False)],
)
def test_overlap_and_what_a_temperature_leaves(after, share, raised):
    labels, probabilities = noisy(200, 3)
    made = labelaudit.audit(labels, probabilities)
    fitted = made.measurement("temperature")
    fitted = replace(fitted, details={**fitted.details, "calibration_error_after": after})
    earlier = {"temperature": fitted} | ({} if share is None else {"n1_borderline": overlap(share)})
    found = ScaledCalibration.measure(made.dataset, made.detection, earlier)
    assert found.value == after
    ids = [alert.id for alert in found.alerts if alert.id != "scaled_calibration.noisy_labels"]
    assert ids == ["scaled_calibration.overlap"] * raised
    if raised:
        assert "mixup" in found.alerts[0].mitigation
        assert "0.15" in found.alerts[0].basis


@pytest.mark.parametrize(("noise", "raised"), [(0.031, True), (0.03, False), (None, False)])
def test_noisy_labels_are_said_beside_the_temperature(noise, raised):
    made = labelaudit.audit(*noisy(200, 3))
    earlier = {"temperature": made.measurement("temperature")}
    detection = replace(made.detection, model_noise_estimate=noise)
    found = ScaledCalibration.measure(made.dataset, detection, earlier)
    assert [alert.id for alert in found.alerts] == ["scaled_calibration.noisy_labels"] * raised
    if raised:
        message = found.alerts[0].message
        assert "places 3% of the labels elsewhere" in message
        fitted = earlier["temperature"]
        for differs in (True, False):
            details = {**fitted.details, "differs_from_one": differs}
            known = {"temperature": replace(fitted, details=details)}
            (alert,) = ScaledCalibration.measure(made.dataset, detection, known).alerts
            named = f"would fit, {fitted.value:.2f}, which was not applied"
            assert alert.message.endswith(named if differs else "not the true ones")
    assert ScaledCalibration.measure(made.dataset, None, earlier).alerts == ()


def test_one_class_that_occurs():
    probabilities = np.full((5, 2), [0.9, 0.1])
    made = labelaudit.audit([0] * 5, probabilities, allow=["constant_rows"])
    for name in (*KINDS, "temperature", "scaled_calibration"):
        assert 0 <= made.measurement(name).value <= 1


def test_a_row_and_no_temperature():
    made = labelaudit.audit([0], [[0.9, 0.1]], allow=["constant_rows"])
    for name in (*KINDS, "temperature"):
        assert made.measurement(name).value is not None
    found = ScaledCalibration.measure(made.dataset, made.detection, {})
    assert isinstance(found, Skipped)
    assert found.reason


def test_alerts_keep_where_their_threshold_comes_from():
    from labelaudit.core.schema import from_document, to_json

    labels, probabilities = noisy(2000, 3, noise=0.3)
    made = labelaudit.audit(labels, probabilities)
    assert any(alert.basis for alert in made.alerts)
    assert from_document(json.loads(to_json(made))).alerts == made.alerts


def test_wide_rows_take_a_smaller_sample(monkeypatch):
    from labelaudit.measures import temperature

    monkeypatch.setattr(temperature, "MOST_CELLS", 3000)
    labels, probabilities = noisy(2000, 4)
    made = labelaudit.audit(labels, probabilities, measures=["temperature"])
    assert made.measurement("temperature").sample == {"size": 750, "of": 2000, "seed": 0}
    full = fitted_temperature(np.log(probabilities), labels)
    low, high = made.measurement("temperature").interval
    assert low < full < high
    assert Temperature.name == "temperature"
