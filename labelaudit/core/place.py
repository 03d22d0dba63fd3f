"""Where data lies: a path on this machine, or a URL whose secrets are never shown."""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from labelaudit.core.errors import InputError
from labelaudit.core.text import printable

SCHEMES = ("s3", "https", "http")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://", re.ASCII)
# What `Path` makes of a URL.
_COLLAPSED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):[/\\](?=[^/\\])", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Url:
    """A URL. As text it lacks user, password, query and fragment; `whole` is for its server only.

    Raises an InputError where it is none, or none that can be read.
    """

    __slots__ = ("_shown", "whole")

    def __init__(self, whole: str) -> None:
        self.whole = whole
        self._shown = _without_secrets(whole)
        scheme = self.scheme
        try:
            parts = urlsplit(whole)
            usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:  # not its own text, which repeats what may be a password
            usable = False
        if not usable or _CONTROL.search(whole):
            raise InputError(f"{scheme}://...: is no URL that can be read; check how it is written")
        if scheme == "s3" and ("@" in parts.netloc or "?" in whole):
            raise InputError(
                f"{self}: an s3 URL is s3://bucket/folder and holds no keys and no query; keys "
                "come from AWS_ACCESS_KEY_ID or AWS_PROFILE"
            )

    def __str__(self) -> str:
        return self._shown

    def __repr__(self) -> str:
        return f"Url({self._shown!r})"

    @property
    def scheme(self) -> str:
        return self.whole.partition("://")[0].lower()

    @property
    def has_secrets(self) -> bool:
        """Whether it holds what is not shown, and so is not stored."""
        return len(self._shown) < len(self.whole)

    @property
    def last(self) -> str:
        """The last part of the path, or the host: what a file or folder there is called."""
        host, _, path = self._shown.partition("://")[2].partition("/")
        if self.scheme != "s3":
            path = unquote(path)
        return path.rstrip("/").rpartition("/")[2] or host


Place = Path | Url


def place(given: str | Path | Url) -> Place:
    """Return the path or URL that a user gave; `file://` is a path.

    Raises an InputError that lists the kinds of URL that can be read.
    """
    if isinstance(given, Url):
        return given
    text = str(given)
    if isinstance(given, Path):
        collapsed = _COLLAPSED.match(text)
        if collapsed and collapsed[1].lower() in SCHEMES and not given.exists():
            raise InputError(
                f"{collapsed[1]}:/...: a Path cannot hold a URL; give the URL as a string"
            )
        return given
    if not is_url(text):
        return Path(text)
    scheme = text.partition("://")[0].lower()
    if scheme == "file":
        return _on_this_machine(text)
    if scheme not in SCHEMES:
        raise InputError(
            f"{printable(scheme, 40)}://...: is no kind of URL that can be read; give s3://, "
            f"https://, http:// or file://{_INSTEAD.get(scheme, ', or copy the data here first')}"
        )
    return Url(text)


_INSTEAD = {
    "hf": "; a file on the Hugging Face hub is at "
    "https://huggingface.co/datasets/OWNER/NAME/resolve/main/FILE",
    "gs": "; a public object is at https://storage.googleapis.com/BUCKET/OBJECT",
}


def is_url(text: str) -> bool:
    """Say whether a text is a URL of any kind: a scheme of two letters or more, and `://`."""
    return _URL.match(text) is not None


def shown(text: str) -> str:
    """Return a word of a command line; from what is a URL in it, its secrets are taken out."""
    found = _URL.search(text)
    return (
        text if found is None else text[: found.start()] + _without_secrets(text[found.start() :])
    )


def _without_secrets(url: str) -> str:
    scheme, _, rest = url.partition("://")
    # The fragment of a file on the web is never sent; in the name of an object it is a part.
    ends = "?" if scheme.lower() == "s3" else "?#"
    for end in ends:
        rest = rest.partition(end)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme.lower()}://{host.rpartition('@')[2]}{slash}{path}"


def _on_this_machine(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost"):
        raise InputError("file://...: is a path of another machine; file:/// has three slashes")
    path = unquote(parts.path)
    return Path(path.lstrip("/") if os.name == "nt" else path)  # file:///C:/data there
