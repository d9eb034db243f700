"""A held shortcut of the window repeats its action only if the key table says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from unittest.mock import Mock

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.window.actions import action_table
from gui.window.actions.keys import sequences
from gui.window.actions.menus import Actions
from gui.window.actions.window_commands import WindowCommands
from tests.e2e.view.conftest import WAIT_S
from tests.support.displays import XServer
from tests.support.qt_waiting import process_events_until
from tests.support.windows import has_keyboard, xdotool

REPEATED = 4
MODIFIERS = {Qt.Key.Key_Control, Qt.Key.Key_Shift}
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class KeyWatch(QObject):
    """Counts presses and repetitions of keys with certain modifiers, until F9.

    Modifiers are released before the key, which may then repeat once more without them: that is not counted.
    """

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self._watched = watched
        self.presses = self.repetitions = 0
        self.is_over = False
        self.modifiers = CTRL

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt calls it so
        is_key = watched is self._watched and event.type() == QEvent.Type.ShortcutOverride
        if not is_key or not isinstance(event, QKeyEvent):
            return False
        if event.key() == Qt.Key.Key_F9:
            self.is_over = True
        elif event.key() not in MODIFIERS and event.modifiers() & (CTRL | SHIFT) == self.modifiers:
            self.repetitions += event.isAutoRepeat()
            self.presses += not event.isAutoRepeat()
        return False


def test_a_held_key_repeats_only_repeatable_actions(
    qapp: QApplication, window_manager: None, display: XServer, monkeypatch: pytest.MonkeyPatch
):
    done: Counter[str] = Counter()

    def count(action: str) -> Callable[[object], None]:
        return lambda _window: done.update([action])

    table = {entry.name: entry for entry in action_table.TABLE}
    window = QWidget()
    counted = tuple(replace(entry, run=count(entry.name)) for entry in action_table.TABLE)
    monkeypatch.setattr(action_table, "TABLE", counted)
    keys = {action: sequences(entry.keys) for action, entry in table.items()}
    Actions(Mock(WindowCommands, window=window, requests=Mock()), window, keys, [])
    watch = KeyWatch(window)
    qapp.installEventFilter(watch)
    try:
        window.show()
        window.activateWindow()
        window.setFocus()
        process_events_until(
            lambda: window.hasFocus() and has_keyboard(int(window.winId())), WAIT_S, "the window to have the keyboard"
        )
        for action, pressed, modifiers in (
            ("close_tab", "ctrl+shift+w", CTRL | SHIFT),
            ("next_tab", "ctrl+Next", CTRL),
        ):
            watch.modifiers = modifiers
            watch.presses = watch.repetitions = 0
            watch.is_over = False
            xdotool("keydown", pressed)
            try:
                process_events_until(lambda: watch.repetitions >= REPEATED, WAIT_S, f"{pressed} to repeat")
            finally:
                xdotool("keyup", pressed)
                xdotool("key", "F9")
            process_events_until(lambda: watch.is_over, WAIT_S, "all before the last key")
            # The X server reports a repetition as a release and a press, and Qt takes some of them for just that.
            if table[action].repeats:
                assert done[action] == watch.presses + watch.repetitions
            else:
                assert done[action] == watch.presses
    finally:
        qapp.removeEventFilter(watch)
        window.close()
        window.deleteLater()
    assert table["next_tab"].repeats
    assert not table["close_tab"].repeats
