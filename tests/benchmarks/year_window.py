"""``python -m tests.benchmarks.year_window ROW…``: run the window, measure it from inside, and exit.

It prints the figures as one JSON object: "MEASURE, of the row" → milliseconds of the main thread's processor time, or
megabytes. The window works as a user's: real store, hosts, event loop and painting.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer

from gui import __main__ as gui_main
from gui import start
from gui.app import App
from gui.bridge.chat import Chat
from gui.window.sidebar.model import Heading
from gui.wording.groups import Group
from session_host.protocol.messages import TitleEvent
from tests.benchmarks.usage import pss_mb, rss_mb
from tests.support.waiting import eventually

CHANGES = 8
CHANGE_PAUSE_S = 0.3
"""Longer than the time for which the window collects changes of titles."""
TYPED = "login"
REMOVED = 100
TURNS, TURN_S = 3, 0.03
"""Within so many turns of the event loop, of this length each, the window has painted a change and all that follows."""
QUIET_S, QUIET_CPU_S = 0.25, 0.01
WAIT_S = 600.0


class FirstPaint(QObject):
    """Notes the processor time up to the end of a window's first paint.

    Attributes:
        process_s: the whole process's time since its start.
        thread_s: the main thread's time.
        painted: set at that end.
    """

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        self._window = window
        self.process_s = self.thread_s = 0.0
        self.painted = asyncio.Event()
        window.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Paint:
            self._window.removeEventFilter(self)
            QTimer.singleShot(0, self, self._note)  # The window's parts are painted after it, in the same turn.
        return False

    def _note(self) -> None:
        self.process_s, self.thread_s = time.process_time(), time.thread_time()
        self.painted.set()


class Freezes(QObject):
    """Notes the main thread's longest stretch of work without a turn of the event loop."""

    def __init__(self) -> None:
        super().__init__()
        self.longest_s = 0.0
        self._last_s = time.thread_time()
        self._timer = QTimer(self, interval=1)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now_s = time.thread_time()
        self.longest_s, self._last_s = max(self.longest_s, now_s - self._last_s), now_s

    def stop(self) -> float:
        """Stop; return the longest stretch, in ms."""
        self._beat()
        self._timer.stop()
        return self.longest_s * 1000


