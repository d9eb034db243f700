"""Escapes untrusted text for tool tips.

Qt guesses whether a tool tip's text is HTML, and then renders it. The names of programs, links and directories are
untrusted: they must be shown as plain text.

A widget's tool tip is its accessible description too, so no HTML is stored there: the widget shows its tool tip itself.
"""

from __future__ import annotations

import html
import re
from typing import Final

from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget

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


def show_tooltip(event: QHelpEvent, text: str, widget: QWidget) -> None:
    """Show ``text`` to the letter as the answer to a widget's ``QEvent.ToolTip``; "" hides the tool tip."""
    QToolTip.showText(event.globalPos(), as_tooltip(text), widget)
