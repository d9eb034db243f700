"""The doors to the window, and what may come through each: a door that is not in a table here does not exist."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.preferences import Preferences
from gui.window.remote_control import single_instance
from gui.window.remote_control.server import RIGHTS, ControlServer, RemoteControl
from gui.window.windows import Windows
from session_host import paths
from session_host.errors import NotAllowed
from session_host.system.processes.permission import ALL, SETTING, UNKNOWN
from tests.support.area import Area
from tests.support.commands import REPOSITORY, environment
from tests.unit.gui.conftest import WindowHarness

ANSWERED, ASKED, REFUSED = "answered", "asks for attention", "refused"

OF_AN_AGENT = {
    "tabs": ANSWERED,
    "show": ASKED,
    "raise": ASKED,
    "toggle": ASKED,
    "new_chat": ASKED,
    "next": ASKED,
    "grab": REFUSED,
    "close": REFUSED,
}
"""What the window's socket does for a process of an agent, by the kind of request."""

RAISING = {
    ("gui/app.py", "_connect"): "the tray's icon and menu",
    ("gui/app.py", "_on_notification_chosen"): "a click on a notification, from the process that shows it",
    ("gui/app.py", "_quit_after_question"): "the tray's menu: he quits",
    ("gui/chat/view.py", "dropEvent"): "he drops something",
    ("gui/terminal/view.py", "dropEvent"): "he drops something",
    ("gui/window/asking_devices.py", "open"): "he clicks on the banner or the notification that a device asks",
    ("gui/window/panes/tab_drag.py", "open_chats"): "he drops a chat",
    ("gui/window/panes/tab_drag.py", "accept_drop"): "he drops a tab",
    ("gui/window/actions/chats/starting.py", "edit"): "he opens a file from another window",
    ("gui/window/remote_control/server.py", "handlers"): "names the next one",
    ("gui/window/remote_control/server.py", "raise_window"): "a command of his own terminal",
    ("gui/window/remote_control/server.py", "new_chat"): "a command of his own terminal",
    ("gui/window/remote_control/server.py", "next_chat"): "a command of his own terminal",
    ("gui/window/widgets/activation.py", "_to_the_front"): "what the others call",
    ("gui/window/windows.py", "move"): "he moves a tab to another window",
    ("gui/window/windows.py", "open_chat"): "a row, a notification, the tray, a command of his own terminal",
    ("gui/window/windows.py", "open_empty"): "he opens another window",
    ("gui/window/windows.py", "open_other"): "he opens the settings, the guide, changes or a day",
    ("gui/window/windows.py", "raise_window"): "what the others call",
    ("gui/window/windows.py", "toggle"): "a command of his own terminal",
}
"""The user's hand behind each place that raises a window, by file and function."""


class Desk:
    """Two windows of the user, served; the first shows "one" and has the keyboard."""

    def __init__(self, windows: Windows, one: str, two: str, area: Area) -> None:
        self.windows, self.one, self.two, self.area = windows, one, two, area

    def seen(self) -> tuple[Any, ...]:
        """All that a request may not change."""
        return (
            self.windows.current,
            [
                (window.isVisible(), window.isActiveWindow(), window.tabs.active_id, window.tabs.ids())
                for window in self.windows.all
            ],
            [window.focusWidget() for window in self.windows.all],
            [window.sheets.is_any_open for window in self.windows.all],
        )

    async def ask(self, kind: str, chats: str) -> dict[str, Any]:
        """Let a process that belongs to these chats send a request."""
        request = {"verb": kind, "session": self.two if kind == "show" else "", "file": str(self.area.root / "a.png")}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            _ASK,
            str(paths.window_socket()),
            json.dumps(request),
            env=environment({"OUTLIVE_AGENT_CHATS": chats}),
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        answer: dict[str, Any] = json.loads(output)
        return answer


_ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as window:
    window.connect(sys.argv[1])
    window.sendall(sys.argv[2].encode() + b"\\n")
    print(window.makefile().readline(), end="")
