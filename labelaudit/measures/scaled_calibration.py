from collections.abc import Mapping
from typing import Any

from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement, Skipped
from labelaudit.measures.calibration import LIMIT
from labelaudit.measures.kinds import DerivedMeasure

OVERLAP_LIMIT = 0.15
ERROR_LIMIT = 0.05


class ScaledCalibration(DerivedMeasure):
    """What calibration error would be left if the temperature that fits best were applied.

    Where classes overlap no one temperature makes a model calibrated, and where labels are wrong
    the one that fits them is not the right one. The value is the expected calibration error (15
    bins) of softmax(log P / T) with the T of `temperature`, against the given labels; it is not
    applied. With the share of borderline points above .15 and the error left above .05 an alert
    says that no temperature will do; with a model noise estimate above .03, as many wrong labels as
    make a calibration error that counts, another that this one misleads.

    Range 0 to 1, lower is better; below .05 is good, .1 bad. Sample, exact or fair and seeded, as
    of `temperature`. No interval: T was fitted on the same rows, so the figure is a little too
    good. No cost: read off `temperature` and `n1_borderline`.

    Limits: on noisy labels neither T nor the error is that of the true labels, and wrong labels
    make borderline points as overlap does; these are taken from embeddings, and without such
    there is no alert.

    Source: after Chidambaram and Ge, On the limitations of temperature scaling for distributions
    with overlaps, ICLR 2024; the two limits are of this project.
    """

    name = "scaled_calibration"
    title = "Calibration error a temperature would leave"
    needs = frozenset({"probabilities"})
    reads = frozenset({"temperature", "n1_borderline"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement | Skipped:
        fitted, overlap = (earlier.get(name) for name in ("temperature", "n1_borderline"))
        if not isinstance(fitted, Measurement) or fitted.value is None:
            return Skipped(
                name=ScaledCalibration.name,
                title=ScaledCalibration.title,
                reason="no temperature was fitted",
                remedy="--predictions FILE",
            )
        left = float(fitted.details["calibration_error_after"])
        known = isinstance(overlap, Measurement) and overlap.value is not None
        share = float(overlap.value) if known else None  # type: ignore[union-attr]
        return Measurement(
            name=ScaledCalibration.name,
            title=ScaledCalibration.title,
            value=left,
            unit="expected calibration error after scaling; not applied",
            interval_kind="none: the temperature was fitted on the same rows",
            range=(0.0, 1.0),
            better="lower",
            details={"temperature": fitted.value, "borderline_share": share, "applied": False},
            sample=fitted.sample,
            source="after Chidambaram and Ge 2024",
            alerts=(*_overlap(left, share), *_noise(detection, fitted)),
        )


def _noise(detection: Detection | None, fitted: Measurement) -> tuple[Alert, ...]:
    """Say that labels are themselves noisy: what fits them does not fit the true ones."""
    noise = detection.model_noise_estimate if detection is not None else None
    if noise is None or noise <= LIMIT:
        return ()
    told = ""
    if fitted.details.get("differs_from_one"):
        told = f"; so is the temperature that would fit, {fitted.value:.2f}, which was not applied"
    return (
        Alert(
            id="scaled_calibration.noisy_labels",
            severity="info",
            module="probabilistic_model",
            scope="dataset",
            message=f"The model places {noise:.0%} of the labels elsewhere: every calibration "
            f"error is against the given labels, not the true ones{told}",
            mitigation="Judge calibration, and fit a temperature, only on labels that people have "
            "checked.",
            value=noise,
            threshold=LIMIT,
            use_cases=("train", "evaluate"),
            basis="so many wrong labels alone make a calibrated model look uncalibrated",
        ),
    )


def _overlap(left: float, share: float | None) -> tuple[Alert, ...]:
    if share is None or share <= OVERLAP_LIMIT or left <= ERROR_LIMIT:
        return ()
    return (
        Alert(
            id="scaled_calibration.overlap",
            severity="caution",
            module="probabilistic_model",
            scope="dataset",
            message=f"Temperature scaling will not fix the calibration: {share:.0%} of examples "
            f"lie on a border of classes, and an error of {left:.3f} would be left",
            mitigation="Review the suspects first, wrong labels make borders too; then train with "
            "mixup or label smoothing.",
            value=left,
            threshold=ERROR_LIMIT,
            use_cases=("train", "evaluate"),
            basis=f"limits of labelaudit: error {ERROR_LIMIT}, borderline share {OVERLAP_LIMIT}",
        ),
    )
