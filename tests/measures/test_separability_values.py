"""The check values of the measures of separability, to their printed digits."""

import numpy as np
import pytest

import labelaudit
from labelaudit.engine.neighbours import nearest
from labelaudit.measures.icnn import Terms
from labelaudit.measures.n1_borderline import spanning_tree
from labelaudit.measures.separability import distances_among

POINTS = np.array([[0, 0], [0, 1], [1, 0], [2, 2], [5, 5], [5, 6], [6, 5], [2.5, 2]], dtype=float)
LABELS = [0, 0, 0, 0, 1, 1, 1, 1]
SIX = np.array([[0, 0], [0, 1], [1, 0], [5, 5], [5, 6], [6, 5]], dtype=float)


@pytest.fixture(scope="module")
def made():
    audit = labelaudit.audit(LABELS, embeddings=POINTS)
    return {measured.name: measured for measured in audit.measurements}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fisher_ratio", 0.239113),
        ("directional_fisher", 0.072148),
        ("n1_borderline", 0.25),
        ("n2_nearness", 0.339348),
        ("nearest_neighbour_error", 0.25),
        ("thornton_index", 0.75),
        ("silhouette", 0.504939),
        ("davies_bouldin", 0.525039),
        ("calinski_harabasz", 16.469027),
    ],
)
def test_the_toy_set(made, name, value):
    assert made[name].value == pytest.approx(value, abs=5e-7)


def test_the_best_column_of_the_toy_set(made):
    details = made["fisher_ratio"].details
    assert details["best_column"] == 0
    assert details["largest_ratio"] == pytest.approx(3.18212, abs=5e-6)


def test_the_rows_at_the_border_are_3_and_7(made):
    assert made["n1_borderline"].details["crossing_edges"] == 1
    edges = spanning_tree(distances_among(POINTS))
    assert [3, 7] in np.sort(edges, axis=1).tolist()


@pytest.mark.parametrize(
    ("labels", "k", "expected"),
    [
        ([0, 0, 0, 1, 1, 1], 2, (0.80474, 0.87039, 1, 0.89171, 0.90237)),
        ([0, 0, 0, 1, 1, 1], 3, (0.99190, 0.87392, 0.81650, 0.89411, 0.90420)),
        ([0, 0, 1, 1, 1, 0], 2, (0.80474, 0.87039, 0.47140, 0.71551, 0.63807)),
    ],
)
def test_icnn(labels, k, expected):
    codes = np.array(labels)
    found = nearest(SIX, k)
    terms = Terms(found.distances, codes[found.rows] == codes[:, None])
    near, own = float(terms.near.mean()), float(terms.own.mean())
    figures = (near, terms.omega(), own, terms.score(), (near + own) / 2)
    assert figures == pytest.approx(expected, abs=5.1e-6)


def test_icnn_of_no_more_rows_than_neighbours_takes_three():
    audit = labelaudit.audit([0, 0, 1, 1, 1], embeddings=SIX[:5])
    assert audit.measurement("icnn").details["k"] == 3
    audit = labelaudit.audit([0, 0, 0, 1, 1, 1], embeddings=SIX)
    assert audit.measurement("icnn").details["k"] == 5


def test_pairs_and_classes_of_three():
    # Two classes side by side, and one far away from both.
    points = np.array([[0, 0], [0, 2], [1, 0], [1, 2], [90, 0], [90, 2]], dtype=float)
    audit = labelaudit.audit(["a", "a", "b", "b", "c", "c"], embeddings=points)
    nearest_error = audit.measurement("nearest_neighbour_error")
    assert nearest_error.per_class["error"] == (1, 1, 0)
    assert nearest_error.details["worst_pairs"] == [
        {"class": "a", "other": "b", "rows": 2, "share": 1.0},
        {"class": "b", "other": "a", "rows": 2, "share": 1.0},
    ]
    for name in ("fisher_ratio", "n2_nearness", "davies_bouldin", "calinski_harabasz"):
        pairs = audit.measurement(name).details["worst_pairs"]
        assert len(pairs) == 3, name
        assert (pairs[0]["class"], pairs[0]["other"]) == ("a", "b"), name
    nearness = audit.measurement("n2_nearness")
    assert nearness.per_class["n2"] == pytest.approx((2 / 3, 2 / 3, 2 / (2 + 89)))
    assert nearness.details["worst_pairs"][0]["n2"] == pytest.approx(2 / 3)
    # Between a and b: means 1 apart, 1 from them within; widths 1 and 1.
    assert audit.measurement("davies_bouldin").per_class["worst_ratio"] == pytest.approx(
        (2, 2, 2 / 89)
    )
    crossed = audit.measurement("n1_borderline").details["worst_pairs"]
    assert {(pair["class"], pair["other"]): pair["edges"] for pair in crossed} == {
        ("a", "b"): 2,
        ("b", "c"): 1,
    }
