"""The evidence on each suspect: what every signal says, who agrees, and one plain sentence.

Columns beside those of the finding itself, one value a suspect; made of the few rows that are
flagged, a block at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from labelaudit.core.arrow import array_of
from labelaudit.core.coded import Coded, Column, Grouped
from labelaudit.core.dataset import Dataset
from labelaudit.core.listed import in_full
from labelaudit.core.matrix import Matrix, cache_rows
from labelaudit.core.rows import Array
from labelaudit.core.text import printable, probability
from labelaudit.core.texts import Texts
from labelaudit.detect.following import NO_CLASS, next_class
from labelaudit.detect.signals import SIGNALS
from labelaudit.detect.thresholds import TOLERANCE
from labelaudit.detect.tree import TreeCosts
from labelaudit.engine.passes import Columns

_BLOCK = 1 << 16
FEW_LABELS = 10  # a class of fewer is not assessable
# A name, the rows in which it speaks against the label, and those in which it can tell (None: all).
Voice = tuple[str, npt.NDArray[np.bool_], npt.NDArray[np.bool_] | None]
# A signal that is a share speaks against the label above this.
_HALF = 0.5
# Signals that rise with suspicion; the others fall.
RISING = frozenset({"noise_posterior", "knn_disagreement"})


def noise_posterior(
    full: Any, labels: npt.NDArray[np.int32], noise_matrix: Any
) -> npt.NDArray[np.float64]:
    """The chance that a label is wrong, from the prediction and the estimated noise matrix.

    P(true is not y | p, given y) = 1 - T[y, y] p_y / sum over k of T[y, k] p_k, with T the noise
    matrix P(given | true): Bayes' rule where p is the prediction and the given label depends on
    the true class alone. The matrix is the model's own estimate, and so is this.

    Range 0 (surely right) to 1 (surely wrong). No number, not assessable, where no other class is
    ever given this label by that estimate, or the class has fewer than 10 labels.
    Source: ours, after Northcutt, Jiang and Chuang, JAIR 2021, section 3.2.

    Parameters
    ----------
    full : float[n, K], all probabilities of the rows.
    labels : int32[n]
    noise_matrix : float64[K, K] as [given, true], sparse where classes are many.
    """
    rows = np.arange(len(labels))
    if isinstance(noise_matrix, np.ndarray):
        own = noise_matrix[labels, labels]
        total = (noise_matrix[labels] * full).sum(axis=1)
    else:
        own = np.asarray(noise_matrix.diagonal())[labels]
        total = np.asarray(noise_matrix[labels].multiply(full).sum(axis=1)).reshape(-1)
    kept = own * full[rows, labels].astype(np.float64)
    return np.where(total > 0, 1 - np.minimum(kept / np.where(total > 0, total, 1), 1), 1.0)


def evidence_of(
    dataset: Dataset,
    flagged: Columns,
    thresholds: npt.NDArray[np.float64],
    noise_matrix: Any,
    embedded: Mapping[str, Column] | None = None,
    sampled: bool = False,
) -> dict[str, Column]:
    """Return the columns of evidence on the flagged rows, in their order.

    `flagged` are the columns of detection (`position`, `given`, `other`, ...), ranked; `embedded`
    what is known of the same rows from their neighbours, where there are embeddings; these are
    `sampled` where they were looked for among some rows only.
    """
    given, other = flagged["given"], flagged["other"]
    in_blocks = partial(_in_blocks, flagged["position"], dataset.n_classes)
    assert dataset.probabilities is not None

    def of_block(full: Array, at: npt.NDArray[np.int64]) -> Array:
        following = next_class(full, given[at], other[at])
        return np.column_stack([noise_posterior(full, given[at], noise_matrix), *following])

    posterior, next_code, next_probability = in_blocks(dataset.probabilities, of_block).T.copy()
    posterior[~_assessable(dataset, noise_matrix)[given]] = np.nan
    blank = next_code == NO_CLASS
    next_code[blank] = dataset.n_classes
    columns: dict[str, Column] = {
        "next_label": Coded(distinct=(*dataset.class_names, ""), codes=next_code.astype(np.int32)),
        "next_probability": next_probability,
        "noise_posterior": posterior,
        **(embedded or {}),
    }
    # Who speaks against the label; who cannot tell is in neither list.
    voices: list[Voice] = [
        ("threshold", flagged["other_probability"] >= thresholds[other] - TOLERANCE, None),
        ("noise posterior", posterior > _HALF, ~np.isnan(posterior)),
    ]
    near = columns.get("neighbour_labels")
    if isinstance(near, Grouped):
        votes = _codes(near)
        same = (votes == other[:, None]).mean(axis=1)
        voices.append(("neighbours", same > _HALF, votes[:, 0] < dataset.n_classes))
    if dataset.models:
        said, sure = _votes(dataset, given, in_blocks)
        labels = Coded(distinct=dataset.class_names, codes=said.reshape(-1))
        columns["model_labels"] = Grouped(values=labels, width=len(dataset.models))
        columns["model_given_probabilities"] = Grouped(
            values=sure.reshape(-1), width=len(dataset.models)
        )
        for number, (model, own) in enumerate(zip(dataset.models, said.T, strict=True), start=1):
            name = f"model {number} {printable(model.file.replace(',', ' '), 60)}"
            voices.append((name, own != given, None))
    columns |= _agreement(voices)
    if dataset.hierarchy is not None:
        costs = TreeCosts(dataset.hierarchy)
        least = in_blocks(dataset.probabilities, lambda full, at: costs.least(full))
        columns["tree_suggested_label"] = Coded(distinct=dataset.class_names, codes=least)
        columns["tree_distance"] = dataset.hierarchy.distances(given, other)
    by_row = np.argsort(flagged["position"], kind="stable")
    for name in (*SIGNALS, "noise_posterior", "knn_disagreement", "gaussian_posterior"):
        if name in flagged or name in columns:
            values = columns.get(name, flagged.get(name))
            columns[f"{name}_rank"] = _ranks(np.asarray(values), by_row, name in RISING)
    columns["evidence"] = sentences(
        dataset.class_names, flagged, thresholds, columns, "sampled" if sampled else "nearest"
    )
    return columns


def _in_blocks(
    positions: npt.NDArray[np.int64],
    n_classes: int,
    matrix: Matrix,
    of_block: Callable[[Any, npt.NDArray[np.int64]], Array],
) -> Array:
    """Return what a function makes of the full rows at `positions`, read a block at a time.

    The function is told which of the positions the rows of a block are.
    """
    order = np.argsort(positions, kind="stable")  # a file is read forward
    step = cache_rows(n_classes)
    pieces = []
    for start in range(0, max(len(order), 1), step):
        at = order[start : start + step]
        rows = positions[at]
        pieces.append(of_block(in_full(matrix.take(rows)), at))
        if len(rows):
            matrix.release(int(rows[0]), int(rows[-1]) + 1)
    made = np.concatenate(pieces)
    back = np.empty_like(made)
    back[order] = made
    return back


def _votes(
    dataset: Dataset, given: npt.NDArray[np.int32], in_blocks: Callable[..., Array]
) -> tuple[npt.NDArray[np.int32], Array]:
    """Return each model's most probable class int32[n, M] and its P[given] float64[n, M]."""

    def of_block(full: Array, at: npt.NDArray[np.int64]) -> Array:
        own = full[np.arange(len(at)), given[at]]
        return np.column_stack([full.argmax(axis=1), own.astype(np.float64)])

    found = [in_blocks(model.matrix, of_block) for model in dataset.models]
    said = np.column_stack([one[:, 0] for one in found]).astype(np.int32)
    return said, np.column_stack([one[:, 1] for one in found])


