"""How often a gate fails where the population's own figure is the limit: at most 2.5 % of the time.

    python benchmarks/gate_promise.py                     1,000 resamples a line; three minutes
    python benchmarks/gate_promise.py --resamples 200     quicker, coarser

A population of labels and predictions is drawn, and audited as a whole: its figure is the limit,
and so neither above nor below it (of figures that depend on the number of rows, the mean of the
samples). Samples of its rows are drawn with replacement and judged. A gate that fails then does
so by chance alone. For reviews the population is one of suspects, of which people look at some.

The promise is of sampling only: the figure of the population is the model's estimate, and says
nothing of how many labels are wrong. "Passed" is the other mistake, a limit that is said to hold
with certainty; the rest are warnings.
"""

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import labelaudit
from labelaudit.check.figures import Case, Unjudged
from labelaudit.check.judging import figures_of, judge
from labelaudit.check.limits import Gate, gate_of
from labelaudit.core.results import Audit
from labelaudit.core.reviews import Review, Reviews

POPULATION = 100_000
LEVEL = 0.025
DETECTION = (
    "max_model_noise",
    "max_flagged_share",
    "max_class_flagged_share",
    "max_class_error_rate",
)


def population(n_classes: int, noise: float, sharpness: float, seed: int) -> tuple[np.ndarray, ...]:
    """Return labels, some of them flipped, and probabilities of a fair model."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, n_classes, POPULATION)
    logits = generator.normal(size=(POPULATION, n_classes))
    logits[np.arange(POPULATION), truth] += sharpness
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    flipped = generator.random(POPULATION) < noise
    other = (truth + generator.integers(1, n_classes, POPULATION)) % n_classes
    return np.where(flipped, other, truth), exponents / exponents.sum(axis=1, keepdims=True)


def digits() -> tuple[np.ndarray, ...]:
    """Return the labels and predictions of the sample data, as a population of 1,797."""
    folder = Path(__file__).parents[1] / "sample_data" / "digits"
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        given = {row["id"]: int(row["label"]) for row in csv.DictReader(file)}
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = np.array([given[row["id"]] for row in rows])
    return labels, np.array([[float(row[f"prob_{k}"]) for k in range(10)] for row in rows])


def audited(labels: np.ndarray, probabilities: np.ndarray) -> Audit:
    """Return an audit with as few measures as there can be."""
    names = [str(name) for name in range(probabilities.shape[1])]
    return labelaudit.audit(labels, probabilities, class_names=names, measures=["class_balance"])


def in_space(rows: int, times: int, seed: int = 0) -> Iterator[Audit]:
    """Yield audits of samples, none of a row twice, of a population with embeddings."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, POPULATION)
    points = generator.normal(size=(POPULATION, 8))
    points[np.arange(POPULATION), labels] += 2
    exponents = np.exp(4 * points[:, :3])
    probabilities = exponents / exponents.sum(axis=1, keepdims=True)
    for _ in range(times):
        chosen = generator.choice(POPULATION, rows, replace=False)
        yield labelaudit.audit(
            labels[chosen],
            probabilities[chosen],
            embeddings=points[chosen],
            measures=["knn_disagreement", "calibration"],
        )


def at_their_mean(name: str, audits: list[Audit]) -> Gate:
    """Return the gate whose limit is the mean of what samples have: of more rows it is another."""
    found = [figures_of(name, Case(audit=audit)) for audit in audits]
    return gate_of(name, float(np.mean([figures[0].value for figures in found])))


def at_its_own_figure(name: str, whole: Audit) -> Gate:
    """Return the gate whose limit is what the population has, of classes the largest of theirs."""
    figures = figures_of(name, Case(audit=whole))
    assert not isinstance(figures, Unjudged)
    return gate_of(name, max(figure.value for figure in figures))


def resampled(
    labels: np.ndarray, probabilities: np.ndarray, rows: int, times: int, seed: int = 0
) -> Iterator[Audit]:
    """Yield audits of samples of a population, with replacement."""
    generator = np.random.default_rng(seed)
    for _ in range(times):
        chosen = generator.integers(0, len(labels), rows)
        yield audited(labels[chosen], probabilities[chosen])


def reviewed(audit: Audit, rate: float, reviews: int, times: int, seed: int = 0) -> Iterator[Audit]:
    """Yield an audit again and again, of whose suspects others were reviewed each time."""
    generator = np.random.default_rng(seed)
    suspects, rows = 1000, 10_000
    wrong = generator.permutation(suspects) < round(rate * suspects)
    for _ in range(times):
        chosen = generator.choice(suspects, reviews, replace=False)
        verdicts = {
            int(row): Review(verdict="suggested" if wrong[row] else "stands") for row in chosen
        }
        found = Reviews(n_examples=rows, n_suspects=suspects, rule="", by_row=verdicts)
        yield replace(audit, reviews=found)


def judged(gates: list[Gate], audits: Iterator[Audit]) -> dict[str, Counter[str]]:
    """Return how often each gate failed, else warned, else passed."""
    found: dict[str, Counter[str]] = {gate.name: Counter() for gate in gates}
    for audit in audits:
        for gate in gates:
            statuses = {outcome.status for outcome in judge(audit, [gate])}
            worst = next(s for s in ("failed", "warned", "passed", "skipped") if s in statuses)
            found[gate.name][worst] += 1
    return found


def lines(times: int, say: Callable[[str], None] = print) -> float:
    """Print a line for each gate on each population; return the largest share that failed."""
    largest = 0.0
    say(f"{'gate':<26}{'population':<34}{'limit':>8}{'failed':>9}{'warned':>9}{'passed':>9}")
    cases = []
    drawn = {n: population(n, *how, seed=n) for n, how in ((5, (0.08, 4.0)), (10, (0.03, 5.0)))}
    for what, (labels, probabilities), rows in (
        ("5 classes, 1,000 rows", drawn[5], 1000),
        ("5 classes, 5,000 rows", drawn[5], 5000),
        ("10 classes, 2,000 rows", drawn[10], 2000),
        ("digits, 1,797 rows", digits(), 1797),
    ):
        whole = audited(labels, probabilities)
        gates = [at_its_own_figure(name, whole) for name in DETECTION]
        cases.append((gates, resampled(labels, probabilities, rows, times), what))
    for rate, reviews in ((0.01, 20), (0.05, 50), (0.5, 100), (0.5, 20)):
        gates = [gate_of("max_error_rate", rate * 0.1)]
        what = f"{rate:.0%} of suspects wrong, {reviews} seen"
        cases.append((gates, reviewed(whole, rate, reviews, times), what))
    near = list(in_space(500, times))
    gates = [at_their_mean(name, near) for name in ("min_separability", "max_calibration_error")]
    cases.append((gates, iter(near), "3 classes in space, 500 rows"))
    for gates, audits, what in cases:
        for gate, found in zip(gates, judged(gates, audits).values(), strict=True):
            shares = [found[status] / times for status in ("failed", "warned", "passed")]
            largest = max(largest, shares[0])
            told = "".join(f"{share:>9.1%}" for share in shares)
            say(f"{gate.name:<26}{what:<34}{gate.limit:>8.4f}{told}")
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--resamples", type=int, default=1000)
    largest = lines(parser.parse_args().resamples)
    print(f"\nlargest share that failed: {largest:.1%}; promised: at most {LEVEL:.1%}")


if __name__ == "__main__":
    main()
