"""Messages to and from the keeper, also with descriptors: complete, in order, and without leaks."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator

import pytest

from session_host.errors import HostUnavailable, ProtocolViolation
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import Decoder, encode
from session_host.protocol.keeper import (
    Adopt,
    ChildEnded,
    ExitSaved,
    FromKeeper,
    Launch,
    NotReplaced,
    ReplaceHost,
    Status,
    ToKeeper,
)
from tests.support.leaks import descriptors
from tests.support.session_harness import spec_of

Pair = tuple[MessageChannel, MessageChannel]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """The end of a host or command, and the keeper's end."""
    ours, theirs = socket.socketpair()
    pair = MessageChannel(ours, Decoder(FromKeeper)), MessageChannel(theirs, Decoder(ToKeeper))
    yield pair
    for pipe in pair:
        pipe.close()


def receive_all(pipe: MessageChannel, count: int) -> list[object]:
    found: list[object] = []
    while len(found) < count:
        messages = pipe.receive()
        assert messages is not None
        found += messages
    return found


def test_a_long_message_arrives_complete_through_a_non_blocking_socket(pair: Pair) -> None:
    asking, keeping = pair
    asking.socket.setblocking(False)
    message = Launch(spec_of(env={"LONG": "x" * 900_000}))
    found: list[object] = []
    reader = threading.Thread(target=lambda: found.extend(receive_all(keeping, 1)))
    reader.start()
    asking.send_message(message)
    reader.join()
    assert found == [message]


def test_descriptors_travel_with_their_message(pair: Pair) -> None:
    asking, keeping = pair
    before = descriptors()
    files = [os.memfd_create(f"file {number}") for number in range(7)]
    for number, file in enumerate(files):
        os.write(file, b"%d" % number)
    adopt = Adopt(1, spec_of(), 1, 2, "3")
    asking.send_message(Status())
    asking.send_message(adopt, files)
    asking.send_message(ExitSaved())
    assert receive_all(keeping, 3) == [Status(), adopt, ExitSaved()]
    assert len(keeping.descriptors) == 7
    for number, file in enumerate(keeping.descriptors):
        assert os.pread(file, 10, 0) == b"%d" % number
        assert not os.get_inheritable(file)
        os.lseek(file, 5, os.SEEK_SET)
    assert [os.lseek(file, 0, os.SEEK_CUR) for file in files] == [5] * 7, "one open file, its position too"
    for file in files:
        os.close(file)
    descriptor = keeping.descriptors.popleft()
    os.close(descriptor)
    keeping.close()  # closes the descriptors that were not taken, too
    asking.close()
    assert (descriptors() - before).total() == 0


def test_the_end_is_reported_after_all_messages_are_read(pair: Pair) -> None:
    asking, keeping = pair
    asking.send_message(ExitSaved())
    asking.close()
    assert receive_all(keeping, 1) == [ExitSaved()]
    assert keeping.receive() is None


@pytest.mark.parametrize(
    "data", [b"\xff" * 8, b"\0\0\0\2\x91\x05", encode(ChildEnded())], ids=["garbage", "unknown", "wrong direction"]
)
def test_invalid_data_is_a_protocol_violation(pair: Pair, data: bytes) -> None:
    asking, keeping = pair
    asking.socket.send(data)
    with pytest.raises(ProtocolViolation):
        keeping.receive()


def test_a_request_waits_for_its_reply(pair: Pair) -> None:
    asking, keeping = pair
    keeping.send_message(NotReplaced("because"))
    assert asking.request(ReplaceHost("x"), 5) == NotReplaced("because")
    assert receive_all(keeping, 1) == [ReplaceHost("x")]


def test_a_missing_reply_is_reported(pair: Pair) -> None:
    with pytest.raises(
        HostUnavailable,
        match=rf"\(process {os.getpid()}\) does not respond; continue it with `kill -CONT {os.getpid()}`",
    ):
        pair[0].request(Status(), 0.01)


def test_a_keeper_that_ends_before_its_reply_is_reported(pair: Pair) -> None:
    asking, keeping = pair
    keeping.close()
    with pytest.raises(HostUnavailable, match="connection to the keeper was lost"):
        asking.request(Status(), 5)
