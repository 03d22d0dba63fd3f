"""`labelaudit diff` as people see it: sentences, both labels side by side, nothing that runs."""

import json
import re
from typing import Any

import pytest

from labelaudit import audit
from labelaudit.core.difference import difference_of
from labelaudit.report.difference import FORMATS, render
from tests.made import noisy
from tests.npm import from_npm
from tests.report.browsing import browser, opened
from tests.report.conftest import HOSTILE, words_of

__all__ = ["browser"]


def pair(names: Any = ("cat", "dog", "bird"), prefix: str = "row ") -> Any:
    """Return the difference of a dataset and itself with twenty labels made wrong."""
    labels, probabilities = noisy(400, 3, noise=0.05)
    ids = [f"{prefix}{row}" for row in range(400)]
    later = labels.copy()
    later[:20] = (probabilities[:20].argmax(axis=1) + 1) % 3
    return difference_of(
        *(
            audit(one, pred_probs=probabilities, class_names=list(names), ids=ids)
            for one in (labels, later)
        )
    )


@pytest.fixture(scope="module")
def made() -> Any:
    return pair()


@pytest.mark.parametrize("name", FORMATS)
def test_a_relabelling_that_made_things_worse_is_said_first(made: Any, name: str) -> None:
    rows = made.rows
    assert rows.is_worse
    shown = words_of(render(made, name, width=200))
    assert "Relabelling made things worse, by this model's lights" in shown.replace("&#8203;", "")
    assert rows.worsened[0].id in shown


@pytest.mark.parametrize("width", [40, 80, 160])
def test_no_line_is_wider_than_the_terminal(made: Any, width: int) -> None:
    assert max(map(len, render(made, "terminal", width=width).splitlines())) <= width


def test_json_has_every_suspect_that_changed(made: Any) -> None:
    told = json.loads(render(made, "json"))
    assert told["rows"]["is_worse"] is True
    assert [one["id"] for one in told["rows"]["new"]] == [one.id for one in made.rows.new]
    assert told["new"]["n_flagged"] - told["old"]["n_flagged"] == len(made.rows.new) - len(
        made.rows.gone
    )
    assert {one["name"] for one in told["measures"]} >= {"model_noise_estimate", "calibration"}


def test_what_differs_is_marked_on_both_sides_and_nothing_else(made: Any) -> None:
    page = render(made, "html")
    sides = re.findall(r'<section class="plain" data-audit="(?:old|new)".*?</section>', page, re.S)
    assert len(sides) == 2
    numbers = [
        dict(re.findall(r'data-path="([^"]*)" data-format="[^"]*">([^<]*)', side)) for side in sides
    ]
    for side in sides:
        marked = set(re.findall(r'class="differs" data-path="([^"]*)"', side))
        assert "/detection/n_flagged" in marked
        for path in marked:
            assert numbers[0][path] != numbers[1][path]
    assert numbers[0]["/dataset/n_examples"] == numbers[1]["/dataset/n_examples"]


def test_two_equal_audits_differ_in_nothing() -> None:
    labels, probabilities = noisy(200, 3)
    one = audit(labels, pred_probs=probabilities)
    same = difference_of(one, one)
    for name in FORMATS:
        shown = render(same, name)
        assert 'class="differs" data-path' not in shown
        assert "0 new, 0 gone" in words_of(shown)


@pytest.mark.parametrize("text", [text for text in HOSTILE if text])
def test_hostile_names_do_nothing(text: str) -> None:
    made = pair(names=(text, "dog", "bird"), prefix=text)
    page = render(made, "html")
    assert "<script" not in page
    assert "<img" not in page
    assert "onmouseover=" not in re.sub(r"&#34;.*?&#34;|>[^<]*<", "", page)
    for line in render(made, "markdown").splitlines():
        assert "<" not in line
        if line.startswith("| "):
            assert line.count(" | ") in (3, 4)
    assert "\x1b" not in render(made, "terminal")
    assert json.loads(render(made, "json"))["rows"]["n_kept"] == 400


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_silently_fits_and_keeps_nobody_out(
    browser: Any, made: Any, tmp_path: Any, tmp_path_factory: Any, width: int, scheme: str
) -> None:
    path = tmp_path / "diff.html"
    path.write_text(render(made, "html"), encoding="utf-8")
    size = {"width": width, "height": 900}
    page, said, asked = opened(browser, path, viewport=size, color_scheme=scheme, bypass_csp=True)
    assert said == []
    assert asked == [path.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(from_npm("axe-core", "4", "axe.min.js", tmp_path_factory.mktemp("node")))
    found = page.evaluate("axe.run()")["violations"]
    assert [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in ("serious", "critical")
    ] == []
    page.context.close()


def test_a_hundred_thousand_rows_are_compared() -> None:
    n = 100_000
    labels, probabilities = noisy(n, 4)
    ids = [f"r{row}" for row in range(n)]
    old = audit(labels, pred_probs=probabilities, ids=ids)
    new = audit(labels[::-1], pred_probs=probabilities[::-1], ids=ids[::-1])
    rows = difference_of(old, new).rows
    assert rows is not None
    assert (rows.n_kept, rows.n_relabelled, len(rows.new)) == (n, 0, 0)
