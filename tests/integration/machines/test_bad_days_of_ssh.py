"""ssh as users have set it up, and its bad days: one clear line each, and exit code 7."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from session_host.errors import LoginNeeded
from session_host.machines import link as link_module
from session_host.machines import names, ssh
from session_host.machines.install import plan
from session_host.machines.link import Link
from session_host.machines.names import MachineEntry
from session_host.system import event_loop
from tests.support.commands import OnTerminal, outlive
from tests.support.processes import killed_after
from tests.support.ssh_machines import SshMachine, end_login_at_once, end_logins, stopped_login
from tests.support.waiting import eventually, wait_until

if TYPE_CHECKING:
    from tests.support.area import Area

NO_CHATS = "no running chats; `outlive new AGENT --on alpha` starts one\n"


@pytest.fixture
def alpha(machines: list[SshMachine]) -> SshMachine:
    """The machine ``alpha``, added without a connection."""
    names.add(MachineEntry("alpha", "alpha"))
    return machines[0]


def _other_key(alpha: SshMachine) -> Path:
    key = alpha.home / "other_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    return key


def test_a_host_key_that_changed_or_is_unknown_and_a_refused_key_are_named(alpha: SshMachine, tmp_path: Path) -> None:
    key = _other_key(alpha)
    alpha.configure(f"IdentityFile {key}", "IdentitiesOnly yes")
    text = alpha.ssh_config.read_text()
    alpha.ssh_config.write_text(text.replace(f"IdentityFile {alpha.ssh_config.parent}/client_key", ""))
    refused = outlive("ls", "--on", "alpha")
    assert (refused.code, refused.complaint()) == (7, "alpha: a login is needed; run `outlive machines login alpha`")
    known = tmp_path / "known_hosts"
    known.touch()
    alpha.configure(f"UserKnownHostsFile {known}")
    unknown = outlive("ls", "--on", "alpha")
    assert (unknown.code, unknown.complaint()) == (
        7,
        "alpha: its host key is not known yet; run `outlive machines login alpha`",
    )
    known.write_text(f"alpha {key.with_suffix('.pub').read_text()}")
    changed = outlive("ls", "--on", "alpha")
    assert changed.code == 7
    assert changed.complaint().endswith(f"run `ssh-keygen -f {known} -R alpha`, then `outlive machines login alpha`")


@pytest.mark.usefixtures("no_rivals")
def test_the_users_own_shared_connection_is_used(alpha: SshMachine, area: Area) -> None:
    alpha.configure("ControlMaster auto", f"ControlPath {area.root}/own-%C", "ControlPersist 60")
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    assert len(list(area.root.glob("own-*"))) == 1
    assert not list(area.runtime.glob("ssh-*"))
    assert alpha.log.read_text().count("Accepted publickey") == 1


@pytest.mark.usefixtures("no_rivals")
def test_no_connection_of_the_user_ends_with_one_of_ours(alpha: SshMachine, area: Area) -> None:
    alpha.configure("ControlMaster auto", f"ControlPath {area.root}/own-%C")
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    assert not list(area.root.glob("own-*"))
    with subprocess.Popen(["ssh", "-N", "alpha"], stdin=subprocess.DEVNULL) as users, killed_after(users):
        wait_until(lambda: list(area.root.glob("own-*")), 30, "the user's connection is shared")
        assert outlive("ls", "--on", "alpha").output == NO_CHATS
        assert users.poll() is None
        users.terminate()
    assert alpha.log.read_text().count("Accepted publickey") == 2


def test_several_links_work_where_a_connection_carries_one_session(alpha: SshMachine) -> None:
    alpha.stop()
    alpha.options = "MaxSessions 1\n"
    alpha.start()

    async def use() -> None:
        links = [Link(MachineEntry("alpha", "alpha")) for _ in range(3)]
        for each in links:
            await each.ready()
        for each in links:
            await each.close()

    event_loop.run(use())


def test_an_sshd_that_is_full_is_named_and_used_as_soon_as_it_has_room(alpha: SshMachine) -> None:
    alpha.options = "MaxStartups 1:100:1\n"
    alpha.stop()
    alpha.start()

    async def use() -> None:
        link = Link(MachineEntry("alpha", "alpha"))
        another = wait_until(partial(_served, alpha), 30, "a connection")
        assert another is not None
        with another:
            full = await asyncio.to_thread(outlive, "ls", "--on", "alpha")
            assert (full.code, full.complaint()) == (
                7,
                "alpha: its sshd takes no connection now; it may be full (MaxStartups) or starting",
            )
            link.hold()
            await eventually(lambda: link.error, 30, "the link to fail")
        async with asyncio.timeout(60):
            await link.wait_up()
        await link.close()

    event_loop.run(use())


def _served(alpha: SshMachine) -> socket.socket | None:
    """A connection that sshd serves, and that does not log in; None if it is full."""
    connection = socket.create_connection(("127.0.0.1", alpha.port))
    if connection.recv(4) == b"SSH-":
        return connection
    connection.close()
    return None


@pytest.mark.usefixtures("no_rivals")
def test_a_shared_login_that_ends_while_a_connection_begins_is_replaced(alpha: SshMachine, tmp_path: Path) -> None:
    alpha.stop()
    held, begun = tmp_path / "held", tmp_path / "begun"
    wait = f"touch {begun}; while [ -e {held} ]; do sleep 0.05; done"
    alpha.options = f'ForceCommand {wait}; eval "$SSH_ORIGINAL_COMMAND"\n'
    alpha.start()
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    begun.unlink()
    held.touch()
    with ThreadPoolExecutor() as pool:
        listed = pool.submit(outlive, "ls", "--on", "alpha")
        wait_until(begun.exists, 30, "the connection to ride on the login")
        end_login_at_once("alpha")
        held.unlink()
        done = listed.result()
    assert (done.code, done.output, done.error) == (0, NO_CHATS, "")


@pytest.mark.parametrize("words", [("ls", "--on", "alpha"), ("ls", "--on", "all"), ("send", "alpha:none", "x")])
@pytest.mark.usefixtures("patient_lists")
def test_a_command_waits_for_no_shared_login_that_is_stopped_and_the_next_one_makes_another(
    alpha: SshMachine, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    before = outlive(*words)
    with stopped_login("alpha"):
        assert outlive(*words) == before
        monkeypatch.setattr(link_module, "RIVAL_S", 60.0)
        monkeypatch.setattr(ssh, "LOGIN_ANSWER_S", 60.0)
        logins = alpha.log.read_text().count("Accepted publickey")
        assert [outlive(*words), outlive(*words)] == [before] * 2
    assert alpha.log.read_text().count("Accepted publickey") == logins + 1


def test_a_stopped_login_of_the_users_own_is_done_without_or_named(alpha: SshMachine, area: Area) -> None:
    path = area.root / "own"
    alpha.configure("ControlMaster auto", f"ControlPath {path}", "ControlPersist 60")
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    with stopped_login("alpha"):
        assert outlive("ls", "--on", "alpha").output == NO_CHATS
        assert plan(MachineEntry("alpha", "alpha")).python.startswith("python3")
        with OnTerminal("machines", "login", "alpha") as terminal:
            terminal.see("the ssh that holds your ControlPath hangs; end it")
            assert terminal.wait() == 7
        assert path.exists(), "it may go on"


def test_options_of_the_user_that_are_for_terminals_do_no_harm(
    alpha: SshMachine, machines: list[SshMachine], tmp_path: Path
) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        alpha.configure(
            "ProxyJump beta",
            "RemoteCommand tmux attach",
            "RequestTTY force",
            "StdinNull yes",
            "SessionType none",
            "ForkAfterAuthentication yes",
            "ControlPersist 5",
            f"LocalForward 127.0.0.1:{taken.getsockname()[1]} 127.0.0.1:1",
            "ExitOnForwardFailure yes",
            "PermitLocalCommand yes",
            "LocalCommand echo welcome",
            "LogLevel QUIET",
        )
        done = outlive("ls", "--on", "alpha")
        assert (done.code, done.output, done.error) == (0, NO_CHATS, "")
    assert "Accepted publickey" in machines[1].log.read_text()


def test_login_shells_of_any_kind_start_outlive(alpha: SshMachine) -> None:
    for shell in ("fish", "tcsh", "zsh"):
        alpha.log_in_with(shell)
        done = outlive("ls", "--on", "alpha")
        assert (shell, done.code, done.output, done.error) == (shell, 0, NO_CHATS, "")


@pytest.fixture
def locked(machines: list[SshMachine], monkeypatch: pytest.MonkeyPatch) -> SshMachine:
    """The machine ``alpha``, not added; its key has the passphrase ``right``. A program for such questions exists."""
    alpha = machines[0]
    key = alpha.ssh_config.parent / "client_key"
    subprocess.run(["ssh-keygen", "-q", "-p", "-N", "right", "-f", key], check=True)
    asker = alpha.home / "asker"
    asker.write_text(f"#!/bin/sh\ntouch {alpha.home}/asked\necho right\n")
    asker.chmod(0o755)
    alpha.configure("NumberOfPasswordPrompts 1")
    for variable, value in {"SSH_ASKPASS": str(asker), "DISPLAY": ":987", "SSH_AUTH_SOCK": ""}.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.delenv("SSH_ASKPASS_REQUIRE", raising=False)
    return alpha


@pytest.mark.usefixtures("no_rivals")
def test_a_login_asks_in_the_terminal_and_says_when_it_failed(
    locked: SshMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _check_that_a_login_needs_a_terminal()
    with OnTerminal("machines", "add", "alpha") as wrong:
        wrong.see("passphrase for key")
        wrong.type("wrong\r")
        wrong.see("outlive: alpha: ssh did not log in")
        assert wrong.wait() == 7
    _cancel_login("passphrase for key")
    assert names.machines() == []
    _add_with_login("passphrase for key", "right")
    assert not (locked.home / "asked").exists()
    monkeypatch.setattr(link_module, "LATER_RETRY_S", 0.1)
    event_loop.run(_log_in_again(locked))


def _check_that_a_login_needs_a_terminal() -> None:
    done = outlive("machines", "add", "alpha")
    assert (done.code, done.complaint()) == (7, "alpha: ssh asks for a login in a terminal; run this command in one")


def _cancel_login(question: str) -> None:
    with OnTerminal("machines", "add", "alpha") as terminal:
        terminal.see(question)
        terminal.type("\x03")
        assert terminal.wait() == 130


def _add_with_login(question: str, answer: str) -> None:
    with OnTerminal("machines", "add", "alpha") as terminal:
        terminal.see(question)
        terminal.type(f"{answer}\r")
        terminal.see("alpha is added")
        assert terminal.wait() == 0


async def _log_in_again(alpha: SshMachine) -> None:
    """A held link that needs a login is up after it, and asks the server no more before it."""
    link = Link(MachineEntry("alpha", "alpha"))
    link.hold()
    await link.wait_up()
    end_logins("alpha")
    await eventually(lambda: isinstance(link.error, LoginNeeded), 30, lambda: f"a login to be needed: {link.error}")
    with OnTerminal("machines", "login", "alpha") as terminal:
        await asyncio.to_thread(terminal.see, "passphrase for key")
        refused = alpha.log.read_text().count("[preauth]")
        terminal.type("right\r")
        assert await asyncio.to_thread(terminal.wait) == 0
    async with asyncio.timeout(60):
        await link.wait_up()
    await link.close()
    assert alpha.log.read_text().count("[preauth]") == refused


def test_a_login_that_is_stopped_and_needs_its_user_is_replaced_by_a_new_one(
    locked: SshMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "LATER_RETRY_S", 0.1)
    _add_with_login("passphrase for key", "right")
    with stopped_login("alpha"):
        event_loop.run(_log_in_again_from_stopped())
        assert outlive("ls", "--on", "alpha").output == NO_CHATS
    assert locked.log.read_text().count("Accepted publickey") == 2


async def _log_in_again_from_stopped() -> None:
    link = Link(MachineEntry("alpha", "alpha"))
    link.hold()
    await eventually(lambda: link.error, 15, "an error long before ssh gives up")
    assert str(link.error) == "alpha: a login is needed; run `outlive machines login alpha`"
    with OnTerminal("machines", "login", "alpha") as terminal:
        await asyncio.to_thread(terminal.see, "passphrase for key")
        terminal.type("right\r")
        assert await asyncio.to_thread(terminal.wait) == 0
    async with asyncio.timeout(60):
        await link.wait_up()
    await link.close()


@pytest.fixture
def given_codes(machines: list[SshMachine]) -> Path:
    """The codes that ``alpha`` was given; it is not added, and needs a code beside the key."""
    if os.getuid():
        pytest.skip("only root can give sshd a PAM configuration of its own")
    [alpha, _beta] = machines
    alpha.stop()
    given = alpha.require_code()
    alpha.start()
    return given


def test_a_second_factor_is_asked_once_and_never_without_its_user(given_codes: Path) -> None:
    _check_that_a_login_needs_a_terminal()
    _cancel_login("Password:")
    assert given_codes.read_text() == ""
    with OnTerminal("machines", "add", "alpha") as wrong:
        for number in (1, 2, 3):
            wrong.see("\n".join([f"({getuser()}@alpha) Password:"] * number))
            wrong.type("000000\r")
        wrong.see("outlive: alpha: ssh did not log in")
        assert wrong.wait() == 7
    assert (given_codes.read_text(), names.machines()) == ("000000\n" * 3, [])
    _add_with_login("Password:", "123456")
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    assert outlive("ls", "--on", "alpha").output == NO_CHATS
    end_logins("alpha")
    again = outlive("ls", "--on", "alpha")
    assert (again.code, again.complaint()) == (7, "alpha: a login is needed; run `outlive machines login alpha`")
    assert given_codes.read_text() == "000000\n" * 3 + "123456\n"


def test_a_login_shell_that_ends_at_once_and_a_destination_that_ssh_refuses_are_named(alpha: SshMachine) -> None:
    alpha.log_in_with("bash")
    (alpha.home / ".bashrc").write_text("exit\n")
    done = outlive("ls", "--on", "alpha")
    assert (done.code, done.complaint()) == (7, "alpha: its login shell ended at once; see its start files there")
    refused = outlive("machines", "add", "six", "ssh://user@[::1]:22")
    assert (refused.code, refused.complaint()) == (
        7,
        "'ssh://user@[::1]:22' is no destination of ssh; write it as HOST, USER@HOST or ssh://HOST:PORT",
    )
