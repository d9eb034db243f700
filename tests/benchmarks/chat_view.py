"""The view of a structured chat: opening a long chat at its end, scrolling it, and a message that streams.

The view runs in this process, on an X server of its own. A frame's time goes from the change to the end of Qt's paint
event, which includes finding, laying out and painting the rows. Opening begins with the snapshot's bytes, as after an
attach, and ends when the last items are painted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

from PySide6.QtTest import QTest

from gui.chat.port import ChatPort
from gui.chat.view import ChatView
from gui.theme.theme import Theme
from session_host.structured.transcript import Transcript
from tests.benchmarks.environment import BenchmarkEnvironment
from tests.benchmarks.own_qt import own_qt
from tests.benchmarks.report import Report, Series, Verdict, percentile
from tests.support.chat_view_harness import RecordedPort
from tests.support.scripted_chat import ScriptedChat, long_chat
from tests.support.themes import OWN

ITEMS = 10_000
OPENINGS = 10
SCROLLS = 600
PIECES = 400
MESSAGE_CHARACTERS = 200_000
OPEN_LIMIT_MS = 100.0
FRAME_LIMIT_MS = 16.7
_PARAGRAPH = "A paragraph of the answer with `code`, **bold words** and a [link](https://example.org), and a bit more. "


def run(bench: BenchmarkEnvironment) -> Report:
    """Run the benchmark and return its report."""
    report = Report("chat_view", f"a chat of {ITEMS:,} items; a message of {MESSAGE_CHARACTERS:,} characters streams")
    with own_qt(bench) as application:
        theme = Theme(application, OWN, "dark")
        opening(report, theme)
        scrolling(report, theme)
        streaming(report, theme)
    return report


def opening(report: Report, theme: Theme) -> None:
    """Open a chat at its end, from a snapshot."""
    snapshot = long_chat(ITEMS).transcript.snapshot()
    series = Series("a chat opens at its end", "ms")
    for _ in range(OPENINGS):
        view = _view(theme)
        began_s = time.monotonic()
        view.set_transcript(Transcript.restore(snapshot))
        view.page.repaint()
        series.values.append((time.monotonic() - began_s) * 1000)
        _close(view)
    report.series.append(series)
    median = percentile(series.values, 50)
    report.notes.append(f"{series.name}: first {series.values[0]:.1f} ms, then p50 {median:.1f} ms")
    report.verdicts.append(Verdict(f"{series.name}, p50", median, "ms", OPEN_LIMIT_MS, False))


def scrolling(report: Report, theme: Theme) -> None:
    """Scroll from the end towards the beginning; each item is laid out for the first time."""
    view = _view(theme)
    view.set_transcript(long_chat(ITEMS).transcript)
    view.page.repaint()

    def step() -> None:
        view.page.scroller.scroll_by(-80)
        view.page.repaint()

    _frames(report, "a scrolled frame", step, SCROLLS)
    _close(view)


def streaming(report: Report, theme: Theme) -> None:
    """Append to a long message."""
    chat = ScriptedChat()
    message = chat.put("agent", status="running")
    paragraphs = MESSAGE_CHARACTERS // (len(_PARAGRAPH) * 3)
    chat.say(message, "".join(f"{_PARAGRAPH * 3}\n\n" for _ in range(paragraphs)))
    view = _view(theme)
    view.set_transcript(chat.transcript)
    view.page.repaint()
    pieces = (f"word{number} " + ("\n\n" if number % 40 == 39 else "") for number in range(PIECES))

    def step() -> None:
        chat.say(message, next(pieces))
        view.changed()
        view.page.scroller.show_frame()
        view.page.repaint()

    _frames(report, "a streamed frame", step, PIECES)
    _close(view)


def _frames(report: Report, name: str, step: Callable[[], None], count: int) -> None:
    series = Series(name, "ms")
    for _ in range(count):
        began_s = time.monotonic()
        step()
        series.values.append((time.monotonic() - began_s) * 1000)
    report.series.append(series)
    quantiles = " / ".join(f"{percentile(series.values, share):.1f}" for share in (50, 99, 100))
    report.notes.append(f"{name}: p50 / p99 / max {quantiles} ms")
    report.verdicts.append(Verdict(f"{name}, p99", percentile(series.values, 99), "ms", FRAME_LIMIT_MS, False))


def _view(theme: Theme) -> ChatView:
    view = ChatView(theme, cast(ChatPort, RecordedPort([])))
    view.resize(1000, 900)
    view.show()
    QTest.qWaitForWindowExposed(view)
    return view


def _close(view: ChatView) -> None:
    view.close()
    view.deleteLater()
