"""Where the suspects of an audit stand: in which line of the file of labels."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from labelaudit.check.suspicions import lines_above
from labelaudit.cli.auditfolder import dataset_of
from labelaudit.core.errors import InputError
from labelaudit.core.results import Audit
from labelaudit.ingest.readers import open_table


def folder_of(made: Audit) -> str:
    """Return the folder of the dataset as seen from the working directory, empty from outside."""
    with suppress(InputError, OSError, ValueError):
        dataset = dataset_of(made)
        if isinstance(dataset, Path):
            whole = dataset.resolve()
            folder = whole if whole.is_dir() else whole.parent
            shown = folder.relative_to(Path.cwd().resolve()).as_posix()
            return "" if shown == "." else shown
    return ""


def lines_of(made: Audit) -> dict[int, int] | None:
    """Return the line of each suspect in the labels file; None where its row tells it.

    The file is looked at where it lies as it was audited. It is read only where it has another
    number of lines than of rows, and only to the last suspect.
    """
    files = [file for file in made.inputs if file.role == "labels"]
    above = lines_above(files)
    if made.findings is None or above is None:
        return None
    with suppress(InputError, OSError):
        dataset = dataset_of(made)
        if not isinstance(dataset, Path):
            return None
        path = dataset / files[0].path if dataset.is_dir() else dataset
        if not path.is_file() or path.stat().st_size != files[0].n_bytes:
            return None
        facts = made.dataset
        if _count_lines(path) == facts.n_examples + facts.n_unlabelled + above - 1:
            return None  # a line for each row
        wanted = set(made.findings.columns["row"].tolist())
        found: dict[int, int] = {}
        table: Any = open_table(path)  # of text, so it has lines
        for row, line in enumerate(table.lines()):
            if row in wanted:
                found[row] = line
                if len(found) == len(wanted):
                    break
        return found
    return None


def _count_lines(path: Path) -> int:
    """Return how many lines a file has, the last one with or without an end."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
