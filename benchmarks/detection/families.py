"""Data whose truth is known: labels with injected noise, and out-of-sample predictions.

Two families, each seeded and drawn afresh from the same ranges:

`gaussian_cases`   classes are Gaussians whose centres come in groups, so that some pairs overlap.
                   The prediction is a distorted posterior of the given label: a share of the
                   noise learned, a temperature, and an error of its own on every logit.
`table_cases`      real tables (scikit-learn's, and any `.npz` with `x` and `y`), labels flipped,
                   predictions cross-validated by logistic regression, a forest, or neighbours.

The kinds of noise: `uniform`, `one_way` (each noisy class is taken for one to three others, which
are not taken for it), `two_way` (pairs of classes, both ways), `instance` (a rater who sees half
of the features, so that errors fall on ambiguous examples), `neither` (half of the errors are
uniform; the other half are examples of no class, or of two, whatever their label: in the published
votes on test sets, where raters answer "both", "neither" or disagree, these are 5 of 15 errors on
MNIST, 36 of 54 on CIFAR-10, 60 of 82 on 20news).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

KINDS = ("uniform", "one_way", "two_way", "instance", "neither")
MODELS = ("logistic", "forest", "neighbours")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One data set to rank: `given` and `wrong` [N], `probabilities` float[N, K]."""

    name: str
    family: str
    given: Ints
    wrong: npt.NDArray[np.bool_]
    probabilities: Floats


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def drawn(rng: np.random.Generator, probabilities: Floats) -> Ints:
    """Draw one class of each row of `probabilities` [N, K]."""
    at = rng.random((len(probabilities), 1)) * probabilities.sum(axis=1, keepdims=True)
    place = (np.cumsum(probabilities, axis=1) < at).sum(axis=1)
    return np.asarray(np.minimum(place, probabilities.shape[1] - 1))


