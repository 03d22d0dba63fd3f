"""One cell as text or as a number, the same whatever file it stands in."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from labelaudit.core.text import printable

# What stands for a missing number. In text, nothing does: 'NA' is a legal class name.
MISSING_NUMBERS = ("", "NA", "N/A", "<NA>", "NaN", "nan", "null", "NULL", "None")
_LARGEST_EXACT = 2.0**53
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+")


class CellError(ValueError):
    """What is wrong with a cell and what to do; its table says where it stands."""


def cell_text(value: object) -> str | None:
    """Return a cell as text: whole numbers without a point, nothing and nan as None."""
    match value:
        case None | str():
            return value
        case float():
            if math.isnan(value):
                return None
            whole = value.is_integer() and abs(value) < _LARGEST_EXACT
            return str(int(value)) if whole else repr(value)
        case Decimal():
            whole = value == value.to_integral_value()
            return str(int(value)) if whole else str(value)
        case bytes():
            try:
                return value.decode()
            except UnicodeDecodeError:
                raise CellError("bytes that are not UTF-8; write text") from None
        case list():
            raise CellError(
                "a list of labels per row (multi-label) is not supported yet; "
                "give one label per row"
            )
        case dict():
            raise CellError("an object where one value is meant; give one label per row")
        case _:
            return str(value)


def cell_number(value: object) -> float:
    """Return a cell as a number, a missing one as nan."""
    if value is None:
        return math.nan
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if isinstance(value, str):
            bare = value.strip()
            if bare in MISSING_NUMBERS:
                return math.nan
            if bare.isascii() and "_" not in bare:  # Python's own habits: 1_000, digits of Thai
                return float(bare)
    except (ValueError, OverflowError):
        pass
    shown = printable(value, 40)
    if isinstance(value, str) and _DECIMAL_COMMA.fullmatch(value.strip()):
        raise CellError(f"'{shown}' is not a number; write decimals with a point, not a comma")
    raise CellError(f"'{shown}' is not a number; correct the cell or leave this column out")


def cell_numbers(value: object, width: int) -> list[float]:
    """Return a cell that is a list of `width` numbers; a missing one is a list of nan."""
    if value is None:
        return [math.nan] * width
    if not isinstance(value, list):
        shown = printable(value, 40)
        raise CellError(f"'{shown}' is not a list of numbers; give every row a list")
    if len(value) != width:
        raise CellError(list_fault(len(value), width))
    return [cell_number(each) for each in value]


def list_fault(length: int, width: int) -> str:
    """Say that a list is not as long as the others."""
    return f"a list of {length:,} where {width:,} are expected; give every row as many numbers"
