"""Closed pages, panes, sheets and windows are freed when they close, not only when Python collects garbage."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken

from gui.settings.layout import WindowLayout
from gui.settings.live import LiveAgents, LiveSettings
from gui.settings.preferences import Preferences
from gui.window.sheets.chooser import Choice
from gui.window.sheets.question import Question
from gui.window.windows import MainWindow, Windows
from session_host import paths
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WAIT_S, WindowHarness

pytestmark = pytest.mark.usefixtures("no_collection")

ANSWER = "# Title\n\nA *word*, `code` and\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
SCREEN = "\x1b]133;A\x1b\\$ \x1b]133;B\x1b\\ls\r\n\x1b]133;C\x1b\\Ünï 漢字 ─│ https://example.com\r\n".encode() * 50


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Python collects no garbage, as while the window is busy."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
async def windows(harness: WindowHarness) -> AsyncIterator[Windows]:
    """A window, and those that a test opens beside it."""
    settings = LiveSettings(paths.config_dir(), Preferences(), harness.sessions)
    made = Windows(harness.theme, harness.sessions, LiveAgents(settings), settings, WindowLayout())
    made.restore_windows()
    made.show()
    yield made
    for window in made.all:
        window.tabs.panes.close_all()
    made.delete()
    harness.settle()


class Watched:
    """A widget and its parts, which this does not keep."""

    def __init__(self, root: QWidget | None) -> None:
        assert root is not None
        self._parts = [weakref.ref[QObject](each) for each in (root, *root.findChildren(QObject))]

    def kept(self, harness: WindowHarness) -> list[str]:
        """The types of deleted parts that still have attributes, and of what only a collection would free."""
        for _ in range(3):
            harness.settle()
        kept = [part for each in self._parts if (part := each()) is not None and not Shiboken.isValid(part)]
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        gc.set_debug(0)
        garbage = [each for each in gc.garbage if not isinstance(each, Exception)]
        gc.garbage.clear()
        types = [type(each) for each in (*filter(vars, kept), *garbage)]
        return [each.__name__ for each in types if each.__module__.startswith(("gui.", "session_host.", "PySide6."))]


def show(harness: WindowHarness, session_id: str) -> None:
    """Show content in a chat's page, and each of the page's parts."""
    viewer = harness.show(session_id)
    page = harness.window.tabs.active_page
    assert page is not None
    if page.chat.record.origin.runtime == "structured":
        viewer.replica.transcript = transcript = Transcript()
        for number in range(20):
            transcript.apply(Put(Item(f"u{number}", "user", 1, "Do it", "done", "t1")), 1)
            transcript.apply(Put(Item(f"a{number}", "agent", 1, ANSWER, "done", "t1")), 1)
        viewer.delegate.viewer_replaced()
    elif viewer.replica.emulator is not None:
        viewer.replica.emulator.feed(SCREEN)
        viewer.delegate.viewer_damaged()
    page.grab()
    page.open_find()
    page.question.ask(Question("Really?", "Yes", list))
    page.bars.end.get().show()
    page.bars.sleep.get().show()
    page.bars.problem.get().show_text("A problem", "")
    harness.settle()


async def with_pages(harness: WindowHarness, runtime: str) -> str:
    """Open and close a page, since some objects stay for later pages; returns the id of a chat without a page."""
    one, two, three = [await harness.add(name, runtime=runtime) for name in ("one", "two", "three")]
    harness.open_window()
    for session_id in (one, two):
        show(harness, session_id)
    harness.window.tabs.close(two)
    harness.settle()
    gc.collect()
    return three


@pytest.mark.parametrize("runtime", ["terminal", "structured"])
async def test_a_closed_page_is_freed(harness: WindowHarness, runtime: str) -> None:
    session_id = await with_pages(harness, runtime)
    show(harness, session_id)
    page = Watched(harness.window.tabs.active_page)
    harness.window.tabs.close(session_id)
    assert page.kept(harness) == []


async def test_a_closed_pane_is_freed_with_the_second_page_of_a_chat(harness: WindowHarness) -> None:
    await with_pages(harness, "terminal")
    panes = harness.window.tabs.panes
    kept: list[str] = []
    for _ in range(2):  # The first time, some objects are made that stay.
        gc.collect()
        harness.window.actions_["mirror_right"].trigger()
        harness.further[-1].go_live()
        harness.settle()
        pane = Watched(panes.active)
        panes.close_pane()
        kept = pane.kept(harness)
    assert kept == []


async def test_a_closed_window_is_freed_with_its_sheets(harness: WindowHarness, windows: Windows) -> None:
    session_id = await harness.add("one")
    kept: list[str] = []
    beside: list[int] = []
    for _ in range(2):
        gc.collect()
        windows.open_empty(windows.all[0])
        windows.all[1].open_chat(harness.chat(session_id))
        harness.viewers[session_id].go_live()
        open_sheets(harness, windows.all[1])
        window = Watched(windows.all[1])
        windows.all[1].close()
        await harness.sessions.tasks.wait_for_others(WAIT_S)
        kept = window.kept(harness)
        beside.append(len(harness.sessions.findChildren(QObject)))
    assert kept == []
    assert beside[0] == beside[1], "nor does a part stay below the chats"


def open_sheets(harness: WindowHarness, window: MainWindow) -> None:
    sheets = window.sheets
    for sheet in (
        sheets.question,
        sheets.name,
        sheets.new_chat,
        sheets.export,
        sheets.chooser,
        sheets.import_theme,
        sheets.explain,
        sheets.output,
        sheets.send,
        sheets.save_prompt,
        sheets.remove_ended,
        sheets.conversations,
        sheets.image,
        sheets.searching.sheet,
        sheets.searching.recorded,
    ):
        sheet.open()
        harness.settle()
        sheet.dismiss()


@pytest.mark.parametrize("kind", ["settings", "guide", "changes"])
async def test_a_closed_page_without_a_chat_is_freed(
    harness: WindowHarness, windows: Windows, kind: str, tmp_path: Path
) -> None:
    checkout = Checkout.new(tmp_path / "work")
    (checkout.path / "new").write_text("a line\n" * 20)
    chat = harness.chat(await harness.add("one", cwd=str(checkout.path)))
    pages = windows.tab_pages
    openers: dict[str, Callable[[], QWidget]] = {
        "settings": lambda: pages.settings.open("appearance"),
        "guide": pages.guide.open,
        "changes": lambda: pages.changes.open(chat, chat.record.origin.cwd),
    }
    kept: list[str] = []
    for _ in range(2):
        gc.collect()
        page = openers[kind]()
        await harness.sessions.tasks.wait_for_others(WAIT_S)
        page.grab()
        watched = Watched(page)
        page.close()
        del page
        await harness.sessions.tasks.wait_for_others(WAIT_S)
        kept = watched.kept(harness)
    assert kept == []


async def test_the_rows_of_an_earlier_search_are_freed(harness: WindowHarness) -> None:
    chooser = harness.open_window().sheets.chooser
    earlier = [Choice(f"line {number}", "", partial(list, [number])) for number in range(50)]
    rows = [weakref.ref(each.run) for each in earlier]
    chooser.ask("Lines", "", earlier)
    earlier.clear()
    chooser.ask("Others", "", [Choice("another", "", list)])
    harness.settle()
    assert not any(row() for row in rows)
