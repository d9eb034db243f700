"""Typing into a shell on a machine at the end of a slow line."""

from __future__ import annotations

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
            line = "here: e"
            for letter in "cho ":
                line += letter
                terminal.type(letter)
                terminal.see(line.rstrip())
            with relay.holding():
                for letter in "far away":
                    line += letter
                    terminal.type(letter)
                    terminal.see(line.rstrip())  # Nothing has come back from there.
                assert _underlined(terminal).endswith("faraway")
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
