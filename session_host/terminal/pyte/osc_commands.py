"""OSC commands: ``_COMMANDS`` has a function for each number."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Final

from pyte import graphics

from session_host.protocol.untrusted_text import plain
from session_host.terminal.events import AgentState, Notification, Progress
from session_host.terminal.osc import MAX_BODY_CHARACTERS, cleaned_body, cleaned_title, clipboard_of
from session_host.terminal.prompts import MAX_MARK_BYTES, is_fresh_line, mark_of
from session_host.terminal.queries import AGENT_STATE_REPLY
from session_host.terminal.rows import Color

from .screen import Screen
from .style import number

MAX_LINK = 4096
MAX_DIRECTORY = 1024

PALETTE: tuple[Color, ...] = tuple(int(value, 16) for value in graphics.FG_BG_256)
"""xterm's palette, as 0xRRGGBB."""

_DYNAMIC = {10: "foreground", 11: "background", 12: "cursor"}
_PROGRESS_STATES = ("none", "running", "error", "indeterminate", "paused")
_CONEMU = re.compile("(?:1[0-2]|[1-9])(?:;.*)?", re.DOTALL)


def _color_text(color: int) -> str:
    """A colour as in the answer to a query: ``rgb:RRRR/GGGG/BBBB``."""
    red, green, blue = color >> 16 & 0xFF, color >> 8 & 0xFF, color & 0xFF
    return f"rgb:{red:02x}{red:02x}/{green:02x}{green:02x}/{blue:02x}{blue:02x}"


def receive(screen: Screen, text: str, terminator: str) -> None:
    """Carry out an OSC command.

    Args:
        screen: the terminal.
        text: what is between ``ESC ]`` and the end.
        terminator: the end, with which answers end, too.
    """
    code, _, rest = text.partition(";")
    if code.isascii() and code.isdigit() and len(code) < 6 and (command := _COMMANDS.get(int(code))) is not None:
        command(screen, rest, terminator)


def _title(screen: Screen, rest: str, _end: str) -> None:
    screen.set_title(rest)


def _palette(screen: Screen, rest: str, end: str) -> None:
    parts = rest.split(";")
    for index_text, specification in zip(parts[::2], parts[1::2], strict=False):
        if specification == "?" and index_text.isdecimal() and (index := number(index_text)) < len(PALETTE):
            themed = screen.defaults.palette
            color = themed[index] if index < len(themed) else PALETTE[index]
            screen.reply(f"\x1b]4;{index};{_color_text(color)}{end}")


def _directory(screen: Screen, rest: str, _end: str) -> None:
    screen.directory = plain(rest, MAX_DIRECTORY)


def _link(screen: Screen, rest: str, _end: str) -> None:
    uri = rest.partition(";")[2]
    screen.style = screen.style._replace(link=plain(uri, MAX_LINK))


def _iterm_or_conemu(screen: Screen, rest: str, _end: str) -> None:
    """A notification, or one of ConEmu's numbered commands; 4 is progress."""
    if rest == "4" or rest.startswith("4;"):
        _progress(screen, rest.split(";"))
    elif rest and not _CONEMU.fullmatch(rest):
        screen.events.append(Notification("", cleaned_body(rest)))


def _progress(screen: Screen, parts: list[str]) -> None:
    state = parts[1] if len(parts) > 1 else "0"
    if state not in {"0", "1", "2", "3", "4"}:
        return
    percent: int | None = None
    if len(parts) > 2 and parts[2].isascii() and parts[2].isdigit():
        percent = min(int(parts[2][:4]), 100)
    if state in {"0", "3"}:
        percent = None
    elif state == "1" and percent is None:
        percent = 0
    screen.events.append(Progress(_PROGRESS_STATES[int(state)], percent))  # type: ignore[arg-type]


def _dynamic_colors(first: int, screen: Screen, rest: str, end: str) -> None:
    """Colours from OSC ``first`` on: the further ones are those of the next numbers."""
    for code, specification in enumerate(rest.split(";"), first):
        if specification == "?" and code in _DYNAMIC:
            screen.reply(f"\x1b]{code};{_color_text(getattr(screen.defaults, _DYNAMIC[code]))}{end}")


def _clipboard(screen: Screen, rest: str, _end: str) -> None:
    if (event := clipboard_of(rest)) is not None:
        screen.events.append(event)


def _kitty_notification(screen: Screen, rest: str, _end: str) -> None:
    event, answer = screen.notifications.receive(rest)
    if event is not None:
        screen.events.append(event)
    screen.reply(answer.decode())


def _shell_mark(screen: Screen, rest: str, _end: str) -> None:
    if len(rest) >= MAX_MARK_BYTES:
        return
    if is_fresh_line(rest) and screen.cursor.x:
        screen.next_line()
    if (event := mark_of(rest)) is not None:
        screen.events.append(event)


def _notification(screen: Screen, rest: str, _end: str) -> None:
    kind, _, words = rest.partition(";")
    if kind == "notify":
        title, _, body = words.partition(";")
        screen.events.append(Notification(cleaned_title(title), cleaned_body(body)))


def _agent_state(screen: Screen, rest: str, _end: str) -> None:
    if rest.startswith("?"):
        screen.reply(AGENT_STATE_REPLY.decode())
    else:
        screen.events.append(AgentState(plain(rest, MAX_BODY_CHARACTERS)))


_COMMANDS: Final[dict[int, Callable[[Screen, str, str], None]]] = {
    0: _title,
    2: _title,
    4: _palette,
    7: _directory,
    8: _link,
    9: _iterm_or_conemu,
    **{code: partial(_dynamic_colors, code) for code in _DYNAMIC},
    52: _clipboard,
    99: _kitty_notification,
    133: _shell_mark,
    777: _notification,
    7501: _agent_state,
}
