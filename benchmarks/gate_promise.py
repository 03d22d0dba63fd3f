"""How often the gate on noise fails where the estimate of the population is the limit.

    python benchmarks/gate_promise.py [RESAMPLES]

A population of labels and predictions is audited once, its noise by the model's estimate becomes
the limit, and resamples of it are judged. The lower bound of a 95 % interval lies above the true
value for 2.5 % of samples: no more may fail. It is a promise about sampling and about nothing else:
what is biased in the estimate is in the limit, too.
"""

import sys

import numpy as np

import labelaudit
from labelaudit.check.gates import gate, judge
from labelaudit.check.readings import Seen


def population(n: int, k: int, flips: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return labels with flips and the softmax of a model that is often right."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    logits = rng.normal(size=(n, k)) + 4 * np.eye(k)[true]
    given = np.where(rng.random(n) < flips, rng.integers(0, k, n), true)
    odds = np.exp(logits)
    return given, odds / odds.sum(axis=1, keepdims=True)


def main() -> None:
    resamples = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    for n, k, flips in ((1_000, 4, 0.08), (1_000, 10, 0.15), (4_000, 4, 0.03)):
        labels, given = population(20 * n, k, flips, seed=1)
        whole = labelaudit.audit(labels, given)
        assert whole.detection is not None
        limit = whole.detection.model_noise_estimate
        assert limit is not None
        rng = np.random.default_rng(2)
        found = {"failed": 0, "warned": 0, "passed": 0}
        for _ in range(resamples):
            rows = rng.integers(0, len(labels), n)
            audit = labelaudit.audit(labels[rows], given[rows])
            (one,) = judge(Seen(audit=audit), [gate("max_model_noise", limit)])
            found[one.status] += 1
        shares = ", ".join(
            f"{name} {100 * count / resamples:.1f} %" for name, count in found.items()
        )
        print(
            f"{n:,} rows, {k} classes, limit {100 * limit:.2f} %, {resamples:,} resamples: {shares}"
        )


if __name__ == "__main__":
    main()
