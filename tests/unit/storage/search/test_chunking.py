"""Cutting output into steps without loss, and finding positions between two sequences."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from session_host.protocol.values import GridSize
from session_host.storage.search.chunking import MAX_STEP_BYTES, MAX_STEP_LINES, Sequences, steps
from session_host.terminal import create
from session_host.terminal.text import logical_lines

PIECES = st.lists(
    st.sampled_from(
        [b"\x1b", b"[", b"]", b"P", b"X", b"\\", b"\x07", b"\x18", b"0;1", b"m", b"text", b"\r\n", b"?1049h", b"?1049l",
         b"2J", b"c", b"(", b"B", b"\xf0\x9f\x99", b"\x82", b" ", b"7", b"#8", b"H"]
    ),
    max_size=30,
).map(b"".join)  # fmt: skip


@given(PIECES)
def test_cutting_loses_nothing(data: bytes) -> None:
    assert b"".join(step for step, _ in steps(data, 80)) == data


def test_a_step_scrolls_few_rows() -> None:
    data = b"y\n" * 50_000 + b"x" * 2_000_000
    cut = [step for step, _ in steps(data, 20)]
    assert b"".join(cut) == data
    assert all(
        step.count(b"\n") <= MAX_STEP_LINES and len(step) <= min(MAX_STEP_BYTES, 20 * MAX_STEP_LINES) for step in cut
    )


def test_a_step_ends_before_the_screen_is_lost() -> None:
    data = b"one\x1b[2Jtwo\x1b[?1049hthree\x1b[?25;1049lfour\x1b[Hfive\x1b[H\x1b[Jsix\x1bcseven"
    assert [(step[-3:], lost) for step, lost in steps(data, 80) if lost] == [
        (b"one", True), (b"two", True), (b"ree", True), (b"ive", True), (b"six", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "settled"),
    [
        (b"text", True), (b"", True), (b"\x1b", False), (b"\x1b[", False), (b"\x1b[1;2", False), (b"\x1b[1;2m", True),
        (b"\x1b]0;title", False), (b"\x1b]0;title\x07", True), (b"\x1b]0;title\x1b\\", True), (b"\x1bPq...", False),
        (b"\x1bPq\x07", False), (b"\x1b_G\x1b\\x", True), (b"\x1b(", False), (b"\x1b(B", True), (b"\x1b7", True),
        (b"\x1b[\x18", True), (b"\xe6\x97", False), (b"\xe6\x97\xa5 ", True),
    ],
)  # fmt: skip
def test_an_unfinished_sequence_is_recognised(data: bytes, settled: bool) -> None:
    for cut in range(len(data) + 1):
        sequences = Sequences()
        sequences.feed(data[:cut])
        sequences.feed(data[cut:])
        assert sequences.is_complete is settled


@settings(max_examples=300)
@given(PIECES, PIECES)
def test_a_sequence_inserted_between_two_others_changes_nothing_else(first: bytes, second: bytes) -> None:
    sequences = Sequences()
    sequences.feed(first)
    if not sequences.is_complete:
        return
    shown = []
    for between in (b"", b"\x1b[3J"):
        terminal = create(None, GridSize(40, 6))
        for data in (first, between, second):
            terminal.feed(data)
        shown.append(logical_lines(terminal.rows()))
        terminal.close()
    assert shown[0] == shown[1]
