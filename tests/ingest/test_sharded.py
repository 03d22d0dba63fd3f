"""A dataset cut into files is the dataset it was, and a file that is missing is named."""

import pickle
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labelaudit import audit, open_dataset
from labelaudit.core import texts as texts_module
from labelaudit.core.errors import InputError, LabelauditError
from labelaudit.core.rows import Mapped
from labelaudit.core.schema import to_document
from labelaudit.ingest import fingerprint, matching
from tests.made import noisy

N_ROWS = 60
NAMES = ["ape", "bee", "cät"]
CODES, PROBABILITIES = noisy(N_ROWS, len(NAMES))
IDS = [f"é/{row:02d}.png" for row in range(N_ROWS)]
PROBS = [f"prob_{name}" for name in NAMES]
TABLE = pd.DataFrame({"id": IDS, "label": [NAMES[code] for code in CODES]})
PREDICTED = pd.DataFrame(PROBABILITIES, columns=PROBS).assign(id=IDS)

WRITERS = {
    ".csv": lambda frame, path: frame.to_csv(path, index=False),
    ".parquet": lambda frame, path: frame.to_parquet(path),
    ".feather": lambda frame, path: frame.reset_index(drop=True).to_feather(path),
    ".jsonl": lambda frame, path: frame.to_json(
        path, orient="records", lines=True, double_precision=15
    ),
}
NUMBERED = {
    "of": lambda stem, part, n: f"{stem}-{part:05d}-of-{n:05d}",
    "hub": lambda stem, part, n: f"{stem}-{part:05d}-of-{n:05d}-{part:016x}",
    "from one": lambda stem, part, n: f"{stem}_{part + 1:03d}",
    "plain": lambda stem, part, n: f"{stem}-{part}",
    "dotted": lambda stem, part, n: f"{stem}.{part}",
}


def cut(rows, cuts):
    ends = [0, *sorted(cuts), rows]
    return [slice(start, stop) for start, stop in pairwise(ends)]


def write_cut(folder, stem, frame, cuts, ending, number="of"):
    folder.mkdir(exist_ok=True, parents=True)
    pieces = cut(len(frame), cuts)
    for part, piece in enumerate(pieces):
        name = NUMBERED[number](stem, part, len(pieces))
        WRITERS[ending](frame.iloc[piece], folder / f"{name}{ending}")


def save_cut(folder, stem, array, cuts, number="of"):
    folder.mkdir(exist_ok=True, parents=True)
    pieces = cut(len(array), cuts)
    for part, piece in enumerate(pieces):
        np.save(folder / f"{NUMBERED[number](stem, part, len(pieces))}.npy", array[piece])


def in_order(opened):
    """Return what a dataset holds, by id."""
    by_id = sorted(range(len(opened)), key=opened.id_of)
    rows = np.array(by_id)
    return (
        [opened.id_of(row) for row in by_id],
        [opened.class_names[code] for code in opened.labels[rows]],
        opened.probabilities.take(rows).tolist(),
    )


def refused(folder, **options):
    with pytest.raises(LabelauditError) as refusal:
        open_dataset(folder, **options)
    assert "\n" not in str(refusal.value)
    return str(refusal.value).replace(f"{folder}/", "")


CUTS = st.sets(st.integers(1, N_ROWS - 1), max_size=4)


@settings(max_examples=25, deadline=None)
@given(
    label_cuts=CUTS,
    cuts=CUTS,
    order=st.permutations(range(N_ROWS)),
    ending=st.sampled_from(sorted(WRITERS)),
    number=st.sampled_from(sorted(NUMBERED)),
    scratched=st.booleans(),
)
def test_any_cut_in_any_order_is_the_same_dataset(
    tmp_path_factory, label_cuts, cuts, order, ending, number, scratched
):
    folder, scratch = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("scratch")
    write_cut(folder / "labels", "labels", TABLE, label_cuts, ending, number)
    write_cut(folder, "preds", PREDICTED.iloc[order], {*cuts, 30}, ending, number)
    opened = open_dataset(folder, scratch=scratch if scratched else None)
    ids, labels, probabilities = in_order(opened)
    assert ids == IDS
    assert labels == TABLE.label.tolist()
    assert np.allclose(probabilities, PROBABILITIES, rtol=0, atol=1e-14)
    cut_labels = bool(label_cuts) or number in ("of", "hub")
    if opened.probabilities.rows is not None:
        assert opened.part_ends == ((*sorted(label_cuts), N_ROWS) if cut_labels else ())
    assert opened.probabilities.where(7).startswith("preds")
    sent = pickle.loads(pickle.dumps(opened.probabilities))
    assert (sent.read(0, N_ROWS) == opened.probabilities.read(0, N_ROWS)).all()


