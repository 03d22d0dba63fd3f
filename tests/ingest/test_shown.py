"""Which files may be shown: small pictures inside of the dataset, by their bytes."""

import io
import os

import pytest
from PIL import Image

from labelaudit.ingest.shown import MOST_BYTES, picture_of


def image(kind, size=(7, 5)):
    stream = io.BytesIO()
    Image.new("RGB", size, (200, 30, 90)).save(stream, kind)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
)
@pytest.mark.parametrize("name", ["a.png", "a.svg", "a"])
def test_what_it_is_its_first_bytes_say(tmp_path, kind, mime, name):
    (tmp_path / name).write_bytes(image(kind))
    found = picture_of(tmp_path, name)
    assert found.mime == mime
    assert found.size == (7, 5)
    assert found.content == image(kind)


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif\0\0x"}])
def test_every_kind_of_webp_says_its_size(tmp_path, options):
    Image.new("RGB", (300, 40), "red").save(tmp_path / "a.webp", **options)
    assert picture_of(tmp_path, "a.webp").size == (300, 40)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<?xml version='1.0'?><svg/>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"GIF88a<script>",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"\x89PN",
        b"\x89PNG\r\n\x1a\n" + b"x" * MOST_BYTES,
        b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + b"\xff\xff\xff\xff" * 2,
        b"GIF89a\xff\xff\xff\xff",
        b"RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0\xff\xff\x3f\xff\xff\x3f",
        b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + b"\0" * 20,
    ],
)
def test_all_else_is_not_shown(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    assert picture_of(tmp_path, "a.png") is None


def test_a_cut_picture_is_left_to_the_browser(tmp_path):
    (tmp_path / "a.png").write_bytes(image("PNG")[:40])
    assert picture_of(tmp_path, "a.png").mime == "image/png"
    (tmp_path / "b.jpg").write_bytes(b"\xff\xd8\xff")
    assert picture_of(tmp_path, "b.jpg").size is None


def test_nothing_outside_of_the_dataset_is_read(tmp_path):
    inside = tmp_path / "data"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(image("PNG"))
    os.symlink(tmp_path / "secret.png", inside / "link.png")
    os.symlink("circle.png", inside / "circle.png")
    os.mkfifo(inside / "pipe.png")
    (inside / "folder.png").mkdir()
    names = ["../secret.png", str(tmp_path / "secret.png"), "link.png", "circle.png", "pipe.png"]
    for name in [*names, "folder.png", "absent.png", "", ".", "x" * 5000, "a\0b", "\ud800"]:
        assert picture_of(inside, name) is None
