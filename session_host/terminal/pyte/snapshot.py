"""Encodes the pyte engine's whole state as bytes, and decodes it.

The history is saved packed, as it is stored; restored rows are unpacked on access.
"""

from __future__ import annotations

import zlib

import msgspec

from session_host.errors import OutliveError
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import CursorShape, DefaultColors
from session_host.terminal.rows import Style

from .cells import unpack
from .parser import OutliveStream
from .screen import SavedCursor, Screen

_SUM_BYTES = 4
"""The CRC32 before the state detects damage: rows are unpacked later, too late to refuse them."""


class _ScreenState(msgspec.Struct, array_like=True):
    """The whole state, in the order in which it is written; ``engines`` has its version."""

    # A screen's attributes of the same names, which ``save`` and ``load`` copy, and those of its history.
    columns: int
    lines: int
    cell: CellSize
    history_limit: int
    history_rows: int
    defaults: DefaultColors
    evicted: int
    scrolled_out: int
    on_alternate: bool
    pending_wrap: bool
    style: Style
    mode: set[int]
    mouse: int
    mouse_encoding: int
    saved: list[SavedCursor | None]
    top: int
    bottom: int
    tabstops: set[int]
    charsets: list[str]
    charset: int
    last_char: str
    title: str
    titles: list[str]
    cursor_shape: CursorShape
    cursor_blinking: bool
    directory: str
    # What is saved in another form.
    history: list[bytes]
    grid: list[bytes]
    other: list[bytes]
    cursor: tuple[int, int, bool]
    notices: dict[str, tuple[str, str]]
    unfinished: bytes


_FIELDS = _ScreenState.__struct_fields__
_OF_HISTORY = {"history_limit", "history_rows", "evicted"}
_COPIED = [name for name in _FIELDS[: _FIELDS.index("history")] if name not in _OF_HISTORY]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_ScreenState)


def save(screen: Screen, stream: OutliveStream) -> bytes:
    """Encode the state of a screen and its parser."""
    state = _ScreenState(
        **{name: getattr(screen, name) for name in _COPIED},
        history_limit=screen.history.limit,
        history_rows=screen.history.max_rows,
        evicted=screen.history.evicted,
        history=list(screen.history.rows),
        grid=[line.pack() for line in screen.grid],
        other=[line.pack() for line in screen.other],
        cursor=(screen.cursor.x, screen.cursor.y, screen.cursor.hidden),
        notices=screen.notifications.unfinished,
        unfinished=stream.unfinished,
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
    size = GridSize(state.columns, state.lines)
    screen = Screen(size, state.history_limit, state.cell, state.defaults)
    for name in _COPIED:
        setattr(screen, name, getattr(state, name))
    screen.set_style(state.style)
    screen.history.limit = max(state.history_limit, history_limit)
    screen.history.replace(state.history, max(state.history_rows, history_limit))
    screen.history.evicted = state.evicted
    screen.grid = [unpack(packed, size.columns) for packed in state.grid]
    screen.other = [unpack(packed, size.columns) for packed in state.other]
    screen.cursor.x, screen.cursor.y, screen.cursor.hidden = state.cursor
    screen.notifications.unfinished = state.notices
    stream = OutliveStream(screen)
    stream.feed(state.unfinished)
    return screen, stream
