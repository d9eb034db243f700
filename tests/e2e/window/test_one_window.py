"""One window for all chats of a user: its start, also from an icon or at login, its record and its socket."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from PySide6.QtGui import QImage

from gui.settings.autostart import autostart_file
from session_host import paths
from tests.programs import Gate, program
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import REPOSITORY, environment
from tests.support.disks import remove_in_use
from tests.support.displays import XServer
from tests.support.reboots import kill_at_once
from tests.support.themes import LIGHT
from tests.support.waiting import wait_until
from tests.support.windows import PATIENT_ARGV, Window, has_keyboard, outlive, xdotool

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, picture, retry_until

pytestmark = pytest.mark.e2e


def start_again() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gui"],
        env=environment(), cwd=REPOSITORY, capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip


def test_a_second_start_raises_the_first_and_ends(open_window: OpenWindow):
    with open_window() as first:
        first.focus()
        window = xdotool("getactivewindow").strip()
        xdotool("windowminimize", "--sync", window)
        second = start_again()
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
        wait_until(lambda: _is_active(window), WAIT_S, "the first window to be in front")
        assert first.process.poll() is None


@pytest.mark.parametrize("is_minimized", [False, True])
def test_a_second_start_raises_the_window_from_another_desktop(
    open_window: OpenWindow, window_manager: None, is_minimized: bool
):
    with open_window() as first:
        first.focus()
        window = xdotool("getactivewindow").strip()
        place = xdotool("getwindowgeometry", window)
        if is_minimized:
            xdotool("windowminimize", "--sync", window)
        xdotool("set_desktop", "1")
        try:
            wait_until(lambda: not first.shown(), WAIT_S, "the window to be on another desktop than the user")
            start_again()
            wait_until(lambda: _is_active(window), WAIT_S, "the window to be in front")
            wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the window to have the keyboard")
            assert xdotool("get_desktop_for_window", window).strip() == xdotool("get_desktop").strip() == "1"
            assert xdotool("getwindowgeometry", window) == place
        finally:
            xdotool("set_desktop", "0")


def test_commands_open_the_sheet_for_a_new_chat_and_hide_the_window_that_the_user_is_in(open_window: OpenWindow):
    """A global key of the desktop may run these commands, as for a terminal that drops down."""

    def started() -> list[dict[str, object]]:
        tabs = app.tabs()
        if not tabs:
            app.press("Return")
        return tabs

    with open_window() as app:
        outlive("window", "new")
        app.focus()
        [tab] = wait_until(started, WAIT_S, "the chat", every_s=0.2)
        assert listed(str(tab["session_id"]))["agent"] == "shell"
        app.wait_connected([str(tab["session_id"])])

        window = xdotool("getactivewindow").strip()
        place = xdotool("getwindowgeometry", window)
        outlive("window", "toggle")
        wait_until(lambda: not app.shown(), WAIT_S, "the window to be hidden")
        outlive("window", "toggle")
        wait_until(lambda: _is_active(window), WAIT_S, "the window to be in front")
        wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the window to have the keyboard")
        assert xdotool("getwindowgeometry", window) == place
        app.type("typed at once")
        wait_until(lambda: "typed at once" in app.copy_all(), WAIT_S, "the text in the chat")
        assert outlive("window", "next") == "no chats need you\n"


def _is_active(window: str) -> bool:
    done = subprocess.run(["xdotool", "getactivewindow"], capture_output=True, text=True, check=False)
    return done.stdout.strip() == window


def test_a_window_that_hangs_is_reported_in_one_line(open_window: OpenWindow):
    with open_window() as first:
        processes.stop(first.process.pid)
        try:
            second = start_again()
        finally:
            first.process.send_signal(signal.SIGCONT)
        assert second.returncode == 1
        assert len(second.stderr.splitlines()) == 1
        assert "does not respond" in second.stderr


def test_a_window_starts_despite_the_socket_of_a_killed_one(open_window: OpenWindow):
    with open_window() as first:
        first.kill()
    assert paths.window_socket().exists()
    with open_window() as second:
        assert second.tabs() == []


def test_a_window_stays_the_only_one_after_its_runtime_directory_was_removed(
    open_window: OpenWindow, new_chat: NewChat
):
    chat = new_chat("echo", *program("raw_echo"))
    with open_window() as first:
        for _ in range(2):
            remove_in_use(paths.runtime_dir())
            wait_until(paths.window_socket().exists, WAIT_S, "the window's socket")
            wait_until(first.is_listening, WAIT_S, "the window to listen")
        second = start_again()
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
        outlive("window", "show", "echo")
        assert [tab["session_id"] for tab in first.tabs()] == [chat["id"]]


def test_chats_are_shown_by_name_and_keep_their_screen_when_they_end(
    open_window: OpenWindow, new_chat: NewChat, gate: Gate
):
    ended = new_chat("ended", *program("end_with", "3", "--text", "the last words"))
    chat = new_chat("short", *program("end_with", "TERM", "--text", "still here", "--gate", gate.path))
    with open_window() as app:
        outlive("window", "show", "short")
        [tab] = app.tabs()
        assert tab == {
            "session_id": chat["id"], "name": "short", "state": "running", "active": True, "connected": True,
            "window": 1, "pane": 1, "in_front": True,
        }  # fmt: skip
        with pytest.raises(RuntimeError, match="exit 3"):
            outlive("window", "show", "nobody")
        gate.release()
        wait_until(lambda: app.tabs()[0]["state"] == "exited", WAIT_S, "the end")
        app.focus()
        wait_until(lambda: "still here" in app.copy_all(), WAIT_S, "the last screen", every_s=0.1)

        outlive("window", "show", "ended")
        assert [(tab["state"], tab["connected"]) for tab in app.tabs() if tab["session_id"] == ended["id"]] == [
            ("exited", False)
        ]  # fmt: skip
        wait_until(lambda: "the last words" in app.copy_all(), WAIT_S, "the last screen", every_s=0.1)


def test_a_chat_without_host_and_keeper_is_shown_as_lost(open_window: OpenWindow, new_chat: NewChat):
    chat = new_chat("gone", *program("raw_echo"))
    with open_window() as app:
        app.show(chat["id"])
        now = listed(chat["id"])
        kill_at_once([now["host_pid"], *processes.keepers(now["keeper_pid"])])
        wait_until(lambda: app.tabs()[0]["state"] == "lost", WAIT_S, "the loss to be seen")
        assert not app.tabs()[0]["connected"]
        wait_until(lambda: not processes.is_alive(chat["child_pid"]), WAIT_S, "the program to be hung up")


def test_chats_started_and_renamed_elsewhere_appear_in_the_window(open_window: OpenWindow, new_chat: NewChat):
    with open_window() as app:
        chat = new_chat("first name", *program("raw_echo"))
        app.focus()

        def choose() -> None:
            app.press("ctrl+shift+k", "ctrl+a")
            app.type("first name")
            app.press("Return")

        retry_until(choose, lambda: [tab["name"] for tab in app.tabs()] == ["first name"], "the new chat's tab")
        outlive("rename", chat["id"], "second name")
        wait_until(lambda: [tab["name"] for tab in app.tabs()] == ["second name"], WAIT_S, "the new name")


def test_a_picture_shows_the_window(open_window: OpenWindow, area: Area):
    (area.config / "window.toml").write_text('appearance = "light"\n')
    with open_window() as app:
        image = QImage(str(picture(app, area, "window")))
        assert image.width() >= 480
        assert image.pixelColor(image.width() // 2, 60) == LIGHT.tokens.color("page")
        with pytest.raises(RuntimeError, match="cannot write the picture"):
            app.ask("grab", file=str(area.root / "nowhere" / "x.png"))
        with pytest.raises(RuntimeError, match="absolute"):
            app.ask("grab", file="x.png")


def test_a_window_starts_after_start_at_login_was_changed_in_the_file(open_window: OpenWindow, area: Area):
    for is_enabled in (True, False):
        (area.config / "window.toml").write_text(f"start_at_login = {str(is_enabled).lower()}\n")
        with open_window() as app:
            assert app.tabs() == []
            assert autostart_file().exists() == is_enabled
            app.ask("close")
            assert app.process.wait(WAIT_S) == 0


def test_a_settings_file_that_cannot_be_read_is_not_changed(open_window: OpenWindow, area: Area):
    path = area.config / "window.toml"
    path.write_text("appearance = ")
    (area.config / "agents").mkdir()
    (area.config / "agents" / "mine.toml").write_text("title = 3")
    with open_window() as app:
        app.ask("close")
        app.process.wait(WAIT_S)
    assert path.read_text() == "appearance = "


def test_a_window_opens_and_closes_although_its_record_cannot_be_written(open_window: OpenWindow, area: Area):
    area.state.rmdir()
    area.state.touch()
    with open_window() as app:
        assert app.tabs() == []
        app.ask("close")
        assert app.process.wait(WAIT_S) == 0
    area.state.unlink()
    area.state.mkdir(mode=0o700)


def test_a_damaged_record_is_recreated_and_running_chats_are_found(open_window: OpenWindow, new_chat: NewChat):
    chat = new_chat("survivor", *program("raw_echo"))
    database = paths.database()
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.write_bytes(b"this is no database" * 1000)
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
    assert list(database.parent.glob("outlive.db.damaged-*"))


def test_a_runtime_directory_that_is_a_link_is_refused(display: XServer, area: Area):
    area.runtime.rmdir()
    area.runtime.symlink_to(area.temporary)
    done = start_again()
    area.runtime.unlink()
    area.runtime.mkdir(mode=0o700)
    assert done.returncode == 1
    assert "symbolic link" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.fixture
def environment_of_a_desktop(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("TERM")


def started(app: Window) -> str:
    """The chat's id; presses Enter and returns "" if the chat has not been started yet."""
    tabs = app.tabs()
    if not tabs:
        app.press("Return")
        return ""
    return str(tabs[0]["session_id"])


