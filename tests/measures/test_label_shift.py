"""Label shift: check values, the law of tallies, an exact test, halves that do not alarm."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit.auditing import run
from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Batch
from labelaudit.core.results import DatasetFacts, Skipped
from labelaudit.core.schema import to_json
from labelaudit.core.settings import Options
from labelaudit.detect.digest import digest
from labelaudit.engine.job import begin
from labelaudit.measures.label_shift import LEVEL, LabelShift
from labelaudit.measures.shifting import (
    Confusions,
    Hits,
    bbse_shares,
    beyond,
    counted_cells,
    dealt_anew,
    judged_slices,
    marginal_p_value,
    mlls_shares,
    odds_of,
    total_variation,
)
from labelaudit.testing import check_laws
from tests.made import dataset, noisy


def sliced(labels, probabilities, **columns):
    made = dataset(labels, probabilities)
    slices = {
        name: Coded.of([str(v) if v != "" else None for v in c]) for name, c in columns.items()
    }
    return dataclasses.replace(made, slices=slices)


def measured(labels, probabilities, options=None, **columns):
    options = options or Options(measures=("label_shift",))
    made = run(begin(sliced(labels, probabilities, **columns)), options)
    to_json(made)  # no figure that JSON lacks
    return made.measurement("label_shift")


def table(slices, labels, predicted, n_classes):
    codes = (slices.astype(np.int64) * n_classes + labels) * n_classes + predicted
    codes, counts = np.unique(codes, return_counts=True)
    return counted_cells(codes, counts, n_classes, np.unique(slices))


@pytest.mark.parametrize("condition", [1.0, 1e9])
@pytest.mark.parametrize(
    ("joint", "predicted", "weights", "shares"),
    [
        ([[0.4, 0.1], [0.1, 0.4]], [0.68, 0.32], [1.6, 0.4], [0.8, 0.2]),
        (
            [[0.27, 0.03, 0.02], [0.02, 0.24, 0.05], [0.01, 0.03, 0.33]],
            [0.165, 0.524167, 0.310833],
            [0.33333, 2, 0.75],
            [0.1, 0.6, 0.3],
        ),
    ],
)
def test_bbse_check_values(joint, predicted, weights, shares, condition):
    found = bbse_shares(np.array(joint), np.array(predicted), condition)
    assert found[0] == pytest.approx(weights, abs=1e-5)
    assert found[1] == pytest.approx(shares, abs=1e-5)


def test_bbse_many_at_once_and_a_class_that_the_source_lacks():
    joint = np.array([[0.5, 0.0], [0.5, 0.0]])
    weights, shares = bbse_shares(np.stack([joint, joint]), np.array([[0.5, 0.5], [0.4, 0.6]]), 1)
    assert shares == pytest.approx(np.array([[1.0, 0.0], [0.8, 0.2]]))
    assert weights == pytest.approx(np.array([[1.0, 0.0], [0.8, 0.0]]))


def test_bbse_fitted_is_never_below_zero():
    joint = np.array([[0.26, 0.24], [0.24, 0.26]])
    weights, shares = bbse_shares(joint, np.array([0.7, 0.3]), 1e9)
    assert weights.min() >= 0
    assert shares == pytest.approx([1, 0])


def test_mlls_check_value():
    rows = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.2, 0.8]])
    shares, steps = mlls_shares(rows, np.array([0.5, 0.5]), np.ones((1, 4)))
    assert shares[0] == pytest.approx([0.911416, 0.088584], abs=1e-6)
    assert 1 < steps < 2000
    twice, _ = mlls_shares(np.vstack([rows, rows]), np.array([0.5, 0.5]), np.ones((1, 8)))
    weighed, _ = mlls_shares(rows, np.array([0.5, 0.5]), np.full((1, 4), 2.0))
    assert twice == pytest.approx(weighed)


def test_mlls_finds_the_shares_that_rows_were_drawn_with():
    generator = np.random.default_rng(0)
    prior, target = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.3, 0.6])
    truth = generator.choice(3, 20_000, p=target)
    place = 2.0 * truth + generator.normal(size=len(truth))
    likelihood = np.exp(-0.5 * (place[:, None] - 2.0 * np.arange(3)) ** 2)
    rows = prior * likelihood
    rows /= rows.sum(axis=1, keepdims=True)
    shares, _ = mlls_shares(rows, prior, np.ones((1, len(rows))))
    assert shares[0] == pytest.approx(target, abs=0.02)


def test_marginals_as_scipy_and_distance_by_hand():
    from scipy.stats import chi2_contingency

    one, other = np.array([30, 20, 0, 50]), np.array([60, 70, 0, 80])
    expected = chi2_contingency(np.stack([one, other])[:, [0, 1, 3]], correction=False)
    assert marginal_p_value(one, other) == pytest.approx(expected.pvalue)
    assert marginal_p_value(np.array([5, 0]), np.array([9, 0])) == 1
    assert marginal_p_value(np.array([5, 1]), np.array([0, 0])) == 1
    assert total_variation(np.array([0.5, 0.5]), np.array([0.2, 0.8])) == pytest.approx(0.3)


def test_the_largest_slices_are_judged():
    sizes = np.array([50, 10, 400, 29, 30, 0])
    assert judged_slices(sizes).tolist() == [0, 2, 4]
    assert judged_slices(sizes, most=2).tolist() == [0, 2]
    assert judged_slices(sizes, least=1).tolist() == [0, 1, 2, 3, 4]


@given(seed=st.integers(0, 2**31), n_slices=st.integers(2, 4), n_classes=st.integers(2, 6))
@settings(max_examples=25, deadline=None)
def test_what_is_dealt_keeps_its_margins(seed, n_slices, n_classes):
    generator = np.random.default_rng(seed)
    slices, labels, predicted = (
        generator.integers(0, n, 80) for n in (n_slices, n_classes, n_classes)
    )
    found = table(slices, labels, predicted, n_classes)
    labelled = found.labelled()
    for drawn in dealt_anew(found, labelled, 5, generator):
        assert (drawn.sum(axis=0) == found.counts.sum(axis=0)).all()
        anew = dataclasses.replace(found, counts=drawn)
        assert (anew.labelled() == labelled).all()
        assert drawn.min() >= 0


def test_scores_by_hand():
    # 20 rows of label 0, 10 in each slice; slice 0 has 6 of the 8 that are predicted 1.
    found = Confusions(
        given=np.array([0, 0]),
        predicted=np.array([0, 1]),
        counts=np.array([[4, 6], [8, 2]]),
        n_classes=2,
    )
    odds = odds_of(found, 0)
    assert odds.one.tolist() == [0, 1, 0]
    assert odds.other.tolist() == [-1, -1, 1]
    assert odds.excess[0] == pytest.approx([-2, 2, 2])
    variance = 10 * 10 / 19 * 0.4 * 0.6  # of the hypergeometric distribution
    assert odds.scores[0] == pytest.approx(np.array([-2, 2, 2]) / (variance + 1) ** 0.5)
    assert odds.scores[1] == pytest.approx(-odds.scores[0])
    from scipy.stats import hypergeom

    exact = 2 * hypergeom.sf(5, 20, 8, 10)
    assert odds.p_values.min() == pytest.approx(exact, abs=0.05)


def test_what_goes_both_ways_alike_is_no_excess():
    # Slice 0 confuses the two classes more than slice 1, as often one way as the other.
    found = Confusions(
        given=np.array([0, 0, 1, 1]),
        predicted=np.array([0, 1, 0, 1]),
        counts=np.array([[80, 20, 20, 80], [95, 5, 5, 95]]),
        n_classes=2,
    )
    odds = odds_of(found, 0)
    assert odds.excess == pytest.approx(0)
    assert odds.p_values == pytest.approx(1)


def test_a_p_value_is_never_zero():
    found = Confusions(
        given=np.array([0, 0]),
        predicted=np.array([0, 1]),
        counts=np.array([[500, 0], [0, 500]]),
        n_classes=2,
    )
    assert odds_of(found, 0, most=199).p_values.max() == 1 / 200
    assert odds_of(found, 0, least=300, most=199).draws == 300


def realistic(seed, n_rows, n_classes=10):
    generator = np.random.default_rng([7, seed])
    weights = np.geomspace(1, 0.2, n_classes)
    truth = generator.choice(n_classes, n_rows, p=weights / weights.sum())
    near = (truth + generator.integers(1, 3, n_rows)) % n_classes
    predicted = np.where(generator.random(n_rows) < 0.9, truth, near)
    wrong = generator.random(n_rows) < 0.05
    return np.where(wrong, near, truth), predicted, generator


@pytest.mark.parametrize(("n_rows", "splits", "most"), [(300, 200, 19), (3000, 200, 19)])
def test_halves_of_one_dataset_do_not_alarm(n_rows, splits, most):
    """At a true level of 5 % there are more than 19 of 200 in fewer than 4 of 1,000 cases."""
    alarms = 0
    for seed in range(splits):
        labels, predicted, generator = realistic(seed, n_rows)
        half = generator.permutation(n_rows) % 2
        odds = odds_of(table(half, labels, predicted, 10), seed, most=199)
        alarms += odds.p_values.min() <= LEVEL
    assert alarms <= most


def test_other_class_shares_alone_do_not_alarm():
    alarms = 0
    for seed in range(100):
        labels, predicted, generator = realistic(seed, 2000)
        here = generator.random(2000) < np.where(labels < 4, 0.8, 0.2)
        odds = odds_of(table(here.astype(int), labels, predicted, 10), seed, most=199)
        alarms += odds.p_values.min() <= LEVEL
    assert alarms <= 13


def test_a_tenth_of_a_class_relabelled_in_one_half_is_found():
    found = 0
    for seed in range(20):
        labels, predicted, generator = realistic(seed, 10_000)
        half = generator.permutation(10_000) % 2
        own = np.flatnonzero((labels == 2) & (half == 0))
        labels[own[: len(own) // 10]] = 7
        odds = odds_of(table(half, labels, predicted, 10), seed, most=199)
        found += odds.p_values.min() <= LEVEL
    assert found >= 18


def shifted(n_rows=4000, seed=0, sharpness=5.0):
    """Return data whose slice `b` calls a third of class 1 class 3."""
    labels, probabilities = noisy(n_rows, 4, noise=0.02, seed=seed, sharpness=sharpness)
    generator = np.random.default_rng(seed)
    slices = np.where(generator.random(n_rows) < 0.4, "b", "a")
    changed = (labels == 1) & (slices == "b") & (generator.random(n_rows) < 1 / 3)
    return np.where(changed, 3, labels), probabilities, slices


def test_the_measure_names_what_is_at_odds():
    labels, probabilities, slices = shifted()
    found = measured(labels, probabilities, source=slices)
    share = ((slices == "b") & (labels == 3)).sum() / (slices == "b").sum()
    assert found.value == pytest.approx(0.25 / 3, abs=0.03)
    assert found.interval[0] > 0.03
    assert found.interval[0] <= found.value <= found.interval[1]
    (alert,) = found.alerts
    assert alert.id == "label_shift.at_odds"
    assert alert.severity == "caution"
    assert "whose source is b are labelled otherwise than those of a" in alert.message
    assert "labelled 3" in alert.message
    assert "predicted 1" in alert.message
    assert alert.value <= alert.threshold == LEVEL
    column = found.details["columns"]["source"]
    (told,) = [one for one in column["slices"] if one["slice"] == "b"]
    assert told["given_share"][3] == pytest.approx(share)
    assert told["implied_share"][3] < share - 0.04
    assert told["likeliest_share"][3] < share - 0.04
    assert sum(told["implied_share"]) == pytest.approx(1)
    assert told["weights"] == pytest.approx(
        np.array(told["implied_share"]) / told["rest_share"], abs=1e-9
    )
    for name in ("", "likeliest_"):
        low, value, high = (
            np.array(told[f"{name}difference{end}"]) for end in ("_low", "", "_high")
        )
        assert (low <= value + 0.01).all()
        assert (value <= high + 0.01).all()
        assert high[3] < 0


def test_the_same_seed_gives_the_same_and_any_cut_too():
    labels, probabilities, slices = shifted(700)
    made = sliced(labels, probabilities, source=slices)
    options = Options(measures=("label_shift",))
    whole = to_json(run(begin(made), options))
    for batch_rows, shard_rows in ((7, 100), (64, 333)):
        job = begin(made, batch_rows=batch_rows, shard_rows=shard_rows)
        assert to_json(run(job, options)) == whole


def test_two_columns_share_the_level():
    labels, probabilities, slices = shifted()
    other = np.arange(len(labels)) % 3
    found = measured(labels, probabilities, source=slices, fold=other)
    assert {one["level"] for one in found.details["columns"].values()} == {LEVEL / 2}
    assert found.details["column"] == "source"
    assert not any(one["at_odds"] for one in found.details["columns"]["fold"]["slices"])


def test_intervals_cover_the_difference_that_was_made():
    covered = 0
    for seed in range(25):
        generator = np.random.default_rng(seed)
        truth = generator.integers(0, 3, 1500)
        probabilities = np.full((1500, 3), 0.1)
        probabilities[np.arange(1500), truth] = 0.8
        slices = generator.integers(0, 2, 1500)
        moved = (truth == 0) & (slices == 1) & (generator.random(1500) < 0.3)
        found = measured(np.where(moved, 1, truth), probabilities, part=slices)
        told = found.details["columns"]["part"]["slices"]
        (one,) = [one for one in told if one["slice"] == "1"]
        covered += one["difference_low"][0] <= 0.1 <= one["difference_high"][0]
    assert covered >= 20


@pytest.mark.parametrize("seed", range(3))
def test_it_obeys_the_law(seed):
    check_laws(LabelShift, seed=seed)
    law_with_slices(seed)


def law_with_slices(seed, n_rows=240, n_classes=4):
    """The law again, with slices, whatever the made-up dataset of `check_laws` has."""
    labels, probabilities = noisy(n_rows, n_classes, seed=seed)
    labels = labels.astype(np.int32)
    slices = {"by": np.random.default_rng(seed).integers(-1, 3, n_rows).astype(np.int32)}
    facts = DatasetFacts(
        name="law",
        format="memory",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple("abcd"),
        class_counts=tuple(np.bincount(labels, minlength=n_classes).tolist()),
        has=(),
        slices={"by": ("x", "y", "z")},
    )

    def filled(start, stop, step):
        tally = LabelShift(facts)
        for first in range(start, stop, step):
            rows = slice(first, min(first + step, stop))
            own = digest(labels[rows], probabilities[rows])
            codes = {name: column[rows] for name, column in slices.items()}
            tally.update(Batch(start=first, labels=labels[rows], digest=own, slices=codes))
        return tally

    whole = filled(0, n_rows, n_rows).result()
    total = LabelShift(facts)
    for start, stop in ((50, 240), (0, 13), (13, 50)):
        total.merge(filled(start, stop, 7))
    assert total.result() == whole
    assert whole.value is not None


def test_it_is_skipped_without_slices_or_predictions():
    labels, probabilities = noisy(100, 3)
    made = run(begin(dataset(labels, probabilities)), Options(measures=("label_shift",)))
    (found,) = made.measurements
    assert isinstance(found, Skipped)
    assert "cut by" in found.reason


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        (["a"] * 200, "one slice only"),
        ([""] * 200, "one slice only"),
        (["a"] * 199 + ["b"], "no slice has 30 rows"),
        ([str(number) for number in range(200)], "no slice has 30 rows"),
    ],
)
def test_where_nothing_can_be_compared_it_says_why(columns, why):
    labels, probabilities = noisy(200, 3)
    found = measured(labels, probabilities, source=columns)
    assert found.value is None
    assert found.interval is None
    assert found.interval_kind.startswith("none:")
    assert why in found.interval_kind
    assert not found.alerts


def test_blanks_belong_to_no_slice():
    labels, probabilities, slices = shifted(1000)
    blank = np.arange(1000) % 5 == 0
    found = measured(labels, probabilities, source=np.where(blank, "", slices))
    column = found.details["columns"]["source"]
    assert column["blank_rows"] == 200
    assert sum(one["rows"] for one in column["slices"]) == 800


def test_a_class_that_one_slice_lacks():
    labels, probabilities = noisy(900, 3, noise=0.02, sharpness=6.0)
    slices = np.where((labels == 2) | (np.arange(900) % 2 == 0), "a", "b")
    found = measured(labels, probabilities, source=slices)
    assert found.value is not None
    assert not found.alerts
    told = {one["slice"]: one for one in found.details["columns"]["source"]["slices"]}
    assert told["b"]["given_share"][2] == 0
    assert told["b"]["implied_share"][2] < 0.03
    assert told["a"]["rows_compared"] < told["a"]["rows"]  # its rows of class 2 have no like
    assert all(one["class"] != "2" for one in told["a"]["largest_differences"])


def test_two_classes_and_a_model_that_knows_nothing():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 600)
    probabilities = generator.dirichlet([1, 1], 600)
    options = Options(measures=("label_shift",), allow=("alignment",))
    found = measured(labels, probabilities, options, source=np.arange(600) % 2)
    assert [alert.id for alert in found.alerts] == ["label_shift.unstable"]
    assert found.alerts[0].value < found.alerts[0].threshold
    # One predicted class: nothing can be told, and nothing breaks.
    flat = np.tile([0.6, 0.4], (600, 1))
    found = measured(labels, flat, options, source=np.arange(600) % 2)
    assert [alert.id for alert in found.alerts] == ["label_shift.unstable"]


def test_a_thousand_classes():
    labels, probabilities = noisy(6000, 1000, noise=0.02, sharpness=12.0)
    generator = np.random.default_rng(0)
    # Half of the rows are of two classes; one slice calls some of the first the second.
    large = generator.random(6000) < 0.5
    labels = np.where(large, np.where(generator.random(6000) < 0.5, 0, 999), labels)
    probabilities = np.full((6000, 1000), 1e-4, dtype=np.float32)
    probabilities[np.arange(6000), labels] = 1 - 999e-4
    slices = np.arange(6000) % 2
    labels[(labels == 0) & (slices == 0) & (generator.random(6000) < 0.2)] = 999
    found = measured(labels, probabilities, source=slices)
    assert found.value == pytest.approx(0.05, abs=0.015)
    assert found.interval is None
    assert "above 200 classes" in found.interval_kind
    assert found.details["slices_at_odds"] == 2
    told = found.details["columns"]["source"]["slices"][0]
    assert told["likeliest_share"] is None
    assert "implied_share" not in told
    assert told["largest_difference"]["class"] in ("0", "999")


def test_hundreds_of_slices_are_cut_and_said():
    labels, probabilities = noisy(12_000, 3)
    found = measured(labels, probabilities, annotator=np.arange(12_000) % 300)
    column = found.details["columns"]["annotator"]
    assert len(column["slices"]) == 20
    assert column["values"] == 300
    assert column["values_not_judged"] == 280
    assert not found.alerts


def harder_half(seed=0, n_rows=6000):
    generator = np.random.default_rng(seed)
    truth = generator.choice(3, n_rows, p=[0.7, 0.2, 0.1])
    half = generator.integers(0, 2, n_rows)
    wrong = generator.random(n_rows) < np.where(half == 0, 0.05, 0.15)
    predicted = np.where(wrong, (truth + generator.integers(1, 3, n_rows)) % 3, truth)
    probabilities = np.full((n_rows, 3), 0.1)
    probabilities[np.arange(n_rows), predicted] = 0.8
    return truth, probabilities, half


def test_a_slice_that_is_merely_harder_is_no_caution():
    cautions = 0
    for seed in range(6):
        labels, probabilities, half = harder_half(seed)
        found = measured(labels, probabilities, half=half)
        (alert,) = found.alerts
        cautions += alert.severity == "caution"
        assert ("merely be harder" in alert.message) == (alert.severity == "info")
    assert cautions <= 2


def test_a_confusion_that_the_rest_lacks_is_a_caution():
    """A good model has no errors elsewhere to compare ways with: the size must speak."""
    labels = np.arange(2000) % 4
    probabilities = np.full((2000, 4), 0.01)
    probabilities[np.arange(2000), labels] = 0.97
    slices = np.arange(2000) // 1000
    labels = np.where((labels == 2) & (slices == 1) & (np.arange(2000) % 3 == 0), 3, labels)
    (alert,) = measured(labels, probabilities, source=slices).alerts
    assert alert.severity == "caution"
    assert "merely" not in alert.message
    assert "25.1 % are predicted 2, against 0.0 % in 0" in alert.message
    two = np.where(labels == 3, 1, 0)
    of_two = np.where(probabilities[:, 3:] > 0.5, [[0.03, 0.97]], [[0.97, 0.03]])
    (alert,) = measured(two, of_two, source=slices).alerts
    assert alert.severity == "caution"


def test_beyond():
    assert beyond(Hits(100, 50), Hits(100, 5), 3)
    assert beyond(Hits(100, 5), Hits(100, 50), 3)
    assert not beyond(Hits(100, 20), Hits(100, 10), 3)
    assert not beyond(Hits(10, 3), Hits(0, 0), 3)


def test_the_rest_is_named_where_there_are_more_than_two_slices():
    labels, probabilities, slices = shifted()
    slices = np.where((slices == "a") & (np.arange(len(labels)) % 2 == 0), "c", slices)
    (alert,) = measured(labels, probabilities, source=slices).alerts
    assert "whose source is b are labelled otherwise than those of the rest" in alert.message


def test_a_model_that_is_always_right():
    labels = np.arange(400) % 4
    probabilities = np.full((400, 4), 0.01)
    probabilities[np.arange(400), labels] = 0.97
    found = measured(labels, probabilities, source=np.arange(400) // 200)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert not found.alerts


def test_hostile_values_are_harmless_in_alerts():
    labels, probabilities, slices = shifted()
    evil = "\x1b[31m" + "x" * 500
    found = measured(labels, probabilities, source=np.where(slices == "b", evil, "a"))
    (alert,) = found.alerts
    assert "\x1b" not in alert.message + alert.scope
    assert len(alert.message) < 400


def test_real_predictions_of_one_dataset_do_not_alarm(real_data):
    labels = np.load(real_data / "cifar10_test" / "labels.npy").astype(np.int64)
    predicted = np.load(real_data / "cifar10_test" / "pred_probs.npy").argmax(axis=1)
    alarms = 0
    for seed in range(100):
        half = np.random.default_rng(seed).permutation(len(labels)) % 2
        odds = odds_of(table(half, labels, predicted, 10), seed, most=199)
        alarms += odds.p_values.min() <= LEVEL
    assert alarms <= 13
