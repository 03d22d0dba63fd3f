"""Which class is which column: by name, by option, by file, by metadata, or by order."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from labelaudit import open_dataset
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.ingest.classes import name_classes, natural_order
from labelaudit.ingest.labels import coded_labels


def make(folder, labels, predictions=None, **files):
    """Write labels and predictions and return the folder."""
    np.save(folder / "labels.npy", labels)
    if predictions is not None:
        np.save(folder / "pred_probs.npy", predictions)
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def probabilities(codes, n_classes):
    return (
        np.full((len(codes), n_classes), 0.2 / (n_classes - 1))
        + (0.8 - 0.2 / (n_classes - 1)) * np.eye(n_classes)[codes]
    )


def own_class_wins(opened):
    rows = opened.probabilities.read(0, len(opened))
    return (rows.argmax(axis=1) == opened.labels).all()


def refused(folder, error=InputError, **options):
    with pytest.raises(error) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("names", "order"),
    [
        ({"10", "9", "-1"}, ["-1", "9", "10"]),
        ({"10", "9", "a"}, ["10", "9", "a"]),
        ({"01", "1"}, ["01", "1"]),
        ({"٣", "1"}, ["1", "٣"]),
        ({"9" * 5000, "1"}, ["1", "9" * 5000]),
        ({"-0", "0"}, ["-0", "0"]),
    ],
)
def test_natural_order(names, order):
    assert natural_order(names) == order


def test_numbers_from_0_are_columns(tmp_path):
    opened = open_dataset(make(tmp_path, [0, 2, 0, 3], probabilities([0, 2, 0, 3], 5)))
    assert opened.class_names == ("0", "1", "2", "3", "4")
    assert own_class_wins(opened)
    assert "classes: assumed: labels are column numbers 0 to 4" in opened.notices
    (check,) = [check for check in opened.contract if check.name == "classes"]
    assert check.status == "alerted"
    assert "no example is labelled 1, 4" in check.message


@pytest.mark.parametrize("labels", [[1, 2, 3, 1], [10, 200, 3000, 10], ["a", "b", "ü", "a"]])
def test_as_many_labels_as_columns_are_sorted(tmp_path, labels):
    opened = open_dataset(make(tmp_path, labels, probabilities([0, 1, 2, 0], 3)))
    assert opened.class_names == tuple(map(str, labels[:3]))
    assert own_class_wins(opened)
    assert any("assumed: columns are the sorted labels" in notice for notice in opened.notices)


@pytest.mark.parametrize("labels", [[1, 2, 3, 3], [10, 20, 30, 30], ["a", "b", "c", "c"]])
def test_nobody_guesses_where_the_counts_differ(tmp_path, labels):
    said = refused(make(tmp_path, labels, probabilities([0, 1, 2, 2], 4)))
    assert "pred_probs.npy: has 4 columns, but the labels hold 3 classes" in said
    assert "--classes" in said


def test_classes_as_a_list_and_as_a_file(tmp_path):
    make(tmp_path, ["dog", "cat", "dog"], probabilities([0, 2, 0], 3), names="dog\nemu\ncat\n")
    for given in ("dog,emu,cat", " dog , emu,cat", "names.txt", str(tmp_path / "names.txt")):
        opened = open_dataset(tmp_path, classes=given)
        assert opened.class_names == ("dog", "emu", "cat")
        assert own_class_wins(opened)
        assert "classes: --classes" in opened.notices


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ("", ConfigError, "neither a file"),
        ("dog", ConfigError, "neither a file"),
        ("dog,,cat", ConfigError, "neither a file"),
        ("dog,dog,cat", ConfigError, "--classes: class 'dog' is named twice"),
        ("dog,cat", InputError, "has 3 columns, but --classes names 2 classes (dog, cat)"),
        ("x,y,z", InputError, "are not those of the labels"),
        ("empty.txt", InputError, "empty.txt: names no class"),
        ("latin.txt", InputError, "latin.txt: is not UTF-8 text"),
        ("n" * 5000, InputError, "File name too long"),
    ],
)
def test_wrong_classes(tmp_path, given, error, said):
    make(tmp_path, ["dog", "cat", "dog"], probabilities([0, 2, 0], 3), empty="\n\n")
    (tmp_path / "latin.txt").write_bytes("käse\n".encode("latin-1"))
    assert said in refused(tmp_path, error, classes=given)


def test_classes_txt_with_a_wrong_count(tmp_path):
    make(tmp_path, ["dog", "cat"], probabilities([0, 1], 3), classes="cat\ndog\n")
    assert "has 3 columns, but classes.txt names 2 classes (cat, dog)" in refused(tmp_path)


def test_classes_txt_names_the_numbers(tmp_path):
    make(tmp_path, [2, 0, 1, 2], probabilities([2, 0, 1, 2], 3), classes="zebra\nape\nyak\n")
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("zebra", "ape", "yak")
    assert opened.labels.tolist() == [2, 0, 1, 2]
    assert own_class_wins(opened)
    assert "classes: classes.txt" in opened.notices


def test_the_order_of_authority(tmp_path):
    make(tmp_path, [0, 1, 0], classes="from\nfile\n")
    np.savez(
        tmp_path / "pred_probs.npz",
        pred_probs=probabilities([0, 1, 0], 2),
        classes=["from", "npz"],
    )
    assert open_dataset(tmp_path, classes="from,option").class_names == ("from", "option")
    assert open_dataset(tmp_path).class_names == ("from", "npz")
    np.savez(tmp_path / "pred_probs.npz", pred_probs=probabilities([0, 1, 0], 2))
    assert open_dataset(tmp_path).class_names == ("from", "file")
    (tmp_path / "classes.txt").unlink()
    np.savez(tmp_path / "labels.npz", labels=[0, 1, 0], classes=np.array([b"meta", b"data"]))
    (tmp_path / "labels.npy").unlink()
    assert open_dataset(tmp_path).class_names == ("meta", "data")


def test_names_of_hugging_face(tmp_path):
    features = {"label": {"_type": "ClassLabel", "names": ["neg", "pos", "neutral"]}}
    table = pa.table({"text": ["a", "b", "c"], "label": pa.array([1, 0, -1])})
    written = json.dumps({"info": {"features": features}})
    pq.write_table(
        table.replace_schema_metadata({"huggingface": written}), tmp_path / "train.parquet"
    )
    np.save(tmp_path / "pred_probs.npy", probabilities([1, 0, 0], 3))
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("neg", "pos", "neutral")
    assert opened.labels.tolist() == [1, 0]
    assert opened.n_unlabelled == 1
    assert "classes: metadata of the labels file" in opened.notices


def test_names_of_a_categorical(tmp_path):
    frame = pd.DataFrame({"label": pd.Categorical(["b", "a"], categories=["c", "b", "a"])})
    frame.to_parquet(tmp_path / "train.parquet")
    np.save(tmp_path / "pred_probs.npy", probabilities([1, 2], 3))
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("c", "b", "a")
    assert own_class_wins(opened)


@pytest.mark.parametrize("prefix", ["prob_", "proba_", "probability_", "p_", "class_", ""])
def test_columns_are_matched_by_name(tmp_path, prefix):
    names = ["dog", "cat", "emu"]  # in another order than the labels
    (tmp_path / "labels.csv").write_text("label\ncat\ndog\nemu\n")
    header = ",".join(prefix + name for name in names)
    (tmp_path / "preds.csv").write_text(
        f"{header},split\n.1,.8,.1,a\n.8,.1,.1,b\n.1,.1,.8,c\n".replace(",.", ",0.")
    )
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("cat", "dog", "emu")
    assert own_class_wins(opened)
    assert opened.probabilities.column_at(0) == f"column '{prefix}cat'"


def test_numbered_columns_and_names(tmp_path):
    (tmp_path / "labels.csv").write_text("label\ncat\ndog\n")
    (tmp_path / "preds.csv").write_text("p0,p1\n0.8,0.2\n0.3,0.7\n")
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    assert own_class_wins(open_dataset(tmp_path))
    (tmp_path / "classes.txt").unlink()
    assert "its classes (0, 1) are not those of the labels (cat, dog)" in refused(tmp_path)


def test_classes_that_look_like_prefixes_or_ids(tmp_path):
    (tmp_path / "labels.csv").write_text("label\nimage\nclass_b\nclass_a\n")
    (tmp_path / "preds.csv").write_text(
        "class_a,class_b,image\n0.1,0.1,0.8\n0.1,0.8,0.1\n0.8,0.1,0.1\n"
    )
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("class_a", "class_b", "image")
    assert own_class_wins(opened)


def test_classes_that_only_one_side_knows(tmp_path):
    (tmp_path / "labels.csv").write_text("label\ncat\ncat\ndog\nyeti\n")
    (tmp_path / "preds.csv").write_text("cat,dog,emu\n" + "0.6,0.3,0.1\n" * 4)
    opened = open_dataset(tmp_path)
    assert opened.class_names == ("cat", "dog", "emu", "yeti")
    assert opened.probabilities.read(3, 4).tolist() == [[0.6, 0.3, 0.1, 0.0]]
    (check,) = [check for check in opened.contract if check.name == "classes"]
    assert check.status == "alerted"
    assert "1 label is of a class that has no column in preds.csv: yeti" in check.message
    assert check.evidence["without_examples"] == ["emu"]


def test_a_table_that_speaks_of_other_classes(tmp_path):
    (tmp_path / "labels.csv").write_text("label\ncat\ndog\n")
    (tmp_path / "preds.csv").write_text("prob_x,prob_y\n0.6,0.4\n0.6,0.4\n")
    assert "preds.csv: its classes (x, y) are not those of the labels" in refused(tmp_path)


def test_a_table_without_classes(tmp_path):
    (tmp_path / "labels.csv").write_text("id,label\n1,cat\n2,dog\n")
    (tmp_path / "preds.csv").write_text("id,score\n1,0.6\n2,0.6\n")
    assert "no column for each class was found among id, score" in refused(tmp_path)


def test_without_predictions_names_give_the_order():
    found = name_classes({"b": 1, "a": 2})
    assert found.names == ("a", "b")
    assert found.columns is None
    assert found.check.status == "passed"


@pytest.mark.parametrize("dtype", ["U3", "S3", object])
def test_labels_as_texts_in_arrays(tmp_path, dtype):
    labels = np.array(["cat", "dog"], dtype=dtype)
    np.save(tmp_path / "labels.npy", labels, allow_pickle=True)
    if dtype is object:
        assert "pickle" in refused(tmp_path)
    else:
        assert open_dataset(tmp_path).class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.zeros((3, 2)), "labels of shape (3, 2); give one per row"),
        (np.float64(3), "labels of shape (); give one per row"),
        (np.array([0.5, 1.0]), "the labels are fractions such as 0.5"),
        (np.array([1 + 2j]), "cannot read values of type complex128"),
        (np.array(["2020-01-01"], dtype="M8[D]"), "cannot read values of type datetime64"),
        (np.array([b"\xff"]), "its texts are not UTF-8"),
        (np.array([], dtype=np.int64), "labels.npy: holds no rows"),
        (np.array([np.nan, np.nan]), "every label is blank"),
    ],
)
def test_labels_that_are_none(tmp_path, labels, said):
    assert said in refused(make(tmp_path, labels))


def test_labels_of_every_type(tmp_path):
    for labels, names in [
        (np.array([True, False]), ("False", "True")),
        (np.array([2**63, 1], dtype=np.uint64), ("1", str(2**63))),
        (np.array([3.0, np.nan, -1.0], dtype=np.float32), ("-1", "3")),
        (np.array([300, 7], dtype=">i2"), ("7", "300")),
    ]:
        assert open_dataset(make(tmp_path, labels)).class_names == names


def test_arrays_in_one_archive(tmp_path):
    np.savez(tmp_path / "labels.npz", target=[0, 1], other=[5, 6])
    assert open_dataset(tmp_path).class_names == ("0", "1")
    assert open_dataset(tmp_path, label_column="other").class_names == ("5", "6")
    np.savez(tmp_path / "labels.npz", a=[0, 1], b=[5, 6])
    assert "holds the arrays a, b; name the labels with --label-column" in refused(tmp_path)
    np.savez(tmp_path / "labels.npz", only=[0, 1])
    assert len(open_dataset(tmp_path)) == 2
    np.savez(tmp_path / "labels.npz", labels=[0, 1], ids=["a"])
    assert "has 2 labels, but 1 ids" in refused(tmp_path)
    np.savez(tmp_path / "labels.npz", labels=[0, 1], ids=["a", "a"])
    assert "row 1 (from 0): id 'a' was already used in row 0" in refused(tmp_path)
    np.savez(tmp_path / "labels.npz", labels=[0, 1], ids=["a", "b"])
    assert open_dataset(tmp_path).ids == ["a", "b"]


@pytest.mark.parametrize(
    "values",
    [
        np.array([-128, 127, 0, -128], dtype=np.int8),
        np.array([2**64 - 1, 0, 2**64 - 1], dtype=np.uint64),
        np.array([5, 5, 7], dtype=np.uint16),
        np.array([-(2**63), 2**63 - 1]),
        np.array([], dtype=np.int64),
        np.arange(3_000)[::-1],
    ],
    ids=lambda values: str(values.dtype),
)
def test_whole_numbers_are_coded_as_their_texts(values):
    coded = coded_labels(values, "labels.npy")
    assert coded.objects().tolist() == [str(value) for value in values.tolist()]
