"""Audits made by hand, and audits whose every string is hostile."""

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

import numpy as np
import pytest

from labelaudit.core.dataset import Check, InputFile
from labelaudit.core.results import (
    FINDING_COLUMNS,
    Alert,
    Audit,
    DatasetFacts,
    Detection,
    Findings,
    Measurement,
    Setting,
    Skipped,
)
from labelaudit.detect.confusions import confusions, kinships

BASIS = "1 - trace of the calibrated confident joint: the model's estimate, bias unknown"


def words_of(page: str) -> str:
    """Return the text of a page with single spaces; other formats as they are, but for those."""
    text = re.sub(r"<(style|script)>.*?</\1>|<[^>]*>", "", page, flags=re.DOTALL)
    return " ".join(unescape(text).replace("\u200b", "").split())


def made_audit(
    names: Sequence[str] = ("cat", "dog", "bird"),
    joint: Sequence[Sequence[int]] = ((40, 6, 1), (3, 50, 0), (0, 2, 10)),
    ids: Sequence[str] | None = None,
    name: str = "pets",
) -> Audit:
    """Return a small audit with every part filled, its figures from the joint."""
    matrix = np.array(joint, dtype=np.int64)
    counts = matrix.sum(axis=1)
    off = matrix - np.diag(np.diag(matrix))
    pairs = [(int(i), int(j), int(off[i, j])) for i, j in zip(*np.nonzero(off), strict=True)]
    pairs.sort(key=lambda pair: (-pair[2], pair[:2]))
    total = int(counts.sum())
    detection = Detection(
        filter="prune_by_noise_rate",
        n_flagged=int(off.sum()),
        n_predicted_neq_given=int(off.sum()) + 7,
        ranking="self_confidence",
        model_noise_estimate=float(off.sum() / max(total, 1)),
        model_noise_basis=BASIS,
        confident_joint=matrix,
        class_thresholds=np.full(len(names), 0.75),
        flagged_by_class=off.sum(axis=1),
        flagged_pairs=tuple(pairs),
        confusions=confusions(tuple(pairs), len(names)),
        kinships=kinships(matrix),
    )
    return Audit(
        dataset=DatasetFacts(
            name=name,
            format="csv",
            n_examples=total,
            n_unlabelled=2,
            class_names=tuple(names),
            class_counts=tuple(int(count) for count in counts),
            has=("digest", "labels", "probabilities"),
            notices=(f"labels: {name}.csv (found by name), column `label`",),
        ),
        contract=(
            Check(name="ids_matched", status="passed", message=f"all {total} ids found in {name}"),
            Check(name="row_sums", status="not_testable", message=f"{names[0]} was not seen"),
        ),
        inputs=(
            InputFile(
                role="labels",
                path=f"{name}.csv",
                how="found by name",
                n_bytes=12345,
                sha256="ab" * 32,
                fingerprint="sha256:ab",
            ),
            InputFile(
                role="predictions",
                path=f"{name}.npy",
                how="by --predictions",
                n_bytes=4_000_000_000,
                sha256=None,
                fingerprint="blocks:cd",
            ),
        ),
        settings={
            "filter": Setting(value="prune_by_noise_rate", origin="default"),
            "seed": Setting(value=0, origin="flag"),
        },
        tool_version="0.0.test",
        detection=detection,
        measurements=_measurements(names, counts, off),
        findings=_findings(names, pairs, ids),
    )


