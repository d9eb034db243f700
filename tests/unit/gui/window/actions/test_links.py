"""The targets of links in a terminal are opened as text in an editor, and never run."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QProcess, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QApplication

from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.terminal.links.links import has_no_scheme
from gui.window.actions import links
from gui.window.actions.links import Editors, LinkOpener, NotOpened, command_for, installed
from gui.window.actions.tab_pages import ChangesOpener
from session_host.client.chats.launch_spec import LaunchRequest
from session_host.client.chats.named_files import linked_file, named_file
from session_host.client.editors import EditorCommand
from session_host.client.machine import THIS_MACHINE, Machine
from session_host.errors import OutliveError
from session_host.protocol.values import FileLocation
from tests.support.area import Area
from tests.support.repositories import Checkout
from tests.support.widgets import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness


def runnable(path: Path, text: str = "#!/bin/sh\ntouch /tmp/ran\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def no_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Set PATH to an empty directory, which a test fills."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    return programs


def test_a_file_link_opens_only_files_of_the_chat(tmp_path: Path) -> None:
    chat = tmp_path / "project" / "deep"
    chat.mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    (chat / "a b.txt").write_text("x")
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    (chat / "innocent.txt").symlink_to(secret)
    assert linked_file(f"file://{chat}/a%20b.txt", str(chat)) == FileLocation(str(chat / "a b.txt"))
    (chat.parent / "other.txt").write_text("x")
    assert linked_file(f"file://localhost{chat.parent}/other.txt", str(chat)).path == str(chat.parent / "other.txt")
    (chat / "b.txt").write_text("x")
    assert linked_file(f"file://{chat}/b.txt#L7", str(chat)) == FileLocation(str(chat / "b.txt"), 7)
    assert linked_file(f"file://{chat}/b.txt:7:3", str(chat)) == FileLocation(str(chat / "b.txt"), 7, 3)
    for uri in (
        f"file://{secret}:3",
        f"file://{secret}#3",
        f"file://{secret}",
        f"file://{chat}/../../secret.txt",
        f"file://{chat}/innocent.txt",
        f"file://elsewhere.example{chat}/a%20b.txt",
        f"file://{chat.parent}x/a",
        "file:///etc/passwd",
    ):
        with pytest.raises(OutliveError):
            linked_file(uri, str(chat))


def test_a_link_without_a_scheme_is_a_file_of_the_chat(tmp_path: Path) -> None:
    chat = tmp_path / "project" / "deep"
    (chat / "docs").mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "project" / "top.py").write_text("x")
    for name in ("app.py", "docs/y 1.md", "docs/odd:7"):
        (chat / name).write_text("x")
    for link, name, line, column in (
        ("app.py", "app.py", 0, 0),
        ("app.py#L12", "app.py", 12, 0),
        ("app.py#L12-L20", "app.py", 12, 0),
        ("app.py:12", "app.py", 12, 0),
        ("app.py:12:3", "app.py", 12, 3),
        ("app.py:12-20", "app.py", 12, 0),
        ("./docs/y%201.md", "docs/y 1.md", 0, 0),
        (f"{chat}/app.py:12", "app.py", 12, 0),
        ("docs/odd:7", "docs/odd:7", 0, 0),
        ("top.py", "../top.py", 0, 0),
    ):
        assert has_no_scheme(link)
        assert linked_file(f"file:{link}", str(chat)) == FileLocation(os.path.normpath(chat / name), line, column)
    for link in ("../../secret.txt", "/etc/passwd", f"{tmp_path}/secret.txt#L1", "//elsewhere.example/app.py"):
        assert has_no_scheme(link)
        with pytest.raises(OutliveError):
            linked_file(f"file:{link}", str(chat))
    for link in ("https://a.example/", "mailto:a@b.example", "javascript:alert(1)", "#usage", "?a", "", "a\x1b.py"):
        assert not has_no_scheme(link)


class Started:
    """Runs a link opener's tasks when a test asks for it."""

    def __init__(self) -> None:
        self.waiting: list[Coroutine[object, object, None]] = []

    def start(self, task: Coroutine[object, object, None], _name: str) -> None:
        self.waiting.append(task)

    def run(self) -> None:
        while self.waiting:
            asyncio.run(self.waiting.pop())


