"""What a row looks like: a small picture, a text, or the columns of a table."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable

MOST_EXAMPLES = 200  # of the first suspects
EXAMPLE_SIDE = 96  # pixels, of the longer side of a picture
KINDS = ("image", "text", "table")
_FILE = "examples.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """The evidence of one row, small and harmless enough to be shown in a page.

    `jpeg` is a small picture of `width` by `height` pixels without metadata; `text` and
    `features` (names and values) are printable and short; `problem` says why there is nothing to
    show.
    """

    kind: str  # image | text | table
    jpeg: bytes | None = None
    width: int = 0
    height: int = 0
    text: str = ""
    features: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def write_examples(examples: Mapping[int, Example], folder: Path) -> None:
    """Write examples by row as one JSON file in a folder of its own."""
    rows = [{"row": row} | _written(examples[row]) for row in sorted(examples)]
    folder.mkdir()
    with (folder / _FILE).open("w", encoding="utf-8", newline="\n") as file:
        json.dump({"examples": rows}, file, indent=1)
        file.write("\n")


def _written(one: Example) -> dict[str, Any]:
    """Return what is not empty, pictures in base64."""
    known = {name: value for name, value in asdict(one).items() if value}
    return known | ({"jpeg": b64encode(one.jpeg).decode("ascii")} if one.jpeg else {})


def read_examples(folder: Path) -> dict[int, Example]:
    """Read what `write_examples` wrote; nothing where there is no such folder.

    Raises
    ------
    InputError : it cannot be read, or holds something else.
    """
    path = folder / _FILE
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["examples"]
        return {int(one["row"]): _read(one) for one in found}
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"{printable(path)}: cannot be read ({type(error).__name__}); run the audit again"
        ) from None


def _read(one: Mapping[str, Any]) -> Example:
    jpeg = one.get("jpeg")
    return Example(
        kind=KINDS[KINDS.index(one["kind"])],
        jpeg=None if jpeg is None else b64decode(jpeg, validate=True),
        width=int(one.get("width", 0)),
        height=int(one.get("height", 0)),
        text=str(one.get("text", "")),
        features=tuple((str(name), str(value)) for name, value in one.get("features", ())),
        problem=str(one.get("problem", "")),
    )
