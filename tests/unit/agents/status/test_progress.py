"""Progress that a program reports to its terminal (OSC 9;4)."""

from __future__ import annotations

from session_host.protocol.values import Activity
from session_host.terminal.events import Bell, CommandBegan, CommandEnded, Notification, Progress
from tests.support.signals import TrackerScript

WORKING, IDLE, NEEDS = Activity.WORKING, Activity.IDLE, Activity.NEEDS_INPUT


def test_progress_that_is_taken_away_was_work(book: TrackerScript) -> None:
    assert not book.report(Progress("none", None)), "a reset of the terminal says so too"
    assert book.tracker.evidence() == []
    book.report(Progress("indeterminate", None))
    assert book.report(Progress("none", None))
    assert book.status == (IDLE, "osc 9;4", "")


def test_progress_says_how_far_it_is(book: TrackerScript) -> None:
    book.report(Progress("running", 40))
    assert book.status == (WORKING, "osc 9;4", "40 %")
    assert book.report(Progress("running", 41))
    assert book.status == (WORKING, "osc 9;4", "41 %")
    assert not book.report(Progress("running", 41))


def test_progress_ends_with_its_command(book: TrackerScript) -> None:
    assert not book.report(CommandEnded(0)), "it showed no progress"
    assert book.tracker.evidence() == []
    book.report(Progress("running", 40))
    assert book.report(CommandEnded(130))
    assert book.status == (IDLE, "osc 9;4", "")
    assert not book.report(CommandEnded(0))


def test_a_later_command_is_not_idle(book: TrackerScript) -> None:
    assert not book.report(CommandBegan()), "no progress was shown before"
    assert book.tracker.evidence() == []
    book.report(Progress("running", 40))
    assert not book.report(CommandBegan()), "a shell below the program that shows its progress"
    assert book.status == (WORKING, "osc 9;4", "40 %")
    book.report(Progress("none", None))
    assert book.report(CommandBegan())
    assert book.status[0] is Activity.NO_SIGNAL
    assert not book.report(CommandEnded(0))
    book.report(Progress("running", 5))
    assert book.status == (WORKING, "osc 9;4", "5 %")


def test_progress_cannot_ask_and_a_notification_can(book: TrackerScript) -> None:
    book.report(Progress("indeterminate", None))
    assert not book.report(Bell())
    assert book.report(Notification("Copilot", "Run npm test?"))
    assert book.status == (NEEDS, "notification", "Run npm test?")
    assert not book.report(Progress("indeterminate", None)), "it continued all the time"
    assert book.answer()
    assert book.status == (WORKING, "osc 9;4", "")
    book.report(Notification("Copilot", "Run npm test?"))
    assert book.report(Progress("none", None)), "interrupted"
    assert book.status == (IDLE, "osc 9;4", "")
