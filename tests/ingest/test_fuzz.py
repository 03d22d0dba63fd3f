"""Mutated files of every format: read, or refused in one line; never a traceback, never a hang.

2,000 mutations of a fixed seed run here. A longer run with other seeds:

    LABELAUDIT_FUZZ=100000 python -m pytest tests/ingest/test_fuzz.py -q
"""

import json
import os
import random
import time
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, save_npz

from labelaudit.auditing import survey
from labelaudit.core.errors import LabelauditError
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.opening import open_dataset
from tests.made import noisy

N_ROWS, K = 60, 3
NAMES = ["ape", "bee", "cat"]
RUNS = int(os.environ.get("LABELAUDIT_FUZZ", "2000"))
# Bytes that mean something to one format or another.
SPLICED = [
    b"\0", b'"', b"\n", b"\r\n", b",", b";", b"\t", b"{", b"]", b"nan", b"-1", b"1e999",
    b"\xff\xfe", b"PAR1", b"ARROW1", b"PK\x03\x04", b"__label__", b"<tag", b"&a;", b"9" * 400,
    b"[" * 3000,
]  # fmt: skip


def frame():
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    table = pd.DataFrame(probabilities, columns=[f"prob_{name}" for name in NAMES])
    table.insert(0, "id", [f"row {row}" for row in range(N_ROWS)])
    table.insert(1, "label", [NAMES[label] for label in labels])
    return table


def write_arrays(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "pred_probs.npy", probabilities)


def write_npz(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    np.savez_compressed(folder / "pred_probs.npz", pred_probs=probabilities, classes=list("012"))


def write_sparse(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    save_npz(folder / "pred_probs.npz", csr_array(probabilities))


def write_lists(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    table = {"label": labels, "pred_probs": list(probabilities)}
    pd.DataFrame(table).to_parquet(folder / "train.parquet")


def write_parts(folder):
    table = frame()
    table[:30].to_parquet(folder / "train-00000-of-00002.parquet")
    table[30:].to_parquet(folder / "train-00001-of-00002.parquet")


def write_long(folder):
    table = frame()
    table[["id", "label"]].to_csv(folder / "labels.csv", index=False)
    long = table.melt(["id", "label"], var_name="class", value_name="prob")
    long["class"] = long["class"].str.removeprefix("prob_")
    long[["id", "class", "prob"]].to_csv(folder / "predictions.csv", index=False)


def write_tasks(folder):
    tasks = [
        {
            "id": row,
            "data": {"text": "x"},
            "annotations": [
                {"completed_by": 1, "result": [{"type": "choices", "value": {"choices": [name]}}]}
            ],
        }
        for row, name in enumerate(frame()["label"])
    ]
    (folder / "project.json").write_text(json.dumps(tasks), encoding="utf-8")


def write_fasttext(folder):
    lines = [f"__label__{name} some text\n" for name in frame()["label"]]
    (folder / "train.txt").write_text("".join(lines), encoding="utf-8")


SEEDS = {
    "csv": lambda folder: frame().to_csv(folder / "train.csv", index=False),
    "csv.gz": lambda folder: frame().to_csv(folder / "train.csv.gz", index=False),
    "tsv": lambda folder: frame().to_csv(folder / "train.tsv", index=False, sep="\t"),
    "jsonl": lambda folder: frame().to_json(folder / "train.jsonl", orient="records", lines=True),
    "parquet": lambda folder: frame().to_parquet(folder / "train.parquet"),
    "feather": lambda folder: frame().to_feather(folder / "train.feather"),
    "arrays": write_arrays,
    "npz": write_npz,
    "sparse": write_sparse,
    "lists": write_lists,
    "parts": write_parts,
    "long": write_long,
    "tasks": write_tasks,
    "fasttext": write_fasttext,
}


def mutated(chance, content):
    """Flip bytes, cut, splice, or repeat a piece: one to four times."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                for _ in range(chance.choice((1, 1, 8))):
                    if content:
                        content[chance.randrange(len(content))] = chance.randrange(256)
            case 1:
                del content[place:]
            case 2:
                content[place:place] = chance.choice(SPLICED)
            case 3:
                del content[place : place + chance.randrange(1, 60)]
            case 4:
                content[place:place] = content[max(0, place - chance.randrange(1, 200)) : place]
    return bytes(content)


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_are_read_or_refused(name, tmp_path):
    SEEDS[name](tmp_path)
    whole = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for run in range(-(-RUNS // len(SEEDS))):
        chance = random.Random(f"{name} {run}")
        path = chance.choice(sorted(whole))
        path.write_bytes(mutated(chance, whole[path]))
        started = time.perf_counter()
        said = what_is_said_of(tmp_path, f"{name}, run {run}")
        assert "\n" not in said, (name, run, said)
        assert time.perf_counter() - started < 20, (name, run)
        path.write_bytes(whole[path])


def what_is_said_of(folder, run):
    """Return the refusal of a dataset, if it is refused; anything but a refusal is a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            survey(begin(open_dataset(folder)), Options(allow=("alignment",)))
        except LabelauditError as error:
            return str(error)
        except Exception as error:
            raise AssertionError(f"{run}: {error!r}") from error
    return ""
