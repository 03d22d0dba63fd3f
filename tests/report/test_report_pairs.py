"""Pairs of classes in the label: what a confusion reads as, and which are hardest to tell."""

from dataclasses import replace

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import Audit, Measurement
from labelaudit.report import numbers, render
from labelaudit.report.label import label_of
from tests.made import noisy
from tests.report.conftest import HOSTILE, made_audit, words_of


def without(audit: Audit, *names: str) -> Audit:
    kept = tuple(one for one in audit.measurements or () if one.name not in names)
    return replace(audit, measurements=kept)


def overlapping(n: int = 4000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Classes 0 and 1 overlap; 2 and 3 lie far apart, and some of 2 are labelled 3 by mistake."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, 4, n)
    centres = np.array([-0.7, 0.7, 16, 24])
    place = centres[truth] + generator.normal(size=n)
    powers = np.exp(-((place[:, None] - centres) ** 2) / 2) + 1e-9
    wrong = (truth == 2) & (generator.random(n) < 0.1)
    return np.where(wrong, 3, truth), powers / powers.sum(axis=1, keepdims=True)


def test_the_verdict_stands_beside_each_confused_pair() -> None:
    audit = labelaudit.audit(*overlapping())
    pairs = {(pair.given, pair.suggested): pair for pair in label_of(audit).confusions.pairs}
    assert len(pairs) == len({frozenset(codes) for codes in pairs})  # a pair stands once
    assert pairs.get(("0", "1"), pairs.get(("1", "0"))).reads_as == "overlap"
    assert pairs["3", "2"].reads_as == "mislabelling"
    told = audit.measurement("noise_or_overlap").details["pairs"]
    (of_pair,) = (one for one in told if one["codes"] == [2, 3])
    assert pairs["3", "2"].score == f"{of_pair['score']:.2f}"
    assert f"{of_pair['rows']} rows disagree" in pairs["3", "2"].basis
    lines = render(audit, "terminal").splitlines()
    assert any("3 → 2" in line or "3 ↔ 2" in line for line in lines)
    assert any(line.endswith("mislabelling 1.00") for line in lines)
    assert "Reads as **overlap** 0." in render(audit, "markdown")
    assert "reads as mislabelling 1.00" in words_of(render(audit, "html"))


def test_a_pair_that_is_not_listed_has_too_few_rows(audit: Audit) -> None:
    pairs = {(pair.given, pair.suggested): pair for pair in label_of(audit).confusions.pairs}
    assert pairs["bird", "dog"].reads_as == "unclear"
    assert pairs["bird", "dog"].score == ""
    assert pairs["bird", "dog"].basis == "too few rows disagree"
    assert pairs["cat", "dog"].reads_as == "overlap"
    assert pairs["cat", "bird"].reads_as == "mislabelling"


@pytest.mark.parametrize("format", ["terminal", "html", "markdown"])
def test_unmeasured_nothing_is_said_of_it(audit: Audit, format: str) -> None:
    bare = without(audit, "noise_or_overlap")
    assert {pair.reads_as for pair in label_of(bare).confusions.pairs} == {""}
    text = render(bare, format).replace("Whether a confusion", "")
    assert "READS AS" not in text
    assert "reads as" not in text.lower().replace("<dt>reads as</dt>", "")


def test_the_pairs_hardest_to_tell_are_those_of_lowest_auroc() -> None:
    labels, probabilities = overlapping()
    points = np.eye(4)[labels] + np.random.default_rng(1).normal(size=(len(labels), 4)) / 4
    audit = labelaudit.audit(labels, probabilities, embeddings=points)
    hard = label_of(audit).separability.pairs
    assert hard is not None
    assert hard.columns == ("AUROC", "95 %", "Linear", "Neighbours", "Confusable")
    assert len(hard.rows) == 6
    one, other, cells = hard.rows[0]
    assert (one, other) == ("0", "1")
    first = audit.measurement("pairwise_auroc").details["pairs"][0]
    assert cells[0] == f"{first['auroc']:.3f}"
    assert cells[1] == f"{first['low']:.3f} to {first['high']:.3f}"
    assert "not listed" not in cells
    for format in ("terminal", "html", "markdown"):
        assert cells[1] in words_of(render(audit, format))


def test_what_a_measure_did_not_list_is_said(audit: Audit) -> None:
    hard = label_of(audit).separability.pairs
    assert hard is not None
    assert hard.columns == ("AUROC", "95 %", "Neighbours")
    assert [row[2][2] for row in hard.rows] == ["not listed", *[numbers.share(0.91)] * 2]


def test_without_predictions_neighbours_lead_and_without_any_there_is_no_table(
    audit: Audit,
) -> None:
    hard = label_of(without(audit, "pairwise_auroc")).separability.pairs
    assert hard is not None
    assert hard.columns == ("Neighbours", "95 %")
    assert hard.rows[0][2][1] == numbers.share_range(0.83, 0.95)
    bare = without(audit, "pairwise_auroc", "knn_accuracy")
    assert label_of(bare).separability.pairs is None
    assert "hardest to tell apart" not in render(bare, "html")


def test_classes_too_small_to_judge_are_not_among_them() -> None:
    audit = made_audit(joint=((40, 6, 1), (3, 50, 0), (0, 1, 3)))
    hard = label_of(audit).separability.pairs
    assert hard is not None
    assert [row[:2] for row in hard.rows] == [("cat", "dog")]


@pytest.mark.parametrize("width", [40, 59, 60, 80, 131, 132, 160])
def test_no_line_is_too_long_and_figures_are_never_cut(audit: Audit, width: int) -> None:
    from rich.cells import cell_len

    long = made_audit(names=("名前" * 30, "b" * 90, "c" * 90))
    for one in (audit, long, labelaudit.audit(*noisy(600, 12, seed=3, sharpness=1.0))):
        text = render(one, "terminal", width=width)
        assert max(map(cell_len, text.splitlines())) <= width
        for pair in label_of(one).confusions.pairs[:5]:
            assert f"{pair.reads_as} {pair.score}".rstrip() in text
    assert "0.750 to 0.850" in render(audit, "terminal", width=width)


@pytest.mark.parametrize("text", HOSTILE)
def test_names_in_the_lists_of_measures_are_harmless(text: str) -> None:
    audit = made_audit(names=(text, f"{text}1", f"{text}2"))
    for measured in label_of(audit).measures:
        for _, value in measured.details:
            assert not set(value) & set("\u202e\u2066\x1b\x07\r\n")


def test_lists_of_pairs_name_the_first_three() -> None:
    audit = labelaudit.audit(*noisy(600, 5, seed=1))
    (made,) = (one for one in label_of(audit).measures if one.name == "confusable_pairs")
    listed = dict(made.details)["pairs"]
    assert listed.endswith(" and more (in audit.json)")
    assert listed.count(";") == 2
    measured = audit.measurement("confusable_pairs")
    assert isinstance(measured, Measurement)
    assert listed.startswith(" and ".join(measured.details["pairs"][0]["classes"]))


def test_what_a_point_of_recall_is_in_the_smallest_class() -> None:
    facts = {
        fact.name: fact
        for fact in label_of(labelaudit.audit(["a"] * 300 + ["b"] * 30)).balance.facts
    }
    assert facts["One point of recall"].value == "0.3"
    assert facts["One point of recall"].note == "b"
