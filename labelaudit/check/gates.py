"""The gates on a dataset as a whole: a function each, its docstring is its documentation."""

from labelaudit.check.figures import AT_LEAST, AT_MOST, Case, Figure, Figures, Unjudged, gate
from labelaudit.core.intervals import clopper_pearson
from labelaudit.core.results import Detection, Measurement, Skipped
from labelaudit.core.text import listed, printable

COUNTED = "a count, exact"
EXACT = "its 95 % interval is exact (Clopper and Pearson 1934)"
REVIEW = "Look at the suspects, most suspicious first; correct those that are wrong."
NO_DETECTION = Unjudged(
    reason="nothing was detected: there are no predictions",
    remedy="Audit with --predictions FILE.",
)


@gate(AT_MOST, "share")
def max_model_noise(case: Case) -> Figures:
    """The largest share of labels that the model may take for wrong.

    Judged is `model_noise_estimate`, 1 - trace of the calibrated joint: the model's estimate, bias
    unknown. Its 95 % interval covers the sampling of rows alone: the truth may well lie outside,
    on data with known errors it did in four cases of five. Hold it against earlier figures of the
    same data and model, not against the truth; `max_error_rate` is for that.

    It cannot be judged without predictions, or where the model is too weak for it to mean
    anything. A limit is a share, .03 or 3%.

    Source: Northcutt, Jiang and Chuang, JAIR 2021 (the joint); Agresti and Coull 1998 (interval).
    """
    detection = case.audit.detection
    if detection is None:
        return NO_DETECTION
    estimate, interval = detection.model_noise_estimate, detection.model_noise_interval
    if estimate is None:
        return Unjudged(reason=detection.model_noise_basis, remedy="Use a better model.")
    if interval is None:
        return Unjudged(
            reason="the estimate has no interval", remedy="Run `labelaudit detect` again."
        )
    return (
        Figure(
            value=estimate,
            interval=interval,
            what="the noise estimate",
            basis="the model's estimate, bias unknown",
            remedy=REVIEW,
        ),
    )


@gate(AT_MOST, "share")
def max_error_rate(case: Case) -> Figures:
    """The largest share of labels that people may find wrong.

    Judged is F v / (m N): of F suspects among N labels m were reviewed, and v of these people did
    not uphold. Errors outside the suspects are not counted, so it is the least there is. The
    exact 95 % interval is that of v of m, scaled by F / N: it covers which suspects were
    reviewed, taken as a random sample. Where all of them were, nothing was sampled and there is
    no interval; where none was wrong the upper end is what so few reviews cannot rule out.

    It cannot be judged until people have reviewed suspects. A limit is a share, .01 or 1%.

    Source: Northcutt, Athalye and Mueller 2021, section 4 (rate); Clopper and Pearson 1934.
    """
    reviews = case.audit.reviews
    if reviews is None or not reviews.n_reviewed or not reviews.n_examples:
        return Unjudged(
            reason="cannot be judged until people have reviewed suspects",
            remedy="Review suspects, or allow the gate to be skipped.",
        )
    wrong, reviewed, suspects = reviews.n_not_upheld, reviews.n_reviewed, reviews.n_suspects
    scale = suspects / reviews.n_examples
    basis = f"human-checked, {reviewed:,} of {suspects:,} suspects; not upheld: {reviews.rule}"
    interval, sampled = None, "all of them, so nothing was sampled"
    if reviewed < suspects:
        low, high = clopper_pearson(wrong, reviewed)
        interval, sampled = (low * scale, high * scale), EXACT
    return (
        Figure(
            value=suspects * wrong / (reviewed * reviews.n_examples),
            interval=interval,
            what="the human-checked error rate",
            basis=f"{printable(basis, 300)}; {sampled}; errors outside the suspects not counted",
            remedy="Correct the labels that people did not uphold.",
        ),
    )


def flagged_in_all(detection: Detection, n_examples: int) -> Figure:
    """Return the share of all rows that the filter flags, whatever budget was set."""
    flagged = detection.n_flagged if detection.n_filtered is None else detection.n_filtered
    return Figure(
        value=flagged / max(n_examples, 1),
        interval=clopper_pearson(flagged, n_examples),
        what="the flagged share",
        basis=f"{flagged:,} of {n_examples:,} rows flagged by {detection.filter}, "
        f"not verified errors; {EXACT}",
        remedy=REVIEW,
    )


