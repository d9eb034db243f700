"""State inherited through the exec that makes another version the keeper, and that a failed exec changes nothing."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from session_host.keeper.child_processes import pidfd_of
from session_host.keeper.event_loop import Loop
from session_host.keeper.exec_upgrade import (
    ARGUMENT,
    InheritedState,
    _descriptors_of,
    _inherited_session,
    exec_new_version,
    read_inherited_state,
)
from session_host.keeper.keeper import Keeper
from session_host.keeper.kept_session import KeptSession, KeptSessionState, ReplacementHost
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import (
    FromKeeper,
    KeeperMessage,
    Leave,
    NotReplaced,
    Replaced,
    ReplaceHost,
    ReplaceKeeper,
    Status,
)
from session_host.version import VERSION
from tests.support.commands import environment
from tests.support.leaks import descriptors as open_descriptors
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_for_end

TIMEOUT_S = 60.0
ONE, OTHER = "5e55104e-0000-4000-8000-000000000001", "5e55104e-0000-4000-8000-000000000002"

NEXT_VERSION = """
import json, os, socket, sys
from pathlib import Path
import msgspec
from session_host.keeper.keeper import Keeper
from session_host.keeper.event_loop import Loop
from session_host.keeper.exec_upgrade import (
    _descriptors_of, _inherited_session, read_inherited_state, restore_inherited_state,
)
from session_host.protocol.keeper import Leave

assert sys.argv[1] == "--continue"
inherited = read_inherited_state(int(sys.argv[2]))
report = {
    "state": msgspec.to_builtins(inherited),
    "handed on": [each for each in _descriptors_of(inherited) if os.get_inheritable(each)],
}
loop = Loop(socket.socket(fileno=inherited.listener), Path(os.environ["SOCKET"]))
keeper = Keeper(loop, inherited.open_files, None)
restore_inherited_state(keeper, inherited)
report["sessions"] = [msgspec.to_builtins(_inherited_session(session)) for session in keeper.sessions.values()]
report["child"] = [session.header.child for session in keeper.sessions.values()]
Path(os.environ["REPORT"]).write_text(json.dumps(report))
for session in keeper.sessions.values():
    session.send_to_host(Leave())
loop.run(keeper)
"""


class KeeperHarness:
    """A keeper in this process, with two sessions and a connected command.

    Attributes:
        keeper: the keeper.
        client, asking: the keeper's and the command's end of the command's connection.
        host: the host's end of its channel.
        lock: the descriptor of the keeper's lock.
    """

    def __init__(self, directory: Path, program: int) -> None:
        self.path = directory / "keeper.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.path))
        listener.listen()
        self.lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT)
        self.loop = Loop(listener, self.path)
        self.keeper = Keeper(self.loop, 256, partial(exec_new_version, self.lock))
        theirs, ours = socket.socketpair()
        self.client = self.loop.add_client(theirs)
        self.asking = MessageChannel(ours, Decoder(FromKeeper))
        channel, host = socket.socketpair()
        self.host = MessageChannel(host, Decoder(FromKeeper))
        one = self._session(directory, ONE, program)
        self.keeper.add_channel(one, channel)
        # A session from a previous keeper, with a host that is no child of this process and has exited already.
        other = self._session(directory, OTHER, program)
        other.state = KeptSessionState.OVER
        self.loop.watch(pidfd := pidfd_of(program), lambda: None)
        other.child_pidfd = pidfd

    def _session(self, directory: Path, session_id: str, program: int) -> KeptSession:
        spec = spec_of(id=session_id, socket_path=str(directory / session_id[-1]), name=f"chat {session_id[-1]}")
        session = KeptSession.create(spec)
        session.close_slave()
        session.header.child = program
        session.state = KeptSessionState.RUNNING
        self.keeper.add_session(session, os.getpid(), program, "1.2.3")
        return session

    def replace(self, *argv: str, **variables: str) -> KeeperMessage:
        return exec_new_version(self.lock, self.keeper, self.client, ReplaceKeeper(list(argv), variables))

    def expected_state(self) -> InheritedState:
        """The state that the next version must inherit."""
        sessions = [_inherited_session(session) for session in self.keeper.sessions.values()]
        return InheritedState(self.loop.listener.fileno(), self.lock, self.client.socket.fileno(), 256, sessions)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        for session in self.keeper.sessions.values():
            session.close()
        self.asking.close()
        self.host.close()
        self.client.close()
        os.close(self.lock)
        self.loop.listener.close()
        self.loop._wake.close()
        self.loop._wake_write.close()
        self.loop._selector.close()
        os.close(self.loop._reserve)


@pytest.fixture
def program() -> Iterator[int]:
    """The PID of the program of both sessions."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate()


@pytest.fixture
def harness(tmp_path: Path, program: int) -> Iterator[KeeperHarness]:
    before = {number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM)}
    harness = KeeperHarness(tmp_path, program)
    yield harness
    harness.close()
    for number, handler in before.items():
        signal.signal(number, handler)


Exec = Callable[[str, list[str], dict[str, str]], None]


def on_exec(monkeypatch: pytest.MonkeyPatch, look: Exec) -> None:
    """Replace exec by a call of ``look`` followed by an error."""

    def execve(path: str, argv: list[str], variables: dict[str, str]) -> None:
        look(path, argv, variables)
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "execve", execve)


# ---------------------------------------------------------------------------------- another program