@settings(max_examples=15, deadline=None)
@given(label_cuts=CUTS, cuts=CUTS, number=st.sampled_from(sorted(NUMBERED)))
def test_any_cut_of_arrays_is_the_same_dataset(tmp_path_factory, label_cuts, cuts, number):
    folder = tmp_path_factory.mktemp("data")
    save_cut(folder, "labels", CODES, {*label_cuts, 11}, number)
    save_cut(folder / "pred_probs", "part", PROBABILITIES, {*cuts, 20}, number)
    save_cut(folder / "embeddings", "x", PROBABILITIES, cuts, "of")
    opened = open_dataset(folder)
    assert opened.labels.tolist() == CODES.tolist()
    assert (opened.probabilities.read(0, N_ROWS) == PROBABILITIES).all()
    assert (opened.embeddings.read(0, N_ROWS) == PROBABILITIES).all()
    assert opened.part_ends == (*sorted({*cuts, 20}), N_ROWS)
    assert opened.inputs[1].path == "pred_probs"
    assert opened.inputs[1].n_bytes == sum(
        path.stat().st_size for path in (folder / "pred_probs").iterdir()
    )


def test_an_audit_of_parts_is_that_of_the_whole(tmp_path):
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    frame = TABLE.join(PREDICTED[PROBS])
    frame.to_parquet(whole / "train.parquet")
    write_cut(parts, "part", frame, [7, 31], ".parquet", "plain")
    expected, made = audit(whole), audit(parts)
    assert made.to_frame().equals(expected.to_frame())
    assert to_document(made)["detection"] == to_document(expected)["detection"]
    assert open_dataset(parts).part_ends == (7, 31, N_ROWS)


def test_parts_are_ordered_by_their_number(tmp_path):
    for part in range(12):
        np.save(tmp_path / f"labels-{part}.npy", np.full(2, part % 3))
        np.save(tmp_path / f"probs_{part:02d}.npy", np.eye(3)[[part % 3] * 2])
    opened = open_dataset(tmp_path)
    assert opened.labels.tolist() == [part % 3 for part in range(12) for _ in range(2)]
    assert opened.probabilities.read(0, 24).argmax(axis=1).tolist() == opened.labels.tolist()
    assert opened.probabilities.where(21) == "probs_10.npy, row 1 (from 0)"
    assert "predictions: probs_*.npy (found by name, 12 parts), matched by row order" in (
        opened.notices
    )


@pytest.mark.parametrize(
    "layout",
    [
        "labels/part-{}.parquet",
        "labels/{}.parquet",
        "data/train-0000{}-of-00003.parquet",
        "train-0000{}-of-00003.parquet",
        "part-0000{}-3f1c7d2e-1111-4222-8333-944455566677-c000.snappy.parquet",
        "part.{}.parquet",
        "labels.{}.parquet",
        "LABELS_{}.parquet",
    ],
)
def test_layouts(tmp_path, layout):
    for part, piece in enumerate(cut(N_ROWS, [9, 40])):
        path = tmp_path / layout.format(part)
        path.parent.mkdir(exist_ok=True)
        TABLE.iloc[piece].to_parquet(path)
    (path.parent / "_SUCCESS").touch()
    (path.parent / ".part-0.crc").write_bytes(b"x")
    np.save(tmp_path / "preds.npy", PROBABILITIES)
    opened = open_dataset(tmp_path)
    assert opened.ids == IDS
    assert opened.labels.tolist() == CODES.tolist()
    assert opened.part_ends == (9, 40, N_ROWS)
    assert "3 parts" in opened.notices[0]


