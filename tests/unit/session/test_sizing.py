"""The rules of the grid size: each test is a script of events and effects."""

from __future__ import annotations

import uuid

import pytest

from session_host.protocol.messages import InputRefused, SizeEvent
from session_host.protocol.values import CellSize, GridSize
from session_host.session.attachments import Attachment, Attachments
from session_host.session.effects import Broadcast, Effect, ResizeGrid, StartTimer, StopTimer
from session_host.session.sizing import (
    LEAVING,
    LEAVING_DEBOUNCE_S,
    RESIZE,
    RESIZE_DEBOUNCE_S,
    Sizing,
)
from tests.support.playbook import Event, Playbook, RulesStage, do

START, CELL = GridSize(80, 24), CellSize()


class Client:
    """A connection that an attachment belongs to."""

    def written(self, attachment: str, sequence: int) -> None:
        """Accept the input's delivery."""

    def input_refused(self, message: InputRefused) -> None:
        raise AssertionError(message)


class Stage(RulesStage[Effect]):
    """The rules of one session's size, and its viewers."""

    def __init__(self) -> None:
        self.effects = []
        self.attachments = Attachments(self.effects, {}, lambda: uuid.uuid4().hex)
        self.sizing = Sizing(self.attachments, self.effects, START, CELL)
        self.settling = StartTimer(self.sizing, RESIZE, RESIZE_DEBOUNCE_S)
        self.leaving = StartTimer(self.sizing, LEAVING, LEAVING_DEBOUNCE_S)

    def viewer(self, columns: int, rows: int, kind: str = "", *, read_only: bool = False) -> Attachment:
        attachment = self.attachments.attach(Client(), resume="", read_only=read_only)
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
def stage() -> Stage:
    return Stage()


def grid(columns: int, rows: int) -> ResizeGrid:
    return ResizeGrid(GridSize(columns, rows), CELL)


def size_event(columns: int, rows: int, kind: str = "") -> Broadcast:
    return Broadcast(SizeEvent(GridSize(columns, rows), kind))


def test_a_window_that_changes_size_repeatedly_causes_one_resize(stage: Stage) -> None:
    window = stage.viewer(100, 30)
    assert (
        stage.running()
        >> stage.used(window)
        << stage.settling
        >> stage.resized(window, 101, 30)
        >> stage.resized(window, 119, 30)
        >> stage.due(RESIZE)
        << grid(119, 30)
        << size_event(119, 30)
    )


def test_a_window_that_returns_to_its_size_causes_no_resize(stage: Stage) -> None:
    window = stage.viewer(100, 30)
    assert (
        stage.running()
        >> stage.used(window)
        << stage.settling
        >> stage.resized(window, 80, 24)
        >> stage.due(RESIZE)
        << size_event(80, 24)
    )


def test_the_last_used_viewer_sets_the_size_and_a_read_only_viewer_does_not(stage: Stage) -> None:
    window, other = stage.viewer(100, 30, "window"), stage.viewer(60, 15, "attach")
    assert (
        stage.running()
        >> stage.used(window)
        << stage.settling
        >> stage.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30, "window")
        >> stage.resized(other, 61, 15)
        >> stage.used(other)
        << stage.settling
        >> stage.due(RESIZE)
        << grid(61, 15)
        << size_event(61, 15, "attach")
    )


def test_read_only_viewers_never_set_the_size(stage: Stage) -> None:
    assert stage.running() >> stage.resized(stage.viewer(60, 20, read_only=True), 61, 20)


def test_a_tiny_window_does_not_shrink_the_grid_below_the_minimum(stage: Stage) -> None:
    assert (
        stage.running()
        >> stage.used(stage.viewer(1, 1))
        << stage.settling
        >> stage.due(RESIZE)
        << grid(20, 5)
        << size_event(20, 5)
    )


def test_a_viewer_that_attaches_before_the_program_starts_sets_its_size(
    stage: Stage,
) -> None:
    window = stage.viewer(100, 30, "window")
    assert (
        stage.script()
        >> stage.used(window)
        >> stage.resized(window, 101, 30)
        >> do(stage.sizing.program_runs)
        << grid(101, 30)
    )
    assert stage.sizing.last_event == SizeEvent(GridSize(101, 30), "window")


def test_the_grid_keeps_its_size_if_the_viewer_returns_in_time(stage: Stage) -> None:
    window, other = stage.viewer(100, 30), stage.viewer(60, 15)
    assert (
        stage.running()
        >> stage.used(other)
        << stage.settling
        >> stage.used(window)
        >> stage.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(stage.sizing.viewer_left, window)
        << stage.leaving
        >> stage.used(window)
        << StopTimer(stage.sizing, LEAVING)
    )


def test_the_grid_takes_the_size_of_the_viewer_used_before_one_that_left(stage: Stage) -> None:
    window, other, hidden = stage.viewer(100, 30), stage.viewer(60, 15), stage.viewer(50, 14)
    hidden.follows_output = False
    assert (
        stage.running()
        >> stage.used(other)
        << stage.settling
        >> stage.used(hidden)
        >> stage.used(window)
        >> stage.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(stage.disconnect, window)
        >> do(stage.sizing.viewer_left, window)
        << stage.leaving
        >> stage.due(LEAVING)
        << grid(60, 15)
        << size_event(60, 15)
    )


def test_the_grid_keeps_its_size_without_another_viewer(stage: Stage) -> None:
    window = stage.viewer(100, 30)
    assert (
        stage.running()
        >> stage.used(window)
        << stage.settling
        >> stage.due(RESIZE)
        << grid(100, 30)
        << size_event(100, 30)
        >> do(stage.disconnect, window)
        >> do(stage.sizing.viewer_left, window)
        << stage.leaving
        >> stage.due(LEAVING)
    )


def test_no_effects_follow_the_programs_end(stage: Stage) -> None:
    window = stage.viewer(100, 30)
    assert (
        stage.running()
        >> stage.used(window)
        << stage.settling
        >> do(stage.sizing.program_ended)
        << StopTimer(stage.sizing, RESIZE)
        >> stage.resized(window, 90, 30)
        >> do(stage.sizing.viewer_left, window)
    )