def test_the_next_version_inherits_everything_and_continues(
    harness: KeeperHarness, tmp_path: Path, program: int
) -> None:
    script = tmp_path / "next.py"
    script.write_text(NEXT_VERSION)
    report = tmp_path / "report"
    expected = json.loads(msgspec.json.encode(harness.expected_state()))
    pid = os.fork()
    if not pid:
        try:
            harness.replace(
                sys.executable, str(script), **environment({"REPORT": str(report), "SOCKET": str(harness.path)})
            )
        finally:
            os._exit(1)
    try:
        harness.asking.socket.settimeout(TIMEOUT_S)
        assert harness.asking.receive() == [Replaced(VERSION)], "the next version replies to the command"
        harness.host.socket.settimeout(TIMEOUT_S)
        assert harness.host.receive() == [Leave()], "the host gets it through the same channel"
        found = json.loads(report.read_text())
        assert found["state"] == expected
        assert found["handed on"] == []
        assert found["sessions"] == expected["sessions"]
        assert [each["over"] for each in found["sessions"]] == [False, True]
        assert found["child"] == [program, program], "the log's header is the same"
        status = harness.asking.request(Status(), TIMEOUT_S)
        assert (status.pid, status.version) == (pid, VERSION)
        sessions = [
            (each.facts.id, each.facts.program.host_pid, each.facts.program.child_pid, each.version)
            for each in status.sessions
        ]
        assert sessions == [(ONE, os.getpid(), program, "1.2.3"), (OTHER, os.getpid(), program, "1.2.3")]
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_for_end(pid, TIMEOUT_S)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_the_next_version_gets_all_descriptors_and_the_state_also_if_a_write_takes_few_bytes(
    harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def look(path: str, argv: list[str], variables: dict[str, str]) -> None:
        state = int(argv[-1])
        inheritable = [os.get_inheritable(each) for each in (state, *_descriptors_of(harness.expected_state()))]
        assert dict(variables) == {**os.environ, "NEW": "variable"}
        calls.append((path, argv[:-1], inheritable, read_inherited_state(os.dup(state))))

    write = os.write
    on_exec(monkeypatch, look)
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    harness.replace("/bin/next", "-m", "keeper", NEW="variable")
    monkeypatch.undo()
    assert len(calls) == 1
    path, argv, inheritable, state = calls[0]
    assert (path, argv) == ("/bin/next", ["/bin/next", "-m", "keeper", ARGUMENT])
    assert all(inheritable)
    assert state == harness.expected_state()
    assert len(_descriptors_of(state)) == 3 + 2 * 7 + 2, "two sessions' descriptors, a channel and a pidfd"
    assert not any(os.get_inheritable(each) for each in _descriptors_of(state))


def test_a_session_between_two_hosts_is_handed_over_as_it_is(
    harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch, program: int
) -> None:
    found: list[InheritedState] = []
    on_exec(monkeypatch, lambda _path, argv, _variables: found.append(read_inherited_state(os.dup(int(argv[-1])))))
    session = harness.keeper.sessions[ONE]
    harness.keeper.channels.drop(session, session.channel)
    session.host_pid = 0
    harness.replace("/bin/next")
    one, other = found[0].sessions
    assert (one.host_pid, one.channel, one.child_pid, one.over) == (0, -1, program, False)
    assert other.host_pid == os.getpid()


def test_its_host_is_not_replaced_and_the_log_is_named(harness: KeeperHarness) -> None:
    session = harness.keeper.sessions[ONE]
    harness.keeper.channels.drop(session, session.channel)
    session.host_pid = 0
    answer = harness.keeper._answer(harness.client, ReplaceHost(ONE))
    why = f"the chat's background process does not start; see {session.spec.log}"
    assert answer == NotReplaced(why, passing=True)


# ---------------------------------------------------------------------------------- failures


@pytest.mark.parametrize("why", ["No such file or directory", "Permission denied", "Exec format error"])
def test_a_failed_exec_changes_nothing(harness: KeeperHarness, tmp_path: Path, why: str) -> None:
    path = tmp_path / "next"
    if why != "No such file or directory":
        path.write_bytes(b"no program")
        path.chmod(0o600 if why == "Permission denied" else 0o700)
    before, state, sessions = open_descriptors(), harness.expected_state(), dict(harness.keeper.sessions)

    assert harness.replace(str(path)) == NotReplaced(f"{path}: {why}")

    assert open_descriptors() == before
    assert harness.expected_state() == state
    assert harness.keeper.sessions == sessions
    assert not any(os.get_inheritable(each) for each in _descriptors_of(state))
    # The keeper continues: it answers requests and notifies hosts.
    harness.keeper.on_connection(harness.client, Status())
    harness.asking.socket.settimeout(TIMEOUT_S)
    (status,) = harness.asking.receive() or []
    assert [each.facts.id for each in status.sessions] == [ONE, OTHER]
    harness.keeper.sessions[ONE].send_to_host(Leave())
    harness.host.socket.settimeout(TIMEOUT_S)
    assert harness.host.receive() == [Leave()]


@pytest.mark.parametrize("what", ["is started", "is replaced"])
def test_no_exec_while_a_session_starts_or_changes_its_host(
    harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    on_exec(monkeypatch, lambda *_: pytest.fail("it was exec'd"))
    session = harness.keeper.sessions[ONE]
    before = open_descriptors()
    if what == "is started":
        session.state = KeptSessionState.STARTING
    else:
        session.replacement = ReplacementHost(None)
    answer = harness.replace(sys.executable)
    assert answer == NotReplaced("a chat is starting or updating; try again", passing=True)
    assert open_descriptors() == before
