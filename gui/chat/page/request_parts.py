"""Helpers of a request's widget: texts are wrapped, never elided."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QTextOption
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QPushButton, QWidget

from gui.chat.drawing.segment_layout import text_box
from gui.chat.drawing.style import Style
from gui.input.answer_keys import kind_of_answer
from gui.theme.flow_layout import FlowLayout
from gui.wording import chat_texts
from session_host.protocol.untrusted_text import escaped, one_line
from session_host.structured.items import AgentRequest
from session_host.structured.shortening import cut

_MIN_SUBJECT_PX = 30
_SCROLL_KEYS = {
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End,
}  # fmt: skip
_BUTTON_PX = 36
"""The room beside a button's text."""
_NARROW_BUTTON_PX = 9
"""The same in a narrow card."""


def text_height(text: str, width: float, style: Style) -> float:
    """The height of a text in the font of code, wrapped to a width."""
    option = QTextOption(style.code_wrapping)
    box = text_box(
        text, font=style.font(mono=True), option=option, formats=[], position=QPointF(), width=width, line_px=0.0,
        color=style.text,
    )  # fmt: skip
    return box.height


def set_look(widget: QWidget, name: str, *, value: bool) -> None:
    """Set a property that the style sheet knows."""
    if bool(widget.property(name)) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)
        QCoreApplication.sendEvent(widget, QEvent(QEvent.Type.StyleChange))  # Else a frame keeps its previous padding.


def fit(row: FlowLayout, width: int, *, is_narrow: bool) -> None:
    """Wrap the names of buttons that are wider than their row; a narrow card has narrower buttons."""
    room = width - (_NARROW_BUTTON_PX if is_narrow else _BUTTON_PX)
    for widget in row.widgets():
        if isinstance(widget, QPushButton):
            text = _wrapped(widget.accessibleName(), widget.fontMetrics(), room)
            widget.setText(caption(text))
            set_look(widget, "wrapped", value="\n" in text)
            set_look(widget, "narrow", value=is_narrow)
    row.invalidate()
    if (holder := row.parentWidget()) is not None:
        holder.updateGeometry()  # Else the card keeps the height that it had with the previous names.


def _wrapped(name: str, metrics: QFontMetrics, width: int) -> str:
    """A text in as many lines as it needs, so that the user can read all that a button allows.

    A word that is wider than a line begins behind the word before it.
    """
    lines = [""]
    for word in name.split(" "):
        longer = f"{lines[-1]} {word}".lstrip(" ")
        if metrics.horizontalAdvance(longer) <= width:
            lines[-1] = longer
            continue
        if metrics.horizontalAdvance(word) <= width:
            lines += [""] if lines[-1] else []
        elif lines[-1]:
            lines[-1] += " "
        for letter in word:
            if lines[-1] and metrics.horizontalAdvance(lines[-1] + letter) > width:
                lines.append("")
            lines[-1] += letter
    return "\n".join(lines)


def show_text(label: QLabel, text: str, width: int) -> None:
    """Show a text in a label that wraps, words that are wider than it included."""
    metrics = label.fontMetrics()
    room = width - 2  # The metrics round down, and Qt breaks a line that just fits.
    is_wide = any(metrics.horizontalAdvance(word) > room for word in text.split())
    shown = "\n".join(_wrapped(line, metrics, room) for line in text.split("\n")) if is_wide else text
    if label.text() != shown:
        label.setText(shown)


def caption(name: str) -> str:
    """A button's text in which "&" is a character and marks no mnemonic."""
    return name.replace("&", "&&")


def is_in_view(widget: QWidget) -> bool:
    """Whether the user can see a part of this widget."""
    return not widget.visibleRegion().isEmpty()


def option_button(name: str) -> QPushButton:
    """A button with a name that comes from the agent."""
    name = escaped(one_line(name))
    widget = QPushButton(caption(name))
    widget.setAccessibleName(name)
    widget.setAutoDefault(True)  # Enter presses the button that has the keyboard.
    return widget


def title_of(request: AgentRequest) -> str:
    """The agent's title, or a generic one if the title only repeats the command, which is shown below it."""
    title = " ".join(request.title.split()[1:]).removesuffix("?")  # Without the verb, such as "Run".
    repeats = title == " ".join(cut(request.shown_subject).split())
    return chat_texts.RUN_THIS() if request.kind == "command" and title and repeats else escaped(request.title)


class SubjectView(QPlainTextEdit):
    """The subject of the request, such as a command. It scrolls if it is too long for its height."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._measured = (0, False)
        self.setReadOnly(True)
        self.setTabChangesFocus(True)
        self.setAccessibleName(chat_texts.WHAT_WILL_RUN())
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setPlainText(text)
        self.setMinimumHeight(_MIN_SUBJECT_PX)

    def set_size(self, width: int, height: int, *, fits: bool) -> None:
        """Set the height at a width; a text that fits gets no scroll bar.

        Qt would show one before the widget has its size. The bar makes the lines shorter, and then it is needed.
        """
        self.setFixedHeight(height)
        if (width, fits) != self._measured:
            self._measured = width, fits
            policies = Qt.ScrollBarPolicy
            self.setVerticalScrollBarPolicy(policies.ScrollBarAlwaysOff if fits else policies.ScrollBarAsNeeded)

    def show_needed_bar(self) -> None:
        """Show a scroll bar if the text does not fit, against what was measured."""
        if self.verticalScrollBar().maximum() > 0:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave the keys that scroll to the page while there is nothing to scroll here."""
        if event.key() in _SCROLL_KEYS and self.verticalScrollBar().maximum() == 0:
            event.ignore()
        else:
            super().keyPressEvent(event)


class AnswerField(QLineEdit):
    """A field for a text; it leaves the keys that answer the request to the chat."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if kind_of_answer(event):
            event.ignore()
        else:
            super().keyPressEvent(event)
