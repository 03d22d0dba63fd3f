"""Every sampled measure, on growing samples of the same rows, comes to its figure of all rows."""

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import Audit, Measurement
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import SampledMeasure

SAMPLED = sorted(n for n, kind in known_measures().items() if issubclass(kind, SampledMeasure))
N_ROWS, SIZES, SEEDS = 3_000, (250, 1_500), range(4)
# Where the value is in proportion to the rows, or a count of classes: the figure behind it.
INSTEAD = {
    "calinski_harabasz": lambda measured: measured.details["explained"],
    "multi_modal_classes": lambda measured: measured.per_class["explained"][0],
}

Found = dict[int | None, list[Audit]]


@pytest.fixture(scope="module")
def made() -> Found:
    """Audits of all rows (None) and of samples of each size, several seeds each."""
    generator = np.random.default_rng(5)
    truth = generator.choice(4, N_ROWS, p=[0.4, 0.3, 0.2, 0.1])
    centres = generator.normal(size=(4, 6)) * 1.2
    points = centres[truth] + generator.normal(size=(N_ROWS, 6))
    powers = np.exp(-np.square(points[:, None] - centres).sum(axis=2) / 3)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    labels = np.where(generator.random(N_ROWS) < 0.1, (truth + 1) % 4, truth)

    def audit(seed: int) -> Audit:
        return labelaudit.audit(
            labels, probabilities, embeddings=points, seed=seed, measures=SAMPLED
        )

    with pytest.MonkeyPatch.context() as patch:
        for name in SAMPLED:
            patch.setattr(known_measures()[name], "largest_sample", N_ROWS)
        found: Found = {None: [audit(0)]}
        for size in SIZES:
            for name in SAMPLED:
                patch.setattr(known_measures()[name], "largest_sample", size)
            found[size] = [audit(seed) for seed in SEEDS]
    return found


def figure(audit: Audit, name: str) -> float:
    measured = audit.measurement(name)
    assert measured is not None
    value = INSTEAD.get(name, lambda one: one.value)(measured)
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("name", SAMPLED)
def test_larger_samples_come_nearer(made: Found, name: str) -> None:
    (whole,) = made[None]
    measured = whole.measurement(name)
    if not isinstance(measured, Measurement):
        pytest.skip("it needs what this data set has not")
    errors = []
    for size in SIZES:
        # One that counts all rows when they are too many for a sample has none.
        sizes = {one.measurement(name).sample.get("size") for one in made[size]}
        assert sizes <= {size, None}
        errors.append(np.mean([abs(figure(one, name) - figure(whole, name)) for one in made[size]]))
    assert errors[1] <= max(0.75 * errors[0], 0.002 * abs(figure(whole, name)))
