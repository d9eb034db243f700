"""The page of changes over a real repository."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from gui.bridge.chat import Chat
from gui.settings.live import LiveSettings
from gui.window.actions.tab_pages import CHANGES, ChangesOpener
from gui.window.changes.tab import ChangesTab
from tests.support.area import Area
from tests.support.displays import XServer
from tests.support.qt_waiting import delete_now
from tests.support.repositories import Checkout
from tests.support.tab_pages import ShownAlone
from tests.support.windows import has_keyboard
from tests.unit.gui.conftest import WindowHarness

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LONG = "".join(f"line {number}\n" for number in range(1, 201))
FILE, LONG_FILE = "file, modified, 1 line added, 1 line removed", "long, modified, 1 line added, 1 line removed"
NEW = "src/deep/new, untracked, 200 lines added"


class Receiver:
    """A fake of the chats' pages that keeps what they would get."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str]] = []
        self.resumed: list[str] = []
        self.problem = ""

    def insert(self, chat: Chat, text: str, report: Callable[[str], object]) -> None:
        self.given.append((chat.name, text))
        report(self.problem)

    def resume(self, chat: Chat) -> None:
        self.resumed.append(chat.name)


def _edit_nothing(*_what: object) -> None:
    raise AssertionError("no editor of terminals is used")


class Opened:
    """The open page of changes, its chat and its repository."""

    def __init__(self, harness: WindowHarness, checkout: Checkout, session_id: str, area: Area) -> None:
        self.harness, self.checkout, self.session_id = harness, checkout, session_id
        self.settings = LiveSettings(area.config)
        self.receiver = Receiver()
        self.alone = ShownAlone(1200, 780)
        self.opener = ChangesOpener(harness.theme, self.settings, harness.sessions, self.receiver, _edit_nothing)
        self.opener.wanted.connect(self.alone.show)
        self.alone.make = lambda key: self.opener.make(harness.chat(key.removeprefix(CHANGES)))
        self.window = self.open()

    def open(self) -> ChangesTab:
        return self.opener.open(self.harness.chat(self.session_id), str(self.checkout.path))

    @property
    def listed(self) -> list[str]:
        """The rows of the list."""
        model = self.window.navigation.model()
        return [str(model.index(row, 0).data()) for row in range(model.rowCount())]

    @property
    def current(self) -> str:
        """The selected row."""
        return str(self.window.navigation.currentIndex().data())

    @property
    def shown(self) -> str:
        """The text on the page."""
        page = self.window.page
        return "\n".join(page.rows.row(each.position).segments[each.number].text for each in page.visible)

    @property
    def message(self) -> str:
        """The text in place of the diffs; "" if there are diffs."""
        return self.window.message.text() if self.window.message.isVisible() else ""

    @property
    def first(self) -> str:
        """The file at the top of the page."""
        page = self.window.page
        return page.rows.key(page.visible[0].position)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in the widget that has the keyboard."""
        focused = self.window.focusWidget()
        assert focused is not None
        QTest.keyClick(focused, key, modifiers)

    async def until_read(self) -> None:
        await self.harness.until(
            lambda: not self.window.reader.is_reading and (self.window.reader.changes or self.window.reader.problem),
            "the changes to be read",
        )

    async def until_listed(self, *rows: str) -> None:
        await self.harness.until(lambda: self.listed == list(rows), f"the rows {rows}")


def press_button(opened: Opened, name: str) -> None:
    """Press the first visible button with this name."""
    [found, *_] = [each for each in opened.window.findChildren(QPushButton) if each.text() == name and each.isVisible()]
    QTest.mouseClick(found, Qt.MouseButton.LeftButton)


OpenChanges = Callable[..., Awaitable[Opened]]


@pytest.fixture
async def open_changes(harness: WindowHarness, display: XServer, area: Area) -> AsyncIterator[OpenChanges]:
    """Opens the window of a new chat in a repository; the fields are those of the chat's record."""
    windows = []

    async def open_one(checkout: Checkout, **fields: Any) -> Opened:
        session_id = await harness.add("work", **({"cwd": str(checkout.path)} | fields))
        opened = Opened(harness, checkout, session_id, area)
        windows.append(opened)
        await harness.until(
            lambda: opened.window.isActiveWindow() and has_keyboard(int(opened.window.winId())), "the window's keyboard"
        )
        await opened.until_read()
        return opened

    yield open_one
    for opened in windows:
        opened.alone.close()
        delete_now(opened.opener, opened.settings)


@pytest.fixture
async def opened(open_changes: OpenChanges, tmp_path: Path) -> Opened:
    """The window of a chat in a repository with two changed files and a new one."""
    checkout = Checkout.new(tmp_path / "api")
    checkout.commit("long", LONG)
    checkout.write("file", "other\n")
    checkout.write("long", LONG.replace("line 150\n", "line 150 has changed\n"))
    checkout.write("src/deep/new", LONG)
    return await open_changes(checkout)
