"""Columns that rows are cut by: of every format, joined with the rows, refused in a line."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labelaudit
from labelaudit import open_dataset
from labelaudit.core.coded import Coded
from labelaudit.core.errors import ConfigError, LabelauditError
from labelaudit.ingest.memory import dataset_from_memory
from labelaudit.ingest.slicing import settled

LABELS = ["a", "b", "a", "b", "a", "b"]
SOURCE = ["web", "lab", "", "web", "lab", "web"]
TABLE = {
    "id": [f"r{row}" for row in range(6)],
    "label": LABELS,
    "source": SOURCE,
    "fold": [10, 9, 2, 10, 9, 2],
}


def values_of(dataset, name):
    column = dataset.slices[name]
    return [column.distinct[code] if code >= 0 else None for code in column.codes.tolist()]


def refused(folder, **options):
    with pytest.raises(LabelauditError) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


def write_table(path, table):
    frame = pa.table({name: pa.array(values) for name, values in table.items()})
    match path.suffix:
        case ".parquet":
            pq.write_table(frame, path)
        case ".feather":
            pyarrow.feather.write_feather(frame, path)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in frame.to_pylist()))
        case _:
            mark = "," if path.suffix == ".csv" else "\t"
            lines = [mark.join(table)]
            lines += [mark.join(map(str, row)) for row in zip(*table.values(), strict=True)]
            path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "feather"])
def test_a_column_of_every_table_format(tmp_path, ending):
    write_table(tmp_path / f"labels.{ending}", TABLE | {"colour": list("xyzxyz")})
    opened = open_dataset(tmp_path, by=["fold", "colour", "fold"])
    # `fold` says the splits; `source` is found by its name; what was asked for goes first.
    assert list(opened.slices) == ["split", "colour", "source"]
    assert opened.slices["split"].distinct == ("2", "9", "10")
    assert values_of(opened, "split") == ["10", "9", "2", "10", "9", "2"]
    assert values_of(opened, "source") == ["web", "lab", None, "web", "lab", "web"]
    said = [notice for notice in opened.notices if notice.startswith("slices:")]
    assert said[0] == "slices: `split` (by --by, column `fold`), 3 values (2, 9, 10)"
    assert said[2] == "slices: `source` (found by name), 2 values (lab, web), 1 row without one"
    assert {"slices", "slices.source", "slices.split"} <= opened.has


def test_columns_of_an_npz(tmp_path):
    np.savez(
        tmp_path / "labels.npz", labels=np.array([0, 1, 0, 1]), year=np.array([3.0, 4, 4, np.nan])
    )
    opened = open_dataset(tmp_path, by="year")
    assert values_of(opened, "year") == ["3", "4", "4", None]
    assert "did you mean 'year'?" in refused(tmp_path, by="yaer")


def test_columns_beside_an_image_folder(tmp_path):
    (tmp_path / "metadata.csv").write_text(
        "file_name,label,source\na.png,x,web\nb.png,y,lab\nc.png,x,web\n"
    )
    assert values_of(open_dataset(tmp_path), "source") == ["web", "lab", "web"]


def test_splits_of_files_and_folders(tmp_path):
    for split, labels in (("train", "aba"), ("test", "ab")):
        (tmp_path / f"{split}.csv").write_text("label\n" + "\n".join(labels) + "\n")
    np.save(tmp_path / "pred_probs.npy", np.full((5, 2), 0.5))
    opened = open_dataset(tmp_path)
    assert opened.slices["split"].distinct == ("train", "test")
    assert values_of(opened, "split") == ["train"] * 3 + ["test"] * 2
    np.save(tmp_path / "pred_probs.npy", np.full((3, 2), 0.5))
    alone = open_dataset(tmp_path)  # the predictions are of train
    assert len(alone) == 3
    assert alone.slices == {}


def test_rows_that_are_left_out_are_left_out_of_slices(tmp_path):
    rows = TABLE | {"label": ["a", "", "a", "b", "a", "b"]}
    write_table(tmp_path / "labels.csv", rows)
    (tmp_path / "predictions.csv").write_text(
        "id,prob_a,prob_b\n" + "".join(f"r{row},.6,.4\n" for row in (5, 4, 3, 1, 0))
    )
    opened = open_dataset(tmp_path)
    assert opened.ids is not None
    assert list(opened.ids) == ["r0", "r3", "r4", "r5"]
    assert values_of(opened, "source") == ["web", "web", "lab", "web"]
    assert values_of(opened, "split") == ["10", "10", "9", "2"]


def test_argilla_metadata(tmp_path):
    records = [
        {
            "id": str(row),
            "fields": {"text": "t"},
            "metadata": {"origin": origin, "tags": ["x"]} if origin else {},
            "responses": {"sentiment": [{"value": "pos" if row % 2 else "neg", "user_id": "u"}]},
        }
        for row, origin in enumerate(["web", None, "lab", "web"])
    ]
    (tmp_path / "records.json").write_text(json.dumps(records))
    assert values_of(open_dataset(tmp_path, by="origin"), "origin") == ["web", None, "lab", "web"]
    message = refused(tmp_path, by="tags")
    assert message.startswith("--by tags: records.json has no such column; ")


def test_label_studio_data_and_meta(tmp_path):
    tasks = [
        {
            "id": row,
            "data": {"text": "t", "origin": origin},
            "meta": {"batch": row // 2},
            "annotations": [
                {"result": [{"from_name": "c", "type": "choices", "value": {"choices": [label]}}]}
            ],
        }
        for row, (origin, label) in enumerate([("web", "a"), ("lab", "b"), ("web", "a")])
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    opened = open_dataset(tmp_path, by=("origin", "batch"))
    assert values_of(opened, "origin") == ["web", "lab", "web"]
    assert values_of(opened, "batch") == ["0", "0", "1"]
    assert "is the column of ids" in refused(tmp_path, by="id")


@pytest.mark.parametrize("several", [False, True])
def test_the_annotator_of_a_minimal_export_is_a_slice_where_each_task_has_one(tmp_path, several):
    tasks = [
        {"text": "t", "id": row // (1 + several), "sentiment": label, "annotator": 1 + row % 2,
         "annotation_id": row, "created_at": "x", "updated_at": "x", "lead_time": 1.0}
        for row, label in enumerate("abab")
    ]  # fmt: skip
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    opened = open_dataset(tmp_path)
    if several:
        assert len(opened) == 2
        assert opened.slices == {}
        assert "has no such column" in refused(tmp_path, by="annotator")
    else:
        assert values_of(opened, "annotator") == ["1", "2", "1", "2"]
    assert "is the column of labels" in refused(tmp_path, by="sentiment")


def test_cvat_attributes_of_images(tmp_path):
    images = [("a", "train", "7"), ("b", "test", ""), ("c", "train", "8")]
    (tmp_path / "annotations.xml").write_text(
        "<annotations>"
        + "".join(
            f'<image id="{i}" name="{name}.png" subset="{subset}" task_id="{task}" width="1" '
            f'height="1"><tag label="{"xy"[i % 2]}"/></image>'
            for i, (name, subset, task) in enumerate(images)
        )
        + "</annotations>"
    )
    opened = open_dataset(tmp_path, by="task_id", split="train,test")
    assert values_of(opened, "task_id") == ["7", None, "8"]
    assert values_of(opened, "split") == ["train", "test", "train"]
    assert "no such column" in refused(tmp_path, by="width")


def test_coco_keys_of_images(tmp_path):
    document = {
        "images": [{"id": n, "file_name": f"{n}.jpg", "license": n % 2} for n in range(4)],
        "annotations": [{"id": n, "image_id": n, "category_id": n // 2} for n in range(4)],
        "categories": [{"id": 0, "name": "cat"}, {"id": 1, "name": "dog"}],
    }
    (tmp_path / "instances.json").write_text(json.dumps(document))
    assert values_of(open_dataset(tmp_path, by="license"), "license") == ["0", "1", "0", "1"]


def test_a_format_without_columns_says_so(tmp_path):
    np.save(tmp_path / "labels.npy", np.array([0, 1, 0]))
    assert refused(tmp_path, by="source") == "--by source: labels.npy has no columns"


def test_a_table_of_votes_says_so(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "id,label,worker,place\n1,a,x,p\n1,a,y,p\n2,b,x,q\n2,a,y,q\n"
    )
    assert refused(tmp_path, by="place") == "--by place: labels.csv has several votes for a row"


def test_what_is_no_slice_is_refused_with_the_reason(tmp_path):
    write_table(tmp_path / "labels.csv", TABLE | {"score": [row / 7 for row in range(6)]})
    assert "is the column of labels" in refused(tmp_path, by="label")
    assert "is the column of ids" in refused(tmp_path, by="id")
    message = refused(tmp_path, by="sourze")
    assert message == (
        "--by sourze: labels.csv has no such column; did you mean 'source'?; its columns: "
        "id, label, source, fold, score"
    )


def test_too_many_values_are_counted_in_the_refusal(tmp_path):
    rows = range(1_001)
    table = {"label": ["ab"[row % 2] for row in rows], "weight": [row / 3 for row in rows]}
    write_table(tmp_path / "labels.parquet", table)
    assert refused(tmp_path, by="weight") == (
        "--by weight: this column of labels.parquet has 1,001 different values, at most 1,000 can "
        "be slices; bin them into fewer in a column of their own"
    )
    write_table(tmp_path / "labels.parquet", {k: v[:1_000] for k, v in table.items()})
    assert len(open_dataset(tmp_path, by="weight").slices["weight"].distinct) == 1_000


def test_lists_are_refused_where_asked_for_and_passed_over_where_not(tmp_path):
    rows = [{"label": "ab"[row % 2], "source": [row, 1]} for row in range(4)]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert open_dataset(tmp_path).slices == {}
    message = refused(tmp_path, by="source")
    assert message.startswith("--by source: is not one value for each row (")
    assert "line 1" in message


@pytest.mark.parametrize(
    ("values", "found"), [(1, False), (2, True), (50, True), (51, False), (200, False)]
)
def test_a_source_is_found_only_where_its_values_are_few(tmp_path, values, found):
    table = {"label": ["ab"[row % 2] for row in range(200)], "Source ": range(200)}
    table["Source "] = [f"s{row % values}" for row in range(200)]
    write_table(tmp_path / "labels.csv", table)
    assert ("Source " in open_dataset(tmp_path).slices) is found
    if not found and values > 1:
        assert len(open_dataset(tmp_path, by="Source ").slices["Source "].distinct) == values


def test_a_blank_column_is_said_and_left_out(tmp_path):
    write_table(tmp_path / "labels.csv", {"label": LABELS, "x": [""] * 6, "y": list("uuuuuu")})
    opened = open_dataset(tmp_path, by=["x", "y"])
    assert "slices: `x` (by --by) is blank in every row: not used" in opened.notices
    assert opened.slices["y"].distinct == ("u",)


def test_hostile_names_and_values_are_inert():
    name, value = "so\x1b[31m|<b>\u202e", "=cmd()\n<script>\ud800"
    probabilities = np.tile([[0.9, 0.1]], (6, 1))
    made = labelaudit.audit(LABELS, probabilities, by={name: [value] * 3 + ["x"] * 3})
    column = made.dataset.slices[name]
    assert column == ("=cmd()\n<script>\\ud800", "x")  # what UTF-8 cannot hold is an escape
    assert not any("\x1b" in notice or "\u202e" in notice for notice in made.dataset.notices)
    (evidence,) = (one for one in made.findings.further if one.startswith("by_"))
    assert evidence == "by_so\\x1b[31m|<b>\\u202e"


def test_a_dataframe_has_columns_and_a_split():
    frame = pd.DataFrame(
        {"label": LABELS, "split": ["train", "test"] * 3, "source": SOURCE, "n": [1.5, 2] * 3}
    )
    opened = dataset_from_memory(frame, by="n")
    assert opened.splits is not None
    assert opened.splits.distinct == ("train", "test")
    assert list(opened.slices) == ["split", "n", "source"]
    assert values_of(opened, "n") == ["1.5", "2"] * 3
    with pytest.raises(ConfigError, match="by label: is the column of labels"):
        dataset_from_memory(frame, by="label")


def test_values_given_beside_arrays():
    labels = ["a", "b", None, "a"]
    opened = dataset_from_memory(labels, by={"source": ["x", None, "y", "x"]})
    assert values_of(opened, "source") == ["x", None, "x"]
    with pytest.raises(LabelauditError, match="has 3 values for 4 rows"):
        dataset_from_memory(labels, by={"source": ["x", "y", "x"]})
    with pytest.raises(ConfigError, match=r"have no columns; give by=\{name: values\}"):
        dataset_from_memory(labels, by="source")


@given(
    texts=st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=1, max_size=30),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_settling_keeps_the_value_of_every_row(texts, data):
    column = Coded.of(texts)
    kept = data.draw(st.lists(st.sampled_from(range(len(texts))), unique=True).map(sorted))
    own = np.array(kept, dtype=np.int64)
    found = settled(column, own)
    escaped = [
        texts[row].encode("utf-8", "backslashreplace").decode()
        if texts[row] is not None and texts[row].strip()
        else None
        for row in kept
    ]
    told = [found.distinct[code] if code >= 0 else None for code in found.codes.tolist()]
    assert told == escaped
    assert set(found.distinct) == {text for text in escaped if text is not None}
