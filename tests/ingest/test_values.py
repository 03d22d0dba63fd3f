"""The input contract on values: what is refused, where, and what is repaired."""

import numpy as np
import pytest

from labelaudit import audit
from labelaudit.core.errors import InputError
from tests.made import noisy

LABELS, PROBABILITIES = noisy(50, 3)


@pytest.fixture(params=["npy", "csv", "memory"])
def audited(request, tmp_path):
    """Audit probabilities from a file or from memory; give the audit or the refusal's text."""

    def attempt(probabilities):
        try:
            if request.param == "memory":
                return audit(LABELS, probabilities)
            np.save(tmp_path / "labels.npy", LABELS)
            if request.param == "npy":
                np.save(tmp_path / "preds.npy", probabilities)
            else:
                lines = [",".join(map(repr, row)) for row in probabilities.tolist()]
                (tmp_path / "preds.csv").write_text("0,1,2\n" + "\n".join(lines) + "\n")
            return audit(tmp_path)
        except InputError as error:
            return str(error)

    attempt.where = {
        "npy": ("preds.npy, row 7 (from 0), column 1", "preds.npy, row 7 (from 0)"),
        "csv": ("preds.csv, line 9, column '1'", "preds.csv, line 9"),
        "memory": ("pred_probs, row 7 (from 0), column 1", "pred_probs, row 7 (from 0)"),
    }[request.param]
    return attempt


def changed(row, values):
    probabilities = PROBABILITIES.copy()
    probabilities[row] = values
    return probabilities


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.5, np.nan, 0.5], "value nan; every probability must be a number from 0 to 1"),
        ([0.5, np.inf, 0.5], "value inf; every probability"),
        ([0.5, -np.inf, 0.5], "value -inf; every probability"),
        ([0.6, -0.1, 0.5], "value -0.1; these look like logits; say --logits"),
        ([0.0, 1.5, 0.0], "value 1.5; every probability must be a number from 0 to 1"),
        ([0.5, 255, 0.5], "value 255; every probability"),
    ],
)
def test_a_bad_value_is_refused_with_its_place(audited, values, said):
    text = audited(changed(7, values))
    assert isinstance(text, str)
    assert text.startswith(f"{audited.where[0]}: {said}")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([0.25, 0.25, 0.0], "the probabilities sum to 0.5, not 1; give each row's"),
        ([0.5, 0.5, 0.5], "the probabilities sum to 1.5, not 1; give"),
        ([0.0, 0.0, 0.0], "the probabilities sum to 0, not 1; all zero; give"),
    ],
)
def test_a_bad_sum_is_refused_with_its_place(audited, values, said):
    assert audited(changed(7, values)).startswith(f"{audited.where[1]}: {said}")


def test_all_such_rows_are_counted(audited):
    assert "(50 rows like this)" in audited(PROBABILITIES / 2)


def test_logits_are_recognised(audited):
    logits = np.log(PROBABILITIES) + 1
    assert "these look like logits; say --logits to take a softmax of each row" in audited(logits)


def row_sums_check(made):
    (check,) = [check for check in made.contract if check.name == "row_sums"]
    return check


@pytest.mark.parametrize("decimals", [2, 3, 4])
def test_rounded_decimals_are_repaired_with_a_notice(audited, decimals):
    made = audited(np.round(PROBABILITIES, decimals))
    assert row_sums_check(made).status == "repaired"
    assert "every row was divided by its sum" in row_sums_check(made).message
    exact = audit(
        LABELS,
        np.round(PROBABILITIES, decimals)
        / np.round(PROBABILITIES, decimals).sum(axis=1, keepdims=True),
    )
    assert made.detection.n_flagged == exact.detection.n_flagged


def test_float16_is_repaired(tmp_path):
    half = PROBABILITIES.astype(np.float16)
    made = audit(LABELS, half)
    assert row_sums_check(made).status == "repaired"
    np.save(tmp_path / "labels.npy", LABELS)
    np.save(tmp_path / "preds.npy", half)
    assert audit(tmp_path).to_frame().equals(made.to_frame())
    assert np.isclose(
        made.to_frame().self_confidence.sum(),
        audit(LABELS, PROBABILITIES).to_frame().self_confidence.sum(),
        rtol=1e-3,
    )


def test_sound_values_pass(audited):
    assert row_sums_check(audited(PROBABILITIES)).status == "passed"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros(50), "has shape 50; predictions must have a row for each example, of several"),
        (np.float64(0.5), "has shape () (one number)"),
        (np.zeros((50, 1)), "has shape 50 x 1; give one column of probabilities for each class"),
        (np.zeros((50, 0)), "has shape 50 x 0"),
        (np.zeros((50, 3, 2)), "has shape 50 x 3 x 2"),
        (np.full((50, 3), "x"), "holds values of type <U1; predictions must be numbers"),
        (np.zeros((50, 3), complex), "holds values of type complex128"),
        (np.zeros((0, 3)), "has 0 rows, but labels.npy has 50"),
        (np.full((50, 3), 255, np.uint8), "column 0: value 255 (50 rows like this); every"),
    ],
)
def test_arrays_that_are_no_probabilities(tmp_path, values, said):
    np.save(tmp_path / "labels.npy", LABELS)
    np.save(tmp_path / "preds.npy", values)
    with pytest.raises(InputError) as refusal:
        audit(tmp_path)
    assert said in str(refusal.value)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
def test_one_hot_predictions_of_any_type(tmp_path, dtype):
    np.save(tmp_path / "labels.npy", LABELS)
    np.save(tmp_path / "preds.npy", np.eye(3)[LABELS].astype(dtype))
    assert audit(tmp_path).detection.n_flagged == 0


@pytest.mark.parametrize(
    ("values", "said"),
    [([0.25, 0.25, 0.0], "sum to 0.5, not 1"), ([0.0, 1.5, 0.0], "column 1: value 1.5;")],
)
def test_float16_is_refused_as_it_lies_in_the_file(values, said):
    with pytest.raises(InputError) as refusal:
        audit(LABELS, changed(7, values).astype(np.float16))
    assert said in str(refusal.value)