def test_a_link_to_a_file_opens_in_the_editor_or_says_that_it_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = list[list[str]]()

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        commands.append([program, *arguments])
        return True, 1

    monkeypatch.setattr(QProcess, "startDetached", start)
    (tmp_path / "app.py").write_text("x")
    tasks, messages = Started(), list[str]()
    in_tab: list[tuple[list[str], FileLocation, str, Machine]] = []
    chosen = ["code"]
    opener = LinkOpener(
        tasks,  # type: ignore[arg-type] # runs them when it is asked to
        lambda: Editors(chosen[0], ""),
        lambda *what: in_tab.append(what),
        messages.append,
    )
    opener.open_address("app.py:12:3", str(tmp_path))
    opener.open_file(FileLocation("app.py", 12, 3), str(tmp_path))
    tasks.run()
    assert commands == [["code", "-g", f"{tmp_path}/app.py:12:3"]] * 2
    opener.open_address("missing.py#L3", str(tmp_path))
    tasks.run()
    assert messages == [f"Can’t open {tmp_path}/missing.py: No such file or directory"]
    chosen[0] = "vim"
    opener.open_file(FileLocation("app.py", 12), str(tmp_path))
    opener.open_file(FileLocation(f"{tmp_path}/app.py"))
    tasks.run()
    app = f"{tmp_path}/app.py"
    assert in_tab == [
        (["vim", app], FileLocation(app), str(tmp_path), THIS_MACHINE),
        (["vim", "+call cursor(12,1)", app], FileLocation(app, 12), str(tmp_path), THIS_MACHINE),
    ]
    assert len(commands) == 2


async def test_a_link_that_no_browser_opens_is_reported_and_can_be_copied(
    harness: WindowHarness, no_desktop: Path
) -> None:
    address = "https://example.com/?a=1&b=%20c"
    window = harness.open_window()
    runnable(no_desktop / "xdg-open", "#!/bin/sh\nexit 3\n")
    window.commands.opener.open_address(address, "/")
    await harness.until(lambda: window.banners.current is not None, "the line about the link")
    banner = window.banners.current
    assert banner is not None
    assert (banner.text, banner.action) == ("The desktop can’t open this https link", "Copy link")
    window.banners.run_action()
    assert QGuiApplication.clipboard().text() == address
    assert window.banners.current is None


