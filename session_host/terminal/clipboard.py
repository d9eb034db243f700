"""A program's request to set the clipboard or the primary selection (OSC 52). Pure.

Source: xterm's control sequences. The first parameter has a letter for each place: "c" for the clipboard, "p" for the
primary selection, "s" for the one that the user prefers, which is the clipboard here, as it is without any letter.
Cut buffers are not supported. Requests to read are not answered.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from session_host.protocol.untrusted_text import for_clipboard

from .events import ClipboardSet

MAX_CLIPBOARD_CHARACTERS: Final = 256 * 1024
MAX_CLIPBOARD_BYTES: Final = 1536 * 1024
"""The base64 of as many characters."""


def clipboard_of(parameters: str) -> ClipboardSet | None:
    """The event of ``OSC 52 ; parameters``; None if it sets nothing."""
    letters, separator, payload = parameters.partition(";")
    targets = ("c" if not letters or {*letters} & {"c", "s"} else "") + ("p" if "p" in letters else "")
    if not targets or not separator or payload == "?":
        return None
    try:
        data = base64.b64decode(payload.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        return None
    return clipboard_set(data, targets)


def clipboard_set(data: bytes, targets: str) -> ClipboardSet | None:
    """The event of a text for some places; None for control characters alone, which shall not empty a clipboard."""
    text = for_clipboard(data.decode("utf-8", "replace"), MAX_CLIPBOARD_CHARACTERS)
    return None if data and not text else ClipboardSet(text, targets)
