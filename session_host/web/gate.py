"""Who gets in: the checks of each request before anything else reads it, and the headers of each answer.

A request comes from a paired device by its signature, from the page itself by its origin, to an address that the user
gave. A cookie opens nothing. An agent and what it started get nothing, whatever they know: the kernel says who is at
the other end (``peers``).
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
import os
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from html import escape
from typing import Any, Final, NamedTuple, NoReturn
from urllib.parse import urlsplit

from session_host.errors import OutliveError
from session_host.protocol.rights import Right

from .devices import Device, Devices, devices_file, is_use_noted, load, note_use
from .errors import PageError
from .forms import encoded
from .peers import Peer
from .signatures import Signatures, Signed

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES: Final = 1024 * 1024
MAX_UPLOAD_BYTES: Final = 10 * 1024 * 1024
BODY_S: Final = 30.0
"""How long the body of a request may take; a photo takes longer."""
UPLOAD_S: Final = 300.0

MAX_ASKING_BYTES: Final = 1024
"""How much a device may send that is not let in."""

OF_DEVICE: Final = (40, 10.0)
OF_NETWORK: Final = (20, 60.0)
"""Requests that are allowed in so many seconds: of one device; of one network, those that no device has signed."""

MAX_COUNTED: Final = 1000
"""How many devices and networks are counted before those are forgotten that are quiet."""

CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = [
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]
CLEARS_CACHE: Final = (b"clear-site-data", b'"cache"')
"""With the challenge: a page that another server has left in the browser's cache is not there for long."""

_PAGE: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Outlive</title>
<link rel="stylesheet" href="/page.css">
<main class="note"><h1><a href="/">Outlive</a></h1><p>{words}.</p></main>
"""
"""What a browser shows that has come to something that it does not get."""

_ASKING: Final = {"/api/ask", "/api/asking", "/api/withdraw"}
"""The requests of a device that is not let in, signed with its key."""

UPLOAD: Final = "/api/upload"


class Address(NamedTuple):
    """An address at which browsers reach the page: ``https://desk.example``, without a path."""

    scheme: str
    host: str
    """With the port, unless it is the scheme's own; as browsers send it."""

    @classmethod
    def of(cls, text: str) -> Address:
        """Read an address.

        Raises:
            ValueError: it is none.
        """
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError(text)
        if parts.query or parts.fragment or parts.username is not None or parts.port == 0:
            raise ValueError(text)
        if not re.fullmatch(r"[a-z0-9._:-]+", parts.hostname):
            raise ValueError(text)
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        usual = parts.port in {None, 443 if parts.scheme == "https" else 80}
        return cls(parts.scheme, host if usual else f"{host}:{parts.port}")

    @property
    def origin(self) -> str:
        """As in the header of this name."""
        return f"{self.scheme}://{self.host}"

    @property
    def cookie(self) -> str:
        """The name of the cookie: under HTTPS browsers keep it for this host alone."""
        return "__Host-outlive" if self.scheme == "https" else "outlive"


