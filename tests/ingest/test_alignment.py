"""Predictions that do not line up with the labels are named; those that do are never accused."""

from dataclasses import replace

import numpy as np
import pytest

from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.contract import agreement
from labelaudit.ingest.contract.agreement import agreement_checks, alignment
from labelaudit.ingest.opening import open_dataset
from labelaudit.surveying import survey
from tests.made import dataset, noisy

NAMES = tuple("abcdefghij")


def drawn(n_rows=2_000, n_classes=10, lift=0.6, seed=0, ordered=False):
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, n_classes, n_rows)
    labels = np.sort(labels) if ordered else labels
    knows = chance.random(n_rows) < lift
    predicted = np.where(knows, labels, chance.integers(0, n_classes, n_rows))
    return labels.astype(np.int32), predicted.astype(np.int32)


def judged(labels, predicted, n_classes=10):
    codes = labels.astype(np.int64) * n_classes + predicted
    confusion = np.bincount(codes, minlength=n_classes**2).reshape(n_classes, n_classes)
    return alignment("preds.npy", labels, predicted, confusion, NAMES[:n_classes])


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("lift", [0.2, 0.9])
@pytest.mark.parametrize("n_classes", [2, 10])
def test_aligned_predictions_pass(seed, lift, n_classes):
    labels, predicted = drawn(400, n_classes, lift, seed)
    found = judged(labels, predicted, n_classes)
    assert found.status in ("passed", "not_testable"), found.message
    if lift == 0.9:
        assert found.status == "passed"


SWAP = np.array([0, 7, 2, 3, 4, 5, 6, 1, 8, 9], dtype=np.int32)
FAULTS = {
    "come 1 row too late": lambda predicted: np.roll(predicted, 1),
    "come 1 row too early": lambda predicted: np.roll(predicted, -1),
    "come 437 rows too late": lambda predicted: np.roll(predicted, 437),
    "the rows are reversed": lambda predicted: predicted[::-1],
    "the columns of 'b' and 'h' are swapped": lambda predicted: SWAP[predicted],
    "all columns are moved by 1": lambda predicted: (predicted + 1) % 10,
    "all columns are moved by 8": lambda predicted: (predicted + 8) % 10,
    "the columns are reversed": lambda predicted: 9 - predicted,
    "look shuffled, or the model knows nothing": np.random.default_rng(5).permutation,
}


@pytest.mark.parametrize("said", FAULTS)
def test_what_does_not_line_up_is_named(said):
    labels, predicted = drawn()
    found = judged(labels, FAULTS[said](predicted))
    assert found.status == "refused"
    assert f"preds.npy: {'its rows ' if 'look' in said else ''}" in found.message
    assert said in found.message
    assert " or the" not in found.message.replace("or the model", "")
    assert "\n" not in found.message


def test_two_swapped_columns_among_a_hundred_are_seen():
    labels, predicted = drawn(20_000, 100, lift=0.5)
    swap = np.arange(100, dtype=np.int32)
    swap[[17, 60]] = [60, 17]
    codes = labels.astype(np.int64) * 100 + swap[predicted]
    confusion = np.bincount(codes, minlength=10_000).reshape(100, 100)
    found = alignment("p", labels, swap[predicted], confusion, tuple(map(str, range(100))))
    assert "the columns of '17' and '60' are swapped" in found.message


def test_three_columns_in_another_order():
    labels, predicted = drawn()
    places = np.array([1, 2, 0, 3, 4, 5, 6, 7, 8, 9], dtype=np.int32)
    found = judged(labels, places[predicted])
    assert found.status == "refused"
    assert "3 columns are in another order" in found.message


def test_sorted_classes_that_are_reversed_may_be_rows_or_columns():
    labels = np.repeat(np.arange(10), 200).astype(np.int32)
    found = judged(labels, labels[::-1])
    assert "the rows are reversed" in found.message
    assert "the columns are reversed" in found.message


def test_sorted_rows_hide_a_small_shift_and_the_check_says_so():
    labels, predicted = drawn(ordered=True)
    for moved in (predicted, np.roll(predicted, 1)):
        found = judged(labels, moved)
        assert found.status == "not_testable"
        assert "order within a class cannot be checked without ids" in found.message
    found = judged(labels, np.roll(predicted, 500))
    assert found.status == "refused"
    assert "fit as well, because rows lie sorted" in found.message


def test_of_very_many_classes_columns_are_not_called_checked():
    labels, predicted = drawn()
    found = alignment("p", labels, predicted, None, NAMES)
    assert found.status == "not_testable"
    assert "the order of its columns is not checked" in found.message


