"""Earlier conversations in the sheet for a new chat: listed, found, and continued in their own directory."""

from __future__ import annotations

import json
import os
import shutil
import stat
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from gui.window.new_chat.conversation_picker import MAX_ROWS, ConversationPicker
from session_host.agents.conversations import listing_files
from session_host.client.chats import earlier_conversations
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.resumability import Resumability
from session_host.errors import ConversationOpen, LaunchFailed
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from tests.support.area import Area
from tests.unit.gui.conftest import WindowHarness

IDS = [str(uuid.uuid4()) for _ in range(3)]
"""A process with one of these would have the conversation open."""

Keep = Callable[..., None]


@pytest.fixture
def keep(area: Area, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Writes conversations as Claude Code would, and installs a fake Claude Code; request it before the window."""
    programs = area.root / "bin"
    programs.mkdir()
    for name in ("claude", "aider"):
        program = programs / name
        program.write_text("#!/bin/sh\n")
        program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def write(number: int, directory: Path, *prompts: str) -> None:
        directory.mkdir(exist_ok=True)
        name = "".join(each if each.isalnum() else "-" for each in str(directory))
        path = area.home / ".claude" / "projects" / name / f"{IDS[number]}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        records = [{"type": "user", "cwd": str(directory), "message": {"content": prompt}} for prompt in prompts]
        path.write_text("".join(json.dumps(line) + "\n" for line in records))
        os.utime(path, (1_000_000 + number, 1_000_000 + number))

    return write


def texts(picker: ConversationPicker) -> list[str]:
    """The texts of all rows, including headings."""
    return [str(picker.items.item(row).text()) for row in range(picker.items.rowCount())]


def details(picker: ConversationPicker) -> list[str]:
    """The text that a screen reader speaks for each row, without the age."""
    role = int(Qt.ItemDataRole.AccessibleTextRole)
    spoken = [picker.items.item(row).data(role) for row in range(picker.items.rowCount())]
    return [str(each).rpartition(", ")[0] for each in spoken if each]


def marked(picker: ConversationPicker) -> str:
    index: QModelIndex = picker.list.currentIndex()
    return str(index.data())


async def opened(harness: WindowHarness, directory: Path, agent: str = "claude") -> ConversationPicker:
    """Open the list from the sheet by keyboard."""
    window = harness.open_window()
    window.commands.starting.new_chat(agent, str(directory))
    sheet = window.sheets.new_chat
    sheet.conversation.setFocus()
    await harness.press(Qt.Key.Key_Return)
    await read(harness, sheet.conversations)
    return sheet.conversations


async def read(harness: WindowHarness, picker: ConversationPicker) -> None:
    assert picker.is_open
    await harness.until(lambda: "Reading" not in picker.state.text(), "the list")


async def test_conversations_of_the_directory_come_first_and_enter_continues_one(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    project, other = area.home / "project", area.home / "other"
    keep(0, project, "Mend the lexer", "and the tests")
    keep(1, project, "Write the guide")
    keep(2, other, "Paint it blue")
    picker = await opened(harness, project)

    assert texts(picker) == [
        "In ~/project",
        "Write the guide",
        "Mend the lexer",
        "In other directories",
        "Paint it blue",
    ]
    assert details(picker) == ["Write the guide", "Mend the lexer, and the tests", "Paint it blue, ~/other"]
    assert picker.state.text() == "2 here, 1 in other directories"
    assert marked(picker) == "Write the guide"
    await harness.press(Qt.Key.Key_Up)
    assert marked(picker) == "Write the guide", "a heading is not marked"
    await harness.press(Qt.Key.Key_Down)
    await harness.press(Qt.Key.Key_Down)
    assert marked(picker) == "Paint it blue"
    await harness.press(Qt.Key.Key_Up)
    assert marked(picker) == "Mend the lexer"

    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: launches, "the start")
    [request] = launches
    assert (request.conversation, request.directory, request.name) == (IDS[0], str(project), "project")
    assert request.runtime == "terminal"
    await harness.until(lambda: not harness.window.sheets.is_any_open, "the sheet to close")
    assert not picker.is_open
    assert harness.window.tabs.active_id == "00000000-0000-4000-8000-000000000001"


async def test_a_conversation_of_another_directory_is_found_by_typing_and_starts_there(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    keep(0, area.home / "project", "Mend the lexer")
    keep(2, area.home / "other", "Paint it blue", "no, GREEN")
    picker = await opened(harness, area.home / "project")
    QTest.keyClicks(picker.field, "green other")

    assert texts(picker) == ["In other directories", "Paint it blue"]
    QTest.mouseClick(
        picker.list.viewport(), Qt.MouseButton.LeftButton, pos=picker.list.visualRect(picker.items.index(1, 0)).center()
    )
    await harness.until(lambda: launches, "the start")
    assert (launches[0].conversation, launches[0].directory) == (IDS[2], str(area.home / "other"))
    assert launches[0].name == "other", "the suggested name, of its directory"


async def test_name_prompt_arguments_and_view_are_those_of_the_sheet(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    keep(2, area.home / "other", "Paint it blue")
    window = harness.open_window()
    window.commands.starting.new_chat("claude", str(area.home))
    sheet = window.sheets.new_chat
    sheet.name.clear()
    QTest.keyClicks(sheet.name, "mine")
    sheet.prompt.setPlainText("go on")
    sheet.arguments.setText("--model opus")
    sheet.runtime.set_value("structured")
    sheet.choose_conversation()
    await read(harness, sheet.conversations)
    assert sheet.conversations.state.text() == "No conversations in this directory"
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: launches, "the start")
    [request] = launches
    assert (request.name, request.prompt, request.arguments) == ("mine", "go on", ["--model", "opus"])
    assert request.runtime == "structured"


async def test_a_conversation_that_runs_in_a_chat_shows_that_chat(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    keep(0, area.home / "project", "Mend the lexer")
    ended = await harness.add("before", agent="claude", provider_session_id=IDS[0], state=State.EXITED)
    running = await harness.add("lexer", agent="claude", provider_session_id=IDS[0])
    assert ended != running
    picker = await opened(harness, area.home / "project")

    assert details(picker) == ["Mend the lexer, Runs in the chat lexer"]
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: harness.window.tabs.active_id == running, "the running chat")
    assert not harness.window.sheets.is_any_open
    assert launches == []


async def test_a_conversation_of_an_ended_chat_resumes_that_chat(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    resumed: list[tuple[str, str]] = []

    async def resume(session_id: str, **options: Any) -> ChatFacts:
        resumed.append((session_id, options["prompt"]))
        raise LaunchFailed("not today")

    monkeypatch.setattr("session_host.client.chats.resume.resume", resume)
    keep(0, area.home / "project", "Mend the lexer")
    ended = await harness.add(
        "lexer", agent="claude", provider_session_id=IDS[0], state=State.EXITED, ended_at="2026-01-02T04:00:00Z"
    )
    picker = await opened(harness, area.home / "project")

    assert details(picker) == ["Mend the lexer, Was in the chat lexer"]
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: resumed, "the resume")
    assert resumed == [(ended, "")]
    assert harness.window.tabs.active_id == ended
    assert launches == []


async def test_a_conversation_open_elsewhere_is_continued_only_if_the_user_insists(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(request: LaunchRequest, anyway: bool) -> None:
        if not anyway:
            raise ConversationOpen("process 7 (claude) on /dev/pts/3 has the conversation open; close it there first")

    monkeypatch.setattr(earlier_conversations, "_check", check)
    keep(0, area.home / "project", "Mend the lexer")
    picker = await opened(harness, area.home / "project")
    await harness.press(Qt.Key.Key_Return)
    await harness.until(picker.anyway.isVisible, "the refusal")
    assert picker.state.text().startswith("Process 7 (claude) on /dev/pts/3 has the conversation open")
    assert launches == []

    picker.anyway.setFocus()
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: launches, "the start")
    assert [request.conversation for request in launches] == [IDS[0]]


async def test_a_conversation_with_a_missing_directory_says_so(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    keep(0, area.home / "gone", "Mend the lexer")
    shutil.rmtree(area.home / "gone")
    picker = await opened(harness, area.home)
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: "missing" in picker.state.text(), "the refusal")
    assert picker.state.text() == f"The directory of this conversation is missing: {area.home / 'gone'}."
    assert not picker.anyway.isVisible()

    await harness.press(Qt.Key.Key_Escape)
    assert not picker.is_open
    assert harness.window.sheets.new_chat.is_open
    assert harness.window.sheets.new_chat.conversation.hasFocus()
    assert launches == []


async def test_the_palettes_command_opens_the_list_of_an_agent_that_has_one(
    keep: Keep, harness: WindowHarness, area: Area
) -> None:
    keep(0, area.home / "project", "Mend the lexer")
    window = harness.open_window()
    window.layout_state.last_agent = "shell"
    window.actions_["continue"].trigger()
    sheet = window.sheets.new_chat
    await read(harness, sheet.conversations)
    assert sheet.tiles.current() == "claude"
    assert "Mend the lexer" in texts(sheet.conversations)


async def test_agents_without_lists_have_no_such_button(keep: Keep, harness: WindowHarness, area: Area) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("aider", str(area.home))
    sheet = window.sheets.new_chat
    for agent, has_list in (("aider", False), ("claude", True), ("shell", False), ("endpoint", False)):
        sheet.tiles.choose(agent)
        assert sheet.conversation.isVisible() is has_list, agent


async def test_an_empty_and_a_very_long_list_say_so(keep: Keep, harness: WindowHarness, area: Area) -> None:
    picker = await opened(harness, area.home)
    assert picker.state.text() == "No conversations of Claude Code"
    await harness.press(Qt.Key.Key_Down)
    await harness.press(Qt.Key.Key_Return)
    assert picker.is_open
    await harness.press(Qt.Key.Key_Escape)

    project = area.home / "project"
    keep(0, project, "Mend the lexer")
    [path] = (area.home / ".claude" / "projects").glob("*/*.jsonl")
    for number in range(MAX_ROWS):
        shutil.copy2(path, path.with_name(f"{number:08}-1111-4222-8333-555555555555.jsonl"))
    harness.window.sheets.new_chat.choose_conversation()
    await read(harness, picker)
    assert picker.items.rowCount() == MAX_ROWS + 1
    assert picker.state.text() == "The newest 500 of 501; type to find others"


async def test_in_a_small_window_nothing_is_covered(keep: Keep, harness: WindowHarness, area: Area) -> None:
    for number in range(3):
        keep(number, area.home / "project", "Mend the lexer")
    picker = await opened(harness, area.home / "project")
    harness.window.resize(300, 300)
    picker.refuse("process 7 (claude) on /dev/pts/3 has the conversation open; close it there first", can_force=True)
    harness.settle()
    whole = picker.body.rect()
    for part in (picker.field, picker.list, picker.state, picker.anyway):
        place = part.mapTo(picker.body, part.rect().topLeft())
        assert whole.contains(part.rect().translated(place)), part.accessibleName()
    below = picker.state.mapTo(picker.body, picker.state.rect().topLeft()).y()
    assert picker.list.mapTo(picker.body, picker.list.rect().bottomLeft()).y() < below


async def test_the_list_says_that_there_are_older_conversations_than_those_listed(
    keep: Keep, harness: WindowHarness, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_files, "MAX_LISTED", 1)
    project = area.home / "project"
    keep(0, project, "Mend the lexer")
    keep(1, project, "Write the guide")
    picker = await opened(harness, project)
    assert texts(picker) == ["In ~/project", "Write the guide"]
    assert picker.state.text() == "1 here, 0 in other directories · older ones are not listed"
    QTest.keyClicks(picker.field, "lexer")
    assert picker.state.text() == "No matches · older ones are not listed"


async def continued(harness: WindowHarness, session_id: str) -> ConversationPicker:
    """Open the list from an open chat, by the palette's action."""
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["continue"].trigger()
    await read(harness, window.sheets.conversations)
    return window.sheets.conversations


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str | None]]:
    """The ended chats that are resumed, each with the view that was chosen instead of its own."""
    calls: list[tuple[str, str | None]] = []

    async def resume(session_id: str, **wishes: Any) -> ChatFacts:
        calls.append((session_id, wishes["runtime"]))
        raise LaunchFailed("not today")

    monkeypatch.setattr("session_host.client.chats.resume.resume", resume)
    monkeypatch.setattr("session_host.client.chats.resumability.resumability", lambda _id: Resumability(True))
    return calls


