"""Whether the place of an example among the others tells more of its label than the prediction.

    python benchmarks/detection/embeddings.py --seeds 10             rare classes, synthetic
    python benchmarks/detection/embeddings.py --tables               scikit-learn's tables
    python benchmarks/detection/embeddings.py --real ../shared/data  published predictions

The synthetic family: 10 classes, the largest 100 times the smallest, two clusters in each, of
Student's t with 8 degrees of freedom in 32 or 64 dimensions, three separations; 20 % of the labels
flipped uniformly. The predictions are cross-validated logistic regressions, of the embeddings or
of a noisier view of them. `--tables` flips labels of real tables, balanced and not; `--real` takes
the log-probabilities of the same model, or of the other, as embeddings: a hard case, as they tell
nothing that the prediction does not, or come from a worse model.

Prints average precision in the rare classes (the two fifths of the classes that are given least),
in the others, and in all, as the difference to the default ranking without embeddings, with its
paired standard error over seeds. `--constants` compares our rule with other constants.
"""

import argparse
import csv
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from families import Case, Floats, Ints, cross_validated, priors
from ranking import OURS, SELF, Bools, Ranked, heading, rankings, row

from labelaudit.core.dataset import Dataset
from labelaudit.core.matrix import Matrix
from labelaudit.detect.embedded import (
    Signal,
    gaussian_fit,
    knn_disagreement,
    neighbour_fit,
    quality_with_embeddings,
    rare_classes,
    weighted_agreement,
)
from labelaudit.engine.graph import graph_of
from labelaudit.engine.job import begin

BASE = "label_quality"
RULE = "with_embeddings (ours)"
N_CLASSES, IMBALANCE, FLIPPED = 10, 100, 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedded(Case):
    """A data set with `embeddings` float[N, d]; cases of one family differ in the seed."""

    embeddings: Floats
    seed: int


def synthetic(seed: int, dims: int, apart: float, blur: float) -> Embedded:
    rng = np.random.default_rng([seed, dims, int(apart * 100)])
    centres = rng.normal(size=(N_CLASSES, 2, dims)) * apart / np.sqrt(dims)
    truth = rng.choice(N_CLASSES, size=5_000, p=priors(N_CLASSES, IMBALANCE))
    spread = np.sqrt(rng.chisquare(8, size=(len(truth), 1)) / 8)
    noise = rng.normal(size=(len(truth), dims)) / spread
    points = centres[truth, rng.integers(0, 2, len(truth))] + noise
    given = flipped(rng, truth, FLIPPED, N_CLASSES)
    seen = points + blur * rng.normal(size=points.shape)
    view = "a noisier view" if blur else "the same view"
    return Embedded(
        name=f"{dims} dims, {apart:.0f} apart, {view}",
        family=view,
        given=given,
        wrong=given != truth,
        probabilities=cross_validated("logistic", seen, given, N_CLASSES, seed),
        embeddings=points,
        seed=seed,
    )


def flipped(rng: np.random.Generator, truth: Ints, rate: float, n_classes: int) -> Ints:
    other = (truth + rng.integers(1, n_classes, len(truth))) % n_classes
    return np.where(rng.random(len(truth)) < rate, other, truth)


def kept(rng: np.random.Generator, truth: Ints, imbalance: float) -> Ints:
    """Return the rows of an unbalanced part of the data."""
    n_classes = int(truth.max()) + 1
    share = imbalance ** -(rng.permutation(n_classes) / max(n_classes - 1, 1))
    return np.flatnonzero(rng.random(len(truth)) < share[truth])


def synthetic_cases(seeds: range) -> Iterator[Embedded]:
    for blur in (0.0, 1.0):
        for dims in (32, 64):
            for apart in (3.0, 4.0, 5.0):
                for seed in seeds:
                    yield synthetic(seed, dims, apart, blur)


