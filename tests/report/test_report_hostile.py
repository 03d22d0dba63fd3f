"""Every string of a dataset is hostile; in no format may one do more than be read."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from labelaudit.core.results import Audit
from labelaudit.report import render
from labelaudit.report.html import panel, read
from tests.report.conftest import made_audit, words_of

SGR = re.compile(r"\x1b\[[0-9;]*m")


class Page(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "style":
            self.styles.append(data)
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.scripts.append(data)


@pytest.mark.parametrize("maker", ["page", "panel"])
def test_html_holds_no_script_no_handler_and_nothing_to_fetch(hostile: Audit, maker: str) -> None:
    page = Page(render(hostile, "html") if maker == "page" else panel(hostile))
    allowed = {"#", "data:,"}
    for tag, attributes in page.tags:
        assert tag not in {"img", "iframe", "object", "embed", "form", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "src", "srcdoc", "action", "background"}
            if name == "href":
                assert value is not None
                assert value[:1] in allowed or value in allowed
    assert sum(tag == "style" for tag, _ in page.tags) == 1
    # The one script is ours to the byte: the policy names its hash.
    assert page.scripts == ([read("page.js")] if maker == "page" else [])
    assert [tag for tag, _ in page.tags].count("h1") == (1 if maker == "page" else 0)


def test_html_keeps_the_tags_that_a_harmless_audit_has(hostile: Audit, audit: Audit) -> None:
    def tags(one: Audit) -> list[str]:
        # Of names that are alike for so long that they are cut a filter offers one.
        return [tag for tag, _ in Page(render(one, "html")).tags if tag != "option"]

    assert tags(hostile) == tags(audit)


def test_templates_are_not_run_twice(hostile: Audit) -> None:
    for format in ("html", "markdown", "terminal"):
        text = render(hostile, format)
        assert not ("7*7" in hostile.dataset.name and "49" in words_of(text))


@pytest.mark.parametrize("width", [40, 80, 160])
def test_the_plain_terminal_has_no_escape_and_no_line_too_wide(hostile: Audit, width: int) -> None:
    from rich.cells import cell_len

    text = render(hostile, "terminal", width=width)
    assert "\x1b" not in text
    assert all(
        character == "\n" or character.isprintable() or character in "\u200d\u2009"
        for character in text
    )
    for line in text.split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_the_coloured_terminal_has_colours_only_and_the_same_words(hostile: Audit) -> None:
    coloured = render(hostile, "terminal", width=100, colour=True)
    plain = SGR.sub("", coloured)
    assert "\x1b" not in plain
    assert plain == render(hostile, "terminal", width=100)
    assert coloured != plain


def test_markup_of_rich_is_shown_not_obeyed(hostile: Audit) -> None:
    if hostile.dataset.name.startswith("[bold"):
        assert "[bold red]x[/]" in render(hostile, "terminal")


def test_markdown_shows_strings_as_they_are(hostile: Audit, audit: Audit) -> None:
    text = render(hostile, "markdown")
    assert len(text.encode()) < 60_000
    assert "<" not in text.replace("<sub>", "").replace("</sub>", "")
    assert "](" not in text
    assert not re.search(r"(?i)@\w|#\d|www\.|://", unescape(text))
    pipes = [line.count("|") for line in text.splitlines()]
    assert pipes == [line.count("|") for line in render(audit, "markdown").splitlines()]
    for line in text.splitlines():
        assert not line.startswith("# ")
        ours = line.startswith("- **To know how many are wrong**")
        assert ours or "`" not in line or line in ("```text", "```")
    assert text.count("\n```text\n") == text.count("\n```\n")


def test_a_long_and_hostile_report_still_fits_a_comment() -> None:
    names = tuple(f"{'|' * 9_000}{number}" for number in range(30))
    joint = [[20 if i == j else 1 for j in range(30)] for i in range(30)]
    assert len(render(made_audit(names=names, joint=joint), "markdown").encode()) < 60_000