def test_splits_side_by_side(tmp_path):
    for split in ("test", "train"):
        write_cut(tmp_path / "data", split, TABLE, [20], ".parquet")
    opened = open_dataset(tmp_path)
    assert opened.inputs[0].path == "data/train-*.parquet, test-*.parquet"
    assert opened.splits.tolist() == ["train"] * N_ROWS  # both use the same ids
    assert open_dataset(tmp_path, split="train").inputs[0].path == "data/train-*.parquet"
    said = refused(tmp_path, labels="data")
    assert said == (
        "--labels data: is a folder; name a file in it, one of test-*.parquet, train-*.parquet"
    )
    assert open_dataset(tmp_path, labels="data/test-*.parquet").inputs[0].path == (
        "data/test-*.parquet"
    )
    one = open_dataset(tmp_path, labels="data/test-00000-of-00002.parquet")
    assert len(one) == 20


def test_a_folder_may_be_named(tmp_path):
    write_cut(tmp_path / "mine", "x", TABLE, [20], ".csv", "plain")
    save_cut(tmp_path / "theirs", "y", PROBABILITIES, [30], "of")
    opened = open_dataset(tmp_path, labels="mine", predictions=str(tmp_path / "theirs"))
    assert opened.notices[0].startswith("labels: mine (by --labels, 2 parts), column `label`")
    assert (opened.probabilities.read(0, N_ROWS) == PROBABILITIES).all()
    (tmp_path / "none").mkdir()
    assert "is a folder; name a file in it" in refused(tmp_path, labels="none")


def test_images_by_class_are_still_images(tmp_path):
    for label in ("labels", "y", "predictions"):
        (tmp_path / label).mkdir()
        Image.new("L", (2, 2)).save(tmp_path / label / "0.png")
        np.save(tmp_path / label / "part-0.npy", CODES)
    assert open_dataset(tmp_path).class_names == ("labels", "predictions", "y")
    (tmp_path / "probs").mkdir()
    np.save(tmp_path / "probs" / "0.npy", np.full((2, 3), 1 / 3))
    np.save(tmp_path / "probs" / "1.npy", np.full((1, 3), 1 / 3))
    opened = open_dataset(tmp_path)
    assert opened.ids == ["labels/0.png", "predictions/0.png", "y/0.png"]
    assert opened.probabilities.width == 3


def test_one_numbered_file_is_a_file(tmp_path):
    np.save(tmp_path / "labels.npy", CODES)
    np.save(tmp_path / "pred_probs_1.npy", PROBABILITIES)
    assert open_dataset(tmp_path).inputs[1].path == "pred_probs_1.npy"


def fault_missing(folder):
    (folder / "preds-00001-of-00003.npy").unlink()


def fault_last_missing(folder):
    (folder / "preds-00002-of-00003.npy").unlink()
    (folder / "preds-00000-of-00003.npy").unlink()


def fault_two_totals(folder):
    np.save(folder / "preds-00003-of-00004.npy", PROBABILITIES)


def fault_twice(folder):
    np.save(folder / "preds-000001-of-00003.npy", PROBABILITIES)


def fault_format(folder):
    (folder / "preds-00001-of-00003.npy").unlink()
    PREDICTED.to_csv(folder / "preds-00001-of-00003.csv")


def fault_beyond(folder):
    np.save(folder / "preds-00003-of-00003.npy", PROBABILITIES)


def fault_width(folder):
    np.save(folder / "preds-00001-of-00003.npy", PROBABILITIES[20:40, :2])


def fault_type(folder):
    np.save(folder / "preds-00002-of-00003.npy", PROBABILITIES[40:].astype(np.float32))


def fault_empty(folder):
    (folder / "preds-00002-of-00003.npy").write_bytes(b"")