@gate(AT_MOST, "share")
def max_flagged_share(case: Case) -> Figures:
    """The largest share of rows that may be flagged as suspects.

    Judged is flagged rows / rows. Flagged is not wrong: of ten well-known test sets people upheld
    about half of the flags. The exact 95 % interval of the count covers the sampling of rows
    only. With a budget (`--top`) judged is what the filter flags before it is cut. With
    `--by COLUMN` each slice is held to the same limit; then the interval is widened for so many
    values (Bonferroni).

    It cannot be judged without predictions. A limit is a share, .05 or 5%.

    Source: Clopper and Pearson 1934 (interval); Dunn 1961 (several at once).
    """
    detection = case.audit.detection
    if detection is None:
        return NO_DETECTION
    whole = flagged_in_all(detection, case.audit.dataset.n_examples)
    slices: list[Figure] = []
    for column in case.by:
        if detection.top is not None:
            return Unjudged(
                reason=f"a budget (--top {detection.top}) decides how many are flagged in a slice",
                remedy="Audit without --top.",
            )
        rows = rows_by_slice(case, column)
        flagged = detection.flagged_by_slice.get(column)
        if rows is None or flagged is None:
            return not_by_slice(column)
        miss = 0.05 / max(len(rows), 1)
        slices += [
            Figure(
                value=k / n,
                interval=clopper_pearson(k, n, miss),
                what="the flagged share",
                basis=f"{k:,} of {n:,} rows flagged, not verified errors; {EXACT}, widened for "
                f"{len(rows):,} slices",
                scope=scope_of_slice(column, value),
                family=family_of(column),
                remedy=REVIEW,
            )
            for (value, n), k in zip(rows, flagged, strict=True)
            if n
        ]
    return (whole, *slices)


def scope_of_slice(column: str, value: str) -> str:
    """Return a slice as an outcome names it: `camera=3`."""
    return f"{printable(column, 60)}={printable(value, 60)}"


def family_of(column: str) -> str:
    """Return what the slices of a column are called together."""
    return f"value of {printable(column, 60)}"


def rows_by_slice(case: Case, column: str) -> list[tuple[str, int]] | None:
    """Return each value of a column with its rows; None where they were not counted."""
    balance = case.audit.measurement("slice_balance")
    for one in balance.details["columns"] if balance is not None else ():
        if one["column"] == column:
            return [(value["value"], value["rows"]) for value in one["values"]]
    return None


def not_by_slice(column: str) -> Unjudged:
    """Return why a gate cannot be judged by the values of a column."""
    return Unjudged(
        reason=f"rows were not counted by `{printable(column, 60)}`",
        remedy="Run `labelaudit audit` again, without skipping slice_balance.",
    )


@gate(AT_MOST, "count")
def max_new_findings(case: Case) -> Figures:
    """The largest number of suspects that a baseline does not know.

    A finding is new where its row was added or relabelled since the baseline was written; those
    that are flagged because the model or its thresholds moved are listed apart, and count only
    with `--count-moved`. A count, exact.

    It cannot be judged without a baseline. A limit is a count, 0 say.

    Source: ours, after the baselines of linters.
    """
    found = case.baseline
    if found is None:
        return Unjudged(
            reason="there is no baseline to compare with",
            remedy="Write one with --write-baseline, then name it with --baseline.",
        )
    moved = found.n_moved if case.count_moved else 0
    how = "new or moved" if case.count_moved else "new"
    return (
        Figure(
            value=found.n_new + moved,
            what=f"the number of {how} findings",
            basis=f"{COUNTED}, against {printable(found.path, 200)}; {found.rests_on}",
            remedy="Look at these rows: each was added or relabelled since the baseline.",
        ),
    )


@gate(AT_MOST, "ratio")
def max_imbalance(case: Case) -> Figures:
    """The largest ratio of the largest class to the smallest.

    Judged is the measure `class_balance`, max n / min n over the classes that occur. It counts
    given labels, exactly: no interval. Classes without an example are not in it,
    `min_class_examples` sees them. A limit is a ratio of 1 or more.

    Source: standard.
    """
    return of_measure(
        case,
        "class_balance",
        "the imbalance ratio",
        f"{COUNTED}: largest class / smallest class",
        "Collect examples of the rare classes.",
    )


@gate(AT_LEAST, "share")
def min_separability(case: Case) -> Figures:
    """The least share of nearest neighbours that must carry the same label.

    Judged is 1 - `knn_disagreement`, over the 10 nearest neighbours of each row in embedding
    space. It falls with overlap of classes, with label errors and with embeddings that do not see
    what the labels are about. A row counts once itself and again as a neighbour of others, so the
    normal interval of a mean over rows is too narrow; here it is taken twice as wide, the most
    that this can come to. It covers sampling only.

    It cannot be judged without embeddings. A limit is a share, .8 or 80%.

    Source: Smith, Martinez and Giraud-Carrier, Machine Learning 2014.
    """
    found = measured_by(case, "knn_disagreement")
    if isinstance(found, Unjudged):
        return found
    assert found.value is not None
    interval = None
    if found.interval is not None:
        below, above = (2 * abs(end - found.value) for end in found.interval)
        interval = (max(1 - found.value - above, 0.0), min(1 - found.value + below, 1.0))
    return (
        Figure(
            value=1 - found.value,
            interval=interval,
            what="the share of neighbours that agree",
            basis=f"1 - knn_disagreement; {printable(found.interval_kind, 160)}, twice as wide for "
            "neighbours are shared",
            remedy="Look at the classes whose neighbours disagree most.",
        ),
    )


