"""The agent's activity by its own signals: which source is believed, what is asked, and when a question ends."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from session_host.agents.catalog import load_catalog
from session_host.agents.status import (
    ANSWER_S,
    SIMULTANEOUS_S,
    StatusReport,
    from_chat_state,
    from_state_file,
    is_same_question,
)
from session_host.protocol.launch import Watch
from session_host.protocol.messages import Report
from session_host.protocol.turns import TurnFacts
from session_host.protocol.values import FOLLOW_UP_S, Activity, in_turns
from session_host.terminal.events import (
    AgentState,
    Bell,
    CommandBegan,
    CommandEnded,
    Notification,
    Progress,
    TerminalEvent,
    TitleChanged,
)
from tests.support.signals import WATCH, RecordedSignal, TrackerScript, recorded_signals, watch_of

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
def test_each_signal_sets_the_activity(
    book: TrackerScript, event: TerminalEvent | Report | StatusReport, activity: Activity, source: str
) -> None:
    assert book.report(event)
    assert book.status[:2] == (activity, source)
    assert [(each.source, each.counts) for each in book.tracker.evidence()] == [(source, True)]


def test_signals_without_an_activity_change_nothing(book: TrackerScript) -> None:
    assert not book.report(TitleChanged("working hard"))
    assert not book.osc("nonsense")
    assert not book.osc("state=working:id=child-3"), "a part of the work is not the program"
    assert not book.hook("PreCompact")
    assert book.status == (NO_SIGNAL, "", "")
    assert [(each.said, each.activity, each.counts) for each in book.tracker.evidence()] == [
        ("PreCompact", None, False)
    ]


def test_a_bell_is_no_question() -> None:
    """Backspace at an empty prompt and Escape in vim ring the bell; both used to show "needs you"."""
    book = TrackerScript(Watch())
    assert not book.report(Bell())
    assert book.status == (NO_SIGNAL, "", "")


def test_the_fields_of_osc_7501_are_read(book: TrackerScript) -> None:
    book.osc("state=blocked:app=x:kind=permission:msg=YXBwcm92ZSBCYXNoOiB0b3VjaCB6eng")
    assert book.status == (NEEDS, "osc 7501", "approve Bash: touch zzx")
    book.osc("state=blocked:kind=question:msg=%%%")
    assert book.status == (NEEDS, "osc 7501", "question")


# ---------------------------------------------------------------------------------- which source is believed


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
    assert not book.file("idle"), "the other reports each change, too, and says otherwise"
    assert book.wait(FOLLOW_UP_S)
    assert not book.osc("state=blocked:kind=permission")
    assert book.status == (IDLE, "state file", "")
    assert [(each.source, each.counts) for each in book.tracker.evidence()] == [
        ("state file", True),
        ("osc 7501", False),
        ("title", False),
        ("bell", False),
    ]


def test_a_dialog_that_the_user_opened_is_not_idle() -> None:
    """A text that was sent then would be typed into it. Claude Code's file does not tell it from its own offers."""
    book = TrackerScript(watch_of("claude"))
    dialogs = recorded_signals("claude-dialogs")
    seen = [(book.status[0], book.status[2], book.tracker.is_in_dialog) for _ in book.repeat(dialogs)]
    shown = [each for number, each in enumerate(seen) if each != seen[number - 1] and each[0] is not NO_SIGNAL]
    idle, working, dialog = (IDLE, "", False), (WORKING, "", False), (NEEDS, "dialog open", True)
    failed = (IDLE, REFUSED, False)
    assert shown == [idle, working, idle, dialog, idle, dialog, idle, working, failed, dialog, failed]


def test_a_cleared_source_is_no_longer_believed(book: TrackerScript) -> None:
    """A Codex that has ended in a shell must not silence the program that runs there next."""
    book.osc("state=working")
    book.osc("state=clear")
    assert book.status == (NO_SIGNAL, "osc 7501", "")
    assert book.report(Notification("", "Run it?"))
    assert book.status == (NEEDS, "notification", "Run it?")


