"""The rules of the grid size: each test is a script of events and effects."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from session_host.protocol.messages import SizeEvent
from session_host.protocol.values import CellSize, GridSize
from session_host.session.attachments import Attachment, Attachments
from session_host.session.effects import Broadcast, Effect, ResizeGrid, StartTimer, StopTimer
from session_host.session.sizing import (
    CUT_OFF_DEBOUNCE_S,
    LEAVING,
    LEAVING_DEBOUNCE_S,
    RESIZE,
    RESIZE_DEBOUNCE_S,
    Sizing,
)
from session_host.session.viewers import Viewers
from session_host.storage.descriptors.log_state import LogState
from tests.support.playbook import Event, Playbook, RulesHarness, do
from tests.support.session_rules_harness import AcceptingClient

START, CELL = GridSize(80, 24), CellSize()


class Harness(RulesHarness[Effect]):
    """The rules of one session's size, and its viewers."""

    def __init__(self) -> None:
        self.effects = []
        self.attachments = Attachments(self.effects, {}, lambda: uuid.uuid4().hex)
        self.sizing = Sizing(self.attachments, self.effects, START, CELL)
        self.settling = StartTimer(self.sizing, RESIZE, RESIZE_DEBOUNCE_S)
        self.leaving = StartTimer(self.sizing, LEAVING, LEAVING_DEBOUNCE_S)

    def viewer(self, columns: int, rows: int, kind: str = "", *, read_only: bool = False) -> Attachment:
        attachment = self.attachments.attach(AcceptingClient(), resume="", read_only=read_only)
        attachment.size, attachment.kind, attachment.follows_output = GridSize(columns, rows), kind, True
        self.effects.clear()
        return attachment

    def disconnect(self, attachment: Attachment) -> None:
        """Drop the viewer's connection."""
        attachment.client = None

    def running(self) -> Playbook:
        """Begin a script with a running program and a grid that no viewer has set."""
        return self.script() >> do(self.sizing.program_runs)

    def used(self, attachment: Attachment) -> Event:
        return do(self.sizing.viewer_used, attachment)

    def resized(self, attachment: Attachment, columns: int, rows: int) -> Event:
        def resized(columns: int, rows: int) -> None:
            attachment.size = GridSize(columns, rows)
            self.sizing.viewer_resized(attachment)

        return do(resized, columns, rows)

    def due(self, name: str) -> Event:
        return do(self.sizing.timer_due, name)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def grid(columns: int, rows: int) -> ResizeGrid:
    return ResizeGrid(GridSize(columns, rows), CELL)


def size_event(columns: int, rows: int, kind: str = "") -> Broadcast:
    return Broadcast(SizeEvent(GridSize(columns, rows), kind))


def test_a_window_that_changes_size_repeatedly_causes_one_resize(harness: Harness) -> None:
    window = harness.viewer(100, 30)
    assert (
        harness.running()
        >> harness.used(window)
        << harness.settling
        >> harness.resized(window, 101, 30)
        >> harness.resized(window, 119, 30)
        >> harness.due(RESIZE)
        << grid(119, 30)
        << size_event(119, 30)
    )


def test_a_window_that_returns_to_its_size_causes_no_resize(harness: Harness) -> None:
    window = harness.viewer(100, 30)
    assert (
        harness.running()
        >> harness.used(window)
        << harness.settling
        >> harness.resized(window, 80, 24)
        >> harness.due(RESIZE)
        << size_event(80, 24)
    )


def test_the_last_used_viewer_sets_the_size_and_a_read_only_viewer_does_not(harness: Harness) -> None:
    window, other = harness.viewer(100, 30, "window"), harness.viewer(60, 15, "attach")
    assert (
        harness.running()
        >> harness.used(window)
        << harness.settling
        >> harness.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30, "window")
        >> harness.resized(other, 61, 15)
        >> harness.used(other)
        << harness.settling
        >> harness.due(RESIZE)
        << grid(61, 15)
        << size_event(61, 15, "attach")
    )


