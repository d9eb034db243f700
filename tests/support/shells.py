"""Shells with the shell integration, and home directories for shells."""

from __future__ import annotations

import os
import time
from pathlib import Path

from session_host.agents.environment import shell_integration
from session_host.protocol.values import GridSize
from session_host.terminal.prompts import Prompt
from tests.support import processes
from tests.support.terminals import ScreenTerminal
from tests.support.waiting import TIMEOUT_S, wait_until


def stop_fish_from_reading_man_pages(home: Path) -> None:
    """Make fish's directory of generated completions.

    Without it, an interactive fish reads all man pages in the background, for up to a minute after its own end.
    """
    (home / ".local/share/fish/generated_completions").mkdir(parents=True, exist_ok=True)


SIZE = GridSize(60, 30)


class ShellTerminal(ScreenTerminal):
    """A shell with the shell integration, in a home directory of its own."""

    def __init__(self, home: Path, *argv: str, **variables: str) -> None:
        environment = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment |= variables
        super().__init__(argv, size=SIZE, cwd=home, env=environment | shell_integration(argv, environment))

    def _is_asked(self, replies: bytes) -> None:
        os.write(self.master, replies)

    def run(self, line: str, prompts: int) -> list[Prompt]:
        """Type a line; returns the prompts once there are ``prompts`` of them."""
        self.type(line + "\r")
        return self.prompts(prompts)

    def prompts(self, count: int, *, on_screen: bool = False) -> list[Prompt]:
        """Wait until ``count`` prompts are known, or until that many of them are on the screen; returns these."""
        deadline_s = time.monotonic() + TIMEOUT_S
        while len(prompts := self._known(on_screen)) != count and self._show(deadline_s):
            pass
        assert len(prompts) == count, self.text()
        return prompts

    def _known(self, on_screen: bool) -> list[Prompt]:
        first = self.screen.scrollback_rows if on_screen else 0
        return [prompt for prompt in self.screen.prompts() if prompt.row >= first]

    def rest(self) -> None:
        """Read until the shell sleeps: it draws a line in several pieces, and for the width that it knows."""
        wait_until(self._is_resting, TIMEOUT_S, "the shell to wait for a key")

    def _is_resting(self) -> bool:
        before = processes.sleeps(self.pid)  # Fish colours a line in a thread, and draws it again.
        return not self._show(time.monotonic()) and before is not None and processes.sleeps(self.pid) == before

    def rows(self) -> list[str]:
        return [row.text() for row in (*self.screen.history(0, self.screen.scrollback_rows), *self.screen.rows())]

    def output_of(self, prompt: Prompt) -> list[str]:
        assert prompt.output is not None
        return self.rows()[prompt.output : prompt.end]


PLAIN_FILES: dict[str, dict[str, str]] = {
    "bash": {".bashrc": "PS1='$ '\n"},
    "zsh": {".zshrc": "PS1='$ '\n"},
    "fish": {},
}


def home_of(directory: Path, files: dict[str, str]) -> Path:
    """Make a home directory with some files; returns it."""
    stop_fish_from_reading_man_pages(directory)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory
