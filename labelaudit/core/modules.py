"""The seven modules of the Dataset Nutrition Label, applied to label quality, as raw numbers.

`audit.json` holds them under `label`: what the report prints and no other part of the audit holds
as it stands. After Holland et al. 2018; methods follow the parts that they are drawn from.
"""

from collections import Counter
from typing import Any

import numpy as np

from labelaudit.core.arrow import texts_counted
from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.results import Audit, Measurement

TIERS = ("head", "medium", "tail")
SEVERITIES = ("critical", "caution", "info")
STATUSES = ("refused", "alerted", "repaired", "passed", "not_testable")
MOST_GROUPS = 30
FEW_LABELS = 10  # a class of fewer labels is not assessable
REVIEW_FIRST = 100  # so many random reviews give a rate that is worth reading


def modules_of(audit: Audit) -> dict[str, Any]:
    """Return the seven modules in the label's order; what nobody knows is None."""
    return {
        "metadata": _metadata(audit),
        "provenance": _provenance(audit),
        "variables": _variables(audit),
        "statistics": _statistics(audit),
        "pair_plots": _pair_plots(audit),
        "probabilistic_model": _probabilistic_model(audit),
        "ground_truth_correlation": _ground_truth(audit),
    }


def _metadata(audit: Audit) -> dict[str, Any]:
    facts = audit.dataset
    rows = facts.n_examples + facts.n_unlabelled
    raised = Counter(alert.severity for alert in audit.alerts)
    return {
        "name": facts.name,
        "format": facts.format,
        "rows": rows,
        "examples": facts.n_examples,
        "classes": facts.n_classes,
        "missing_labels": facts.n_unlabelled,
        "missing_share": part_of(facts.n_unlabelled, rows),
        "has_embeddings": "embeddings" in facts.has,
        "has_predictions": "probabilities" in facts.has,
        "license": None,
        "description": None,
        "alerts": {level: raised.get(level, 0) for level in SEVERITIES},
    }


def _provenance(audit: Audit) -> dict[str, Any]:
    found = Counter(check.status for check in audit.contract)
    return {
        "label_source": None,
        "annotators": None,
        "out_of_sample": None,
        "files": len(audit.inputs),
        "checks": {"all": len(audit.contract)} | {name: found.get(name, 0) for name in STATUSES},
    }


def _variables(audit: Audit) -> dict[str, Any]:
    facts = audit.dataset
    return {
        "description": None,
        "share": [part_of(count, facts.n_examples) for count in facts.class_counts],
    }


def _statistics(audit: Audit) -> dict[str, Any]:
    facts, detection = audit.dataset, audit.detection
    counts = np.asarray(facts.class_counts, dtype=np.int64)
    balance = audit.measurement("class_balance")
    tiers = [str(tier) for tier in balance.per_class.get("tier", ())] if balance else []
    document: dict[str, Any] = {
        "tiers": {tier: tiers.count(tier) for tier in TIERS} if tiers else None,
        "absent_classes": int((counts == 0).sum()),
        "further_classes": max(len(counts) - 10, 0),  # beside those of the front panel
        "flagged_share": None,
        "estimated": None,
        "shift": None,
        "flagged_share_of_rest": None,
    }
    if detection is not None:
        shares = [
            part_of(int(k), int(n)) for k, n in zip(detection.flagged_by_class, counts, strict=True)
        ]
        estimated = [round(share * facts.n_examples) for share in detection.estimated_prior]
        # Classes too small to be judged come last, as on the front panel.
        order = sorted(
            range(len(shares)), key=lambda k: (counts[k] < FEW_LABELS, -(shares[k] or 0))
        )
        known = [share for share in (shares[k] for k in order[10:]) if share is not None]
        document |= {
            "flagged_share": shares,
            "estimated": estimated,
            "shift": [there - int(here) for there, here in zip(estimated, counts, strict=True)],
        }
        if known:
            document["flagged_share_of_rest"] = sum(known) / len(known)
    return document


def _pair_plots(audit: Audit) -> dict[str, Any]:
    detection = audit.detection
    if detection is None:
        return {"off_diagonal": None, "both_ways": None, "groups": None}
    joint = detection.confident_joint
    off = np.asarray(joint.sum(axis=1)).ravel() - joint.diagonal()
    both: dict[tuple[int, int], int] = {}
    for given, other, count in detection.flagged_pairs:
        pair = (min(given, other), max(given, other))
        both[pair] = both.get(pair, 0) + count
    ordered = sorted(both.items(), key=lambda item: (-item[1], item[0]))
    return {
        "off_diagonal": [int(count) for count in off],
        "both_ways": [[one, other, count] for (one, other), count in ordered],
        "groups": _groups(audit.dataset.hierarchy, joint),
    }


