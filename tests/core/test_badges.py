"""Badges: yes, no or unknown, with what each rests on; never blank."""

import json
from dataclasses import replace

import numpy as np
import pytest

import labelaudit
from labelaudit.core.badges import badges_of
from labelaudit.core.dataset import Check
from labelaudit.core.results import Measurement
from labelaudit.core.reviews import Review, Reviews
from labelaudit.core.schema import from_document, to_document
from labelaudit.report import render
from tests.made import noisy

KEYS = [
    "out_of_sample_predictions",
    "labels_human_validated",
    "multi_annotator",
    "duplicates_checked",
    "calibration_ok",
    "min_samples_ok",
    "license_present",
]


def states(audit):
    return {badge.key: badge.state for badge in badges_of(audit)}


def made(**more):
    labels, probabilities = noisy(300, 3)
    return labelaudit.audit(labels, probabilities, **more)


def calibration(value, interval):
    return Measurement(name="calibration", title="", value=value, unit="", interval=interval)


@pytest.mark.parametrize("stage", ["labels alone", "all", "embeddings"])
def test_always_the_same_seven_with_evidence(stage):
    if stage == "labels alone":
        audit = labelaudit.audit(["a", "b", "a"])
    elif stage == "all":
        audit = made()
    else:
        audit = made(embeddings=np.random.default_rng(0).normal(size=(300, 4)))
    found = badges_of(audit)
    assert [badge.key for badge in found] == KEYS
    for badge in found:
        assert badge.state in ("yes", "no", "unknown")
        assert badge.evidence
    assert states(audit)["labels_human_validated"] == "unknown"
    document = to_document(audit)
    assert [badge["key"] for badge in document["badges"]] == KEYS
    again = from_document(json.loads(json.dumps(document)))
    assert badges_of(again) == found


@pytest.mark.parametrize(("seen", "state"), [(0, "unknown"), (3, "unknown"), (8, "yes")])
def test_people_have_validated_once_they_looked_at_every_suspect(seen, state):
    by_row = {row: Review(verdict="stands") for row in range(seen)}
    reviews = Reviews(n_examples=300, n_suspects=8, rule="3 of 5 agree", by_row=by_row)
    badge = badges_of(replace(made(), reviews=reviews))[KEYS.index("labels_human_validated")]
    assert badge.state == state
    assert (f"{seen} of 8 suspects" in badge.evidence) == (seen > 0)


def test_predictions_are_never_proved_out_of_sample():
    labels, _ = noisy(300, 3)
    assert states(made())["out_of_sample_predictions"] == "unknown"
    sure = np.eye(3)[labels] * 0.997 + 0.001
    assert states(labelaudit.audit(labels, sure))["out_of_sample_predictions"] == "no"
    assert states(labelaudit.audit(["a", "b"]))["out_of_sample_predictions"] == "unknown"


@pytest.mark.parametrize(
    ("value", "interval", "state"),
    [
        (0.03, (0.0, 0.05), "yes"),
        (0.031, (0.029, 0.05), "unknown"),
        (0.05, (0.031, 0.07), "no"),
        (0.05, None, "no"),
        (None, None, "unknown"),
    ],
)
def test_calibrated(value, interval, state):
    audit = replace(made(), measurements=(calibration(value, interval),))
    assert states(audit)["calibration_ok"] == state


def test_calibration_that_did_not_run_is_unknown():
    assert states(made(skip=["calibration"]))["calibration_ok"] == "unknown"
    assert states(replace(made(), measurements=None))["calibration_ok"] == "unknown"


@pytest.mark.parametrize(
    ("counts", "state"), [((30, 31), "yes"), ((29, 31), "no"), ((0, 90), "no"), ((), "unknown")]
)
def test_enough_examples(counts, state):
    audit = made()
    facts = replace(
        audit.dataset, class_counts=counts, class_names=tuple(f"k{i}" for i in range(len(counts)))
    )
    assert states(replace(audit, dataset=facts))["min_samples_ok"] == state


def test_duplicates_checked_is_that_they_were_looked_for():
    near = made(embeddings=np.random.default_rng(0).normal(size=(300, 4)))
    assert near.detection.near_duplicates is not None
    assert states(near)["duplicates_checked"] == "yes"
    assert states(replace(near, detection=None, contract=()))["duplicates_checked"] == "unknown"
    same = Check(name="duplicates", status="alerted", message="4 inputs have two labels")
    only = replace(near, detection=None, contract=(same,))
    assert states(only)["duplicates_checked"] == "yes"


def test_votes_are_several_annotators():
    audit = made()
    assert states(audit)["multi_annotator"] == "unknown"
    facts = replace(
        audit.dataset, has=(*audit.dataset.has, "votes"), notices=("8 items, 24 votes",)
    )
    (badge,) = [b for b in badges_of(replace(audit, dataset=facts)) if b.key == "multi_annotator"]
    assert (badge.state, badge.evidence) == ("yes", "8 items, 24 votes")


def test_read_votes_say_so(tmp_path):
    rows = [f"i{n // 3},{'ab'[n // 3 % 2]},p{n % 3}" for n in range(30)]
    (tmp_path / "labels.csv").write_text("\n".join(["id,label,annotator", *rows]) + "\n")
    audit = labelaudit.audit(str(tmp_path))
    assert states(audit)["multi_annotator"] == "yes"


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_unknown_is_printed(form):
    text = render(made(), form)
    assert "Licence stated" in text
    assert "no licence is read" in text
    assert text.count("unknown") >= 3
