"""Input on its way to the program."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from session_host.host.inputs import InputQueue
from session_host.protocol.messages import EARLY_INPUT_BYTES, PENDING_INPUT_BYTES


@given(st.lists(st.binary(max_size=30)), st.lists(st.integers(0, 20)))
def test_a_pty_that_takes_what_it_likes_gets_all_in_order_and_each_piece_is_told_once(
    pieces: list[bytes], takes: list[int]
) -> None:
    queue = InputQueue()
    queue.open = True
    got = b""
    told: list[int] = []
    for number, piece in enumerate(pieces):
        queue.add(piece, lambda number=number: told.append(number))  # type: ignore[misc]

    def write(data: bytes | memoryview) -> int:
        nonlocal got
        count = takes.pop(0) if takes else 1000
        got += bytes(data[:count])
        return min(count, len(data))

    while not queue.flush(write):
        pass
    assert got == b"".join(pieces)
    assert told == list(range(len(pieces)))
    assert queue.pending_bytes == 0


def test_nothing_is_written_before_the_program_runs() -> None:
    queue = InputQueue()
    queue.add(b"early")
    written: list[bytes] = []

    def write(data: bytes | memoryview) -> int:
        written.append(bytes(data))
        return len(data)

    assert not queue.flush(write)
    assert written == []
    queue.open = True
    assert queue.flush(write)
    assert written == [b"early"]


def test_the_bound_is_smaller_before_the_start() -> None:
    queue = InputQueue()
    assert queue.has_room(EARLY_INPUT_BYTES)
    assert not queue.has_room(EARLY_INPUT_BYTES + 1)
    queue.open = True
    assert queue.has_room(PENDING_INPUT_BYTES)
    queue.add(b"x")
    assert not queue.has_room(PENDING_INPUT_BYTES)