def fault_truncated(folder):
    path = folder / "preds-00002-of-00003.npy"
    path.write_bytes(path.read_bytes()[:-40])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (fault_missing, "preds-*.npy: 2 of 3 parts are here, missing: preds-00001-of-00003.npy"),
        (fault_last_missing, "missing: preds-00000-of-00003.npy, preds-00002-of-00003.npy; give"),
        (fault_two_totals, "preds-00003-of-00004.npy: says it is of 4, but preds-00000-of-00003"),
        (fault_twice, "preds-00001-of-00003.npy: has the same number as preds-000001-of-00003"),
        (fault_format, "preds-00001-of-00003.csv: is .csv, but the first part preds-00000-of-0"),
        (fault_beyond, "preds-00003-of-00003.npy: has a number that 3 parts do not have"),
        (fault_width, "preds-00001-of-00003.npy: has 2 columns, but preds-00000-of-00003.npy has"),
        (fault_type, "preds-00002-of-00003.npy: holds float32, but preds-00000-of-00003.npy floa"),
        (fault_empty, "preds-00002-of-00003.npy is empty (0 bytes)"),
        (fault_truncated, "preds-00002-of-00003.npy is not a readable npy file"),
    ],
)
def test_a_faulty_part_is_named(tmp_path, harm, said):
    np.save(tmp_path / "labels.npy", CODES)
    save_cut(tmp_path, "preds", PROBABILITIES, [20, 40])
    harm(tmp_path)
    assert said in refused(tmp_path)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ([0, 2], "labels-*.csv: 2 of 3 parts are here, missing: labels-1.csv"),
        ([1, 3], "labels-*.csv: 2 of 3 parts are here, missing: labels-2.csv"),
        ([2, 3], "labels-*.csv: 2 of 4 parts are here, missing: labels-0.csv, labels-1.csv"),
        ([2023, 2024], "missing: labels-0000.csv, labels-0001.csv, labels-0002.csv and 2,020 more"),
    ],
)
def test_a_gap_in_the_numbers_is_named(tmp_path, numbers, said):
    for number in numbers:
        TABLE.to_csv(tmp_path / f"labels-{number}.csv", index=False)
    assert said in refused(tmp_path)


@pytest.mark.parametrize(
    ("harmed", "said"),
    [
        (
            PREDICTED[20:].rename(columns={"prob_ape": "prob_ox"}),
            "preds/1.parquet: its columns are not those of preds/0.parquet: it lacks 'prob_ape' "
            "and adds 'prob_ox'",
        ),
        (
            PREDICTED[20:].astype(dict.fromkeys(PROBS, "float32")),
            "preds/1.parquet: holds float32, but preds/0.parquet float64; all parts must",
        ),
        (
            PREDICTED[19:59].assign(**{PROBS[0]: 0.25}),
            "preds/1.parquet, row 0 (from 0): id 'é/19.png' was already used in "
            "preds/0.parquet, row 19 (from 0)",
        ),
        (
            PREDICTED[20:].assign(id=[*IDS[20:59], ""]),
            "preds/1.parquet, row 39 (from 0): column 'id' has no id",
        ),
    ],
)
def test_a_faulty_part_of_a_table_is_named(tmp_path, harmed, said):
    write_cut(tmp_path / "labels", "labels", TABLE, [25], ".csv", "plain")
    folder = tmp_path / "preds"
    folder.mkdir()
    PREDICTED[:20].to_parquet(folder / "0.parquet")
    harmed.to_parquet(folder / "1.parquet")
    assert said in refused(tmp_path)


def test_bad_values_are_found_in_their_part(tmp_path):
    write_cut(tmp_path, "labels", TABLE, [25], ".csv")
    harmed = PREDICTED.copy()
    harmed.loc[42, "prob_bee"] = 1.5
    write_cut(tmp_path / "predictions", "part", harmed[::-1], [10], ".csv", "plain")
    with pytest.raises(InputError) as refusal:
        audit(tmp_path)
    assert str(refusal.value).startswith("predictions/part-1.csv, line 9, column 'prob_bee'")


def test_unlabelled_rows_and_empty_parts(tmp_path):
    table = TABLE.copy()
    table.loc[[3, 30, 59], "label"] = ""
    write_cut(tmp_path, "labels", table, [25, 25], ".parquet", "plain")
    save_cut(tmp_path, "preds", PROBABILITIES, [40, 40])
    opened = open_dataset(tmp_path)
    assert opened.part_ends == (24, 57)
    assert opened.source_rows.tolist() == [row for row in range(N_ROWS) if row not in (3, 30, 59)]
    assert (opened.probabilities.read(0, 57) == PROBABILITIES[opened.source_rows]).all()
    assert opened.ids == [IDS[row] for row in opened.source_rows]


