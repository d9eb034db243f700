"""A held view stays on its rows while output arrives, with either engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gui.terminal.by_keyboard.mode import HeldView
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import available_engines, create
from session_host.terminal.base import Emulator

Make = Callable[..., Emulator]


@pytest.fixture(params=available_engines())
def make(request: pytest.FixtureRequest) -> Iterator[Make]:
    emulators: list[Emulator] = []

    def make(lines: int, limit: int = 1000) -> Emulator:
        emulators.append(create(request.param, GridSize(20, 5), scrollback_lines=limit))
        emulators[-1].feed(numbered(0, lines))
        return emulators[-1]

    yield make
    for emulator in emulators:
        emulator.close()


def numbered(first: int, end: int) -> bytes:
    return "".join(f"\r\nline {number}" for number in range(first, end)).encode()


def painted(view: HeldView) -> list[str]:
    """The rows of the next frame."""
    assert view.follow()
    view.emulator.damage_all()
    frame = view.emulator.frame()
    view.update(frame)
    return [row.text() for _, row in sorted(frame.rows.items())]


@pytest.mark.parametrize("back", [0, 7])
def test_the_view_stays_on_its_rows_also_at_the_end(make: Make, back: int) -> None:
    emulator = make(20)
    emulator.scroll(-back)
    view = HeldView(emulator)
    before = painted(view)
    for _ in range(3):
        emulator.feed(numbered(20, 30))
        assert painted(view) == before
    view.show(view.top + 7)
    assert painted(view)[-1] == f"line {22 - back}", "the row below the previous end"
    view.scroll_to(10_000)
    assert painted(view)[-1] == "line 29"


def test_rows_that_the_history_drops_move_the_view_to_the_oldest(make: Make) -> None:
    emulator = make(30, limit=20)
    view = HeldView(emulator)
    view.scroll_to(view.dropped + 10)
    painted_before = painted(view)
    emulator.feed(numbered(30, 36))
    assert painted(view) == painted_before
    emulator.feed(numbered(36, 48))
    oldest = painted(view)
    assert view.top == view.dropped
    emulator.scroll(-1000)
    assert painted(view) == oldest


def test_scrolling_by_others_and_a_resize_are_noticed(make: Make) -> None:
    emulator = make(30)
    view = HeldView(emulator)
    emulator.scroll(-3)
    view.on_scrolled()
    assert painted(view)[-1] == "line 26"
    emulator.feed(numbered(30, 40))
    assert painted(view)[-1] == "line 26"
    emulator.resize(GridSize(30, 6), CellSize())
    assert not view.follow()
    view.renumber(emulator.frame())
    assert painted(view)
