"""What `labelaudit explain` owes a reader of any measure, and what its result and alerts owe.

A measure that is new is held to this too: say what it means first, then range, which values are
good, how it is worked out, on which rows, its interval, its cost, its limits and its source.
"""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

import labelaudit
from labelaudit.core.results import Alert, Measurement
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import SampledMeasure

MEASURES = known_measures()
SOURCES = Path(inspect.getfile(labelaudit)).parent / "measures"
ROOT = Path(__file__).resolve().parents[2]
DIGITS, CONTRIBUTING = ROOT / "sample_data" / "digits", ROOT / "CONTRIBUTING.md"

# What must be said, and words by which it is: of these at least one.
SAYS = {
    "its range": r"\bRange\b.{0,30}\d|\bRange: no upper end\b",
    "which way is better": r"\b(lower|higher) is\b|\bneither end\b|"
    r"\b[\d.]+ is (good|best)\b|\bnear [\d.]+, .{0,30}is good\b",
    "which values are good": r"\b(good|best|easy|even|clean|as labelled|separable|perfect|"
    r"apart|agreeing|tight|legal)\b",
    "which values are bad": r"\b(bad|hard|weak|guessing|contradicting|neglect|overlap|high|above|"
    r"below|wrong|mixed|say nothing|says nothing)\b",
    "how it is worked out": r"=|\b(share|mean|ratio|sum|divided|number|error|half|accuracy)\b",
    "on which rows": r"\b[Ee]xact\b|\ball rows\b|\bfair, seeded sample\b|\bfair sample\b|"
    r"\b([Aa]t most|[Uu]p to) [\d,]+ rows\b|\b[Rr]eads? (off )?the\b|\b[Rr]ead off\b|"
    r"\bof [\d,]+ rows\b",
    "its interval or why none": r"\b[Ii]ntervals?\b",
    "its cost": r"\b[Cc]osts?\b",
    "its limits": r"Limits:|\b(cannot|does not|says nothing|is not|not wrong|only|at most|sees)\b",
}


def said(name: str) -> str:
    """Return the docstring in one line."""
    return " ".join((inspect.getdoc(MEASURES[name]) or "").split())


@pytest.mark.parametrize("what", SAYS)
@pytest.mark.parametrize("name", MEASURES)
def test_it_says(name: str, what: str) -> None:
    assert re.search(SAYS[what], said(name)), f"{name}: say {what}"


@pytest.mark.parametrize("name", MEASURES)
def test_it_opens_with_two_plain_sentences(name: str) -> None:
    opening = re.split(r"(?<=[.?!])\s+(?=[A-Z0-9.])", said(name))[:2]
    assert len(opening) == 2
    for sentence in opening:
        assert len(sentence.split()) <= 50, sentence
        assert not re.search(r"[=^_*|]|\b(sum|ln|exp)\b|\bP\[", sentence), f"a formula: {sentence}"
        assert not re.match(r"Range|Source|Cost|Limits", sentence), sentence


