"""The ``outlive`` command: in this process, as a process of its own on pipes, or on a test's terminal."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from ptyprocess import PtyProcess

from session_host.cli import main
from session_host.protocol.values import GridSize
from tests.support import command_client
from tests.support.terminals import SIZE, Environment, ScreenTerminal

REPOSITORY = Path(__file__).resolve().parents[2]
OUTLIVE = [sys.executable, "-m", "session_host.cli"]
TIMEOUT_S = 90.0
CALLED = {
    "answer",
    "approve",
    "deny",
    "explain",
    "export",
    "kill",
    "kill-all",
    "ls",
    "peek",
    "pin",
    "rename",
    "restore",
    "rm",
    "schema",
    "search",
    "send",
    "stop",
    "wait",
}
"""Subcommands that depend on nothing but their words, the store and the hosts."""
STARTING = {"new", "resume"}
"""Those that also set signal handlers, which only the main thread can do."""


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
        assert self.output == ""
        if lines[0].startswith("{"):  # with --json
            return str(json.loads(lines[0])["error"]["message"])
        assert lines[0].startswith("outlive: ")
        return lines[0].removeprefix("outlive: ")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This test's environment, with the product importable from any directory."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), **(extra or {})}


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A command in the background, on pipes; it is ended at the end of the context."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*OUTLIVE, *words], stdout=pipe, stderr=pipe, text=True, env=environment()) as process:
        try:
            yield process
        finally:
            process.kill()


def outlive(
    *words: str,
    typed: str | bytes | None = None,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Done:
    """Run one command to its end, without a terminal.

    Most commands are calls in this process. Those with an input, a directory or variables of their own, and those of
    other threads, which may run at once, are forks of ``command_server``, which take four times as long.

    Args:
        words: the command line.
        typed: its standard input; no input if None.
        cwd: its working directory.
        env: variables in addition to this test's environment.
        timeout_s: the time that it may take, unless it is a call.
    """
    if typed is None and cwd is None and env is None and _is_callable(words[:1]):
        return _called(words)
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


def _is_callable(subcommand: Sequence[str]) -> bool:
    has_loop = asyncio._get_running_loop() is not None
    is_alone = threading.current_thread() is threading.main_thread()
    return is_alone and not (CALLED if has_loop else CALLED | STARTING).isdisjoint(subcommand)


def _exit_code(words: Sequence[str]) -> int:
    try:
        return main(words)
    except SystemExit as end:  # after --help
        return int(end.code or 0)


def _called(words: Sequence[str]) -> Done:
    """Run a command in this process."""
    output, error = io.BytesIO(), io.BytesIO()
    with Path(os.devnull).open(encoding="utf-8") as no_input, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", no_input)
        patch.setattr(sys, "stdout", io.TextIOWrapper(output, "utf-8", write_through=True))
        patch.setattr(sys, "stderr", io.TextIOWrapper(error, "utf-8", write_through=True))
        if asyncio._get_running_loop() is None:
            code = _exit_code(words)
        else:
            with ThreadPoolExecutor(1) as another:  # for the command's own loop
                code = another.submit(_exit_code, words).result()
        return Done(code, *(each.getvalue().decode(errors="replace") for each in (output, error)))


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
