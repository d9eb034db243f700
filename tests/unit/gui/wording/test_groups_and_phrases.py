"""A chat's group in the sidebar, and the short texts about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtWidgets import QApplication

from gui.settings.table import SETTINGS
from gui.theme.icons import Mark
from gui.wording import page_texts, phrases
from gui.wording.groups import Group, group_of, mark_of, order_key
from session_host.protocol.values import Activity, State

NOW = datetime(2026, 5, 2, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "activity", "group"),
    [
        (State.RUNNING, Activity.NEEDS_INPUT, Group.NEEDS_YOU),
        (State.RUNNING, Activity.WORKING, Group.WORKING),
        (State.RUNNING, Activity.IDLE, Group.IDLE),
        (State.RUNNING, Activity.NO_SIGNAL, Group.NO_SIGNAL),
        (State.STARTING, Activity.NO_SIGNAL, Group.NO_SIGNAL),
        (State.EXITED, Activity.NEEDS_INPUT, Group.ENDED),
        (State.LOST, Activity.WORKING, Group.ENDED),
    ],
)
def test_each_state_has_its_group(state: State, activity: Activity, group: Group):
    assert group_of(state, activity) is group


def test_a_shell_is_in_the_group_running_and_not_no_signal():
    assert group_of(State.RUNNING, Activity.NO_SIGNAL, plain=True) is Group.RUNNING
    assert group_of(State.RUNNING, Activity.WORKING, plain=True) is Group.WORKING, "an agent in the shell reports it"
    assert group_of(State.EXITED, Activity.NO_SIGNAL, plain=True) is Group.ENDED


def test_an_ended_chat_shows_whether_it_failed_and_never_a_reconnect():
    assert mark_of(Group.ENDED, failed=False, reconnecting=True) is Mark.ENDED
    assert mark_of(Group.ENDED, failed=True, reconnecting=True) is Mark.FAILED
    assert mark_of(Group.WORKING, failed=False, reconnecting=True) is Mark.RECONNECTING
    assert mark_of(Group.WORKING, failed=False, reconnecting=False) is Mark.WORKING


def test_chats_interrupted_by_a_restart_have_their_own_group():
    assert group_of(State.LOST, Activity.WORKING, interrupted=True) is Group.INTERRUPTED
    assert mark_of(Group.INTERRUPTED, failed=False, reconnecting=False) is Mark.INTERRUPTED


def test_the_longest_waiting_chat_comes_first_and_others_are_ordered_by_creation():
    early, late = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    assert order_key(Group.NEEDS_YOU, late, early, "") < order_key(Group.NEEDS_YOU, early, late, "")
    assert order_key(Group.WORKING, early, late, "") < order_key(Group.WORKING, late, early, "")
    assert order_key(Group.ENDED, early, "", late) > order_key(Group.ENDED, late, "", early)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "now"), (4, "now"), (5, "5 s"), (59, "59 s"), (60, "1 m"), (3599, "59 m"), (3600, "1 h"), (200000, "2 d")],
)
def test_ages_have_one_unit(seconds: int, text: str):
    assert phrases.age(NOW - timedelta(seconds=seconds), NOW) == text


@pytest.mark.parametrize(
    ("code", "number", "end_request", "text"),
    [
        (0, None, "", "Finished"),
        (3, None, "", "Ended with exit code 3"),
        (None, 9, "", "Ended by SIGKILL"),
        (None, 200, "", "Ended by signal 200"),
        (None, 15, "stop", "Stopped by you"),
        (None, 9, "kill", "Killed by you"),
    ],
)
def test_an_end_has_a_phrase(code: int | None, number: int | None, end_request: str, text: str):
    assert phrases.how_it_ended(code, number, end_request) == text


def test_a_time_of_another_day_has_its_date():
    assert phrases.short_clock(NOW, NOW) == phrases.clock_time(NOW)
    months_ago, year_ago = (NOW - timedelta(days=days) for days in (60, 400))
    assert phrases.short_clock(months_ago, NOW).startswith(f"{months_ago.astimezone().day} ")
    assert str(year_ago.year) in phrases.short_clock(year_ago, NOW)
    assert phrases.short_clock(None, NOW) == ""


def test_an_end_requested_by_the_user_is_no_failure():
    assert phrases.failed(State.EXITED, 1, None, is_ended_by_user=False)
    assert not phrases.failed(State.EXITED, None, 15, is_ended_by_user=True)
    assert not phrases.failed(State.EXITED, 0, None, is_ended_by_user=False)
    assert phrases.failed(State.LOST, None, None, is_ended_by_user=True)


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
