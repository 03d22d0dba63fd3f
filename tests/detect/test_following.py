"""The class the model puts next: after the given and the suggested one."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit.auditing import run
from labelaudit.core.folder import load_audit, write_audit
from labelaudit.core.listed import ListedRows, TopClasses
from labelaudit.core.settings import Options
from labelaudit.detect.following import next_class
from labelaudit.engine.job import begin
from labelaudit.export.tables import flagged_csv
from tests.made import dataset, noisy


@given(st.integers(0, 10_000), st.integers(3, 8), st.sampled_from([np.float32, np.float64]))
@settings(max_examples=60, deadline=None)
def test_it_is_the_largest_of_the_rest(seed, n_classes, dtype):
    labels, full = noisy(30, n_classes, seed=seed, dtype=dtype)
    if seed % 2:
        full = np.round(full * 4) / 4  # ties
    given_ = labels.astype(np.int32)
    other = ((labels + 1 + seed % (n_classes - 1)) % n_classes).astype(np.int32)
    before = full.copy()
    codes, probabilities = next_class(full, given_, other)
    assert np.array_equal(full, before)
    for row in range(30):
        rest = [k for k in range(n_classes) if k not in (given_[row], other[row])]
        values = [full[row, k] for k in rest]
        if len(rest) > 1 and min(values) == max(values):
            assert codes[row] == -1
            assert math.isnan(probabilities[row])
        else:
            assert codes[row] == rest[int(np.argmax(values))]
            assert probabilities[row] == max(values)


def test_with_two_classes_none_is_next():
    codes, probabilities = next_class(np.array([[0.3, 0.7]]), np.array([0]), np.array([1]))
    assert codes.tolist() == [-1]
    assert np.isnan(probabilities).all()


def test_findings_say_which_class_is_next(tmp_path):
    labels, full = noisy(900, 6, seed=8)
    made = labelaudit.audit(labels, full, class_names=list("abcdef"), measures=["class_balance"])
    assert len(made.findings) > 40
    for finding in made.findings:
        order = sorted(range(6), key=lambda k: (-full[finding.row, k], k))
        named = ["abcdef"[k] for k in order]
        expected = next(n for n in named if n not in (finding.given_label, finding.suggested_label))
        assert finding.evidence["next_label"] == expected
        assert finding.evidence["next_probability"] == full[finding.row, "abcdef".index(expected)]
    write_audit(made, tmp_path)
    assert list(load_audit(tmp_path).findings) == list(made.findings)
    head, first = flagged_csv(made).splitlines()[:2]
    cells = dict(zip(head.split(","), first.split(","), strict=False))
    assert cells["next_label"] == made.findings[0].evidence["next_label"]
    assert float(cells["next_probability"]) == made.findings[0].evidence["next_probability"]


def test_of_two_classes_the_columns_are_blank(tmp_path):
    labels, full = noisy(400, 2)
    made = labelaudit.audit(labels, full, measures=["class_balance"])
    write_audit(made, tmp_path)
    for findings in (made.findings, load_audit(tmp_path).findings):
        assert {finding.evidence["next_label"] for finding in findings} == {""}
        assert all(math.isnan(one.evidence["next_probability"]) for one in findings)
    head, first = flagged_csv(made).splitlines()[:2]
    at = head.split(",").index("next_label")
    assert first.split(",")[at : at + 2] == ["", "nan"]


@pytest.mark.parametrize("few", [0, 100])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_only_classes_that_are_listed_can_be_next(k, few):
    labels, full = noisy(500, 6, seed=3, dtype=np.float32)
    columns = np.argsort(-full, axis=1, kind="stable")[:, :k]
    rows = ListedRows(TopClasses(columns, np.take_along_axis(full, columns, axis=1)), 6, few=few)
    made = dataset(labels, full)
    made = replace(made, probabilities=replace(made.probabilities, values=rows))
    found = run(begin(made), Options(measures=("class_balance",))).findings
    assert len(found) > 20
    for finding in found:
        taken = (finding.given_label, finding.suggested_label)
        listed = [str(column) for column in columns[finding.row] if str(column) not in taken]
        assert finding.evidence["next_label"] == (listed[0] if listed else "")
