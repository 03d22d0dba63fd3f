"""svmlight or LIBSVM: a line for each row, its label first, then `index:value` for features.

Source: www.csie.ntu.edu.tw/~cjlin/libsvm/faq.html and scikit-learn's `load_svmlight_file`. Only
the labels are read.
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
from labelaudit.ingest.readers.cells import cell_text
from labelaudit.ingest.readers.coding import Coding
from labelaudit.ingest.readers.files import fault
from labelaudit.ingest.readers.textlines import first_line, lines_of

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_LINE = re.compile(rf"(?P<label>[^\s:#]+)(?:\s+(?P<key>[0-9]+|qid):{_NUMBER}(?=\s|#|$)|\s*(?:#|$))")
_LABEL = re.compile(_NUMBER)
_LONGEST = 40
_AT_ONCE = 1 << 14
_ENDINGS = (".svm", ".svmlight", ".libsvm", ".txt", ".dat", ".scale")


def find(path: Path) -> Part | None:
    """Return the file of this format that a folder holds or a file is, if any."""
    return find_export(path, "svmlight", "svmlight file", _ENDINGS, _is_export)


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the label of each line; lines that are not blank are counted from 0 as ids."""
    require_no_column(choices, "an svmlight file")
    return Labels(
        texts=read_svmlight(part.path),
        ids=None,
        how=f"{printable(plan.shown(part))} ({part.how}), the first number of each line, "
        "ids: row numbers",
        format="svmlight",
        notices=("features of the svmlight file are not read: give them as embeddings",),
    )


def _is_export(path: Path) -> bool:
    return is_svmlight(first_line(path, comment="#"))


def is_svmlight(first: str) -> bool:
    """Say whether a line is a label and at least one feature, or a query."""
    found = _LINE.match(first)
    if found is None or found["key"] is None:
        return False
    return all(_LABEL.fullmatch(each) for each in found["label"].split(","))


def read_svmlight(path: Path) -> Coded:
    """Return the label of each line: `+1` and `1.0` as `1`; fractions and rankings are refused."""
    coding = Coding()
    block: list[str | None] = []
    for label in _labels(path):
        block.append(label)
        if len(block) == _AT_ONCE:
            coding.add(block)
            block = []
    coding.add(block)
    return coding.result()


def _labels(path: Path) -> Iterator[str]:
    for number, line in lines_of(path):
        if line.startswith("#"):
            continue
        where = f"line {number}"
        found = _LINE.match(line)
        if found is None:
            raise fault(path, f"{printable(line, 40)!r} is not a label and features such as "
                        "`1 3:0.5`; correct the line", where=where)  # fmt: skip
        label = found["label"]
        if found["key"] == "qid":
            raise fault(path, "has a query (`qid:`): grades of a ranking are no classes; give "
                        "labels of a classification", where=where)  # fmt: skip
        if "," in label:
            raise fault(path, f"several labels on one line, {printable(label, 40)!r} "
                        "(multi-label), which is not supported yet; give one label per line",
                        where=where)  # fmt: skip
        if len(label) > _LONGEST or not _LABEL.fullmatch(label):
            raise fault(path, f"label {printable(label, 40)!r} is not a number; correct the line",
                        where=where)  # fmt: skip
        text = cell_text(float(label)) or ""
        if not re.fullmatch("-?[0-9]+", text):
            raise fault(path, f"label {printable(label, 40)!r} is no whole number: this is a "
                        "regression, not a classification", where=where)  # fmt: skip
        yield text
