"""Columns of a table are described; what cannot be is left out, never an error."""

import json

import pytest

import labelaudit
from labelaudit.core.folder import load_audit, write_audit
from labelaudit.ingest import variables
from labelaudit.report import FORMATS, render

TABLE = """id,label,age,town,note
a,x,1,Rome,
b,y,,Rome,fine
c,x,3.5,Oslo,
d,y,0,,
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text(TABLE)
    return path


def test_columns_are_described_by_what_they_hold(table):
    found = {one.name: one for one in labelaudit.audit(table).dataset.variables}
    assert list(found) == ["label", "age", "town", "note"]
    assert [one.kind for one in found.values()] == ["nominal", "continuous", "nominal", "nominal"]
    assert (found["age"].missing, found["age"].high, found["age"].zeros) == (1, 3.5, 1)
    assert (found["town"].unique, found["town"].most.value) == (3, "Rome")
    assert (found["note"].most.value, found["note"].most.count) == (None, 3)
    assert (found["label"].count, found["label"].unique) == (4, 2)


def test_they_are_in_the_audit_and_on_the_page(table, tmp_path):
    audit = labelaudit.audit(table)
    (tmp_path / "audit").mkdir()
    write_audit(audit, tmp_path / "audit")
    again = load_audit(tmp_path / "audit")
    assert again.dataset.variables == audit.dataset.variables
    for name in FORMATS:
        assert render(again, name) == render(audit, name)
    assert "Rome" in render(audit, "html")
    assert "Rome" in render(audit, "terminal", section="columns")
    written = json.loads(render(audit, "json"))["dataset"]["variables"]
    assert written[1]["median"] == 1


def test_a_table_too_long_is_not_read_for_them(table, monkeypatch):
    monkeypatch.setattr(variables, "MOST_ROWS", 3)
    assert [one.name for one in labelaudit.audit(table).dataset.variables] == ["label"]


def test_lists_have_no_figures(tmp_path):
    rows = [{"label": "ab"[i % 2], "parts": [i, i], "size": i} for i in range(6)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    assert [one.name for one in labelaudit.audit(path).dataset.variables] == ["label", "size"]
