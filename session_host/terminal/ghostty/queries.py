"""Answers DECRQSS and XTGETTCAP, which the library answers in part."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from session_host.terminal.capabilities import capability_replies
from session_host.terminal.engine_constants import CONFORMANCE

from .effects import Effects
from .library.calls import formatted_extras
from .sequences import CAPABILITY_QUERY

_KNOWN_SETTINGS: Final = (b"m", b"r", b"s", b" q")
"""The library answers the queries for these settings. Its answer for SGR lacks the colour of underlines."""

_UNDERLINE_COLOR: Final = re.compile(rb"\x1b\[58;(?:(5;)|2;)([0-9;]+)m")


def answer(query: bytes, content: bytes, terminal: Any, effects: Effects, write: Callable[[bytes], object]) -> None:
    """Answer a query.

    Args:
        query: its kind, one of ``sequences.QUERIES``.
        content: its content.
        terminal: the terminal.
        effects: gets the replies, also those of the library.
        write: writes bytes into the terminal.
    """
    if query == CAPABILITY_QUERY:
        effects.reply(capability_replies(content.decode("latin-1")).encode())
    elif content in _KNOWN_SETTINGS:
        replies, count = effects.replies, len(effects.replies)
        write(b"\x1bP$q%s\x1b\\" % content)
        if content == b"m" and (color := _underline_color(_cursor_style(terminal, style=True))):
            replies[count:] = [reply.replace(b"m\x1b", b";%sm\x1b" % color) for reply in replies[count:]]
    elif content == b'"q':
        effects.reply(b'\x1bP1$r%d"q\x1b\\' % _cursor_style(terminal, protection=True).endswith(b'1"q'))
    else:
        effects.reply(b"\x1bP1$r%s\x1b\\" % CONFORMANCE if content == b'"p' else b"\x1bP0$r\x1b\\")


def _cursor_style(terminal: Any, **wanted: bool) -> bytes:
    """Sequences for a part of the style that the cursor writes with."""
    return formatted_extras(terminal, **wanted).rpartition(b"\x1b[0m")[2]


def _underline_color(style: bytes) -> bytes:
    """The parameters of SGR for the underline's colour in a style, in the form with colons; b"" for the default."""
    found = _UNDERLINE_COLOR.search(style)
    return (b"58:5:" if found[1] else b"58:2::") + found[2].replace(b";", b":") if found else b""
