"""Two audits compared: rows by id, suspects, and figures against their intervals."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit import audit
from labelaudit.core.difference import difference_of
from labelaudit.core.results import Measurement
from tests.made import noisy

N = 300


def made(labels, probabilities, ids, rows=slice(None)):
    names = [f"class {k}" for k in range(probabilities.shape[1])]
    return audit(
        labels[rows], pred_probs=probabilities[rows], class_names=names,
        ids=[ids[row] for row in np.arange(len(labels))[rows]],
    )  # fmt: skip


@pytest.fixture(scope="module")
def data():
    labels, probabilities = noisy(N, 4)
    return labels, probabilities, [f"id {row}" for row in range(N)]


def flagged(one):
    frame = one.to_frame()
    return dict(
        zip(frame["id"], zip(frame["given_label"], frame["is_flagged"], strict=True), strict=True)
    )


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), left=st.integers(0, 40), changed=st.integers(0, 40))
def test_rows_and_suspects_are_those_of_a_plain_comparison(data, seed, left, changed):
    labels, probabilities, ids = data
    rng = np.random.default_rng(seed)
    order = rng.permutation(N)
    later = labels.copy()
    at = rng.choice(N, changed, replace=False)
    later[at] = (later[at] + 1) % 4
    old = made(labels, probabilities, ids, np.sort(order[left:]))
    new = made(later, probabilities, ids, order[: N - left])
    found = difference_of(old, new).rows
    before, after = flagged(old), flagged(new)
    both = before.keys() & after.keys()
    assert found.by_ids
    assert (found.n_kept, found.n_added, found.n_removed) == (
        len(both), len(after.keys() - both), len(before.keys() - both),
    )  # fmt: skip
    moved = {name for name in both if before[name][0] != after[name][0]}
    assert found.n_relabelled == len(moved)
    was, now = ({name for name, (_, flag) in one.items() if flag} for one in (before, after))
    assert {one.id for one in found.new} == now - was
    assert {one.id for one in found.gone} == was - now
    assert found.n_persisting == len(was & now)
    assert {one.id for one in found.worsened} == (now - was) & moved
    assert (found.mended, found.doubtful) == (len((was - now) & moved), len(was & now & moved))
    for one in (*found.new, *found.gone):
        state = "added" if one.id not in before else "removed" if one.id not in after else None
        assert one.state == (state or ("relabelled" if one.id in moved else "as it was"))
        assert one.old_label == (before[one.id][0] if one.id in before else None)
        assert one.new_label == (after[one.id][0] if one.id in after else None)


def test_a_shuffled_dataset_is_the_same(data):
    labels, probabilities, ids = data
    order = np.random.default_rng(3).permutation(N)
    found = difference_of(made(*data), made(labels, probabilities, ids, order))
    assert (found.rows.n_kept, found.rows.n_relabelled) == (N, 0)
    assert found.rows.new == found.rows.gone == ()
    assert not found.moved


def test_an_id_that_comes_twice_is_two_rows(data):
    labels, probabilities, _ = data
    ids = [f"id {row // 2}" for row in range(N)]
    old = replace(made(labels, probabilities, [str(k) for k in range(N)]))
    columns = dict(old.scores) | {"id": np.array(ids, dtype=object)}
    twice = replace(old, scores=columns)
    found = difference_of(twice, twice).rows
    assert (found.n_kept, found.n_added, found.n_removed, len(found.new)) == (N, 0, 0, 0)


def test_rows_without_ids_are_known_by_number(data):
    labels, probabilities, _ = data
    one = made(labels, probabilities, [str(row) for row in range(N)])
    assert not difference_of(one, one).rows.by_ids


@pytest.mark.parametrize(
    ("old", "new", "better", "verdict"),
    [
        ((0.5, (0.4, 0.6)), (0.5, (0.3, 0.7)), "lower", "same"),
        ((0.5, (0.4, 0.6)), (0.55, (0.5, 0.6)), "lower", "within"),
        ((0.5, (0.4, 0.6)), (0.7, (0.61, 0.8)), "lower", "worse"),
        ((0.5, (0.4, 0.6)), (0.7, (0.61, 0.8)), "higher", "better"),
        ((0.5, (0.4, 0.6)), (0.3, (0.2, 0.39)), "higher", "worse"),
        ((0.5, (0.4, 0.6)), (0.3, (0.2, 0.39)), "neither", "moved"),
        ((0.5, None), (0.3, (0.2, 0.39)), "lower", "no interval"),
        ((0.5, (0.4, float("inf"))), (0.3, (0.2, 0.39)), "lower", "no interval"),
    ],
)
def test_a_figure_has_moved_where_the_intervals_do_not_overlap(data, old, new, better, verdict):
    base = replace(made(*data), detection=None)
    sides = [
        replace(
            base,
            measurements=(
                Measurement(
                    name="m", title="M", value=value, unit="u", interval=interval, better=better
                ),
            ),
        )
        for value, interval in (old, new)
    ]
    found = difference_of(*sides)
    assert [one.verdict for one in found.measures] == [verdict]
    assert bool(found.moved) == (verdict in ("worse", "better", "moved"))
