"""The processes of a chat."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

import pytest

from session_host.system.processes.chat_mark import Mark
from session_host.system.processes.process_tree import (
    ChatProcess,
    background_commands,
    chat_processes,
    descendants,
    end,
    outside_session,
)
from tests.support.waiting import wait_until


def test_a_shell_ended_with_its_program_is_signalled_first_and_ends_by_the_signal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = "sleep 60 & echo ready; wait $!"
    shell = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True)
    with shell:
        assert shell.stdout is not None
        assert shell.stdout.read(6) == b"ready\n"
        parent, child = sorted(chat_processes(shell.pid, Mark("NO", "mark")), key=lambda each: each.pid != shell.pid)
        signalled: list[tuple[int, int]] = []
        kill = os.kill

        def noting(pid: int, number: int) -> None:
            signalled.append((pid, number))
            kill(pid, number)

        monkeypatch.setattr(os, "kill", noting)
        assert end([child, parent], signal.SIGTERM) == [parent, child]
        assert [pid for pid, number in signalled if number == signal.SIGTERM] == [parent.pid, child.pid]
        assert shell.wait(60) == -signal.SIGTERM


def test_commands_in_sessions_of_their_own_are_named_without_their_shells() -> None:
    """Not: a server in the agent's session, a command that has ended, and a daemon whose parent has ended."""
    script = """
        sleep 5001 &
        setsid sh -c ': marks; sleep 5002; :' &
        setsid sh -c 'sleep 5003 & sleep 5004; :' &
        setsid true &
        setsid sh -c 'setsid sleep 5005 &' &
        wait $!; echo ready; wait
    """
    mark = Mark("TEST_MARK", str(os.getpid()))
    environment = {**os.environ, mark.variable: mark.value}
    agent = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True, env=environment)
    commands = {"sleep 5002", "sh -c sleep 5003 & sleep 5004; :"}
    others = {"sh -c : marks; sleep 5002; :", "sleep 5003", "sleep 5004", "sleep 5005"}

    def names(found: Sequence[ChatProcess]) -> set[str]:
        return {each.command for each in found}

    with agent:
        try:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"ready\n"
            wait_until(lambda: names(background_commands(agent.pid)) == commands, 10, "the commands")
            wait_until(lambda: names(outside_session(agent.pid, mark)) == commands | others, 10, "all outside")
        finally:
            for each in [*outside_session(agent.pid, mark), *chat_processes(agent.pid, mark)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGKILL)


def test_a_chat_s_descendants_are_found_without_those_of_a_chat_that_was_started_from_it() -> None:
    script = """
        sleep 5011 &
        setsid sh -c 'unset TEST_MARK; exec sleep 5012' &
        TEST_MARK=another sh -c 'sleep 5013 & echo ready; wait' &
        wait
    """
    mark = Mark("TEST_MARK", str(os.getpid()))
    environment = {**os.environ, mark.variable: mark.value}
    agent = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, start_new_session=True, env=environment)
    expected = {f"sh -c {script}".strip(), "sleep 5011", "sleep 5012"}
    with agent:
        try:
            assert agent.stdout is not None
            assert agent.stdout.readline() == b"ready\n"
            wait_until(
                lambda: {each.command for each in descendants(agent.pid, mark)} == expected, 10, "the descendants"
            )
        finally:
            every = {each.pid for each in descendants(agent.pid, Mark("NO", "mark"))}
            for pid in every:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
