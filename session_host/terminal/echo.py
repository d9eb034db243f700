"""Which output may be the echo of a key. Pure."""

from __future__ import annotations

MAX_ECHO_CHARACTERS = 8
"""A longer output is not taken for an echo."""

ECHO_STYLE = b"\x1b[0m"
"""Precedes an echo that is shown without painting a frame."""


def echo_in(data: bytes) -> str:
    """The text of output that may be an echo, a few printable ASCII characters; "" for other output."""
    if len(data) > MAX_ECHO_CHARACTERS or not data.isascii():
        return ""
    text = data.decode("ascii")
    return text if text.isprintable() else ""
