"""`labelaudit selftest`: with one model and several, and with a budget that must not count."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.made import noisy
from tests.report.conftest import words_of


@pytest.fixture
def two(tmp_path):
    folder = tmp_path / "two"
    folder.mkdir()
    labels, first = noisy(900, 4, seed=2, noise=0.05, sharpness=6.0)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "pred_probs_a.npy", first)
    np.save(folder / "pred_probs_b.npy", noisy(900, 4, seed=2, noise=0.05, sharpness=4.0)[1])
    return folder


def read(folder):
    return json.loads(Path(folder, "audit.json").read_text(encoding="utf-8"))


BOTH = ("--predictions", "pred_probs_a.npy", "--predictions", "pred_probs_b.npy")


@pytest.mark.parametrize("models", [BOTH[:2], BOTH], ids=["one model", "two models"])
@pytest.mark.parametrize("words", [(), ("--top", "3"), ("--filter", "both")], ids=str)
def test_most_flips_are_found_again(cli, two, models, words):
    assert cli("audit", two, *models, *words, "-o", "made", "-q").code == 0
    done = cli("selftest", "made", "--share", "8%", "--format", "json", "-q")
    assert done.code == 0
    found = json.loads(done.out)
    assert found["pattern"] == "noise_matrix"
    assert found["total"]["n_flipped"] == sum(one["n_flipped"] for one in found["classes"]) > 30
    assert found["total"]["recall"] > 0.8
    low, high = found["total"]["interval"]
    assert low <= found["total"]["recall"] <= high
    assert "optimistic" in found["note"]


def test_it_says_what_it_is_and_leaves_nothing(cli, two, tmp_path):
    assert cli("audit", two, *BOTH[:2], "-o", "made", "-q").code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "made").rglob("*") if path.is_file()}
    done = cli("selftest", "made", "--seed", "3", "-q")
    assert done.code == 0
    assert "labels flipped along the noise matrix (seed 3)" in done.out
    assert "an optimistic bound" in done.out
    assert "recall, 95 % interval" in done.out
    assert cli("selftest", "made", "--seed", "3", "-q").out == done.out
    after = {path: path.read_bytes() for path in (tmp_path / "made").rglob("*") if path.is_file()}
    assert after == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made", "two"]


@pytest.mark.parametrize("share", ["0", "60%", "x", "nan", "-1%"])
def test_a_share_that_is_none_is_refused(cli, two, share):
    done = cli("selftest", two, "--share", share)
    assert done.code == 2
    assert "--share: say a share of the labels" in done.complaint


def test_without_a_detection_there_is_nothing_to_test(cli, two):
    (two / "pred_probs_a.npy").unlink()
    (two / "pred_probs_b.npy").unlink()
    assert cli("selftest", two, "-q").code == 4


def test_a_budget_is_said_wherever_the_count_stands(cli, two):
    whole = cli("audit", two, *BOTH[:2], "-o", "whole", "-q")
    flagged = read("whole")["detection"]["n_flagged"]
    done = cli("audit", two, *BOTH[:2], "--top", "3", "-o", "few", "-q")
    assert whole.code == done.code == 0
    said = f"These are the 3 most doubtful of {flagged} labels that the rule flags"
    assert said in " ".join(done.out.split())
    for form in ("markdown", "html"):
        assert said in words_of(cli("report", "few", "--format", form).out)
    document = read("few")
    assert document["detection"]["n_filtered"] == flagged
    assert document["detection"]["n_flagged"] == len(document["findings"]) == 3
    assert document["measurements"]["suspect_share"]["interval"] is None
