"""The audit folder: the only hand-over between commands, whole or not there at all."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.errors import InputError, LabelauditError
from labelaudit.core.results import (
    FINDING_COLUMNS,
    SCORE_COLUMNS,
    Audit,
    Findings,
)
from labelaudit.core.schema import TOOL, from_document, to_json
from labelaudit.core.text import printable

AUDIT_FILE = "audit.json"
FINDINGS_FILE = "findings.parquet"
SCORES_FOLDER = "scores"
DIGEST_FOLDER = "digest"
SOURCE_FILE = "source.json"
RUN_FILE = "run.json"
# All that an audit folder may hold of ours; whatever else lies in it is the user's and stays.
OWN_FILES = (AUDIT_FILE, FINDINGS_FILE, SOURCE_FILE, RUN_FILE, "flagged.csv", "report.html")
OWN_FOLDERS = (SCORES_FOLDER, DIGEST_FOLDER)


def is_audit(path: Path) -> bool:
    """Say whether a folder holds an audit that labelaudit wrote."""
    try:
        with (path / AUDIT_FILE).open(encoding="utf-8") as file:
            return f'"tool": "{TOOL}"' in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False


def load_audit(path: str | Path) -> Audit:
    """Read an audit from its folder, findings and all; scores are read when asked for."""
    folder = Path(path)
    if not is_audit(folder):
        raise InputError(f"{printable(folder)}: holds no audit.json of labelaudit")
    try:
        document = json.loads((folder / AUDIT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{printable(folder / AUDIT_FILE)}: cannot be read: {error}") from None
    audit = from_document(document, folder)
    if audit.detection is None:
        return audit
    return replace(audit, findings=_read_findings(folder / FINDINGS_FILE))


def _read_findings(path: Path) -> Findings:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(path, columns=list(FINDING_COLUMNS))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(
            f"{printable(path)}: cannot be read ({type(error).__name__}); run the audit again"
        ) from None
    return Findings(columns={name: _values(table.column(name)) for name in FINDING_COLUMNS})


def _values(column: Any) -> Any:
    if str(column.type) == "bool":
        return np.array(column.to_pylist(), dtype=np.bool_)
    if str(column.type) == "string":
        return np.array(column.to_pylist(), dtype=object)
    chunks = [np.from_dlpack(chunk) for chunk in column.chunks if len(chunk)]
    return np.concatenate(chunks) if chunks else np.empty(0)


def read_scores(folder: Path) -> dict[str, Any]:
    """Return the columns of all parts of `scores/`, in row order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = [
        pq.read_table(part, columns=list(SCORE_COLUMNS)) for part in sorted(folder.glob("part-*"))
    ]
    table = pa.concat_tables(parts)
    return {name: _values(table.column(name)) for name in SCORE_COLUMNS}


def write_audit(audit: Audit, folder: Path) -> None:
    """Write `audit.json` and `findings.parquet`."""
    (folder / AUDIT_FILE).write_text(to_json(audit), encoding="utf-8", newline="\n")
    if audit.findings is not None:
        write_parquet(
            {name: audit.findings.columns[name] for name in FINDING_COLUMNS},
            folder / FINDINGS_FILE,
        )


def write_scores_part(index: int, columns: dict[str, Any], folder: Path) -> None:
    """Write the scores of one shard."""
    (folder / SCORES_FOLDER).mkdir(exist_ok=True)
    write_parquet(
        {name: columns[name] for name in SCORE_COLUMNS},
        folder / SCORES_FOLDER / f"part-{index:05d}.parquet",
    )


def write_parquet(columns: dict[str, Any], path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # Not `pa.table`, and lists of text, not object arrays: both of those import pandas.
    arrays = [
        pa.array(values.tolist(), type=pa.string()) if values.dtype == object else pa.array(values)
        for values in columns.values()
    ]
    pq.write_table(pa.Table.from_arrays(arrays, names=list(columns)), path, compression="zstd")


def check_target(target: Path) -> None:
    """Refuse to write over anything that is not an audit of ours or an empty folder."""
    if target.is_file():
        raise InputError(f"{printable(target)}: is a file; name a folder for the audit with -o")
    if target.is_dir() and not is_audit(target) and any(target.iterdir()):
        raise InputError(
            f"{printable(target)}: is a folder that is no audit; nothing was written; "
            "name another with -o"
        )
    parent = target.absolute().parent
    if not parent.is_dir():
        raise InputError(f"{printable(parent)}: no such folder to write the audit into")


@contextlib.contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Yield a fresh folder beside `target`; on success its content becomes the audit.

    An error or an interruption leaves `target` as it was and no debris.
    """
    check_target(target)
    try:
        staging = Path(
            tempfile.mkdtemp(prefix=f".{target.name}.partial-", dir=target.absolute().parent)
        )
    except OSError as error:
        raise InputError(f"{printable(target)}: cannot be written: {error.strerror}") from None
    try:
        yield staging
        _publish(staging, target)
    except OSError as error:
        if isinstance(error, LabelauditError) or error.filename is None:
            raise
        raise InputError(
            f"{printable(error.filename)}: {error.strerror}; nothing was published, a previous "
            "audit is as it was"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, target: Path) -> None:
    for path in staging.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    staging.chmod(0o777 & ~_umask())
    with _uninterrupted():
        if not target.exists():
            staging.rename(target)
            return
        for name in (*OWN_FOLDERS, *OWN_FILES):
            _replace(staging / name, target / name)


def _replace(new: Path, old: Path) -> None:
    if new.is_dir():
        retired = new.with_name(new.name + ".retired")
        if old.exists():
            old.rename(retired)
        new.rename(old)
    elif new.exists():
        os.replace(new, old)
    elif old.is_dir():
        shutil.rmtree(old)
    else:
        old.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C while files change places: milliseconds."""
    try:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread: Ctrl-C does not arrive here anyway
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all: a temporary file, flushed to disk, then renamed."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.absolute().parent)
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except OSError as error:
        raise InputError(f"{printable(path)}: cannot be written: {error.strerror}") from None
    finally:
        Path(name).unlink(missing_ok=True)
