"""Gates: a bound is compared and not the point; what cannot be judged is never green."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import labelaudit
from labelaudit.check.gates import Gate, gate, gate_of_measure, judge
from labelaudit.check.readings import GATES, Reading, Seen
from labelaudit.check.suspicions import fingerprint, suspicions_of
from labelaudit.check.verdict import Matched, Outcome, Verdict
from labelaudit.core.errors import ConfigError
from labelaudit.core.results import Audit
from labelaudit.core.reviews import Review, Reviews
from tests.made import noisy


@pytest.fixture(scope="module")
def audit() -> Audit:
    labels, given_by = noisy(600, 3, seed=4)
    points = np.eye(3)[labels] + np.random.default_rng(0).normal(size=(600, 3))
    return labelaudit.audit(
        labels,
        given_by,
        embeddings=points,
        class_names=["a", "b", "c"],
        by={"place": ["x", "y", "y"] * 200},
    )


def reading_gate(reading: Reading, limit: float, sense: str = "at most") -> Gate:
    return Gate(name="g", limit=limit, sense=sense, unit="share", read=lambda seen: iter([reading]))


def status(audit: Audit, value: float, interval: object, limit: float, **more: str) -> str:
    sense = more.pop("sense", "at most")
    own = reading_gate(Reading(value=value, interval=interval), limit, sense)  # type: ignore[arg-type]
    (one,) = judge(Seen(audit=audit), [own], **more)  # type: ignore[arg-type]
    return one.status


@pytest.mark.parametrize(
    ("interval", "limit", "sense", "expected"),
    [
        ((0.04, 0.06), 0.03, "at most", "failed"),
        ((0.04, 0.06), 0.05, "at most", "warned"),
        ((0.04, 0.06), 0.04, "at most", "warned"),  # not beyond it
        ((0.04, 0.06), 0.06, "at most", "passed"),
        (None, 0.05, "at most", "passed"),
        (None, 0.049, "at most", "failed"),
        ((0.04, 0.06), 0.07, "at least", "failed"),
        ((0.04, 0.06), 0.05, "at least", "warned"),
        ((0.04, 0.06), 0.04, "at least", "passed"),
    ],
)
def test_a_bound_is_compared_and_not_the_point(audit, interval, limit, sense, expected):
    assert status(audit, 0.05, interval, limit, sense=sense) == expected


@pytest.mark.parametrize(("what", "expected"), [("fail", "failed"), ("pass", "passed")])
def test_what_is_inconclusive_is_what_one_says(audit, what, expected):
    assert status(audit, 0.05, (0.04, 0.06), 0.05, on_inconclusive=what) == expected


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_stricter_limit_never_turns_a_failure_into_a_pass(low, value, high, limit):
    low, value, high = sorted((low, value, high))
    audit = labelaudit.audit(["a", "b"] * 20)
    order = ("failed", "warned", "passed")
    found = [order.index(status(audit, value, (low, high), own)) for own in (limit / 2, limit, 1.0)]
    assert found == sorted(found)


@pytest.mark.parametrize("name", GATES)
def test_every_gate_judges_an_audit_or_says_why_not(audit, name):
    (unit, read) = GATES[name]
    assert read.__doc__
    strict, lax = (0, 1e6) if unit == "count" else (1, 1e6) if unit == "ratio" else (0, 1)
    limits = (lax, strict) if name.startswith("min_") else (strict, lax)
    for limit, expected in zip(limits, ({"failed", "warned", "passed"}, {"passed"}), strict=True):
        outcomes = judge(Seen(audit=audit), [gate(name, limit)])
        assert outcomes
        for one in outcomes:
            if one.status == "skipped":
                assert name in ("max_error_rate", "max_new_findings", "max_leakage")
                assert "cannot be judged: " in one.message
                assert one.remedy
            else:
                assert one.status in expected
                assert one.basis


def test_readings_are_what_the_audit_says(audit):
    detection = audit.detection
    assert detection is not None
    noise = one(audit, "max_model_noise", 0.5)
    assert noise.value == detection.model_noise_estimate
    assert noise.interval == detection.model_noise_interval
    assert "bias unknown" in noise.basis
    assert "of sampling only" in noise.basis
    share = one(audit, "max_flagged_share", 0.5)
    measured = audit.measurement("suspect_share")
    assert (share.value, share.interval) == (measured.value, measured.interval)
    near = audit.measurement("knn_disagreement")
    assert one(audit, "min_separability", 0.1).value == 1 - near.value
    assert one(audit, "max_imbalance", 9).value == audit.measurement("class_balance").value


def one(audit: Audit, name: str, limit: float) -> Outcome:
    (found,) = judge(Seen(audit=audit), [gate(name, limit)])
    return found


def test_classes_that_fail_are_named_and_the_rest_counted(audit):
    counts = sorted(audit.dataset.class_counts)
    found = judge(Seen(audit=audit), [gate("min_class_examples", counts[1])])
    assert [outcome.status for outcome in found] == ["failed", "passed"]
    assert found[0].value == counts[0]
    assert found[0].scope.startswith("class ")
    assert found[1].message.startswith("2 of 3 pass; the nearest, class ")


def test_slices_are_judged_by_themselves(audit):
    seen = Seen(audit=audit, by=("place",))
    scopes = {
        outcome.scope: outcome.value for outcome in judge(seen, [gate("max_flagged_share", 0)])
    }
    assert set(scopes) == {"", "place=x", "place=y"}
    assert audit.detection is not None
    flagged = audit.detection.flagged_by_slice["place"]
    assert scopes["place=x"] == flagged[0] / 200
    assert scopes["place=y"] == flagged[1] / 400
    with pytest.raises(ConfigError, match="did you mean 'place'"):
        judge(Seen(audit=audit, by=("plac",)), [gate("max_flagged_share", 0)])


def test_without_predictions_nothing_is_judged_and_nothing_is_green():
    audit = labelaudit.audit(["a", "b"] * 20)
    verdict = verdict_of(audit, "max_model_noise", "max_flagged_share")
    assert [outcome.status for outcome in verdict.outcomes] == ["skipped", "skipped"]
    assert verdict.exit_code == 4


def verdict_of(audit: Audit, *names: str, allow: tuple[str, ...] = ()) -> Verdict:
    gates = [gate(name, 1) for name in names]
    return Verdict(
        dataset="d",
        tool_version="0",
        n_examples=1,
        n_flagged=None,
        outcomes=judge(Seen(audit=audit), gates, "warn", allow),
    )


@pytest.mark.parametrize(
    ("names", "allow", "code"),
    [
        (("max_flagged_share",), (), 0),
        (("max_flagged_share", "max_error_rate"), (), 4),
        (("max_flagged_share", "max_error_rate"), ("max_error_rate",), 0),
        (("max_error_rate",), ("max_error_rate",), 4),  # nothing is left that was judged
    ],
)
def test_a_gate_that_cannot_be_judged_is_not_green(audit, names, allow, code):
    assert verdict_of(audit, *names, allow=allow).exit_code == code


def reviews(wrong: int, seen: int) -> Reviews:
    by_row = {row: Review(verdict="suggested" if row < wrong else "stands") for row in range(seen)}
    return Reviews(n_examples=600, n_suspects=60, rule="ours", by_row=by_row)


@pytest.mark.parametrize(
    ("wrong", "seen", "limit", "expected"),
    [
        (54, 54, 0.05, "failed"),
        (0, 40, 0.0, "warned"),
        (0, 40, 0.01, "passed"),
        (0, 60, 0.0, "passed"),  # all were reviewed
        (30, 60, 0.05, "passed"),
        (30, 60, 0.049, "failed"),
    ],
)
def test_people_decide_the_error_rate(audit, wrong, seen, limit, expected):
    made = replace(audit, reviews=reviews(wrong, seen))
    assert one(made, "max_error_rate", limit).status == expected


def test_only_what_is_new_counts_against_a_baseline(audit):
    matched = Matched(
        path="b.json", n_new=2, n_moved=40, n_known=3, n_expired=0, stale=(), rests_on="ids"
    )
    for limit, expected in ((1, "failed"), (2, "passed")):
        (found,) = judge(Seen(audit=audit, baseline=matched), [gate("max_new_findings", limit)])
        assert (found.value, found.status) == (2, expected)


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("max_flaged_share", 0.1, "did you mean 'max_flagged_share'"),
        ("max_flagged_share", "lots", "the limit is a number"),
        ("max_flagged_share", "5", "from 0 to 1 or 0% to 100%"),
        ("max_flagged_share", "nan", "the limit is a number"),
        ("min_class_examples", "2.5", "a whole number"),
        ("min_class_examples", "5%", "the limit is a number"),
        ("max_imbalance", "0.5", "a ratio from 1 on"),
    ],
)
def test_a_wrong_limit_is_refused_in_a_line(name, limit, said):
    with pytest.raises(ConfigError, match=said):
        gate(name, limit)


def test_shares_are_also_written_in_per_cent():
    assert gate("max_flagged_share", "3%").limit == gate("max_flagged_share", "0.03").limit


def test_any_measure_has_a_gate(audit):
    known = {measured.name for measured in audit.measurements or ()}
    for text, expected in (
        ("measure.silhouette>=-1", "passed"),
        ("measure.silhouette >= 1", "failed"),
    ):
        (found,) = judge(Seen(audit=audit), [gate_of_measure(text, known)])
        assert found.status == expected
    (skipped,) = judge(Seen(audit=audit), [gate_of_measure("measure.near_leakage<=0", known)])
    assert skipped.status == "skipped"
    for text, said in (
        ("measure.silhouete<=1", "did you mean 'silhouette'"),
        ("x<=1", "write measure"),
    ):
        with pytest.raises(ConfigError, match=said):
            gate_of_measure(text, known)


def test_suspicions_point_at_lines(sample_data: Path):
    audit = labelaudit.audit(sample_data / "digits")
    found = list(suspicions_of(audit, "sample_data/digits"))
    assert audit.findings is not None
    assert len(found) == len(audit.findings)
    lines = (sample_data / "digits" / "labels.csv").read_text().splitlines()
    for one_of in found:
        assert one_of.path == "sample_data/digits/labels.csv"
        assert one_of.line is not None
        assert one_of.id in lines[one_of.line - 1]
    assert len({one_of.fingerprint for one_of in found}) == len(found)


def test_a_fingerprint_is_of_id_and_label_alone():
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
    assert (
        fingerprint("images/0381.png", "5") == "b0569d20004fb031"
    )  # baselines lie in repositories
    assert fingerprint("\ud800", "b") != fingerprint("\ud801", "b")


def test_the_gate_fails_seldom_where_the_estimate_is_the_limit():
    """Of sampling: of resamples of one population whose estimate is the limit few may fail."""
    rng = np.random.default_rng(0)
    labels, given_by = noisy(2_000, 4, seed=7)
    whole = labelaudit.audit(labels, given_by)
    assert whole.detection is not None
    limit = whole.detection.model_noise_estimate
    assert limit is not None
    failed = 0
    for _ in range(60):
        rows = rng.integers(0, len(labels), len(labels))
        drawn = labelaudit.audit(labels[rows], given_by[rows])
        failed += one(drawn, "max_model_noise", limit).status == "failed"
    assert failed <= 5  # of 60; 2.5 % would be 1.5