async def test_continue_in_an_ended_chat_offers_its_conversation_first_then_others(
    keep: Keep, harness: WindowHarness, area: Area, launches: list[LaunchRequest], resumed: list[tuple[str, str | None]]
) -> None:
    project = area.home / "project"
    keep(0, project, "Mend the lexer")
    keep(1, project, "Write the guide")
    keep(2, area.home / "other", "Paint it blue")
    chat = await harness.add(
        "lexer",
        agent="claude",
        provider_session_id=IDS[0],
        cwd=str(project),
        topic="Mend the lexer",
        state=State.EXITED,
        ended_at="2026-01-02T04:00:00Z",
    )
    picker = await continued(harness, chat)

    assert texts(picker) == [
        "This chat",
        "Mend the lexer",
        "New chat like this",
        "In ~/project",
        "Write the guide",
        "In other directories",
        "Paint it blue",
    ]
    assert marked(picker) == "Mend the lexer"
    harness.settle()
    for row in (0, picker.items.rowCount() - 1):
        place = picker.list.visualRect(picker.items.index(row, 0))
        assert picker.list.viewport().rect().contains(place), "the list is as high as its rows and headings"
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: resumed, "the resume")
    assert resumed == [(chat, None)]

    harness.window.actions_["continue"].trigger()
    await read(harness, picker)
    QTest.mouseClick(picker.runtime.buttons[1], Qt.MouseButton.LeftButton)
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: len(resumed) == 2, "the resume")
    assert resumed[1] == (chat, "structured"), "in a chat view"

    harness.window.actions_["continue"].trigger()
    await read(harness, picker)
    QTest.keyClicks(picker.field, "guide")
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: launches, "the start")
    [request] = launches
    assert (request.conversation, request.directory, request.name) == (IDS[1], str(project), "project")


