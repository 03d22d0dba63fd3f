"""Reads mutated files and archive bombs in a process of its own, whose memory is bounded.

    python -m tests.ingest.fuzzing FOLDER RUNS NAME ...

prints a line of JSON for each name: what came of it, how long it took and how much memory.
"""

import gzip
import io
import json
import random
import resource
import shutil
import sys
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_array, save_npz

from labelaudit.core.errors import LabelauditError
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.ingest.opening import open_dataset
from labelaudit.surveying import survey
from tests.made import noisy

# What may be mapped beyond what the libraries need: a file that claims more is not believed.
MOST_MAPPED = 3 << 30

N_ROWS, K = 60, 3
NAMES = ["ape", "bee", "cat"]
# Bytes that mean something to one format or another.
SPLICED = [
    b"\0", b'"', b"\n", b"\r\n", b",", b";", b"\t", b"{", b"]", b"nan", b"-1", b"1e999",
    b"\xff\xfe", b"PAR1", b"ARROW1", b"PK\x03\x04", b"__label__", b"<tag", b"&a;", b"9" * 400,
    b"[" * 3000,
]  # fmt: skip


def frame():
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    table = pd.DataFrame(probabilities, columns=[f"prob_{name}" for name in NAMES])
    table.insert(0, "id", [f"row {row}" for row in range(N_ROWS)])
    table.insert(1, "label", [NAMES[label] for label in labels])
    return table


def write_arrays(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "pred_probs.npy", probabilities)


