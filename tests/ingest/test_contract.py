"""Each check of the contract: a case that triggers it, and one that does not."""

import inspect
from dataclasses import replace

import numpy as np
import pytest

from labelaudit import audit
from labelaudit.core.coded import Coded
from labelaudit.core.dataset import Check, Contents
from labelaudit.core.errors import ConfigError, InputError, Refusal
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest import contents
from labelaudit.ingest.contract import decide, expect_known, known_rules, same
from labelaudit.ingest.contract.classes import class_names_alike, class_names_missing
from labelaudit.ingest.contract.nearly import nearly_matched
from labelaudit.ingest.opening import open_dataset
from labelaudit.surveying import survey
from tests.made import dataset, noisy

LABELS, PROBABILITIES = noisy(60, 3)


def found(made, name: str) -> Check:
    (check,) = [check for check in made.contract if check.name == name]
    return check


def audited(probabilities=PROBABILITIES, labels=LABELS, **more):
    return audit(labels, probabilities, class_names=["a", "b", "c"], **more)


def test_a_sound_dataset_passes_every_check():
    made = audited(embeddings=np.arange(120.0).reshape(60, 2))
    assert {check.status for check in made.contract} <= {"passed", "not_testable"}
    names = {"not_finite", "row_sums", "hard_predictions", "constant_rows", "never_predicted"}
    assert names | {"classes", "class_names_alike", "duplicates"} <= {
        check.name for check in made.contract
    }


# Ids that nearly match.


@pytest.mark.parametrize(
    ("own", "other", "without"),
    [
        (["images/7.png", "images/8.png"], ["7", "8"], ["the folder", "the ending"]),
        (["a.jpg", "b.jpg"], ["a.png", "b.png"], ["the ending"]),
        (["a\\b", "c\\d"], ["a/b", "c/d"], ["the kind of slash"]),
        (["A", "B"], ["a", "b"], ["upper and lower case"]),
        (["007", "010"], ["7", "10"], ["leading zeros"]),
        ([" a", "b "], ["a", "b"], ["outer spaces"]),
        (
            ["img/007.png", "img/010.png"],
            ["7", "10"],
            ["the folder", "the ending", "leading zeros"],
        ),
    ],
)
def test_near_matches_are_offered_with_the_least_overlooked(own, other, without):
    near = nearly_matched(own, other)
    assert near is not None
    assert (near.count, near.without) == (2, without)
    assert near.first[0] == [own[0], other[0]]


@pytest.mark.parametrize(
    ("own", "other"),
    [(["a"], ["b"]), ([], ["a"]), (["x/a", "y/a"], ["a"]), (["1.5"], ["1.50"])],
)
def test_nothing_is_offered_where_nothing_fits_or_two_do(own, other):
    assert nearly_matched(own, other) is None


# Values.


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ([np.nan, 0.5, 0.5], "not_finite"),
        ([-0.5, 1.0, 0.5], "negative"),
        ([1.5, 0.0, 0.0], "above_one"),
        ([0.0, 0.0, 0.0], "all_zero_rows"),
        ([0.1, 0.2, 0.3], "row_sums"),
    ],
)
def test_bad_values_are_refused_by_name_and_cannot_be_allowed(row, name):
    bad = PROBABILITIES.copy()
    bad[7] = row
    with pytest.raises(Refusal) as refusal:
        audited(bad)
    (check,) = [check for check in refusal.value.checks if check.status == "refused"]
    assert check.name == name
    assert "row 7" in str(refusal.value)
    assert "--allow" not in str(refusal.value)
    with pytest.raises(ConfigError, match="no audit can work with"):
        audited(bad, allow=[name])


def test_hard_predictions_raise_an_alert():
    hard = np.eye(3)[PROBABILITIES.argmax(axis=1)]
    check = found(audited(hard), "hard_predictions")
    assert check.status == "alerted"
    assert "these look like hard predictions" in check.message
    assert [row["row"] for row in check.evidence["first"]] == list(range(10))
    hard[5] = [0.6, 0.4, 0]
    assert found(audited(hard), "hard_predictions").status == "passed"


