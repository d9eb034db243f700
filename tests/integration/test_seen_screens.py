"""A viewer that left a screen is told of other text on it, and not of the program that draws it again."""

from __future__ import annotations

import sys

import pytest

from session_host.protocol.messages import Event, OutputEvent, TitleEvent
from tests.support.hosts import end, see, start, watching

pytestmark = pytest.mark.usefixtures("sessions")

DRAWS_ON_FOCUS = """
import os, sys, tty
tty.setraw(0)
def draw(text):
    os.write(1, b"\\x1b[?2026h\\x1b[H\\x1b[2J" + text + b"\\r\\n> \\x1b[7m \\x1b[27m\\x1b[?2026l")
os.write(1, b"\\x1b[?1004h")
draw(b"the answer")
while True:
    got = os.read(0, 100)
    if got == b"q":
        break
    if b"\\x1b[O" in got:
        os.write(1, b"\\x1b[?2004h\\x1b[2;3H\\x1b[K")
        draw(b"the answer")
        os.write(1, b"\\x1b[6n")
    elif got.endswith(b"R"):
        os.write(1, b"\\x1b]2;drawn\\x07")
    elif got == b"m":
        draw(b"more")
"""


async def test_what_an_agent_draws_again_when_it_loses_the_focus_is_no_news() -> None:
    record = await start(sys.executable, "-c", DRAWS_ON_FOCUS)
    async with watching(record.id) as (viewer, watcher), watching(record.id, output=False) as (other, _):
        viewer.focus(True)
        await see(viewer, watcher, "the answer")
        count = len(watcher.events)
        viewer.focus(False)
        viewer.follow(False)
        # The program has drawn the answer again, and then got the reply to its query.
        await watcher.until(lambda: TitleEvent("drawn") in watcher.events, "the answer to be drawn again")
        other.text("m")
        await watcher.until(lambda: any(map(is_output, watcher.events[count:])), "the news")
        first = next(filter(is_output, watcher.events[count:]))
        viewer.follow(True)
        await see(viewer, watcher, "more")
        assert first == OutputEvent(viewer.offset)
        other.text("q")
    await end(record.id)


def is_output(event: Event) -> bool:
    return isinstance(event, OutputEvent)
