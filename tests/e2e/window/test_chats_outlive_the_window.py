"""Chats, tabs and typed text outlive windows that are closed or killed, crashes, restarts, upgrades."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from gui.settings.layout import WindowLayout
from gui.settings.pane_tree import numbers
from session_host import paths
from session_host.paths import session_journal, window_log
from session_host.storage.store import Store
from session_host.version import VERSION
from tests.conftest import Sessions
from tests.programs import Gate, program
from tests.support import displays, processes
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, environment
from tests.support.displays import XServer
from tests.support.fuzzing import chance, times
from tests.support.hosts import description_of
from tests.support.reboots import restart_computer
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive, xdotool
from tests.support.x_client import XClient

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo
from .user_actions import wait_until_tabs_are_saved

pytestmark = pytest.mark.e2e

LINES = 300
HELD_AT = 150


def kill(app: Window) -> None:
    app.process.kill()


def terminate(app: Window) -> None:
    app.process.send_signal(signal.SIGTERM)


def close(app: Window) -> None:
    app.ask("close")


@pytest.mark.parametrize("end", [kill, terminate, close])
def test_nothing_is_lost_however_the_window_ends(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, end: Callable[[Window], None]
):
    before, streaming, after = (
        new_echo(new_chat, "before"),
        new_chat(
            "streaming",
            *program("numbered_lines", LINES, "--gate", gate.path, "--before", HELD_AT, "--stay"),
        ),
        new_echo(new_chat, "after"),
    )
    order = [after["id"], streaming["id"], before["id"]]
    with open_window() as first:
        for session_id in order:
            first.show(session_id)
        first.show(streaming["id"])
        first.wait_connected(order)
        last = f"line {HELD_AT - 1:06d}"
        wait_until(lambda: last in chat_text(streaming["id"]), WAIT_S, last)
        wait_until_tabs_are_saved(first)
        end(first)
        first.process.wait(WAIT_S)
        if end is not kill:
            assert first.process.returncode == 0

    gate.release()
    wait_until(lambda: "end of lines" in chat_text(streaming["id"]), WAIT_S, "the end of the stream")

    with open_window() as second:
        second.wait_connected(order)
        tabs = second.tabs()
        assert [tab["session_id"] for tab in tabs] == order, "the same tabs in the same order"
        assert [tab["name"] for tab in tabs if tab["active"]] == ["streaming"]
        second.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := second.copy_all()) else "", WAIT_S, "the end in the window"
        )
    for text in (shown, chat_text(streaming["id"])):
        wrong = [number for number in range(1, LINES + 1) if text.count(f"line {number:06d}\n") != 1]
        assert wrong == []
    for chat in (before, streaming, after):
        now = listed(chat["id"])
        assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])
        assert processes.is_alive(chat["child_pid"])


def test_nothing_is_lost_when_the_display_is_killed(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, monkeypatch: pytest.MonkeyPatch
):
    chat = new_chat("streaming", *program("numbered_lines", LINES, "--gate", gate.path, "--before", HELD_AT, "--stay"))
    with displays.x_server() as own_server, monkeypatch.context() as patch:
        for name, value in own_server.environment().items():
            patch.setenv(name, value)
        with open_window() as first:
            first.show(chat["id"])
            wait_until_tabs_are_saved(first)
            own_server.kill()
            first.process.wait(WAIT_S)
    gate.release()
    wait_until(lambda: "end of lines" in chat_text(chat["id"]), WAIT_S, "the end of the stream")
    with open_window() as second:
        second.wait_connected([chat["id"]])
        second.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := second.copy_all()) else "", WAIT_S, "the end in the window"
        )
    assert [number for number in range(1, LINES + 1) if shown.count(f"line {number:06d}\n") != 1] == []
    assert listed(chat["id"])["child_pid"] == chat["child_pid"]


def test_running_chats_are_interrupted_but_readable_and_ended_chats_stay_ended(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate, sessions: Sessions
):
    over = new_chat("over", *program("end_with", "0", "--text", "its last words"))
    long = new_chat("long", *program("numbered_lines", LINES, "--stay", "--gate", gate.path))
    with open_window() as app:
        for chat in (over, long):
            app.show(chat["id"])
        app.wait_connected([long["id"]])
        wait_until_tabs_are_saved(app)
        app.kill()
    journal = session_journal(long["id"])
    wait_until(
        lambda: any(b"end of lines" in path.read_bytes() for path in journal.glob("*.log")), WAIT_S, "all to be on disk"
    )
    restart_computer(sessions, empty_tmp=True)

    with open_window() as app:
        assert [tab["name"] for tab in app.tabs()] == ["over", "long"], "the same tabs again"
        assert [(tab["state"], tab["connected"]) for tab in app.tabs()] == [("exited", False), ("lost", False)]
        app.show(long["id"])
        app.focus()
        shown = wait_until(
            lambda: text if "end of lines" in (text := app.copy_all()) else "", WAIT_S, "its screen", every_s=0.1
        )
        assert [number for number in range(1, LINES + 1) if shown.count(f"line {number:06d}\n") != 1] == []
        app.show(over["id"])
        app.focus()
        wait_until(lambda: "its last words" in app.copy_all(), WAIT_S, "the other's last screen", every_s=0.1)
        assert [one["state"] for one in (listed(over["id"]), listed(long["id"]))] == ["exited", "lost"]
    assert (listed(over["id"])["reason"], listed(long["id"])["reason"]) == (None, "interrupted")
    assert sessions.processes() == [], "nothing runs again by itself"


KILLS = 2
LONGEST_USE_S = 2.0
CHATS = 4
USES: tuple[tuple[str, ...], ...] = (
    ("F8",),
    ("F7",),
    ("Control_L", "Shift_L", "z"),
    ("Control_L", "Shift_L", "g"),
    ("Control_L", "Shift_L", "w"),
    ("Control_L", "Shift_L", "t"),
    ("Control_L", "Shift_L", "b"),
    ("Control_L", "Next"),
    ("Control_L", "Prior"),
    *(("Alt_L", "Shift_L", side) for side in ("Left", "Right", "Up", "Down")),
    *(("Control_L", "Shift_L", side) for side in ("Left", "Right", "Up", "Down")),
)
COMMANDS = ("movetabtoanew", "movetabtoanother", "closepane")
"""Texts typed into the palette, which ignores the missing spaces."""


@pytest.fixture
def client(display: XServer) -> Iterator[XClient]:
    """Presses keys without starting a process for each."""
    client = XClient()
    yield client
    client.close()


class RandomUser:
    """Random actions of a user: split, move, close, type; no word is typed twice."""

    def __init__(self, choose: random.Random, client: XClient) -> None:
        self._choose = choose
        self._client = client
        self._words = 0

    def act(self) -> None:
        """Do one action."""
        kind = self._choose.random()
        if kind < 0.4:
            self._words += 1
            self._client.type(f"w{self._words}w")
        elif kind < 0.9:
            self._client.press(*self._choose.choice(USES))
        else:
            self._client.press("Control_L", "Shift_L", "p")
            self._client.type(self._choose.choice(COMMANDS))
            self._client.press("Return")


def check_layout(ids: set[str]) -> WindowLayout:
    """Check that the saved layout is valid, and return it."""
    damages: list[str] = []
    with Store.open(paths.database()) as store:
        layout = WindowLayout.from_dict(
            store.layout(lambda: damages.append("unreadable")), lambda: damages.append("damaged")
        )
    assert damages == []
    for window in layout.windows:
        assert sorted(numbers(window.tree)) == list(range(len(window.panes)))
        for pane in window.panes:
            assert set(pane.tabs) <= ids
            assert pane.active in pane.tabs or len(layout.windows) == len(window.panes) == 1
    return layout


def check_typed(chats: list[str]) -> None:
    """Check that no word arrived twice. Two panes of a chat are two attachments, and have no common order."""
    for chat in chats:
        words = re.findall(r"w\d+w", chat_text(chat).replace("\n", ""))
        assert len(words) == len(set(words)), f"{chat}: {words}"


def check_restored(app: Window, layout: WindowLayout) -> None:
    """Check that the window has the saved windows, panes and tabs."""
    expected = [
        (window_number, pane_number, tab, tab == pane.active)
        for window_number, window in enumerate(layout.windows, 1)
        for pane_number, pane in enumerate((window.panes[number] for number in numbers(window.tree)), 1)
        for tab in pane.tabs
    ]
    assert [(tab["window"], tab["pane"], tab["session_id"], tab["in_front"]) for tab in app.tabs()] == expected


def test_a_window_that_is_killed_at_random_moments_of_use_comes_back_as_it_was(
    open_window: OpenWindow, new_chat: NewChat, client: XClient, area: Area
):
    (area.config / "keys.toml").write_text('mirror_right = "F8"\nmirror_down = "F7"\n')
    chats = [new_echo(new_chat, f"chat-{number}")["id"] for number in range(CHATS)]
    with open_window() as app:
        for chat in chats:
            app.show(chat)
        app.ask("close")
        app.process.wait()
    with chance() as choose:
        user = RandomUser(choose, client)
        for _ in range(times(KILLS)):
            layout = check_layout(set(chats))
            with open_window() as app:
                check_restored(app, layout)
                shown = wait_until(app.shown, WAIT_S, "a window")
                xdotool("windowactivate", "--sync", shown[0])
                if not app.tabs():
                    app.show(choose.choice(chats))
                killer = Timer(choose.uniform(0.05, LONGEST_USE_S), app.process.kill)
                killer.start()
                while app.process.poll() is None:
                    user.act()
                    with suppress(subprocess.TimeoutExpired):
                        app.process.wait(choose.uniform(0.0, 0.05))
                killer.join()
            check_layout(set(chats))
            check_typed(chats)
            assert {listed(chat)["state"] for chat in chats} == {"running"}


CRASHED = "The window ended unexpectedly. Your chats kept running."


def test_the_next_window_reports_the_crash_and_opens_the_report(
    area: Area, new_chat: NewChat, reader: ScreenReader, open_window: OpenWindow
):
    chat = new_echo(new_chat, "chat")
    opened, editor = area.root / "opened", area.root / "editor"
    editor.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n')
    editor.chmod(0o700)
    (area.config / "window.toml").write_text(f'editor = "{editor} {{file}}"\n')
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        wait_until_tabs_are_saved(app)
        os.kill(app.process.pid, signal.SIGSEGV)
        app.process.wait(WAIT_S)
    assert "Fatal Python error: Segmentation fault" in outlive("logs", "--window")
    assert listed(chat["id"])["state"] == "running"
    with open_window() as app:
        app.wait_connected([chat["id"]])
        program = reader.program("outlive")
        wait_until(lambda: program.shown(CRASHED), WAIT_S, "the line")
        [button] = program.shown("Show report")
        button.call("Action", "DoAction", "i", 0)
        wait_until(opened.exists, WAIT_S, "the editor to be started")
        assert opened.read_text() == f"{window_log()}\n"
        app.ask("close")
        app.process.wait(WAIT_S)
    with open_window() as app:
        app.wait_connected([chat["id"]])
        assert not reader.program("outlive").shown(CRASHED), "it is said once"


def previous_version(area: Area) -> Path:
    """Make a copy of the product with an older version number; returns its directory."""
    root = area.root / "previous"
    for room in ("session_host", "resources"):
        shutil.copytree(REPOSITORY / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "session_host" / "version.py").write_text('VERSION = "0.0.1"\n')
    return root


def new_chat_of(root: Path, area: Area, name: str) -> dict[str, Any]:
    done = subprocess.run(
        [*OUTLIVE, "new", "command", "-d", "--json", "-n", name, "-C", str(area.home), "--", *program("raw_echo")],
        env={**environment(), "PYTHONPATH": str(root)},
        cwd=root,
        check=True,
        capture_output=True,
        stdin=subprocess.DEVNULL,
    )
    session: dict[str, Any] = json.loads(done.stdout)
    wait_until(lambda: "ready" in chat_text(session["id"]), WAIT_S, "its program to have begun")
    return session


def choose_update(app: Window) -> None:
    app.press("ctrl+shift+p")
    app.type("Update running")
    app.press("Return")


def test_the_window_updates_running_chats_and_typing_continues(open_window: OpenWindow, sessions: Sessions, area: Area):
    chat = new_chat_of(previous_version(area), area, "before")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        app.type("typed before")
        wait_until(lambda: "typed before" in chat_text(chat["id"]), WAIT_S, "what is typed")
        choose_update(app)
        wait_until(lambda: listed(chat["id"])["host_pid"] != chat["host_pid"], WAIT_S, "another host")
        wait_until(lambda: app.tabs()[0]["connected"], WAIT_S, "the tab to be connected")
        app.type(", typed after")
        wait_until(lambda: "typed before, typed after" in chat_text(chat["id"]), WAIT_S, "what is typed")
        now = listed(chat["id"])
    assert (now["state"], now["child_pid"]) == ("running", chat["child_pid"])
    described = description_of(chat["id"])
    assert described.host.version == VERSION
