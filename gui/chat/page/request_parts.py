"""Parts of the widget of a request: texts that are never cut."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QFontMetrics, QTextOption
from PySide6.QtWidgets import QPushButton

from gui.chat.drawing.segment_layout import text_box
from gui.chat.drawing.style import Style

from .flow_row import FlowRow

_BUTTON_PX = 36
"""The room beside a button's text."""


def text_height(text: str, width: float, style: Style) -> float:
    """The height of a code's lines at a width."""
    option = QTextOption(style.code_wrapping)
    box = text_box(
        text, font=style.font(mono=True), option=option, formats=[], place=QPointF(), width=width, line_px=0.0,
        color=style.text,
    )  # fmt: skip
    return box.height


def fit(row: FlowRow, width: int) -> None:
    """Break the names of a row's buttons that are wider than the row."""
    for widget in row.widgets():
        if isinstance(widget, QPushButton):
            text = _wrapped(widget.accessibleName(), widget.fontMetrics(), width - _BUTTON_PX)
            widget.setText(caption(text))
            is_wrapped = "\n" in text
            if bool(widget.property("wrapped")) != is_wrapped:
                widget.setProperty("wrapped", is_wrapped)
                widget.style().unpolish(widget)
                widget.style().polish(widget)
    row.invalidate()


def _wrapped(name: str, metrics: QFontMetrics, width: int) -> str:
    """A name in as many lines as it needs: what a button allows is never cut."""
    lines = [""]
    for word in name.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and metrics.horizontalAdvance(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return "\n".join(lines)


def caption(name: str) -> str:
    """A button's text that is shown to the letter."""
    return name.replace("&", "&&")
