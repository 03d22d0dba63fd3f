"""Pairs of classes in the label: what a confusion reads as, and which two are hardest to tell."""

from collections.abc import Mapping, Sequence
from typing import Any

from labelaudit.core.results import Audit
from labelaudit.report.figures import Document, named, pointer, said
from labelaudit.report.parts import HardPairs
from labelaudit.report.words import FEW_LABELS, MOST_HARD_PAIRS

READS_AS = {"mostly mislabelled": "mislabelling", "mostly overlap": "overlap"}
UNCLEAR = "unclear"

Codes = tuple[int, ...]

# Measure, heading, the figure of a pair, how it is written, and what it is; the first that ran
# sets the order.
_FIGURES: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "pairwise_auroc",
        "AUROC",
        "auroc",
        "score",
        "how often the model ranks two rows, one of each class, the right way round",
    ),
    (
        "linear_accuracy",
        "Linear",
        "accuracy",
        "share",
        "accuracy of planes through the embeddings, over the rows placed in either class",
    ),
    (
        "knn_accuracy",
        "Neighbours",
        "accuracy",
        "share",
        "accuracy of the nearest neighbours' vote, over the rows placed in either class",
    ),
    (
        "confusable_pairs",
        "Confusable",
        "score",
        "score",
        "the mean probability that the rows of one class leave to the other",
    ),
)


def verdicts_of(audit: Audit, doc: Document) -> dict[Codes, tuple[str, str, str]]:
    """Return of each pair of codes, the lower first, what it reads as, its score and the basis.

    Empty where noise or overlap was not measured; a pair that is not in it has too few rows.
    """
    return {
        codes: _verdict(doc, place) for codes, place in _by_codes(audit, "noise_or_overlap").items()
    }


def verdict_on(
    verdicts: Mapping[Codes, tuple[str, str, str]], one: int, other: int
) -> tuple[str, str, str]:
    """Return what the pair reads as, its score and the basis, whichever way it is confused."""
    if not verdicts:
        return "", "", ""
    return verdicts.get((min(one, other), max(one, other)), (UNCLEAR, "", "too few rows disagree"))


def _verdict(doc: Document, place: str) -> tuple[str, str, str]:
    score, low, high = (
        doc.figure(f"{place}/{key}", "hundredths") for key in ("score", "low", "high")
    )
    rows = doc.several(f"{place}/rows", "row disagrees", "rows disagree")
    answer = READS_AS.get(doc.at(f"{place}/answer"), UNCLEAR)
    return answer, score, said("95 % {} to {}, {}", low, high, rows)


def hard_pairs_of(audit: Audit, doc: Document) -> HardPairs | None:
    """Return the pairs that are hardest to tell apart, classes of few labels left out.

    None where no measure of pairs ran, or there is no such pair.
    """
    counts = audit.dataset.class_counts
    ran = [(*figure, _by_codes(audit, figure[0])) for figure in _FIGURES]
    ran = [figure for figure in ran if figure[-1]]
    if not ran:
        return None
    leading = ran[0][-1]
    judged = [codes for codes in leading if min(counts[k] for k in codes) >= FEW_LABELS]
    if not judged:
        return None
    glosses = " ".join(f"{heading}: {gloss}." for _, heading, _, _, gloss, _ in ran)
    return HardPairs(
        columns=(ran[0][1], "95 %", *(heading for _, heading, *_ in ran[1:])),
        rows=tuple(_row(audit, doc, codes, ran) for codes in judged[:MOST_HARD_PAIRS]),
        note=f"{glosses} Classes with too few labels are left out; the worst first, all in "
        "audit.json.",
    )


def _row(
    audit: Audit, doc: Document, codes: Codes, ran: Sequence[tuple[Any, ...]]
) -> tuple[str, str, tuple[str, ...]]:
    # A measure lists so many pairs, the worst: one that is not among them is better than they.
    cells = [
        doc.figure(f"{places[codes]}/{key}", written) if codes in places else "not listed"
        for _, _, key, written, _, places in ran
    ]
    leading, written = ran[0][-1][codes], ran[0][3]
    bounds = said(
        "{} to {}",
        doc.figure(f"{leading}/low", "share_number" if written == "share" else written),
        doc.figure(f"{leading}/high", written),
    )
    one, other = (audit.dataset.class_names[k] for k in codes)
    return one, other, (cells[0], bounds, *cells[1:])


def _by_codes(audit: Audit, name: str) -> dict[Codes, str]:
    """Return where in the audit a measure speaks of each pair of codes."""
    measured = audit.measurement(name)
    if measured is None:
        return {}
    place = pointer("measurements", name, "details", "pairs")
    pairs = measured.details.get("pairs", ())
    return {tuple(pair["codes"]): f"{place}/{at}" for at, pair in enumerate(pairs)}


def first_pairs(value: Sequence[Any]) -> str:
    """Return the first three pairs that a measure lists, as words; empty for another list."""
    if not value or not all(isinstance(one, Mapping) for one in value):
        return ""
    first = [_both(one) for one in value[:3]]
    if not all(first):
        return ""
    pairs = "; ".join("{} and {}" for _ in first)
    more = " and more (in audit.json)" if len(value) > 3 else " (in audit.json)"
    return said(f"{pairs}{more}", *(name for both in first for name in both))


def _both(pair: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of both classes of a listed pair, harmless; empty where it has none."""
    names = pair.get("classes") or [pair[key] for key in ("class", "other") if key in pair]
    both = isinstance(names, list | tuple) and len(names) == 2
    return (named(names[0]), named(names[1])) if both else ()
