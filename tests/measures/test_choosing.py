"""Which measures run: `measures` and `skip`, in Python and on the command line."""

import json

import pytest

import labelaudit
from labelaudit import load_audit
from labelaudit.core.errors import ConfigError
from labelaudit.measures import known_measures
from labelaudit.measures.measuring import chosen_of, expect_known
from labelaudit.report import render
from tests.cli.conftest import Done
from tests.made import noisy

LABELS, PROBABILITIES = noisy(150, 3)


def names(made):
    return [measured.name for measured in made.measurements]


def audit(**choices):
    return labelaudit.audit(LABELS, PROBABILITIES, **choices)


def test_all_unless_chosen():
    assert names(audit()) == sorted(known_measures())
    assert audit().settings["measures"].value == "all"


def test_a_measure_not_chosen_is_absent():
    made = audit(measures=["calibration", "class_balance"])
    assert names(made) == ["calibration", "class_balance"]
    assert made.settings["measures"].value == ["calibration", "class_balance"]
    assert names(audit(measures=["calibration", "n1_borderline"])) == [
        "calibration",
        "n1_borderline",  # chosen, but there are no embeddings: skipped, with its reason
    ]


def test_skip_takes_away_from_either():
    every = names(audit())
    assert names(audit(skip=["calibration"])) == [name for name in every if name != "calibration"]
    assert names(audit(measures=["calibration", "true_prior"], skip=["calibration"])) == [
        "true_prior"
    ]
    assert audit(skip=["calibration"]).settings["skip"].value == ["calibration"]
    assert names(audit(skip=list(known_measures()))) == []


def test_what_a_chosen_measure_reads_is_made_but_not_shown():
    made = audit(measures=["scaled_calibration"])
    assert names(made) == ["scaled_calibration"]
    whole = audit()
    assert made.measurement("scaled_calibration") == whole.measurement("scaled_calibration")
    assert names(audit(measures=["scaled_calibration"], skip=["temperature"])) == [
        "scaled_calibration"
    ]


@pytest.mark.parametrize("option", ["measures", "skip"])
def test_unknown_names(option):
    with pytest.raises(ConfigError, match=rf"{option} 'calibraton'.*did you mean 'calibration'\?"):
        audit(**{option: ["calibraton"]})
    with pytest.raises(ConfigError, match="no measure of that name; `labelaudit explain`"):
        audit(**{option: ["\x1b[31m"]})


def test_nothing_left_is_said():
    with pytest.raises(ConfigError, match="none is left"):
        expect_known(["calibration"], ["calibration"])
    with pytest.raises(ConfigError, match="none is left"):
        audit(measures=[])
    assert chosen_of(None, ["calibration"]) == known_measures().keys() - {"calibration"}


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_a_report_says_that_it_was_not_chosen(form):
    text = render(audit(measures=["class_balance"]), form)
    assert "not chosen: --measures" in text or form == "markdown"
    text = render(audit(skip=["calibration"]), form)
    assert "not chosen: --skip" in text or form == "markdown"
    assert "unknown" in text


@pytest.fixture
def cli(tmp_path, monkeypatch, capsys):
    from labelaudit.cli import run

    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    rows = zip(LABELS, PROBABILITIES.tolist(), strict=True)
    lines = [f"{label},{','.join(map(str, row))}" for label, row in rows]
    text = "\n".join(["label,prob_0,prob_1,prob_2", *lines])
    (tmp_path / "tiny" / "train.csv").write_text(text + "\n")

    def call(*arguments):
        capsys.readouterr()
        code = run(list(arguments))
        out, err = capsys.readouterr()
        return Done(code=int(code), out=out, err=err)

    return call


def written(folder):
    return json.loads((folder / "tiny-audit" / "audit.json").read_text())


def test_on_the_command_line(cli, tmp_path):
    assert cli("audit", "tiny", "--measures", "calibration, class_balance").code == 0
    document = written(tmp_path)
    assert list(document["measurements"]) == ["calibration", "class_balance"]
    setting = document["provenance"]["settings"]["measures"]
    assert setting == {"value": ["calibration", "class_balance"], "origin": "flag"}
    assert document["provenance"]["settings"]["skip"] == {"value": [], "origin": "default"}


def test_measure_after_audit_chooses_anew(cli, tmp_path):
    assert cli("audit", "tiny", "--measures", "calibration").code == 0
    before = written(tmp_path)
    assert cli("measure", "tiny-audit", "--skip", "calibration").code == 0
    after = written(tmp_path)
    assert list(after["measurements"]) == sorted(known_measures().keys() - {"calibration"})
    assert after["provenance"]["settings"]["measures"]["value"] == "all"
    assert after["provenance"]["settings"]["skip"] == {"value": ["calibration"], "origin": "flag"}
    assert after["detection"] == before["detection"]
    assert cli("measure", "tiny-audit", "--measures", "calibration").code == 0
    assert written(tmp_path) == before
    assert names(load_audit(tmp_path / "tiny-audit")) == ["calibration"]


@pytest.mark.parametrize("command", ["audit", "measure"])
@pytest.mark.parametrize("option", ["--measures", "--skip"])
def test_a_slip_of_the_pen(cli, tmp_path, command, option):
    done = cli(command, "tiny", option, "class_balence")
    assert done.code == 2
    assert "did you mean 'class_balance'?" in done.complaint
    assert not (tmp_path / "tiny-audit").exists()
