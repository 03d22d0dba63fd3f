"""Where the suspects of an audit stand, and what rows without ids are known by."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from labelaudit.check.suspicions import Inputs, lines_above
from labelaudit.cli.auditfolder import dataset_of, reopened
from labelaudit.core.errors import InputError
from labelaudit.core.results import Audit
from labelaudit.ingest.contract.same import marks_of_inputs
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


def inputs_of(made: Audit) -> Inputs | str:
    """Return a hash of the input of every row, or why there is none.

    The dataset is opened again where it lies as it was audited.
    """
    if made.folder is None:
        return "the audit has no folder"
    try:
        with TemporaryDirectory(prefix="labelaudit-") as working:
            dataset = reopened(made.folder, made, Path(working)).dataset
            kind, marks = marks_of_inputs(dataset)
            if marks is None:
                return kind
            rows = dataset.source_rows
            numbers = np.arange(len(marks)) if rows is None else np.asarray(rows)
            return Inputs(kind=kind, rows=numbers, marks=np.array(marks))
    except (InputError, OSError) as error:
        return str(error)


def _count_lines(path: Path) -> int:
    """Return how many lines a file has, the last one with or without an end."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")
