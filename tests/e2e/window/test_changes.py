"""The window with the changes in a chat's directory, opened, read and closed with real keys."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.e2e.window.conftest import WAIT_S, OpenWindow, echo
from tests.e2e.window.user_actions import saved_layout
from tests.support.area import Area
from tests.support.chat_commands import install_agent, wait, wait_for_text
from tests.support.commands import new
from tests.support.repositories import Checkout
from tests.support.screen_reader import ScreenReader
from tests.support.waiting import wait_until
from tests.support.windows import Window, has_keyboard, outlive

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("sessions")]


def changes_windows(app: Window) -> list[str]:
    """The ids of the visible windows with changes."""
    search = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(app.process.pid), "--name", "^Changes — "]
    return subprocess.run(search, check=False, capture_output=True, text=True, timeout=WAIT_S).stdout.split()


def show_changes(app: Window, session: str) -> None:
    """Open the window with the changes of a chat, and wait until it has the keyboard."""
    app.show(session)
    app.wait_connected([session])
    app.focus()
    app.press("ctrl+shift+i")
    [window] = wait_until(lambda: changes_windows(app), WAIT_S, "the window with the changes")
    wait_until(lambda: has_keyboard(int(window)), WAIT_S, "it to have the keyboard")


def test_changed_files_are_reviewed_opened_in_the_editor_and_discarded_by_keys(
    open_window: OpenWindow, area: Area
) -> None:
    checkout = Checkout.new(area.home / "api")
    checkout.write("file", "file\nchanged\n")
    checkout.write("src/deep/file", "another\n")
    opened = area.root / "opened"
    editor = checkout.write("../editor", f'#!/bin/sh\nprintf "%s\\n" "$@" >>{opened}\n')
    editor.chmod(0o755)
    (area.config / "window.toml").write_text(f'editor = "{editor} {{file}}:{{line}}"\n')
    chat = json.loads(
        outlive("new", "command", "-d", "--json", "-n", "work", "-C", str(checkout.path / "src"), "--", *echo())
    )
    with open_window() as app:
        show_changes(app, chat["id"])

        def is_opened(line: str) -> bool:
            """Press Enter, and check whether the editor has opened a file: it cannot before the changes are read."""
            app.press("Return")
            return opened.exists() and line in opened.read_text()

        wait_until(lambda: is_opened(f"{checkout.path}/file:2\n"), WAIT_S, "the first file in the editor")
        app.press("Down")
        wait_until(lambda: is_opened(f"{checkout.path}/src/deep/file:1\n"), WAIT_S, "the second file in the editor")
        app.press("Tab", "Tab", "Tab", "ctrl+Down", "Menu", "Up", "Return", "Tab", "Return")
        committed = checkout.path / "src/deep/file"

        def is_discarded() -> bool:
            try:
                return committed.read_text() == "src/deep/file\n"
            except FileNotFoundError:  # git removes a file before it writes it again.
                return False

        wait_until(is_discarded, WAIT_S, "the discard")
        app.press("Escape", "Escape")
        wait_until(lambda: not changes_windows(app), WAIT_S, "the window to be closed")
        app.focus()
        app.press("ctrl+shift+p")
        app.type("review")
        app.press("Return")
        wait_until(lambda: changes_windows(app), WAIT_S, "the window by a word of other programs")


def test_a_comment_outlives_a_killed_window_and_ctrl_shift_enter_sends_it_although_a_button_has_the_focus(
    open_window: OpenWindow, area: Area
) -> None:
    checkout = Checkout.new(area.home / "api")
    checkout.write("file", "changed\n")
    read, got = area.root / "read", area.root / "got"
    editor = checkout.write("../editor", f"#!/bin/sh\necho >>{read}\n")
    editor.chmod(0o755)
    (area.config / "window.toml").write_text(f'editor = "{editor} {{file}}:{{line}}"\n')
    command = ["bash", "-c", f"printf '\\e[?2004h'; cat >{got}"]
    chat = json.loads(outlive("new", "command", "-d", "--json", "-n", "work", "-C", str(checkout.path), "--", *command))

    def open_box(app: Window, tabs: int) -> None:
        """Open the window, go to the first changed line by ``tabs`` presses of Tab, and open the comment box there."""
        show_changes(app, chat["id"])
        read.unlink(missing_ok=True)

        def is_read() -> bool:
            app.press("Return")
            return read.exists()

        wait_until(is_read, WAIT_S, "the changes to be read")
        app.press(*["Tab"] * tabs, "ctrl+Down", "ctrl+Return")

    def drafts() -> list[tuple[str, str]]:
        return [(each.text, each.draft) for each in saved_layout().review_comments.get(chat["id"], [])]

    with open_window() as first:
        open_box(first, 3)
        first.type("half a")
        wait_until(lambda: drafts() == [("", "half a")], WAIT_S, "what was typed to be saved")
        first.kill()
    with open_window() as second:
        open_box(second, 5)
        second.type(" thought")
        second.press("ctrl+Return", "shift+Tab", "ctrl+shift+Return")
        wait_until(lambda: got.exists() and "> -file" in got.read_text(), WAIT_S, "the paste")
        assert "thought" not in got.read_text(), "its last line waits for Enter"

        def is_entered() -> bool:
            second.press("Return")
            return "half a thought\x1b[201~\n" in got.read_text()

        wait_until(is_entered, WAIT_S, "the last line")
        wait_until(lambda: drafts() == [], WAIT_S, "no comment to be left")


def test_files_are_restored_to_before_a_prompt_that_is_chosen_in_since_and_the_restore_is_undone(
    open_window: OpenWindow, area: Area, reader: ScreenReader
) -> None:
    checkout = Checkout.new(area.home / "api")
    checkout.write("mine", "changed before the prompt\n")
    made = checkout.path / "made"
    install_agent(area)
    with (area.config / "agents/fake.toml").open("a", encoding="utf-8") as file:
        file.write("[signals]\nends_all = true\n")
    session = new("fake", "--runtime", "structured", "-n", "x", "-C", str(checkout.path))
    wait("x", "idle")
    with open_window() as app:
        app.show(session)
        app.focus()
        app.type(f"write: {made}")
        app.press("Return")
        wait_for_text("x", "^echo: ")
        wait("x", "idle")
        show_changes(app, session)
        [program] = [each for each in reader.program("outlive").children() if each.name == "Changes"]

        def until_shown(text: str) -> None:
            """Wait until something that begins with this text is on the screen."""
            wait_until(lambda: any(name.startswith(text) for name in program.names("showing")), WAIT_S, text)

        def until_focused(text: str) -> None:
            wait_until(lambda: any(name.startswith(text) for name in program.names("focused")), WAIT_S, f"{text!r}")

        def go_to(text: str) -> None:
            """Press Tab until something that begins with this text has the keyboard."""

            def is_there() -> bool:
                app.press("Tab")
                return any(name.startswith(text) for name in program.names("focused"))

            wait_until(is_there, WAIT_S, text)

        until_shown("mine, untracked")
        app.press("Tab")
        until_focused("Since the last commit")
        app.press("Return")
        app.type("write")
        until_shown("“write: ")
        app.press("Return")
        until_shown("Since “write: ")
        until_shown("made, added")
        assert not any(name.startswith("mine") for name in program.names("showing"))
        app.press("Tab", "Tab")
        until_focused("Restore…")
        app.press("Return")
        until_focused("Cancel")
        assert made.exists()
        app.press("Tab", "Return")
        until_shown("No file differs")
        assert not made.exists()
        go_to("Undo restore")
        app.press("Return")
        until_shown("The restore is undone: 1 file.")
        assert made.exists()
    assert checkout.git("status", "--porcelain") == "?? made\n?? mine"
