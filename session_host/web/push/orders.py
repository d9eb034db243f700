"""Orders to ``sending``, the process that encrypts messages and posts them to push services."""

from __future__ import annotations

import base64
import ipaddress
from typing import Final
from urllib.parse import urlsplit

import msgspec

from session_host.errors import OutliveError
from session_host.web.devices import PushTarget

from .processes import output_of

TIMEOUT_S: Final = 10.0
GONE: Final = frozenset({404, 410})
"""The statuses by which a push service says that a device is not to be told any more."""

_PROGRAM: Final = "session_host.web.push.sending"
_MAX_ENDPOINT_CHARACTERS: Final = 2000


class Order(msgspec.Struct, frozen=True):
    """A message for some devices. Without a key, the result is a new one."""

    key: str = ""
    """The server's, PEM."""
    contact: str = ""
    """An https or mailto URL of the server's owner."""
    targets: list[PushTarget] = []
    message: str = ""
    topic: str = ""
    """A message of the same topic that was not delivered yet is replaced; 32 characters of base64url at most."""
    is_urgent: bool = False


class Result(msgspec.Struct, frozen=True):
    """What became of an order."""

    statuses: list[int] = []
    """Of HTTP, of each target; 0 for none."""
    reasons: list[str] = []
    """What each push service said, or why there is no status."""
    key: str = ""
    """The new key."""
    public: str = ""
    """Its public part, base64url."""


async def carry_out(order: Order) -> Result:
    """Carry out an order in a process of its own.

    Raises:
        OutliveError: that failed.
    """
    try:
        said = await output_of(_PROGRAM, msgspec.json.encode(order), 3 * TIMEOUT_S)
        return msgspec.json.decode(said, type=Result)
    except (TimeoutError, msgspec.MsgspecError) as error:
        raise OutliveError("the process that sends notifications failed") from error


def target_of(endpoint: str, p256dh: str, auth: str) -> PushTarget:
    """A browser's subscription.

    Raises:
        ValueError: it is none that may be used; the text says why.
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise ValueError("a push service has an https address")
    if len(endpoint) > _MAX_ENDPOINT_CHARACTERS:
        raise ValueError("the address of the push service is too long")
    if _is_address(parts.hostname) and not is_public(parts.hostname):
        raise ValueError("a push service has a public address")
    if (len(decoded(p256dh)), len(decoded(auth))) != (65, 16):
        raise ValueError("the browser’s keys have another length")
    return PushTarget(endpoint, p256dh, auth)


def decoded(text: str) -> bytes:
    """What a text of base64url means."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet."""
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or found
    return inner.is_global and not inner.is_multicast


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
