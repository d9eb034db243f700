"""The ``outlive`` command as a process, on pipes or on a test's terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ptyprocess import PtyProcess

from session_host.protocol.values import GridSize
from tests.support import command_client
from tests.support.terminals import SIZE, Environment, ScreenTerminal

REPOSITORY = Path(__file__).resolve().parents[2]
OUTLIVE = [sys.executable, "-m", "session_host.cli"]
TIMEOUT_S = 90.0


class Done(NamedTuple):
    """The exit code and the output of a command."""

    code: int
    output: str
    error: str

    def json(self) -> Any:
        """The output as JSON."""
        return json.loads(self.output)

    def complaint(self) -> str:
        """The line on standard error; an AssertionError if there is not exactly one."""
        lines = self.error.splitlines()
        assert len(lines) == 1, self.error
        assert lines[0].startswith("outlive: ")
        assert self.output == ""
        return lines[0].removeprefix("outlive: ")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This test's environment, with the product importable from any directory."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(extra or {})}


def outlive(
    *words: str,
    typed: str | bytes | None = None,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Done:
    """Run one command to its end, without a terminal; most commands are forks of ``command_server``.

    Args:
        words: the command line.
        typed: its standard input; no input if None.
        cwd: its working directory.
        env: variables in addition to this test's environment.
        timeout_s: the time that it may take.
    """
    typed = typed.encode() if isinstance(typed, str) else typed
    if command_client.is_possible(words, environment(env)):
        code, output, error = command_client.run(words, typed, cwd, environment(env), timeout_s)
        return Done(code, output.decode(errors="replace"), error.decode(errors="replace"))
    done = subprocess.run(
        [*OUTLIVE, *words],
        input=typed,
        stdin=subprocess.DEVNULL if typed is None else None,
        capture_output=True,
        cwd=cwd,
        env=environment(env),
        timeout=timeout_s,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def new(*words: str) -> str:
    """Start a session with ``outlive new``; returns its id."""
    done = outlive("new", "--json", *words)
    assert done.code == 0, done.error
    return str(done.json()["id"])


class OnTerminal(ScreenTerminal):
    """An ``outlive`` command on a pseudo terminal, with its user's input and screen. A context manager.

    The command is a fork of ``command_server``, unless ``is_executed`` is set or the server cannot run it.
    """

    def __init__(
        self, *words: str, size: GridSize = SIZE, env: Mapping[str, str] | None = None, is_executed: bool = False
    ) -> None:
        self._words = words
        self._is_executed = is_executed
        super().__init__([*OUTLIVE, *words], size=size, env=environment(env))

    def _spawn(self, argv: Sequence[str], size: GridSize, cwd: Path | None, env: Environment) -> PtyProcess:
        assert env is not None
        if self._is_executed or not command_client.is_possible_on_terminal(self._words, env):
            return super()._spawn(argv, size, cwd, env)
        return command_client.CommandOnTerminal(self._words, env, size)

    def _end_descriptor(self) -> int:
        if isinstance(self.process, command_client.CommandOnTerminal):
            return self.process.end_descriptor()
        return super()._end_descriptor()
