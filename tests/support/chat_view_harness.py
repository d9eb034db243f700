"""A view of a structured chat on a display, and a user's actions on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import msgspec
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton

from gui.bridge.named_files import FilesHere
from gui.chat.page.requests.card import RequestCard
from gui.chat.view import ChatView
from gui.theme.theme import Theme
from session_host.client.chats.named_files import directories_of
from session_host.protocol.messages import ChatInput
from tests.support.qt_waiting import process_events_until, show
from tests.support.scripted_chat import ScriptedChat
from tests.support.windows import has_keyboard

WAIT_S = 60.0
SIGNALS = ("link_requested", "file_requested", "changes_requested", "end_requested", "notice_given")


class ChatViewHarness:
    """A shown view, and a user's actions on it."""

    def __init__(self, theme: Theme, chat: ScriptedChat, directory: str) -> None:
        self.chat = chat
        self.sent: list[ChatInput] = []
        self.view = ChatView(theme, self.sent.append, directory)
        self._emitted: dict[str, list[tuple[Any, ...]]] = {name: [] for name in SIGNALS}
        for name, values in self._emitted.items():
            getattr(self.view, name).connect(lambda *given, values=values: values.append(given))
        self.view.page.names.find_by(FilesHere(lambda: directories_of(directory)))
        self.view.set_transcript(chat.transcript)
        self.view.resize(900, 700)
        show(self.view)
        self.view.activateWindow()
        window_id = int(self.view.winId())
        process_events_until(
            lambda: self.view.isActiveWindow() and has_keyboard(window_id), WAIT_S, "the view to have the keyboard"
        )
        self.view.prompt.editor.setFocus()
        self.settle()

    def card(self, request: str) -> RequestCard:
        """The widget of a request."""
        found = self.view.page.requests.card(request)
        assert found is not None
        return found

    def settle(self) -> None:
        """Show all changes."""
        self.view.changed()
        process_events_until(lambda: not self.view.page._pacer.pending, WAIT_S, "the frame to be painted")
        QApplication.processEvents()
        QApplication.processEvents()

    def of(self, kind: type[ChatInput]) -> list[tuple[Any, ...]]:
        """The inputs of a kind that were sent, each without its attachment and number."""
        return [msgspec.structs.astuple(each)[:-2] for each in self.sent if isinstance(each, kind)]

    def emitted(self, name: str) -> list[tuple[Any, ...]]:
        """The values of a signal of the view, in order."""
        return self._emitted[name]

    def shown(self) -> str:
        """The text on the page."""
        page = self.view.page
        return "\n".join(page.rows.row(each.position).segments[each.number].text for each in page.visible)

    def point_of(self, text: str, *, within: int = 2) -> QPoint:
        """A point within a text on the page."""
        page = self.view.page
        for each in page.visible:
            segment = page.rows.row(each.position).segments[each.number]
            if text in segment.text:
                offset = segment.text.index(text) + within
                for box in each.laid.boxes:
                    if box.start <= offset <= box.start + box.length:
                        line = box.layout.lineForTextPosition(offset - box.start)
                        x = cast(tuple[float, int], line.cursorToX(offset - box.start))[0]
                        left = page.column_left - page.rows.aside_of(each.position, each.number)
                        return QPointF(left + box.x + x, each.top + box.y + line.y() + line.height() / 2).toPoint()
        raise AssertionError(f"{text!r} is not on the page")

    def control(self, kind: str, number: int = 0) -> QPoint:
        """The middle of a control on the page."""
        return self.controls(kind)[number]

    def controls(self, kind: str) -> list[QPoint]:
        """The middles of all controls of a kind on the page."""
        page = self.view.page
        return [
            (QPointF(page.column_left, each.top) + control.area.center()).toPoint()
            for each in page.visible
            for control in each.laid.controls
            if control.action.kind == kind
        ]

    def queued(self) -> list[str]:
        """What the rows of the queue say."""
        return [row.accessibleName() for row in self.view.prompt.queue.rows if row.isVisible()]

    def queue_buttons(self, kind: str) -> list[QPushButton]:
        """The buttons of the queue for an action."""
        return [row.buttons[kind] for row in self.view.prompt.queue.rows if kind in row.buttons]

    def press_queue_button(self, kind: str, number: int = 0) -> None:
        """Click a button of the queue."""
        QTest.mouseClick(self.queue_buttons(kind)[number], Qt.MouseButton.LeftButton)
        self.settle()

    def click(self, point: QPoint) -> None:
        QTest.mouseClick(self.view.page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        self.settle()

    def drag(self, first: QPoint, last: QPoint) -> None:
        page = self.view.page
        QTest.mousePress(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first)
        for point in (first + QPoint(9, 0), last):
            place = QPointF(point)
            QApplication.sendEvent(
                page,
                QMouseEvent(
                    QEvent.Type.MouseMove,
                    place,
                    page.mapToGlobal(place),
                    Qt.MouseButton.NoButton,
                    Qt.MouseButton.LeftButton,
                    Qt.KeyboardModifier.NoModifier,
                ),
            )
        QTest.mouseRelease(page, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, last)
        self.settle()

    def type(self, text: str) -> None:
        QTest.keyClicks(self.view.prompt.editor, text)

    def press(self, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
        held = Qt.KeyboardModifier.NoModifier
        for each in modifiers:
            held |= each
        QTest.keyClick(QApplication.focusWidget() or self.view, key, held)
        self.settle()

    def button(self, text: str) -> QPushButton:
        return next(each for each in self.view.page.findChildren(QPushButton) if each.text().startswith(text))

    def button_named(self, name: str) -> QPushButton:
        """The button with an accessible name that begins with ``name``; the button's visible text may be wrapped."""
        return next(each for each in self.view.page.findChildren(QPushButton) if each.accessibleName().startswith(name))


ShowChat = Callable[..., ChatViewHarness]
"""Shows the view of a chat, in a directory."""
