"""One window for all chats of a user: its start, also from an icon or at login, its record and its socket."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from session_host import paths
from session_host.client.autostart import autostart_file
from tests.programs import Gate
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import REPOSITORY, environment
from tests.support.disks import remove_in_use
from tests.support.reboots import kill_at_once
from tests.support.waiting import wait_until
from tests.support.windows import PATIENT_ARGV, Window, has_keyboard, outlive, xdotool

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, listed, new_echo

pytestmark = pytest.mark.e2e


def start_again() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gui"],
        env=environment(),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def started(app: Window) -> str:
    """The chat's id; presses Enter and returns "" if the chat has not been started yet."""
    tabs = app.tabs()
    if not tabs:
        app.press("Return")
        return ""
    return str(tabs[0]["session_id"])


def test_commands_open_a_chat_and_hide_and_show_the_window_and_one_that_hangs_is_reported(
    open_window: OpenWindow, area: Area
):
    """A global key of the desktop may run these commands, as for a terminal that drops down."""
    with open_window() as app:
        outlive("window", "new")
        app.focus()
        chat = wait_until(lambda: started(app), WAIT_S, "the chat", every_s=0.2)
        assert listed(chat)["agent"] == "shell"
        app.wait_connected([chat])
        window = xdotool("getactivewindow").strip()
        place = xdotool("getwindowgeometry", window)

        outlive("window", "toggle")
        wait_until(lambda: not app.shown(), WAIT_S, "the window to be hidden")
        outlive("window", "toggle")
        wait_until_in_front(window)
        assert xdotool("getwindowgeometry", window) == place
        app.type("typed at once")
        wait_until(lambda: "typed at once" in app.copy_all(), WAIT_S, "the text in the chat")
        assert outlive("window", "next") == "no chats need you\n"

        processes.stop(app.process.pid)
        try:
            second = start_again()
        finally:
            app.process.send_signal(signal.SIGCONT)
        assert second.returncode == 1
        [line] = second.stderr.splitlines()
        assert "does not respond" in line
        for file, refusal in (
            (str(area.root / "nowhere" / "x.png"), "cannot write the picture"),
            ("x.png", "absolute"),
        ):
            with pytest.raises(RuntimeError, match=refusal):
                app.ask("grab", file=file)


@pytest.mark.parametrize("is_minimized", [False, True])
def test_a_second_start_brings_the_window_to_the_users_desktop_and_ends(open_window: OpenWindow, is_minimized: bool):
    with open_window() as first:  # No earlier command has raised it: that would bring it here by itself a moment later.
        first.focus()
        window = xdotool("getactivewindow").strip()
        place = xdotool("getwindowgeometry", window)
        if is_minimized:
            xdotool("windowminimize", "--sync", window)
        xdotool("set_desktop", "1")
        try:
            wait_until(lambda: not first.shown(), WAIT_S, "the window to be on another desktop than the user")
            second = start_again()
            assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
            wait_until_in_front(window)
            assert xdotool("get_desktop_for_window", window).strip() == xdotool("get_desktop").strip() == "1"
            assert xdotool("getwindowgeometry", window) == place
        finally:
            xdotool("set_desktop", "0")


def wait_until_in_front(window: str) -> None:
    """Wait until the window is active and has the keyboard."""
    wait_until(lambda: _is_active(window), WAIT_S, "the window to be in front")
    wait_until(lambda: has_keyboard(int(window)), WAIT_S, "the window to have the keyboard")


def _is_active(window: str) -> bool:
    done = subprocess.run(["xdotool", "getactivewindow"], capture_output=True, text=True, check=False)
    return done.stdout.strip() == window


def test_a_window_stays_the_only_one_after_its_runtime_directory_was_removed(
    open_window: OpenWindow, new_chat: NewChat
):
    chat = new_echo(new_chat, "echo")
    with open_window() as first:
        for _ in range(2):
            remove_in_use(paths.runtime_dir())
            wait_until(paths.window_socket().exists, WAIT_S, "the window's socket")
            wait_until(first.is_listening, WAIT_S, "the window to listen")
        second = start_again()
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
        first.show("echo")
        assert [tab["session_id"] for tab in first.tabs()] == [chat["id"]]


def test_a_chat_without_host_and_keeper_is_shown_as_lost(open_window: OpenWindow, new_chat: NewChat):
    chat = new_echo(new_chat, "gone")
    with open_window() as app:
        app.show(chat["id"])
        now = listed(chat["id"])
        kill_at_once([now["host_pid"], *processes.keepers(now["keeper_pid"])])
        wait_until(lambda: app.tabs()[0]["state"] == "lost", WAIT_S, "the loss to be seen")
        assert not app.tabs()[0]["connected"]
        wait_until(lambda: not processes.is_alive(chat["child_pid"]), WAIT_S, "the program to be hung up")


def test_a_damaged_record_is_recreated_and_running_chats_are_found(open_window: OpenWindow, new_chat: NewChat):
    chat = new_echo(new_chat, "survivor")
    database = paths.database()
    for suffix in ("-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.write_bytes(b"this is no database" * 1000)
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
    assert list(database.parent.glob("outlive.db.damaged-*"))


@pytest.fixture
def environment_of_a_desktop(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("TERM")


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