@pytest.mark.parametrize(
    "address", ["https://example.com/?a=1&b=%20c", "mailto:a@example.com?subject=A%20word&body=b%26c"]
)
async def test_a_link_that_opens_is_whole_and_not_reported(
    harness: WindowHarness, no_desktop: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    failures = list[str]()
    got = no_desktop / "address"
    runnable(no_desktop / "xdg-open", f'#!/bin/sh\nprintf %s "$1" > {shlex.quote(str(got))}\n')
    links.open_in_desktop(address, lambda: failures.append("opened"))
    await harness.until(lambda: not links._watched, "the end of the program")
    assert got.read_text() == address
    runnable(no_desktop / "xdg-open", "#!/bin/sh\nexit 1\n")
    monkeypatch.setattr(links, "OPENING_S", 0.0)
    links.open_in_desktop("https://example.com/", lambda: failures.append("a browser's crash, later"))
    await harness.until(lambda: not links._watched, "the end of the program")
    assert not failures


@pytest.mark.parametrize(
    ("address", "passed"),
    [
        ("mailto:a@b.example?attach=/home/u/.ssh/id_rsa", "mailto:a@b.example"),
        ("MAILTO:a@b.example?Attachment=/x&%61ttach=/x&bcc=c@d.example&in-reply-to=1", "mailto:a@b.example"),
        ("mailto:?to=a@b.example&cc=c@d.example&insert=/x&body=one%0D%0Atwo", None),
        (
            "mailto:a@b.example?subject=x%0D%0AAttach:%20/etc/passwd",
            "mailto:a@b.example?subject=xAttach:%20/etc/passwd",
        ),
        ("mailto:a@b.example%3Fattach=/x", "mailto:a@b.example%3Fattach%3D/x"),
        ("mailto:a@b.example?subject=x%26attach=/x", "mailto:a@b.example?subject=x%26attach%3D/x"),
        ("mailto:a@b.example?body=x#?attach=/x", "mailto:a@b.example?body=x"),
        (
            "mailto:a+b@b.example,c@d.example?SUBJECT=%F0%9F%A6%8A",
            "mailto:a%2Bb@b.example,c@d.example?subject=%F0%9F%A6%8A",
        ),
    ],
)
async def test_a_mail_link_attaches_no_file(
    harness: WindowHarness, no_desktop: Path, address: str, passed: str | None
) -> None:
    got = no_desktop / "address"
    runnable(no_desktop / "xdg-open", f'#!/bin/sh\nprintf %s "$1" > {shlex.quote(str(got))}\n')
    LinkOpener(None, lambda: Editors("", ""), pytest.fail, pytest.fail).open_address(address, "/")  # type: ignore[arg-type] # an address needs no task
    await harness.until(lambda: not links._watched, "the end of the program")
    assert got.read_text() == (passed or address.replace("insert=/x&", ""))


@pytest.mark.parametrize("place", ["sandbox", "wayland", "no xdg-open"])
def test_a_link_without_a_program_for_it_is_reported_where_qt_opens_it(
    qapp: QApplication, no_desktop: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    if place != "no xdg-open":
        runnable(no_desktop / "xdg-open", "#!/bin/sh\nexit 0\n")
    if place == "sandbox":
        monkeypatch.setenv("SNAP", "/snap/outlive")
    elif place == "wayland":
        monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland")
    dead = list[tuple[str, str]]()
    opener = LinkOpener(None, lambda: Editors("", ""), dead.append, dead.append, lambda *link: dead.append(link))  # type: ignore[arg-type] # an address needs no task
    address = "mailto:a@example.com?subject=A%20word&body=b%26c"
    asked = list[str]()

    def open_url(url: QUrl) -> bool:
        asked.append(url.toEncoded().toStdString())
        return len(asked) == 1

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    for is_opened in (True, False):
        opener.open_address(address, "/")
        assert len(dead) == (not is_opened)
    assert asked == [address] * 2
    assert dead == [("The desktop can’t open this mailto link", address)]


@pytest.mark.parametrize("there_is", ["nothing", "a default", "BROWSER", "firefox"])
async def test_on_wayland_a_missing_browser_is_reported(
    harness: WindowHarness, no_desktop: Path, monkeypatch: pytest.MonkeyPatch, there_is: str
) -> None:
    """Qt starts ``xdg-open`` there, and reports success."""
    default = "firefox.desktop" if there_is == "a default" else ""
    runnable(
        no_desktop / "xdg-mime", f'#!/bin/sh\n[ "$*" = "query default x-scheme-handler/https" ] && echo {default}\n'
    )
    monkeypatch.delenv("BROWSER", raising=False)
    if there_is == "BROWSER":
        monkeypatch.setenv("BROWSER", "mine")
    elif there_is == "firefox":
        runnable(no_desktop / "firefox")
    monkeypatch.setattr(QGuiApplication, "platformName", lambda: "wayland-egl")
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda _url: True)
    failures = list[str]()
    links.open_in_desktop("https://example.com/", lambda: failures.append("no browser"))
    await harness.until(lambda: not links._watched, "the answer")
    assert failures == (["no browser"] if there_is == "nothing" else [])


def test_a_script_is_shown_and_not_run(tmp_path: Path, no_desktop: Path) -> None:
    script = runnable(tmp_path / "run.sh")
    runnable(no_desktop / "code")
    file = FileLocation(str(script), 7, 3)
    assert command_for(file, "", {"VISUAL": "code --wait"}) == (["code", "--wait", "-g", f"{script}:7:3"], False)
    assert command_for(file, "my-editor", {}) == (["my-editor", str(script)], False)
    assert command_for(file, "e --at {line} {file}", {}) == (["e", "--at", "7", str(script)], False)


def test_the_desktops_editor_is_used_and_never_the_files_application(tmp_path: Path, no_desktop: Path) -> None:
    runnable(no_desktop / "xdg-mime", '#!/bin/sh\n[ "$3" = text/plain ] && echo kate.desktop\n')
    entry = tmp_path / "applications" / "kate.desktop"
    entry.parent.mkdir()
    entry.write_text("[Desktop Entry]\nExec=kate -b %U\nTerminal=false\n")
    page = runnable(tmp_path / "page.html", "<script>")
    environment = {"XDG_DATA_HOME": str(tmp_path), "XDG_DATA_DIRS": "/nowhere"}
    assert command_for(FileLocation(str(page)), "", environment) == (["kate", "-b", str(page)], False)
    assert command_for(FileLocation(str(page), 2), "", environment).argv[1:] == ["-b", "-l", "2", "-c", "1", str(page)]
    entry.write_text("[Desktop Entry]\nExec=vim %F\nTerminal=true\n")
    with pytest.raises(NotOpened):
        command_for(FileLocation(str(page)), "", environment)


def test_a_file_that_is_no_text_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "program").write_bytes(b"\x7fELF\0\0")
    for name in ("pipe", "program", "missing", "."):
        with pytest.raises(OutliveError):
            named_file(FileLocation(str(tmp_path / name)), "/")


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("code", "code -g F:7:3"),
        ("zed", "zed F:7:3"),
        ("subl -n", "subl -n F:7:3"),
        ("/usr/bin/kate -b", "/usr/bin/kate -b -l 7 -c 3 F"),
        ("idea.sh", "idea.sh --line 7 --column 3 F"),
        ("emacsclient -c", "emacsclient -c -n +7:3 F"),
        ("gvim", "gvim '+call cursor(7,3)' F"),
        ("neovide", "neovide -- '+call cursor(7,3)' F"),
        ("nvim", "terminal nvim '+call cursor(7,3)' F"),
        ("nano", "terminal nano +7,3 F"),
        ("hx", "terminal hx F:7:3"),
        ("emacsclient -t", "terminal emacsclient -t +7:3 F"),
        ("mine {line} {column} {file}", "mine 7 3 F"),
    ],
)
def test_an_editor_is_given_the_line_and_the_column(editor: str, command: str) -> None:
    expected = ["/w/a b.py" if word == "F" else word.replace("F:", "/w/a b.py:") for word in shlex.split(command)]
    needs_terminal = expected[0] == "terminal"
    found = command_for(FileLocation("/w/a b.py", 7, 3), editor, {})
    assert found == (expected[needs_terminal:], needs_terminal)


