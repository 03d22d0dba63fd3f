"""Rows joined by id or by order, blank labels left out, and every loss counted both ways."""

import numpy as np
import pandas as pd
import pytest

from labelaudit import audit, open_dataset
from labelaudit.core.errors import InputError, LabelauditError, NothingJudged

NAMES = ("bird", "cat", "dog")


def write(folder, labels, predictions=None):
    (folder / "labels.csv").write_text("id,label\n" + labels, encoding="utf-8")
    if predictions is not None:
        (folder / "preds.csv").write_text("id,prob_bird,prob_cat,prob_dog\n" + predictions)
    return folder


def check(opened, name):
    (found,) = [each for each in opened.contract if each.name == name]
    return found


def test_rows_in_another_order_are_joined_by_id(tmp_path):
    write(tmp_path, "a,cat\nb,dog\nc,bird\n", "c,.8,.1,.1\na,.1,.8,.1\nb,.1,.1,.8\n")
    opened = open_dataset(tmp_path)
    assert opened.probabilities.read(0, 3).argmax(axis=1).tolist() == opened.labels.tolist()
    assert check(opened, "ids_matched").status == "passed"
    assert "predictions: preds.csv (found by name), joined by id" in opened.notices
    assert opened.probabilities.where(0) == "preds.csv, line 3"


def test_partial_matches_are_counted_both_ways(tmp_path):
    write(tmp_path, "a,cat\nb,dog\nc,bird\nd,cat\n", "c,.8,.1,.1\na,.1,.8,.1\nz,.1,.1,.8\n")
    opened = open_dataset(tmp_path)
    assert opened.ids == ["a", "c"]
    assert [opened.source_row(row) for row in range(2)] == [0, 2]
    found = check(opened, "ids_matched")
    assert found.status == "alerted"
    assert "2 labelled rows have no row in preds.csv and are left out (b, d)" in found.message
    assert "1 row of preds.csv has no label (z)" in found.message
    assert found.evidence["labels_unmatched"] == 2
    assert found.evidence["rows_unmatched"] == 1
    assert audit(tmp_path).to_frame().row.tolist() == [0, 2]


def test_no_match_at_all_judges_nothing(tmp_path):
    write(tmp_path, "a,cat\nb,dog\n", "x,.8,.1,.1\ny,.1,.8,.1\n")
    with pytest.raises(NothingJudged, match="no id matches"):
        open_dataset(tmp_path)


def test_matches_only_where_the_label_is_blank(tmp_path):
    write(tmp_path, "a,cat\nb,\n", "b,.8,.1,.1\nx,.1,.8,.1\n")
    with pytest.raises((InputError, NothingJudged), match="no row has both"):
        open_dataset(tmp_path)


@pytest.mark.parametrize("blank", ["", " ", "\t", '"  "'])
def test_blank_labels_are_left_out_and_rows_keep_their_numbers(tmp_path, blank):
    write(tmp_path, f"a,cat\nb,{blank}\nc,dog\nd,{blank}\ne,cat\n")
    np.save(tmp_path / "preds.npy", np.array([[0.9, 0.1]] * 5))
    made = audit(tmp_path)
    assert made.dataset.n_unlabelled == 2
    assert made.dataset.class_names == ("cat", "dog")
    assert made.to_frame().row.tolist() == [0, 2, 4]
    assert made.to_frame().id.tolist() == ["a", "c", "e"]
    assert (
        "2 rows of labels.csv have no label and are left out" in check(made, "unlabelled").message
    )


def test_all_labels_blank(tmp_path):
    with pytest.raises(InputError, match=r"labels\.csv: every label is blank"):
        open_dataset(write(tmp_path, "a,\nb,\n"))
    with pytest.raises(InputError, match=r"labels\.csv: holds no rows"):
        open_dataset(write(tmp_path, ""))


def test_ids_on_one_side_only(tmp_path):
    write(tmp_path, "a,cat\nb,dog\n")
    np.save(tmp_path / "preds.npy", np.array([[0.9, 0.1], [0.2, 0.8]]))
    opened = open_dataset(tmp_path)
    assert check(opened, "row_alignment").status == "not_testable"
    assert "matched by row order" in opened.notices[1]
    (tmp_path / "preds.npy").unlink()
    np.savez(tmp_path / "preds.npz", pred_probs=[[0.2, 0.8], [0.9, 0.1]], ids=np.array([1, 0]))
    with pytest.raises(NothingJudged):
        open_dataset(tmp_path)
    (tmp_path / "labels.csv").write_text("label\ncat\ndog\n")
    opened = open_dataset(tmp_path)
    assert opened.probabilities.read(0, 1).tolist() == [[0.9, 0.1]]
    assert "joined by row number" in opened.notices[1]


