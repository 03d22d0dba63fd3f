"""What measures found: balance, separability, and any measure by its name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from labelaudit.core.modules import TIERS
from labelaudit.core.results import Audit, Measurement, Skipped
from labelaudit.core.text import UNKNOWN
from labelaudit.report.drawn import Agreeing, ClassMap
from labelaudit.report.figures import Document, Said, joined, pointer, said
from labelaudit.report.pairs import first_pairs, hard_pairs_of
from labelaudit.report.parts import (
    Balance,
    ClassRow,
    Fact,
    Measure,
    Section,
)
from labelaudit.report.words import (
    FEW_LABELS,
    MATRIX_CLASSES,
    MOST_BARS,
    MOST_CLASSES,
    missing_note,
    plain,
    spoken,
    why_missing,
)

_BALANCE = "/measurements/class_balance"
_AGREEMENT = "/label/probabilistic_model/neighbour_agreement"
_MOST_NAMED = 20  # classes of the map


def lean(calibration: Measurement | None) -> str:
    if calibration is None:
        return ""
    confidence = calibration.details.get("mean_confidence")
    agreement = calibration.details.get("agreement")
    if confidence is None or agreement is None or abs(confidence - agreement) < 0.01:
        return ""
    return "too sure" if confidence > agreement else "not sure enough"


def fact_of(
    audit: Audit,
    doc: Document,
    measure: str,
    name: str,
    gloss: str,
    place: str,
    written: str,
    note: str = "",
) -> Fact:
    """Return a figure of a measure, or why there is none."""
    if audit.measurement(measure) is not None:
        value = doc.figure(place, written)
        return Fact(name=name, gloss=gloss, value=value, note=note, known=value != UNKNOWN)
    why = why_missing(audit, doc, measure)[0]
    return Fact(name=name, gloss=gloss, value=UNKNOWN, note=why, known=False)


def balance_of(audit: Audit, doc: Document, classes: Sequence[ClassRow]) -> Balance:
    counts = [row.n_labels for row in classes]
    equal = len(set(counts)) == 1
    ordered = sorted(classes, key=lambda row: _by_shift(row) if equal else -row.n_labels)
    highest = max((row.high for row in ordered if row.high is not None), default=0.0)
    axis = min(1.0, np.ceil(highest * 20) / 20) if highest else 1.0
    measured = audit.measurement("class_balance")
    return Balance(
        note="How large the classes are, how large the model estimates them, and what share of "
        "each is suspected. Intervals cover the sampling of rows only; a suspect is not an error.",
        facts=_balance_facts(audit, doc, measured),
        classes=tuple(ordered[:MOST_CLASSES]),
        groups=_groups(ordered),
        curve=tuple(sorted(filter(None, counts), reverse=True)) if len(counts) > MOST_BARS else (),
        axis=float(axis),
        shift_axis=max(
            (abs(_by_shift(row)) for row in classes if row.n_estimated is not None), default=0
        ),
        more_classes="smaller classes are not shown; all are in audit.json"
        if len(ordered) > MOST_CLASSES
        else "",
    )


def _groups(ordered: Sequence[ClassRow]) -> tuple[tuple[str, tuple[ClassRow, ...]], ...]:
    """Return all classes as one group; of many those that are worth a look."""
    if len(ordered) <= MATRIX_CLASSES:
        return (("", tuple(ordered)),)
    few = 10
    judged = [row for row in ordered if row.n_labels >= FEW_LABELS and row.flagged_share]
    noisiest = sorted(judged, key=lambda row: -(row.flagged_share or 0.0))[:few]
    groups = [
        ("The largest", tuple(ordered[:few])),
        ("The smallest", tuple(ordered[-few:])),
        ("Most suspects for their size", tuple(noisiest)),
    ]
    return tuple((title, rows) for title, rows in groups if rows)


def _by_shift(row: ClassRow) -> int:
    return -((row.n_estimated or 0) - row.n_labels)


def _balance_facts(audit: Audit, doc: Document, measured: Measurement | None) -> tuple[Fact, ...]:
    if measured is None:
        return ()
    details = f"{_BALANCE}/details"
    told = [
        ("Imbalance ratio", _largest_smallest(audit, doc), f"{_BALANCE}/value", "ratio", ""),
        ("Evenness", "one: all classes equal", f"{details}/evenness", "score", ""),
        (
            "Effective classes",
            "how many classes it feels like",
            f"{details}/effective_classes_entropy",
            "ratio",
            said("of {}", doc.figure("/label/metadata/classes", "count")),
        ),
        (
            "Always guess the largest",
            "accuracy to beat",
            f"{details}/majority_baseline",
            "share",
            "",
        ),
    ]
    facts = [
        Fact(name=name, gloss=gloss, value=doc.figure(place, written), note=note)
        for name, gloss, place, written, note in told
        if place.split("/")[-1] in (*measured.details, "value")
    ]
    if doc.at("/label/statistics/tiers") is not None:
        tiers = [doc.figure(f"/label/statistics/tiers/{tier}", "count") for tier in TIERS]
        rule = doc.text(f"{details}/tier_rule") if "tier_rule" in measured.details else ""
        facts.append(Fact(name="Head / medium / tail", gloss=rule, value=joined(" / ", tiers)))
    return (*facts, *_point_of_recall(audit, doc, measured))


def _largest_smallest(audit: Audit, doc: Document) -> str:
    if 0 in audit.dataset.class_counts:
        path = "/label/statistics/absent_classes"
        return said("leaves out {}", doc.several(path, "absent class", "absent classes"))
    return "largest ÷ smallest class"


def _point_of_recall(audit: Audit, doc: Document, measured: Measurement) -> Iterable[Fact]:
    """Say what evaluation pays: how many examples a point of recall is in the smallest class."""
    points = measured.per_class.get("examples_per_point", ())
    present = [(point, index) for index, point in enumerate(points) if point]
    if present:
        _, index = min(present)
        yield Fact(
            name="One point of recall",
            gloss="in the smallest class, in examples",
            value=doc.figure(f"{_BALANCE}/per_class/examples_per_point/{index}", "small_ratio"),
            note=audit.dataset.class_names[index],
        )


def separability_of(audit: Audit, doc: Document) -> Section:
    measured = audit.measurement("knn_disagreement")
    drawn = map_of(audit, doc)
    pairs = hard_pairs_of(audit, doc)
    if measured is None or measured.value is None:
        return Section(note=missing_note(audit, doc, "knn_disagreement"), pairs=pairs, map=drawn)
    interval = ""
    if doc.at(f"{_AGREEMENT}/interval") is not None:
        interval = doc.figure(f"{_AGREEMENT}/interval", "share_range")
    facts = [
        Fact(
            name="Nearest neighbours agree",
            gloss="neighbours with the same label; all is separable",
            value=doc.figure(f"{_AGREEMENT}/value", "share"),
            note=interval,
        )
    ]
    for measure, name, gloss, written in (
        ("silhouette", "Silhouette", "from minus one to one; nearer to its own class", "score"),
        ("n1_borderline", "On a class border", "joined to another class in the tree", "share"),
        ("fisher_ratio", "Fisher ratio (F1)", "between over within; low is separable", "score"),
    ):
        if audit.measurement(measure) is not None:
            value = doc.figure(f"/measurements/{measure}/value", written)
            facts.append(Fact(name=name, gloss=gloss, value=value))
    details = "/measurements/knn_disagreement/details"
    how = ""
    if {"k", "metric"} <= set(measured.details):
        k, metric = doc.figure(f"{details}/k", "count"), doc.text(f"{details}/metric")
        how = said(" {} neighbours by {} distance.", k, metric)
    sample = sample_of(doc, measured)
    return Section(
        note=said(
            "Measured between embeddings.{} Rows: {}.{}",
            how, sample, _how_exact(doc, measured.details, details),
        ),
        facts=tuple(facts),
        agreeing=_agreeing(audit, doc),
        map=drawn,
        pairs=pairs,
    )  # fmt: skip


def _agreeing(audit: Audit, doc: Document) -> tuple[Agreeing, ...]:
    """Return the classes by how their neighbours agree, the hardest first."""
    parts = doc.at(f"{_AGREEMENT}/per_class")
    told = [
        Agreeing(
            name=name, model=part, shown=doc.figure(f"{_AGREEMENT}/per_class/{index}", "share")
        )
        for index, (name, part) in enumerate(zip(audit.dataset.class_names, parts, strict=False))
        if part is not None
    ]
    return tuple(sorted(told, key=lambda one: one.model))


def map_of(audit: Audit, doc: Document) -> ClassMap | None:
    """Return the map of rows, where it was measured; of many classes those of most suspects."""
    measured = audit.measurement("class_map")
    if measured is None or measured.value is None:
        return None
    details = measured.details
    flagged = audit.detection.flagged_by_class if audit.detection is not None else None
    places = zip(measured.per_class.get("x", ()), measured.per_class.get("y", ()), strict=True)
    known = [(index, x, y) for index, (x, y) in enumerate(places) if x is not None]
    if flagged is not None:
        known.sort(key=lambda one: -int(flagged[one[0]]))
    names = audit.dataset.class_names
    place = "/measurements/class_map/details"
    return ClassMap(
        x=tuple(details["x"]),
        y=tuple(details["y"]),
        is_suspect=tuple(bool(one) for one in details["flagged"]),
        classes=tuple((names[index], x, y) for index, x, y in known[:_MOST_NAMED]),
        caption=said(
            "{}. Rows: {}. Grey: not suspected. Orange: suspected. Near means alike; distances "
            "between far groups mean little.",
            doc.text(f"{place}/method"), sample_of(doc, measured),
        ),
    )  # fmt: skip


def measure_of(audit: Audit, doc: Document, measured: Measurement | Skipped) -> Measure:
    place = pointer("measurements", measured.name)
    if isinstance(measured, Skipped):
        reason, remedy = doc.text(f"{place}/reason"), doc.text(f"{place}/remedy")
        return Measure(
            name=plain(measured.name),
            title=plain(measured.title),
            value="skipped",
            unit=said("{} ({})", reason, remedy),
            interval="",
            sample="",
            source="",
            details=(),
            skipped=True,
        )
    kind = doc.text(f"{place}/interval_kind")
    interval: str = kind
    if measured.interval is not None:
        bounds = doc.figure(f"{place}/interval", "figure_range")
        interval = said("{} ({})", bounds, kind) if kind else bounds
    return Measure(
        name=plain(measured.name),
        title=plain(measured.title),
        value=doc.figure(f"{place}/value", "figure"),
        unit=doc.text(f"{place}/unit"),
        interval=interval,
        sample=sample_of(doc, measured),
        source=doc.text(f"{place}/source") or UNKNOWN,
        details=(*_details(doc, place, measured), *_per_class(audit, doc, place, measured)),
        skipped=False,
    )


def sample_of(doc: Document, measured: Measurement) -> str:
    """Say on which rows a measure rests."""
    sample, place = measured.sample, pointer("measurements", measured.name, "sample")
    if not {"size", "of"} <= set(sample):
        return "all rows"
    of = doc.figure(f"{place}/of", "count")
    if sample["size"] == sample["of"]:
        return said("all {}", of)
    rows = said("{} of {}", doc.figure(f"{place}/size", "count"), of)
    if "seed" in sample:
        rows = said("{}, seed {}", rows, doc.figure(f"{place}/seed", "count"))
    return joined("; ", (rows, found_note(doc, measured)))


def found_note(doc: Document, measured: Measurement | None) -> str:
    """Say which share of the true neighbours a search among a sample has found."""
    if measured is None or measured.details.get("neighbour_recall") is None:
        return ""
    place = pointer("measurements", measured.name, "details", "neighbour_recall")
    return said("{} of neighbours found", doc.figure(place, "share"))


def _how_exact(doc: Document, details: Mapping[str, Any], place: str) -> Said:
    """Say how the share of neighbours that were found is known, and what would find all."""
    told = []
    if "neighbour_recall_basis" in details:
        told.append(said(" Neighbours found, {}.", doc.text(f"{place}/neighbour_recall_basis")))
    if details.get("disagreement_shift") is not None:
        shift = doc.figure(f"{place}/disagreement_shift", "score")
        told.append(said(" The disagreement of a row is off by {} on average.", shift))
    if "exact_with" in details:
        told.append(said(" `{}` compares all rows.", doc.text(f"{place}/exact_with")))
    return joined("", told)


def _details(doc: Document, place: str, measured: Measurement) -> Iterable[tuple[str, str]]:
    for name, value in measured.details.items():
        if isinstance(value, list | tuple | dict | np.ndarray):
            pairs = first_pairs(value) if isinstance(value, list) else ""
            yield spoken(name), pairs or "in audit.json"
        elif isinstance(value, str):
            yield spoken(name), doc.text(f"{place}{pointer('details', name)}")
        else:
            yield spoken(name), doc.figure(f"{place}{pointer('details', name)}", "figure")


def _per_class(
    audit: Audit, doc: Document, place: str, measured: Measurement
) -> Iterable[tuple[str, str]]:
    for name, column in measured.per_class.items():
        ends = _extremes(column, audit.dataset.n_classes)
        title = f"{spoken(name)}, per class"
        if ends is None:
            words = sorted({plain(value) for value in column if isinstance(value, str)})
            yield title, ", ".join(words[:5]) or UNKNOWN
            continue
        low, high = ends
        at = f"{place}{pointer('per_class', name)}"
        names = audit.dataset.class_names
        yield (
            title,
            said(
                "{} ({}) to {} ({})",
                doc.figure(f"{at}/{low}", "figure"), names[low],
                doc.figure(f"{at}/{high}", "figure"), names[high],
            ),
        )  # fmt: skip


def _extremes(column: Sequence[Any], n_classes: int) -> tuple[int, int] | None:
    """Return the classes with the lowest and the highest figure of a per-class column."""
    known = [
        index
        for index, value in enumerate(column[:n_classes])
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    if not known:
        return None
    return min(known, key=lambda k: column[k]), max(known, key=lambda k: column[k])
