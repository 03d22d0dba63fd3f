"""How a dataset is labelled, as far as an audit can know: the sentences that every card says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from labelaudit.core.results import Audit
from labelaudit.core.text import UNKNOWN
from labelaudit.report.figures import named
from labelaudit.report.label import label_of
from labelaudit.report.numbers import THIN_SPACE
from labelaudit.report.parts import Label
from labelaudit.report.words import NOT_REVIEWED

_MOST_PAIRS = 5
_NOBODY_SAID = f"{UNKNOWN}: an audit reads labels, not how they were made"


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """Plain sentences, harmless and still to be escaped; "unknown" where nobody knows.

    `classes` are rows of class, labels, suspected, share of its labels suspected. `modality` is
    image, text or table, empty where unknown.
    """

    name: str
    summary: str
    modality: str
    protocol: str
    per_item: str
    platform: str
    annotators: str
    analysis: tuple[str, ...]
    biases: tuple[str, ...]
    limitations: tuple[str, ...]
    measured_by: str
    classes: tuple[tuple[str, int, int | None, float | None], ...]


def annotation_of(audit: Audit) -> Annotation:
    """Return what an audit can say of how its dataset was labelled."""
    label = label_of(audit)
    panel = label.panel
    votes = [text for text in label.provenance.notices if "votes" in text]
    has_votes = "votes" in audit.dataset.has
    kinds = {example.kind for example in audit.examples.values()}
    return Annotation(
        name=_plain(panel.dataset),
        summary=_plain(f"{panel.size}. {' '.join(label.verdict)}"),
        modality=kinds.pop() if len(kinds) == 1 else "",
        protocol=_plain(f"One label for each example. How they were made is {UNKNOWN}."),
        per_item=_plain("; ".join(votes) or "several, kept as votes" if has_votes else UNKNOWN),
        platform=UNKNOWN,
        annotators=_NOBODY_SAID,
        analysis=tuple(map(_plain, _analysis(audit, label))),
        biases=tuple(map(_plain, _biases(label))),
        limitations=tuple(map(_plain, _limitations(audit, label))),
        measured_by=_plain(f"{label.provenance.tool}, confident learning. {_model(audit)}"),
        classes=tuple(_classes(audit, label)),
    )


def reviewed(label: Label) -> str:
    """Return what people found, in as few words as there are."""
    panel = label.panel
    if not panel.human_known:
        return NOT_REVIEWED
    rate = _plain(panel.human_rate)
    return f"reviewed {rate.removeprefix('about ')}"


def suspected_share(audit: Audit, label: Label) -> str:
    """Return the share of labels suspected; why there is none where there is none."""
    if label.refused:
        return "input contract failed"
    if audit.detection is None:
        return "not checked"
    return _plain(label.panel.share)


def _plain(text: str) -> str:
    return str(text).replace(THIN_SPACE, " ")


def _model(audit: Audit) -> str:
    if audit.detection is None:
        return ""
    return f"A label is suspected by the rule {audit.detection.filter}."


def _analysis(audit: Audit, label: Label) -> Iterator[str]:
    panel = label.panel
    if label.refused or audit.detection is None:
        yield f"Suspected label errors: {UNKNOWN}; {suspected_share(audit, label)}."
        return
    yield (
        f"Suspected label errors: {panel.suspected} ({panel.share}), a model's estimate. A suspect "
        "is a label that the model's evidence speaks against; it is not an error until a person "
        "has decided so."
    )
    yield f"Human-checked error rate: {panel.human_rate}; {panel.human_note}."
    yield f"Model noise estimate: {panel.noise}; {panel.noise_note}."
    for pair in label.confusions.pairs[:_MOST_PAIRS]:
        reads = f" Reads as {pair.reads_as} ({pair.basis})." if pair.reads_as else ""
        yield f"{pair.sentence}.{reads}"


def _biases(label: Label) -> Iterator[str]:
    for fact in label.panel.facts:
        if fact.name in ("Imbalance", "Hardest class"):
            note = f"; {fact.note}" if fact.note else ""
            yield f"{fact.name} ({fact.gloss}): {fact.value}{note}."


def _limitations(audit: Audit, label: Label) -> Iterator[str]:
    yield "Errors that the model cannot see are not counted; a suspect may well be right."
    packet = dict(label.panel.packet)
    if untested := packet.get("Not tested for"):
        yield f"Not tested for: {untested}."
    for warned in label.alerts:
        if warned.severity != "info":
            yield f"{warned.message}. {warned.mitigation}"
    for mark in label.badges:
        if mark.state != "yes":
            yield f"{mark.name}: {mark.state}; {mark.evidence}."


def _classes(audit: Audit, label: Label) -> Iterator[tuple[str, int, int | None, float | None]]:
    if label.refused:
        return
    facts, found = audit.dataset, audit.detection
    flagged: Sequence[int | None] = (
        [None] * facts.n_classes if found is None else found.flagged_by_class.tolist()
    )
    for name, count, suspected in zip(facts.class_names, facts.class_counts, flagged, strict=True):
        part = None if suspected is None or not count else suspected / count
        yield str(named(name)), int(count), suspected, part
