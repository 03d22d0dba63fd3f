"""Every format of a verdict: valid where a schema is published, hostile strings inert, cut."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
import xmlschema

from labelaudit.check.formats import FORMATS, render
from labelaudit.check.formats.sarif import MOST_RESULTS
from labelaudit.check.verdict import Matched, Verdict
from tests.check.conftest import outcome, suspicion, verdict
from tests.npm import from_npm
from tests.report.conftest import HOSTILE
from tests.report.test_report_golden import matches_golden

STRINGS = (
    *HOSTILE,
    "::error::x",
    "]]>",
    "a|b\n| c |",
    "%0A::warning::y",
    "a,col=9,title=b:c",
    "x" * 10_000,
    "\ud800",
    "\u202egnp.exe",
    "../../etc/passwd",
)


@pytest.mark.parametrize("name", FORMATS)
def test_a_verdict_reads_as_it_was_approved(name: str) -> None:
    folder = Path(__file__).parent / "golden"
    ending = {"text": "txt", "markdown": "md", "junit": "xml", "github": "txt"}.get(name, "json")
    matches_golden(render(verdict(), name), f"{name}.{ending}", folder)
    assert render(verdict(), name) == render(verdict(), name)


@pytest.fixture(scope="session")
def sarif_schema(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    where = "lib/schemas/sarif-2.1.0-rtm.5.json"
    folder = tmp_path_factory.mktemp("sarif")
    schema = json.loads(from_npm("@microsoft/jest-sarif", "1.0.0-beta.0", where, folder))
    assert isinstance(schema, dict)
    return schema


@pytest.fixture(scope="session")
def junit_schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(Path(__file__).parent / "junit-10.xsd"))


@pytest.mark.parametrize("text", ["", *STRINGS])
def test_sarif_keeps_to_the_published_schema(sarif_schema: dict[str, object], text: str) -> None:
    log = json.loads(render(verdict(text=text), "sarif"))
    jsonschema.Draft7Validator(sarif_schema).validate(log)
    (run,) = log["runs"]
    for result in run["results"]:
        place = result["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9._~%/-]+", uri)
        assert not uri.startswith("/")
        assert place["region"]["startLine"] >= 1
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert re.fullmatch("[0-9a-f]{16}", result["partialFingerprints"]["labelaudit/v1"])
    assert [one["level"] for one in run["results"]] == [
        "error", "warning", "error", "warning", "warning", "warning"
    ]  # fmt: skip
    assert not text or unquote(uri).endswith(text.encode("utf-8", "replace").decode())


@pytest.mark.parametrize("text", ["", *STRINGS])
def test_junit_keeps_to_its_schema(junit_schema: xmlschema.XMLSchema, text: str) -> None:
    written = render(verdict(text=text), "junit")
    junit_schema.validate(io.StringIO(written.split("\n", 1)[1]))
    suite = ElementTree.fromstring(written.encode()).find("testsuite")
    assert suite is not None
    counts = {name: suite.get(name) for name in ("tests", "failures", "skipped", "errors")}
    assert counts == {"tests": "4", "failures": "1", "skipped": "1", "errors": "0"}


@pytest.mark.parametrize("text", STRINGS)
def test_no_string_ends_a_workflow_command(text: str) -> None:
    lines = render(verdict(text=text), "github").splitlines()
    plain = render(verdict(), "github").splitlines()
    assert len(lines) == len(plain)
    for line, own in zip(lines, plain, strict=True):
        assert line.startswith("::") == own.startswith("::")
        if line.startswith("::"):
            fields = re.match(r"::(error|warning) ([^:]*)::", line)
            assert fields is not None
            names = [field.partition("=")[0] for field in fields[2].split(",")]
            assert set(names) <= {"file", "line", "title"}
            assert len(set(names)) == len(names)


@pytest.mark.parametrize("text", STRINGS)
def test_no_string_ends_a_cell_of_markdown(text: str) -> None:
    shown = render(verdict(text=text), "markdown")
    plain = render(verdict(), "markdown")
    assert [line.count("|") for line in shown.splitlines()] == [
        line.count("|") for line in plain.splitlines()
    ]
    assert "<" not in shown
    assert "](" not in shown


@pytest.mark.parametrize("text", ["", *STRINGS])
@pytest.mark.parametrize("name", FORMATS)
def test_nothing_that_a_terminal_obeys_is_printed(name: str, text: str) -> None:
    shown = render(verdict(text=text), name)
    assert all(char.isprintable() or char in "\n\u200c\u200d" for char in shown)
    shown.encode()


def test_gitlab_has_the_fields_that_are_documented() -> None:
    twice = (suspicion(1), suspicion(2, fingerprint=suspicion(1).fingerprint))
    issues = json.loads(render(verdict(suspicions=twice), "gitlab"))
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) == 5
    quiet = Verdict(
        dataset="pets", tool_version="0", n_examples=1, n_flagged=0, outcomes=(outcome("passed"),)
    )
    assert json.loads(render(quiet, "gitlab")) == []


def test_json_has_every_field_as_it_is() -> None:
    document = json.loads(render(verdict(text="\u202ex"), "json"))
    assert document["exit_code"] == 1
    assert document["outcomes"][1]["interval"] == [0.1, 0.15]
    assert document["suspicions"][0]["id"] == "\u202ex"


def test_ten_thousand_suspects_are_cut_by_rank_and_it_is_said() -> None:
    many = verdict(10_000)
    (run,) = json.loads(render(many, "sarif"))["runs"]
    assert len(run["results"]) == MOST_RESULTS
    ranks = [one["rank"] for one in run["results"] if "rank" in one]
    assert ranks == sorted(ranks, reverse=True)
    (said,) = run["invocations"][0]["toolExecutionNotifications"]
    assert said["message"]["text"] == "10,000 suspects, the first 4,997 by rank are listed."
    assert len(json.loads(render(many, "gitlab"))) == 5_000
    assert len(json.loads(render(many, "json"))["suspicions"]) == 10_000
    assert len(render(many, "markdown").encode()) < 65_536
    assert "9,950 more." in render(many, "markdown")
    commands = render(many, "github").splitlines()
    assert sum(line.startswith("::warning") for line in commands) == 10
    assert sum(line.startswith("::error") for line in commands) <= 10
    assert len(render(many, "text").splitlines()) < 60


def test_what_failed_has_its_place_before_what_was_skipped() -> None:
    skipped = [outcome("skipped", gate=f"max_{n}", message="cannot be judged") for n in range(12)]
    told = replace(verdict(0), outcomes=(*skipped, outcome("failed", gate="max_flagged_share")))
    commands = render(told, "github").splitlines()
    assert commands[0].startswith("::error title=labelaudit max_flagged_share::")
    assert sum(line.startswith("::error") for line in commands) == 10
    assert "3 more gates do not pass: see the job summary or SARIF" in commands


def test_a_number_that_is_none_is_null_in_json() -> None:
    odd = outcome(value=float("nan"), interval=(0.1, float("inf")))
    text = render(replace(verdict(0), outcomes=(odd,)), "json")
    assert not re.search("NaN|Infinity", text)
    (told,) = json.loads(text)["outcomes"]
    assert (told["value"], told["interval"]) == (None, [0.1, None])


@pytest.mark.parametrize("text", ["<" * 10_000, "💥" * 10_000, "|" * 500])
def test_a_comment_is_cut_between_rows_and_says_so(text: str) -> None:
    gates = tuple(
        outcome(scope=f"class {n} {text}", message=text, remedy=text, basis=text)
        for n in range(200)
    )
    comment = render(replace(verdict(200, text), outcomes=gates), "markdown")
    assert len(comment.encode()) < 65_536
    rows = [line for line in comment.splitlines() if line.startswith("| ")]
    assert all(line.endswith(" |") for line in rows)
    n_gates = sum("failed" in line for line in rows)
    assert f"{200 - n_gates:,} more outcomes." in comment


def test_code_quality_says_what_it_leaves_out() -> None:
    issues = json.loads(render(verdict(10_000), "gitlab"))
    (cut,) = [one for one in issues if one["severity"] == "info"]
    listed = [one for one in issues if " is labelled " in one["description"]]
    assert cut["description"] == f"10,000 suspects, the first {len(listed):,} by rank are listed"
    assert not [one for one in json.loads(render(verdict(), "gitlab")) if one["severity"] == "info"]


def test_a_path_outside_of_the_repository_stays_whole_in_sarif() -> None:
    told = replace(verdict(1), suspicions=(suspicion(1, path="/data/my labels.csv"),))
    (run,) = json.loads(render(told, "sarif"))["runs"]
    (uri,) = {
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]
    }
    assert uri == "file:///data/my%20labels.csv"


@pytest.mark.parametrize("width", [80, 160])
def test_text_keeps_to_the_width_and_says_its_colours_in_words(width: int) -> None:
    plain = render(verdict(), "text", width=width)
    assert max(map(len, plain.splitlines())) <= width
    coloured = render(verdict(), "text", width=width, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert plain.index("failed ") < plain.index("skipped ") < plain.index("passed ")


def test_what_a_baseline_knows_is_said(matched: Matched) -> None:
    told = verdict(1, baseline=matched, suspicions=(suspicion(1, state="moved"),))
    text = " ".join(render(told, "text").split())
    assert "2 new since the baseline" in text
    assert "2 entries of the baseline are suspected no more" in text
    assert "the row is as it was" in text
    assert "| State |" in render(told, "markdown")


def test_a_file_without_lines_names_the_row() -> None:
    told = replace(verdict(1), suspicions=(suspicion(1, line=None, path="labels.npy"),))
    assert "labels.npy row 7" in render(told, "text")
    (run,) = json.loads(render(told, "sarif"))["runs"]
    assert "region" not in run["results"][-1]["locations"][0]["physicalLocation"]
