"""Activates windows: raises one that the user asked for, as by a click in the tray, and guards the first click into it.

The click that activates a window or a pane may be meant for a window that covered this one a moment ago, so it answers
no question and reaches no program; in the page of a chat that asks something, it does nothing at all. Which click it is
depends on what was active when the button was pressed: a window manager on X11 gives the keyboard before or after the
press, and so does a compositor on Wayland.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QFocusEvent, QGuiApplication, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

_SAME_CLOCK_MS = 60_000
"""A press that seems to be older or later has its time from the clock of another computer."""
_HALF_RANGE = 1 << 31
"""X servers count in 32 bits."""
_UNKNOWN_AGE_MS = 500
"""The assumed age of such a press: window managers give the keyboard within this time."""


@runtime_checkable
class ActsOnPress(Protocol):
    """A widget that, with all widgets in it, takes clicks as answers or as input."""

    def acts_on_press(self, point: QPointF, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        """Whether a press at a point of the widget may do more than select text or open a menu."""


class ActivatingClicks(QObject):
    """Swallows the press that activates a window or a pane, with its release, and the second click of a double click.

    The widget under the pointer gets the keyboard focus as usual.
    """

    def __init__(
        self,
        window: QWidget,
        is_in_inactive_pane: Callable[[QWidget], bool] = lambda _widget: False,
        is_in_asking_page: Callable[[QWidget], bool] = lambda _widget: False,
    ) -> None:
        """Prepare for a window.

        Args:
            window: the window.
            is_in_inactive_pane: returns whether a widget of the window is in a pane that is not active.
            is_in_asking_page: returns whether it is in the page of a chat that asks something.
        """
        super().__init__(window)
        self._is_in_asking_page = is_in_asking_page
        self._window = window
        self._is_in_inactive_pane = is_in_inactive_pane
        self._active_since_ms = 0
        self._is_swallowing = False
        """Whether the pressed buttons belong to a swallowed press."""
        self._swallowed: tuple[int, QPointF] | None = None
        """The time and the position of the last swallowed press."""
        self._awaits_activation = False
        """Whether a press was swallowed since the window is inactive; without a window manager, it may stay so."""

    def watch(self) -> None:
        """Begin to watch the window, which is shown now."""
        self._window.windowHandle().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        match event.type():
            case QEvent.Type.MouseButtonPress:
                assert isinstance(event, QMouseEvent)
                return self._on_press(event)
            case QEvent.Type.MouseButtonRelease:
                assert isinstance(event, QMouseEvent)
                is_swallowed = self._is_swallowing
                self._is_swallowing = is_swallowed and event.buttons() != Qt.MouseButton.NoButton
                return is_swallowed
            case QEvent.Type.MouseMove | QEvent.Type.MouseButtonDblClick:  # Qt sends the latter after its press.
                return self._is_swallowing
            case QEvent.Type.FocusIn:
                assert isinstance(event, QFocusEvent)
                self._awaits_activation = False
                if event.reason() != Qt.FocusReason.PopupFocusReason:
                    self._active_since_ms = _now_ms()
        return False

    def _on_press(self, event: QMouseEvent) -> bool:
        if event.buttons() != event.button() and self._is_swallowing:
            return True  # Another button is pressed in addition.
        widget = self._window.childAt(event.position().toPoint()) or self._window
        self._is_swallowing = self._acts(widget, event) and (self._is_activating(widget, event) or self._repeats(event))
        if self._is_swallowing:
            self._swallowed = event.timestamp(), event.position()
            _give_focus(widget)
        return self._is_swallowing

    def _acts(self, widget: QWidget, event: QMouseEvent) -> bool:
        """Whether the content under the pointer may answer or use the press."""
        if self._is_in_asking_page(widget):
            return True  # A paste may be the answer, too.
        part = next((each for each in _with_parents(widget) if isinstance(each, ActsOnPress)), None)
        if part is None:
            return False
        assert isinstance(part, QWidget)
        return part.acts_on_press(part.mapFrom(self._window, event.position()), event.button(), event.modifiers())

    def _is_activating(self, widget: QWidget, event: QMouseEvent) -> bool:
        """Whether the window or the pane was not active when the button was pressed."""
        if QApplication.activePopupWidget() is not None:
            return False
        # On Wayland, ``isActiveWindow`` may be true before the window has the keyboard.
        if QGuiApplication.focusWindow() != self._window.windowHandle():
            is_first, self._awaits_activation = not self._awaits_activation, True
            return is_first
        return _pressed_ms(event) <= self._active_since_ms or self._is_in_inactive_pane(widget)

    def _repeats(self, event: QMouseEvent) -> bool:
        """Whether this is the second click of a double click that began with a swallowed press."""
        if self._swallowed is None:
            return False
        (at_ms, point), self._swallowed = self._swallowed, None
        is_near = (event.position() - point).manhattanLength() < QApplication.startDragDistance()
        return is_near and event.timestamp() - at_ms <= QApplication.doubleClickInterval()


def _give_focus(widget: QWidget) -> None:
    """Give the keyboard focus as a click does, except to a button."""
    for each in _with_parents(widget):
        if each.focusPolicy() & Qt.FocusPolicy.ClickFocus and not isinstance(each, QAbstractButton):
            each.setFocus(Qt.FocusReason.MouseFocusReason)
            return


def _with_parents(widget: QWidget) -> Iterator[QWidget]:
    each: QWidget | None = widget
    while each is not None:
        yield each
        each = each.parentWidget()


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _pressed_ms(event: QMouseEvent) -> int:
    """The time of the press on this process's clock: X servers and compositors count the same milliseconds."""
    now_ms = _now_ms()
    age_ms = (now_ms - event.timestamp() + _HALF_RANGE) % (2 * _HALF_RANGE) - _HALF_RANGE
    return now_ms - (age_ms if abs(age_ms) < _SAME_CLOCK_MS else _UNKNOWN_AGE_MS)