class Limits:
    """Counts requests."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def count(self, who: str, most: int, within_s: float, **facts: Any) -> None:
        """Count a request.

        Raises:
            PageError: there were as many as are allowed; with these facts.
        """
        at_s = time.monotonic()
        if len(self._times) > MAX_COUNTED:
            self._times = {each: times for each, times in self._times.items() if times[-1] > at_s - OF_NETWORK[1]}
        times = self._times.setdefault(who, deque())
        while times and times[0] <= at_s - within_s:
            times.popleft()
        if len(times) >= most:
            raise PageError(429, "too_many", "too many requests; wait a few seconds", **facts)
        times.append(at_s)


class Gate:
    """The outermost part of the application.

    ``scope["device"]`` is the device for the parts within, ``scope["address"]`` the address that it used. Of one that
    is not let in, ``scope["key"]`` is the key that has signed the request.

    Attributes:
        limits: count the requests.
        signatures: check them.
    """

    def __init__(
        self, app: App, addresses: list[Address], right_for: Callable[[str, str], Right | None], worker: App
    ) -> None:
        """Guard an application.

        Args:
            app: it.
            addresses: at which it is reached.
            right_for: the right that a method and a path need; None for an unknown path.
            worker: answers with the page's service worker.
        """
        self._app, self._right_for, self._worker = app, right_for, worker
        self._by_host = {address.host: address for address in addresses}
        self._devices = _CachedDevices()
        self.limits, self.signatures = Limits(), Signatures()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers = _headers(scope)
        is_api = scope["path"].startswith("/api/")
        sender = _Sender(send, is_api=is_api, is_for_eyes=headers.get("sec-fetch-mode") == "navigate")
        try:
            peer: Peer = scope["state"]["peer"]
            scope["address"] = self._address(await peer.refusal(), headers)
            # Whatever its path: a worker that another server has left at this address would stay for good.
            is_worker = headers.get("service-worker") == "script" and scope["method"] == "GET"
            signed = None if is_worker else self._check(scope, headers, peer)
            if (device := scope.get("device")) is not None and not is_use_noted(device):
                await asyncio.to_thread(note_use, device)
            limit, within_s = MAX_BODY_BYTES if device is not None else MAX_ASKING_BYTES, BODY_S
            if scope["path"] == UPLOAD:
                limit, within_s = MAX_UPLOAD_BYTES, UPLOAD_S
            body = _Body(receive, limit, within_s, headers.get("content-length", ""), signed)
            await (self._worker if is_worker else self._app)(scope, body.receive, sender.send)
        except PageError as error:
            await sender.fail(error)
        except OutliveError as error:
            await sender.fail(PageError.of(error))
        except TimeoutError:
            await sender.fail(PageError(504, "no_answer", "the chat’s machine does not answer"))
        except OSError as error:
            log.warning("%s failed: %s", scope["path"], error)
            await sender.fail(_of_system(error))
        except Exception:
            log.exception("%s failed", scope["path"])
            await sender.fail(PageError(500, "failed", "this failed; the computer’s log of `outlive web` says why"))

    def _address(self, refusal: str, headers: dict[str, str]) -> Address:
        """The address that was asked for, if anything may be."""
        if refusal:
            raise PageError(403, "not_allowed", refusal)
        address = self._by_host.get(headers.get("host", "").lower())
        if address is None:
            raise PageError(421, "unknown_host", "this computer’s page has another address; see `outlive web --help`")
        return address

    def _check(self, scope: Scope, headers: dict[str, str], peer: Peer) -> Signed | None:
        """Check a request but for its body; returns what its signature says of that, None for a file of the page."""
        method, path, address = scope["method"], scope["path"], scope["address"]
        right = self._right_for(method, path)
        if right is None:
            words = (
                "this page is of another version: load it again"
                if path.startswith("/api/")
                else "there is no such page"
            )
            raise PageError(404, "no_such_page", words)
        self._check_source(address, headers, method, path)
        if not path.startswith("/api/"):
            return None
        try:
            signed = Signed.of(headers.get("x-outlive-signed", ""))
        except ValueError:
            self._refuse(peer, "unsigned", "this request is not signed")
        device = self._devices.now().of_key(signed.key)
        if device is None and path not in _ASKING:
            self._refuse(peer, "not_paired", "this device is not paired")
        if not self.signatures.is_good(signed, method, address.origin + _target(scope)):
            self._refuse(peer, "unsigned", "this is signed with another key, or for another run of `outlive web`")
        if path in _ASKING:
            scope["key"] = signed.key
            return signed
        assert device is not None
        if number := self.signatures.count(signed.key, signed.number):
            self._refuse(peer, "unsigned", "this number was counted", number=number)
        self.limits.count(device.hash, *OF_DEVICE)
        if right not in device.rights.given:
            raise PageError(403, "not_allowed", "this device may not do that; pair it again with more rights")
        scope["device"] = device
        return signed

    def _refuse(self, peer: Peer, code: str, words: str, **facts: Any) -> NoReturn:
        """Refuse who has no device's signature; a page that was loaded in an earlier run signs again."""
        facts["challenge"] = self.signatures.challenge
        self.limits.count(f"network {peer.network}", *OF_NETWORK, **facts)
        raise PageError(401, code, words, **facts)

    def is_paired(self, device: Device) -> bool:
        """Whether a device has still its key and rights; no device has if the file cannot be read."""
        try:
            devices = self._devices.now().devices
        except OutliveError:
            return False
        return any((each.key, each.rights) == (device.key, device.rights) for each in devices)

    @staticmethod
    def _check_source(address: Address, headers: dict[str, str], method: str, path: str) -> None:
        """Check that the page itself makes the request; another page may only link to the first one."""
        site, origin = headers.get("sec-fetch-site", "same-origin"), headers.get("origin")
        is_first = method == "GET" and path == "/"
        if site not in {"same-origin", "none"} and not (is_first and headers.get("sec-fetch-mode") == "navigate"):
            raise PageError(403, "other_origin", "another page asked for this")
        if origin is not None and origin != address.origin:
            raise PageError(403, "other_origin", "another page asked for this")
        if not path.startswith("/api/"):
            return
        if headers.get("x-outlive") != "1":
            raise PageError(403, "other_origin", "only the page itself asks for this")
        if method == "POST":
            kind = headers.get("content-type", "").partition(";")[0].strip()
            if origin is None or kind != ("application/octet-stream" if path == UPLOAD else "application/json"):
                raise PageError(415, "other_origin", "this needs the page’s own form")


