from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.intervals import jeffreys
from labelaudit.core.results import Alert, DatasetFacts, Detection, Measurement
from labelaudit.measures.kinds import DerivedMeasure

# With fewer suspects an interval would say more than is known.
FEW_SUSPECTS = 10
_MOST_ACROSS = 0.5

Floats = npt.NDArray[np.float64]


class HierarchySeverity(DerivedMeasure):
    """How far apart given and suggested labels are in the tree of the classes. A suspect whose two
    labels share a parent, a leopard labelled jaguar, is a smaller mistake than one labelled bus.

    The value is the mean distance over all suspects: half the steps of the way from one class to
    the other. Where all classes lie equally deep that is how many levels one goes up until the
    two meet: 1 inside one parent. `chance_distance` is what two random labels of different
    classes would have. `share_inside_parent` is the part of the suspects whose labels have one
    parent; `levels` says for each level of the tree, 1 the topmost groups, how many suspects
    cross from one group to another there, of all suspects and of all labels: at the level of the
    classes that is the error rate of the flags, above it coarse error rates. A group that holds
    the whole tree does not count as a level.

    Range 0 to the height of the tree, and lower is milder: 1 is good, all doubts are between
    classes of one parent; `chance_distance` and above is bad, the doubts know nothing of the tree.
    Without a suspect there is no value. Cost: none, it is read off the flagged pairs of all rows.
    The interval is Student's, of the mean over suspects; there is none for fewer than 10.

    Limits: a suspect is not an error, and the interval covers the sampling of rows only. It
    trusts the tree: a class put into the wrong group looks like grave errors. Findings carry
    `tree_distance`, and as `tree_suggested_label` the class of least expected squared distance,
    argmin over k of sum over j of P_j D_jk^2, which may be the given one: then the doubt is small
    in terms of the tree.

    Source: Bertinetto et al., Making better mistakes, CVPR 2020 (the height of the common parent
    as severity); Roberts et al., Loki, 2023 (the suggested label); Student 1908.
    """

    name = "hierarchy_severity"
    title = "Severity by hierarchy"
    needs = frozenset({"flags", "hierarchy"})

    @staticmethod
    def measure(
        facts: DatasetFacts, detection: Detection | None, earlier: Mapping[str, Any]
    ) -> Measurement:
        assert detection is not None
        assert facts.hierarchy is not None
        tree = facts.hierarchy
        pairs = np.array(detection.flagged_pairs, dtype=np.int64).reshape(-1, 3)
        given, suggested, counts = pairs.T
        distances = tree.distances(given, suggested)
        parents = np.array(tree.parents, dtype=np.int64)
        inside = parents[given] == parents[suggested]
        n_suspects, n_inside = int(counts.sum()), int(counts[inside].sum())
        value = float(counts @ distances / n_suspects) if n_suspects else None
        counted = detection.top is None
        interval, kind = mean_interval(distances, counts, counted)
        share = n_inside / n_suspects if n_suspects else None
        share_interval = jeffreys(n_inside, n_suspects) if n_suspects and counted else None
        height = tree.paths().shape[1]
        chance = chance_distance(tree, facts.class_counts)
        return Measurement(
            name=HierarchySeverity.name,
            title=HierarchySeverity.title,
            value=value,
            unit="levels from the given to the suggested label, mean over suspects",
            interval=interval,
            interval_kind=kind,
            range=(0.0, float(height)),
            better="lower",
            details={
                "n_suspects": n_suspects,
                "n_groups": len(tree.groups),
                "height": height,
                "chance_distance": chance,
                "n_inside_parent": n_inside,
                "share_inside_parent": share,
                "inside_low": share_interval[0] if share_interval else None,
                "inside_high": share_interval[1] if share_interval else None,
                "error_rate": n_suspects / max(facts.n_examples, 1),
                "coarse_error_rate": (n_suspects - n_inside) / max(facts.n_examples, 1),
                "levels": _levels(tree, given, suggested, counts, facts.n_examples),
            },
            per_class=_per_class(facts.n_classes, given, counts, distances, inside),
            source="Bertinetto et al. 2020; Roberts et al. 2023",
            alerts=_alerts(tree, n_suspects, n_inside, interval, chance),
        )


