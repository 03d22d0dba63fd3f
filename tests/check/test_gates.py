"""Gates: what is held against a limit, and when it passes, warns, fails or cannot be judged."""

from dataclasses import replace

import numpy as np
import pytest

import labelaudit
from labelaudit.check.figures import AT_LEAST, AT_MOST, Figure, known_gates
from labelaudit.check.judging import MOST_NAMED, judge, standing
from labelaudit.check.limits import RULE, Gate, gate_of, measure_gate
from labelaudit.check.verdict import Matched, Outcome, Verdict
from labelaudit.core.dataset import Check
from labelaudit.core.intervals import clopper_pearson
from labelaudit.core.results import Audit, Measurement, Skipped
from labelaudit.core.reviews import Review, Reviews
from tests.made import noisy
from tests.report.conftest import made_audit

DIMENSIONLESS = {"share": 0.05, "score": 0.05, "ratio": 10, "count": 5}


def one(audit: Audit, name: str, limit: object, **more: object) -> Outcome:
    (outcome,) = judge(audit, [gate_of(name, limit)], **more)
    return outcome


def with_interval(audit: Audit, estimate: float | None, *interval: float) -> Audit:
    detection = replace(
        audit.detection, model_noise_estimate=estimate, model_noise_interval=interval or None
    )
    return replace(audit, detection=detection)


def reviewed(audit: Audit, wrong: int, n: int, suspects: int = 40) -> Audit:
    verdicts = ["suggested"] * wrong + ["stands"] * (n - wrong)
    return replace(
        audit,
        reviews=Reviews(
            n_examples=200,
            n_suspects=suspects,
            rule="two of three say so",
            by_row={row: Review(verdict=verdict) for row, verdict in enumerate(verdicts)},
        ),
    )


def measured(audit: Audit, found: Measurement | Skipped) -> Audit:
    others = [own for own in audit.measurements if own.name != found.name]
    return replace(audit, measurements=(*others, found))


# The rule: a bound is compared, not the point.


@pytest.mark.parametrize(
    ("interval", "at_most", "at_least"),
    [
        ((0.01, 0.02), "passed", "failed"),
        ((0.01, 0.03), "passed", "inconclusive"),  # the upper bound at the limit is not above it
        ((0.02, 0.04), "inconclusive", "inconclusive"),
        ((0.03, 0.05), "inconclusive", "passed"),
        ((0.0300001, 0.05), "failed", "passed"),
        (None, "passed", "passed"),  # 0.03 itself, exactly
    ],
)
def test_a_gate_compares_a_bound_and_never_the_point(interval, at_most, at_least):
    figure = Figure(value=0.03, interval=interval, what="", basis="")
    for sense, expected in ((AT_MOST, at_most), (AT_LEAST, at_least)):
        gate = Gate(name="g", sense=sense, limit=0.03, unit="share")
        assert standing(figure, gate) == expected


def test_widening_an_interval_never_turns_a_verdict_round():
    generator = np.random.default_rng(0)
    for low, high, limit, more in generator.random((300, 4)):
        low, high = sorted((low, high))
        gate = Gate(name="g", sense=AT_MOST, limit=limit, unit="share")
        before = standing(Figure(value=low, interval=(low, high), what="", basis=""), gate)
        wide = (low - more, high + more)
        after = standing(Figure(value=low, interval=wide, what="", basis=""), gate)
        assert after in (before, "inconclusive")


@pytest.mark.parametrize(
    ("on_inconclusive", "status", "code"),
    [("warn", "warned", 0), ("fail", "failed", 1), ("pass", "passed", 0)],
)
def test_what_cannot_be_told_is_as_the_user_says(on_inconclusive, status, code):
    audit = with_interval(made_audit(), 0.04, 0.02, 0.06)
    outcome = one(audit, "max_model_noise", "3%", on_inconclusive=on_inconclusive)
    assert outcome.status == status
    assert "lies inside the interval" in outcome.message
    assert (outcome.value, outcome.interval, outcome.limit) == (0.04, (0.02, 0.06), 0.03)
    verdict = Verdict(dataset="d", tool_version="0", n_examples=1, n_flagged=0, outcomes=(outcome,))
    assert verdict.exit_code == code


def test_an_estimate_says_that_it_is_the_models_and_what_its_interval_covers():
    outcome = one(with_interval(made_audit(), 0.1, 0.09, 0.11), "max_model_noise", 0.03)
    assert outcome.status == "failed"
    assert outcome.basis.startswith("the model's estimate, bias unknown; ")
    assert RULE in outcome.basis
    assert "sampling of rows only" in RULE
    assert outcome.remedy


def test_a_weak_model_cannot_be_judged_and_says_why():
    audit = made_audit()
    weak = replace(
        audit,
        detection=replace(
            audit.detection, model_noise_estimate=None, model_noise_basis="not given: too weak"
        ),
    )
    for name in ("max_model_noise", "max_class_error_rate"):
        outcome = one(weak, name, 0.5)
        assert (outcome.status, outcome.message) == ("skipped", "not given: too weak")
    assert one(audit, "max_model_noise", 0.5).status == "skipped"  # no interval, no verdict


