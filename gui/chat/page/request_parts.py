"""Helpers of a request's widget: texts are wrapped, never elided."""

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
    """The height of a text in the font of code, wrapped to a width."""
    option = QTextOption(style.code_wrapping)
    box = text_box(
        text, font=style.font(mono=True), option=option, formats=[], place=QPointF(), width=width, line_px=0.0,
        color=style.text,
    )  # fmt: skip
    return box.height


def fit(row: FlowRow, width: int) -> None:
    """Wrap the names of buttons that are wider than their row."""
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
    """A name, wrapped to as many lines as it needs: the user must be able to read all that a button allows."""
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
    """A button's text in which "&" is a character and marks no mnemonic."""
    return name.replace("&", "&&")
