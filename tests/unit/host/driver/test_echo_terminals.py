"""The host shows echoes in a viewer's terminal only as far as the viewer has allowed it."""

from __future__ import annotations

import contextlib
import os
import tty
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from session_host.host.driver.echo_terminals import EchoTerminals
from session_host.protocol.messages import ShowEchoes
from session_host.protocol.values import TerminalFile
from session_host.system.terminal_file import identify
from session_host.terminal.echo import ECHO_STYLE, MAX_ECHO_CHARACTERS
from tests.support.waiting import expect_bytes


class Peer:
    """A viewer's connection."""

    def __init__(self) -> None:
        self.unread = False

    def has_unread(self) -> bool:
        """Whether bytes wait."""
        return self.unread


class Rig:
    """Terminals with one viewer, and the viewer's PTY."""

    def __init__(self) -> None:
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.set_blocking(self.master, False)
        self.file = identify(os.ttyname(self.slave), self.slave)
        self.peer = Peer()
        self.terminals = EchoTerminals()

    def start(self, room: int = 9, offset: int = 100, resizes: int = 2, file: TerminalFile | None = None) -> bool:
        """Allow echoes."""
        return self.terminals.start(self.peer, ShowEchoes("", file or self.file, room, offset, resizes))

    def show(self, data: bytes, offset: int = 100, resizes: int = 2) -> bool:
        """Whether the host shows this output."""
        return self.terminals.show(data, offset, resizes, [self.peer]) == [self.peer]

    def shown(self) -> bytes:
        """Read the bytes that the terminal shows next; b"" if there are none."""
        try:
            return os.read(self.master, 65536)
        except BlockingIOError:
            return b""


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A viewer that has allowed nothing yet."""
    it = Rig()
    yield it
    it.terminals.close()
    for descriptor in (it.master, it.slave):
        if descriptor >= 0:
            os.close(descriptor)


def test_echoes_are_shown_one_after_another(rig: Rig) -> None:
    assert not rig.show(b"a")
    assert rig.start()
    assert rig.show(b"a")
    assert rig.show(b"bc", offset=101)
    expect_bytes(rig.master, ECHO_STYLE + b"a" + ECHO_STYLE + b"bc")
    assert rig.terminals.show(b"d", 103, 2, []) == []


@pytest.mark.parametrize("data", [b"\r", b"\x1b[A", "é".encode(), b"x" * (MAX_ECHO_CHARACTERS + 1), b"0123456789"])
def test_other_output_is_not_shown(rig: Rig, data: bytes) -> None:
    rig.start()
    assert not rig.show(data)
    assert rig.shown() == b""


def test_after_output_that_was_not_shown_nothing_is(rig: Rig) -> None:
    rig.start()
    assert not rig.show(b"\r\n")
    assert not rig.show(b"a", offset=102)
    assert not rig.show(b"a")
    assert rig.shown() == b""


def test_after_a_resize_nothing_is_shown(rig: Rig) -> None:
    rig.start()
    assert not rig.show(b"a", resizes=3)
    assert rig.shown() == b""


def test_no_more_is_shown_than_there_is_room(rig: Rig) -> None:
    rig.start(room=3)
    assert rig.show(b"ab")
    assert not rig.show(b"cd", offset=102)
    assert not rig.show(b"c", offset=102)
    expect_bytes(rig.master, ECHO_STYLE + b"ab")


def test_a_viewer_with_an_unread_message_may_want_its_terminal_back(rig: Rig) -> None:
    rig.start()
    rig.peer.unread = True
    assert not rig.show(b"a")
    rig.peer.unread = False
    assert not rig.show(b"a")
    assert rig.shown() == b""


def test_nothing_is_shown_after_a_stop_until_the_next_start(rig: Rig) -> None:
    rig.start()
    rig.terminals.stop(rig.peer)
    assert not rig.show(b"a")
    rig.start(offset=101)
    assert rig.show(b"b", offset=101)
    expect_bytes(rig.master, ECHO_STYLE + b"b")


@pytest.mark.parametrize("name", ["device", "inode", "number"])
def test_another_file_of_the_same_path_is_refused(rig: Rig, name: str) -> None:
    assert not rig.start(file=msgspec.structs.replace(rig.file, **{name: getattr(rig.file, name) + 1}))
    assert not rig.terminals.are_any


def test_a_file_that_is_no_terminal_is_refused(rig: Rig, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w") as file:
        assert not rig.start(file=identify(str(path), file.fileno()))
    assert not rig.start(file=TerminalFile(str(tmp_path / "missing"), 0, 0, 0))
    assert not rig.start(file=TerminalFile("\0", 0, 0, 0))


def test_a_terminal_that_takes_no_more_gets_no_echo(rig: Rig) -> None:
    rig.start()
    os.set_blocking(rig.slave, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(rig.slave, b"x")
    assert not rig.show(b"a")
    rig.shown()
    assert not rig.show(b"b", offset=101)


def test_a_terminal_that_was_closed_gets_no_echo(rig: Rig) -> None:
    rig.start()
    os.close(rig.master)
    rig.master = -1
    assert not rig.show(b"a")


def test_the_terminal_of_a_viewer_that_has_gone_is_closed(rig: Rig) -> None:
    rig.start()
    os.close(rig.slave)
    rig.slave = -1
    rig.terminals.close_terminal(rig.peer)
    assert not rig.terminals.are_any
    with pytest.raises(OSError, match="Input/output error"):  # No process has the other side open.
        os.read(rig.master, 1)
