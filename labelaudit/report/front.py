"""The front of the label: panel and verdict."""

from collections.abc import Sequence

from labelaudit.core.dataset import Check
from labelaudit.core.results import Audit, Detection
from labelaudit.core.text import UNKNOWN
from labelaudit.report.figures import Document, Said, joined, said
from labelaudit.report.measured import fact_of, found_note, lean
from labelaudit.report.parts import ClassRow, Fact, Panel
from labelaudit.report.words import (
    FEW_LABELS,
    NO_SUSPECTS,
    NOISE_NOTE,
    NOT_REVIEWED,
    plain,
    spoken,
    why_no_detection,
)

_REVIEWS = "/label/ground_truth_correlation"
_MODEL = "/label/probabilistic_model"
_BASIS = "/detection/model_noise_basis"


def panel_of(
    audit: Audit,
    doc: Document,
    detection: Detection | None,
    classes: Sequence[ClassRow],
    refused: bool,
) -> Panel:
    shown, more = _worst(audit, doc, classes)
    found = detection is not None
    rate, rate_known, note, lines = _people(audit, doc, detection)
    return Panel(
        title="Label Facts",
        dataset=audit.dataset.name,
        size="not counted" if refused else _size(audit, doc),
        suspected=doc.figure("/detection/n_flagged", "count") if found else UNKNOWN,
        suspected_known=found,
        share=doc.figure(f"{_MODEL}/flagged_share", "share") if found else why_no_detection(audit),
        human_rate=rate,
        human_known=rate_known,
        human_note=note,
        human_lines=lines,
        noise=doc.figure("/detection/model_noise_estimate", "share") if found else UNKNOWN,
        noise_note=_noise_note(detection, doc) if detection else why_no_detection(audit),
        facts=_facts(audit, doc, classes),
        classes=() if refused else shown,
        more_classes="" if refused else more,
        footnotes=_footnotes(audit, doc, detection),
        packet=() if refused else _packet(audit, doc, detection),
    )


def _size(audit: Audit, doc: Document) -> str:
    size = said(
        "{} in {}, one label each",
        doc.several("/dataset/n_examples", "example"),
        doc.several("/label/metadata/classes", "class", "classes"),
    )
    if not audit.dataset.n_unlabelled:
        return size
    return said("{}; {} without", size, doc.figure("/dataset/n_unlabelled", "count"))


def _noise_note(detection: Detection, doc: Document) -> str:
    if detection.model_noise_estimate is None:
        return doc.text("/detection/model_noise_basis")
    if detection.model_noise_interval is None:
        return NOISE_NOTE
    spread = doc.figure("/detection/model_noise_interval", "share_range")
    return said("{}; by sampling alone {}", NOISE_NOTE, spread)


def _people(
    audit: Audit, doc: Document, detection: Detection | None
) -> tuple[str, bool, str, tuple[tuple[str, str], ...]]:
    """Return what people found: the rate, whether it is known, a note, and how it was found."""
    if detection is None:
        return NOT_REVIEWED, False, "no person's verdict is in this audit", ()
    if detection.n_flagged == 0:
        return NOT_REVIEWED, False, "there is no suspect to review", ()
    flagged = doc.figure("/detection/n_flagged", "count")
    reviews = audit.reviews
    if reviews is None or not reviews.n_reviewed:
        note = said(
            "people reviewed none of {} suspects; errors outside of them are not counted", flagged
        )
        return NOT_REVIEWED, False, note, ()
    wrong = doc.figure(f"{_REVIEWS}/not_upheld", "count")
    lines: tuple[tuple[str, str], ...] = (
        (
            "Suspects reviewed by people",
            said("{} of {}", doc.figure(f"{_REVIEWS}/reviewed", "count"), flagged),
        ),
        (
            "of these, not upheld",
            said("{} ({})", wrong, doc.figure(f"{_REVIEWS}/flagged_precision", "share")),
        ),
    )
    if not reviews.n_not_upheld:
        reviewed = doc.figure(f"{_REVIEWS}/reviewed", "count")
        most = ""
        if reviews.interval is not None:
            most = said("at most {}", doc.figure(f"{_REVIEWS}/interval/1", "share"))
        return said("{} of {} wrong", wrong, reviewed), True, most or "all were reviewed", lines
    interval = "no interval: all suspects were reviewed"
    if reviews.interval is not None:
        spread = doc.figure(f"{_REVIEWS}/interval", "share_range")
        interval = said("95 % interval {}", spread)
    note = said("{}; errors outside the suspects are not counted", interval)
    return said("about {}", doc.figure(f"{_REVIEWS}/rate", "share")), True, note, lines


