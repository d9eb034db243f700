"""OSC commands: colours, notifications, progress, clipboard and shell marks."""

from __future__ import annotations

import re
from collections.abc import Callable

from session_host.protocol.untrusted_text import plain
from session_host.terminal.events import AgentState, Notification, Progress, TerminalEvent
from session_host.terminal.osc import MAX_BODY_CHARACTERS, KittyNotifications, cleaned_body, cleaned_title, clipboard_of
from session_host.terminal.prompts import mark_of
from session_host.terminal.queries import AGENT_STATE_REPLY

_RGB = re.compile("rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})(?:/[0-9a-fA-F]{1,4})?")
_HASH = re.compile("#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{9}|[0-9a-fA-F]{12})")
_NAMED = {
    "black": 0x000000,
    "white": 0xFFFFFF,
    "red": 0xFF0000,
    "green": 0x00FF00,
    "blue": 0x0000FF,
    "yellow": 0xFFFF00,
    "cyan": 0x00FFFF,
    "magenta": 0xFF00FF,
}
_PROGRESS_STATES = ("none", "running", "error", "indeterminate", "paused")
_CONEMU = re.compile("(?:1[0-2]|[1-9])(?:;.*)?", re.DOTALL)


def parse_color(text: str) -> int | None:
    """Parse a colour as XParseColor does (``rgb:…``, ``#…``, a few names) → 0xRRGGBB."""
    match = _RGB.fullmatch(text)
    if match:
        parts = [int(part, 16) * 255 // (16 ** len(part) - 1) for part in match.groups()]
        return parts[0] << 16 | parts[1] << 8 | parts[2]
    if _HASH.fullmatch(text):
        digits = (len(text) - 1) // 3
        red, green, blue = (int((text[1 + part * digits : 1 + (part + 1) * digits] + "0")[:2], 16) for part in range(3))
        return red << 16 | green << 8 | blue
    return _NAMED.get(text.lower())


def color_text(color: int) -> str:
    """A colour as in the answer to a query: ``rgb:RRRR/GGGG/BBBB``."""
    red, green, blue = color >> 16 & 0xFF, color >> 8 & 0xFF, color & 0xFF
    return f"rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}"


def events_of(
    code: int, rest: str, notifications: KittyNotifications, reply: Callable[[str], object]
) -> list[TerminalEvent]:
    """The events of OSC ``code`` with parameters ``rest``; empty for unknown ones.

    Args:
        code: the command's number.
        rest: what follows the number.
        notifications: receives those of OSC 99.
        reply: called with an answer to the program.
    """
    event: TerminalEvent | None = None
    if code == 9:
        event = _iterm_or_conemu(rest)
    elif code == 52:
        event = clipboard_of(rest)
    elif code == 99:
        event, answer = notifications.receive(rest)
        if answer:
            reply(answer.decode())
    elif code == 133:
        event = mark_of(rest)
    elif code == 777:
        kind, _, words = rest.partition(";")
        if kind == "notify":
            title, _, body = words.partition(";")
            event = Notification(cleaned_title(title), cleaned_body(body))
    elif code == 7501 and rest.startswith("?"):
        reply(AGENT_STATE_REPLY.decode())
    elif code == 7501:
        event = AgentState(plain(rest, MAX_BODY_CHARACTERS))
    return [] if event is None else [event]


def _iterm_or_conemu(rest: str) -> TerminalEvent | None:
    """OSC 9: a notification, or one of ConEmu's numbered commands; 4 is progress."""
    if rest == "4" or rest.startswith("4;"):
        parts = rest.split(";")
        state = parts[1] if len(parts) > 1 else "0"
        if state not in {"0", "1", "2", "3", "4"}:
            return None
        percent: int | None = None
        if len(parts) > 2 and parts[2].isascii() and parts[2].isdigit():
            percent = min(int(parts[2][:4]), 100)
        if state in {"0", "3"}:
            percent = None
        elif state == "1" and percent is None:
            percent = 0
        return Progress(_PROGRESS_STATES[int(state)], percent)  # type: ignore[arg-type]
    if not rest or _CONEMU.fullmatch(rest):
        return None
    return Notification("", cleaned_body(rest))
