"""No timer runs in a window while nothing changes, except the one that refreshes ages."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QAbstractEventDispatcher, QObject
from PySide6.QtWidgets import QApplication

from gui.bridge.age_timer import OLD_STEP_S
from gui.settings.layout import SavedPane, SavedWindow, WindowLayout
from gui.settings.pane_tree import Pane, Split
from gui.terminal.drawing import blinking
from gui.window.panes import tabs
from session_host import paths
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.facts import chat_facts
from tests.support.waiting import eventually
from tests.unit.gui.conftest import FakeViewer
from tests.unit.gui.test_app import opened, until

CHATS = 20
IDS = [f"00000000-0000-4000-8000-{number:012}" for number in range(CHATS)]
SCREEN = b"\033[1 qa cursor that blinks"
SHOWN = {IDS[place] for place in (0, 6, 12, 18)}
AGES, INDEXING = "AgeTimer QTimer", "SearchIndexing QTimer"
"""The second one runs once after output."""
SPLITS = Split(True, (Pane(0), Split(False, (Pane(1), Pane(2)), (0.5, 0.5))), (0.5, 0.5))
"""One pane at the left, two at the right."""


@pytest.fixture
def recorded(area: Area) -> None:
    """Chats in two windows, the first of which has three panes."""
    first = SavedWindow(panes=[SavedPane(IDS[start : start + 6], IDS[start]) for start in (0, 6, 12)], tree=SPLITS)
    second = SavedWindow(panes=[SavedPane(IDS[18:], IDS[18])])
    with Store.open(paths.database()) as store:
        for number, session_id in enumerate(IDS):
            store.insert(
                chat_facts(
                    id=session_id,
                    name=f"chat-{number}",
                    agent="command",
                    argv=["cat"],
                    cwd="/tmp",
                    state=State.RUNNING,
                    created_at=f"2026-01-02T03:04:{number:02}Z",
                )
            )
        store.save_layout(WindowLayout(windows=[first, second], no_tray_explained=True).to_dict())


def objects() -> Iterator[QObject]:
    """All Qt objects that Python knows, and all children of the windows."""
    yield from (each for each in gc.get_objects() if issubclass(type(each), QObject) and shiboken6.isValid(each))
    for window in QApplication.topLevelWidgets():
        yield from window.findChildren(QObject)


def running_timers() -> dict[str, int]:
    """The running timers: type of the object, type of its parent, interval in ms."""
    dispatcher = QAbstractEventDispatcher.instance()
    return {
        f"{type(each.parent()).__name__} {type(each).__name__}": timer.interval
        for each in objects()
        for timer in dispatcher.registeredTimers(each)
    }


def waiting_callbacks() -> list[asyncio.TimerHandle]:
    """Callbacks that are scheduled in asyncio's loop."""
    scheduled: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    return [handle for handle in scheduled if not handle.cancelled()]


async def test_no_timer_runs_while_nothing_changes(
    qapp: QApplication, display: XServer, window_manager: None, recorded: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(blinking, "IDLE_AFTER_S", 0.2)
    monkeypatch.setattr(tabs, "SUSPEND_AFTER_MS", 200)
    viewers: list[FakeViewer] = []

    def viewer(*arguments: Any) -> FakeViewer:
        viewers.append(FakeViewer(*arguments))
        return viewers[-1]

    async with opened(qapp, viewer) as app:
        await until(lambda: len(viewers) >= CHATS)
        for each in viewers:
            each.go_live(SCREEN)
        gc.unfreeze()
        assert [len(window.tabs.panes.all()) for window in app.windows.all] == [3, 1]
        assert {page.chat.id for window in app.windows.all for page in window.tabs.pages()} >= SHOWN
        seen: dict[str, Any] = {}

        def is_idle() -> bool:
            QApplication.processEvents()
            seen.update(timers=running_timers(), callbacks=waiting_callbacks())
            return set(seen["timers"]) - {INDEXING} == {AGES} and not seen["callbacks"]

        await eventually(is_idle, 30, lambda: f"an idle window; it has {seen}", every_s=0.1)
        assert seen["timers"][AGES] == OLD_STEP_S * 1000
