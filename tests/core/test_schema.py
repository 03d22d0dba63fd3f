"""audit.json: written, read back, and written again to the same bytes."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labelaudit import load_audit
from labelaudit.auditing import detect, measure, run
from labelaudit.core.errors import InputError
from labelaudit.core.folder import AUDIT_FILE, write_audit
from labelaudit.core.schema import from_document, indented, to_document, to_json
from labelaudit.core.settings import Options
from labelaudit.engine.job import begin
from labelaudit.surveying import survey
from tests.made import dataset, noisy


def again(audit):
    """Write, read and write once more; findings lie in a file of their own."""
    return to_json(replace(from_document(json.loads(to_json(audit))), findings=audit.findings))


@pytest.mark.parametrize("n_classes", [2, 5, 150])
@pytest.mark.parametrize("stage", ["ingest", "detect", "measure", "all"])
def test_round_trip_after_every_stage(stage, n_classes):
    labels, probabilities = noisy(400, n_classes)
    data = dataset(labels, probabilities, embeddings=np.random.default_rng(0).random((400, 3)))
    options = Options(origins={"seed": "flag"})
    job, made = survey(begin(data), options)
    if stage == "detect":
        made = detect(job, made, options)
    elif stage == "measure":
        made = measure(job, made, options)
    elif stage == "all":
        made = run(begin(data), options)
    assert again(made) == to_json(made)


def test_many_classes_have_a_sparse_joint():
    labels, probabilities = noisy(600, 150)
    made = run(begin(dataset(labels, probabilities)), Options())
    document = to_document(made)
    assert document["detection"]["confident_joint"]["shape"] == [150, 150]
    read = from_document(document)
    assert (read.detection.confident_joint == made.detection.confident_joint).all()
    assert document["detection"]["class_thresholds"] == [
        value if value < 1.5 else None for value in made.detection.class_thresholds.tolist()
    ]


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(max_size=4) | st.sampled_from(["]", "],\n[", "],\n  [", '"', "\u2028", "\x7f"])


@given(
    st.recursive(
        PLAIN | TEXT,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(st.lists(PLAIN | TEXT, max_size=3), max_size=3)
            | st.dictionaries(TEXT, inner, max_size=3)
        ),
    )
)
@settings(deadline=None)
def test_json_is_indented_as_the_standard_library_does(value):
    assert indented(value) == json.dumps(value, indent=1, ensure_ascii=False)


@given(names=st.lists(st.text(min_size=1).filter(str.strip), min_size=3, max_size=3, unique=True))
@settings(max_examples=50, deadline=None)
def test_any_class_names_survive(names):
    from labelaudit import audit

    labels, probabilities = noisy(60, 3)
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return
    made = audit([names[code] for code in labels], probabilities, class_names=names)
    assert again(made) == to_json(made)
    assert from_document(to_document(made)).dataset.class_names == tuple(names)


@pytest.fixture
def folder(tmp_path):
    made = run(begin(dataset(*noisy(100, 3))), Options())
    write_audit(made, tmp_path)
    return tmp_path


def test_loading_gives_the_findings(folder):
    made = run(begin(dataset(*noisy(100, 3))), Options())
    assert list(load_audit(folder).findings) == list(made.findings)
    assert len(made.findings) > 0


def edited(folder, change):
    path = folder / AUDIT_FILE
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")


def refused(folder):
    with pytest.raises(InputError) as refusal:
        load_audit(folder)
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize("version", [0, 2, "1", None, "x" * 500])
def test_another_version_is_refused(folder, version):
    edited(folder, lambda document: document.update(schema_version=version))
    assert "schema version" in refused(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.pop("dataset"),
        lambda document: document["dataset"].pop("n_classes"),
        lambda document: document["dataset"].update(nonsense=1),
        lambda document: document.update(contract=3),
        lambda document: document["detection"].update(confident_joint="x"),
        lambda document: document["detection"].pop("class_thresholds"),
        lambda document: document.update(measurements=[1]),
        lambda document: document.update(alerts={"a": 1}),
        lambda document: document["provenance"].pop("settings"),
    ],
)
def test_a_damaged_audit_is_one_line(folder, change):
    edited(folder, change)
    assert "is not as labelaudit writes it" in refused(folder)


@pytest.mark.parametrize("text", ["", "{", '["tool": "labelaudit"', '[{"tool": "labelaudit"}]'])
def test_what_is_no_json_is_one_line(folder, text):
    (folder / AUDIT_FILE).write_text(text)
    assert refused(folder)


def test_a_text_cut_short_is_one_line(folder):
    text = (folder / AUDIT_FILE).read_text(encoding="utf-8")
    (folder / AUDIT_FILE).write_text(text[: len(text) // 2])
    assert "cannot be read" in refused(folder)
    (folder / AUDIT_FILE).write_bytes(text[:200].encode() + b"\xff\xfe")
    assert refused(folder)


def test_damaged_findings_are_one_line(folder):
    (folder / "findings.parquet").write_bytes(b"PAR1 no more")
    assert "findings.parquet: cannot be read" in refused(folder)
    (folder / "findings.parquet").unlink()
    assert "findings.parquet: cannot be read" in refused(folder)


def test_damaged_scores_are_one_line(folder):
    made = load_audit(folder)
    for make in (lambda: None, lambda: (folder / "scores").mkdir(exist_ok=True)):
        make()
        with pytest.raises(InputError, match="scores: cannot be read"):
            made.to_frame()
    (folder / "scores" / "part-00000.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="scores: cannot be read"):
        made.to_frame()
