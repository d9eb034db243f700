"""A chat's processes are known by what the kernel passes on, whatever a program clears."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from session_host.system.processes import chat_mark
from session_host.system.processes.chat_mark import VARIABLE, Mark

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")

ONE, TWO = Mark.of_chat("one"), Mark.of_chat("two")


@contextmanager
def running(mark: Mark | None = None, *, variable: str = "") -> Iterator[int]:
    """A program that was started with this limit, and with this value of the variable alone; its PID."""
    marks = mark.set_limit if mark is not None else None
    argv = ["/bin/sh", "-c", "echo; read line"]
    with subprocess.Popen(
        argv,
        env={VARIABLE: variable} if variable else {},
        preexec_fn=marks,  # noqa: PLW1509
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        try:
            assert program.stdout is not None
            program.stdout.readline()
            yield program.pid
        finally:
            program.kill()


def test_a_program_without_environment_belongs_to_its_chat_alone() -> None:
    with running(ONE) as pid:
        assert (ONE.is_of(pid), TWO.is_of(pid)) == (True, False)
    with running() as pid:
        assert ONE.is_of(pid) is None


def test_a_program_with_another_mark_is_not_a_chats() -> None:
    with running(ONE, variable="two") as pid:
        assert (ONE.is_of(pid), TWO.is_of(pid)) == (False, False)
    with running(TWO, variable="one") as pid:
        assert (ONE.is_of(pid), TWO.is_of(pid)) == (False, False)
    with running(variable="one") as pid:
        assert (ONE.is_of(pid), TWO.is_of(pid)) == (True, False)


def test_a_limit_that_the_user_has_set_is_no_mark() -> None:
    set_by_user = Mark("NO", "mark", 4096)
    with running(set_by_user, variable="one") as pid:
        assert ONE.is_of(pid) is True


def test_the_mark_can_be_set_below_a_hard_limit_only_and_removed() -> None:
    child = os.fork()
    if child == 0:
        before = resource.getrlimit(chat_mark.LIMIT)
        ONE.set_limit()
        chat_mark.remove_limit()
        is_removed = resource.getrlimit(chat_mark.LIMIT) == (before[1], before[1])
        resource.setrlimit(chat_mark.LIMIT, (10, 10))
        ONE.set_limit()
        os._exit(0 if is_removed and resource.getrlimit(chat_mark.LIMIT) == (10, 10) else 1)
    assert os.waitpid(child, 0)[1] == 0
