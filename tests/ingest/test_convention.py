"""Which file plays which part: by name, by option, and what is said where it is unclear."""

import shutil

import numpy as np
import pytest
from PIL import Image

from labelaudit import open_dataset
from labelaudit.core.errors import ConfigError, InputError, LabelauditError
from labelaudit.ingest.folder import (
    CLASS_FILES,
    EMBEDDING_STEMS,
    ID_COLUMNS,
    IMAGE_FOLDERS,
    LABEL_COLUMNS,
    LABEL_STEMS,
    PREDICTION_STEMS,
    Choices,
    plan,
)

LABELS = [0, 1, 2, 0, 1, 2]
PROBABILITIES = np.full((6, 3), 0.1) + 0.7 * np.eye(3)[LABELS]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    return path


@pytest.fixture
def arrays(folder):
    np.save(folder / "labels.npy", LABELS)
    np.save(folder / "pred_probs.npy", PROBABILITIES)
    return folder


def refused(folder, error=LabelauditError, **options):
    with pytest.raises(error) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("stem", [*LABEL_STEMS, "Labels", "LABELS"])
def test_every_name_of_labels(folder, stem):
    np.save(folder / f"{stem}.npy", LABELS)
    opened = open_dataset(folder)
    assert len(opened) == 6
    assert f"labels: {stem}.npy (found by name), ids: row numbers" in opened.notices


@pytest.mark.parametrize("stem", [*PREDICTION_STEMS, "pred_probs_resnet18", "Preds_v2"])
def test_every_name_of_predictions(arrays, stem):
    (arrays / "pred_probs.npy").rename(arrays / f"{stem}.npy")
    opened = open_dataset(arrays)
    assert (opened.probabilities.read(0, 6) == PROBABILITIES).all()
    assert opened.inputs[1].path == f"{stem}.npy"


@pytest.mark.parametrize("stem", EMBEDDING_STEMS)
def test_every_name_of_embeddings(arrays, stem):
    np.save(arrays / f"{stem}.npy", np.ones((6, 4)))
    assert open_dataset(arrays).embeddings.width == 4


@pytest.mark.parametrize("name", IMAGE_FOLDERS)
def test_every_name_of_images(arrays, name):
    (arrays / name).mkdir()
    assert f"images: {name} (found by name)" in open_dataset(arrays).notices


@pytest.mark.parametrize("name", CLASS_FILES)
def test_every_name_of_class_files(arrays, name):
    (arrays / name).write_text("\ufeffbird\r\ncat\r\n\r\ndog\r\n", encoding="utf-8")
    assert open_dataset(arrays).class_names == ("bird", "cat", "dog")


@pytest.mark.parametrize("column", [*LABEL_COLUMNS, "Label", " label "])
def test_every_name_of_label_columns(folder, column):
    (folder / "labels.csv").write_text(f"foo,{column}\n1,cat\n2,dog\n")
    assert open_dataset(folder).class_names == ("cat", "dog")


@pytest.mark.parametrize("column", [*ID_COLUMNS, "ID", "Filename"])
def test_every_name_of_id_columns(folder, column):
    (folder / "labels.csv").write_text(f"label,{column}\ncat,a\ndog,b\n")
    assert open_dataset(folder).ids == ["a", "b"]


def test_the_better_name_wins(folder):
    (folder / "train.csv").write_text("label\ncat\n")
    (folder / "labels.csv").write_text("label,class,id\ncat,x,1\ndog,y,2\n")
    opened = open_dataset(folder)
    assert opened.inputs[0].path == "labels.csv"
    assert opened.class_names == ("cat", "dog")


@pytest.mark.parametrize(
    ("names", "role"),
    [
        (("labels.csv", "labels.npy"), "labels"),
        (("preds.npy", "oof.csv"), "predictions"),
        (("embeddings_a.npy", "embeddings_b.npy"), "embeddings"),
    ],
)
def test_two_candidates_are_listed_and_none_is_chosen(folder, names, role):
    np.save(folder / "y.npy", LABELS)
    for name in names:
        (folder / name).write_bytes(b"x")
    said = refused(folder)
    assert f"several files could be the {role}: {', '.join(sorted(names))}" in said
    assert f"choose one with --{role}" in said


def test_an_option_ends_the_doubt(arrays):
    np.save(arrays / "pred_probs_b.npy", PROBABILITIES[:, ::-1])
    opened = open_dataset(arrays, predictions="pred_probs_b.npy")
    assert opened.probabilities.read(0, 1).tolist() == [PROBABILITIES[0, ::-1].tolist()]
    assert "by --predictions" in opened.notices[1]


def test_options_win_over_names(arrays, tmp_path):
    (arrays / "other.csv").write_text("id,label,mine,key\n1,a,cat,x\n2,b,dog,y\n")
    (tmp_path / "mine.csv").write_text("key,cat,dog\ny,0.2,0.8\nx,0.9,0.1\n")
    (arrays / "shown").mkdir()
    opened = open_dataset(
        arrays,
        labels="other.csv",
        label_column="mine",
        id_column="key",
        predictions=str(tmp_path / "mine.csv"),
        images="shown",
    )
    assert opened.ids == ["x", "y"]
    assert opened.class_names == ("cat", "dog")
    assert opened.probabilities.read(0, 2).tolist() == [[0.9, 0.1], [0.2, 0.8]]
    assert opened.notices[0] == (
        "labels: other.csv (by --labels), column `mine` (by --label-column), ids: column `key`"
    )
    assert "images: shown (by --images)" in opened.notices


