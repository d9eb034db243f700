"""Runs every contract of an engine against each engine, unless ``portable_lacks`` marks it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from session_host.protocol.launch import DEFAULT_SCROLLBACK_LINES
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create, from_replay, restore
from session_host.terminal.base import DefaultColors, Emulator, EngineName


@pytest.fixture(params=available_engines())
def engine(request: pytest.FixtureRequest) -> EngineName:
    """The engine under test."""
    name: EngineName = request.param
    return name


class Maker:
    """Makes emulators of one engine, and copies in all engines under the same contract; closes them."""

    def __init__(self, engine: EngineName, engines: list[EngineName]) -> None:
        self.engine = engine
        self.engines = engines
        self._made: list[Emulator] = []

    def __call__(
        self,
        columns: int = 40,
        rows: int = 10,
        *,
        output: bytes | str = b"",
        scrollback_lines: int = DEFAULT_SCROLLBACK_LINES,
        cell: CellSize = CellSize(),
        colors: DefaultColors = DefaultColors(),
    ) -> Emulator:
        """A new emulator, after it was fed ``output``."""
        size = GridSize(columns, rows)
        emulator = create(self.engine, size, cell=cell, scrollback_lines=scrollback_lines, colors=colors)
        self._made.append(emulator)
        emulator.feed(output.encode() if isinstance(output, str) else output)
        return emulator

    def keep(self, emulator: Emulator) -> Emulator:
        """Also close an emulator that was made elsewhere; returns it."""
        self._made.append(emulator)
        return emulator

    def copies(self, emulator: Emulator) -> list[Emulator]:
        """Copies of an emulator: restored from a snapshot, and rebuilt from a replay in each engine."""
        replay, limit = emulator.replay(), emulator.scrollback_limit
        copies = [
            restore(self.engine, emulator.snapshot()),
            *(from_replay(engine, replay, emulator.size, scrollback_lines=limit) for engine in self.engines),
        ]
        self._made += copies
        return copies

    def close(self) -> None:
        """Close all emulators."""
        for emulator in self._made:
            emulator.close()
        self._made.clear()


@pytest.fixture
def make(engine: EngineName, request: pytest.FixtureRequest) -> Iterator[Maker]:
    """Makes emulators of the engine under test, and closes them at the end."""
    maker = Maker(engine, [engine] if request.node.get_closest_marker("portable_lacks") else available_engines())
    yield maker
    maker.close()
