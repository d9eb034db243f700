"""The status line shows the directory that a shell reports, and the branch there; tooltips show the directory."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextDocumentFragment

from gui.window.sidebar.model import Heading
from session_host.protocol.messages import ForegroundEvent, OutputEvent
from session_host.protocol.values import GridSize, State
from session_host.terminal import create
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import Played


def report(played: Played, session_id: str, address: str) -> None:
    """Let the shell report a directory, and then its host the end of the command, as at the next prompt."""
    assert played.page.view.emulator is not None
    played.page.view.emulator.feed(f"\x1b]7;{address}\x1b\\".encode())
    ended = f"2026-01-02T03:05:{len(address) % 60:02}Z"
    played.viewers[session_id].tell(ForegroundEvent("", "2026-01-02T03:04:05Z", 0, ended))
    played.settle()


def shown(played: Played) -> list[str]:
    return played.window.status_line.left.accessibleName().split(" · ")


def tips(played: Played, session_id: str) -> tuple[list[str], list[str]]:
    """The lines of the tooltips of a chat's row in the sidebar and of its tab, below their first lines."""
    model, bar = played.window.sidebar.model, played.window.tabs.active.bar
    row = QTextDocumentFragment.fromHtml(model.data(model.index_of(session_id), Qt.ItemDataRole.ToolTipRole))
    tab = bar.tabToolTip(bar.index_of(session_id))
    return row.toPlainText().split("\n")[1:], tab.split("\n")[1:]


async def test_the_status_line_follows_a_shell_and_shows_the_branch_there(played: Played, area: Area) -> None:
    repository = Checkout.new(area.home / "api")
    session_id = await played.add("one", agent="shell", cwd=str(area.home))
    played.open_window()
    played.show(session_id)
    assert shown(played) == ["Shell", "~"]
    report(played, session_id, f"file://{repository.path}")
    assert shown(played)[:2] == ["Shell", "~/api"]
    await played.until(lambda: shown(played) == ["Shell", "~/api", "main"], "the branch")
    repository.git("switch", "--quiet", "--create", "fix")
    await played.until(lambda: shown(played) == ["Shell", "~/api", "fix"], "the other branch")
    report(played, session_id, f"file://{repository.path}/src")
    await played.until(lambda: shown(played) == ["Shell", "~/api/src", "api", "fix"], "the branch below")
    report(played, session_id, f"file://{area.home}")
    assert shown(played) == ["Shell", "~"]
    assert played.chat(session_id).record.cwd == str(area.home), "a resume starts where the chat was started"


async def test_a_worktree_of_outlive_is_named_by_its_repository_and_branch_also_after_the_end(
    played: Played, area: Area
) -> None:
    repository, tree = Checkout.new(area.home / "api"), area.home / "state" / "api-4210b417" / "outlive-fix"
    repository.git("worktree", "add", "--quiet", "-b", "outlive/fix", str(tree))
    facts = {"cwd": str(tree), "worktree": str(tree), "repository": f"{repository.path}/.git", "branch": "outlive/fix"}
    running = await played.add("one", agent="shell", **facts)
    ended = await played.add("two", agent="shell", state=State.EXITED, exit_code=0, **facts)
    window = played.open_window()
    played.show(running)
    assert shown(played) == ["Shell", "api", "outlive/fix"]
    (tree / "new").touch()
    await played.until(lambda: shown(played) == ["Shell", "api", "outlive/fix", "1 changed"], "git's word")
    window.open_chat(played.chat(ended))
    played.settle()
    assert shown(played) == ["Shell", "api", "outlive/fix"]
    assert played.chat(ended).location == "api · outlive/fix"