def table_cases(n_seeds: int) -> Iterator[Embedded]:
    """Yield tables with flipped labels; the pixels of the digits as they are, others scaled."""
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler

    for name in ("digits", "wine", "breast_cancer"):
        table = getattr(datasets, f"load_{name}")()
        for imbalance in (1, 10, 100) if name == "digits" else (1, 10):
            for model, seed in product(("logistic", "forest"), range(n_seeds)):
                rng = np.random.default_rng(seed)
                rows = kept(rng, table.target, imbalance)
                truth = table.target[rows].astype(np.int64)
                scaled = StandardScaler().fit_transform(table.data[rows])
                n_classes = int(table.target.max()) + 1
                given = flipped(rng, truth, (0.05, 0.2)[seed % 2], n_classes)
                yield Embedded(
                    name=f"{name}, imbalance {imbalance}, {model}",
                    family=f"imbalance {imbalance}",
                    given=given,
                    wrong=given != truth,
                    probabilities=cross_validated(model, scaled, given, n_classes, seed),
                    embeddings=table.data[rows] if name == "digits" else scaled,
                    seed=seed,
                )


def real_cases(folder: Path, n_seeds: int) -> Iterator[Embedded]:
    """Yield published predictions, balanced and not, with log-probabilities as embeddings."""

    def loaded(where: str, model: str) -> Floats:
        found = np.load(folder / where / f"pred_probs{model}.npy").astype(float)
        return np.asarray(found / found.sum(axis=1, keepdims=True))

    sets: list[tuple[str, Ints, np.ndarray, Ints, dict[str, Floats]]] = []
    for where, models in (
        ("cifar10n_aggregate", ("_resnet18", "_swin")),
        ("cifar10_flips_20", ("",)),
    ):
        given = np.load(folder / where / "labels.npy").astype(np.int64)
        truth = np.load(folder / where / "true_labels.npy").astype(np.int64)
        sets.append((where, given, given != truth, truth, {m: loaded(where, m) for m in models}))
    with (folder / "roman_numerals" / "labels.csv").open(encoding="utf-8") as lines:
        table = list(csv.DictReader(lines))
    given = np.array([int(line["label_index"]) for line in table])
    wrong = np.array([line["is_error"].lower() in ("1", "true") for line in table])
    models = {m: loaded("roman_numerals", m) for m in ("_resnet18", "_efficientnet_b1")}
    sets.append(("roman_numerals", given, wrong, given, models))
    for where, given, wrong, truth, models in sets:
        for imbalance in (1, 100) if where != "roman_numerals" else (1,):
            for seed in range(n_seeds if imbalance > 1 else 1):
                rng = np.random.default_rng(seed)
                rows = kept(rng, truth, imbalance) if imbalance > 1 else np.arange(len(given))
                if imbalance == 1:
                    rows = np.sort(rng.permutation(rows)[:10_000])
                for model, probabilities in models.items():
                    for other, told in models.items():
                        logs = np.log(np.clip(told[rows], 1e-6, 1))
                        yield Embedded(
                            name=f"{where}{model}, imbalance {imbalance}, by {other or 'itself'}",
                            family=f"imbalance {imbalance}",
                            given=given[rows],
                            wrong=wrong[rows],
                            probabilities=probabilities[rows],
                            embeddings=logs - logs.mean(axis=1, keepdims=True),
                            seed=seed,
                        )


def combined(case: Embedded, constants: bool) -> dict[str, Floats]:
    """Return the suspicion of every row by each ranking, with embeddings and without."""
    n_classes = case.probabilities.shape[1]
    labels = case.given.astype(np.int32)
    counts = np.bincount(labels, minlength=n_classes)
    names = tuple(str(code) for code in range(n_classes))
    matrix = Matrix(values=case.embeddings)
    job = begin(Dataset(name="made", class_names=names, labels=labels, embeddings=matrix))
    graph = graph_of(job, 10, 0)
    found = rankings(case.given, case.probabilities)
    quality = -found[OURS]
    plain = gaussian_fit(graph, labels, matrix, names)
    shares = gaussian_fit(graph, labels, matrix, names, counts)
    near = neighbour_fit(graph, labels, counts)
    rare, mean = rare_classes(counts), counts[counts > 0].mean()

    def mixed(*signals: Signal, among: Bools = rare, share: float = 0.5) -> Floats:
        """Return our rule with other signals, rare classes bool[K], share of the prediction."""
        doubt = np.log((1 - quality + 1e-12) / (quality + 1e-12))
        told = np.array([signal.suspicion() for signal in signals])
        told = np.where(np.isnan(told), doubt, told)
        together = share * doubt + (1 - share) * told.mean(axis=0)
        return np.where(among[labels], together, doubt)

    made = {
        BASE: -quality,
        RULE: -quality_with_embeddings(quality, labels, counts, (shares, near)),
        "Gaussian, uniform prior": mixed(plain, near),
        "Gaussian alone": mixed(shares),
        "neighbours alone": mixed(near),
        "no prediction in rare classes": mixed(shares, near, share=0),
        "below the median class": mixed(shares, near, among=counts < np.median(counts)),
        "in all classes": mixed(shares, near, among=counts > 0),
        SELF: found[SELF],
        "gaussian_fit itself": plain.suspicion(),
        "kDN itself": knn_disagreement(graph, labels).values,
        "weighted_agreement itself": -weighted_agreement(graph, labels).values,
    }
    if constants:
        for k in (5, 20, 40):
            other = neighbour_fit(graph_of(job, k, 0), labels, counts)
            made[f"k = {k}"] = mixed(shares, other)
        for share in (0.2, 0.33, 0.67):
            made[f"prediction counts {share}"] = mixed(shares, near, share=share)
        for part in (0.25, 0.75, 1.0):
            fewer = counts < part * mean
            made[f"rare below {part} of the mean"] = mixed(shares, near, among=fewer)
    return {name: np.nan_to_num(values, nan=0.0) for name, values in made.items()}


