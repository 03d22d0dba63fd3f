"""Badges: what a reader wants to know of a dataset at a glance, yes, no or unknown, and why.

After the Dataset Nutrition Label (Holland et al. 2018); a badge never says more than the audit
has seen, and what it has not seen is "unknown".
"""

from collections.abc import Callable
from dataclasses import dataclass

from labelaudit.core.dataset import Check
from labelaudit.core.results import Audit
from labelaudit.core.text import listed

LEAST_EXAMPLES = 30
CALIBRATION_LIMIT = 0.03

State = tuple[str, str]  # yes, no or unknown; and the evidence


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """A question about the dataset, its answer and what the answer rests on."""

    key: str
    state: str  # yes | no | unknown
    evidence: str


def badges_of(audit: Audit) -> tuple[Badge, ...]:
    """Return the badges of an audit as it stands, always the same seven, in one order."""
    found = ((key, judge(audit)) for key, judge in _JUDGES.items())
    return tuple(Badge(key=key, state=state, evidence=why) for key, (state, why) in found)


def _check(audit: Audit, name: str) -> Check | None:
    return next((check for check in audit.contract if check.name == name), None)


def _out_of_sample(audit: Audit) -> State:
    check = _check(audit, "out_of_sample")
    if check is None:
        known = "probabilities" in audit.dataset.has
        return "unknown", "not checked" if known else "no predictions"
    if check.status in ("alerted", "refused"):
        return "no", check.message
    # What does not look in-sample is no proof that it is not.
    return "unknown", "they do not look in-sample; that cannot be proved"


def _human_validated(audit: Audit) -> State:
    reviews = audit.reviews
    if reviews is None or not reviews.n_reviewed:
        return "unknown", "no person's verdict is in this audit"
    some = f"people looked at {reviews.n_reviewed:,} of {reviews.n_suspects:,} suspects"
    whole = reviews.n_reviewed >= reviews.n_suspects
    return ("yes" if whole else "unknown"), f"{some}, and at no other label"


def _multi_annotator(audit: Audit) -> State:
    if "votes" in audit.dataset.has:
        said = [notice for notice in audit.dataset.notices if "votes" in notice]
        return "yes", said[0] if said else "several votes for an example were read"
    return "unknown", "one label for each example was read"


def _duplicates(audit: Audit) -> State:
    same = _check(audit, "duplicates")
    near = audit.detection.near_duplicates if audit.detection is not None else None
    seen = []
    if same is not None and same.status != "not_testable":
        seen.append(same.message)
    if near is not None:
        groups = int(near["n_groups"])
        seen.append(f"near duplicates with different labels: {groups:,} group{'s' * (groups != 1)}")
    if seen:
        return "yes", "; ".join(seen)
    return "unknown", same.message if same is not None else "not checked"


def _calibration(audit: Audit) -> State:
    measured = audit.measurement("calibration")
    if measured is None or measured.value is None:
        return "unknown", "not measured"
    evidence = f"error {measured.value:.3f}, limit {CALIBRATION_LIMIT}"
    if measured.value <= CALIBRATION_LIMIT:
        return "yes", evidence
    low = measured.interval[0] if measured.interval else measured.value
    if low <= CALIBRATION_LIMIT:
        return "unknown", f"{evidence}; chance alone may put it above"
    return "no", f"{evidence}; label errors are in it"


def _min_samples(audit: Audit) -> State:
    names, counts = audit.dataset.class_names, audit.dataset.class_counts
    if not counts:
        return "unknown", "no class was counted"
    few = [name for name, n in zip(names, counts, strict=True) if n < LEAST_EXAMPLES]
    if not few:
        return "yes", f"the smallest class has {min(counts):,} labels, limit {LEAST_EXAMPLES}"
    some = "class has" if len(few) == 1 else "classes have"
    return "no", f"{len(few):,} {some} fewer than {LEAST_EXAMPLES} labels: {listed(few, 3)}"


def _license(audit: Audit) -> State:
    return "unknown", "no licence is read"


_JUDGES: dict[str, Callable[[Audit], State]] = {
    "out_of_sample_predictions": _out_of_sample,
    "labels_human_validated": _human_validated,
    "multi_annotator": _multi_annotator,
    "duplicates_checked": _duplicates,
    "calibration_ok": _calibration,
    "min_samples_ok": _min_samples,
    "license_present": _license,
}
