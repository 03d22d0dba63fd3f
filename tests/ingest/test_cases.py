"""Datasets and predictions as they occur, and every fault in them: each case folder is one test.

`cases/<group>/<case>/` holds the files as a user has them, and `expected.json`:

origin          where their form comes from: a tool, its documentation and version
readme          the row of a table of README that this is a case of
dataset         the file that is opened, where it is not the folder
options         the options of the command line, by name
error, check    the one line of the refusal, and the check of the contract that it is of (an …
                stands for what a library says, which changes with its version); else
labels, rows    the class of each id; or only how many rows there are
classes, splits, examples, votes, probabilities (of the first rows)
says            what notices must say
contract        checks of the contract: their status and message

To add a case, add a folder. What git cannot hold, or a library writes, is in Python below.
"""

import gzip
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy.sparse import csr_array, save_npz
from sklearn.datasets import dump_svmlight_file

from labelaudit import audit, open_dataset
from labelaudit.core.errors import InputError, LabelauditError
from labelaudit.ingest.contract import known_rules

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "cases").glob("*/*/expected.json"))
README = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
KEYS = {
    "origin", "readme", "dataset", "options", "error", "check", "labels", "rows", "classes",
    "splits", "examples", "votes", "probabilities", "says", "contract",
}  # fmt: skip
OF_THE_AUDIT = ("allow", "strict")