async def test_continue_in_a_running_chat_marks_the_newest_other_conversation(
    keep: Keep, harness: WindowHarness, area: Area
) -> None:
    project = area.home / "project"
    keep(0, project, "Mend the lexer")
    keep(1, project, "Write the guide")
    chat = await harness.add("lexer", agent="claude", provider_session_id=IDS[0], cwd=str(project))
    picker = await continued(harness, chat)
    assert texts(picker) == ["This chat", "Mend the lexer", "New chat like this", "In ~/project", "Write the guide"]
    spoken = picker.items.item(1).data(int(Qt.ItemDataRole.AccessibleTextRole))
    assert spoken.startswith("Mend the lexer, Runs in this chat")
    assert marked(picker) == "Write the guide"
    picker.another.click()
    await read(harness, harness.window.sheets.new_chat.conversations)
    assert not picker.is_open


@pytest.mark.parametrize(
    ("agent", "state", "rows"),
    [
        ("command", State.RUNNING, ["New chat like this"]),
        ("command", State.EXITED, ["New chat like this"]),
        ("shell", State.EXITED, ["one", "New chat like this"]),
        ("aider", State.EXITED, ["one", "New chat like this"]),
    ],
)
async def test_continue_offers_what_an_agent_without_a_list_can_do(
    keep: Keep, harness: WindowHarness, resumed: list[tuple[str, str | None]], agent: str, state: State, rows: list[str]
) -> None:
    picker = await continued(harness, await harness.add("one", agent=agent, state=state))
    assert texts(picker) == ["This chat", *rows]
    assert picker.state.text() == ""
    assert marked(picker) == rows[0]


async def test_a_key_copies_the_command_that_resumes_the_marked_conversation(
    keep: Keep, harness: WindowHarness, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("session_host.client.chats.resume.resume_command", lambda session_id: f"resume {session_id}")
    project, other = area.home / "project", area.home / "other"
    keep(2, other, "Paint it blue")
    chat = await harness.add("lexer", agent="claude", provider_session_id=IDS[0], cwd=str(project), argv=["claude"])
    picker, clipboard = await continued(harness, chat), QGuiApplication.clipboard()
    QTest.keyClick(picker.field, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    command = f"cd {other} && claude --resume {IDS[2]}"
    await harness.until(lambda: clipboard.text() == command, "the command")
    assert not picker.is_open

    harness.window.actions_["continue"].trigger()
    await read(harness, picker)
    QTest.keyClicks(picker.field, "lexer")
    picker.copy.click()
    await harness.until(lambda: clipboard.text() == f"resume {chat}", "the other command")
    assert harness.banner == f"Copied. Stop this chat before you run the command: resume {chat}"
