"""Kitty's desktop notifications (OSC 99), which may arrive in parts, and the limits of all notifications.

Supported: titles and bodies, plain or in base64, in parts (``d=0``); an id (``i``), with which a later notification
replaces an earlier one; the query (``p=?``). Buttons, icons, sounds and reports to the program are not.

Source: https://sw.kovidgoyal.net/kitty/desktop-notifications/
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from session_host.protocol.untrusted_text import plain

from .events import Notification

MAX_TITLE_CHARACTERS: Final = 1024
MAX_BODY_CHARACTERS: Final = 4096
MAX_ID_CHARACTERS: Final = 64
MAX_UNFINISHED: Final = 16
"""More unfinished notifications than this replace the oldest ones."""

_NOT_IN_ID: Final = re.compile("[^a-zA-Z0-9_.+-]")
"""Other characters could do harm in the answer to a query, which the program gets as input."""

_WITHOUT_ID: Final = "0"
"""The id in the answer to a query without one."""


def cleaned_title(text: str) -> str:
    """A notification's title, without control characters."""
    return plain(text, MAX_TITLE_CHARACTERS)


def cleaned_body(text: str) -> str:
    """A notification's text, without control characters; lines stay."""
    return plain(text, MAX_BODY_CHARACTERS, keep_lines=True)


class KittyNotifications:
    """One terminal's notifications by OSC 99.

    Attributes:
        unfinished: incomplete notifications, by id: (title, body). Part of a snapshot.
    """

    def __init__(self) -> None:
        self.unfinished: dict[str, tuple[str, str]] = {}

    def receive(self, content: str) -> tuple[Notification | None, bytes]:
        """Handle ``OSC 99 ; content``; returns a notification that is complete now, and a reply to the program."""
        metadata, separator, payload = content.partition(";")
        if not separator:
            return None, b""
        values = dict(part.partition("=")[::2] for part in metadata.split(":"))
        identity = _NOT_IN_ID.sub("", values.get("i", ""))[:MAX_ID_CHARACTERS]
        kind = values.get("p", "title")
        if kind == "?":
            supported = "a=focus:o=unfocused:p=title,body"
            return None, f"\x1b]99;i={identity or _WITHOUT_ID}:p=?;{supported}\x1b\\".encode()
        if kind in {"close", "alive"}:
            return None, b""
        if values.get("e") == "1":
            try:
                padded = payload.encode("ascii", "replace") + b"=" * (-len(payload) % 4)
                payload = base64.b64decode(padded, validate=True).decode("utf-8", "replace")
            except binascii.Error:
                return None, b""
        title, body = self.unfinished.pop(identity, ("", ""))
        if kind == "title":
            title = (title + cleaned_title(payload))[:MAX_TITLE_CHARACTERS]
        elif kind == "body":
            body = (body + cleaned_body(payload))[:MAX_BODY_CHARACTERS]
        if values.get("d", "1") != "0":
            return Notification(title, body, identity) if title or body else None, b""
        while len(self.unfinished) >= MAX_UNFINISHED:
            del self.unfinished[next(iter(self.unfinished))]
        self.unfinished[identity] = (title, body)
        return None, b""
