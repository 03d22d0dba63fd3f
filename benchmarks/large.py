"""50,000,000 x 345 float16: the size of QuickDraw, audited once, whole command, on one machine.

    python benchmarks/large.py                 about 4 GB of disk, and what the audit writes
    python benchmarks/large.py --parts 2       fewer parts: 5 million rows each
    python benchmarks/large.py --engine processes --workers 2

    --folder DIR   where the data lies (default: labelaudit-benchmarks in the system's temporary
                   directory); it is generated once, seeded, and used again

One part of predictions is generated (5,000,000 x 345 float16, 3.45 GB). The ten parts are ten hard
links to it, each with labels of its own: so the predictions are read from the page cache, and the
cold read of one part is measured beside the audit. Needs Linux (/proc).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROWS, CLASSES, PARTS = 5_000_000, 345, 10
NOISE = 0.08
_STEP = 1 << 16


def say(text: str) -> None:
    print(text, flush=True)


def generate(folder: Path, parts: int, rows: int) -> Path:
    """Return the dataset folder; make what is not there yet."""
    made = folder / f"large-{parts}x{rows}"
    if made.is_dir():
        return made
    unfinished = made.with_name(f"{made.name}.{os.getpid()}.unfinished")
    predictions, labels = unfinished / "pred_probs", unfinished / "labels"
    predictions.mkdir(parents=True)
    labels.mkdir()
    first = predictions / f"pred_probs-00000-of-{parts:05d}.npy"
    say(f"generating {rows:,} x {CLASSES} float16 in {first.parent}")
    generator = np.random.default_rng(2026)
    block = np.lib.format.open_memmap(first, "w+", dtype=np.float16, shape=(rows, CLASSES))
    true = np.empty(rows, dtype=np.int32)
    raised = 1.5 * np.sqrt(2 * np.log(CLASSES)) + 3
    for start in range(0, rows, _STEP):
        size = min(_STEP, rows - start)
        own = generator.integers(0, CLASSES, size)
        logits = generator.standard_normal((size, CLASSES), dtype=np.float32) * np.float32(1.5)
        logits[np.arange(size), own] += np.float32(raised)
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        block[start : start + size] = logits
        true[start : start + size] = own
    block.flush()
    del block
    for part in range(parts):
        if part:
            os.link(first, predictions / f"pred_probs-{part:05d}-of-{parts:05d}.npy")
        noise = np.random.default_rng([2026, part])
        wrong = noise.random(rows) < NOISE
        given = np.where(wrong, noise.integers(0, CLASSES, rows), true).astype(np.int32)
        np.save(labels / f"labels-{part:05d}-of-{parts:05d}.npy", given)
    unfinished.rename(made)
    return made


def cold_read(path: Path) -> float:
    """Return the seconds that one part takes to be read from the disk."""
    with path.open("rb", buffering=0) as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        block = bytearray(1 << 24)
        start = time.perf_counter()
        while file.readinto(block):
            pass
        return time.perf_counter() - start


def peak(process: int) -> tuple[float, float]:
    """Return the resident peak and the private memory of a process, in megabytes."""
    found = {"VmHWM": 0.0, "RssAnon": 0.0}
    try:
        for line in Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) / 1000
    except OSError:
        pass
    return found["VmHWM"], found["RssAnon"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--parts", type=int, default=PARTS)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--engine", default="here")
    parser.add_argument("--workers", type=int)
    chosen = parser.parse_args()
    folder = chosen.folder or Path(tempfile.gettempdir()) / "labelaudit-benchmarks"
    folder.mkdir(exist_ok=True)
    data = generate(folder, chosen.parts, chosen.rows)
    part = next((data / "pred_probs").iterdir())
    size = part.stat().st_size
    target = folder / "large-audit"
    shutil.rmtree(target, ignore_errors=True)
    cold = cold_read(part)
    say(f"cold read of one part: {cold:.1f} s, {size / cold / 1e6:,.0f} MB/s")
    command = [sys.executable, "-m", "labelaudit", "audit", str(data), "-o", str(target)]
    command += ["--engine", chosen.engine]
    if chosen.workers:
        command += ["--workers", str(chosen.workers)]
    start = time.perf_counter()
    resident = private = 0.0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            now = peak(process.pid)
            resident, private = max(resident, now[0]), max(private, now[1])
            time.sleep(0.05)
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the audit ended with {process.returncode}")
    audit: dict[str, Any] = json.loads((target / "audit.json").read_text(encoding="utf-8"))
    n_rows = audit["dataset"]["n_examples"]
    total = size * chosen.parts
    say(
        f"{n_rows:,} x {CLASSES} float16 ({total / 1e9:.1f} GB): {wall:.0f} s, "
        f"{n_rows / wall:,.0f} rows/s, {total / wall / 1e9:.2f} GB/s; resident peak "
        f"{resident:,.0f} MB, private peak {private:,.0f} MB; "
        f"{audit['detection']['n_flagged']:,} rows flagged; {platform.platform()}, "
        f"{os.cpu_count()} processors"
    )


if __name__ == "__main__":
    main()
