"""Does unsupervised separability say what accuracy will say? On digits, without labels.

    python benchmarks/separability/separability.py            # 90 s; prints the tables
    python benchmarks/separability/separability.py --plot     # and writes separability.svg

scikit-learn's digits, 1,797 images of 64 pixels. Once the pixels at several numbers of principal
components; then the last hidden layer of a small network at each epoch of its training, on the
half of the images that it is not trained on. Accuracy is that of `linear_accuracy`, in 5 folds.
"""

import argparse
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from labelaudit.core.comparison import UNSUPERVISED, Comparison, H, S
from labelaudit.core.matrix import Matrix
from labelaudit.measures.comparing import compare

SIZES = (2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
NETWORKS = ((32,), (128,), (64, 16))
SEEDS = range(10)
EPOCHS = 30
ACCURACY = "linear_accuracy"
SHOWN = (128,)
PLOT = Path(__file__).with_name("separability.svg")


def digits() -> tuple[np.ndarray, np.ndarray]:
    pixels, labels = load_digits(return_X_y=True)
    return pixels / 16, labels.astype(np.int32)


def compared(points: Sequence[np.ndarray], labels: np.ndarray) -> Comparison:
    named = [(str(index), Matrix(values=each)) for index, each in enumerate(points, start=1)]
    return compare(named, labels, [str(code) for code in range(10)], len(labels), seed=0)


def principal() -> Comparison:
    pixels, labels = digits()
    centred = pixels - pixels.mean(axis=0)
    vectors = np.linalg.svd(centred, full_matrices=False)[2]
    return compared([centred @ vectors[:size].T for size in SIZES], labels)


def trained(layers: tuple[int, ...], seed: int) -> Comparison:
    """Compare the epochs of a network, by the images that it never sees."""
    pixels, labels = digits()
    order = np.random.default_rng(seed).permutation(len(labels))
    seen, unseen = order[:900], np.sort(order[900:])
    network = MLPClassifier(layers, random_state=seed, learning_rate_init=0.002, batch_size=64)
    epochs = []
    for _ in range(EPOCHS):
        network.partial_fit(pixels[seen], labels[seen], classes=np.arange(10))
        epochs.append(last_layer(network, pixels[unseen]))
    return compared(epochs, labels[unseen])


def last_layer(network: MLPClassifier, points: np.ndarray) -> np.ndarray:
    """Return what the last hidden layer makes of points."""
    for weights, offsets in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
        points = np.maximum(points @ weights + offsets, 0)
    return points


def print_principal(made: Comparison) -> None:
    print("| components | S | G | 1-H | accuracy |\n|---|---|---|---|---|")
    for size, one in zip(SIZES, made.embeddings, strict=True):
        keys = (*(column.key for column in UNSUPERVISED), ACCURACY)
        print(f"| {size} | " + " | ".join(f"{one.values[key]:.3f}" for key in keys) + " |")


def print_agreement(found: dict[tuple[int, ...], list[Comparison]]) -> None:
    print(
        "\n| hidden layers | figure | median | lowest | highest | above .5 |\n"
        "|---|---|---|---|---|---|"
    )
    for layers, runs in found.items():
        for column in UNSUPERVISED:
            each = agreements(runs, column.key)
            above = sum(value > 0.5 for value in each)
            print(
                f"| {named(layers)} | {column.short} | {np.median(each):.2f} | {min(each):.2f} | "
                f"{max(each):.2f} | {above} of {len(each)} |"
            )


def agreements(runs: Sequence[Comparison], key: str) -> list[float]:
    return [float(made.agreement[key][ACCURACY] or 0.0) for made in runs]


def named(layers: tuple[int, ...]) -> str:
    return ", ".join(map(str, layers))


# The plot ----------------------------------------------------------------------------------

STYLE = """
text{font:12px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#59636e}
.head{font-size:13px;font-weight:600;fill:#1f2328}
.grid{stroke:#e6e9ec}.axis{stroke:#aeb6be}
.s{fill:none;stroke:#0b6e99;stroke-width:2}.h{fill:none;stroke:#8250df;stroke-width:2}
.a{fill:none;stroke:#b4470b;stroke-width:2;stroke-dasharray:5 3}
.ds{fill:#0b6e99;fill-opacity:.6}.dh{fill:#8250df;fill-opacity:.6}.dg{fill:#57606a;fill-opacity:.6}
.ts{fill:#0b6e99}.th{fill:#8250df}.ta{fill:#b4470b}.end{text-anchor:end}.mid{text-anchor:middle}
"""
WIDTH, HEIGHT, TOP, TALL, WIDE = 860, 290, 62, 172, 220
LEFTS = (34, 318, 612)


def plot(pca: Comparison, found: dict[tuple[int, ...], list[Comparison]]) -> str:
    """Return the three panels as SVG; the same figures give the same bytes."""
    shown = found[SHOWN][0]
    marks = [
        *_panel(0, "Pixels at several sizes", "principal components"),
        *_curves(0, pca, [str(size) for size in SIZES]),
        *_panel(1, f"A network ({named(SHOWN)}), epoch by epoch", "epoch"),
        *_curves(1, shown, [str(epoch + 1) if epoch % 5 == 4 else "" for epoch in range(EPOCHS)]),
        *_dots(found),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f'height="{HEIGHT}" role="img" aria-labelledby="title summary">\n'
        '<title id="title">Unsupervised separability against accuracy on digits</title>\n'
        f'<desc id="summary">{_said(pca, found)}</desc>\n'
        f'<style>{STYLE}</style>\n<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        + "\n".join(marks)
        + "\n</svg>\n"
    )


def _said(pca: Comparison, found: dict[tuple[int, ...], list[Comparison]]) -> str:
    words = [
        f"S falls from {pca.embeddings[0].values['s']:.2f} to {pca.embeddings[-1].values['s']:.2f} "
        f"as components grow from {SIZES[0]} to {SIZES[-1]} and accuracy rises."
    ]
    for layers, runs in found.items():
        medians = ", ".join(
            f"{column.short} {np.median(agreements(runs, column.key)):.2f}"
            for column in UNSUPERVISED
        )
        words.append(f"Median rank correlation with accuracy, layers {named(layers)}: {medians}.")
    return " ".join(words)


def _panel(number: int, title: str, under: str) -> Iterator[str]:
    left, floor = LEFTS[number], TOP + TALL
    yield f'<text class="head" x="{left}" y="20">{title}</text>'
    yield f'<path class="axis" d="M{left} {floor}h{WIDE}"/>'
    yield f'<text class="mid" x="{left + WIDE / 2}" y="{floor + 38}">{under}</text>'


def _curves(number: int, made: Comparison, names: Sequence[str]) -> Iterator[str]:
    """Draw S, 1-H and accuracy, each from its own lowest to its highest."""
    left, count = LEFTS[number], len(made.embeddings)
    at = [left + 8 + (WIDE - 16) * index / (count - 1) for index in range(count)]
    for place, name in zip(at, names, strict=True):
        if name:
            yield f'<text class="mid" x="{place:.1f}" y="{TOP + TALL + 18}">{name}</text>'
    said = []
    for letter, title, key in (("s", "S", S.key), ("h", "1-H", H.key), ("a", "accuracy", ACCURACY)):
        values = [float(one.values[key] or 0.0) for one in made.embeddings]
        low, high = min(values), max(values)
        ys = [TOP + 6 + (TALL - 12) * (high - value) / ((high - low) or 1.0) for value in values]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(at, ys, strict=True))
        yield f'<path class="{letter}" d="M{path}"/>'
        said.append((letter, f"{title} {_short(low)} to {_short(high)}"))
    xs = (left, left + 84, left + 84)
    for (letter, words), x, y in zip(said, xs, (40, 40, 55), strict=True):
        yield f'<text class="t{letter}" x="{x}" y="{y}">{words}</text>'


