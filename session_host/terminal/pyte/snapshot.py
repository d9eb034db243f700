"""Encodes the pyte engine's whole state as bytes, and decodes it.

The history is saved packed, as it is stored; restored rows are unpacked on access.
"""

from __future__ import annotations

import zlib
from collections import deque

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import CursorShape, DefaultColors
from session_host.terminal.commands import SavedCommands
from session_host.terminal.prompts import SavedPrompt
from session_host.terminal.rows import Style

from .cells import unpack
from .parser import OutliveStream
from .screen import SavedCursor, Screen

_SUM_BYTES = 4
"""The CRC32 before the state detects damage: rows are unpacked later, too late to refuse them."""


class _ScreenState(msgspec.Struct, array_like=True):
    """The whole state, in the order in which it is written; ``engines`` has its version."""

    size: GridSize
    cell: CellSize
    history_limit: int
    history_rows: int
    defaults: DefaultColors
    history: list[bytes]
    evicted: int
    scrolled_out: int
    grid: list[bytes]
    other: list[bytes]
    on_alternate: bool
    column: int
    row: int
    hidden: bool
    pending_wrap: bool
    style: Style
    mode: list[int]
    mouse: int
    mouse_encoding: int
    modify_other_keys: int
    kitty: list[list[int]]
    saved: list[SavedCursor | None]
    margins: tuple[int, int]
    tab_stops: list[int]
    charsets: list[str]
    charset: int
    last_char: str
    title: str
    titles: list[str]
    cursor_shape: CursorShape
    cursor_blinking: bool
    colors: dict[int, int]
    palette: dict[int, int]
    notices: dict[str, tuple[str, str]]
    stream: tuple[str, str, str, int, bytes]
    prompts: list[SavedPrompt] = []
    directory: str = ""
    commands: SavedCommands = SavedCommands()
    kept_rows: int | None = None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_ScreenState)


def save(screen: Screen, stream: OutliveStream) -> bytes:
    """Encode the state of a screen and its parser."""
    state = _ScreenState(
        size=GridSize(screen.columns, screen.lines),
        cell=screen.cell,
        history_limit=screen.history_limit,
        history_rows=screen.history_rows,
        defaults=screen.defaults,
        history=list(screen.history),
        evicted=screen.evicted,
        scrolled_out=screen.scrolled_out,
        grid=[line.pack() for line in screen.grid],
        other=[line.pack() for line in screen.other],
        on_alternate=screen.on_alternate,
        column=screen.cursor.x,
        row=screen.cursor.y,
        hidden=screen.cursor.hidden,
        pending_wrap=screen.pending_wrap,
        style=screen.style,
        mode=sorted(screen.mode),
        mouse=screen.mouse,
        mouse_encoding=screen.mouse_encoding,
        modify_other_keys=screen.modify_other_keys,
        kitty=screen.kitty,
        saved=screen.saved,
        margins=(screen.top, screen.bottom),
        tab_stops=sorted(screen.tabstops),
        charsets=screen.charsets,
        charset=screen.charset,
        last_char=screen.last_char,
        title=screen.title,
        titles=screen.titles,
        cursor_shape=screen.cursor_shape,
        cursor_blinking=screen.cursor_blinking,
        colors=screen.colors,
        palette=screen.palette,
        notices=screen.notifications.unfinished,
        stream=stream.state(),
        prompts=screen.prompts.saved(),
        kept_rows=screen.prompts.kept_rows,
        directory=screen.directory,
        commands=screen.prompts.commands.saved(),
    )
    data = _encoder.encode(state)
    return zlib.crc32(data).to_bytes(_SUM_BYTES, "big") + data


def load(snapshot: bytes, history_limit: int = 0) -> tuple[Screen, OutliveStream]:
    """Decode a screen and its parser; ``history_limit`` may raise the limit of the history.

    Raises:
        OutliveError: the bytes are not a snapshot of this build.
    """
    data = memoryview(snapshot)[_SUM_BYTES:]
    if zlib.crc32(data).to_bytes(_SUM_BYTES, "big") != snapshot[:_SUM_BYTES]:
        raise OutliveError("The saved screen cannot be read: it is damaged, or of another version.")
    try:
        state = _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise OutliveError(f"The saved screen cannot be read ({error}); it is of another version.") from error
    columns = state.size.columns
    screen = Screen(state.size, max(state.history_limit, history_limit), state.cell, state.defaults)
    screen.history_rows = max(state.history_rows, history_limit)
    screen.history = deque(state.history, maxlen=screen.history_rows)
    screen.evicted, screen.scrolled_out = state.evicted, state.scrolled_out
    screen.grid = [unpack(packed, columns) for packed in state.grid]
    screen.other = [unpack(packed, columns) for packed in state.other]
    screen.on_alternate = state.on_alternate
    screen.cursor.x, screen.cursor.y = state.column, state.row
    screen.cursor.hidden = state.hidden
    screen.pending_wrap = state.pending_wrap
    screen.set_style(state.style)
    screen.mode = set(state.mode)
    screen.mouse, screen.mouse_encoding = state.mouse, state.mouse_encoding
    screen.modify_other_keys = state.modify_other_keys
    screen.kitty = state.kitty
    screen.saved = state.saved
    screen.top, screen.bottom = state.margins
    screen.tabstops = set(state.tab_stops)
    screen.charsets, screen.charset = state.charsets, state.charset
    screen.last_char = state.last_char
    screen.title = state.title
    screen.titles = state.titles
    screen.cursor_shape, screen.cursor_blinking = state.cursor_shape, state.cursor_blinking
    screen.colors, screen.palette = state.colors, state.palette
    screen.notifications.unfinished = state.notices
    screen.directory = state.directory
    screen.prompts.restore(state.prompts, screen.prompts.row, state.kept_rows)
    screen.prompts.commands.restore(state.commands)
    stream = OutliveStream(screen)
    stream.set_state(*state.stream)
    return screen, stream