def expected_of(case: Path) -> dict:
    return json.loads((case / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_case_is_read_or_refused_as_expected(case, tmp_path, monkeypatch):
    expected = expected_of(case)
    assert expected.keys() <= KEYS
    assert expected["origin"]
    monkeypatch.chdir(tmp_path)
    shutil.copytree(case, "dataset", symlinks=True)
    Path("dataset", "expected.json").unlink()
    Path("outside.png").write_bytes(b"what no link may lead to")
    compare(Path("dataset", expected.get("dataset", "")), expected)


def compare(path: Path, expected: dict) -> None:
    options = expected.get("options", {})
    if "error" in expected:
        with pytest.raises(LabelauditError) as refusal:
            audit(path, **options)
        parts = map(re.escape, expected["error"].split("…"))
        assert re.fullmatch(".*".join(parts), str(refusal.value)), str(refusal.value)
        assert refused_by(refusal.value) == expected.get("check")
        return
    choices = {name: value for name, value in options.items() if name not in OF_THE_AUDIT}
    dataset = open_dataset(path, **choices)
    ids = [dataset.id_of(row) for row in range(len(dataset))]
    names = dataset.class_names
    found = {
        "rows": len(dataset),
        "labels": dict(zip(ids, [names[code] for code in dataset.labels], strict=True)),
        "classes": list(names),
        "splits": None if dataset.splits is None else dataset.splits.tolist(),
        "examples": None if dataset.examples is None else list(dataset.examples),
        "votes": None if dataset.votes is None else votes_of(dataset.votes, ids, names),
    }
    for key, value in found.items():
        if key in expected:
            assert value == expected[key], key
    assert (found["votes"] is None) == ("votes" not in expected)
    assert (dataset.probabilities is not None) >= ("probabilities" in expected)
    for row, values in enumerate(expected.get("probabilities", ())):
        np.testing.assert_allclose(dataset.probabilities.read(row, row + 1)[0], values, atol=1e-6)
    for words in expected.get("says", ()):
        assert any(words in notice for notice in dataset.notices), dataset.notices
    if "contract" in expected:
        judged = {name: options[name] for name in OF_THE_AUDIT if name in options}
        checks = {check.name: check for check in audit(dataset, **judged).contract}
        for name, wanted in expected["contract"].items():
            check = checks[name]
            assert {"status": check.status, "message": check.message} == wanted


def refused_by(error: LabelauditError) -> str | None:
    checks = getattr(error, "checks", ())
    refused = [check.name for check in checks if check.status == "refused"]
    if not refused and isinstance(error, InputError):
        return "readable"  # as the command line calls what no other check has found
    return refused[0] if refused else None


def votes_of(votes, ids, names) -> list[list[str | None]]:
    people = [
        votes.annotators.distinct[code] if code >= 0 else None for code in votes.annotators.codes
    ]
    assert (votes.rows.dtype, votes.labels.dtype) == (np.int64, np.int32)
    return [
        [ids[row], who, names[code]]
        for row, who, code in zip(votes.rows, people, votes.labels, strict=True)
    ]


# What libraries write: the files by their row of README, and what they are read as.

LABELS = ["cat", "dog", "cat", "dog"]
IDS = ["a", "b", "c", "d"]
PROBABILITIES = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
TABLE = pd.DataFrame({"id": IDS, "label": LABELS})
WIDE = pd.DataFrame({"id": IDS, "cat": PROBABILITIES[:, 0], "dog": PROBABILITIES[:, 1]})
BY_ID = dict(zip(IDS, LABELS, strict=True))
BY_ROW = {str(row): label for row, label in enumerate(LABELS)}
JUDGED = {"probabilities": PROBABILITIES.tolist()}


def save_to_disk(folder: Path) -> None:
    import datasets

    features = datasets.Features(id=datasets.Value("string"), kind=datasets.ClassLabel(names=NAMES))
    made = datasets.Dataset.from_dict({"id": IDS, "kind": LABELS}, features=features)
    made.save_to_disk(str(folder), num_shards=2)


def to_hub(folder: Path) -> None:
    import datasets

    features = datasets.Features(kind=datasets.ClassLabel(names=NAMES))
    made = datasets.Dataset.from_dict({"kind": LABELS}, features=features)
    (folder / "data").mkdir()
    for part in range(2):
        name = folder / "data" / f"train-{part:05}-of-00002.parquet"
        made.shard(2, part, contiguous=True).to_parquet(name)


def image_folders(folder: Path) -> None:
    for number, (name, label) in enumerate(BY_ID.items()):
        (folder / label).mkdir(exist_ok=True)
        Image.new("L", (2, 2), number).save(folder / label / f"{name}.png")


def svmlight(folder: Path) -> None:
    dump_svmlight_file(np.eye(4), [1, 0, 1, 0], str(folder / "heart.svm"), comment="by hand")


def packed(folder: Path) -> None:
    TABLE.to_csv(folder / "labels.csv.gz", index=False)
    with gzip.open(folder / "pred_probs.jsonl.gz", "wt") as file:
        WIDE.to_json(file, orient="records", lines=True)


def feather(folder: Path) -> None:
    pa.feather.write_feather(pa.Table.from_pandas(TABLE), folder / "labels.feather")
    pq.write_table(pa.Table.from_pandas(WIDE), folder / "pred_probs.parquet")


def arrays(folder: Path) -> None:
    np.save(folder / "labels.npy", np.array(LABELS))
    np.save(folder / "pred_probs.npy", PROBABILITIES.astype(np.float16))


def named_arrays(folder: Path) -> None:
    TABLE.iloc[::-1].to_csv(folder / "labels.csv", index=False)
    np.savez(
        folder / "pred_probs.npz",
        pred_probs=PROBABILITIES[:, ::-1],
        ids=np.array(IDS),
        classes=np.array(["dog", "cat"]),
    )


def sparse(folder: Path) -> None:
    np.save(folder / "labels.npy", np.array(LABELS))
    (folder / "classes.txt").write_text("cat\ndog\n")
    save_npz(folder / "pred_probs.npz", csr_array(PROBABILITIES))


def trainer(folder: Path) -> None:
    np.save(folder / "labels.npy", [0, 1, 0, 1])
    (folder / "classes.txt").write_text("cat\ndog\n")
    np.save(folder / "predictions.npy", np.log(PROBABILITIES).astype(np.float32) + 2)


def autogluon(folder: Path) -> None:
    TABLE.to_csv(folder / "labels.csv", index=False)
    WIDE.set_index("id").rename_axis(None).iloc[[2, 0, 3, 1]].to_parquet(folder / "oof.parquet")


NAMES = ["cat", "dog"]
IMAGES = {f"{label}/{name}.png": label for name, label in sorted(BY_ID.items())}
WRITTEN = {
    "save_to_disk": (save_to_disk, "Hugging Face `save_to_disk`", {"labels": BY_ID}),
    "hub": (to_hub, "Hugging Face hub Parquet", {"labels": BY_ROW}),
    "pillow": (image_folders, "image folder", {"labels": dict(sorted(IMAGES.items()))}),
    "sklearn": (svmlight, "svmlight", {"labels": {"0": "1", "1": "0", "2": "1", "3": "0"}}),
    "gz": (packed, "", {"labels": BY_ID, **JUDGED}),
    "feather": (feather, "", {"labels": BY_ID, **JUDGED}),
    "npy": (arrays, "`cross_val_predict", {"labels": BY_ROW}),
    "npz": (named_arrays, "", {"labels": BY_ID, "classes": ["dog", "cat"]}),
    "scipy": (sparse, "", {"labels": BY_ROW, **JUDGED}),
    "trainer": (
        trainer,
        "logits or log-probabilities",
        {"options": {"logits": True}, "labels": BY_ROW, **JUDGED},
    ),
    "autogluon": (autogluon, "AutoGluon", {"labels": BY_ID, **JUDGED}),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_library_writes_is_read(name, tmp_path):
    write, _, expected = WRITTEN[name]
    if name in ("save_to_disk", "hub"):
        pytest.importorskip("datasets")
    write(tmp_path)
    compare(tmp_path, expected)


# What git cannot hold.


@pytest.mark.parametrize("place", ["text", "label"])
def test_a_very_long_cell(tmp_path, place):
    cells = {"id": "a", "text": "t", "label": "cat"} | {place: "x" * 3_000_000}
    (tmp_path / "labels.csv").write_text(
        f"{','.join(cells)}\n{','.join(cells.values())}\nb,t,dog\nc,t,dog\n"
    )
    opened = open_dataset(tmp_path)
    assert len(opened) == 3
    assert max(map(len, opened.class_names)) == len(cells["label"])
    assert all(len(notice) < 1_000 for notice in opened.notices)


@pytest.mark.parametrize("name", ["labels.csv", "pred_probs.csv"])
def test_a_file_that_may_not_be_read(tmp_path, name):
    TABLE.to_csv(tmp_path / "labels.csv", index=False)
    WIDE.to_csv(tmp_path / "pred_probs.csv", index=False)
    (tmp_path / name).chmod(0)
    try:
        (tmp_path / name).open().close()
    except PermissionError:
        with pytest.raises(LabelauditError, match=rf"{name} cannot be read: Permission denied"):
            open_dataset(tmp_path)
    else:
        pytest.skip("this user may read every file")


def test_a_link_to_a_folder_above_is_no_endless_way(tmp_path):
    image_folders(tmp_path)
    (tmp_path / "cat" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path)
    assert len(open_dataset(tmp_path)) == 4


# Nothing is without a case.


def rows_of_readme(header: str) -> list[str]:
    """Return the first cells of the table of README with this header."""
    cells, inside = [], False
    for line in map(str.strip, README.splitlines()):
        inside = line == header or (inside and line.startswith("|"))
        if inside and line != header and not set(line) <= set("|-"):
            cells.append(line.split("|")[1].strip())
    assert cells
    return cells


@pytest.mark.parametrize(
    "header",
    [
        "| layout | known by | labels, ids |",
        "| I have | known by | the id of a row |",
        "| I have | I type |",
    ],
)
def test_every_layout_of_readme_has_a_case(header):
    named = {expected_of(case).get("readme") for case in CASES}
    named |= {row for _, row, _ in WRITTEN.values()}
    named -= {None, ""}
    lacking = [row for row in rows_of_readme(header) if not any(row.startswith(n) for n in named)]
    assert lacking == []


def test_every_check_of_the_contract_has_a_case_where_it_does_not_pass():
    seen = set()
    for expected in map(expected_of, CASES):
        seen.add(expected.get("check"))
        found = expected.get("contract", {})
        seen |= {name for name, check in found.items() if check["status"] != "passed"}
    assert sorted(known_rules().keys() - seen) == []
