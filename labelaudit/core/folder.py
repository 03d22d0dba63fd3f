"""The audit folder: the only hand-over between commands, whole or not there at all."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard
from uuid import uuid4

from labelaudit.core.arrow import held_column_of, table_of
from labelaudit.core.coded import Column
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.examples import read_examples, write_examples
from labelaudit.core.place import Place, Url
from labelaudit.core.results import (
    FINDING_COLUMNS,
    SCORE_COLUMNS,
    SLICE_PREFIX,
    Audit,
    Findings,
)
from labelaudit.core.schema import TOOL, from_document, listed_findings, to_json
from labelaudit.core.text import printable

AUDIT_FILE = "audit.json"
FINDINGS_FILE = "findings.parquet"
SCORES_FOLDER = "scores"
DIGEST_FOLDER = "digest"
NEIGHBOURS_FOLDER = "neighbours"
EXAMPLES_FOLDER = "examples"
_PARTIAL = ".partial"
WORKING_FOLDER = "working"  # what is needed only while an audit is made: never published
SOURCE_FILE = "source.json"
RUN_FILE = "run.json"
# What is left of an audit that was refused, beside the audit before it, if there is one.
REFUSED_FILES = ("refused.json", "refused.html")
# All that an audit folder may hold of ours; whatever else lies in it is the user's and stays.
OWN_FILES = (
    AUDIT_FILE, FINDINGS_FILE, SOURCE_FILE, RUN_FILE, "flagged.csv", "report.html", *REFUSED_FILES,
)  # fmt: skip
OWN_FOLDERS = (SCORES_FOLDER, DIGEST_FOLDER, NEIGHBOURS_FOLDER, EXAMPLES_FOLDER)


def is_audit(path: Place) -> TypeGuard[Path]:
    """Say whether a folder holds an audit that labelaudit wrote; what is at a URL is none."""
    if isinstance(path, Url):
        return False
    try:
        with (path / AUDIT_FILE).open(encoding="utf-8") as file:
            return f'"tool": "{TOOL}"' in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False


def is_refused(path: Place) -> bool:
    """Say whether a folder holds what an audit that was refused left, and nothing else."""
    if isinstance(path, Url):
        return False
    try:
        held = {entry.name for entry in path.iterdir()}
        with (path / REFUSED_FILES[0]).open(encoding="utf-8") as file:
            ours = f'"tool": "{TOOL}"' in file.read(200)
    except (OSError, UnicodeDecodeError):
        return False
    return ours and held <= set(REFUSED_FILES)


def load_audit(path: str | Path) -> Audit:
    """Read an audit from its folder, findings and all; scores are read when asked for."""
    folder = Path(path)
    audit = load_without_findings(folder)
    if audit.detection is None:
        return audit
    return replace(
        audit,
        findings=_read_findings(folder / FINDINGS_FILE),
        examples=read_examples(folder / EXAMPLES_FOLDER),
    )


def load_without_findings(folder: Path) -> Audit:
    """Read what stands in `audit.json`."""
    if not is_audit(folder):
        raise InputError(f"{printable(folder)}: holds no audit.json of labelaudit")
    return load_file(folder / AUDIT_FILE, folder)


def load_file(path: Path, folder: Path | None = None) -> Audit:
    """Read an `audit.json`; without its `folder` its findings are those that it lists itself."""
    shown = printable(path)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        said = f"{shown}: cannot be read ({printable(error, 100)}); run the audit again"
        raise InputError(said) from None
    if not isinstance(document, dict):
        raise InputError(f"{shown}: is no object; run the audit again")
    audit = from_document(document, folder)
    return audit if folder is not None else replace(audit, findings=listed_findings(document))


def _read_findings(path: Path) -> Findings:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        held = pq.read_schema(path).names
    except (OSError, pa.ArrowInvalid):
        held = []  # what is wrong with it is said when it is read
    further = [name for name in held if name not in FINDING_COLUMNS]
    return Findings(columns=_read_columns([path], path, (*FINDING_COLUMNS, *further)))


def read_scores(folder: Path) -> dict[str, Any]:
    """Return the columns of all parts of `scores/`, in row order."""
    return _read_columns(sorted(folder.glob("part-*.parquet")), folder, SCORE_COLUMNS)


def _is_slice(name: str) -> bool:
    return name.startswith(SLICE_PREFIX)


def _read_columns(files: list[Path], place: Path, names: Sequence[str]) -> dict[str, Column]:
    """Return columns of Parquet files, end to end: labels coded, ids as they lie."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Column] = {}
    repeating = [name for name in names if name.endswith("_label") or _is_slice(name)]
    try:
        for name in names:  # one at a time: what Arrow reads is more than what is kept
            parts = []
            for path in files:
                # `read_table` would import pandas.
                with pq.ParquetFile(path, read_dictionary=repeating) as file:
                    parts.append(file.read(columns=[name]))
            columns[name] = held_column_of(pa.concat_tables(parts).column(name))
    except (OSError, pa.ArrowInvalid, KeyError) as error:
        raise InputError(
            f"{printable(place)}: cannot be read ({type(error).__name__}); run the audit again"
        ) from None
    parts.clear()
    pa.default_memory_pool().release_unused()
    return columns


