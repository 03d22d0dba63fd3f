"""The page of instructions: hostile strings are inert, nothing is fetched, it fits a phone."""

import io
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from labelaudit.core.examples import Example
from labelaudit.core.exemplars import ClassExemplars, Exemplar, Instructions
from labelaudit.report.instructions import render
from tests.report.conftest import HOSTILE
from tests.report.test_report_browser import browser

__all__ = ["browser"]


def jpeg() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(stream, "JPEG")
    return stream.getvalue()


def example(text: str, row: int = 0, **more: Any) -> Exemplar:
    return Exemplar(
        row=row,
        id=text,
        self_confidence=0.5,
        label_quality=0.1,
        suggested_label=more.pop("says", text),
        is_suspect=True,
        **more,
    )


def instructions(text: str = "cat", picture: bytes | None = None) -> Instructions:
    looks = Example(kind="image", text=text, jpeg=picture)
    shown = tuple(example(text, row, example=looks, says=f"{text}2") for row in range(5))
    classes = tuple(
        ClassExemplars(
            name=f"{text}{number}",
            n_labels=1234,
            n_suspects=17,
            centre=shown[0],
            typical=shown[1:3],
            doubtful=shown[3:],
            taken_for=((text, 3),),
        )
        for number in range(2)
    )
    lonely = ClassExemplars(
        name="none", n_labels=0, n_suspects=0, centre=None, typical=(), doubtful=()
    )
    return Instructions(
        dataset=text,
        n_examples=2468,
        n_classes=9,
        classes=(*classes, lonely),
        by_place=True,
        tool_version="0.0.test",
        notices=(f"3 pictures of {text} are not shown",),
    )


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    picture = jpeg()
    page = render(instructions(text, picture), "html")
    own, plain = Tags(page).found, Tags(render(instructions("cat", picture), "html")).found
    text_free = [tag for tag, _ in own if tag not in ("wbr", "p", "bdi")]
    assert text_free == [tag for tag, _ in plain if tag not in ("wbr", "p", "bdi")]
    for tag, attributes in own:
        assert tag not in {"script", "iframe", "object", "embed", "form", "base", "svg"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "srcdoc", "action", "background", "srcset"}
            if name == "src":
                assert value is not None
                assert value.startswith("data:image/jpeg;base64,")
            if name == "href":
                assert value is not None
                assert value[:1] == "#" or value == "data:,"
    assert "\u202e" not in page
    (policy,) = [dict(a)["content"] for tag, a in own if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")


def test_templates_are_not_run_twice() -> None:
    assert "{{7*7}}{% raw %}0" in render(instructions("{{7*7}}{% raw %}"), "html")


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_texts_as_they_are(text: str) -> None:
    written = render(instructions(text), "markdown")
    plain = render(instructions("cat"), "markdown")
    assert len(written.splitlines()) == len(plain.splitlines())
    assert "<" not in written
    assert "](" not in written
    assert "\u202e" not in written


def test_it_says_what_is_there_and_what_is_not() -> None:
    page = render(instructions(), "html")
    assert "2,468 examples in 9 classes; 3 of them shown" in page
    assert "1,234 labels, 17 suspected" in page
    assert "No label of this class." in page
    assert "<img" not in page
    written = render(instructions(), "markdown")
    assert "## cat0" in written
    assert "- cat (model: .50, says cat2, suspected): cat" in written
    assert "nearest to all others" in written
    import dataclasses

    without = render(dataclasses.replace(instructions(), by_place=False), "markdown")
    assert "There are no embeddings" in without


def test_a_long_text_is_cut_and_says_so() -> None:
    page = render(instructions("word " * 100_000), "html")
    assert len(page) < 100_000
    assert "…" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1600])
@pytest.mark.parametrize("which", ["plain", "hostile", "broken picture"])
def test_the_page_opens_silently_and_fits(
    browser: Any, tmp_path: Path, which: str, width: int, scheme: str
) -> None:
    picture = jpeg()[:30] if which == "broken picture" else jpeg()
    made = instructions("".join(HOSTILE[:13]) + "x" * 500 if which == "hostile" else "cat", picture)
    path = tmp_path / "instructions.html"
    path.write_text(render(made, "html"), encoding="utf-8")
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
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(251, 251, 249)" if scheme == "light" else "rgb(19, 20, 22)")
        assert page.locator("h1").count() == 1
        assert page.locator("img").count() == 10
    finally:
        page.close()
