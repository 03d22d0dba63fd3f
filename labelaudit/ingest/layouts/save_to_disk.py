"""Hugging Face `save_to_disk`: Arrow streams, the order of which is in `state.json`.

Origin: `datasets.Dataset.save_to_disk` and `DatasetDict.save_to_disk` of datasets 5.2.
"""

import json
from pathlib import Path
from typing import Any

from labelaudit.core.errors import InputError
from labelaudit.core.text import listed
from labelaudit.ingest.convention import Choices, Part, Plan
from labelaudit.ingest.labelled import Labels
from labelaudit.ingest.readers.files import fault, reading
from labelaudit.ingest.splits import in_order

_STATE, _INFO, _SPLITS = "state.json", "dataset_info.json", "dataset_dict.json"


def find(path: Path) -> Part | None:
    """Recognise the folder of one dataset, or of a dictionary of splits."""
    if (path / _SPLITS).is_file():
        names = _object(path / _SPLITS).get("splits")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise fault(path / _SPLITS, "does not list the splits; save the dataset again")
        for name in names:
            if Path(name).name != name or name == "..":
                raise fault(path / _SPLITS, "lists a split outside of its folder; save it again")
        ordered = in_order(names)
        files = {name: _files(path / name) for name in ordered}
        what = f"{_SPLITS} of Hugging Face save_to_disk, splits {listed(ordered)}"
    elif (path / _STATE).is_file() and (path / _INFO).is_file():
        files, what = {"": _files(path)}, f"{_STATE} of Hugging Face save_to_disk"
    else:
        return None
    everything = tuple(file for own in files.values() for file in own)
    if not everything:
        raise fault(path, "lists no Arrow files; save the dataset again")
    return Part(
        path=path,
        how=f"{what}, {len(everything):,} Arrow file{'s' if len(everything) > 1 else ''}",
        files=everything,
        layout="save_to_disk",
        splits=tuple((name, len(own)) for name, own in files.items() if name),
    )


def read(part: Part, plan: Plan, choices: Choices, scratch: Path | None) -> Labels:
    """Read the labels; class names and the column of labels are in the features."""
    from labelaudit.ingest.labels import table_labels

    features = _object(part.files[0].parent / _INFO).get("features")
    return table_labels(part, plan, choices, scratch, typed=_classes(features))


def _files(folder: Path) -> tuple[Path, ...]:
    if not (folder / _STATE).is_file():
        raise fault(folder, f"has no {_STATE}, but its dataset was saved with one; save it again")
    listing = _object(folder / _STATE).get("_data_files")
    try:
        names = [str(entry["filename"]) for entry in listing or []]
    except (TypeError, KeyError):
        raise fault(folder / _STATE, "does not list the Arrow files; save it again") from None
    for name in names:
        if Path(name).name != name:
            raise fault(folder / _STATE, "lists a file outside of its folder; save it again")
        if not (folder / name).is_file():
            raise fault(folder / name, f"is missing, but {_STATE} lists it; save it again")
    return tuple(folder / name for name in names)


def _classes(features: Any) -> dict[str, tuple[str, ...]]:
    """Return the class names of every column of type ClassLabel."""
    found = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        names = feature.get("names") if isinstance(feature, dict) else None
        is_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        if is_label and isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[str(column)] = tuple(names)
    return found


def _object(path: Path) -> dict[str, Any]:
    with reading(path, "JSON file", ValueError, RecursionError):
        found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise InputError(f"{fault(path, 'holds no JSON object')}; save the dataset again")
    return found
