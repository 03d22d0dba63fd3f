"""What every format says in the same words."""

from collections.abc import Sequence
from itertools import islice

from labelaudit.check.verdict import Outcome, Suspicion, Verdict
from labelaudit.core.text import printable

ORDER = ("failed", "skipped", "warned", "passed")
TEXT, NAME = 500, 120  # characters of a message, of a name


def sorted_outcomes(verdict: Verdict) -> list[Outcome]:
    """Return what fails first; outcomes of one status stay in the order of their gates."""
    return sorted(verdict.outcomes, key=lambda one: ORDER.index(one.status))


def title(outcome: Outcome) -> str:
    """Return the gate and what of the dataset it looked at."""
    return printable(f"{outcome.gate} [{outcome.scope}]" if outcome.scope else outcome.gate, NAME)


def message(outcome: Outcome) -> str:
    """Return the finding in a sentence, with what the number is and what to do."""
    parts = [outcome.message, outcome.basis]
    if outcome.status in ("failed", "skipped") and outcome.remedy:
        parts.append(outcome.remedy)
    if outcome.status == "skipped" and outcome.allowed:
        parts.append("skipping it is allowed")
    return printable("; ".join(filter(None, parts)), TEXT)


def suspicion(one: Suspicion) -> str:
    """Return what is doubtful about a label; who knows better decides."""
    said = f"{printable(one.id, NAME)} is labelled {printable(one.given, NAME)}, the model sees "
    said += printable(one.suggested, NAME)
    if one.state == "moved":
        said += " (the row is as it was; the model or the thresholds have changed)"
    return said


def place(one: Suspicion) -> str:
    """Return where a suspect stands: file and line, or the row where there are no lines."""
    where = printable(one.path, NAME)
    return f"{where}:{one.line}" if one.line is not None else f"{where} row {one.row}"


def conclusion(verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    counts = dict.fromkeys(ORDER, 0)
    for outcome in verdict.outcomes:
        counts[outcome.status] += 1
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    ending = {0: "passed", 1: "failed"}.get(verdict.exit_code, "could not be judged")
    return f"The check {ending}: {told or 'no gate was asked'}."


def summary(verdict: Verdict) -> str:
    """Return what was checked: how many labels, how many suspected and new."""
    said = f"{verdict.n_examples:,} examples"
    if verdict.n_flagged is not None:
        said += f", {verdict.n_flagged:,} suspected"
    if verdict.baseline is not None:
        said += f", {verdict.baseline.n_new:,} new since the baseline"
    return said


def first(verdict: Verdict, most: int) -> tuple[Sequence[Suspicion], int]:
    """Return the first suspects, and how many more there are."""
    shown = list(islice(verdict.suspicions, most))
    return shown, len(verdict.suspicions) - len(shown)
