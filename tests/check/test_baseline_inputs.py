"""Rows without ids are known by a hash of their input, wherever they stand."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from labelaudit.cli import run


@pytest.fixture
def nameless(tmp_path, sample_data, monkeypatch):
    """The sample of messages as a file of texts, labels and predictions, without ids."""
    monkeypatch.chdir(tmp_path)
    folder = sample_data / "messages"
    rows = {}
    for name in ("labels", "predictions"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                rows.setdefault(row["id"], {}).update(row)
    made = [{key: row[key] for key in row if key != "id"} for row in rows.values()]
    return made


def written(rows, name="data.csv"):
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return name


def checked(capsys, *flags):
    capsys.readouterr()
    code = run(["check", "data.csv", *flags, "-q"])
    return code, capsys.readouterr()


def test_a_shuffled_file_without_ids_keeps_its_baseline(nameless, capsys):
    written(nameless)
    assert checked(capsys, "--write-baseline", "b.json")[0] == 0
    assert json.loads(Path("b.json").read_text())["rests_on"] == "inputs"
    order = np.random.default_rng(0).permutation(len(nameless))
    written([nameless[at] for at in order])
    code, told = checked(capsys, "--baseline", "b.json")
    assert code == 0, told.out + told.err
    assert "known by their input" in " ".join(told.out.split())


def test_a_relabelled_row_is_new_though_rows_were_put_in_before_it(nameless, capsys):
    written(nameless)
    checked(capsys, "--write-baseline", "b.json")
    label = next(name for name in nameless[0] if "label" in name)
    names = sorted({row[label] for row in nameless})
    later = [dict(row) for row in nameless]
    at = next(
        at
        for at, row in enumerate(later)
        if max(names, key=lambda one: float(row[f"prob_{one}"])) == row[label]
        and float(row[f"prob_{row[label]}"]) > 0.85
    )
    later[at][label] = next(one for one in names if one != later[at][label])
    written([later[-1] | {"text": "one that was not there"}, *later])
    code, told = checked(capsys, "--baseline", "b.json", "--format", "json")
    assert code == 1
    new = [one["row"] for one in json.loads(told.out)["suspicions"] if one["state"] == "new"]
    assert at + 1 in new
    assert len(new) <= 2


def test_a_baseline_on_inputs_needs_the_inputs(nameless, capsys):
    written(nameless)
    checked(capsys, "--write-baseline", "b.json")
    shutil.copytree("data-audit", "kept-audit")
    written(nameless[1:])
    capsys.readouterr()
    assert run(["check", "kept-audit", "--baseline", "b.json"]) == 2
    assert "knows rows by their input, which cannot be looked at" in capsys.readouterr().err


def test_a_fingerprint_of_a_format_is_of_the_input(nameless, capsys):
    written(nameless)
    first = json.loads(checked(capsys, "--max-imbalance", "9", "--format", "json")[1].out)
    written(nameless[::-1])
    other = json.loads(checked(capsys, "--max-imbalance", "9", "--format", "json")[1].out)
    one, two = ({it["fingerprint"] for it in told["suspicions"]} for told in (first, other))
    assert one == two