def test_texts_of_different_lengths_are_alike(tmp_path):
    np.save(tmp_path / "labels-0.npy", np.array(["a", "bb"]))
    np.save(tmp_path / "labels-1.npy", np.array(["ccc", "a"]))
    opened = open_dataset(tmp_path)
    assert [opened.class_names[code] for code in opened.labels] == ["a", "bb", "ccc", "a"]


def test_parts_are_known_by_their_content(tmp_path, monkeypatch):
    np.save(tmp_path / "labels.npy", CODES)
    save_cut(tmp_path, "preds", PROBABILITIES, [20, 40])
    monkeypatch.setattr(fingerprint, "_BLOCK", 40)
    for limit, kind, changed in ((1 << 30, "parts:", 59), (10, "blocks:", 30)):
        monkeypatch.setattr(fingerprint, "FULL_HASH_BYTES", limit)
        before = open_dataset(tmp_path).inputs[1]
        assert before.fingerprint.startswith(kind)
        assert before.sha256 is None
        assert open_dataset(tmp_path).inputs[1].fingerprint == before.fingerprint
        other = PROBABILITIES.copy()
        other[changed] = 1 / 3
        save_cut(tmp_path, "preds", other, [20, 40])
        assert open_dataset(tmp_path).inputs[1].fingerprint != before.fingerprint


@pytest.mark.parametrize("many", [False, True])
def test_joined_out_of_memory_is_as_joined_within(tmp_path, monkeypatch, many):
    data, scratch = tmp_path / "data", tmp_path / "scratch"
    scratch.mkdir()
    if many:
        monkeypatch.setattr(matching, "AT_ONCE", 10)
        monkeypatch.setattr(texts_module, "_SPILL_ABOVE", 10)
    order = np.random.default_rng(0).permutation(N_ROWS)[:50]
    write_cut(data, "labels", TABLE[4:], [20], ".parquet")
    write_cut(data, "preds", PREDICTED.iloc[order], [10, 30], ".parquet")
    within, without = open_dataset(data), open_dataset(data, scratch=scratch)
    assert within.ids == without.ids
    assert within.contract == without.contract
    assert within.labels.tolist() == without.labels.tolist()
    n_rows = len(within)
    assert (within.probabilities.read(0, n_rows) == without.probabilities.read(0, n_rows)).all()
    assert isinstance(without.probabilities.values, Mapped)
    assert without.probabilities.rows is None
    assert [within.probabilities.where(row) for row in range(n_rows)] == [
        without.probabilities.where(row) for row in range(n_rows)
    ]
    assert len(pickle.dumps(without.probabilities)) < 1_000
    if many:
        assert len(pickle.dumps(without.ids)) < 1_000


def test_rows_left_out_are_read_where_they_lie(tmp_path):
    write_cut(tmp_path, "labels", TABLE[::2], [20], ".parquet")
    write_cut(tmp_path, "preds", PREDICTED, [10, 30], ".parquet")
    opened = open_dataset(tmp_path)
    assert opened.probabilities.rows.tolist() == list(range(0, N_ROWS, 2))
    assert (opened.probabilities.read(0, 30) == PROBABILITIES[::2]).all()


def test_links_in_circles_and_hostile_names(tmp_path):
    np.save(tmp_path / "labels.npy", CODES)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.npy").symlink_to("loop.npy")
    folder = tmp_path / "predictions"
    folder.mkdir()
    (folder / "loop").symlink_to("loop")
    for part in (0, 2):
        np.save(folder / f"\x1b[31m{part}\u202e-{part}.npy", PROBABILITIES)
        np.save(folder / f"\x1b[31m-{part}-of-3.npy", PROBABILITIES)
    said = refused(tmp_path)
    assert said.isprintable()
    assert "several files could be the predictions" in said
    for part in (0, 2):
        (folder / f"\x1b[31m{part}\u202e-{part}.npy").unlink()
    said = refused(tmp_path)
    assert said.isprintable()
    assert r"2 of 3 parts are here, missing: \x1b[31m-1-of-3.npy; give all" in said


def test_an_audit_folder_is_no_part(tmp_path):
    np.save(tmp_path / "labels.npy", CODES)
    (tmp_path / "predictions").mkdir()
    (tmp_path / "predictions" / "audit.json").write_text("{}")
    (tmp_path / "predictions" / "flagged.csv").write_text("id\n")
    assert open_dataset(tmp_path).probabilities is None


