"""The rules of focus reports: each test is a script of events and effects."""

from __future__ import annotations

from typing import cast

import pytest

from session_host.session.attachments import Attachments
from session_host.session.effects import Effect, StartTimer, StopTimer, UseEmulator, WriteToProgram
from session_host.session.focus import GRACE_S, UNSEEN, FocusReporter
from session_host.storage.descriptors.log_entries import EntryKind
from session_host.terminal.base import Emulator, Modes
from tests.support.playbook import Event, Playbook, RulesHarness, do
from tests.support.session_rules_harness import AcceptingClient

IN, OUT = WriteToProgram(EntryKind.FOCUS, b"\x1b[I", number=1), WriteToProgram(EntryKind.FOCUS, b"\x1b[O", number=0)


class Engine:
    """A fake emulator that knows whether the program has turned on focus reports."""

    def __init__(self, *, asks: bool) -> None:
        self.modes = Modes(focus_events=asks)


ASKS, ASKS_NOT = cast("Emulator", Engine(asks=True)), cast("Emulator", Engine(asks=False))


class Harness(RulesHarness[Effect]):
    """The rules of one session's focus reports, and a viewer."""

    def __init__(self, last_report: bool | None = None) -> None:
        self.effects = []
        attachments = Attachments(self.effects, {}, lambda: "a" * 32)
        self.viewer = attachments.attach(AcceptingClient(), resume="", read_only=False)
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
def harness() -> Harness:
    return Harness()


def test_a_program_gets_one_focus_report_each_time_it_turns_them_on(harness: Harness) -> None:
    assert (
        harness.unseen(ASKS_NOT)
        >> harness.used(ASKS)
        << OUT
        >> harness.used(ASKS)
        >> harness.used(ASKS_NOT)
        >> harness.used(ASKS)
        << OUT
    )


def test_a_later_host_does_not_repeat_the_focus_report() -> None:
    harness = Harness(last_report=False)
    assert harness.unseen(ASKS) >> harness.used(ASKS)


def test_a_viewer_without_a_focus_report_counts_as_focused(harness: Harness) -> None:
    assert harness.script() >> harness.shows(True) >> harness.used(ASKS) >> harness.shows(False) << harness.grace


def test_a_viewer_that_returns_in_time_causes_no_report(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.shows(False)
        << harness.grace
        >> harness.shows(False)
        >> harness.shows(True)
        << harness.no_grace
        >> harness.used(ASKS)
    )


def test_a_later_viewer_with_the_keyboard_is_reported(harness: Harness) -> None:
    harness.viewer.focused = True
    assert (
        harness.unseen(ASKS)
        << OUT
        >> harness.shows(True)
        << harness.ask
        >> harness.free(ASKS)
        << IN
        >> harness.shows(True)
    )


def test_a_viewer_in_a_window_behind_others_is_not_focused(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.shows(True)
        >> harness.reports_focus(focused=False)
        << harness.ask
        << harness.grace
        >> harness.free(ASKS)
        >> do(harness.focus.timer_due, UNSEEN)
        << harness.ask
        >> harness.free(ASKS)
        >> harness.reports_focus(focused=True)
        << harness.ask
        >> harness.free(ASKS)
        >> harness.reports_focus(focused=False)
        << harness.ask
        << harness.grace
    )


def test_the_focus_of_a_hidden_viewer_counts_for_a_grace_time(harness: Harness) -> None:
    assert (
        harness.unseen(ASKS)
        << OUT
        >> harness.reports_focus(focused=True)
        << harness.ask
        << harness.grace
        >> harness.free(ASKS)
        >> harness.used(ASKS)
        >> do(harness.focus.timer_due, UNSEEN)
        << harness.ask
        >> harness.free(ASKS)
        << OUT
    )


def test_nothing_is_reported_after_the_end(harness: Harness) -> None:
    assert (
        harness.script()
        >> harness.shows(False)
        << harness.grace
        >> do(harness.focus.stop)
        << harness.no_grace
        >> harness.shows(True)
        >> harness.shows(False)
        >> harness.used(ASKS)
    )
