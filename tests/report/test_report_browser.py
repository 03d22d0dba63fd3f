"""The page in a real browser: it speaks to nobody, says nothing, and fits."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labelaudit.core.results import Audit
from labelaudit.report import render
from tests.report.conftest import HOSTILE, made_audit

CHROMIUM = Path("/usr/bin/chromium")


def unavailable(reason: str) -> None:
    """Skip, or fail where a browser is required."""
    if "browser" in os.environ.get("LABELAUDIT_REQUIRE", "").split(","):
        pytest.fail(f"a browser is required: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright is not installed")
    if not CHROMIUM.exists():
        unavailable(f"{CHROMIUM} is not there")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--headless", "--no-sandbox"]
        )
        yield opened
        opened.close()


def audits() -> dict[str, Audit]:
    names = [f"{text}{number}" for number, text in enumerate(HOSTILE)]
    joint = [[30 if i == j else 1 for j in range(len(names))] for i in range(len(names))]
    return {
        "plain": made_audit(),
        "hostile": made_audit(names, joint, ids=HOSTILE, name=HOSTILE[13]),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_the_page_opens_silently_and_fits(
    browser: Any, tmp_path: Path, which: str, width: int, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(audits()[which], "html"), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_load_state("networkidle")
    try:
        assert said == []
        assert asked == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # The style was let in by its hash: without it the paper would have no colour.
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(251, 251, 249)" if scheme == "light" else "rgb(19, 20, 22)")
        assert page.locator("h1").count() == 1
    finally:
        page.close()
