"""Layouts of datasets: splits, Hugging Face folders, image folders with metadata."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from labelaudit import open_dataset
from labelaudit.cli import run
from labelaudit.core.errors import LabelauditError

NAMES = ("neg", "pos")
CASES = sorted((Path(__file__).parent / "cases" / "layouts").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case(case, tmp_path):
    """A case is the files, and in `expected.json` what they are read as, or the `error`."""
    folder = tmp_path / "dataset"
    shutil.copytree(case, folder)
    (folder / "expected.json").unlink()
    expected = json.loads((case / "expected.json").read_text(encoding="utf-8"))
    choices = expected.get("choices", {})
    if "error" in expected:
        assert refused(folder, **choices).endswith(expected["error"])
        return
    opened = open_dataset(folder, **choices)
    rows = {opened.id_of(row): opened.class_names[code] for row, code in enumerate(opened.labels)}
    assert rows == expected["labels"]
    for name in ("splits", "examples"):
        if name in expected:
            assert getattr(opened, name).tolist() == expected[name]
    for words in expected.get("says", ()):
        assert any(words in notice for notice in opened.notices), opened.notices


def refused(folder, **options):
    with pytest.raises(LabelauditError) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def write_csv(path, labels, ids=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{label}," + (ids[row] if ids else "x") for row, label in enumerate(labels)]
    path.write_text(f"label,{'id' if ids else 'text'}\n" + "\n".join(rows) + "\n")


def save_predictions(folder, labels):
    codes = [NAMES.index(label) for label in labels]
    np.save(folder / "pred_probs.npy", 0.1 + 0.8 * np.eye(2)[codes])


def write_hub(path, codes):
    """Write what `push_to_hub` writes: codes, and the features in the metadata."""
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "topic": {"names": list(NAMES), "_type": "ClassLabel"},
    }
    said = json.dumps({"info": {"features": features}})
    table = pa.table({"text": ["a"] * len(codes), "topic": codes})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": said}), path)


def paint(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(folder / name)


TRAIN, TEST = ["neg", "pos", "pos"], ["pos", "neg"]


@pytest.fixture
def split_files(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN)
    write_csv(tmp_path / "test.csv", TEST)
    return tmp_path


def test_split_files_with_predictions_for_all_are_read_as_one(split_files):
    save_predictions(split_files, TRAIN + TEST)
    opened = open_dataset(split_files)
    assert opened.splits.tolist() == ["train"] * 3 + ["test"] * 2
    assert opened.labels.tolist() == [0, 1, 1, 1, 0]
    assert opened.inputs[0].path == "train.csv, test.csv"
    assert "splits: train (3 rows), test (2 rows); audited: train, test (predictions by count)" in (
        opened.notices
    )


@pytest.mark.parametrize(("split", "labels"), [("train", TRAIN), ("test", TEST)])
def test_the_split_with_predictions_is_audited(split_files, split, labels):
    save_predictions(split_files, labels)
    opened = open_dataset(split_files)
    assert set(opened.splits.tolist()) == {split}
    assert [opened.class_names[code] for code in opened.labels] == labels
    assert opened.probabilities.read(0, 2).argmax(axis=1).tolist() == opened.labels[:2].tolist()
    assert any("choose with --split" in notice for notice in opened.notices)
    again = open_dataset(split_files, split=split)
    assert again.labels.tolist() == opened.labels.tolist()


def test_without_predictions_train_is_audited(split_files):
    opened = open_dataset(split_files)
    assert opened.splits.tolist() == ["train"] * 3
    assert open_dataset(split_files, split="test").splits.tolist() == ["test"] * 2
    assert len(open_dataset(split_files, split="test,train")) == 5


def test_predictions_that_fit_no_split_or_several(split_files):
    save_predictions(split_files, ["neg"] * 4)
    assert refused(split_files) == (
        "pred_probs.npy: has 4 rows, but the splits have train 3, test 2, in all 5; without ids "
        "they are matched by row order, so the counts must agree with one or more"
    )
    write_csv(split_files / "val.csv", TEST)
    save_predictions(split_files, TEST)
    assert "has 2 rows, as have the splits val, test; choose one with --split" in (
        refused(split_files)
    )
    assert len(open_dataset(split_files, split="val")) == 2


def test_predictions_by_id_choose_the_split(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN, ["a", "b", "c"])
    write_csv(tmp_path / "test.csv", TEST, ["d", "e"])
    (tmp_path / "preds.csv").write_text("id,neg,pos\ne,0.9,0.1\nd,0.2,0.8\n")
    opened = open_dataset(tmp_path)
    assert (opened.ids, opened.splits.tolist()) == (["d", "e"], ["test"] * 2)
    assert opened.probabilities.read(0, 2).tolist() == [[0.2, 0.8], [0.9, 0.1]]


def test_splits_that_share_ids_are_not_read_together(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN, ["0", "1", "2"])
    write_csv(tmp_path / "test.csv", TEST, ["0", "1"])
    opened = open_dataset(tmp_path)
    assert opened.ids == ["0", "1", "2"]
    assert "splits `test` are not read: they use ids of others; choose one with --split" in (
        opened.notices
    )
    assert open_dataset(tmp_path, split="test").ids == ["0", "1"]


def test_a_split_without_labels_is_left_out(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN)
    (tmp_path / "test.csv").write_text("id,text\n1,x\n")
    opened = open_dataset(tmp_path)
    assert len(opened) == 3
    assert "split `test` is not read: test.csv has no column of labels" in opened.notices


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("tset", "--split tset: there is no such split; did you mean 'test'?; there are train, t"),
        ("\x1b[31m", "--split \\x1b[31m: there is no such split; there are train, test"),
    ],
)
def test_a_split_that_is_not_there(split_files, wanted, said):
    assert refused(split_files, split=wanted).startswith(said)


def test_split_where_there_is_none(tmp_path):
    write_csv(tmp_path / "labels.csv", TRAIN)
    assert "--split test: no splits were found here" in refused(tmp_path, split="test")


def test_a_column_of_splits(tmp_path):
    (tmp_path / "labels.csv").write_text("label,Split\nneg,train\npos,test\nneg,test\npos,train\n")
    opened = open_dataset(tmp_path)
    assert opened.splits.tolist() == ["train", "test", "test", "train"]
    opened = open_dataset(tmp_path, split="test")
    assert (opened.source_rows.tolist(), opened.labels.tolist()) == ([1, 2], [1, 0])
    save_predictions(tmp_path, ["neg", "pos", "neg", "pos"])
    opened = open_dataset(tmp_path, split="test")
    assert opened.probabilities.read(0, 2).argmax(axis=1).tolist() == [1, 0]


def test_images_by_split_and_class(tmp_path):
    paint(tmp_path, "train/cat/1.png", "train/dog/1.png", "test/cat/1.png", "__MACOSX/cat/1.png")
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "train" / "Thumbs.db").write_text("x")
    np.save(tmp_path / "pred_probs.npy", np.full((3, 2), 0.5))
    opened = open_dataset(tmp_path)
    assert opened.ids == ["train/cat/1.png", "train/dog/1.png", "test/cat/1.png"]
    assert opened.splits.tolist() == ["train", "train", "test"]
    assert opened.labels.tolist() == [0, 1, 0]
    (tmp_path / "pred_probs.npy").unlink()
    assert open_dataset(tmp_path, split="test").ids == ["test/cat/1.png"]
    assert len(open_dataset(tmp_path)) == 2
    (tmp_path / "mine-audit").mkdir()  # what is neither a split nor holds images changes nothing
    assert open_dataset(tmp_path).splits.tolist() == ["train"] * 2
    assert "by split and class" in open_dataset(tmp_path).notices[0]


def test_hub_parquet(tmp_path):
    write_hub(tmp_path / "data" / "train-00000-of-00002.parquet", [0, 1])
    write_hub(tmp_path / "data" / "train-00001-of-00002.parquet", [1])
    write_hub(tmp_path / "data" / "validation-00000-of-00001.parquet", [1, -1])
    opened = open_dataset(tmp_path)
    assert opened.class_names == NAMES
    assert opened.labels.tolist() == [0, 1, 1]
    assert "column `topic` (its type is ClassLabel)" in opened.notices[0]
    save_predictions(tmp_path, TRAIN + TEST)
    assert open_dataset(tmp_path).splits.tolist() == ["train"] * 3 + ["validation"]


def test_hub_configurations(tmp_path):
    write_hub(tmp_path / "cola" / "train-00000-of-00001.parquet", [0, 1])
    assert len(open_dataset(tmp_path)) == 2
    write_hub(tmp_path / "sst2" / "test-00000-of-00001.parquet", [0, 1])
    assert refused(tmp_path).endswith(
        "several folders hold splits: cola, sst2; point at one of them"
    )


@pytest.fixture
def saved(tmp_path):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    features = datasets.Features(
        {"text": datasets.Value("string"), "topic": datasets.ClassLabel(names=list(NAMES))}
    )

    def make(labels):
        return datasets.Dataset.from_dict(
            {"text": list(labels), "topic": list(labels)}, features=features
        )

    folder = tmp_path / "saved"
    both = datasets.DatasetDict(test=make(TEST), train=make(TRAIN))
    both.save_to_disk(folder, num_shards={"train": 2, "test": 1})
    return folder


def test_save_to_disk(saved):
    opened = open_dataset(saved)
    assert opened.class_names == NAMES
    assert [NAMES[code] for code in opened.labels] == TRAIN
    assert "dataset_dict.json of Hugging Face save_to_disk, splits train, test" in opened.notices[0]
    save_predictions(saved, TRAIN + TEST)
    assert open_dataset(saved).splits.tolist() == ["train"] * 3 + ["test"] * 2
    (saved / "pred_probs.npy").unlink()
    assert len(open_dataset(saved, split="test")) == 2
    alone = open_dataset(saved / "train")
    assert (alone.splits, len(alone)) == (None, 3)


def test_the_order_of_arrow_files_is_that_of_the_state(saved):
    state = json.loads((saved / "train" / "state.json").read_text())
    state["_data_files"].reverse()
    (saved / "train" / "state.json").write_text(json.dumps(state))
    assert open_dataset(saved / "train").labels.tolist() == [1, 0, 1]


def test_class_names_are_in_the_info_where_the_schema_has_none(saved):
    for file in (saved / "train").glob("*.arrow"):
        table = pa.ipc.open_stream(file.read_bytes()).read_all().replace_schema_metadata(None)
        with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as out:
            out.write_table(table)
    opened = open_dataset(saved / "train")
    assert (opened.class_names, opened.labels.tolist()) == (NAMES, [0, 1, 1])


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("train/state.json", "[]", "holds no JSON object"),
        ("train/state.json", "{", "is not a readable JSON file"),
        ("train/state.json", "{}", "lists no Arrow files"),
        ("train/state.json", '{"_data_files": [{"filename": "../x"}]}', "outside of its folder"),
        ("train/state.json", '{"_data_files": [{"filename": "x.arrow"}]}', "is missing, but"),
        ("train/state.json", '{"_data_files": 3}', "does not list the Arrow files"),
        ("dataset_dict.json", '{"splits": ["../x"]}', "lists a split outside of its folder"),
        ("dataset_dict.json", '{"splits": ["dev"]}', "has no state.json"),
        ("dataset_dict.json", "{}", "does not list the splits"),
    ],
)
def test_what_is_wrong_with_save_to_disk(saved, file, text, said):
    (saved / file).write_text(text)
    assert said in refused(saved if file != "train/state.json" else saved / "train")


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_images_with_metadata(tmp_path, ending):
    paint(tmp_path, "a/1.png", "a/2.png")
    names, labels = ["a/1.png", "a/2.png"], ["dog", "cat"]
    table = pa.table({"id": [7, 8], "file_name": names, "label": labels})
    if ending == "parquet":
        pq.write_table(table, tmp_path / "metadata.parquet")
    elif ending == "jsonl":
        lines = "\n".join(map(json.dumps, table.to_pylist()))
        (tmp_path / "metadata.jsonl").write_text(lines)
    else:
        (tmp_path / "metadata.csv").write_text("file_name,label\na/1.png,dog\na/2.png,cat\n")
    opened = open_dataset(tmp_path)
    assert opened.ids == names
    assert opened.examples == names
    assert opened.class_names == ("cat", "dog")
    assert f"the metadata of an image folder: metadata.{ending}" in opened.notices[0]
    assert not any("no image here" in notice for notice in opened.notices)


def test_metadata_in_the_folder_of_each_split(tmp_path):
    for split, label in (("train", "cat"), ("test", "dog")):
        paint(tmp_path, f"{split}/1.png")
        (tmp_path / split / "metadata.csv").write_text(f"file_name,label\n1.png,{label}\n")
    (tmp_path / "preds.csv").write_text("id,cat,dog\ntest/1.png,0.1,0.9\ntrain/1.png,0.9,0.1\n")
    opened = open_dataset(tmp_path)
    assert opened.ids == ["train/1.png", "test/1.png"]
    assert opened.splits.tolist() == ["train", "test"]
    assert opened.probabilities.read(0, 2).argmax(axis=1).tolist() == [0, 1]
    assert open_dataset(tmp_path, split="test").ids == ["test/1.png"]


def test_metadata_at_the_wrong_depth_is_said(tmp_path):
    paint(tmp_path, "train/1.png", "cat/1.png")
    (tmp_path / "metadata.csv").write_text("file_name,label\n1.png,cat\n..\\\\x.png,dog\n")
    (tmp_path / "cat" / "metadata.csv").write_text("file_name,label\n1.png,cat\n")
    notices = open_dataset(tmp_path).notices
    assert "cat/metadata.csv: not read; one table for all images lies above" in notices
    assert any(
        "metadata.csv: 2 of the first 2 file names lead to no image here, the first is '1.png'"
        in notice
        for notice in notices
    )


def test_metadata_without_labels_leaves_them_to_the_folders(tmp_path):
    paint(tmp_path, "cat/1.png", "dog/1.png")
    (tmp_path / "metadata.csv").write_text("file_name,width\ncat/1.png,2\n")
    assert open_dataset(tmp_path).ids == ["cat/1.png", "dog/1.png"]
    (tmp_path / "metadata.jsonl").write_text('{"file_name": "cat/1.png"}\n')
    assert "holds metadata.csv, metadata.jsonl; keep one" in refused(tmp_path)


def test_what_is_no_data_is_passed_over(tmp_path):
    (tmp_path / "labels.csv").mkdir()
    paint(tmp_path, "cat/1.png", "dog/1.png")
    for junk in (".DS_Store", "Thumbs.db", "cat/.DS_Store", "dog/Thumbs.db", "cat/._1.png"):
        (tmp_path / junk).write_bytes(b"")
    outside = tmp_path.parent / f"{tmp_path.name}-outside.png"
    outside.write_bytes(b"x")
    (tmp_path / "cat" / "link.png").symlink_to(outside)
    (tmp_path / "cat" / "in.png").symlink_to(tmp_path / "dog" / "1.png")
    opened = open_dataset(tmp_path)
    assert opened.ids == ["cat/1.png", "cat/in.png", "dog/1.png"]


def test_an_empty_split_is_named(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN)
    (tmp_path / "test.csv").write_bytes(b"")
    notices = open_dataset(tmp_path).notices
    assert any("split `test` is not read:" in notice and "is empty" in notice for notice in notices)


def test_images_are_found_for_ids_without_an_ending(tmp_path):
    write_csv(tmp_path / "train.csv", TRAIN, ["a1", "b2", "c3"])
    paint(tmp_path, "train_images/a1.png", "train_images/b2.jpg", "train_images/b2.png")
    (tmp_path / "test.csv").write_text("id\nz\n")
    (tmp_path / "sample_submission.csv").write_text("id,label\nz,neg\n")
    opened = open_dataset(tmp_path)
    assert opened.examples == ("train_images/a1.png", "", "")
    assert opened.ids == ["a1", "b2", "c3"]


def test_images_are_found_for_windows_paths(tmp_path):
    write_csv(tmp_path / "labels.csv", TRAIN, ["cat\\1.png", "images\\x.png", "..\\x.png"])
    paint(tmp_path, "images/cat/1.png", "images/x.png")
    assert open_dataset(tmp_path).examples == ("images/cat/1.png", "images/x.png", "")


def test_a_file_name_twice_in_the_metadata_of_a_split(tmp_path):
    for split in ("train", "test"):
        paint(tmp_path, f"{split}/1.png")
        (tmp_path / split / "metadata.csv").write_text("file_name,label\n1.png,a\n1.png,b\n")
    assert "'train/1.png' was already used" in refused(tmp_path)


def test_a_dry_run_says_what_was_found_and_why(split_files, capsys, monkeypatch):
    save_predictions(split_files, TEST)
    monkeypatch.chdir(split_files)
    for words in ([], ["--split", "test"]):
        code = run(["ingest", ".", "--dry-run", "-o", "audit", *words])
        said = capsys.readouterr().out
        assert code == 0
        if not words:
            assert "found by name, splits train, test" in said
            assert "audited: test (predictions by count; choose with --split)" in said
        else:
            assert "labels: test.csv (found by name, split `test` by --split)" in said
    assert not (split_files / "audit").exists()


def test_the_steps_of_an_audit_keep_the_split(split_files, monkeypatch):
    save_predictions(split_files, TEST)
    monkeypatch.chdir(split_files.parent)
    assert run(["ingest", str(split_files), "--split", "test", "-o", "audit", "-q"]) == 0
    assert run(["detect", "audit", "-q"]) == 0


def test_a_column_of_splits_in_a_single_file_called_train(tmp_path):
    (tmp_path / "train.csv").write_text(
        "label,split,prob_a,prob_b\na,train,0.9,0.1\nb,test,0.2,0.8\na,test,0.7,0.3\n"
    )
    opened = open_dataset(tmp_path, split="test")
    assert (opened.splits.tolist(), opened.labels.tolist()) == (["test"] * 2, [1, 0])
    assert opened.probabilities.read(0, 2).tolist() == [[0.2, 0.8], [0.7, 0.3]]
    assert len(open_dataset(tmp_path)) == 3
    write_csv(tmp_path / "train.csv", TRAIN)
    assert len(open_dataset(tmp_path, split="train")) == 3
