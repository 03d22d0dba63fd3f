"""What a command is told: by flags, the environment and a file, each value with its origin."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labelaudit.check.figures import known_gates
from labelaudit.check.limits import Gate, gate_of, measure_gate
from labelaudit.core.config import EMPTY, Config, Key, find, read, settled
from labelaudit.core.errors import ConfigError, InputError
from labelaudit.core.folder import SOURCE_FILE, is_audit
from labelaudit.core.place import Place, is_url, place
from labelaudit.core.settings import Options
from labelaudit.core.text import printable
from labelaudit.measures import known_measures

if TYPE_CHECKING:
    from typer import Context

    from labelaudit.ingest.folder import Choices

_DEFAULTS: Mapping[str, Any] = {"gates.on_inconclusive": "warn", "gates.count_moved": False}
_PATHS = ("dataset", "baseline", "output")  # relative to the file that names them
_FILES = ("labels", "predictions", "embeddings", "images", "classes", "hierarchy")

# What is read, and how: these speak of the one dataset that the file names.
INPUT: dict[str, Key] = {
    "labels": Key(kind="text", help="The file of labels."),
    "label_column": Key(kind="text", help="The column of labels."),
    "id_column": Key(kind="text", help="The column of ids, to join files by."),
    "text_column": Key(kind="text", help="The column of texts."),
    "predictions": Key(kind="texts", help="Files of out-of-sample probabilities, one a model."),
    "embeddings": Key(kind="text", help="The file of embeddings."),
    "images": Key(kind="text", help="The folder of images."),
    "classes": Key(kind="text", help="A file of class names, or names between commas."),
    "hierarchy": Key(kind="text", help="The file of a tree of the classes."),
    "split": Key(kind="text", help="Audit only this split, or those between commas."),
    "by": Key(kind="texts", help="Columns whose values are looked at by themselves."),
    "logits": Key(kind="flag", help="Whether the predictions are logits."),
}
OPTIONS: dict[str, Key] = {
    "filter": Key(kind="text", help="How to flag."),
    "ranking": Key(kind="text", help="What label quality is."),
    "joint": Key(kind="text", help="The rule where several classes are confident."),
    "top": Key(kind="limit", help='A budget, 500 or "2%".'),
    "near_duplicate_threshold": Key(kind="number", help="In median distances of neighbours."),
    "seed": Key(kind="whole", help="Seed of the samples that measures take."),
    "measures": Key(kind="texts", help="Run only these measures."),
    "skip": Key(kind="texts", help="Do not run these measures."),
    "allow": Key(kind="texts", help="Checks of the input contract that may fail."),
    "strict": Key(kind="flag", help="Refuse where a check of the contract raises an alert."),
}
_OF_CHECK: dict[str, Key] = {
    "baseline": Key(kind="text", help="The file of accepted suspects."),
    "write": Key(kind="texts", help="Verdicts to write, as FORMAT=PATH."),
    "output": Key(kind="text", help="The audit folder of the dataset."),
}


def keys() -> dict[str, Key]:
    """Return every key of the configuration, those of tables with a dot."""
    audit = {f"audit.{name}": key for name, key in (INPUT | OPTIONS).items()}
    dataset = {"dataset": Key(kind="text", help="The dataset or audit folder to check.")}
    return dataset | _OF_CHECK | audit | _gates()


def keys_of_dataset() -> dict[str, Key]:
    """Return every key of a `[[dataset]]`: its path, and what stands there for it alone."""
    path = {"path": Key(kind="text", help="Where the dataset, or its audit folder, lies.")}
    return path | _OF_CHECK | INPUT | OPTIONS | _gates()


def _gates() -> dict[str, Key]:
    plain = {
        "gates.on_inconclusive": Key(kind="text", help="warn, fail or pass."),
        "gates.allow_skipped": Key(kind="texts", help="Gates that may be skipped."),
        "gates.by": Key(kind="texts", help="Columns whose values are judged by themselves."),
        "gates.count_moved": Key(kind="flag", help="Whether suspects on rows as they were count."),
    }
    limits = {
        f"gates.{name}": Key(kind="limit", help=(kind.figures.__doc__ or "").split("\n")[0])
        for name, kind in known_gates().items()
    }
    measures = {
        f"gates.measure.{name}": Key(kind="text", help=f'"<= LIMIT" or ">= LIMIT" of {name}.')
        for name in known_measures()
    }
    return plain | limits | measures


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The settings of a command by key, where each came from, and the file that was read."""

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

    def choices(self) -> "Choices":
        """Return what to read of the dataset, and how."""
        from labelaudit.ingest.folder import Choices

        known = {name: self.values[f"audit.{name}"] for name in INPUT}
        by = (*(known["by"] or ()), *(self.setting("by") or ()))
        lists = {"predictions": known["predictions"] or None, "by": tuple(dict.fromkeys(by))}
        return Choices(**known | lists | {"logits": bool(known["logits"])})

    def options(self, only: tuple[str, ...] = tuple(OPTIONS)) -> Options:
        """Return the settings that change results; those not in `only` are as by default."""
        given: dict[str, Any] = {}
        for name in only:
            value = self.values[f"audit.{name}"]
            if value is not None:
                given[name] = tuple(value) if OPTIONS[name].kind == "texts" else value
        if "top" in given:
            given["top"] = str(given["top"])
        origins = {name: self.origins[f"audit.{name}"].partition(",")[0] for name in given}
        try:
            return Options(**given, origins=origins)
        except ConfigError as error:  # says the setting first; who set it is said here
            origin = self.origins.get(f"audit.{str(error).partition(' ')[0].rstrip(':')}", "flag")
            where = {"file": self.path, "environment": origin.partition(", ")[2]}
            who = where.get(origin.partition(",")[0])
            raise ConfigError(f"{printable(who, 200)}: {error}" if who else str(error)) from None

    def _where(self, name: str) -> str:
        """Return what a complaint about a limit calls it: the flag, the variable or the key."""
        origin = self.origins[name]
        if origin == "flag":
            return f"--{name.removeprefix('gates.').replace('_', '-')}"
        if origin.startswith("environment"):
            return origin.partition(", ")[2]
        return f"{printable(self.path, 200)}: {name}"


