"""The saved last screen of an ended session, with its history.

It is saved in two forms: the engine's own, which only the same build can read, and a VT replay, which
any engine can read. Both are compressed; if the screen cannot be written, only the screen is lost.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Literal

import msgspec

from session_host.errors import OutliveError, StoreError
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.packing import MAX_FAR_LINES, unpacked
from session_host.protocol.values import GridSize
from session_host.structured.transcript import BUILD as TRANSCRIPT_BUILD
from session_host.structured.transcript import Transcript
from session_host.system.files import replace_file
from session_host.terminal import engine_build, from_replay, restore
from session_host.terminal.base import Emulator, EngineName, Replica

_COMPRESSION_LEVEL = 1

_COMPRESSED_BYTES = 64 * 1024 * 1024
"""A longer state has pictures, which are compressed already: it would take seconds for nothing."""


class SavedScreen(msgspec.Struct, frozen=True):
    """A terminal's state at the session's end."""

    engine: EngineName | Literal["transcript"]
    """The engine that the state is of; "transcript" for a structured chat."""
    build: str
    size: GridSize
    scrollback_lines: int
    title: str
    snapshot: bytes
    """The screen in the engine's own form, compressed."""
    replay: bytes
    """The screen as VT bytes, compressed; b"" while they are still being made, and of a transcript."""
    offset: int
    """The number of bytes of output."""

    @classmethod
    def of(cls, emulator: Replica, *, portable: bool, offset: int) -> SavedScreen:
        """Save the present state of an emulator.

        Args:
            emulator: the emulator to save.
            portable: add the form that any engine can read, which takes longer.
            offset: the end of the output that it was fed.
        """
        return cls(
            emulator.engine,
            emulator.build,
            emulator.size,
            emulator.scrollback_limit,
            emulator.title,
            _compressed(emulator.snapshot()),
            _compressed(emulator.replay()) if portable and emulator.engine != "transcript" else b"",
            offset,
        )

    def is_readable(self, build: str) -> bool:
        """Whether this build of an engine can read the state, and it is whole."""
        state = self.snapshot if self.build == build else self.replay if self.engine != "transcript" else b""
        try:
            return bool(zlib.decompress(state))
        except zlib.error:
            return False

    def restore_transcript(self, *, is_own: bool = True) -> Transcript:
        """Make a transcript with this state; ``is_own``: it is of this machine.

        Raises:
            StoreError: the state is damaged, or of another version.
        """
        if self.build != TRANSCRIPT_BUILD:
            raise StoreError("the saved chat is from another version and cannot be read")
        try:
            return Transcript.restore(unpacked(self.snapshot, is_own=is_own))
        except OutliveError as error:
            raise StoreError("the saved chat is damaged") from error

    def restore(self, engine: EngineName, *, own_form: bool = True) -> Emulator:
        """Make an emulator with this state.

        Args:
            engine: the emulator's engine.
            own_form: whether to read the engine's own form. It can hold anything: not for what another machine sends.

        Raises:
            StoreError: the state is damaged, or only another build of the engine could read it.
        """
        is_own = own_form and engine_build(engine) == self.build
        if not is_own and not self.replay:
            raise StoreError("the saved screen is from another engine version and cannot be read")
        try:
            data = unpacked(self.snapshot if is_own else self.replay)
        except OutliveError as error:
            raise StoreError("the saved screen is damaged") from error
        if is_own:
            return restore(engine, data)
        lines = self.scrollback_lines if own_form else min(self.scrollback_lines, MAX_FAR_LINES)
        return from_replay(engine, data, self.size.clamped(), scrollback_lines=lines)


def _compressed(state: bytes) -> bytes:
    return zlib.compress(state, _COMPRESSION_LEVEL if len(state) <= _COMPRESSED_BYTES else 0)


def save_screen(path: Path, screen: SavedScreen, *, may_make_directory: bool = True) -> None:
    """Write a last screen atomically.

    Args:
        path: the file.
        screen: the screen.
        may_make_directory: create a missing directory; otherwise a missing directory is an error.

    Raises:
        StoreError: the file cannot be written.
    """
    try:
        if may_make_directory:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(path, msgspec.msgpack.encode(screen), is_durable=True)
    except OSError as error:
        raise StoreError(f"{path}: cannot save the screen ({error.strerror})") from error


def load_screen(path: Path) -> SavedScreen | None:
    """Read a last screen; None if there is none or it is damaged."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=SavedScreen)
    except (FileNotFoundError, NotADirectoryError, *UNREADABLE):
        return None
    except OSError as error:
        raise StoreError(f"{path}: cannot read the saved screen ({error.strerror})") from error
