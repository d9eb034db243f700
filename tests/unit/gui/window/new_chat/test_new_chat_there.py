"""A new chat on another machine, from the sheet: here it is this machine again, whose calls travel as from afar."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest

from gui.bridge.directories import DirectoriesThere
from gui.settings.layout import Start
from gui.window.new_chat.sheet import NewChatSheet
from session_host.client.chats.directories import LOOKED_AT, DirectoryLook, Listing, complete_path, list_directory
from session_host.client.chats.installed_agents import EndpointDefaults, InstalledAgents, harmless
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.errors import Unreachable
from session_host.machines import names, ssh
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from tests.support.area import Area
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WindowHarness, insert_record
from tests.unit.gui.window.machines import chats_on


class Far(Alpha):
    """The other machine.

    Attributes:
        answers: whether it answers now.
        waiting: the functions of the calls that it has not answered.
        lies: answers in place of the true ones, by the functions' names.
    """

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.waiting: list[str] = []
        self.lies: dict[str, object] = {}

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.waiting.append(function.__name__)
        try:
            await self.answers.wait()
        finally:
            self.waiting.remove(function.__name__)
        if function.__name__ in self.lies:
            return self.lies[function.__name__]
        if function.__name__ == "launch" and not self.fails:  # The test's own one.
            return await function(*args, **kwargs)
        return await super().call(function, *args, **kwargs)


class FakeLink:
    """The state of its link."""

    error: Unreachable | None = None

    async def close(self) -> None:
        """It has nothing to close."""


class FakeRemote:
    """What the window knows of the link."""

    unreachable_since = None

    @property
    def is_reachable(self) -> bool:
        return self.link.error is None

    def __init__(self) -> None:
        self.name, self.link = "alpha", FakeLink()


@pytest.fixture
async def far(harness: WindowHarness) -> Far:
    """The machine, which has told its agents."""
    sessions, machine = harness.sessions, Far()
    chats = sessions.machines.by_name["alpha"] = chats_on(sessions, machine)
    sessions.others.machines["alpha"] = cast("RemoteMachine", FakeRemote())
    await chats.find_agents()
    return machine


def opened(harness: WindowHarness) -> NewChatSheet:
    """The sheet, at this machine."""
    harness.open_window().commands.starting.new_chat()
    return harness.window.sheets.new_chat


def choose(sheet: NewChatSheet, key: Qt.Key) -> None:
    """Choose another machine by keyboard."""
    sheet.machines.setFocus()
    QTest.keyClick(sheet.machines, key)


async def test_a_machine_is_added_from_the_sheet_which_goes_on_there_with_its_input(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet, banners = opened(harness), harness.window.banners
    commands, machines = list[tuple[list[str], Callable[[bool], object]]](), harness.window.commands.machines
    monkeypatch.setattr(machines._starting, "run", lambda argv, _title, on_end: commands.append((argv, on_end)))
    monkeypatch.setattr(ssh, "configured_hosts", list)
    assert not sheet.machine_row.isVisible(), "there is no other machine"
    sheet.more.click()
    sheet.name.setText("fix")
    sheet.name.textEdited.emit("fix")
    QTest.keyClick(sheet.machine_row.add, Qt.Key.Key_Return)
    asked = harness.window.sheets.add_machine
    assert (sheet.is_open, asked.is_open) == (False, True)
    asked.destination.setText("me@devbox.example.org")
    QTest.keyClick(asked.destination, Qt.Key.Key_Return)
    [(argv, on_end)] = commands
    assert argv[-4:] == ["machines", "add", "devbox", "me@devbox.example.org"]
    on_end(False)
    assert not harness.banner, "the command says why"
    names.add(MachineEntry("devbox", "me@devbox.example.org"))
    on_end(True)
    assert banners.current is not None
    assert (banners.current.text, banners.current.action) == ("devbox is added.", "New chat there…")
    banners.run_action()
    assert (sheet.is_open, sheet.machine, sheet.machines.currentText()) == (True, "devbox", "devbox")
    assert sheet.name.text() == "fix"


async def test_a_chat_is_started_on_the_machine_that_is_chosen(
    harness: WindowHarness, far: Far, launches: list[LaunchRequest], area: Area
) -> None:
    (area.home / "src/api").mkdir(parents=True)
    insert_record("api", cwd=str(area.home / "src/api"))
    sheet = opened(harness)
    sheet.tiles.choose("shell")
    assert sheet.machine_row.isVisible()
    choose(sheet, Qt.Key.Key_Down)
    await harness.until(lambda: sheet.directory.text() == "~/src/api", "its recent directory")
    assert (sheet.machine, sheet.tiles.current(), sheet.naming.name) == ("alpha", "shell", "api")
    QTest.keyClick(sheet.directory, Qt.Key.Key_Return)
    await harness.until(lambda: not sheet.is_open, "the start")
    assert launches[0].directory == str(area.home / "src/api")
    assert launches[0].environment is None, "its own environment"
    assert list(harness.window.commands.context.layout.starts) == ["alpha/shell"]
    assert harness.window.tabs.active_id.startswith("alpha/")
    harness.window.commands.starting.new_chat()
    assert sheet.machine == "alpha", "the machine of the chat in view"


@pytest.mark.usefixtures("far")
async def test_a_chat_in_the_home_there_is_not_named_after_it(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Far, "home", "/srv/kim")
    sheet = opened(harness)
    sheet.tiles.choose("shell")
    choose(sheet, Qt.Key.Key_Down)
    sheet.directory.setText("~")
    assert (sheet.directory.directory(), sheet.naming.name) == ("/srv/kim", "shell")


@pytest.mark.usefixtures("far")
async def test_a_file_of_this_machine_is_not_named_in_the_first_prompt_of_a_chat_on_another(
    harness: WindowHarness,
) -> None:
    sheet, files = opened(harness), QMimeData()
    files.setUrls([QUrl.fromLocalFile("/tmp/a b.txt")])
    sheet.prompt.insertFromMimeData(files)
    assert sheet.prompt.toPlainText() == "'/tmp/a b.txt' "
    choose(sheet, Qt.Key.Key_Down)
    sheet.prompt.insertFromMimeData(files)
    assert sheet.prompt.toPlainText() == "'/tmp/a b.txt' "
    assert sheet.error.text().endswith("Drop it on the chat when it runs: then it is copied to alpha.")


async def test_the_options_of_another_machines_last_start_are_suggested_there_alone(
    harness: WindowHarness, far: Far
) -> None:
    defaults = list(harness.catalog["shell"].default_arguments)
    start, commands = Start(defaults=defaults), harness.open_window().commands
    for machine in ("", "alpha"):
        starts = commands.context.layout.starts
        starts[f"{machine}/shell".removeprefix("/")] = replace(start, arguments=[machine or "here"])
    commands.starting.new_chat()
    sheet = harness.window.sheets.new_chat
    sheet.tiles.choose("shell")
    assert sheet.arguments.text() == "here"
    choose(sheet, Qt.Key.Key_Down)
    assert sheet.arguments.text() == "alpha"
    sheet.arguments.setText("typed")
    choose(sheet, Qt.Key.Key_Up)
    assert sheet.arguments.text() == "typed"


async def test_what_the_machine_before_answers_late_is_not_shown(harness: WindowHarness, far: Far) -> None:
    sheet = opened(harness)
    far.lies["installed_agents"] = InstalledAgents([], [], EndpointDefaults("", ""))
    far.answers.clear()
    choose(sheet, Qt.Key.Key_Down)
    choose(sheet, Qt.Key.Key_Up)
    far.answers.set()
    await harness.until(lambda: not harness.sessions.machines.by_name["alpha"].agents, "its late answer")
    assert (sheet.machine, len(sheet.tiles._tiles)) == ("", len(harness.catalog))


async def test_the_chosen_agent_stays_while_the_agents_there_are_not_known(harness: WindowHarness, far: Far) -> None:
    chats = harness.sessions.machines.by_name["alpha"]
    chats.agents = {}
    sheet = opened(harness)
    sheet.tiles.choose("command")
    far.answers.clear()
    choose(sheet, Qt.Key.Key_Down)
    assert (sheet.tiles.current(), sheet.start.isEnabled()) == ("", False)
    far.answers.set()
    await harness.until(sheet.start.isEnabled, "the agents there")
    assert sheet.tiles.current() == "command"


async def test_conversations_are_not_waited_for_after_their_list_was_closed(harness: WindowHarness, far: Far) -> None:
    harness.sessions.machines.by_name["alpha"]._installed = frozenset({"claude"})
    sheet = opened(harness)
    choose(sheet, Qt.Key.Key_Down)
    far.answers.clear()
    sheet.tiles.choose("claude")
    sheet.choose_conversation()
    await harness.until(lambda: "list_conversations" in far.waiting, "the call")
    sheet.conversations.dismiss()
    await harness.until(lambda: "list_conversations" not in far.waiting, "the end of the call")


async def test_an_unreachable_machine_is_named_and_what_was_typed_stays(harness: WindowHarness, far: Far) -> None:
    sheet, others = opened(harness), harness.sessions.others
    QTest.keyClicks(sheet.prompt, "fix the tests")
    choose(sheet, Qt.Key.Key_Down)
    far.fails = 100
    link = cast("FakeLink", others.machines["alpha"].link)
    link.error = Unreachable("alpha: connection refused")
    others.state_changed.emit("alpha")
    assert sheet.machine_row.note.text() == "Can’t be reached now: alpha: connection refused"
    QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
    await harness.until(lambda: bool(sheet.error.text()), "the refusal")
    assert sheet.error.text().startswith("alpha: "), "the name as the user wrote it"
    assert (sheet.is_open, sheet.prompt.toPlainText()) == (True, "fix the tests")
    await harness.until(lambda: not sheet.directory_row._debounce.isActive(), "the look at the directory, which fails")
    browser = sheet.directory_row.browser
    sheet.directory_row.browse.click()
    await harness.until(browser.problem.isVisible, "the reason why nothing is listed")
    assert (browser.problem.text()[:7], browser.names(), browser.choose.isEnabled()) == ("alpha: ", [], False)
    browser.dismiss()
    assert not sheet.worktree.note.text()
    far.fails, link.error = 0, None
    others.state_changed.emit("alpha")
    assert not sheet.machine_row.note.isVisible()
    await harness.until(lambda: bool(sheet.worktree.note.text()), "what is known of its directory")


async def test_a_lying_machine_shows_no_control_characters_and_no_endless_list(
    harness: WindowHarness, far: Far
) -> None:
    names = ["good", "\x1b[2Jbad", "\u202ebad", "x" * 300, *(f"d{each}" for each in range(100_000))]
    far.lies |= {"complete_path": names, "list_directory": Listing("/a\x1bb", names, DirectoryLook("directory"))}
    there = DirectoriesThere(harness.sessions.machines.by_name["alpha"], harness.sessions.tasks)
    found: list[Any] = []
    there.look(found.append, complete_path, "~/")
    there.look(found.append, list_directory, "/")
    await harness.until(lambda: len(found) == 2, "the answers")
    for each in (found[0], found[1].names):
        assert (each[0], "d0" in each, len(each) <= LOOKED_AT) == ("good", True, True)
        assert all(name.isprintable() for name in each)
    assert found[1].path == "/a b"


def test_a_lying_machines_agents_are_harmless(harness: WindowHarness) -> None:
    agent = next(iter(harness.catalog.values()))
    lies = [
        replace(agent, title="a\x1b[2J" + "b" * 1000, monogram="\x07XYZ"),
        replace(agent, name="../x"),
        replace(agent, default_arguments=("x" * 100_000,)),
        replace(agent, title="\udcff"),
    ]
    found = harmless(InstalledAgents(lies * 200, [], EndpointDefaults("\x1bx", "")))
    assert len(found.agents) <= 100
    assert {len(each.title) <= 40 and each.title.isprintable() for each in found.agents} == {True}
    assert found.endpoint.url == "x"
    assert Path(found.agents[0].name).name == found.agents[0].name
