"""The relay's link: lines as WebSocket messages, tested against a server of the same library."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from session_host.codex_relay.relay import FRAME_BYTES, Link, LinkFailed


class Pair:
    """A link and its server.

    Attributes:
        messages: the messages that the server received.
        frames: the number of frames of these messages.
    """

    def __init__(self) -> None:
        self.link = Link()
        self.server = ServerProtocol(max_size=None)
        self.messages: list[bytes] = []
        self.frames = 0
        self._part = b""

    def open(self) -> None:
        """Complete the opening handshake."""
        self.server.receive_data(self.link.bytes_to_send())
        [request] = self.server.events_received()
        assert isinstance(request, Request)
        self.server.send_response(self.server.accept(request))
        self.link_reads()
        self.server_reads()

    def server_reads(self) -> None:
        """Let the server read what the link has to send."""
        self.server.receive_data(self.link.bytes_to_send())
        for frame in self.server.events_received():
            assert isinstance(frame, Frame)
            if frame.opcode in {Opcode.TEXT, Opcode.CONT}:
                self.frames += 1
                self._part += frame.data
                if frame.fin:
                    self.messages.append(self._part)
                    self._part = b""

    def link_reads(self, piece_bytes: int = 1 << 30) -> bytes:
        """Let the link read what the server has sent, in pieces of this length; returns its lines."""
        data = b"".join(self.server.data_to_send())
        return b"".join(
            self.link.receive(data[start : start + piece_bytes]) for start in range(0, len(data), piece_bytes)
        )


def test_lines_wait_for_the_connection_and_become_messages() -> None:
    pair = Pair()
    pair.link.send_lines(b'{"id": 1}\n{"id"')
    pair.open()
    assert pair.messages == [b'{"id": 1}']
    pair.link.send_lines(b": 2}")
    pair.link.send_lines(b'\n\n{"id": 3}\n')
    pair.server_reads()
    assert pair.messages == [b'{"id": 1}', b'{"id": 2}', b'{"id": 3}']


def test_messages_become_lines_however_they_are_cut() -> None:
    pair = Pair()
    pair.open()
    pair.server.send_text('{"a":\n "é"}'.encode())
    pair.server.send_text(b'{"b":', fin=False)
    pair.server.send_continuation(b" 2}", fin=True)
    pair.server.send_ping(b"?")
    assert pair.link_reads(piece_bytes=1) == '{"a":  "é"}\n{"b": 2}\n'.encode()
    pair.server.receive_data(pair.link.bytes_to_send())
    [pong] = pair.server.events_received()
    assert isinstance(pong, Frame)
    assert pong.opcode is Opcode.PONG


@pytest.mark.parametrize("length", [FRAME_BYTES, FRAME_BYTES + 1, 5 * FRAME_BYTES + 7])
def test_a_long_line_is_one_message_of_several_frames(length: int) -> None:
    pair = Pair()
    pair.open()
    pair.link.send_lines(b"x" * length + b"\n")
    pair.server_reads()
    assert pair.messages == [b"x" * length]
    assert pair.frames == -(-length // FRAME_BYTES)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 403 Forbidden\r\n\r\n", b"\x00\x01not http\r\n\r\n", b""])
def test_a_server_that_refuses_is_reported(answer: bytes) -> None:
    link = Link()

    def hear() -> None:
        link.receive(answer)
        link.receive(b"")

    with pytest.raises(LinkFailed):
        hear()


def test_a_server_that_breaks_the_protocol_is_reported() -> None:
    pair = Pair()
    pair.open()
    with pytest.raises(LinkFailed):
        pair.link.receive(b"\xff\xff\xff\xff")
