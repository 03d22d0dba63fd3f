"""How well rankings of doubtful labels find the wrong ones, where it is known which are wrong.

    python benchmarks/detection/ranking.py --families 40              synthetic, seeded
    python benchmarks/detection/ranking.py --tables DIR               real tables, injected noise
    python benchmarks/detection/ranking.py --real ../shared/data      published predictions

`--first SEED` draws other families; `--constants` compares our rule with other constants. Each
prints average precision, AUROC, precision among the first 100 and among the first T (T = how many
labels are wrong), beside cleanlab's scores made in the same run; `--real` also each filter's
precision, recall and F1. Beside every difference stands its paired bootstrap standard error: over
the rows of a file, over the data sets of a family.
"""

import argparse
import csv
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from families import KINDS, MODELS, Case, Floats, Ints, gaussian_case, table_case, tables
from losers import Found, losers, other_constants, ranks

from labelaudit.core.dataset import Digest
from labelaudit.detect.digest import digest
from labelaudit.detect.joint import calibrated
from labelaudit.detect.ranking import (
    NOT_COUNTED,
    SIGNIFICANT,
    OneWay,
    counted_class,
    label_quality,
    one_way,
)
from labelaudit.detect.signals import aldr_quality

OURS = "label_quality (ours)"
RESAMPLES = 400
SELF, ADJUSTED = "self_confidence", "normalized_margin adjusted"
FILTERS = (
    "predicted_neq_given",
    "confident_learning",
    "prune_by_class",
    "prune_by_noise_rate",
    "both",
)
Bools = npt.NDArray[np.bool_]


def confident(probabilities: Floats, thresholds: Floats) -> npt.NDArray[np.int32]:
    """Return the class each row is confidently in, -1 for none: cleanlab's rule."""
    passes = probabilities >= thresholds - 1e-6
    several = passes.sum(axis=1) > 1
    found = np.where(several, probabilities.argmax(axis=1), passes.argmax(axis=1))
    return np.where(passes.any(axis=1), found, NOT_COUNTED).astype(np.int32)


def pair_counts(given: Ints, other: npt.NDArray[np.integer[Any]], size: int) -> tuple[Ints, Ints]:
    """Return the pairs that occur, as given * K + other, and how many rows of each."""
    counted = other != NOT_COUNTED
    return np.unique(given[counted] * size + other[counted], return_counts=True)


def flowing(
    labels: Ints, own: Digest, guess: npt.NDArray[np.int32], size: int, z: float = SIGNIFICANT
) -> OneWay:
    counted = counted_class(guess, labels.astype(np.int32), own)
    pairs = pair_counts(labels, counted, size)
    return one_way(*pairs, np.bincount(labels, minlength=size), z=z)


def rankings(labels: Ints, probabilities: Floats, constants: bool = False) -> dict[str, Floats]:
    """Return the suspicion of every row by each ranking: the higher, the worse.

    With `constants` also by our rule with other constants, in place of other rules.
    """
    from cleanlab.rank import get_label_quality_scores

    size = probabilities.shape[1]
    own = digest(labels.astype(np.int32), probabilities)
    class_counts = np.bincount(labels, minlength=size)
    sums = np.bincount(labels, weights=own.self_confidence, minlength=size)
    thresholds = np.where(
        class_counts > 0, np.maximum(sums / np.maximum(class_counts, 1), 2e-6), 2.0
    )
    guess = confident(probabilities, thresholds)
    joint = np.zeros((size, size), dtype=np.int64)
    codes, counts = pair_counts(labels, guess, size)
    joint.reshape(-1)[codes] = counts
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    flow = flowing(labels, own, guess, size)
    made = {OURS: -label_quality(labels.astype(np.int32), own, thresholds, flow)}
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        made[method] = -get_label_quality_scores(labels, probabilities, method=method)
        if method != "confidence_weighted_entropy":
            made[f"{method} adjusted"] = -get_label_quality_scores(
                labels, probabilities, method=method, adjust_pred_probs=True
            )
    made["aldr"] = -aldr_quality(labels.astype(np.int32), probabilities)
    made["mean rank"] = ranks(made[SELF]) + ranks(made[ADJUSTED])
    found = Found(
        labels=labels,
        probabilities=probabilities,
        own=own.self_confidence,
        rival=own.other_probability,
        thresholds=thresholds,
        joint=calibrated(joint, class_counts).astype(float),
    )
    if not constants:
        return made | losers(found)

    def rate(z: float) -> Floats:
        return flowing(labels, own, guess, size, z).of(labels, own.other)

    kept = {name: made[name] for name in (OURS, SELF, ADJUSTED)}
    return kept | other_constants(found, rate)


