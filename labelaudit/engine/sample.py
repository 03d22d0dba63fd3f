"""A fair sample of rows: the same rows for the same seed, however the data is read."""

import numpy as np
import numpy.typing as npt

_BLOCK = 1 << 18
_LARGEST = 2**64 - 1


def fair_sample(n_rows: int, size: int, seed: int) -> npt.NDArray[np.int64]:
    """Return `size` row numbers out of `n_rows`, ascending; all of them where there are fewer.

    A row is in the sample if a hash of its number and the seed is among the smallest, so
    each row decides for itself and no order of reading can change the sample.
    """
    if n_rows <= size:
        return np.arange(n_rows, dtype=np.int64)
    # Hashes are spread evenly: those below a bar a little above the share asked for are enough.
    bar = min(_LARGEST, int((size + 10 * size**0.5 + 100) / n_rows * 2**64))
    rows, hashes = _below(n_rows, seed, bar)
    if len(rows) < size:  # as good as never
        rows, hashes = _below(n_rows, seed, _LARGEST)
    # Distinct rows have distinct hashes (splitmix64 is a bijection), so there are no ties.
    return np.sort(rows[np.argpartition(hashes, size - 1)[:size]])


def uniform(rows: npt.NDArray[np.int64], seed: int) -> npt.NDArray[np.float64]:
    """Return a number in [0, 1) for each row: a hash of its number and the seed."""
    return np.asarray((_splitmix64(rows.astype(np.uint64), seed) >> np.uint64(11)) * 2.0**-53)


def _below(
    n_rows: int, seed: int, bar: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
    """Return the rows whose hash is at most `bar`, and these hashes; a block at a time."""
    rows, hashes = [], []
    for start in range(0, n_rows, _BLOCK):
        numbers = np.arange(start, min(start + _BLOCK, n_rows), dtype=np.uint64)
        found = _splitmix64(numbers, seed)
        chosen = np.flatnonzero(found <= np.uint64(bar))
        rows.append(chosen + start)
        hashes.append(found[chosen])
    return np.concatenate(rows), np.concatenate(hashes)


def _splitmix64(values: npt.NDArray[np.uint64], seed: int) -> npt.NDArray[np.uint64]:
    """Hash integers (Steele, Lea and Flood, Fast splittable pseudorandom number generators)."""
    mixed = values + np.uint64((0x9E3779B97F4A7C15 * (seed + 1)) % (1 << 64))
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