def test_npz_with_ids_and_classes(tmp_path):
    write(tmp_path, "a,cat\nb,dog\nc,bird\n")
    np.savez(
        tmp_path / "preds.npz",
        pred_probs=[[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]],
        ids=["c", "b", "a"],
        classes=["bird", "dog", "cat"],
    )
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("bird", "dog", "cat")
    assert opened.probabilities.read(0, 3).argmax(axis=1).tolist() == opened.labels.tolist()


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"ids": ["a"]}, "preds.npz: has 2 rows, but 1 ids"),
        ({"ids": ["a", "a"]}, "row 1 (from 0): id 'a' was already used in row 0"),
        ({"ids": [0.5, 1]}, "the ids are fractions such as 0.5"),
        ({"ids": [["a", "b"]]}, "ids of shape (1, 2)"),
        ({"classes": [["a", "b"]]}, "classes of shape (1, 2)"),
        ({"classes": ["cat"]}, "has 2 columns, but `classes` in preds.npz names 1 classes"),
        ({"classes": ["cat", "cat"]}, "class 'cat' is named twice"),
    ],
)
def test_npz_that_contradicts_itself(tmp_path, arrays, said):
    write(tmp_path, "a,cat\nb,dog\n")
    np.savez(tmp_path / "preds.npz", pred_probs=[[0.9, 0.1], [0.2, 0.8]], **arrays)
    with pytest.raises(LabelauditError) as refusal:
        open_dataset(tmp_path)
    assert said in str(refusal.value)


def test_npz_with_other_keys(tmp_path):
    write(tmp_path, "a,cat\nb,dog\n")
    matrix = np.array([[0.9, 0.1], [0.2, 0.8]])
    np.savez(tmp_path / "preds.npz", anything=matrix, fold=[0, 1])
    assert open_dataset(tmp_path).probabilities.width == 2
    np.savez(tmp_path / "preds.npz", a=matrix, b=matrix)
    with pytest.raises(InputError, match="holds the arrays a, b; name that of the predictions"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("a,cat\na,dog\n", "line 3: id 'a' was already used in line 2"),
        ("a,cat\n,dog\n", "line 3: column 'id' has no id"),
        ("a,cat\n ,dog\n", "line 3: column 'id' has no id"),
    ],
)
def test_ids_that_are_none(tmp_path, labels, said):
    with pytest.raises(InputError) as refusal:
        open_dataset(write(tmp_path, labels))
    assert said in str(refusal.value)


def test_chosen_ids_join_by_another_name(tmp_path):
    (tmp_path / "labels.csv").write_text("id,uid,label\n1,x,cat\n2,y,dog\n")
    (tmp_path / "preds.csv").write_text("id,uid,cat,dog\n2,x,0.9,0.1\n1,y,0.2,0.8\n")
    by_id = open_dataset(tmp_path, label_column="label")
    assert by_id.probabilities.read(0, 1).tolist() == [[0.2, 0.8]]
    by_uid = open_dataset(tmp_path, id_column="uid", predictions="preds.csv")
    assert by_uid.ids == ["x", "y"]
    assert by_uid.probabilities.where(1) == "preds.csv, line 3"


@pytest.fixture
def judged(tmp_path):
    write(tmp_path, "a,cat\nb,dog\nc,cat\n")
    np.save(tmp_path / "preds.npy", np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]))
    return tmp_path


POINTS = np.arange(6, dtype=np.float64).reshape(3, 2)


def embed_npy(folder):
    np.save(folder / "embeddings.npy", POINTS)


def embed_npz(folder):
    np.savez(folder / "embeddings.npz", embeddings=POINTS[::-1], ids=["c", "b", "a"])


def embed_parquet(folder):
    frame = pd.DataFrame(POINTS[[1, 0, 2]], columns=["x", "y"]).assign(id=["b", "a", "c"])
    frame.to_parquet(folder / "embeddings.parquet")


def embed_csv(folder):
    pd.DataFrame(POINTS).to_csv(folder / "features.csv", index=False)


@pytest.mark.parametrize("embed", [embed_npy, embed_npz, embed_parquet, embed_csv])
def test_embeddings_of_every_kind(judged, embed):
    embed(judged)
    opened = open_dataset(judged)
    assert opened.embeddings.read(0, 3).tolist() == POINTS.tolist()
    assert any(notice.startswith("embeddings: ") for notice in opened.notices)
    assert "embeddings" in opened.has
    assert opened.embeddings.column_at(1)


def test_embeddings_that_lack_a_row_are_left_out(judged):
    np.savez(judged / "embeddings.npz", embeddings=POINTS[:2], ids=["a", "b"])
    opened = open_dataset(judged)
    assert opened.embeddings is None
    assert "embeddings: embeddings.npz left out, 1 rows have none" in opened.notices
    assert "embeddings" not in {file.role for file in opened.inputs}


def test_embeddings_of_another_length_are_refused(judged):
    np.save(judged / "embeddings.npy", POINTS[:2])
    with pytest.raises(InputError, match=r"embeddings\.npy: has 2 rows, but labels\.csv has 3"):
        open_dataset(judged)


def test_embeddings_with_nan_are_no_traceback(judged):
    points = POINTS.copy()
    points[1, 0] = np.nan
    np.save(judged / "embeddings.npy", points)
    try:
        made = audit(judged)
    except InputError as error:
        assert "embeddings.npy" in str(error)  # noqa: PT017
    else:
        assert made.detection is not None


def test_embeddings_without_numbers(judged):
    (judged / "embeddings.csv").write_text("id\na\nb\nc\n")
    with pytest.raises(InputError, match="holds no column of numbers"):
        open_dataset(judged)