def test_hooks_that_report_only_questions_do_not_silence_the_title() -> None:
    """Qwen's hook is such a hook: its title shows everything except what is asked."""
    book = TrackerScript(msgspec.structs.replace(WATCH, asks_by_hook=True))
    book.report(TitleChanged("✦ Qwen"))
    assert book.hook("Ask", "may it run a shell?")
    assert book.status == (NEEDS, "hook", "may it run a shell?")
    assert book.report(TitleChanged("✋ Qwen"))
    assert book.status == (NEEDS, "title", "may it run a shell?")
    book.hook("Ask", "may it?")
    assert not book.answer(), "its title has not changed yet"
    assert book.report(TitleChanged("◇ Qwen"))
    assert book.status == (IDLE, "title", "")


def test_a_bell_does_not_replace_the_notification_before_it() -> None:
    book = TrackerScript(msgspec.structs.replace(WATCH, bells=True))
    book.report(Notification("", "Run it?"))
    assert not book.report(Bell())
    assert book.status == (NEEDS, "notification", "Run it?")
    book.answer()
    assert book.report(Bell()), "the next time it rings it is heard"


# ---------------------------------------------------------------------------------- what is asked


def test_the_state_file_reports_a_question_and_the_hook_its_text(book: TrackerScript) -> None:
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


def test_the_text_of_an_earlier_question_is_not_shown_for_the_next(book: TrackerScript) -> None:
    book.file("busy")
    book.hook("Ask", "Bash: rm -r /")
    book.file("waiting", "permission prompt")
    book.file("idle")  # Escape, which no hook reports.
    book.file("busy")
    book.file("waiting", "input needed")
    assert book.status == (NEEDS, "state file", "input needed")


def test_codex_reports_a_question_by_osc_7501_and_its_text_by_a_notification(book: TrackerScript) -> None:
    book.report(Notification("", "the answer to the last question"))
    book.osc("state=working")
    book.osc("state=blocked:kind=permission")
    assert book.status == (NEEDS, "osc 7501", "permission")
    book.report(Notification("", "Approval requested: ls"))
    assert book.status == (NEEDS, "osc 7501", "Approval requested: ls")


def test_the_end_of_a_turn_does_not_describe_the_question_of_a_sub_agent(book: TrackerScript) -> None:
    """Codex's main agent goes on after its question was answered; the sub-agent's, shown next, has no notification."""
    book.osc("state=blocked:kind=permission")
    book.report(Notification("", "Approval requested: touch MAIN"))
    book.answer()
    assert book.status == (NEEDS, "osc 7501", "Approval requested: touch MAIN"), "a key may be no answer"
    book.report(Notification("", "I have touched MAIN."))
    assert book.status == (NEEDS, "osc 7501", "permission")


FIRST, SECOND = "Bash: touch FIRST", "Bash: touch SECOND"


def test_the_question_of_another_sub_agent_is_not_taken_for_the_one_on_the_screen(book: TrackerScript) -> None:
    """Claude Code reports what it shows by OSC 7501; each sub-agent runs the hook as soon as it asks."""
    book.file("busy")
    for text in (FIRST, SECOND):
        book.hook("Ask", text)
        blocked(book, f"approve {FIRST}")
        book.file("waiting", "permission prompt")
        assert book.status == (NEEDS, "state file", f"approve {FIRST}")
    book.replace_host()
    blocked(book, f"approve {SECOND}")
    assert book.status == (NEEDS, "state file", f"approve {SECOND}")


def test_which_of_several_questions_is_shown_may_be_unknown(book: TrackerScript) -> None:
    """Claude Code of node 20 has no OSC 7501, and later ones leave the text out if the command is long."""
    book.file("busy")
    book.hook("Ask", FIRST)
    book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", FIRST)
    blocked(book, "permission prompt")
    assert book.status == (NEEDS, "state file", FIRST)
    for text in (SECOND, SECOND, "Bash: touch THIRD"):
        book.hook("Ask", text)
        assert book.status == (NEEDS, "state file", "permission prompt")
    book.file("busy")
    book.wait(10)
    book.hook("Ask", SECOND)
    book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", SECOND)


def test_a_question_right_after_the_prompt_has_its_text(book: TrackerScript) -> None:
    """Such as the form of an MCP server, which OSC 7501 reports without its text."""
    book.hook("Start")
    book.file("busy")
    book.hook("Ask", "asker: Which branch?")
    blocked(book, "MCP input: asker")
    book.file("waiting", "input needed")
    assert book.status == (NEEDS, "state file", "asker: Which branch?")


