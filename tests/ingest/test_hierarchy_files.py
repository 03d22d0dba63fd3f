"""Trees of classes as files: every shape that is meant, and every file that is not."""

import time

import pytest

from labelaudit.core.errors import ConfigError, InputError
from labelaudit.ingest.hierarchy import hierarchy_of, read_hierarchy

PETS = ("cat", "dog", "car", "bus")
TREE = """\
animals:
  - cat
  - dog
vehicles:
  road: [car, bus]
"""


@pytest.fixture
def read(tmp_path):
    def of(text, names=PETS, file="classes.yaml"):
        path = tmp_path / file
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_hierarchy(path, names, file)

    return of


def test_groups_are_numbered_after_the_classes(read):
    tree = read(TREE)
    assert tree.groups == ("animals", "vehicles", "road")
    assert tree.parents == (4, 4, 6, 6, -1, -1, 5)
    assert tree.distances([0, 0, 2, 1], [1, 2, 3, 1]).tolist() == [1.0, 2.5, 1.0, 0.0]


@pytest.mark.parametrize(
    "text",
    [
        "animals: [cat, dog]\nvehicles: {road: [car, bus]}",
        "- animals: [cat, dog]\n- vehicles:\n  - road: [car, bus]",
        "animals:\n  cat:\n  dog: ~\nvehicles: {road: {car: null, bus: }}",
        "\ufeffanimals: [cat, 'dog']\r\nvehicles: {road: [\"car\", bus]}\r\n",
        "all:\n  things:\n    animals: [cat, dog]\n    vehicles: {road: [car, bus]}",
        "---\nanimals: [&x cat, dog]\nvehicles: {road: [car, bus]}\n...",
    ],
)
def test_one_tree_is_written_in_many_ways(read, text):
    assert read(text) == read(TREE)


def test_json_and_memory_say_the_same(read):
    values = {"animals": ["cat", "dog"], "vehicles": {"road": ["car", "bus"]}}
    text = '{"animals": ["cat", "dog"], "vehicles": {"road": {"car": null, "bus": null}}}'
    assert read(text, file="classes.json") == read(TREE) == hierarchy_of(values, PETS)


def test_names_are_texts_whatever_yaml_makes_of_them(read):
    names = ("0", "007", "no", "1e3", "null", "2020-01-01", "cat")
    tree = read("a: [0, 007, no, 1e3]\nb: [null, 2020-01-01]\nc: cat", names)
    assert tree.parents[:7] == (7, 7, 7, 7, 8, 8, 9)
    assert hierarchy_of({"a": [0, 1], "b": [2]}, ("0", "1", "2")).groups == ("a", "b")
    assert read('{"a": [0, 1.50], "b": ["x"]}', ("0", "1.50", "x"), "c.json").n_classes == 3


def test_a_class_may_be_called_as_its_group_and_groups_alike(read):
    tree = read("cat: [cat, dog]\nother: {cat: [car, bus]}")
    assert tree.groups == ("cat", "other", "cat")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [cat, dog]\nb: [car, bsu]", "line 2: 'bsu' is no class of the dataset; did you mean"),
        ("a: [cat, dog]\nb: [car, bus, plane]", "line 2: 'plane' is no class of the dataset; its"),
        ("a: [cat, dog]\nb: [car]", "lacks the class bus; each class"),
        ("a: [cat]\nb: {bus: [car]}", "lacks 2 classes: dog, bus; 'bus' is a group there"),
        ("a: [cat, dog]\nb:\n - cat\n", "line 3: the class 'cat' stands twice (first in line 1)"),
        ("a: [cat]\na: [dog]", "line 2: 'a' stands twice in one place"),
        ("a: []\nb: [cat]", "the group 'a' holds no class"),
        ("", "holds no tree of classes"),
        ("cat", "holds no tree of classes"),
        ("[]", "holds no class"),
        ("a: [cat, '']", "an empty name"),
        ("'': [cat]", "an empty name"),
        ("? [cat]\n: dog", "a name is wanted before the colon"),
        ("a: [cat, dog", "is not YAML"),
        ("a: \x00", "is not YAML"),
        (b"a: \xff\xfe", "is not UTF-8"),
        ("a: &x [cat]\nb: *x", "line 2: aliases (*x) are not read"),
        ("a: !!python/object/apply:os.system ['true']", "tags"),
        ("a: !!binary aGk=", "tags"),
        ("a: [cat]\n---\nb: [dog]", "line 2: a second document"),
        ("[" * 100_000, "more than 64 levels"),
        ("\n".join(" " * i + f"g{i}:" for i in range(200)), "more than 64 levels"),
        ("a: [cat, dog]\nb: [car, \x1b[31mbus]", "is not YAML"),
        ('a: [cat, dog]\nb: [car, "\\e[31mbus\\u202e"]', "bus\\\\u202e' is no class"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(read, text, said):
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value).startswith("classes.yaml")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": ["cat"], "a": ["dog"]}', "'a' stands twice in one place"),
        ('{"a": [true]}', "True is no name of a class; put it in quotes"),
        ('{"a": [null]}', "null"),
        ("{", "is not JSON"),
        ("[" * 100_000, "more than 64 levels"),
        ('{"a":' * 100_000, "more than 64 levels"),
        ('"cat"', "holds no tree of classes"),
        ("null", "holds no tree of classes"),
    ],
)
def test_so_it_is_of_json(read, text, said):
    with pytest.raises(InputError) as caught:
        read(text, file="classes.json")
    assert said in str(caught.value)


def test_values_of_memory_that_are_no_tree():
    endless: dict = {}
    endless["a"] = endless
    for value, said in (
        (endless, "more than 64 levels"),
        ({"a": 1.5}, "1.5 is no name of a class"),
        (3, "holds no tree"),
    ):
        with pytest.raises(InputError, match=said):
            hierarchy_of(value, PETS)
    with pytest.raises(ConfigError, match="no such file"):
        hierarchy_of("nowhere.yaml", PETS)


def test_a_bomb_or_a_huge_file_takes_no_time(read):
    laughs = "a: &a [lol, lol]\n" + "".join(
        f"{new}: &{new} [*{old}, *{old}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    began = time.process_time()
    for text in (laughs, "x" * (17 << 20), "a: [" + "cat, " * 100_000 + "]"):
        with pytest.raises(InputError):
            read(text)
    assert time.process_time() - began < 5


def test_ten_thousand_classes_in_a_deep_tree_are_read_at_once(read):
    names = [f"class {number}" for number in range(10_000)]
    lines = []
    for number, name in enumerate(names):
        if number % 100 == 0:
            lines += [f"group {number}:", f"  sub {number}:"]
        lines.append(f"  - {name}" if number % 100 >= 100 else f"    - {name}")
    began = time.process_time()
    tree = read("\n".join(lines), names)
    assert len(tree.groups) == 200
    assert time.process_time() - began < 5


def test_null_is_a_name_in_every_format(read):
    assert read("a: [yes, null]\nb: [no]", ("yes", "no", "null")).groups == ("a", "b")
    assert read('{"a": ["yes", null], "b": ["no"]}', ("yes", "no", "null"), "t.json").groups == (
        "a",
        "b",
    )


def test_half_a_surrogate_pair_is_shown_as_an_escape(read):
    tree = read('{"\\ud800": ["cat", "dog"], "b": ["car", "bus"]}', file="t.json")
    assert tree.groups == ("\\ud800", "b")
