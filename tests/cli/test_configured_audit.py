"""Settings of audit, ingest, detect and measure from a file; several datasets and `check --all`."""

import json
import shutil
from pathlib import Path

import pytest


def settings_of(folder: Path) -> dict[str, tuple[object, str]]:
    told = json.loads((folder / "audit.json").read_text(encoding="utf-8"))
    return {
        name: (one["value"], one["origin"]) for name, one in told["provenance"]["settings"].items()
    }


def test_a_file_and_the_environment_set_what_no_flag_does(cli, tiny, monkeypatch):
    Path("labelaudit.toml").write_text('[audit]\nfilter = "both"\nseed = 3\ntop = "50%"\n')
    monkeypatch.setenv("LABELAUDIT_SEED", "7")
    assert cli("audit", tiny, "--top", "3", "-q").code == 0
    told = settings_of(Path("tiny-audit"))
    assert told["filter"] == ("both", "file")
    assert told["seed"] == (7, "environment")
    assert told["top"] == ("3", "flag")
    assert told["ranking"] == ("flow_adjusted", "default")


def test_in_steps_the_bytes_are_those_of_audit(cli, tiny):
    Path("labelaudit.toml").write_text(
        '[audit]\nfilter = "prune_by_class"\nseed = 3\nskip = ["calibration"]\n'
    )
    assert cli("audit", tiny, "-q").code == 0
    for name, what in (("ingest", tiny), ("detect", "steps"), ("measure", "steps")):
        more = ["-o", "steps"] if name == "ingest" else []
        assert cli(name, what, *more, "-q").code == 0
    one, other = (Path(folder, "audit.json").read_bytes() for folder in ("tiny-audit", "steps"))
    assert one == other
    assert settings_of(Path("steps"))["skip"] == (["calibration"], "file")


def test_what_the_file_says_of_its_dataset_is_not_said_of_another(cli, tiny):
    shutil.copytree(tiny, "other")
    Path("tiny/labels.csv").rename("tiny/truth.csv")
    Path("labelaudit.toml").write_text(
        'dataset = "tiny"\noutput = "made"\n[audit]\nlabels = "truth.csv"\nseed = 5\n'
    )
    assert cli("audit", "tiny", "-q").code == 0
    assert settings_of(Path("made"))["seed"] == (5, "file")
    assert cli("audit", "other", "-q").code == 0
    assert settings_of(Path("other-audit"))["seed"] == (5, "file")


