import math
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from labelaudit.core.dataset import Batch
from labelaudit.core.results import Alert, DatasetFacts, Measurement
from labelaudit.core.text import listed, printable
from labelaudit.engine.counts import CodeCounts
from labelaudit.measures.kinds import Measure, Sample
from labelaudit.measures.shifting import (
    LEAST_ROWS,
    Confusions,
    Odds,
    beyond,
    counted_cells,
    judged_slices,
    odds_of,
)
from labelaudit.measures.slice_shares import (
    LEAST_SEPARATED,
    MOST_CLASSES,
    SliceShares,
    likeliest_shares,
    slice_shares,
)

# Below the 5 % that is promised, so that 1,000 cuts keep it, chance and all.
LEVEL = 0.03
SMALL = 0.005
# A slice that is merely harder for the model makes no confusion so many times as frequent.
MANY_TIMES = 3
_LIKELIHOOD_CELLS = 1 << 20
_NAMED = 5
_NEARLY = 0.9
_DRAWS_OF_LEVEL = 5  # so few draws at least would lie beyond what alarms by chance
_WORK = 2000
_BASIS = (
    "3 % for all classes, pairs, slices and columns together: rows of each class are dealt to the "
    "slices by lot"
)


class LabelShift(Measure):
    """Whether splits, sources or annotators use the labels alike: each slice against the rest.

    A slice may have other shares of the classes and be labelled alike; it is at odds where its
    labels say one thing and the model's predictions, read as in the rest, another. Were 10 % of
    the trucks of one annotator called cars, the predictions would still show the trucks.

    The value is the largest difference between the share of a class that the predictions imply
    and the share that the labels give, in the slice most at odds. Range 0 to 1, 0 is best; what
    decides is the p-value: a slice is at odds where it is at most 3 % over all slices and columns.
    Source of each slice are all other rows: the most rows, and no slice has to be the right one;
    of two slices both are named, for no figure can say which one errs.

    For each slice: C = P(predicted, given) of the rest, mu the shares of predicted classes, w =
    C^-1 mu, q = w p (BBSE; fitted with w >= 0 where cond(C) > 1000; in doubt where the smallest
    singular value of P(predicted | given) is below .1, which for two equal classes is C's below
    .05); q by likelihood (MLLS, from a sample of at most 2,000 rows of the slice, the prior being
    that of all labels, tolerance 1e-10); the given shares, their total variation distance from
    the rest and a chi-square p-value. Intervals: 200 resamples of rows, of MLLS 100.

    The test: if classes look the same everywhere and are labelled alike, the predicted class does
    not depend on the slice once the label is known. Rows of each label are dealt to the slices by
    lot 999 times (fewer where classes are many); compared is the largest standardised excess, of
    a class among the predictions, or of rows "labelled a, predicted b" over those the other way.
    On halves of one dataset it alarms in about 3 % of cases, at any size.

    A slice that is merely harder for the model is at odds too. So the test is repeated among the
    rows where label and prediction differ: does it differ where they go to (p_value_of_ways)? Only
    then is the alert a caution, or where a confusion is more than 3 times as frequent, interval
    against interval; of two classes there is but one way, so only the latter counts.

    Limits: it assumes that a class looks the same in all slices; inputs of another kind look like
    other labelling. Rows that come in groups (frames of a film) make p-values too small. Errors
    that all slices share do not show; C is of given labels, and MLLS believes the probabilities.
    Judged are the 20 largest slices of a column (fewer above 100 classes) with at least 30 rows;
    class shares up to 200 classes, above that the value is that of predicted shares. Counts are of
    all rows. Cost: one pass over the digest, then under a second.

    Source: Lipton, Wang and Smola, ICML 2018 (BBSE); Saerens, Latinne and Decaestecker, Neural
    Computation 2002 (MLLS); the test is ours (benchmarks/shift.md).
    """

    name = "label_shift"
    title = "Labelling of slices against the rest"
    needs = frozenset({"digest", "slices"})
    sample_needs = frozenset({"probabilities"})

    def __init__(self, facts: DatasetFacts) -> None:
        super().__init__(facts)
        n_cells = facts.n_classes**2
        self.cells = {name: CodeCounts(len(v) * n_cells) for name, v in facts.slices.items()}

    def update(self, batch: Batch) -> None:
        assert batch.digest is not None
        n_classes = self.facts.n_classes
        predicted = batch.digest.predicted(batch.labels)
        for name, cells in self.cells.items():
            rows = np.flatnonzero(batch.slices[name] >= 0)
            pairs = batch.slices[name][rows].astype(np.int64) * n_classes + batch.labels[rows]
            cells.add(pairs * n_classes + predicted[rows])

    def merge(self, other: Self) -> None:
        for name, cells in self.cells.items():
            cells.merge(other.cells[name])

    def result(self) -> Measurement:
        return self._measured(None)

    def with_interval(self, measured: Measurement, sample: Sample) -> Measurement:
        return self._measured(sample)

    def _measured(self, sample: Sample | None) -> Measurement:
        columns = {name: self._column(name, sample) for name in self.cells}
        slices = [one for column in columns.values() for one in column["slices"]]
        at_odds = max(slices, key=_oddness, default=None)
        known = at_odds is not None and at_odds["largest_difference"] is not None
        worst = at_odds["largest_difference"] if at_odds is not None and known else {}
        interval, kind = _interval(worst)
        alerts = [one for name, column in columns.items() for one in self._alerts(name, column)]
        return Measurement(
            name=self.name,
            title=self.title,
            value=abs(worst["difference"]) if known else None,
            unit="share of a slice's rows: a class as predictions imply it, less as labelled",
            interval=interval,
            interval_kind=kind if known else f"none: {_why_none(columns)}",
            range=(0.0, 1.0),
            better="lower",
            details={
                "column": at_odds["column"] if at_odds is not None else None,
                "slice": at_odds["slice"] if at_odds is not None else None,
                "class": worst.get("class"),
                "p_value": at_odds["p_value"] if at_odds is not None else None,
                "slices_judged": len(slices),
                "slices_at_odds": sum(one["at_odds"] for one in slices),
                "columns": columns,
            },
            source="Lipton, Wang and Smola 2018; Saerens, Latinne and Decaestecker 2002; ours",
            alerts=tuple(alerts),
        )

    def _column(self, name: str, sample: Sample | None) -> dict[str, Any]:
        """Return what is said of the slices of one column; without a sample, counts alone."""
        values, n_classes = self.facts.slices[name], self.facts.n_classes
        codes, counts = self.cells[name].result()
        sizes = np.zeros(len(values), dtype=np.int64)
        np.add.at(sizes, codes // n_classes**2, counts)
        judged = judged_slices(sizes, int(np.clip(_WORK // n_classes, 2, 20)))
        total = int(counts.sum())
        judged = judged[total - sizes[judged] >= LEAST_ROWS]
        confusions = counted_cells(codes, counts, n_classes, judged)
        seed = sample.seed if sample is not None else None
        level = LEVEL / max(len(self.cells), 1)
        least = math.ceil(_DRAWS_OF_LEVEL / level)
        odds = ways = None
        if seed is not None and len(judged):
            odds = odds_of(confusions, seed, least)
            ways = odds_of(confusions.disagreeing(), seed, least)
        slices = []
        for place, code in enumerate(judged.tolist()):
            shares = slice_shares(confusions, place, seed)
            one = {"column": name, "slice": values[code], "rows": int(sizes[code])}
            p_value = float(odds.p_values[place].min(initial=1)) if odds is not None else None
            one |= {"p_value": p_value, "at_odds": p_value is not None and p_value <= level}
            p_value = float(ways.p_values[place].min(initial=1)) if ways is not None else None
            one |= {"p_value_of_ways": p_value}
            one |= self._told(shares, odds, confusions, place)
            if sample is not None and sample.probabilities is not None:
                rows = np.flatnonzero(sample.slices[name] == code)
                most = _LIKELIHOOD_CELLS // (n_classes * len(judged))
                one |= likeliest_shares(sample, rows, self.facts.class_counts, most)
            slices.append(one)
        occurring = int((sizes > 0).sum())
        return {
            "values": occurring,
            "values_not_judged": occurring - len(judged),
            "blank_rows": self.facts.n_examples - total,
            "level": level,
            "draws": odds.draws if odds is not None else 0,
            "slices": slices,
        }

    def _told(
        self, shares: SliceShares, odds: Odds | None, confusions: Confusions, place: int
    ) -> dict[str, Any]:
        """Return the figures of one slice: its shares, and what is most at odds in it."""
        names = self.facts.class_names
        told = dict(shares.figures)
        ordered = sorted(shares.differences.items(), key=lambda item: -abs(item[1][0]))
        largest = [
            {"class": names[k], "difference": value, "low": low, "high": high}
            for k, (value, low, high) in ordered[:_NAMED]
        ]
        told |= {
            "largest_difference": largest[0] if largest else None,
            "largest_differences": largest,
            "most_at_odds": None,
            "many_times": False,
        }
        if odds is not None and odds.scores.shape[1]:
            scores = np.abs(odds.scores[place])
            told["score"] = float(scores.max())
            of_pairs = np.where(odds.other >= 0, scores, -1.0)
            pair = int(of_pairs.argmax())
            # A pair says more than a class: it is named where it is as much at odds, or nearly.
            if of_pairs[pair] < _NEARLY * scores.max():
                at = int(scores.argmax())
                rows = float(odds.excess[place, at])
                told["most_at_odds"] = {"predicted": names[odds.one[at]], "excess_rows": rows}
            if of_pairs[pair] >= 0:
                one, other = int(odds.one[pair]), int(odds.other[pair])
                confusion = self._confusion(confusions, place, one, other)
                told["many_times"] = confusion.pop("many_times")
                told["most_at_odds"] = told["most_at_odds"] or confusion
        return told

    def _confusion(
        self, confusions: Confusions, place: int, one: int, other: int
    ) -> dict[str, Any]:
        """Return the shares of a pair of classes: that way round where they differ by more rows."""
        names = self.facts.class_names
        both = [confusions.shares(place, *pair) for pair in ((one, other), (other, one))]
        far = [of_slice.rows * abs(of_slice.share - of_rest.share) for of_slice, of_rest in both]
        of_slice, of_rest = both[far[1] > far[0]]
        given, predicted = (other, one) if far[1] > far[0] else (one, other)
        return {
            "given": names[given],
            "predicted": names[predicted],
            "labelled_rows": of_slice.rows,
            "share": of_slice.share,
            "share_of_rest": of_rest.share,
            "many_times": beyond(of_slice, of_rest, MANY_TIMES),
        }

    def _alerts(self, name: str, column: Mapping[str, Any]) -> Iterator[Alert]:
        slices = column["slices"]
        odd = sorted((one for one in slices if one["at_odds"]), key=_oddness, reverse=True)
        shown = printable(name, 40)
        if odd:
            size = max(
                abs((one["largest_difference"] or {"difference": 0})["difference"]) for one in odd
            )
            astray = any(
                one["p_value_of_ways"] <= column["level"] or one["many_times"] for one in odd
            )
            first, other = printable(odd[0]["slice"], 40), "the rest"
            if len(slices) == column["values"] == 2:  # then neither is the rule
                (name_of_other,) = (one["slice"] for one in slices if one is not odd[0])
                other = printable(name_of_other, 40)
            more = len(odd) - 1 if other == "the rest" else 0
            yield Alert(
                id="label_shift.at_odds",
                severity="caution" if size >= SMALL and astray else "info",
                module="statistics",
                scope=f"{shown}: {listed([one['slice'] for one in odd], 5, 40)}",
                message=f"Rows whose {shown} is {first} are labelled otherwise than those of "
                f"{other}, or look otherwise: {_said(odd[0]['most_at_odds'], other)}"
                + (f"; {more:,} more slices at odds" if more else "")
                + ("" if astray else "; it may merely be harder for the model, or easier"),
                mitigation="Compare examples of this class from the slice and from the rest; where "
                "they look alike, settle one rule and relabel the slice that departs from it.",
                value=odd[0]["p_value"],
                threshold=column["level"],
                basis=_BASIS,
                use_cases=("train", "evaluate", "benchmark"),
            )
        weak = [one for one in slices if one.get("unstable")]
        if weak:
            yield Alert(
                id="label_shift.unstable",
                severity="caution",
                module="statistics",
                scope=f"{shown}: {listed([one['slice'] for one in weak], 5, 40)}",
                message="Classes are not separable: the class shares that predictions imply "
                f"(BBSE) are unstable for slices of {shown}",
                mitigation="Do not use the implied shares; the test of labelling still holds. "
                "Predictions of a better model help.",
                value=min(one["sigma_min"] for one in weak),
                threshold=LEAST_SEPARATED,
                basis="a convention; of two equal classes it is .05 for the joint",
                use_cases=("train", "evaluate"),
            )


def _oddness(one: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return what sorts slices; of two that mirror each other that with more of the confusion."""
    odd = one.get("most_at_odds") or {}
    more = odd.get("share", 0.0) - odd.get("share_of_rest", 0.0)
    return -(one["p_value"] or 0.0), round(abs(one.get("score", 0.0)), 9), more


def _said(odd: Mapping[str, Any], other: str) -> str:
    predicted = printable(odd["predicted"], 40)
    if "given" in odd:
        given, share, rest = printable(odd["given"], 40), odd["share"], odd["share_of_rest"]
        return (
            f"of its rows labelled {given}, {100 * share:.1f} % are predicted {predicted}, "
            f"against {100 * rest:.1f} % in {other}"
        )
    rows = odd["excess_rows"]
    many = "more" if rows > 0 else "fewer"
    return f"{abs(rows):,.0f} {many} are predicted {predicted} than its labels lead to"


def _interval(worst: Mapping[str, Any]) -> tuple[tuple[float, float] | None, str]:
    """Return the interval of the size of a signed difference, and what it is or why none."""
    if worst.get("low") is None:
        return None, f"none: above {MOST_CLASSES} classes, or no sample was taken"
    low, high, value = worst["low"], worst["high"], abs(worst["difference"])
    least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    ends = (min(least, value), min(max(abs(low), abs(high), value), 1.0))
    return (
        ends,
        "95 %, bootstrap of rows; of this class and slice, chosen as the largest",
    )


def _why_none(columns: Mapping[str, Any]) -> str:
    if not columns:
        return "there are no slices"
    if not any(column["values"] > 1 for column in columns.values()):
        return "one slice only: there is no rest to compare it with"
    if not any(column["slices"] for column in columns.values()):
        return f"no slice has {LEAST_ROWS} rows and as many in the rest"
    return "no class has 10 rows in the rest"
