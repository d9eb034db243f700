"""Typed, pasted and composed text goes to the chat that it is meant for."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, Message, MessageType, message_bus, new_method_return, new_signal
from jeepney.io.blocking import DBusConnection, Proxy, open_dbus_connection
from PySide6.QtGui import QImage

from session_host.paths import pasted_files_dir
from tests.support import processes
from tests.support.area import Area
from tests.support.buses import BusDaemon, answering
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard, settings_window, xdotool

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo
from .user_actions import other_window, visible_windows

NAME = "org.freedesktop.portal.IBus"
_CONTEXT = DBusAddress("/org/freedesktop/IBus/InputContext_1", NAME, "org.freedesktop.IBus.InputContext")
_RELEASED = 1 << 30
_COMMITTED: tuple[str, object] = ("(sa{sv}sv)", ("IBusText", {}, "中", ("(sa{sv}av)", ("IBusAttrList", {}, []))))


_LATE_S = 0.3
"""The time in which a window that does not wait for the answer about a key would ask about the next one."""


class InputMethod:
    """The service.

    Attributes:
        members: the methods that were called.
        answers_late: whether it answers the keys that it has got together in reverse order. Those of a window that
            waits for each answer come one by one.
    """

    def __init__(self, connection: DBusConnection) -> None:
        self._connection = connection
        self.members: list[str] = []
        self.answers_late = False

    def answer(self, message: Message) -> None:
        """Answer a call, and all that come soon after it if the answers are to be late."""
        messages = [message]
        while self.answers_late:
            try:
                messages.append(self._connection.receive(timeout=_LATE_S))
            except TimeoutError:
                break
        for each in reversed(messages):
            if each.header.message_type is MessageType.method_call:
                self._answer(each)

    def _answer(self, message: Message) -> None:
        member = str(message.header.fields.get(HeaderFields.member))
        match member, message.body:
            case "CreateInputContext", _:
                answer = new_method_return(message, "o", (_CONTEXT.object_path,))
            case "ProcessKeyEvent", (key, _code, state):
                is_taken = key == ord("z")
                if is_taken and not state & _RELEASED:
                    self._connection.send(new_signal(_CONTEXT, "CommitText", "v", (_COMMITTED,)))
                answer = new_method_return(message, "b", (is_taken,))
            case _:
                answer = new_method_return(message)
        self._connection.send(answer)
        self.members.append(member)


@contextmanager
def input_method() -> Iterator[InputMethod]:
    """Run the service on the session bus."""
    with open_dbus_connection("SESSION") as connection:
        Proxy(message_bus, connection).RequestName(NAME)
        service = InputMethod(connection)
        with answering(connection, service.answer):
            yield service


pytestmark = pytest.mark.e2e


def test_keys_after_closing_the_directory_list_reach_the_name_field(area: Area, open_window: OpenWindow):
    directory = area.home / "api"
    directory.mkdir()
    with open_window() as app:
        app.focus()
        app.press("ctrl+shift+n")
        app.press("Tab")
        app.type(str(directory))
        app.tabs()  # Its answer shows that the window has handled the text and opened the list.
        processes.stop(app.process.pid)
        try:
            app.press("Escape", "Tab", "Tab")  # closes the list; passes Browse
            app.type("typed ahead")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        app.press("Return")
        [tab] = wait_until(app.tabs, WAIT_S, "the chat's tab")
        chat = listed(tab["session_id"])
        assert (chat["name"], chat["cwd"]) == ("typed ahead", str(directory))


NAMED = ("--name", "Outlive")
"""The main window and its menus."""


def open_menu(app: Window, top_px: int = 300) -> None:
    """Open the terminal's context menu ``top_px`` below the window's top.

    Two calls need different positions: two clicks at one position would be a double click.
    """
    [window] = visible_windows(app, *NAMED)
    xdotool("mousemove", "--window", window, "600", str(top_px), "click", "3")
    wait_until(lambda: len(visible_windows(app, *NAMED)) > 1, WAIT_S, "the menu")
    for _ in range(2):
        app.tabs()  # The second answer shows that the window has sent all X requests for showing the menu.


def is_repeated(session_id: str, text: str) -> bool:
    """Whether a typed line is there twice: the terminal's echo, and the output of ``cat``."""
    return chat_text(session_id).count(text) == 2


def test_keys_after_closing_a_menu_reach_the_program_and_it_closes_with_the_keyboard_elsewhere(
    new_chat: NewChat, open_window: OpenWindow
):
    chat = new_chat("chat", "cat")
    with open_window() as app, other_window() as other:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        for top_px, text, keys in ((300, "one", ["Escape"]), (400, "two", ["Down", "Escape"])):
            open_menu(app, top_px)
            processes.stop(app.process.pid)
            try:
                app.press(*keys)
                app.type(text)
                app.press("Return")
            finally:
                os.kill(app.process.pid, signal.SIGCONT)
            wait_until(partial(is_repeated, chat["id"], text), WAIT_S, "the text")
            wait_until(lambda: len(visible_windows(app, *NAMED)) == 1, WAIT_S, "the menu to be gone")
        open_menu(app, 500)
        xdotool("windowfocus", "--sync", other)
        wait_until(lambda: len(visible_windows(app, *NAMED)) == 1, WAIT_S, "the menu to close")


def test_keys_after_closing_a_choice_list_reach_the_choice(area: Area, open_window: OpenWindow):
    settings = area.config / "window.toml"
    with open_window() as app:
        app.focus()
        app.press("ctrl+comma")
        settings_window(app)
        app.type("group chats")
        app.press("Tab", "Tab")
        before = visible_windows(app)
        app.press("space")
        wait_until(lambda: visible_windows(app) - before, WAIT_S, "the list")
        for _ in range(2):
            app.tabs()  # The second answer shows that the window has sent all X requests for showing the list.
        processes.stop(app.process.pid)
        try:
            app.press("Escape", "Down")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        wait_until(lambda: settings.exists() and "project" in settings.read_text(), WAIT_S, "the next choice")