class MeasuredApp(App):
    """The window's process, which measures itself once it is shown, and quits."""

    rows: Collection[str] = ()

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.figures: dict[str, float] = {}

    async def run(self) -> int:
        paint = FirstPaint(self.window)
        measuring = asyncio.ensure_future(self._measure(paint))
        try:
            return await super().run()
        finally:
            await measuring
            print(json.dumps(self.figures))

    async def _measure(self, paint: FirstPaint) -> None:
        try:
            await paint.painted.wait()
            self.figures["start"] = paint.process_s * 1000
            self.figures["start, blocked"] = (paint.thread_s - BEGAN_S) * 1000
            await quiet()
            self.figures["memory, PSS"] = pss_mb(os.getpid())
            self.figures["memory, RSS"] = rss_mb(os.getpid())
            self.window.activateWindow()
            for row, measure in {
                "change": self._measure_changes, "switcher": self._measure_switcher, "filter": self._measure_filter,
                "unfold": self._measure_unfold, "remove": self._measure_removal,
                "carry out": self._measure_carrying_out,
            }.items():  # fmt: skip
                if row in self.rows:
                    await quiet()
                    await measure()
        finally:
            self.quit()

    async def _measure_changes(self) -> None:
        model = self.window.sidebar.model
        self.figures["change, folded"] = await self._cost_of_changes()
        self._toggle_ended()
        self.figures["change, open"] = await self._cost_of_changes()
        folded = [entry.key for entry in self._headings() if entry.folded]
        for key in folded:
            model.toggle_group(key)
        self.figures["change, all months open"] = await self._cost_of_changes()
        for key in folded:
            model.toggle_group(key)
        self._toggle_ended()

    async def _cost_of_changes(self) -> float:
        [chat] = self.sessions.running()
        await quiet()
        total_ms = 0.0
        for number in range(CHANGES):
            await asyncio.sleep(CHANGE_PAUSE_S)
            total_ms += await cost_ms(partial(chat.viewer_event, TitleEvent(f"step {number}")))
            total_ms -= await cost_ms(lambda: None)
        return total_ms / CHANGES

    def _headings(self) -> list[Heading]:
        model = self.window.sidebar.model
        entries = (model.entry(model.index(row)) for row in range(model.rowCount()))
        return [entry for entry in entries if isinstance(entry, Heading)]

    async def _measure_switcher(self) -> None:
        chooser = self.window.sheets.chooser
        self.figures["switcher, open"] = await cost_ms(self.window.commands.lists.switch_chat)
        letters = [await cost_ms(partial(chooser.field.insert, letter)) for letter in TYPED]
        self.figures["switcher, slowest letter"] = max(letters)
        chooser.dismiss()

    async def _measure_filter(self) -> None:
        field = self.window.sidebar.filter
        self.figures["filter, first letter"] = await cost_ms(lambda: field.insert(TYPED[0]))
        self.figures["filter, more letters"] = await cost_ms(lambda: field.insert(TYPED[1:]))
        self.figures["filter, clear"] = await cost_ms(field.clear)

    def _toggle_ended(self) -> None:
        """Fold or unfold the ended chats."""
        self.window.sidebar.model.toggle_group(Group.ENDED.value)

    async def _measure_unfold(self) -> None:
        self.figures["unfold"] = await cost_ms(self._toggle_ended)
        self._toggle_ended()

    def _ended(self) -> list[Chat]:
        chats = (self.sessions.get(chat.id) for chat in self.sessions.groups()[Group.ENDED][:REMOVED])
        return [chat for chat in chats if chat is not None]

    async def _measure_removal(self) -> None:
        self._toggle_ended()
        await quiet()
        removals, chats = self.sessions.removals, self._ended()
        for name, step in (("remove", removals.begin), ("undo", removals.undo)):
            freezes = Freezes()
            self.figures[f"remove, {name}"] = await cost_ms(partial(step, chats))
            await quiet()
            self.figures[f"remove, {name}, longest freeze"] = freezes.stop()
        self._toggle_ended()

    async def _measure_carrying_out(self) -> None:
        self._toggle_ended()
        await quiet()
        chats = self._ended()
        ids = [chat.id for chat in chats]
        freezes, began_s = Freezes(), time.process_time()
        self.sessions.removals.begin(chats, undo_ms=1)
        await eventually(lambda: not any(map(self.sessions.get, ids)), WAIT_S, "the removal", every_s=0.05)
        self.figures["carry out, process"] = (time.process_time() - began_s) * 1000
        self.figures["carry out, longest freeze"] = freezes.stop()


async def cost_ms(change: Callable[[], object]) -> float:
    """The main thread's processor time for a change and all that follows it soon, in ms."""
    began_s = time.thread_time()
    change()
    for _ in range(TURNS):
        await asyncio.sleep(TURN_S)
    return (time.thread_time() - began_s) * 1000


async def quiet() -> None:
    """Wait until the process has nothing to do."""
    async with asyncio.timeout(WAIT_S):
        used_s = float("-inf")
        while time.process_time() - used_s > QUIET_CPU_S:
            used_s = time.process_time()
            await asyncio.sleep(QUIET_S)


BEGAN_S = 0.0
"""The main thread's time when Qt starts; the modules are imported then."""


def main() -> int:
    """Run the window, and print what it measured."""
    global BEGAN_S  # noqa: PLW0603 - once, at the start
    MeasuredApp.rows = frozenset(sys.argv[1:])
    setattr(start, "App", MeasuredApp)  # noqa: B010 - the module does not export its import
    BEGAN_S = time.thread_time()
    return gui_main.main([])


if __name__ == "__main__":
    sys.exit(main())
