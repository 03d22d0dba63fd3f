"""The sample data are what make.py makes, and an audit of them finds what was put in."""

import csv
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import labelaudit

ROOT = Path(__file__).resolve().parents[1]
MESSAGES = ROOT / "sample_data" / "messages"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    pytest.importorskip("PIL", reason="make.py draws the digits with pillow")
    spec = importlib.util.spec_from_file_location(
        "make_sample_data", ROOT / "sample_data" / "make.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def _rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _numbers(folder):
    rows = [list(row.values())[1:] for row in _rows(folder / "predictions.csv")]
    return np.array(rows, dtype=float), np.load(folder / "embeddings.npy")


def test_messages_are_what_make_makes(make, tmp_path):
    made = [tmp_path / "once", tmp_path / "twice"]
    with threadpool_limits(limits=1):
        for folder in made:
            make.make_messages(ROOT / "sample_data" / "messages.csv", folder)
    names = sorted(path.name for path in made[0].iterdir())
    assert names == sorted(path.name for path in MESSAGES.iterdir())
    for name in names:
        assert (made[0] / name).read_bytes() == (made[1] / name).read_bytes()
    # The last digits of a model are those of the linear algebra that the machine has.
    for name in ("labels.csv", "flips.csv", "README.md"):
        assert (made[0] / name).read_bytes() == (MESSAGES / name).read_bytes(), name
    for new, kept in zip(_numbers(made[0]), _numbers(MESSAGES), strict=True):
        np.testing.assert_allclose(new, kept, atol=1e-3)


def test_flips_of_messages_are_the_labels_that_differ_from_those_written():
    written = {row["text"]: row["label"] for row in _rows(ROOT / "sample_data" / "messages.csv")}
    rows = _rows(MESSAGES / "labels.csv")
    assert len(rows) == len(written)  # no text twice
    differ = [
        {"id": row["id"], "given_label": row["label"], "true_label": written[row["text"]]}
        for row in rows
        if row["label"] != written[row["text"]]
    ]
    assert _rows(MESSAGES / "flips.csv") == differ
    assert 0.05 < len(differ) / len(rows) < 0.07


def test_suspects_of_messages_are_mostly_the_flips():
    made = labelaudit.audit(MESSAGES)
    flips = {row["id"] for row in _rows(MESSAGES / "flips.csv")}
    suspects = [finding.id for finding in made.findings]
    right = len(flips.intersection(suspects))
    assert right / len(suspects) > 0.7
    assert right / len(flips) > 0.6


def test_messages_are_short_and_small():
    texts = [row["text"] for row in _rows(MESSAGES / "labels.csv")]
    assert {5 <= len(text.split()) <= 25 for text in texts} == {True}
    assert any(not text.isascii() for text in texts)
    assert sum(path.stat().st_size for path in MESSAGES.iterdir()) < 200_000
