"""Signals that come just before a wait. Each program runs in a process of its own, since a process has one handler."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

TIMEOUT_S = 20

PROGRAM = """
import os, select, signal, subprocess
from session_host.ending_signals import EndingSignals, Signalled
from tests.support.lost_signals import before_next_poll, call_at_next_poll
signals = EndingSignals((signal.SIGTERM, signal.SIGHUP))
"""


def run(lines: str) -> str:
    """Run the lines after ``PROGRAM``; return what they print."""
    script = PROGRAM + textwrap.dedent(lines)
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    return ran.stdout


@pytest.mark.parametrize("waits", ["signals.wait([0])", "signals.wait_for(child)"])
def test_a_signal_just_before_a_wait_ends_it(waits: str) -> None:
    assert (
        run(
            f"""
            child = subprocess.Popen(["sleep", "1000"])
            silent, _ = os.pipe()
            os.dup2(silent, 0)
            before_next_poll(signal.SIGHUP)
            try:
                {waits}
            except Signalled as ended:
                print("ended by", ended.number)
            child.kill()
            child.wait()
            """
        )
        == "ended by 1\n"
    )


def test_the_end_of_a_child_just_before_the_wait_for_it_is_noticed() -> None:
    assert (
        run(
            """
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
            def waits(wait):
                child.stdin.close()
                os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
                return wait()
            call_at_next_poll(waits)
            print("code", signals.wait_for(child))
            """
        )
        == "code 0\n"
    )


def test_a_wait_returns_what_can_be_read_and_nothing_after_another_signal() -> None:
    assert (
        run(
            """
            readable, writable = os.pipe()
            os.write(writable, b"x")
            print(signals.wait([readable]) == [readable])
            signal.signal(signal.SIGUSR1, lambda *_: None)
            os.kill(os.getpid(), signal.SIGUSR1)
            print(signals.wait([os.pipe()[0]]))
            """
        )
        == "True\n[]\n"
    )


def test_ignored_signals_end_nothing() -> None:
    assert (
        run(
            """
            signals.ignore()
            os.kill(os.getpid(), signal.SIGTERM)
            print("goes on")
            """
        )
        == "goes on\n"
    )