def write_audit(audit: Audit, folder: Path) -> None:
    """Write `audit.json` and, if it has not been carried over, `findings.parquet`."""
    (folder / AUDIT_FILE).write_text(to_json(audit), encoding="utf-8", newline="\n")
    if audit.findings is not None and not (folder / FINDINGS_FILE).exists():
        names = (*FINDING_COLUMNS, *audit.findings.further)
        columns = {name: audit.findings.columns[name] for name in names}
        write_parquet(columns, folder / FINDINGS_FILE)
    if audit.examples and not (folder / EXAMPLES_FOLDER).exists():
        write_examples(audit.examples, folder / EXAMPLES_FOLDER)


def write_scores_part(index: int, columns: Mapping[str, Column], folder: Path) -> None:
    """Write the scores of one shard."""
    (folder / SCORES_FOLDER).mkdir(exist_ok=True)
    with at_once(folder / SCORES_FOLDER / f"part-{index:05d}.parquet") as partial:
        write_parquet({name: columns[name] for name in SCORE_COLUMNS}, partial)


@contextlib.contextmanager
def at_once(path: Path) -> Iterator[Path]:
    """Yield a file beside `path` that takes its place when it is complete.

    Two workers may write the same part at a time, where one was taken for lost.
    """
    partial = path.with_name(f"{path.name}.{uuid4().hex}{_PARTIAL}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_parquet(columns: Mapping[str, Column], path: Path) -> None:
    """Write columns as one Parquet file."""
    import pyarrow.parquet as pq

    table = table_of(columns)
    # A dictionary of a million different numbers is only work, and so are the first and the last
    # of texts in a file that nobody searches by them.
    repeating = [name for name in columns if name.endswith(("_label", "_threshold"))]
    repeating += [name for name in columns if name in ("agree", "dissent") or _is_slice(name)]
    texts = [name for name in columns if name in ("id", "evidence") or name.endswith("_label")]
    pq.write_table(
        table,
        path,
        compression="zstd",
        use_dictionary=repeating,
        write_statistics=[name for name in columns if name not in texts],
        column_encoding={"row": "DELTA_BINARY_PACKED"},
        store_schema=False,  # a coded label is read as the plain text it is
    )


def check_target(target: Path) -> None:
    """Refuse to write over anything that is not an audit of ours or an empty folder."""
    try:
        exists = os.path.lexists(target)
        if exists and not target.is_dir():
            raise InputError(f"{printable(target)}: is no folder; name one for the audit with -o")
        taken = exists and not is_audit(target) and not is_refused(target)
        if taken and any(target.iterdir()):
            raise InputError(
                f"{printable(target)}: is a folder that is no audit; nothing was written; "
                "name another with -o"
            )
        parent = target.absolute().parent
        if not parent.is_dir():
            raise InputError(f"{printable(parent)}: no such folder to write the audit into")
        str(parent / target.name).encode()  # or Arrow cannot write there
    except UnicodeEncodeError:
        raise InputError(
            f"{printable(target)}: its path is not UTF-8; name another with -o"
        ) from None
    except OSError as error:
        raise InputError(
            f"{printable(target, 200)}: cannot hold an audit: {error.strerror}; name another "
            "folder with -o"
        ) from None


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
        if error.errno is None or isinstance(error, BrokenPipeError):
            raise
        raise unpublished(error, target) from error
    finally:
        _remove(staging)


def unpublished(error: OSError, place: Path) -> InputError:
    """Return what to say of an error of the system; `place` where it names no file."""
    # Not its own text: Arrow's repeats the number, and that of the disk.
    reason = os.strerror(error.errno) if error.errno is not None else type(error).__name__
    where = printable(place if error.filename is None else error.filename)
    return InputError(f"{where}: {reason}; nothing was published, a previous audit is as it was")


def _remove(staging: Path) -> None:
    """Remove what was begun, under another name first.

    A worker that is still at it then finds no place to write to: it cannot put a file into a
    folder while that is emptied.
    """
    gone = staging.with_name(f"{staging.name}.gone")
    with contextlib.suppress(OSError):
        staging.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)
    shutil.rmtree(staging, ignore_errors=True)  # where it could not be renamed