async def test_the_tooltips_follow_a_shell_and_its_project_stays(played: Played, area: Area) -> None:
    played.sessions.agents = {}  # An agent without a title is shown by its name.
    api, docs = (Checkout.new(area.home / name) for name in ("api", "docs"))
    session_id = await played.add("one", agent="shell", cwd=str(api.path))
    other = await played.add("two", agent="shell", cwd=str(docs.path))
    window = played.open_window()
    window.sidebar.model.set_grouping("project")
    played.show(session_id)
    report(played, session_id, f"file://{docs.path}")
    row, tab = tips(played, session_id)
    assert row[:2] == ["shell · ~/docs", "Started in ~/api"]
    assert tab[0] == "~/docs"
    entries = [window.sidebar.model.entry(window.sidebar.model.index(at)) for at in range(4)]
    projects = [entry.title for entry in entries if isinstance(entry, Heading)]
    assert sorted(projects) == ["api", "docs"]

    played.show(other)
    assert tips(played, session_id)[0][:2] == ["shell · ~/docs", "Started in ~/api"], "it wrote nothing since"
    played.viewers[session_id].tell(OutputEvent(9))
    played.settle()
    row, tab = tips(played, session_id)
    assert (row[0], tab[0]) == ("shell · ~/api", "~/api"), "it may be anywhere by now"


async def test_the_actions_on_the_directory_follow_a_shell(played: Played, area: Area) -> None:
    session_id = await played.add("one", agent="shell", cwd=str(area.home))
    window = played.open_window()
    viewer = played.show(session_id)

    def copied() -> str:
        window.actions_["copy_path"].trigger()
        return QGuiApplication.clipboard().text()

    assert copied() == str(area.home)
    report(played, session_id, "file:///usr")
    assert copied() == "/usr"
    report(played, session_id, "file://far.example.org/srv")
    assert copied() == str(area.home), "a directory of another computer cannot be opened"
    report(played, session_id, "file:///usr")
    viewer.end(exit_code=0)
    assert copied() == str(area.home), "a resume starts there"


async def test_the_directory_of_a_snapshot_is_shown(played: Played, area: Area) -> None:
    session_id = await played.add("one", agent="shell", cwd=str(area.home))
    played.open_window()
    viewer = played.show(session_id)
    previous, viewer.emulator = viewer.emulator, create(None, GridSize(80, 24))
    viewer.emulator.feed(b"\x1b]7;file:///usr\x1b\\")
    viewer.delegate.viewer_replaced()
    assert previous is not None
    previous.close()
    played.settle()
    assert shown(played) == ["Shell", "/usr"]


async def test_a_directory_of_another_computer_is_not_shown(played: Played, tmp_path: Path) -> None:
    session_id = await played.add("one", agent="shell", cwd=str(tmp_path))
    played.open_window()
    played.show(session_id)
    report(played, session_id, "file://far.example.org/srv")
    assert shown(played) == ["Shell", str(tmp_path)]


async def test_an_ended_shell_shows_the_directory_of_a_resume(played: Played, tmp_path: Path) -> None:
    session_id = await played.add("one", agent="shell", cwd=str(tmp_path))
    played.open_window()
    played.show(session_id)
    report(played, session_id, "file:///usr")
    assert shown(played) == ["Shell", "/usr"]
    played.viewers[session_id].end(exit_code=0)
    played.settle()
    assert shown(played) == ["Shell", str(tmp_path)]


async def test_the_branch_of_a_directory_is_dropped_once_no_status_line_shows_it(played: Played, area: Area) -> None:
    repository = Checkout.new(area.home / "api")
    session_id = await played.add("one", agent="shell", cwd=str(area.home))
    other = await played.add("two", agent="shell", cwd=str(area.home))
    played.open_window()
    played.show(session_id)
    report(played, session_id, f"file://{repository.path}")
    await played.until(lambda: shown(played)[2:] == ["main"], "the branch")
    watched = played.sessions.checkouts._watcher.directories
    assert watched() == [str(repository.path / ".git")]
    played.show(other)
    assert shown(played) == ["Shell", "~"]
    await played.until(lambda: not watched(), "git's directory to be watched no more")