GRANT_MS = 300
"""Window managers answer within a few milliseconds; the user waits this long only where one refuses."""

_WAS_EXPOSED = "wasExposed"
"""Property of a window: it has been on the screen since it was last shown."""


class _ExposureWatch(QObject):
    """Notes that a window is on the screen, and stops watching."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        window.windowHandle().installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        handle = self._window.windowHandle()
        if event.type() == QEvent.Type.Expose and handle.isExposed():
            self._window.setProperty(_WAS_EXPOSED, True)
            handle.removeEventFilter(self)
            self.deleteLater()
        return False


def watch_exposure(window: QWidget, event: QShowEvent) -> None:
    """Note when a window is on the screen; for the ``showEvent`` of each window that is raised."""
    if not event.spontaneous():
        window.setProperty(_WAS_EXPOSED, False)
        _ExposureWatch(window)


def raise_window(window: QWidget) -> None:
    """Show a window in front, with the keyboard.

    On X11, a window manager may refuse the focus to a window on another desktop, and leave the window there. Then the
    window is hidden and shown again, which moves it to the visible desktop. Qt may report such a window as minimized,
    since both are "iconic" on X11. A window that has not been on the screen yet is left alone: the window manager is
    about to show it, and a window that is hidden and shown meanwhile may stay hidden.

    On Wayland, a compositor may refuse the focus silently, as sway does after a command that was typed in a terminal.
    Then the window is marked in the desktop's bar.
    """
    was_visible = window.isVisible()
    if window.isMinimized():
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    _to_the_front(window)
    if was_visible and QGuiApplication.platformName() == "xcb":
        QTimer.singleShot(GRANT_MS, window, lambda: _bring_here(window))
    elif was_visible and QGuiApplication.platformName() == "wayland":
        QTimer.singleShot(GRANT_MS, window, lambda: QApplication.alert(window))  # It does not mark the active window.


def _to_the_front(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()


def _bring_here(window: QWidget) -> None:
    is_shown = window.isVisible() and not window.isMinimized() and bool(window.property(_WAS_EXPOSED))
    if is_shown and not window.windowHandle().isExposed():
        window.hide()
        _to_the_front(window)
