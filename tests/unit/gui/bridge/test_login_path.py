"""A window started from an icon finds the same programs as the user's terminals."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from gui.bridge.login_path import LoginPathFinder
from gui.bridge.tasks import Tasks
from session_host.agents import login_shell
from tests.programs import Gate
from tests.support.area import Area
from tests.support.waiting import eventually

DESKTOP_PATH = "/usr/bin:/bin"


class FinderScript:
    """A finder of the login shell's PATH, and the problems that it reported."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.found = 0
        self.tasks = Tasks(lambda error: self.problems.append(str(error)))
        self.finder = LoginPathFinder(self.tasks, self.problems.append, self.count)

    def count(self) -> None:
        self.found += 1

    async def path(self) -> str:
        return (await self.finder.environment())["PATH"]


@pytest.fixture
def script(area: Area, monkeypatch: pytest.MonkeyPatch) -> FinderScript:
    monkeypatch.setenv("PATH", DESKTOP_PATH)
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.setattr("gui.bridge.login_path.is_from_terminal", lambda _environment: False)
    return FinderScript()


async def test_a_chat_started_at_once_waits_for_the_answer(area: Area, script: FinderScript) -> None:
    with Gate(area.root / "gate") as gate:
        (area.home / ".profile").write_text(f"read -n 1 x <{gate.path}\nPATH=/nvm/bin:$PATH\n")
        script.finder.start()
        waiting = asyncio.ensure_future(script.path())
        await asyncio.sleep(0)
        assert not waiting.done()

        gate.release()

        assert (await waiting).startswith("/nvm/bin:")
    assert os.environ["PATH"].startswith("/nvm/bin:")
    assert (script.problems, script.found) == ([], 1)


async def test_a_shell_without_output_is_reported_and_changes_nothing(area: Area, script: FinderScript) -> None:
    (area.home / ".profile").write_text("exit 1\n")
    script.finder.start()

    assert await script.path() == DESKTOP_PATH
    assert os.environ["PATH"] == DESKTOP_PATH
    assert [line.partition(" (")[0] for line in script.problems] == ["cannot read the PATH of /bin/bash"]


async def test_agents_that_a_slow_startup_file_hid_are_found_at_the_next_new_chat(
    area: Area, script: FinderScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_shell, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(login_shell, "LATER_TIMEOUT_S", 60.0)
    with Gate(area.root / "gate") as gate:
        (area.home / ".profile").write_text("PATH=/nvm/bin:$PATH\n. ~/.bashrc\n")
        (area.home / ".bashrc").write_text(f"case $- in *i*) read -n 1 x <{gate.path}; PATH=/slow/bin:$PATH;; esac\n")
        script.finder.start()
        assert (await script.path()).startswith("/nvm/bin:"), "the files that are read without a user"
        assert len(script.problems) == script.found == 1

        script.tasks.start(script.finder.update(), "update")
        gate.release()
        await eventually(lambda: script.found == 2, 30, "the whole PATH")

    assert (await script.path()).startswith("/slow/bin:/nvm/bin:")
    (area.home / ".profile").write_text("touch ~/asked\n")
    await script.finder.update()
    assert not (area.home / "asked").exists(), "the whole PATH is recent"
    assert (len(script.problems), script.found) == (1, 2)


async def test_a_window_started_in_a_terminal_asks_no_shell(
    area: Area, script: FinderScript, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.bridge.login_path.is_from_terminal", lambda _environment: True)
    (area.home / ".profile").write_text("touch ~/asked\n")
    script.finder.start()
    await script.finder.update()

    assert await script.path() == DESKTOP_PATH
    assert not (area.home / "asked").exists()


async def test_the_window_closes_while_a_shell_hangs(area: Area, script: FinderScript) -> None:
    (area.home / ".profile").write_text("touch ~/hangs\nexec tail -f /dev/null\n")
    script.finder.start()
    await eventually(Path(area.home / "hangs").exists, 5, "the shell")

    await asyncio.wait_for(script.tasks.cancel_all(), 60)

    assert await script.path() == DESKTOP_PATH
