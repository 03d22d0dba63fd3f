"""Labelling instructions: what each class means, by its examples, for people who label."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from labelaudit.core.examples import Example
from labelaudit.core.exemplars import ClassExemplars, Exemplar, Instructions
from labelaudit.core.markdown import escape
from labelaudit.core.text import printable
from labelaudit.report import numbers
from labelaudit.report.figures import named
from labelaudit.report.html import environment, policy, read
from labelaudit.report.words import plain, several

FORMATS = ("html", "markdown")
_ID, _TEXT = 120, 280

_CENTRE = "Central"
_TYPICAL = "Typical, each unlike the others"
_DOUBTFUL = "Doubtful: look twice"
_BY_PLACE = (
    "The central example is nearest to all others of its class; the typical ones are sure "
    "and as unlike each other as they can be."
)
_BY_RANK = (
    "There are no embeddings, so nobody knows which examples are alike: the central one is "
    "the one the model is surest of, and the typical ones are spread over its surer half."
)
_DOUBT = (
    "The doubtful ones carry the same label and may be wrong: no person has checked them. "
    "Suspected is what the model says, not an error."
)
_FIGURE = "The figure at each is the probability that the model gives to its label."


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """One example as it is shown; `says` is what the model says instead, '' where it agrees."""

    id: str
    sure: str
    says: str
    suspected: bool
    text: str
    source: str
    alt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Examples of a class that show the same thing."""

    name: str
    key: str
    cards: tuple[Card, ...]
    empty: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A class as it is shown."""

    name: str
    facts: str
    taken_for: str
    groups: tuple[Group, ...]


def render(made: Instructions, instructions_format: str) -> str:
    """Return the instructions as text of one of `FORMATS`."""
    return as_markdown(made) if instructions_format == "markdown" else as_html(made)


def as_html(made: Instructions) -> str:
    """Return one page that asks for nothing: its pictures are in it."""
    style = read("panel.css") + read("style.css") + read("instructions.css")
    sections = [_section(one) for one in made.classes]
    cards = [card for section in sections for group in section.groups for card in group.cards]
    return (
        environment()
        .get_template("instructions.html.j2")
        .render(
            dataset=named(made.dataset),
            size=_size(made),
            lead=_lead(made),
            notices=[plain(notice) for notice in made.notices],
            sections=sections,
            pictures=any(card.source for card in cards),
            tool=f"labelaudit {plain(made.tool_version)}",
            style=style,
            policy=policy(style),
        )
    )


def as_markdown(made: Instructions) -> str:
    """Return the same in words: ids, texts and figures, no pictures."""
    return "\n".join(_lines(made)) + "\n"


def _lines(made: Instructions) -> Iterable[str]:
    yield f"# What each class means: {escape(named(made.dataset))}"
    yield ""
    yield escape(_size(made))
    for line in (*_lead(made), *(plain(notice) for notice in made.notices)):
        yield ""
        yield escape(line, 600)
    for one in made.classes:
        section = _section(one)
        yield ""
        yield f"## {escape(section.name)}"
        yield ""
        yield escape(section.facts)
        if section.taken_for:
            yield ""
            yield escape(section.taken_for, 600)
        for group in section.groups:
            yield ""
            yield f"### {group.name}"
            yield ""
            if not group.cards:
                yield escape(group.empty)
            for card in group.cards:
                says = f", says {escape(card.says)}" if card.says else ""
                suspected = ", suspected" if card.suspected else ""
                text = f": {escape(card.text, _TEXT)}" if card.text else ""
                yield f"- {escape(card.id, _ID)} (model: {card.sure}{says}{suspected}){text}"


def _size(made: Instructions) -> str:
    shown = len(made.classes)
    classes = several(made.n_classes, "class", "classes")
    of = f"; {numbers.count(shown)} of them shown" if shown < made.n_classes else ""
    return f"{several(made.n_examples, 'example')} in {classes}{of}"


def _lead(made: Instructions) -> tuple[str, ...]:
    return (f"{_BY_PLACE if made.by_place else _BY_RANK} {_DOUBT}", _FIGURE)


def _section(one: ClassExemplars) -> Section:
    share = numbers.share(one.n_suspects / one.n_labels) if one.n_labels else ""
    facts = several(one.n_labels, "label")
    if one.n_labels:
        facts += f", {numbers.count(one.n_suspects)} suspected ({share})"
    looks = ", ".join(f"{named(name)} ({numbers.count(n)})" for name, n in one.taken_for)
    none = "No label of this class." if one.centre is None else "No further label of this class."
    centre = () if one.centre is None else (one.centre,)
    groups = ((_CENTRE, "centre", centre), (_TYPICAL, "typical", one.typical))
    return Section(
        name=named(one.name),
        facts=facts,
        taken_for=f"Its suspects look like: {looks}." if looks else "",
        groups=tuple(
            Group(
                name=name,
                key=key,
                cards=tuple(_card(example, one.name) for example in examples),
                empty=none,
            )
            for name, key, examples in (*groups, (_DOUBTFUL, "doubtful", one.doubtful))
        ),
    )


def _card(example: Exemplar, given: str) -> Card:
    source, shown = "", example.example
    if shown is not None and shown.jpeg is not None:
        source = f"data:image/jpeg;base64,{base64.b64encode(shown.jpeg).decode('ascii')}"
    says = named(example.suggested_label) if example.suggested_label != given else ""
    return Card(
        id=printable(example.id, _ID) or "(empty id)",
        sure=numbers.probability(example.self_confidence),
        says=says,
        suspected=example.is_suspect,
        text=_text(shown),
        source=source,
        alt=f"an example labelled {named(given)}",
    )


def _text(shown: Example | None) -> str:
    """Return what an example is in words: its text, or the columns of its row."""
    if shown is None:
        return ""
    words = shown.text or "; ".join(f"{name}: {value}" for name, value in shown.features)
    return printable(words, _TEXT)