def test_a_question_that_only_the_dialog_can_answer_says_so(book: TrackerScript) -> None:
    book.hook("Ask", FIRST)
    assert not book.tracker.leave_to_terminal([SECOND])
    assert book.tracker.leave_to_terminal([SECOND, FIRST])
    assert book.status == (NEEDS, "hook", f"{FIRST} · in its terminal only")
    assert book.tracker.question == FIRST
    book.replace_host()
    assert book.tracker.question == FIRST
    book.hook("Stop")
    assert book.status == (IDLE, "hook", "")


def test_questions_that_the_users_own_hook_answers_do_not_make_the_next_one_nameless(book: TrackerScript) -> None:
    book.file("busy")
    for text in (FIRST, SECOND):
        book.hook("Ask", text)
        book.wait(SIMULTANEOUS_S)
    book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", SECOND)


@pytest.mark.parametrize(
    ("reported", "shown", "is_same"),
    [
        ("Bash: npm  test", "approve Bash: npm test", True),
        ("Edit: a.py", "approve Update: a.py", True),
        ("Which color?", "answer: Which color? (red · blue)", True),
        ("A or B: which?", "answer: A or B: which? (A · B)", True),
        ("asker: Which branch?", "MCP input: asker", True),
        ("Bash: " + "x " * 197, "approve Bash: " + "x " * 193, True),
        ("Bash: touch A", "approve Bash: touch AB", False),
        ("Bash: touch AB", "approve Bash: touch A", False),
        ("Bash: touch A", "permission prompt", False),
        ("Bash: " + "x " * 197, "approve Bash: x", False),
        ("Bash: " + "x " * 197, "approve Bash: " + "x" * 386, False),
        ("", "", False),
    ],
)
def test_texts_of_two_sources_are_compared(reported: str, shown: str, is_same: bool) -> None:
    assert is_same_question(reported, shown) is is_same


def blocked(book: TrackerScript, text: str) -> None:
    book.osc(f"state=blocked:kind=permission:msg={base64.b64encode(text.encode()).decode()}")


def test_a_question_right_after_the_answer_is_a_new_one(book: TrackerScript) -> None:
    book.file("waiting", "permission prompt")
    book.hook("Ask", "Bash: one")
    book.wait(1)
    book.answer()
    book.wait(0.5)
    assert book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "permission prompt")
    assert book.tracker.since == "t1001.5"
    assert not book.wait(100), "the question is open, and nobody has answered"


# ---------------------------------------------------------------------------------- how it ends


def test_an_answer_ends_a_question_from_a_notification_at_once(book: TrackerScript) -> None:
    book.report(Notification("", "Run it?"))
    assert book.answer()
    assert book.status == (NO_SIGNAL, "input", "")
    assert not book.answer()


def test_an_unconfirmed_answer_ends_a_question_after_a_while(book: TrackerScript) -> None:
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
    """Such as Tab, or a note that is typed there; no agent reports those keys."""
    book.report(ask)
    status_before = book.status
    for _ in range(3):
        assert not book.answer()
        assert not book.wait(3600)
        book.replace_host()
    assert book.status == status_before
    assert book.tracker.next_expiry_s(0) is None, "no timer is needed"
    assert book.report(StatusReport(status_before[1], "busy", WORKING))
    assert book.status == (WORKING, status_before[1], "")


def test_the_text_of_a_question_is_shown_until_it_ends(book: TrackerScript) -> None:
    book.hook("Ask", "Bash: npm test")
    book.file("waiting", "permission prompt")
    assert book.status == (NEEDS, "state file", "Bash: npm test")
    book.answer()
    assert not book.report(Bell())
    assert not book.hook("PreCompact")
    assert book.status == (NEEDS, "state file", "Bash: npm test")
    assert book.hook("Ask", "Bash: the next one")
    assert book.status == (NEEDS, "state file", "Bash: the next one")


def test_a_question_ends_if_the_title_reports_only_questions() -> None:
    book = TrackerScript(msgspec.structs.replace(WATCH, titles={"^✋": NEEDS}))
    book.report(TitleChanged("✋ it asks"))
    book.answer()
    assert book.wait(ANSWER_S)
    assert book.status == (NO_SIGNAL, "input", "")


def test_a_question_from_a_hook_ends_when_the_title_changes(book: TrackerScript) -> None:
    """So it is with Qwen: after the answer, only its title reports the change."""
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