class _CachedDevices:
    """The file's content, read again when it has changed."""

    def __init__(self) -> None:
        self._key: tuple[int, int, int] | None = None
        self._devices = Devices()

    def now(self) -> Devices:
        try:
            status = os.stat(devices_file())  # noqa: PTH116 - each request asks
            key = (status.st_ino, status.st_mtime_ns, status.st_size)
        except OSError:
            key = None
        if key is None or key != self._key:
            self._devices, self._key = load(), key
        return self._devices


class _Body:
    """The body of a request, within limits, and as it was signed."""

    def __init__(self, receive: Receive, most_bytes: int, within_s: float, length: str, signed: Signed | None) -> None:
        if length.isdigit() and int(length) > most_bytes:
            most = f"{most_bytes >> 20} MB" if most_bytes >> 20 else f"{most_bytes >> 10} KB"
            raise PageError(413, "too_large", f"at most {most} can be sent")
        self._receive, self._left = receive, most_bytes
        self._hash, self._signed = hashlib.sha256(), signed
        self._until_s = asyncio.get_running_loop().time() + within_s
        self._is_whole = False

    async def receive(self) -> Message:
        """The next part; after the last one, the end of the connection."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until_s):
                message = await self._receive()
        except TimeoutError:
            raise PageError(408, "too_slow", "the request did not come to its end") from None
        self._is_whole = not message.get("more_body", False)
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise PageError(413, "too_large", "too much was sent")
        self._hash.update(message.get("body", b""))
        if self._is_whole and self._signed is not None and not self._signed.has_body(self._hash.digest()):
            raise PageError(400, "bad_request", "another body was signed")
        return message


class _Sender:
    """Sends an answer with the headers of all."""

    def __init__(self, send: Send, *, is_api: bool, is_for_eyes: bool) -> None:
        self._send, self._is_begun, self._is_for_eyes = send, False, is_for_eyes
        self._more = [*_HEADERS, (b"cache-control", b"no-store" if is_api else b"no-cache")]

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._is_begun = True
            own = {name for name, _value in self._more}
            kept = [each for each in message.get("headers", []) if each[0].lower() not in own]
            message = {**message, "headers": [*kept, *self._more]}
        await self._send(message)

    async def fail(self, error: PageError) -> None:
        if self._is_begun:
            return
        kind = b"text/html; charset=utf-8" if self._is_for_eyes else b"application/json"
        headers = [(b"content-type", kind), *([(b"connection", b"close")] if error.status == 413 else [])]
        if "challenge" in error.facts:
            headers.append(CLEARS_CACHE)
        body = (
            _PAGE.format(words=escape(error.words[:1].upper() + error.words[1:])).encode()
            if self._is_for_eyes
            else encoded(error.as_object())
        )
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _of_system(error: OSError) -> PageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PageError(507, "disk_full", "the computer’s disk is full: free some space there")
    return PageError(500, "failed", f"this failed on the computer: {error.strerror or error}")


def _headers(scope: Scope) -> dict[str, str]:
    """The headers; of several with one name the last one, but all cookies."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}; {text}" if key == "cookie" and key in found else text
    return found


def _target(scope: Scope) -> str:
    """What was asked for, as it was sent."""
    query: bytes = scope["query_string"]
    raw: bytes = scope["raw_path"]
    return (raw + b"?" + query if query else raw).decode("latin-1")


def number_of(scope: Scope) -> str:
    """The number in the page's cookie; "" for none. What other programs have put beside it is not read."""
    name = scope["address"].cookie
    for each in _headers(scope).get("cookie", "").split(";"):
        key, _, value = each.strip().partition("=")
        if key == name and value:
            return value.strip('"')
    return ""