def test_a_single_part_that_is_all(tmp_path):
    np.save(tmp_path / "labels-00000-of-00001.npy", CODES)
    np.save(tmp_path / "preds-00001-of-00001.npy", PROBABILITIES)
    opened = open_dataset(tmp_path)
    assert opened.part_ends == (N_ROWS,)
    assert "labels: labels-*.npy (found by name, 1 part), ids: row numbers" in opened.notices


def test_files_of_many_parts_are_not_all_held_open(tmp_path):
    resource = pytest.importorskip("resource")
    save_cut(tmp_path, "labels", CODES, range(1, N_ROWS))
    save_cut(tmp_path, "preds", PROBABILITIES, range(1, N_ROWS))
    write_cut(tmp_path / "embeddings", "x", PREDICTED[PROBS], range(1, N_ROWS), ".parquet")
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    in_use = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc").exists() else 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (in_use + 45, limits[1]))
    try:
        opened = open_dataset(tmp_path)
        for matrix in (opened.probabilities, opened.embeddings):
            assert np.allclose(matrix.read(0, N_ROWS), PROBABILITIES, rtol=0, atol=1e-14)
            rows = np.random.default_rng(0).permutation(N_ROWS)
            assert np.allclose(matrix.take(rows), PROBABILITIES[rows], rtol=0, atol=1e-14)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_file_and_a_folder_of_parts_are_two_candidates(tmp_path):
    TABLE.to_csv(tmp_path / "labels.csv", index=False)
    write_cut(tmp_path / "labels", "x", TABLE, [20], ".csv")
    said = refused(tmp_path)
    assert "several files could be the labels: labels.csv, labels; choose one with --lab" in said
    assert len(open_dataset(tmp_path, labels="labels")) == N_ROWS


def test_parts_under_a_mark_of_their_own_are_not_mixed(tmp_path):
    np.save(tmp_path / "labels.npy", CODES)
    save_cut(tmp_path, "preds", PROBABILITIES, [20], "of")
    save_cut(tmp_path, "preds", PROBABILITIES, [20], "dotted")
    assert "could be the predictions: preds-*.npy, preds.*.npy; choose" in refused(tmp_path)
    opened = open_dataset(tmp_path, predictions="preds.*.npy")
    assert opened.probabilities.where(30) == "preds.1.npy, row 10 (from 0)"
    assert opened.inputs[1].how == "by --predictions, 2 parts"


def test_parts_of_arrays_that_are_no_arrays(tmp_path):
    np.save(tmp_path / "labels-0.npy", CODES)
    np.save(tmp_path / "labels-1.npy", np.array(1))
    assert "labels-1.npy: holds one number, not one for each row" in refused(tmp_path)
    np.save(tmp_path / "labels-1.npy", PROBABILITIES)
    assert "labels-1.npy: has 3 columns, but labels-0.npy has one value a row" in refused(tmp_path)


def test_ids_that_are_no_text(tmp_path):
    np.save(tmp_path / "labels.npy", CODES[:2])
    np.savez(tmp_path / "preds.npz", pred_probs=PROBABILITIES[:2], ids=["0", "\ud800"])
    assert "preds.npz: an id holds half of a surrogate pair" in refused(tmp_path)


def test_the_dataset_itself_may_be_the_parts(tmp_path):
    write_cut(tmp_path, "rows", TABLE, [20], ".csv")
    opened = open_dataset(tmp_path, labels=".")
    assert opened.ids == IDS
    assert not [notice for notice in opened.notices if notice.startswith("images")]
    assert opened.inputs[0].path == tmp_path.name


@pytest.mark.parametrize("other", [[0, 1], [True, False]])
def test_labels_of_another_type_in_one_part_are_refused(tmp_path, other):
    for part, labels in enumerate((["cat", None], [None, None], other)):
        frame = pd.DataFrame({"label": labels})
        frame.to_parquet(tmp_path / f"train-0000{part}-of-00003.parquet")
    with pytest.raises(InputError, match=r"00002-of-00003.*holds .*but train-00000.* text; all"):
        open_dataset(tmp_path)
