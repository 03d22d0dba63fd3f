"""Many classes: those worth a look first, sizes as a curve, groups where there is a tree."""

from dataclasses import replace

import numpy as np
import pytest

from labelaudit.core.hierarchy import Hierarchy
from labelaudit.core.results import Audit
from labelaudit.report import render
from labelaudit.report.label import label_of
from tests.report.conftest import made_audit


def audit_of(n_classes: int, groups: int = 0, depth: int = 1) -> Audit:
    joint = np.diag(np.arange(20, 20 + n_classes))
    joint[0, 1], joint[n_classes - 1, 0] = 9, 4
    made = made_audit([f"c{k}" for k in range(n_classes)], joint.tolist())
    if not groups:
        return made
    above = [n_classes + k % groups for k in range(n_classes)]
    tree = Hierarchy(
        groups=tuple(f"g{k}" for k in range(groups)), parents=(*above, *([-1] * groups))
    )
    return replace(made, dataset=replace(made.dataset, hierarchy=tree))


@pytest.mark.parametrize(("n_classes", "titles"), [(30, [""]), (31, None), (400, None)])
def test_of_many_classes_the_ends_and_the_noisiest_are_shown(n_classes, titles):
    balance = label_of(audit_of(n_classes)).balance
    assert len(balance.classes) == n_classes
    if titles:
        assert [title for title, _ in balance.groups] == titles
        return
    largest, smallest, noisiest = (rows for _, rows in balance.groups)
    assert [row.n_labels for row in largest] == [row.n_labels for row in balance.classes[:10]]
    assert smallest == balance.classes[-10:]
    assert noisiest[0].name == "c0"
    assert all(row.flagged_share for row in noisiest)


def test_very_many_sizes_are_a_curve():
    assert label_of(audit_of(100)).balance.curve == ()
    curve = label_of(audit_of(101)).balance.curve
    assert len(curve) == 101
    assert list(curve) == sorted(curve, reverse=True)
    page = render(audit_of(101), "html")
    assert 'class="curve"' in page
    assert "Size, from 0" not in page


def test_the_shift_is_drawn_on_the_scale_that_is_printed():
    balance = label_of(audit_of(4)).balance
    shifts = [abs((row.n_estimated or 0) - row.n_labels) for row in balance.classes]
    assert balance.shift_axis == max(shifts) > 0


@pytest.mark.parametrize(("n_classes", "groups", "drawn"), [(40, 4, 4), (40, 31, 0), (30, 4, 0)])
def test_groups_have_a_matrix_where_classes_are_too_many(n_classes, groups, drawn):
    audit = audit_of(n_classes, groups)
    confusions = label_of(audit).confusions
    if not drawn:
        assert not confusions.is_grouped
        return
    assert confusions.is_grouped
    assert confusions.names == tuple(f"g{k}" for k in range(drawn))
    counts = np.array([row.counts for row in confusions.matrix])
    assert audit.detection is not None
    joint = np.asarray(audit.detection.confident_joint)
    assert counts.sum() == joint.sum()
    assert counts[0, 0] == joint[np.ix_(range(0, 40, 4), range(0, 40, 4))].sum()
    assert counts[0, 1] == 9
    assert "the group of the given label" in render(audit, "html")


def test_of_a_deep_tree_the_lowest_level_that_fits_is_drawn():
    # 64 classes in 32 groups of two, in 4, in 1
    low = [64 + 5 + k // 2 for k in range(64)]
    groups = ("all", *(f"m{k}" for k in range(4)), *(f"l{k}" for k in range(32)))
    parents = (*low, -1, *([64] * 4), *(65 + k // 8 for k in range(32)))
    tree = Hierarchy(groups=groups, parents=parents)
    assert set(tree.above(32).tolist()) == set(range(69, 101))
    assert set(tree.above(31).tolist()) == set(range(65, 69))
    assert set(tree.above(3).tolist()) == {64}


def test_a_class_outside_of_every_group_is_named_as_such():
    audit = audit_of(40, 4)
    tree = audit.dataset.hierarchy
    assert tree is not None
    loose = replace(tree, parents=(-1, *tree.parents[1:]))
    made = replace(audit, dataset=replace(audit.dataset, hierarchy=loose))
    assert label_of(made).confusions.names == ("in no group", "g0", "g1", "g2", "g3")
