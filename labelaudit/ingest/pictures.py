"""Small pictures of image files: bounded in bytes and pixels, whatever the file claims to be."""

import io
import os
from pathlib import Path
from typing import Any

from labelaudit.core.examples import Example

# Bytes of the JPEG for each pixel of its square: 3,000 at 96 pixels, so that 200 make 600 kB.
_BYTES_PER_PIXEL = 3_000 / 96**2
# A file beyond these is not opened, or not decoded: it may be small and claim to be huge.
MOST_BYTES = 32_000_000
MOST_PIXELS = 64_000_000
# No vector formats, which may hold scripts or name other files, and none that starts a program.
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF")
_QUALITIES = (80, 70, 60, 50, 40, 30, 20, 10)


def picture_at(root: Path, path: str, side: int) -> Example:
    """Return a small picture of the file at a path inside of `root`; nothing outside is read."""
    try:
        inside, place = os.path.realpath(root), os.path.realpath(root / path)
        if not path or not os.path.exists(place):
            return _without("no such file")
        if not Path(place).is_relative_to(inside):
            return _without("lies outside of the dataset")
        if not os.path.isfile(place):
            return _without("is no file")
        if (size := os.path.getsize(place)) > MOST_BYTES:
            return _without(f"too large to show ({size / 1e6:,.0f} MB)")
        with open(place, "rb") as file:
            return picture_of(file.read(MOST_BYTES), side)
    except (OSError, ValueError):  # a name that no file can have, too
        return _without("cannot be read")


def picture_of(content: bytes, side: int) -> Example:
    """Return a small picture of the bytes of an image file.

    It is a JPEG of at most `side` pixels, 3,000 bytes at 96 of them in all but odd cases, turned
    as its EXIF says, on white, without metadata; a tiny one is enlarged by a whole factor, so that
    its pixels are seen. Whatever is wrong with the bytes is a `problem`, never an error.
    """
    from PIL import Image, UnidentifiedImageError

    if len(content) > MOST_BYTES:
        return _without(f"too large to show ({len(content) / 1e6:,.0f} MB)")
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            pixels = image.width * image.height
            if pixels > MOST_PIXELS:
                return _without(f"too large to show ({pixels / 1e6:,.0f} megapixels)")
            if not pixels:
                return _without("is a picture without pixels")
            image.draft("RGB", (2 * side, 2 * side))  # JPEG is decoded as small as will do
            small = _fitted(image, side)
    except Image.DecompressionBombError:
        return _without("too large to show (it claims to have very many pixels)")
    except UnidentifiedImageError:
        return _without("is no picture that can be read")
    except Exception:  # the decoders raise whatever a damaged file makes them stumble over
        return _without("is a damaged picture")
    jpeg = _encoded(small, int(_BYTES_PER_PIXEL * side * side))
    return Example(kind="image", jpeg=jpeg, width=small.width, height=small.height)


def _without(problem: str) -> Example:
    return Example(kind="image", problem=problem)


def _fitted(image: Any, side: int) -> Any:
    """Return an image upright, in RGB on white, its longer side at most `side` pixels."""
    from PIL import Image, ImageOps

    factor = side // max(image.size)
    if factor < 1:
        image = _shallow(image)
        image.thumbnail((side, side), Image.Resampling.BOX, reducing_gap=None)
    image = ImageOps.exif_transpose(image) if _is_turned(image) else image
    image = _on_white(_shallow(image))
    if factor >= 2:
        size = (image.width * factor, image.height * factor)
        return image.resize(size, Image.Resampling.NEAREST)
    return image


def _is_turned(image: Any) -> bool:
    return bool(image.getexif().get(0x0112, 1) != 1)


def _shallow(image: Any) -> Any:
    """Return an image of a deep or indexed mode as one of 8 bits; the deep ones are stretched."""
    import numpy as np
    from PIL import Image

    if image.mode in ("P", "PA"):
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return image
    exif = image.getexif()
    values = np.asarray(image, dtype=np.float64)
    values = np.where(np.isfinite(values), values, 0.0)
    low, high = float(values.min()), float(values.max())
    # 16 bits as they are meant; what has no fixed range, from its least to its largest.
    if image.mode.startswith("I;16") or (image.mode == "I" and 255 < high <= 65535 and low >= 0):
        low, high = 0.0, 65535.0
    scaled = (values - low) / (high - low if high > low else 1.0) * 255.0
    made = Image.fromarray(scaled.astype(np.uint8))
    if exif:
        made.getexif().update(exif)
    return made


def _on_white(image: Any) -> Any:
    from PIL import Image

    if "A" in image.getbands() or "transparency" in image.info:
        own = image.convert("RGBA")
        white = Image.new("RGBA", own.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, own).convert("RGB")
    return image.convert("RGB")


def _encoded(image: Any, most: int) -> bytes:
    """Return a JPEG, of the best quality that keeps to `most` bytes; else the smallest there is."""
    from PIL import Image

    content = b""
    # What is made of RGB pixels alone has no metadata to travel along.
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    for quality in _QUALITIES:
        stream = io.BytesIO()
        bare.save(stream, "JPEG", quality=quality, optimize=True)
        content = stream.getvalue()
        if len(content) <= most:
            break
    return content
