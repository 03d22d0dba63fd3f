"""Layouts that libraries write, and splits; what is text is in `cases/layouts`."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from labelaudit import open_dataset
from labelaudit.cli import run
from labelaudit.core.errors import LabelauditError

NAMES = ("neg", "pos")


def refused(folder, **options):
    with pytest.raises(LabelauditError) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def write_csv(path, labels):
    path.write_text("label\n" + "\n".join(labels) + "\n")


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