@gate(AT_MOST, "score")
def max_calibration_error(case: Case) -> Figures:
    """The largest expected calibration error of the predictions.

    Judged is the measure `calibration`: gaps between confidence and agreement with the given
    labels, over 15 bins. Label errors alone make a perfect model look overconfident. The 95 %
    interval is a bootstrap, and what chance adds is taken off its lower end.

    It cannot be judged without predictions. A limit is between 0 and 1.

    Source: Guo et al., ICML 2017; Kumar, Liang and Ma, NeurIPS 2019.
    """
    return of_measure(
        case,
        "calibration",
        "the calibration error",
        "measured against the given labels",
        "Calibrate the model, or read its scores as ranks.",
    )


@gate(AT_MOST, "count")
def max_conflicting_duplicates(case: Case) -> Figures:
    """The largest number of inputs that may occur twice under different labels.

    Judged is the check `duplicates`: image files, texts or embeddings that are equal to the byte,
    with two labels or more. One of these labels is wrong, so 0 is the natural limit. A count of
    groups, exact. Near duplicates rest on embeddings and a threshold and are not counted.

    It cannot be judged where no input was compared.

    Source: the input contract of labelaudit; `labelaudit explain duplicates`.
    """
    check = next((one for one in case.audit.contract if one.name == "duplicates"), None)
    if check is None or check.status == "not_testable" or "groups" not in check.evidence:
        why = check.message if check is not None else "no input was compared"
        return Unjudged(
            reason=printable(why, 200), remedy="Supply images, a column of texts, or embeddings."
        )
    return (
        Figure(
            value=int(check.evidence["groups"]),
            what="the number of inputs with two labels or more",
            basis=f"{COUNTED}: equal {printable(check.evidence.get('compared', 'inputs'), 60)}",
            remedy="One label of each is wrong, or the inputs lost what tells them apart: look.",
        ),
    )


@gate(AT_MOST, "share")
def max_leakage(case: Case) -> Figures:
    """The largest share of a split that may stand in another one too.

    Judged is the measure `split_leakage`: inputs that are equal to the byte, of the split that has
    most of them. Exact, no interval; 0 is the natural limit. Near duplicates are not in it:
    `measure.near_leakage <= .01` is a gate on these.

    It cannot be judged where rows are of one split, or no input was compared.

    Source: Kaufman, Rosset and Perlich 2012; Barz and Denzler 2020.
    """
    return of_measure(
        case,
        "split_leakage",
        "the share of a split that is in another",
        f"{COUNTED}, of the split with most of them",
        "Take the copies out of train, so that the test stays as it was.",
    )


@gate(AT_MOST, "count")
def max_contract_alerts(case: Case) -> Figures:
    """The largest number of checks of the input contract that may raise an alert.

    Judged is how many checks did; those that were passed over with `--allow` are among them. A
    count, exact. `labelaudit explain` lists the checks. A limit is a count, 0 say.

    Source: the input contract of labelaudit.
    """
    raised = [check.name for check in case.audit.contract if check.status == "alerted"]
    named = f": {listed(raised)}" if raised else ""
    return (
        Figure(
            value=len(raised),
            what="the number of alerts of the input contract",
            basis=f"{COUNTED} of {len(case.audit.contract)} checks{named}",
            remedy="Read what each says: `labelaudit report`.",
        ),
    )


def of_measure(
    case: Case, name: str, what: str = "", basis: str = "", remedy: str = ""
) -> tuple[Figure, ...] | Unjudged:
    """Return any measure's figure by the measure's name, with the measure's own interval."""
    found = measured_by(case, name)
    if isinstance(found, Unjudged):
        return found
    assert found.value is not None
    parts = [basis or printable(found.unit, 120), printable(found.interval_kind, 160)]
    if found.interval is None and basis.startswith(COUNTED):
        parts.pop()
    return (
        Figure(
            value=found.value,
            interval=found.interval,
            what=what or printable(name, 60),
            basis="; ".join(parts),
            remedy=remedy or f"`labelaudit explain {printable(name, 60)}` says what moves it.",
        ),
    )


def measured_by(case: Case, name: str) -> Measurement | Unjudged:
    """Return the measurement of that name, or why it has no value."""
    for found in case.audit.measurements or ():
        if found.name == name:
            if isinstance(found, Skipped):
                return Unjudged(
                    reason=f"{name} was skipped: {printable(found.reason, 200)}",
                    remedy=f"Supply {printable(found.remedy, 200)}.",
                )
            if found.value is None:
                why = printable(found.interval_kind, 200).removeprefix("none: ")
                return Unjudged(reason=f"{name} is undefined: {why}")
            return found
    return Unjudged(
        reason=f"{printable(name, 60)} was not measured", remedy="Run `labelaudit measure`."
    )
