"""A cell that holds more than one value: a list of numbers or names, or an object of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from labelaudit.core.text import printable
from labelaudit.ingest.readers import TableFile
from labelaudit.ingest.readers.cells import CellError, cell_number, cell_text

# What a list of Hugging Face's pipelines calls the class and its score.
_CLASS_KEYS = ("label", "class", "answer")
_SCORE_KEYS = ("score", "prob", "probability")
_WORDS = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s,'\"]+")
_LONGEST = 1 << 24


def values_of(table: TableFile, column: str) -> Iterator[list[Any]]:
    """Yield the cells of a column in blocks: as the file has them, of text as text."""
    blocks: Iterator[list[Any]] = getattr(table, "values", table.texts)(column)
    return blocks


def opened(cell: Any) -> Any:
    """Return what a cell holds: text that is a list or object is read as one.

    As JSON, or as numpy and pandas print a list: `[0.1 0.9]`, `['cat' 'dog']`.
    """
    if not isinstance(cell, str):
        return cell
    bare = cell.strip()
    if not bare or bare[0] not in "[{" or len(bare) > _LONGEST:
        return cell
    try:
        return json.loads(bare)
    except RecursionError:
        raise CellError("a list nested too deeply; write one flat list") from None
    except ValueError:
        pass
    inner = bare[1:-1]
    if bare[0] == "{" or bare[-1] != "]" or "[" in inner or "..." in inner:
        raise CellError(f"'{printable(cell, 40)}' is no whole list; write it as JSON, [0.1, 0.9]")
    return [_word(word) for word in _WORDS.findall(inner)]


def _word(word: str) -> Any:
    if word[0] in "'\"":
        return word[1:-1]
    try:
        return float(word)
    except ValueError:
        return word


def kind_of(cell: Any) -> str | None:
    """Say what an opened cell holds: numbers, names, scores (class and score), an object."""
    if isinstance(cell, dict):
        return "scores" if _pair(cell) is not None else "object"
    if not isinstance(cell, list) or not cell:
        return None
    if all(isinstance(each, dict) and _pair(each) is not None for each in cell):
        return "scores"
    if all(isinstance(each, int | float | None) for each in cell):
        return "numbers"
    return "names" if all(isinstance(each, str) for each in cell) else None


def entries_of(cell: Any) -> tuple[list[str], list[float]]:
    """Return the classes and the scores that an object, or a list of class and score, names."""
    cell = opened(cell)
    if isinstance(cell, dict):
        pair = _pair(cell)
        found = [pair] if pair is not None else list(cell.items())
        # Columnar files give an object every key there is, and null where it had none.
        found = [(name, score) for name, score in found if score is not None]
    elif isinstance(cell, list):
        found = []
        for each in cell:
            pair = _pair(each) if isinstance(each, dict) else None
            if pair is None:
                raise CellError(
                    f"'{printable(each, 40)}' is no class with its score; write "
                    '{"label": ..., "score": ...}'
                )
            found.append(pair)
    else:
        raise CellError(f"'{printable(cell, 40)}' is no object of probabilities by class")
    return [name_of(name) for name, _ in found], [cell_number(score) for _, score in found]


def items_of(cell: Any) -> list[Any]:
    """Return a cell as a list; one value is a list of one."""
    cell = opened(cell)
    return cell if isinstance(cell, list) else [] if cell is None else [cell]


def name_of(value: Any) -> str:
    """Return the name of a class."""
    name = cell_text(value)
    if name is None or not name.strip():
        raise CellError("a class without a name; name every class")
    return name


def _pair(value: dict[Any, Any]) -> tuple[Any, Any] | None:
    if len(value) > 3:  # beside class and score a pipeline may give a number
        return None
    label = next((value[key] for key in _CLASS_KEYS if key in value), None)
    score = next((value[key] for key in _SCORE_KEYS if key in value), None)
    return None if label is None or score is None else (label, score)