def test_work_without_output_or_report_times_out_and_a_report_restores_it(book: TrackerScript) -> None:
    book.osc("state=working:msg=UnVubmluZyBscw==")
    book.output_s = book.time_s + 30
    assert not book.wait(89)
    assert book.wait(1)
    silent = "no output and no report for 60 s; last report: osc 7501: state=working Running ls"
    assert book.status == (NO_SIGNAL, "silence", silent)
    assert book.tracker.next_expiry_s(book.output_s) is None
    assert book.osc("state=working")
    assert book.status[:2] == (WORKING, "osc 7501")


def test_a_report_of_a_silenced_source_restarts_the_timeout(book: TrackerScript) -> None:
    book.file("busy")
    book.wait(50)
    book.hook("Start")
    assert not book.wait(50)
    assert book.wait(10)


@pytest.mark.parametrize("activity", ["idle", "waiting"])
def test_idle_and_waiting_do_not_time_out(book: TrackerScript, activity: str) -> None:
    book.file(activity)
    assert not book.wait(100_000)


def test_since_changes_only_with_the_activity(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission")
    book.wait(5)
    book.report(Notification("", "Approval requested"))
    assert book.tracker.since == "t1000"
    assert book.tracker.detail == "Approval requested"


def test_a_turn_that_the_state_file_did_not_show_begins_a_new_idle_time(book: TrackerScript) -> None:
    """Claude Code's row counted on from the turn before after a turn of a moment."""
    book.file("busy")
    book.osc("state=working")
    assert not book.file("idle")
    assert book.osc("state=idle"), "the end of the same turn"
    before = book.tracker.since
    book.wait(60)
    assert not book.osc("state=working")
    assert book.status[:2] == (IDLE, "state file")
    assert book.osc("state=idle")
    assert (book.status[:2], book.tracker.since > before) == ((IDLE, "state file"), True)


def test_the_end_of_the_program_is_the_end_of_its_signals(book: TrackerScript) -> None:
    book.file("waiting", "permission prompt")
    book.answer()
    assert book.tracker.program_ended(book.now())
    assert book.status == (NO_SIGNAL, "", "")
    assert book.tracker.next_expiry_s(0) is None


def in_turns_of(book: TrackerScript) -> Activity:
    return in_turns(book.tracker.activity, book.tracker.source)


def test_claude_with_a_background_shell_works_until_that_is_over(book: TrackerScript) -> None:
    book.file("busy")
    began = book.tracker.since
    book.wait(5)
    assert book.file("shell")
    assert book.status == (WORKING, "background", "In the background: a shell")
    assert (book.tracker.since, in_turns_of(book)) == (began, IDLE)
    assert ("background", True) in [(each.source, each.counts) for each in book.tracker.evidence()]
    assert not book.wait(100_000), "a shell that writes nothing is no silence of the agent"
    assert not book.file("idle"), "it may begin a turn with what the shell said"
    assert book.wait(FOLLOW_UP_S)
    assert book.status == (IDLE, "state file", "")


def test_the_turn_that_the_end_of_a_background_shell_begins_is_no_second_end(book: TrackerScript) -> None:
    book.file("busy")
    book.file("shell")
    book.wait(60)
    changes = [book.file("idle"), book.wait(FOLLOW_UP_S - 1), book.file("busy"), book.wait(30)]
    assert changes == [False, False, True, False]
    assert book.status == (WORKING, "state file", "")
    assert book.tracker.since == "t1000", "the work of the first turn goes on"
    assert book.file("idle")
    assert book.status == (IDLE, "state file", "")


def test_claude_whose_sub_agent_has_just_ended_is_not_idle_while_its_terminal_report_says_that_it_works(
    book: TrackerScript,
) -> None:
    book.file("busy")
    book.osc("state=working")
    assert not book.file("idle")
    book.wait(0.5)
    book.file("busy")
    book.osc("state=done")
    assert book.file("idle")


def test_a_prompt_beside_a_background_shell_is_a_turn(book: TrackerScript) -> None:
    book.file("shell")
    assert in_turns_of(book) is IDLE
    assert book.file("busy"), "another work than before"
    assert (in_turns_of(book), book.tracker.detail) == (WORKING, "")
    assert book.file("shell")
    assert in_turns_of(book) is IDLE


def test_an_error_that_stopped_a_turn_is_said_when_the_background_is_over_too(book: TrackerScript) -> None:
    book.file("busy")
    book.hook("Fail", "Usage limit reached")
    book.file("shell")
    assert book.status == (WORKING, "background", "In the background: a shell")
    book.wait(10)
    book.file("idle")
    book.wait(FOLLOW_UP_S)
    assert book.status == (IDLE, "state file", "Usage limit reached")
    book.file("shell")
    book.wait(10)
    book.file("busy")
    book.file("idle")
    book.wait(FOLLOW_UP_S)
    assert book.status == (IDLE, "state file", ""), "a turn has begun since"


def test_what_the_host_finds_running_after_a_turn_is_the_agents_work(book: TrackerScript) -> None:
    book.osc("state=working")
    book.report(StatusReport("osc 7501", "state=done", IDLE, background="sleep 15, a sub-agent"))
    assert book.status == (WORKING, "background", "In the background: sleep 15, a sub-agent")
    assert book.tracker.apply_background("a sub-agent", book.now())
    assert book.status == (WORKING, "background", "In the background: a sub-agent")
    book.replace_host()
    assert not book.tracker.apply_background("", book.now())
    book.replace_host()
    assert book.wait(FOLLOW_UP_S)
    assert book.status == (IDLE, "osc 7501", "")


def test_a_chat_view_that_works_in_the_background_says_what_runs(book: TrackerScript) -> None:
    book.report(from_chat_state("running", ""))
    book.report(from_chat_state("background", "npm test"))
    assert book.status == (WORKING, "background", "In the background: npm test")
    book.report(from_chat_state("requires_action", "Run rm?"))
    assert book.status == (NEEDS, "protocol", "Run rm?")
    book.report(from_chat_state("background", "npm test"))
    book.report(from_chat_state("idle", ""))
    book.wait(FOLLOW_UP_S)
    assert book.status == (IDLE, "protocol", "")


def test_of_two_texts_of_one_question_the_longer_is_shown(book: TrackerScript) -> None:
    book.report(Report("hook", "Ask", "", "Bash"))
    book.report(Notification("", "Claude asks: Bash(npm test)"))

    assert book.tracker.detail == "Claude asks: Bash(npm test)"


def test_after_an_answered_trust_dialog_claude_is_not_without_signal_before_its_first_state(
    book: TrackerScript,
) -> None:
    book.osc("state=blocked:kind=permission:msg=dHJ1c3QgdGhpcyBmb2xkZXI=")
    book.answer()
    assert not book.osc("state=clear")
    assert not book.wait(ANSWER_S - 0.1)
    assert book.status == (NEEDS, "osc 7501", "trust this folder")
    assert book.osc("state=idle")
    assert book.status[:2] == (IDLE, "osc 7501")


def test_the_error_that_stopped_claudes_turn_is_shown_until_the_next_turn(book: TrackerScript) -> None:
    book.osc("state=working")
    book.file("busy")
    book.osc("state=error:msg=QVBJIEVycm9yOiA0MDA=")
    book.hook("Fail", "unknown")
    book.file("idle")
    assert book.status == (IDLE, "state file", "API Error: 400")
    book.replace_host()
    book.osc("state=idle")
    book.wait(600)
    assert book.status == (IDLE, "state file", "API Error: 400")
    book.file("busy")
    book.file("idle")
    assert book.status == (IDLE, "state file", "")


def test_an_error_that_comes_before_the_work_that_it_stopped_is_shown(book: TrackerScript) -> None:
    book.file("idle")
    book.osc("state=error")
    book.file("busy")
    book.file("idle")
    assert book.status == (IDLE, "state file", "stopped by an error")


@pytest.mark.parametrize(
    ("ends", "key", "outcome"),
    [
        (["state=done"], True, "done"),
        (["state=done", "state=idle"], False, "done"),
        (["state=idle"], True, "interrupted"),
        (["state=blocked:kind=permission", "state=idle"], True, "interrupted"),
        (["state=idle"], False, "done"),  # As at Codex's start.
        (["state=error:msg=QVBJIEVycm9y"], True, "error"),
        (["state=error:msg=WW91J3ZlIGhpdCB5b3VyIDUtaG91ciBsaW1pdA"], True, "limit"),
    ],
)
@pytest.mark.parametrize("agent", ["claude", "codex"])
def test_how_a_turn_ended_is_what_the_agent_said_by_osc_7501(
    agent: str, ends: list[str], key: bool, outcome: str
) -> None:
    book = TrackerScript(load_catalog(Path("/nonexistent"))[agent].signals)
    book.osc("state=idle")
    book.tracker.last_input_s = 1.0
    book.tracker.note_turn()
    book.osc("state=working")
    if key:
        book.tracker.last_input_s = 2.0
    for each in ends:
        book.osc(each)
    assert book.status[0] is IDLE
    assert book.tracker.turn_outcome() == ("error" if (agent, outcome) == ("codex", "limit") else outcome)


def test_an_interrupt_that_a_plugin_reports_ends_the_turn() -> None:
    book = TrackerScript(load_catalog(Path("/nonexistent"))["opencode"].signals)
    for reports, outcome in ((["interrupted"], "interrupted"), (["idle"], "done"), (["error"], "error")):
        book.tracker.note_turn()
        book.plugin("working")
        book.tracker.last_input_s += 1.0
        for each in reports:
            book.plugin(each)
        assert book.status[0] is IDLE
        assert book.tracker.turn_outcome() == outcome


def test_an_error_after_which_the_agent_tried_again_is_not_shown(book: TrackerScript) -> None:
    book.report(Progress("indeterminate", None))
    book.hook("Fail", "529")
    book.hook("Done")
    book.report(Progress("none", None))
    assert book.status == (IDLE, "osc 9;4", "")


def test_a_withdrawn_question_without_a_later_report_is_no_signal(book: TrackerScript) -> None:
    book.osc("state=blocked:kind=permission")
    book.osc("state=clear")
    assert book.wait(ANSWER_S)
    assert book.status[0] is NO_SIGNAL


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


def test_claudes_own_dialog_at_its_start_asks_although_its_file_has_said_that_it_is_idle(book: TrackerScript) -> None:
    book.file("idle")
    book.wait(0.3)
    assert not book.osc("state=blocked:msg=ZGlhbG9nIG9wZW4")
    assert book.file("waiting", "dialog open")
    assert book.status == (NEEDS, "state file", "dialog open")
    book.replace_host()
    book.answer()
    assert not book.wait(100), "it reports the end of its question"
    assert book.file("idle")
    book.osc("state=idle")
    assert book.status == (IDLE, "state file", "")


def test_a_dialog_beside_a_background_shell_does_not_end_it(book: TrackerScript) -> None:
    book.file("shell")
    book.file("waiting", "dialog open")
    assert not book.wait(100)
    assert book.status == (NEEDS, "state file", "dialog open")
    book.file("shell")
    assert book.status == (WORKING, "background", "In the background: a shell")


REFUSED = "API Error: 400 refused with 400, as the test asks"


@pytest.mark.parametrize("is_idle_seen", [True, False])
@pytest.mark.parametrize(
    ("recording", "status"),
    [("claude-failed-with-a-queue", (IDLE, "state file", "")), ("claude-failed-twice", (IDLE, "state file", REFUSED))],
)
def test_a_prompt_behind_a_turn_that_failed_has_a_turn_of_its_own(
    recording: str, status: tuple[Activity, str, str], is_idle_seen: bool
) -> None:
    """Claude Code 2.1.332 goes on with its queue; its file is idle for so short a time that it may be missed."""
    book = TrackerScript(watch_of("claude"))
    failed = []
    for _ in book.repeat(recorded_signals(recording) if is_idle_seen else without_short_idle(recording)):
        failed.append(book.tracker.take_failed_turn())
        book.replace_host()
    assert book.status == status
    assert [each for each in failed if each] == [TurnFacts(outcome="error", error=REFUSED)]


def without_short_idle(recording: str) -> Iterator[RecordedSignal]:
    """The signals of a recording without what the state file says between the first turn's end and the next hook."""
    hooks = 0
    for each in recorded_signals(recording):
        if isinstance(each.signal, Report):
            hooks += bool(hooks) or each.signal.event == "StopFailure"
        if hooks != 1 or isinstance(each.signal, Report):
            yield each


def test_an_error_after_which_an_agent_tries_again_ends_no_turn() -> None:
    """Copilot CLI reports each one, and later that its turn is done."""
    book = TrackerScript(watch_of("copilot"))
    book.report(Progress("indeterminate", None))
    for event in ("errorOccurred", "errorOccurred", "agentStop"):
        book.hook(event, "overloaded")
        assert book.tracker.take_failed_turn() is None
    book.report(Progress("none", None))
    assert book.status == (IDLE, "osc 9;4", "")
