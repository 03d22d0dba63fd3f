"""Talk and progress on stderr, the product on stdout."""

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable
from labelaudit.engine.job import Progress


def say(line: str, quiet: bool = False) -> None:
    """Write a line of talk to stderr, or several."""
    if not quiet:
        sys.stderr.write("\n".join(map(printable, line.split("\n"))) + "\n")


def command(name: str, *arguments: object) -> str:
    """Return a command as it can be typed; a word that no terminal shows as it is, in capitals."""
    words = [word if (word := str(argument)).isprintable() else "ID" for argument in arguments]
    split = ["--"] if any(word.startswith("-") for word in words) else []
    return shlex.join(["labelaudit", name, *split, *words])


def emit(text: str) -> None:
    """Write the product to stdout, as UTF-8 whatever the locale says."""
    with contextlib.suppress(AttributeError, ValueError):
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is still to be written would fail again when the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise InputError(f"standard output: cannot be written: {error.strerror}") from None


def emit_data(text: str) -> None:
    """Write data to stdout: as they are to a file or program, harmless to a terminal."""
    emit("\n".join(map(printable, text.split("\n"))) if to_terminal() else text)


def to_terminal() -> bool:
    """Say whether a person sees what is written to stdout."""
    return sys.stdout.isatty()


def width() -> int:
    """Return the columns of the terminal: COLUMNS, else the terminal's own, else 80."""
    return max(shutil.get_terminal_size((80, 24)).columns, 40)


def colour() -> bool:
    """Say whether stdout may have colour: NO_COLOR and FORCE_COLOR first, then a terminal."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(os.environ.get("FORCE_COLOR")) or to_terminal()


@contextlib.contextmanager
def progress(quiet: bool) -> Iterator[Progress | None]:
    """Show a bar with rows a second and time left, where stderr is a terminal and not CI."""
    if quiet or not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, int] = {}
    with bars:

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, rate="")
            task = bars.tasks[tasks[stage]]
            rate = _rate(stage, task.speed) if task.speed else ""
            bars.update(tasks[stage], completed=done, total=total, rate=rate)  # type: ignore[arg-type]

        yield report


def _rate(stage: str, speed: float) -> str:
    if stage.startswith("fetching"):  # the only stage that counts bytes
        return f"{speed / 1e6:,.1f} MB/s"
    return f"{speed:,.0f} rows/s"
