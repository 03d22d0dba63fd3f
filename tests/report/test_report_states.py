"""What a label says when something is absent, empty, tiny or huge."""

from dataclasses import replace
from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest

import labelaudit
from labelaudit.core.coded import Coded, Grouped
from labelaudit.core.dataset import Check
from labelaudit.core.errors import ConfigError
from labelaudit.core.results import Audit
from labelaudit.core.schema import to_document
from labelaudit.report import FORMATS, render
from labelaudit.report.html import panel
from labelaudit.report.label import label_of
from tests.report.conftest import made_audit, words_of

WORDS = ("terminal", "html", "markdown")


def shown(audit: Audit, format: str) -> str:
    """Return a report as words with single spaces."""
    return words_of(render(audit, format))


@pytest.mark.parametrize("format", WORDS)
def test_a_suspect_is_never_called_an_error(audit: Audit, format: str) -> None:
    text = shown(audit, format)
    assert "How many are wrong is unknown, for nobody has checked." in text
    assert "To know how many are wrong" in text
    assert "have people review all 12: labelaudit export --format review" in text.replace("`", "")
    assert "not yet reviewed" in text
    assert "bias unknown, not an interval for the error rate" in text
    assert "mislabelled" not in text
    assert "mislabeled" not in text


@pytest.mark.parametrize("format", WORDS)
def test_skipped_measures_print_reason_and_remedy(audit: Audit, format: str) -> None:
    text = shown(audit, format)
    assert "no embeddings" in text
    assert "--embeddings FILE" in text


def test_a_new_measure_shows_without_an_edit_of_the_report(audit: Audit) -> None:
    text = shown(audit, "html")
    for words in ("A measure made tomorrow", "0.625", "parts of a whole", "Nobody 2031"):
        assert words in text
    assert "0.500 to 0.750 (95 %, some method)" in text
    assert "0 (cat) to 0.200 (bird)" in text


@pytest.mark.parametrize("format", WORDS)
def test_without_predictions_no_label_was_checked(format: str) -> None:
    text = shown(labelaudit.audit(["cat", "dog", "cat"]), format)
    assert "No label was checked: there are no predictions." in text
    assert "unknown" in text


@pytest.mark.parametrize("format", WORDS)
def test_what_has_not_run_is_said_with_its_command(audit: Audit, format: str) -> None:
    bare = replace(audit, detection=None, measurements=None, findings=None)
    text = shown(bare, format)
    assert "No label was checked yet: run `labelaudit detect`." in text
    assert "not run yet: `labelaudit detect`" in text
    assert "not run yet: `labelaudit measure`" in text


@pytest.mark.parametrize("format", WORDS)
def test_detection_without_measures_is_printed(audit: Audit, format: str) -> None:
    text = shown(replace(audit, measurements=None), format)
    assert "12" in text
    assert "not run yet: `labelaudit measure`" in text


@pytest.mark.parametrize("format", WORDS)
def test_no_suspect_is_no_praise(format: str) -> None:
    text = shown(made_audit(joint=((90, 0, 0), (0, 50, 0), (0, 0, 10))), format)
    assert "No label is suspected. This rule finds only errors the model can see." in text
    assert "clean" not in text


@pytest.mark.parametrize("format", FORMATS)
def test_an_absent_class_keeps_its_row(format: str) -> None:
    text = render(made_audit(joint=((40, 6, 0), (3, 50, 0), (0, 0, 0))), format)
    assert "bird" in text


def test_a_class_too_small_to_judge_does_not_head_the_list() -> None:
    audit = made_audit(joint=((90, 6, 0), (3, 90, 0), (1, 1, 0)))
    label = label_of(audit)
    assert [row.name for row in label.panel.classes] == ["cat", "dog", "bird"]
    assert label.panel.facts[1].value == "cat"
    assert label.balance.classes[-1].interval == "not assessable"


@pytest.mark.parametrize("format", WORDS)
def test_a_refused_contract_prints_no_count(audit: Audit, format: str) -> None:
    check = Check(name="rows_aligned", status="refused", message="another order of rows")
    refused = replace(audit, contract=(check,))
    text = shown(refused, format)
    assert "contract failed" in text
    assert "another order of rows" in text
    assert "suspects one label" not in text
    assert label_of(refused).suspects.rows == ()


def test_two_classes_have_no_matrix() -> None:
    label = label_of(made_audit(names=("spam", "ham"), joint=((469, 31), (4, 496))))
    assert label.confusions.matrix == ()
    assert (
        label.confusions.pairs[0].sentence
        == "31 of 500 labelled spam look like ham; 4 the reverse (mostly one way)"
    )


