"""What the agent is doing, by its own signals: which of them is believed, what is asked, and when it is over."""

from __future__ import annotations

import msgspec
import pytest

from session_host.agents.status.activity import ANSWER_S, ActivityTracker, Moment
from session_host.agents.status.signals import StatusReport, from_state_file
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.values import Activity
from session_host.storage.descriptors.log_state import ActivityState
from session_host.terminal.events import AgentState, Bell, Notification, Progress, TerminalEvent, TitleChanged
from tests.support.signals import WATCH, TrackerScript

WORKING, NEEDS, IDLE, NO_SIGNAL = Activity.WORKING, Activity.NEEDS_INPUT, Activity.IDLE, Activity.NO_SIGNAL


# ---------------------------------------------------------------------------------- each source alone


@pytest.mark.parametrize(
    ("event", "activity", "source"),
    [
        (AgentState("state=working:app=codex"), WORKING, "osc 7501"),
        (AgentState("state=blocked:app=codex:kind=permission"), NEEDS, "osc 7501"),
        (AgentState("state=done"), IDLE, "osc 7501"),
        (AgentState("state=error:msg=QVBJIEVycm9y"), IDLE, "osc 7501"),
        (Progress("indeterminate", None), WORKING, "osc 9;4"),
        (TitleChanged("✦  Working… (proj)"), WORKING, "title"),
        (TitleChanged("✋  Action Required (proj)"), NEEDS, "title"),
        (Notification("Codex", "Approval requested: ls"), NEEDS, "notification"),
        (Report("hook", "Ask"), NEEDS, "hook"),
        (Report("plugin", "Stop"), IDLE, "plugin"),
        (from_state_file("waiting", "permission prompt"), NEEDS, "state file"),
    ],
)
def test_a_signal_tells(
    book: TrackerScript, event: TerminalEvent | Report | StatusReport, activity: Activity, source: str
) -> None:
    assert book.report(event)
    assert book.status[:2] == (activity, source)
    assert [(each.source, each.counts) for each in book.tracker.evidence()] == [(source, True)]


def test_what_says_nothing_of_activity_changes_nothing(book: TrackerScript) -> None:
    assert not book.report(TitleChanged("working hard"))
    assert not book.osc("nonsense")
    assert not book.osc("state=working:id=child-3"), "a part of the work is not the program"
    assert not book.hook("PreCompact")
    assert book.status == (NO_SIGNAL, "", "")
    assert [(each.said, each.activity, each.counts) for each in book.tracker.evidence()] == [
        ("PreCompact", None, False)
    ]


def test_a_bell_is_no_question() -> None:
    """Backspace at an empty prompt, and Escape in vim, ring it: "needs you" was said of both."""
    book = TrackerScript(Watch())
    assert not book.report(Bell())
    assert book.status == (NO_SIGNAL, "", "")


def test_the_words_of_osc_7501_are_read(book: TrackerScript) -> None:
    book.osc("state=blocked:app=x:kind=permission:msg=YXBwcm92ZSBCYXNoOiB0b3VjaCB6eng")
    assert book.status == (NEEDS, "osc 7501", "approve Bash: touch zzx")
    book.osc("state=blocked:kind=question:msg=%%%")
    assert book.status == (NEEDS, "osc 7501", "question")


# ---------------------------------------------------------------------------------- which is believed


def test_a_shells_notification_is_no_question_and_is_kept_as_evidence() -> None:
    book = TrackerScript(msgspec.structs.replace(WATCH, asks_by_notification=False))
    assert not book.report(Notification("Build", "done"))
    assert book.status == (NO_SIGNAL, "", "")
    assert [(each.source, each.said, each.counts) for each in book.tracker.evidence()] == [
        ("notification", "done", False)
    ]
    assert book.osc("state=blocked:kind=permission")
    assert not book.report(Notification("Build", "done again"))
    assert book.status == (NEEDS, "osc 7501", "permission")


