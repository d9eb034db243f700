"""Chats of another machine in the window, over a real sshd."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from PySide6.QtGui import QImage

from gui.theme.tokens import SIDEBAR_WIDTH_PX
from session_host import paths
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.processes import killed_after
from tests.support.ssh_machines import SshMachine, end_logins, ssh_machines
from tests.support.waiting import wait_until
from tests.support.windows import clipboard, outlive, xdotool

from .conftest import WAIT_S, OpenWindow, chat_text, retry_until
from .user_actions import show_there, wait_until_tabs_are_saved

pytestmark = pytest.mark.e2e

SIDEBAR_PX, TABS_PX = SIDEBAR_WIDTH_PX + 4, 40


@pytest.fixture
def alpha(area: Area, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshMachine]:
    """The machine ``alpha``, added."""
    with ssh_machines(area.root / "m", "alpha") as (started, environment):
        monkeypatch.setenv("PATH", environment["PATH"])
        outlive("machines", "add", "alpha")
        yield started[0]
        end_logins("alpha")
        sessions.end_all()


def test_a_chat_there_outlives_window_and_link(open_window: OpenWindow, alpha: SshMachine) -> None:
    outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
    (chat,) = json.loads(outlive("ls", "--on", "alpha", "--json"))
    far = f"alpha/{chat['id']}"
    with open_window() as first:
        wait_until(first.is_listening, WAIT_S, "the window to listen")
        show_there(first, "alpha:api")
        first.wait_connected([far])
        first.focus()
        first.type("echo typed $((6*7))\n")
        wait_until(lambda: "typed 42" in chat_text("alpha:api"), WAIT_S, "the shell's answer")
        wait_until_tabs_are_saved(first)
        wait_until((paths.state_dir() / "machines" / "alpha.msgpack").exists, WAIT_S, "the list to be kept")
        first.kill()
    alpha.stop()
    with open_window() as second:
        wait_until(second.is_listening, WAIT_S, "the window to listen")
        assert [(tab["session_id"], tab["connected"]) for tab in second.tabs()] == [(far, False)]
        alpha.start()
        second.wait_connected([far])
        second.focus()
        second.type("echo again $((6*8))\n")
        wait_until(lambda: "again 48" in chat_text("alpha:api"), WAIT_S, "the shell's answer")


def test_a_lost_link_leaves_the_page_as_it_was(open_window: OpenWindow, alpha: SshMachine, tmp_path: Path) -> None:
    outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
    # No prompt follows: output that changes what is selected ends the selection.
    outlive("send", "alpha:api", "seq 200; read line", "--enter", "--anyway")
    wait_until(lambda: "\n199\n200" in chat_text("alpha:api"), WAIT_S, "the output")

    def shown() -> QImage:
        outlive("window", "grab", str(tmp_path / "page.png"))
        return QImage(str(tmp_path / "page.png")).copy(SIDEBAR_PX, TABS_PX, 600, 500)

    def is_connected() -> bool:
        return all(tab["connected"] for tab in app.tabs())

    def has_all(text: str) -> bool:
        return text.splitlines()[-200:] == [str(number) for number in range(1, 201)]

    def all_is_selected() -> bool:
        app.press("ctrl+shift+a")
        return has_all(clipboard(selection="primary"))  # The screen comes first, the scrollback later.

    with open_window() as app:
        show_there(app, "alpha:api")
        app.focus()
        wait_until(all_is_selected, WAIT_S, "the output in the window, selected")
        at_end = shown()
        app.press("shift+Page_Up")
        wait_until(lambda: shown() != at_end, WAIT_S, "the page before")
        before = shown()
        alpha.stop()
        wait_until(lambda: not is_connected(), WAIT_S, "the link to be lost")
        wait_until(lambda: shown() != before, WAIT_S, "the page to be faded")
        app.press("ctrl+shift+c")
        wait_until(lambda: has_all(clipboard()), WAIT_S, "the selected text, which can be copied")
        alpha.start()
        wait_until(is_connected, WAIT_S, "the link")
        wait_until(lambda: shown() == before, WAIT_S, "the same rows and selection")
        alpha.stop()
        wait_until(lambda: not is_connected(), WAIT_S, "the link to be lost")
        app.type("\necho typed $((6*7))\n")  # The first Return ends the read.
        alpha.start()
        wait_until(lambda: "typed 42" in chat_text("alpha:api"), WAIT_S, "what was typed meanwhile")


def test_a_new_chat_on_a_machine_by_keyboard(open_window: OpenWindow, alpha: SshMachine) -> None:
    (alpha.home / "src" / "api").mkdir(parents=True)
    with open_window() as app:
        wait_until(app.is_listening, WAIT_S, "the window to listen")
        app.focus()
        app.ask("new_chat")
        app.type("she")  # Shell.
        app.press("Tab", "Down", "Tab")
        app.type("~/src/api")

        def is_started() -> bool:
            app.press("Return")  # It starts nothing before the machine has told its agents.
            return _names() == ["api"]

        wait_until(is_started, WAIT_S, "the chat there")
        wait_until(lambda: [tab["session_id"][:6] for tab in app.tabs()] == ["alpha/"], WAIT_S, "its tab")


def test_a_pasted_image_is_copied_there_and_a_printed_port_is_forwarded_here(
    open_window: OpenWindow, alpha: SshMachine, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    (area.root / "bin").mkdir()
    browser, opened = area.root / "bin" / "xdg-open", area.root / "opened"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new; mv {opened}.new {opened}\n')
    browser.chmod(0o755)
    monkeypatch.setenv("PATH", f"{browser.parent}:{os.environ['PATH']}")
    image = area.root / "image.png"
    picture = QImage(30, 20, QImage.Format.Format_RGB32)
    picture.fill(0)
    picture.save(str(image))
    outlive("new", "-d", "--on", "alpha", "-n", "api", "shell")
    with (
        open_window() as app,
        subprocess.Popen(
            ["xclip", "-selection", "clipboard", "-target", "image/png", "-quiet", image], stderr=subprocess.DEVNULL
        ) as owner,
        killed_after(owner),
        _server() as port,
    ):
        show_there(app, "alpha:api")
        wait_until(lambda: "image/png" in clipboard("TARGETS"), WAIT_S, "the image on the clipboard")
        app.focus()
        app.type("cp ")
        app.press("ctrl+shift+v")
        wait_until(lambda: "image.png" in chat_text("alpha:api"), WAIT_S, "the path there")
        owner.kill()
        app.type("$HOME/copy\n")
        copy = alpha.home / "copy"
        wait_until(lambda: copy.exists() and not QImage(str(copy)).isNull(), WAIT_S, "the image there")
        app.type(f"clear; yes http://localhost:{port}/a?b | head -n 20\n")
        wait_until(lambda: chat_text("alpha:api").count("/a?b\n") >= 20, WAIT_S, "the links")
        place = ["mousemove", "--window", app.shown()[0], str(SIDEBAR_PX + 50), str(TABS_PX + 100)]

        def open_link() -> None:
            xdotool(*place, "keydown", "ctrl", "click", "1", "keyup", "ctrl", "sleep", "0.3", "key", "Return")

        retry_until(open_link, opened.exists, "the browser")
        address = opened.read_text().strip()
        assert not address.startswith(f"http://localhost:{port}/"), "that port is in use here"
        with urllib.request.urlopen(address, timeout=WAIT_S) as answer:
            assert answer.read() == b"/a?b"


@contextmanager
def _server() -> Iterator[int]:
    """A web server, which answers with the path; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.path.encode())

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _names() -> list[str]:
    return [chat["name"] for chat in json.loads(outlive("ls", "--on", "alpha", "--json"))]
