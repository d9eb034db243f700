"""A chat goes to sleep after hours without a look, by a clock that nobody sets; a look begins them anew."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.host.unseen import HOUR_S, Unseen
from tests.support.session_harness import spec_of


class Clock:
    """A clock that stands still, with its alarm."""

    def __init__(self, on_time: Callable[[], object]) -> None:
        self.on_time, self.at_s, self.is_closed = on_time, 0.0, False

    def set(self, at_s: float) -> None:
        self.at_s = at_s

    def close(self) -> None:
        self.is_closed = True


class Scene:
    """A chat, its clock, and how often it was put to sleep."""

    def __init__(self, directory: Path) -> None:
        self.settings, self.mark = directory / "chats.toml", directory / "viewed"
        self.now_s, self.begun, self.is_shown = 1000.0, 0, False
        self.clocks: list[Clock] = []
        spec = spec_of()
        origin = replace(spec.facts.origin, agent="claude")
        spec = replace(spec, settings=str(self.settings), facts=replace(spec.facts, origin=origin))
        self.unseen = Unseen(spec, self.mark, lambda: self.is_shown)
        self.unseen.now_s, self.unseen.make_alarm, self.unseen.begin = lambda: self.now_s, self.clock, self.begin

    def clock(self, on_time: Callable[[], object]) -> Clock:
        self.clocks.append(Clock(on_time))
        return self.clocks[-1]

    def begin(self) -> None:
        self.begun += 1

    def want(self, hours: float) -> None:
        self.settings.write_text(f"sleep_after_hours = {hours}\n", encoding="utf-8")
        os.utime(self.settings, ns=(time.time_ns(), time.time_ns()))

    def pass_hours(self, hours: float) -> None:
        """Let time pass, also in a suspend; the alarm rings if it is due."""
        self.now_s += hours * HOUR_S
        alarm = self.clocks[-1] if self.clocks else None
        if alarm is not None and not alarm.is_closed and self.now_s >= alarm.at_s:
            alarm.on_time()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_nothing_is_counted_unless_the_user_wants_it(scene: Scene) -> None:
    scene.unseen.start()
    scene.pass_hours(100)
    assert (scene.clocks, scene.begun) == ([], 0)


def test_it_begins_after_the_hours_and_tries_again_if_something_hinders_it(scene: Scene) -> None:
    scene.want(2)
    scene.unseen.start()
    scene.pass_hours(1.9)
    assert scene.begun == 0
    scene.pass_hours(0.2)
    assert scene.begun == 1
    scene.pass_hours(1.9)
    assert scene.begun == 1
    scene.pass_hours(0.2)
    assert scene.begun == 2


def test_a_look_a_key_and_a_turn_begin_the_hours_anew(scene: Scene) -> None:
    scene.want(2)
    scene.unseen.start()
    scene.pass_hours(1.5)
    scene.unseen.seen()
    scene.pass_hours(1.5)
    scene.unseen.note_key()
    scene.pass_hours(1.5)
    scene.is_shown = True
    scene.unseen.viewers_changed()
    scene.pass_hours(5)
    scene.is_shown = False
    scene.unseen.viewers_changed()
    scene.pass_hours(1.5)
    assert scene.begun == 0
    scene.pass_hours(1)
    assert scene.begun == 1


def test_a_viewer_that_shows_nothing_is_no_look(scene: Scene) -> None:
    scene.want(2)
    scene.unseen.start()
    scene.pass_hours(1.5)
    scene.unseen.viewers_changed()
    scene.pass_hours(1)
    assert scene.begun == 1


def test_a_view_of_the_phone_counts_when_it_is_due(scene: Scene) -> None:
    scene.want(2)
    scene.unseen.start()
    scene.mark.touch()
    an_hour_ago = time.time() - HOUR_S
    os.utime(scene.mark, (an_hour_ago, an_hour_ago))
    scene.pass_hours(2)
    assert scene.begun == 0
    long_ago = an_hour_ago - 1.1 * HOUR_S
    os.utime(scene.mark, (long_ago, long_ago))
    scene.pass_hours(1.1)
    assert scene.begun == 1


def test_a_clock_that_was_set_back_after_a_view_puts_nothing_to_sleep_early(scene: Scene) -> None:
    scene.want(2)
    scene.unseen.start()
    scene.mark.touch()
    os.utime(scene.mark, (time.time() + 2 * HOUR_S,) * 2)
    scene.pass_hours(2)
    assert scene.begun == 0
    os.utime(scene.mark, (time.time() - 99 * HOUR_S,) * 2)
    scene.pass_hours(2)
    assert scene.begun == 1


def test_the_setting_takes_effect_when_somebody_lists_the_chat(scene: Scene) -> None:
    scene.unseen.start()
    scene.pass_hours(3)
    scene.want(4)
    scene.unseen.look()
    scene.pass_hours(0.9)
    assert scene.begun == 0
    scene.want(0)
    scene.pass_hours(1)
    assert (scene.begun, scene.clocks[-1].is_closed) == (0, True), "it is read again when it is due"
    scene.want(1)
    scene.unseen.look()
    scene.pass_hours(0)
    assert scene.begun == 1


@pytest.mark.parametrize("text", ["sleep_after_hours = true\n", "sleep_after_hours = [", "sleep_after_hours = '3'\n"])
def test_a_damaged_setting_is_none(scene: Scene, text: str) -> None:
    scene.settings.write_text(text, encoding="utf-8")
    scene.unseen.start()
    assert scene.clocks == []


def test_the_end_of_the_program_ends_it(scene: Scene) -> None:
    scene.want(1)
    scene.unseen.start()
    scene.unseen.program_ended()
    assert scene.clocks[-1].is_closed
    scene.unseen.look()
    assert len(scene.clocks) == 1
