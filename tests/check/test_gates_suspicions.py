"""Suspicions: where a suspect stands in its file, and what it is known again by."""

from dataclasses import replace

import pytest

from labelaudit.check.suspicions import fingerprint, suspicions_of
from labelaudit.check.verdict import SUSPECT_RULE
from tests.report.conftest import HOSTILE, made_audit


def at(path: str, mark: str = "sha256:ab", **more: object):
    audit = made_audit()
    labels = replace(audit.inputs[0], path=path, fingerprint=mark)
    return suspicions_of(replace(audit, inputs=(labels, audit.inputs[1])), **more)


def test_every_finding_is_a_suspicion_by_rank():
    audit = made_audit()
    found = suspicions_of(audit)
    assert [one.rank for one in found] == list(range(1, 13))
    for one, finding in zip(found, audit.findings, strict=True):
        assert (one.row, one.id, one.given) == (finding.row, finding.id, finding.given_label)
        assert (one.suggested, one.quality) == (finding.suggested_label, finding.label_quality)
        assert one.state == "new"
    assert SUSPECT_RULE == "suspected_label_error"
    assert suspicions_of(replace(audit, findings=None)) == ()


@pytest.mark.parametrize(
    ("path", "mark", "shown", "line"),
    [
        ("labels.csv", "sha256:ab", "labels.csv", 2),
        ("LABELS.TSV", "sha256:ab", "LABELS.TSV", 2),
        ("a\\b.jsonl", "sha256:ab", "a/b.jsonl", 1),
        ("labels.parquet", "sha256:ab", "labels.parquet", None),
        ("labels.csv.gz", "sha256:ab", "labels.csv.gz", None),
        ("labels.npy", "sha256:ab", "labels.npy", None),
        ("data/train-*.csv", "parts:ab", "data", None),
        ("train-*.csv", "blocks:ab", ".", None),
        ("train.csv, test.csv", "parts:ab", ".", None),
        ("pets", "names:ab", "img/0000.png", None),
    ],
)
def test_the_first_row_stands_where_its_file_has_it(path, mark, shown, line):
    first = at(path, mark)[0]
    assert (first.row, first.path, first.line) == (0, shown, line)


def test_lines_that_were_looked_up_win():
    found = at("labels.csv", lines={0: 7, 1: 9})
    assert [one.line for one in found[:3]] == [7, 9, None]


def test_a_fingerprint_is_of_id_and_given_label_alone():
    assert fingerprint("r1", "cat") == "fea33735cd12a8b6"  # baselines rest on it: never another
    pairs = [
        ("r1", "cat"),
        ("r1", "dog"),
        ("r1c", "at"),
        ("r", "1cat"),
        ("", "r1cat"),
        ("r1cat", ""),
    ]
    pairs += [(text, "cat") for text in HOSTILE] + [("cat", text) for text in HOSTILE]
    pairs.append(("\ud800", "cat"))
    marks = {fingerprint(*pair) for pair in pairs}
    assert len(marks) == len(set(pairs))
    assert all(len(mark) == 16 and int(mark, 16) >= 0 for mark in marks)
