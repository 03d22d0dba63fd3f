"""What the workers of a cluster do: answer, look at a shard, merge tallies."""

import copy
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any
from uuid import uuid4

from labelaudit.core.dataset import Batch, Shard
from labelaudit.core.errors import ConfigError, InputError, LabelauditError
from labelaudit.core.folder import unpublished
from labelaudit.core.text import printable
from labelaudit.engine.passes import Columns, Look, Read, merged
from labelaudit.engine.tally import Tally


def own_version() -> str:
    """Return the version of labelaudit that is installed where this runs."""
    return metadata.version("labelaudit")


def answer(folder: str, token: str, version: str) -> tuple[str | None, str]:
    """Return what keeps this worker from taking part (None: nothing), or its answer's file.

    The file holds the token that the one who asks has written into the folder.
    """
    if version != own_version():
        return f"has labelaudit {own_version()}, not {version} as here; install the same", ""
    try:
        seen = (Path(folder) / token).read_text(encoding="utf-8")
        name = f"{token}-{uuid4().hex}"
        (Path(folder) / name).write_text(seen, encoding="utf-8")
    except OSError as error:
        return (
            f"does not share the folder {printable(folder)} ({error.strerror}); write the audit "
            "to a path that all share (-o)"
        ), ""
    return None, name


def look_at(
    read: Read,
    tallies: Sequence[Tally],
    columns_of: Callable[[Batch], Columns] | None,
    keep: Callable[[Shard, Columns], None] | None,
    shard: Shard,
    version: str,
) -> list[Tally]:
    """Look at one shard; what the user can mend says on which worker it is."""
    try:
        if version != own_version():  # a worker that came later
            raise ConfigError(f"has labelaudit {own_version()}, not {version}; install the same")
        look = Look(read=read, tallies=tallies, columns_of=columns_of, keep=keep)
        return look(shard)
    except LabelauditError as error:
        raise type(error)(f"worker {_own_address()}: {error}") from None
    except OSError as error:
        if error.errno is None:
            raise
        said = unpublished(error, Path("the audit folder"))
        raise InputError(f"worker {_own_address()}: {said}") from None


def merge(parts: Sequence[list[Tally]]) -> list[Tally]:
    """Return the tallies of several shards as one; the parts stay as they are.

    They may be merged again, where a worker is lost that had what came of it.
    """
    total = copy.deepcopy(parts[0])
    for part in parts[1:]:
        total = merged(total, part)
    return total


def _own_address() -> Any:
    from distributed import get_worker

    return get_worker().address
