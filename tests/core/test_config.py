"""Configuration: any text is settings or one line; who set what is known."""

import os

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labelaudit.core.config import Config, Key, find, read, schema, settled
from labelaudit.core.errors import ConfigError

KEYS = {
    "dataset": Key(kind="text", help="the data"),
    "write": Key(kind="texts", help="files"),
    "gates.max_noise": Key(kind="limit", help="noise"),
    "gates.count": Key(kind="flag", help="whether"),
    "gates.measure.auroc": Key(kind="text", help="a measure"),
}
GOOD = """
dataset = "data"
write = ["a=b"]
[gates]
max_noise = "3%"
count = true
[gates.measure]
auroc = ">= 0.9"
"""


def test_a_file_is_read_flat(tmp_path):
    path = tmp_path / "labelaudit.toml"
    path.write_text(GOOD)
    assert read(path, KEYS).values == {
        "dataset": "data",
        "write": ["a=b"],
        "gates.max_noise": "3%",
        "gates.count": True,
        "gates.measure.auroc": ">= 0.9",
    }


def test_the_table_of_a_project_is_read(tmp_path):
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.other]\nx = 1\n[tool.labelaudit.gates]\nmax_noise = 0.1\n")
    assert read(path, KEYS).values == {"gates.max_noise": 0.1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("datset = 'x'", "did you mean 'dataset'"),
        ("[gates]\nmax_nois = 1", "did you mean 'gates.max_noise'"),
        ("dataset = 3", "3 is no text"),
        ("[gates]\nmax_noise = true", "True is no number"),
        ("[gates]\ncount = 'yes'", "is no true or false"),
        ("write = 'a=b'", "is no list of texts"),
        ("dataset = ", "is not TOML"),
        ("gates = 3", "no such key"),
        ("\"\\u202e\" = 1", "no such key"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_the_file(tmp_path, text, said):
    path = tmp_path / "labelaudit.toml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(path, KEYS)
    assert said in str(caught.value)
    assert "labelaudit.toml: " in str(caught.value)
    assert str(caught.value).isprintable()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(max_size=80) | st.binary(max_size=80))
def test_any_content_is_settings_or_one_line(tmp_path, content):
    path = tmp_path / "labelaudit.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "replace"))
    said = ""
    try:
        read(path, KEYS)
    except ConfigError as error:
        said = str(error)
    assert said.isprintable()


def test_a_file_that_is_huge_or_absent_is_refused(tmp_path):
    path = tmp_path / "labelaudit.toml"
    with pytest.raises(ConfigError, match="labelaudit init"):
        read(path, KEYS)
    path.write_text("# " + "x" * 2**20)
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        read(path, KEYS)


def test_the_nearest_file_up_to_the_repository_speaks(tmp_path):
    deep = tmp_path / "repository" / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "labelaudit.toml").write_text("")
    (tmp_path / "repository" / ".git").mkdir()
    assert find(deep) is None  # what lies outside says nothing
    (tmp_path / "repository" / "pyproject.toml").write_text("[tool.other]\n")
    assert find(deep) is None
    (tmp_path / "repository" / "pyproject.toml").write_text("[tool.labelaudit]\n")
    assert find(deep) == tmp_path / "repository" / "pyproject.toml"
    (deep / "labelaudit.toml").write_text("")
    assert find(deep) == deep / "labelaudit.toml"


@pytest.mark.parametrize(
    ("flag", "variable", "in_file", "expected", "origin"),
    [
        ("1", "2", "3", "1", "flag"),
        (None, "2", "3", "2", "environment, LABELAUDIT_MAX_NOISE"),
        (None, None, "3", "3", "file, "),
        (None, None, None, "d", "default"),
    ],
)
def test_flag_then_environment_then_file_then_default(
    monkeypatch, tmp_path, flag, variable, in_file, expected, origin
):
    monkeypatch.delenv("LABELAUDIT_MAX_NOISE", raising=False)
    if variable is not None:
        monkeypatch.setitem(os.environ, "LABELAUDIT_MAX_NOISE", variable)
    values = {"gates.max_noise": in_file} if in_file is not None else {}
    config = Config(path=tmp_path / "x.toml", values=values)
    name = "gates.max_noise"
    value, who = settled(name, KEYS[name], flag, config, "d")
    assert value == expected
    assert who.startswith(origin)


def test_the_schema_for_editors_holds_what_is_read(tmp_path):
    import tomllib

    made = schema(KEYS)
    jsonschema.Draft202012Validator.check_schema(made)
    jsonschema.validate(tomllib.loads(GOOD), made)
    for wrong in ({"datset": "x"}, {"gates": {"count": "yes"}}, {"write": "a"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, made)