WAYS = [
    [("press", "ctrl+shift+Return")],
    [("press", "ctrl+shift+d")],
    [("press", "ctrl+shift+p"), ("type", "new shell"), ("press", "Return")],
    [("press", "ctrl+shift+n"), ("press", "Return")],
]
"""The ways of starting a shell: its key, beside the chat, in the palette, in the sheet."""


def test_what_is_typed_right_after_the_start_of_a_shell_goes_to_that_shell(
    open_window: OpenWindow, new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # No agent is installed: the sheet has chosen the shell.
    monkeypatch.setenv("SHELL", "/bin/sh")
    before = new_echo(new_chat, "before")["id"]
    with open_window() as app:
        app.focus()
        for number, ways in enumerate(WAYS, 40):
            known = {before, *(tab["session_id"] for tab in app.tabs())}
            app.show(before)
            app.wait_connected([before])
            for how, what in ways[:-1]:
                getattr(app, how)(what)
            app.tabs()  # Its answer shows that the window has handled the keys so far.
            processes.stop(app.process.pid)
            try:
                app.press(ways[-1][1])
                app.press("x", "ctrl+u")  # It deletes the line: in the shell, too.
                app.type(f"echo $(({number} + 2))-ahead")
                app.press("Return")
            finally:
                os.kill(app.process.pid, signal.SIGCONT)
            [started] = wait_until(partial(new_tabs, app, known), WAIT_S, "the shell's tab")
            wait_until(partial(has_said, started, f"{number + 2}-ahead"), WAIT_S, f"the text after {ways}")
        assert chat_text(before).split() == ["ready"]


def new_tabs(app: Window, known: set[str]) -> list[str]:
    """The chats with a tab that are not known yet."""
    return [tab["session_id"] for tab in app.tabs() if tab["session_id"] not in known]


def has_said(session_id: str, text: str) -> bool:
    return text in chat_text(session_id)


BEGIN, END = b"\x1b[200~", b"\x1b[201~"


def saves_its_input(path: Path) -> list[str]:
    """A program that understands bracketed pastes and saves its input."""
    return ["sh", "-c", rf"stty raw -echo; printf '\033[?2004hready'; exec cat >{path}"]


def test_a_huge_text_and_an_image_on_the_clipboard_arrive_as_one_paste_each(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    received = area.root / "received"
    chat = new_chat("reads", *saves_its_input(received))
    text = b"".join(b"line %d of what is on the clipboard\n" % number for number in range(130_000))
    assert len(text) > 5_000_000
    picture = area.root / "red.png"
    red = QImage(3, 2, QImage.Format.Format_RGB32)
    red.fill(0xFF0000)
    assert red.save(str(picture))
    wait_until(lambda: "ready" in chat_text(chat["id"]), WAIT_S, "the program")
    to_clipboard = ["xclip", "-selection", "clipboard"]
    subprocess.run(to_clipboard, input=text, check=True)
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+v")
        assert app.tabs()[0]["connected"], "the window has taken the key"
        assert received.read_bytes() == b"", "it asks first"
        app.answer("Return")
        paste = BEGIN + text.replace(b"\n", b"\r") + END
        wait_until(lambda: received.stat().st_size >= len(paste), WAIT_S, "the end of the paste")
        assert received.read_bytes() == paste
        subprocess.run([*to_clipboard, "-t", "image/png", str(picture)], check=True)
        wait_until(lambda: "image/png" in clipboard("TARGETS"), WAIT_S, "the image on the clipboard")
        app.press("ctrl+shift+v")
        wait_until(lambda: received.read_bytes()[len(paste) :].endswith(END), WAIT_S, "the name of the image")
    [name] = shlex.split(received.read_bytes()[len(paste) :].removeprefix(BEGIN).removesuffix(END).decode())
    assert QImage(name) == red
    assert Path(name).parent.parent == pasted_files_dir(chat["id"])
    assert Path(name).stat().st_mode & 0o777 == 0o600
    subprocess.run(to_clipboard, input=b"", check=True)


def test_fcitx_types_into_a_terminal_and_chats_do_not_get_the_variables_for_that(
    session_bus: BusDaemon, open_window: OpenWindow, new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QT_IM_MODULE", "fcitx")
    first = new_chat("first", "cat")["id"]
    with input_method() as service, open_window() as app:
        app.show(first)
        app.focus()
        wait_until(lambda: "SetCursorLocation" in service.members, WAIT_S, "the window to use the input method")
        service.answers_late = True
        processes.stop(app.process.pid)
        try:
            app.type("azb\n")
        finally:
            os.kill(app.process.pid, signal.SIGCONT)
        wait_until(lambda: chat_text(first).count("b") == 2, WAIT_S, "the text of the input method, and its echo")
        assert "a中b\na中b" in chat_text(first)
        service.answers_late = False
        app.press("ctrl+shift+Return")
        wait_until(lambda: len(app.tabs()) == 2, WAIT_S, "a shell that the window has started")
        shell = next(tab["session_id"] for tab in app.tabs() if tab["session_id"] != first)
        app.type("env | grep -c 'QT_IM_MODULES\\|IBUS_USE'; echo end$((1+1))\n")
        wait_until(lambda: "end2" in chat_text(shell), WAIT_S, "the shell's variables")
        assert "\n0\n" in chat_text(shell)
