"""In what order alerts of one severity stand: by what they are about, labels first."""

# What an alert can be about, in the order it is told: whether the labels hold, whether what was
# read can be relied on, whether the classes can be told apart, how they are balanced, and last
# how far scores can be read as probabilities. An alert is about what its id says, or else the
# measure that its id begins with, or else its module.
SUBJECTS = ("labels", "inputs", "separability", "balance", "calibration")
OF_ALERT = {
    "contract.duplicates": "labels",
    "noise_or_overlap.mislabelled": "labels",
    "slice_suspects": "labels",
    "tail_suspects": "labels",
    "hierarchy_severity": "labels",
    "rare_class_auditability": "labels",
    "split_leakage": "inputs",
    "near_leakage": "inputs",
    "frechet_distance": "inputs",
    "class_auroc.like_guessing": "separability",
}
OF_MODULE = {
    "metadata": "inputs",
    "provenance": "inputs",
    "contract": "inputs",
    "variables": "balance",
    "statistics": "balance",
    "pair_plots": "separability",
    "probabilistic_model": "calibration",
    "ground_truth_correlation": "labels",
}


def subject_of(alert_id: str, module: str) -> str:
    """Return which of `SUBJECTS` an alert is about, of an unknown module the last."""
    return (
        OF_ALERT.get(alert_id)
        or OF_ALERT.get(alert_id.split(".")[0])
        or OF_MODULE.get(module, SUBJECTS[-1])
    )


def importance(alert_id: str, module: str) -> int:
    """Return the place of what an alert is about, 0 for what a reader needs first."""
    return SUBJECTS.index(subject_of(alert_id, module))
