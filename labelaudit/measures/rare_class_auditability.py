from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.intervals import wilson
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.text import listed
from labelaudit.engine.gaussian import (
    LEAST_ROWS,
    axes_of,
    least_outlying,
    rare_classes,
    rows_by_class,
    whitening,
)
from labelaudit.engine.sample import fair_sample
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import Floats, Labels

FOLDS = 10
MOST_CLASSES = 300
_MOST_OF_OTHERS = 1_000
_NARROW = 3  # as in the neighbour graph: wider rows are compared by their direction
_WEAK = 0.5
_BY_CHANCE = 0.025
_CELLS = 1 << 22


class RareClassAuditability(SampledMeasure):
    """How well the labels of rare classes can be judged by where their examples lie.

    Each class is taken for a Gaussian, one shape for all; an example of a rare class is recognised
    if its own class, fitted without it, is the most probable at its place. The value is the share
    of recognised examples of rare classes: where it is high an example that lies elsewhere is a
    suspect worth a look, where it is at chance embeddings say nothing of these labels.

    Range 0 to 1, higher is better; above .8 is good, below .5 weak. Rare is a class of fewer than
    half as many labels as the mean class, as in the detection, which ranks these by the same
    Gaussians; without one there is no value. `reach` says of each rare class `good`, `weak` (below
    .5), `none` (chance, one over the number of classes compared, gives as many in more than one of
    40 cases) or `insufficient` (fewer than 3 rows in the sample); the alert names those of the last
    two. Rows are scaled to length 1 above three dimensions and turned to at most 32 main
    directions; centres are medians of the 70 % least outlying rows (local outlier factor, from 7
    rows on), the covariance is shrunken after Ledoit and Wolf, all classes equally probable. Left
    out are the rows of one of 10 folds: up to 10 rows each by itself. The 300 smallest rare
    classes, against at most 1,000 rows of each other. Cost: up to three seconds for 50,000 rows,
    nothing where no class is rare. Interval: Wilson's, of the sampling of rows.
    Limits: label errors in a class look like overlap, it cannot tell which; a class of several
    clusters is recognised less than it could be.

    Source: after Zhang and others, RCAL, ICCV 2023, reconstructed from its abstract; Breunig and
    others, LOF, 2000; Ledoit and Wolf 2004; Wilson 1927.
    """

    name = "rare_class_auditability"
    title = "Auditability of rare classes"
    needs = frozenset({"embeddings"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement:
        assert sample.embeddings is not None
        counts = np.array(facts.class_counts, dtype=np.int64)
        rare = np.flatnonzero(rare_classes(counts) & (counts > 0))
        judged = rare[np.argsort(counts[rare], kind="stable")][:MOST_CLASSES]
        found = judge(sample, judged.tolist())
        n_rows = sum(one.rows for one in found.values() if one.known)
        hits = sum(one.recognised for one in found.values())
        reaches = {code: one.reach for code, one in found.items()}
        columns = 0 if not found else min(one.columns for one in found.values())
        return Measurement(
            name=RareClassAuditability.name,
            title=RareClassAuditability.title,
            value=hits / n_rows if n_rows else None,
            unit="rows of rare classes recognised by their place / rows of these",
            interval=wilson(hits, n_rows) if n_rows else None,
            interval_kind="95 % Wilson; of the sampling of rows" if n_rows else _why_none(found),
            range=(0.0, 1.0),
            better="higher",
            details={
                "rare_classes": len(rare),
                "judged": len(judged),
                "columns": columns,
                **{
                    word: sum(reach == word for reach in reaches.values())
                    for word in ("good", "weak", "none", "insufficient")
                },
                "classes": _table(facts, found),
            },
            per_class=_per_class(facts.n_classes, found),
            sample=sample.described,
            source="after Zhang et al. 2023 (RCAL), reconstructed; Breunig et al. 2000",
            alerts=_alerts(facts, found),
        )


@dataclass(kw_only=True, slots=True)
class Reach:
    """How far a rare class can be judged: of `rows` in the sample those that were `recognised`.

    `kept` rows are not outlying; `posterior` is the mean probability of the own class; `taken_for`
    counts the classes that were more probable; `chance` is one over the number of classes.
    """

    rows: int
    kept: int
    columns: int
    chance: float
    recognised: int = 0
    posterior: float = 0.0
    taken_for: dict[int, int] = field(default_factory=dict)

    @property
    def known(self) -> bool:
        return self.rows >= LEAST_ROWS and self.chance < 1

    @property
    def share(self) -> float | None:
        return self.recognised / self.rows if self.known else None

    @property
    def interval(self) -> tuple[float | None, float | None]:
        return wilson(self.recognised, self.rows) if self.known else (None, None)

    @property
    def reach(self) -> str:
        from scipy.special import bdtrc

        if self.share is None:
            return "insufficient"
        by_chance = (
            1.0 if not self.recognised else bdtrc(self.recognised - 1, self.rows, self.chance)
        )
        if by_chance > _BY_CHANCE:
            return "none"
        return "weak" if self.share < _WEAK else "good"


def judge(sample: Sample, judged: list[int]) -> dict[int, Reach]:
    """Return how far each of the `judged` classes can be told from all others by place."""
    if not judged:
        return {}
    assert sample.embeddings is not None
    places, own_labels = _fitted_rows(sample, judged)
    points = sample.embeddings[places]
    metric = "cosine" if points.shape[1] > _NARROW else "euclidean"
    own = axes_of(points, metric).coordinates(points)
    rows = {int(own_labels[some[0]]): some for some in rows_by_class(own_labels)}
    kept = {code: some[least_outlying(own[some])] for code, some in rows.items()}
    centred = [code for code, some in rows.items() if len(some) >= LEAST_ROWS]
    nothing = np.empty(0, dtype=np.intp)
    found = {
        code: Reach(
            rows=len(rows.get(code, nothing)),
            kept=len(kept.get(code, nothing)),
            columns=own.shape[1],
            chance=1 / max(len(centred), 1),
        )
        for code in judged
    }
    tested = [code for code in judged if found[code].known]
    for some, given, squared in _left_out(own, rows, kept, centred, tested):
        nearest = squared.min(axis=1)
        posterior = np.exp((nearest - squared[np.arange(len(some)), given]) / 2)
        posterior /= np.exp((nearest[:, None] - squared) / 2).sum(axis=1)
        for at, best, probable in zip(given, squared.argmin(axis=1), posterior, strict=True):
            one, other = found[centred[at]], centred[best]
            one.posterior += float(probable) / one.rows
            if best == at:
                one.recognised += 1
            else:
                one.taken_for[other] = one.taken_for.get(other, 0) + 1
    return found


def _fitted_rows(sample: Sample, judged: list[int]) -> tuple[npt.NDArray[np.int64], Labels]:
    """Return the places in the sample of all rows of the judged classes, and some of others."""
    is_judged = set(judged)
    chosen = [
        some
        if int(sample.labels[some[0]]) in is_judged
        else some[fair_sample(len(some), _MOST_OF_OTHERS, sample.seed)]
        for some in rows_by_class(sample.labels)
    ]
    places = np.sort(np.concatenate(chosen)).astype(np.int64)
    return places, sample.labels[places]


def _left_out(
    own: Floats,
    rows: dict[int, npt.NDArray[np.intp]],
    kept: dict[int, npt.NDArray[np.intp]],
    centred: list[int],
    tested: list[int],
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]]:
    """Yield rows that a fit left out, which class is theirs, and their squared distances.

    These float64[n, C] are to the centres of the classes `centred`, in the unit of the covariance.
    Only the tested classes leave out rows: those of others are in no test.
    """
    folds = {code: np.arange(len(rows[code])) % FOLDS for code in tested}
    whole = {code: np.median(own[kept[code]], axis=0) for code in centred}
    apart = {code: own[kept[code]] - whole[code] for code in centred}
    for fold in range(min(FOLDS, max((len(rows[code]) for code in tested), default=0))):
        centres, spread, out = dict(whole), dict(apart), []
        for code in tested:
            left = own[rows[code][folds[code] != fold]]
            if len(left) == len(rows[code]):
                continue
            left = left[least_outlying(left)]
            centres[code] = np.median(left, axis=0)
            spread[code] = left - centres[code]
            out.append(rows[code][folds[code] == fold])
        white = whitening(np.concatenate(list(spread.values())), own)
        targets = np.array([centres[code] for code in centred]) @ white
        some = np.concatenate(out)
        codes = [code for code in tested if (folds[code] == fold).any()]
        given = np.repeat(
            [centred.index(code) for code in codes], [len(part) for part in out]
        ).astype(np.intp)
        step = max(1, _CELLS // targets.size)
        for start in range(0, len(some), step):
            part = slice(start, start + step)
            differences = (own[some[part]] @ white)[:, None] - targets[None]
            yield some[part], given[part], np.einsum("ijk,ijk->ij", differences, differences)


def _why_none(found: dict[int, Reach]) -> str:
    if not found:
        return "none: no class is rare"
    return f"none: no rare class has {LEAST_ROWS} rows in the sample"


def _per_class(n_classes: int, found: dict[int, Reach]) -> dict[str, tuple[Any, ...]]:
    def column(of: Any) -> tuple[Any, ...]:
        return tuple(of(found[code]) if code in found else None for code in range(n_classes))

    return {
        "recognised": column(lambda one: one.share),
        "recognised_low": column(lambda one: one.interval[0]),
        "recognised_high": column(lambda one: one.interval[1]),
        "posterior": column(lambda one: one.posterior if one.known else None),
        "rows": column(lambda one: one.rows),
        "kept": column(lambda one: one.kept),
        "reach": column(lambda one: one.reach),
    }


def _table(facts: DatasetFacts, found: dict[int, Reach]) -> list[dict[str, Any]]:
    """Return the rare classes, those that can be judged least first."""
    order = sorted(found, key=lambda code: (found[code].share or 0.0, found[code].rows, code))
    table = []
    for code in order:
        one = found[code]
        taken = sorted(one.taken_for, key=lambda other: (-one.taken_for[other], other))
        table.append(
            {
                "class": facts.class_names[code],
                "labels": facts.class_counts[code],
                "rows": one.rows,
                "recognised": one.share,
                "reach": one.reach,
                "taken_for": facts.class_names[taken[0]] if taken else None,
            }
        )
    return table


def _alerts(facts: DatasetFacts, found: dict[int, Reach]) -> tuple[Alert, ...]:
    lost = [code for code, one in found.items() if one.reach in ("none", "insufficient")]
    if not lost:
        return ()
    which = listed([facts.class_names[code] for code in lost], 5)
    return (
        Alert(
            id="rare_class_auditability.cannot_be_judged",
            severity="caution",
            module="statistics",
            scope=which,
            message=f"{len(lost):,} of {len(found):,} rare classes cannot be judged by where "
            f"their examples lie: {which}",
            mitigation="Have a person look at every label of these classes: neither their few "
            "flags nor the absence of flags says much; or collect more examples.",
            value=float(len(lost)),
            threshold=0.0,
            use_cases=("train", "evaluate", "tail"),
            basis=f"fewer than {LEAST_ROWS} rows, or no more of them recognised than by chance in "
            "one of 40 cases",
        ),
    )
