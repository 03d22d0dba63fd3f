"""Exports of annotation tools and votes of several annotators; the cases are in `test_cases`."""

import pickle
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from labelaudit.auditing import audit
from labelaudit.core.coded import Coded
from labelaudit.core.errors import LabelauditError
from labelaudit.ingest.opening import open_dataset
from labelaudit.ingest.readers import document, textlines
from labelaudit.ingest.votes import Ballots, majority

CASES = sorted((Path(__file__).parent / "cases" / "annotations").iterdir())
MUTANTS_EACH = 12


def files_of(case: Path) -> list[Path]:
    return [path for path in sorted(case.rglob("*")) if path.is_file() and path.suffix != ""]


@pytest.fixture
def folder(request, tmp_path) -> Path:
    """A copy of a case as a user has it: without what is expected."""
    copy = tmp_path / "dataset"
    shutil.copytree(request.param, copy)
    (copy / "expected.json").unlink()
    return copy


@pytest.mark.parametrize(
    "folder", [case for case in CASES if "two_files" not in case.name], indirect=True, ids=str
)
def test_a_single_file_is_read_as_its_folder_is(folder):
    def outcome(path):
        try:
            dataset = open_dataset(path)
        except LabelauditError as error:
            return type(error), str(error).replace(str(path), "")
        return list(dataset.labels), dataset.class_names, dataset.format

    (file,) = files_of(folder)
    inside, alone = outcome(folder), outcome(file)
    assert inside == alone or isinstance(inside[0], type)


def test_damage_is_one_line_and_never_a_traceback(tmp_path):
    rng = random.Random(7)
    for case in CASES:
        for file in files_of(case):
            if file.name == "expected.json":
                continue
            raw = file.read_bytes()
            for number in range(MUTANTS_EACH):
                mutant = tmp_path / f"{number}" / file.name
                mutant.parent.mkdir(exist_ok=True)
                mutant.write_bytes(mutated(raw, rng))
                for target in (mutant, mutant.parent):
                    assert "\n" not in said_of(target)
                mutant.unlink()


def said_of(path: Path) -> str:
    """Return what is wrong with a dataset, if anything: whatever else is raised is a bug."""
    try:
        open_dataset(path)
    except LabelauditError as error:
        return str(error)
    return ""