@pytest.mark.parametrize("n_rows", [1, 6])
def test_constant_rows_are_named(n_rows):
    constant = PROBABILITIES.copy()
    constant[10 : 10 + n_rows] = 1 / 3
    check = found(audited(constant), "constant_rows")
    assert (check.status, check.evidence["severity"]) == ("alerted", "caution")
    assert check.evidence["count"] == n_rows
    assert check.evidence["first"][0] == {"row": 10, "id": "10"}


def test_a_few_ties_are_no_cause_for_worry():
    labels, probabilities = noisy(400, 3)
    probabilities[0] = 1 / 3
    assert found(audited(probabilities, labels), "constant_rows").evidence["severity"] == "info"


def test_a_class_that_is_never_predicted_is_named():
    shy = PROBABILITIES.copy()
    shy[:, 0] += shy[:, 2]
    shy[:, 2] = 0
    check = found(audited(shy), "never_predicted")
    assert (check.status, check.evidence["classes"]) == ("alerted", ["c"])
    rare = np.where(LABELS == 2, 0, LABELS)
    rare[0] = 2
    assert found(audited(shy, rare), "never_predicted").evidence["severity"] == "info"
    assert found(audited(shy, np.minimum(LABELS, 1)), "never_predicted").status == "passed"


# Class names.


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["cat", "Cat"], "by case"),
        (["cat", " cat"], "by spaces"),
        (["big cat", "big  cat"], "by spaces"),
        (["café", "cafe\u0301"], "by the encoding of a character"),
        (["1", "1.0"], "as a number and its text"),
        (["1", "01"], "as a number and its text"),
        (["Big cat", "big_cat"], "by case, spaces or encoding"),
    ],
)
def test_class_names_that_are_one_are_named(names, words):
    check = class_names_alike([*names, "other"])
    assert check.status == "alerted"
    assert f"differ only {words}" in check.message
    assert check.evidence["groups"] == [names]


@pytest.mark.parametrize(
    "names", [["cat", "dog"], ["1", "10"], ["a", "b1"], ["1.5", "1"], ["C", "C++"]]
)
def test_other_class_names_are_not(names):
    assert class_names_alike(names).status == "passed"


def test_names_of_missing_values_are_told_and_kept():
    check = class_names_missing(["NA", "None", "nan", "Nancy"])
    assert (check.status, check.evidence["severity"]) == ("alerted", "info")
    assert check.evidence["names"] == ["NA", "None", "nan"]
    assert class_names_missing(["Nancy", "na na"]).status == "passed"


def test_hostile_class_names_are_made_harmless():
    check = class_names_alike(["x\x1b[31m", "X\x1b[31m"])
    assert "\x1b" not in check.message


# The same input twice.


def points():
    return np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def test_equal_embeddings_under_two_labels_are_named():
    own = points()
    one, other = np.flatnonzero(LABELS == 0)[0], np.flatnonzero(LABELS == 1)[0]
    own[other] = own[one]
    check = found(audited(embeddings=own), "duplicates")
    assert check.status == "alerted"
    assert check.evidence["groups"] == 1
    (group,) = check.evidence["first_groups"]
    assert {row["row"]: row["label"] for row in group} == {one: "a", other: "b"}


def test_equal_embeddings_under_one_label_are_counted():
    own = points()
    one, other = np.flatnonzero(LABELS == 0)[:2]
    own[other] = own[one]
    check = found(audited(embeddings=own), "duplicates")
    assert (check.status, check.evidence["repeated_inputs"]) == ("passed", 1)


def test_what_is_too_large_is_not_testable(monkeypatch):
    monkeypatch.setattr(same, "MOST_BYTES", 100)
    assert found(audited(embeddings=points()), "duplicates").status == "not_testable"
    assert found(audited(), "duplicates").status == "not_testable"


def test_images_outside_of_the_folder_are_not_read(tmp_path):
    (tmp_path / "secret").write_bytes(b"same")
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"same")
    marks = contents.marks_of_files(tmp_path / "images", ["a", "../secret", "\0", ""])
    assert len(set(marks.tolist())) == 4


