"""The same values in any format are the same dataset, and give the same audit."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit import audit, open_dataset
from labelaudit.core.schema import to_document
from tests.made import noisy

N_ROWS, N_CLASSES = 120, 4
LABELS, PROBABILITIES = noisy(N_ROWS, N_CLASSES)
NAMES = ["ape", "bee", "cat", "dog"]
IDS = [f"r{row:03d}" for row in range(N_ROWS)]


def frame_of(names, ids, probabilities, order):
    frame = pd.DataFrame(probabilities, columns=[f"prob_{name}" for name in names])
    return frame.assign(id=ids).iloc[order].reset_index(drop=True)


def write_predictions(path, frame):
    ending = "".join(path.suffixes)
    if ending in (".csv", ".csv.gz"):
        frame.to_csv(path, index=False)
    elif ending == ".tsv":
        frame.to_csv(path, index=False, sep="\t")
    elif ending in (".jsonl", ".jsonl.gz"):
        # not by pandas, which keeps but fifteen digits
        text = "".join(json.dumps(row) + "\n" for row in frame.to_dict("records"))
        with (gzip.open if ending.endswith(".gz") else open)(path, "wt", encoding="utf-8") as file:
            file.write(text)
    elif ending == ".parquet":
        frame.to_parquet(path)
    elif ending == ".feather":
        frame.to_feather(path)
    else:
        columns = [name for name in frame.columns if name != "id"]
        np.savez(
            path,
            pred_probs=frame[columns].to_numpy(),
            ids=frame.id.to_numpy(str),
            classes=np.array([name.removeprefix("prob_") for name in columns]),
        )


@pytest.mark.parametrize(
    "ending",
    [".csv", ".csv.gz", ".tsv", ".jsonl", ".jsonl.gz", ".parquet", ".feather", ".npz"],
)
def test_any_predictions_give_the_audit_of_npy(tmp_path, ending):
    (tmp_path / "labels.csv").write_text(
        "id,label\n" + "".join(f"{i},{NAMES[y]}\n" for i, y in zip(IDS, LABELS, strict=True))
    )
    (tmp_path / "classes.txt").write_text("\n".join(NAMES))
    np.save(tmp_path / "preds.npy", PROBABILITIES)
    expected = audit(tmp_path)
    (tmp_path / "preds.npy").unlink()
    shuffled = np.random.default_rng(1).permutation(N_ROWS)
    write_predictions(tmp_path / f"preds{ending}", frame_of(NAMES, IDS, PROBABILITIES, shuffled))
    made = audit(tmp_path)
    assert made.to_frame().equals(expected.to_frame())
    for part in ("detection", "measurements"):
        assert to_document(made)[part] == to_document(expected)[part]


NAME = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), min_size=1
).filter(str.strip)


@given(
    names=st.lists(NAME, min_size=2, max_size=5, unique=True),
    rows=st.integers(2, 12),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_four_ways_to_write_the_same(tmp_path_factory, names, rows, seed):
    generator = np.random.default_rng(seed)
    names = sorted(names)
    codes = generator.integers(0, len(names), rows)
    probabilities = generator.random((rows, len(names)))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    ids = [f"i{row}" for row in range(rows)]
    labels = pd.DataFrame({"id": ids, "label": [names[code] for code in codes]})
    table = frame_of(names, ids, probabilities, generator.permutation(rows))

    seen = []
    for way in range(4):
        folder = tmp_path_factory.mktemp("way")
        if way < 2:
            guarded = labels.assign(label=["'" + x if guards(x) else x for x in labels.label])
            guarded.to_csv(folder / "labels.csv", index=False)
        elif way == 2:
            labels.to_parquet(folder / "labels.parquet")
        else:
            text = "".join(json.dumps(row) + "\n" for row in labels.to_dict("records"))
            (folder / "labels.jsonl").write_text(text)
        if way == 1:
            np.save(folder / "preds.npy", probabilities)
            (folder / "names.txt").write_text("unused")
            made = audit(labels.label.tolist(), probabilities, class_names=names, ids=ids)
        else:
            write_predictions(folder / f"preds{['.csv', '', '.npz', '.parquet'][way]}", table)
            made = audit(folder)
        opened = dict(zip(made.dataset.class_names, made.dataset.class_counts, strict=True))
        frame = made.to_frame()
        seen.append(
            (
                {name: count for name, count in opened.items() if count},
                frame.id.tolist(),
                frame.given_label.tolist(),
                frame.self_confidence.tolist(),
                frame.is_flagged.tolist(),
            )
        )
    assert seen[0] == seen[1] == seen[2] == seen[3]


def guards(text):
    return text.lstrip("'")[:1] in "=+-@\t\r" if text.lstrip("'") else False


CSV_LABELS = ["NA", "nan", "null", "None", "N/A", "007", "7", "1e3", "True", "猫", "🐈", "-1", "x "]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_texts_of_csv_stay_what_they_are(tmp_path, newline, mark):
    lines = ["id,label", *(f"{row},{label}" for row, label in enumerate(CSV_LABELS))]
    (tmp_path / "labels.csv").write_bytes((mark + newline.join(lines) + newline).encode())
    opened = open_dataset(tmp_path)
    assert [opened.class_names[code] for code in opened.labels] == CSV_LABELS
    assert opened.n_unlabelled == 0
    assert opened.ids == [str(row) for row in range(len(CSV_LABELS))]


def test_numbers_are_the_same_class_in_any_format(tmp_path):
    for ending, write in [
        ("parquet", lambda frame, path: frame.to_parquet(path)),
        ("feather", lambda frame, path: frame.to_feather(path)),
        ("csv", lambda frame, path: frame.to_csv(path, index=False)),
    ]:
        for kind in ("int64", "float64", "str"):
            folder = tmp_path / f"{ending}-{kind}"
            folder.mkdir()
            values = [10, 5, 10] if kind != "float64" or ending != "csv" else ["10", "5", "10"]
            frame = pd.DataFrame({"label": values})
            if ending != "csv" or kind != "float64":
                frame = frame.astype({"label": kind})
            write(frame, folder / f"labels.{ending}")
            assert open_dataset(folder).class_names == ("5", "10")
