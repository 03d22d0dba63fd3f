"""Files and folders behind s3://, through Arrow, whose wheels carry a client of S3.

Keys come from where every client of AWS looks: AWS_ACCESS_KEY_ID and its like, AWS_PROFILE, the
machine's role; without any, what is public can be read. AWS_ENDPOINT_URL names another service.
"""

import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from labelaudit.core.errors import InputError
from labelaudit.core.place import Url
from labelaudit.core.text import printable
from labelaudit.ingest.remote.listing import BLOCK_BYTES, Found, Opened, RemoteFile, is_wanted

# Every block is a request of its own.
_BLOCK_BYTES = 8 * BLOCK_BYTES
_TIMEOUT_S = 30.0


def find(url: Url, named: Collection[str]) -> Found:
    """Return the object at a URL, or the objects below it."""
    bucket, _, key = url.whole.partition("://")[2].partition("/")
    path = "/".join([bucket, key.strip("/")]).rstrip("/")
    called = str(url).rstrip("/")
    files = _file_system(bucket, called)
    from pyarrow.fs import FileSelector, FileType

    with _worded(called):
        info = files.get_file_info(path)
        if info.type == FileType.File and not key.endswith("/"):
            opened = partial(_opened, files, path, called)
            one = RemoteFile(name="", url=called, size=info.size, opened=opened)
            return Found(files=[one], is_folder=False)
        if info.type == FileType.NotFound:
            raise InputError(f"{called}: no such bucket, folder or file; check the URL")
        listed = files.get_file_info(FileSelector(path, recursive=True))
    found, left_out = [], []
    for info in sorted(listed, key=lambda info: str(info.path)):
        name = info.path[len(path) + 1 :]
        if info.type != FileType.File or not name or name.endswith("/"):
            continue
        if not is_wanted(name, named):
            left_out.append(name)
            continue
        opened = partial(_opened, files, info.path, f"{called}/{name}")
        found.append(RemoteFile(name=name, url=f"{called}/{name}", size=info.size, opened=opened))
    return Found(files=found, is_folder=True, left_out=left_out)


def _file_system(bucket: str, called: str) -> Any:
    try:
        from pyarrow.fs import AwsStandardS3RetryStrategy, S3FileSystem, resolve_s3_region
    except ImportError:
        raise InputError(
            f"{called}: the pyarrow that is installed was built without S3; "
            "`pip install --force-reinstall pyarrow` gives one with it"
        ) from None
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with _worded(called):
        if endpoint is None:
            try:
                region = resolve_s3_region(bucket)
            except OSError:  # a network may reach the region and not what tells it
                if region is None:
                    raise
        return S3FileSystem(
            region=region or "us-east-1",
            endpoint_override=endpoint,
            connect_timeout=_TIMEOUT_S,
            request_timeout=_TIMEOUT_S,
            retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
        )


@contextmanager
def _opened(files: Any, path: str, called: str) -> Iterator[Opened]:
    with _worded(called):
        # Without a buffer each read is one request of its size.
        stream = files.open_input_stream(path, compression=None, buffer_size=0)
        mark = stream.metadata().get("ETag")
        size = int(stream.metadata()["Content-Length"])
    with stream:
        yield size, _blocks(stream, called)
    with _worded(called), files.open_input_stream(path, compression=None) as again:
        # Blocks of two versions would make a file that nobody wrote.
        if again.metadata().get("ETag") != mark:
            raise InputError(f"{called}: was changed while it was fetched; run this again")


def _blocks(stream: Any, called: str) -> Iterator[bytes]:
    while True:
        with _worded(called):
            block = stream.read(_BLOCK_BYTES)
        if not block:
            return
        yield block


@contextmanager
def _worded(called: str) -> Iterator[None]:
    """Say in one line what S3 or the way to it did wrong."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{called}: no such bucket, folder or file; check the URL") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{called}: {_fault(str(error))}") from None


def _fault(text: str) -> str:
    found = re.search(r"AWS Error ([A-Z_]+)", text)
    code = found[1] if found else ""
    if "not found" in text or code in ("NO_SUCH_BUCKET", "NO_SUCH_KEY", "RESOURCE_NOT_FOUND"):
        return "no such bucket, folder or file; check the URL"
    if code in ("NETWORK_CONNECTION", "REQUEST_TIMEOUT"):
        return "S3 cannot be reached, or the connection broke off; check the network, try again"
    if "HTTP status 301" in text or "is located in" in text:
        return "lies in another region than AWS_REGION or AWS_DEFAULT_REGION says"
    denied = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "EXPIRED_TOKEN")
    if code in denied or "Forbidden" in text:
        return (
            f"no permission ({code or 'Forbidden'}); check AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    return f"S3 fails ({printable(code or text, 120)}); try again later"
