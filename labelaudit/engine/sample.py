"""A fair sample of rows: the same rows for the same seed, however the data is read."""

import numpy as np
import numpy.typing as npt


def fair_sample(n_rows: int, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Return `size` row numbers out of `n_rows`, ascending; all of them where there are fewer.

    A row is in the sample if a hash of its number and the seed is among the smallest, so
    each row decides for itself and no order of reading can change the sample.
    """
    if n_rows <= size:
        return np.arange(n_rows, dtype=np.int64)
    hashes = _splitmix64(np.arange(n_rows, dtype=np.uint64), seed)
    # Distinct rows have distinct hashes (splitmix64 is a bijection), so there are no ties.
    return np.sort(np.argpartition(hashes, size)[:size]).astype(np.int64)


def _splitmix64(values: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """Hash integers (Steele, Lea and Flood, Fast splittable pseudorandom number generators)."""
    mixed = values + np.uint64((0x9E3779B97F4A7C15 * (seed + 1)) % (1 << 64))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
