"""The binary form of a terminal's state, and the little that it does not carry."""

from __future__ import annotations

from typing import Any

import msgspec

from session_host.protocol.values import CellSize, GridSize

from .ghostty_library import EngineFailure, check, ffi, lib


class State(msgspec.Struct, frozen=True, array_like=True):
    """What a snapshot is made of.

    The library's part holds both screens with their history, cursors, character sets and keyboard
    flags, the modes with their saved and default values, tab stops, colours, title and the bytes
    of an unfinished sequence.
    """

    cell: CellSize
    scrollback_lines: int
    colors: tuple[int, int, int, bool]
    told_title: str
    unfinished: bytes
    parts: dict[str, tuple[str, str]]
    terminal: bytes


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(State)


def pack(state: State) -> bytes:
    """A State as bytes."""
    return _encoder.encode(state)


def unpack(data: bytes) -> State:
    """The State that ``pack`` was given.

    Raises:
        EngineFailure: the bytes are no such thing.
    """
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise EngineFailure(f"not a snapshot of this engine: {error}") from error


def encode(terminal: Any) -> bytes:
    """A terminal as the library's bytes.

    Raises:
        EngineFailure: an unfinished sequence is longer than is kept.
    """
    memory, length = ffi.new("uint8_t**"), ffi.new("size_t*")
    check(lib.ghostty_snapshot_encode_alloc(terminal, ffi.NULL, memory, length), "taking a snapshot")
    try:
        return bytes(ffi.buffer(memory[0], length[0]))
    finally:
        lib.ghostty_free(ffi.NULL, memory[0], length[0])


def decode(data: bytes, continuation_bytes: int) -> tuple[Any, GridSize]:
    """A new terminal, to be freed by the caller, and its grid.

    Raises:
        EngineFailure: the bytes are damaged, or of another build.
    """
    slot = ffi.new("GhosttySnapshotDecoder*")
    kept = ffi.from_buffer("uint8_t[]", data)
    check(lib.ghostty_snapshot_decoder_new_buf(ffi.NULL, slot, kept, len(data)), "reading a snapshot")
    decoder = slot[0]
    try:
        for option, value in (
            (lib.GHOSTTY_SNAPSHOT_DECODER_OPT_MAX_CONTINUATION_BYTES, ffi.new("size_t*", continuation_bytes)),
            (lib.GHOSTTY_SNAPSHOT_DECODER_OPT_RETAIN_CONTINUATION, ffi.new("bool*", True)),
        ):
            check(lib.ghostty_snapshot_decoder_set(decoder, option, value), "reading a snapshot")
        terminal = ffi.new("GhosttyTerminal*")
        check(lib.ghostty_snapshot_decoder_decode(decoder, terminal), "reading a snapshot")
    finally:
        lib.ghostty_snapshot_decoder_free(decoder)
    columns, rows = ffi.new("uint16_t*"), ffi.new("uint16_t*")
    lib.ghostty_terminal_get(terminal[0], lib.GHOSTTY_TERMINAL_DATA_COLS, columns)
    lib.ghostty_terminal_get(terminal[0], lib.GHOSTTY_TERMINAL_DATA_ROWS, rows)
    return terminal[0], GridSize(int(columns[0]), int(rows[0]))
