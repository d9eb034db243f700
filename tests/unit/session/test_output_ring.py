"""The output ring: the output from each offset is sent exactly, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_host.protocol.messages import Resized
from session_host.protocol.values import GridSize
from session_host.session import output_ring
from session_host.session.output_ring import MAX_RING_BYTES, RING_BYTES, OutputRing, Span

steps = st.lists(
    st.one_of(st.integers(1, 40), st.integers(20, 200).map(lambda columns: GridSize(columns, 24))), max_size=40
)


def reopened(ring: OutputRing) -> OutputRing:
    """Return the ring as a later host has it."""
    return OutputRing(0, ring.end, ring.kept_resizes())


@given(steps, st.integers(1, 120))
def test_the_output_from_each_offset_is_exact(steps: list[int | GridSize], capacity: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output_ring, "RING_BYTES", capacity)
        ring = OutputRing(0, 0)
        resizes: list[Resized] = []
        for step in steps:
            if isinstance(step, int):
                ring.end += step
            else:
                resizes.append(Resized(ring.end, step, number=len(resizes) + 1))
                ring.resized(resizes[-1])
        for each in (ring, reopened(ring)):
            check_each_offset(each, resizes)


def test_as_much_is_sent_again_as_a_snapshot_of_a_transcript_is_long() -> None:
    ring = OutputRing(0, 200_000_000)
    for snapshot_bytes, kept in ((0, RING_BYTES), (20_000_000, 20_000_000), (10**9, MAX_RING_BYTES)):
        ring.grow(snapshot_bytes)
        assert ring.start == ring.end - kept


def check_each_offset(ring: OutputRing, resizes: list[Resized]) -> None:
    for offset in range(-1, ring.end + 2):
        pieces = ring.since(offset, sum(resize.offset < offset for resize in resizes))
        if not ring.start <= offset <= ring.end:
            assert pieces is None
            continue
        assert pieces is not None
        assert [piece for piece in pieces if isinstance(piece, Resized)] == [r for r in resizes if r.offset >= offset]
        at = offset
        for piece in pieces:
            if isinstance(piece, Resized):
                assert piece.offset == at
            else:
                assert piece.start == at < piece.end
                at = piece.end
        assert at == ring.end


def test_only_the_newest_output_is_kept() -> None:
    ring = OutputRing(0, 0)
    ring.end = RING_BYTES
    assert ring.since(0, 0) == [Span(0, RING_BYTES)]
    ring.end += 1
    assert ring.since(0, 0) is None
    assert ring.since(1, 0) == [Span(1, RING_BYTES + 1)]
    assert not ring.holds(0)


def test_a_viewer_with_a_new_snapshot_gets_all_output_that_the_file_has() -> None:
    ring = OutputRing(10, 3 * RING_BYTES)
    assert ring.since(10, 0) is None
    assert ring.since(10, 0, is_snapshot=True) == [Span(10, 3 * RING_BYTES)]
    assert ring.since(9, 0, is_snapshot=True) is None


def test_freed_output_is_not_sent() -> None:
    ring = OutputRing(5, 10_001)
    assert ring.since(4, 0) is None
    ring.forgot(9_000)
    assert ring.since(8_999, 0) is None
    assert ring.since(9_000, 0) == [Span(9_000, 10_001)]


def test_output_before_a_forgotten_resize_is_not_sent() -> None:
    ring = OutputRing(0, 0)
    for number in range(1001):
        ring.end += 1
        ring.resized(Resized(ring.end, GridSize(80 + number % 2, 24), number=number + 1))
    # A later host does not know the forgotten resize's offset, only that it is not after the oldest known one.
    for each, first in ((ring, 2), (reopened(ring), 3)):
        assert each.since(0, 0) is None
        assert each.since(1, 1) is None
        assert each.since(first, first) is not None
        assert each.resizes == 1001


def test_of_several_resizes_at_one_offset_only_unseen_ones_are_sent() -> None:
    resizes = [Resized(2, GridSize(columns, 24), number=number) for number, columns in ((1, 90), (2, 70), (3, 80))]
    ring = OutputRing(0, 2)
    for resize in resizes:
        ring.resized(resize)
    ring.end = 4
    for each in (ring, reopened(ring)):
        assert each.since(2, 3) == [Span(2, 4)]
        assert each.since(2, 1) == [resizes[1], resizes[2], Span(2, 4)]
        assert each.since(1, 0) == [Span(1, 2), *resizes, Span(2, 4)]
