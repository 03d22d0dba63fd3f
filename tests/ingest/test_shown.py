"""What is shown of a row: pictures, texts or columns, the rows that were asked for."""

import csv
import io
import json
import pickle
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from labelaudit.core.errors import ConfigError
from labelaudit.ingest.opening import open_dataset
from labelaudit.ingest.shown import MOST_FEATURES, MOST_TEXT, snippet


def examples(dataset, rows, side=96):
    told = []
    rows = np.array(rows, dtype=np.int64)
    made = dataset.shown.examples(rows, lambda: told.append(None), side)
    assert len(told) == len(made) == len(rows)
    return made


def table(path, rows, **columns):
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "label", *columns])
        for row in range(rows):
            label = "" if row == 2 else "ab"[row % 2]
            writer.writerow([f"r{row}", label, *(column[row] for column in columns.values())])


def test_digits_show_their_pictures(sample_data):
    dataset = open_dataset(sample_data / "digits")
    first, last = examples(dataset, [0, 1796])
    assert (first.kind, first.width, first.height) == ("image", 96, 96)
    assert first.jpeg != last.jpeg
    assert examples(dataset, [1796]) == [last]
    assert max(examples(dataset, [5], 160)[0].jpeg[:2]) == 0xFF
    assert examples(dataset, [5], 160)[0].width == 160


def test_images_by_class_and_one_that_is_gone(tmp_path, sample_data):
    images = sorted((sample_data / "digits" / "images").iterdir())
    for number in range(24):
        place = tmp_path / "ab"[number % 2]
        place.mkdir(exist_ok=True)
        shutil.copy(images[number], place / f"{number:02}.png")
    dataset = open_dataset(tmp_path)
    (tmp_path / "a" / "02.png").unlink()
    (tmp_path / "a" / "04.png").write_bytes(b"<svg/>")
    made = examples(dataset, [0, 1, 2, 12])
    unread = "is no picture that can be read"
    assert [one.problem for one in made] == ["", "no such file", unread, ""]


def test_texts_are_those_of_the_audited_rows(tmp_path):
    table(tmp_path / "labels.csv", 30, message=[f'"so", number\n{row}' for row in range(30)])
    dataset = open_dataset(tmp_path)
    # Row 2 has no label: from there on the rows of the dataset are not those of the file.
    made = examples(dataset, [0, 1, 2, 28])
    assert [one.text for one in made] == [f'"so", number {row}' for row in (0, 1, 3, 29)]
    assert {one.kind for one in made} == {"text"}


def test_a_column_of_texts_can_be_chosen(tmp_path):
    own = [f"own {row}" for row in range(30)]
    table(tmp_path / "labels.csv", 30, message=["x"] * 30, wording=own, label2=["q"] * 30)
    assert examples(open_dataset(tmp_path), [3])[0].text == "x"
    assert examples(open_dataset(tmp_path, text_column="wording"), [3])[0].text == "own 4"
    with pytest.raises(ConfigError, match="did you mean 'wording'"):
        open_dataset(tmp_path, text_column="wordin")
    for taken in ("label", "id"):
        with pytest.raises(ConfigError, match="choose another"):
            open_dataset(tmp_path, text_column=taken)


def test_a_column_of_texts_needs_columns(tmp_path):
    np.save(tmp_path / "labels.npy", np.arange(40) % 4)
    with pytest.raises(ConfigError, match=r"--text-column x: .*has no columns"):
        open_dataset(tmp_path, text_column="x")
    assert open_dataset(tmp_path).shown is None


def test_other_columns_are_shown_without_what_models_said(tmp_path):
    n = 30
    table(
        tmp_path / "labels.csv", n, age=range(n), town=["\u202eevil" + "x" * 99] * n,
        prob_a=[0.5] * n, prob_b=[0.5] * n, prediction=["a"] * n, split=["train"] * n,
        **{f"more{k}": [k] * n for k in range(20)},
    )  # fmt: skip
    (one,) = examples(open_dataset(tmp_path), [9])
    assert one.kind == "table"
    assert len(one.features) == MOST_FEATURES
    assert one.features[0] == ("age", "10")
    name, value = one.features[1]
    assert (name, len(value)) == ("town", 40)
    assert value.startswith("\\u202eevil")
    assert [name for name, _ in one.features[2:4]] == ["more0", "more1"]


def test_only_labels_and_ids_show_nothing(tmp_path):
    table(tmp_path / "labels.csv", 30)
    assert open_dataset(tmp_path).shown is None


@pytest.mark.parametrize("n_files", [1, 3])
def test_pictures_that_lie_in_a_table(tmp_path, n_files):
    def picture(row):
        stream = io.BytesIO()
        Image.new("RGB", (30, 30), (8 * row, 0, 0)).save(stream, "PNG")
        return {"bytes": stream.getvalue(), "path": f"{row}.png"}

    rows = [picture(row) for row in range(30)]
    rows[4] = {"bytes": None, "path": "../../etc/passwd"}
    rows[5] = None
    whole = pa.table({"image": rows, "label": [k % 3 for k in range(30)]})
    (tmp_path / "data").mkdir()
    for part in range(n_files):
        size = 30 // n_files
        pq.write_table(
            whole.slice(part * size, size),
            tmp_path / "data" / f"train-{part:05}-of-{n_files:05}.parquet",
            row_group_size=7,
        )
    made = examples(open_dataset(tmp_path), [0, 4, 5, 29])
    assert [bool(one.jpeg) for one in made] == [True, False, False, True]
    with Image.open(io.BytesIO(made[3].jpeg)) as image:
        assert image.getpixel((9, 9))[0] > 200
    assert made[1].problem in ("no such file", "lies outside of the dataset")


def test_texts_of_an_export(tmp_path):
    tasks = [
        {
            "id": row,
            "data": {"text": f"text {row}"},
            "annotations": [{"result": [{
                "type": "choices", "from_name": "c", "to_name": "t",
                "value": {"choices": ["ab"[row % 2]]},
            }]}],
        }
        for row in range(30)
    ]  # fmt: skip
    (tmp_path / "project.json").write_text(json.dumps(tasks))
    assert examples(open_dataset(tmp_path), [7])[0].text == "text 7"


def test_nothing_of_it_travels_to_a_worker(sample_data):
    dataset = open_dataset(sample_data / "digits")
    assert pickle.loads(pickle.dumps(dataset)).shown is None


@pytest.mark.parametrize(
    "text",
    ["", "short", "a\n\tb  c", "\u202e", "x" * 401, "word " * 200, "\0" * 5000, "漢" * 100_000],
)
def test_a_snippet_is_one_short_line(text):
    found = snippet(text)
    assert len(found) <= MOST_TEXT
    assert found.isprintable()
    assert (found == text) or (text not in ("short",))


def test_a_snippet_is_cut_at_a_word():
    assert snippet("word " * 200).endswith("word…")
