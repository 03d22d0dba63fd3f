"""What is drawn of rows: examples beside suspects, a map, histograms; made by hand here."""

import base64
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

import labelaudit
from labelaudit.core.examples import Example
from labelaudit.core.results import Audit, Measurement
from labelaudit.report import charts, render
from labelaudit.report.label import label_of
from tests.report.conftest import HOSTILE, made_audit


def picture(size: int = 8) -> bytes:
    from PIL import Image

    written = BytesIO()
    Image.new("RGB", (size, size), "navy").save(written, "JPEG")
    return written.getvalue()


def with_measures(audit: Audit, *measured: Measurement) -> Audit:
    return replace(audit, measurements=(*(audit.measurements or ()), *measured))


@pytest.mark.parametrize("text", HOSTILE)
def test_an_example_of_each_kind_is_shown_and_inert(text: str) -> None:
    from labelaudit.core.text import printable

    shown = printable(text, 400)
    jpeg = picture()
    examples = {
        0: Example(kind="image", jpeg=jpeg, width=8, height=8),
        1: Example(kind="text", text=shown),
        2: Example(kind="table", features=((shown, shown), ("age", "3"))),
        3: Example(kind="image", problem="is not a picture that can be read"),
    }
    page = render(replace(made_audit(), examples=examples), "html")
    assert f'src="data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"' in page
    assert page.count("<img ") == 1
    assert "is not a picture that can be read" in page
    assert "no example" in page  # of those that have none
    assert "<script>alert" not in page
    assert "onerror=alert(1)>" not in page


def test_two_hundred_pictures_stay_under_a_megabyte_and_a_half() -> None:
    audit = made_audit(joint=((400, 300, 1), (3, 50, 0), (0, 2, 10)))
    rows = [finding.row for finding in audit.findings or ()]
    jpeg = bytes(3_000)
    examples = {row: Example(kind="image", jpeg=jpeg, width=96, height=96) for row in rows}
    assert len(render(replace(audit, examples=examples), "html").encode()) < 1_500_000
    assert len(render(audit, "html").encode()) < 400_000


def test_the_map_names_classes_and_counts_its_rows() -> None:
    measured = Measurement(
        name="class_map",
        title="Map of the classes",
        value=0.9,
        unit="share",
        details={
            "x": [0, 500, 1000],
            "y": [0, 250, 1000],
            "flagged": [0, 1, 0],
            "method": "Two axes of the embeddings",
        },
        per_class={"x": (10, 500, None), "y": (20, 250, None)},
        sample={"size": 3, "of": 112, "seed": 0},
    )
    audit = with_measures(made_audit(), measured)
    drawn = label_of(audit).separability.map
    assert drawn is not None
    assert sorted(name for name, _, _ in drawn.classes) == ["cat", "dog"]  # one has no place
    svg = str(charts.class_map(drawn))
    assert 'aria-label="3 rows in two axes, 1 suspected"' in svg
    assert 'd="m10 450h0m440 -440h0"' in svg
    assert "Two axes of the embeddings. Rows: 3 of 112, seed 0." in drawn.caption
    assert svg in render(audit, "html")


def test_histograms_share_a_scale_and_say_what_doubt_is_not() -> None:
    measured = Measurement(
        name="given_probability",
        title="Probability of the given label",
        value=0.8,
        unit="mean",
        details={
            "bin_suspected": [9, 3, 0, 0],
            "bin_others": [1, 0, 9, 90],
            "n_suspected": 12,
            "n_others": 100,
            "highest_suspected": 0.31,
            "others_below_highest": 1,
        },
    )
    audit = with_measures(made_audit(), measured)
    drawn = label_of(audit).calibration.histogram
    assert drawn is not None
    assert drawn.n_suspected == "12 suspects"
    assert drawn.note.startswith("No suspect's label gets more than 31.0\u2009%, yet 1 label at")
    few = str(charts.histogram(drawn.suspected, drawn.others, "suspected"))
    assert few.count('class="suspected"') == 4
    assert 'height="88"' in str(charts.histogram(drawn.others, drawn.suspected, "other"))
    assert 'height="88"' not in few  # the scale is that of both
    assert few in render(audit, "html")


def test_votes_are_squares_of_what_was_chosen() -> None:
    drawn = str(charts.votes((("given", 2), ("suggested", 1), ("both", 1), ("neither", 1))))
    assert drawn.count('class="given"') == 3  # two votes, and half of the one for both
    assert drawn.count('class="suggested"') == 2
    assert drawn.count('class="ring"') == 1


def test_a_real_page_without_pictures_stays_under_400_kB(real_data: Path) -> None:
    page = render(labelaudit.audit(real_data / "cifar10_test"), "html")
    assert page.count("<tr data-score=") == 200
    assert len(page.encode()) < 400_000
