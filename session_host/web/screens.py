"""A terminal's screen as text with its colours, as at the desk. The page has no emulator.

The chat's host interprets the output, and says on which ground and with which palette.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Final, NamedTuple

from msgspec.structs import replace

from session_host.client.chats.last_view import restored_last_screen
from session_host.client.chats.settings import remembered_colors
from session_host.client.control import ControlConnection, request
from session_host.client.machine import Machine
from session_host.client.sessions.session_info import SessionInfo
from session_host.errors import HostUnavailable, OutliveError, SessionEnded
from session_host.protocol.messages import OutputEvent, Peek, PeekColors, Screen, ScreenColors, StateEvent
from session_host.protocol.untrusted_text import one_line
from session_host.protocol.values import RUNNING_STATES
from session_host.terminal.base import DefaultColors
from session_host.terminal.contrast import MARK_RATIO, TEXT_RATIO, blend, readable
from session_host.terminal.rows import DEFAULT_COLOR, RGB, Color
from session_host.terminal.text import screen_hash, used_lines
from session_host.terminal.text import screen_of as screen_text

from .forms import ScreenPage

EACH_S: Final = 0.25
"""The least time between two screens of one device."""

_SEQUENCE: Final = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\]8;[^\x1b\x07]*(?:\x1b\\|\x07)|\x1b\[[0-?]*[ -/]*[@-~]")
_LETTERS: Final = {"1": "b", "2": "d", "3": "i", "4": "u", "7": "r", "8": "h", "9": "s"}
"""Of SGR's attributes; those of dim, reversed and hidden text end in ``_colored``."""
_CUBE: Final = (0, 95, 135, 175, 215, 255)
_DIM_SHARE: Final = 0.6
"""As at the desk: the rest is the ground's."""

Run = tuple[str, str, str, str]


class Look(NamedTuple):
    """The colours of a run, as the program set them, and its attributes."""

    foreground: Color = DEFAULT_COLOR
    background: Color = DEFAULT_COLOR
    letters: str = ""


class Ground(NamedTuple):
    """The colours of a screen, 0xRRGGBB."""

    text: int
    ground: int
    palette: tuple[int, ...]

    @classmethod
    def usual(cls) -> Ground:
        """Those of the window: of a chat whose host is too old to say its own."""
        colors = remembered_colors() or DefaultColors()
        return cls(colors.foreground, colors.background, colors.palette or DefaultColors().palette)


async def ground_of(machine: Machine, info: SessionInfo) -> Ground:
    """The colours that a running chat's program was told, or has set."""
    with contextlib.suppress(OutliveError):
        async with ControlConnection(info.id, machine) as connection:
            found: ScreenColors = await connection.request(PeekColors(0))
            if len(found.palette) == 16 and all(
                0 <= each <= 0xFFFFFF for each in (found.foreground, found.background, *found.palette)
            ):
                return Ground(found.foreground, found.background, found.palette)
    return Ground.usual()


async def screen_of(machine: Machine, info: SessionInfo) -> ScreenPage:
    """A running chat's screen."""
    if info.state not in RUNNING_STATES:
        raise SessionEnded("the chat has ended")
    screen: Screen = await request(info.id, Peek(0, 0, ansi=True), machine)
    return page_of(screen, await ground_of(machine, info))


def page_of(screen: Screen, ground: Ground) -> ScreenPage:
    """A screen for the page."""
    rows = [[_colored(text, look, ground) for text, look in runs_of(line)] for line in used_lines(screen)]
    is_whole = len(screen.lines) == screen.size.rows
    # Another machine may say anything.
    is_on_it = 0 <= screen.cursor_row < len(rows) and 0 <= screen.cursor_column <= screen.size.columns
    if screen.cursor_visible and is_whole and is_on_it:
        rows[screen.cursor_row] = _with_cursor(rows[screen.cursor_row], screen.cursor_column)
    while rows and not any(run[0].strip() or run[2] or "c" in run[3] for run in rows[-1]):
        rows.pop()
    return ScreenPage(
        columns=screen.size.columns,
        text=_css(ground.text),
        ground=_css(ground.ground),
        rows=rows,
        title=one_line(screen.title),
        hash=screen_hash(screen),
        scrollback=screen.scrollback_lines,
    )


