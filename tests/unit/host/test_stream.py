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
            resizes.append(Resized(stream.end, GridSize(step, 24), number=len(resizes) + 1))
            stream.resized(resizes[-1])
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


def test_only_so_much_is_kept_and_the_newest_chunk_always() -> None:
    stream = OutputStream(10)
    stream.append(b"x" * 100)
    assert stream.since(0, 0) == [b"x" * 100]
    stream.append(b"y")
    assert stream.since(0, 0) is None
    assert stream.since(100, 0) == [b"y"]


def test_a_forgotten_resize_takes_what_was_before_it_along() -> None:
    stream = OutputStream()
    for number in range(1001):
        stream.append(b".")
        stream.resized(Resized(stream.end, GridSize(80 + number % 2, 24), number=number + 1))
    assert stream.since(0, 0) is None
    assert stream.since(1, 1) is None
    assert stream.since(2, 2) is not None


def test_of_several_resizes_at_one_place_only_those_not_seen_yet_are_given() -> None:
    stream = OutputStream()
    stream.append(b"ab")
    resizes = [Resized(2, GridSize(columns, 24), number=number) for number, columns in ((1, 90), (2, 70), (3, 80))]
    for resize in resizes:
        stream.resized(resize)
    stream.append(b"cd")
    assert stream.since(2, 3) == [b"cd"]
    assert stream.since(2, 1) == [resizes[1], resizes[2], b"cd"]
    assert stream.since(1, 0) == [b"b", *resizes, b"cd"]