def test_a_stronger_source_silences_weaker_ones_which_stay_as_evidence(book: TrackerScript) -> None:
    book.osc("state=working")
    assert not book.report(Bell())
    assert not book.report(TitleChanged("◇  Ready"))
    assert book.file("idle")
    assert not book.osc("state=blocked:kind=permission")
    assert book.status == (IDLE, "state file", "")
    assert [(each.source, each.counts) for each in book.tracker.evidence()] == [
        ("state file", True), ("osc 7501", False), ("title", False), ("bell", False),
    ]  # fmt: skip


def test_a_dialog_that_the_user_opened_asks_nothing(book: TrackerScript) -> None:
    """Claude Code's file is the same for its own offer at the start, of which OSC 7501 tells."""
    book.osc("state=blocked:msg=ZGlhbG9nIG9wZW4")
    assert not book.report(from_state_file("waiting", "dialog open"))
    assert book.status == (NEEDS, "osc 7501", "dialog open")
    book.file("idle")
    assert not book.report(from_state_file("waiting", "dialog open"))
    assert book.status == (IDLE, "state file", "")


def test_one_that_says_no_more_is_not_believed_for_ever(book: TrackerScript) -> None:
    """A Codex in a shell that has ended must not silence what runs there next."""
    book.osc("state=working")
    book.osc("state=clear")
    assert book.status == (NO_SIGNAL, "osc 7501", "")
    assert book.report(Notification("", "Run it?"))
    assert book.status == (NEEDS, "notification", "Run it?")


def test_hooks_that_only_ask_do_not_silence_who_tells_the_rest() -> None:
    """As Qwen's: its title tells all but what is asked."""
    book = TrackerScript(msgspec.structs.replace(WATCH, asks_by_hook=True))
    book.report(TitleChanged("✦ Qwen"))
    assert book.hook("Ask", "may it run a shell?")
    assert book.status == (NEEDS, "hook", "may it run a shell?")
    assert book.report(TitleChanged("✋ Qwen"))
    assert book.status == (NEEDS, "title", "may it run a shell?")
    book.hook("Ask", "may it?")
    assert not book.answer(), "its title has yet to say what it does now"
    assert book.report(TitleChanged("◇ Qwen"))
    assert book.status == (IDLE, "title", "")


def test_a_bell_says_less_than_the_notification_before_it() -> None:
    book = TrackerScript(msgspec.structs.replace(WATCH, bells=True))
    book.report(Notification("", "Run it?"))
    assert not book.report(Bell())
    assert book.status == (NEEDS, "notification", "Run it?")
    book.answer()
    assert book.report(Bell()), "the next time it rings it is heard"


# ---------------------------------------------------------------------------------- what is asked


def test_the_file_says_that_it_waits_and_the_hook_for_what(book: TrackerScript) -> None:
    book.file("busy")
    assert book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "permission prompt")
    assert book.hook("Ask", "Bash: npm test")
    assert book.status == (NEEDS, "state file", "Bash: npm test")
    book.file("busy")
    assert book.status == (WORKING, "state file", "")


def test_the_hook_may_come_first(book: TrackerScript) -> None:
    book.file("busy")
    assert not book.hook("Ask", "Bash: npm test")
    book.osc("state=blocked:kind=permission")
    assert book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "Bash: npm test")


def test_what_was_asked_before_is_not_asked_again(book: TrackerScript) -> None:
    book.file("busy")
    book.hook("Ask", "Bash: rm -r /")
    book.file("waiting", "permission prompt")
    book.file("idle")  # Esc: no hook tells of it.
    book.file("busy")
    book.file("waiting", "input needed")
    assert book.status == (NEEDS, "state file", "input needed")


