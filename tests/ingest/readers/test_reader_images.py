import os
from pathlib import Path

import pytest

from labelaudit.core.errors import InputError
from labelaudit.ingest.readers import ImageFile, find_images


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def test_finds_the_images_of_each_class(tmp_path: Path) -> None:
    touch(tmp_path, "dog/b.JPG", "dog/a.webp", "cat/a.png", "cat-2/a.tiff", "Zebra/é.Gif")
    touch(tmp_path, "dog/.hidden.png", ".cache/a.png", "dog/notes.txt", "README.md", "x.png")
    (tmp_path / "empty").mkdir()
    (tmp_path / "dog" / "folder.png").mkdir()
    images = find_images(tmp_path)
    assert [image.id for image in images] == [
        "Zebra/é.Gif",
        "cat/a.png",
        "cat-2/a.tiff",
        "dog/a.webp",
        "dog/b.JPG",
    ]
    assert images[1] == ImageFile(id="cat/a.png", label="cat", path=Path("cat/a.png"))
    assert find_images(tmp_path / "empty") == []


def test_links_out_of_the_folder_are_passed_over(tmp_path: Path) -> None:
    root = tmp_path / "root"
    touch(tmp_path, "secret/a.png", "root/cat/a.png", "root/dog/a.png")
    (root / "cat" / "out.png").symlink_to(tmp_path / "secret" / "a.png")
    (root / "cat" / "in.png").symlink_to(root / "dog" / "a.png")
    (root / "cat" / "broken.png").symlink_to(root / "none.png")
    (root / "cat" / "loop.png").symlink_to(root / "cat" / "loop.png")
    (root / "out").symlink_to(tmp_path / "secret")
    link = tmp_path / "link"
    link.symlink_to(root)
    for folder in (root, link):
        ids = [image.id for image in find_images(folder)]
        assert ids == ["cat/a.png", "cat/in.png", "dog/a.png"]


def test_splits_are_not_classes(tmp_path: Path) -> None:
    touch(tmp_path, "train/cat/a.png", "test/cat/a.png", "labels.csv")
    found = [(image.split, image.label, image.id) for image in find_images(tmp_path)]
    assert found == [("train", "cat", "train/cat/a.png"), ("test", "cat", "test/cat/a.png")]
    assert [image.label for image in find_images(tmp_path / "train")] == ["cat"]
    touch(tmp_path, "platform/a.png", "train/a.png")
    assert [image.id for image in find_images(tmp_path)] == [
        "platform/a.png",
        "test/cat/a.png",
        "train/a.png",
        "train/cat/a.png",
    ]


def test_folders_within_a_class_belong_to_it(tmp_path: Path) -> None:
    touch(tmp_path, "dog/2024/1.png", "dog/2024/5/1.png", "dog/b.png", "cat/2024/1.png")
    (tmp_path / "dog" / "round").symlink_to(tmp_path / "dog")
    found = [(image.label, image.id) for image in find_images(tmp_path)]
    assert found == [
        ("cat", "cat/2024/1.png"),
        ("dog", "dog/2024/1.png"),
        ("dog", "dog/2024/5/1.png"),
        ("dog", "dog/b.png"),
    ]


def test_a_folder_around_the_classes_is_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "images/cat/a.png", "images/dog/a.png")
    with pytest.raises(InputError, match="holds one folder, 'images', with folders of images"):
        find_images(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; check the path"):
        find_images(tmp_path / "none")
    touch(tmp_path, "a.png")
    with pytest.raises(InputError, match="is a file; give the folder"):
        find_images(tmp_path / "a.png")


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/cat/\xff.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes names of UTF-8 only")
    with pytest.raises(InputError, match=r"\\udcff.png has a name that is not UTF-8; rename it"):
        find_images(tmp_path)
