"""Rows that do what rows seldom do: wait to be killed, kill, fill the disk."""

import errno
import os
import signal
import time
from pathlib import Path
from typing import Any


class Rows:
    """The rows of an array, until row `fatal` is read by somebody else than `owner`."""

    forward = False

    def __init__(self, values: Any, folder: Path, fatal: int) -> None:
        self.values, self.folder, self.fatal = values, folder, fatal
        self.shape, self.dtype = values.shape, values.dtype
        self.owner = os.getpid()

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, rows: Any) -> Any:
        if isinstance(rows, slice) and rows.start <= self.fatal < rows.stop:
            self.meet()
        return self.values[rows]

    def meet(self) -> None:
        """What happens where row `fatal` is read."""


class Waiting(Rows):
    """The first who reads the row says so and waits to be killed, or told to go.

    Those after it just read.
    """

    def meet(self) -> None:
        try:
            handle = os.open(self.folder / "waiting", os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return
        os.write(handle, b"%d\n" % os.getpid())
        os.close(handle)
        for _ in range(1200):
            if (self.folder / "go").exists():
                return
            time.sleep(0.05)


class Killing(Rows):
    """Whoever reads the row is killed."""

    def meet(self) -> None:
        if os.getpid() != self.owner:
            os.kill(os.getpid(), signal.SIGKILL)


class Full(Rows):
    """The disk is full."""

    def meet(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere")