def test_codex_says_blocked_by_one_and_what_by_another(book: TrackerScript) -> None:
    book.report(Notification("", "the answer to the last question"))
    book.osc("state=working")
    book.osc("state=blocked:kind=permission")
    assert book.status == (NEEDS, "osc 7501", "permission")
    book.report(Notification("", "Approval requested: ls"))
    assert book.status == (NEEDS, "osc 7501", "Approval requested: ls")


def test_a_question_right_after_the_answer_is_a_new_one(book: TrackerScript) -> None:
    book.file("waiting", "permission prompt")
    book.hook("Ask", "Bash: one")
    book.wait(1)
    book.answer()
    book.wait(0.5)
    assert book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "permission prompt")
    assert book.tracker.since == "t1001.5"
    assert not book.wait(100), "it has been asked, and nobody answered"


# ---------------------------------------------------------------------------------- how it ends


def test_the_answer_to_a_moment_ends_it_at_once(book: TrackerScript) -> None:
    book.report(Notification("", "Run it?"))
    assert book.answer()
    assert book.status == (NO_SIGNAL, "input", "")
    assert not book.answer()


def test_an_answer_is_confirmed_by_the_source(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission")
    assert not book.answer()
    book.wait(0.1)
    assert book.osc("state=working")
    assert book.status[:2] == (WORKING, "osc 7501")
    book.osc("state=done")
    assert not book.wait(3600)


def test_an_answer_that_nobody_confirms_ends_it_too(book: TrackerScript) -> None:
    book.hook("Ask", "Bash: ls")
    book.answer()
    assert not book.wait(ANSWER_S - 0.1)
    assert book.wait(0.2)
    assert book.status == (NO_SIGNAL, "input", "")
    book.hook("Stop")
    assert book.status == (IDLE, "hook", "")


@pytest.mark.parametrize(
    "ask",
    [
        from_state_file("waiting", "permission prompt"),
        Report("plugin", "Ask"),
        AgentState("state=blocked:kind=permission"),
        TitleChanged("✋ Qwen"),
    ],
)
def test_a_key_in_an_open_dialog_does_not_end_its_question(
    book: TrackerScript, ask: TerminalEvent | Report | StatusReport
) -> None:
    """Tab, or a note that is typed there: of those no agent tells anything."""
    book.report(ask)
    asked = book.status
    for _ in range(3):
        assert not book.answer()
        assert not book.wait(3600)
        book.replace_host()
    assert book.status == asked
    assert book.tracker.next_expiry_s(0) is None, "nothing is to be looked at"
    assert book.report(StatusReport(asked[1], "busy", WORKING))
    assert book.status == (WORKING, asked[1], "")


def test_what_is_asked_is_said_as_long_as_it_is(book: TrackerScript) -> None:
    book.hook("Ask", "Bash: npm test")
    book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "Bash: npm test")
    book.answer()
    assert not book.report(Bell())
    assert not book.hook("PreCompact")
    assert book.status == (NEEDS, "state file", "Bash: npm test")
    assert book.hook("Ask", "Bash: the next one")
    assert book.status == (NEEDS, "state file", "Bash: the next one")


def test_a_title_that_tells_of_questions_alone_is_not_believed_for_ever() -> None:
    book = TrackerScript(msgspec.structs.replace(WATCH, titles={"^✋": NEEDS}))
    book.report(TitleChanged("✋ it asks"))
    book.answer()
    assert book.wait(ANSWER_S)
    assert book.status == (NO_SIGNAL, "input", "")


def test_a_moment_that_a_state_bears_out_ends_with_the_state(book: TrackerScript) -> None:
    """As Qwen's hook and title: once answered, the title alone knows."""
    book = TrackerScript(msgspec.structs.replace(WATCH, asks_by_hook=True))
    book.report(TitleChanged("✋ Qwen"))
    book.hook("Ask", "may it run a shell?")
    assert not book.answer()
    assert not book.wait(3600)
    assert book.status == (NEEDS, "hook", "may it run a shell?")
    assert book.report(TitleChanged("✦ Qwen"))
    assert book.status == (WORKING, "title", "")


