from collections.abc import Mapping
from typing import Any

from labelaudit.core.intervals import jeffreys, shrunken
from labelaudit.core.results import DatasetFacts, Detection, Measurement
from labelaudit.measures.class_balance import NOT_ASSESSABLE, assessable
from labelaudit.measures.kinds import DerivedMeasure


class SuspectShare(DerivedMeasure):
    """How many labels of each class are flagged, of how many.

    Flagged is not wrong: about half of what confident learning flags is truly mislabelled, and
    errors that the model shares are not flagged. The value is flagged rows / rows. Per class: the
    flagged share with its Jeffreys interval, and the share drawn towards the overall one, (k + 10
    m) / (n + 10), which keeps a class of three examples from topping the list by chance. A class of
    fewer than 10 examples is "not assessable", of fewer than 30 "wide".

    Range 0 to 1, neither end is better: below .01 the labels look good or the model is too weak to
    see, above .1 either labels or model are bad. Cost: none, it reads the flags of all rows. The
    interval covers the sampling of rows only; it says nothing about the share of errors.

    Source: Brown, Cai and DasGupta 2001 (Jeffreys); Northcutt, Athalye and Mueller 2021
    (half of the flags).
    """

    name = "suspect_share"
    title = "Suspected share"
    needs = frozenset({"flags"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement:
        assert detection is not None
        overall = detection.n_flagged / facts.n_examples
        pairs = list(zip(detection.flagged_by_class.tolist(), facts.class_counts, strict=True))
        # How many a budget leaves is no sample of anything.
        counted = detection.top is None
        intervals = [jeffreys(k, n) if counted and n >= NOT_ASSESSABLE else None for k, n in pairs]
        return Measurement(
            name=SuspectShare.name,
            title=SuspectShare.title,
            value=overall,
            unit="flagged rows / rows",
            interval=jeffreys(detection.n_flagged, facts.n_examples) if counted else None,
            interval_kind="95 % Jeffreys; of the flagged share, not of the error rate"
            if counted
            else "none: a budget decides how many are flagged",
            range=(0.0, 1.0),
            better="neither",
            per_class={
                "flagged": tuple(k for k, _ in pairs),
                "share": tuple(k / n if n else None for k, n in pairs),
                "low": tuple(interval[0] if interval else None for interval in intervals),
                "high": tuple(interval[1] if interval else None for interval in intervals),
                "shrunken_share": tuple(shrunken(k, n, overall) for k, n in pairs),
                "assessable": tuple(assessable(n) for _, n in pairs),
            },
            source="Brown, Cai and DasGupta 2001",
        )
