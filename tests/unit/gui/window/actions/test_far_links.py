"""Files and links that a chat of another machine names."""

from __future__ import annotations

import asyncio
import shlex
import socket
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from PySide6.QtCore import QMimeData, QProcess, QUrl

from gui.bridge.chat import Chat
from gui.bridge.lifecycle import Lifecycle
from gui.bridge.machine_chats import MachineChats
from gui.bridge.new_chat import NewChatRequest
from gui.settings.preferences import Preferences
from gui.settings.table import WindowFile
from gui.window.actions.forwarding import loopback_port
from gui.window.actions.links import Editors, NotOpened, far_command_for
from session_host.client.chats import named_files
from session_host.errors import OutliveError, Unreachable
from session_host.paths import pasted_files_dir
from session_host.protocol.values import FileLocation
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WAIT_S, WindowHarness, insert_record
from tests.unit.gui.window.machines import chats_on


@pytest.fixture
async def alpha(harness: WindowHarness) -> MachineChats:
    """The chats of another machine, none yet."""
    chats = harness.sessions.machines.by_name["alpha"] = chats_on(harness.sessions, Alpha())
    return chats


@pytest.fixture
def started(alpha: MachineChats, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started here; a look at the disk fails unless the other machine takes it."""
    commands: list[list[str]] = []

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        commands.append([program, *arguments])
        return True, 1

    def only_there(function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object) -> object:
            assert cast("Alpha", alpha.machine).running
            return function(*args)

        return call

    monkeypatch.setattr(QProcess, "startDetached", start)
    for name in ("existing", "directories_of", "_text_file"):
        monkeypatch.setattr(named_files, name, only_there(getattr(named_files, name)))
    monkeypatch.setattr("gui.bridge.named_files.existing", named_files.existing)
    return commands


async def show(harness: WindowHarness, alpha: MachineChats, cwd: Path, editors: WindowFile, **fields: Any) -> Chat:
    """Show a chat of the other machine."""
    record = insert_record("far", cwd=str(cwd), argv=["x"], **fields)
    await alpha.refresh_now()
    chat = harness.chat(f"alpha/{record.id}")
    harness.open_window(preferences=Preferences(window=editors)).open_chat(chat)
    harness.viewers[record.id].go_live()
    return chat


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
async def test_a_file_that_another_machine_names_is_looked_for_there_and_opened_over_ssh(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path, started: list[list[str]], runtime: str
) -> None:
    (tmp_path / "a b.txt").write_text("x")
    path = str(tmp_path / "a b.txt")
    await show(harness, alpha, tmp_path, WindowFile(editor="code -n {file}"), runtime=runtime)
    page = harness.page
    names = page.terminal.view.links.files if page.terminal is not None else harness.content.view.page.names
    await harness.until(lambda: names.path_of("a b.txt"), "the answer")
    assert (names.path_of("a b.txt"), names.path_of("missing.txt")) == (path, None)
    await harness.until(lambda: names.path_of("missing.txt") == "", "the answer")
    if page.terminal is not None:
        page.terminal.view.links.file_opened.emit(FileLocation(path, 7, 3))
        page.terminal.view.links.marked_opened.emit(f"file://{quote(path)}#L7C3")
    else:
        harness.content.view.file_requested.emit(FileLocation("a b.txt", 7, 3))
        harness.content.view.link_requested.emit("a%20b.txt#L7C3")
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert started == [["code", "--remote", "ssh-remote+me@alpha", "-g", f"{path}:7:3"]] * 2
    harness.window.actions_["open_directory"].trigger()
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert started[2:] == [["code", "--folder-uri", f"vscode-remote://ssh-remote+me@alpha{tmp_path}"]]
    harness.window.actions_["show_directory"].trigger()
    assert harness.banner == "The file manager here can’t show a directory on alpha"


async def test_a_path_that_no_machine_has_reaches_no_editor(
    harness: WindowHarness,
    alpha: MachineChats,
    tmp_path: Path,
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await show(harness, alpha, tmp_path, WindowFile(editor="code"))
    for answer in ("--wait", "/etc/a\nb", "relative.txt", ""):
        monkeypatch.setattr(named_files, "_text_file", lambda _file, answer=answer: FileLocation(answer))
        harness.view.links.file_opened.emit(FileLocation("x"))
        await harness.sessions.tasks.wait_for_others(WAIT_S)
        assert harness.banner == "No valid path of the file came from alpha"
    assert not started


@pytest.mark.parametrize("editors", [WindowFile(editor="vim"), WindowFile(editor="code", remote_editor="$EDITOR")])
async def test_without_an_editor_for_other_machines_that_machines_editor_opens_in_a_tab(
    harness: WindowHarness,
    alpha: MachineChats,
    tmp_path: Path,
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    editors: WindowFile,
) -> None:
    (tmp_path / "a.txt").write_text("x")
    nano = tmp_path / "nano"
    nano.touch(0o755)
    monkeypatch.setenv("EDITOR", str(nano))
    requests: list[NewChatRequest] = []

    async def launch(_lifecycle: Lifecycle, request: NewChatRequest, *_: object) -> None:
        requests.append(request)
        raise OutliveError("disk full")

    monkeypatch.setattr(Lifecycle, "launch", launch)
    await show(harness, alpha, tmp_path, editors)
    harness.view.links.file_opened.emit(FileLocation("a.txt", 7))
    await harness.until(lambda: requests, "the editor")
    assert (requests[0].machine, requests[0].arguments) == ("alpha", [str(nano), "+7,1", str(tmp_path / "a.txt")])
    assert not started


@pytest.mark.parametrize(
    ("setting", "destination", "command"),
    [
        ("zed", "ssh://me@h:22/", "zed ssh://me@h:22/w/a%20b%7Bfile%7D.py:7:3"),
        ("codium -n", "h", "codium -n --remote ssh-remote+h -g F:7:3"),
        ("mine ssh:{destination} {file} {line}", "me@h", "mine ssh:me@h F 7"),
        ("nvim scp://{destination}/{file}", "h", "nvim scp://h//w/a%20b%7Bfile%7D.py"),
    ],
)
def test_an_editor_for_other_machines_gets_machine_path_and_line(setting: str, destination: str, command: str) -> None:
    file = FileLocation("/w/a b{file}.py", 7, 3)
    found = far_command_for(file, Editors("", setting), {}, destination, is_directory=False)
    assert found is not None
    expected = [word.replace("F", file.path) if "F:" in word or word == "F" else word for word in command.split()]
    assert found == (expected, expected[0] == "nvim")


@pytest.mark.parametrize("setting", ["code {file}", "gedit", "mine {destination}", "'"])
def test_an_editor_that_would_open_the_path_here_is_refused(setting: str) -> None:
    with pytest.raises(NotOpened):
        far_command_for(FileLocation("/w/a.py"), Editors("", setting), {}, "h", is_directory=False)


async def test_a_dropped_file_is_copied_to_the_other_machine_and_its_path_there_is_typed(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path
) -> None:
    (tmp_path / "a b.txt").write_text("x")
    chat = await show(harness, alpha, tmp_path, WindowFile())
    viewer: Any = harness.viewers[chat.session_id]
    pasted: list[str] = []
    viewer.paste = pasted.append
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a b.txt")), QUrl.fromLocalFile(str(tmp_path / "a b.txt"))])
    harness.view.pasting.paste_data(data)
    await harness.until(lambda: pasted, "the paths")
    paths = [Path(each) for each in shlex.split(pasted[0])]
    assert [path.read_text() for path in paths] == ["x", "x"]
    assert all(path.is_relative_to(pasted_files_dir(chat.session_id)) for path in paths)
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a b.txt")), QUrl.fromLocalFile(str(tmp_path))])
    harness.view.pasting.paste_data(data)
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert "is a directory; only files are copied to another machine" in harness.banner
    assert len(pasted) == 1, "nothing is typed"


async def test_a_copy_that_takes_long_shows_its_progress_and_can_be_cancelled(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.window.actions.copying.SHOW_AFTER_S", 0.0)
    (tmp_path / "a.bin").write_bytes(bytes(1000))
    chat = await show(harness, alpha, tmp_path, WindowFile())
    viewer: Any = harness.viewers[chat.session_id]
    pasted: list[str] = []
    viewer.paste = pasted.append
    cast("Alpha", alpha.machine).fails = 10**9
    monkeypatch.setattr(alpha.machine, "wait_reachable", asyncio.Event().wait)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.bin"))])
    harness.view.pasting.paste_data(data)
    await harness.until(lambda: harness.window.banners.current is not None, "the line")
    assert harness.banner == "Copying a.bin to alpha: 0 %"
    harness.window.banners.run_action()
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert harness.window.banners.current is None
    assert not pasted


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("http://localhost:3000/a?b", 3000),
        ("https://127.0.0.1:8443", 8443),
        ("http://[::1]:80/", 80),
        ("http://0.0.0.0:5173", 5173),
        ("http://localhost/", 80),
        ("http://example.org:3000", 0),
        ("http://localhost.example.org:1", 0),
        ("ftp://localhost:21", 0),
        ("http://localhost:99999", 0),
        ("http://user@localhost:8000/", 8000),
        ("mailto:a@localhost", 0),
    ],
)
def test_an_address_of_the_machine_itself_has_a_port_to_forward(uri: str, port: int) -> None:
    assert loopback_port(uri) == port


async def test_a_port_is_forwarded_only_after_the_users_answer(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    events: list[str] = []
    monkeypatch.setattr("gui.window.actions.links.open_in_desktop", lambda uri, _failed: opened.append(uri))

    class Forward:
        local_port = 4000

        def __init__(self, link: object, port: int) -> None:
            assert (link, port) == ("link", 3000)

        async def start(self) -> None:
            events.append("start")

        async def stop(self) -> None:
            events.append("stop")

    monkeypatch.setattr("session_host.machines.forwarding.Forward", Forward)
    await show(harness, alpha, tmp_path, WindowFile())
    machines: Any = harness.sessions.others.machines
    machines["alpha"] = SimpleNamespace(link="link", is_reachable=True, unreachable_since=None, why_unreachable="")
    view, tasks = harness.view, harness.sessions.tasks
    view.links.address_opened.emit("http://localhost:3000/a?b")
    await tasks.wait_for_others(WAIT_S)
    assert not events
    assert harness.page.is_question_open
    harness.page.question.yes.click()
    await tasks.wait_for_others(WAIT_S)
    assert opened == ["http://localhost:4000/a?b"]
    view.links.marked_opened.emit("http://0.0.0.0:3000/")
    await tasks.wait_for_others(WAIT_S)
    assert opened[1:] == ["http://localhost:4000/"]
    assert events == ["start"], "asked once"
    assert harness.banner == "Port 3000 of alpha is forwarded to localhost:4000"
    harness.window.banners.run_action()
    await asyncio.sleep(0)
    assert events == ["start", "stop"]
    machines.clear()


async def test_all_windows_share_a_forwarded_port_until_the_machine_is_removed(
    harness: WindowHarness, alpha: MachineChats, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.window.actions.links.open_in_desktop", lambda _uri, _failed: None)
    await show(harness, alpha, tmp_path, WindowFile())
    others, machines = harness.sessions.others, cast("Any", harness.sessions.others.machines)

    async def open_port(*_what: object) -> None:
        raise Unreachable("alpha is away")

    machines["alpha"] = SimpleNamespace(
        link=SimpleNamespace(version="", entry=None, open_port=open_port), is_reachable=True, unreachable_since=None
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        port = server.getsockname()[1]
        local_ports = await asyncio.gather(others.forward("alpha", port), others.forward("alpha", port))
        assert len({*local_ports}) == 1
    harness.view.links.address_opened.emit(f"http://localhost:{port}/")
    await harness.sessions.tasks.wait_for_others(WAIT_S)
    assert not harness.page.is_question_open
    _reader, writer = await asyncio.open_connection("127.0.0.1", local_ports[0])
    writer.close()
    ways = dict(harness.window.commands.machines.ways("alpha"))
    stop = ways[f"Stop forwarding port {port}"]
    assert harness.banner == f"Port {port} of alpha is forwarded to localhost:{local_ports[0]}"
    stop()
    assert harness.window.banners.current is None
    local_port = await others.forward("alpha", port)
    others._forget("alpha")
    await asyncio.sleep(0)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", local_port)
