"""The keeper's event loop: what wakes it, and when it ends."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.keeper import event_loop as loop_module
from session_host.keeper.event_loop import Loop
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.keeper import ExitSaved, FromKeeper, KeeperStatus, Status


class Owner:
    """A fake owner of the loop that records its calls; while ``busy``, it has something to keep."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.busy = True
        self.looked = 0
        self.messages: list[Any] = []

    def is_busy(self) -> bool:
        return self.busy

    def children_ended(self) -> None:
        self.looked += 1

    def on_connection(self, client: MessageChannel, message: Any) -> None:
        self.messages.append(message)
        if isinstance(message, Status):
            self.loop.reply(client, KeeperStatus(1, "v", []))
        if message == ExitSaved():
            raise RuntimeError("of one session")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "k"


@pytest.fixture
def loop(path: Path) -> Iterator[Loop]:
    before = {number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM)}
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    loop = Loop(listener, path)
    yield loop
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)
    for client in tuple(loop._clients):
        loop.drop(client)
    loop._selector.close()
    for each in (listener, loop._wake, loop._wake_write):
        each.close()
    path.unlink(missing_ok=True)


def leave() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def leave_once(loop: Loop, condition: Callable[[], bool]) -> None:
    """Make the loop end once the condition holds."""

    def look() -> None:
        if condition():
            leave()
        else:
            loop.call_later(0.01, look)

    look()


def connect(path: Path) -> MessageChannel:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(str(path))
    return MessageChannel(connection, Decoder(FromKeeper))


def test_with_nothing_to_keep_it_ends_after_a_while(loop: Loop, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "IDLE_S", 0.01)
    owner = Owner(loop)
    owner.busy = False
    loop.run(owner)
    assert not path.exists(), "the next command starts another"


def test_with_something_to_keep_it_stays(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "IDLE_S", 0.01)
    owner = Owner(loop)
    late: list[bool] = []

    def no_more() -> None:
        late.append(True)
        owner.busy = False

    loop.call_later(0.1, no_more)
    loop.run(owner)
    assert late == [True]


def test_it_does_not_end_while_a_client_is_connected(loop: Loop, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "IDLE_S", 0.01)
    owner = Owner(loop)
    owner.busy = False
    caller = connect(path)
    seen: list[int] = []

    def hang_up() -> None:
        seen.append(len(loop._clients))
        caller.close()

    loop.call_later(0.1, hang_up)
    loop.run(owner)
    assert seen == [1]


def test_the_socket_of_another_keeper_is_left_alone(loop: Loop, path: Path) -> None:
    """The directory may have been removed and created again, with another keeper's socket in it."""
    path.unlink()
    path.write_text("another's")
    loop.call_later(0.0, leave)
    loop.run(Owner(loop))
    assert path.read_text() == "another's"


def test_the_end_of_a_child_wakes_it(loop: Loop) -> None:
    class Parent(Owner):
        pid, is_over = 0, False

        def children_ended(self) -> None:
            if self.pid and not self.is_over and os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG):
                self.is_over = True
                leave()

    owner = Parent(loop)

    def begin() -> None:
        owner.pid = os.posix_spawn("/bin/true", ["true"], {})

    loop.call_later(0.0, begin)
    loop.run(owner)  # does not return unless the child's end wakes it
    with pytest.raises(ChildProcessError):
        os.waitpid(owner.pid, 0)


def test_requests_are_answered_and_a_failing_one_does_not_affect_the_others(
    loop: Loop, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner = Owner(loop)
    callers = [connect(path) for _ in range(3)]
    callers[0].send_message(ExitSaved())
    callers[1].send_message(Status())
    callers[2].socket.send(b"\xff" * 10)
    leave_once(loop, lambda: len(owner.messages) == 2 and len(loop._clients) == 1)
    with caplog.at_level("CRITICAL"):
        loop.run(owner)
    assert callers[1].receive() == [KeeperStatus(1, "v", [])]
    assert callers[2].receive() is None, "a client that breaks the protocol is dropped"
    assert callers[0].receive() is None, "a client of a request that failed does not wait"
    for caller in callers:
        caller.close()


def test_a_client_that_is_gone_needs_no_reply(loop: Loop, path: Path) -> None:
    owner = Owner(loop)
    caller = connect(path)
    caller.send_message(Status())
    caller.close()
    leave_once(loop, lambda: bool(owner.messages) and not loop._clients)
    loop.run(owner)
    assert owner.messages == [Status()]
    assert not loop._clients


def test_messages_after_one_that_closed_the_connection_are_dropped(loop: Loop, path: Path) -> None:
    class Dropping(Owner):
        answered = 0

        def on_connection(self, client: MessageChannel, message: Any) -> None:
            self.answered += 1
            loop.drop(client)

    owner = Dropping(loop)
    client = connect(path)
    client.socket.sendall(encode(Status()) * 3)
    leave_once(loop, lambda: owner.answered > 0)
    loop.run(owner)
    assert owner.answered == 1
    client.close()
