"""What a hurried or hostile user may try: each ends in one clear line, or works."""

import os

import numpy as np
import pytest

from labelaudit import load_audit
from labelaudit.core.folder import is_refused

P = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
LABELS = [0, 1, 0]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "d"
    path.mkdir()
    np.save(path / "labels.npy", LABELS)
    np.save(path / "pred_probs.npy", P)
    return path


def only(folder, **files):
    """Leave but the given files in a folder: arrays by name, and texts."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        path = folder / f"{stem}.{ending}"
        if ending == "npy":
            np.save(path, content)
        elif isinstance(content, bytes):
            path.write_bytes(content)
        else:
            path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("d", "is a folder that is no audit"),
        ("d/labels.npy", "is no folder"),
        ("/", "is a folder that is no audit"),
        (".", "is a folder that is no audit"),
        ("", "is a folder that is no audit"),
        ("/dev/null", "is no folder"),
        ("/proc/x", "cannot be written"),
        ("no/where", "no such folder to write the audit into"),
        ("d/labels.npy/x", "no such folder to write the audit into"),
        ("x" * 300, "File name too long"),
    ],
)
def test_an_audit_goes_nowhere_odd(cli, folder, tmp_path, target, said):
    for command in ("audit", "ingest"):
        done = cli(command, "d", "-o", target)
        assert done.code == 2
        assert said in done.complaint
    assert os.listdir(tmp_path) == ["d"]
    assert sorted(os.listdir(folder)) == ["labels.npy", "pred_probs.npy"]


def test_an_audit_inside_the_dataset_if_asked_for(cli, folder):
    assert cli("ingest", "d", "-o", "d/out").code == 0
    assert cli("detect", "d/out").code == 0
    assert cli("audit", "d", "-o", "d/out").code == 0


def test_an_audit_inside_a_folder_of_images(cli, folder):
    only(folder)
    for label in ("a", "b"):
        (folder / label).mkdir()
        (folder / label / "x.png").write_bytes(b"x")
    assert cli("ingest", "d", "-o", "d/out").code == 4
    assert cli("measure", "d/out").code == 0


@pytest.mark.parametrize(
    ("command", "target", "said"),
    [
        ("report --format html", "d", "d: cannot be written: Is a directory"),
        ("report", "no/x", "cannot be written: No such file or directory"),
        ("report", "", ".: cannot be written: Is a directory"),
        ("export", "d", "d: cannot be written: Is a directory"),
        ("export --format parquet", ".", "cannot be written: Is a directory"),
        ("export --format parquet", "no/x", "cannot be written: No such file or directory"),
    ],
)
def test_a_file_goes_nowhere_odd(cli, folder, tmp_path, command, target, said):
    cli("audit", "d")
    name, *flags = command.split()
    done = cli(name, "d-audit", *flags, "-o", target)
    assert done.code == 2
    assert said in done.complaint
    assert sorted(os.listdir(tmp_path)) == ["d", "d-audit"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no labels found"),
        ({"labels_csv": bytes(range(256))}, "NUL byte"),
        ({"labels_csv": b"\x89PNG\r\n\x1a\n"}, "not UTF-8"),
        ({"labels_csv": "id,label\n1,a\n".encode("utf-16")}, "NUL byte"),
        ({"labels_csv": "<!DOCTYPE html>\n<p>404\n"}, "no column is named like labels"),
        ({"labels_csv": "label"}, "holds no rows"),
        ({"labels_csv": "label,label\na,b\n"}, "has several columns named 'label'"),
        ({"labels_npy": np.zeros((3, 2)), "preds_npy": P}, "labels of shape (3, 2)"),
        ({"labels_npy": np.array([], int), "preds_npy": P[:0]}, "holds no rows"),
        ({"labels_npy": np.zeros(2, complex)}, "cannot read values of type complex128"),
        ({"labels_npy": LABELS, "preds_npy": P[:, :1]}, "for two classes: 1 - p and p"),
        ({"labels_npy": LABELS, "preds_npy": np.full((3, 2), 128, np.uint8)}, "value 128"),
        ({"labels_npy": LABELS, "preds_npy": P.astype(complex)}, "type complex128"),
        ({"labels_npy": LABELS, "preds_npy": P, "embeddings_npy": P[:, :0]}, "no numbers in it"),
        ({"labels_npy": LABELS, "preds_npy": P, "embeddings_npy": P[0]}, "has shape 2"),
        (
            {"labels_csv": "label\na\nb\n", "preds_csv": "a,b,note\n.9,.1,hi\n.2,.8,ho\n"},
            "column 'note': 'hi' is not a number",
        ),
        (
            {"labels_csv": "label\na\nb\n", "preds_csv": "a,a\n.9,.1\n.2,.8\n"},
            "has several columns named 'a'",
        ),
        ({"labels_jsonl": '{"label": ["a", "b"]}\n'}, "a list of labels per row (multi-label)"),
        ({"labels_jsonl": "[1, 2]\n"}, "not an object"),
        ({"labels_npy": [0, 1], "preds_npz": b"PK\x03\x04"}, "is not a readable npz file"),
    ],
)
def test_odd_data_is_one_line(cli, folder, tmp_path, files, said):
    only(folder, **files)
    done = cli("audit", "d")
    assert done.code == 2
    assert said in done.complaint
    left = set(os.listdir(tmp_path)) - {"d"}  # a refusal by the contract says so in a folder
    assert left <= {"d-audit"}
    assert all(is_refused(tmp_path / name) for name in left)


@pytest.mark.parametrize(
    "files",
    [
        {"labels_npy": [0, 0, 0], "preds_npy": P},
        {"labels_npy": [0], "preds_npy": P[:1]},
        {"labels_npy": np.array([2**63, 1, 1], np.uint64), "preds_npy": P},
        {"labels_csv": "label\n" + "9" * 5000 + "\n1\n", "preds_npy": P[:2]},
        {"labels_csv": "label\n٣\n٤\n", "preds_npy": P[:2]},
        {"labels_csv": "label\n²\n³\n", "preds_csv": "²,³\n.9,.1\n.2,.8\n"},
        {"labels_csv": "label\n0\n1\n", "preds_csv": "0,1,pred\n.9,.1,x\n.2,.8,y\n"},
        {"labels_npy": LABELS, "preds_npy": P.astype(np.longdouble)},
        {"labels_npy": LABELS, "preds_npy": P.astype(">f4")},
        {"labels_npy": LABELS, "preds_npy": np.asfortranarray(P)},
        {"labels_npy": LABELS, "preds_npy": P, "embeddings_npy": np.zeros((3, 2))},
        {"labels_npy": LABELS, "preds_npy": P, "embeddings_npy": np.ones((3, 2), bool)},
    ],
)
def test_odd_data_that_works(cli, folder, files):
    only(folder, **files)
    done = cli("audit", "d")
    assert done.code == 0, done.err
    for command in (["detect"], ["measure"], ["report"], ["export", "--rows", "all"]):
        assert cli(*command, "d-audit").code == 0


def test_strange_files(cli, folder, tmp_path):
    only(folder)
    (folder / "labels.csv").symlink_to("labels.csv")
    assert "no labels found" in cli("audit", "d").complaint
    os.mkfifo(folder / "y.csv")
    assert "no labels found" in cli("audit", "d").complaint
    assert "is a pipe or a device" in cli("audit", "d/y.csv").complaint
    assert "not a format that can be read" in cli("audit", "/dev/null").complaint
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert cli("audit", "a").code == 2


def test_images_without_labels(cli, folder):
    only(folder)
    (folder / "images").mkdir()
    (folder / "images" / "x.png").write_bytes(b"x")
    done = cli("audit", "d")
    assert done.code == 2
    assert "no labels found" in done.complaint


def test_a_name_that_is_not_utf8(cli, folder, tmp_path):
    name = os.fsdecode(b"caf\xe9")
    folder.rename(tmp_path / name)
    assert cli("audit", name).code == 0
    assert cli("detect", "caf\\udce9-audit").code == 0
    assert load_audit("caf\\udce9-audit").dataset.name == "caf\\udce9"
    assert (
        "its path is not UTF-8; name another with -o"
        in cli("audit", name, "-o", name + "x").complaint
    )
    assert cli("audit", f"{name}-nothing").code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "\x1b[31m<script>"],
        ["\x1b[31m"],
        ["audit", "\x1b]0;title\x07"],
        ["audit", "a\nb"],
        ["audit", "d", "--filter", "\x1b[31m"],
        ["audit", "d", "--label-column", "\x1b[31m"],
        ["audit", "d", "--classes", "\x1b[31m"],
        ["audit", "d", "--write", "\x1b[31m"],
        ["report", "d", "--format", "\x1b[31m"],
        ["export", "d", "--rows", "\x1b[31m"],
    ],
)
def test_hostile_words_on_the_command_line(cli, folder, arguments):
    done = cli(*arguments)
    assert done.code == 2
    assert done.complaint.isprintable()


def test_an_id_that_looks_like_an_option(cli, folder):
    only(folder, labels_csv="id,label\n-1,0\n--help,1\n", preds_npy=P[:2])
    assert cli("audit", "d").code == 0
    assert cli("show", "d-audit", "--", "-1").code == 0
    assert cli("show", "d-audit", "--", "--help").code == 0
