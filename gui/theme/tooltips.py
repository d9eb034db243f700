"""The only way to set and to show a tool tip: its text is shown to the letter.

Qt guesses whether a tool tip's text is HTML, and then renders it and reads the files that it names. The names of
programs, links, directories and what an agent says are untrusted.

A widget's tool tip is its accessible description too, so no HTML is stored there.
"""

from __future__ import annotations

import html
import re
from functools import cache
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QHelpEvent
from PySide6.QtWidgets import QApplication, QLabel, QToolTip, QWidget

LINE_CHARACTERS = 100
"""A line of a tool tip with more characters is wrapped."""

_LONG_WORD: Final = re.compile(rf"\S{{{LINE_CHARACTERS}}}(?=\S)")
_BREAK: Final = "\N{ZERO WIDTH SPACE}"
"""Allows a line to end within a long word, such as an address."""


def as_tooltip(text: str) -> str:
    """A tool tip that shows ``text`` to the letter, line ends and blanks included; "" stays none.

    Qt wraps HTML at a quarter of the width that it has, so only lines that are too long may be wrapped. A name's script
    does not turn its line around.
    """
    if not text:
        return ""
    space = "pre" if max(map(len, text.splitlines()), default=0) <= LINE_CHARACTERS else "pre-wrap"
    text = _LONG_WORD.sub(rf"\g<0>{_BREAK}", text)
    return f"<p dir='ltr' style='white-space:{space}'>{html.escape(text)}</p>"


def set_tooltip(target: QWidget | QAction, text: str) -> None:
    """Set the tool tip of a widget, or of an entry of a menu; "" for none."""
    if isinstance(target, QWidget):
        target.setToolTip(text)
        target.installEventFilter(_tips())
    else:
        target.setToolTip(as_tooltip(text))


class _Tips(QObject):
    """Shows the tool tips of widgets."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QHelpEvent) or event.type() != QEvent.Type.ToolTip:
            return False
        if not isinstance(watched, QWidget) or not watched.toolTip():
            return False  # The widget around it may have one.
        show_tooltip(event, watched.toolTip(), watched)
        return True


@cache
def _tips() -> _Tips:
    return _Tips()


def show_tooltip(event: QHelpEvent, text: str, widget: QWidget) -> None:
    """Show ``text`` to the letter as the answer to a widget's ``QEvent.ToolTip``; "" hides the tool tip."""
    show_at(event.globalPos(), text, widget)


def show_at(position: QPoint, text: str, widget: QWidget) -> None:
    """Show ``text`` to the letter at a position on the screen; "" hides the tool tip."""
    tip = as_tooltip(text)
    hide_others(tip, widget)
    QToolTip.showText(position, tip, widget)


def hide_others(tip: str, widget: QWidget) -> None:
    """Hide the shown tool tip before the widget's, as ``as_tooltip`` returns it, if it is another one.

    Qt would move it. That has no effect on Wayland if the compositor does not support it (xdg_popup.reposition, since
    version 3 of xdg_wm_base), so there each tool tip gets a window of its own.
    """
    if QGuiApplication.platformName() != "wayland":
        return
    for shown in QApplication.topLevelWidgets():
        if shown.windowType() != Qt.WindowType.ToolTip or not isinstance(shown, QLabel):
            continue
        if (shown.text(), shown.parentWidget()) != (tip, widget):
            shown.hide()