@pytest.mark.parametrize("name", [*known_gates(), "measure.calibration"])
def test_without_what_it_needs_every_gate_is_skipped_or_exact(name):
    bare = replace(
        made_audit(), detection=None, measurements=None, contract=(), findings=None, reviews=None
    )
    gate = measure_gate(f"{name}<=1") if "." in name else gate_of(name, 1)
    (outcome, *_) = judge(bare, [gate])
    if name in ("min_class_examples", "max_contract_alerts"):
        assert outcome.interval is None
    else:
        assert outcome.status == "skipped"
        assert outcome.value is None
        assert not outcome.allowed
        assert judge(bare, [gate], allow_skipped=[name])[0].allowed


# Each gate.


def test_error_rate_needs_people():
    outcome = one(made_audit(), "max_error_rate", 0.05)
    assert outcome.status == "skipped"
    assert "until people have reviewed" in outcome.message
    assert one(reviewed(made_audit(), 0, 0), "max_error_rate", 0.05).status == "skipped"


def test_error_rate_scales_the_interval_of_the_reviewed_suspects():
    # 12 of 20 reviewed are wrong; 40 suspects in 200 labels: 12/20 * 40/200 = .12.
    outcome = one(reviewed(made_audit(), 12, 20), "max_error_rate", 0.05)
    assert outcome.value == pytest.approx(0.12)
    # Clopper and Pearson, 12 of 20: .360543 to .808809 (R: binom.test(12, 20)).
    assert outcome.interval == pytest.approx((0.0721086, 0.1617618), abs=1e-6)
    assert outcome.status == "failed"
    assert "errors outside the suspects not counted" in outcome.basis
    assert "two of three say so" in outcome.basis


def test_no_wrong_label_among_few_reviews_does_not_pass_a_small_limit():
    audit = reviewed(made_audit(), 0, 10)
    outcome = one(audit, "max_error_rate", 0.03)
    # 0 of 10: the upper end is 1 - .025^(1/10) = .308497, times 40/200.
    assert outcome.interval == pytest.approx((0, 0.0616994), abs=1e-6)
    assert (outcome.value, outcome.status) == (0, "warned")
    assert one(audit, "max_error_rate", 0.07).status == "passed"


def test_where_all_suspects_were_reviewed_nothing_was_sampled():
    outcome = one(reviewed(made_audit(), 3, 40), "max_error_rate", 0.015)
    assert outcome.interval is None
    assert (outcome.value, outcome.status) == (pytest.approx(0.015), "passed")
    assert "nothing was sampled" in outcome.basis


def test_flagged_share_is_that_of_the_filter_whatever_the_budget():
    audit = made_audit()  # 12 of 112 flagged
    outcome = one(audit, "max_flagged_share", 0.05)
    assert outcome.value == 12 / 112
    assert outcome.interval == pytest.approx(clopper_pearson(12, 112))
    budget = replace(audit.detection, top="3", n_flagged=3, n_filtered=12)
    assert one(replace(audit, detection=budget), "max_flagged_share", 0.05).value == 12 / 112
    skipped = one(replace(audit, detection=budget), "max_class_flagged_share", 0.05)
    assert (skipped.status, "budget" in skipped.message) == ("skipped", True)


def test_new_findings_are_those_of_the_baseline():
    known = Matched(
        path="b.json", n_new=2, n_moved=5, n_known=3, n_expired=0, stale=(), rests_on="ids"
    )
    audit = made_audit()
    assert one(audit, "max_new_findings", 2, baseline=known).status == "passed"
    assert one(audit, "max_new_findings", 1, baseline=known).status == "failed"
    moved = one(audit, "max_new_findings", 6, baseline=known, count_moved=True)
    assert (moved.value, moved.status) == (7, "failed")
    assert "ids" in moved.basis


def test_classes_that_fail_or_warn_are_named_and_else_one_line_says_that_all_pass():
    audit = made_audit()
    outcomes = judge(audit, [gate_of("min_class_examples", 50)])
    assert [(o.scope, o.value, o.status) for o in outcomes] == [
        ("class bird", 12, "failed"),
        ("class cat", 47, "failed"),
    ]
    outcome = one(audit, "min_class_examples", 12)
    assert (outcome.scope, outcome.value, outcome.status) == ("every class", 12, "passed")
    assert "all 3 pass" in outcome.message
    assert "class bird" in outcome.message


def test_of_many_bad_classes_the_worst_are_named_and_the_rest_counted():
    n = MOST_NAMED + 15
    audit = made_audit(
        names=[f"c{k}" for k in range(n)], joint=np.diag(np.arange(n) + 1).tolist(), ids=("x",)
    )
    outcomes = judge(audit, [gate_of("min_class_examples", 1000)])
    assert len(outcomes) == MOST_NAMED + 1
    assert [o.value for o in outcomes] == list(range(1, MOST_NAMED + 2))
    assert outcomes[-1].scope == "15 more, each a class"
    assert {o.status for o in outcomes} == {"failed"}


