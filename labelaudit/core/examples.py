"""What a row looks like: a small picture, a text, or the columns of a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable

MOST_EXAMPLES = 200  # of the first suspects
EXAMPLE_SIDE = 96  # pixels, of the longer side of a picture
KINDS = ("image", "text", "table")
_FILE = "examples.parquet"


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
    """Write examples by row as one Parquet file in a folder of its own."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted(examples)
    every = [examples[row] for row in rows]
    pairs = pa.list_(pa.struct([("name", pa.string()), ("value", pa.string())]))
    features = [[{"name": n, "value": v} for n, v in one.features] for one in every]
    table = pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "kind": pa.array([one.kind for one in every], pa.string()),
            "jpeg": pa.array([one.jpeg for one in every], pa.binary()),
            "width": pa.array([one.width for one in every], pa.int32()),
            "height": pa.array([one.height for one in every], pa.int32()),
            "text": pa.array([one.text for one in every], pa.string()),
            "features": pa.array(features, pairs),
            "problem": pa.array([one.problem for one in every], pa.string()),
        }
    )
    folder.mkdir()
    pq.write_table(table, folder / _FILE, compression="zstd", store_schema=False)


def read_examples(folder: Path) -> dict[int, Example]:
    """Read what `write_examples` wrote; nothing where there is no such folder.

    Raises
    ------
    InputError : it cannot be read, or holds something else.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not (folder / _FILE).exists():
        return {}
    try:
        with pq.ParquetFile(folder / _FILE) as file:
            found = file.read().to_pylist()
        return {
            int(one["row"]): Example(
                kind=KINDS[KINDS.index(one["kind"])],
                jpeg=one["jpeg"],
                width=int(one["width"]),
                height=int(one["height"]),
                text=str(one["text"]),
                features=tuple((str(pair["name"]), str(pair["value"])) for pair in one["features"]),
                problem=str(one["problem"]),
            )
            for one in found
        }
    except (OSError, pa.ArrowException, LookupError, TypeError, ValueError) as error:
        raise InputError(
            f"{printable(folder / _FILE)}: cannot be read ({type(error).__name__}); run the audit "
            "again"
        ) from None
