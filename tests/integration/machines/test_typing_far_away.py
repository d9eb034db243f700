"""Typing into a shell on a machine at the end of a slow line."""

from __future__ import annotations

import statistics
import time

import pytest

from session_host.terminal.rows import Underline
from tests.support.commands import OnTerminal, outlive
from tests.support.ssh_machines import SshMachine, end_logins
from tests.support.ssh_relay import ssh_relay
from tests.support.waiting import WaitTimeout

ONE_WAY_S = 0.1


def test_what_is_typed_is_seen_at_once_and_a_password_never(alpha: SshMachine) -> None:
    shell = ["env", "PS1=here: ", "bash", "--norc", "-i"]
    assert outlive("new", "-d", "--on", "alpha", "-n", "shell", "--", *shell).code == 0
    with ssh_relay(alpha.port) as relay:
        far = f"ssh://alpha:{relay.port}"
        assert outlive("machines", "add", "far", far).code == 0
        relay.delay(ONE_WAY_S)
        with OnTerminal("attach", "far:shell") as terminal:
            terminal.see("here:")
            terminal.type("e")
            terminal.see("here: e")
            line, times_s = "here: e", []
            for letter in "cho far away":
                line += letter
                began_s = time.monotonic()
                terminal.type(letter)
                terminal.see(line.rstrip())
                times_s += [time.monotonic() - began_s] if letter != " " else []
            assert "chofaraway".endswith(_underlined(terminal))
            assert _underlined(terminal)
            assert min(times_s) < 0.02, times_s
            assert statistics.median(times_s) < ONE_WAY_S, times_s
            terminal.type("\r")
            terminal.see("\nfar away\n")
            assert not _underlined(terminal)

            terminal.type("read -s -p 'Pass''word: ' x\r")
            terminal.see("\nPassword:")
            begin = len(terminal.raw)
            for letter in "zzqqzqz":
                terminal.type(letter)
                with pytest.raises(WaitTimeout):
                    terminal.see(letter, timeout_s=0.05)
            terminal.type("\r")
            terminal.see("Password: here:")
            terminal.type("echo typed:$x\r")
            terminal.see("\ntyped:zzqqzqz")
            assert b"z" not in terminal.raw[begin : terminal.raw.index(b"typed:", begin)]
        end_logins(far)


def _underlined(terminal: OnTerminal) -> str:
    """The text that is underlined on the screen."""
    runs = [run for row in terminal.screen.rows() for run in row.runs]
    return "".join(run.text for run in runs if run.style.underline is Underline.SINGLE)
