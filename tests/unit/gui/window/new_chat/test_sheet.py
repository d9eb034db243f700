"""The sheet for a new chat: first prompt, arguments by name, worktree, and what it remembers."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from gui.settings.layout import Start, WindowLayout
from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.window.new_chat.agent_tiles import AgentTile
from gui.window.new_chat.directory_browser import DirectoryBrowser
from gui.window.new_chat.request import endpoint_arguments, suggested_name, without_endpoint_arguments
from gui.window.widgets.directory_field import DirectoryField
from gui.wording import common_texts
from session_host.client.chats import directories
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.disks import hanging_disk
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.conftest import Away


@pytest.fixture
def claude(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """An agent that takes a prompt and has arguments by name. Request it before the window is made."""
    programs = area.root / "bin"
    programs.mkdir()
    program = programs / "claude"
    program.write_text("#!/bin/sh\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    directory = area.config / "agents"
    directory.mkdir()
    (directory / "claude.toml").write_text('[presets]\nplan = ["--permission-mode", "plan"]\nloud = ["--verbose"]\n')


async def test_a_directory_is_chosen_by_keyboard_and_escape_returns_to_the_sheet(
    harness: WindowHarness, area: Area
) -> None:
    for name in ("api/src", "docs", ".hidden"):
        (area.home / name).mkdir(parents=True)
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "~")
    sheet = window.sheets.new_chat
    browser = sheet.directory_row.browser
    sheet.directory_row.browse.setFocus()
    QTest.keyClick(sheet.directory_row.browse, Qt.Key.Key_Return)
    assert browser.is_open
    assert {"..", "api", "docs"} <= set(browser.names())
    assert ".hidden" not in browser.names()
    QTest.keyClicks(browser.list, "api")
    QTest.keyClick(browser.list, Qt.Key.Key_Right)
    QTest.keyClick(browser.list, Qt.Key.Key_Left)
    assert browser.list.currentIndex().data() == "api"
    QTest.keyClick(browser.list, Qt.Key.Key_Return)
    assert browser.directory == area.home / "api"
    assert browser.choose.text() == "Choose “api”", "the listed directory, not the marked one"
    QTest.keyClick(browser.list, Qt.Key.Key_Escape)
    assert (browser.is_open, sheet.is_open, sheet.directory.text()) == (False, True, "~")
    assert sheet.directory.hasFocus()

    sheet.directory_row.browser.browse()
    QTest.keyClicks(browser.list, "api")
    QTest.keyClick(browser.list, Qt.Key.Key_Right)
    browser.choose.setFocus()
    QTest.keyClick(browser.choose, Qt.Key.Key_Return)
    assert (browser.is_open, sheet.is_open, sheet.directory.text()) == (False, True, "~/api")


async def test_prompt_presets_arguments_and_environment_reach_the_start(
    claude: None, harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    assert sheet.prompt.isVisible()
    assert not sheet.presets.isVisible()
    QTest.keyClicks(sheet.prompt, "Fix the tests")
    QTest.keyClick(sheet.prompt, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(sheet.prompt, "and say why")
    QTest.mouseClick(sheet.more, Qt.MouseButton.LeftButton)
    harness.settle()
    plan, loud = sheet.presets._buttons.values()
    assert (plan.text(), loud.toolTip()) == ("plan", "--verbose")
    QTest.mouseClick(plan, Qt.MouseButton.LeftButton)
    QTest.keyClicks(sheet.arguments, "--model 'a b'")
    QTest.keyClicks(sheet.environment, "A=1 B='x y'")
    QTest.keyClick(plan, Qt.Key.Key_Return)  # Enter starts the chat also while a preset's button has the keyboard.
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    [request] = launches
    assert request.prompt == "Fix the tests\nand say why"
    assert request.arguments == ["--permission-mode", "plan", "--model", "a b"]
    assert request.overrides == {"A": "1", "B": "x y"}
    assert request.worktree is None

    window.commands.starting.new_chat("claude", "/tmp")
    assert sheet.prompt.toPlainText() == "", "a first prompt is not suggested again"
    assert sheet.environment.text() == "", "it may have held secrets"
    assert sheet.arguments.text() == "--model 'a b'"
    assert sheet.presets.chosen() == ["plan"]
    assert sheet.arguments.isVisible(), "the value in effect is visible"
    restored = WindowLayout.from_dict(window.layout_state.to_dict())
    assert restored.starts["claude"] == Start(arguments=["--model", "a b"], presets=["plan"])


@pytest.fixture
def accounts(area: Area, claude: None) -> None:
    """Two accounts of that agent beside the default one."""
    text = '[accounts.work]\nenv = { CLAUDE_CONFIG_DIR = "~/.claude-work" }\n[accounts.home]\nenv = { A = "/h" }\n'
    (area.config / "agents" / "claude.toml").write_text(text)


async def test_an_account_is_chosen_where_the_agent_has_several(
    accounts: None, harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    assert sheet.account.isVisible()
    default, work, home = sheet.account.findChildren(QPushButton)
    assert (default.text(), default.isChecked(), work.text(), home.text()) == ("Default", True, "work", "home")
    assert (work.toolTip(), work.accessibleDescription()) == ("~/.claude-work", "~/.claude-work")
    QTest.mouseClick(work, Qt.MouseButton.LeftButton)
    sheet.tiles.choose("shell")
    assert not sheet.account.isVisible()
    sheet.tiles.choose("claude")
    assert sheet.account.value() == "work", "the choice is not lost"
    sheet.start.click()
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert [request.account for request in launches] == ["work"]

    window.commands.starting.new_chat("claude", "/tmp")
    assert sheet.account.value() == "work", "the last one is suggested"
    restored = WindowLayout.from_dict(window.layout_state.to_dict())
    assert restored.starts["claude"].account == "work"


async def test_a_remembered_account_that_is_gone_gives_way_to_the_default_one(
    claude: None, harness: WindowHarness
) -> None:
    window = harness.open_window(WindowLayout(starts={"claude": Start(account="gone")}))
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    assert (sheet.account.isVisible(), sheet.account.value()) == (False, "")


async def test_a_chat_like_another_has_its_account(
    accounts: None, harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    chat = await harness.add("one", agent="claude", account="work", cwd="/tmp", env={"CLAUDE_CONFIG_DIR": "/w"})
    window = harness.open_window()
    window.commands.starting.new_like(harness.chat(chat))
    await harness.until(lambda: launches, "the start")
    assert [(each.account, each.overrides) for each in launches] == [("work", {"CLAUDE_CONFIG_DIR": "/w"})]


async def test_each_agent_has_its_own_suggestions(claude: None, harness: WindowHarness) -> None:
    window = harness.open_window(WindowLayout(starts={"claude": Start(arguments=["--x"]), "gone": Start()}))
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    assert sheet.arguments.text() == "--x"
    sheet.arguments.setText("--y")
    sheet.tiles.choose("shell")
    assert (sheet.arguments.text(), sheet.prompt.isVisible()) == ("", False)
    sheet.tiles.choose("claude")
    assert sheet.arguments.text() == "--y", "the typed text is not lost"


async def test_a_worktree_is_offered_in_a_repository(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area
) -> None:
    repository, plain = Checkout.new(area.home / "api").path, area.home / "plain"
    plain.mkdir()
    window = harness.open_window()
    window.commands.starting.new_chat("shell", str(plain))
    sheet = window.sheets.new_chat
    sheet.more.click()
    field = sheet.worktree
    await harness.until(lambda: field.note.text() == "Not a git repository", "git's word")
    assert not field.checkbox.isEnabled()
    sheet.directory.setText(str(repository))
    assert field.checkbox.isEnabled(), "keys that follow at once go to it"
    QTest.keyClick(field.checkbox, Qt.Key.Key_Space)
    branch = "New branch from main, named after the chat"
    await harness.until(lambda: field.branch.placeholderText() == branch, "git's word")
    name = sheet._fields.labels[field]
    assert abs(name.y() + name.contentsRect().center().y() - field.y() - field.checkbox.geometry().center().y()) <= 2
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert launches[0].worktree == "", "a new branch"
    window.commands.starting.new_chat("shell", str(repository))
    assert field.checkbox.isChecked(), "as last time"
    QTest.keyClicks(field.branch, "fix")
    sheet.start.click()
    await harness.until(lambda: len(launches) == 2, "the start")
    assert launches[1].worktree == "fix"


async def test_the_setup_of_a_repositorys_worktrees_is_shown_and_changed(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area
) -> None:
    repository, other = Checkout.new(area.home / "api").path, Checkout.new(area.home / "other").path
    settings = area.config / "chats.toml"
    settings.write_text('scrollback_lines = 60 # mine\n[worktree_setup]\n"~/api" = "npm ci"\n')
    window = harness.open_window()
    window.commands.starting.new_chat("shell", str(repository))
    sheet = window.sheets.new_chat
    sheet.more.click()
    field = sheet.worktree
    assert not field.setup.isVisible()
    field.checkbox.click()
    await harness.until(lambda: field.setup.text() == "npm ci", "the command")
    assert field.setup.isVisible()
    sheet.directory.setText(str(other))
    assert not field.setup.isVisible(), "until the repository is known"
    await harness.until(lambda: field.setup.isVisible() and not field.setup.text(), "that there is no command")
    sheet.directory.setText(str(repository))
    await harness.until(lambda: field.setup.text() == "npm ci", "the command")
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert settings.read_text().endswith('"~/api" = "npm ci"\n'), "it is not changed"

    for command, line in (("uv sync", '"~/api" = "uv sync"\n'), ("", "")):
        window.commands.starting.new_chat("shell", str(repository))
        await harness.until(field.setup.isVisible, "the command")
        field.setup.setText(command)
        count = len(launches)
        sheet.start.click()
        await harness.until(lambda count=count: len(launches) > count, "the start")  # type: ignore[misc]
        assert settings.read_text().partition("\n")[0] == "scrollback_lines = 60 # mine"
        assert settings.read_text().endswith(line)
    assert "npm" not in settings.read_text()
    assert "uv" not in settings.read_text()

    settings.write_text("broken")
    window.commands.starting.new_chat("shell", str(other))
    await harness.until(lambda: field.checkbox.isEnabled() and not field.setup.isVisible(), "no setup to be shown")


async def test_a_setup_command_too_long_for_its_field_is_not_cut_in_the_settings(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area
) -> None:
    repository = Checkout.new(area.home / "api").path
    settings, written = area.config / "chats.toml", f'[worktree_setup]\n"~/api" = "{"x" * 4001}"\n'
    settings.write_text(written)
    window = harness.open_window()
    window.commands.starting.new_chat("shell", str(repository))
    sheet = window.sheets.new_chat
    sheet.more.click()
    sheet.worktree.checkbox.click()
    await harness.until(lambda: "from" in sheet.worktree.branch.placeholderText(), "the repository")
    assert not sheet.worktree.setup.isVisible()
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert settings.read_text() == written


async def test_the_previous_choice_of_a_worktree_does_not_count_outside_a_repository(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area
) -> None:
    window = harness.open_window(WindowLayout(starts={"shell": Start(worktree=True)}))
    window.commands.starting.new_chat("shell", str(area.home))
    field = window.sheets.new_chat.worktree
    await harness.until(lambda: not field.checkbox.isEnabled(), "git's word")
    window.sheets.new_chat.start.click()
    await harness.until(lambda: launches, "the start")
    assert launches[0].worktree is None


async def test_new_chat_suggests_the_default_agent_and_view(
    claude: None, harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    window = harness.open_window(
        WindowLayout(last_agent="shell", starts={"claude": Start(arguments=["--verbose"])}),
        Preferences(WindowFile(new_chat_agent="claude", new_chat_view="chat")),
    )
    window.commands.starting.new_chat()
    sheet = window.sheets.new_chat
    assert (sheet.tiles.current(), sheet.runtime.value()) == ("claude", "structured")
    assert sheet.arguments.text() == "--verbose", "the rest is that of the last start"
    sheet.runtime.set_value("terminal")
    for agent in ("command", "claude"):
        sheet.tiles.choose(agent)
        assert sheet.runtime.value() == "terminal", "the user's choice, and a command has no default view"
    sheet.discard()
    harness.settings.preferences = Preferences(WindowFile(new_chat_agent="aider", new_chat_view="chat"))
    window.commands.starting.new_chat()
    assert sheet.tiles.current() == "shell", "aider is not installed"


async def test_a_chat_like_another_has_its_own_conversation(
    claude: None, harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    session_id = await harness.add(
        "one",
        agent="claude",
        argv=["claude", "--session-id", "x", "--verbose"],
        cwd="/tmp",
        env={"A": "1"},
        arguments=["--resume", "abc", "--verbose"],
    )
    window = harness.open_window()
    harness.show(session_id)
    window.actions_["continue"].trigger()
    picker = window.sheets.conversations
    await harness.until(lambda: "Reading" not in picker.state.text(), "the list")
    QTest.keyClick(picker.field, Qt.Key.Key_Return)
    await harness.until(lambda: launches, "the start")
    [request] = launches
    assert (request.agent.name, request.directory, request.overrides) == ("claude", "/tmp", {"A": "1"})
    assert request.arguments == ["--verbose"]
    assert (request.resume, request.name) == (None, "one-2")


async def test_an_installed_agent_is_prepared_a_while_after_it_is_chosen(harness: WindowHarness, claude: None):
    window = harness.open_window()
    near: list[str] = []
    window.commands.starting.agent_selected.connect(lambda agent: near.append(agent.name))

    async def settled() -> list[str]:
        await harness.until(lambda: not window.commands.starting.agent_timer.isActive(), "the choice to settle")
        return near

    window.commands.starting.new_chat("claude", "/tmp")
    assert await settled() == ["claude"]
    tiles = window.sheets.new_chat.tiles
    tiles.choose("codex")
    assert await settled() == ["claude"], "it is not installed"
    tiles.choose("codex")
    tiles.choose("shell")
    assert await settled() == ["claude", "shell"]
    window.sheets.new_chat.dismiss()
    window.commands.starting.new_chat("claude", "/tmp")
    assert await settled() == ["claude", "shell", "claude"]


async def test_letters_choose_an_agent_and_an_installed_one_comes_first(harness: WindowHarness, claude: None) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "~")
    tiles = window.sheets.new_chat.tiles
    harness.settle()

    def type_(letters: str) -> str:
        tiles._last_typed.invalidate()  # as if the user had paused
        for letter in letters:
            QTest.keyClicks(tiles._tiles[tiles.current()], letter)
        return tiles.current()

    assert type_("sh") == "shell"
    assert type_("co") == "command", "no agent with this title is installed"
    assert type_("cod") == "codex"
    assert type_("cl") == "claude"
    assert type_("c") == "command", "one letter goes to the next one"
    assert (type_("c"), type_("c")) == ("codex", "claude"), "and not to those with another word that begins with it"
    assert type_("cli") == "gemini"
    assert type_("xyz") == "gemini"
    assert window.sheets.new_chat.is_open
    QTest.keyClick(tiles._tiles["gemini"], Qt.Key.Key_Escape)
    assert not window.sheets.new_chat.is_open


async def test_a_problem_is_shown_until_the_next_key_and_no_field_stays_marked(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("command", "/tmp")
    sheet = window.sheets.new_chat
    sheet.start.click()
    assert (sheet.error.text(), sheet.arguments.property("invalid")) == ("Enter a command", True)
    QTest.keyClicks(sheet.arguments, "x")
    assert (sheet.error.isVisible(), sheet.arguments.property("invalid")) == (False, False)
    sheet.directory.setText("/no/such/place")
    sheet.start.click()
    assert (sheet.error.text(), sheet.directory.property("invalid")) == ("/no/such/place does not exist", True)
    assert sheet.create_button.isVisible()
    sheet.tiles.choose("shell")
    assert (sheet.error.isVisible(), sheet.directory.property("invalid")) == (False, False)


async def test_a_chat_like_one_with_a_removed_directory_offers_to_create_it(harness: WindowHarness, area: Area) -> None:
    gone = area.root / "gone"
    session_id = await harness.add("shell", agent="shell", argv=["/bin/sh"], cwd=str(gone), state=State.EXITED)
    window = harness.open_window()
    sheet = window.sheets.new_chat
    window.commands.starting.new_like(harness.chat(session_id))
    await harness.until(sheet.error.isVisible, "the problem")
    assert sheet.error.text() == f"There is no directory {gone}; choose another"
    assert (sheet.directory.property("invalid"), sheet.create_button.isVisible()) == (True, True)


async def test_an_agent_installed_in_another_window_can_be_started(
    harness: WindowHarness, claude: None, area: Area, away: Away
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("codex")
    assert (sheet.missing.isVisible(), sheet.start.isEnabled()) == (True, False)
    await away(lambda: shutil.copy(area.root / "bin/claude", area.root / "bin/codex"))
    await harness.until(sheet.start.isEnabled, "the agent to be found")
    assert (sheet.missing.isVisible(), sheet.tiles.current()) == (False, "codex")


async def test_the_button_beside_the_install_command_says_that_it_has_copied_it(
    harness: WindowHarness, claude: None
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("claude", "/tmp")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("codex")
    copy = sheet.missing.copy
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == sheet.missing.command.text() != ""
    assert (copy.toolTip(), copy.accessibleName()) == ("Copied", "Copied")
    copy.copied_timer.setInterval(0)
    await harness.until(lambda: copy.toolTip() == "Copy", "the moment to be over")


async def test_a_name_that_begins_with_a_dash_is_refused_as_in_commands(
    harness: WindowHarness, launches: list[LaunchRequest]
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    sheet = window.sheets.new_chat
    sheet.name.clear()
    QTest.keyClicks(sheet.name, "--help")
    assert sheet.naming.note.text() == common_texts.NO_DASH_FIRST()
    sheet.start.click()
    assert (launches, sheet.is_open, sheet.error.text()) == ([], True, common_texts.NO_DASH_FIRST())
    QTest.keyClick(sheet.name, Qt.Key.Key_Home)
    for _ in range(2):
        QTest.keyClick(sheet.name, Qt.Key.Key_Delete)
    assert sheet.naming.note.text() == ""
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert launches[0].name == "help"

    names: list[str] = []
    window.sheets.name.ask("api", names.append)
    for text, can in (("-x", False), ("x", True)):
        window.sheets.name.field.setText(text)
        assert window.sheets.name.rename.isEnabled() is can
        assert window.sheets.name.note.isHidden() is can
        window.sheets.name.rename.click()
    assert names == ["x"]


async def test_the_sheet_shows_the_name_that_the_chat_gets(
    harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    for name in ("api", "docs"):
        (area.home / name).mkdir()
    window = harness.open_window()
    await harness.add("api")
    window.commands.starting.new_chat("shell", str(area.home / "docs"))
    sheet = window.sheets.new_chat
    assert sheet.name.text() == "docs"
    sheet.directory.setText("~/api")
    assert sheet.name.text() == "api-2"
    harness.viewers[await harness.add("api-2")].end(exit_code=0)
    await harness.until(lambda: sheet.name.text() == "api-3", "a name that no chat had")
    assert not sheet.naming.note.isVisible()
    sheet.name.setFocus()
    sheet.name.selectAll()
    QTest.keyClicks(sheet.name, "api")
    assert sheet.naming.note.text() == "A running chat is named “api”. This one will be “api-3”."
    sheet.name.selectAll()
    QTest.keyClick(sheet.name, Qt.Key.Key_Backspace)
    assert (sheet.name.text(), sheet.name.placeholderText()) == ("", "api-3")
    QTest.keyClick(sheet.name, Qt.Key.Key_Return)
    await harness.until(lambda: not sheet.is_open, "the sheet to go")
    assert [request.name for request in launches] == ["api-3"]


async def test_a_worktree_or_arguments_that_a_command_suggests_hold_for_one_chat(
    harness: WindowHarness, area: Area, launches: list[LaunchRequest]
) -> None:
    repository = str(Checkout.new(area.home / "api").path)
    window = harness.open_window(WindowLayout(last_directory=repository))
    sheet = window.sheets.new_chat

    async def started() -> LaunchRequest:
        QTest.mouseClick(sheet.start, Qt.MouseButton.LeftButton)
        await harness.until(lambda: not sheet.is_open, "the chat to be started")
        return launches[-1]

    window.actions_["new_chat_in_worktree"].trigger()
    sheet.tiles.choose("shell")
    assert (await started()).worktree == ""
    window.commands.starting.new_chat()
    assert (await started()).worktree is None, "the next chat's is not suggested"
    assert sheet.worktree.isHidden()
    window.commands.starting.new_chat("shell", repository, ["-l"])
    assert (await started()).arguments == ["-l"]
    window.commands.starting.new_chat()
    assert (await started()).arguments == []
    window.actions_["new_chat_in_worktree"].trigger()
    sheet.arguments.setText("--own")
    assert (await started()).worktree == ""
    window.commands.starting.new_chat()
    request = await started()
    assert (request.arguments, request.worktree) == (["--own"], None), "what the user chose is remembered"


async def test_the_chosen_agent_keeps_the_keyboard_while_agents_are_searched_again(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "/tmp")
    await harness.until(lambda: isinstance(window.focusWidget(), AgentTile), "the keyboard in the sheet")
    window.sheets.new_chat.refresh_agents()
    keyboard = window.focusWidget()
    assert isinstance(keyboard, AgentTile)
    assert (keyboard.agent.name, keyboard.isVisible()) == ("shell", True), "no key is lost meanwhile"


async def test_cancel_forgets_the_first_prompt_and_escape_keeps_it(harness: WindowHarness) -> None:
    window = harness.open_window()
    sheet = window.sheets.new_chat
    window.commands.starting.new_chat()
    QTest.keyClicks(sheet.name, "mine")
    QTest.keyClicks(sheet.prompt, "fix the tests")
    QTest.keyClick(sheet.prompt, Qt.Key.Key_Escape)
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert (sheet.name.text()[-4:], sheet.prompt.toPlainText()) == ("mine", "fix the tests")
    QTest.mouseClick(sheet.cancel, Qt.MouseButton.LeftButton)
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert sheet.prompt.toPlainText() == ""


async def test_the_window_answers_while_a_directory_hangs(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directories, "LOOK_TIMEOUT_S", 0.05)
    with hanging_disk(tmp_path / "mount") as disk:
        look_at(harness, disk)


def look_at(harness: WindowHarness, disk: Path) -> None:
    field = DirectoryField()
    field.setText(f"{disk}/")
    assert "does not answer" in field.problem()
    assert (field.is_missing(), field.offers(field.text())) == (False, [])
    window = harness.open_window()
    browser = DirectoryBrowser(harness.theme, window, field)
    browser.browse()
    assert "does not answer" in browser.problem.text()


async def test_an_endpoint_is_asked_for_model_and_server(
    harness: WindowHarness, launches: list[LaunchRequest], area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    window = harness.open_window()
    window.commands.starting.new_chat("endpoint", "/tmp")
    sheet = window.sheets.new_chat
    assert (sheet.model.isVisible(), sheet.url.isVisible()) == (True, True)
    assert (sheet.runtime.isVisible(), sheet.runtime.value()) == (False, "structured"), "it runs in no terminal"
    assert sheet.prompt_row.isVisible()
    sheet.start.click()
    assert sheet.error.text() == "Enter the server’s API address"
    for wrong in ("http://server a/v1", "ftp://127.0.0.1", "http://me:secret@127.0.0.1/v1"):
        sheet.url.setText(wrong)
        sheet.start.click()
        assert sheet.error.text() == (
            "This is not a server’s address. Write it like http://127.0.0.1:8080/v1, without user name and password"
        )
    assert launches == []
    sheet.model.setText("llama")
    sheet.url.setText("http://127.0.0.1:1/v1")
    sheet.start.click()
    await harness.until(lambda: launches, "the start")
    assert (launches[0].arguments, launches[0].runtime) == (
        ["--model=llama", "--url=http://127.0.0.1:1/v1"],
        "structured",
    )
    (area.config / "endpoint.toml").write_text('url = "http://default/v1"\nmodel = "m"\n')
    window.commands.starting.new_chat("endpoint", "/tmp")
    assert (sheet.model.text(), sheet.url.text()) == ("llama", "http://127.0.0.1:1/v1")
    assert (sheet.model.placeholderText(), sheet.url.placeholderText()) == ("m", "http://default/v1")
    sheet.model.clear()
    sheet.url.clear()
    sheet.start.click()
    await harness.until(lambda: len(launches) == 2, "the start")
    assert launches[1].arguments == [], "the defaults count"


async def test_a_click_on_command_lets_the_user_type_the_command_which_names_the_chat(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("shell", "~")
    sheet = window.sheets.new_chat
    assert window.focusWidget() is sheet.tiles.current_tile()
    command = sheet.tiles.findChildren(AgentTile)[-1]
    assert command.agent.name == "command"
    QTest.keyClicks(window.focusWidget(), "comm")
    assert window.focusWidget() is command, "by keyboard, the tiles keep the keyboard"
    QTest.mouseClick(command, Qt.MouseButton.LeftButton)
    QTest.keyClicks(window.focusWidget(), "/usr/bin/htop -d 5")
    assert (sheet.arguments.text(), sheet.name.text()) == ("/usr/bin/htop -d 5", "htop")
    sheet.directory.setText("/usr")
    assert sheet.name.text() == "usr"


async def test_the_sheet_opens_at_the_field_without_which_the_agent_cannot_start(harness: WindowHarness) -> None:
    window = harness.open_window()
    for agent, field in (("command", "arguments"), ("endpoint", "url")):
        window.commands.starting.new_chat(agent, "~")
        sheet = window.sheets.new_chat
        assert window.focusWidget() is getattr(sheet, field)
        sheet.discard()


async def test_a_command_that_cannot_be_started_is_marked_and_the_keyboard_stays(
    harness: WindowHarness,
) -> None:
    window = harness.open_window()
    window.commands.starting.new_chat("command", "~", arguments=["nosuch", "-v"])
    sheet = window.sheets.new_chat
    for message, is_invalid in (("cannot find nosuch on PATH", True), ("there is no room", False)):
        sheet.start.setFocus()
        sheet.set_busy(busy=True)
        sheet.failed(message)
        assert sheet.focusWidget() is sheet.start, "else the next key replaces the directory"
        assert (sheet.error.text(), bool(sheet.arguments.property("invalid"))) == (message, is_invalid)


def test_model_and_server_in_arguments() -> None:
    arguments = endpoint_arguments("-odd", "http://x")
    assert arguments == ["--model=-odd", "--url=http://x"]
    assert without_endpoint_arguments(["--api=chat", *arguments, "--model"]) == (
        ["--api=chat", "--model"],
        "-odd",
        "http://x",
    )


@pytest.mark.parametrize(
    ("directory", "agent", "name"),
    [
        ("/x/api", "claude", "api"),
        ("~", "claude", "claude"),
        ("~", "endpoint", "chat"),
        ("/", "", "chat"),
        ("/x/a\nb", "claude", "a b"),
        ("/x/--help", "claude", "help"),
        ("/x/-", "claude", "claude"),
    ],
)
def test_a_chat_is_named_after_its_directory_or_its_agent(directory: str, agent: str, name: str) -> None:
    assert suggested_name(str(Path(directory).expanduser()), agent) == name
