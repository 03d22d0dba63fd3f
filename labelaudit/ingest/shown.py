"""What a row is an example of, to be shown: small image files as they lie, the heads of texts."""

import os
import struct
from pathlib import Path

from labelaudit.core.exemplars import Picture

# A page holds the files themselves: larger ones would need another library to make them smaller.
MOST_BYTES = 32_000
# A small file may still claim to be huge, and a browser would make room for it.
MOST_PIXELS = 1 << 22
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def picture_of(root: Path, path: str) -> Picture | None:
    """Return the image at a path inside of the dataset, if it is a small PNG, JPEG, GIF or WebP.

    Its first bytes say what it is, not its name; None where it is anything else (SVG and HTML
    could hold a script), is too large, is not there, or lies outside of `root`. Whether the rest of
    it is whole nobody looks: a browser shows what it can.
    """
    try:
        inside, place = os.path.realpath(root), os.path.realpath(root / path)
        if not path or not Path(place).is_relative_to(inside) or not os.path.isfile(place):
            return None
        with open(place, "rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError):  # a name that no file can have, too
        return None
    mime = next((kind for head, kind in _KINDS if content.startswith(head)), None)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        mime = "image/webp"
    if mime is None or len(content) > MOST_BYTES:
        return None
    size = _size(content, mime)
    if size is not None and size[0] * size[1] > MOST_PIXELS:
        return None
    return Picture(mime=mime, content=content, size=size)


def _size(content: bytes, mime: str) -> tuple[int, int] | None:
    """Return width and height, of what says them at a fixed place or in a frame of JPEG."""
    try:
        if mime == "image/png":
            width, height = struct.unpack(">II", content[16:24])
        elif mime == "image/gif":
            width, height = struct.unpack("<HH", content[6:10])
        elif mime == "image/jpeg":
            return _jpeg_size(content)
        else:
            return _webp_size(content)
    except struct.error:
        return None
    return width, height


def _webp_size(content: bytes) -> tuple[int, int] | None:
    kind, head = content[12:16], content[20:30]
    if kind == b"VP8X" and len(head) == 10:
        return 1 + int.from_bytes(head[4:7], "little"), 1 + int.from_bytes(head[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(head[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    return None
