"""The end of output that waits for the rest of its sequence."""

from __future__ import annotations

import pytest
from hypothesis import given

from session_host.protocol.values import GridSize
from session_host.terminal import create
from session_host.terminal.unfinished import finished_length
from tests.support.fuzzing import PIECES


@pytest.mark.parametrize(
    ("data", "rest"),
    [
        (b"text", b""),
        (b"", b""),
        (b"a\x1b", b"\x1b"),
        (b"a\x1b[", b"\x1b["),
        (b"\x1b[1;2", b"\x1b[1;2"),
        (b"\x1b[1;2m", b""),
        (b"a\x1b]0;title", b"\x1b]0;title"),
        (b"\x1b]0;title\x07", b""),
        (b"\x1b]0;title\x1b\\", b""),
        (b"\x1b[ma\x1b]0;title\x1b", b"\x1b]0;title\x1b"),
        (b"\x1bPq...", b"\x1bPq..."),
        (b"\x1b_G\x1b\\x", b""),
        (b"\x1b(", b"\x1b("),
        (b"\x1b(B", b""),
        (b"\x1b7", b""),
        (b"\x1b[\x18", b""),
        (b"\xe6\x97", b"\xe6\x97"),
        (b"\xe6\x97\xa5 ", b""),
        (b"one\r", b"\r"),
        (b"one\r\n", b""),
    ],
)
def test_an_unfinished_sequence_waits(data: bytes, rest: bytes) -> None:
    assert data[finished_length(data) :] == rest


@given(PIECES)
def test_a_terminal_is_between_two_sequences_before_what_waits(data: bytes) -> None:
    length = finished_length(data)
    terminal = create(None, GridSize(40, 6))
    terminal.feed(data)
    whole_is_ground = terminal.is_ground()
    terminal.feed(b"\x18\x1bc")
    terminal.feed(data[:length])
    assert terminal.is_ground() or not whole_is_ground
    terminal.close()
