"""Noise or overlap: the answers for pairs of classes beside the truth.

    python benchmarks/detection/noise_or_overlap.py --families 60 --first 7000
    python benchmarks/detection/noise_or_overlap.py --real ../shared/data

Truth: of the rows that disagree within a pair, how many have a wrong label. A rule is judged by
Spearman's correlation between its score of a pair and that share, over pairs of 20 rows or more.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from families import KINDS, Case, gaussian_case
from ranking import heading, real, row
from scipy.stats import spearmanr

from labelaudit.core.dataset import Batch
from labelaudit.core.results import DatasetFacts
from labelaudit.detect.digest import digest
from labelaudit.measures.noise_or_overlap import (
    FEWEST,
    MISLABELLED,
    OVERLAP,
    UNTOLD,
    NoiseOrOverlap,
)

SCORES = ("score", "margin", "one_way", "rows")
Pair = dict[str, Any]


def answers(case: Case) -> list[Pair]:
    """Return what the measure says of each pair, and beside it the truth."""
    n_rows, n_classes = case.probabilities.shape
    labels = case.given.astype(np.int32)
    own = digest(labels, case.probabilities)
    facts = DatasetFacts(
        name=case.name,
        format="arrays",
        n_examples=n_rows,
        n_unlabelled=0,
        class_names=tuple(map(str, range(n_classes))),
        class_counts=tuple(np.bincount(labels, minlength=n_classes).tolist()),
        has=("digest", "labels"),
    )
    measure = NoiseOrOverlap(facts)
    measure.update(Batch(start=0, labels=labels, digest=own))
    disagrees = own.other_probability > own.self_confidence
    found = []
    for pair in measure.result().details["pairs"]:
        a, b = pair["codes"]
        within = disagrees & (
            ((labels == a) & (own.other == b)) | ((labels == b) & (own.other == a))
        )
        lean = abs(pair["there"] - pair["back"]) / pair["rows"]
        truth = float(case.wrong[within].mean())
        found.append(pair | {"wrong": truth, "one_way": lean})
    return [pair for pair in found if pair["rows"] >= FEWEST]


def spearman(pairs: list[Pair], score: str) -> float:
    values, truth = ([pair[name] for pair in pairs] for name in (score, "wrong"))
    if len(set(values)) < 2 or len(set(truth)) < 2:
        return float("nan")
    return float(spearmanr(values, truth)[0])


def print_words(pairs: list[Pair]) -> None:
    """Print how often an answer is right: wrong labels are the greater part, or are not."""
    heading("answer", "pairs", "more than half wrong", "mean share wrong")
    for word in (MISLABELLED, OVERLAP, UNTOLD):
        shares = np.array([pair["wrong"] for pair in pairs if pair["answer"] == word])
        if len(shares):
            row(word, f"{len(shares):,}", f"{(shares > 0.5).mean():.0%}", f"{shares.mean():.2f}")


def print_families(cases: Iterable[Case]) -> None:
    """Print Spearman's correlation within data sets, its mean by kind, and the answers."""
    by_kind, every = defaultdict(list), []
    for case in cases:
        pairs = answers(case)
        every += pairs
        if len(pairs) >= 6:
            by_kind[case.family].append([spearman(pairs, score) for score in SCORES])
    heading("noise", "data sets", *SCORES)
    for kind, values in by_kind.items():
        row(kind, f"{len(values)}", *(f"{mean:.2f}" for mean in np.nanmean(values, axis=0)))
    print()
    print_words(every)


def print_real(folder: Path) -> None:
    """Print each file's correlation, its answers, and its largest pairs."""
    for case in real(folder):
        pairs = answers(case)
        figures = ", ".join(f"{score} {spearman(pairs, score):.2f}" for score in SCORES)
        print(f"\n{case.name}: {len(pairs)} pairs of at least {FEWEST} rows. Spearman: {figures}\n")
        print_words(pairs)
        print()
        heading("pair (class codes)", "rows each way", "margin", "score", "share wrong", "answer")
        for pair in pairs[:12]:
            row(
                " ".join(map(str, pair["codes"])),
                f"{pair['there']:,} / {pair['back']:,}",
                f"{pair['margin']:.2f}",
                f"{pair['score']:.2f}",
                f"{pair['wrong']:.2f}",
                pair["answer"],
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--families", type=int, metavar="N", help="so many of each kind of noise")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--real", type=Path, metavar="DIR", help="published predictions")
    asked = parser.parse_args()
    if asked.families:
        seeds = range(asked.first, asked.first + asked.families)
        print_families(gaussian_case(kind, seed) for kind in KINDS for seed in seeds)
    if asked.real:
        print_real(asked.real)
    if not (asked.families or asked.real):
        parser.print_usage(sys.stderr)
        raise SystemExit(2)


if __name__ == "__main__":
    main()
