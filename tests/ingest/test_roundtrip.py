"""Whatever pandas, pyarrow or numpy can write from valid labels and predictions is read back equal.

What has no place in a format (NUL in CSV, UTF-16) is refused in one line; nothing else is. A few
dozen tables of fixed seed for each law run here. A longer run, with other tables each time:

    LABELAUDIT_EXAMPLES=3000 python -m pytest tests/ingest/test_roundtrip.py -q
"""

import csv
import os
import re
import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute
import pyarrow.feather
import pyarrow.parquet as pq
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from labelaudit.core.errors import LabelauditError
from labelaudit.core.text import printable
from labelaudit.ingest.opening import open_dataset

EXAMPLES = int(os.environ.get("LABELAUDIT_EXAMPLES", "0"))


def law(share=1.0):
    """Let a law run on tables of a fixed seed, or for long on others."""
    return settings(
        max_examples=EXAMPLES or round(60 * share),
        derandomize=not EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


HOSTILE = [
    "NA", "nan", "null", "None", "N/A", "", " ", "007", "7", "-1", "1e3", "1,5", "True", "true",
    "🐈", "👨‍👩‍👧", "שלום", "مرحبا", "\u202eabc", "é", "e\u0301", 'a"b', '"', '""', "a,b", "a;b",
    "a\tb", "a|b", "a\nb", "a\r\nb", "\n", " x ", "=1+1", "'=x", "''=x", "\ufeffx", "[other]",
    "{x}", "label", "id", "prob_x", "#", "a\\", 'a\\"b', "\x1b[31m", "\x85", "\u2028", "a\0b",
    "__proto__",
    "class", "split", "p0", "index", "a" * 300,
]  # fmt: skip
TEXT = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
)
NAME = TEXT.filter(str.strip)
INTEGER = st.one_of(st.integers(-3, 12), st.integers(-(2**63), 2**63 - 1))


@dataclass(frozen=True)
class Made:
    """A table: `codes` say which of `classes` a row is labelled with (-1: with none).

    `names` are the classes and `ids` the rows as values, `probabilities` are float[rows, classes].
    """

    names: tuple
    codes: tuple
    ids: tuple | None
    probabilities: np.ndarray

    @property
    def labels(self):
        return [None if code < 0 else self.names[code] for code in self.codes]

    def text(self):
        """Return the table with names and ids as the texts that ought to be read."""
        ids = None if self.ids is None else tuple(map(str, self.ids))
        return replace(self, names=tuple(map(str, self.names)), ids=ids)


@st.composite
def tables(draw, names=None, ids=None, dtypes=("f2", "f4", "f8"), missing=True):
    classes = st.one_of(
        st.lists(NAME, min_size=2, max_size=8, unique=True),
        st.lists(INTEGER, min_size=2, max_size=8, unique=True),
        st.just([True, False]),
    )
    chosen = tuple(draw(names if names is not None else classes))
    n_rows = draw(st.integers(2, 9))
    codes = draw(
        st.lists(
            st.integers(-1 if missing else 0, len(chosen) - 1), min_size=n_rows, max_size=n_rows
        ).filter(lambda codes: max(codes) >= 0)
    )
    unique = {"min_size": n_rows, "max_size": n_rows, "unique": True}
    rows = st.one_of(
        st.none(), st.lists(NAME, **unique), st.lists(st.integers(-9, 10**18), **unique)
    )
    named = draw(ids if ids is not None else rows)
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    probabilities = dice.dirichlet(np.full(len(chosen), 0.7), n_rows)
    return Made(
        names=chosen,
        codes=tuple(codes),
        ids=None if named is None else tuple(named),
        probabilities=probabilities.astype(draw(st.sampled_from(dtypes))),
    )


