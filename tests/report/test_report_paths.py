"""Every number of the page says where in `audit.json` it stands, and is what stands there."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import Audit
from labelaudit.core.reviews import Review, Reviews
from labelaudit.core.schema import from_document, to_document, to_json
from labelaudit.report import numbers, render
from labelaudit.report.figures import Figure, Name, at, joined, named, said
from labelaudit.report.label import label_of
from tests.made import noisy
from tests.report.conftest import made_audit

# What holds no number of the audit: names, drawings, versions, the glossary, our own fixed words.
EXEMPT_TAGS = {
    "bdi",
    "code",
    "svg",
    "style",
    "script",
    "title",
    "kbd",
    "option",
    "datalist",
    "caption",
}
EXEMPT_CLASSES = {"glossary", "legend", "gloss", "note", "code"}
# Fixed words of ours: the level of every interval, and names such as F1 and icnn2.
FIXED = re.compile(r"95 %|labelaudit [\d.]+\S*|^Size, from 0$|\b[A-Za-z]+\d\w*\b")
VOID = {"meta", "link", "input", "img", "br", "option"}


class Numbers(HTMLParser):
    """Collects what carries a path, and the digits that stand outside of that."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.told: list[tuple[str, str, str]] = []
        self.bare: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))
            if "data-path" in dict(attrs):
                self.handle_data("")

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        carrier = [a for _, a in self.open if "data-path" in a]
        if carrier:
            path, written = carrier[-1]["data-path"], carrier[-1]["data-format"]
            assert path is not None
            assert written is not None
            if data:
                self.told.append((path, written, data))
            return
        if any(tag in EXEMPT_TAGS for tag, _ in self.open):
            return
        if any(set((a.get("class") or "").split()) & EXEMPT_CLASSES for _, a in self.open):
            return
        if re.search(r"\d", FIXED.sub("", data)):
            self.bare.append(data.strip())


def audits() -> Iterator[tuple[str, Audit]]:
    yield "made", made_audit()
    yield "reviewed", reviewed()
    yield "no predictions", labelaudit.audit(["cat", "dog", "cat"] * 20)
    yield "noisy", labelaudit.audit(*noisy(600, 5, seed=1), class_names=list("abcde"))
    labels, given = noisy(900, 3, seed=2)
    points = np.eye(3)[labels] + np.random.default_rng(0).normal(size=(900, 3)) / 3
    yield (
        "embedded",
        labelaudit.audit(
            labels,
            given,
            embeddings=points,
            class_names=list("abc"),
            by={"place": ["x", "y"] * 450},
        ),
    )
    joint = np.diag(np.full(60, 40)) + np.roll(np.diag(np.full(60, 2)), 1, axis=1)
    yield "many", made_audit([f"class {'x' * (k % 5)}{chr(97 + k % 26)}" for k in range(60)], joint)


def reviewed() -> Audit:
    audit = made_audit()
    by_row = {
        0: Review(verdict="stands", votes={"given": 4, "suggested": 1}),
        1: Review(verdict="suggested", votes={"suggested": 5}, annotators={"dog": 40, "cat": 11}),
        2: Review(verdict="no_agreement", votes={"given": 2, "suggested": 2, "neither": 1}),
        3: Review(verdict="stands", votes={"given": 3, "both": 2}),
    }
    rule = "fewer than 3 of 5 chose the given label"
    reviews = Reviews(n_examples=115, n_suspects=12, rule=rule, by_row=by_row)
    return replace(audit, reviews=reviews)


@pytest.mark.parametrize(("name", "audit"), list(audits()), ids=lambda one: str(one)[:14])
def test_every_number_is_what_stands_in_the_audit_at_its_path(name: str, audit: Audit) -> None:
    document = json.loads(to_json(audit))
    page = Numbers(render(audit, "html"))
    assert page.told
    for path, written, shown in page.told:
        again = numbers.FORMATS[written](at(document, path))
        assert again == shown, (path, written)
    assert page.bare == []


def test_a_number_that_is_not_the_audits_is_noticed() -> None:
    audit = made_audit()
    page = render(audit, "html").replace(">12</i>", ">13</i>", 1)
    document = to_document(audit)
    told = Numbers(page).told
    assert any(
        numbers.FORMATS[written](at(document, path)) != shown for path, written, shown in told
    )
    assert Numbers("<p>17 labels</p>").bare == ["17 labels"]


