from collections.abc import Mapping
from typing import Any

import numpy as np

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement
from labelaudit.measures.class_balance import balance
from labelaudit.measures.kinds import DerivedMeasure

# A class is said to be taken for larger or smaller where the model's count is off by a quarter.
OFF = 0.25
LEAST = 30


class TruePrior(DerivedMeasure):
    """How far the class sizes as labelled are from those the model estimates.

    The value is the share of examples that would have to change class to turn the one into the
    other. It is half the sum of |given share - estimated share|. Per class: both shares, the
    estimated count, the shift, and `ratio` = estimated / given: above 1 the class is larger than
    its labels say. Beside it: imbalance ratio, evenness and effective classes of the estimate.

    Range 0 (as labelled) to 1, lower is better; below .01 is good, above .05 bad. The estimate is
    the column sums of the calibrated confident joint over N; Wilson's interval per class is of its
    sampling alone. No interval of the value: what matters is the bias of the estimate, and nobody
    knows it. No cost: it reads the joint of all rows.

    Limits: the estimate is the model's, bias unknown; a model that neglects rare classes
    estimates them too small, and errors that go both ways cancel out here.

    Source: Northcutt, Jiang and Chuang, Confident learning, JAIR 2021, section 3.2; Wilson 1927.
    """

    name = "true_prior"
    title = "Given against estimated class sizes"
    needs = frozenset({"joint"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement:
        assert detection is not None
        given = np.asarray(facts.class_counts, dtype=np.float64)
        total = max(int(given.sum()), 1)
        prior = detection.estimated_prior
        estimated = prior * total
        figures = balance(np.rint(estimated).astype(np.int64))
        bounds = [wilson(count, total) for count in estimated.tolist()]
        return Measurement(
            name=TruePrior.name,
            title=TruePrior.title,
            value=float(np.abs(given / total - prior).sum() / 2),
            unit="share of examples that would change class",
            interval_kind="none: the bias of the estimate is unknown",
            range=(0.0, 1.0),
            better="lower",
            details={
                f"estimated_{name}": figures.get(name)
                for name in ("imbalance_ratio", "evenness", "effective_classes_entropy")
            },
            per_class={
                "given_share": tuple((given / total).tolist()),
                "estimated_share": tuple(prior.tolist()),
                "estimated_low": tuple(low for low, _ in bounds),
                "estimated_high": tuple(high for _, high in bounds),
                "estimated_count": tuple(estimated.tolist()),
                "shift": tuple((estimated - given).tolist()),
                "ratio": tuple(
                    e / g if g else None
                    for e, g in zip(estimated.tolist(), given.tolist(), strict=True)
                ),
            },
            source="Northcutt, Jiang and Chuang 2021; Wilson 1927",
            alerts=_alerts(facts.class_names, given.tolist(), estimated.tolist()),
        )


def _alerts(
    names: tuple[str, ...], given: list[float], estimated: list[float]
) -> tuple[Alert, ...]:
    judged = [
        (abs(e / g - 1), name, g, e)
        for name, g, e in zip(names, given, estimated, strict=True)
        if g >= LEAST and abs(e / g - 1) > OFF
    ]
    if not judged:
        return ()
    off, name, had, has = max(judged)
    others = f"; {len(judged) - 1:,} more off by a quarter" if len(judged) > 1 else ""
    return (
        Alert(
            id="true_prior.shifted",
            severity="caution",
            module="statistics",
            scope=name,
            message=f"{had:,.0f} labels say {name}, the model estimates {has:,.0f}{others}",
            mitigation="Review the suspects of this class before its size is used, as a prior, a "
            "class weight or a stratum.",
            value=off,
            threshold=OFF,
            use_cases=("train", "evaluate", "tail"),
            basis=f"a convention of labelaudit, for classes of at least {LEAST} labels",
        ),
    )