@pytest.mark.parametrize("what", ["labels", "predictions"])
def test_one_class_cannot_be_tested(what):
    labels, probabilities = noisy(300, 4)
    if what == "labels":
        labels[:] = 2
    else:
        probabilities = np.roll(np.sort(probabilities, axis=1), 1, axis=1)
    job, _ = survey(begin(dataset(labels, probabilities)), Options(allow=("alignment",)))
    (found,) = agreement_checks(job, "p")
    assert found.status == "not_testable"


def test_few_rows_cannot_be_tested():
    job, _ = survey(begin(dataset(*noisy(20, 3))), Options())
    (found,) = agreement_checks(job, "p")
    assert "with 20 rows" in found.message


def test_of_many_rows_the_first_and_the_last_are_compared(monkeypatch):
    monkeypatch.setattr(agreement, "_COMPARED", 100)
    labels, probabilities = noisy(1_000, 4)
    job, _ = survey(begin(dataset(labels, probabilities), batch_rows=37, shard_rows=211), Options())
    ours, predicted = agreement.compared_rows(job)
    chosen = [*range(50), *range(950, 1_000)]
    assert ours.tolist() == labels[chosen].tolist()
    assert predicted.tolist() == probabilities.argmax(axis=1)[chosen].tolist()


def named(checks, name):
    return next(check for check in checks if check.name == name)


def test_a_forest_that_has_seen_its_labels_is_suspected():
    from sklearn.datasets import load_digits
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    points, labels = load_digits(return_X_y=True)
    forest = RandomForestClassifier(30, random_state=0)
    remembered = forest.fit(points, labels).predict_proba(points)
    honest = cross_val_predict(forest, points, labels, cv=3, method="predict_proba")
    for probabilities, status in ((remembered, "alerted"), (honest, "not_testable")):
        job, _ = survey(begin(dataset(labels, probabilities)), Options())
        found = named(agreement_checks(job, "p"), "out_of_sample")
        assert found.status == status
    assert "cannot be proved" in found.message


def test_a_model_that_knows_little_is_named():
    chance = np.random.default_rng(0)
    labels = (chance.random(3_000) < 0.2).astype(int)
    second = np.clip(0.4 + 0.1 * labels + 0.1 * chance.normal(size=3_000), 0, 1)
    probabilities = np.column_stack([1 - second, second])
    job, _ = survey(begin(dataset(labels, probabilities)), Options(allow=("alignment",)))
    found = named(agreement_checks(job, "p"), "weak_model")
    assert found.status == "alerted"
    assert "most flags will be the model's errors" in found.message


REAL = [
    ("cifar10_flips_20", None, None),
    ("cifar10_test", None, None),
    ("cifar10n_aggregate", "pred_probs_swin.npy", None),
    ("mnist_test", None, None),
    ("roman_numerals", "pred_probs_resnet18.npy", "label_index"),
]


@pytest.mark.parametrize(("folder", "predictions", "column"), REAL)
def test_real_folders_pass_and_spoilt_ones_are_named(real_data, folder, predictions, column):
    made = open_dataset(real_data / folder, predictions=predictions, label_column=column)
    values = np.asarray(made.probabilities.values)
    n_rows, n_classes = values.shape
    assert n_classes == 10
    swap = [0, 8, 2, 3, 4, 5, 6, 7, 1, 9]
    order = np.random.default_rng(0).permutation(n_rows)
    spoilt = {
        "": values,
        "shuffled": values[order],
        "the rows are reversed": values[::-1],
        "rows too late": np.roll(values, 500, axis=0),
        "are swapped": values[:, swap],
        "all columns are moved by 1": np.roll(values, 1, axis=1),
    }
    for said, other in spoilt.items():
        matrix = replace(made.probabilities, values=np.ascontiguousarray(other))
        job = begin(replace(made, probabilities=matrix))
        job, _ = survey(job, Options(allow=("alignment",)))
        checks = agreement_checks(job, "p")
        found = checks[0]
        assert (found.status == "refused") == bool(said)
        assert said in found.message
        if not said:
            assert not [check for check in checks if check.status == "alerted"]
    matrix = replace(made.probabilities, values=np.roll(values, 1, axis=0))
    job, _ = survey(begin(replace(made, probabilities=matrix)), Options(allow=("alignment",)))
    found = agreement_checks(job, "p")[0]
    assert "1 row too late" in found.message or "cannot be checked without ids" in found.message