def test_read_only_viewers_never_set_the_size(harness: Harness) -> None:
    assert harness.running() >> harness.resized(harness.viewer(60, 20, read_only=True), 61, 20)


def test_a_tiny_window_does_not_shrink_the_grid_below_the_minimum(harness: Harness) -> None:
    assert (
        harness.running()
        >> harness.used(harness.viewer(1, 1))
        << harness.settling
        >> harness.due(RESIZE)
        << grid(20, 5)
        << size_event(20, 5)
    )


@pytest.mark.parametrize("size", [GridSize(0, 0), GridSize(0, 24), GridSize(80, 0)])
def test_a_terminal_that_does_not_know_its_size_changes_nothing(size: GridSize) -> None:
    effects: list[Effect] = []
    viewers = Viewers(effects, LogState(), START, lambda: uuid.uuid4().hex)
    viewers.sizing.program_runs()
    window = viewers.attach(AcceptingClient(), resume="", read_only=False)
    viewers.attached(window, GridSize(100, 30), CELL)
    viewers.sizing.timer_due(RESIZE)
    other = viewers.attach(AcceptingClient(), resume="", read_only=False)
    effects.clear()
    viewers.attached(other, size, CELL)
    viewers.resized(other, size, CELL)
    assert effects == []
    assert (viewers.sizing.size, viewers.sizing.in_use) == (GridSize(100, 30), window)


def test_a_viewer_that_attaches_before_the_program_starts_sets_its_size(
    harness: Harness,
) -> None:
    window = harness.viewer(100, 30, "window")
    assert (
        harness.script()
        >> harness.used(window)
        >> harness.resized(window, 101, 30)
        >> do(harness.sizing.program_runs)
        << grid(101, 30)
    )
    assert harness.sizing.last_event == SizeEvent(GridSize(101, 30), "window")


def test_the_grid_keeps_its_size_if_the_viewer_returns_in_time(harness: Harness) -> None:
    window, other = harness.viewer(100, 30), harness.viewer(60, 15)
    assert (
        harness.running()
        >> harness.used(other)
        << harness.settling
        >> harness.used(window)
        >> harness.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(harness.sizing.viewer_left, window)
        << harness.leaving
        >> harness.used(window)
        << StopTimer(harness.sizing, LEAVING)
        >> do(partial(harness.sizing.viewer_left, is_cut_off=True), window)
        << StartTimer(harness.sizing, LEAVING, CUT_OFF_DEBOUNCE_S)
        >> harness.resized(window, 100, 30)
        << StopTimer(harness.sizing, LEAVING)
    )


def test_the_grid_takes_the_size_of_the_viewer_used_before_one_that_left(harness: Harness) -> None:
    window, other, hidden = harness.viewer(100, 30), harness.viewer(60, 15), harness.viewer(50, 14)
    hidden.follows_output = False
    assert (
        harness.running()
        >> harness.used(other)
        << harness.settling
        >> harness.used(hidden)
        >> harness.used(window)
        >> harness.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(harness.disconnect, window)
        >> do(harness.sizing.viewer_left, window)
        << harness.leaving
        >> harness.due(LEAVING)
        << grid(60, 15)
        << size_event(60, 15)
    )


def test_the_grid_keeps_its_size_without_another_viewer(harness: Harness) -> None:
    window = harness.viewer(100, 30)
    assert (
        harness.running()
        >> harness.used(window)
        << harness.settling
        >> harness.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(harness.disconnect, window)
        >> do(harness.sizing.viewer_left, window)
        << harness.leaving
        >> harness.due(LEAVING)
    )


def test_no_effects_follow_the_programs_end(harness: Harness) -> None:
    window = harness.viewer(100, 30)
    assert (
        harness.running()
        >> harness.used(window)
        << harness.settling
        >> do(harness.sizing.program_ended)
        << StopTimer(harness.sizing, RESIZE)
        >> harness.resized(window, 90, 30)
        >> do(harness.sizing.viewer_left, window)
    )
