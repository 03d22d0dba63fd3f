"""The contract on classes: each is meant, each is one, and each can be judged."""

import re
import unicodedata
from collections.abc import Callable, Sequence

from labelaudit.core.dataset import Check
from labelaudit.core.errors import Refusal
from labelaudit.core.text import listed, printable
from labelaudit.ingest.contract.rules import outcome, rule

_MISSING = frozenset({"na", "n/a", "nan", "none", "null", "nil", "#n/a", "<na>", "missing"})
_NAMED = 10


@rule("caution")
def classes(
    names: Sequence[str],
    how: str,
    unknown: Sequence[str],
    lost: int,
    empty: Sequence[str],
    predictions: str | None,
) -> Check:
    """Whether labels and predictions know the same classes.

    Labels of a class that the predictions have no column for get probability 0: an alert. A
    class that no example is labelled with is told, as it may be meant so.
    """
    evidence = {
        "how": how,
        "without_prediction": list(unknown),
        "without_examples": list(empty),
    }
    if unknown and predictions is not None:
        return outcome(
            "classes",
            "alerted",
            f"{lost:,} {'label is' if lost == 1 else 'labels are'} of a class that has no column "
            f"in {predictions}: {listed(unknown)}; it is given probability 0",
            evidence,
            mitigation="Check the spelling of these labels, or add their columns.",
        )
    if empty:
        return outcome(
            "classes",
            "alerted",
            f"no example is labelled {listed(empty)}; {how}",
            evidence,
            severity="info",
            mitigation="Nothing, if the class is meant to be absent.",
        )
    return outcome("classes", "passed", f"{len(names)} classes; {how}", evidence)


@rule("critical", may_be_allowed=False)
def class_columns(message: str) -> Refusal:
    """Whether it is known of which class each column of the predictions is.

    As many columns as names, and names that most labels bear: else nobody can say which
    probability belongs to a label, and the audit is refused.
    """
    return Refusal(message, [outcome("class_columns", "refused", message)])


@rule("info")
def unlabelled(count: int, file: str) -> Check:
    """Whether every row has a label.

    Rows with a blank one are left out, and counted; `NA` and `None` are names like others.
    """
    return outcome(
        "unlabelled",
        "alerted",
        f"{count:,} rows of {file} have no label and are left out"
        if count != 1
        else f"1 row of {file} has no label and is left out",
        {"count": count},
        mitigation="Label them, or ignore this.",
    )


def checks_of_names(names: Sequence[str]) -> list[Check]:
    """Return the checks that look at the names of the classes alone."""
    return [class_names_alike(names), class_names_missing(names)]


@rule("caution")
def class_names_alike(names: Sequence[str]) -> Check:
    """Whether two classes are one, spelt in two ways.

    Looks for names that differ only by case, by spaces, by how an accent is encoded (Unicode
    NFKC), or as a number does: `1`, `1.0` and `01`.
    """
    ways: dict[str, Callable[[str], str]] = {
        "by case": str.casefold,
        "by spaces": lambda name: re.sub(r"[\s_]+", " ", name).strip(),
        "by the encoding of a character": lambda name: unicodedata.normalize("NFKC", name),
        "as a number and its text": _number,
        "by case, spaces or encoding": lambda name: (
            re.sub(r"[\s_]+", " ", unicodedata.normalize("NFKC", name)).strip().casefold()
        ),
    }
    found: dict[frozenset[str], str] = {}
    for words, key in ways.items():
        alike: dict[str, list[str]] = {}
        for name in names:
            alike.setdefault(key(name), []).append(name)
        for group in alike.values():
            if len(group) > 1:
                found.setdefault(frozenset(group), words)
    if not found:
        return outcome("class_names_alike", "passed", "no two class names are spelt alike")
    order = {name: place for place, name in enumerate(names)}
    groups = sorted((sorted(group, key=order.__getitem__), words) for group, words in found.items())
    shown = "; ".join(
        f"{' and '.join(_shown(name, words) for name in group[:3])} differ only {words}"
        for group, words in groups[:3]
    )
    more = f"; and {len(groups) - 3} more" if len(groups) > 3 else ""
    return outcome(
        "class_names_alike",
        "alerted",
        f"classes may be one and the same: {shown}{more}",
        {"groups": [group[:_NAMED] for group, _ in groups[:_NAMED]], "count": len(groups)},
        mitigation="Give one class one name, in labels and predictions.",
    )


def _shown(name: str, differ: str) -> str:
    """Return a name in quotes, by the numbers of its characters where they look alike."""
    return ascii(name[:40]) if "encoding" in differ else f"'{printable(name, 40)}'"


def _number(name: str) -> str:
    if re.fullmatch(r"[+-]?[0-9]{1,30}(\.0{1,30})?", name) is None:
        return f"text {name}"
    return str(int(name.split(".")[0]))


@rule("info")
def class_names_missing(names: Sequence[str]) -> Check:
    """Whether a class is named like a missing value: NA, None, nan.

    `NA` may be Namibia: it is kept as the name it is, and told.
    """
    found = [name for name in names if name.strip().casefold() in _MISSING]
    if not found:
        return outcome("class_names_missing", "passed", "no class is named like a missing value")
    return outcome(
        "class_names_missing",
        "alerted",
        f"{listed(found)}: a class as any other here, though it reads like a missing value",
        {"names": found[:_NAMED]},
        mitigation="If it stands for no label, leave those cells blank.",
    )