def test_a_path_is_found_in_the_dataset_or_beside_the_file(cli, tiny, monkeypatch):
    Path("tiny/predictions.csv").rename("far.csv")
    Path("labelaudit.toml").write_text('[audit]\npredictions = ["far.csv"]\n')
    Path("below").mkdir()
    monkeypatch.chdir("below")
    assert cli("audit", tiny, "-q").code == 0
    assert Path("tiny-audit/flagged.csv").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[audit]\nfilter = "booth"', "labelaudit.toml: filter 'booth': not one of"),
        ("[audit]\nseed = -3", "labelaudit.toml: seed -3: say a whole number from 0 on"),
        ("[audit]\ntop = -3", "labelaudit.toml: top '-3': say how many"),
        ("[audit]\nseed = 1.5", "audit.seed: 1.5 is no whole number"),
        ("[audit]\nsed = 1", "audit.sed: no such key; did you mean 'audit.seed'?"),
        ('[audit]\nmeasures = ["calibratoin"]', "did you mean 'calibration'?"),
        ("[[dataset]]\nseed = 1", "labelaudit.toml: dataset 1: has no path"),
        (
            '[[dataset]]\npath = "a"\nsplt = "b"',
            "splt: no such key; did you mean 'split'",
        ),
        ("dataset = [3]", "labelaudit.toml: dataset 1: has no path"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line(cli, tiny, text, said):
    Path("labelaudit.toml").write_text(text)
    done = cli("audit", tiny)
    assert (done.code, done.out) == (2, "")
    assert said in done.complaint
    assert not Path("tiny-audit").exists()


def test_a_number_in_the_environment_that_is_none_is_refused(cli, tiny, monkeypatch):
    monkeypatch.setenv("LABELAUDIT_SEED", "x")
    assert "LABELAUDIT_SEED x: say a whole number" in cli("audit", tiny).complaint
    monkeypatch.setenv("LABELAUDIT_SEED", "-3")
    assert cli("audit", tiny).complaint.startswith("LABELAUDIT_SEED: seed -3: say a whole")


# Several datasets.


@pytest.fixture
def three(tiny):
    """Three datasets and a file that names them: one passes, one fails, one is not there."""
    for name in ("good", "bad"):
        shutil.copytree(tiny, name)
    Path("labelaudit.toml").write_text(
        "[gates]\nmin_class_examples = 1\n"
        '[[dataset]]\npath = "good"\n'
        '[[dataset]]\npath = "bad"\noutput = "bad-made"\nseed = 9\n'
        "[dataset.gates]\nmin_class_examples = 1000\n"
    )


def test_every_dataset_is_held_to_its_own_limits(cli, three):
    done = cli("check", "--all", "--write", "junit=made-{name}.xml", "-q")
    assert done.code == 1
    assert done.out.index("good: 9 examples") < done.out.index("bad: 9 examples")
    assert 'failures="0"' in Path("made-good.xml").read_text()
    assert 'failures="3"' in Path("made-bad.xml").read_text()
    assert settings_of(Path("bad-made"))["seed"] == (9, "file")
    assert settings_of(Path("good-audit"))["seed"] == (0, "default")
    assert cli("check", "good", "-q").code == 0
    assert cli("check", "bad", "-q").code == 1
    assert cli("check", "bad-made", "-q").code == 1  # the audit of a dataset is that dataset


def test_one_that_cannot_be_read_is_said_and_the_others_are_checked(cli, three):
    shutil.rmtree("good")
    done = cli("check", "--all")
    assert done.code == 2
    assert "good: " in done.err
    assert "bad: 9 examples" in done.out
    Path("labelaudit.toml").write_text('[gates]\nmax_error_rate = 0.1\n[[dataset]]\npath = "bad"\n')
    assert cli("check", "--all", "-q").code == 4


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--all", "good"], "leave AUDIT out"),
        (["--all", "--write", "json=a.json"], "put {name} into the path"),
        (["--all", "--format", "sarif"], "goes with one dataset"),
        (["--all", "--write-baseline", "b.json"], "a baseline of its own"),
        ([], "names 2 datasets; say which, or check --all"),
    ],
)
def test_what_does_not_go_together_is_one_line(cli, three, flags, said):
    done = cli("check", *flags)
    assert (done.code, done.out) == (2, "")
    assert said in done.complaint
    assert not Path("good-audit").exists()


def test_two_datasets_of_one_name_need_folders_of_their_own(cli, tiny):
    for parent in ("a", "b"):
        shutil.copytree(tiny, Path(parent, "data"))
    Path("labelaudit.toml").write_text(
        "[gates]\nmin_class_examples = 1\n"
        '[[dataset]]\npath = "a/data"\n[[dataset]]\npath = "b/data"\n'
    )
    assert "data-audit: would hold the audit of a/data and of b/data; say output =" in (
        cli("check", "--all").complaint
    )


def test_a_dataset_that_the_file_does_not_name_is_said(cli, three, tiny):
    done = cli("check", tiny)
    assert done.code == 0
    assert "labelaudit.toml does not name" in done.err


def test_all_without_a_dataset_names_what_to_add(cli, tiny):
    assert "labelaudit.toml names no dataset; add [[dataset]]" in cli("check", "--all").complaint


def test_the_settings_of_each_dataset_are_shown(cli, three):
    shown = cli("config", "show").out
    good, bad = shown.split("dataset: bad")
    assert "gates.min_class_examples = 1 " in good
    assert "gates.min_class_examples = 1000 " in bad
    assert "audit.seed = 9 " in bad


def test_classes_between_commas_may_be_longer_than_a_path(cli, tiny):
    names = ",".join(["bird", "cat", "dog", *(f"a long name of a class {n}" for n in range(30))])
    Path("labelaudit.toml").write_text(f'dataset = "tiny"\n[audit]\nclasses = "{names}"\n')
    done = cli("config", "show")
    assert done.code == 0
    assert "audit.classes = bird,cat,dog,a long name of a class 0" in done.out


@pytest.mark.parametrize("text", ["[tool]\nlabelaudit = 1", "[[tool.labelaudit]]\nseed = 1"])
def test_what_is_no_table_of_a_project_is_one_line(cli, tiny, text):
    Path("pyproject.toml").write_text(text)
    done = cli("config", "show")
    assert done.code == 2
    assert "tool.labelaudit is no table" in done.complaint
