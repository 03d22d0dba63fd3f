"""Words that every section of the label uses: fixed sentences, names made harmless, reasons."""

from labelaudit.core.modules import FEW_LABELS as FEW_LABELS
from labelaudit.core.results import Audit, Skipped
from labelaudit.core.settings import OF_MEASURES
from labelaudit.report import numbers
from labelaudit.report.figures import Document, Figure, Said, pointer, said

NOT_REVIEWED = "not yet reviewed"
DETECT_NOT_RUN = "not run yet: `labelaudit detect`"
MEASURE_NOT_RUN = "not run yet: `labelaudit measure`"
NOT_APPLICABLE = "no predictions; give --predictions FILE"
NOISE_NOTE = "the model's estimate, bias unknown, not an interval for the error rate"
NO_SUSPECTS = "No label is suspected. This rule finds only errors the model can see."

MOST_SUSPECTS = 200
MOST_IN_TABLE = 1000
MOST_PAIRS = 25
MOST_HARD_PAIRS = 10
MOST_KIN = 10
MOST_CLASSES = 1000
MOST_BARS = 100  # of sizes; those of more classes are a curve
MATRIX_CLASSES = 30

FILTERS = {
    "prune_by_noise_rate": "of each pair of classes the widest margins, as many as the model is "
    "confident of (the confident joint); the other disagreements are put down to the model",
    "prune_by_class": "of each class the least self-confident, as many as the confident joint "
    "counts",
    "both": "what prune_by_noise_rate and prune_by_class agree on",
    "confident_learning": "what counts off the diagonal of the confident joint",
    "predicted_neq_given": "every row whose top class differs from its label",
}


plain = numbers.plain


def spoken(name: str) -> str:
    return plain(name).replace("_", " ")


def several(count: int, one: str, many: str = "") -> str:
    return f"{numbers.count(count)} {one if count == 1 else many or one + 's'}"


def why_no_detection(audit: Audit) -> str:
    if any(check.status == "refused" for check in audit.contract):
        return "not computed: the input contract failed"
    return DETECT_NOT_RUN if "probabilities" in audit.dataset.has else NOT_APPLICABLE


def why_missing(audit: Audit, doc: Document, name: str) -> tuple[str, str]:
    """Return why a measure has no value, and what would supply it."""
    if audit.measurements is None:
        return MEASURE_NOT_RUN, "labelaudit measure"
    for measured in audit.measurements:
        if measured.name == name and isinstance(measured, Skipped):
            place = pointer("measurements", name)
            return said("skipped: {}", doc.text(f"{place}/reason")), doc.text(f"{place}/remedy")
    chosen, skip = (audit.settings.get(setting) for setting in OF_MEASURES)
    if skip is not None and name in skip.value:
        return "not chosen: --skip", "labelaudit measure"
    if chosen is not None and chosen.value != "all" and name not in chosen.value:
        return "not chosen: --measures", "labelaudit measure"
    return "not measured by this version", "run the audit again"


def missing_note(audit: Audit, doc: Document, name: str) -> str:
    why, remedy = why_missing(audit, doc, name)
    if audit.measurements is None:
        return f"{why[0].upper()}{why[1:]}."
    return said("{}. Supply it with: {}", _capital(why), remedy)


def _capital(text: str) -> str:
    if isinstance(text, Said):
        return Said((_capital(text.parts[0]), *text.parts[1:]))
    return text if isinstance(text, Figure) else f"{text[0].upper()}{text[1:]}"


# What each detector of a suspect looks at; those not listed here stand at the end.
DETECTORS = {
    "threshold": "another class passes its threshold",
    "argmax": "top class differs from the label",
    "noise posterior": "the noise matrix makes another class likelier",
    "neighbours": "most nearest neighbours carry another label",
    "models": "the models agree on another class",
    "density": "far from the other rows of its class",
}

VERDICTS = {
    "stands": "Label stands",
    "suggested": "Label wrong",
    "both": "Both apply",
    "neither": "Neither fits",
    "no_agreement": "No agreement",
}

BADGES = {
    "out_of_sample_predictions": "Predictions out of sample",
    "labels_human_validated": "Labels validated by people",
    "multi_annotator": "Several annotators",
    "duplicates_checked": "Duplicates checked",
    "calibration_ok": "Calibrated",
    "min_samples_ok": "Enough examples in each class",
    "license_present": "Licence stated",
}

GLOSSARY = (
    (
        "Suspect",
        "A label that the model's evidence speaks against. Not an error until a person "
        "has looked and decided.",
    ),
    ("Given label", "The label in the dataset."),
    ("Suggested label", "The class that the model finds most probable instead."),
    (
        "Label quality",
        "0 to 1: how well the given label holds against its strongest rival. Low is "
        "doubtful. Read it as a rank, not as a probability.",
    ),
    (
        "Threshold of a class",
        "The mean probability that the model gives to a class over the rows "
        "labelled so. Above it, the model counts as confident.",
    ),
    (
        "Confident joint",
        "Counts of rows by given label and confidently estimated class, scaled to "
        "the size of each class.",
    ),
    (
        "Model noise estimate",
        "The share of the confident joint off its diagonal: " + NOISE_NOTE + ".",
    ),
    (
        "Jeffreys interval",
        "The range of shares that a count is compatible with, at 95 %. It says "
        "nothing about errors.",
    ),
    (
        "Reads as",
        "Whether a confusion of two classes looks like wrong labels (mislabelling, a score near 1) "
        "or like classes that are hard to tell apart (overlap, near 0). Unclear where the 95 % "
        "interval of the score allows both, or fewer than 20 rows disagree: mislabelling where all "
        "of it lies above .7, overlap where below .6.",
    ),
    (
        "Calibration error",
        "The mean gap between the model's confidence and how often it agrees with the given label.",
    ),
    ("Imbalance ratio", "Labels of the largest class for each one of the smallest that occurs."),
    ("Head, medium, tail", "Classes of many, some and few labels."),
    ("Not assessable", f"A class of fewer than {FEW_LABELS} labels: too few to judge."),
)