@pytest.mark.parametrize("what", SAYS)
def test_the_measure_that_contributing_walks_through_says(what: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", CONTRIBUTING.read_text(encoding="utf-8"), re.DOTALL)
    (text,) = (block for block in blocks if "(Measure):" in block)
    (kind,) = (node for node in ast.parse(text).body if isinstance(node, ast.ClassDef))
    assert re.search(SAYS[what], " ".join((ast.get_docstring(kind) or "").split()))


@pytest.mark.parametrize("name", MEASURES)
def test_its_source_comes_last(name: str) -> None:
    paragraphs = (inspect.getdoc(MEASURES[name]) or "").split("\n\n")
    assert paragraphs[-1].startswith("Source: ")
    assert sum(one.startswith("Source:") for one in paragraphs) == 1


@pytest.fixture(scope="module")
def digits() -> labelaudit.Audit:
    return labelaudit.audit(DIGITS)


@pytest.mark.parametrize("name", MEASURES)
def test_its_figure_says_what_it_is(digits: labelaudit.Audit, name: str) -> None:
    found = digits.measurement(name)
    if found is None:
        pytest.skip("it needs what digits has not")
    assert found.range[0] is not None
    assert found.better in ("lower", "higher", "neither")
    assert found.unit
    assert found.source
    assert found.interval_kind.startswith("none: ") is (found.interval is None)
    if issubclass(MEASURES[name], SampledMeasure):
        assert {"size", "of", "seed"} <= found.sample.keys()
        assert found.sample["of"] == digits.dataset.n_examples


OWED = {"id", "severity", "module", "scope", "message", "mitigation"}
OWED |= {"value", "threshold", "basis"}  # and `use_cases`, which have a default


def alerts_in(path: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "Alert"]


@pytest.mark.parametrize("path", sorted(SOURCES.glob("*.py")), ids=lambda path: path.stem)
def test_every_alert_is_written_whole(path: Path) -> None:
    for call in alerts_in(path):
        assert {keyword.arg for keyword in call.keywords} >= OWED, ast.unparse(call)[:80]


def rows_of(generator: np.random.Generator, sizes: list[int]) -> np.ndarray:
    return generator.permutation(np.repeat(np.arange(len(sizes)), sizes))


def towards(classes: np.ndarray, n_classes: int, sharpness: float, seed: int = 0) -> np.ndarray:
    """Return probabilities float[n, K] that lean towards `classes`; at 0 they are guesses."""
    logits = np.random.default_rng(seed).normal(size=(len(classes), n_classes))
    logits[np.arange(len(classes)), classes] += sharpness
    powers = np.exp(logits)
    return powers / powers.sum(axis=1, keepdims=True)


def guessed() -> labelaudit.Audit:
    """The model guesses between 2 and 3 and never sees 4; embeddings know nothing of labels."""
    generator = np.random.default_rng(0)
    labels = rows_of(generator, [300, 300, 150, 150, 40])
    seen = np.where(np.isin(labels, (2, 3)), generator.integers(2, 4, len(labels)), labels)
    seen = np.where(labels == 4, generator.integers(0, 4, len(labels)), seen)
    points = generator.normal(size=(len(labels), 5))
    return labelaudit.audit(labels, towards(seen, 5, 3.0), embeddings=points)


def rare() -> labelaudit.Audit:
    """Classes of 2,000 to 3, and the smaller ones full of strays."""
    generator = np.random.default_rng(1)
    truth = rows_of(generator, [2000, 60, 24, 8, 3])
    labels = truth.copy()
    labels[np.flatnonzero(truth == 0)[:40]] = 1
    labels[np.flatnonzero(truth == 0)[40:48]] = 3
    return labelaudit.audit(labels, towards(truth, 5, 6.0))


def blurred() -> labelaudit.Audit:
    """0 and 1 overlap; 2 and 3 lie far apart, and some of 2 are labelled 3; 4 lies among 0."""
    generator = np.random.default_rng(2)
    truth = rows_of(generator, [1500, 1500, 1000, 1000, 60])
    centres = np.array([-0.7, 0.7, 16.0, 24.0, -0.7])
    place = centres[truth] + generator.normal(size=len(truth))
    powers = np.exp(-np.square(place[:, None] - centres[:4]) / 2) + 1e-9
    powers = np.column_stack([powers, powers[:, 0] / 20])
    wrong = (truth == 2) & (generator.random(len(truth)) < 0.1)
    labels = np.where(wrong, 3, truth)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return labelaudit.audit(labels, probabilities, embeddings=place[:, None])


@pytest.fixture(scope="module")
def raised(digits: labelaudit.Audit) -> dict[str, Alert]:
    audits = (digits, guessed(), rare(), blurred())
    measured = [one for audit in audits for one in audit.measurements or ()]
    return {
        alert.id: alert for one in measured if isinstance(one, Measurement) for alert in one.alerts
    }


ALERTS = (
    "calibration.gap",
    "class_auroc.few_examples",
    "class_auroc.like_guessing",
    "class_auroc.not_comparable",
    "class_balance.few_examples",
    "class_balance.fewer_than_folds",
    "class_balance.imbalanced",
    "knn_accuracy.near_chance",
    "multi_modal_classes.several",
    "nearest_neighbour_error.class_among_others",
    "noise_or_overlap.mislabelled",
    "noise_or_overlap.overlap",
    "pairwise_auroc.like_guessing",
    "scaled_calibration.noisy_labels",
    "scaled_calibration.overlap",
    "tail_suspects.more",
    "true_prior.shifted",
)


@pytest.mark.parametrize("id", ALERTS)
def test_an_alert_says_why_for_whom_and_what_to_do(raised: dict[str, Alert], id: str) -> None:
    alert = raised[id]
    assert alert.severity in ("critical", "caution", "info")
    assert alert.module in ("statistics", "pair_plots", "probabilistic_model")
    assert alert.use_cases
    assert set(alert.use_cases) <= {"train", "evaluate", "benchmark", "tail"}
    assert alert.value is not None
    assert alert.threshold is not None
    for words in (alert.scope, alert.message, alert.mitigation, alert.basis):
        assert words
    assert alert.mitigation.endswith((".", "?"))


def test_no_alert_is_forgotten() -> None:
    """Those of this version; one that is new has its own tests."""
    ids = {
        ast.literal_eval(keyword.value)
        for path in SOURCES.glob("*.py")
        for call in alerts_in(path)
        for keyword in call.keywords
        if keyword.arg == "id" and isinstance(keyword.value, ast.Constant)
    }
    assert set(ALERTS) <= ids
