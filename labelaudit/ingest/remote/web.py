"""Files and folders behind http:// and https://, with nothing but the standard library.

A folder is an index page as Apache, nginx and others make it. Nothing is sent but the request: no
cookies, and user and password of the URL to no other host than its own.
"""

import base64
import re
import ssl
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache, partial
from html.parser import HTMLParser
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import quote, unquote, urljoin, urlsplit

from labelaudit.core.errors import InputError
from labelaudit.core.place import Url, shown
from labelaudit.core.text import printable
from labelaudit.ingest.remote.listing import (
    BLOCK_BYTES,
    Found,
    Opened,
    RemoteFile,
    is_readable,
    is_safe,
    is_wanted,
)

# Seconds that a server may take to answer, or to send the next bytes.
TIMEOUT_S = 30.0
# An index page that goes on and on is no dataset.
MOST_PAGES, MOST_FILES, MOST_PAGE_BYTES = 1_000, 100_000, 1 << 24
_INDEX_TITLE = re.compile(r"\s*(index of|directory|listing of|files in)\b", re.IGNORECASE)
_AS_THEY_ARE = "/%:@!$&'()*+,;=~-._"  # in the path of a URL


def find(url: Url, named: Collection[str]) -> Found:
    """Return the file at a URL, or the files below it where the server lists a folder there."""
    path = urlsplit(url.whole).path
    if not path.endswith("/") and is_readable(url.last):
        return Found(files=[_file(url.whole, "", str(url))], is_folder=False)
    return _below(url, named)


def _file(whole: str, name: str, called: str) -> RemoteFile:
    return RemoteFile(name=name, url=called, size=None, opened=partial(_opened, whole, called))


@contextmanager
def _opened(whole: str, called: str) -> Iterator[Opened]:
    """Open a file; its blocks are checked against the length that the server said."""
    with _response(whole, called) as response:
        if response.headers.get_content_type() == "text/html":
            raise InputError(
                f"{called}: the server sent a web page and not this file; is a log-in needed?"
            )
        coding = response.headers.get("Content-Encoding", "identity").lower()
        if coding != "identity" and not called.lower().endswith(".gz"):
            raise InputError(f"{called}: the server sent it in a coding that was not asked for")
        yield _length(response), _blocks(response, called)


def _blocks(response: HTTPResponse, called: str) -> Iterator[bytes]:
    with _worded(called):
        while block := response.read(BLOCK_BYTES):
            yield block


def _length(response: HTTPResponse) -> int | None:
    text = response.headers.get("Content-Length", "")
    chunked = "Transfer-Encoding" in response.headers
    return int(text) if text.isdecimal() and not chunked else None


@contextmanager
def _response(whole: str, called: str) -> Iterator[HTTPResponse]:
    parts = urlsplit(whole)
    user, at, host = parts.netloc.rpartition("@")
    path = quote(parts.path, safe=_AS_THEY_ARE) or "/"
    query = f"?{quote(parts.query, safe=_AS_THEY_ARE + '?')}" if parts.query else ""
    asked = request.Request(f"{parts.scheme}://{host}{path}{query}")
    asked.add_header("User-Agent", "labelaudit")
    asked.add_header("Accept-Encoding", "identity")
    if at:
        key = base64.b64encode(unquote(user).encode()).decode()
        asked.add_unredirected_header("Authorization", f"Basic {key}")
    with _worded(called):
        response = _opener().open(asked, timeout=TIMEOUT_S)
    with response:
        yield response