class Ranked:
    """A ranking put in order once, so that it can be judged on many resamples of its rows."""

    def __init__(self, suspicion: Floats, wrong: Bools) -> None:
        self.order = np.argsort(-suspicion, kind="stable")
        self.wrong = wrong[self.order]
        self.last = np.append(
            np.flatnonzero(np.diff(suspicion[self.order])), len(wrong) - 1
        )  # of each run of equals

    def average_precision(self, weights: Floats | None = None) -> float:
        weight = np.ones(len(self.order)) if weights is None else weights[self.order]
        true = np.cumsum(weight * self.wrong)[self.last]
        every = np.cumsum(weight)[self.last]
        gain = np.diff(true, prepend=0)
        return float((gain * true / np.maximum(every, 1)).sum() / max(true[-1], 1))

    def auroc(self) -> float:
        """Return the chance that a wrong label stands before a right one; equals count half."""
        true = np.cumsum(self.wrong)[self.last]
        right = self.last + 1 - true
        gain, step = np.diff(true, prepend=0), np.diff(right, prepend=0)
        pairs = true[-1] * right[-1]
        return float(((true - gain / 2) * step).sum() / pairs) if pairs else float("nan")

    def precision(self, top: int) -> float:
        return float(self.wrong[:top].mean())


def measured(case: Case, constants: bool) -> dict[str, tuple[float, float, float, float]]:
    """Return AP, AUROC, precision at 100 and at T of every ranking on one data set."""
    out = {}
    for name, suspicion in rankings(case.given, case.probabilities, constants).items():
        one = Ranked(suspicion, case.wrong)
        wrong = int(case.wrong.sum())
        out[name] = (
            one.average_precision(),
            one.auroc(),
            one.precision(100),
            one.precision(wrong),
        )
    return out


def row(*cells: object) -> None:
    print("|", " | ".join(str(cell) for cell in cells), "|", flush=True)


def heading(*cells: str) -> None:
    row(*cells)
    row("---", *["---:"] * (len(cells) - 1))


def print_families(cases: Iterable[Case], constants: bool) -> None:
    """Print means over the data sets, and differences with their bootstrap errors."""
    kept = [case for case in cases if case.wrong.sum() >= 10 and not case.wrong.all()]
    scores = [measured(case, constants) for case in kept]
    names = list(scores[0])
    values = np.array([[score[name] for name in names] for score in scores])
    families = sorted({case.family for case in kept})
    member = np.array([[case.family == family for case in kept] for family in families])
    precision = values[:, :, 0]
    best = np.maximum(precision[:, names.index(SELF)], precision[:, names.index(ADJUSTED)])
    draws = np.random.default_rng(0).integers(0, len(kept), size=(RESAMPLES, len(kept)))
    print(f"\n{len(kept)} data sets: average precision by family\n")
    heading("ranking", *(f"{f} ({m.sum()})" for f, m in zip(families, member, strict=True)))
    for at in np.argsort(-precision.mean(axis=0), kind="stable"):
        row(names[at], *(f"{precision[own, at].mean():.4f}" for own in member))
    print("\nAll of them\n")
    heading(
        "ranking",
        "AP",
        "ours − this (s.e.)",
        "within .005 of the better of two",
        "worst tenth",
        "AUROC",
        "P@100",
        "P@T",
    )
    for at in np.argsort(-precision.mean(axis=0), kind="stable"):
        less = precision[:, names.index(OURS)] - precision[:, at]
        error = less[draws].mean(axis=1).std()
        against = precision[:, at] - best
        row(
            names[at],
            f"{precision[:, at].mean():.4f}",
            f"{less.mean():+.4f} ({error:.4f})",
            f"{(against >= -0.005).mean():.0%}",
            f"{np.quantile(against, 0.1):+.3f}",
            *(f"{values[:, at, other].mean():.3f}" for other in (1, 2, 3)),
        )


