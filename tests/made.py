"""Datasets made for tests."""

import numpy as np

from labelaudit.core.dataset import Dataset
from labelaudit.ingest.memory import dataset_from_memory


def noisy(
    n_rows: int = 400,
    n_classes: int = 5,
    noise: float = 0.15,
    seed: int = 0,
    dtype: type = np.float64,
    sharpness: float = 3.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with some flips, and softmax probabilities of a fair model."""
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, n_classes, n_rows)
    logits = generator.normal(size=(n_rows, n_classes))
    logits[np.arange(n_rows), truth] += sharpness
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = (exponents / exponents.sum(axis=1, keepdims=True)).astype(dtype)
    flipped = generator.random(n_rows) < noise
    other = (truth + generator.integers(1, n_classes, n_rows)) % n_classes
    return np.where(flipped, other, truth), probabilities


def dataset(labels: np.ndarray, probabilities: np.ndarray, **more: object) -> Dataset:
    names = [str(name) for name in range(probabilities.shape[1])]
    return dataset_from_memory(labels, probabilities, class_names=names, **more)
