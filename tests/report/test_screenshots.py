"""Pictures of the label, to be looked at: on a phone, on a screen, in the dark, on paper.

LABELAUDIT_SCREENSHOTS=DIR keeps them there, as CI does for whoever reviews a change. With
LABELAUDIT_UPDATE_PICTURE=1 the picture that README opens with is taken anew; look at it before it
is committed. Pixels are not compared: fonts differ from machine to machine.
"""

import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import labelaudit
from labelaudit.report import render
from tests.conftest import ROOT
from tests.report.browsing import browser, opened

__all__ = ["browser"]
PICTURE = ROOT / ".github" / "label.png"
SAMPLES = ("digits", "imbalanced", "messages")
VIEWS = {
    "phone": {"viewport": {"width": 390, "height": 844}},
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    found = {}
    for name in SAMPLES:
        found[name] = folder / f"{name}.html"
        page = render(labelaudit.audit(ROOT / "sample_data" / name), "html")
        found[name].write_text(page, encoding="utf-8")
    return found


@pytest.mark.parametrize(
    ("sample", "view"),
    [*(("digits", view) for view in VIEWS), ("imbalanced", "light"), ("messages", "dark")],
)
def test_the_page_of_each_sample_is_drawn(
    browser: Any, pages: dict[str, Path], sample: str, view: str
) -> None:
    page, said, _ = opened(browser, pages[sample], **VIEWS[view])
    taken = page.screenshot(full_page=True)
    page.context.close()
    assert not said
    picture = Image.open(BytesIO(taken)).convert("RGB")
    assert picture.width == VIEWS[view]["viewport"]["width"]  # nothing sticks out sideways
    assert len(picture.resize((64, 64)).getcolors(64 * 64) or ()) > 20
    paper = picture.getpixel((2, picture.height - 2))
    assert isinstance(paper, tuple)
    assert (sum(paper) < 200) == (view == "dark")
    _keep(taken, f"{sample}_{view}.png")


def test_paper(browser: Any, pages: dict[str, Path]) -> None:
    page, said, _ = opened(browser, pages["digits"])
    printed = page.pdf(format="A4")
    page.context.close()
    assert not said
    assert printed.startswith(b"%PDF-")
    _keep(printed, "digits_print.pdf")


def test_readme_opens_with_a_picture_of_the_label(browser: Any, pages: dict[str, Path]) -> None:
    if os.environ.get("LABELAUDIT_UPDATE_PICTURE") == "1":
        size = {"width": 1240, "height": 1340}
        page, _, _ = opened(browser, pages["digits"], viewport=size, color_scheme="light")
        Image.open(BytesIO(page.screenshot())).convert("RGB").quantize(64).save(
            PICTURE, optimize=True
        )
        page.context.close()
    assert PICTURE.stat().st_size < 300_000
    with Image.open(PICTURE) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 1200


def _keep(content: bytes, name: str) -> None:
    folder = os.environ.get("LABELAUDIT_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        (Path(folder) / name).write_bytes(content)