def test_a_class_without_examples_has_too_few():
    audit = made_audit(joint=((5, 0, 0), (0, 5, 0), (0, 0, 0)), ids=("x",))
    outcomes = judge(audit, [gate_of("min_class_examples", 1)])
    assert [(o.scope, o.value) for o in outcomes] == [("class bird", 0)]
    assert one(audit, "max_class_flagged_share", 1).status == "passed"


def test_intervals_of_classes_are_widened_for_their_number():
    outcomes = judge(made_audit(), [gate_of("max_class_flagged_share", 0)])
    found = {o.scope: (o.value, o.interval) for o in outcomes}
    assert found["class cat"] == (7 / 47, pytest.approx(clopper_pearson(7, 47, 0.05 / 3)))


def test_the_error_rate_of_a_class_is_its_row_of_the_joint_and_no_surer_than_the_whole():
    labels, probabilities = noisy(1000, 4, 0.2, seed=3)
    audit = labelaudit.audit(labels, probabilities, measures=["class_balance"])
    joint = audit.detection.confident_joint
    outcomes = judge(audit, [gate_of("max_class_error_rate", 0)])
    assert len(outcomes) == 4
    for outcome in outcomes:
        k = int(outcome.scope.removeprefix("class "))
        n, off = joint[k].sum(), joint[k].sum() - joint[k, k]
        assert outcome.value == pytest.approx(off / n)
        low, high = clopper_pearson(int(off), int(n), 0.05 / 4)
        assert outcome.interval[0] < low < high < outcome.interval[1]
        assert outcome.basis.startswith("the model's estimate, bias unknown")


def test_separability_is_agreement_with_its_interval_turned_round_and_twice_as_wide():
    found = Measurement(
        name="knn_disagreement", title="", value=0.2, unit="", interval=(0.15, 0.26)
    )
    outcome = one(measured(made_audit(), found), "min_separability", "80%")
    assert outcome.value == pytest.approx(0.8)
    assert outcome.interval == pytest.approx((0.68, 0.9))
    assert outcome.status == "warned"


@pytest.mark.parametrize(
    ("name", "measure", "limit", "status"),
    [
        ("max_imbalance", "class_balance", 4, "failed"),  # 53 / 12
        ("max_imbalance", "class_balance", 4.5, "passed"),
        ("max_calibration_error", "calibration", 0.02, "failed"),  # .021 to .061
        ("max_calibration_error", "calibration", 0.05, "warned"),
        ("max_calibration_error", "calibration", 0.061, "passed"),
    ],
)
def test_gates_on_measures(name, measure, limit, status):
    audit = made_audit()
    outcome = one(audit, name, limit)
    assert (outcome.status, outcome.value) == (status, audit.measurement(measure).value)


def test_leakage_is_exact_and_says_what_is_missing():
    audit = made_audit()
    one_split = Skipped(
        name="split_leakage", title="", reason="all rows are of one split", remedy="x"
    )
    outcome = one(measured(audit, one_split), "max_leakage", 0)
    assert (outcome.status, "one split" in outcome.message) == ("skipped", True)
    found = Measurement(name="split_leakage", title="", value=0.004, unit="", interval_kind="none")
    outcome = one(measured(audit, found), "max_leakage", 0)
    assert (outcome.status, outcome.interval) == ("failed", None)


def test_duplicates_and_alerts_come_from_the_contract():
    audit = made_audit()
    check = Check(
        name="duplicates",
        status="alerted",
        message="m",
        evidence={"groups": 3, "compared": "texts"},
    )
    doubled = replace(audit, contract=(*audit.contract, check))
    assert one(doubled, "max_conflicting_duplicates", 2).status == "failed"
    assert one(doubled, "max_conflicting_duplicates", 3).status == "passed"
    alerts = one(doubled, "max_contract_alerts", 0)
    assert (alerts.value, alerts.status) == (1, "failed")
    assert "duplicates" in alerts.basis
    assert one(audit, "max_contract_alerts", 0).status == "passed"
    untold = Check(name="duplicates", status="not_testable", message="nothing to compare")
    skipped = one(replace(audit, contract=(untold,)), "max_conflicting_duplicates", 0)
    assert (skipped.status, skipped.message) == ("skipped", "nothing to compare")


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ("measure.never_heard_of>=0.5", "passed"),  # .5 to .75
        ("measure.never_heard_of >= 0.7", "warned"),
        ("measure.never_heard_of>=80%", "failed"),
        ("measure.never_heard_of<=.4", "failed"),
        ("measure.knn_disagreement<=1", "skipped"),
        ("measure.not_run<=1", "skipped"),
    ],
)
def test_any_measure_is_a_gate(gate, status):
    (outcome,) = judge(made_audit(), [measure_gate(gate)])
    assert outcome.status == status
    assert outcome.gate == gate.replace(" ", "").split(">")[0].split("<")[0]


def test_a_measure_without_a_value_cannot_be_judged():
    undefined = Measurement(
        name="m", title="", value=None, unit="", interval_kind="none: one class"
    )
    (outcome,) = judge(measured(made_audit(), undefined), [measure_gate("measure.m>=1")])
    assert (outcome.status, outcome.message) == ("skipped", "m is undefined: one class")
