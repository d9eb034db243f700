"""The status line shows the directory that a shell reports, and the branch there; tooltips show the directory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextDocumentFragment

from gui.bridge.new_chat import NewChatRequest
from gui.window.sidebar.entries import Heading
from session_host.protocol.facts import Foreground
from session_host.protocol.messages import ForegroundEvent, OutputEvent
from session_host.protocol.values import GridSize, State
from session_host.terminal import create
from tests.support.area import Area
from tests.support.other_machine import Alpha
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness, insert_record
from tests.unit.gui.window.machines import chats_on


class Program:
    """A process that goes to the directories that it reports."""

    def __init__(self) -> None:
        script = 'while read -r directory; do cd -L -- "$directory"; echo; done'
        self._process = subprocess.Popen(
            ["bash", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/"
        )
        self.pid = self._process.pid

    def go_to(self, directory: Path | str) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{directory}\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def end(self) -> None:
        self._process.communicate()


@pytest.fixture
def program() -> Iterator[Program]:
    process = Program()
    yield process
    process.end()


def report(harness: WindowHarness, session_id: str, address: str, program: Program | None = None) -> None:
    """Let the shell report a directory, and then its host the end of the command, as at the next prompt.

    Args:
        harness: the window.
        session_id: the shell's chat.
        address: the directory's URL.
        program: the shell, which goes there first.
    """
    if program is not None:
        program.go_to(address.removeprefix("file://"))
    assert harness.view.display.emulator is not None
    harness.view.display.emulator.feed(f"\x1b]7;{address}\x1b\\".encode())
    ended = f"2026-01-02T03:05:{len(address) % 60:02}Z"
    harness.viewers[session_id].tell(ForegroundEvent(Foreground("", "2026-01-02T03:04:05Z", 0, ended)))
    harness.settle()


def shown(harness: WindowHarness) -> list[str]:
    return harness.window.status_line.left.accessibleName().split(" · ")


def tips(harness: WindowHarness, session_id: str) -> tuple[list[str], list[str]]:
    """The lines of the tooltips of a chat's row in the sidebar and of its tab, below their first lines."""
    model, bar = harness.window.sidebar.model, harness.window.tabs.panes.active.bar
    row = QTextDocumentFragment.fromHtml(model.data(model.index_of(session_id), Qt.ItemDataRole.ToolTipRole))
    tab = bar.tabToolTip(bar.index_of(session_id))
    return row.toPlainText().split("\n")[1:], tab.split("\n")[1:]


async def test_the_status_line_follows_a_shell_and_shows_the_branch_there(
    harness: WindowHarness, program: Program, area: Area
) -> None:
    repository = Checkout.new(area.home / "api")
    session_id = (await harness.open("one", agent="shell", child_pid=program.pid, cwd=str(area.home))).session_id
    assert shown(harness) == ["Shell", "~"]
    report(harness, session_id, f"file://{repository.path}", program)
    assert shown(harness)[:2] == ["Shell", "~/api"]
    await harness.until(lambda: shown(harness) == ["Shell", "~/api", "main"], "the branch")
    repository.git("switch", "--quiet", "--create", "fix")
    await harness.until(lambda: shown(harness) == ["Shell", "~/api", "fix"], "the other branch")
    report(harness, session_id, f"file://{repository.path}/src", program)
    await harness.until(lambda: shown(harness) == ["Shell", "~/api/src", "api", "fix"], "the branch below")
    report(harness, session_id, f"file://{area.home}", program)
    assert shown(harness) == ["Shell", "~"]
    assert harness.chat(session_id).record.origin.cwd == str(area.home), "a resume starts where the chat was started"