def transitions(rng: np.random.Generator, kind: str, n_classes: int, rate: float) -> Floats:
    """Return P(given | true) as [given, true] of one kind of noise, about `rate` wrong."""
    matrix = np.eye(n_classes)
    if kind == "uniform":
        return matrix * (1 - rate) + (1 - matrix) * rate / (n_classes - 1)
    order = rng.permutation(n_classes)
    if kind == "two_way":
        for one, two in zip(order[::2], order[1::2], strict=False):
            for given, true in ((one, two), (two, one)):
                matrix[given, true], matrix[true, true] = rate, 1 - rate
        return matrix
    # One way: a class is only taken for classes after it in a random cycle, never back.
    most = n_classes if n_classes > 2 else 1
    noisy = order[: max(1, round(most * rng.choice([0.3, 0.6, 1.0])))]
    own = min(0.7, rate * n_classes / len(noisy))
    place = {int(k): at for at, k in enumerate(order)}
    reach = max(1, min(3, (n_classes - 1) // 2))
    for true in noisy:
        steps = rng.choice(np.arange(1, reach + 1), size=rng.integers(1, reach + 1), replace=False)
        shares = rng.dirichlet(np.ones(len(steps))) * own
        matrix[true, true] = 1 - own
        for step, share in zip(steps, shares, strict=True):
            matrix[order[(place[int(true)] + step) % n_classes], true] += share
    return matrix


def priors(n_classes: int, imbalance: float) -> Floats:
    weights = imbalance ** -np.linspace(0, 1, n_classes)
    return np.asarray(weights / weights.sum())


def spoilt(
    rng: np.random.Generator, features: Floats, truth: Ints, share: float
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Make a share of the rows a mean of two rows, or a mixture of the columns of all rows."""
    features = features.copy()
    n_rows = len(truth)
    chosen = np.flatnonzero(rng.random(n_rows) < share)
    half = len(chosen) // 2
    partners = rng.integers(0, n_rows, size=half)
    features[chosen[:half]] = (features[chosen[:half]] + features[partners]) / 2
    mixed = rng.integers(0, n_rows, size=(len(chosen) - half, features.shape[1]))
    features[chosen[half:]] = np.take_along_axis(features, mixed, axis=0)
    bad = np.zeros(n_rows, dtype=bool)
    bad[chosen[:half][truth[partners] != truth[chosen[:half]]]] = True
    bad[chosen[half:]] = True
    return features, bad


def gaussian_case(kind: str, seed: int) -> Case:
    """Draw one data set and its distorted posterior; see the ranges in the code."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    n_classes = int(rng.choice([2, 3, 5, 10, 10, 20, 50, 100]))
    n_rows = 4_000 if n_classes <= 20 else 8_000
    imbalance = float(rng.choice([1, 1, 10, 100]))
    rate = float(rng.choice([0.05, 0.1, 0.2, 0.4 if n_classes > 2 else 0.3]))
    strength = float(rng.uniform(1.5, 5))
    learned = float(rng.uniform(0.2, 1))
    temperature = float(rng.uniform(0.5, 1.5))
    blur = float(rng.choice([0.2, 0.6, 1.2]))
    n_dims = 12
    groups = rng.normal(size=((n_classes + 2) // 3, n_dims))
    spread = rng.uniform(0.3, 1)
    centres = groups[np.arange(n_classes) // 3] + spread * rng.normal(size=(n_classes, n_dims))
    centres *= strength / np.sqrt(n_dims)
    prior = priors(n_classes, imbalance)
    truth = rng.choice(n_classes, size=n_rows, p=prior)
    features = centres[truth] + rng.normal(size=(n_rows, n_dims))
    bad = np.zeros(n_rows, dtype=bool)
    if kind == "neither":
        features, bad = spoilt(rng, features, truth, rate / 2)
    posterior = softmax(np.log(prior) + features @ centres.T - (centres**2).sum(axis=1) / 2)
    if kind == "instance":
        half = centres[:, : n_dims // 2]
        seen = features[:, : n_dims // 2] @ half.T - (half**2).sum(axis=1) / 2
        rater = softmax(np.log(prior) + seen)
        missed = 1 - rater[np.arange(n_rows), truth].mean()
        share = min(1.0, rate / max(missed, 1e-6))
        careless = rng.random(n_rows) < share
        given = np.where(careless, drawn(rng, rater), truth)
        observed = (1 - share) * posterior + share * rater
    else:
        uniform = kind == "neither"
        noise = transitions(
            rng, "uniform" if uniform else kind, n_classes, rate / 2 if uniform else rate
        )
        given = drawn(rng, noise.T[truth])
        observed = posterior @ noise.T
    mixed = (1 - learned) * posterior + learned * observed
    logits = np.log(mixed + 1e-9) / temperature + blur * rng.normal(size=mixed.shape)
    name = f"{kind}-{seed} K={n_classes} IR={imbalance:.0f} rate={rate}"
    name += f" strength={strength:.1f} learned={learned:.1f}"
    return Case(
        name=name,
        family=f"gaussian {kind}",
        given=given,
        wrong=(given != truth) | bad,
        probabilities=softmax(logits),
    )


def gaussian_cases(per_kind: int) -> Iterator[Case]:
    for kind in KINDS:
        for seed in range(per_kind):
            yield gaussian_case(kind, seed)


def tables(folder: Path | None) -> Iterator[tuple[str, Floats, Ints]]:
    """Yield name, features and labels of scikit-learn's tables and of the `.npz` in a folder."""
    from sklearn import datasets

    for name in ("digits", "wine", "breast_cancer"):
        found = getattr(datasets, f"load_{name}")()
        yield name, found.data.astype(float), found.target.astype(np.int64)
    for path in sorted(folder.glob("*.npz")) if folder else ():
        with np.load(path) as found:
            yield path.stem, found["x"].astype(float), found["y"].astype(np.int64)


def cross_validated(
    model: str, features: Floats, labels: Ints, n_classes: int, seed: int
) -> Floats:
    """Return five-fold out-of-sample probabilities; a class absent from a fold gets 0."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold
    from sklearn.neighbors import KNeighborsClassifier

    made = {
        "logistic": lambda: LogisticRegression(max_iter=150, C=0.3),
        "forest": lambda: RandomForestClassifier(
            60, min_samples_leaf=3, random_state=seed, n_jobs=1
        ),
        "neighbours": lambda: KNeighborsClassifier(15, weights="distance"),
    }[model]
    out = np.zeros((len(labels), n_classes))
    for train, test in KFold(5, shuffle=True, random_state=seed).split(features):
        fitted = made().fit(features[train], labels[train])
        out[np.ix_(test, fitted.classes_)] = fitted.predict_proba(features[test])
    return out


def table_case(
    name: str, features: Floats, truth: Ints, kind: str, model: str, seed: int, most: int = 3_000
) -> Case:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng([seed, KINDS.index(kind), MODELS.index(model), len(truth)])
    n_classes = int(truth.max()) + 1
    imbalance = float(rng.choice([1, 1, 1, 10]))
    keep = (imbalance ** -(rng.permutation(n_classes) / max(1, n_classes - 1)))[truth]
    chosen = np.flatnonzero(rng.random(len(truth)) < keep)
    chosen = rng.permutation(chosen)[:most]
    features, truth = StandardScaler().fit_transform(features[chosen]), truth[chosen]
    if features.shape[1] > 40:
        features = PCA(40, random_state=seed).fit_transform(features)
        features /= features[:, :1].std()
    rate = float(rng.choice([0.05, 0.1, 0.2, 0.3]))
    bad = np.zeros(len(truth), dtype=bool)
    if kind == "neither":
        features, bad = spoilt(rng, features, truth, rate / 2)
    if kind == "instance":
        half = rng.permutation(features.shape[1])[: max(2, features.shape[1] // 4)]
        seen = LogisticRegression(max_iter=150).fit(features[:, half], truth)
        rater = np.zeros((len(truth), n_classes))
        rater[:, seen.classes_] = seen.predict_proba(features[:, half])
        missed = 1 - rater[np.arange(len(truth)), truth].mean()
        careless = rng.random(len(truth)) < min(1.0, rate / max(missed, 1e-6))
        given = np.where(careless, drawn(rng, rater), truth)
    else:
        uniform = kind == "neither"
        noise = transitions(
            rng, "uniform" if uniform else kind, n_classes, rate / 2 if uniform else rate
        )
        given = drawn(rng, noise.T[truth])
    return Case(
        name=f"{name} {kind} {model} K={n_classes} IR={imbalance:.0f} rate={rate}",
        family=f"table {kind}",
        given=given,
        wrong=(given != truth) | bad,
        probabilities=cross_validated(model, features, given, n_classes, seed),
    )


def table_cases(folder: Path | None) -> Iterator[Case]:
    for name, features, truth in tables(folder):
        for kind in KINDS:
            for model in MODELS:
                yield table_case(name, features, truth, kind, model, seed=7)
