"""The ring of output: every offset is either given exactly, or refused."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.estate.descriptors import Estate
from session_host.estate.moving import Mover
from session_host.estate.stream_file import StreamFile
from session_host.host import stream as stream_module
from session_host.host.stream import OutputStream
from session_host.protocol.messages import Resized
from session_host.protocol.values import GridSize

steps = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.integers(20, 200)), max_size=40)


class Written:
    """A stream over a file in memory, which this test writes itself."""

    def __init__(self, file: int) -> None:
        self._file = file
        # Of an estate a stream that nothing is taken into needs the file alone.
        self._estate = Estate(-1, -1, -1, file, -1, -1, -1)
        self.stream = OutputStream(StreamFile(self._estate, Mover(in_kernel=False)))

    def append(self, data: bytes) -> None:
        end = self.stream.file.end
        os.pwrite(self._file, data, end)
        self.stream.file.end = end + len(data)

    def reopened(self) -> OutputStream:
        """As a successor sees it."""
        return OutputStream(StreamFile(self._estate, Mover(in_kernel=False)), self.stream.kept_resizes())


@contextmanager
def a_stream() -> Iterator[Written]:
    file = os.memfd_create("stream")
    try:
        yield Written(file)
    finally:
        os.close(file)


@given(steps, st.integers(1, 120))
def test_what_is_given_from_an_offset_is_what_came_from_there(steps: list[bytes | int], capacity: int) -> None:
    with a_stream() as written, pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream_module, "RING_BYTES", capacity)
        check_what_is_given(written, steps)


def check_what_is_given(written: Written, steps: list[bytes | int]) -> None:
    stream = written.stream
    whole = b""
    resizes: list[Resized] = []
    for step in steps:
        if isinstance(step, bytes):
            written.append(step)
            whole += step
        else:
            resizes.append(Resized(stream.end, GridSize(step, 24), number=len(resizes) + 1))
            stream.resized(resizes[-1])
    for each in (stream, written.reopened()):
        check_each_offset(each, whole, resizes)


def check_each_offset(stream: OutputStream, whole: bytes, resizes: list[Resized]) -> None:
    assert stream.end == len(whole)
    for offset in range(-1, len(whole) + 2):
        seen = sum(resize.offset < offset for resize in resizes)
        pieces = stream.since(offset, seen)
        if not stream.start <= offset <= stream.end:
            assert pieces is None
            continue
        assert pieces is not None
        assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == whole[offset:]
        assert [piece for piece in pieces if isinstance(piece, Resized)] == [r for r in resizes if r.offset >= offset]
        at = offset
        for piece in pieces:
            if isinstance(piece, Resized):
                assert piece.offset == at
            else:
                at += len(piece)


def test_only_so_much_is_kept() -> None:
    with a_stream() as written:
        written.append(b"x" * stream_module.RING_BYTES)
        assert written.stream.since(0, 0) == [b"x" * stream_module.RING_BYTES]
        written.append(b"y")
        assert written.stream.since(0, 0) is None
        assert written.stream.since(1, 0) == [b"x" * (stream_module.RING_BYTES - 1) + b"y"]


def test_what_was_given_back_is_not_given_out() -> None:
    with a_stream() as written:
        written.append(b"x" * 10_000 + b"y")
        written.stream.file.forget_before(9_000)
        assert written.stream.since(8_999, 0) is None
        assert written.stream.since(9_000, 0) == [b"x" * 1_000 + b"y"]


def test_a_forgotten_resize_takes_what_was_before_it_along() -> None:
    with a_stream() as written:
        for number in range(1001):
            written.append(b".")
            written.stream.resized(Resized(written.stream.end, GridSize(80 + number % 2, 24), number=number + 1))
        # A successor does not know where the forgotten one was: not behind the oldest that it knows of.
        for stream, first in ((written.stream, 2), (written.reopened(), 3)):
            assert stream.since(0, 0) is None
            assert stream.since(1, 1) is None
            assert stream.since(first, first) is not None
            assert stream.resizes == 1001


def test_of_several_resizes_at_one_place_only_those_not_seen_yet_are_given() -> None:
    resizes = [Resized(2, GridSize(columns, 24), number=number) for number, columns in ((1, 90), (2, 70), (3, 80))]
    with a_stream() as written:
        written.append(b"ab")
        for resize in resizes:
            written.stream.resized(resize)
        written.append(b"cd")
        for stream in (written.stream, written.reopened()):
            assert stream.since(2, 3) == [b"cd"]
            assert stream.since(2, 1) == [resizes[1], resizes[2], b"cd"]
            assert stream.since(1, 0) == [b"b", *resizes, b"cd"]