def test_the_audit_holds_no_display_strings() -> None:
    """A number with a per cent sign or thin space is nowhere but in sentences of the audit."""
    sentences = {"message", "mitigation", "basis", "evidence", "interval_kind", "unit", "title",
                 "source", "notices", "model_noise_basis", "tier_rule", "reason", "remedy",
                 "rule", "description"}  # fmt: skip

    def strings(value: object, key: str = "") -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for name, one in value.items():
                yield from strings(one, name)
        elif isinstance(value, list):
            for one in value:
                yield from strings(one, key)
        elif isinstance(value, str):
            yield key, value

    audit = labelaudit.audit(*noisy(600, 5, seed=1), class_names=list("abcde"))
    for key, text in strings(to_document(audit)):
        if key not in sentences:
            assert "\u2009" not in text, key
            assert not re.fullmatch(r"[<>]?\d[\d,.]* ?%", text), (key, text)


def test_what_people_found_stands_above_the_model() -> None:
    audit = reviewed()
    label = label_of(audit)
    assert label.panel.human_rate == f"about {numbers.share(12 * 2 / (4 * 115))}"
    assert label.panel.human_lines[0] == ("Suspects reviewed by people", "4 of 12")
    assert label.panel.human_lines[1][1] == f"2 ({numbers.share(0.5)})"
    assert label.verdict[0] == "Reviewers did not uphold 2 of 112 labels."
    assert "errors outside the suspects are not counted" in label.panel.human_note
    assert [count.name for count in label.counts][-2:] == ["Reviewed by people", "Not upheld"]
    assert "1 another verdict, 1 no agreement" in label.counts[-1].gloss
    first, second, *_ = label.suspects.rows
    assert first.verdict is not None
    assert first.verdict.name == "Label stands"
    assert second.verdict is not None
    assert second.verdict.name == "Label wrong"
    assert label.suspects.rows[9].verdict is None
    page = render(audit, "html")
    assert "not yet reviewed" in page  # of those that nobody has looked at
    assert "at least" not in page


def test_none_wrong_is_an_upper_bound_and_no_point() -> None:
    by_row = {row: Review(verdict="stands") for row in range(4)}
    reviews = Reviews(n_examples=115, n_suspects=12, rule="ours", by_row=by_row)
    label = label_of(replace(made_audit(), reviews=reviews))
    assert label.panel.human_rate == "0 of 4 wrong"
    assert label.panel.human_note.startswith("at most ")


def test_all_reviewed_has_no_interval_and_agrees_with_the_published_figures() -> None:
    """CIFAR-10: 275 checked of 275, 54 not upheld, .54 % of 10,000 labels (methods 1)."""
    verdicts = ["stands"] * 221 + ["suggested"] * 18 + ["neither"] * 4 + ["no_agreement"] * 32
    by_row = {row: Review(verdict=one) for row, one in enumerate(verdicts)}
    all_checked = Reviews(n_examples=10_000, n_suspects=275, rule="ours", by_row=by_row)
    assert all_checked.rate == pytest.approx(0.0054)
    assert all_checked.interval is None
    assert (all_checked.n_not_upheld, all_checked.n_no_agreement) == (54, 32)
    some = Reviews(
        n_examples=10_000,
        n_suspects=284,
        rule="ours",
        by_row={row: Review(verdict="suggested" if row < 49 else "stands") for row in range(240)},
    )
    assert some.rate == pytest.approx(0.0058, abs=5e-5)
    assert some.interval == pytest.approx((0.0045, 0.0074), abs=5e-5)


def test_reviews_are_read_back_from_the_audit(tmp_path: Path) -> None:
    audit = reviewed()
    again = from_document(json.loads(to_json(audit)))
    assert again.reviews == audit.reviews


def test_a_sentence_keeps_its_figures_and_its_words() -> None:
    figure = Figure("3", "/a/0", "count")
    sentence = joined("; ", [said("{} of {}", figure, named("<b>")), "", "and"])
    assert sentence == "3 of <b>; and"
    assert sentence.__html__() == (
        '<i data-path="/a/0" data-format="count">3</i> of <bdi>&lt;b&gt;</bdi>; and'
    )
    assert isinstance(named(named("a")), Name)
    assert at({"a/b": {"~": [7]}}, "/a~1b/~0/0") == 7
