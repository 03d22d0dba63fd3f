from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.results import DatasetFacts, Measurement, Skipped
from labelaudit.core.rows import Array
from labelaudit.measures.kinds import Sample, SampledMeasure
from labelaudit.measures.separability import GROUPS, Floats, groups_of, jackknife
from labelaudit.measures.shifting import judged_slices, slice_sizes

COLUMN = "domain"
MOST_DOMAINS = 20
_BLOCK = 1 << 12


class DomainConsistency(SampledMeasure):
    """How much examples of a class vary inside a domain (ICV), and how far apart domains are (IDD).

    Low ICV: the examples of a class resemble each other in every domain; low IDD: what a model
    learns in one domain is likely to hold in the other.

    A row's embedding z becomes a distribution s = softmax(z), of the numbers as they stand. ICV of
    a domain is the mean over its classes of the mean Jensen-Shannon divergence between s of a row
    and the mean s of its class there; IDD of two domains is that between their mean s. Base 2.
    The value is the mean ICV over the domains. Range 0 to 1, lower is more consistent; below no
    value is it known to be good: compare domains, or embeddings of one model. Intervals: ICV
    normal, of the mean over rows, class means taken as fixed; IDD a jackknife over groups of rows.

    Limits: softmax depends on the scale of the embedding: of rows of length 1 it is nearly flat
    and all figures are near 0, of large numbers it is a choice of one column and all are near 1.
    A class of one row in a domain has no ICV. IDD is also moved by another mix of classes, and on
    few rows is a little too high by chance. The 20 largest domains, from a sample of at most 50,000
    rows. Cost O(n d). No alert: no value is established as bad.

    Source: after SMD-SMOS, arXiv 2405.15961, which names both and Jensen-Shannon divergence;
    formulas reconstructed.
    """

    name = "domain_consistency"
    title = "Consistency of domains (ICV, IDD)"
    needs = frozenset({"embeddings", "slices.domain"})

    @staticmethod
    def measure(sample: Sample, facts: DatasetFacts) -> Measurement | Skipped:
        kind = DomainConsistency
        assert sample.embeddings is not None
        codes, values = sample.slices[COLUMN], facts.slices[COLUMN]
        sizes = slice_sizes(codes, values)
        judged = judged_slices(sizes, MOST_DOMAINS, least=1)
        groups = groups_of(sample)
        domains: list[dict[str, Any]] = []
        sums = []
        by_class: list[list[float]] = [[] for _ in range(facts.n_classes)]
        for code in judged.tolist():
            rows = np.flatnonzero(codes == code)
            found, variation, error = inside(sample.embeddings, sample.labels, rows)
            for k, own in found.items():
                by_class[k].append(own)
            told = {"domain": values[code], "rows": len(rows), "n_classes": len(found)}
            domains.append(told | _variation(variation, error))
            sums.append(_group_sums(sample.embeddings, rows, groups[rows]))
        known = [one for one in domains if one["icv"] is not None]
        if not known:
            return Skipped(
                name=kind.name,
                title=kind.title,
                reason="no domain has two rows of one class",
                remedy="more rows of each domain",
            )
        value = sum(one["icv"] for one in known) / len(known)
        half = 1.96 * sum(one["standard_error"] ** 2 for one in known) ** 0.5 / len(known)
        pairs = [
            {"domain": values[judged[a]], "other": values[judged[b]]} | _apart(sums[a], sums[b])
            for a, b in combinations(range(len(judged)), 2)
        ]
        pairs.sort(key=lambda pair: -pair["idd"])
        return Measurement(
            name=kind.name,
            title=kind.title,
            value=value,
            unit="mean Jensen-Shannon divergence within a class and domain (ICV), bits",
            interval=(max(value - half, 0.0), min(value + half, 1.0)),
            interval_kind="95 %, normal, of the mean over rows",
            range=(0.0, 1.0),
            better="lower",
            details={
                "largest_idd": pairs[0]["idd"] if pairs else None,
                "why_no_idd": None if pairs else "one domain only",
                "domains_left_out": int((sizes > 0).sum()) - len(judged),
                "blank_rows": int((codes < 0).sum()),
                "domains": domains,
                "pairs": pairs,
            },
            per_class={"icv": tuple(sum(own) / len(own) if own else None for own in by_class)},
            sample=sample.described,
            source="after arXiv 2405.15961; reconstructed",
        )