def test_without_an_editor_that_has_a_window_the_named_one_or_vim_opens_in_a_tab(no_desktop: Path) -> None:
    file = FileLocation("/w/a.py", 7)
    with pytest.raises(NotOpened, match="No editor is set"):
        command_for(file, "", {"EDITOR": "nano"})
    runnable(no_desktop / "vi")
    assert command_for(file, "", {"EDITOR": "nano"}) == (["vi", "+7", "/w/a.py"], True)
    runnable(no_desktop / "vim")
    at_line = ["+call cursor(7,1)", "/w/a.py"]
    assert command_for(file, "", {"EDITOR": "nano"}) == (["vim", *at_line], True)
    runnable(no_desktop / "nano")
    assert command_for(file, "", {"EDITOR": "nano"}) == (["nano", "+7,1", "/w/a.py"], True)
    runnable(no_desktop / "mine")
    assert command_for(file, "", {"VISUAL": "mine -x", "EDITOR": "nano"}) == (["mine", "-x", "/w/a.py"], True)
    runnable(no_desktop / "gvim")
    assert command_for(file, "", {"VISUAL": "nano", "EDITOR": "gvim"}) == (["gvim", *at_line], False), (
        "a window comes first"
    )
    assert installed() == ["gvim", "vim", "vi", "nano"]