def _groups(hierarchy: Hierarchy | None, joint: Any) -> dict[str, Any] | None:
    """Return the joint summed over the groups of the classes; None of few classes or no tree.

    Of the levels of the tree the lowest that has at most `MOST_GROUPS` groups.
    """
    if hierarchy is None or joint.shape[0] <= MOST_GROUPS:
        return None
    nodes = hierarchy.above(MOST_GROUPS)
    found, place = np.unique(nodes, return_inverse=True)
    if len(found) < 2 or len(found) > MOST_GROUPS:
        return None
    rows, columns = joint.nonzero()
    sums = np.zeros((len(found), len(found)), dtype=np.int64)
    np.add.at(sums, (place[rows], place[columns]), np.asarray(joint[rows, columns]).ravel())
    n_classes = hierarchy.n_classes
    return {
        # A class that is in no group stands for itself.
        "names": [
            hierarchy.groups[node - n_classes] if node >= n_classes else None
            for node in found.tolist()
        ],
        "classes": np.bincount(place).tolist(),
        "joint": sums.tolist(),
        "off_diagonal": (sums.sum(axis=1) - np.diag(sums)).tolist(),
    }


def _probabilistic_model(audit: Audit) -> dict[str, Any]:
    detection, facts = audit.detection, audit.dataset
    near = audit.measurement("knn_disagreement")
    document: dict[str, Any] = {
        "flagged_share": None,
        "one_in": None,
        "review_first": None,
        "second_opinions": _second_opinions(audit),
        "neighbour_agreement": None,
    }
    if detection is not None:
        document |= {
            "flagged_share": part_of(detection.n_flagged, facts.n_examples),
            "one_in": round(facts.n_examples / detection.n_flagged)
            if detection.n_flagged
            else None,
            "review_first": min(REVIEW_FIRST, detection.n_flagged),
        }
    if near is not None and near.value is not None:
        document["neighbour_agreement"] = _agreement(near)
    return document


def _second_opinions(audit: Audit) -> dict[str, Any] | None:
    """Return how many suspects no detector backs, how many several do, and each one's count.

    None where nobody was asked, or where one detector alone was.
    """
    columns = audit.findings.columns if audit.findings is not None else {}
    if "agree" not in columns or not len(columns["agree"]):
        return None
    told = {
        side: [(detectors_in(names), n) for names, n in texts_counted(columns[side]).items()]
        for side in ("agree", "dissent")
    }
    asked = {name for some in told.values() for names, _ in some for name in names}
    if len(asked) < 2:
        return None
    backed = told["agree"]
    return {
        "several": sum(count for names, count in backed if len(names) > 1),
        "none": sum(count for names, count in backed if not names),
        "by_detector": {
            name: sum(count for names, count in backed if name in names) for name in sorted(asked)
        },
    }


def detectors_in(names: str) -> tuple[str, ...]:
    """Return the detectors that a column of evidence names: "none" is nobody."""
    return tuple(name for name in names.split(", ") if name not in ("none", ""))


def _agreement(near: Measurement) -> dict[str, Any]:
    """Return disagreement turned round: agreement is what the label prints."""
    assert near.value is not None
    low, high = near.interval or (None, None)
    return {
        "value": 1 - near.value,
        "interval": [1 - high, 1 - low] if low is not None and high is not None else None,
        "per_class": [
            1 - value if isinstance(value, int | float) else None
            for value in near.per_class.get("mean", ())
        ],
    }


def _ground_truth(audit: Audit) -> dict[str, Any] | None:
    reviews = audit.reviews
    if reviews is None:
        return None
    upheld = reviews.n_reviewed - reviews.n_not_upheld
    return {
        "reviewed": reviews.n_reviewed,
        "not_upheld": reviews.n_not_upheld,
        "other_verdict": reviews.n_not_upheld - reviews.n_no_agreement,
        "no_agreement": reviews.n_no_agreement,
        "upheld": upheld,
        "flagged_precision": part_of(reviews.n_not_upheld, reviews.n_reviewed),
        "rate": reviews.rate,
        "interval": list(reviews.interval) if reviews.interval else None,
    }


def part_of(count: int, total: int) -> float | None:
    """Return a count as a share of a total; None of nothing."""
    return count / total if total else None