def _assessable(dataset: Dataset, noise_matrix: Any) -> npt.NDArray[np.bool_]:
    """Say of each class whether a label of it could be wrong, by the estimated noise matrix."""
    counts = np.bincount(dataset.labels, minlength=dataset.n_classes)
    elsewhere = np.asarray(noise_matrix.sum(axis=1)) - np.asarray(noise_matrix.diagonal())
    return np.asarray((counts >= FEW_LABELS) & (elsewhere > 0))


def _codes(grouped: Grouped) -> npt.NDArray[np.int32]:
    assert isinstance(grouped.values, Coded)
    return grouped.values.codes.reshape(-1, grouped.width)


def _agreement(voices: Sequence[Voice]) -> dict[str, Column]:
    """Return which voices speak against the label, and which do not: names between commas."""
    n_rows = len(voices[0][1])
    codes = np.zeros(n_rows, dtype=np.int64)
    for _, against, tells in voices:
        spoken = np.ones(n_rows, dtype=np.int64) if tells is None else tells.astype(np.int64)
        codes = codes * 3 + np.where(spoken == 1, np.where(against, 2, 1), 0)
    distinct, own = np.unique(codes, return_inverse=True)

    def told(code: int, wanted: int) -> str:
        digits = [code // 3**place % 3 for place in reversed(range(len(voices)))]
        names = [name for (name, *_), digit in zip(voices, digits, strict=True) if digit == wanted]
        return ", ".join(names) or "none"

    return {
        column: Coded(
            distinct=tuple(told(code, wanted) for code in distinct.tolist()),
            codes=own.astype(np.int32),
        )
        for column, wanted in (("agree", 2), ("dissent", 1))
    }


def _ranks(values: Array, by_row: npt.NDArray[np.int64], rising: bool) -> npt.NDArray[np.int32]:
    """Return the rank of each suspect by a signal, 1 the most suspicious, ties by row number.

    `by_row` is the order of the suspects by row number. What is no number has rank 0: none.
    """
    keys = values[by_row]
    order = by_row[np.argsort(-keys if rising else keys, kind="stable")]
    ranks = np.empty(len(values), dtype=np.int32)
    ranks[order] = np.arange(1, len(values) + 1)
    ranks[np.isnan(values)] = 0
    return ranks


def sentences(
    names: tuple[str, ...],
    flagged: Columns,
    thresholds: npt.NDArray[np.float64],
    columns: Mapping[str, Column],
    which: str = "nearest",
) -> Texts:
    """Say in one plain sentence what speaks against each label.

    `which` neighbours these are: the nearest of all rows, or of those in a sample.
    """
    shown = tuple(f"`{printable(name, 60)}`" for name in names)
    given = Coded(distinct=shown, codes=flagged["given"])
    other = Coded(distinct=shown, codes=flagged["other"])
    bars = tuple(
        f"its threshold for {name} is {probability(bar)}"
        if bar <= 1
        else f"it has no threshold for {name}: no example"
        for name, bar in zip(shown, thresholds.tolist(), strict=True)
    )
    parts: list[str | Coded] = [
        "model gives ",
        other,
        " ",
        _probabilities(flagged["other_probability"]),
        " and ",
        given,
        " ",
        _probabilities(flagged["self_confidence"]),
        "; ",
        Coded(distinct=bars, codes=flagged["other"]),
    ]
    labels = columns.get("neighbour_labels")
    if isinstance(labels, Grouped) and isinstance(labels.values, Coded):
        near = _codes(labels)
        same = (near == flagged["other"][:, None]).sum(axis=1)
        who = f"of {labels.width} {which} neighbours are"
        told = [f"; {k} {who} " for k in range(labels.width + 1)]
        unknown = near[:, 0] >= len(names)  # a row that was not looked at
        codes = np.where(unknown, len(told), same).astype(np.int32)
        parts.append(Coded(distinct=(*told, ""), codes=codes))
        codes = np.where(unknown, len(shown), flagged["other"]).astype(np.int32)
        parts.append(Coded(distinct=(*shown, ""), codes=codes))
    said = columns.get("model_labels")
    if isinstance(said, Grouped) and isinstance(said.values, Coded):
        votes = said.values.codes.reshape(-1, said.width)
        same = (votes == flagged["other"][:, None]).sum(axis=1)
        votes_told = tuple(f"; {k} of {said.width} models say " for k in range(said.width + 1))
        parts += [Coded(distinct=votes_told, codes=same.astype(np.int32)), other]
    return _joined(parts, len(flagged["given"]))


def _probabilities(values: Array) -> Coded:
    """Return probabilities as `probability` writes them: to two decimals there are few."""
    wide = values.astype(np.float64)
    steps = np.rint(np.clip(wide, 0, 1) * 100).astype(np.int32)
    steps[(wide > 0) & (wide < 0.005)] = 101
    steps[(wide >= 0.995) & (wide < 1)] = 102
    told = [probability(step / 100) for step in range(101)]
    told += [probability(0.001), probability(0.999)]
    # Which way a half goes depends on the last bit: few values are so near to one.
    halves = np.flatnonzero(np.abs(wide * 100 % 1 - 0.5) < 1e-6)
    distinct, own = np.unique(wide[halves], return_inverse=True)
    steps[halves] = len(told) + own
    return Coded(distinct=(*told, *map(probability, distinct.tolist())), codes=steps)


def _joined(parts: list[str | Coded], n_rows: int) -> Texts:
    """Return the parts of each row put together by Arrow, a block of rows at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc

    blocks = []
    for start in range(0, n_rows, _BLOCK):
        rows = slice(start, min(start + _BLOCK, n_rows))
        same = np.zeros(rows.stop - rows.start, dtype=np.int32)
        columns = [
            Coded(distinct=(part,), codes=same) if isinstance(part, str) else part[rows]
            for part in (*parts, "")
        ]
        arrays = [array_of(column).dictionary_decode() for column in columns]
        blocks.append(pc.binary_join_element_wise(*arrays))
    if not blocks:
        return Texts.of([])
    return Texts.of_arrow(pa.concat_arrays(blocks))
