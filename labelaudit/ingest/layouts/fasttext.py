"""fastText: a line of text for each row, its label in it as `__label__name`.

Source: fasttext.cc/docs/en/supervised-tutorial.html ("Getting and preparing the data"), and
`Dictionary::readWord` of fastText 0.9 for what parts two words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from labelaudit.core.coded import Coded
from labelaudit.core.text import printable
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.exports import find_export, require_no_column
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.readers.textlines import first_line, lines_of

_PREFIX = "__label__"
# fastText knows no other white space: an ideographic space is part of a word.
_BETWEEN_WORDS = re.compile(r"[ \t\v\f\r\n\0]+")
_AT_ONCE = 1 << 14
_ENDINGS = (".txt", ".train", ".valid", ".test", ".ft")


def find(path: Path) -> Part | None:
    """Return the file of this format that a folder holds or a file is, if any."""
    return find_export(
        path, "fasttext", "fastText file", _ENDINGS, lambda file: is_fasttext(first_line(file))
    )


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the label of each line; lines that are not blank are counted from 0 as ids."""
    require_no_column(choices, "a fastText file")
    return Labels(
        texts=read_fasttext(part.path),
        ids=None,
        how=f"{printable(plan.shown(part))} ({part.how}), the label of each line, ids: row numbers",
        format="fasttext",
    )


def is_fasttext(first: str) -> bool:
    """Say whether a line begins with a label as fastText writes it."""
    return first.startswith(_PREFIX) and len(_BETWEEN_WORDS.split(first, 1)[0]) > len(_PREFIX)


def read_fasttext(path: Path) -> Coded:
    """Return the label of each line that is not blank; a line without one has none.

    As for fastText every word that begins so is a label, wherever it stands; two different
    ones on a line are refused.
    """
    coding = Coding()
    block: list[str | None] = []
    for label in _labels(path):
        block.append(label)
        if len(block) == _AT_ONCE:
            coding.add(block)
            block = []
    coding.add(block)
    return coding.result()


def _labels(path: Path) -> Iterator[str | None]:
    for number, line in lines_of(path):
        found = [word for word in _BETWEEN_WORDS.split(line) if word.startswith(_PREFIX)]
        if len(set(found)) > 1:
            both = " and ".join(repr(printable(word, 60)) for word in found[:2])
            raise fault(
                path,
                f"several labels on one line, {both} (multi-label), which is not supported yet; "
                "give one label per line",
                where=f"line {number}",
            )
        yield found[0].removeprefix(_PREFIX) if found else None
