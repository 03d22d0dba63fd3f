"""The walls of the house: what may import what, how large a file is, what is never called."""

import ast
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import labelaudit
from labelaudit.cli import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(labelaudit.__file__).resolve().parent
FILES = sorted(PACKAGE.rglob("*.py"))
MOST_LINES = 400
NO_NAMES = re.compile(r"^(utils?|helpers?|managers?|.*_(utils?|helpers?|manager))$")
DOCUMENTED = ("core", "engine", "detect", "measures")
# They read or run code out of data, or could.
NO_MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "yaml"}
NO_CALLS = {"eval", "exec", "compile", "__import__", "read_pickle", "to_pickle"}
# The one file that reads YAML: its events alone, of which no object is ever made.
PARSES_YAML = "ingest/hierarchy.py"
# The one file that opens URLs, those that the user gave (S3 is Arrow's).
FETCHES = "ingest/remote/web.py"
# Nothing of a dataset leaves the machine, and no use is counted.
NO_NETWORK = {
    "socket",
    "ssl",
    "http",
    "urllib",
    "ftplib",
    "smtplib",
    "requests",
    "httpx",
    "aiohttp",
}


def shown(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def calls(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    """Return every call with the last part of the name that is called."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                found.append((node.func.id, node))
            elif isinstance(node.func, ast.Attribute):
                found.append((f".{node.func.attr}", node))
    return found


def imported(tree: ast.AST) -> set[str]:
    """Return the top names of every module that is imported anywhere in a file."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # It takes URLs apart and opens none.
            top = "urllib.parse" if node.module == "urllib.parse" else node.module.split(".")[0]
            names.add(top)
    return names


def test_imports_go_one_way():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from importlinter.cli import lint_imports;"
            "sys.exit(lint_imports(config_filename=sys.argv[1], no_cache=True))",
            str(ROOT / "pyproject.toml"),
        ],
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
        env=os.environ | {"COLUMNS": "100", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_files_are_small_and_named_for_what_they_hold(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MOST_LINES, f"{shown(path)} has {lines} lines"
    for name in (path.stem, path.parent.name):
        assert not NO_NAMES.match(name), f"{shown(path)}: say what is in it"


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_no_file_of_data_is_ever_run_and_nothing_is_sent(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    network = set() if shown(path) == FETCHES else NO_NETWORK
    modules = NO_MODULES - {"yaml"} if shown(path) == PARSES_YAML else NO_MODULES
    assert not imported(tree) & (modules | network)
    for name, call in calls(tree):
        assert shown(path) != PARSES_YAML or "load" not in name or name == ".loads", name
        known = bool(call.args) and all(isinstance(word, ast.Constant) for word in call.args)
        assert name.lstrip(".") not in NO_CALLS or name == ".compile" or known, (
            f"{shown(path)}, line {call.lineno}: {name}"
        )
        for keyword in call.keywords:
            if keyword.arg == "allow_pickle":
                value = keyword.value
                assert isinstance(value, ast.Constant), f"{shown(path)}, line {call.lineno}"
                assert value.value is False, f"{shown(path)}, line {call.lineno}"


def test_a_call_that_unpickles_would_be_found():
    tree = ast.parse("import pickle\nnumpy.load(file, allow_pickle=True)\neval(text)")
    assert "pickle" in imported(tree) & NO_MODULES
    assert {name for name, _ in calls(tree)} == {".load", "eval"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_a_module_with_examples(command):
    word = command.replace("-", "_")
    module = importlib.import_module(f"labelaudit.cli.{word}")
    assert callable(getattr(module, word))
    examples = [line.strip() for line in module.EXAMPLES.splitlines()[2:]]
    assert examples
    assert all(line.startswith(f"labelaudit {command}") for line in examples), examples


def _modules(layer: str) -> list[str]:
    package = importlib.import_module(f"labelaudit.{layer}")
    return [
        f"labelaudit.{layer}.{module.name}" for module in pkgutil.iter_modules(package.__path__)
    ]


@pytest.mark.parametrize("name", [name for layer in DOCUMENTED for name in _modules(layer)])
def test_everything_public_says_what_it_is(name):
    module = importlib.import_module(name)
    own = [
        (key, value)
        for key, value in vars(module).items()
        if not key.startswith("_")
        and (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == name
    ]
    # A dataclass writes its signature where it has no docstring: that says nothing.
    silent = [
        key
        for key, value in own
        if not value.__doc__ or value.__doc__.startswith(f"{value.__name__}(")
    ]
    assert not silent, f"{name}: no docstring: {', '.join(silent)}"


def test_the_changelog_knows_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(labelaudit.__version__)}\]", changes, re.MULTILINE)


def test_the_package_is_typed_and_licensed():
    assert (PACKAGE / "py.typed").exists()
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