def frame_of(made, columns=None):
    """Return a table as a frame: labels, ids, and a column for each class in a given order."""
    labels = made.labels
    if all(isinstance(name, int) and not isinstance(name, bool) for name in made.names):
        labels = pd.array(labels, dtype="Int64")
    elif isinstance(made.names[0], bool):
        labels = pd.array(labels, dtype="boolean")
    else:
        labels = pd.array(labels, dtype="str")
    frame = pd.DataFrame({"label": labels})
    if made.ids is not None:
        frame.insert(0, "id", list(made.ids))
    order = range(len(made.names)) if columns is None else columns
    wide = {f"prob_{made.names[at]}": made.probabilities[:, at] for at in order}
    return pd.concat([frame, pd.DataFrame(wide)], axis=1)


def new_folder(tmp_path):
    return Path(tempfile.mkdtemp(dir=tmp_path))


def opened_or_refused(folder, **choices):
    """Open a dataset, or return the one printable line that refuses it."""
    try:
        return open_dataset(folder, **choices)
    except LabelauditError as error:
        said = str(error)
        assert printable(said) == said
        assert 10 < len(said) < 3000, said
        return said


def assert_same(made, found, atol=0.0):
    """Assert that a dataset is the table: labels, ids, and probabilities by the class's name."""
    assert not isinstance(found, str), found
    made = made.text()
    kept = [row for row, code in enumerate(made.codes) if code >= 0]
    assert [found.class_names[code] for code in found.labels] == [made.labels[row] for row in kept]
    if made.ids is not None:
        assert list(found.ids) == [made.ids[row] for row in kept]
    assert set(found.class_names) == set(made.names)
    assert found.probabilities is not None
    read = found.probabilities.read(0, len(found))
    columns = [found.class_names.index(name) for name in made.names]
    expected = made.probabilities[kept]
    if found.probabilities.normalise:
        expected = expected.astype(float) / expected.sum(axis=1, keepdims=True, dtype=float)
        atol = atol or 1e-12
    if atol:
        assert np.allclose(read[:, columns], expected.astype(float), rtol=0, atol=atol)
    else:
        assert np.array_equal(read[:, columns].astype(made.probabilities.dtype), expected)


# CSV

GUARDED = re.compile(r"'+[=+\-@\t\r]")


def guarded(made):
    """Say whether a text looks as `labelaudit export` writes `=x`, as `'=x`: it is read as `=x`."""
    texts = map(str, (*made.names, *(made.ids or ())))
    return any(map(GUARDED.match, texts))


def ambiguous(made, quoting, lineterminator, **_):
    """Say whether what is written cannot be read back: a quote, or an end of line, stands bare."""
    text = "".join(map(str, (*made.names, *(made.ids or ()))))
    ends = set("\r\n") - set(lineterminator)  # Python before 3.13 quotes but its own
    bare_end = quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_NONE) and not ends.isdisjoint(text)
    return bare_end or (quoting == csv.QUOTE_NONE and '"' in text)


DIALECTS = st.fixed_dictionaries(
    {
        "sep": st.sampled_from(",;\t"),
        "quoting": st.sampled_from(
            [csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]
        ),
        "lineterminator": st.sampled_from(["\n", "\r\n", "\r"]),
        "float_format": st.sampled_from([None, None, "%.8f", "%.17g", "%.9e"]),
        "index": st.booleans(),
    }
)


@given(
    made=tables(),
    dialect=DIALECTS,
    ending=st.sampled_from([".csv", ".csv.gz", ".tsv"]),
    encoding=st.sampled_from(["utf-8", "utf-8", "utf-8-sig"]),
    chance=st.randoms(use_true_random=False),
)
@law(2)
def test_csv(tmp_path, made, dialect, ending, encoding, chance):
    assume(not guarded(made) and not ambiguous(made, **dialect))
    columns = chance.sample(range(len(made.names)), len(made.names))
    frame = frame_of(made, columns)
    folder = new_folder(tmp_path)
    try:
        frame.to_csv(folder / f"train{ending}", encoding=encoding, **dialect)
    except csv.Error:
        assume(False)  # pandas cannot write it
    texts = [str(text) for text in (*made.names, *(made.ids or ()))]
    found = opened_or_refused(folder)
    if any("\0" in text for text in texts):
        assert isinstance(found, str)
        assert "NUL" in found
        return
    atol = {None: 0.0, "%.17g": 0.0, "%.8f": 1e-8, "%.9e": 1e-9}[dialect["float_format"]]
    assert_same(made, found, atol)


