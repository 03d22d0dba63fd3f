"""One section in full, and the charts as files: for any audit, and with any string in it."""

import io
from typing import Any
from unicodedata import category
from xml.etree import ElementTree

import pytest
from PIL import Image

from labelaudit.core.results import Audit
from labelaudit.report import SECTIONS, render
from labelaudit.report.plates import as_png, plates
from labelaudit.report.terminal_details import SECTIONS as WRITTEN

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "style", "rect", "g", "text", "line", "circle", "path"}


def test_every_section_that_can_be_asked_for_is_written() -> None:
    assert set(SECTIONS) == set(WRITTEN)


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("width", [40, 80, 160])
def test_a_section_keeps_to_its_width(audit: Audit, section: str, width: int) -> None:
    from rich.cells import cell_len

    text = render(audit, "terminal", width=width, section=section)
    assert text.strip()
    assert max(map(cell_len, text.splitlines())) <= width
    assert render(audit, "terminal", width=width, section=section) == text
    assert "<span" not in text


@pytest.mark.parametrize("section", SECTIONS)
def test_hostile_strings_are_shown_not_run(hostile: Audit, section: str) -> None:
    text = render(hostile, "terminal", width=80, section=section)
    hidden = {char for char in text if category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert hidden <= {"\n", "\u200c", "\u200d"}  # the joiners are needed to write some languages


def test_all_suspects_are_told(audit: Audit) -> None:
    text = render(audit, "terminal", width=100, section="suspects")
    assert audit.findings is not None
    assert text.count("score ") == len(audit.findings)


def _texts(svg: str) -> list[str]:
    return [found.text or "" for found in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_charts_are_whole_files_with_words_and_no_more(audit: Audit) -> None:
    drawn = plates(audit)
    assert drawn == plates(audit)
    assert {"counts", "suspected-by-class", "class-sizes", "confusion-matrix"} <= set(drawn)
    for svg in drawn.values():
        tags = {element.tag.removeprefix(SVG) for element in ElementTree.fromstring(svg).iter()}
        assert tags <= ALLOWED
        assert "var(" not in svg
        assert any("labelaudit" in text for text in _texts(svg))
    names = audit.dataset.class_names
    assert set(names[:3]) <= set(_texts(drawn["class-sizes"]))


def test_hostile_names_stay_text_in_charts(hostile: Audit) -> None:
    for svg in plates(hostile).values():
        root = ElementTree.fromstring(svg)
        assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
        for element in root.iter():
            assert not any(name.startswith("on") or "href" in name for name in element.attrib)
        assert float(root.attrib["width"]) < 2_500


def test_a_chart_becomes_a_picture_with_ink(audit: Audit) -> None:
    svg = plates(audit)["class-sizes"]
    root: Any = ElementTree.fromstring(svg)
    with Image.open(io.BytesIO(as_png(svg))) as image:
        assert image.width == 2 * int(root.attrib["width"])
        assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 3
