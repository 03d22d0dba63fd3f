"""What to do next: where to start mending labels, and how to learn how many are wrong."""

from functools import partial

from labelaudit.core.results import Audit, Detection
from labelaudit.report.figures import Document, said
from labelaudit.report.parts import Step
from labelaudit.report.words import plain

_SHEET = "labelaudit export --format review"
_MODEL = "/label/probabilistic_model"
_OPINIONS = f"{_MODEL}/second_opinions"


def steps_of(audit: Audit, doc: Document, detection: Detection | None) -> tuple[Step, ...]:
    """Return each purpose with its step. The two must not be mixed up.

    The suspects with most behind them are the best to mend first, and the worst sample of all.
    """
    if detection is None or not detection.n_flagged or not audit.findings:
        return ()
    steps = [_to_mend(audit, doc)]
    if not (audit.reviews and audit.reviews.n_reviewed):
        steps.append(_to_know(detection, doc))
    return tuple(steps)


def _to_mend(audit: Audit, doc: Document) -> Step:
    step = partial(Step, "To mend labels")
    total = doc.figure("/detection/n_flagged", "count")
    if audit.reviews is not None and audit.reviews.n_not_upheld:
        wrong = doc.figure("/label/ground_truth_correlation/not_upheld", "count")
        return step(said("begin with the {} of {} that reviewers did not uphold.", wrong, total))
    known = doc.at(_OPINIONS)
    if not known:
        return step("begin with the first: the label that the model doubts most.")
    several, none = (doc.figure(f"{_OPINIONS}/{name}", "count") for name in ("several", "none"))
    start = said("no suspect is backed by two detectors, {} of {} by none", none, total)
    if known["several"]:
        start = said("begin with the {} of {} that two or more detectors back", several, total)
        start = said("{}; {} have none behind them", start, none) if known["none"] else start
        start = said("{}. The rank is by label quality alone: sort by detectors", start)
    silent = [plain(name) for name, count in known["by_detector"].items() if not count]
    nobody = said(". Backs no suspect here: {}", ", ".join(silent)) if silent else ""
    return step(said("{}{}.", start, nobody))


def _to_know(detection: Detection, doc: Document) -> Step:
    step = partial(Step, "To know how many are wrong")
    first = doc.figure(f"{_MODEL}/review_first", "count")
    if detection.n_flagged == 1:
        return step("have a person look at it.")
    if detection.n_flagged == doc.at(f"{_MODEL}/review_first"):
        return step(said("have people review all {}:", first), _SHEET)
    return step(
        said("have people review {} drawn at random, not the most doubtful:", first),
        said("{} --sample {}", _SHEET, first),
    )