async def test_a_worktree_of_outlive_is_named_by_its_repository_and_branch_also_after_the_end(
    harness: WindowHarness, area: Area
) -> None:
    repository, tree = Checkout.new(area.home / "api"), area.home / "state" / "api-4210b417" / "outlive-fix"
    repository.git("worktree", "add", "--quiet", "-b", "outlive/fix", str(tree))
    facts = {"cwd": str(tree), "worktree": str(tree), "repository": f"{repository.path}/.git", "branch": "outlive/fix"}
    running = await harness.add("one", agent="shell", **facts)
    ended = await harness.add("two", agent="shell", state=State.EXITED, exit_code=0, **facts)
    window = harness.open_window()
    harness.show(running)
    assert shown(harness) == ["Shell", "api", "outlive/fix"]
    (tree / "new").touch()
    await harness.until(lambda: shown(harness) == ["Shell", "api", "outlive/fix", "1 changed"], "git's word")
    window.open_chat(harness.chat(ended))
    harness.settle()
    assert shown(harness) == ["Shell", "api", "outlive/fix"]
    assert harness.chat(ended).workplace.location == "api · outlive/fix"


async def test_the_tooltips_follow_a_shell_and_its_project_stays(
    harness: WindowHarness, program: Program, area: Area
) -> None:
    harness.sessions.machines.here.agents = {}  # An agent without a title is shown by its name.
    api, docs = (Checkout.new(area.home / name) for name in ("api", "docs"))
    session_id = await harness.add("one", agent="shell", child_pid=program.pid, cwd=str(api.path))
    other = await harness.add("two", agent="shell", cwd=str(docs.path))
    window = harness.open_window()
    window.sidebar.model.set_grouping("project")
    harness.show(session_id)
    report(harness, session_id, f"file://{docs.path}", program)
    row, tab = tips(harness, session_id)
    assert row[:2] == ["shell · ~/docs", "Started in ~/api"]
    assert tab[0] == "~/docs"
    entries = [window.sidebar.model.entry(window.sidebar.model.index(at)) for at in range(4)]
    projects = [entry.title for entry in entries if isinstance(entry, Heading)]
    assert sorted(projects) == ["api", "docs"]

    harness.show(other)
    assert tips(harness, session_id)[0][:2] == ["shell · ~/docs", "Started in ~/api"], "it wrote nothing since"
    harness.viewers[session_id].tell(OutputEvent(9))
    harness.settle()
    row, tab = tips(harness, session_id)
    assert (row[0], tab[0]) == ("shell · ~/api", "~/api"), "its directory may have changed by now"


async def test_the_actions_on_the_directory_follow_a_shell(
    harness: WindowHarness, program: Program, area: Area
) -> None:
    session_id = await harness.add("one", agent="shell", child_pid=program.pid, cwd=str(area.home))
    window = harness.open_window()
    viewer = harness.show(session_id)

    def copied() -> str:
        window.actions_["copy_path"].trigger()
        return QGuiApplication.clipboard().text()

    assert copied() == str(area.home)
    report(harness, session_id, "file:///usr", program)
    assert copied() == "/usr"
    report(harness, session_id, "file://far.example.org/srv")
    assert copied() == str(area.home), "a directory of another computer cannot be opened"
    report(harness, session_id, "file:///usr", program)
    viewer.end(exit_code=0)
    assert copied() == str(area.home), "a resume starts there"


async def test_a_new_chat_is_offered_in_the_directory_of_the_shell(
    harness: WindowHarness, program: Program, area: Area
) -> None:
    session_id = (await harness.open("one", agent="shell", child_pid=program.pid, cwd=str(area.home))).session_id
    window = harness.window
    report(harness, session_id, "file:///usr", program)
    window.commands.starting.new_chat()
    assert window.sheets.new_chat.directory.directory() == "/usr"


