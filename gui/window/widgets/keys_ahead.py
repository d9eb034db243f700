"""Keys that are typed ahead, into a chat that is being started."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QInputMethodEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

from gui.input.keys import KeyTranslator
from gui.input.refused_keys import refused_keys
from gui.terminal.input_sink import TypedInput


class KeysAhead(QObject):
    """Holds what the user types into a window from the key that starts a chat until the chat's page is shown.

    It belongs to that chat: without this, it would go to the chat that was shown before. A click or a shortcut of the
    window ends this: the user does something else, since a start in a worktree may take long. What he then types is
    for another chat, so the started one must not take the keyboard from that.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._open: list[HeldKeys] = []
        """Those that hold keys now."""
        self._left: list[HeldKeys] = []
        """Those of starts during which the user does something else."""

    def hold(self, *, passes: frozenset[Qt.Key] = frozenset()) -> HeldKeys:
        """Begin to hold keys, except those that ``passes`` names; the caller is the handler of the key that starts."""
        held = HeldKeys(self, passes)
        refused_keys.end()
        if not (self._open or self._left):
            application = QApplication.instance()
            assert application is not None
            application.installEventFilter(self)
        self._open.append(held)
        return held

    def end(self, held: HeldKeys) -> None:
        """End holding keys; harmless if it has ended."""
        for held_keys in (self._open, self._left):
            if held in held_keys:
                held_keys.remove(held)
        application = QApplication.instance()
        if not (self._open or self._left) and application is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_here = isinstance(watched, QWidget) and watched.window() is self._window
        if event.type() == QEvent.Type.Shortcut or (is_here and event.type() == QEvent.Type.MouseButtonPress):
            self._left += self._open
            self._open.clear()
            return False
        if not is_here:
            return False
        if event.type() in {QEvent.Type.KeyPress, QEvent.Type.InputMethod}:
            for held in self._left:
                held.is_left = True
        # The last start has the keyboard.
        return self._open[-1].take(event) if self._open else False


class HeldKeys:
    """The keys for one chat. As a context, it ends with it; keys that were not delivered are dropped.

    Attributes:
        is_left: whether the user types for something else since a click or a shortcut.
    """

    is_left = False

    def __init__(self, owner: KeysAhead, passes: frozenset[Qt.Key]) -> None:
        self._owner, self._passes = owner, passes
        self._events: list[QEvent] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.end(self)

    def take(self, event: QEvent) -> bool:
        """Hold an event, if it is one of typing; returns whether it was."""
        if isinstance(event, QKeyEvent):
            if event.type() == QEvent.Type.ShortcutOverride or event.key() in self._passes:
                return False
        elif not isinstance(event, QInputMethodEvent):
            return False
        self._events.append(event.clone())
        return True

    def deliver(self, widget: QWidget) -> None:
        """Deliver the keys, in their order, to the widget that takes the chat's input, and end."""
        while (proxy := widget.focusProxy()) is not None:
            widget = proxy
        for event in self._end():
            if isValid(widget):
                QCoreApplication.sendEvent(widget, event)

    def deliver_unseen(self, sink: TypedInput) -> None:
        """Deliver the keys, in their order, to a chat without a page, and end."""
        translator = KeyTranslator()
        for event in self._end():
            if isinstance(event, QInputMethodEvent):
                if event.commitString():
                    sink.text(event.commitString())
            elif isinstance(event, QKeyEvent):
                is_press = event.type() == QEvent.Type.KeyPress
                stroke = translator.pressed(event) if is_press else translator.released(event)
                if stroke is not None:
                    sink.key(*stroke)

    def _end(self) -> list[QEvent]:
        """Hold no more keys; returns those that were held."""
        self._owner.end(self)
        events, self._events = self._events, []
        return events
