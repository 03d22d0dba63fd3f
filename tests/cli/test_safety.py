"""Hostile strings in every place a dataset has for them: all inert, wherever they come out."""

import csv
import html.parser
import io
import json
import pickle
import unicodedata

import numpy as np
import pytest

from labelaudit import audit, load_audit, open_dataset
from labelaudit.core.errors import InputError
from labelaudit.export.cells import guarded

CLASSES = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","x")',
    "\x1b[31mred\x1b]0;title\x07",
    "[bold]rich[/bold][link=http://evil.example]x[/link]",
    "two\nlines\r\nthree",
    "L" * 10_000,
    "\u202egnp.exe\u2066",
    "'=already",
    "+1",
    "-1",
    "@sum",
    "\ttab",
    '"><img src=x onerror=alert(1)>',
    "::error::pwned",
    "| pipe `tick` <!-- [a](javascript:alert(1))",
    "{{ 7*7 }}{% raw %}",
    "\x9b31mC1",
    "NUL-free",
]


@pytest.fixture
def hostile(tmp_path):
    """A dataset whose classes, ids, columns and name are hostile; every label is suspected."""
    folder = tmp_path / "<b onmouseover=x>[red]'\x1b[31m"
    folder.mkdir()
    count = len(CLASSES)
    rows = []
    for code in range(count):
        for copy in range(6):
            seen = (code + 1) % count if copy == 0 else code
            row = {"id": f"{CLASSES[code]}#{copy}", "label": CLASSES[code]}
            row |= {
                f"prob_{name}": 0.9 if own == seen else 0.1 / (count - 1)
                for own, name in enumerate(CLASSES)
            }
            rows.append(row)
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture
def audited(hostile, cli):
    done = cli("audit", hostile, "-o", "out")
    assert done.code == 0
    return done


def inert_in_terminal(text):
    for line in text.split("\n"):
        for character in line:
            assert unicodedata.category(character) not in {"Cc", "Zl", "Zp"}, repr(line)
            assert character not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def test_in_the_terminal(audited, cli):
    inert_in_terminal(audited.out)
    inert_in_terminal(audited.err)
    assert max(map(len, audited.out.splitlines())) <= 80
    assert "[bold]rich" in audited.out  # as text, not as markup
    for name in CLASSES:
        done = cli("show", "out", "--", f"{name}#0")
        assert done.code == 0
        inert_in_terminal(done.out)
        done = cli("show", "out", "--", f"{name}#nothing")
        assert done.code == 2
        inert_in_terminal(done.complaint)


def test_in_coloured_terminals(hostile, cli, monkeypatch):
    import re

    monkeypatch.setenv("FORCE_COLOR", "1")
    done = cli("audit", hostile, "-o", "out", "-v")
    inert_in_terminal(re.sub(r"\x1b\[[0-9;]*m", "", done.out))
    assert "\x1b]" not in done.out
    inert_in_terminal(done.err)


class Page(html.parser.HTMLParser):
    """Notes elements and attributes that act."""

    def __init__(self):
        super().__init__()
        self.acts = []

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            text = (value or "").strip().lower()
            if name.startswith("on") or text.startswith("javascript:"):
                self.acts.append((tag, name, value))
            if name in ("src", "href") and not text.startswith(("#", "data:", "https://")):
                self.acts.append((tag, name, value))
        if tag in ("iframe", "object", "embed", "img", "base"):
            self.acts.append((tag,))


def acting(text):
    page = Page()
    page.feed(text)
    return page.acts


def test_in_html(audited, tmp_path):
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert acting(text) == []
    assert "alert(1)</script>" not in text
    assert "Content-Security-Policy" in text
    assert "49" not in text or "{{ 7*7 }}" in text
    for character in "\x1b\x9b\x07\u202e\u2066":
        assert character not in text
    assert acting(load_audit(tmp_path / "out")._repr_html_()) == []


def test_in_markdown(audited, cli):
    text = cli("report", "out", "--format", "markdown").out
    inert_in_terminal(text)
    assert "<script>" not in text
    assert "<img" not in text
    assert "<!--" not in text
    assert "[a](javascript:" not in text


def test_in_json(audited, cli):
    text = cli("report", "out", "--format", "json").out
    assert CLASSES[2] in json.loads(text)["dataset"]["class_names"]


def test_in_csv_and_back(audited, cli, tmp_path):
    text = (tmp_path / "out" / "flagged.csv").read_bytes().decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(CLASSES)
    for row in rows:
        for column in ("id", "given_label", "suggested_label"):
            assert row[column][0] not in "=+-@\t\r"
    opened = open_dataset(
        tmp_path / "out" / "flagged.csv", label_column="given_label", id_column="id"
    )
    made = load_audit(tmp_path / "out")
    assert list(opened.ids) == [finding.id for finding in made.findings]
    assert {f"{name}#0" for name in CLASSES} == set(opened.ids)
    assert [opened.class_names[code] for code in opened.labels] == [
        finding.given_label for finding in made.findings
    ]


def test_in_parquet_nothing_is_changed(audited, tmp_path):
    frame = load_audit(tmp_path / "out").to_frame()
    assert frame.given_label.tolist() == [name for name in CLASSES for _ in range(6)]


def test_a_terminal_shows_exported_text_harmless(audited, cli, monkeypatch):
    from labelaudit.cli import console

    raw = cli("export", "out").out
    assert "\x1b" in raw  # a file or a program gets the data as they are
    monkeypatch.setattr(console, "to_terminal", lambda: True)
    inert_in_terminal(cli("export", "out").out)
    inert_in_terminal(cli("export", "out", "--rows", "all").out)
    inert_in_terminal(cli("report", "out", "--format", "json").out)


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1", "'=1"),
        ("'=1", "''=1"),
        ("''=1", "'''=1"),
        ("'", "'"),
        ("'a", "'a"),
        ("a=1", "a=1"),
        ("", ""),
        ("-1", "'-1"),
        ("\t", "'\t"),
        ("\rx", "'\rx"),
    ],
)
def test_the_guard(text, cell, tmp_path):
    assert guarded(text) == cell
    if text.strip():
        with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([["id", "label"], ["1", cell], ["2", "other"]])
        opened = open_dataset(tmp_path)
        assert opened.class_names[opened.labels[0]] == text


class Loaded:
    """Tells when it is unpickled."""

    happened = False

    def __reduce__(self):
        return (_loaded, ())


def _loaded():
    Loaded.happened = True


@pytest.mark.parametrize("name", ["labels.npy", "pred_probs.npy", "embeddings.npy"])
def test_no_pickle_is_loaded_from_npy(tmp_path, name):
    np.save(tmp_path / "labels.npy", [0, 1])
    np.save(tmp_path / "pred_probs.npy", np.full((2, 2), 0.5))
    trap = np.array([Loaded(), Loaded()], dtype=object)
    np.save(tmp_path / name, trap, allow_pickle=True)
    with pytest.raises(InputError, match="never loaded"):
        audit(tmp_path)
    (tmp_path / name).write_bytes(pickle.dumps(Loaded()))
    with pytest.raises(InputError, match=name):
        audit(tmp_path)
    assert not Loaded.happened


def test_no_pickle_is_loaded_from_npz(tmp_path):
    np.save(tmp_path / "labels.npy", [0, 1])
    np.savez(
        tmp_path / "preds.npz",
        pred_probs=np.full((2, 2), 0.5),
        ids=np.array([Loaded(), Loaded()], dtype=object),
    )
    with pytest.raises(InputError, match="never loaded"):
        audit(tmp_path)
    assert not Loaded.happened
