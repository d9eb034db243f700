"""Terminal emulation: the Emulator protocol and its two engines.

    base          the Emulator protocol and its values
    ghostty/      libghostty-vt through pyghostty: fast and complete
    pyte/         pyte, subclassed: wherever Python runs
    images/       images that programs show (kitty's graphics protocol), so far for ghostty alone
    encode_keys   keys as bytes, in Python alone
    encode_mouse  mouse and focus events as bytes, in Python alone
    shell_marks   marks that shells write around their prompts (OSC 133)
    notifications kitty's notifications (OSC 99), in parts
    clearing      the sequences that clear a terminal at the user's request
    prompts       where a shell's prompts and outputs are, by those marks
    text          rows as text, for every engine
    lines         rows as lines with each character's cell, to search
    engine_constants  what both engines have in common
    installed     whether the engines' packages are installed
    adapter       the engines behind JSON lines, for public conformance suites

This room knows no sockets, sessions or windows. ``create`` and ``restore`` import an engine only when it is needed,
since that costs tens of milliseconds.
"""

from __future__ import annotations

from functools import cache

from session_host.errors import UsageError
from session_host.protocol.values import CellSize, GridSize

from .base import DEFAULT_SCROLLBACK_LINES, DefaultColors, Emulator, EngineName
from .installed import package_directory, package_version

_DISTRIBUTIONS: dict[EngineName, str] = {"ghostty": "pyghostty", "pyte": "pyte"}
"""The engines, best first, and their packages."""

_SNAPSHOT_VERSIONS: dict[EngineName, int] = {"ghostty": 2, "pyte": 2}
"""Versions of our part of each engine's snapshot format."""


def _is_installed(engine: EngineName) -> bool:
    return package_directory(_DISTRIBUTIONS[engine]) is not None


def available_engines() -> list[EngineName]:
    """The engines that are installed, best first, without importing one."""
    return [engine for engine in _DISTRIBUTIONS if _is_installed(engine)]


def default_engine() -> EngineName:
    """The best installed engine.

    Raises:
        UsageError: no engine is installed.
    """
    engines = available_engines()
    if not engines:
        raise UsageError("no terminal engine is installed; install pyghostty or pyte")
    return engines[0]


@cache
def engine_build(engine: EngineName) -> str:
    """Engine and exact build, without importing the engine: a snapshot fits only the build that made it."""
    return f"{engine}-{package_version(_DISTRIBUTIONS[engine])}+{_SNAPSHOT_VERSIONS[engine]}"


def create(
    engine: EngineName | None,
    size: GridSize,
    *,
    cell: CellSize = CellSize(),
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
    colors: DefaultColors = DefaultColors(),
) -> Emulator:
    """Create an emulator, of the best engine if none is named.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
    """
    name = _resolve_engine(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)


def restore(engine: EngineName | None, snapshot: bytes) -> Emulator:
    """Restore an emulator from a snapshot of the same ``engine_build``.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
        OutliveError: the snapshot is damaged.
    """
    name = _resolve_engine(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator.restore(snapshot)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator.restore(snapshot)


def restore_beginning(engine: EngineName | None, beginning: bytes) -> Emulator | None:
    """Restore the screen from the first bytes of a snapshot, to show it until the rest arrives.

    None while the part is too short, and for an engine that cannot restore a part of a snapshot.

    Raises:
        UsageError: the engine is unknown, or its package is not installed.
        OutliveError: the snapshot is damaged.
    """
    if _resolve_engine(engine) != "ghostty":
        return None
    from .ghostty.emulator import GhosttyEmulator

    return GhosttyEmulator.restore_beginning(beginning)


def from_replay(
    engine: EngineName | None,
    data: bytes,
    size: GridSize,
    cell: CellSize = CellSize(),
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
) -> Emulator:
    """Rebuild an emulator from the bytes of any engine's ``replay``."""
    emulator = create(engine, size, cell=cell, scrollback_lines=scrollback_lines)
    emulator.feed(data)
    emulator.take_replies()
    emulator.take_events()
    return emulator


def _resolve_engine(engine: EngineName | None) -> EngineName:
    if engine is None:
        return default_engine()
    if engine not in _DISTRIBUTIONS:
        raise UsageError(f"unknown engine {engine!r}; available: {', '.join(_DISTRIBUTIONS)}")
    if not _is_installed(engine):
        raise UsageError(f"the engine {engine} needs the package {_DISTRIBUTIONS[engine]}; install it")
    return engine
