"""*Notifications…* mutes one chat or all, and watches one until it is quiet; each line names what Enter will do."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.window.sheets.chooser import Chooser
from session_host.protocol.values import State
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.actions.test_command_list import rows
from tests.unit.gui.window.actions.test_directory_actions import menu_of, palette_of

ALL = ["Mute all chats for an hour", "Mute all chats until tomorrow morning"]


def choose(harness: WindowHarness, typed: str) -> tuple[str, str]:
    """Choose a line of the sheet by typing; returns the line and the banner that follows."""
    chooser = harness.window.sheets.chooser
    harness.window.actions_["notifications"].trigger()
    chooser.field.setText(typed)
    line = rows(chooser)[0]
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    harness.settle()
    banner = harness.window.banners.current
    assert banner is not None
    return line, banner.text


async def test_each_line_of_one_chat_names_the_state_that_enter_produces(harness: WindowHarness) -> None:
    chat = harness.chat(await harness.add("api"))
    window = harness.open_window()
    harness.show(chat.id)
    muting = harness.sessions.muting
    assert choose(harness, "mute this") == ("Mute this chat", "Notifications from api are muted")
    assert muting.muted == [chat.id]
    assert choose(harness, "mute this") == ("Unmute this chat", "Notifications from api are on")
    assert muting.muted == []
    watches = "You get a notification when api has been quiet for 10 s, or ends"
    assert choose(harness, "quiet") == ("Notify once when this chat is quiet", watches)
    assert harness.sessions.quiet_watch.is_watched(chat)
    ends = "You get no notification when api is quiet"
    assert choose(harness, "quiet") == ("Don’t notify when this chat is quiet", ends)
    assert not harness.sessions.quiet_watch.is_watched(chat)
    window.actions_["notifications"].trigger()
    assert window.sheets.chooser.field.placeholderText() == "Notifications of api"


async def test_all_chats_are_muted_for_an_hour_and_unmuted(harness: WindowHarness) -> None:
    window = harness.open_window()
    muting, chooser = harness.sessions.muting, window.sheets.chooser
    window.actions_["notifications"].trigger()
    assert rows(chooser) == ALL, "no chat is shown"
    line, banner = choose(harness, "hour")
    assert (line, muting.until is None) == (ALL[0], False)
    assert banner.startswith("Notifications are muted until ")
    window.actions_["notifications"].trigger()
    assert rows(chooser) == ["Unmute all chats"]
    assert choose(harness, "") == ("Unmute all chats", "Notifications are on")
    assert muting.until is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": State.EXITED, "exit_code": 0}, ALL),
        ({"agent": "codex", "runtime": "structured", "argv": ["codex"]}, ["Mute this chat", *ALL]),
    ],
    ids=["ended", "chat view"],
)
async def test_only_what_applies_to_the_shown_chat_is_listed(
    harness: WindowHarness, fields: dict[str, object], expected: list[str]
) -> None:
    session_id = await harness.add("api", **fields)
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["notifications"].trigger()
    assert rows(window.sheets.chooser) == expected


async def test_a_rows_menu_opens_the_notifications_of_that_chat(harness: WindowHarness) -> None:
    shown, other = await harness.add("shown"), await harness.add("other")
    window = harness.open_window()
    harness.show(shown)
    menu_of(harness, other)["Notifications…"].trigger()
    chooser: Chooser = window.sheets.chooser
    assert chooser.field.placeholderText() == "Notifications of other"
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert harness.sessions.muting.muted == [other]


async def test_the_words_for_muting_find_notifications_in_the_palette(harness: WindowHarness) -> None:
    harness.open_window()
    for typed in ("mute", "unmute", "do not disturb", "silence", "quiet", "for an hour"):
        assert palette_of(harness, typed)[:1] == ["Notifications…"], typed
