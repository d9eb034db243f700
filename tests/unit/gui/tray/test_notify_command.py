"""The user's command that runs for each notification."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gui.tray import notify_command
from gui.tray.notify_command import NotifyCommand, filled
from tests.support.waiting import wait_for_end
from tests.unit.gui.conftest import WindowHarness

SAVES = "import sys; open(sys.argv[1], 'a').write('|'.join(sys.argv[2:]) + chr(10))"


class FakeNotifications:
    """A fake of the desktop's notifications."""

    def __init__(self) -> None:
        self.shown: dict[str, str] = {}

    def show(self, key: str, title: str, text: str, actions: Sequence[tuple[str, str]] = ()) -> None:
        self.shown[key] = f"{title}: {text} {[label for _, label in actions]}"

    def withdraw(self, key: str) -> None:
        del self.shown[key]


def test_texts_replace_the_commands_placeholders_and_stay_in_one_argument():
    assert filled("post --title {title} 'x: {text}' {other}", "a; b", "{title} $c") == [
        "post", "--title", "a; b", "x: {title} $c", "{other}",
    ]  # fmt: skip
    assert filled("~/my-script -v", "a b", "") == ["~/my-script", "-v", "a b", ""]


async def test_the_command_runs_once_for_each_notification_which_is_shown_as_before(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    notifications, messages, saved = FakeNotifications(), list[str](), tmp_path / "saved"
    command = NotifyCommand(notifications, messages.append, harness.sessions)
    command.show("one", "one needs you", "before")
    command.command = f'{sys.executable} -c "{SAVES}" {saved} {{title}} {{text}}'
    command.show("one", "one needs you", "make?")
    command.show("one", "one needs you", "make?", [("yes", "Yes")])
    monkeypatch.setattr(notify_command, "INTERVAL_S", 0.0)
    await harness.until(lambda: saved.exists() and saved.read_text(), "the command")
    command.show("one", "one needs you", "rm -r x?")
    await harness.until(lambda: saved.read_text().count("\n") == 2, "the command again")
    assert saved.read_text() == "one needs you|make?\none needs you|rm -r x?\n"
    assert notifications.shown == {"one": "one needs you: rm -r x? []"}
    command.withdraw("one")
    command.close()
    assert (notifications.shown, messages) == ({}, [])


async def test_a_command_that_fails_is_reported_with_its_last_line(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    messages: list[str] = []
    command = NotifyCommand(FakeNotifications(), messages.append, harness.sessions)
    for argv, line in (
        ("sh -c 'echo trying >&2; echo no network >&2; exit 6' x", "sh, failed with exit code 6: no network"),
        ("/no/such/program", "Can’t run the command for notifications, /no/such/program: "),
        ("sleep 600 {text}", "sleep, was killed or took too long"),
    ):
        messages.clear()
        monkeypatch.setattr(notify_command, "TIMEOUT_MS", 200 if "sleep" in argv else 60_000)
        command.command = argv
        command.show(argv, "1", "1")
        await harness.until(lambda: messages, "the problem")
        assert line in messages[0]


async def test_what_a_command_started_ends_with_it_when_it_takes_too_long(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    messages, pid = list[str](), tmp_path / "pid"
    monkeypatch.setattr(notify_command, "TIMEOUT_MS", 1000)
    command = NotifyCommand(FakeNotifications(), messages.append, harness.sessions)
    command.command = f"sh -c 'sleep 1000 & echo $! > {pid}.new; mv {pid}.new {pid}; exec yes error >&2'"
    command.show("one", "1", "1")
    await harness.until(pid.exists, "the command to run")
    await harness.until(lambda: messages, "the command to be killed")
    wait_for_end(int(pid.read_text()), 10)


async def test_a_command_that_runs_at_the_windows_end_gets_a_moment_to_finish(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(notify_command, "CLOSE_TIMEOUT_MS", 200)
    messages, saved = list[str](), tmp_path / "saved"
    command = NotifyCommand(FakeNotifications(), messages.append, harness.sessions)
    command.command = "sleep 600 {text}"
    command.show("slow", "1", "1")
    command.close()
    assert "sleep, was killed" in messages[0]
    monkeypatch.setattr(notify_command, "CLOSE_TIMEOUT_MS", 60_000)
    command.command = f"touch {saved} {saved}{{text}}"
    command.show("quick", "1", "1")
    command.close()
    assert saved.exists()
