"""The ring of output: every offset is either given exactly, or refused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from session_host.host.stream import OutputStream
from session_host.protocol.messages import Resized
from session_host.protocol.values import GridSize

steps = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.integers(20, 200)), max_size=40)


@given(steps, st.integers(1, 120))
def test_what_is_given_from_an_offset_is_what_came_from_there(steps: list[bytes | int], capacity: int) -> None:
    stream = OutputStream(capacity)
    whole = b""
    resizes: list[Resized] = []
    for step in steps:
        if isinstance(step, bytes):
            stream.append(step)
            whole += step
        else:
            resizes.append(Resized(stream.end, GridSize(step, 24)))
            stream.resized(resizes[-1])
    assert stream.end == len(whole)
    for offset in range(-1, len(whole) + 2):
        pieces = stream.since(offset)
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


def test_only_so_much_is_kept_and_the_newest_chunk_always() -> None:
    stream = OutputStream(10)
    stream.append(b"x" * 100)
    assert stream.since(0) == [b"x" * 100]
    stream.append(b"y")
    assert stream.since(0) is None
    assert stream.since(100) == [b"y"]


def test_a_forgotten_resize_takes_what_was_before_it_along() -> None:
    stream = OutputStream()
    for number in range(1001):
        stream.append(b".")
        stream.resized(Resized(stream.end, GridSize(80 + number % 2, 24)))
    assert stream.since(0) is None
    assert stream.since(1) is None
    assert stream.since(2) is not None
