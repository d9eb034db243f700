"""One key starts a shell in the directory of the visible chat's program."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from session_host.client.chats.launch_spec import LaunchRequest
from session_host.system.processes import proc
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.unit.gui.conftest import WindowHarness


async def chat_in(harness: WindowHarness, directory: Path, **fields: Any) -> str:
    return (await harness.open("work", cwd=str(directory), **fields)).session_id


@pytest.mark.parametrize("side", ["right", "down"])
async def test_a_shell_beside_the_chat_has_its_own_pane_and_the_reported_directory(
    harness: WindowHarness, launches: list[LaunchRequest], tmp_path: Path, side: str
) -> None:
    (tmp_path / "deep").mkdir()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, cwd=tmp_path / "deep") as program:
        chat = await chat_in(harness, tmp_path, child_pid=program.pid)
        window = harness.window
        assert harness.view.display.emulator is not None
        harness.view.display.emulator.feed(f"\x1b]7;file://{tmp_path}/deep\x1b\\".encode())
        window.actions_[f"split_{side}"].trigger()
        await harness.until(lambda: len(window.tabs.panes.all()) == 2, "the shell's pane")
    assert launches[0].directory == str(tmp_path / "deep")
    first, second = window.tabs.panes.all()
    assert first.tabs.ids() == [chat]
    assert second.tabs.ids() == [window.tabs.active_id]
    assert (second.x() > first.x(), second.y() > first.y()) == (side == "right", side == "down")


@pytest.mark.parametrize("reports", [False, True])
async def test_a_shell_starts_where_the_foreground_program_is_whatever_the_shell_reported(
    harness: WindowHarness, launches: list[LaunchRequest], tmp_path: Path, reports: bool
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "deep").mkdir(parents=True)
    link.symlink_to(real)
    # A shell with job control on its own terminal, and a program that has gone elsewhere.
    script = f"cd {link}; set -m; (cd deep; exec cat)"
    leader, follower = pty.openpty()
    shell_in_terminal = subprocess.Popen(
        ["setsid", "--ctty", "bash", "-c", script], stdin=follower, stdout=follower, stderr=follower
    )
    with shell_in_terminal as shell, os.fdopen(leader, "rb", 0):
        os.close(follower)
        wait_until(
            lambda: proc.working_directory(proc.foreground_group(shell.pid)) == f"{real}/deep", 60, "the program"
        )
        await chat_in(harness, link, child_pid=shell.pid, real_cwd=str(real))
        if reports:
            assert harness.view.display.emulator is not None
            harness.view.display.emulator.feed(f"\x1b]7;file://{link}\x1b\\".encode())
        harness.window.actions_["new_shell"].trigger()
        await harness.until(lambda: launches, "the shell")
    assert launches[0].directory == f"{link}/deep"


async def test_a_shell_that_does_not_start_says_why(
    harness: WindowHarness, launches: list[LaunchRequest], tmp_path: Path
) -> None:
    await chat_in(harness, tmp_path / "gone")
    window = harness.window
    window.actions_["split_right"].trigger()
    await harness.until(window.banners.isVisible, "the banner")
    assert "does not exist" in harness.banner
    assert len(window.tabs.panes.all()) == 1


async def test_an_agent_is_installed_in_a_chat_that_shows_the_command(
    harness: WindowHarness, launches: list[LaunchRequest], monkeypatch: pytest.MonkeyPatch, area: Area
) -> None:
    monkeypatch.setenv("PATH", str(area.home))
    window = harness.open_window()
    window.commands.starting.new_chat("claude")
    sheet = window.sheets.new_chat
    sheet.tiles.choose("codex")
    command = sheet.missing.command.text()
    QTest.keyClicks(sheet.prompt, "fix it")
    QTest.mouseClick(sheet.missing.install, Qt.MouseButton.LeftButton)
    await harness.until(lambda: window.tabs.active_chat is not None, "the chat")
    [request] = launches
    assert (request.agent.name, request.arguments, request.name) == ("command", ["sh", "-c", command], "install codex")
    assert not sheet.is_open
    window.commands.starting.new_chat()
    assert (sheet.tiles.current(), sheet.prompt.toPlainText()) == ("codex", "fix it"), "the draft is kept"
