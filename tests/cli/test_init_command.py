"""`labelaudit init`: a configuration that holds today, and that people can read."""

import shutil
import tomllib

import pytest

from labelaudit import load_audit
from labelaudit.check.figures import AT_LEAST, AT_MOST, Kind
from labelaudit.check.judging import judge
from labelaudit.check.limits import gates_of
from labelaudit.check.starting import configuration, rounded_away
from tests.report.conftest import HOSTILE, made_audit


def gates(text: str) -> dict[str, object]:
    return tomllib.loads(text)["gates"]


@pytest.mark.parametrize("name", ["digits", "imbalanced", "messages"])
def test_what_holds_today_passes(cli, sample_data, tmp_path, name):
    done = cli("init", sample_data / name, "-o", "labelaudit.toml")
    assert done.code == 0
    text = (tmp_path / "labelaudit.toml").read_text(encoding="utf-8")
    table = gates(text)
    assert len(table) >= 6
    assert table["on_inconclusive"] == "warn"
    audit = load_audit(tmp_path / f"{name}-audit")
    outcomes = judge(audit, gates_of(table), table["on_inconclusive"])
    assert {outcome.status for outcome in outcomes} == {"passed"}
    # Not by being loose: a limit one part in ten tighter is not held any more.
    share = table["max_flagged_share"]
    assert audit.detection.n_flagged / audit.dataset.n_examples < share < 1
    tighter = gates_of({"max_flagged_share": share * 0.9})
    assert judge(audit, tighter)[0].status == "warned"


def test_limits_of_the_digits_are_what_was_measured(cli, digits_audit, tmp_path):
    done = cli("init", digits_audit)
    assert done.code == 0
    assert "wrote labelaudit.toml" in done.err
    text = (tmp_path / "labelaudit.toml").read_text(encoding="utf-8")
    table = gates(text)
    assert table["max_model_noise"] == 0.091
    assert table["min_class_examples"] == 160
    assert table["max_imbalance"] == 1.2
    assert "the noise estimate is 7.68 % (6.29 % to 9.06 %); the model's estimate" in text
    assert "# max_error_rate" in text
    assert "max_error_rate" not in table
    assert all(len(line) <= 100 for line in text.splitlines())


def test_a_file_that_is_there_is_not_written_over(cli, digits_audit, tmp_path):
    target = tmp_path / "labelaudit.toml"
    target.write_text("mine", encoding="utf-8")
    done = cli("init", digits_audit)
    assert done.code == 2
    assert "is there already; --force" in done.complaint
    assert target.read_text() == "mine"
    assert cli("init", digits_audit, "--force", "-q").code == 0
    assert gates(target.read_text(encoding="utf-8"))


def test_the_folder_at_hand_is_the_default_and_stdout_is_an_output(cli, tiny, monkeypatch):
    monkeypatch.chdir(tiny)
    assert cli("init").code == 0
    assert gates((tiny / "labelaudit.toml").read_text(encoding="utf-8"))["min_class_examples"] == 2
    done = cli("init", "-o", "-", "-q")
    assert done.out == (tiny / "labelaudit.toml").read_text(encoding="utf-8")
    assert not done.err


def test_a_dataset_elsewhere_gets_the_file_itself(cli, tiny, tmp_path, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert cli("init", tiny).code == 0
    assert (tiny / "labelaudit.toml").exists()
    assert not (here / "labelaudit.toml").exists()
    shutil.rmtree(here / "tiny-audit")


def test_what_is_no_dataset_leaves_nothing(cli, tmp_path):
    (tmp_path / "empty").mkdir()
    assert cli("init", "empty").code == 2
    assert not list(tmp_path.rglob("labelaudit.toml"))
    assert cli("init", "nowhere").code == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_comments(text):
    names = tuple(f"{text}{number}" if number else text for number in range(3))
    made = configuration(made_audit(names=names, ids=(text,), name=text), f"{text}\x7f")
    assert gates(made)["min_class_examples"] == 12
    assert set(tomllib.loads(made)) == {"dataset", "gates"}
    assert tomllib.loads(made)["dataset"] == f"{text}\x7f"


@pytest.mark.parametrize(
    ("value", "unit", "sense", "limit"),
    [
        (0.0906, "share", AT_MOST, "0.091"),
        (0.0906, "share", AT_LEAST, "0.09"),
        (0.09, "share", AT_MOST, "0.09"),
        (0.000123, "share", AT_MOST, "0.00013"),
        (0.999, "share", AT_MOST, "1"),
        (0.0, "share", AT_MOST, "0"),
        (106.0, "ratio", AT_MOST, "110"),
        (1.0, "ratio", AT_MOST, "1"),
        (162, "count", AT_LEAST, "160"),
        (7, "count", AT_LEAST, "7"),
        (12345, "count", AT_MOST, "13000"),
        (0, "count", AT_MOST, "0"),
    ],
)
def test_a_limit_is_rounded_away_from_what_was_measured(value, unit, sense, limit):
    kind = Kind(name="k", sense=sense, unit=unit, figures=lambda case: ())
    assert rounded_away(value, kind) == limit