@pytest.mark.parametrize("n_classes", [100, 1000])
def test_many_classes_are_shown_fast_and_small(n_classes: int) -> None:
    joint = np.diag(np.full(n_classes, 40))
    joint[np.arange(n_classes), (np.arange(n_classes) + 1) % n_classes] = (
        1 + np.arange(n_classes) % 3
    )
    audit = made_audit([f"class {number}" for number in range(n_classes)], joint.tolist())
    start = perf_counter()
    pages = {format: render(audit, format) for format in WORDS}
    assert perf_counter() - start < 5
    assert len(pages["html"].encode()) < 3_000_000
    assert len(pages["terminal"].splitlines()) < 100
    assert len(pages["markdown"].encode()) < 60_000
    label = label_of(audit)
    assert label.confusions.matrix == ()
    assert label.panel.more_classes.startswith(f"{n_classes - 10} more classes")


def test_the_first_two_hundred_suspects_are_in_the_page_and_it_says_so() -> None:
    label = label_of(made_audit(joint=((400, 300, 1), (3, 50, 0), (0, 2, 10))))
    assert len(label.suspects.rows) == 200
    assert label.suspects.note.startswith("The first two hundred of 306")


def test_evidence_is_a_sentence(audit: Audit) -> None:
    first = label_of(audit).suspects.rows[0]
    assert (first.gives_suggested, first.gives_given, first.needs) == (">.99", "0", ".75")
    assert first.beside == ""
    made = labelaudit.audit(["cat", "dog", "cat"] * 9, [[0.9, 0.1], [0.2, 0.8], [0.1, 0.9]] * 9)
    more = {
        "neighbour_labels": Coded(distinct=("dog", "cat"), codes=np.array([0] * 8 + [1] * 2)),
        "model_labels": Coded(distinct=("dog", "cat"), codes=np.array([0, 1])),
    }
    columns = dict(made.findings.columns) | {
        name: Grouped(values=values[np.tile(np.arange(len(values)), 9)], width=len(values))
        for name, values in more.items()
    }
    assert len(made.findings) == 9
    columns["dissent"] = Coded(distinct=("model 2 b.npy",), codes=np.zeros(9, dtype=np.int32))
    told = label_of(replace(made, findings=replace(made.findings, columns=columns)))
    suspect = told.suspects.rows[0]
    assert suspect.beside == "8 of 10 nearest neighbours are dog; 1 of 2 models say dog"
    assert suspect.dissent == "model 2 b.npy"
    assert ("model 2 b.npy", False) in suspect.detectors


def test_the_seven_modules_can_be_found(audit: Audit) -> None:
    page = render(audit, "html")
    for module in (
        "metadata",
        "provenance",
        "variables",
        "statistics",
        "pair-plots",
        "probabilistic-model",
        "ground-truth-correlation",
    ):
        assert module in page
    assert "Not provided" in page


def test_a_hash_that_was_not_computed_says_so(audit: Audit) -> None:
    assert "not computed" in shown(audit, "html")


def test_a_notebook_shows_the_front_panel(audit: Audit) -> None:
    assert audit._repr_html_() == panel(audit)
    assert "Label Facts" in panel(audit)
    assert "<html" not in panel(audit)


def test_an_unknown_format_is_refused_with_the_nearest(audit: Audit) -> None:
    with pytest.raises(ConfigError, match="did you mean 'markdown'"):
        render(audit, "markdwn")


def test_headings_go_down_one_level_at_a_time(audit: Audit) -> None:
    import re

    levels = [int(level) for level in re.findall(r"<h([1-6])", render(audit, "html"))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))


def test_tables_have_captions_and_scoped_heads(audit: Audit) -> None:
    import re

    page = render(audit, "html")
    assert page.count("<table") == page.count("<caption")
    assert all("scope=" in head for head in re.findall(r"<th\b[^>]*>", page))


def test_where_to_start_is_said_by_what_second_opinions_say(messages) -> None:
    words = words_of(render(messages, "html"))
    agree = messages.findings.columns["agree"].tolist()
    several = sum("," in names for names in agree)
    assert f"begin with the {several} of {len(agree)} that two or more detectors back" in words
    known = to_document(messages)["label"]["probabilistic_model"]["second_opinions"]
    assert known["several"] == several
    assert known["none"] == agree.count("none")
    for name, count in known["by_detector"].items():
        assert count == sum(name in names.split(", ") for names in agree)
        assert (count == 0) == (f"Backs no suspect here: {name}" in words)
    alone = replace(messages, findings=None)
    assert to_document(alone)["label"]["probabilistic_model"]["second_opinions"] is None


@pytest.fixture(scope="module")
def messages(sample_data):
    return labelaudit.audit(sample_data / "messages")
