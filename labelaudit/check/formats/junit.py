"""A verdict as JUnit XML: a test case for each gate, failures with the first suspects."""

from xml.etree import ElementTree

from labelaudit.check.formats.wording import first, message, place, suspicion, title
from labelaudit.check.verdict import Verdict
from labelaudit.core.text import printable

_MOST = 20


def render(verdict: Verdict) -> str:
    """Return the document; control characters, which XML cannot hold, are shown as escapes."""
    counts = {
        status: sum(outcome.status == status for outcome in verdict.outcomes)
        for status in ("failed", "skipped")
    }
    name = f"labelaudit.{printable(verdict.dataset, 120)}"
    suites = ElementTree.Element("testsuites")
    suite = ElementTree.SubElement(
        suites,
        "testsuite",
        name=name,
        tests=str(len(verdict.outcomes)),
        failures=str(counts["failed"]),
        errors="0",
        skipped=str(counts["skipped"]),
        time="0",
    )
    for outcome in verdict.outcomes:
        case = ElementTree.SubElement(
            suite, "testcase", classname=name, name=title(outcome), time="0"
        )
        said = message(outcome)
        if outcome.status == "failed":
            failure = ElementTree.SubElement(case, "failure", message=said, type=outcome.gate)
            failure.text = "\n".join([said, *_suspects(verdict)])
        elif outcome.status == "skipped":
            ElementTree.SubElement(case, "skipped", message=said, type="skipped")
        else:
            ElementTree.SubElement(case, "system-out").text = f"{outcome.status}: {said}"
    ElementTree.indent(suites)
    body = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suspects(verdict: Verdict) -> list[str]:
    shown, more = first(verdict, _MOST)
    lines = [f"{place(one)}: {suspicion(one)}" for one in shown]
    return [*lines, f"{more:,} more"] if more else lines
