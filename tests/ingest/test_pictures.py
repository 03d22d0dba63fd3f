"""Small pictures: of every format upright and bounded, of everything else a problem in words."""

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from labelaudit.ingest.pictures import MOST_BYTES, picture_at, picture_of

SIDE = 96
# Left half red, right half blue, a green corner above on the left.
LEFT, RIGHT, CORNER = (220, 30, 30), (30, 30, 220), (30, 200, 30)


def scene(width=200, height=100, mode="RGB"):
    image = Image.new("RGB", (width, height), LEFT)
    image.paste(RIGHT, (width // 2, 0, width, height))
    image.paste(CORNER, (0, 0, width // 4, height // 2))
    return image.convert(mode)


def bytes_of(image, kind="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def shown(content, side=SIDE):
    example = picture_of(content, side)
    assert example.problem == ""
    assert example.kind == "image"
    with Image.open(io.BytesIO(example.jpeg)) as image:
        image.load()
    assert (image.format, image.mode, image.size) == (
        "JPEG", "RGB", (example.width, example.height),
    )  # fmt: skip
    assert max(image.size) <= side
    assert len(image.getexif()) == 0
    assert "icc_profile" not in image.info
    return image


def near(pixel, colour):
    return max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) < 60


def is_scene(image):
    width, height = image.size
    return (
        near(image.getpixel((width // 10, height // 10)), CORNER)
        and near(image.getpixel((width // 10, height * 9 // 10)), LEFT)
        and near(image.getpixel((width * 9 // 10, height // 2)), RIGHT)
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK"),
        ("GIF", "P"), ("WEBP", "RGB"), ("BMP", "RGB"), ("TIFF", "RGB"), ("TIFF", "CMYK"),
    ],
)  # fmt: skip
def test_every_format_and_mode_is_shown_as_it_is(kind, mode):
    image = shown(bytes_of(scene(mode=mode), kind))
    assert image.size == (96, 48)
    assert is_scene(image)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("size", [(200, 100), (40, 20)])
def test_a_picture_is_turned_as_its_exif_says(turn, kind, size):
    upright = scene(*size)
    stored = {  # how it is stored so that the tag turns it upright
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[turn]
    exif = Image.Exif()
    exif[0x0112] = turn
    image = upright if stored is None else upright.transpose(stored)
    seen = shown(bytes_of(image, kind, exif=exif.tobytes()))
    assert seen.width == 2 * seen.height
    assert is_scene(seen)


def test_what_is_transparent_is_shown_on_white():
    image = Image.new("RGBA", (100, 100), (0, 0, 0, 0))
    assert shown(bytes_of(image)).getpixel((5, 5)) == (255, 255, 255)
    grey = Image.new("L", (100, 100), 7)
    assert near(shown(bytes_of(grey, transparency=7)).getpixel((5, 5)), (255, 255, 255))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_keep_their_greys(kind):
    values = np.linspace(0, 65535, 100 * 100).reshape(100, 100).astype(np.uint16)
    image = shown(bytes_of(Image.fromarray(values), kind))
    assert image.getpixel((50, 2))[0] < 20
    assert 110 < image.getpixel((50, image.height // 2))[0] < 145
    assert image.getpixel((50, image.height - 3))[0] > 235


def test_numbers_without_a_range_are_stretched():
    values = np.linspace(-3, 9, 100 * 100, dtype=np.float32).reshape(100, 100)
    values[0, 0] = np.nan
    image = shown(bytes_of(Image.fromarray(values), "TIFF"))
    assert image.getpixel((50, image.height - 3))[0] > 235


def test_the_pixels_of_a_tiny_picture_are_seen():
    image = Image.new("L", (8, 8), 0)
    image.putpixel((3, 4), 255)
    seen = shown(bytes_of(image))
    assert seen.size == (96, 96)
    assert seen.getpixel((3 * 12 + 6, 4 * 12 + 6))[0] > 240
    assert seen.getpixel((5 * 12 + 6, 4 * 12 + 6))[0] < 15
    assert shown(bytes_of(Image.new("L", (50, 3)))).size == (50, 3)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (96, 96), (97, 96)])
def test_odd_sizes(size):
    seen = shown(bytes_of(Image.new("RGB", size, LEFT)))
    assert min(seen.size) >= 1


@pytest.mark.parametrize("side", [96, 160])
def test_the_budget_holds_for_the_worst_of_pictures(side):
    noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    content = bytes_of(Image.fromarray(noise))
    assert len(picture_of(content, side).jpeg) <= 3_000 * (side / 96) ** 2
    assert len(picture_of(content[:], side).jpeg) == len(picture_of(content, side).jpeg)


def test_the_same_bytes_make_the_same_picture():
    content = bytes_of(scene(), "JPEG")
    assert picture_of(content, SIDE) == picture_of(content, SIDE)


def _png_that_claims(width, height):
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(head))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IDAT" + b"\0" * 20
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no picture that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no picture"),
        (b"%PDF-1.7", "no picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no picture"),
        (b"\x89PN", "no picture"),
        (_png_that_claims(30_000, 30_000), "too large to show (it claims"),
        (_png_that_claims(2**31 - 1, 2**31 - 1), "too large to show"),
        (_png_that_claims(9_000, 9_000), "too large to show (81 megapixels)"),
        (_png_that_claims(90, 90), "damaged"),
        (bytes_of(scene(), "JPEG")[:400], "damaged"),
        (b"\0" * (MOST_BYTES + 1), "too large to show (32 MB)"),
    ],
)
def test_what_cannot_be_shown_says_why(content, problem):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        example = picture_of(content, SIDE)
    assert problem in example.problem
    assert example.jpeg is None


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_is_an_error(data):
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"]))
    content = bytearray(bytes_of(scene(24, 16), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for some in (bytes(content), bytes(content[:cut])):
            example = picture_of(some, SIDE)
            assert (example.jpeg is None) == bool(example.problem)


def test_nothing_outside_of_the_dataset_is_read(tmp_path):
    inside = tmp_path / "data"
    inside.mkdir()
    (tmp_path / "secret.png").write_bytes(bytes_of(scene()))
    (inside / "own.png").write_bytes(bytes_of(scene()))
    os.symlink(tmp_path / "secret.png", inside / "link.png")
    os.symlink("circle.png", inside / "circle.png")
    os.mkfifo(inside / "pipe.png")
    (inside / "folder.png").mkdir()
    assert picture_at(inside, "own.png", SIDE).jpeg
    for name in ["../secret.png", str(tmp_path / "secret.png"), "link.png"]:
        assert picture_at(inside, name, SIDE).problem == "lies outside of the dataset"
    for name in ["circle.png", "absent.png", "", "x" * 5000, "a\0b", "\ud800"]:
        assert picture_at(inside, name, SIDE).problem in ("no such file", "cannot be read")
    for name in ["pipe.png", "folder.png", "."]:
        assert picture_at(inside, name, SIDE).problem == "is no file"