def _measurements(names: Sequence[str], counts: Any, off: Any) -> tuple[Measurement | Skipped, ...]:
    total = int(counts.sum())
    flagged = off.sum(axis=1)
    return (
        Measurement(
            name="brier_score",
            title="Brier score",
            value=0.11,
            unit="mean squared distance to the given label, 0 to 2",
            interval=(0.1, 0.12),
            interval_kind="95 %, normal, of the mean over rows",
            sample={"size": 100, "of": 115, "seed": 0},
            source="Brier 1950",
        ),
        Measurement(
            name="calibration",
            title="Calibration",
            value=0.0421,
            unit="expected calibration error",
            interval=(0.021, 0.061),
            interval_kind="95 %, bootstrap of all rows, seed 0",
            details={
                "bins": 4,
                "mean_confidence": 0.93,
                "agreement": 0.89,
                "negative_log_likelihood": 0.23,
                "bin_rows": [0, 5, 20, 90],
                "bin_confidence": [0.0, 0.4, 0.61, 0.97],
                "bin_agreement": [0.0, 0.2, 0.65, 0.93],
                "bin_low": [None, 0.036, 0.43, 0.862],
                "bin_high": [None, 0.624, 0.82, 0.966],
            },
            source="Guo et al. 2017",
        ),
        Measurement(
            name="class_balance",
            title="Class balance",
            value=float(counts.max() / max(int(counts[counts > 0].min()), 1)),
            unit="largest class / smallest class",
            details={
                "evenness": 0.9,
                "effective_classes_entropy": 2.6,
                "majority_baseline": 0.47,
                "tier_rule": "thirds of the examples",
            },
            per_class={"tier": tuple("head" for _ in names)},
            alerts=(
                Alert(
                    id="class_balance.imbalanced",
                    severity="caution",
                    module="statistics",
                    scope="dataset",
                    message=f"{names[0]} has most examples",
                    mitigation="Report figures for each class",
                    value=12.0,
                    threshold=10.0,
                    basis="a convention of labelaudit",
                ),
            ),
        ),
        Skipped(
            name="knn_disagreement",
            title="Neighbours that disagree",
            reason="no embeddings",
            remedy="--embeddings FILE",
        ),
        Measurement(
            name="never_heard_of",
            title="A measure made tomorrow",
            value=0.625,
            unit="parts of a whole",
            interval=(0.5, 0.75),
            interval_kind="95 %, some method",
            sample={"size": 50, "of": total, "seed": 0},
            per_class={"mean": tuple(index / 10 for index in range(len(names)))},
            source="Nobody 2031",
        ),
        Measurement(
            name="noise_or_overlap",
            title="Noise or overlap",
            value=0.5,
            unit="disagreements in pairs of one kind / disagreements",
            details={"pairs": _told(names, off)},
            source="ours",
        ),
        Measurement(
            name="pairwise_auroc",
            title="Pairs told apart",
            value=0.9,
            unit="pairwise AUROC, mean over all pairs of classes",
            interval_kind="none: pairs share rows; each pair has its own",
            details={
                "pairs": [
                    pair | {"rows": [40, 50], "auroc": 0.8, "low": 0.75, "high": 0.85}
                    for pair in _few_pairs(names)
                ]
            },
            source="Hand and Till 2001",
        ),
        Measurement(
            name="knn_accuracy",
            title="Nearest-neighbour accuracy",
            value=0.9,
            unit="rows predicted as labelled / rows",
            details={
                "pairs": [
                    pair | {"rows": 90, "accuracy": 0.91, "low": 0.83, "high": 0.95}
                    for pair in _few_pairs(names)[1:]
                ]
            },
            source="Cover and Hart 1967",
        ),
        Measurement(
            name="suspect_share",
            title="Suspected share",
            value=float(flagged.sum() / max(total, 1)),
            unit="flagged rows / rows",
            per_class={
                "low": tuple(
                    max(k / n - 0.05, 0.0) if n >= 10 else None
                    for k, n in zip(flagged, counts, strict=True)
                ),
                "high": tuple(
                    k / n + 0.05 if n >= 10 else None for k, n in zip(flagged, counts, strict=True)
                ),
            },
        ),
    )


def _few_pairs(names: Sequence[str]) -> list[dict[str, Any]]:
    few = range(min(len(names), 12))
    return [{"classes": [names[a], names[b]], "codes": [a, b]} for a in few for b in few if a < b]


def _told(names: Sequence[str], off: Any) -> list[dict[str, Any]]:
    """Return an answer of each kind in turn; the last pair is left out, as one of few rows is."""
    answers = (("mostly overlap", 0.31), ("mostly mislabelled", 0.93), ("cannot be told", 0.62))
    told = []
    for index, pair in enumerate(_few_pairs(names)[:-1] or _few_pairs(names)):
        answer, score = answers[index % 3]
        a, b = pair["codes"]
        rows = {"rows": int(off[a, b] + off[b, a]), "there": int(off[a, b]), "back": int(off[b, a])}
        bounds = {"score": score, "low": score - 0.06, "high": score + 0.06}
        told.append(pair | rows | bounds | {"answer": answer})
    return told


def _findings(
    names: Sequence[str], pairs: list[tuple[int, int, int]], ids: Sequence[str] | None
) -> Findings:
    rows = [(given, other) for given, other, count in pairs for _ in range(count)]
    n = len(rows)
    quality = np.linspace(0.0, 0.3, n)
    given = np.array([names[pair[0]] for pair in rows], dtype=object)
    suggested = np.array([names[pair[1]] for pair in rows], dtype=object)
    shown = [ids[index % len(ids)] if ids else f"img/{index:04d}.png" for index in range(n)]
    values: dict[str, Any] = {
        "rank": np.arange(1, n + 1),
        "id": np.array(shown, dtype=object),
        "given_label": given,
        "suggested_label": suggested,
        "row": np.arange(n),
        "given_threshold": np.full(n, 0.8),
        "suggested_threshold": np.full(n, 0.75),
        "suggested_probability": np.linspace(0.999, 0.6, n),
    }
    for name in FINDING_COLUMNS:
        values.setdefault(name, quality)
    return Findings(columns={name: values[name] for name in FINDING_COLUMNS})


HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "{{7*7}}{% raw %}",
    "[bold red]x[/]",
    "\x1b[31mred\x1b]0;t\x07",
    "a\u202egpj.exe\u2066",
    "one|two",
    "`tick``s`",
    "line\nfeed\r\n# heading",
    "javascript:alert(1)",
    '" onmouseover="alert(1)',
    "[link](javascript:alert(1)) ![i](http://x.test/i.png) @everyone #1 www.x.test",
    "日本語の名前👩‍👩‍👧 e\u0301",
    "x" * 10_000,
    "",
    "' style='position:fixed",
)


@pytest.fixture
def audit() -> Audit:
    return made_audit()


@pytest.fixture(params=range(len(HOSTILE)), ids=lambda index: f"string{index}")
def hostile(request: pytest.FixtureRequest) -> Audit:
    """An audit named by one hostile string throughout, its classes kept apart by a number."""
    text = HOSTILE[request.param]
    names = tuple(f"{text}{number}" if number else text for number in range(3))
    return made_audit(names=names, ids=(text,), name=text)