def judged(case: Embedded, constants: bool) -> dict[str, tuple[float, float, float]]:
    """Return average precision in the rare classes, in the others, and in all."""
    counts = np.bincount(case.given, minlength=case.probabilities.shape[1])
    fewest = np.argsort(counts, kind="stable")[: max(1, len(counts) * 2 // 5)]
    rare = np.isin(case.given, fewest)
    found = {}
    for name, suspicion in combined(case, constants).items():
        found[name] = tuple(
            Ranked(suspicion[part], case.wrong[part]).average_precision()
            for part in (rare, ~rare, rare | ~rare)
        )
    return found


def error(differences: Floats, seeds: list[int]) -> float:
    """Return the standard error of the mean over cases, of which those of a seed go together."""
    by_seed = [differences[np.array(seeds) == seed].mean() for seed in sorted(set(seeds))]
    return float(np.std(by_seed, ddof=1) / np.sqrt(len(by_seed))) if len(by_seed) > 1 else np.nan


def print_table(cases: list[Embedded], constants: bool) -> None:
    found = [judged(case, constants) for case in cases]
    parts = ("rare classes", "other classes", "all classes")
    families = sorted({case.family for case in cases})
    for family in [*families, "all of them"]:
        own = [at for at, case in enumerate(cases) if family in (case.family, "all of them")]
        seeds = [cases[at].seed for at in own]
        values = np.array([[found[at][name] for name in found[0]] for at in own])
        base = values[:, 0].mean(axis=0)
        print(f"\n{family}: {len(own)} data sets; {BASE} without embeddings: ", end="")
        print(", ".join(f"{ap:.4f} in {part}" for ap, part in zip(base, parts, strict=True)), "\n")
        heading("ranking", *(f"{part} (s.e.)" for part in parts))
        for at, name in enumerate(found[0]):
            less = values[:, at] - values[:, 0]
            row(name, *(f"{d.mean():+.4f} ({error(d, seeds):.4f})" for d in less.T))
    print(f"\nBy data set: average precision of {BASE} in all classes, and what {RULE} adds\n")
    heading("data sets", BASE, *parts)
    for name in dict.fromkeys(case.name for case in cases):
        own = [at for at, case in enumerate(cases) if case.name == name]
        base = np.array([found[at][BASE] for at in own])
        more = np.array([found[at][RULE] for at in own]) - base
        row(name, f"{base[:, 2].mean():.4f}", *(f"{ap:+.4f}" for ap in more.mean(axis=0)))


def main() -> None:
    warnings.simplefilter("ignore")  # fits that stop early are as good here
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, metavar="N", help="so many of the synthetic family")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--tables", action="store_true", help="real tables, injected noise")
    parser.add_argument("--real", type=Path, metavar="DIR", help="published predictions")
    parser.add_argument("--constants", action="store_true", help="our rule with other constants")
    asked = parser.parse_args()
    if asked.seeds:
        print_table(
            list(synthetic_cases(range(asked.first, asked.first + asked.seeds))), asked.constants
        )
    if asked.tables:
        print_table(list(table_cases(20)), asked.constants)
    if asked.real:
        print_table(list(real_cases(asked.real, 3)), asked.constants)
    if not (asked.seeds or asked.tables or asked.real):
        parser.print_usage(sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
