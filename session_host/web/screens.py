"""A terminal's screen as text with its colours. The page has no emulator: the chat's host interprets the output."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final

from session_host.client.control import ControlConnection, request
from session_host.client.machine import Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, SessionEnded
from session_host.protocol.messages import OutputEvent, Peek, Screen, StateEvent
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES
from session_host.terminal.text import screen_hash, used_lines

from .forms import ScreenPage

EACH_S: Final = 0.25
"""The least time between two screens of one device."""

_SEQUENCE: Final = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\[[0-?]*[ -/]*[@-~]")
_LETTERS: Final = {"1": "b", "2": "s", "3": "i", "7": "r", "8": "h"}
_CUBE: Final = (0, 95, 135, 175, 215, 255)
Run = tuple[str, str, str, str]


async def screen_of(machine: Machine, info: SessionInfo) -> ScreenPage:
    """A running chat's screen."""
    if info.state not in RUNNING_STATES:
        raise SessionEnded("the chat has ended")
    screen: Screen = await request(info.id, Peek(0, 0, ansi=True), machine)
    return page_of(screen)


def page_of(screen: Screen) -> ScreenPage:
    """A screen for the page."""
    rows = [runs_of(line) for line in used_lines(screen)]
    is_whole = len(screen.lines) == screen.size.rows
    # Another machine may say anything.
    is_on_it = 0 <= screen.cursor_row < len(rows) and 0 <= screen.cursor_column <= screen.size.columns
    if screen.cursor_visible and is_whole and is_on_it:
        rows[screen.cursor_row] = _with_cursor(rows[screen.cursor_row], screen.cursor_column)
    while rows and not any(run[0].strip() or run[2] or "c" in run[3] for run in rows[-1]):
        rows.pop()
    return ScreenPage(
        columns=screen.size.columns,
        rows=rows,
        title=one_line(screen.title),
        hash=screen_hash(screen),
        scrollback=screen.scrollback_lines,
    )


async def screens(machine: Machine, info: SessionInfo) -> AsyncIterator[ScreenPage]:
    """Yield a chat's screen, and again after each change, until the chat ends."""
    last = ""
    changed = asyncio.Event()
    changed.set()
    async with ControlConnection(info.id, machine) as connection:
        connection.follow(output=False)

        async def listen() -> None:
            async for message in connection.messages():
                if isinstance(message, OutputEvent | StateEvent):
                    changed.set()
            raise HostUnavailable("the connection to the chat was lost")

        listening = asyncio.ensure_future(listen())
        try:
            while True:
                waiting = asyncio.ensure_future(changed.wait())
                await asyncio.wait((waiting, listening), return_when=asyncio.FIRST_COMPLETED)
                waiting.cancel()
                if listening.done():
                    return
                changed.clear()
                screen = await screen_of(machine, info)
                if screen.hash != last:
                    last = screen.hash
                    yield screen
                await asyncio.sleep(EACH_S)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, HostUnavailable):
                await listening


def runs_of(line: str) -> list[Run]:
    """A line with SGR sequences as runs of one look."""
    runs: list[Run] = []
    look = ("", "", "")
    start = 0
    for found in _SEQUENCE.finditer(line):
        if text := line[start : found.start()]:
            runs.append((text, *look))
        start = found.end()
        if found[1] is not None:
            look = _look(found[1], look)
    if text := line[start:]:
        runs.append((text, *look))
    return runs


def _with_cursor(runs: list[Run], column: int) -> list[Run]:
    """The runs of a row with the cursor's cell as a run of its own, with the letter c."""
    from wcwidth import iter_graphemes, wcswidth  # Screens without a cursor do not need it.

    at = 0
    for number, (text, foreground, background, letters) in enumerate(runs):
        start = 0
        for cluster in iter_graphemes(text):
            at += min(max(wcswidth(cluster), 1), 2)
            end = start + len(cluster)
            if at > column:
                parts = ((text[:start], letters), (cluster, letters + "c"), (text[end:], letters))
                cut = [(part, foreground, background, look) for part, look in parts if part]
                return [*runs[:number], *cut, *runs[number + 1 :]]
            start = end
    blanks = [(" " * (column - at), "", "", "")] if column > at else []
    return [*runs, *blanks, (" ", "", "", "c")]


def _look(parameters: str, look: tuple[str, str, str]) -> tuple[str, str, str]:
    foreground, background, letters = look
    parts = [each.split(":")[0] if each.startswith("4:") else each for each in parameters.split(";")]
    position = 0
    while position < len(parts):
        part = parts[position]
        position += 1
        if part in {"", "0"}:
            foreground = background = letters = ""
        elif part in _LETTERS:
            letters += _LETTERS[part]
        elif part == "4":
            letters += "u"
        elif part in {"38", "48"}:
            color, position = _color(parts, position)
            foreground, background = (color, background) if part == "38" else (foreground, color)
        elif part.isdigit() and 30 <= int(part) <= 37:
            foreground = f"c{int(part) - 30}"
        elif part.isdigit() and 90 <= int(part) <= 97:
            foreground = f"c{int(part) - 90 or 8}"
        elif part.isdigit() and 40 <= int(part) <= 47:
            background = f"c{int(part) - 40}"
        elif part.isdigit() and 100 <= int(part) <= 107:
            background = f"c{int(part) - 100 or 8}"
    return foreground, background, letters


def _color(parts: list[str], position: int) -> tuple[str, int]:
    """The colour of ``5;N`` or ``2;R;G;B`` at a position, and the position after it."""
    try:
        if parts[position] == "5":
            return _indexed(int(parts[position + 1])), position + 2
        red, green, blue = (int(each) & 0xFF for each in parts[position + 1 : position + 4])
        return f"#{red:02x}{green:02x}{blue:02x}", position + 4
    except (IndexError, ValueError):
        return "", len(parts)


def _indexed(number: int) -> str:
    """One of xterm's 256 colours; of the first 16, the bright ones are the page's usual ones, but for gray."""
    if number < 16:
        return f"c{number if number <= 8 else number - 8}"
    if number < 232:
        red, rest = divmod(number - 16, 36)
        green, blue = divmod(rest, 6)
        return f"#{_CUBE[red]:02x}{_CUBE[green]:02x}{_CUBE[blue]:02x}"
    gray = 8 + 10 * (number - 232)
    return f"#{gray:02x}{gray:02x}{gray:02x}"
