"""A digest that need not be made again: all that it was made from is as it was."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from labelaudit.core.dataset import Check, Dataset, Digest, Shard
from labelaudit.core.errors import InputError
from labelaudit.core.folder import DIGEST_FOLDER, carry
from labelaudit.core.rows import Stamp
from labelaudit.engine.parts import Parts
from labelaudit.ingest.folder import Choices, Part, plan

KEY_FILE = "key.json"
_FORMAT = 2  # of the digest and of the key
_ROWS = 1 << 20
# What a digest is made from; embeddings, images and the names of classes are not read for it.
_ROLES = ("labels", "predictions")

Key = dict[str, Any]


def key_of(
    dataset: Dataset,
    path: Path,
    choices: Choices,
    shards: Sequence[Shard],
    opened_ns: int,
    tool_version: str,
) -> Key | None:
    """Return what the digest of a dataset is made from; None where that cannot be said.

    `opened_ns` is when the dataset was opened: a large file is known by a hash of some blocks
    and its time, and one written to since then might be another than was read.
    """
    if dataset.probabilities is None:
        return None
    parts = plan(path, choices)
    sources = parts.predictions or (parts.labels,)
    files = []
    own = iter(parts.predictions)
    for file in dataset.inputs:
        if file.role not in _ROLES:
            continue
        part = next(own) if file.role == "predictions" else parts.labels
        stamps = _stamps(part)
        if part in sources and not stamps:
            return None
        for stamp in stamps:
            if file.fingerprint.startswith("blocks:") and stamp.mtime_ns >= opened_ns:
                return None
            files.append([file.role, file.fingerprint, str(stamp.path), stamp.size, stamp.mtime_ns])
    return {
        "format": _FORMAT,
        "tool_version": tool_version,
        "columns": list(Digest.__slots__),
        "files": files,
        "rows": [len(dataset), _hash(dataset.labels)],
        "shards": [len(shards), _hash(np.array([shard.stop for shard in shards]))],
        "classes": len(dataset.class_names),
        "models": [
            {
                "rows": _hash(matrix.rows),
                "columns": matrix.columns and list(matrix.columns),
                "normalise": matrix.normalise,
                "softmax": matrix.softmax,
            }
            for matrix in [model.matrix for model in dataset.models] or [dataset.probabilities]
        ],
    }


def note_key(folder: Path, key: Key | None, checks: Sequence[Check]) -> None:
    """Write down what the digest in an audit folder was made from, and what its survey found."""
    if key is None:
        return
    digest = folder / DIGEST_FOLDER
    made = {
        "key": key,
        "checks": [asdict(check) for check in checks],
        "parts": {
            path.relative_to(digest).as_posix(): _checksum(path)
            for path in sorted(digest.rglob("*.arrow"))
        },
    }
    (digest / KEY_FILE).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def reused(
    target: Path, folder: Path, key: Key | None, shards: Sequence[Shard]
) -> tuple[Check, ...] | None:
    """Take over the digest of the audit in `target`, where it was made from the same.

    Returns what the survey that made it found; None where there is none that can be used.
    """
    old, new = target / DIGEST_FOLDER, folder / DIGEST_FOLDER
    try:
        made = json.loads((old / KEY_FILE).read_text(encoding="utf-8"))
        if key is None or made["key"] != key:
            return None
        checks = tuple(Check(**check) for check in made["checks"])
        parts = Parts(old)
        for shard in shards:
            parts.get(shard)  # there, and of the right length
            for number in range(len(key["models"]) if len(key["models"]) > 1 else 0):
                parts.beneath(f"model-{number:02d}").get(shard)
        if any(_checksum(old / name) != sum_ for name, sum_ in made["parts"].items()):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
        return None
    carry(old, new)
    return checks


def _stamps(part: Part) -> list[Stamp]:
    """Return what the files of a part are known by; none of a folder of images."""
    files = part.files or (part.path,)
    return [Stamp.of(file.resolve()) for file in files if file.is_file()]


def _hash(values: Any) -> str | None:
    if values is None:
        return None
    found = hashlib.blake2b(digest_size=16)
    for start in range(0, len(values), _ROWS):
        found.update(np.ascontiguousarray(values[start : start + _ROWS]).data)
    return found.hexdigest()


def _checksum(path: Path) -> int:
    """Return a checksum: against damage, not against ill will."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            found = zlib.crc32(block, found)
    return found
