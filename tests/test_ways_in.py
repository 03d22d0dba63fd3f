"""The ways into CI: the steps of the action as bash runs them, and the hook of pre-commit.

Neither runs on GitHub here: steps are parsed from the YAML and run with GitHub's environment files.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


@pytest.fixture
def runner(tmp_path: Path, sample_data: Path) -> dict[str, str]:
    """GitHub's environment, its paths with spaces and quotes, and a dataset in one such."""
    home = tmp_path / 'it\'s a "runner"'
    for name in ("temp", "bin", "work $HOME"):
        (home / name).mkdir(parents=True)
    command = home / "bin" / "labelaudit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m labelaudit "$@"\n')
    command.chmod(0o755)
    shutil.copytree(sample_data / "imbalanced", home / "work $HOME" / "my; data")
    files = {
        "GITHUB_OUTPUT": str(home / "output"),
        "GITHUB_STEP_SUMMARY": str(home / "summary"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "RUNNER_TEMP": str(home / "temp"),
        "WORK": str(home / "work $HOME"),
    }
    path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **files, "PATH": path, "CI": "true"}


def step(name: str) -> dict[str, Any]:
    (found,) = (one for one in ACTION["runs"]["steps"] if one["name"] == name)
    assert isinstance(found, dict)
    return found


def run(name: str, runner: dict[str, str], **told: str) -> "subprocess.CompletedProcess[str]":
    """Run a step as GitHub does: inputs into its variables, then bash."""
    known = {key: value["default"] for key, value in ACTION["inputs"].items()} | told

    def filled(text: str) -> str:
        return re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: known[found[1]], text)

    own = step(name)
    environment = runner | {key: filled(value) for key, value in own.get("env", {}).items()}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", own["run"]],
        env=environment,
        cwd=runner["WORK"],
        capture_output=True,
        text=True,
        timeout=120,
    )


def outputs(runner: dict[str, str]) -> dict[str, str]:
    lines = Path(runner["GITHUB_OUTPUT"]).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_no_step_runs_what_a_workflow_says() -> None:
    for one in ACTION["runs"]["steps"]:
        assert "${{" not in one.get("run", "")
        assert "uses" in one or one["shell"] == "bash"


@pytest.mark.parametrize(("limit", "code"), [("50%", 0), ("0.1%", 1)])
def test_the_action_judges_and_tells(runner: dict[str, str], limit: str, code: int) -> None:
    flags = f"--max-flagged-share\n{limit}\n"
    done = run("Check", runner, dataset="my; data", args=flags)
    assert done.returncode == 0, done.stderr
    told = outputs(runner)
    assert told["exit-code"] == str(code)
    assert json.loads(Path(told["json"]).read_text(encoding="utf-8"))["exit_code"] == code
    assert json.loads(Path(told["sarif"]).read_text(encoding="utf-8"))["version"] == "2.1.0"
    summary = Path(runner["GITHUB_STEP_SUMMARY"]).read_text(encoding="utf-8")
    assert summary.startswith("## Label check: my; data")
    assert "::warning file=my; data/train.csv,title=" in done.stdout
    ending = runner | {"CODE": told["exit-code"]}
    last = subprocess.run(["bash", "-c", step("Verdict")["run"]], env=ending, check=False)
    assert last.returncode == code


def test_what_cannot_be_read_is_told_too(runner: dict[str, str]) -> None:
    done = run("Check", runner, dataset="$(touch hacked)", args="--max-imbalance\n2\n")
    assert outputs(runner) == {"exit-code": "2"}
    assert "labelaudit: " in done.stderr
    assert not (Path(runner["WORK"]) / "hacked").exists()


def test_a_configuration_speaks_where_nothing_else_does(runner: dict[str, str]) -> None:
    (Path(runner["WORK"]) / "labelaudit.toml").write_text(
        'dataset = "my; data"\n[gates]\nmax_imbalance = 2\n'
    )
    assert run("Check", runner).returncode == 0
    assert outputs(runner)["exit-code"] == "1"


def test_the_hook_is_what_pre_commit_asks_for() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert hook["pass_filenames"] is False
    assert hook["entry"] == "labelaudit check"
    assert hook["language"] == "python"


def test_the_hook_is_run_by_pre_commit(tmp_path: Path, sample_data: Path) -> None:
    if "pre-commit" not in os.environ.get("LABELAUDIT_REQUIRE", "").split(","):
        pytest.skip("LABELAUDIT_REQUIRE=pre-commit runs it: it makes an environment of its own")
    work = tmp_path / "work"
    shutil.copytree(sample_data / "imbalanced", work / "data")
    (work / "labelaudit.toml").write_text('dataset = "data"\n[gates]\nmax_imbalance = 2\n')
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "data"]):
        subprocess.run(["git", *who, *words], cwd=work, check=True)
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "home")}
    # Where the tests run beside a wheel, the repository is elsewhere.
    repository = os.environ.get("LABELAUDIT_REPOSITORY", str(ROOT))
    command = [sys.executable, "-m", "pre_commit"]
    hook = [*command, "try-repo", repository, "labelaudit", "--all-files"]
    done = subprocess.run(
        hook, cwd=work, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "failed  max_imbalance" in done.stdout
    (work / "labelaudit.toml").write_text('dataset = "data"\n[gates]\nmax_imbalance = 1000\n')
    done = subprocess.run(
        hook, cwd=work, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
