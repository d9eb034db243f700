"""Terminal emulation: the Emulator protocol and its two engines.

    base          the protocol and its values
    ghostty/      libghostty-vt through pyghostty: fast and complete
    pyte/         pyte, subclassed: wherever Python runs
    encode_keys   keys as bytes, in Python alone
    encode_mouse  mouse and focus events as bytes, in Python alone
    shell_marks   the marks of shells around their prompts (OSC 133)
    text          rows as text, in any engine's form
    installed     whether the engines' packages are installed
    adapter       the engines behind JSON lines, for public conformance suites

This room knows no sockets, sessions or windows. ``create`` and ``restore`` import an engine only
when it is asked for, since that costs tens of milliseconds.
"""

from __future__ import annotations

from functools import cache

from session_host.errors import UsageError
from session_host.protocol.values import CellSize, GridSize

from .base import DEFAULT_SCROLLBACK_LINES, DefaultColors, Emulator, EngineName
from .installed import place_of, version_of

_DISTRIBUTIONS: dict[EngineName, str] = {"ghostty": "pyghostty", "pyte": "pyte"}
"""The engines, best first, and the packages that they need."""

_FORMS: dict[EngineName, int] = {"ghostty": 2, "pyte": 2}
"""Raised when the form of an engine's snapshots changes on our side."""


def _is_installed(engine: EngineName) -> bool:
    return place_of(_DISTRIBUTIONS[engine]) is not None


def available_engines() -> list[EngineName]:
    """The engines that can be used here, best first; imports none of them."""
    return [engine for engine in _DISTRIBUTIONS if _is_installed(engine)]


def default_engine() -> EngineName:
    """The best engine that can be used here.

    Raises:
        UsageError: there is none.
    """
    engines = available_engines()
    if not engines:
        raise UsageError("no terminal engine is installed; install pyghostty or pyte")
    return engines[0]


@cache
def engine_build(engine: EngineName) -> str:
    """Engine and exact build, without importing it: snapshots fit between equal builds only."""
    return f"{engine}-{version_of(_DISTRIBUTIONS[engine])}+{_FORMS[engine]}"


def create(
    engine: EngineName | None,
    size: GridSize,
    *,
    cell: CellSize = CellSize(),
    scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
    colors: DefaultColors = DefaultColors(),
) -> Emulator:
    """A fresh emulator; with no engine named, of the best one.

    Raises:
        UsageError: there is no such engine, or its package is not installed.
    """
    name = _usable(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator(size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)


def restore(engine: EngineName | None, snapshot: bytes) -> Emulator:
    """The emulator that a snapshot was taken of; by an equal ``engine_build`` only.

    Raises:
        UsageError: there is no such engine, or its package is not installed.
        OutliveError: the snapshot is damaged.
    """
    name = _usable(engine)
    if name == "ghostty":
        from .ghostty.emulator import GhosttyEmulator

        return GhosttyEmulator.restore(snapshot)
    from .pyte.emulator import PyteEmulator

    return PyteEmulator.restore(snapshot)


def restore_beginning(engine: EngineName | None, beginning: bytes) -> Emulator | None:
    """An emulator with the screen, from the first bytes of a snapshot, to be shown until the rest is there.

    None while the part is too short, and for an engine that cannot read a part of a snapshot.

    Raises:
        UsageError: there is no such engine, or its package is not installed.
        OutliveError: the snapshot is damaged.
    """
    if _usable(engine) != "ghostty":
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
    """An emulator rebuilt from the bytes of ``replay``, of whatever engine they came."""
    emulator = create(engine, size, cell=cell, scrollback_lines=scrollback_lines)
    emulator.feed(data)
    emulator.take_replies()
    emulator.take_events()
    return emulator


def _usable(engine: EngineName | None) -> EngineName:
    if engine is None:
        return default_engine()
    if engine not in _DISTRIBUTIONS:
        raise UsageError(f"unknown engine {engine!r}; available: {', '.join(_DISTRIBUTIONS)}")
    if not _is_installed(engine):
        raise UsageError(f"the engine {engine} needs the package {_DISTRIBUTIONS[engine]}; install it")
    return engine
