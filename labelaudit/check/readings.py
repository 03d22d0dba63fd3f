"""What each gate reads off an audit: one function a gate, its docstring is its explanation.

A gate that cannot be judged reads a number that is None, and says why and what would supply it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from labelaudit.check.verdict import Matched
from labelaudit.core.intervals import jeffreys, wilson
from labelaudit.core.results import Audit, Measurement, Skipped

SAMPLING = "95 % interval, of sampling only"
ESTIMATE = "the model's estimate, bias unknown"
COUNT = "a count, no interval"
NO_PREDICTIONS = "labels were not checked: there are no predictions"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A number of an audit with its 95 % interval, or why there is none.

    `scope` is empty for the dataset; `basis` says what the number is.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    scope: str = ""
    basis: str = ""
    why_not: str = ""
    remedy: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What gates may read: the audit, how its findings compare with a baseline, the slices."""

    audit: Audit
    baseline: Matched | None = None
    by: tuple[str, ...] = ()
    count_moved: bool = False


Readings = Iterator[Reading]
Read = Callable[[Seen], Readings]


def _unchecked(seen: Seen) -> Reading | None:
    if seen.audit.detection is not None:
        return None
    remedy = "give --predictions to the audit"
    return Reading(value=None, why_not=NO_PREDICTIONS, remedy=remedy)


def max_model_noise(seen: Seen) -> Readings:
    """The share of labels that the model places elsewhere: its estimate, bias unknown.

    1 - trace of the calibrated confident joint. Its interval is of sampling only: a biased model
    stays biased however many rows there are, so this is no rate of errors. Cannot be judged without
    predictions, or where the model is too weak to say anything.

    Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.2.
    """
    if (none := _unchecked(seen)) is not None:
        yield none
        return
    found = seen.audit.detection
    assert found is not None
    if found.model_noise_estimate is None:
        yield Reading(
            value=None, why_not=found.model_noise_basis, remedy="audit with a better model"
        )
        return
    yield Reading(
        value=found.model_noise_estimate,
        interval=found.model_noise_interval,
        basis=f"{ESTIMATE}; {SAMPLING}",
    )


def max_error_rate(seen: Seen) -> Readings:
    """The share of labels that people did not uphold: the human-checked error rate.

    Suspects F, reviewed m of them, not upheld v: rate F v / (m N), its interval Wilson's of v of m,
    scaled by F / N. Supposes that suspects not reviewed are like those that were; counts nothing
    outside of the suspects. Cannot be judged until people have reviewed suspects.

    Source: Northcutt, Athalye and Mueller 2021, section 4; Wilson 1927.
    """
    reviews = seen.audit.reviews
    if reviews is None or not reviews.n_reviewed:
        yield Reading(
            value=None,
            why_not="people have reviewed no suspect",
            remedy="have suspects reviewed; until then allow it: --allow-skipped max_error_rate",
        )
        return
    interval = reviews.interval
    yield Reading(
        value=reviews.rate or 0.0,
        interval=interval,
        basis=f"decided by people: {reviews.n_not_upheld} of {reviews.n_reviewed} reviewed; "
        + (SAMPLING if interval else "all suspects were reviewed"),
    )


def max_flagged_share(seen: Seen) -> Readings:
    """The share of rows that are suspected; with --by, of each slice, too.

    Flagged rows / rows, Jeffreys interval. A suspect is not an error: this says how much the model
    disagrees with the labels, not how wrong they are. Under a budget (`top`) it is what was asked.

    Source: Brown, Cai and DasGupta 2001.
    """
    if (none := _unchecked(seen)) is not None:
        yield none
        return
    audit = seen.audit
    assert audit.detection is not None
    basis = f"rows that the model suspects; {SAMPLING}"
    n_flagged, n_rows = audit.detection.n_flagged, audit.dataset.n_examples
    yield _share(n_flagged, n_rows, "", basis)
    for column in seen.by:
        flagged = audit.detection.flagged_by_slice.get(column, ())
        for (value, rows), count in zip(_sliced(audit, column), flagged, strict=False):
            yield _share(count, rows, f"{column}={value}", basis)


