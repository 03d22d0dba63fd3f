"""Gates by slice, and limits as users write them."""

import numpy as np
import pytest

import labelaudit
from labelaudit.check.figures import known_gates
from labelaudit.check.judging import judge, written
from labelaudit.check.limits import gate_of, gates_of, measure_gate
from labelaudit.core.errors import ConfigError
from labelaudit.core.results import Audit
from tests.made import noisy
from tests.report.conftest import made_audit


def sliced() -> Audit:
    labels, probabilities = noisy(600, 3, 0.1, seed=5)
    camera = np.array(["left"] * 300 + ["right"] * 290 + ["old"] * 10)
    return labelaudit.audit(labels, probabilities, by={"camera": camera})


def test_by_a_column_each_slice_is_held_to_the_limit():
    audit = sliced()
    outcomes = judge(audit, [gate_of("min_class_examples", 50)], by=["camera"])
    assert [(o.scope, o.status) for o in outcomes] == [
        ("every class", "passed"),
        ("camera=old", "failed"),
    ]
    outcomes = judge(audit, [gate_of("max_flagged_share", 0)], by=["camera"])
    flagged = dict(
        zip(audit.dataset.slices["camera"], audit.detection.flagged_by_slice["camera"], strict=True)
    )
    assert outcomes[0].scope == ""
    assert {o.scope: o.value for o in outcomes[1:]} == {
        f"camera={name}": flagged[name] / n
        for name, n in (("left", 300), ("right", 290), ("old", 10))
    }
    passed = judge(audit, [gate_of("max_flagged_share", 1)], by=["camera"])
    assert [o.scope for o in passed] == ["", "every value of camera"]


def test_a_column_that_the_audit_is_not_cut_by_is_a_mistake():
    with pytest.raises(ConfigError, match=r"cut by camera; did you mean 'camera'\?"):
        judge(sliced(), [gate_of("max_flagged_share", 1)], by=["camra"])
    with pytest.raises(ConfigError, match="cut by none"):
        judge(made_audit(), [gate_of("max_flagged_share", 1)], by=["camera"])


# Limits.


@pytest.mark.parametrize(
    ("text", "value"),
    [("3%", 0.03), (".03", 0.03), ("3 %", 0.03), (0.03, 0.03), ("0", 0), (1, 1), ("100%", 1)],
)
def test_a_share_is_written_either_way(text, value):
    assert gate_of("max_model_noise", text).limit == value


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("max_model_noise", "3", "a share is from 0 to 1; for 3 % write 3%"),
        ("max_model_noise", "101%", "a share is from 0 to 1"),
        ("max_model_noise", "-1%", "a limit is not below 0"),
        ("max_model_noise", "nan", "give a number"),
        ("max_model_noise", "inf", "give a number"),
        ("max_model_noise", "three", "give a number"),
        ("max_model_noise", "", "give a number"),
        ("max_model_noise", "1_0", "give a number"),
        ("max_model_noise", True, "give a number"),
        ("max_model_noise", [1], "give a number"),
        ("max_imbalance", "0.5", "a ratio is 1 or more"),
        ("min_class_examples", "2.5", "a whole number"),
        ("min_class_examples", "5%", "a whole number"),
        ("max_calibration_error", "2", "from 0 to 1"),
        ("max_model_nose", "2", "did you mean 'max_model_noise'"),
    ],
)
def test_a_limit_that_makes_no_sense_is_one_clear_line(name, limit, said):
    with pytest.raises(ConfigError) as caught:
        gate_of(name, limit)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["calibration<=1", "measure.x", "measure.x=1", "measure.x<1", "measure.>=1", "", "\n"]
)
def test_what_is_no_gate_on_a_measure_says_how_one_is_written(text):
    with pytest.raises(ConfigError, match="write a measure, >= or <="):
        measure_gate(text)


def test_a_table_of_gates_is_read_as_it_stands_in_a_configuration():
    table = {
        "max_model_noise": 0.03,
        "min_class_examples": 30,
        "on_inconclusive": "fail",
        "allow_skipped": ["max_error_rate"],
        "by": "camera",
        "measure": {"calibration": "<= 0.05"},
    }
    assert [(gate.name, gate.sense, gate.limit) for gate in gates_of(table)] == [
        ("max_model_noise", "at most", 0.03),
        ("min_class_examples", "at least", 30),
        ("measure.calibration", "at most", 0.05),
    ]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"on_inconclusive": "fial"}, "did you mean 'fail'"),
        ({"allow_skipped": ["max_eror_rate"]}, "did you mean 'max_error_rate'"),
    ],
)
def test_a_word_that_is_not_known_is_refused(more, said):
    with pytest.raises(ConfigError, match=said):
        judge(made_audit(), [gate_of("max_imbalance", 9)], **more)


def test_figures_are_written_as_exactly_as_it_takes():
    assert written(0.03, "share", 0.03) == "3 %"
    assert written(0.0300001, "share", 0.03) == "3.00001 %"
    assert written(12345, "count") == "12,345"
    assert written(106.0, "ratio") == "106"
    assert written(12345.0, "ratio") == "12,300"


def test_hostile_names_come_out_on_one_harmless_line():
    names = ("\x1b[31mred\n::error", "b\u202e", "c" * 10_000)
    outcomes = judge(
        made_audit(names=names, ids=("x",)),
        [gate_of("min_class_examples", 1000), gate_of("max_class_flagged_share", 0)],
    )
    assert len(outcomes) > 3
    for outcome in outcomes:
        for text in (outcome.scope, outcome.message, outcome.basis, outcome.remedy):
            assert text.isprintable()
            assert len(text) < 700


@pytest.mark.parametrize("name", known_gates())
def test_every_gate_explains_its_figure_its_interval_and_its_source(name):
    text = known_gates()[name].figures.__doc__
    assert text.split("\n")[0].endswith(".")
    assert "Source: " in text
    assert "interval" in text or "exact" in text
    assert "limit" in text
