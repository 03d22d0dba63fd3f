"""How often the test of labelling alarms on halves of one dataset, and how often it should.

    python benchmarks/shift.py                     drawn data; two minutes
    python benchmarks/shift.py --data FOLDER       and the real predictions in a folder of folders
    python benchmarks/shift.py --splits 200        quicker, coarser

Rows are drawn from a dataset and cut into halves by lot. An alarm is right where 10 % of one class
were relabelled in one half, to a class by lot or to the one it is confused with most, and wrong
where nothing was changed, or where one half merely has other class shares. Where one half is twice
as hard for the model the labels are alike, but the classes do not look alike.

Printed are per cent of the splits that are at odds, and of those where this is a caution: where
labels and predictions differ, they do not go where they go elsewhere.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from labelaudit.measures.label_shift import LEVEL
from labelaudit.measures.shifting import counted_cells, odds_of

Codes = npt.NDArray[np.int64]
REAL = (
    ("mnist_test", "pred_probs.npy"),
    ("cifar10_test", "pred_probs.npy"),
    ("cifar10n_aggregate", "pred_probs_resnet18.npy"),
    ("cifar10_flips_20", "pred_probs.npy"),
)
SIZES = (1_000, 10_000)
SHARE = 0.1
DRAWS = 399
ROWS = 40_000


def drawn(n_classes: int, accuracy: float, noise: float) -> tuple[Codes, Codes]:
    """Return labels and predicted classes: classes differ in size, the model errs nearby."""
    chance = np.random.default_rng(n_classes)
    weights = np.geomspace(1, 0.1, n_classes)
    true = chance.choice(n_classes, ROWS, p=weights / weights.sum())
    predicted = np.where(
        chance.random(ROWS) < accuracy, true, (true + chance.integers(1, 3, ROWS)) % n_classes
    )
    labels = np.where(chance.random(ROWS) < noise, chance.integers(0, n_classes, ROWS), true)
    return labels, predicted


def real(folder: Path, name: str, file: str) -> tuple[Codes, Codes]:
    labels = np.load(folder / name / "labels.npy").astype(np.int64)
    return labels, np.load(folder / name / file).argmax(axis=1).astype(np.int64)


def nothing(chance: np.random.Generator, labels: Codes, predicted: Codes, half: Codes) -> None:
    """Leave the labels as they are."""


def relabelled(chance: np.random.Generator, labels: Codes, predicted: Codes, half: Codes) -> None:
    """Relabel a tenth of a class in the first half, to a class by lot."""
    one, other = chance.choice(np.unique(labels), 2, replace=False)
    _relabel(chance, labels, half, int(one), int(other))


def confused(chance: np.random.Generator, labels: Codes, predicted: Codes, half: Codes) -> None:
    """Relabel a tenth of a class in the first half, to the class it is confused with most."""
    one = int(chance.choice(np.unique(labels)))
    counts = np.bincount(predicted[labels == one], minlength=int(predicted.max()) + 1)
    counts[one] = 0
    _relabel(chance, labels, half, one, int(counts.argmax()))


def _relabel(chance: np.random.Generator, labels: Codes, half: Codes, one: int, other: int) -> None:
    own = chance.permutation(np.flatnonzero((labels == one) & (half == 0)))
    labels[own[: round(SHARE * len(own))]] = other


def harder(
    chance: np.random.Generator, labels: Codes, predicted: Codes, whole: tuple[Codes, Codes]
) -> Codes:
    """Return predictions with about twice the errors; they go where those of the whole go."""
    doubled = predicted.copy()
    for label in np.unique(labels):
        errors = whole[1][(whole[0] == label) & (whole[1] != label)]
        share = len(errors) / (whole[0] == label).sum()
        own = np.flatnonzero((labels == label) & (predicted == label))
        own = own[chance.random(len(own)) < share]
        if len(own):
            doubled[own] = chance.choice(errors, len(own))
    return doubled


def halves(chance: np.random.Generator, labels: Codes) -> Codes:
    return (chance.permutation(len(labels)) % 2).astype(np.int64)


def other_shares(chance: np.random.Generator, labels: Codes) -> Codes:
    """Cut so that half of the classes lie mostly, 70 to 30, in the first part."""
    classes = np.unique(labels)
    here = chance.permutation(classes)[: len(classes) // 2]
    return (chance.random(len(labels)) < np.where(np.isin(labels, here), 0.3, 0.7)).astype(np.int64)


HARDER = "one half twice as hard"
Change = Callable[[np.random.Generator, Codes, Codes, Codes], None]
Cut = Callable[[np.random.Generator, Codes], Codes]
CASES: dict[str, tuple[Cut, Change]] = {
    "halves": (halves, nothing),
    "other class shares": (other_shares, nothing),
    HARDER: (halves, nothing),
    "10 % to any class": (halves, relabelled),
    "10 % to the nearest": (halves, confused),
}


def alarms(labels: Codes, predicted: Codes, half: Codes, seed: int) -> tuple[bool, bool]:
    """Return whether the halves are at odds, and whether that is a caution."""
    n_classes = int(max(labels.max(), predicted.max())) + 1
    codes, counts = np.unique(
        (half * n_classes + labels) * n_classes + predicted, return_counts=True
    )
    confusions = counted_cells(codes, counts.astype(np.int64), n_classes, np.arange(2))
    at_odds = odds_of(confusions, seed, most=DRAWS).p_values.min() <= LEVEL
    if not at_odds:
        return False, False
    ways = odds_of(confusions.disagreeing(), seed, most=DRAWS).p_values
    return True, bool(ways.min(initial=1) <= LEVEL)


def rate(labels: Codes, predicted: Codes, size: int, case: str, splits: int) -> str:
    """Return the shares of splits at odds, and of those with a caution."""
    cut, change = CASES[case]
    found = np.zeros(2)
    for seed in range(splits):
        chance = np.random.default_rng([size, seed])
        rows = chance.permutation(len(labels))[:size]
        own, seen = labels[rows].copy(), predicted[rows]
        half = cut(chance, own)
        if case == HARDER:
            seen = np.where(half == 0, harder(chance, own, seen, (labels, predicted)), seen)
        change(chance, own, seen, half)
        found += alarms(own, seen, half, seed)
    at_odds, cautions = 100 * found / splits
    return f"{at_odds:.1f} / {cautions:.1f}"


def _splits(splits: int, case: str) -> int:
    """Return all splits where an alarm is wrong, and of other cases a fifth."""
    return splits if case in tuple(CASES)[:2] else -(-splits // 5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="a folder of folders of real predictions")
    parser.add_argument("--splits", type=int, default=1_000)
    chosen = parser.parse_args()
    data = {
        "drawn, K = 2, 90 % accurate": drawn(2, 0.9, 0.02),
        "drawn, K = 10, 95 % accurate": drawn(10, 0.95, 0.02),
        "drawn, K = 10, 70 % accurate": drawn(10, 0.7, 0.1),
        "drawn, K = 100, 90 % accurate": drawn(100, 0.9, 0.02),
    }
    for name, file in REAL if chosen.data is not None else ():
        data[name] = real(chosen.data, name, file)
    print("| data | rows |", " | ".join(CASES), "|")
    print("| --- | ---: |", " | ".join("---:" for _ in CASES), "|")
    for name, (labels, predicted) in data.items():
        for size in SIZES:
            shown = " | ".join(
                rate(labels, predicted, size, case, _splits(chosen.splits, case)) for case in CASES
            )
            print(f"| {name} | {size:,} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
