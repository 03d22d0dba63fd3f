"""The evidence on each suspect: check values, laws, and that it survives the folder."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

import labelaudit
from labelaudit.core.coded import Coded, Grouped
from labelaudit.core.folder import load_audit, write_audit
from labelaudit.core.texts import Texts
from labelaudit.detect import evidence
from labelaudit.detect.evidence import noise_posterior, sentences
from tests.made import dataset, noisy

T = np.array([[0.9, 0.2, 0.0], [0.1, 0.8, 0.0], [0.0, 0.0, 1.0]])  # P(given | true)


def test_noise_posterior_by_hand():
    """Given 0, p = (.5, .5, 0): .9 x .5 stands against .2 x .5, so 2/11 that it is wrong."""
    full = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    labels = np.array([0, 1, 2, 0], dtype=np.int32)
    expected = [2 / 11, 1 / 9, 0, 1]
    assert noise_posterior(full, labels, T) == pytest.approx(expected)
    assert noise_posterior(full, labels, csr_array(T)) == pytest.approx(expected)


def flagged_of(given, other, own, best):
    return {
        "given": np.array(given, dtype=np.int32),
        "other": np.array(other, dtype=np.int32),
        "self_confidence": np.array(own),
        "other_probability": np.array(best),
    }


def test_the_sentence():
    names = ("cat", "dog", "\x1b[31m<b>")
    found = sentences(
        names,
        flagged_of([0, 1, 0], [1, 2, 2], [0.012, 0.0, 0.001], [0.9701, 1.0, 0.9994]),
        np.array([0.5, 0.81, 2.0]),
        {
            "neighbour_labels": Grouped(
                values=Coded(distinct=names, codes=np.array([1, 1, 0, 2, 2, 2, 0, 0, 0])), width=3
            ),
            "model_labels": Grouped(
                values=Coded(distinct=names, codes=np.array([1, 0, 2, 2, 0, 0])), width=2
            ),
        },
    )
    assert list(found) == [
        "model gives `dog` .97 and `cat` .01; its threshold for `dog` is .81; 2 of 3 nearest "
        "neighbours are `dog`; 1 of 2 models say `dog`",
        "model gives `\\x1b[31m<b>` 1 and `dog` 0; it has no threshold for `\\x1b[31m<b>`: no "
        "example; 3 of 3 nearest neighbours are `\\x1b[31m<b>`; 2 of 2 models say `\\x1b[31m<b>`",
        "model gives `\\x1b[31m<b>` >.99 and `cat` <.01; it has no threshold for "
        "`\\x1b[31m<b>`: no example; 0 of 3 nearest neighbours are `\\x1b[31m<b>`; 0 of 2 models "
        "say `\\x1b[31m<b>`",
    ]


def made(**more):
    labels, probabilities = noisy(900, 6, seed=8)
    return labelaudit.audit(dataset(labels, probabilities), **more)


def test_every_suspect_has_ranks_by_every_signal_and_says_who_agrees():
    found = made().findings
    total = len(found)
    assert total > 40
    for name in ("self_confidence", "normalized_margin", "noise_posterior"):
        ranks = found.columns[f"{name}_rank"]
        assert sorted(ranks.tolist()) == list(range(1, total + 1))
        values = found.columns[name][np.argsort(ranks)]
        steps = np.diff(values)
        assert ((steps <= 0) if name in evidence.RISING else (steps >= 0)).all()
    for finding in found:
        agree = finding.evidence["agree"]
        assert ("threshold" in agree) == (
            finding.suggested_probability >= finding.suggested_threshold - 1e-6
        )
        assert ("noise posterior" in agree) == (finding.evidence["noise_posterior"] > 0.5)
        assert ("threshold" in finding.evidence["dissent"]) != ("threshold" in agree)


def test_rows_are_read_in_blocks_of_any_size(monkeypatch):
    whole = made().findings
    monkeypatch.setattr(evidence, "cache_rows", lambda cells: 7)
    pieces = made().findings
    assert list(whole) == list(pieces)


def test_a_perfect_model_has_no_suspect_and_no_evidence():
    labels = np.arange(30) % 3
    found = labelaudit.audit(labels, np.eye(3)[labels]).findings
    assert len(found) == 0
    assert "evidence" in found.further


def test_evidence_survives_the_folder(tmp_path):
    before = made()
    width = 2
    rows = np.arange(len(before.findings) * width)
    names = Texts.of([f"near {row}" for row in rows])
    columns = dict(before.findings.columns) | {
        "neighbour_ids": Grouped(values=names, width=width),
        "neighbour_distances": Grouped(values=rows / 7, width=width),
        "neighbour_labels": Grouped(
            values=Coded(distinct=("a", "b"), codes=(rows % 2).astype(np.int32)), width=width
        ),
    }
    before = replace(before, findings=replace(before.findings, columns=columns))
    write_audit(before, tmp_path)
    after = load_audit(tmp_path)
    assert after.findings.further == before.findings.further
    assert list(after.findings) == list(before.findings)
    assert list(after.findings[3:5]) == list(before.findings)[3:5]


def test_models_are_votes():
    labels, first = noisy(600, 4, seed=1)
    _, second = noisy(600, 4, seed=1, sharpness=2.0)
    found = labelaudit.audit(labels, [first, second], class_names=list("abcd"))
    for finding in list(found.findings)[:20]:
        row = finding.row
        known = finding.evidence
        given = "abcd".index(finding.given_label)
        assert known["model_labels"] == ["abcd"[p[row].argmax()] for p in (first, second)]
        assert known["model_given_probabilities"] == [p[row, given] for p in (first, second)]
        agreeing = sum(label != finding.given_label for label in known["model_labels"])
        files = [name for name in known["agree"].split(", ") if "noise" not in name]
        assert len([name for name in files if name not in ("threshold", "none")]) == agreeing
