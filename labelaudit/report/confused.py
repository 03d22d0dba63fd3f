"""Which classes are taken for which: the joint, the pairs, and what each pair reads as."""

from collections.abc import Mapping, Sequence

from labelaudit.core.intervals import even_odds
from labelaudit.core.results import Audit, Detection
from labelaudit.report.figures import Document, Said, named, said
from labelaudit.report.pairs import verdict_on, verdicts_of
from labelaudit.report.parts import Confusions, MatrixRow, Pair
from labelaudit.report.words import (
    MATRIX_CLASSES,
    MOST_IN_TABLE,
    MOST_KIN,
    MOST_PAIRS,
    why_no_detection,
)

Code = tuple[int, int]
_OFF = "/label/pair_plots/off_diagonal"
_GROUPS = "/label/pair_plots/groups"
_GROUPED_NOTE = (
    "Groups of classes: rows are those of the given labels, columns those of the classes the model "
    "estimates, as the hierarchy has them. Below, suspects by given label and the class they look "
    "like."
)


def confusions_of(audit: Audit, doc: Document, detection: Detection | None) -> Confusions:
    if detection is None:
        return Confusions(note=why_no_detection(audit), names=(), matrix=(), pairs=())
    names = audit.dataset.class_names
    drawn = 2 < len(names) <= MATRIX_CLASSES
    grouped = () if drawn else _group_names(doc)
    both = doc.at("/label/pair_plots/both_ways")
    places = {(one, other): at for at, (one, other, _) in enumerate(detection.flagged_pairs)}
    chance = {(one.given, one.suggested): at for at, one in enumerate(detection.confusions)}
    verdicts = verdicts_of(audit, doc)
    return Confusions(
        note="Rows are given labels, columns the class the model estimates. Numbers are the "
        "calibrated joint: its estimate of how many labels belong elsewhere. The pairs count "
        "suspects, which the joint sets but does not equal."
        if drawn
        else _GROUPED_NOTE
        if grouped
        else "Suspects by given label and the class they look like.",
        names=names if drawn else grouped,
        matrix=_matrix(audit, doc, names, "/detection/confident_joint")
        if drawn
        else _matrix(audit, doc, grouped, f"{_GROUPS}/joint"),
        is_grouped=bool(grouped),
        pairs=tuple(
            _pair(audit, doc, at, (one, other), places, chance, verdicts)
            for at, (one, other, _) in enumerate(both[:MOST_PAIRS])
        ),
        table=tuple(
            (names[one], names[other], doc.figure(f"/detection/flagged_pairs/{at}/2", "count"))
            for at, (one, other, _) in enumerate(detection.flagged_pairs[:MOST_IN_TABLE])
        )
        if len(names) > 2
        else (),
        more_pairs="the pairs with most suspects; all are in audit.json"
        if len(detection.flagged_pairs) > MOST_IN_TABLE
        else "",
        kin=tuple(_kin(audit, doc, at) for at in range(min(len(detection.kinships), MOST_KIN))),
    )


def _kin(audit: Audit, doc: Document, at: int) -> Said:
    assert audit.detection is not None
    kin = audit.detection.kinships[at]
    given, other = (audit.dataset.class_names[code] for code in (kin.given, kin.other))
    there, back = (
        doc.figure(f"/detection/kinships/{at}/{way}", "share") for way in ("there", "back")
    )
    looks = said("{} and {} look like one class", given, other)
    if kin.kind == "two":
        looks = said("{} looks like two classes, itself and {}", given, other)
    return said(
        "To the model {}: of {} that it places in either, it places {} in {}; of {}, {} in {}",
        looks, given, there, other, other, back, given,
    )  # fmt: skip


def _pair(
    audit: Audit,
    doc: Document,
    at: int,
    codes: Code,
    places: Mapping[Code, int],
    chance: Mapping[Code, int],
    verdicts: Mapping[tuple[int, ...], tuple[str, str, str]],
) -> Pair:
    assert audit.detection is not None
    counted = audit.detection.flagged_pairs

    def n(pair: Code) -> int:
        return counted[places[pair]][2] if pair in places else 0

    turned = (codes[1], codes[0])
    pair, back = (codes, turned) if n(codes) >= n(turned) else (turned, codes)
    given, suggested = (audit.dataset.class_names[code] for code in pair)
    count = doc.figure(f"/detection/flagged_pairs/{places[pair]}/2", "count")
    reverse: str = "none"
    if back in places:
        reverse = doc.figure(f"/detection/flagged_pairs/{places[back]}/2", "count")
    ways = _ways(n(pair), n(back))
    by_chance, systematic = _by_chance(audit.detection, doc, chance.get(pair), n(pair))
    reads_as, score, basis = verdict_on(verdicts, *pair)
    return Pair(
        given=given,
        suggested=suggested,
        total=doc.figure(f"/label/pair_plots/both_ways/{at}/2", "count"),
        count=count,
        n_count=n(pair),
        reverse=reverse,
        n_reverse=n(back),
        ways=ways,
        by_chance=by_chance,
        sentence=said(
            "{} of {} labelled {} {} like {}; {} the reverse{}{}",
            count,
            doc.figure(f"/dataset/class_counts/{pair[0]}", "count"),
            given,
            "looks" if n(pair) == 1 else "look",
            suggested,
            reverse,
            said(" ({})", ways) if ways else "",
            said("; {}{}", by_chance, ", systematic" if systematic else "") if by_chance else "",
        ),
        reads_as=reads_as,
        score=score,
        basis=basis,
    )


def _ways(count: int, reverse: int) -> str:
    if not reverse:
        return ""
    return "mostly one way" if even_odds(count, count + reverse) < 0.05 else "both ways"


def _by_chance(detection: Detection, doc: Document, at: int | None, count: int) -> tuple[str, bool]:
    # Where all suspects are of one class, say, there is nothing to choose.
    if at is None or abs(detection.confusions[at].expected - count) <= 1e-6 * count:
        return "", False
    expected = doc.figure(f"/detection/confusions/{at}/expected", "ratio")
    return said("{} by chance", expected), detection.confusions[at].is_systematic


def _group_names(doc: Document) -> tuple[str, ...]:
    """Return the groups that the classes are summed over, where there are such."""
    found = doc.at("/label/pair_plots/groups")
    if found is None:
        return ()
    return tuple(named("in no group" if name is None else name) for name in found["names"])


def _matrix(audit: Audit, doc: Document, names: Sequence[str], where: str) -> tuple[MatrixRow, ...]:
    """Return the rows of a joint that stands at `where`, its sums off the diagonal beside it."""
    if not names:
        return ()
    scale = max(audit.dataset.n_examples, 1) / 10_000
    joint, off_diagonal = doc.at(where), _OFF
    if where.startswith(_GROUPS):
        off_diagonal = f"{_GROUPS}/off_diagonal"
    rows = []
    for index, name in enumerate(names):
        counts = tuple(int(cell) for cell in joint[index])
        steps = tuple(
            0 if other == index else _step(cell, scale) for other, cell in enumerate(counts)
        )
        place = f"{where}/{index}"
        cells = tuple(doc.figure(f"{place}/{other}", "count") for other in range(len(counts)))
        off = doc.figure(f"{off_diagonal}/{index}", "count")
        rows.append(
            MatrixRow(
                name=name, cells=cells, counts=counts, steps=steps, diagonal=index, off_diagonal=off
            )
        )
    return tuple(rows)


def _step(cell: int, scale: float) -> int:
    if cell == 0:
        return 0
    return 1 + sum(cell / scale > cut for cut in (1, 3, 6, 10, 20))