@given(
    made=tables(),
    sep=st.sampled_from(",;"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
)
@law()
def test_csv_with_escaped_quotes_is_read_or_refused(tmp_path, made, sep, quoting):
    assume(not guarded(made) and not ambiguous(made, quoting, "\n"))
    texts = "".join(map(str, (*made.names, *(made.ids or ()))))
    assume("\\" not in texts)  # doubled, too: that is a text of its own
    folder = new_folder(tmp_path)
    options = {"sep": sep, "quoting": quoting, "doublequote": False, "escapechar": "\\"}
    frame_of(made).to_csv(folder / "train.csv", index=False, **options)
    found = opened_or_refused(folder)
    if '"' not in texts and "\0" not in texts:
        assert not isinstance(found, str), found
    if not isinstance(found, str):
        assert_same(made, found)


@given(made=tables(ids=st.none()), encoding=st.sampled_from(["utf-16", "utf-16-le", "utf-32"]))
@law(0.3)
def test_csv_that_is_not_utf_8_is_refused(tmp_path, made, encoding):
    folder = new_folder(tmp_path)
    frame_of(made).to_csv(folder / "train.csv", index=False, encoding=encoding)
    assert "UTF-8" in str(opened_or_refused(folder))


@given(made=tables(ids=st.none(), dtypes=["f8"]), sep=st.sampled_from(",;\t"))
@law(0.3)
def test_csv_with_decimal_commas_is_refused(tmp_path, made, sep):
    assume(not guarded(made) and not ambiguous(made, csv.QUOTE_MINIMAL, "\n"))
    assume("\0" not in "".join(map(str, made.names)))
    folder = new_folder(tmp_path)
    frame_of(made).to_csv(folder / "train.csv", index=False, sep=sep, decimal=",")
    found = opened_or_refused(folder)
    assert "write decimals with a point" in str(found)


# JSON


@given(
    made=tables(),
    ending=st.sampled_from([".jsonl", ".jsonl.gz", ".ndjson"]),
    digits=st.sampled_from([10, 15]),
    force_ascii=st.booleans(),
)
@law()
def test_json_lines_of_pandas(tmp_path, made, ending, digits, force_ascii):
    assume(not has_nul(made))  # pandas ends a key there
    folder = new_folder(tmp_path)
    frame_of(made).to_json(
        folder / f"train{ending}",
        orient="records",
        lines=True,
        double_precision=digits,
        force_ascii=force_ascii,
    )
    assert_same(made, opened_or_refused(folder), 10.0**-digits)


@given(made=tables(), orient=st.sampled_from(["records", "split", "index"]))
@law()
def test_a_json_document_of_predictions(tmp_path, made, orient):
    assume(not has_nul(made))  # pandas ends a key there
    folder = new_folder(tmp_path)
    frame = frame_of(made)
    known = ["label"] if made.ids is None else ["id", "label"]
    frame[known].to_parquet(folder / "labels.parquet")
    wide = frame.drop(columns="label")
    if made.ids is not None and orient == "index":
        wide = wide.set_index("id")
    wide.to_json(folder / "predictions.json", orient=orient, double_precision=15)
    assert_same(made, opened_or_refused(folder, predictions="predictions.json"), 1e-15)


# Parquet, Feather, Arrow

TEXTS = {
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int8(), pa.string()),
    "large dictionary": pa.dictionary(pa.uint32(), pa.large_string()),
    "dictionary of views": pa.dictionary(pa.int32(), pa.string_view()),
    "binary_view": pa.binary_view(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
}
ONLY_ARROW = ("runs", "dictionary of views", "binary_view")


@st.composite
def arrow_tables(draw, kinds=tuple(TEXTS)):
    """Return a table, and the same as an Arrow table of types that hold it."""
    made = draw(tables())
    columns = {"label": arrow_column(draw, made.labels, kinds)}
    if made.ids is not None:
        columns["id"] = arrow_column(draw, list(made.ids), kinds)
    kind = draw(st.sampled_from(["numbers", "numbers", "decimal", "text", "dictionary"]))
    for at, name in enumerate(made.names):
        array = pa.array(made.probabilities[:, at])
        if kind == "decimal":
            cells = [Decimal(f"{value:.20f}") for value in made.probabilities[:, at].tolist()]
            array = pa.array(cells, pa.decimal128(38, 20))
        elif kind == "text":
            array = pa.array([repr(float(value)) for value in made.probabilities[:, at]])
        elif kind == "dictionary" and made.probabilities.dtype != np.float16:
            array = array.dictionary_encode()
        columns[f"prob_{name}"] = array
    order = draw(st.permutations(list(columns)))
    return made, pa.table({name: columns[name] for name in order})


def arrow_column(draw, values, kinds):
    present = [value for value in values if value is not None]
    if isinstance(present[0], str):
        kind = draw(st.sampled_from(kinds))
        if "binary" in kind:
            values = [None if value is None else value.encode() for value in values]
        if kind == "runs":
            return pa.compute.run_end_encode(pa.array(values, pa.string()))
        if kind == "dictionary of views":
            plain = pa.array(values, pa.string()).dictionary_encode()
            views = plain.dictionary.cast(pa.string_view())
            return pa.DictionaryArray.from_arrays(plain.indices, views)
        return pa.array(values, TEXTS[kind])
    if isinstance(present[0], bool):
        return pa.array(values)
    array = pa.array(values, pa.int64())
    match draw(st.sampled_from(["int64", "small", "decimal", "dictionary"])):
        case "small" if all(0 <= value < 100 for value in present):
            kinds = [pa.int8(), pa.uint8(), pa.uint16(), pa.int32(), pa.uint64(), pa.float32()]
            return array.cast(draw(st.sampled_from(kinds)))
        case "decimal":
            return array.cast(pa.decimal128(38, draw(st.sampled_from([0, 2]))))
        case "dictionary":
            return array.dictionary_encode()
    return array


@given(
    case=arrow_tables([kind for kind in TEXTS if kind not in ONLY_ARROW]),
    rows=st.integers(1, 9),
    options=st.fixed_dictionaries(
        {
            "compression": st.sampled_from(["none", "snappy", "gzip", "zstd", "lz4", "brotli"]),
            "data_page_version": st.sampled_from(["1.0", "2.0"]),
            "version": st.sampled_from(["1.0", "2.4", "2.6"]),
            "use_dictionary": st.booleans(),
            "store_schema": st.booleans(),
            "write_statistics": st.booleans(),
            "write_page_index": st.booleans(),
            "data_page_size": st.sampled_from([1, 1 << 20]),
        }
    ),
)
@law(2)
def test_parquet(tmp_path, case, rows, options):
    made, table = case
    folder = new_folder(tmp_path)
    pq.write_table(table, folder / "train.parquet", row_group_size=rows, **options)
    assert_same(made, opened_or_refused(folder), 1e-15)


@given(
    case=arrow_tables([*TEXTS, "runs"]),
    rows=st.integers(1, 9),
    is_file=st.booleans(),
    ending=st.sampled_from([".arrow", ".feather"]),
    compression=st.sampled_from([None, "lz4", "zstd"]),
    deltas=st.booleans(),
)
@law(2)
def test_arrow(tmp_path, case, rows, is_file, ending, compression, deltas):
    made, table = case
    folder = new_folder(tmp_path)
    options = pa.ipc.IpcWriteOptions(compression=compression, emit_dictionary_deltas=deltas)
    new = pa.ipc.new_file if is_file else pa.ipc.new_stream
    with (
        pa.OSFile(str(folder / f"train{ending}"), "wb") as sink,
        new(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table, max_chunksize=rows)
    assert_same(made, opened_or_refused(folder), 1e-15)


@given(made=tables(), categories=st.booleans(), ending=st.sampled_from([".parquet", ".feather"]))
@law()
def test_columnar_files_of_pandas(tmp_path, made, categories, ending):
    folder = new_folder(tmp_path)
    frame = frame_of(made)
    if categories:
        frame["label"] = frame["label"].astype("category")
    if ending == ".parquet":
        frame.to_parquet(folder / "train.parquet")
    else:
        frame.to_feather(folder / "train.feather")
    assert_same(made, opened_or_refused(folder), 0.0)


@given(
    made=tables(names=st.integers(2, 8).map(range), ids=st.none(), dtypes=["f4", "f8"]),
    kind=st.sampled_from(["list", "large_list", "fixed", "list_view"]),
    ending=st.sampled_from([".parquet", ".feather", ".jsonl"]),
)
@law()
def test_lists_in_cells(tmp_path, made, kind, ending):
    assume(0 in made.codes)  # else nobody knows whether the labels count from 0
    folder = new_folder(tmp_path)
    cell = pa.from_numpy_dtype(made.probabilities.dtype)
    width = len(made.names)
    kinds = {
        "list": pa.list_(cell),
        "large_list": pa.large_list(cell),
        "fixed": pa.list_(cell, width),
        "list_view": pa.list_view(cell),
    }
    assume(ending != ".parquet" or kind != "list_view")
    lists = pa.array(list(made.probabilities), kinds[kind])
    table = pa.table({"label": pa.array(made.labels, pa.int64()), "pred_probs": lists})
    if ending == ".jsonl":
        table.to_pandas().to_json(folder / "train.jsonl", orient="records", lines=True)
    elif ending == ".feather":
        pyarrow.feather.write_feather(table, folder / "train.feather")
    else:
        pq.write_table(table, folder / "train.parquet")
    assert_same(made, opened_or_refused(folder), 1e-9 if ending == ".jsonl" else 0.0)


@given(
    moments=st.lists(
        st.datetimes(min_value=pd.Timestamp("1950-01-01"), max_value=pd.Timestamp("2200-01-01")),
        min_size=2,
        max_size=5,
        unique=True,
    ),
    unit=st.sampled_from(["us", "ns"]),
    zone=st.sampled_from([None, "UTC", "Europe/Zurich"]),
    ending=st.sampled_from([".parquet", ".feather", ".csv"]),
)
@law(0.5)
def test_points_in_time_as_labels(tmp_path, moments, unit, zone, ending):
    folder = new_folder(tmp_path)
    labels = (
        pd.Series(moments).dt.as_unit(unit).dt.tz_localize(zone and "UTC").dt.tz_convert(zone)
        if zone
        else pd.Series(moments).dt.as_unit(unit)
    )
    frame = pd.DataFrame({"label": labels})
    writers = {
        ".parquet": frame.to_parquet,
        ".feather": frame.to_feather,
        ".csv": lambda path: frame.to_csv(path, index=False),
    }
    writers[ending](folder / f"labels{ending}")
    found = opened_or_refused(folder)
    assert not isinstance(found, str), found
    read = [pd.Timestamp(found.class_names[code]) for code in found.labels]
    assert [r.tz_convert("UTC") if r.tz else r for r in read] == [
        v.tz_convert("UTC") if zone and read[0].tz else v for v in labels
    ]


# numpy

WIDTHS = ["i1", "u1", "<i2", ">i2", "u2", "i4", ">u4", "i8", ">i8", "u8", "f2", ">f4", "f8"]


def holds(kind, labels):
    """Say whether a type holds whole numbers as they are, and is sure to."""
    kept = labels.astype(kind)
    most = 2**10 if kept.dtype.kind == "f" else 2**63
    return (
        abs(labels.astype(float)).max() <= most and kept.astype(object).tolist() == labels.tolist()
    )


def arrays_of(draw, made):
    """Return the labels and probabilities of a table as arrays of types that hold them."""
    labels = list(made.labels)
    if isinstance(labels[0], bool):
        labels = np.array(labels)
    elif isinstance(labels[0], int):
        labels = np.array(labels)
        with np.errstate(all="ignore"):
            fits = [kind for kind in WIDTHS if holds(kind, labels)]
            labels = labels.astype(draw(st.sampled_from(fits)))
    else:
        labels = np.array(labels, dtype=">U300" if draw(st.booleans()) else str)
        if draw(st.booleans()):
            labels = np.char.encode(labels, "utf-8")
    probabilities = made.probabilities
    probabilities = probabilities.astype(
        probabilities.dtype.newbyteorder(draw(st.sampled_from("<>")))
    )
    return labels, np.asarray(probabilities, order=draw(st.sampled_from("CF")))


def no_nul(made):
    """Say whether numpy can hold the texts: of one that ends in NUL it drops that."""
    return not any(str(text).endswith("\0") for text in (*made.names, *(made.ids or ())))


@given(
    made=tables(
        names=st.one_of(
            st.integers(2, 8).map(range),
            st.lists(NAME, min_size=2, max_size=8, unique=True),
            st.just([True, False]),
        ),
        ids=st.none(),
        missing=False,
    ),
    version=st.sampled_from([None, (1, 0), (2, 0), (3, 0)]),
    data=st.data(),
)
@law()
def test_npy(tmp_path, made, version, data):
    assume(set(made.codes) == set(range(len(made.names))) and no_nul(made))
    folder = new_folder(tmp_path)
    labels, probabilities = arrays_of(data.draw, made)
    for name, array in (("labels", labels), ("pred_probs", probabilities)):
        with (folder / f"{name}.npy").open("wb") as file:
            np.lib.format.write_array(file, array, version=version, allow_pickle=False)
    order = sorted(
        made.names,
        key=None if isinstance(made.names[0], int) and not isinstance(made.names[0], bool) else str,
    )
    assert_same(
        replace(made, names=tuple(order), codes=tuple(order.index(v) for v in made.labels)),
        opened_or_refused(folder),
    )


@given(
    made=tables(missing=False, dtypes=["f2", "f4", "f8"]),
    packed=st.booleans(),
    chance=st.randoms(use_true_random=False),
    data=st.data(),
)
@law(2)
def test_npz(tmp_path, made, packed, chance, data):
    assume(no_nul(made))
    folder = new_folder(tmp_path)
    labels, probabilities = arrays_of(data.draw, made)
    save = np.savez_compressed if packed else np.savez
    columns = chance.sample(range(len(made.names)), len(made.names))
    rows = list(range(len(made.codes)))
    own, theirs = {"labels": labels}, {"classes": np.array(list(map(str, made.names)))[columns]}
    if made.ids is not None:
        rows = chance.sample(rows, len(rows))
        own["ids"] = np.array(list(made.ids))
        theirs["ids"] = own["ids"][rows]
    save(folder / "labels.npz", **own)
    save(folder / "preds.npz", pred_probs=probabilities[rows][:, columns], **theirs)
    assert_same(made, opened_or_refused(folder))


@given(
    array=st.sampled_from(
        [
            np.array([("a", 1)], dtype=[("label", "U1"), ("n", "i4")]),
            np.array(["a", None], dtype=object),
            np.array([1j, 2j]),
            np.array(["2020-01-01"], dtype="datetime64[D]"),
            np.array([1], dtype="m8[s]"),
            np.array(3),
            np.zeros((2, 2)),
            np.zeros(0),
            np.array([0.5, 1]),
            np.array([b"\xff"]),
            np.array([np.nan, np.nan]),
            np.array([np.inf, 1]),
            np.zeros(2, dtype="V4"),
        ]
    ),
    role=st.sampled_from(["labels", "pred_probs"]),
    ending=st.sampled_from([".npy", ".npz"]),
)
@law()
def test_arrays_that_are_no_labels_or_predictions(tmp_path, array, role, ending):
    folder = new_folder(tmp_path)
    np.save(folder / "labels.npy", np.array([0, 1]))
    np.save(folder / "pred_probs.npy", np.full((2, 2), 0.5))
    (folder / f"{role}.npy").unlink()
    if ending == ".npy":
        np.save(folder / f"{role}.npy", array)
    else:
        np.savez(folder / f"{role}.npz", **{role: array})
    opened_or_refused(folder)


# Wide and long tables of predictions beside the labels


@given(
    made=tables(ids=st.lists(NAME, min_size=9, max_size=9, unique=True)),
    prefix=st.sampled_from(["prob_", "proba_", "p_", "class_", ""]),
    ending=st.sampled_from([".csv", ".parquet", ".jsonl"]),
    chance=st.randoms(use_true_random=False),
)
@law(2)
def test_a_wide_table_of_predictions(tmp_path, made, prefix, ending, chance):
    made = replace(made, ids=made.ids[: len(made.codes)])
    assume(ending != ".csv" or not (guarded(made) or ambiguous(made, 0, "\n")))
    assume(ending == ".parquet" or not has_nul(made))
    folder = new_folder(tmp_path)
    frame = frame_of(made)
    frame[["id", "label"]].to_parquet(folder / "labels.parquet")
    wide = {
        f"{prefix}{name}": made.probabilities[:, at].astype(float)
        for at, name in enumerate(made.names)
    }
    # Without a prefix, `label` or `split` is a class only where a row is labelled so.
    assume("id" not in wide and (prefix or set(made.names) <= set(made.labels)))
    table = pd.DataFrame({"id": made.ids, **wide})
    table = table.sample(frac=1, random_state=chance.randrange(99))
    write(table, folder / f"preds{ending}")
    found = opened_or_refused(folder)
    if isinstance(found, str) and not prefix:
        return  # a class is called as other columns are
    assert_same(made, found, 1e-9)


def has_nul(made):
    return any("\0" in str(text) for text in (*made.names, *(made.ids or ())))


def write(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_json(path, orient="records", lines=True)


@given(
    made=tables(ids=st.lists(NAME, min_size=9, max_size=9, unique=True)),
    names=st.sampled_from([("class", "prob"), ("label", "score"), ("category", "probability")]),
    ending=st.sampled_from([".csv", ".parquet", ".jsonl"]),
    chance=st.randoms(use_true_random=False),
)
@law()
def test_a_long_table_of_predictions(tmp_path, made, names, ending, chance):
    made = replace(made, ids=made.ids[: len(made.codes)])
    assume(ending != ".csv" or not (guarded(made) or ambiguous(made, 0, "\n")))
    assume(ending == ".parquet" or not has_nul(made))
    folder = new_folder(tmp_path)
    frame_of(made)[["id", "label"]].to_parquet(folder / "labels.parquet")
    rows = [
        (made.ids[row], made.names[at], float(made.probabilities[row, at]))
        for row in range(len(made.codes))
        for at in range(len(made.names))
    ]
    chance.shuffle(rows)
    write(pd.DataFrame(rows, columns=["id", *names]), folder / f"predictions{ending}")
    assert_same(made, opened_or_refused(folder), 1e-9)
