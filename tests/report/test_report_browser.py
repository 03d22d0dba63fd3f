"""The page in a real browser: it speaks to nobody, says nothing, fits, and does what it offers."""

from pathlib import Path
from typing import Any

import pytest

from labelaudit.core.results import Audit
from labelaudit.report import render
from labelaudit.report.html import read
from tests.npm import from_npm
from tests.report.browsing import browser, opened
from tests.report.conftest import HOSTILE, made_audit

__all__ = ["browser"]  # a fixture

BIG = ((400, 30, 12), (20, 300, 8), (9, 15, 200))


def audits() -> dict[str, Audit]:
    names = [f"{text}{number}" for number, text in enumerate(HOSTILE)]
    joint = [[30 if i == j else 1 for j in range(len(names))] for i in range(len(names))]
    return {
        "plain": made_audit(),
        "hostile": made_audit(names, joint, ids=HOSTILE, name=HOSTILE[13]),
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1600])
@pytest.mark.parametrize("which", ["plain", "hostile"])
def test_the_page_opens_silently_and_fits(
    browser: Any, tmp_path: Path, which: str, width: int, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(audits()[which], "html"), encoding="utf-8")
    size = {"width": width, "height": 900}
    page, said, asked = opened(browser, path, viewport=size, color_scheme=scheme)
    try:
        assert said == []
        assert asked == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        # The style was let in by its hash: without it the paper would have no colour.
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(251, 251, 249)" if scheme == "light" else "rgb(19, 20, 22)")
        assert page.locator("h1").count() == 1
        assert page.evaluate("document.documentElement.className") == "js"
    finally:
        page.context.close()


@pytest.fixture
def page(browser: Any, tmp_path: Path) -> Any:
    path = tmp_path / "report.html"
    path.write_text(render(made_audit(joint=BIG), "html"), encoding="utf-8")
    page, said, _ = opened(browser, path, viewport={"width": 1280, "height": 900})
    yield page
    assert said == []
    page.context.close()


def ranks(page: Any) -> list[int]:
    """Return the ranks of the suspects that can be seen, in their order."""
    shown = page.locator("table.suspects tbody tr:visible th")
    return [int(text) for text in shown.all_inner_texts()]


def status(page: Any) -> str:
    return str(page.locator("#status").inner_text())


def test_suspects_are_paged(page: Any) -> None:
    assert ranks(page) == list(range(1, 21))
    assert status(page) == "Showing 20 of 94 on this page."
    page.click("#more")
    assert ranks(page) == list(range(1, 41))
    page.click("#all")
    assert len(ranks(page)) == 94
    assert not page.locator("#more").is_visible()


def test_every_filter_filters_and_clear_clears(page: Any) -> None:
    page.select_option("#given", "cat")
    assert status(page) == "Showing 20 of 42 that match on this page."
    page.select_option("#suggested", "bird")
    assert status(page) == "Showing 12 of 12 that match on this page."
    page.fill("#score", "0.23")
    few = len(ranks(page))
    assert 0 < few < 12
    page.fill("#find", "no such id")
    assert page.locator("#nothing").inner_text() == "No suspect matches these filters."
    assert not page.locator("table.suspects").is_visible()
    page.click("#clear")
    assert status(page) == "Showing 20 of 94 on this page."
    page.fill("#find", "IMG/0007")
    assert ranks(page) == [8]


def test_columns_sort_both_ways_and_say_so(page: Any) -> None:
    page.click("th[data-sort=rank] button")
    assert ranks(page)[:3] == [94, 93, 92]
    assert page.locator("th[data-sort=rank]").get_attribute("aria-sort") == "descending"
    page.click("th[data-sort=given] button")
    first = page.locator("table.suspects tbody tr:visible p .given").first.inner_text()
    assert first == "bird"
    assert page.locator("th[data-sort=rank]").get_attribute("aria-sort") is None
    page.click("th[data-sort=rank] button")
    assert ranks(page) == list(range(1, 21))


def test_keys_walk_copy_and_find(page: Any) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.querySelector('th').innerText") == "2"
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.querySelector('th').innerText") == "1"
    page.keyboard.press("c")
    page.wait_for_function("document.querySelector('button.copy').textContent === 'copied'")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "find"
    page.keyboard.type("jck")
    assert page.input_value("#find") == "jck"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") != "find"


def test_a_click_on_a_pair_shows_its_suspects(page: Any) -> None:
    page.locator("[data-pair] button").first.click()
    assert page.input_value("#given") == "cat"
    assert page.input_value("#suggested") == "dog"
    assert status(page) == "Showing 20 of 30 that match on this page."


def test_pairs_can_be_searched(page: Any) -> None:
    page.click("#confusions details:last-of-type summary")
    page.fill("#find-pair", "bird")
    shown = page.locator("#pair-table tbody tr:visible").all_inner_texts()
    assert len(shown) == 4
    assert all("bird" in row for row in shown)


def test_without_script_all_can_be_read(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(made_audit(joint=BIG), "html"), encoding="utf-8")
    page, said, _ = opened(browser, path, java_script_enabled=False)
    assert said == []
    assert len(ranks(page)) == 94
    assert not page.locator("#find").is_visible()
    assert not page.locator("#more").is_visible()
    page.context.close()


def test_the_front_panel_prints_on_one_page_of_its_own(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(made_audit(joint=BIG), "html"), encoding="utf-8")
    page, said, _ = opened(browser, path, viewport={"width": 703, "height": 1000})
    page.emulate_media(media="print")
    # A4 within margins of 12 mm is 186 x 273 mm, at 96 px an inch.
    assert page.locator(".label-facts").bounding_box()["height"] <= 273 / 25.4 * 96
    assert page.evaluate("getComputedStyle(document.querySelector('.label-facts')).breakAfter") == (
        "page"
    )
    assert not page.locator("nav").is_visible()
    assert not page.locator(".filters").first.is_visible()
    assert said == []
    page.context.close()


def test_the_script_is_small() -> None:
    assert len(read("page.js").encode()) < 10_000


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The accessibility checker's script, from npm."""
    return from_npm("axe-core", "4", "axe.min.js", tmp_path_factory.mktemp("node"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nobody_is_kept_out(
    browser: Any, axe: str, tmp_path: Path, width: int, scheme: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(render(made_audit(joint=BIG), "html"), encoding="utf-8")
    size = {"width": width, "height": 900}
    page, _, _ = opened(browser, path, viewport=size, color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    serious = [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0].get("failureSummary", "")[:300])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
    page.context.close()