def test_an_agent_that_only_the_login_shell_finds_is_started(
    open_window: OpenWindow, area: Area, gate: Gate, environment_of_a_desktop: None
) -> None:
    programs = area.home / ".nvm" / "bin"
    programs.mkdir(parents=True)
    for name, text in {"claude": "#!/usr/bin/env node\n", "node": '#!/bin/sh\necho "node runs $1"\ncat\n'}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (area.home / ".bash_profile").write_text(f"read -n 1 x <{gate.path}\nPATH={programs}:$PATH\n")

    # In a session of its own, so that the window does not have the terminal in which the tests may run.
    with open_window(argv=PATIENT_ARGV, has_own_session=True) as app:
        app.focus()
        app.press("ctrl+shift+n")
        gate.release()
        for _ in range(12):
            app.press("Left")  # Claude Code is the first agent, and disabled until the login shell has answered.
        session_id = wait_until(lambda: started(app), WAIT_S, "the chat", every_s=0.2)
        wait_until(lambda: f"node runs {programs}/claude" in chat_text(session_id), WAIT_S, "the agent")

    entry = listed(session_id)
    assert entry["agent"] == "claude"


def test_a_mistake_in_the_settings_at_the_start_leaves_the_entry_until_it_is_corrected(
    open_window: OpenWindow, area: Area
) -> None:
    settings = area.config / "window.toml"
    settings.write_text("start_at_login = true\n")
    with open_window():
        wait_until(autostart_file().exists, WAIT_S, "the entry")
    settings.write_text("start_at_login = true\nfont_size =\n")
    with open_window():
        assert autostart_file().exists(), "a window that listens has applied its settings"
        settings.write_text("start_at_login = false\n")
        wait_until(lambda: not autostart_file().exists(), WAIT_S, "the entry to go")


def _proc_data(app: Window) -> tuple[str, dict[bytes, bytes], str]:
    """The window's command line, environment and working directory, from /proc."""
    pid = app.process.pid
    return processes.command_line(pid), processes.environment(pid), os.readlink(f"/proc/{pid}/cwd")  # noqa: PTH115


def test_a_forked_window_has_the_proc_data_and_exit_status_of_an_executed_one(open_window: OpenWindow) -> None:
    with open_window() as forked:
        shown = _proc_data(forked)
        forked.kill()
    with open_window(has_own_session=True) as executed:
        assert _proc_data(executed) == shown
        executed.kill()

    assert not isinstance(forked.process, subprocess.Popen)
    assert isinstance(executed.process, subprocess.Popen)
    assert forked.process.returncode == executed.process.returncode == -9
