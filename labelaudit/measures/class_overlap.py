from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import DatasetFacts, Detection, Measurement
from labelaudit.core.text import printable
from labelaudit.measures.kinds import DerivedMeasure

MOST_PAIRS = 200
FEWEST = 10


class ClassOverlap(DerivedMeasure):
    """How much two classes run into each other, by what the model is confident of.

    It is the share of the labels within two classes that the model would move from one to the
    other, of the two classes where that is largest. With C the calibrated confident joint [given,
    true], the overlap of a pair is the share of the labels placed within the pair that cross it:

        o(a, b) = (C_ab + C_ba) / (C_aa + C_bb + C_ab + C_ba)

    The value is that of the pair with the largest, of classes with at least 10 examples. Beside
    each pair stands its pairwise AUROC, where that was measured.

    Range 0 (no row crosses) to 1, lower is better; below .02 is good, and two classes labelled by
    coin have about .5. Wrong labels and classes that cannot be told apart both raise it:
    `noise_or_overlap` weighs which. It is the model's view, with a bias of unknown size and sign.
    Cost: none, it reads the joint of all rows. Intervals are Wilson's, of the sampling of rows
    only, as if calibrated counts were counts; that of the value is of a pair picked for being the
    largest, so both read high. The 200 pairs with most crossing rows are listed.

    Source: Northcutt, Jiang and Chuang, JAIR 2021, for the joint; the share is ours.
    """

    name = "class_overlap"
    title = "Overlap of classes"
    needs = frozenset({"joint"})
    reads = frozenset({"pairwise_auroc"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement:
        assert detection is not None
        joint = detection.confident_joint
        aurocs = _aurocs(earlier.get("pairwise_auroc"))
        pairs = [
            {"classes": [facts.class_names[k] for k in pair["codes"]]}
            | pair
            | {"pairwise_auroc": aurocs.get(tuple(pair["codes"]))}
            for pair in overlaps(joint, MOST_PAIRS)
        ]
        judged = [p for p in pairs if min(facts.class_counts[k] for k in p["codes"]) >= FEWEST]
        largest = max(judged, key=lambda pair: pair["overlap"], default=None)
        return Measurement(
            name=ClassOverlap.name,
            title=ClassOverlap.title,
            value=_value(largest, facts),
            unit="labels that cross / labels placed within the pair of largest overlap",
            interval=(largest["low"], largest["high"]) if largest else None,
            interval_kind="95 % Wilson, of the sampling of rows of that pair"
            if largest
            else "none: no rows cross, or no two classes of 10 examples",
            range=(0.0, 1.0),
            better="lower",
            details={
                "n_pairs": len(pairs),
                "largest": " and ".join(map(printable, largest["classes"])) if largest else None,
                "pairs": pairs,
            },
            source="Northcutt, Jiang and Chuang 2021; the share is ours",
        )


def _value(largest: dict[str, Any] | None, facts: DatasetFacts) -> float | None:
    if largest is not None:
        return float(largest["overlap"])
    # Nothing crosses; but where there are no two classes to compare, that says nothing.
    return 0.0 if sum(count >= FEWEST for count in facts.class_counts) > 1 else None


def _aurocs(measured: Any) -> dict[tuple[int, ...], float]:
    if not isinstance(measured, Measurement):
        return {}
    return {tuple(pair["codes"]): pair["auroc"] for pair in measured.details["pairs"]}


def overlaps(joint: Any, most: int) -> list[dict[str, Any]]:
    """Return the overlap of the pairs with most crossing rows, of a joint dense or sparse."""
    codes, crossing = _crossing(joint)
    own = np.asarray(joint.diagonal(), dtype=np.int64)
    first = np.lexsort((codes, -crossing))[:most]
    found = []
    for code, count in zip(codes[first].tolist(), crossing[first].tolist(), strict=True):
        a, b = divmod(code, len(own))
        within = int(own[a] + own[b]) + count
        low, high = wilson(count, within)
        found.append(
            {"codes": [a, b], "rows": count, "overlap": count / within, "low": low, "high": high}
        )
    return found


def _crossing(joint: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the pairs a * K + b, a < b, ascending, that rows cross, and how many rows do."""
    if isinstance(joint, np.ndarray):
        given, true = np.nonzero(joint)
        counts = joint[given, true]
    else:
        entries = joint.tocoo()
        given, true, counts = entries.row, entries.col, entries.data
    off = (given != true) & (counts > 0)
    given, true, counts = (values[off].astype(np.int64) for values in (given, true, counts))
    codes = np.minimum(given, true) * joint.shape[0] + np.maximum(given, true)
    pairs, place = np.unique(codes, return_inverse=True)
    total = np.zeros(len(pairs), dtype=np.int64)
    np.add.at(total, place, counts)
    return pairs, total
