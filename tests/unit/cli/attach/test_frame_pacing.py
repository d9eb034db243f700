"""Echoes are painted at once; floods of output are painted at a limited rate."""

from __future__ import annotations

import pytest

from session_host.cli.attach.full_screen import FRAME_INTERVAL_S, FramePacer


def frames(pacer: FramePacer, cost_s: float, every_s: float, seconds: float = 2.0) -> tuple[int, float]:
    """Paint a change every ``every_s``; returns the count of frames and the longest delay in the second half, in s."""
    now_s, painted, longest_s = 0.0, 0, 0.0
    while now_s < seconds:
        at_s = max(now_s, pacer.due_s())
        if now_s > seconds / 2:
            longest_s = max(longest_s, at_s - now_s)
        pacer.painted(at_s, cost_s)
        painted += 1
        now_s = max(at_s + cost_s, now_s + every_s)
    return painted, longest_s


@pytest.mark.parametrize("every_s", [0.002, 0.030, 0.060])
def test_the_echo_of_each_key_is_painted_at_once(every_s: float) -> None:
    assert frames(FramePacer(), 0.0001, every_s)[1] == 0


@pytest.mark.parametrize("cost_s", [0.0005, 0.002, 0.010])
def test_a_flood_takes_a_fifth_of_the_time_or_60_frames_a_second(cost_s: float) -> None:
    painted, longest_s = frames(FramePacer(), cost_s, 0.0)
    assert painted / 2 <= max(0.2 / cost_s, 60) * 1.1
    assert longest_s <= FRAME_INTERVAL_S


def test_the_first_key_after_a_flood_waits_for_at_most_one_frame() -> None:
    pacer = FramePacer()
    frames(pacer, 0.005, 0.0, seconds=1.0)
    assert pacer.due_s() <= 1.0 + 0.005 + FRAME_INTERVAL_S
