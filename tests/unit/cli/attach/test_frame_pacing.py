"""Echoes are painted at once; floods of output are painted at a limited rate."""

from __future__ import annotations

import pytest

from session_host.cli.attach.frame_pacing import ECHO_SETTLE_S, FRAME_INTERVAL_S, EchoPacer, FramePacer


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


def frames_behind_echoes(every_s: float, echo_s: float = 0.0004, keys: int = 400) -> list[float]:
    """Type keys, each echoed after ``echo_s``; returns the time from the last key to each frame, in s."""
    pacer, delays = EchoPacer(), []
    timer_s: float | None = None
    events = sorted((number * every_s + wait_s, wait_s) for number in range(keys) for wait_s in (0.0, echo_s))
    pressed_s, is_pending = 0.0, False
    for now_s, wait_s in events:
        while timer_s is not None and timer_s < now_s:
            due_s = pacer.due(timer_s, is_key_pending=is_pending)
            if due_s is None:
                assert not is_pending
                delays.append(timer_s - pressed_s)
            timer_s = due_s
        if not wait_s:
            pressed_s, is_pending = now_s, True
        else:
            is_pending = False
            timer_s = pacer.echoed(now_s) or timer_s
    return delays


@pytest.mark.parametrize("every_s", [0.002, 0.003, 0.005, 0.009])
def test_the_frame_behind_echoes_of_quick_keys_comes_soon_after_an_echo(every_s: float) -> None:
    delays = frames_behind_echoes(every_s)
    assert delays == pytest.approx([0.0004 + 0.001] * len(delays))
    assert len(delays) >= 400 * every_s / (ECHO_SETTLE_S + 2 * every_s) - 1


@pytest.mark.parametrize("every_s", [0.012, 0.025, 0.060, 0.300])
def test_a_frame_follows_the_echo_of_slower_keys(every_s: float) -> None:
    assert len(frames_behind_echoes(every_s, keys=40)) >= 40 * every_s / (ECHO_SETTLE_S + every_s) - 2


def test_the_last_echo_has_a_frame() -> None:
    pacer = EchoPacer()
    assert pacer.echoed(0.0) == ECHO_SETTLE_S
    assert pacer.echoed(0.028) is None
    assert pacer.due(ECHO_SETTLE_S, is_key_pending=False) == pytest.approx(0.038), "keys come quickly"
    assert pacer.due(0.038, is_key_pending=False) is None
    assert pacer.echoed(1.0) == 1.0 + ECHO_SETTLE_S


def test_a_key_without_an_answer_delays_the_frame_by_a_tenth_of_a_second_at_most() -> None:
    pacer = EchoPacer()
    times_s = [pacer.echoed(0.0)]
    while times_s[-1] is not None:
        times_s.append(pacer.due(times_s[-1], is_key_pending=True))
    assert times_s[-2] == pytest.approx(0.1, abs=0.003)
    assert len(times_s) > 10


def test_output_that_never_pauses_does_not_put_off_the_frame() -> None:
    pacer = EchoPacer()
    timer_s, now_s = pacer.echoed(0.0), 0.0
    while timer_s is not None:
        now_s += 0.0005
        timer_s = pacer.due(now_s, is_key_pending=False) if now_s >= timer_s else pacer.echoed(now_s) or timer_s
        assert now_s < 0.1
    assert now_s < ECHO_SETTLE_S + 0.012
