"""Settings from a file and from the environment: flag > environment > file > default.

The file is `labelaudit.toml`, or `[tool.labelaudit]` of `pyproject.toml`, of the working directory
or the nearest folder above it, up to the root of a repository. It is never looked for in a dataset:
what was downloaded sets no limits.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from labelaudit.core.errors import ConfigError
from labelaudit.core.text import did_you_mean, printable

FILE, SHARED_FILE = "labelaudit.toml", "pyproject.toml"
PREFIX = "LABELAUDIT_"
DATASET = "dataset"
EMPTY: Mapping[str, Any] = MappingProxyType({})
_MOST_BYTES = 2**20


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """A key of the file: what it holds (text, texts, limit, number, whole, flag), what for."""

    kind: str
    help: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """The keys of a file, flat: those of a table as `gates.max_imbalance`; `path` is the file.

    `datasets` are the keys of each `[[dataset]]`, in their order.
    """

    path: Path | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    datasets: tuple[Mapping[str, Any], ...] = ()


def find(folder: Path) -> Path | None:
    """Return the file that speaks for a folder, None where none does."""
    for place in (folder, *folder.parents):
        if (place / FILE).is_file():
            return place / FILE
        if (place / SHARED_FILE).is_file() and "labelaudit" in _tools(place / SHARED_FILE):
            return place / SHARED_FILE
        if (place / ".git").exists():
            return None
    return None


def read(path: Path, keys: Mapping[str, Key], of_dataset: Mapping[str, Key] = EMPTY) -> Config:
    """Return the settings of a file; `keys` are all that it may have, tables as `gates.NAME`.

    `of_dataset` are those of each `[[dataset]]`, of which `path` has to be there.

    Raises
    ------
    ConfigError : one line with the file, the key and what to do.
    """
    table = _parsed(path)
    if path.name == SHARED_FILE:
        table = _tools(path).get("labelaudit", {})
        if not isinstance(table, dict):
            raise ConfigError(
                f"{printable(path, 200)}: tool.labelaudit is no table; write it as one"
            )
    shown = printable(path, 200)
    entries: Any = []
    if of_dataset and isinstance(table.get(DATASET), list):
        entries = table[DATASET]
        table = {name: value for name, value in table.items() if name != DATASET}
    datasets = []
    for number, entry in enumerate(entries, 1):
        where = f"{shown}: dataset {number}"
        if not isinstance(entry, dict) or "path" not in entry:
            raise ConfigError(f'{where}: has no path; say where it lies, as in path = "data"')
        datasets.append(_checked(entry, of_dataset, where))
    return Config(path=path, values=_checked(table, keys, shown), datasets=tuple(datasets))


def _checked(table: Mapping[str, Any], keys: Mapping[str, Key], where: str) -> dict[str, Any]:
    flat = dict(_flat(table))
    for name, value in flat.items():
        if name not in keys:
            known = ", ".join(sorted(keys))
            raise ConfigError(
                f"{where}: {printable(name, 60)}: no such key"
                f"{did_you_mean(name, keys) or f'; there are {known}'}"
            )
        if not _fits(value, keys[name].kind):
            raise ConfigError(
                f"{where}: {name}: {printable(repr(value), 60)} is no {_KINDS[keys[name].kind]}"
            )
    return flat


_KINDS = {
    "text": "text between quotation marks",
    "limit": 'number, or a text such as "3%"',
    "number": "number",
    "whole": "whole number",
    "flag": "true or false",
    "texts": "list of texts",
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "limit": {"type": ["number", "string"]},
    "number": {"type": "number"},
    "whole": {"type": "integer"},
    "flag": {"type": "boolean"},
    "texts": {"type": "array", "items": {"type": "string"}},
}


def schema(keys: Mapping[str, Key], of_dataset: Mapping[str, Key] = EMPTY) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a file, for editors."""
    top = _tables("labelaudit.toml", keys)
    top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    if of_dataset:
        entry = _tables("", of_dataset) | {"required": ["path"]}
        one = top["properties"][DATASET]
        top["properties"][DATASET] = {"anyOf": [one, {"type": "array", "items": entry}]}
    return top


def _tables(title: str, keys: Mapping[str, Key]) -> dict[str, Any]:
    top = _table(title)
    for name, key in keys.items():
        *tables, last = name.split(".")
        place = top
        for table in tables:
            place = place["properties"].setdefault(table, _table(""))
        place["properties"][last] = _SCHEMAS[key.kind] | {"description": key.help}
    return top


def _table(title: str) -> dict[str, Any]:
    named = {"title": title} if title else {}
    return {**named, "type": "object", "additionalProperties": False, "properties": {}}


def settled(name: str, key: Key, flag: Any, config: Config, default: Any) -> tuple[Any, str]:
    """Return a setting and its origin: flag, environment, file or default."""
    if flag is not None and flag not in ([], ()):  # an option that is repeatable
        return flag, "flag"
    variable = PREFIX + name.split(".")[-1].upper()
    if name.count(".") < 2 and variable in os.environ:  # a measure has no variable
        return _of_text(os.environ[variable], key.kind, variable), f"environment, {variable}"
    if name in config.values:
        return config.values[name], f"file, {printable(config.path, 200)}"
    return default, "default"


def _of_text(text: str, kind: str, variable: str) -> Any:
    if kind == "texts":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind == "flag":
        if text.lower() not in ("true", "false", "1", "0"):
            raise ConfigError(f"{variable} {printable(text, 40)}: say true or false")
        return text.lower() in ("true", "1")
    if kind in ("number", "whole"):
        try:
            return float(text) if kind == "number" else int(text)
        except ValueError:
            raise ConfigError(f"{variable} {printable(text, 40)}: say a {_KINDS[kind]}") from None
    return text


def _fits(value: Any, kind: str) -> bool:
    if kind == "flag":
        return isinstance(value, bool)
    if kind == "texts":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == "whole":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "limit":
        return isinstance(value, int | float | str) and not isinstance(value, bool)
    return isinstance(value, str)


def _flat(table: Mapping[str, Any], above: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in table.items():
        whole = f"{above}{name}"
        found += _flat(value, f"{whole}.") if isinstance(value, dict) else [(whole, value)]
    return found


def _tools(path: Path) -> dict[str, Any]:
    tools = _parsed(path).get("tool", {})
    return tools if isinstance(tools, dict) else {}


def _parsed(path: Path) -> dict[str, Any]:
    shown = printable(path, 200)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigError(f"{shown}: is larger than 1 MiB; is it a configuration?")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{shown}: is not there; make one with `labelaudit init`") from None
    except OSError as error:
        raise ConfigError(f"{shown}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{shown}: is not UTF-8; save it as such") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{shown}: is not TOML: {printable(error, 120)}") from None