async def test_the_directory_of_a_shell_on_another_machine_is_followed_there(
    harness: WindowHarness, program: Program, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[NewChatRequest] = []

    async def note(request: NewChatRequest, *_: object) -> None:
        started.append(request)

    alpha = chats_on(harness.sessions, Alpha())
    harness.sessions.machines.by_name["alpha"] = alpha
    record = insert_record("far", agent="shell", child_pid=program.pid, cwd=str(area.home), argv=["x"])
    await alpha.refresh_now()
    chat = harness.chat(f"alpha/{record.id}")
    window = harness.open_window()
    window.open_chat(chat)
    harness.viewers[record.id].go_live()
    await harness.until(lambda: chat.workplace.reported_directory == str(area.home), "its first directory")
    report(harness, record.id, "file:///usr", program)
    await harness.until(lambda: shown(harness) == ["alpha", "Shell", "/usr"], "the reported directory")
    window.commands.starting.new_chat()
    assert (window.sheets.new_chat.machine, window.sheets.new_chat.directory.directory()) == ("alpha", "/usr")
    window.sheets.new_chat.dismiss()
    program.go_to("/etc")  # and reports nothing
    monkeypatch.setattr(window.commands.starting, "_start_without_sheet", note)
    window.actions_["new_shell"].trigger()
    await harness.until(lambda: started, "the shell")
    assert (started[0].machine, started[0].directory) == ("alpha", "/etc")


async def test_the_directory_of_a_snapshot_is_shown(harness: WindowHarness, program: Program, area: Area) -> None:
    session_id = await harness.add("one", agent="shell", child_pid=program.pid, cwd=str(area.home))
    program.go_to("/usr")
    harness.open_window()
    viewer = harness.show(session_id)
    previous, viewer.replica.emulator = viewer.replica.emulator, create(None, GridSize(80, 24))
    viewer.replica.emulator.feed(b"\x1b]7;file:///usr\x1b\\")
    viewer.delegate.viewer_replaced()
    assert previous is not None
    previous.close()
    harness.settle()
    assert shown(harness) == ["Shell", "/usr"]


async def test_a_printed_directory_is_not_believed_and_no_git_runs_there(
    harness: WindowHarness, program: Program, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr("gui.bridge.git_status.status_of", lambda directory, *_: asked.append(directory))
    clone, buried = Checkout.new(area.home / "clone"), Checkout.new(area.home / "clone" / "docs" / "buried")
    session_id = (await harness.open("one", agent="shell", child_pid=program.pid, cwd=str(area.home))).session_id
    window = harness.window
    program.go_to(clone.path)
    report(harness, session_id, f"file://{buried.path}")
    assert shown(harness)[:2] == ["Shell", "~/clone"]
    assert window.tabs.directory() == str(clone.path)
    await harness.until(lambda: str(clone.path) in asked, "git in the shell's directory")
    assert str(buried.path) not in asked


async def test_a_directory_is_shown_as_the_shell_spells_it(
    harness: WindowHarness, program: Program, area: Area
) -> None:
    (area.home / "disk" / "api" / "src").mkdir(parents=True)
    (area.home / "link").symlink_to(area.home / "disk")
    cwd, real = area.home / "link" / "api", os.path.realpath(area.home / "disk" / "api")
    session_id = (
        await harness.open("one", agent="shell", child_pid=program.pid, cwd=str(cwd), real_cwd=real)
    ).session_id
    report(harness, session_id, f"file://{cwd}/src", program)
    assert shown(harness) == ["Shell", "~/link/api/src"]
    report(harness, session_id, f"file://{area.home}/link", program)
    assert shown(harness) == ["Shell", "~/disk"], "it is not known without a look at the disk where the link leads"


async def test_a_known_directory_is_shown_before_the_terminal_is(harness: WindowHarness, area: Area) -> None:
    session_id = await harness.add("one", agent="shell", cwd=str(area.home))
    window = harness.open_window()
    harness.chat(session_id).workplace.note_directory("/usr")
    window.open_chat(harness.chat(session_id))
    harness.settle()
    assert harness.view.display.emulator is None
    assert shown(harness) == ["Shell", "/usr"]
    harness.chat(session_id).changed.emit()
    assert harness.chat(session_id).workplace.current_directory == "/usr"


async def test_a_directory_with_a_line_feed_in_its_name_is_shown_in_one_line(
    harness: WindowHarness, area: Area
) -> None:
    directory = area.home / "a\nb"
    directory.mkdir()
    session_id = (await harness.open("one", agent="shell", cwd=str(directory))).session_id
    assert shown(harness) == ["Shell", "~/a b"]
    assert harness.chat(session_id).workplace.location == "a b"
