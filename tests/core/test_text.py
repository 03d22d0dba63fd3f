"""Hostile text on one line, and nothing of it left that acts."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelaudit.core.text import did_you_mean, listed, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat", "cat"),
        ("naïve 猫 🐈", "naïve 猫 🐈"),
        ("👩\u200d🔬", "👩\u200d🔬"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\nb\r\tc\0", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\ufeffbom\u200b", "\\ufeffbom\\u200b"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\x7f", "\\x7f"),
        (None, "None"),
        (3.5, "3.5"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


@given(st.text(), st.integers(0, 50) | st.none())
def test_printable_is_always_inert(text, limit):
    shown = printable(text, limit)
    assert limit is None or len(shown) <= max(limit, 1)
    assert len(shown.splitlines()) <= 1
    assert not any(
        unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        for character in shown.replace("\u200c", "").replace("\u200d", "")
    )
    shown.encode()


def test_long_text_is_cut():
    assert printable("x" * 10_000, 20) == "x" * 19 + "…"
    assert printable("x" * 20, 20) == "x" * 20
    assert len(printable("\x1b" * 10_000, 20)) == 20
    assert len(printable("x" * 10_000)) == 10_000


def test_listed_and_did_you_mean():
    assert listed(range(3)) == "0, 1, 2"
    assert listed(range(13)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 3 more"
    assert listed(["a\nb"]) == "a\\x0ab"
    assert did_you_mean("lable", ["label", "id"]) == "; did you mean 'label'?"
    assert did_you_mean("x", ["label"]) == ""
    assert "\x1b" not in did_you_mean("lab\x1bel", ["lab\x1be"])