def max_new_findings(seen: Seen) -> Readings:
    """Suspects on rows that were added or relabelled since the baseline.

    A count: findings whose row (id and given label) the baseline does not know. Those on rows
    that are as they were have moved with the model or the thresholds and count only with
    --count-moved: thresholds are of all rows, so a few wrong labels move others. Cannot be judged
    without a baseline.
    """
    if (none := _unchecked(seen)) is not None:
        yield none
    elif seen.baseline is None:
        yield Reading(value=None, why_not="there is no baseline", remedy="give --baseline FILE")
    else:
        found = seen.baseline
        count = found.n_new + (found.n_moved if seen.count_moved else 0)
        moved = f"{found.n_moved:,} moved by the model or thresholds"
        basis = f"{COUNT}; {found.rests_on}; {moved}{', counted' if seen.count_moved else ''}"
        yield Reading(value=count, basis=basis)


def max_class_flagged_share(seen: Seen) -> Readings:
    """The suspected share of each class.

    Flagged rows of a class / its rows, Jeffreys interval of each class by itself: of twenty
    classes at the limit one may fail by chance. Classes without labels are left out.

    Source: Brown, Cai and DasGupta 2001.
    """
    if (none := _unchecked(seen)) is not None:
        yield none
        return
    audit = seen.audit
    assert audit.detection is not None
    basis = f"rows that the model suspects; {SAMPLING}"
    counts = zip(
        audit.dataset.class_names,
        audit.dataset.class_counts,
        audit.detection.flagged_by_class.tolist(),
        strict=True,
    )
    for name, rows, flagged in counts:
        if rows:
            yield _share(flagged, rows, f"class {name}", basis)


def max_class_error_rate(seen: Seen) -> Readings:
    """The share of each class's labels that the model places elsewhere: its estimate.

    The off-diagonal part of a class's row of the calibrated joint, Wilson interval of that count
    of the class's labels. The model's estimate, bias unknown; not a rate that people found.

    Source: Northcutt, Jiang and Chuang, JAIR 2021, section 3.2; Wilson 1927.
    """
    if (none := _unchecked(seen)) is not None:
        yield none
        return
    audit = seen.audit
    assert audit.detection is not None
    joint = audit.detection.confident_joint
    sums, kept = joint.sum(axis=1), joint.diagonal()
    for code, name in enumerate(audit.dataset.class_names):
        rows = int(sums[code])
        if rows:
            off = rows - int(kept[code])
            yield Reading(
                value=off / rows,
                interval=wilson(off, rows),
                scope=f"class {name}",
                basis=f"{ESTIMATE}; {SAMPLING}",
            )


def min_class_examples(seen: Seen) -> Readings:
    """The labels of each class; with --by, of each slice, too. A count.

    A class that occurs nowhere has 0.
    """
    facts = seen.audit.dataset
    for name, count in zip(facts.class_names, facts.class_counts, strict=True):
        yield Reading(value=count, scope=f"class {name}", basis=COUNT)
    for column in seen.by:
        for value, rows in _sliced(seen.audit, column):
            yield Reading(value=rows, scope=f"{column}={value}", basis=COUNT)


def max_imbalance(seen: Seen) -> Readings:
    """The labels of the largest class for each one of the smallest: the imbalance ratio.

    A count of the given labels; classes without labels are left out (`min_class_examples` sees
    them).
    """
    yield _measured(seen, "class_balance")


def min_separability(seen: Seen) -> Readings:
    """The share of nearest neighbours with the same label: 1 - kDN of the embeddings.

    Its interval is of the mean over rows. Cannot be judged without embeddings.

    Source: Smith, Martinez and Giraud-Carrier 2014.
    """
    found = _measured(seen, "knn_disagreement")
    if found.value is None:
        yield found
        return
    turned = None
    if found.interval is not None:
        turned = (1 - found.interval[1], 1 - found.interval[0])
    yield Reading(value=1 - found.value, interval=turned, basis=found.basis)


