"""Who gets in: the checks of each request before anything else reads it, and the headers of each answer.

A request comes from a paired device by its cookie, from the page itself by its origin, to an address that the user
gave. An agent and what it started get nothing, whatever they know: the kernel says who is at the other end (``peers``).
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from session_host.errors import OutliveError

from .devices import Device, Devices, Rights, devices_file, is_use_noted, load, note_use
from .errors import PageError
from .forms import encoded
from .peers import Peer

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

OF_DEVICE: Final = (40, 10.0)
OF_ALL: Final = (200, 10.0)
OF_PAIRING: Final = (20, 60.0)
"""Requests that are allowed in so many seconds: of one device, of all devices, and of those without a credential."""

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
_PUBLIC: Final = {"/api/pairing", "/api/pair"}
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
        """The name of the credential's cookie: under HTTPS browsers keep it for this host alone."""
        return "__Host-outlive" if self.scheme == "https" else "outlive"


class Gate:
    """The outermost part of the application.

    ``scope["device"]`` is the device for the parts within, ``scope["address"]`` the address that it used.
    """

    def __init__(self, app: App, addresses: list[Address], right_for: Callable[[str, str], Rights | None]) -> None:
        """Guard an application.

        Args:
            app: it.
            addresses: at which it is reached.
            right_for: the right that a method and a path need; None for an unknown path.
        """
        self._app, self._right_for = app, right_for
        self._by_host = {address.host: address for address in addresses}
        self._limits: defaultdict[str, deque[float]] = defaultdict(deque)
        self._devices = _CachedDevices()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        sender = _Sender(send, is_api=scope["path"].startswith("/api/"))
        try:
            await _check_peer(scope["state"]["peer"])
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._check(scope, headers)
            if (device := scope.get("device")) is not None and not is_use_noted(device):
                await asyncio.to_thread(note_use, device)
            limit, within_s = (MAX_UPLOAD_BYTES, UPLOAD_S) if scope["path"] == UPLOAD else (MAX_BODY_BYTES, BODY_S)
            body = _Body(receive, limit, within_s, headers.get("content-length", ""))
            await self._app(scope, body.receive, sender.send)
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

    def _check(self, scope: Scope, headers: dict[str, str]) -> None:
        address = self._by_host.get(headers.get("host", "").lower())
        if address is None:
            raise PageError(421, "unknown_host", "this computer’s page has another address; see `outlive web --help`")
        method, path = scope["method"], scope["path"]
        right = self._right_for(method, path)
        if right is None:
            raise PageError(404, "no_such_page", "there is no such page")
        self._check_source(address, headers, method, path)
        scope["address"] = address
        if not path.startswith("/api/"):
            self._count("files", *OF_ALL)
            return
        if path in _PUBLIC:
            self._count(path, *OF_PAIRING)
            return
        device = self._devices.now().of_number(_cookie(headers.get("cookie", ""), address.cookie))
        if device is None:  # Who has no credential uses up nothing of those who do.
            self._count("strangers", *OF_PAIRING)
            raise PageError(401, "not_paired", "this device is not paired")
        self._count("devices", *OF_ALL)
        self._count(device.hash, *OF_DEVICE)
        if device.rights < right:
            raise PageError(403, "not_allowed", "this device may not do that; pair it again with more rights")
        scope["device"] = device

    def is_paired(self, device: Device) -> bool:
        """Whether a device is still paired, with the same rights; no device is if the file cannot be read."""
        try:
            devices = self._devices.now().devices
        except OutliveError:
            return False
        return any((each.hash, each.rights) == (device.hash, device.rights) for each in devices)

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

    def _count(self, who: str, most: int, within_s: float) -> None:
        times, at_s = self._limits[who], time.monotonic()
        while times and times[0] <= at_s - within_s:
            times.popleft()
        if len(times) >= most:
            raise PageError(429, "too_many", "too many requests; wait a few seconds")
        times.append(at_s)


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
    """The body of a request, within limits."""

    def __init__(self, receive: Receive, most_bytes: int, within_s: float, length: str) -> None:
        if length.isdigit() and int(length) > most_bytes:
            raise PageError(413, "too_large", f"at most {most_bytes >> 20} MB can be sent")
        self._receive, self._left = receive, most_bytes
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
        return message


class _Sender:
    """Sends an answer with the headers of all."""

    def __init__(self, send: Send, *, is_api: bool) -> None:
        self._send, self._is_begun = send, False
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
        headers = [
            (b"content-type", b"application/json"),
            *([(b"connection", b"close")] if error.status == 413 else []),
        ]
        await self.send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": encoded(error.as_object())})


def _of_system(error: OSError) -> PageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return PageError(507, "disk_full", "the computer’s disk is full: free some space there")
    return PageError(500, "failed", f"this failed on the computer: {error.strerror or error}")


async def _check_peer(peer: Peer) -> None:
    if refusal := await peer.refusal():
        raise PageError(403, "not_allowed", refusal)


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found is not None else ""
