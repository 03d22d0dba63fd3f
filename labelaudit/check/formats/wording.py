"""What every format says in the same words."""

from collections.abc import Sequence
from itertools import islice

from labelaudit.check.limits import RULE
from labelaudit.check.verdict import Outcome, Suspicion, Verdict
from labelaudit.core.text import printable

ORDER = ("failed", "skipped", "warned", "passed")
TEXT, NAME = 700, 120  # characters of a message, of a name


def sorted_outcomes(verdict: Verdict) -> list[Outcome]:
    """Return what fails first; outcomes of one status stay in the order of their gates."""
    return sorted(verdict.outcomes, key=lambda one: ORDER.index(one.status))


def title(outcome: Outcome) -> str:
    """Return the gate and what of the dataset it looked at."""
    return printable(f"{outcome.gate} [{outcome.scope}]" if outcome.scope else outcome.gate, NAME)


def message(outcome: Outcome) -> str:
    """Return the finding in a sentence, with what the number is and what to do."""
    if outcome.status == "skipped":
        lead = "" if outcome.message.startswith("cannot be judged") else "cannot be judged: "
        parts = [_sentence(f"{lead}{outcome.message}"), outcome.remedy]
        parts.append("Skipping it is allowed" if outcome.allowed else "")
    else:
        # The rule is the same for all: it is said once, below.
        parts = [_sentence(outcome.message), _sentence(outcome.basis.removesuffix(f"; {RULE}"))]
        parts.append(outcome.remedy if outcome.status == "failed" else "")
    return printable(" ".join(f"{part.rstrip('.')}." for part in parts if part), TEXT)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def rule(verdict: Verdict) -> str:
    """Return how an interval is held against a limit, where one was."""
    if any(outcome.interval is not None for outcome in verdict.outcomes):
        return f"A gate {RULE}."
    return ""


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