async def last_screen_of(machine: Machine, info: SessionInfo) -> ScreenPage | None:
    """The last screen of a chat that has ended or is asleep; None if none was kept."""
    emulator = await restored_last_screen(machine, info.id)
    if emulator is None:
        return None
    try:
        screen = screen_text(emulator, Peek(0, ansi=True))
    finally:
        emulator.close()
    return page_of(replace(screen, cursor_visible=False), Ground.usual())


async def screens(machine: Machine, info: SessionInfo) -> AsyncIterator[ScreenPage]:
    """Yield a chat's screen, and again after each change, until the chat ends."""
    last = None
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
                if screen != last:
                    last = screen
                    yield screen
                await asyncio.sleep(EACH_S)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError, HostUnavailable):
                await listening


def runs_of(line: str) -> list[tuple[str, Look]]:
    """A line with SGR sequences as runs of one look."""
    runs: list[tuple[str, Look]] = []
    look = Look()
    start = 0
    for found in _SEQUENCE.finditer(line):
        if text := line[start : found.start()]:
            runs.append((text, look))
        start = found.end()
        if found[1] is not None:
            look = _look(found[1], look)
    if text := line[start:]:
        runs.append((text, look))
    return runs


def _colored(text: str, look: Look, screen: Ground) -> Run:
    """A run as it is drawn: its colours are "" where they are the screen's.

    As at the desk, a colour of the palette, and one on the screen's own ground, is made readable; if the program chose
    both colours exactly, or made them equal to hide its text, they stay.
    """
    front, back = _rgb(look.foreground, screen.text, screen), _rgb(look.background, screen.ground, screen)
    if "r" in look.letters:
        front, back = back, front
    if "d" in look.letters:
        front = blend(front, back, _DIM_SHARE)
    hides = look.foreground == look.background != DEFAULT_COLOR
    if "h" in look.letters:
        front = back
    elif not hides and min(look.foreground, look.background) < 16:
        front = readable(front, back, MARK_RATIO if "d" in look.letters else TEXT_RATIO)
    letters = "".join(each for each in look.letters if each in "bius")
    return (
        text,
        _css(front) if front != screen.text else "",
        _css(back) if back != screen.ground else "",
        letters,
    )


def _rgb(color: Color, default: int, screen: Ground) -> int:
    if color == DEFAULT_COLOR:
        return default
    if color >= RGB:
        return color & 0xFFFFFF
    return screen.palette[color] if color < 16 else _indexed(color)


def _css(color: int) -> str:
    return f"#{color:06x}"


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


def _look(parameters: str, look: Look) -> Look:
    foreground, background, letters = look
    parts = [each.split(":")[0] if each.startswith("4:") else each for each in parameters.split(";")]
    position = 0
    while position < len(parts):
        part = parts[position]
        position += 1
        if part in {"", "0"}:
            foreground, background, letters = Look()
        elif part in _LETTERS:
            letters += _LETTERS[part]
        elif part in {"38", "48"}:
            color, position = _color(parts, position)
            foreground, background = (color, background) if part == "38" else (foreground, color)
        elif part.isdigit() and 30 <= int(part) <= 37:
            foreground = int(part) - 30
        elif part.isdigit() and 90 <= int(part) <= 97:
            foreground = int(part) - 82
        elif part.isdigit() and 40 <= int(part) <= 47:
            background = int(part) - 40
        elif part.isdigit() and 100 <= int(part) <= 107:
            background = int(part) - 92
    return Look(foreground, background, letters)


def _color(parts: list[str], position: int) -> tuple[Color, int]:
    """The colour of ``5;N`` or ``2;R;G;B`` at a position, and the position after it."""
    try:
        if parts[position] == "5":
            return int(parts[position + 1]) & 0xFF, position + 2
        red, green, blue = (int(each) & 0xFF for each in parts[position + 1 : position + 4])
        return RGB | red << 16 | green << 8 | blue, position + 4
    except (IndexError, ValueError):
        return DEFAULT_COLOR, len(parts)


def _indexed(number: int) -> int:
    """The colours 16 to 255 of xterm: a cube of six levels, and 24 greys."""
    if number >= 232:
        return (8 + 10 * (number - 232)) * 0x010101
    red, rest = divmod(number - 16, 36)
    green, blue = divmod(rest, 6)
    return _CUBE[red] << 16 | _CUBE[green] << 8 | _CUBE[blue]