@cache  # the certificates of all authorities are read once, not for each file
def _opener() -> request.OpenerDirector:
    """Return what speaks http and https and nothing else, through the proxy of the environment."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(context=ssl.create_default_context()),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(request.HTTPRedirectHandler):
    """Follows a redirect to another address of http or https, never from https to http."""

    def redirect_request(
        self, req: request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> request.Request | None:
        kept = req.type == "http" or newurl.startswith("https:")
        if not kept or not newurl.startswith(("http:", "https:")):
            fp.close()
            raise InputError(f"{shown(req.full_url)}: redirects to where it is not safe to follow")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _worded(called: str) -> Iterator[None]:
    """Say in one line what a server or the way to it did wrong."""
    try:
        yield
    except HTTPError as error:
        error.close()
        raise InputError(f"{called}: {_answer(error)}") from None
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise InputError(f"{called}: {_fault(error)}") from None


def _answer(error: HTTPError) -> str:
    if 300 <= error.code < 400:
        return f"the server redirects in a circle, or to no web address (HTTP {error.code})"
    if error.code in (401, 403, 407):
        return f"no permission (HTTP {error.code}); a URL that is signed may have expired"
    if error.code in (404, 410):
        return f"no such file there (HTTP {error.code}); check the URL"
    if error.code == 429 or error.code >= 500:
        return f"the server fails (HTTP {error.code}); try again later"
    return f"the server refuses (HTTP {error.code}); check the URL"


def _fault(error: Exception) -> str:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not valid ({printable(reason.verify_message, 80)})"
    if isinstance(reason, TimeoutError):
        return f"the server sent nothing for {TIMEOUT_S:g} seconds; try again later"
    if isinstance(reason, OSError) and reason.__class__.__name__ == "gaierror":
        return "no such host, or no network; check the URL"
    if isinstance(reason, ConnectionRefusedError):
        return "no server answers there; check host and port"
    if isinstance(reason, HTTPException | ConnectionError):
        return f"the connection broke off ({type(reason).__name__}); try again"
    known = reason.strerror if isinstance(reason, OSError) else None
    return f"cannot be fetched ({printable(known or type(reason).__name__, 80)})"


def _below(url: Url, named: Collection[str]) -> Found:
    """Follow index pages down from one; only what lies below it, by one name at a time."""
    root, called = _page_url(url.whole), str(url).rstrip("/")
    files: dict[str, RemoteFile] = {}
    left_out: list[str] = []
    waiting = [""]
    n_pages = 0
    while waiting:
        folder = waiting.pop()
        n_pages += 1
        if n_pages > MOST_PAGES or len(files) > MOST_FILES:
            raise InputError(
                f"{called}: its index pages list more than {MOST_PAGES:,} folders or "
                f"{MOST_FILES:,} files; name one file, or a folder in it"
            )
        for name in _links(root, folder, called):
            inside = folder + name
            if name.endswith("/"):
                if is_safe(inside[:-1]) and not name.startswith("."):
                    waiting.append(inside)
                else:
                    left_out.append(inside)
            elif is_wanted(inside, named):
                whole = _joined(root, inside)
                files[inside] = _file(whole, inside, f"{called}/{inside}")
            else:
                left_out.append(inside)
    return Found(
        files=[files[name] for name in sorted(files)],
        is_folder=True,
        left_out=sorted(left_out),
    )


def _page_url(whole: str) -> str:
    """Return the URL of an index page; its path ends in a slash, or links are not below it."""
    parts = urlsplit(whole)
    return parts._replace(path=parts.path.rstrip("/") + "/", fragment="").geturl()


def _joined(root: str, name: str) -> str:
    """Return the URL of a name below an index page; user, password and query stay."""
    parts = urlsplit(root)
    return parts._replace(path=parts.path + quote(name)).geturl()


def _links(root: str, folder: str, called: str) -> list[str]:
    """Return the names that an index page lists: files, and folders with a slash at the end."""
    place = f"{called}/{folder}".rstrip("/")
    whole = _joined(root, folder)
    with _response(whole, place) as response:
        arrived = response.geturl()
        if response.headers.get_content_type() != "text/html":
            raise InputError(
                f"{place}: is no index page, and its name ends in no format that can be read; "
                "give a URL that ends in .csv, .npy, .parquet or the like"
            )
        with _worded(place):
            page = b"".join(_blocks_of_page(response, place))
    reader = _Index()
    reader.feed(page.decode("utf-8", "replace"))
    if _origin(arrived) != _origin(whole):
        raise InputError(f"{place}: its index page redirects to another server; name that one")
    path = unquote(urlsplit(arrived).path).rstrip("/")
    if not _INDEX_TITLE.match(reader.title) and not (path and path in reader.title):
        raise InputError(
            f"{place}: the server does not list a folder here; over http one names a file: give "
            "the URL of each, with --predictions and so on"
        )
    names = (_name_below(arrived, link) for link in reader.links)
    return sorted({name for name in names if name})


def _blocks_of_page(response: HTTPResponse, place: str) -> Iterator[bytes]:
    total = 0
    while block := response.read(BLOCK_BYTES):
        total += len(block)
        if total > MOST_PAGE_BYTES:
            raise InputError(f"{place}: its index page is larger than 16 MiB; name one file")
        yield block


def _name_below(page: str, link: str) -> str | None:
    """Return the one name by which a link leads below its page; None where it leads elsewhere."""
    try:
        there, here = urlsplit(urljoin(page, link)), urlsplit(page)
    except ValueError:
        return None
    if there.query or _origin(there.geturl()) != _origin(page):
        return None
    if not there.path.startswith(here.path) or not here.path.endswith("/"):
        return None
    name = there.path[len(here.path) :]
    bare, slash = unquote(name.rstrip("/")), "/" if name.endswith("/") else ""
    return bare + slash if "/" not in name.rstrip("/") and is_safe(bare) else None


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2].lower()


class _Index(HTMLParser):
    """The title and the links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.links: list[str] = []
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_title = tag == "title"
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += unquote(data)
