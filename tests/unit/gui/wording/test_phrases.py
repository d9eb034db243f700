"""Texts about a chat: times, directories, its activity, and what explains the activity."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtWidgets import QApplication

from gui.settings.table import SETTINGS
from gui.window.widgets.parts import sentence
from gui.wording import page_texts, phrases
from gui.wording.explanation import explained, explained_without_host
from session_host.agents import sources as status_sources
from session_host.agents.environment import CONDITIONS
from session_host.client.chats.launch_spec import NEVER_STALE_S
from session_host.host.watchers import conversation
from session_host.protocol.facts import AgentStatus
from session_host.protocol.messages import Evidence, Explanation, Transition
from session_host.protocol.values import SILENCE, Activity
from session_host.standing import clock_times

NOW = datetime(2026, 5, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the disk is full", "The disk is full"),
        ("can’t open it", "Can’t open it"),
        ("git's diff ends too early", "Git's diff ends too early"),
        ("notes.md is not a text file", "notes.md is not a text file"),
        ("mine.toml:3: unknown key", "mine.toml:3: unknown key"),
        ("build1: connection refused", "build1: connection refused"),
        ("src/a is gone", "src/a is gone"),
        ("my-chat has ended", "my-chat has ended"),
        ("", ""),
    ],
)
def test_a_name_keeps_its_first_letter(text: str, shown: str) -> None:
    assert phrases.first_upper(text) == shown
    assert sentence(text) == (f"{shown}." if shown else "")


@pytest.mark.parametrize(
    ("days", "text", "in_full", "in_a_sentence"),
    [
        (0, "12:00", "12:00", "at 12:00"),
        (-1, "Fri 12:00", "Fri 1 May, 12:00", "on Friday at 12:00"),
        (6, "Fri 12:00", "Fri 8 May, 12:00", "on Friday at 12:00"),
        (7, "9 May, 12:00", "Sat 9 May, 12:00", "on 9 May at 12:00"),
        (-7, "25 Apr, 12:00", "Sat 25 Apr, 12:00", "on 25 April at 12:00"),
        (-400, "28 Mar 2025, 12:00", "Fri 28 Mar 2025, 12:00", "on 28 March 2025 at 12:00"),
    ],
)
def test_a_time_has_as_much_of_its_day_as_it_needs(
    monkeypatch: pytest.MonkeyPatch, days: int, text: str, in_full: str, in_a_sentence: str
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    moment = NOW.replace(tzinfo=None).astimezone() + timedelta(days)
    moment = moment.replace(tzinfo=None).astimezone()  # Noon, also where clocks have changed.
    now = NOW.replace(tzinfo=None).astimezone()
    assert phrases.told_time(moment, now) == clock_times.told_time(moment, now) == text
    assert phrases.told_time(moment, now, with_date=True) == clock_times.told_time(moment, now, with_date=True)
    assert phrases.told_time(moment, now, with_date=True) == in_full
    assert phrases.at_time(moment, now) == in_a_sentence


def test_an_unknown_time_has_no_words() -> None:
    assert phrases.told_time(None, NOW) == phrases.at_time(None, NOW) == ""


def test_directories_are_shown_relative_to_home(area):
    assert phrases.short_directory(str(area.home)) == "~"
    assert phrases.short_directory(f"{area.home}/src/api") == "~/src/api"
    assert phrases.short_directory(f"{area.home}2") == f"{area.home}2"
    assert phrases.last_part("/a/b") == "b"
    assert phrases.last_part("/") == "/"


@pytest.mark.parametrize(
    ("characters", "shown"),
    [
        (40, "packages/server/src/routes/users/list.ts"),
        (39, "packages/server/…/routes/users/list.ts"),
        (30, "packages/…/users/list.ts"),
        (15, "…/users/list.ts"),
        (5, "…/list.ts"),
    ],
)
def test_a_shortened_path_keeps_the_file_name(characters: int, shown: str):
    assert phrases.short_path("packages/server/src/routes/users/list.ts", characters) == shown


def test_a_long_name_without_directories_is_not_cut():
    assert phrases.short_path("a-long-name.ts", 5) == "a-long-name.ts"


@pytest.mark.parametrize(
    ("count", "shown"),
    [(1, "Paste 1 line?"), (2, "Paste 2 lines?"), (0, "Paste 0 lines?"), (12345, "Paste 12,345 lines?")],
)
def test_a_count_is_shown_with_the_right_form(qapp: QApplication, count: int, shown: str) -> None:
    assert page_texts.PASTE_LINES(n=count) == shown


def test_braces_in_the_value_of_a_field_and_in_a_text_without_fields_stay(qapp: QApplication) -> None:
    assert page_texts.SELECTED(text="{name} %n") == "Selected: {name} %n"
    [editor] = [setting for setting in SETTINGS if setting.key == "editor"]
    assert editor.help is not None
    assert "{file}" in editor.help()


@pytest.mark.parametrize(
    ("activity", "source", "seconds", "text"),
    [
        (Activity.WORKING, "hook", 3, "working · just now"),
        (Activity.NEEDS_INPUT, "plugin", 14, "needs you · 14 s ago"),
        (Activity.IDLE, "state file", 125, "idle · 2 min ago"),
        (Activity.NO_SIGNAL, "silence", 125, "no signal · no activity for 2 min"),
        (Activity.NO_SIGNAL, "input", 7200, "no signal · 2 h ago"),
        (Activity.NO_SIGNAL, "", 10, "no signal"),
    ],
)
def test_a_status_has_activity_and_age_and_not_its_source(activity: Activity, source: str, seconds: int, text: str):
    assert phrases.activity_and_age(AgentStatus(activity, source), NOW - timedelta(seconds=seconds), NOW) == text


def test_status_details_name_each_source_in_the_windows_words():
    sources = {*status_sources.ORDER, status_sources.INPUT, SILENCE, *conversation.RANKS}
    assert sources - set(phrases.SOURCES) == set()


def test_an_activity_without_a_time_has_no_age():
    assert phrases.activity_and_age(AgentStatus(Activity.WORKING, "hook"), None, NOW) == "working"
    assert phrases.no_activity(None, NOW) == "no activity"
    assert phrases.ago(None, NOW) == ""


def explanation(**fields: object) -> Explanation:
    usual: dict[str, object] = {
        "request": 1,
        "now": "2026-05-02T12:00:00.000Z",
        "child_pid": 42,
        "child_started": 7,
        "last_output": "2026-05-02T11:59:30.000Z",
        "last_input": "",
        "stale_after_s": 60.0,
        "evidence": [
            Evidence("hook", "2026-05-02T11:59:00.000Z", "PermissionRequest", Activity.NEEDS_INPUT, True),
            Evidence("title", "2026-05-02T11:58:00.000Z", "a\x1b[31mtitle", None, False),
        ],
        "transitions": [
            Transition("2026-05-02T11:00:00.000Z", Activity.WORKING, "hook"),
            Transition("2026-05-02T11:59:00.000Z", Activity.NEEDS_INPUT, "hook", "Run npm test?"),
        ],
        "conversation": "",
        "conversation_source": "",
    }
    return Explanation(**(usual | fields))  # type: ignore[arg-type]


def test_the_start_of_a_running_chat_is_not_called_an_end():
    changes = [Transition("2026-05-02T11:00:00.000Z", Activity.NO_SIGNAL, "")]
    [started] = explained(explanation(transitions=changes)).transitions
    assert started.cells[1:] == ("no signal", "chat started", "")
    transitions = explained_without_host([*changes, changes[0]], "", has_ended=True).transitions
    assert [row.cells[2] for row in transitions] == ["chat ended", "chat started"]


def test_a_shell_runs_and_has_nothing_to_say_about_signals_and_conversations():
    changes = [Transition("2026-05-02T11:00:00.000Z", Activity.NO_SIGNAL, "")]
    told = explained(explanation(evidence=[], transitions=changes), is_plain=True)
    assert [row.cells[1:] for row in told.transitions] == [("running", "chat started", "")]
    assert told.notes == ["Last output 30 s ago", "Process ID: 42"]
    ended = explained_without_host([*changes, changes[0]], "", has_ended=True, is_plain=True)
    assert [row.cells[1:3] for row in ended.transitions] == [("", "chat ended"), ("running", "chat started")]
    assert ended.notes == []


def test_a_command_that_is_an_agent_and_reports_is_explained_like_an_agent():
    told = explained(explanation(conversation="abc"), is_plain=True)
    assert told.evidence
    assert any("no signal" in note for note in told.notes)
    assert told.notes[-1] == "Conversation: abc"


def test_an_agent_that_reports_each_change_has_no_line_about_silence():
    result = explained(explanation(stale_after_s=NEVER_STALE_S))
    assert not any("no signal" in note for note in result.notes)


def test_an_explanation_is_rows_of_evidence():
    result = explained(explanation())
    assert result.evidence[0] == (("hooks", "PermissionRequest", "needs you", "1 min ago"), True)
    assert result.evidence[1] == (("window title", "a [31mtitle", "no effect", "2 min ago"), False)
    assert [row.cells[1:] for row in result.transitions] == [
        ("needs you", "hooks", "Run npm test?"),
        ("working", "hooks", ""),
    ], "newest first"
    assert result.notes == [
        "After 1 min without output or reports, “working” becomes “no signal”.",
        "Last output 30 s ago",
        "Process ID: 42",
        "Conversation: unknown",
    ]
    assert "hooks\tPermissionRequest\tneeds you\t1 min ago" in result.as_text()


def test_an_explanation_of_a_chat_with_little_information():
    result = explained(
        explanation(evidence=[], transitions=[], child_pid=None, conversation="abc", conversation_source="plugin")
    )
    assert (result.evidence, result.transitions) == ([], [])
    assert result.notes[-1] == "Conversation: abc (plugin)"


def test_an_explanation_says_why_an_agent_lacks_its_plugin():
    why = CONDITIONS["opencode has its plugin library"].otherwise
    transitions = explained(explanation(evidence=[], transitions=[], remark=why))
    assert why in transitions.notes
    assert why in transitions.as_text()


def test_an_age_of_days_is_told_in_days() -> None:
    noon = datetime(2026, 5, 3, 12, tzinfo=UTC).astimezone()
    seen = [phrases.ago_or_day(noon - timedelta(hours=hours), noon) for hours in (0, 1, 11, 13, 26, 72)]
    assert seen == ["just now", "1 h ago", "11 h ago", "yesterday", "yesterday", "3 d ago"]
    assert phrases.ago_or_day(None, noon) == ""