def _short(value: float) -> str:
    return f"{value:.2f}".lstrip("0") if value >= 0.1 else f"{value:.3f}".lstrip("0")


def _dots(found: dict[tuple[int, ...], list[Comparison]]) -> Iterator[str]:
    """Draw the rank correlation of each run: a row for each network and figure."""
    left = LEFTS[2]
    yield from _panel(2, f"Rank correlation, {len(SEEDS)} runs each", "with accuracy, over epochs")
    yield f'<text x="{left}" y="40">1: same order of epochs; -1: reverse</text>'
    for value in (-1, 0, 1):
        x = left + 66 + (WIDE - 76) * (value + 1) / 2
        yield f'<path class="grid" d="M{x:.1f} {TOP}v{TALL}"/>'
        yield f'<text class="mid" x="{x:.1f}" y="{TOP + TALL + 18}">{value}</text>'
    row = 0
    for layers, runs in found.items():
        for letter, column in zip(("s", "g", "h"), UNSUPERVISED, strict=True):
            y = TOP + 12 + (TALL - 22) * row / (3 * len(found) - 1)
            yield (
                f'<text class="end" x="{left + 56}" y="{y + 4:.1f}">'
                f"{named(layers) + ' ' if letter == 's' else ''}{column.short}</text>"
            )
            for value in agreements(runs, column.key):
                x = left + 66 + (WIDE - 76) * (value + 1) / 2
                yield f'<circle class="d{letter}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>'
            row += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", action="store_true", help=f"write {PLOT.name}")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # the network says that it has not converged: so it shall
    pca = principal()
    found = {layers: [trained(layers, seed) for seed in SEEDS] for layers in NETWORKS}
    print_principal(pca)
    print_agreement(found)
    if arguments.plot:
        PLOT.write_text(plot(pca, found), encoding="utf-8")


if __name__ == "__main__":
    main()