def mean_interval(
    distances: Floats, counts: npt.NDArray[np.int64], counted: bool
) -> tuple[tuple[float, float] | None, str]:
    """Return Student's 95 % interval of a mean of values that occur so often, or why none.

    `counted` says whether the sample of rows decides how many there are, not a budget.
    """
    from scipy.special import stdtrit

    n = int(counts.sum())
    if not counted:
        return None, "none: a budget decides how many are flagged"
    if n < FEW_SUSPECTS:
        return None, f"none: fewer than {FEW_SUSPECTS} suspects"
    if distances.min() == distances.max():
        return None, "none: all suspects are at one distance"
    mean = float(counts @ distances) / n
    spread = float(counts @ (distances - mean) ** 2) / (n - 1)
    half = float(stdtrit(n - 1, 0.975)) * (spread / n) ** 0.5
    low, high = max(mean - half, float(distances.min())), min(mean + half, float(distances.max()))
    return (low, high), "95 %, Student, of the mean over suspects; not of the error rate"


def chance_distance(tree: Hierarchy, class_counts: tuple[int, ...]) -> float | None:
    """Return the mean tree distance of two random labels of different classes."""
    counts = np.array(class_counts, dtype=np.float64)
    share = counts / max(counts.sum(), 1)
    differing = 1 - float((share**2).sum())
    if differing <= 0:
        return None
    paths = tree.paths()
    classes, levels = np.nonzero(paths >= 0)
    beneath = np.bincount(paths[classes, levels], weights=share[classes])
    # The mean over all pairs of half of d_j + d_k - 2 l_jk; a class and itself add nothing.
    return max((float((share * tree.depths()).sum()) - float((beneath**2).sum())) / differing, 0.0)


def _levels(
    tree: Hierarchy,
    given: npt.NDArray[np.int64],
    suggested: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    n_examples: int,
) -> list[dict[str, Any]]:
    paths, parted = tree.paths(), tree.shared(given, suggested)
    n_suspects = int(counts.sum())
    rows = []
    for level in range(1, paths.shape[1] + 1):
        # A class that lies higher stands for itself.
        depths = np.minimum(tree.depths(), level) - 1
        crossing = int(counts[parted < level].sum())
        rows.append(
            {
                "level": level,
                "nodes": len(np.unique(paths[np.arange(len(paths)), depths])),
                "crossing": crossing,
                "share_of_suspects": crossing / n_suspects if n_suspects else None,
                "share_of_labels": crossing / max(n_examples, 1),
            }
        )
    return rows


def _per_class(
    n_classes: int,
    given: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    distances: Floats,
    inside: npt.NDArray[np.bool_],
) -> dict[str, tuple[Any, ...]]:
    """Return of each class how far its suspects go: None where it has none."""
    flagged = np.bincount(given, weights=counts, minlength=n_classes).astype(np.int64)
    total = np.bincount(given, weights=counts * distances, minlength=n_classes)
    near = np.bincount(given, weights=counts * inside, minlength=n_classes)
    known = list(zip(flagged.tolist(), total.tolist(), near.tolist(), strict=True))
    return {
        "flagged": tuple(flagged.tolist()),
        "mean_distance": tuple(whole / n if n else None for n, whole, _ in known),
        "share_inside_parent": tuple(own / n if n else None for n, _, own in known),
    }


def _alerts(
    tree: Hierarchy,
    n_suspects: int,
    n_inside: int,
    interval: tuple[float, float] | None,
    chance: float | None,
) -> tuple[Alert, ...]:
    """Say that most suspects leave their parent; gravely, where they go as far as by chance."""
    parents = tree.parents[: tree.n_classes]
    if len(set(parents)) in (1, len(parents)):  # flat, or each class alone in its group
        return ()
    n_across = n_suspects - n_inside
    if n_suspects < FEW_SUSPECTS or jeffreys(n_across, n_suspects)[0] <= _MOST_ACROSS:
        return ()
    nearer = interval is not None and chance is not None and interval[1] < chance
    how = "yet nearer than by chance" if nearer else "and as far off as by chance"
    return (
        Alert(
            id="hierarchy_severity.across",
            severity="info" if nearer else "caution",
            module="statistics",
            scope="dataset",
            message=f"{n_across:,} of {n_suspects:,} suspects look like a class of another parent, "
            f"{how}",
            mitigation="Review those of the largest `tree_distance` first; where one pair of "
            "groups stands out, look at the tree, too.",
            value=n_across / n_suspects,
            threshold=_MOST_ACROSS,
            basis="more than half, by the lower end of the 95 % Jeffreys interval; the mean "
            "distance against that of two random labels: conventions of labelaudit",
        ),
    )
