"""Which examples show what a class means: the most central, a spread of typical, the doubtful."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from labelaudit.core.matrix import row_sums
from labelaudit.core.rows import Array
from labelaudit.engine.neighbours import normalised
from labelaudit.engine.sample import fair_sample

# As many examples of a class are compared: a medoid of a fair sample is a medoid for the eye.
MOST_COMPARED = 2000
N_TYPICAL = 5
N_DOUBTFUL = 5
_NARROW = 3  # up to so many dimensions distances are Euclidean, as in the neighbour graph
_TILE = 256

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
# Reads the embeddings float[n, d] of dataset rows, ascending.
ReadPoints = Callable[[Rows], Array]


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Dataset rows that show a class; `centre` is None where it has no row."""

    centre: int | None
    typical: tuple[int, ...]
    doubtful: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        return (*(() if self.centre is None else (self.centre,)), *self.typical, *self.doubtful)


def choose(
    rows: Rows,
    self_confidence: Floats,
    quality: Floats,
    is_suspect: npt.NDArray[np.bool_],
    read: ReadPoints | None = None,
    seed: int = 0,
) -> Chosen:
    """Choose what shows a class, out of its `rows`, ascending; the columns are those of the rows.

    Suspects show nothing but doubt, unless there are no others. Of the rest the medoid is the
    centre, the row of least mean distance to the others; beginning from it, of the surer half by
    self-confidence always the row that is farthest from those chosen is the next typical one,
    five in all; at most 2,000 rows, a fair sample of `seed`, are compared in either. Without
    embeddings the surest row stands for the centre, and the typical ones are spread over the
    surer half by rank. Doubtful are the five of least label quality that are not shown already.
    No row is chosen twice; ties go to the lower row number.

    Source: medoid, Kaufman and Rousseeuw 1987; farthest-point traversal, Gonzalez 1985; the three
    groups after Thinking Like an Annotator: generation of dataset labeling instructions, 2023.
    """
    if not len(rows):
        return Chosen(centre=None, typical=(), doubtful=())
    sound = np.flatnonzero(~is_suspect)
    if not len(sound):
        sound = np.arange(len(rows))
    by_sureness = sound[np.argsort(-self_confidence[sound], kind="stable")]
    surer = by_sureness[: -(-len(sound) // 2)]
    if read is None:
        centre, typical = int(surer[0]), _spread_by_rank(surer[1:])
    else:
        centre, typical = _by_place(rows, sound, np.sort(surer), read, seed)
        # Where all lie in one place, the surest are as typical as any.
        rest = [at for at in surer.tolist() if at != centre and at not in typical]
        typical += rest[: N_TYPICAL - len(typical)]
    shown = {centre, *typical}
    doubtful: list[int] = []
    for at in np.argsort(quality, kind="stable")[: N_DOUBTFUL + len(shown)].tolist():
        if at not in shown and len(doubtful) < N_DOUBTFUL:
            doubtful.append(at)
    return Chosen(
        centre=int(rows[centre]),
        typical=tuple(rows[typical].tolist()),
        doubtful=tuple(rows[doubtful].tolist()),
    )


def _spread_by_rank(surer: Rows) -> list[int]:
    """Return some rows, from the surest to the last, evenly."""
    if not len(surer):
        return []
    places = np.linspace(0, len(surer) - 1, min(N_TYPICAL, len(surer))).round().astype(np.int64)
    return [int(row) for row in surer[places]]


def _by_place(
    rows: Rows, sound: Rows, surer: Rows, read: ReadPoints, seed: int
) -> tuple[int, list[int]]:
    """Return the medoid of the sound rows and a spread over the surer: places in `rows`."""
    sampled = sound[fair_sample(len(sound), MOST_COMPARED, seed)]
    likely = surer[fair_sample(len(surer), MOST_COMPARED, seed)]
    both = np.union1d(sampled, likely)
    points = read(rows[both])
    metric = "cosine" if points.shape[1] > _NARROW else "euclidean"
    scale = float(np.abs(points).max(initial=0)) or 1.0
    placed = normalised(points, metric, scale)
    among = placed[np.searchsorted(both, sampled)]
    centre = int(sampled[medoid(among, metric)])
    start = placed[np.searchsorted(both, centre)]
    spread = farthest(placed[np.searchsorted(both, likely)], start, N_TYPICAL)
    return centre, [int(likely[place]) for place in spread if likely[place] != centre]


def medoid(points: Floats, metric: str) -> int:
    """Return which of `points` float64[n, d] has the least mean distance to the others.

    For `cosine` points are of length 1: then the sum of 1 - cosine to all others needs only the
    sum of all points. For `euclidean` every pair is measured.
    """
    if metric == "cosine":
        return int(row_sums(points * points.sum(axis=0)).argmax())
    totals = np.empty(len(points))
    for start in range(0, len(points), _TILE):
        apart = points[start : start + _TILE, None] - points[None]
        totals[start : start + _TILE] = np.sqrt((apart**2).sum(axis=2)).sum(axis=1)
    return int(totals.argmin())


def farthest(points: Floats, start: Floats, n: int) -> list[int]:
    """Return up to `n` of `points` float64[m, d], each the farthest from `start` and those before.

    Fewer where no further one lies in a place of its own.
    """
    squared = row_sums((points - start) ** 2)
    found: list[int] = []
    while len(found) < n and len(points):
        at = int(squared.argmax())
        if squared[at] <= 0:
            break
        found.append(at)
        squared = np.minimum(squared, row_sums((points - points[at]) ** 2))
    return found
