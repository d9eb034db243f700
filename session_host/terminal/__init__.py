"""Terminal emulation: the Emulator protocol and its two engines.

This package knows no sockets, sessions or windows. ``create`` and ``restore`` import an engine only when it is needed,
since that costs tens of milliseconds; nor does a command that starts a chat need ``base``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.values import CellSize, GridSize

from .engines import available_engines, default_engine, engine_build, installed_engine

if TYPE_CHECKING:
    from .base import DefaultColors, Emulator, EngineName

__all__ = [
    "available_engines",
    "create",
    "default_engine",
    "engine_build",
    "from_replay",
    "restore",
]


_PIECE_BYTES = 1024 * 1024
"""So much of a replay takes an engine at most a second."""


def create(
    engine: EngineName | None,
    size: GridSize,
    *,
    cell: CellSize = CellSize(),
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
    colors: DefaultColors | None = None,
) -> Emulator:
    """Create an emulator, of the best engine if none is named.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
    """
    from .base import DefaultColors

    colors = colors or DefaultColors()
    name = installed_engine(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)


def restore(engine: EngineName | None, snapshot: bytes, scrollback_lines: int = 0) -> Emulator:
    """Restore an emulator from a snapshot of the same ``engine_build``.

    Args:
        engine: the engine's name.
        snapshot: from ``Emulator.snapshot``.
        scrollback_lines: the limit of the history, if it is greater than that of the snapshot.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
        OutliveError: the snapshot is damaged.
    """
    name = installed_engine(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator.restore(snapshot, scrollback_lines)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator.restore(snapshot, scrollback_lines)


def from_replay(
    engine: EngineName | None,
    data: bytes,
    size: GridSize,
    cell: CellSize = CellSize(),
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
    should_stop: Callable[[], bool] = lambda: False,
) -> Emulator:
    """Rebuild an emulator from the bytes of any engine's ``replay``, unless it ``should_stop`` before that is done."""
    emulator = create(engine, size, cell=cell, scrollback_lines=scrollback_lines)
    for start in range(0, len(data), _PIECE_BYTES):
        if should_stop():
            break
        emulator.feed(data[start : start + _PIECE_BYTES])
        emulator.take_replies()
        emulator.take_events()
    return emulator
