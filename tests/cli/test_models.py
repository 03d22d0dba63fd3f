"""`--predictions` once for each model, on the command line."""

import csv
import json
from html import unescape

import numpy as np
import pytest

import labelaudit
from labelaudit.report import render
from tests.made import noisy

LABELS, FIRST = noisy(300, 3, seed=5)
SECOND = FIRST**2 / (FIRST**2).sum(axis=1, keepdims=True)
BOTH = ("--predictions", "pred_probs_a.npy", "--predictions", "pred_probs_b.npy")


@pytest.fixture
def two(tmp_path):
    """Labels and the predictions of two models; their mean lies elsewhere."""
    folder = tmp_path / "two"
    folder.mkdir()
    (folder / "labels.csv").write_text("label\n" + "\n".join(map(str, LABELS)) + "\n")
    np.save(folder / "pred_probs_a.npy", FIRST)
    np.save(folder / "pred_probs_b.npy", SECOND)
    np.save(tmp_path / "mean.npy", (FIRST + SECOND) / 2)
    return folder


def document(folder):
    return json.loads((folder / "audit.json").read_text())


def flagged(folder):
    """Return rank, id, given label, suggested label and quality of each suspect."""
    with (folder / "flagged.csv").open(newline="") as file:
        return [row[:5] for row in csv.reader(file)]


def test_two_files_and_none_chosen_offers_an_ensemble(cli, two):
    done = cli("audit", two)
    assert done.code == 2
    assert done.complaint.endswith(
        "several files could be the predictions: pred_probs_a.npy, pred_probs_b.npy; choose one "
        "with --predictions, or give --predictions once for each to audit them as an ensemble"
    )


def test_a_dry_run_says_what_would_be_averaged(cli, two):
    done = cli("ingest", two, *BOTH, "--dry-run")
    assert done.code == 0
    assert "predictions: mean of 2 models: pred_probs_a.npy, pred_probs_b.npy\n" in done.out
    assert "pred_probs_b.npy (by --predictions), matched by row order" in done.out


def test_every_label_and_the_document_say_which_models(cli, two, tmp_path):
    order = ("--ranking", "self_confidence")  # the default one weighs the models
    assert cli("audit", two, *BOTH, *order, "-o", "made").code == 0
    mean = ("--predictions", tmp_path / "mean.npy")
    assert cli("audit", two, *mean, *order, "-o", "alone").code == 0
    made, alone = document(tmp_path / "made"), document(tmp_path / "alone")
    basis = made["detection"].pop("model_noise_basis")
    assert "the mean of 2 models" in basis
    assert "one set of predictions" in alone["detection"].pop("model_noise_basis")
    assert made["detection"].pop("model_weights") is None
    assert alone["detection"].pop("model_weights") is None
    assert made["detection"] == alone["detection"]
    roles = [(file["role"], file["path"]) for file in made["provenance"]["inputs"]]
    assert roles[1:] == [("predictions", BOTH[1]), ("predictions", BOTH[3])]
    assert flagged(tmp_path / "made") == flagged(tmp_path / "alone")
    audit = labelaudit.load_audit(tmp_path / "made")
    for form in ("terminal", "html", "markdown"):
        text = " ".join(unescape(render(audit, form)).split())
        assert "mean of 2 models: pred_probs_a.npy, pred_probs_b.npy" in text
        assert form == "terminal" or "of the mean of 2 models" in text


def test_step_by_step_makes_the_same_and_notices_a_change(cli, two, tmp_path):
    np.save(two / "pred_probs_b.npy", np.round(SECOND, 3))  # to be repaired each time
    assert cli("audit", two, *BOTH, "-o", "whole").code == 0
    assert cli("ingest", two, *BOTH, "-o", "steps").code == 0
    assert cli("detect", "steps", "--verify").out.endswith("the same rows\n")
    assert cli("measure", "steps").code == 0
    whole, steps = tmp_path / "whole", tmp_path / "steps"
    assert (whole / "audit.json").read_bytes() == (steps / "audit.json").read_bytes()
    assert (whole / "flagged.csv").read_bytes() == (steps / "flagged.csv").read_bytes()
    np.save(two / "pred_probs_b.npy", FIRST[:, ::-1])
    done = cli("measure", "steps")
    assert done.code == 2
    assert "pred_probs_b.npy: the predictions have changed" in done.complaint


def test_what_has_not_changed_is_not_read_again(cli, two, tmp_path):
    np.save(two / "pred_probs_b.npy", np.round(SECOND, 3))
    assert cli("audit", two, *BOTH, "-o", "made").code == 0
    before = (tmp_path / "made" / "audit.json").read_bytes()
    again = cli("audit", two, *BOTH, "-o", "made")
    assert "their digest is reused" in again.err
    assert (tmp_path / "made" / "audit.json").read_bytes() == before
    turned = cli("audit", two, *BOTH[2:], *BOTH[:2], "-o", "made")
    assert "reused" not in turned.err
    np.save(two / "pred_probs_b.npy", SECOND)
    changed = cli("audit", two, *BOTH, "-o", "made")
    assert changed.code == 0
    assert "reused" not in changed.err
    alone = cli("audit", two, *BOTH[:2], "-o", "made")
    assert "reused" not in alone.err


def test_a_digest_that_lost_a_model_is_made_again(cli, two, tmp_path):
    assert cli("audit", two, *BOTH, "-o", "made").code == 0
    before = (tmp_path / "made" / "audit.json").read_bytes()
    (part,) = (tmp_path / "made" / "digest" / "model-01").iterdir()
    part.write_bytes(part.read_bytes()[:-9] + b"not arrow")
    again = cli("audit", two, *BOTH, "-o", "made")
    assert "reused" not in again.err
    assert (tmp_path / "made" / "audit.json").read_bytes() == before


def test_two_processes_come_to_the_same(cli, two, tmp_path):
    assert cli("audit", two, *BOTH, "-o", "here").code == 0
    more = ("--engine", "processes", "--workers", 2)
    assert cli("audit", two, *BOTH, "-o", "there", *more).code == 0
    for file in ("audit.json", "findings.parquet", "flagged.csv"):
        assert (tmp_path / "here" / file).read_bytes() == (tmp_path / "there" / file).read_bytes()


def test_a_refusal_names_the_model(cli, two, tmp_path):
    np.save(two / "pred_probs_b.npy", SECOND[np.random.default_rng(0).permutation(300)])
    done = cli("audit", two, *BOTH, "-o", "made")
    assert done.code == 2
    assert done.complaint.startswith("pred_probs_b.npy: its rows look shuffled")
    refused = json.loads((tmp_path / "made" / "refused.json").read_text())
    (check,) = [check for check in refused["contract"] if check["name"] == "alignment"]
    assert [part["file"] for part in check["evidence"]["models"]] == [BOTH[1], BOTH[3]]


def test_the_same_file_twice(cli, two):
    done = cli("audit", two, *BOTH[:2], *BOTH[:2])
    assert done.code == 2
    assert done.complaint == (
        "--predictions pred_probs_a.npy: given twice; name each model's file once"
    )
