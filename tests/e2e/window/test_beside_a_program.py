"""From a shell with a program in its foreground: its files open at their line, and further shells where it is."""

from __future__ import annotations

import json

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, listed
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def opened(app: Window, *keys: str) -> str:
    """Press keys that open a chat; returns its id, once it is in front and connected."""
    before = {tab["session_id"] for tab in app.tabs()}
    app.press(*keys)

    def started() -> list[str]:
        tabs = app.tabs()
        return [tab["session_id"] for tab in tabs if tab["active"] and tab["session_id"] not in before]

    [session_id] = wait_until(started, WAIT_S, f"the tab of a chat after {keys}", every_s=0.05)
    app.wait_connected([session_id])
    return str(session_id)


def wait_for_text(chat: str, text: str) -> None:
    wait_until(lambda: text in chat_text(chat), WAIT_S, lambda: f"{text!r} in {chat_text(chat)!r}", every_s=0.05)


def test_a_shell_beside_a_program_starts_where_that_is_and_a_file_opens_at_its_line_in_a_tab(
    open_window: OpenWindow, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, programs = area.home / "project", area.root / "bin"
    (project / "src").mkdir(parents=True)
    (project / "src/app.py").touch()
    (project / "errors").write_text("src/app.py:12: error\n")
    programs.mkdir()
    for name, lines in (("nano", 'echo "told: $*"; read line'), ("xdg-mime", "exit 1")):  # No editor has a window.
        (programs / name).write_text(f"#!/bin/sh\n{lines}\n")
        (programs / name).chmod(0o700)
    for name, value in (("PATH", f"{programs}:/usr/bin:/bin"), ("SHELL", "/bin/bash"), ("VISUAL", "nano")):
        monkeypatch.setenv(name, value)
    (area.home / ".bashrc").write_text("PS1='$ '\n")
    shell = json.loads(outlive("new", "shell", "-d", "--json", "-n", "shell", "-C", str(project)))["id"]
    with open_window() as app:
        app.show(shell)
        app.focus()
        app.type("cat errors; (cd src; cat)")
        app.press("Return")
        wait_for_text(shell, "app.py:12")
        wait_until(lambda: listed(shell)["foreground"] == "cat", WAIT_S, "the program in the foreground")

        for keys, pane in (("ctrl+shift+Return", 1), ("ctrl+shift+d", 2)):
            app.show(shell)
            beside = opened(app, keys)
            assert [tab["pane"] for tab in app.tabs() if tab["session_id"] == beside] == [pane]
            app.type("pwd")
            app.press("Return")
            wait_for_text(beside, f"{project}/src\n")

        app.show(shell)
        editor = opened(app, "ctrl+shift+h", "a")
        wait_for_text(editor, f"told: +12,1 {project}/src/app.py")
        app.press("Return")
        wait_until(lambda: editor not in {tab["session_id"] for tab in app.tabs()}, WAIT_S, "its tab to close")