def _footnotes(audit: Audit, doc: Document, detection: Detection | None) -> tuple[str, ...]:
    if detection is None:
        return ("Nothing here says that a label is right or wrong.",)
    follow = "" if detection.filter == "predicted_neq_given" else "; the suspects follow from it"
    notes: list[str] = [
        "* A suspect is a label that the model's evidence speaks against. It is not an error "
        "until a person has decided so.",
        said("† Not a rate of errors{}. Basis: {}.", follow, doc.text(_BASIS)),
    ]
    if audit.reviews is not None and audit.reviews.n_reviewed:
        notes.append(
            said(
                "The human-checked rate supposes that suspects not reviewed are like those that "
                "were, and counts nothing outside the suspects. Not upheld: {}.",
                doc.text("/reviews/rule"),
            )
        )
    return tuple(notes)


def _packet(
    audit: Audit, doc: Document, detection: Detection | None
) -> tuple[tuple[str, str], ...]:
    """Return what the label is made of, what it holds and what nobody looked for: as on food."""
    has = audit.dataset.has
    made = ["given labels"]
    if "probabilities" in has:
        made.append("predicted probabilities")
    if "embeddings" in has:
        made.append("embeddings")
    if "votes" in has:
        made.append("annotators' votes")
    if audit.reviews is not None:
        made.append("people's reviews")
    untested = [] if detection is not None else ["label errors"]
    run = {check.name for check in audit.contract if check.status != "not_testable"}
    if "duplicates" not in run:
        untested.append("equal inputs")
    if audit.measurement("near_leakage") is None:
        untested.append("leakage between splits")
    if audit.measurement("knn_disagreement") is None:
        untested.append("separability")
    untested.append("errors that the model cannot see")
    lines: list[tuple[str, str]] = [("Made from", ", ".join(made))]
    both = doc.at("/label/pair_plots/both_ways")
    if both and detection is not None and len(audit.dataset.class_names) > 2:
        one, other = (audit.dataset.class_names[code] for code in both[0][:2])
        lines.append(("Contains", said("most suspects between {} and {}", one, other)))
    return (*lines, ("Not tested for", ", ".join(untested)))


def _facts(audit: Audit, doc: Document, classes: Sequence[ClassRow]) -> tuple[Fact, ...]:
    return (
        fact_of(
            audit,
            doc,
            "class_balance",
            "Imbalance",
            "largest ÷ smallest class",
            "/measurements/class_balance/value",
            "ratio",
            absent_note(audit, doc),
        ),
        _hardest(audit, classes),
        fact_of(
            audit,
            doc,
            "knn_disagreement",
            "Separability",
            "nearest neighbours agree",
            f"{_MODEL}/neighbour_agreement/value",
            "share",
            found_note(doc, audit.measurement("knn_disagreement")),
        ),
        fact_of(
            audit,
            doc,
            "calibration",
            "Calibration",
            "gap to agreement",
            "/measurements/calibration/value",
            "score",
            lean(audit.measurement("calibration")),
        ),
        _contract_fact(audit, doc),
    )


def absent_note(audit: Audit, doc: Document) -> str:
    if 0 not in audit.dataset.class_counts:
        return ""
    path = "/label/statistics/absent_classes"
    return said("leaves out {}", doc.several(path, "absent class", "absent classes"))


def _hardest(audit: Audit, classes: Sequence[ClassRow]) -> Fact:
    judged = [row for row in classes if row.n_labels >= FEW_LABELS and row.flagged_share]
    gloss = "most suspects for its size"
    if judged:
        top = max(judged, key=lambda row: row.flagged_share or 0.0)
        return Fact(name="Hardest class", gloss=gloss, value=top.name, note=top.share)
    why = (
        why_no_detection(audit).split(";")[0]
        if audit.detection is None
        else "no class has a suspect"
    )
    if audit.detection is not None and audit.detection.n_flagged:
        why = "every class with suspects has too few labels"
    return Fact(name="Hardest class", gloss=gloss, value=UNKNOWN, note=why, known=False)


