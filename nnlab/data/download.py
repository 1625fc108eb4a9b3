"""Fetching one published file: the only place where the lab opens an address.

The file gets its name last, after its checksum was found right; until then it is a hidden `.part` beside
it, which the next attempt overwrites. So whoever is killed, cut off or lied to leaves no half file. Only
https is spoken, redirects included.

Not covered: resuming a half-fetched file, addresses that want a login.
"""

from __future__ import annotations

import hashlib
import http.client
import logging
import os
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import filelock

from nnlab.errors import DataError

MAX_BYTES = 2 * 2**30  # no published file of ours is larger
TIMEOUT = 30.0  # seconds without an answer
SLOWEST = 1000  # bytes a second, over TIMEOUT seconds, below which an address is given up
_CHUNK = 64 * 2**10
_AGENT = "nnlab (dataset download)"

_log = logging.getLogger(__name__)

Progress = Callable[[int, int | None], None]


def fetch(
    urls: str | Sequence[str],
    target: Path,
    md5: str,
    *,
    size: int | None = None,
    progress: Progress | None = None,
    timeout: float = TIMEOUT,
    loopback_http: bool = False,
) -> Path:
    """Fetch a file and return `target`; a file that is already there with the right checksum is kept.

    Args:
        urls: the addresses of the same file, tried in order.
        target: where it shall lie; its folder must be there.
        md5: its checksum in hexadecimal, as the publisher gives it.
        size: its bytes, where known; otherwise at most `MAX_BYTES`.
        progress: called with the bytes done and the bytes in all (None where the server does not say).
            An exception it raises stops the download and passes through.
        timeout: seconds of silence, or of less than `SLOWEST` bytes a second, before an address is given up.
        loopback_http: allow plain http to this machine itself, as tests need it.

    Raises:
        DataError: no address gave the file. It says why the first one did not, without a full stop, to
            stand in a sentence of the caller's; the others are logged.
        OSError: it cannot be written.
    """
    urls = (urls,) if isinstance(urls, str) else tuple(urls)
    part = target.with_name(f".{target.name}.part")
    with filelock.FileLock(target.with_name(f".{target.name}.lock")):
        if target.is_file() and _md5(target) == md5:
            return target
        failure: DataError | None = None
        try:
            for url in urls:
                try:
                    _get(url, part, md5, size, progress, timeout, loopback_http)
                except DataError as error:
                    _log.warning("%s: %s", url, error)
                    failure = failure or error
                    continue
                os.replace(part, target)
                return target
            raise failure or DataError("{file} has no address", file=target.name)
        finally:
            part.unlink(missing_ok=True)


def _get(
    url: str,
    part: Path,
    md5: str,
    size: int | None,
    progress: Progress | None,
    timeout: float,
    loopback: bool,
) -> None:
    """Write what `url` gives to `part`. Raises `DataError` where that is not the whole published file."""
    where = _Address(url, loopback)
    with _open(where, timeout, loopback) as answer, open(part, "wb") as file:
        length = answer.headers.get("Content-Length")
        promised = int(length) if length and length.isdigit() else None
        done, digest = _copy(answer, file, where.host, promised, size, progress, timeout)
    expected = size if size is not None else promised
    if expected is not None and done != expected:
        raise DataError(
            "{host} sent {done} of {expected} bytes", host=where.host, done=done, expected=expected
        )
    if digest != md5:
        raise DataError(
            "what {host} sent is not the published file (MD5 {found}, not {expected})",
            host=where.host, found=digest, expected=md5,
        )  # fmt: skip


def _open(where: _Address, timeout: float, loopback: bool) -> http.client.HTTPResponse:
    handlers: list[urllib.request.BaseHandler] = [_SafeRedirects(loopback)]
    if loopback:
        handlers.append(urllib.request.ProxyHandler({}))  # no proxy stands between this machine and itself
    opener = urllib.request.build_opener(*handlers)
    try:
        return opener.open(urllib.request.Request(where.url, headers={"User-Agent": _AGENT}), timeout=timeout)
    except urllib.error.HTTPError as error:
        raise DataError(
            "{host} answered {code} {reason}", host=where.host, code=error.code, reason=error.reason
        ) from error
    except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise DataError("{host} could not be reached ({reason})", host=where.host, reason=reason) from error


def _chunks(answer: http.client.HTTPResponse, host: str) -> Iterator[bytes]:
    """The body in the pieces in which it comes."""
    while True:
        try:
            chunk = answer.read1(_CHUNK)  # rather than wait for a whole chunk
        except (OSError, http.client.HTTPException) as error:
            raise DataError("{host} broke off ({reason})", host=host, reason=error) from error
        if not chunk:
            return
        yield chunk


def _copy(
    answer: http.client.HTTPResponse,
    file: IO[bytes],
    host: str,
    promised: int | None,
    size: int | None,
    progress: Progress | None,
    timeout: float,
) -> tuple[int, str]:
    """Copy an answer's body; return its length and MD5."""
    most = size if size is not None else MAX_BYTES
    if promised is not None and promised > most:
        raise DataError(
            "{host} offers {bytes} bytes; {most} are expected at most", host=host, bytes=promised, most=most
        )
    free = shutil.disk_usage(Path(file.name).parent).free
    if promised is not None and promised > free:
        raise DataError("{bytes} bytes are needed and the disk has {free} left", bytes=promised, free=free)
    digest = hashlib.md5(usedforsecurity=False)
    done = 0
    mark, mark_done = time.monotonic(), 0
    if progress:
        progress(0, promised)
    for chunk in _chunks(answer, host):
        done += len(chunk)
        if done > most:
            raise DataError("{host} sent more than {most} bytes", host=host, most=most)
        digest.update(chunk)
        file.write(chunk)
        if progress:
            progress(done, promised)
        if (now := time.monotonic()) - mark > timeout:
            if done - mark_done < SLOWEST * timeout:
                raise DataError("{host} sends less than {slowest} bytes a second", host=host, slowest=SLOWEST)
            mark, mark_done = now, done
    return done, digest.hexdigest()


class _Address:
    """An address that may be opened: https, or plain http to this machine where that is allowed."""

    def __init__(self, url: str, loopback: bool) -> None:
        parts = urlsplit(url)
        self.url, self.host = url, parts.hostname or url
        local = loopback and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if parts.scheme != "https" and not local:
            raise DataError("{url} is not an https address", url=url)


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to addresses that might have been asked for directly."""

    def __init__(self, loopback: bool) -> None:
        self._loopback = loopback

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _Address(newurl, self._loopback)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _md5(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
