"""Removed sockets are noticed and made again without inotify, and a second keeper is noticed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.keeper import sockets
from session_host.keeper.event_loop import Loop
from session_host.keeper.keeper import Keeper
from session_host.keeper.kept_session import KeptSession, KeptSessionState
from session_host.keeper.sockets import RuntimeDirectory, has_socket, listen, open_lock, take_lock
from session_host.keeper_client.channel import lock_path
from session_host.paths import ensure_private, keeper_socket, runtime_dir, session_socket
from session_host.protocol.keeper import KEEPER_PROTOCOL_VERSION, Status
from session_host.storage.descriptors.session_descriptors import listen as listen_at
from tests.support.area import Area
from tests.support.disks import remove_in_use
from tests.support.session_harness import spec_of

ID = "5e55104e-0000-4000-8000-000000000001"


class KeeperWithChat:
    """A keeper in this process, with a chat, and no inotify."""

    def __init__(self) -> None:
        ensure_private(runtime_dir())
        self.lock = open_lock()
        assert take_lock(self.lock)
        self.loop = Loop(listen(), keeper_socket())
        self.keeper = Keeper(self.loop, 256, lambda *_: None)  # type: ignore[arg-type]
        self.directory = RuntimeDirectory(self.loop, self.keeper.sockets, self.lock)
        self.session = KeptSession.create(spec_of(id=ID, socket_path=str(session_socket(ID))))
        self.session.state, self.session.protocol = KeptSessionState.RUNNING, KEEPER_PROTOCOL_VERSION
        self.keeper.add_session(self.session, os.getpid(), os.getpid(), "1")

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self.session.close()
        self.loop._selector.close()
        for each in (self.loop.listener, self.loop._wake, self.loop._wake_write):
            each.close()
        for descriptor in (self.lock, self.loop._reserve):
            os.close(descriptor)


@pytest.fixture
def harness(area: Area, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeeperWithChat]:
    monkeypatch.setattr(sockets, "make_inotify", lambda: None)
    before = {number: signal.getsignal(number) for number in (signal.SIGCHLD, signal.SIGTERM)}
    harness = KeeperWithChat()
    yield harness
    harness.close()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_status_request_makes_missing_sockets_again(harness: KeeperWithChat) -> None:
    session_socket(ID).unlink()
    harness.keeper._answer(None, Status())  # type: ignore[arg-type]
    assert has_socket(str(session_socket(ID)), must_connect=True)


def test_a_socket_without_a_listener_is_noticed_only_by_connecting(harness: KeeperWithChat) -> None:
    os.close(listen_at(session_socket(ID)))
    harness.keeper.sockets.rebind_if_missing(harness.session)
    assert not has_socket(str(session_socket(ID)), must_connect=True)
    harness.keeper.sockets.rebind_if_missing(harness.session, must_connect=True)
    assert has_socket(str(session_socket(ID)), must_connect=True)


def test_the_socket_of_a_chat_with_a_saved_end_is_not_made_again(harness: KeeperWithChat) -> None:
    harness.session.header.exit_saved = True
    session_socket(ID).unlink()
    harness.directory.check_paths()
    assert not session_socket(ID).exists()


def test_all_paths_are_made_again_after_the_directory_was_removed(harness: KeeperWithChat) -> None:
    remove_in_use(runtime_dir())
    harness.directory.check_paths()
    assert has_socket(str(keeper_socket()), must_connect=True)
    assert has_socket(str(session_socket(ID)), must_connect=True)
    assert lock_path().exists()
    assert runtime_dir().stat().st_mode & 0o777 == 0o700
    assert not harness.loop._leaving


@pytest.mark.parametrize("fails", [False, True], ids=["at once", "at the second try"])
def test_the_sockets_in_a_directory_that_was_moved_away_and_back_are_made_again(
    harness: KeeperWithChat, area: Area, monkeypatch: pytest.MonkeyPatch, *, fails: bool
) -> None:
    harness.directory.check_paths()
    aside = runtime_dir().rename(area.root / "aside")
    harness.directory.check_paths()
    remove_in_use(runtime_dir())
    aside.rename(runtime_dir())
    if fails:
        with monkeypatch.context() as patch:
            patch.setattr(harness.directory, "_watch_directory", Path("/nonexistent").stat)
            harness.directory.check_paths()
    harness.directory.check_paths()
    assert has_socket(str(keeper_socket()), must_connect=True)
    assert has_socket(str(session_socket(ID)), must_connect=True)
    assert not harness.loop._leaving


def test_a_keeper_that_lost_its_lock_to_another_one_ends(harness: KeeperWithChat, tmp_path: Path) -> None:
    lock_path().unlink()
    program = (
        "import sys; from session_host.keeper.sockets import open_lock, take_lock\n"
        "print(take_lock(open_lock()), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "True\n"
        harness.directory.check_paths()
        assert harness.loop._leaving
        other.stdin.close()
