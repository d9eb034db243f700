"""Cutting output into steps without loss."""

from __future__ import annotations

from hypothesis import given

from session_host.storage.search.reader import MAX_STEP_BYTES, MAX_STEP_LINES, steps
from tests.support.output_pieces import PIECES


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