def mutated(raw: bytes, rng: random.Random) -> bytes:
    """Return bytes with a few faults: flipped, cut, doubled, or a value of another type."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(raw) or 1)
        to = min(len(raw), at + rng.randint(1, 40))
        match rng.randrange(6):
            case 0:
                raw = raw[:at] + bytes([rng.randrange(256)]) + raw[at + 1 :]
            case 1:
                raw = raw[:at]
            case 2:
                raw = raw[:to] + raw[at:]
            case 3:
                raw = raw[:at] + raw[to:]
            case 4:
                raw = raw[:at] + rng.choice(ODD) + raw[at:]
            case 5:
                values = [b": 1", b': "', b": [", b": {", b"null", b"true", b'="']
                raw = raw.replace(rng.choice(values), rng.choice(ODD), rng.randint(1, 3))
    return raw


ODD = (
    b"null", b"[]", b"{}", b'""', b"1e999", b"-0", b"NaN", b"9" * 5000, b"9" * 400, b"[" * 5000,
    b"\\ud800", b"\xff", b"\x00", b"&x;", b"<!DOCTYPE a>", b"<a>" * 200, b": [[1]]", b': {"a": 1}',
    b": true", b'"\\u001b[2J"', b"\r\n", b"\xe2\x80\xae", b"__label__", b": 1.5", b" qid:1",
)  # fmt: skip


def test_a_doctype_is_refused_before_anything_in_it_is_expanded(tmp_path):
    entities = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 30))
    (tmp_path / "annotations.xml").write_text(
        f'<!DOCTYPE annotations [<!ENTITY e0 "lol">{entities}]><annotations>&e29;</annotations>'
    )
    with pytest.raises(LabelauditError, match="DOCTYPE"):
        open_dataset(tmp_path)


def test_one_endless_tag_is_refused(tmp_path):
    head = b'<annotations><version>1.1</version><image id="0" name="'
    (tmp_path / "annotations.xml").write_bytes(head + b"a" * (9 << 20))
    with pytest.raises(LabelauditError, match="one tag of more than 4 MiB"):
        open_dataset(tmp_path)


def test_a_document_that_is_too_large_says_so(tmp_path, monkeypatch):
    shutil.copy(CASES[0].parent / "coco_multi_label" / "a.json", tmp_path)
    monkeypatch.setattr(document, "MOST_BYTES", 100)
    with pytest.raises(LabelauditError, match=r"more than 0 MiB of JSON in one document"):
        open_dataset(tmp_path)


def test_a_document_that_is_nested_deeply_says_so(tmp_path):
    deep = "[" * 200_000 + "]" * 200_000
    task = '{"id": 1, "data": {}, "annotations": []}'
    (tmp_path / "export.json").write_text(f"[{task}, {deep}]")
    with pytest.raises(LabelauditError, match="nested too deeply"):
        open_dataset(tmp_path)


def test_a_line_without_an_end_says_so(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("__label__a " + "x" * 100)
    monkeypatch.setattr(textlines, "MOST_LINE", 50)
    with pytest.raises(LabelauditError, match="line 1: more than 0 MiB without an end of line"):
        open_dataset(tmp_path)


def test_majority_is_what_counting_by_hand_gives():
    rng = np.random.default_rng(0)
    rows, labels = rng.integers(0, 50, 200), rng.integers(0, 4, 200)
    names = ("c10", "c9", "b", "a")
    ballots = Ballots(
        rows=rows,
        annotators=Coded.of([None] * 200),
        labels=Coded(distinct=names, codes=labels.astype(np.int32)),
    )
    order = ["a", "b", "c10", "c9"]
    n_expected_ties = 0
    codes, n_ties = majority(ballots, 50)
    for row in range(50):
        votes = [names[code] for code in labels[rows == row]]
        if not votes:
            assert codes[row] == -1
            continue
        most = max(map(votes.count, votes))
        best = [name for name in order if votes.count(name) == most]
        n_expected_ties += len(best) > 1
        assert names[codes[row]] == best[0]
    assert n_ties == n_expected_ties > 0


def test_a_class_that_never_wins_is_a_class_and_votes_pickle_small(tmp_path):
    lines = [
        f"{row},{who},{'rare' if who == 2 else 'ab'[row % 2]}"
        for row in range(3000)
        for who in range(3)
    ]
    (tmp_path / "labels.csv").write_text("id,worker,label\n" + "\n".join(lines) + "\n")
    dataset = open_dataset(tmp_path)
    assert dataset.class_names == ("a", "b", "rare")
    assert len(dataset.votes) == 9000
    assert len(pickle.dumps(dataset.votes)) < 9000 * 16 + 1000


def test_votes_follow_the_rows_that_are_kept(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "id,annotator,label\nx,1,\nx,2,\na,1,cat\na,2,cat\nb,1,dog\nb,2,cat\nc,2,dog\n"
    )
    (tmp_path / "pred_probs.csv").write_text("id,cat,dog\nc,0.1,0.9\na,0.8,0.2\nx,0.5,0.5\n")
    dataset = open_dataset(tmp_path)
    assert list(dataset.ids) == ["a", "c"]
    assert dataset.votes.rows.tolist() == [0, 0, 1]
    assert dataset.votes.labels.tolist() == [0, 0, 1]


def test_one_of_two_exports_is_chosen_with_labels(tmp_path):
    shutil.copytree(CASES[0].parent / "coco_two_files", tmp_path, dirs_exist_ok=True)
    dataset = open_dataset(tmp_path, labels="instances_b.json")
    assert dataset.format == "coco"
    assert list(dataset.ids) == ["a.jpg"]


def test_votes_are_audited_as_the_majority_alone_is(tmp_path):
    rng = np.random.default_rng(3)
    rows = range(60)
    labels = ["cat" if row % 2 else "dog" for row in rows]
    shown = [labels[row] if row % 9 else "cat" for row in rows]
    probs = np.where(np.array(labels) == "cat", 0.9, 0.1) + rng.uniform(-0.05, 0.05, 60)
    for name, lines in (
        ("voted", [f"{row},{who},{shown[row]}" for row in rows for who in range(3)]),
        ("plain", [f"{row},0,{shown[row]}" for row in rows]),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "labels.csv").write_text("id,worker,label\n" + "\n".join(lines))
        (tmp_path / name / "pred_probs.csv").write_text(
            "id,cat,dog\n" + "\n".join(f"{row},{p:.6f},{1 - p:.6f}" for row, p in enumerate(probs))
        )
    voted, plain = (audit(tmp_path / name) for name in ("voted", "plain"))
    assert len(voted.findings) > 0
    assert voted.to_frame().equals(plain.to_frame())
