"""Figures of slices: by hand, against scipy and simulation, the ends of their ranges, alerts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, fisher_exact
from scipy.stats.contingency import association

from labelaudit.auditing import audit, run
from labelaudit.core.results import Measurement, Skipped
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.measures import known_measures
from labelaudit.measures.homogeneity import chance_of, fisher, holm, share_ratio
from labelaudit.measures.slice_balance import cramers_v
from labelaudit.measures.slice_suspects import alerts_of, column_suspects
from labelaudit.testing import check_laws
from tests.made import noisy

BOTH = ("slice_balance", "slice_suspects")


def measured(labels, probabilities, by, **options):
    made = dataset_from_memory(labels, probabilities, by=by)
    found = run(begin(made), Options(measures=BOTH, **options))
    return found, *(found.measurement(name) for name in BOTH)


def column_of(measurement, name):
    (own,) = (one for one in measurement.details["columns"] if one["column"] == name)
    return own, {value["value"]: value for value in own["values"]}


def table_of(first, second):
    table = np.zeros((first.max() + 1, second.max() + 1), dtype=np.int64)
    np.add.at(table, (first, second), 1)
    return table


def chi_square(table):
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    fair = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    return float(((table - fair) ** 2 / fair).sum())


# Homogeneity -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "classes"),
    [((40, 41, 19), (0.5, 0.3, 0.2)), ((5, 200), (0.9, 0.1)), ((30, 70), (0.02,) * 50)],
)
def test_chance_is_that_of_permuting(groups, classes):
    generator = np.random.default_rng(0)
    first = np.repeat(np.arange(len(groups)), groups)
    second = generator.choice(len(classes), len(first), p=classes)
    table = table_of(first, second)
    found = np.array(
        [chi_square(table_of(first, generator.permutation(second))) for _ in range(2_000)]
    )
    for level in (0.5, 0.9, 0.97):
        statistic = float(np.quantile(found, level))
        told = chance_of(statistic, table.sum(axis=1), table.sum(axis=0))
        more = np.mean(found > statistic + 1e-9)
        equal = np.mean(np.abs(found - statistic) < 1e-9)
        # Of a table of few values it is about the mid p-value: what is equal counts half.
        assert told == pytest.approx(more + equal / 2, abs=0.015 if equal < 0.1 else 0.06)


def test_chance_is_near_the_chi_square_distribution_where_counts_are_large():
    table = np.array([[400, 500, 300], [450, 480, 370]])
    expected = chi2_contingency(table)
    told = chance_of(float(expected.statistic), table.sum(axis=1), table.sum(axis=0))
    assert told == pytest.approx(expected.pvalue, rel=0.02)


def test_nothing_to_compare_has_no_chance():
    assert chance_of(0.0, np.array([5, 0]), np.array([2, 3])) is None
    assert chance_of(0.0, np.array([2, 3]), np.array([5])) is None


def test_holm_by_hand():
    assert holm([0.01, None, 0.04, 0.03]) == pytest.approx([0.03, None, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_ratio_has_the_value_worked_out_by_hand():
    ratio, low, high = share_ratio(10, 100, 20, 400)
    assert ratio == pytest.approx((10.5 / 100.5) / (20.5 / 400.5))
    spread = 1.959964 * np.sqrt(1 / 10.5 - 1 / 100.5 + 1 / 20.5 - 1 / 400.5)
    assert (np.log(ratio / low), np.log(high / ratio)) == pytest.approx((spread, spread))
    assert share_ratio(0, 0, 1, 2) is None


@pytest.mark.parametrize(("share", "n"), [(0.05, 40), (0.3, 30), (0.02, 300)])
def test_the_interval_of_a_ratio_covers_it(share, n):
    generator = np.random.default_rng(1)
    inside = 0
    for _ in range(1_500):
        k, other = generator.binomial(n, share), generator.binomial(2_000, share / 2)
        low, high = share_ratio(int(k), n, int(other), 2_000)[1:]
        inside += low <= 2 <= high
    assert inside / 1_500 > 0.925


@given(n=st.integers(1, 50), m=st.integers(1, 50), data=st.data())
def test_a_ratio_lies_in_its_interval_and_turns_over(n, m, data):
    k, other = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    ratio, low, high = share_ratio(k, n, other, m)
    assert 0 < low <= ratio <= high < np.inf
    back = share_ratio(other, m, k, n)
    assert back[0] == pytest.approx(1 / ratio)
    assert back[1] == pytest.approx(1 / high)


# Balance -----------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_balance_is_that_of_scipy(seed):
    generator = np.random.default_rng(seed)
    n, k, groups = (int(number) for number in generator.integers((20, 2, 2), (300, 7, 6)))
    labels = generator.integers(0, k, n)
    slices = generator.integers(0, groups, n)
    blank = generator.random(n) < 0.1
    texts = [None if empty else f"s{code}" for empty, code in zip(blank, slices, strict=True)]
    made = dataset_from_memory(labels, by={"source": texts})
    found = run(begin(made), Options(measures=("slice_balance",))).measurement("slice_balance")
    own, values = column_of(found, "source")
    table = table_of(slices[~blank], labels[~blank])
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    assert own["blank"] == blank.sum()
    assert own["chi_square"] == pytest.approx(chi_square(table), abs=1e-9)
    raw = association(table, method="cramer")
    corrected = cramers_v(own["chi_square"], int(table.sum()), *table.shape)
    assert own["cramers_v"] == corrected <= raw + 0.05
    for row, one in zip(table, values.values(), strict=True):
        rest = table.sum(axis=0) - row
        distance = np.abs(row / row.sum() - rest / rest.sum()).sum() / 2
        assert one["distance"] == pytest.approx(distance)
        assert one["rows"] == row.sum()
        assert one["imbalance_ratio"] == row.max() / row[row > 0].min()
        assert one["absent_classes"] == (row == 0).sum()
        two = np.array([row, rest])
        told = chance_of(chi_square(two), two.sum(axis=1), two.sum(axis=0))
        assert one["chance"] == pytest.approx(told, rel=1e-6)


def test_a_slice_that_tells_the_class_is_1_and_one_that_does_not_is_0():
    labels = np.repeat([0, 1], 50)
    _, told, _ = measured(labels, np.full((100, 2), 0.5), {"x": ["ab"[v] for v in labels]})
    assert told.value == 1.0
    _, even, _ = measured(labels, np.full((100, 2), 0.5), {"x": list("ab" * 50)})
    assert even.value == 0.0
    own, values = column_of(even, "x")
    assert values["a"]["distance"] == 0
    assert values["a"]["differs_most"] == []
    assert values["a"]["evenness"] == pytest.approx(1)
    assert own["chance"] == pytest.approx(1)


def test_what_differs_most_is_named():
    labels = ["a"] * 60 + ["b"] * 40
    source = ["x"] * 55 + ["y"] * 45
    found = audit(labels, by={"source": source}).measurement("slice_balance")
    _, values = column_of(found, "source")
    assert values["x"]["absent_classes"] == 1
    assert values["x"]["lacking"] == ["b"]
    first = values["y"]["differs_most"][0]
    assert (first["class"], first["share"], first["rest"]) == ("a", 5 / 45, 1.0)


def test_one_value_has_nothing_to_compare():
    found = audit(["a", "b", "a"], by={"source": ["x"] * 3}).measurement("slice_balance")
    assert found.value is None
    assert found.interval_kind.startswith("none: no column has two values")
    _, values = column_of(found, "source")
    assert values["x"]["distance"] is None


def test_alerts_name_tiny_slices_and_lacking_classes():
    labels = ["a", "b"] * 100 + ["a"] * 20 + ["b"] * 60
    source = ["x"] * 200 + ["y"] * 20 + ["z"] * 60
    found = audit(labels, by={"source": source}).measurement("slice_balance")
    alerts = {alert.id: alert for alert in found.alerts}
    assert alerts["slice_balance.tiny"].value == 20
    assert alerts["slice_balance.tiny"].message.endswith("slices by `source`: y")
    lacking = alerts["slice_balance.lacking_classes"]
    assert lacking.message == "2 of 3 slices by `source` lack classes; most 'y': b"
    assert all(alert.basis and alert.mitigation and alert.use_cases for alert in found.alerts)


def test_a_class_that_chance_leaves_out_is_no_alert():
    labels = ["a"] * 300 + ["b"] * 20
    source = ["x"] * 50 + ["y"] * 270  # of b chance would put 3 into x
    found = audit(labels, by={"source": source}).measurement("slice_balance")
    assert not found.alerts
    assert column_of(found, "source")[1]["x"]["absent_classes"] == 1


def test_a_thousand_values_and_classes():
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 1_000, 20_000)
    by = {"x": generator.integers(0, 1_000, 20_000)}
    found = audit(labels, by=by).measurement("slice_balance")
    assert len(column_of(found, "x")[1]) == 1_000
    assert found.value < 0.05


# Suspects ----------------------------------------------------------------------------------


def worse(seed=0, n=1_200, noise=0.3):
    """Return labels of which one source in three is noisy, and its name for each row."""
    labels, probabilities = noisy(n, 4, noise=0.02, seed=seed, sharpness=6.0)
    generator = np.random.default_rng(seed)
    source = np.array(["web", "lab", "crowd"])[generator.integers(0, 3, n)]
    wrong = (source == "crowd") & (generator.random(n) < noise)
    return np.where(wrong, (labels + 1) % 4, labels), probabilities, source


def test_suspects_are_counted_by_slice_and_carried_by_the_findings():
    labels, probabilities, source = worse()
    found, _, suspects = measured(labels, probabilities, {"source": source.tolist()})
    _, values = column_of(suspects, "source")
    rows = np.asarray(found.findings.columns["row"])
    assert found.findings.columns["by_source"].tolist() == source[rows].tolist()
    assert found.findings[0].evidence["by_source"] == source[rows[0]]
    for name, one in values.items():
        assert one["flagged"] == (source[rows] == name).sum()
        assert one["rows"] == (source == name).sum()
    assert sum(found.detection.flagged_by_slice["source"]) == len(rows)


def test_tests_are_those_of_scipy():
    labels, probabilities, source = worse(noise=0.05)
    _, _, suspects = measured(labels, probabilities, {"source": source.tolist()})
    own, values = column_of(suspects, "source")
    n, k = len(labels), own["flagged"]
    for one in values.values():
        a, m = one["flagged"], one["rows"]
        sides = [
            fisher_exact([[a, m - a], [k - a, n - m - k + a]], alternative=side).pvalue
            for side in ("less", "greater")
        ]
        assert one["chance"] == pytest.approx(min(1.0, 2 * min(sides)))
    table = np.array([[one["flagged"], one["rows"] - one["flagged"]] for one in values.values()])
    assert own["chi_square"] == pytest.approx(chi2_contingency(table).statistic)
    assert own["chance"] == pytest.approx(chi2_contingency(table).pvalue, rel=0.1)


@given(n=st.integers(2, 400), data=st.data())
@settings(max_examples=60, deadline=None)
def test_fisher_is_that_of_scipy(n, data):
    own_n, k = data.draw(st.integers(1, n - 1)), data.draw(st.integers(1, n - 1))
    a = data.draw(st.integers(max(0, own_n + k - n), min(own_n, k)))
    table = [[a, own_n - a], [k - a, n - own_n - k + a]]
    sides = [fisher_exact(table, alternative=side).pvalue for side in ("less", "greater")]
    assert fisher(a, own_n, k, n) == pytest.approx(min(1.0, 2 * min(sides)), rel=1e-7, abs=1e-300)


def test_fisher_of_a_hundred_million_rows_is_quick_and_beyond_doubt():
    assert fisher(600_000, 1_000_000, 50_000_000, 100_000_000) == 0
    assert fisher(500_000, 1_000_000, 50_000_000, 100_000_000) == pytest.approx(1, abs=1e-2)


def test_a_noisy_source_raises_an_alert_and_equal_ones_do_not():
    labels, probabilities, source = worse()
    _, _, suspects = measured(labels, probabilities, {"source": source.tolist()})
    (alert,) = suspects.alerts
    assert alert.id == "slice_suspects.more"
    assert alert.scope == "source: crowd"
    assert alert.value > alert.threshold == 1.5
    assert alert.basis
    shuffled = np.random.default_rng(5).permutation(source)
    _, _, calm = measured(labels, probabilities, {"source": shuffled.tolist()})
    assert not calm.alerts


def test_equal_slices_raise_no_alarm_however_many_there_are():
    labels, probabilities = noisy(2_000, 4, seed=2)
    alarms = rejected = 0
    for seed in range(40):
        codes = np.random.default_rng(seed).integers(0, 40, 2_000)
        _, _, found = measured(labels, probabilities, {"x": codes})
        alarms += bool(found.alerts)
        rejected += any(v["chance_holm"] < 0.05 for v in column_of(found, "x")[1].values())
    assert alarms <= rejected <= 6  # 5 % of 40, and what chance adds to it


def test_of_many_small_slices_hardly_one_in_twenty_tables_raises_an_alarm():
    generator = np.random.default_rng(0)
    names = {
        "column": "x",
        "blank": 0,
        "values": [{"value": str(n), "rows": 50} for n in range(60)],
    }
    alarms = sum(
        bool(alerts_of(column_suspects(names, tuple(generator.binomial(50, 0.04, 60)), (), True)))
        for _ in range(200)
    )
    assert alarms <= 12  # without the correction it is one table in three


def test_what_the_classes_explain_is_taken_out():
    # One class is flagged often; the slice that has it has no more than its share.
    labels, probabilities = noisy(3_000, 2, noise=0, seed=1, sharpness=8)
    hard = np.flatnonzero(labels == 0)[::4]
    labels[hard] = 1  # a quarter of class 0 is called 1
    generator = np.random.default_rng(0)
    source = np.where(labels == 1, generator.random(3_000) < 0.8, generator.random(3_000) < 0.1)
    by = {"s": np.where(source, "many", "few").tolist()}
    _, _, suspects = measured(labels, probabilities, by)
    many = column_of(suspects, "s")[1]["many"]
    assert many["ratio_low"] > 2
    assert many["standardised_ratio"] == pytest.approx(1, abs=0.1)


def test_a_budget_is_no_sample():
    labels, probabilities, source = worse()
    _, _, suspects = measured(labels, probabilities, {"s": source.tolist()}, top="20")
    assert suspects.interval_kind == "none: a budget decides how many are flagged"
    own, values = column_of(suspects, "s")
    assert own["flagged"] == 20
    assert own["chance"] is None
    assert all(one["low"] is one["ratio_low"] is one["chance"] is None for one in values.values())
    assert not suspects.alerts


def test_no_suspects_have_no_ratio():
    labels, probabilities = noisy(100, 3, noise=0, sharpness=30)
    _, _, suspects = measured(labels, probabilities, {"s": ["x", "y"] * 50})
    assert suspects.value is None
    assert suspects.interval_kind.startswith("none: ")


def test_skipped_with_the_option_that_helps():
    labels, probabilities = noisy(60, 3)
    for name in BOTH:
        (skipped,) = audit(labels, probabilities, measures=[name]).measurements
        assert isinstance(skipped, Skipped)
        assert skipped.reason == "no column that the rows are cut by"
        assert skipped.remedy == "--by COLUMN"
    (skipped,) = audit(labels, by={"x": labels}, measures=["slice_suspects"]).measurements
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "no detection has run"


@pytest.mark.parametrize("seed", range(4))
def test_the_law(seed):
    found = check_laws(known_measures()["slice_balance"], n_rows=40 + 60 * seed, seed=seed)
    assert isinstance(found, Measurement)
    assert {one["column"] for one in found.details["columns"]} == {"split", "source"}
    assert column_of(found, "source")[0]["blank"] > 0


def test_intervals_of_balance_hold_the_truth():
    """In 200 draws of a slice and of the rest; 95 % is promised, 19 misses are chance's bound."""
    own, rest = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.3, 0.3, 0.2, 0.2])
    draw = np.random.default_rng(0)
    missed = {"distance": 0, "imbalance": 0}
    for _ in range(200):
        labels = np.concatenate([draw.choice(4, 500, p=own), draw.choice(4, 900, p=rest)])
        where = np.repeat(["a", "b"], [500, 900])
        probabilities = np.full((1400, 4), 0.25)
        found = audit(labels, probabilities, by={"s": where}, measures=["slice_balance"],
                      allow=["alignment", "weak_model"])  # fmt: skip
        a = column_of(found.measurement("slice_balance"), "s")[1]["a"]
        missed["distance"] += not a["distance_low"] <= 0.2 <= a["distance_high"]
        missed["imbalance"] += not a["imbalance_low"] <= 10 <= a["imbalance_high"]
        assert a["distance_low"] < a["distance"] < a["distance_high"]
    assert max(missed.values()) <= 19