def is_named(config: Config, dataset: Place) -> bool:
    """Say whether a file that names datasets names this one; of a file that names none, yes."""
    names = datasets_of(config)
    return not names or any(_is_same(name, dataset) for name in names)


def told(flags: Mapping[str, Any], path: Path | None = None, dataset: Place | None = None) -> Told:
    """Return what a command is told; `flags` are those of the command line by key.

    `path` is the file to read; None: the one that speaks for the working directory, if any.
    `dataset` is what the command is about; None: what the file names. Keys on the input of
    another dataset than that are not taken from the file.
    """
    config = configuration(path)
    if dataset is None and config.datasets:
        raise ConfigError(
            f"{printable(config.path, 200)}: names {len(config.datasets):,} datasets; say which, "
            "or check --all"
        )
    known = keys()
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    own = _spoken(config, dataset)
    about = _folder_about(own, dataset)
    for name, key in known.items():
        short = name.removeprefix("gates.").removeprefix("audit.")
        value, origin = settled(name, key, flags.get(short), own, _DEFAULTS.get(name))
        if origin.startswith("file") and config.path is not None:
            value = _placed(short, value, config.path.parent, about)
        values[name], origins[name] = value, origin
    return Told(values=values, origins=origins, path=config.path)


def told_of(context: "Context", dataset: Place, path: Path | None = None) -> Told:
    """Return what a command on a dataset is told, its flags those that were typed."""
    typed = {}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            names = value.split(",") if name in ("measures", "skip") else None
            value = value if names is None else [one.strip() for one in names if one.strip()]
            typed[name.removesuffix("_name")] = value
    typed.pop("output", None)
    return told(typed, path, dataset)


def configuration(path: Path | None = None) -> Config:
    """Return what a file says; of none given, the one that speaks for the working directory."""
    path = path if path is not None else find(Path.cwd())
    return read(path, keys(), keys_of_dataset()) if path is not None else Config()


def datasets_of(config: Config) -> list[str]:
    """Return the datasets that a file names, as seen from the working directory."""
    if config.path is None:
        return []
    folder = config.path.parent
    paths = [entry["path"] for entry in config.datasets]
    paths = paths or ([config.values["dataset"]] if "dataset" in config.values else [])
    return [path if is_url(path) else _seen(folder, path) for path in paths]


def _spoken(config: Config, dataset: Place | None) -> Config:
    """Return what a file says of a dataset: the keys of its own entry above those of all."""
    if config.path is None or dataset is None:
        return config
    for named, entry in zip(datasets_of(config), config.datasets or (EMPTY,), strict=False):
        if _is_same(named, dataset):
            own = {
                name if "." in name or name in _OF_CHECK else f"audit.{name}": value
                for name, value in entry.items()
                if name != "path"
            }
            return replace(config, values={**config.values, **own})
    if not datasets_of(config):
        return config  # it speaks of whatever there is
    strange = {f"audit.{name}" for name in INPUT} | {"output"}
    kept = {name: value for name, value in config.values.items() if name not in strange}
    return replace(config, values=kept)


def _folder_about(config: Config, dataset: Place | None) -> Path | None:
    """Return the folder of the dataset that a file's keys on input speak of."""
    found = audited(dataset) if dataset is not None else None
    if found is None and config.path is not None and "dataset" in config.values:
        found = config.path.parent / config.values["dataset"]
    if not isinstance(found, Path):
        return None
    return found if found.is_dir() else found.parent


def audited(dataset: Place) -> Place:
    """Return the dataset that an audit was made of; of a dataset, itself."""
    if not is_audit(dataset):
        return dataset
    try:
        source = json.loads((dataset / SOURCE_FILE).read_text(encoding="utf-8"))
        return place(str(source["dataset"]))
    except (OSError, ValueError, LookupError, TypeError, InputError, ConfigError):
        return dataset  # whoever needs it says so


def _is_same(named: str, dataset: Place) -> bool:
    """Say whether a file names this dataset: itself, or the audit that was made of it."""
    for one in (dataset, audited(dataset)):
        if is_url(named) or not isinstance(one, Path):
            if named == str(one):
                return True
        elif os.path.realpath(named) == os.path.realpath(one):
            return True
    return False


def _placed(name: str, value: Any, folder: Path, dataset: Path | None) -> Any:
    """Return a path of the file as seen from the working directory."""
    if name == "write":
        parts = [one.partition("=") for one in value]
        return [f"{kind}{equals}{_seen(folder, path)}" for kind, equals, path in parts]
    if name in _PATHS:
        return value if is_url(value) else _seen(folder, value)
    if name not in _FILES:
        return value
    if isinstance(value, list):
        return [_placed(name, one, folder, dataset) for one in value]
    # As of a flag: what lies in the dataset is found there, classes may be names.
    try:
        inside = dataset is not None and (dataset / value).exists()
        outside = not is_url(value) and (folder / value).exists()
    except (OSError, ValueError):  # too long for a path: names between commas
        return value
    return _seen(folder, value) if outside and not inside else value


def _seen(folder: Path, path: str) -> str:
    whole = folder / path
    try:
        return str(whole.relative_to(Path.cwd()))
    except ValueError:
        return str(whole)