"""


@pytest.fixture
async def desk(harness: WindowHarness, area: Area, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    one, two, three = [await harness.add(name) for name in ("one", "two", "three")]
    settings = LiveSettings(paths.config_dir(), Preferences(), harness.sessions)
    saved = [SavedWindow(panes=[SavedPane([one], one)]), SavedWindow(panes=[SavedPane([three], three)])]
    windows = Windows(harness.theme, harness.sessions, LiveAgents(settings), settings, WindowLayout(windows=saved))
    harness.sessions.follow_all()
    windows.restore_windows()
    windows.show()
    await harness.until(windows.all[0].isActiveWindow, "the window to be active")
    control = RemoteControl(windows, harness.sessions, asyncio.Event())
    monkeypatch.setattr("gui.window.remote_control.server.SETTLE_TIMEOUT_S", 0.0)
    claim = single_instance.claim_or_raise()
    assert claim is not None
    server = ControlServer(control.handlers(), control.ask_attention)
    await server.start(claim.listener)
    assert set(control.handlers()) == set(OF_AN_AGENT) == set(RIGHTS), "each kind of request is in the table"
    yield Desk(windows, one, two, area)
    await server.close()
    claim.release()
    await harness.sessions.close()
    for window in windows.all:
        window.tabs.panes.close_all()
    windows.hide()
    windows.delete()
    harness.settle()


async def done(harness: WindowHarness, awaited: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    task = asyncio.ensure_future(awaited)
    await harness.until(task.done, "the answer")
    return task.result()


def banner(windows: Windows) -> str:
    shown = windows.current.banners.current
    return shown.text if shown is not None else ""


@pytest.mark.parametrize("kind", OF_AN_AGENT)
@pytest.mark.parametrize("whose", ["of a known chat", "of an unknown chat", "with all chats allowed"])
async def test_what_an_agent_requests_changes_no_page_no_keyboard_no_window_and_no_sheet(
    desk: Desk, harness: WindowHarness, kind: str, whose: str
):
    if whose == "with all chats allowed":
        (paths.config_dir() / "chats.toml").write_text(f'{SETTING} = "{ALL}"\n')
    before = desk.seen()
    allowed = whose == "with all chats allowed" and OF_AN_AGENT[kind] is REFUSED
    if allowed:
        return  # The user has allowed to take pictures, and to close the window.
    answer = await done(harness, desk.ask(kind, UNKNOWN if whose == "of an unknown chat" else desk.two))
    harness.settle()
    assert desk.seen() == before
    match OF_AN_AGENT[kind]:
        case "answered":
            assert answer["ok"]
            assert banner(desk.windows) == ""
        case "refused":
            assert answer["exit_code"] == NotAllowed.exit_code
            assert banner(desk.windows) == ""
        case _:
            assert answer["result"]["asked"] is True
            of_unknown = whose == "of an unknown chat"
            who = "A program" if of_unknown else "two"
            what = "asks you to look at two" if of_unknown and kind == "show" else "asks for your attention"
            assert banner(desk.windows) == f"{who} {what}"
            marked = harness.chat(desk.two).unseen.notification
            assert marked == ("" if of_unknown and kind != "show" else banner(desk.windows))


@pytest.mark.parametrize("kind", ["show", "raise", "new_chat", "toggle"])
async def test_a_request_of_the_users_own_terminal_does_what_it_says(desk: Desk, harness: WindowHarness, kind: str):
    before = desk.seen()
    answer = await done(harness, desk.ask(kind, ""))
    assert answer["ok"] or "not ready" in answer["error"]
    assert desk.seen() != before or kind == "raise"
    assert banner(desk.windows) == ""


async def test_the_button_of_the_banner_opens_the_chat_and_the_banner_goes_when_it_is_viewed(
    desk: Desk, harness: WindowHarness
):
    await done(harness, desk.ask("show", desk.two))
    current = desk.windows.current
    assert current.banners.current is not None
    assert current.banners.current.lasting
    current.banners.run_action()
    await harness.until(lambda: desk.two in {chat.id for chat in desk.windows.viewed()}, "the chat to be viewed")
    assert harness.chat(desk.two).unseen.notification == ""
    await done(harness, desk.ask("show", desk.two))
    shown = current.banners.current
    assert shown is not None
    assert (shown.action, shown.lasting) == ("", False), "it is viewed already"


async def test_a_hidden_window_stays_hidden_when_an_agent_asks_for_attention(desk: Desk, harness: WindowHarness):
    desk.windows.hide()
    for kind in ("show", "raise", "toggle", "new_chat", "next"):
        await done(harness, desk.ask(kind, desk.two))
    assert not desk.windows.is_any_visible
    assert harness.chat(desk.two).unseen.notification == "two asks for your attention"


async def test_an_agent_that_asks_again_and_again_has_one_banner(desk: Desk, harness: WindowHarness):
    for kind in ("show", "raise", "toggle", "new_chat", "next"):
        for chats in (desk.two, UNKNOWN):
            await done(harness, desk.ask(kind, chats))
    desk.windows.current.banners.dismiss()
    assert banner(desk.windows) == ""


# ------------------------------------------------------------ the source


def _uses(names: set[str]) -> Iterator[tuple[str, str, str]]:
    """The places of the window's source that use a function of these names: file, innermost function, name."""
    for path in sorted((REPOSITORY / "gui").rglob("*.py")):
        source = path.read_text()
        if not any(name in source for name in names):
            continue
        tree, owners = ast.parse(source), dict[ast.AST, str]()
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                owners.update(dict.fromkeys(ast.walk(function), function.name))  # An inner function comes later.
        for node, owner in owners.items():
            used = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            if used in names:
                yield str(path.relative_to(REPOSITORY)), owner, used


def test_each_place_that_raises_a_window_is_known():
    assert {(file, owner) for file, owner, _ in _uses({"raise_window", "activateWindow"})} == set(RAISING)


def test_each_connection_from_outside_to_the_window_is_known():
    listening = {
        (file, name)
        for file, _, name in _uses({"start_unix_server", "start_server", "subscribe", "QLocalServer", "QTcpServer"})
    }
    assert listening == {
        ("gui/window/remote_control/server.py", "start_unix_server"),
        ("gui/tray/desktop_notifications.py", "subscribe"),
        ("gui/theme/desktop.py", "subscribe"),
    }, "the window's socket, clicks on notifications, the desktop's colours and text sizes"


def test_only_commands_of_this_machine_send_requests_to_the_window():
    sources = [path for top in ("gui", "session_host") for path in (REPOSITORY / top).rglob("*.py")]
    assert {str(path.relative_to(REPOSITORY)) for path in sources if _sends_requests(path)} == {
        "gui/__main__.py",
        "gui/window/remote_control/single_instance.py",
        "session_host/cli/demo.py",
        "session_host/cli/window.py",
    }, "not the page for the phone, the tools of MCP, or the other end of a machine"
    entry = (REPOSITORY / "resources" / "desktop" / "outlive.desktop").read_text()
    assert "DBusActivatable" not in entry, "a desktop starts `outlive`, which asks the window's socket"


def _sends_requests(path: Path) -> bool:
    source = path.read_text()
    return "window_control" in source and any(
        isinstance(node, ast.ImportFrom)
        and node.module == "session_host.client.window_control"
        and any(each.name == "ask" for each in node.names)
        for node in ast.walk(ast.parse(source))
    )