def test_images_are_found_by_what_their_ids_say(tmp_path):
    (tmp_path / "images").mkdir()
    for name in ("a", "b"):
        (tmp_path / "images" / f"{name}.png").write_bytes(b"same")
    for ids in (["a", "b"], ["a.png", "b.png"], ["images/a.png", "images/b.png"]):
        marks = contents.marks_of_files(tmp_path / "images", ids, tmp_path)
        assert marks[0] == marks[1]
    with pytest.raises(InputError, match="no image file was found"):
        contents.marks_of_files(tmp_path / "images", ["c", "d"], tmp_path)


def test_without_files_embeddings_are_compared(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "labels.csv").write_text("id,label\n1,x\n2,y\n3,x\n")
    np.save(tmp_path / "embeddings.npy", np.zeros((3, 2)))
    check = found(audit(tmp_path), "duplicates")
    assert (check.status, check.evidence["compared"]) == ("alerted", "embeddings")


def test_too_many_files_are_not_compared(monkeypatch, tmp_path):
    monkeypatch.setattr(contents, "MOST_FILES", 1)
    with pytest.raises(InputError, match="not compared"):
        contents.marks_of_files(tmp_path, ["a", "b"])


def test_an_input_in_two_splits_is_a_leak():
    marks = np.arange(60, dtype=np.uint64)
    splits = Coded.of(["train"] * 30 + ["test"] * 30)
    made = dataset(LABELS, PROBABILITIES)
    made = replace(made, splits=splits, contents=Contents(kind="texts", marks=lambda: marks))
    assert found(audit(made), "leakage").status == "passed"
    marks[40] = 3
    check = found(audit(made), "leakage")
    assert (check.status, check.evidence["groups"]) == ("alerted", 1)
    assert [row["row"] for row in check.evidence["first_groups"][0]] == [3, 40]


# One place decides.

FAILED = Check(name="duplicates", status="refused", message="it failed")


def test_a_failed_check_refuses_and_names_the_way_on():
    with pytest.raises(Refusal, match="it failed; to audit all the same: --allow duplicates"):
        decide([FAILED], Options())


def test_an_allowed_check_stays_in_the_contract():
    (check,) = decide([FAILED], Options(allow=("duplicates",)))
    assert check.status == "alerted"
    assert check.message == "it failed; allowed by --allow"
    assert check.evidence["allowed"] is True


def test_strict_refuses_alerts_but_not_those_that_inform():
    alert = replace(FAILED, status="alerted", evidence={"severity": "caution"})
    informs = replace(FAILED, status="alerted", evidence={"severity": "info"})
    strict = Options(strict=True)
    assert decide([informs], strict) == (informs,)
    assert decide([alert], Options()) == (alert,)
    with pytest.raises(Refusal, match="refused by --strict"):
        decide([alert], strict)
    (allowed,) = decide([alert], Options(strict=True, allow=("duplicates",)))
    assert (allowed.status, allowed.evidence["allowed"]) == ("alerted", True)


def test_every_failed_check_is_named():
    other = replace(FAILED, name="classes", message="that too")
    with pytest.raises(Refusal) as refusal:
        decide([FAILED, other], Options(allow=("ids_matched",)))
    assert "(also refused: classes)" in str(refusal.value)
    assert str(refusal.value).endswith("--allow duplicates --allow classes")


def test_unknown_checks_are_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'duplicates'"):
        expect_known(["duplicate"])
    with pytest.raises(ConfigError, match="did you mean 'duplicates'"):
        audited(allow=["duplicate"])


def test_every_check_is_explained():
    for name, one in known_rules().items():
        assert inspect.getdoc(one.check), name
        assert one.severity in ("info", "caution", "critical"), name


@pytest.mark.parametrize(
    ("name", "predictions", "choices"),
    [
        ("cifar10_flips_20", "pred_probs.npy", {}),
        ("cifar10_test", "pred_probs.npy", {}),
        ("cifar10n_aggregate", "pred_probs_resnet18.npy", {}),
        ("mnist_test", "pred_probs.npy", {}),
        (
            "roman_numerals",
            "pred_probs_resnet18.npy",
            {"label_column": "label_index", "id_column": "id"},
        ),
    ],
)
def test_real_data_raise_no_alert(real_data, name, predictions, choices):
    where = real_data / name
    opened = open_dataset(where, predictions=str(where / predictions), **choices)
    _, made = survey(begin(opened), Options(strict=True))
    assert {check.status for check in made.contract} <= {"passed", "repaired", "not_testable"}