def max_calibration_error(seen: Seen) -> Readings:
    """The expected calibration error of the predictions, against the given labels.

    Label errors are in it: a model that is right where labels are wrong looks badly calibrated.

    Source: Guo et al. 2017.
    """
    yield _measured(seen, "calibration")


def max_conflicting_duplicates(seen: Seen) -> Readings:
    """Equal inputs that carry different labels: groups of them, a count.

    By equal bytes of image files, texts or embeddings; near duplicates where embeddings were
    searched for them are counted, too. Cannot be judged where no inputs were compared.
    """
    check = next((one for one in seen.audit.contract if one.name == "duplicates"), None)
    near = seen.audit.detection.near_duplicates if seen.audit.detection is not None else None
    groups = check.evidence.get("groups") if check is not None else None
    if groups is None and near is None:
        why = check.message if check is not None else "no inputs were compared"
        remedy = "give images, a column of texts, or --embeddings"
        yield Reading(value=None, why_not=why, remedy=remedy)
        return
    total = int(groups or 0) + int(near["n_groups"] if near is not None else 0)
    kinds = [kind for kind, own in (("equal", groups), ("near", near)) if own is not None]
    yield Reading(value=total, basis=f"{COUNT}; {' and '.join(kinds)} duplicates were compared")


def max_leakage(seen: Seen) -> Readings:
    """The share of a split that also stands in another one, of the split that has most of it.

    Exact, of equal inputs. Cannot be judged where rows are of one split or were not compared.
    """
    yield _measured(seen, "split_leakage")


def max_contract_alerts(seen: Seen) -> Readings:
    """Checks of the input contract that raised an alert: a count.

    Those that the user allowed to fail are among them, those that could not be tested are not;
    `labelaudit report --details provenance` lists what each check came to.
    """
    alerted = sum(check.status == "alerted" for check in seen.audit.contract)
    yield Reading(value=alerted, basis=COUNT)


def of_measure(name: str) -> Read:
    """Return what reads any measure by its name."""

    def read(seen: Seen) -> Readings:
        yield _measured(seen, name)

    return read


def _share(count: int, rows: int, scope: str, basis: str) -> Reading:
    if not rows:
        return Reading(value=None, scope=scope, why_not="it has no rows")
    return Reading(value=count / rows, interval=jeffreys(count, rows), scope=scope, basis=basis)


def _sliced(audit: Audit, column: str) -> list[tuple[str, int]]:
    """Return the values of a column that the rows are cut by, with their rows."""
    balance = audit.measurement("slice_balance")
    for one in balance.details["columns"] if balance is not None else ():
        if one["column"] == column:
            return [(str(value["value"]), int(value["rows"])) for value in one["values"]]
    return []


def _measured(seen: Seen, name: str) -> Reading:
    for measured in seen.audit.measurements or ():
        if measured.name == name:
            return _reading(measured)
    why = "it was not measured"
    return Reading(value=None, why_not=why, remedy="audit without --skip and --measures")


def _reading(measured: Measurement | Skipped) -> Reading:
    if isinstance(measured, Skipped):
        return Reading(value=None, why_not=measured.reason, remedy=measured.remedy)
    if measured.value is None:
        return Reading(value=None, why_not=f"{measured.title} has no figure here")
    kind = measured.interval_kind.removeprefix("none: ")
    return Reading(value=measured.value, interval=measured.interval, basis=kind)


# name: unit, what reads it
GATES: Mapping[str, tuple[str, Read]] = {
    "max_model_noise": ("share", max_model_noise),
    "max_error_rate": ("share", max_error_rate),
    "max_flagged_share": ("share", max_flagged_share),
    "max_new_findings": ("count", max_new_findings),
    "max_class_flagged_share": ("share", max_class_flagged_share),
    "max_class_error_rate": ("share", max_class_error_rate),
    "min_class_examples": ("count", min_class_examples),
    "max_imbalance": ("ratio", max_imbalance),
    "min_separability": ("share", min_separability),
    "max_calibration_error": ("score", max_calibration_error),
    "max_conflicting_duplicates": ("count", max_conflicting_duplicates),
    "max_leakage": ("share", max_leakage),
    "max_contract_alerts": ("count", max_contract_alerts),
}
