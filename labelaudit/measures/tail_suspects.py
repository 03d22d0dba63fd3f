from collections.abc import Mapping
from typing import Any

from labelaudit.core.intervals import jeffreys
from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement
from labelaudit.core.text import listed
from labelaudit.measures.class_balance import NOT_ASSESSABLE, tiers_of
from labelaudit.measures.kinds import DerivedMeasure

_MOST_LISTED = 1000


class TailSuspects(DerivedMeasure):
    """How many labels of the smallest classes are flagged, against the others.

    A few strays from a large class can be most of a small one. The value is the flagged share of
    all labels in tail classes (those of `class_balance`), with its Jeffreys interval. Beside it
    that of all other classes, and for each tail class, smallest first, its labels, flags and
    interval, and `rest_in_it`: how many labels of other classes the model would move into it.

    Range 0 to 1, neither end is better; the share elsewhere is good, above the upper end of its 95
    % interval is bad. Without tail classes there is no value. No cost: it reads the flags and the
    joint of all rows.

    Limits: flagged is not wrong, and the interval covers the sampling of rows only; it says
    nothing of the share of errors. A tail class of fewer than 10 labels has no interval of its
    own. Models know rare classes least, so their flags err most there.

    Source: Brown, Cai and DasGupta 2001 (Jeffreys); tiers of Liu et al., CVPR 2019.
    """

    name = "tail_suspects"
    title = "Suspected share in the tail"
    needs = frozenset({"flags"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement:
        assert detection is not None
        flagged = detection.flagged_by_class.tolist()
        tiers = tiers_of(list(facts.class_counts))[1]
        tail = [index for index, tier in enumerate(tiers) if tier == "tail"]
        k, n = _of(tail, flagged), _of(tail, facts.class_counts)
        rest_k, rest_n = sum(flagged) - k, sum(facts.class_counts) - n
        found = jeffreys(k, n) if n else None
        rest = jeffreys(rest_k, rest_n) if rest_n else None
        return Measurement(
            name=TailSuspects.name,
            title=TailSuspects.title,
            value=k / n if n else None,
            unit="flagged labels / labels, of tail classes",
            interval=found,
            interval_kind="95 % Jeffreys; of the flagged share, not of the error rate"
            if n
            else "none: no class is in the tail",
            range=(0.0, 1.0),
            better="neither",
            details={
                "n_tail_classes": len(tail),
                "tail_labels": n,
                "tail_flagged": k,
                "rest_share": rest_k / rest_n if rest_n else None,
                "rest_low": rest[0] if rest else None,
                "rest_high": rest[1] if rest else None,
                "tail_classes": _table(tail, facts, detection),
            },
            source="Brown, Cai and DasGupta 2001; Liu et al. 2019",
            alerts=tail_alerts([facts.class_names[i] for i in tail], k, n, found, rest),
        )


def _of(classes: list[int], counts: Any) -> int:
    return int(sum(counts[index] for index in classes))


def _table(tail: list[int], facts: DatasetFacts, detection: Detection) -> list[dict[str, Any]]:
    joint = detection.confident_joint
    into = joint.sum(axis=0) - joint.diagonal()
    rows = []
    for index in sorted(tail, key=lambda index: (facts.class_counts[index], index))[:_MOST_LISTED]:
        k, n = int(detection.flagged_by_class[index]), facts.class_counts[index]
        low, high = jeffreys(k, n) if n >= NOT_ASSESSABLE else (None, None)
        rows.append(
            {
                "class": facts.class_names[index],
                "labels": n,
                "flagged": k,
                "low": low,
                "high": high,
                "rest_in_it": int(into[index]),
            }
        )
    return rows


def tail_alerts(
    names: list[str],
    k: int,
    n: int,
    found: tuple[float, float] | None,
    rest: tuple[float, float] | None,
) -> tuple[Alert, ...]:
    """Say where the k of n labels suspected in the tail are more than in the rest: by intervals."""
    if found is None or rest is None or found[0] <= rest[1]:
        return ()
    return (
        Alert(
            id="tail_suspects.more",
            severity="caution",
            module="statistics",
            scope=listed(names, 5),
            message=f"{k:,} of {n:,} labels of the smallest classes are suspected, more than "
            f"elsewhere: {listed(names, 5)}",
            mitigation="Review these first; a few errors are much of a small class.",
            value=k / n,
            threshold=rest[1],
            use_cases=("train", "evaluate", "tail"),
            basis="the upper end of the 95 % interval of the other classes",
        ),
    )
