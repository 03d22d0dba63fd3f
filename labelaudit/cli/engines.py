"""Which engine a command runs on, chosen by its options."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, printable
from labelaudit.engine.passes import HERE, Engine

ENGINES = ("here", "processes", "dask")


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What the user said of the engine; `scheduler` means dask."""

    name: str = "here"
    workers: int | None = None
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise ConfigError(
                f"--engine {printable(self.name, 80)}: not one of {', '.join(ENGINES)}"
                f"{did_you_mean(self.name, ENGINES)}"
            )
        if self.scheduler is not None and self.name == "processes":
            raise ConfigError("--scheduler: goes with --engine dask, not processes")
        if self.scheduler is not None and self.workers is not None:
            raise ConfigError("--workers: the scheduler has workers of its own; leave it out")
        if self.workers is not None and self.name == "here":
            raise ConfigError("--workers: say which, with --engine processes or --engine dask")

    @contextlib.contextmanager
    def started(self) -> Iterator[Engine]:
        """Yield the engine; whatever happens, it is closed."""
        engine = self._engine()
        try:
            yield engine
        finally:
            engine.close()

    def _engine(self) -> Engine:
        if self.scheduler is not None or self.name == "dask":
            from labelaudit.engine.cluster import Cluster

            return Cluster(self.scheduler, self.workers)
        if self.name == "processes":
            from labelaudit.engine.processes import Processes

            return Processes(self.workers)
        return HERE
