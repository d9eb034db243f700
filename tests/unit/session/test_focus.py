"""The rules of focus reports: each test is a script of events and effects."""

from __future__ import annotations

from typing import cast

import pytest

from session_host.protocol.messages import InputRefused
from session_host.session.attachments import Attachments
from session_host.session.effects import Effect, StartTimer, StopTimer, UseEmulator, WriteToProgram
from session_host.session.focus import GRACE_S, UNSEEN, FocusReporter
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import Emulator
from tests.support.playbook import Event, Playbook, RulesStage, do

IN, OUT = WriteToProgram(EntryKind.FOCUS, b"IN", number=1), WriteToProgram(EntryKind.FOCUS, b"OUT", number=0)


class Client:
    """A connection that an attachment belongs to."""

    def written(self, attachment: str, sequence: int) -> None:
        """Accept the input's delivery."""

    def input_refused(self, message: InputRefused) -> None:
        raise AssertionError(message)


class Modes:
    """A fake emulator that knows whether the program has turned on focus reports."""

    def __init__(self, *, asks: bool) -> None:
        self._asks = asks

    def encode_focus(self, focused: bool) -> bytes:
        return (b"IN" if focused else b"OUT") if self._asks else b""


ASKS, ASKS_NOT = cast("Emulator", Modes(asks=True)), cast("Emulator", Modes(asks=False))


class Stage(RulesStage[Effect]):
    """The rules of one session's focus reports, and a viewer."""

    def __init__(self, last_report: bool | None = None) -> None:
        self.effects = []
        attachments = Attachments(self.effects, {}, lambda: "a" * 32)
        self.viewer = attachments.attach(Client(), resume="", read_only=False)
        self.effects.clear()
        self.focus = FocusReporter(attachments, self.effects, last_report)
        self.grace, self.no_grace = StartTimer(self.focus, UNSEEN, GRACE_S), StopTimer(self.focus, UNSEEN)
        self.ask = UseEmulator(self.focus)

    def shows(self, output: bool) -> Event:
        def shows(output: bool) -> None:
            self.viewer.follows_output = output
            self.focus.viewers_changed()

        return do(shows, output)

    def reports_focus(self, *, focused: bool) -> Event:
        return do(self.focus.viewer_reported_focus, self.viewer, focused=focused)

    def free(self, emulator: Emulator) -> Event:
        return do(self.focus.use_emulator, emulator)

    def used(self, emulator: Emulator) -> Event:
        return do(self.focus.emulator_used, emulator)

    def unseen(self, emulator: Emulator) -> Playbook:
        """Begin a script with a program that no viewer shows."""
        return (
            self.script()
            >> self.shows(False)
            << self.grace
            >> do(self.focus.timer_due, UNSEEN)
            << self.ask
            >> self.free(emulator)
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_program_gets_one_focus_report_each_time_it_turns_them_on(stage: Stage) -> None:
    assert (
        stage.unseen(ASKS_NOT)
        >> stage.used(ASKS)
        << OUT
        >> stage.used(ASKS)
        >> stage.used(ASKS_NOT)
        >> stage.used(ASKS)
        << OUT
    )


def test_a_later_host_does_not_repeat_the_focus_report() -> None:
    stage = Stage(last_report=False)
    assert stage.unseen(ASKS) >> stage.used(ASKS)


def test_a_viewer_without_a_focus_report_counts_as_focused(stage: Stage) -> None:
    assert stage.script() >> stage.shows(True) >> stage.used(ASKS) >> stage.shows(False) << stage.grace


def test_a_viewer_that_returns_in_time_causes_no_report(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.shows(False)
        << stage.grace
        >> stage.shows(False)
        >> stage.shows(True)
        << stage.no_grace
        >> stage.used(ASKS)
    )


def test_a_later_viewer_with_the_keyboard_is_reported(stage: Stage) -> None:
    stage.viewer.focused = True
    assert stage.unseen(ASKS) << OUT >> stage.shows(True) << stage.ask >> stage.free(ASKS) << IN >> stage.shows(True)


def test_a_viewer_in_a_window_behind_others_is_not_focused(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.shows(True)
        >> stage.reports_focus(focused=False)
        << stage.ask
        << stage.grace
        >> stage.free(ASKS)
        >> do(stage.focus.timer_due, UNSEEN)
        << stage.ask
        >> stage.free(ASKS)
        >> stage.reports_focus(focused=True)
        << stage.ask
        >> stage.free(ASKS)
        >> stage.reports_focus(focused=False)
        << stage.ask
        << stage.grace
    )


def test_the_focus_of_a_hidden_viewer_counts_for_a_grace_time(stage: Stage) -> None:
    assert (
        stage.unseen(ASKS)
        << OUT
        >> stage.reports_focus(focused=True)
        << stage.ask
        << stage.grace
        >> stage.free(ASKS)
        >> stage.used(ASKS)
        >> do(stage.focus.timer_due, UNSEEN)
        << stage.ask
        >> stage.free(ASKS)
        << OUT
    )


def test_nothing_is_reported_after_the_end(stage: Stage) -> None:
    assert (
        stage.script()
        >> stage.shows(False)
        << stage.grace
        >> do(stage.focus.program_ended)
        << stage.no_grace
        >> stage.shows(True)
        >> stage.shows(False)
        >> stage.used(ASKS)
    )
