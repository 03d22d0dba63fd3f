"""Two audits of a dataset that has changed: which rows, suspects and measures differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.arrow import array_of
from labelaudit.core.coded import Column
from labelaudit.core.folder import SCORES_FOLDER, read_scores
from labelaudit.core.results import Audit, Measurement

NO_ROWS = (
    "Rows cannot be compared, for an audit.json alone has no scores: name the folders of the "
    "audits to learn what was added, removed or relabelled."
)
UNKNOWN = "unknown"
BY_ROW = (
    "Rows have no ids and are compared by their number: one that is put in or taken out makes "
    "those after it look relabelled."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A row that is suspected in one of two audits; None is what an audit does not have of it.

    `state` says what became of the row between them: added, removed, relabelled or as it was.
    """

    id: str
    state: str
    old_label: str | None
    new_label: str | None
    suggested: str
    old_quality: float | None
    new_quality: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """What became of the labelled rows, and of the suspects among them, most suspicious first.

    `by_ids` says whether rows are known by an id or by their number. `mended` were suspects, have
    another label now and are none any more; `worsened` the other way round; `doubtful` are
    suspects with the old and with the new label. `is_partial`: of an audit there is its audit.json
    alone, so only suspects were compared, their states are unknown and rows were not counted.
    """

    by_ids: bool
    n_kept: int
    n_added: int
    n_removed: int
    n_relabelled: int
    n_persisting: int
    new: tuple[Changed, ...]
    gone: tuple[Changed, ...]
    mended: int
    worsened: tuple[Changed, ...]
    doubtful: int
    is_partial: bool = False

    @property
    def n_new_as_was(self) -> int:
        """Suspects on rows that nobody touched: the model or the thresholds moved them."""
        return sum(one.state == "as it was" for one in self.new)

    @property
    def is_worse(self) -> bool:
        """Say whether relabelling made more suspects than it mended."""
        return len(self.worsened) > self.mended


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """A figure of both audits. `verdict`: same, within, moved, better, worse or no interval.

    Moved (better, worse) are those whose intervals do not overlap: where most rows are the same,
    a smaller move may be real, too.
    """

    name: str
    title: str
    unit: str
    old: float
    new: float
    old_interval: tuple[float, float] | None
    new_interval: tuple[float, float] | None
    verdict: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """All that differs between two audits. `rows` is None where one of them names no suspects.

    `same_predictions` is None where an audit had none. `only_old` and `only_new` are measures
    that one audit alone has.
    """

    old: Audit
    new: Audit
    rows: Rows | None
    same_predictions: bool | None
    classes_added: tuple[str, ...]
    classes_removed: tuple[str, ...]
    measures: tuple[Moved, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]

    @property
    def moved(self) -> tuple[Moved, ...]:
        """The measures that moved beyond their intervals."""
        return tuple(one for one in self.measures if one.verdict in ("moved", "better", "worse"))


def difference_of(old: Audit, new: Audit) -> Difference:
    """Compare two audits, the later one second; the same audits give the same difference."""
    before, after = set(old.dataset.class_names), set(new.dataset.class_names)
    measures = dict(_measured(old))
    later = dict(_measured(new))
    both = [name for name in measures if name in later]
    return Difference(
        old=old,
        new=new,
        rows=_rows(old, new),
        same_predictions=_same_predictions(old, new),
        classes_added=tuple(name for name in new.dataset.class_names if name not in before),
        classes_removed=tuple(name for name in old.dataset.class_names if name not in after),
        measures=tuple(_moved(measures[name], later[name]) for name in both),
        only_old=tuple(name for name in measures if name not in later),
        only_new=tuple(name for name in later if name not in measures),
    )


def _same_predictions(old: Audit, new: Audit) -> bool | None:
    own = [
        [file.fingerprint for file in audit.inputs if file.role == "predictions"]
        for audit in (old, new)
    ]
    return own[0] == own[1] if all(own) else None


# Measures ------------------------------------------------------------------------------------


def _measured(audit: Audit) -> Iterator[tuple[str, Measurement]]:
    detection = audit.detection
    if detection is not None and detection.model_noise_estimate is not None:
        estimate = Measurement(
            name="model_noise_estimate",
            title="Model noise estimate",
            value=detection.model_noise_estimate,
            unit="share",
            interval=detection.model_noise_interval,
        )
        yield estimate.name, estimate
    for one in audit.measurements or ():
        if isinstance(one, Measurement) and one.value is not None and np.isfinite(one.value):
            is_bounded = one.interval is not None and np.isfinite(one.interval).all()
            yield one.name, one if is_bounded else replace(one, interval=None)


def _moved(old: Measurement, new: Measurement) -> Moved:
    assert old.value is not None
    assert new.value is not None
    verdict = "same"
    if old.value != new.value:
        verdict = "no interval"
        if old.interval is not None and new.interval is not None:
            apart = old.interval[1] < new.interval[0] or new.interval[1] < old.interval[0]
            verdict = _direction(new, new.value - old.value) if apart else "within"
    return Moved(
        name=new.name,
        title=new.title,
        unit=new.unit,
        old=old.value,
        new=new.value,
        old_interval=old.interval,
        new_interval=new.interval,
        verdict=verdict,
    )


def _direction(measured: Measurement, step: float) -> str:
    if measured.better not in ("lower", "higher"):
        return "moved"
    return "better" if (step > 0) == (measured.better == "higher") else "worse"


# Rows ----------------------------------------------------------------------------------------


