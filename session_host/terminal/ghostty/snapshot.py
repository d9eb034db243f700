"""The binary snapshot of a terminal: the library's form, and the state that it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.commands import SavedCommands
from session_host.terminal.prompts import SavedPrompt

from .effects import Effects
from .images import TerminalImages
from .library.calls import EngineFailure, check, ffi, lib
from .row_marks import ScreenPrompts
from .stream import Stream


class OwnState(msgspec.Struct, frozen=True, array_like=True):
    """State that the library's part of a snapshot lacks.

    That part has both screens, with their history, cursors, character sets and keyboard flags. It has the modes with
    their saved and default values, tab stops, colours, the title, and the bytes of an unfinished sequence.
    """

    cell: CellSize
    scrollback_lines: int
    colors: tuple[int, int, int, bool]
    reported_title: str
    unfinished: bytes
    parts: dict[str, tuple[str, str]]
    widest_columns: int = 0
    modify_other_keys: int = 0
    prompts: list[SavedPrompt] = []
    stored_rows: int = 0
    """The rows from which those of the prompts are counted; 0 if not known."""
    image_bytes: int = 0
    """The length of the images, which follow the library's part."""
    commands: SavedCommands = SavedCommands()
    titles: list[str] = []
    pointers: tuple[list[str], list[str]] = ([], [])
    is_too_long: bool = False
    """Whether ``unfinished`` is only the beginning of a sequence that is longer than its limit."""
    kept_rows: int | None = None
    """See ``PromptMarks``."""


class StatefulParts(NamedTuple):
    """The parts of an emulator that have such state; each field of ``OwnState`` is read and restored below."""

    effects: Effects
    stream: Stream
    prompts: ScreenPrompts
    images: TerminalImages

    def state(self, cell: CellSize, scrollback_lines: int, image_bytes: int) -> OwnState:
        """The current state; the arguments are the fields that are not of these parts."""
        effects = self.effects
        return OwnState(
            cell=cell,
            scrollback_lines=scrollback_lines,
            colors=effects.colors[:4],
            reported_title=effects.title,
            unfinished=self.stream.sequences.unfinished,
            parts=effects.notifications.unfinished,
            widest_columns=self.stream.history.widest_columns,
            modify_other_keys=self.stream.modify_other_keys,
            prompts=self.prompts.saved(),
            stored_rows=self.prompts.stored_rows(),
            image_bytes=image_bytes,
            commands=self.prompts.commands.saved(),
            titles=self.stream.titles,
            pointers=self.stream.pointers.stacks,
            is_too_long=self.stream.sequences.is_too_long,
            kept_rows=self.prompts.kept_rows,
        )

    def restore(self, state: OwnState, images: bytes | memoryview) -> None:
        """Restore the state of a snapshot; colours and ``widest_columns`` are arguments of the parts' constructors."""
        self.effects.title = state.reported_title
        self.stream.sequences.restore(state.unfinished, is_too_long=state.is_too_long)
        self.effects.notifications.unfinished.update(state.parts)
        self.stream.modify_other_keys = state.modify_other_keys
        self.stream.titles, self.stream.pointers.stacks = state.titles, state.pointers
        self.prompts.restore(state.prompts, state.stored_rows, state.kept_rows)
        self.prompts.commands.restore(state.commands)
        self.images.decode(images)


_LENGTH_BYTES = 4
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(OwnState)


def unpack(data: bytes) -> tuple[OwnState, memoryview]:
    """Split a snapshot into its own state and the library's part.

    Raises:
        EngineFailure: the bytes are not a snapshot.
    """
    view = memoryview(data)
    end = _LENGTH_BYTES + int.from_bytes(view[:_LENGTH_BYTES], "big")
    try:
        return _decoder.decode(view[_LENGTH_BYTES:end]), view[end:]
    except msgspec.MsgspecError as error:
        raise EngineFailure(f"not a snapshot of this engine: {error}") from error


def images_of(state: OwnState, data: memoryview) -> memoryview:
    """The images after the library's part of a whole snapshot."""
    return data[len(data) - state.image_bytes :]


def encode_snapshot(terminal: Any, state: OwnState, images: bytes) -> bytes:
    """Encode a snapshot: the own state, then the terminal in the library's form, then images.

    Raises:
        EngineFailure: an unfinished sequence is longer than the limit.
    """
    head = _encoder.encode(state)
    return encode(terminal, len(head).to_bytes(_LENGTH_BYTES, "big") + head, images)


def encode(terminal: Any, head: bytes = b"", tail: bytes = b"") -> bytes:
    """Encode a terminal in the library's form, after a head and before a tail, which the library ignores.

    Raises:
        EngineFailure: an unfinished sequence is longer than the limit.
    """
    memory, length = ffi.new("uint8_t**"), ffi.new("size_t*")
    check(lib.ghostty_snapshot_encode_alloc(terminal, ffi.NULL, memory, length), "taking a snapshot")
    try:
        return b"".join((head, ffi.buffer(memory[0], length[0]), tail))
    finally:
        lib.ghostty_free(ffi.NULL, memory[0], length[0])


def decode(data: bytes | memoryview, continuation_bytes: int) -> tuple[Any, GridSize]:
    """Decode a new terminal, which the caller frees, and its grid.

    Raises:
        EngineFailure: the bytes are damaged, or of another build.
    """
    with _decoding(data, continuation_bytes) as decoder:
        terminal = ffi.new("GhosttyTerminal*")
        check(lib.ghostty_snapshot_decoder_decode(decoder, terminal), "reading a snapshot")
    return terminal[0], _size_of(terminal[0])


@contextmanager
def _decoding(data: bytes | memoryview, continuation_bytes: int) -> Iterator[Any]:
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
        yield decoder
    finally:
        lib.ghostty_snapshot_decoder_free(decoder)


def _size_of(terminal: Any) -> GridSize:
    columns, rows = ffi.new("uint16_t*"), ffi.new("uint16_t*")
    lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_COLS, columns)
    lib.ghostty_terminal_get(terminal, lib.GHOSTTY_TERMINAL_DATA_ROWS, rows)
    return GridSize(int(columns[0]), int(rows[0]))