async def test_an_editor_of_terminals_opens_in_a_tab_that_goes_when_the_user_leaves_it(
    harness: WindowHarness, launches: list[LaunchRequest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.py").write_text("x")
    monkeypatch.setattr("gui.window.actions.links.command_for", lambda *_of: EditorCommand(["vim", "F"], True))
    first = await harness.add("one")
    window = harness.open_window()
    harness.show(first)
    gone: list[bool] = []
    for exit_code in (0, 1):
        window.commands.opener.open_file(FileLocation("app.py", 12), str(tmp_path))
        await harness.until(lambda: len(window.tabs.ids()) == 2, "the editor's tab")
        editor = window.tabs.active_id
        harness.viewers[editor].end(exit_code)
        harness.settle()
        gone.append(editor not in window.tabs.ids())
        if not exit_code:
            await harness.until(lambda editor=editor: harness.sessions.chats.get(editor) is None, "the removal")  # type: ignore[misc]
            assert window.banners.current is None, "nothing is asked, and nothing to undo"
            assert window.tabs.active_id == first
    assert gone == [True, False], "an editor that failed says why"
    request = launches[0]
    assert (request.name, request.agent.name, request.arguments) == ("app.py", "command", ["vim", "F"])
    assert request.directory == str(tmp_path)


TITLES = ["Open directory in editor", "Show directory in file manager", "Copy directory path"]


def menu_of(harness: WindowHarness, session_id: str) -> dict[str, QAction]:
    """The items of a chat's menu, opened on its row."""
    window = harness.window
    window.menus.show_for_row(harness.chat(session_id), window.mapToGlobal(QPoint(200, 100)))
    return entries_of_open_menu()


async def test_a_chats_directory_is_opened_and_shown_and_its_path_copied(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands, shown, is_there = list[list[str]](), list[str](), True

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        commands.append([program, *arguments])
        return True, 1

    def show(address: str, on_failure: Callable[[], object]) -> None:
        shown.append(QUrl(address).toLocalFile())
        if not is_there:
            on_failure()

    monkeypatch.setattr(QProcess, "startDetached", start)
    monkeypatch.setattr(links, "open_in_desktop", show)
    worktree, plain = tmp_path / "worktree", tmp_path / "plain"
    for directory in (worktree / "sub", plain):
        directory.mkdir(parents=True)
    other = await harness.add("plain", cwd=str(plain))
    chat = await harness.add("own", cwd=str(worktree / "sub"), worktree=str(worktree), repository=str(plain))
    window = harness.open_window(preferences=Preferences(window=WindowFile(editor="code")))
    for title in (*TITLES[:2], "Directory path"):
        menu_of(harness, other)[title].trigger()
    assert QGuiApplication.clipboard().text() == str(plain)
    await harness.until(lambda: commands and shown, "the editor and the file manager")
    window.open_chat(harness.chat(chat))
    for name in ("open_directory", "show_directory", "copy_path"):
        window.actions_[name].trigger()
    assert QGuiApplication.clipboard().text() == str(worktree)
    await harness.until(lambda: len(commands) == len(shown) == 2, "the editor and the file manager")
    assert commands == [["code", str(plain)], ["code", str(worktree)]]
    assert shown == [str(plain), str(worktree)]
    is_there = False
    window.actions_["show_directory"].trigger()
    await harness.until(lambda: window.banners.current, "the banner")
    assert harness.banner == "No file manager was found"
    plain.rmdir()
    menu_of(harness, other)[TITLES[0]].trigger()
    missing = f"The directory {plain} does not exist"
    await harness.until(lambda: missing in str(window.banners.current), "the banner")
    assert len(commands) == 2


async def test_a_chats_changes_are_opened_from_its_menu_its_key_and_its_changed_files(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = await harness.add("shell", cwd="/tmp")
    work = await harness.add("work", agent="codex", runtime="structured", argv=["codex"], cwd="/usr")
    opened: list[tuple[str, str]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, chat, *what: opened.append((chat.name, what[0])))
    window = harness.open_window()
    menu_of(harness, work)["Changes"].trigger()
    window.open_chat(harness.chat(shell))
    harness.chat(shell).workplace.note_directory("/etc")
    window.actions_["show_changes"].trigger()
    window.open_chat(harness.chat(work))
    content = harness.content
    content.view.changes_requested.emit()
    assert opened == [("work", "/usr"), ("shell", "/etc"), ("work", "/usr")]


async def test_a_new_chat_in_a_worktree_suggests_one_for_each_agent(harness: WindowHarness, area: Area) -> None:
    repository = Checkout.new(area.home / "api").path
    chat = harness.chat(await harness.add("work", cwd=str(repository)))
    window = harness.open_window()
    window.open_chat(chat)
    window.actions_["new_chat_in_worktree"].trigger()
    sheet = window.sheets.new_chat
    await harness.until(lambda: "from main" in sheet.worktree.branch.placeholderText(), "git's word")
    assert sheet.worktree.isVisible()
    assert sheet.worktree.value() == ""
    sheet.tiles.choose("command")
    assert sheet.worktree.value() == ""
    sheet.prompt.setPlainText("typed before")
    sheet.dismiss()
    sheet.worktree.checkbox.setChecked(False)
    window.actions_["new_chat_in_worktree"].trigger()
    assert sheet.worktree.value() == ""
    assert sheet.prompt.toPlainText() == "typed before", "a draft is kept"
