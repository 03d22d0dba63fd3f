"""How often the alignment check is wrong on aligned data, and how often it finds what is not.

    python benchmarks/alignment.py                 some minutes
    python benchmarks/alignment.py --trials 200    quicker, coarser

Labels and predictions are drawn: a model agrees with a label with probability chance + lift
(1 - chance), its errors are spread over the classes; labels are noisy in a third of the trials and
sorted in another third. Each fault is put into data that is aligned.
"""

import argparse
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from labelaudit.ingest.contract.agreement import alignment

Codes = npt.NDArray[np.int32]
LIFTS = (0.2, 0.4, 0.7, 0.95)
SIZES = ((2, 200), (2, 2_000), (10, 200), (10, 2_000), (10, 20_000), (100, 2_000), (100, 20_000))


def drawn(
    chance: np.random.Generator, n_classes: int, n_rows: int, lift: float, kind: int
) -> tuple[Codes, Codes]:
    """Return labels and predicted classes of `n_rows`, aligned."""
    weights = chance.dirichlet(np.full(n_classes, 5.0))
    true = chance.choice(n_classes, n_rows, p=weights)
    if kind == 2:
        true = np.sort(true)
    knows = chance.random(n_rows) < lift
    predicted = np.where(knows, true, chance.choice(n_classes, n_rows, p=weights))
    labels = true
    if kind == 1:  # a tenth of the labels go to a neighbouring class
        flipped = chance.random(n_rows) < 0.1
        labels = np.where(flipped, (true + 1) % n_classes, true)
    return labels.astype(np.int32), predicted.astype(np.int32)


def swapped(chance: np.random.Generator, n_classes: int, predicted: Codes) -> Codes:
    one, other = chance.choice(n_classes, 2, replace=False)
    places = np.arange(n_classes, dtype=np.int32)
    places[[one, other]] = places[[other, one]]
    return places[predicted]


FAULTS: dict[str, Callable[[np.random.Generator, int, Codes], Codes]] = {
    "as given": lambda chance, n_classes, predicted: predicted,
    "shuffled": lambda chance, n_classes, predicted: chance.permutation(predicted),
    "shifted by 1": lambda chance, n_classes, predicted: np.roll(predicted, 1),
    "reversed": lambda chance, n_classes, predicted: predicted[::-1],
    "two columns swapped": swapped,
    "columns rotated": lambda chance, n_classes, predicted: (predicted + 1) % n_classes,
}


def refused(labels: Codes, predicted: Codes, n_classes: int) -> bool:
    codes = labels.astype(np.int64) * n_classes + predicted
    confusion = np.bincount(codes, minlength=n_classes**2).reshape(n_classes, n_classes)
    names = tuple(map(str, range(n_classes)))
    return alignment("it", labels, predicted, confusion, names).status == "refused"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=1_000)
    trials = parser.parse_args().trials
    print("| K | N | lift | " + " | ".join(FAULTS) + " |")
    print("|---:" * (3 + len(FAULTS)) + "|")
    false_alarms = total = 0
    for n_classes, n_rows in SIZES:
        for lift in LIFTS:
            chance = np.random.default_rng([n_classes, n_rows, int(100 * lift)])
            found = dict.fromkeys(FAULTS, 0)
            asked = dict.fromkeys(FAULTS, 0)
            for trial in range(trials):
                kind = trial % 3
                labels, predicted = drawn(chance, n_classes, n_rows, lift, kind)
                for name, spoil in FAULTS.items():
                    if name != "as given" and (trial >= trials // 10 or kind == 2):
                        continue  # sorted rows hide a shift; faults need fewer trials
                    asked[name] += 1
                    found[name] += refused(labels, spoil(chance, n_classes, predicted), n_classes)
            false_alarms, total = false_alarms + found["as given"], total + trials
            shares = " | ".join(
                f"{found[name]} of {asked[name]}"
                if name == "as given"
                else f"{100 * found[name] / max(asked[name], 1):.0f} %"
                for name in FAULTS
            )
            print(f"| {n_classes} | {n_rows:,} | {lift} | {shares} |", flush=True)
    print(f"\nfalse alarms on aligned data: {false_alarms} of {total:,}")


if __name__ == "__main__":
    main()