def test_input_does_not_end_work(book: TrackerScript) -> None:
    book.osc("state=working")
    assert not book.answer()
    assert book.status[0] is WORKING


def test_work_without_output_or_word_decays_and_a_word_brings_it_back(book: TrackerScript) -> None:
    book.osc("state=working:msg=UnVubmluZyBscw==")
    book.output_s = book.time_s + 30
    assert not book.wait(89)
    assert book.wait(1)
    silent = "no output and no report for 60 s; last report: osc 7501: state=working Running ls"
    assert book.status == (NO_SIGNAL, "silence", silent)
    assert book.tracker.next_expiry_s(book.output_s) is None
    assert book.osc("state=working")
    assert book.status[:2] == (WORKING, "osc 7501")


def test_the_word_of_a_silenced_source_is_a_sign_of_life(book: TrackerScript) -> None:
    book.file("busy")
    book.wait(50)
    book.hook("Start")
    assert not book.wait(50)
    assert book.wait(10)


@pytest.mark.parametrize("activity", ["idle", "waiting"])
def test_what_needs_no_work_does_not_decay(book: TrackerScript, activity: str) -> None:
    book.file(activity)
    assert not book.wait(100_000)


def test_since_moves_with_the_activity_only(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission")
    book.wait(5)
    book.report(Notification("", "Approval requested"))
    assert book.tracker.since == "t1000"
    assert book.tracker.detail == "Approval requested"


def test_the_end_of_the_program_is_the_end_of_its_signals(book: TrackerScript) -> None:
    book.file("waiting", "permission prompt")
    book.answer()
    assert book.tracker.program_ended(book.now())
    assert book.status == (NO_SIGNAL, "", "")
    assert book.tracker.next_expiry_s(0) is None


def test_a_record_of_a_version_that_knew_less_is_understood() -> None:
    previous = {"offset": 3, "activity": "needs_input", "source": "osc 7501", "since": "t1", "detail": "permission"}
    saved_state = msgspec.msgpack.decode(msgspec.msgpack.encode(previous), type=ActivityState)
    tracker = ActivityTracker(WATCH, "t0", saved_state)
    assert (tracker.activity, tracker.detail) == (NEEDS, "permission")
    assert tracker.on_input(Moment("t2", 2.0))
    assert tracker.activity is NO_SIGNAL


def test_a_claude_whose_background_shell_runs_on_is_idle_and_not_without_a_signal(book: TrackerScript) -> None:
    book.report(from_state_file("busy", ""))

    book.report(from_state_file("shell", ""))

    assert (book.tracker.activity, book.tracker.source) == (IDLE, "state file")
    assert book.tracker.detail == "a background shell still runs"
    book.report(from_state_file("idle", ""))
    assert (book.tracker.activity, book.tracker.detail) == (IDLE, "")


def test_of_two_texts_of_one_question_the_one_with_more_is_shown(book: TrackerScript) -> None:
    book.report(Report("hook", "Ask", "", "Bash"))
    book.report(Notification("", "Claude asks: Bash(npm test)"))

    assert book.tracker.detail == "Claude asks: Bash(npm test)"


def test_claudes_trust_dialog_that_is_answered_is_not_no_signal_before_its_first_state(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission:msg=dHJ1c3QgdGhpcyBmb2xkZXI=")
    book.answer()
    assert not book.osc("state=clear")
    assert not book.wait(ANSWER_S - 0.1)
    assert book.status == (NEEDS, "osc 7501", "trust this folder")
    assert book.osc("state=idle")
    assert book.status[:2] == (IDLE, "osc 7501")


def test_a_question_that_is_taken_back_with_nothing_after_it_is_no_signal(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission")
    book.osc("state=clear")
    assert book.wait(ANSWER_S)
    assert book.status[0] is NO_SIGNAL
