"""What every measure owes its reader, whoever wrote it: words, an interval, alerts that say why."""

import inspect
import re

import numpy as np
import pytest

import labelaudit
from labelaudit.cli.explain import known_topics
from labelaudit.core.results import Measurement, Skipped
from labelaudit.measures import known_measures
from labelaudit.measures.kinds import DerivedMeasure, Measure
from tests.made import noisy

MEASURES = known_measures()
# Words by which a docstring says what the figure is not, or where it stops.
LIMITS = r"Limits:|\b(cannot|does not|says nothing|is not|not wrong|only|at most)\b"


@pytest.fixture(scope="module")
def made():
    labels, probabilities = noisy(900, 4, seed=1, noise=0.2)
    labels[labels == 3] = np.where(np.arange((labels == 3).sum()) < 8, 3, 0)
    points = np.random.default_rng(0).normal(size=(900, 6)) + 2 * np.eye(6)[labels]
    return labelaudit.audit(labels, probabilities, embeddings=points)


@pytest.mark.parametrize("name", MEASURES)
def test_its_docstring_states_range_source_and_limits(name):
    text = inspect.getdoc(MEASURES[name]) or ""
    paragraphs = text.split("\n\n")
    assert len(paragraphs) >= 3
    assert len(paragraphs[0]) < 700
    assert re.search(r"\bRange\b", text), "say the range, and which values are good"
    assert re.search(r"^Source: \S", text, re.MULTILINE)
    assert re.search(LIMITS, text), "say what it cannot tell"
    assert known_topics()[name] == ("measures", MEASURES[name])


@pytest.mark.parametrize("name", MEASURES)
def test_its_result_has_an_interval_or_says_why_none(made, name):
    (found,) = [measured for measured in made.measurements if measured.name == name]
    assert found.title == MEASURES[name].title
    if isinstance(found, Skipped):
        assert found.reason
        assert found.remedy
        return
    assert found.unit
    assert found.source
    assert found.better in ("lower", "higher", "neither")
    if found.interval is None:
        assert found.interval_kind.startswith("none")
    else:
        assert "none" not in found.interval_kind
        assert found.interval[0] <= found.value <= found.interval[1]
    low, high = found.range
    if found.value is not None:
        assert low is None or found.value >= low - 1e-12
        assert high is None or found.value <= high + 1e-12


def test_alerts_say_for_whom_and_what_to_do(made):
    raised = [alert for m in made.measurements if isinstance(m, Measurement) for alert in m.alerts]
    assert raised
    for alert in raised:
        assert alert.id.split(".")[0] in MEASURES
        assert alert.severity in ("critical", "caution", "info")
        assert alert.use_cases
        assert set(alert.use_cases) <= {"train", "evaluate", "benchmark", "tail"}
        assert alert.message
        assert alert.mitigation


@pytest.mark.parametrize("name", MEASURES)
def test_it_is_the_same_alone(made, name):
    """Chosen alone a measure finds what it finds among the others, whatever it reads."""
    labels, probabilities = noisy(900, 4, seed=1, noise=0.2)
    labels[labels == 3] = np.where(np.arange((labels == 3).sum()) < 8, 3, 0)
    points = np.random.default_rng(0).normal(size=(900, 6)) + 2 * np.eye(6)[labels]
    alone = labelaudit.audit(labels, probabilities, embeddings=points, measures=[name])
    (found,) = alone.measurements
    (among,) = [measured for measured in made.measurements if measured.name == name]
    assert found == among


def test_what_derived_measures_read_is_there():
    for kind in MEASURES.values():
        if issubclass(kind, DerivedMeasure):
            assert kind.reads <= MEASURES.keys()
        if issubclass(kind, Measure):
            assert kind.sample_needs <= {"labels", "digest", "probabilities", "embeddings"}
