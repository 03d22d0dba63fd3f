"""`labelaudit config`, and a check that is told by a file."""

import json
import tomllib

import jsonschema
import pytest


@pytest.fixture
def told(tmp_path, digits_audit):
    (tmp_path / ".git").mkdir()
    (tmp_path / "labelaudit.toml").write_text(
        f'dataset = "{digits_audit.name}"\n'
        '[gates]\nmax_flagged_share = "50%"\non_inconclusive = "fail"\n'
        '[gates.measure]\ncalibration = "<= 0.9"\n'
    )
    return tmp_path / "labelaudit.toml"


def test_a_check_without_a_flag_is_told_by_the_file(cli, told, digits_audit):
    done = cli("check", "--format", "json")
    assert done.code == 0, done.err
    document = json.loads(done.out)
    assert {one["gate"] for one in document["outcomes"]} == {
        "max_flagged_share",
        "measure.calibration",
    }


def test_flags_and_environment_stand_above_the_file(cli, told, monkeypatch):
    assert cli("check", "--max-flagged-share", "0.1%").code == 1
    monkeypatch.setenv("LABELAUDIT_MAX_FLAGGED_SHARE", "0.1%")
    assert cli("check").code == 1
    assert cli("check", "--max-flagged-share", "50%").code == 0
    shown = cli("config", "show").out
    assert "gates.max_flagged_share = 0.1%  (environment, LABELAUDIT_MAX_FLAGGED_SHARE)" in shown


def test_each_setting_is_shown_with_its_origin(cli, told):
    shown = cli("config", "show").out
    assert shown.startswith(f"file: {told}\n")
    assert f"gates.on_inconclusive = fail  (file, {told})" in shown
    told.unlink()
    assert (
        cli("config", "show").out == "file: none found\ngates.on_inconclusive = warn  (default)\n"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gates]\nmax_flaged_share = 0.1", "did you mean 'gates.max_flagged_share'"),
        ("[gates]\nmax_flagged_share = 5", "labelaudit.toml: gates.max_flagged_share 5: a share"),
        ("[gates.measure]\ncalibratoin = '<= 1'", "did you mean 'gates.measure.calibration'"),
        ("[gates]\nmax_imbalance = 2\non_inconclusive = 'eror'", "not one of warn, fail, pass"),
        ("write = ['junt=x']\n[gates]\nmax_imbalance = 2", "did you mean 'junit'"),
    ],
)
def test_what_is_wrong_in_the_file_is_one_line(cli, told, text, said):
    told.write_text(f'dataset = "digits-audit"\n{text}\n')
    done = cli("check")
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_paths_of_the_file_are_relative_to_it(cli, told, digits_audit, monkeypatch, tmp_path):
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    told.write_text(
        f'dataset = "{digits_audit.name}"\nwrite = ["json=out.json"]\n[gates]\nmax_imbalance = 2\n'
    )
    assert cli("check").code == 0
    assert (tmp_path / "out.json").is_file()


def test_the_schema_fits_what_init_writes(cli, digits_audit, tmp_path):
    schema = json.loads(cli("config", "schema").out)
    assert cli("init", digits_audit, "-o", tmp_path / "made.toml").code == 0
    jsonschema.validate(tomllib.loads((tmp_path / "made.toml").read_text()), schema)
    done = cli("check", digits_audit, "--config", tmp_path / "made.toml")
    assert done.code == 0, done.out
    assert cli("config", "shw").code == 2
