"""What `check` is told: by flags, the environment and a file, each value with its origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labelaudit.check.figures import known_gates
from labelaudit.check.limits import Gate, gate_of, measure_gate
from labelaudit.core.config import Config, Key, find, read, settled
from labelaudit.core.text import printable
from labelaudit.measures import known_measures

_DEFAULTS: Mapping[str, Any] = {"gates.on_inconclusive": "warn", "gates.count_moved": False}
_PATHS = ("dataset", "baseline")  # relative to the file that names them


def keys() -> dict[str, Key]:
    """Return every key of the configuration, those of tables with a dot."""
    plain = {
        "dataset": Key(kind="text", help="The dataset or audit folder to check."),
        "baseline": Key(kind="text", help="The file of accepted suspects."),
        "write": Key(kind="texts", help="Verdicts to write, as FORMAT=PATH."),
        "gates.on_inconclusive": Key(kind="text", help="warn, fail or pass."),
        "gates.allow_skipped": Key(kind="texts", help="Gates that may be skipped."),
        "gates.by": Key(kind="texts", help="Columns whose values are judged by themselves."),
        "gates.count_moved": Key(kind="flag", help="Whether suspects on rows as they were count."),
    }
    gates = {
        f"gates.{name}": Key(kind="limit", help=(kind.figures.__doc__ or "").split("\n")[0])
        for name, kind in known_gates().items()
    }
    measures = {
        f"gates.measure.{name}": Key(kind="text", help=f'"<= LIMIT" or ">= LIMIT" of {name}.')
        for name in known_measures()
    }
    return plain | gates | measures


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The settings of a check by key, where each came from, and the file that was read."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]
    path: Path | None

    def setting(self, name: str) -> Any:
        """Return what stands beside the limits: on_inconclusive, allow_skipped, by, count_moved."""
        return self.values[f"gates.{name}"]

    def gates(self) -> list[Gate]:
        """Return the gates whose limits were set, in the order in which they are judged."""
        found = []
        for name in known_gates():
            if (limit := self.values[f"gates.{name}"]) is not None:
                found.append(gate_of(name, limit, self._where(f"gates.{name}")))
        for name, limit in self.values.items():
            if name.startswith("gates.measure.") and limit is not None:
                whole = name.removeprefix("gates.")
                found.append(measure_gate(f"{whole}{limit}", self._where(name)))
        return found

    def _where(self, name: str) -> str:
        """Return what a complaint about a limit calls it: the flag, the variable or the key."""
        origin = self.origins[name]
        if origin == "flag":
            return f"--{name.removeprefix('gates.').replace('_', '-')}"
        if origin.startswith("environment"):
            return origin.partition(", ")[2]
        return f"{printable(self.path, 200)}: {name}"


def told(flags: Mapping[str, Any], path: Path | None = None) -> Told:
    """Return what a check is told; `flags` are those of the command line by key.

    `path` is the file to read; None: the one that speaks for the working directory, if any.
    """
    known = keys()
    path = path if path is not None else find(Path.cwd())
    config = read(path, known) if path is not None else Config()
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name, key in known.items():
        flag = flags.get(name.removeprefix("gates."))
        value, origin = settled(name, key, flag, config, _DEFAULTS.get(name))
        if origin.startswith("file") and config.path is not None:
            value = _placed(name, value, config.path.parent)
        values[name], origins[name] = value, origin
    return Told(values=values, origins=origins, path=config.path)


def _placed(name: str, value: Any, folder: Path) -> Any:
    """Return a path of the file as seen from the working directory."""
    if name == "write":
        parts = [one.partition("=") for one in value]
        return [f"{kind}{equals}{_seen(folder, path)}" for kind, equals, path in parts]
    return _seen(folder, value) if name in _PATHS and "://" not in value else value


def _seen(folder: Path, path: str) -> str:
    whole = folder / path
    try:
        return str(whole.relative_to(Path.cwd()))
    except ValueError:
        return str(whole)