def real(folder: Path) -> Iterator[Case]:
    """Yield the published predictions in a folder whose truth is known."""
    for name, file in (
        ("cifar10n_aggregate", "pred_probs_resnet18"),
        ("cifar10n_aggregate", "pred_probs_swin"),
        ("cifar10_flips_20", "pred_probs"),
        ("roman_numerals", "pred_probs_resnet18"),
        ("roman_numerals", "pred_probs_efficientnet_b1"),
    ):
        where = folder / name
        probabilities = np.load(where / f"{file}.npy").astype(float)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        if name == "roman_numerals":
            with (where / "labels.csv").open(encoding="utf-8") as lines:
                table = list(csv.DictReader(lines))
            given = np.array([int(line["label_index"]) for line in table])
            wrong = np.array([line["is_error"].lower() in ("1", "true") for line in table])
        else:
            given = np.load(where / "labels.npy").astype(np.int64)
            wrong = given != np.load(where / "true_labels.npy")
        model = file.removeprefix("pred_probs").removeprefix("_")
        yield Case(
            name=f"{name} {model}".strip(),
            family="real",
            given=given,
            wrong=wrong,
            probabilities=probabilities,
        )


def print_real(cases: list[Case]) -> None:
    """Print each file's figures, and the difference to ours with its bootstrap error."""
    precisions: dict[str, list[float]] = {}
    for case in cases:
        print(f"\n{case.name}: {len(case.wrong):,} rows, {case.wrong.sum():,} wrong\n")
        heading("ranking", "AP", "ours − this (s.e.)", "AUROC", "P@100", "P@T")
        made = rankings(case.given, case.probabilities)
        in_order = {name: Ranked(values, case.wrong) for name, values in made.items()}
        rng = np.random.default_rng(0)
        size = len(case.wrong)
        draws = [
            np.bincount(rng.integers(0, size, size), minlength=size).astype(float)
            for _ in range(RESAMPLES)
        ]
        ours = np.array([in_order[OURS].average_precision(draw) for draw in draws])
        for name, one in in_order.items():
            found = one.average_precision()
            precisions.setdefault(name, []).append(found)
            less = precisions[OURS][-1] - found
            again = np.array([one.average_precision(draw) for draw in draws])
            row(
                name,
                f"{found:.4f}",
                f"{less:+.4f} ({(ours - again).std():.4f})",
                f"{one.auroc():.4f}",
                f"{one.precision(100):.2f}",
                f"{one.precision(int(case.wrong.sum())):.4f}",
            )
        print_filters(case)
    print("\nMean of the files, and the worst difference to the better of self-confidence and")
    print("adjusted normalized margin\n")
    heading("ranking", "mean AP", "worst difference")
    better = np.maximum(precisions[SELF], precisions[ADJUSTED])
    for name, values in sorted(precisions.items(), key=lambda one: -float(np.mean(one[1]))):
        row(name, f"{np.mean(values):.4f}", f"{(np.array(values) - better).min():+.4f}")


def print_filters(case: Case) -> None:
    from cleanlab.filter import find_label_issues

    print()
    heading("filter", "flagged", "precision", "recall", "F1")
    flags: Callable[..., Bools] = find_label_issues
    for name in FILTERS:
        flagged = flags(case.given, case.probabilities, filter_by=name, n_jobs=1)
        hits = int((flagged & case.wrong).sum())
        precision, recall = hits / max(flagged.sum(), 1), hits / max(case.wrong.sum(), 1)
        score = 2 * hits / max(flagged.sum() + case.wrong.sum(), 1)
        row(name, f"{flagged.sum():,}", f"{precision:.3f}", f"{recall:.3f}", f"{score:.3f}")


def main() -> None:
    warnings.simplefilter("ignore")  # fits that stop early are as good here
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", type=int, metavar="N", help="so many of each kind of noise")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--tables", type=Path, metavar="DIR", help="a folder of .npz with x and y")
    parser.add_argument("--real", type=Path, metavar="DIR", help="published predictions")
    parser.add_argument("--constants", action="store_true", help="our rule with other constants")
    asked = parser.parse_args()
    if asked.families:
        seeds = range(asked.first, asked.first + asked.families)
        drawn = (gaussian_case(kind, seed) for kind in KINDS for seed in seeds)
        print_families(drawn, asked.constants)
    if asked.tables:
        drawn = (
            table_case(name, features, truth, kind, model, seed=7 + asked.first)
            for name, features, truth in tables(asked.tables)
            for kind in KINDS
            for model in MODELS
        )
        print_families(drawn, asked.constants)
    if asked.real:
        print_real(list(real(asked.real)))
    if not (asked.families or asked.tables or asked.real):
        parser.print_usage(sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
