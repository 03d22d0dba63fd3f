"""The documents cannot drift: commands are run, examples executed, lists made from the code.

`LABELAUDIT_UPDATE_DOCS=1 pytest tests/test_docs.py` writes the made parts of README anew.
"""

import csv
import doctest
import importlib
import inspect
import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import typer.main

import labelaudit
from labelaudit.cli import COMMANDS, app
from labelaudit.cli.explain import known_topics
from labelaudit.core.errors import ExitCode
from labelaudit.core.results import FINDING_COLUMNS, SCORE_COLUMNS, Measurement
from labelaudit.core.settings import FILTERS
from labelaudit.ingest import folder
from labelaudit.measures import known_measures
from labelaudit.testing import check_laws

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
UPDATE = bool(os.environ.get("LABELAUDIT_UPDATE_DOCS"))
HEAVY = ("numpy", "pandas", "pyarrow", "sklearn", "scipy", "cleanlab", "jinja2")
TYPER = ".".join(version("typer").split(".")[:2])
QUIET = {"COLUMNS": "80", "NO_COLOR": "1", "PYTHONUTF8": "1"}
_LOUD = ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS")


def run(line: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(line, comments=True)
    if words[0] == "labelaudit":
        words = [sys.executable, "-m", "labelaudit", *words[1:]]
    environment = {name: value for name, value in os.environ.items() if name not in _LOUD}
    return subprocess.run(
        words, cwd=cwd, capture_output=True, encoding="utf-8", env=environment | QUIET, timeout=120
    )


def blocks(document: str) -> list[tuple[str, str]]:
    """Return language and text of every fenced block, in order."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def place(tmp_path, sample_data, monkeypatch):
    """A folder as a reader has it: the sample data, and nothing else."""
    shutil.copytree(sample_data, tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What README shows is run.


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_and_every_example_does_what_it_says(document, place):
    seen: dict[str, object] = {}  # python blocks share their names, as one session does
    counts = {"commands": 0, "examples": 0}
    for language, text in blocks(document):
        if language in ("sh", "console"):
            for line in text.splitlines():
                if not line.startswith(("labelaudit ", "cmp ")):
                    continue
                stated = re.search(r"# exit (\d+)", line)
                done = run(line, place)
                assert done.returncode == int(stated[1] if stated else 0), (
                    f"{line}\n{done.stdout[-2000:]}{done.stderr}"
                )
                counts["commands"] += 1
        elif language == "python" and ">>>" in text:
            test = doctest.DocTestParser().get_doctest(text, seen, document, document, 0)
            report: list[str] = []
            result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(
                test, out=report.append, clear_globs=False
            )
            assert not result.failed, "".join(report)
            seen |= test.globs
            counts["examples"] += result.attempted
    if document == "README.md":
        assert counts["commands"] > 10
        assert counts["examples"] > 10


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_of_help_name_the_sample_data_or_a_stand_in(command):
    module = f"labelaudit.cli.{command.replace('-', '_')}"
    examples = importlib.import_module(module).EXAMPLES
    options = _options(command)
    for line in examples.splitlines()[2:]:
        words = shlex.split(line)
        assert {word for word in words if word.startswith("-")} <= options, line
        for word in words:
            if word.startswith("sample_data"):
                assert (ROOT / word).exists(), line


def test_two_lines_do_all_set_up():
    lines = [line for language, text in blocks("README.md") for line in text.splitlines()]
    first, second = (line for line in lines if line.startswith("python3 -m venv"))
    make = r"python3 -m venv (\S+) && \1/bin/pip install "
    assert re.fullmatch(make + r"\. && \1/bin/labelaudit audit sample_data/digits", first)
    assert re.fullmatch(make + r"'\.\[test\]' && \1/bin/pytest", second)


# What README lists is all there is.


def first_sentence(thing: object) -> str:
    first = inspect.getdoc(thing).split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.?]) (?=[A-Z])", first)[0].replace("|", "\\|")


def _label(place: Path) -> str:
    line = "labelaudit audit sample_data/digits"
    label = run(line, place).stdout
    return "```console\n" + "\n".join(f"$ {line}\n{label}".rstrip().splitlines()) + "\n```"


def _convention(place: Path) -> str:
    def code(names: tuple[str, ...]) -> str:
        return ", ".join(f"`{name}`" for name in names)

    rows = [
        ("labels", f"a table or array named {code(folder.LABEL_STEMS)}", "`--labels`"),
        ("its column of labels", code(folder.LABEL_COLUMNS), "`--label-column`"),
        ("columns of ids", code(folder.ID_COLUMNS), "`--id-column`"),
        (
            "predictions",
            f"a table or array named {code(folder.PREDICTION_STEMS)}, or so and more after a `_`: "
            "`pred_probs_resnet18.npy`",
            "`--predictions`",
        ),
        ("embeddings", f"likewise {code(folder.EMBEDDING_STEMS)}", "`--embeddings`"),
        ("class names", code(folder.CLASS_FILES), "`--classes`"),
        ("images", f"a folder {code(folder.IMAGE_FOLDERS)}", "`--images`"),
    ]
    head = "| part | found as (labels and columns: best first) | or named by |\n|---|---|---|\n"
    return head + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _explained(place: Path) -> str:
    rows = [
        f"| {kind.rstrip('s')} | `{name}` | {first_sentence(thing)} |"
        for name, (kind, thing) in known_topics().items()
    ]
    return "| | name | in a sentence |\n|---|---|---|\n" + "\n".join(rows)


def _typer(place: Path) -> str:
    return f"As typer {TYPER} sets it at 80 columns."


def _help(command: str, place: Path) -> str:
    return f"```text\n{run(f'labelaudit {command} --help', place).stdout.rstrip()}\n```"


PARTS = {
    "label": _label,
    "convention": _convention,
    "explained": _explained,
    "typer": _typer,
} | {f"help: {name}": (lambda place, name=name: _help(name, place)) for name in COMMANDS}


def written_part(name: str) -> str:
    text = README.read_text(encoding="utf-8")
    found = re.search(rf"<!-- {name} -->\n(.*?)\n?<!-- /{name} -->", text, re.DOTALL)
    assert found, f"README has no part <!-- {name} -->"
    return found[1]


def compare_part(name: str, made: str, alike: bool) -> None:
    if UPDATE:
        text = README.read_text(encoding="utf-8")
        start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, after = text.index(start) + len(start), text.index(end)
        README.write_text(f"{text[:before]}{made}\n{text[after:]}", encoding="utf-8")
        return
    assert alike or written_part(name) == made, (
        f"README, {name}: run LABELAUDIT_UPDATE_DOCS=1 pytest {__file__}; it should be\n{made}"
    )


@pytest.mark.parametrize("name", PARTS)
def test_made_parts_are_as_the_code_makes_them(name, place):
    written, made = written_part(name), PARTS[name](place)
    alike = False
    if name == "label":  # linear algebra may move a last digit on another machine
        alike = close(written, made)
    elif name == "typer" or (
        name.startswith("help") and f"typer {TYPER} " not in README.read_text()
    ):
        alike = True  # another typer words its help otherwise; the next test holds for all
    compare_part(name, made, alike)


def close(one: str, other: str, tolerance: float = 0.01) -> bool:
    """Say whether two texts are the same words, numbers within a hundredth."""
    words, others = one.split(), other.split()
    return len(words) == len(others) and all(map(_close, words, others, [tolerance] * len(words)))


def _close(word: str, other: str, tolerance: float) -> bool:
    try:
        return math.isclose(float(word), float(other), rel_tol=tolerance)
    except ValueError:
        return word == other


def _options(command: str) -> set[str]:
    parameters = typer.main.get_command(app).commands[command].params
    return {name for each in parameters for name in each.opts if name.startswith("-")}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_is_in_readme(command):
    assert f"| `labelaudit {command} " in README.read_text(encoding="utf-8")
    written = " ".join(written_part(f"help: {command}").split())
    for option in _options(command):
        assert re.search(rf"(?<!\S){re.escape(option)}(?=[ ,])", written), option
    for parameter in typer.main.get_command(app).commands[command].params:
        text = getattr(parameter, "help", None)
        if text:
            assert text.split(" [")[0].rstrip(".") in written, text


def test_exit_codes_columns_and_keys_are_in_readme(place):
    text = README.read_text(encoding="utf-8")
    codes = re.findall(r"^\| (\d+) \| ", text, re.MULTILINE)
    assert [int(code) for code in codes] == [int(code) for code in ExitCode]
    assert f"`{', '.join(FINDING_COLUMNS[:5])}`" in text
    assert f"`{', '.join(SCORE_COLUMNS[:6])}`" in text
    run("labelaudit audit sample_data/digits", place)
    made = place / "digits-audit"
    document = json.loads((made / "audit.json").read_text(encoding="utf-8"))
    row = next(line for line in text.splitlines() if line.startswith("| `audit.json`"))
    promised = re.findall(r"`(\w+)`", row.split("|")[3])
    inner = ["filter", "n_flagged", "ranking", "model_noise_estimate", "confident_joint"]
    assert set(promised) >= {"schema_version", "dataset", "detection", "provenance", *inner}
    for key in promised:
        assert key in document or key in document["detection"] or key == "null", key
    with (made / "flagged.csv").open(encoding="utf-8", newline="") as file:
        assert next(csv.reader(file))[:5] == list(FINDING_COLUMNS[:5])
    for path in made.iterdir():
        assert path.name in text, f"README does not say what {path.name} is"


REAL = (
    ("CIFAR-10N, ResNet-18", "cifar10n_aggregate", "pred_probs_resnet18.npy"),
    ("CIFAR-10N, Swin", "cifar10n_aggregate", "pred_probs_swin.npy"),
    ("CIFAR-10, class flips", "cifar10_flips_20", "pred_probs.npy"),
    ("roman numerals, ResNet-18", "roman_numerals", "pred_probs_resnet18.npy"),
    ("roman numerals, EfficientNet", "roman_numerals", "pred_probs_efficientnet_b1.npy"),
)


def _truth_row(title: str, made: labelaudit.Audit, wrong: np.ndarray) -> str:
    assert made.detection is not None
    assert made.findings is not None
    right = int(wrong[made.findings.columns["row"].astype(np.int64)].sum())
    figures = (
        f"{made.dataset.n_examples:,}",
        f"{wrong.mean():.3f}",
        f"**{made.detection.model_noise_estimate:.3f}**",
        f"{len(made.findings):,}",
        f"{right / len(made.findings):.0%}".replace("%", " %"),
        f"{right / wrong.sum():.0%}".replace("%", " %"),
    )
    return f"| {title} | {' | '.join(figures)} |"


def _sample_truth(name: str, labels: str) -> np.ndarray:
    def ids(file: str) -> list[str]:
        with (ROOT / "sample_data" / name / file).open(encoding="utf-8", newline="") as lines:
            return [row["id"] for row in csv.DictReader(lines)]

    return np.isin(ids(labels), ids("flips.csv"))


def _real_truth(where: Path) -> tuple[dict[str, str], np.ndarray]:
    if not (where / "labels.csv").exists():
        return {}, np.load(where / "labels.npy") != np.load(where / "true_labels.npy")
    with (where / "labels.csv").open(encoding="utf-8", newline="") as lines:
        wrong = [row["is_error"].lower() in ("1", "true") for row in csv.DictReader(lines)]
    named = {"labels": "labels.csv", "label_column": "label_index", "id_column": "id"}
    return named, np.array(wrong)


def test_what_readme_says_of_the_truth_is_measured(sample_data, real_data):
    rows = [
        _truth_row(f"`{name}`", labelaudit.audit(sample_data / name), _sample_truth(name, labels))
        for name, labels in (("digits", "labels.csv"), ("imbalanced", "train.csv"))
    ]
    for title, name, predictions in REAL:
        named, wrong = _real_truth(real_data / name)
        made = labelaudit.audit(real_data / name, predictions=predictions, **named)
        rows.append(_truth_row(title, made, wrong))
    head = (
        "| dataset | rows | truly wrong | model's estimate | flagged | of these wrong "
        "| of the wrong flagged |\n|---|---|---|---|---|---|---|\n"
    )
    compare_part("truth", head + "\n".join(rows), alike=False)


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_imports_nothing_heavy(command):
    words = ["--help"] if command is None else [command, "--help"]
    code = (
        "import sys; from labelaudit.cli import run\n"
        f"code = run({words}); print()\n"
        f"print(code, [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_every_filter_and_measure_can_be_explained():
    assert set(FILTERS) | set(known_measures()) <= set(known_topics())
    explained = written_part("explained")
    for name in known_topics():
        assert f"`{name}`" in explained


def test_the_documents_name_no_file_that_is_not_there():
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
                assert target[1:] in {title.lower().replace(" ", "-") for title in titles}, target
                continue
            assert target.startswith("https://") or (ROOT / target).exists(), target


# CONTRIBUTING's measure is dropped in as its reader would, and runs.


@pytest.fixture
def dropped_in(tmp_path, monkeypatch):
    import labelaudit.measures as home

    (text,) = (
        text
        for language, text in blocks("CONTRIBUTING.md")
        if language == "python" and "(Measure):" in text
    )
    name = re.search(r'^    name = "(\w+)"', text, re.MULTILINE)[1]
    (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr(home, "__path__", [*home.__path__, str(tmp_path)])
    yield known_measures()[name]
    sys.modules.pop(f"labelaudit.measures.{name}")
    delattr(home, name)


def test_the_measure_of_contributing_is_one_file_and_runs(dropped_in, sample_data):
    measured = check_laws(dropped_in)
    assert isinstance(measured, Measurement)
    made = labelaudit.audit(sample_data / "digits").measurement(dropped_in.name)
    assert made is not None
    low, high = made.range
    assert low <= made.value <= high
    labels, certain = ["cat"] * 9 + ["dog"], [[0.99, 0.01]] * 10
    known = labelaudit.audit(labels, certain, class_names=["cat", "dog"])
    assert known.measurement(dropped_in.name).value == 0.1
    without = labelaudit.audit(labels)
    assert without.measurement(dropped_in.name) is None  # skipped, with a reason
    assert dropped_in.name in {skipped.name for skipped in without.measurements}