def _variation(variation: float | None, error: float | None) -> dict[str, float | None]:
    """Return ICV of a domain with its interval; None where no class has two rows there."""
    if variation is None or error is None:
        return dict.fromkeys(("icv", "low", "high", "standard_error"))
    low, high = max(variation - 1.96 * error, 0.0), min(variation + 1.96 * error, 1.0)
    return {"icv": variation, "low": low, "high": high, "standard_error": error}


def inside(
    points: Array, labels: npt.NDArray[np.int32], rows: npt.NDArray[np.int64]
) -> tuple[dict[int, float], float | None, float | None]:
    """Return ICV of each class of one domain, their mean, and its standard error.

    `rows` int64[n] are those of the domain; a class of one row is left out. None where all are.
    """
    found, variance = {}, 0.0
    for k in np.unique(labels[rows]).tolist():
        own = rows[labels[rows] == k]
        if len(own) < 2:
            continue
        mean = distributed_sum(points, own) / len(own)
        parts = [
            divergence(distributions(points[own[start : start + _BLOCK]]), mean)
            for start in range(0, len(own), _BLOCK)
        ]
        each = np.concatenate(parts)
        found[k] = float(each.mean())
        variance += float(each.var(ddof=1)) / len(own)
    if not found:
        return {}, None, None
    return found, sum(found.values()) / len(found), variance**0.5 / len(found)


def distributions(points: Array) -> Floats:
    """Return the softmax float64[n, d] of each row."""
    numbers = points.astype(np.float64)
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def distributed_sum(points: Array, rows: npt.NDArray[np.int64]) -> Floats:
    """Return the sum float64[d] of the softmax of some rows, read in blocks."""
    total = np.zeros(points.shape[1])
    for start in range(0, len(rows), _BLOCK):
        total += distributions(points[rows[start : start + _BLOCK]]).sum(axis=0)
    return total


def divergence(one: Floats, other: Floats) -> Floats:
    """Return the Jensen-Shannon divergence in bits of distributions float[..., d]."""
    middle = (one + other) / 2
    return np.asarray(np.clip((_relative(one, middle) + _relative(other, middle)) / 2, 0, 1))


def _relative(one: Floats, middle: Floats) -> Floats:
    ratio = np.where(one > 0, one, 1.0) / np.where(one > 0, middle, 1.0)
    return np.asarray((one * np.log2(ratio)).sum(axis=-1))


def _group_sums(
    points: Array, rows: npt.NDArray[np.int64], groups: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Return the sums float[GROUPS, d] of softmax in each group of rows, and their counts."""
    sums = np.stack([distributed_sum(points, rows[groups == group]) for group in range(GROUPS)])
    return sums, np.bincount(groups, minlength=GROUPS)


def _apart(
    one: tuple[Floats, npt.NDArray[np.int64]], other: tuple[Floats, npt.NDArray[np.int64]]
) -> dict[str, Any]:
    """Return IDD of two domains, with its interval or why it has none."""
    whole = [sums.sum(axis=0) / counts.sum() for sums, counts in (one, other)]
    value = float(divergence(whole[0], whole[1]))
    interval, kind = None, "none: too few rows to leave some out"
    left = [counts.sum() - counts for _, counts in (one, other)]
    if (
        all((counts > 0).all() for counts in left)
        and sum(x[1].sum() for x in (one, other)) > GROUPS
    ):
        without = [
            (sums.sum(axis=0) - sums) / counts[:, None]
            for (sums, _), counts in zip((one, other), left, strict=True)
        ]
        interval, kind = jackknife(value, divergence(without[0], without[1]), 0.0, 1.0)
    low, high = interval if interval is not None else (None, None)
    return {"idd": value, "low": low, "high": high, "interval_kind": kind}
