"""Pairs of classes in the label: what a confusion reads as, and which two are hardest to tell."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labelaudit.core.results import Audit
from labelaudit.report import numbers
from labelaudit.report.parts import HardPairs
from labelaudit.report.words import FEW_LABELS, MOST_HARD_PAIRS, named, several

READS_AS = {"mostly mislabelled": "mislabelling", "mostly overlap": "overlap"}
UNCLEAR = "unclear"

Codes = tuple[int, ...]

# Measure, heading, the figure of a pair, how it is written, and what it is; the first that ran
# sets the order.
_FIGURES: tuple[tuple[str, str, str, Callable[[float | None], str], str], ...] = (
    (
        "pairwise_auroc",
        "AUROC",
        "auroc",
        numbers.score,
        "how often the model ranks two rows, one of each class, the right way round",
    ),
    (
        "linear_accuracy",
        "Linear",
        "accuracy",
        numbers.share,
        "accuracy of planes through the embeddings, over the rows placed in either class",
    ),
    (
        "knn_accuracy",
        "Neighbours",
        "accuracy",
        numbers.share,
        "accuracy of the nearest neighbours' vote, over the rows placed in either class",
    ),
    (
        "confusable_pairs",
        "Confusable",
        "score",
        numbers.score,
        "the mean probability that the rows of one class leave to the other",
    ),
)


def verdicts_of(audit: Audit) -> dict[Codes, tuple[str, str, str]]:
    """Return of each pair of codes, the lower first, what it reads as, its score and the basis.

    Empty where noise or overlap was not measured; a pair that is not in it has too few rows.
    """
    return {codes: _verdict(pair) for codes, pair in _by_codes(audit, "noise_or_overlap").items()}


def verdict_on(
    verdicts: Mapping[Codes, tuple[str, str, str]], one: int, other: int
) -> tuple[str, str, str]:
    """Return what the pair reads as, its score and the basis, whichever way it is confused."""
    if not verdicts:
        return "", "", ""
    return verdicts.get((min(one, other), max(one, other)), (UNCLEAR, "", "too few rows disagree"))


def _verdict(pair: Mapping[str, Any]) -> tuple[str, str, str]:
    rows = several(pair["rows"], "row disagrees", "rows disagree")
    return (
        READS_AS.get(pair["answer"], UNCLEAR),
        f"{pair['score']:.2f}",
        f"95 % {pair['low']:.2f} to {pair['high']:.2f}, {rows}",
    )


def hard_pairs_of(audit: Audit) -> HardPairs | None:
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
        rows=tuple(_row(audit, codes, ran) for codes in judged[:MOST_HARD_PAIRS]),
        note=f"{glosses} Classes of {FEW_LABELS} labels or more; the worst first of "
        f"{several(len(judged), 'pair')} in audit.json.",
    )


def _row(
    audit: Audit, codes: Codes, ran: Sequence[tuple[Any, ...]]
) -> tuple[str, str, tuple[str, ...]]:
    cells = []
    for _, _, key, written, _, pairs in ran:
        pair = pairs.get(codes)
        # A measure lists so many pairs, the worst: this one is better than they.
        cells.append("not listed" if pair is None else written(pair[key]))
    low, high = (ran[0][-1][codes].get(end) for end in ("low", "high"))
    in_shares = ran[0][3] is numbers.share
    bounds = numbers.share_range(low, high) if in_shares else numbers.score_range(low, high)
    one, other = (audit.dataset.class_names[k] for k in codes)
    return one, other, (cells[0], bounds, *cells[1:])


def _by_codes(audit: Audit, name: str) -> dict[Codes, Mapping[str, Any]]:
    measured = audit.measurement(name)
    if measured is None:
        return {}
    return {tuple(pair["codes"]): pair for pair in measured.details.get("pairs", ())}


def first_pairs(value: Sequence[Any]) -> str:
    """Return the first three pairs that a measure lists, as words; empty for another list."""
    if not value or not all(isinstance(one, Mapping) for one in value):
        return ""
    first = [_both(one) for one in value[:3]]
    more = f" and {numbers.count(len(value) - 3)} more" if len(value) > 3 else ""
    return f"{'; '.join(first)}{more} (in audit.json)" if all(first) else ""


def _both(pair: Mapping[str, Any]) -> str:
    """Return the names of both classes of a listed pair, harmless; empty where it has none."""
    names = pair.get("classes") or [pair[key] for key in ("class", "other") if key in pair]
    return f"{named(names[0])} and {named(names[1])}" if len(names) == 2 else ""
