"""Fetch what lies at URLs, so that all that follows reads files of this machine.

The network is touched here and nowhere else, and only for what the user gave as a URL.
"""

import atexit
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event, Lock

from labelaudit.core.errors import InputError, LabelauditError
from labelaudit.core.folder import is_audit
from labelaudit.core.place import Place, Url, is_url, place
from labelaudit.core.text import printable
from labelaudit.engine.job import Progress
from labelaudit.ingest.convention import Choices
from labelaudit.ingest.remote.listing import Found, RemoteFile, is_readable, is_safe, said_left_out

# What the user may give as a URL beside the dataset.
ROLES = ("labels", "predictions", "embeddings", "images", "classes", "hierarchy")
# Small files wait for answers more than for bytes.
_AT_ONCE = 8

_NAMELESS = "dataset"
_PREFIX = "labelaudit-"

# A place on this machine, and the URL of what lies there.
Places = tuple[tuple[Path, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """A dataset as it lies on this machine; `places` are what was fetched, the innermost first."""

    dataset: Path
    choices: Choices
    places: Places = ()
    notices: tuple[str, ...] = ()

    @contextmanager
    def by_its_name(self) -> Iterator[None]:
        """Call what was fetched by its URL in messages, not by where it lies for a while."""
        try:
            yield
        except LabelauditError as error:
            error.args = tuple(self.renamed(str(word)) for word in error.args)
            raise

    def renamed(self, text: str) -> str:
        for here, url in self.places:
            text = text.replace(printable(here), url)
        return text


def is_remote(dataset: Place, choices: Choices) -> bool:
    """Say whether anything of a dataset lies at a URL."""
    return isinstance(dataset, Url) or any(is_url(word) for word in _words(choices))


def has_secrets(dataset: Place, choices: Choices) -> bool:
    """Say whether a URL of the user holds what is not stored, so that it cannot be read again."""
    urls = [dataset, *(place(word) for word in _words(choices) if is_url(word))]
    return any(isinstance(url, Url) and url.has_secrets for url in urls)


def name_of(url: Url) -> str:
    """Return what a dataset at a URL is called: the last part, without the ending of a file."""
    name = url.last.split(".")[0] if is_readable(url.last) else url.last
    return name if is_safe(name) else _NAMELESS


@contextmanager
def lying_here(
    dataset: str | Place,
    choices: Choices,
    scratch: Path | None = None,
    report: Progress | None = None,
) -> Iterator[Here]:
    """Fetch as `fetched` does, and name URLs in all errors; without `scratch` only for a while."""
    with ExitStack() as stack:
        given = place(dataset)
        if scratch is None and is_remote(given, choices):
            made = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            scratch = Path(stack.enter_context(made))
        here = fetched(given, choices, scratch, report)
        stack.enter_context(here.by_its_name())
        yield here


def fetched(
    dataset: str | Place,
    choices: Choices,
    scratch: Path | None = None,
    report: Progress | None = None,
) -> Here:
    """Fetch all that the user gave as a URL; what lies on this machine stays where it is.

    `scratch` is where it is kept; None: a temporary folder that goes when the process ends.

    Raises
    ------
    InputError : one line that names the URL, without its secrets.
    """
    given = place(dataset)
    if not is_remote(given, choices):
        assert isinstance(given, Path)
        return Here(dataset=given, choices=choices)
    folder = _folder(scratch)
    named = {word for word in _words(choices) if not is_url(word)}
    places: list[tuple[Path, str]] = []
    notices: list[str] = []

    def local(url: Path | Url) -> Path:
        if isinstance(url, Path):  # of this machine, as `file://` is
            return url
        own = folder / f"fetched-{len(notices)}"
        target = own / (url.last if is_safe(url.last) else _NAMELESS)
        notices.append(_fetch(url, target, named, report))
        shown = str(url).rstrip("/")
        places.extend([(target, shown), (own, shown.rpartition("/")[0])])
        return target

    here = local(given)
    if isinstance(given, Url) and is_audit(here):
        raise InputError(
            f"{given}: is an audit, not a dataset; copy it here, then `labelaudit report` reads it"
        )
    chosen: dict[str, str | tuple[str, ...]] = {}
    for role in ROLES:
        value = getattr(choices, role)
        if isinstance(value, str | Path):
            if is_url(str(value)):
                chosen[role] = str(local(place(value)))
        elif value is not None:
            chosen[role] = tuple(
                str(local(place(word))) if is_url(word) else word for word in map(str, value)
            )
    return Here(
        dataset=here,
        choices=replace(choices, **chosen),  # type: ignore[arg-type]
        places=tuple(places),
        notices=tuple(notices),
    )


def _words(choices: Choices) -> list[str]:
    """Return all that the user said of where something lies."""
    words: list[str] = []
    for role in ROLES:
        value = getattr(choices, role)
        if value is not None:
            words += map(str, [value] if isinstance(value, str | Path) else value)
    return words


def _folder(scratch: Path | None) -> Path:
    # As `resolve` makes of it what lies in it, messages are told of it in one way.
    if scratch is not None:
        scratch.mkdir(parents=True, exist_ok=True)
        return scratch.resolve()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _fetch(url: Url, target: Path, named: Collection[str], report: Progress | None) -> str:
    """Fetch a file, or the files of a folder, and return a notice of it."""
    found = _find(url, named)
    if not found.files:
        raise InputError(f"{url}: holds no file that can be read{said_left_out(found.left_out)}")
    _expect_room(found.size, target.parent, str(url))
    target.parent.mkdir()
    counted = _Counter(report, _stage(found.size), found.size or 0)
    jobs = [(file, target / file.name if file.name else target) for file in found.files]
    _each(jobs, counted)
    n_files = len(jobs)
    what = f"{n_files:,} file{'s' if n_files > 1 else ''}, {_bytes(counted.done)}"
    return f"fetched: {what}, from {printable(url)}{said_left_out(found.left_out)}"


def _find(url: Url, named: Collection[str]) -> Found:
    if url.scheme == "s3":
        from labelaudit.ingest.remote import s3

        return s3.find(url, named)
    from labelaudit.ingest.remote import web

    return web.find(url, named)


def _each(jobs: Sequence[tuple[RemoteFile, Path]], counted: "_Counter") -> None:
    """Fetch files, some at a time; the first that fails ends it."""
    stop = Event()
    with ThreadPoolExecutor(min(_AT_ONCE, len(jobs))) as pool:
        futures = [pool.submit(partial(_write, *job, counted, stop)) for job in jobs]
        try:
            for future in futures:
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _write(file: RemoteFile, target: Path, counted: "_Counter", stop: Event) -> None:
    """Write a file as its blocks come; one that is cut short is an error, never a dataset."""
    called = printable(file.url)
    try:
        with file.opened() as (size, blocks):
            _expect_room(size, target.parent, called)
            if file.size is None:
                counted.expect(size or 0)
            target.parent.mkdir(parents=True, exist_ok=True)
            done = 0
            with target.open("xb") as out:
                for block in blocks:
                    if stop.is_set():
                        return
                    out.write(block)
                    done += len(block)
                    counted.add(len(block))
            if size is not None and done != size:
                raise InputError(
                    f"{called}: cut short: {done:,} of {size:,} bytes came; run this again"
                )
    except OSError as error:  # of this machine: those of the network are worded where they occur
        raise InputError(
            f"{called}: cannot be kept here ({error.strerror or type(error).__name__}); make room, "
            "or fetch it yourself and give its path"
        ) from None


def _expect_room(size: int | None, folder: Path, called: str) -> None:
    if size is None:
        return
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if size > free:
        raise InputError(
            f"{called}: is {_bytes(size)}, and {_bytes(free)} are free where it would be kept; "
            "make room, or choose another disk with -o"
        )


def _stage(size: int | None) -> str:
    return "fetching" if size is None else f"fetching {_bytes(size)}"


class _Counter:
    """Counts the bytes of several threads, and tells how far they are."""

    def __init__(self, report: Progress | None, stage: str, total: int) -> None:
        self.done = 0
        self._report, self._stage, self._total = report, stage, total
        self._lock = Lock()

    def expect(self, n_bytes: int) -> None:
        """Note the size of a file that was not known before."""
        with self._lock:
            self._total += n_bytes

    def add(self, n_bytes: int) -> None:
        with self._lock:
            self.done += n_bytes
            if self._report is not None:
                self._report(self._stage, self.done, self._total)


def _bytes(size: int) -> str:
    amount, unit = float(size), "bytes"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:,.0f} bytes" if unit == "bytes" else f"{amount:,.1f} {unit}"
