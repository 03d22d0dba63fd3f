"""Alerts stand by severity, then by what they are about, then as they were raised."""

from itertools import pairwise

import numpy as np
import pytest

import labelaudit
from labelaudit.core.importance import OF_ALERT, OF_MODULE, SUBJECTS, importance, subject_of
from labelaudit.core.modules import modules_of
from labelaudit.core.results import Alert, Audit, DatasetFacts, Measurement
from labelaudit.ingest.contract.rules import known_rules
from labelaudit.measures import known_measures

SEVERITIES = ("critical", "caution", "info")


def alert(name, severity="caution", module="statistics"):
    return Alert(
        id=name, severity=severity, module=module, scope="dataset", message=name, mitigation="-"
    )


def audit_of(alerts):
    facts = DatasetFacts(
        name="a", format="csv", n_examples=1, n_unlabelled=0, class_names=("a",),
        class_counts=(1,), has=(),
    )  # fmt: skip
    measured = tuple(
        Measurement(name=f"m{at}", title="-", value=None, unit="-", alerts=(one,))
        for at, one in enumerate(alerts)
    )
    return Audit(
        dataset=facts, contract=(), inputs=(), settings={}, tool_version="0", measurements=measured
    )


def test_labels_then_inputs_then_separability_balance_and_calibration():
    raised = [
        alert("calibration.gap", module="probabilistic_model"),
        alert("class_balance.imbalanced"),
        alert("knn_accuracy.near_chance", module="pair_plots"),
        alert("contract.ids_matched", module="contract"),
        alert("tail_suspects.more"),
    ]
    wanted = [one.id for one in reversed(raised)]
    assert [one.id for one in audit_of(raised).alerts] == wanted
    assert [subject_of(one.id, one.module) for one in reversed(raised)] == list(SUBJECTS)


def test_severity_comes_before_importance():
    raised = [alert("tail_suspects.more", "info"), alert("class_balance.wide", "critical")]
    assert [one.severity for one in audit_of(raised).alerts] == ["critical", "info"]


def test_what_is_equally_important_stays_as_it_was_raised():
    raised = [alert(f"{name}.x") for name in ("zeta", "alpha", "mid", "alpha", "beta")]
    assert [one.id for one in audit_of(raised).alerts] == [one.id for one in raised]


@pytest.mark.parametrize(
    ("name", "module", "subject"),
    [
        ("noise_or_overlap.mislabelled", "pair_plots", "labels"),
        ("noise_or_overlap.overlap", "pair_plots", "separability"),  # the id before the measure
        ("contract.duplicates", "contract", "labels"),
        ("contract.leakage", "contract", "inputs"),
        ("class_auroc.not_comparable", "statistics", "balance"),
        ("class_auroc.like_guessing", "probabilistic_model", "separability"),
        ("of_a_plugin.new", "of_a_plugin", "calibration"),
    ],
)
def test_what_an_alert_is_about(name, module, subject):
    assert subject_of(name, module) == subject
    assert SUBJECTS[importance(name, module)] == subject


def test_the_order_names_what_there_is():
    known = {"contract." + name for name in known_rules()} | known_measures().keys()
    for name in OF_ALERT:
        assert name in known or name.split(".")[0] in known
    assert modules_of(audit_of([])).keys() | {"contract"} == OF_MODULE.keys()
    assert {*OF_ALERT.values(), *OF_MODULE.values()} == set(SUBJECTS)


def test_alerts_of_a_real_audit_are_in_order():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [900, 80, 12])
    points = rng.normal(size=(len(labels), 4)) + 2 * np.eye(4)[labels]
    near = np.exp(points[:, :3])
    alerts = labelaudit.audit(
        labels, near / near.sum(axis=1, keepdims=True), embeddings=points
    ).alerts
    assert len({subject_of(one.id, one.module) for one in alerts}) > 1
    keys = [(SEVERITIES.index(one.severity), importance(one.id, one.module)) for one in alerts]
    assert all(a <= b for a, b in pairwise(keys))
