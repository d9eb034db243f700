"""asyncio's descriptors in Qt's loop."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QEventLoop
from PySide6.QtWidgets import QApplication

from gui.loop import DirectLoop
from tests.support.qt_waiting import process_events_until

WAIT_S = 20.0


@pytest.fixture
def loop(qapp: QApplication) -> Iterator[DirectLoop]:
    with DirectLoop(qapp) as loop:
        yield loop


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_reader_is_called_in_the_iteration_that_finds_bytes(loop, pair, qapp):
    ours, theirs = pair
    read: list[bytes] = []
    loop.add_reader(ours, lambda: read.append(ours.recv(9)))
    dispatcher = QAbstractEventDispatcher.instance()
    qapp.processEvents()
    theirs.send(b"key")
    assert select.select([ours], [], [], WAIT_S)[0]
    dispatcher.processEvents(QEventLoop.ProcessEventsFlag.AllEvents)
    assert read == [b"key"]
    loop.remove_reader(ours)


def test_a_reader_is_called_again_while_bytes_are_left(loop, pair):
    ours, theirs = pair
    read: list[bytes] = []
    loop.add_reader(ours, lambda: read.append(ours.recv(1)))
    theirs.send(b"abc")
    process_events_until(lambda: len(read) == 3, WAIT_S, "all bytes")
    assert loop.remove_reader(ours)
    assert not loop.remove_reader(ours)


def test_a_reader_can_remove_itself_and_add_another(loop, pair):
    ours, theirs = pair
    read: list[str] = []

    def first() -> None:
        read.append("first")
        loop.remove_reader(ours)
        loop.add_reader(ours, second, "second")

    def second(name: str) -> None:
        read.append(name)
        loop.remove_reader(ours)

    loop.add_reader(ours, first)
    theirs.send(b"x")
    process_events_until(lambda: len(read) == 2, WAIT_S, "both readers")
    assert read == ["first", "second"]


def test_a_writer_is_called_while_there_is_room(loop, pair):
    ours, theirs = pair

    def write() -> None:
        ours.send(b"x")
        loop.remove_writer(ours)

    loop.add_writer(ours, write)
    process_events_until(lambda: select.select([theirs], [], [], 0)[0], WAIT_S, "the byte")
    assert theirs.recv(9) == b"x"
    assert not loop.remove_writer(ours)


def test_an_exception_of_a_reader_is_reported_and_the_loop_continues(loop, pair):
    ours, theirs = pair
    reported: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: reported.append(context))

    def fail() -> None:
        ours.recv(1)
        raise ValueError

    loop.add_reader(ours, fail)
    theirs.send(b"ab")
    process_events_until(lambda: len(reported) == 2, WAIT_S, "both reports")
    assert isinstance(reported[0]["exception"], ValueError)
    loop.remove_reader(ours)


def test_a_closed_loop_leaves_no_notifier(qapp, pair):
    ours, theirs = pair
    read: list[bytes] = []
    loop = DirectLoop(qapp)
    loop.add_reader(ours, lambda: read.append(ours.recv(9)))
    loop.close()
    theirs.send(b"x")
    qapp.processEvents()
    assert read == []
