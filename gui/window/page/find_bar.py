"""The bar that finds a text in a chat."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRegularExpression, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from gui.clipboard import fields
from gui.finding.query import Finder, FindQuery, FindResult
from gui.screen_readers import announce
from gui.theme.icons import Glyph, glyph_icon
from gui.theme.theme import Theme
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import Area, label
from gui.wording import common_texts, page_texts

if TYPE_CHECKING:
    from gui.bridge.search import Query

WIDTH_PX = 460
_FIELD_PX = 80
"""A narrower bar hides some of its parts before the field has less than this width."""
_COUNT_PX = 84
_ICON_PX = 14
_GAP_PX, _SIDE_PX = 4, 8
_MARGIN_PX = 12


class FindBar(Area):
    """A field, switches, the number of matches, and the ways between them.

    Attributes:
        field: the text to find.
        count: the number of the current match, and the number of all.
        problem: why the results may not be what the user expects; hidden without a problem.
        is_expression, is_exact, is_word: the switches.

    Signals:
        resized: the bar needs another height.
        moved: the bar covers another part of the page, or none.
        closed: the user closed the bar.
        used: the user changed the query, or went to another match.
    """

    resized = Signal()
    moved = Signal()
    closed = Signal()
    used = Signal()

    def __init__(self, theme: Theme, parent: QWidget, finder: Finder) -> None:
        super().__init__("banner", parent)
        self._theme = theme
        self._finder = finder
        self._is_low = False
        self._other = QRect()
        """The bar's place in the other corner."""
        self._is_answer_due = False
        """Whether screen readers have not heard yet what was found."""
        self.setAccessibleName(page_texts.FIND())
        self.field = QLineEdit()
        self.field.setPlaceholderText(page_texts.FIND())
        self.field.setAccessibleName(page_texts.FIND())
        self.field.setMinimumWidth(0)
        self.count = label("", "secondary")
        self.count.setMinimumWidth(_COUNT_PX)
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.problem = label("", "secondary")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.is_exact = self._switch("Aa", page_texts.MATCH_CASE(), "Alt+C")
        self.is_word = self._switch("W", page_texts.WHOLE_WORDS(), "Alt+W")
        self.is_expression = self._switch(".*", page_texts.REGULAR_EXPRESSION(), "Alt+R")
        above, below = page_texts.match_above(finder.onward < 0), page_texts.match_below(finder.onward > 0)
        self._icons = [
            (self._button(above, lambda: self._step(-1)), Glyph.UP),
            (self._button(below, lambda: self._step(1)), Glyph.EXPANDED),
            (self._button(page_texts.CLOSE_FIND(), self.close_find), Glyph.CLOSE),
        ]
        row = QHBoxLayout()
        row.setSpacing(_GAP_PX)
        row.addWidget(self.field, 1)
        row.addWidget(self.count)
        row.addSpacing(_GAP_PX)
        for switch in (self.is_exact, self.is_word, self.is_expression):
            row.addWidget(switch)
        for button, _ in self._icons:
            row.addWidget(button)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(_SIDE_PX, 6, _SIDE_PX, 6)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.problem)
        self._apply_theme()
        theme.changed.connect(self._apply_theme)
        self.field.textEdited.connect(self._on_edited)
        self.hide()

    def _switch(self, text: str, name: str, keys: str) -> QToolButton:
        made = self._button(name, self._on_edited)
        made.setText(text)
        made.setCheckable(True)
        made.toggled.connect(lambda _checked: self._fit())
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(made.click)
        return made

    def _button(self, name: str, on_click: Callable[[], object]) -> QToolButton:
        made = QToolButton()
        set_tooltip(made, name)
        made.setAccessibleName(name)
        made.setIconSize(QSize(_ICON_PX, _ICON_PX))
        made.setFixedSize(26, 26)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.clicked.connect(lambda _checked: on_click())
        return made

    def _apply_theme(self) -> None:
        for button, glyph in self._icons:
            button.setIcon(glyph_icon(glyph, self._theme.tokens, size_px=_ICON_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Hide what a narrow bar has no room for: switches that are off, then the count, then the ways by mouse.

        Keys do the same as what is hidden.
        """
        switches = (self.is_exact, self.is_word, self.is_expression)
        (back, _), (on, _), (close, _) = self._icons
        count_px = max(_COUNT_PX, self.count.sizeHint().width())
        buttons_px = sum(each.width() + _GAP_PX for each in (*switches, back, on, close))
        missing_px = 2 * _SIDE_PX + _FIELD_PX + _GAP_PX + count_px + _GAP_PX + buttons_px - self.width()
        for parts in (tuple(each for each in switches if not each.isChecked()), (self.count,), (back, on)):
            is_hidden = missing_px > 0
            for part in parts:
                part.setHidden(is_hidden)
                if is_hidden:
                    missing_px -= (count_px if part is self.count else part.width()) + _GAP_PX
        for switch in switches:
            if switch.isChecked():
                switch.show()

    # ------------------------------------------------------------ opening and closing

    def open_find(self, query: FindQuery | None = None, line: str = "") -> None:
        """Open the bar with the keyboard focus.

        Args:
            query: the query; None for the selected text or, without one, the last query.
            line: see ``Finder.find``.
        """
        if query is None:
            selected = "" if self.isVisible() else self._finder.suggestion()
            query = self.query._replace(text=selected, is_expression=False) if selected else self.query
        is_same = self.isVisible() and query == self.query
        self._finder.set_listener(self._on_found)
        self.field.setText(query.text)
        self.is_expression.setChecked(query.is_expression)
        self.is_exact.setChecked(query.is_exact)
        self.is_word.setChecked(query.is_word)
        self.show()
        self.resized.emit()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.field.selectAll()
        if not is_same or line:
            self._is_answer_due = True
            self._finder.find(query, line)

    def place(self, page_width_px: int, bottom_px: int = 0) -> None:
        """Move to the page's upper right corner, or to the lower one while a match in the upper one is shown.

        Args:
            page_width_px: the page's width.
            bottom_px: the lower edge of the part that the bar may cover; 0 for a bar that stays above.
        """
        width = min(WIDTH_PX, page_width_px - 2 * _MARGIN_PX)
        height = self._column.heightForWidth(width)
        height = height if height > 0 else self.sizeHint().height()
        upper = QRect(page_width_px - width - _MARGIN_PX, _MARGIN_PX, width, height)
        lower = upper.translated(0, max(bottom_px - height - 2 * _MARGIN_PX, 0))
        self._other = upper if self._is_low else lower
        self.setGeometry(lower if self._is_low else upper)
        self._finder.set_covered_height(_MARGIN_PX + height)
        self.moved.emit()

    def _make_way(self) -> None:
        """Move to the other corner if the bar covers the current match, which cannot be scrolled from under it."""
        match = self._finder.current_rect()
        if self.isVisible() and match.intersects(self.geometry()) and not match.intersects(self._other):
            self._is_low = not self._is_low
            self.resized.emit()

    def close_find(self) -> None:
        """Close the bar; the current match becomes the selection."""
        if not self.isHidden():
            self._finder.end_search()
            self._finder.set_covered_height(0)
            self._is_low = False
            self.hide()
            self.moved.emit()
            self.closed.emit()

    # ------------------------------------------------------------ the user's actions

    @property
    def query(self) -> FindQuery:
        """The query in the bar."""
        return FindQuery(
            self.field.text(), self.is_expression.isChecked(), self.is_exact.isChecked(), self.is_word.isChecked()
        )

    def _on_edited(self) -> None:
        self.used.emit()
        self._is_answer_due = True
        self._finder.find(self.query)

    def _step(self, by: int) -> None:
        self.used.emit()
        self._is_answer_due = True
        self._finder.step(by)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        backwards = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3}:
            self._step(-self._finder.onward if backwards else self._finder.onward)
        elif event.key() == Qt.Key.Key_Escape:
            self.used.emit()
            self.close_find()
        else:
            # The keys belong to the bar, and not to the page below it.
            event.accept()

    @property
    def has_keyboard(self) -> bool:
        """Whether the bar has the keyboard focus."""
        return self.isVisible() and self.isAncestorOf(self.window().focusWidget())

    # ------------------------------------------------------------ the window's actions

    def copy(self) -> None:
        """Copy what is selected in the field."""
        self.field.copy()

    def paste(self) -> None:
        """Paste into the field."""
        fields.paste(self.field)

    def select_all(self) -> None:
        """Select the whole query."""
        self.field.selectAll()

    # ------------------------------------------------------------ what is found

    def _on_found(self, found: FindResult) -> None:
        if not self.field.text() or found.error:
            text = ""
        elif not found.total:
            text = common_texts.NO_MATCHES() if found.is_done else "…"
        elif not found.position:
            text = page_texts.MATCHES_ELSEWHERE(count=found.total)
        elif found.is_cut:
            text = page_texts.MORE_MATCHES(position=found.position, count=found.total)
        else:
            text = page_texts.MATCHES(position=found.position, count=found.total)
        self.count.setText(text)
        self._fit()
        problem = page_texts.INVALID_EXPRESSION(error=found.error) if found.error else ""
        if found.is_too_slow:
            problem = page_texts.EXPRESSION_TOO_SLOW()
        if problem != self.problem.text():
            self.problem.setText(problem)
            self.problem.setVisible(bool(problem))
            self.resized.emit()
        self._make_way()
        # Announce one result for each action of the user. Output changes the matches later, too: that is not announced.
        if self._is_answer_due and found.is_done:
            self._is_answer_due = False
            if message := problem or text:
                announce(self.count, message)


def query_on_line(searched: Query, line: str) -> FindQuery:
    """The query that finds the words which a search in all chats marked in a line."""
    spans = searched.spans(line)
    if not spans:
        return FindQuery(line.strip())
    first, end = spans[0][0], spans[-1][1]
    if all(line[before[1] : after[0]].isspace() for before, after in pairwise(spans)):
        return FindQuery(line[first:end])
    words = list(dict.fromkeys(line[begin:stop].lower() for begin, stop in spans))
    if len(words) == 1:
        return FindQuery(words[0])
    return FindQuery(".*?".join(QRegularExpression.escape(word) for word in words), is_expression=True)