def _rows(old: Audit, new: Audit) -> Rows | None:
    before, after = _scores(old), _scores(new)
    if before is None or after is None:
        return _suspects_alone(old, new)
    by_ids = _has_ids(before) or _has_ids(after)
    place = _places(before, after)
    kept = place >= 0
    both = (before, after)
    labels = [np.array(columns["given_label"].tolist(), dtype=object) for columns in both]
    flags = [np.asarray(columns["is_flagged"], dtype=np.bool_) for columns in both]
    relabelled = np.zeros(len(place), dtype=np.bool_)
    relabelled[kept] = labels[1][kept] != labels[0][place[kept]]
    was = np.zeros(len(place), dtype=np.bool_)
    was[kept] = flags[0][place[kept]]
    left = np.ones(len(flags[0]), dtype=np.bool_)
    left[place[kept]] = False
    pairs = _Pairs(before, after, labels, relabelled)
    appeared = [(int(place[row]), int(row)) for row in np.flatnonzero(flags[1] & ~was)]
    here = {int(one): row for row, one in enumerate(place.tolist()) if one >= 0}
    lost = flags[0] & left
    lost[place[kept & was & ~flags[1]]] = True
    vanished = [(int(row), here.get(int(row), -1)) for row in np.flatnonzero(lost)]
    worsened = [pair for pair in appeared if pair[0] >= 0 and relabelled[pair[1]]]
    return Rows(
        by_ids=by_ids,
        n_kept=int(kept.sum()),
        n_added=int((~kept).sum()),
        n_removed=int(left.sum()),
        n_relabelled=int(relabelled.sum()),
        n_persisting=int((was & flags[1]).sum()),
        new=pairs.told(appeared, 1),
        gone=pairs.told(vanished, 0),
        mended=int((relabelled & was & ~flags[1]).sum()),
        worsened=pairs.told(worsened, 1),
        doubtful=int((relabelled & was & flags[1]).sum()),
    )


def _suspects_alone(old: Audit, new: Audit) -> Rows | None:
    """Compare what two audits suspect, where they name all of it."""
    told = []
    for audit in (old, new):
        found, detection = audit.findings, audit.detection
        if found is None or detection is None or len(found) < detection.n_flagged:
            return None
        told.append({finding.id: finding for finding in found})
    before, after = told

    def changed(names: Sequence[str]) -> tuple[Changed, ...]:
        pairs = [(before.get(name), after.get(name)) for name in names]
        return tuple(
            Changed(
                id=one.id,
                state=UNKNOWN,
                old_label=was.given_label if was is not None else None,
                new_label=now.given_label if now is not None else None,
                suggested=one.suggested_label,
                old_quality=was.label_quality if was is not None else None,
                new_quality=now.label_quality if now is not None else None,
            )
            for was, now in pairs
            if (one := now if now is not None else was) is not None
        )

    return Rows(
        by_ids=True,
        n_kept=0,
        n_added=0,
        n_removed=0,
        n_relabelled=0,
        n_persisting=len(before.keys() & after.keys()),
        new=changed([name for name in after if name not in before]),
        gone=changed([name for name in before if name not in after]),
        mended=0,
        worsened=(),
        doubtful=0,
        is_partial=True,
    )


def _scores(audit: Audit) -> Mapping[str, Any] | None:
    if audit.scores is not None:
        return audit.scores
    folder = audit.folder / SCORES_FOLDER if audit.folder is not None else None
    return read_scores(folder) if folder is not None and folder.is_dir() else None


def _has_ids(columns: Mapping[str, Any]) -> bool:
    rows = columns["row"][:1000].tolist()
    return any(name != str(row) for row, name in zip(rows, columns["id"][:1000], strict=True))


def _places(before: Mapping[str, Any], after: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    """Return where each row of the later audit stands in the earlier one, -1 where it does not."""
    import pyarrow as pa
    import pyarrow.compute as pc

    old, new = (_known_by(columns["id"]) for columns in (before, after))
    found = pc.index_in(new, value_set=old)
    filled = pc.fill_null(found, pa.array([-1], pa.int32())[0])
    return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=np.int64)


def _known_by(ids: Column) -> Any:
    """Return what rows are known by: the id, where it comes again with how often it has come."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = array_of(ids).cast(pa.large_string())
    if pc.count_distinct(names).as_py() == len(names):
        return names
    seen: dict[str, int] = {}
    told = []
    for name in names.to_pylist():
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}\0{seen[name]}")
    return pa.array(told, pa.large_string())


class _Pairs:
    """Makes rows of both audits into what is told of them."""

    def __init__(
        self,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        labels: Sequence[npt.NDArray[Any]],
        relabelled: npt.NDArray[np.bool_],
    ) -> None:
        self.sides = (before, after)
        self.labels = labels
        self.relabelled = relabelled
        self.quality = [np.asarray(columns["label_quality"]) for columns in self.sides]

    def told(self, pairs: list[tuple[int, int]], side: int) -> tuple[Changed, ...]:
        """Return some rows, the least credible of one of the audits first, ties by row."""
        quality = self.quality[side]
        ordered = sorted(pairs, key=lambda pair: (float(quality[pair[side]]), pair[side]))
        return tuple(self._told(pair, side) for pair in ordered)

    def _told(self, pair: tuple[int, int], side: int) -> Changed:
        old, new = pair
        state = "added" if old < 0 else "removed" if new < 0 else "as it was"
        if state == "as it was" and self.relabelled[new]:
            state = "relabelled"
        at = pair[side]
        columns = self.sides[side]
        return Changed(
            id=str(columns["id"][at : at + 1].tolist()[0]),
            state=state,
            old_label=None if old < 0 else str(self.labels[0][old]),
            new_label=None if new < 0 else str(self.labels[1][new]),
            suggested=str(columns["suggested_label"][at : at + 1].tolist()[0]),
            old_quality=None if old < 0 else float(self.quality[0][old]),
            new_quality=None if new < 0 else float(self.quality[1][new]),
        )