def test_the_file_in_the_dataset_goes_before_that_in_the_working_folder(
    arrays, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "pred_probs.npy", PROBABILITIES[:3])
    assert len(open_dataset("data", predictions="pred_probs.npy")) == 6


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"labels": "lables.npy"}, "did you mean 'labels.npy'?"),
        ({"labels": "."}, "is a folder; name a file in it"),
        ({"labels": "notes.txt"}, "not a format that can be read as labels"),
        ({"predictions": "pred_prob.npy"}, "did you mean 'pred_probs.npy'?"),
        ({"predictions": "notes.txt"}, "not a format that can be read as predictions"),
        ({"embeddings": "nothing.npy"}, "--embeddings nothing.npy: no such file in"),
        ({"images": "pictures"}, "--images pictures: no such folder"),
        ({"label_column": "lable"}, "--label-column: goes with a table or .npz"),
        ({"labels": "x" * 5000}, "cannot be read: File name too long"),
    ],
)
def test_a_wrong_option_is_named(arrays, options, said):
    (arrays / "notes.txt").write_text("x")
    assert said in refused(arrays, **options)


def test_the_label_column_cannot_be_the_ids(folder):
    (folder / "labels.csv").write_text("id,label\n1,cat\n2,dog\n")
    assert "is the column of labels" in refused(folder, ConfigError, id_column="label")
    assert open_dataset(folder, label_column="id").ids is None


def test_no_such_dataset(tmp_path, arrays):
    assert "did you mean 'data'?" in refused(tmp_path / "dta")
    assert "no such file or folder" in refused(tmp_path / "no" / "where")
    assert "File name too long" in refused("x" * 5000)
    (tmp_path / "loop").symlink_to("loop")
    assert refused(tmp_path / "loop")


def test_nothing_to_read(folder, tmp_path):
    assert "no labels found: looked for labels.csv" in refused(folder)
    (folder / ".hidden").mkdir()
    assert "no labels found" in refused(folder)
    (folder / "labels.csv").mkdir()
    assert "no labels found" in refused(folder)
    (tmp_path / "notes.txt").write_text("x")
    assert "not a format that can be read as labels" in refused(tmp_path / "notes.txt")


def test_one_file_is_a_dataset(folder):
    file = folder / "my.train.csv"
    file.write_text("y,prob_a,prob_b,x\na,0.9,0.1,5\nb,0.2,0.8,6\n")
    np.save(folder / "pred_probs.npy", np.eye(2))  # not looked for: one file was given
    (folder / "classes.txt").write_text("never\nread\n")
    opened = open_dataset(file)
    assert opened.name == "my"
    assert opened.class_names == ("a", "b")
    assert opened.probabilities.read(0, 2).tolist() == [[0.9, 0.1], [0.2, 0.8]]
    assert "predictions: my.train.csv (in the labels file)" in opened.notices[1]
    assert "holds the labels already" in refused(file, ConfigError, labels="x.csv")
    given = open_dataset(file, predictions="pred_probs.npy")
    assert given.probabilities.read(0, 1).tolist() == [[1.0, 0.0]]


@pytest.fixture
def images(folder):
    for label in ("cat", "dog"):
        (folder / label).mkdir()
        for number in range(3):
            Image.new("L", (2, 2), number).save(folder / label / f"{number}.png")
    (folder / "dog" / "notes.txt").write_text("x")
    (folder / ".cache").mkdir()
    return folder


def test_images_by_class(images):
    np.save(images / "pred_probs.npy", np.full((6, 2), 0.5))
    opened = open_dataset(images)
    assert opened.class_names == ("cat", "dog")
    assert opened.ids[:2] == ["cat/0.png", "cat/1.png"]
    assert opened.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert opened.format == "image folder"
    assert opened.inputs[0].sha256 is None
    assert plan(images, Choices()).labels.how == "an image folder by class"


def test_images_are_known_by_their_names_and_sizes(images):
    before = open_dataset(images).inputs[0].fingerprint
    (images / "x-audit").mkdir()
    (images / "x-audit" / "audit.json").write_text("{}")
    (images / "dog" / "Thumbs.db").write_text("x")
    assert open_dataset(images).inputs[0].fingerprint == before
    shutil.copy(images / "dog" / "0.png", images / "dog" / "9.png")
    assert open_dataset(images).inputs[0].fingerprint != before


def test_large_files_are_known_by_blocks(arrays, monkeypatch):
    from labelaudit.ingest import fingerprint

    monkeypatch.setattr(fingerprint, "FULL_HASH_BYTES", 10)
    large = arrays / "large.npy"
    large.write_bytes(bytes(100_000))
    size, full, mark = fingerprint.fingerprint(large)
    assert (size, full) == (100_000, None)
    assert mark.startswith("blocks:")
    assert fingerprint.fingerprint(large)[2] == mark
    large.write_bytes(bytes(99_999) + b"x")
    assert fingerprint.fingerprint(large)[2] != mark
    with pytest.raises(InputError, match="cannot be read"):
        fingerprint.fingerprint(arrays / "gone.npy")