def _contract_fact(audit: Audit, doc: Document) -> Fact:
    tally = doc.at("/label/provenance/checks")
    worst = next((status for status in STATUSES if tally[status] and status != "not_testable"), "")
    checks = "/label/provenance/checks"
    value: str = {"refused": "failed", "repaired": "repaired", "passed": "passed"}.get(
        worst, UNKNOWN
    )
    if worst == "alerted":
        value = doc.several(f"{checks}/alerted", "alert")
    notes: list[str] = []
    if tally["not_testable"]:
        notes.append(said("{} not testable", doc.figure(f"{checks}/not_testable", "count")))
    if names := allowed(audit.contract):
        notes.append(f"allowed: {', '.join(map(spoken, names))}")
    return Fact(
        name="Input contract",
        gloss=doc.several(f"{checks}/all", "check"),
        value=value,
        note=joined("; ", notes),
        known=worst != "",
    )


def allowed(contract: Sequence[Check]) -> list[str]:
    """Return the checks that failed, and that the user allowed to."""
    return [check.name for check in contract if check.evidence.get("allowed") is True]


STATUSES = ("refused", "alerted", "repaired", "passed", "not_testable")


def _worst(
    audit: Audit, doc: Document, classes: Sequence[ClassRow]
) -> tuple[tuple[ClassRow, ...], str]:
    """Return the classes of the front panel, by suspected share, and a line on the rest.

    A class too small to be judged comes after those that are not: one suspect among two labels
    must not head the list.
    """
    known = any(row.flagged_share is not None for row in classes)

    def place(row: ClassRow) -> tuple[bool, float]:
        amount = (row.flagged_share or 0.0) if known else float(row.n_labels)
        return (known and row.n_labels < FEW_LABELS, -amount)

    ordered = sorted(classes, key=place)
    if len(ordered) <= 11:
        return tuple(ordered), ""
    more = doc.several("/label/statistics/further_classes", "more class", "more classes")
    mean = doc.at("/label/statistics/flagged_share_of_rest")
    if mean is not None:
        shown = doc.figure("/label/statistics/flagged_share_of_rest", "share")
        more = said("{}, {} suspected on average", more, shown)
    return tuple(ordered[:10]), more


def verdict_of(
    audit: Audit, doc: Document, detection: Detection | None, refused: Sequence[Check]
) -> tuple[str, ...]:
    if refused:
        place = f"/contract/{audit.contract.index(refused[0])}"
        return (
            "The input contract failed, so nothing was counted.",
            said("{}: {}.", plain(refused[0].name), doc.text(f"{place}/message")),
        )
    if names := allowed(audit.contract):
        failed = f"The input contract failed and was allowed to: {', '.join(map(spoken, names))}."
        return (failed, *_judged(audit, doc, detection))
    return _judged(audit, doc, detection)


def _judged(audit: Audit, doc: Document, detection: Detection | None) -> tuple[str, ...]:
    if detection is None and "probabilities" not in audit.dataset.has:
        return ("No label was checked: there are no predictions.",)
    if detection is None:
        return ("No label was checked yet: run `labelaudit detect`.",)
    if detection.n_flagged == 0:
        return tuple(f"{sentence}." for sentence in NO_SUSPECTS.rstrip(".").split(". "))
    total = audit.dataset.n_examples
    first = _suspected(detection, doc, total)
    if audit.reviews is not None and audit.reviews.n_reviewed:
        people = said(
            "Reviewers did not uphold {} of {}.",
            doc.figure(f"{_REVIEWS}/not_upheld", "count"),
            doc.several("/dataset/n_examples", "label"),
        )
        return (people, first, "Look before you delete.")
    second = "How many are wrong is unknown, for nobody has checked."
    if detection.n_flagged == 1:
        second = "Whether it is wrong is unknown: nobody has checked."
    return (first, second) if total > 100 else (first, second, "Too few labels to rank classes.")


def _suspected(detection: Detection, doc: Document, total: int) -> Said:
    flagged = doc.figure("/detection/n_flagged", "count")
    if detection.top is not None and detection.n_filtered is not None:
        return said(
            "These are the {} most doubtful of {} that the rule flags: a budget of {}.",
            flagged,
            doc.several("/detection/n_filtered", "label"),
            doc.text("/detection/top"),
        )
    if total <= 100 or total < 2 * detection.n_flagged:
        return said(
            "The model suspects {} of {}.", flagged, doc.several("/dataset/n_examples", "label")
        )
    one_in = doc.figure(f"{_MODEL}/one_in", "count")
    return said("The model suspects one label in {}.", one_in)
