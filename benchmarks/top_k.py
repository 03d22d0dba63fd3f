"""Predictions that list only the k most probable classes: agreement with full rows, and scale.

    python benchmarks/top_k.py                  about two minutes, 1 GB of disk
    python benchmarks/top_k.py --folder DIR     where the data lies (see run.py)

First, workload A (50,000 x 1,000) with the 20 most probable classes of each row, against all of
them: how far the flagged rows agree. Then 200,000 rows of 100,000 classes, 20 of them listed, as
a sparse matrix and as two columns of lists: the whole command, its time and its memory.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
from run import WORKLOADS, generate, memory

ROWS, CLASSES, LISTED = 200_000, 100_000, 20
NOISE = 0.08


def audited(folder: Path, target: Path, *options: str) -> tuple[set[int], float, float]:
    """Return the rows that the command flags, its seconds and its resident peak in megabytes."""
    shutil.rmtree(target, ignore_errors=True)
    command = [sys.executable, "-m", "labelaudit", "audit", str(folder), "-o", str(target)]
    start = time.perf_counter()
    peak = 0.0
    with subprocess.Popen([*command, *options, "-q"], stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, memory("VmHWM", process.pid))
            time.sleep(0.02)
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    import pyarrow.parquet as pq

    rows = pq.read_table(target / "findings.parquet", columns=["row"])["row"].to_pylist()
    return set(rows), wall, peak


def save_sparse(
    path: Path, columns: npt.NDArray[np.int64], values: npt.NDArray[np.float32], n_classes: int
) -> None:
    from scipy.sparse import csr_array, save_npz

    n_rows, k = columns.shape
    order = np.argsort(columns, axis=1)
    columns, values = (np.take_along_axis(each, order, axis=1) for each in (columns, values))
    pointers = np.arange(0, n_rows * k + 1, k)
    matrix = csr_array((values.ravel(), columns.ravel(), pointers), shape=(n_rows, n_classes))
    save_npz(path, matrix)


def agreement(folder: Path, scratch: Path) -> None:
    """Compare the rows flagged from 20 of 1,000 classes with those flagged from all."""
    data = generate(WORKLOADS["A"], folder)
    full, wall, peak = audited(data, scratch / "full")
    print(f"A, all 1,000 classes: {len(full):,} flagged, {wall:.1f} s, {peak:,.0f} MB")
    probabilities = np.load(data / "pred_probs.npy")
    for k in (1000, 100, 20, 5):
        columns = (
            np.argpartition(-probabilities, k - 1, axis=1)[:, :k]
            if k < 1000
            else (np.tile(np.arange(1000), (len(probabilities), 1)))
        )
        top = scratch / f"top-{k}"
        top.mkdir()
        shutil.copy(data / "labels.npy", top / "labels.npy")
        values = np.take_along_axis(probabilities, columns, axis=1)
        save_sparse(top / "pred_probs.npz", columns, values, 1000)
        rows, wall, peak = audited(top, scratch / f"audit-{k}")
        both = len(rows & full)
        print(
            f"A, top {k}: {len(rows):,} flagged, {both:,} in common, Jaccard "
            f"{both / len(rows | full):.4f}, {wall:.1f} s, {peak:,.0f} MB"
        )


def extreme(folder: Path, scratch: Path) -> None:
    """Audit 200,000 rows of 100,000 classes, of which each row lists 20."""
    generator = np.random.default_rng(2026)
    true = generator.integers(0, CLASSES, ROWS)
    columns = generator.integers(0, CLASSES, (ROWS, LISTED))
    sure = generator.random(ROWS) < 0.9  # else the true class is only somewhere among the 20
    place = np.where(sure, 0, generator.integers(1, LISTED, ROWS))
    for _ in range(8):  # a class is listed once
        columns[np.arange(ROWS), place] = true
        order = np.sort(columns, axis=1)
        twice = (order[:, 1:] == order[:, :-1]).any(axis=1)
        columns[twice] = generator.integers(0, CLASSES, (int(twice.sum()), LISTED))
    columns[np.arange(ROWS), place] = true
    first = generator.beta(6, 2, ROWS)
    rest = np.sort(generator.exponential(size=(ROWS, LISTED - 1)), axis=1)[:, ::-1]
    rest *= ((1 - first) * 0.95 / rest.sum(axis=1))[:, None]
    values = np.column_stack([first, rest]).astype(np.float32)
    wrong = generator.random(ROWS) < NOISE
    labels = np.where(wrong, generator.integers(0, CLASSES, ROWS), true)
    names = "\n".join(f"class {number:06d}" for number in range(CLASSES)) + "\n"
    found = {}
    for kind in ("sparse", "columns"):
        data = scratch / kind
        data.mkdir()
        (data / "classes.txt").write_text(names, encoding="utf-8")
        np.save(data / "labels.npy", labels)
        if kind == "sparse":
            save_sparse(data / "pred_probs.npz", columns, values, CLASSES)
        else:
            import pyarrow as pa
            import pyarrow.parquet as pq

            lists = {
                name: pa.FixedSizeListArray.from_arrays(pa.array(column.ravel()), LISTED)
                for name, column in (("top_classes", columns), ("top_probs", values))
            }
            pq.write_table(pa.table(lists), data / "pred_probs.parquet")
        rows, wall, peak = audited(data, scratch / f"audit-{kind}")
        found[kind] = rows
        size = sum(path.stat().st_size for path in (scratch / f"audit-{kind}").rglob("*.json"))
        print(
            f"{ROWS:,} x {CLASSES:,}, top {LISTED} as {kind}: {len(rows):,} flagged, "
            f"{len(rows & set(np.flatnonzero(wrong).tolist())):,} of {int(wrong.sum()):,} wrong "
            f"labels among them, {wall:.1f} s, {peak:,.0f} MB, audit.json {size / 1e6:.0f} MB"
        )
    print(json.dumps({"the same rows from both": found["sparse"] == found["columns"]}))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path)
    folder = parser.parse_args().folder
    folder = folder or Path(tempfile.gettempdir()) / "labelaudit-benchmarks"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        agreement(folder, Path(scratch))
        extreme(folder, Path(scratch))


if __name__ == "__main__":
    main()
