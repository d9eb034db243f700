"""A chat on another machine uses the ssh agent here."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import OnTerminal, outlive
from tests.support.ssh_machines import SshMachine, end_logins
from tests.support.waiting import wait_until

SHELL = ("sh", "-c", "while read line; do echo $line $(ssh-add -l 2>&1) end; done")


@pytest.mark.usefixtures("no_rivals")
def test_a_chat_there_uses_the_keys_of_the_newest_login_here(
    alpha: SshMachine, area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    alpha.configure("ForwardAgent yes")
    end_logins("alpha")
    with ExitStack() as first:
        first.enter_context(_agent(area.root / "first", monkeypatch))
        assert outlive("new", "-d", "--on", "alpha", "-n", "keys", "--", *SHELL).code == 0
        _check_keys("started", "first")
        end_logins("alpha")
        with OnTerminal("attach", "alpha:keys", is_executed=True) as terminal:
            terminal.see("first")
            _check_keys("attached", "first")
            previous = _forwarded(alpha)
            alpha.cut()
            wait_until(lambda: _forwarded(alpha) != previous, 20, "the chat's link to point to the new login")
            _check_keys("cut", "first")
            first.close()
            with _agent(area.root / "second", monkeypatch):  # The terminal keeps the login, however long this takes.
                _check_keys("rides on the first login", "second")
            terminal.type(b"\x02d")
            assert terminal.end() == 0


def _forwarded(machine: SshMachine) -> Path:
    [link] = machine.runtime.glob("*.ssh")
    return link.readlink()


def _check_keys(line: str, key: str) -> None:
    assert outlive("send", "alpha:keys", line, "--enter").code == 0
    assert outlive("wait", "alpha:keys", "--text", f"{line} .* end", "--timeout", "60").code == 0
    assert f" {key} " in outlive("peek", "alpha:keys").output.rpartition(line)[2]


@contextmanager
def _agent(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An ssh agent here; its key has the name of its socket."""
    key = place.with_suffix(".key")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", place], stdout=subprocess.DEVNULL)
    try:
        wait_until(place.is_socket, 10, "the agent")
        monkeypatch.setenv("SSH_AUTH_SOCK", str(place))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", place.name, "-f", key], check=True)
        subprocess.run(["ssh-add", "-q", key], check=True)
        yield
    finally:
        agent.terminate()
        agent.wait()
