"""Whose size counts, and when."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from unittest.mock import Mock

import pytest

from session_host.estate.ledger import Ledger
from session_host.estate.memory import Memory
from session_host.host.attachments import Attachment, Attachments
from session_host.host.sizing import Sizing
from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import CellSize, GridSize

START = GridSize(80, 24)


class Grid:
    """The grid, and what became of it."""

    def __init__(self) -> None:
        self.size, self.cell = START, CellSize()
        self.sizes: list[GridSize] = []
        self.changed = asyncio.Event()
        self.told: list[SizeEvent] = []

    def current(self) -> tuple[GridSize, CellSize]:
        return self.size, self.cell

    def resize(self, size: GridSize, cell: CellSize) -> None:
        self.size, self.cell = size, cell
        self.sizes.append(size)
        self.changed.set()


@pytest.fixture
async def grid() -> Grid:
    return Grid()


@pytest.fixture
async def sizing(grid: Grid) -> Sizing:
    sizing = Sizing(Attachments(Mock(spec=Ledger), Memory()), grid.current, grid.resize, grid.told.append)
    sizing.is_live = True
    return sizing


@pytest.fixture
def viewer() -> Callable[..., Attachment]:
    def make(columns: int, rows: int, *, read_only: bool = False) -> Attachment:
        return Attachment(uuid.uuid4().hex, read_only, size=GridSize(columns, rows))

    return make


Viewers = Callable[..., Attachment]


async def test_a_window_that_flaps_makes_one_resize(sizing: Sizing, grid: Grid, viewer: Viewers) -> None:
    one = viewer(100, 30)
    sizing.use(one)
    for columns in range(101, 120):
        one.size = GridSize(columns, 30)
        sizing.viewer_resized(one)

    await asyncio.wait_for(grid.changed.wait(), 10)

    assert grid.sizes == [GridSize(119, 30)]


async def test_a_window_that_comes_back_to_its_size_makes_none(sizing: Sizing, grid: Grid, viewer: Viewers) -> None:
    one = viewer(100, 30)
    sizing.use(one)
    one.size = START
    sizing.viewer_resized(one)

    sizing.apply()

    assert grid.sizes == []


async def test_the_viewer_last_used_decides(sizing: Sizing, grid: Grid, viewer: Viewers) -> None:
    one, other = viewer(100, 30), viewer(60, 20)
    sizing.use(one)
    sizing.apply()

    other.size = GridSize(61, 21)
    sizing.viewer_resized(other)
    sizing.apply()
    assert grid.sizes == [GridSize(100, 30)], "it only looks on"

    sizing.use(other)
    sizing.apply()
    assert grid.sizes == [GridSize(100, 30), GridSize(61, 21)]


async def test_viewers_are_told_the_size_and_the_kind_of_viewer_that_set_it(
    sizing: Sizing, grid: Grid, viewer: Viewers
) -> None:
    one, other = viewer(100, 30), viewer(60, 15)
    one.kind, other.kind = "window", "attach"
    for each in (one, other):
        sizing.use(each)
        sizing.apply()
        sizing.apply()

    assert grid.told == [SizeEvent(GridSize(100, 30), "window"), SizeEvent(GridSize(60, 15), "attach")]


async def test_nobody_who_may_only_look_decides(sizing: Sizing, grid: Grid, viewer: Viewers) -> None:
    sizing.viewer_resized(viewer(60, 20, read_only=True))
    sizing.apply()

    assert grid.sizes == []


async def test_a_tiny_window_does_not_destroy_a_full_screen_program(
    sizing: Sizing, grid: Grid, viewer: Viewers
) -> None:
    sizing.use(viewer(1, 1))
    sizing.apply()

    assert grid.sizes == [GridSize(20, 5)]


async def test_nothing_comes_after_the_end(sizing: Sizing, grid: Grid, viewer: Viewers) -> None:
    sizing.use(viewer(100, 30))
    sizing.close()
    assert sizing._timer is None
    assert grid.sizes == []