def write_npz(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    np.savez_compressed(folder / "pred_probs.npz", pred_probs=probabilities, classes=list("012"))


def write_sparse(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    np.save(folder / "labels.npy", labels)
    save_npz(folder / "pred_probs.npz", csr_array(probabilities))


def write_lists(folder):
    labels, probabilities = noisy(N_ROWS, K, seed=1)
    table = {"label": labels, "pred_probs": list(probabilities)}
    pd.DataFrame(table).to_parquet(folder / "train.parquet")


def write_parts(folder):
    table = frame()
    table[:30].to_parquet(folder / "train-00000-of-00002.parquet")
    table[30:].to_parquet(folder / "train-00001-of-00002.parquet")


def write_long(folder):
    table = frame()
    table[["id", "label"]].to_csv(folder / "labels.csv", index=False)
    long = table.melt(["id", "label"], var_name="class", value_name="prob")
    long["class"] = long["class"].str.removeprefix("prob_")
    long[["id", "class", "prob"]].to_csv(folder / "predictions.csv", index=False)


def write_tasks(folder):
    tasks = [
        {
            "id": row,
            "data": {"text": "x"},
            "annotations": [
                {"completed_by": 1, "result": [{"type": "choices", "value": {"choices": [name]}}]}
            ],
        }
        for row, name in enumerate(frame()["label"])
    ]
    (folder / "project.json").write_text(json.dumps(tasks), encoding="utf-8")


def write_fasttext(folder):
    lines = [f"__label__{name} some text\n" for name in frame()["label"]]
    (folder / "train.txt").write_text("".join(lines), encoding="utf-8")


def write_document(folder):
    table = frame()
    table[["id", "label"]].to_csv(folder / "labels.csv", index=False)
    table.drop(columns="label").to_json(folder / "predictions.json", orient="records")


def write_stream(folder):
    table = pa.Table.from_pandas(frame(), preserve_index=False)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(folder / "train.arrow", table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=25)


SEEDS = {
    "csv": lambda folder: frame().to_csv(folder / "train.csv", index=False),
    "csv.gz": lambda folder: frame().to_csv(folder / "train.csv.gz", index=False),
    "tsv": lambda folder: frame().to_csv(folder / "train.tsv", index=False, sep="\t"),
    "jsonl": lambda folder: frame().to_json(folder / "train.jsonl", orient="records", lines=True),
    "parquet": lambda folder: frame().to_parquet(folder / "train.parquet"),
    "feather": lambda folder: frame().to_feather(folder / "train.feather"),
    "stream": write_stream,
    "document": write_document,
    "arrays": write_arrays,
    "npz": write_npz,
    "sparse": write_sparse,
    "lists": write_lists,
    "parts": write_parts,
    "long": write_long,
    "tasks": write_tasks,
    "fasttext": write_fasttext,
}


def mutated(chance, content):
    """Flip bytes, cut, splice, or repeat a piece: one to four times."""
    content = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(content) + 1)
        match chance.randrange(5):
            case 0:
                for _ in range(chance.choice((1, 1, 8))):
                    if content:
                        content[chance.randrange(len(content))] = chance.randrange(256)
            case 1:
                del content[place:]
            case 2:
                content[place:place] = chance.choice(SPLICED)
            case 3:
                del content[place : place + chance.randrange(1, 60)]
            case 4:
                content[place:place] = content[max(0, place - chance.randrange(1, 200)) : place]
    return bytes(content)


MIB = 1 << 20
TASK = b'[{"id":1,"data":{"text":"x"},"annotations":[{"completed_by":1,"result":[]}]}'


def gzipped(folder, name, *pieces):
    """Write pieces of text, each as often as is said: a repeated piece is packed but once."""
    with (folder / name).open("wb") as file:
        for piece, times in pieces:
            member = gzip.compress(piece)
            for _ in range(times):
                file.write(member)


def zipped(folder, name, key, shape):
    """Write an archive of a matrix of zeros that is never made: a block is packed but once."""
    header = io.BytesIO()
    values = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, values)
    n_bytes = 8 * shape[0] * shape[1]
    packer = zlib.compressobj(9, wbits=-15)
    begin = packer.compress(header.getvalue()) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = begin + block * (n_bytes // MIB) + packer.flush(zlib.Z_FINISH)
    check = zlib.crc32(header.getvalue())
    for _ in range(n_bytes // MIB):
        check = zlib.crc32(bytes(MIB), check)
    # Stored as it is packed, then said to be packed.
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr(f"{key}.npy", packed)
    content = bytearray((folder / name).read_bytes())
    whole = len(header.getvalue()) + n_bytes
    for mark, at in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        start = content.rindex(mark) if at == 10 else 0
        content[start + at : start + at + 2] = (8).to_bytes(2, "little")
        content[start + at + 6 : start + at + 10] = check.to_bytes(4, "little")
        content[start + at + 14 : start + at + 18] = whole.to_bytes(4, "little")
    (folder / name).write_bytes(content)


def with_labels(folder):
    np.save(folder / "labels.npy", np.array([0, 1] * 30))


def bomb_csv_line(folder):
    gzipped(folder, "train.csv.gz", (b"id,label\n", 1), (b"a" * MIB, 1500))


def bomb_csv_header(folder):
    gzipped(folder, "train.csv.gz", (b"a" * MIB, 1500))


def bomb_csv_quote(folder):
    gzipped(folder, "train.csv.gz", (b'id,label\n0,"', 1), ((b"a" * 99 + b"\n") * 10_000, 1500))


def bomb_jsonl_line(folder):
    gzipped(folder, "train.jsonl.gz", (b'{"label": "', 1), (b"a" * MIB, 1500))


def bomb_json_list(folder):
    with_labels(folder)
    gzipped(folder, "predictions.json.gz", (b"[0", 1), (b",[]" * (MIB // 3), 1500))


def bomb_json_text(folder):
    gzipped(folder, "project.json.gz", (TASK + b',{"x":"', 1), (b"a" * MIB, 1500))


def bomb_fasttext(folder):
    gzipped(folder, "train.txt.gz", (b"__label__a x\n__label__b", 1), (b"a" * MIB, 1500))


def bomb_npz(folder):
    with_labels(folder)
    zipped(folder, "pred_probs.npz", "pred_probs", (1500 * MIB // 16, 2))


def large_npz(folder):
    with_labels(folder)
    zipped(folder, "pred_probs.npz", "pred_probs", (128 * MIB // 16, 2))


def claim_npy(folder):
    with_labels(folder)
    with (folder / "pred_probs.npy").open("wb") as file:
        values = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**3)}
        np.lib.format.write_array_header_1_0(file, values)
        file.write(bytes(1000))


def claim_npz(folder):
    with_labels(folder)
    claim_npy(folder)
    with zipfile.ZipFile(folder / "pred_probs.npz", "w") as archive:
        archive.write(folder / "pred_probs.npy", "pred_probs.npy")
    (folder / "pred_probs.npy").unlink()


def bomb_parquet(folder):
    """Write texts of 1.2 gigabytes: packed they are nothing."""
    some = pa.array(["a" * MIB] * 50)
    table = pa.table({"label": pa.chunked_array([some] * 24)})
    options = {"compression": "zstd", "use_dictionary": False, "write_statistics": False}
    pq.write_table(table, folder / "train.parquet", **options)


def claim_parquet(folder):
    """Say that a page holds two gigabytes."""
    table = pa.table({"label": ["ape", "bee"] * 500})
    pq.write_table(table, folder / "train.parquet", compression="zstd", use_dictionary=False)
    content = (folder / "train.parquet").read_bytes()
    # The header of the first page: its type, then its size unpacked, both as zigzag varints.
    end = 7
    while content[end] >= 128:
        end += 1
    huge = b"\x15\x00\x15\xfe\xff\xff\xff\x0f"
    (folder / "train.parquet").write_bytes(content[:4] + huge + content[end + 1 :])


def claim_arrow(folder):
    """Say that a packed buffer holds an exabyte."""
    table = pa.table({"label": ["ape", "bee"] * 500})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    content = bytearray(sink.getvalue())
    at = content.index(b"\x28\xb5\x2f\xfd") - 8  # what zstd begins with, after the length
    content[at : at + 8] = (1 << 60).to_bytes(8, "little")
    (folder / "train.feather").write_bytes(content)


def deep_json(folder):
    with_labels(folder)
    (folder / "predictions.json").write_bytes(b"[" * 3_000_000)


def deep_jsonl(folder):
    (folder / "train.jsonl").write_bytes(b'{"label": ' + b"[" * 3_000_000)


def deep_tasks(folder):
    (folder / "project.json").write_bytes(TASK + b"," + b'{"a":' * 1_000_000)


def huge_numbers(folder):
    rows = [f'{{"id": {"9" * 4000}, "label": {"8" * 4000}}}', '{"id": 1e999, "label": -1e999}']
    rows += [f'{{"id": {"9" * 5_000_000}, "label": 1}}']
    (folder / "train.jsonl").write_text("\n".join(rows))


BOMBS = {
    make.__name__: make
    for make in (
        bomb_csv_line, bomb_csv_header, bomb_csv_quote, bomb_jsonl_line, bomb_json_list,
        bomb_json_text, bomb_fasttext, bomb_npz, large_npz, claim_npy, claim_npz,
        bomb_parquet, claim_parquet, claim_arrow, deep_json, deep_jsonl, deep_tasks, huge_numbers,
    )
}  # fmt: skip


def what_is_said_of(folder, scratch):
    """Return the refusal of a dataset, if it is refused; anything but a refusal is a fault."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            opened = open_dataset(folder, scratch=scratch)
            survey(begin(opened), Options(allow=("alignment",)))
        except LabelauditError as error:
            return str(error)
    return ""


def status(name):
    """Return a figure of this process in bytes, as Linux keeps it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name + ":"))


def tried(folder, scratch):
    """Return what is said of a dataset, the seconds that took, and the memory beyond before."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before, started = status("VmRSS"), time.perf_counter()
    try:
        said = what_is_said_of(folder, scratch)
    except Exception as error:
        said = f"TRACEBACK {error!r}"
    took = time.perf_counter() - started
    shutil.rmtree(scratch, ignore_errors=True)
    return said, took, max(status("VmHWM") - before, 0)


def mutations(name, folder, runs):
    """Yield the number of each mutation of the dataset in a folder, where it now lies."""
    whole = {path: path.read_bytes() for path in folder.iterdir()}
    for run in range(runs):
        chance = random.Random(f"{name} {run}")
        path = chance.choice(sorted(whole))
        path.write_bytes(mutated(chance, whole[path]))
        yield run
        path.write_bytes(whole[path])


def outcome(name, folder, runs):
    """Return what came of all mutations of a format, or of a bomb: the worst of each figure."""
    folder.mkdir()
    scratch = folder.with_name(folder.name + "-scratch")
    found = {"name": name, "files": 0, "refused": 0, "seconds": 0.0, "slowest": 0.0, "most": 0}
    wrong, said = [], ""
    if name in BOMBS:
        BOMBS[name](folder)
    else:
        SEEDS[name](folder)
        found["whole"], _, _ = tried(folder, scratch)
    for run in mutations(name, folder, runs) if name in SEEDS else [0]:
        said, took, grown = tried(folder, scratch)
        if "\n" in said or said.startswith("TRACEBACK"):
            wrong.append(f"{name}, run {run}: {said}")
        found["files"] += 1
        found["refused"] += bool(said)
        found["seconds"] += took
        found["slowest"] = max(found["slowest"], took)
        found["most"] = max(found["most"], grown)
    return found | {"wrong": wrong, "said": said}


def main(folder, runs, *names):
    np.linalg.norm(np.ones((64, 64)))  # the libraries' own threads are begun first
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + MOST_MAPPED, hard))
    for name in names:
        print(json.dumps(outcome(name, Path(folder) / name, int(runs))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