def _publish(staging: Path, target: Path) -> None:
    shutil.rmtree(staging / WORKING_FOLDER, ignore_errors=True)
    for path in list(staging.rglob("*")):
        if path.suffix == _PARTIAL:  # a worker was lost over it
            path.unlink(missing_ok=True)
        elif path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    staging.chmod(0o777 & ~_umask())
    with _uninterrupted():
        if not target.exists():
            staging.rename(target)
            return
        moved: list[tuple[Path, Path]] = []
        try:
            for name in (*OWN_FOLDERS, *OWN_FILES):
                old, new = target / name, staging / name
                for here, there in ((old, staging / f"{name}.retired"), (new, old)):
                    if os.path.lexists(here):
                        here.rename(there)
                        moved.append((here, there))
        except OSError:
            for here, there in reversed(moved):
                there.rename(here)
            raise


def carry(old: Path, new: Path) -> None:
    """Take a file or folder over unchanged: as a link where the disk can, else as a copy."""
    if old.is_dir():
        shutil.copytree(old, new, copy_function=_link)
    elif old.exists():
        shutil.copy2(old, new)


def _link(old: str, new: str) -> None:
    try:
        os.link(old, new)
    except OSError:
        shutil.copy2(old, new)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back Ctrl-C and a polite kill while files change places: milliseconds."""
    try:
        before = {
            number: signal.signal(number, signal.SIG_IGN)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
    except ValueError:  # not in the main thread: no signal arrives here anyway
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def expect_writable(written: Mapping[str, Path | None], read: Iterable[str] = ()) -> None:
    """Refuse, before any work, files to write that lie nowhere, are one, or are read here.

    `written` are the files by the option that names them; None and `-` are none.
    """
    sources = {os.path.realpath(name) for name in read if "://" not in name}
    seen: dict[str, str] = {}
    for option, path in written.items():
        if path is None or str(path) == "-":
            continue
        if not path.absolute().parent.is_dir():
            raise InputError(f"{option} {printable(path, 200)}: no such folder to write into")
        final = os.path.realpath(path)
        if final in sources:
            raise ConfigError(f"{option} {printable(path, 200)}: is read here; name another file")
        if final in seen:
            raise ConfigError(f"{seen[final]} and {option}: name the same file; name two")
        seen[final] = option


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with whole(path) as partial:
        partial.write_bytes(text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary file that is flushed to disk and then takes the place of `path`.

    A link is followed; a device or pipe, which nothing can take the place of, is yielded itself.
    """
    partial = None
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            yield path
            return
        final = Path(os.path.realpath(path))
        handle, name = tempfile.mkstemp(prefix=f".{final.name[:100]}.", dir=final.parent)
        os.close(handle)
        partial = Path(name)
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.chmod(0o666 & ~_umask())
        partial.replace(final)
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"{printable(path, 200)}: cannot be written: {reason}") from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
