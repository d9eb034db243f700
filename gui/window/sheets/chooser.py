"""A field with a list below it: the command palette and the chat switcher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QKeyEvent, QPainter, QStandardItem
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QStyleOptionViewItem, QWidget

from gui.finding.fuzzy_match import Fit, fit
from gui.theme.marks import Mark, paint_mark
from gui.theme.matched import paint_matched
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.theme.tooltips import show_tooltip
from gui.window.sheets.sheet import Sheet
from gui.window.widgets.parts import label
from gui.window.widgets.result_list import ResultList, RowDelegate, lay_out_results
from gui.wording import common_texts

WIDTH_PX = 520
ROW_PX = 32
ROWS_SHOWN = 10
_CHOICE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_POSITIONS_ROLE = _CHOICE_ROLE + 1
_ALSO_PENALTY = 4
"""Choices that match by their other words come after those that match by their title."""
_BOTH_PENALTY = 12
"""Those that match only by their title and other words together come after both."""
_DETAIL_PENALTY = 12
_MARK_PX = 24
"""The room of a chat's mark."""


@dataclass(frozen=True)
class Choice:
    """One line of the list.

    Attributes:
        title: the main text.
        detail: muted text on the right: a key, a directory.
        run: called when the user chooses the line.
        mark: a chat's state, None for none.
        preview: called when the line is marked, to show what choosing it does; ``Chooser.ask`` gets how to undo it.
        also: other words by which the line is found; they are not shown.
        cut: where a detail that does not fit is cut; the tool tip has the whole.
    """

    title: str
    detail: str
    run: Callable[[], object]
    mark: Mark | None = None
    preview: Callable[[], object] | None = None
    also: str = ""
    cut: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle


class Chooser(Sheet):
    """Filters its choices while the user types; Enter runs the marked one."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, common_texts.choose(), WIDTH_PX)
        self._choices: list[Choice] = []
        self._restore: Callable[[], object] | None = None
        self.field = QLineEdit()
        self.field.setProperty("kind", "palette")
        self.field.setAccessibleName(common_texts.choose())
        self.field.textChanged.connect(self._narrow)
        self.list = ResultList(common_texts.choices(), ROW_PX, ROWS_SHOWN, wraps=True)
        self.list.setItemDelegate(_ChoiceDelegate(theme, ROW_PX, self.list))
        self.items = self.list.items
        self.list.clicked.connect(self._accept_choice)
        self.list.selectionModel().currentChanged.connect(self._on_marked)
        self.closed.connect(self._on_closed)
        self.nothing = label(common_texts.no_matches(), "secondary")
        self.nothing.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_M_PX)
        lay_out_results(self.body, theme, self.field, self.list, self.nothing)

    def ask(
        self,
        name: str,
        placeholder: str,
        choices: list[Choice],
        *,
        marked: int = 0,
        restore: Callable[[], object] | None = None,
    ) -> None:
        """Open the sheet with these choices.

        Args:
            name: the name for screen readers.
            placeholder: the placeholder of the field.
            choices: the lines.
            marked: the line that is marked at first.
            restore: undoes the lines' previews; called when the sheet is closed without a choice.
        """
        self._on_closed()  # The sheet may be open for another question.
        self._choices = choices
        self._restore = restore
        self.dims = restore is None  # Previews show their own colours.
        self.body.setAccessibleName(name)
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(placeholder)
        self.field.clear()
        self._narrow("", marked)
        self.open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _narrow(self, text: str, marked: int = 0) -> None:
        found = [(how, choice) for choice in self._choices if (how := _how(text, choice)) is not None]
        if any(not how.is_scattered for how, _choice in found):
            found = [each for each in found if not each[0].is_scattered]
        # A whole title is first; other equal matches keep their order: the most recent chat first, commands as given.
        found.sort(key=lambda each: (-each[0].score, each[1].title.rstrip("…").lower() != text.lower()))
        fitting = [choice for _how, choice in found]
        positions_of = [how.positions for how, _choice in found]
        self.items.clear()
        for choice, positions in zip(fitting, positions_of, strict=True):
            item = QStandardItem(choice.title)
            item.setData(choice, _CHOICE_ROLE)
            item.setData([index for index in positions if index < len(choice.title)], _POSITIONS_ROLE)
            item.setEditable(False)
            mark = f", {choice.mark.value}" if choice.mark is not None else ""
            item.setData(f"{choice.title}{mark}, {choice.detail}", int(Qt.ItemDataRole.AccessibleTextRole))
            self.items.appendRow(item)
        self.nothing.setVisible(not fitting)
        self.list.fit_rows(marked if 0 <= marked < len(fitting) else 0)
        if self.is_open:
            self.center()

    def _accept_choice(self, index: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if isinstance(choice, Choice):
            self._restore = None
            self.dismiss()
            choice.run()

    def _on_marked(self, index: QModelIndex, _previous: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if isinstance(choice, Choice) and choice.preview is not None and self._restore is not None:
            choice.preview()

    def _on_closed(self) -> None:
        restore, self._restore = self._restore, None
        self.items.clear()  # Qt marks the rows that are left meanwhile; none of them may be previewed any more.
        if restore is not None:
            restore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.list.step(event):
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._accept_choice(self.list.currentIndex())
        else:
            super().keyPressEvent(event)


def _how(typed: str, choice: Choice) -> Fit | None:
    """Match a choice: by its title, by its other words or both, or with a lower rank by its detail; never by case.

    Only a title may match scattered letters: almost any word is scattered over a title with a detail or other words,
    and Enter would then run an action that has nothing to do with it.
    """
    typed = typed.lower()
    found = fit(typed, choice.title)
    if _is_part(typed, choice.also) and (other := fit(typed, choice.also)) is not None:
        found = _better(found, Fit(other.score - _ALSO_PENALTY, ()))
    for words, penalty in ((choice.also, _BOTH_PENALTY), (choice.detail, _DETAIL_PENALTY * len(typed))):
        whole = f"{choice.title} {words}"
        is_weak = found is None or found.is_scattered
        if is_weak and _is_part(typed, whole) and (other := fit(typed, whole)) is not None:
            found = _better(found, Fit(other.score - penalty, other.positions))
    return found


def _is_part(typed: str, text: str) -> bool:
    """Whether a text has each typed word in one piece."""
    return bool(text) and all(word in text.lower() for word in typed.split())


def _better(found: Fit | None, other: Fit) -> Fit:
    return other if found is None or (found.is_scattered, -found.score) > (other.is_scattered, -other.score) else found


class _ChoiceDelegate(RowDelegate):
    """Paints one choice."""

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if not isinstance(choice, Choice):
            return
        tokens = self._theme.tokens
        text = _text_area(area, choice)
        if choice.mark is not None:
            paint_mark(painter, choice.mark, QPointF(text.left() - 16, area.center().y() + 0.5), tokens)
        title, detail = _elided(choice, text.width())
        middle = Qt.AlignmentFlag.AlignVCenter
        small, usual = font(SECONDARY_PX), font()
        painter.setFont(small)
        painter.setPen(tokens.color("secondary"))
        painter.drawText(text, Qt.AlignmentFlag.AlignRight | middle, detail)
        painter.setFont(usual)
        painter.setPen(tokens.color("text"))
        left = text.adjusted(0, 0, -QFontMetrics(small).horizontalAdvance(detail) - GAP_S_PX, 0)
        if title == choice.title:
            paint_matched(painter, left, title, index.data(_POSITIONS_ROLE) or [], tokens)
        else:
            painter.drawText(left, Qt.AlignmentFlag.AlignLeft | middle, title)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        """Show the whole texts of a choice that is cut."""
        choice = index.data(_CHOICE_ROLE)
        if event.type() != QEvent.Type.ToolTip or not isinstance(choice, Choice):
            return super().helpEvent(event, view, option, index)
        area: QRect = option.rect
        whole = (choice.title, choice.detail)
        is_cut = _elided(choice, _text_area(area, choice).width()) != whole
        show_tooltip(event, "\n".join(whole) if is_cut else "", view.viewport())
        return True


def _text_area(area: QRect, choice: Choice) -> QRect:
    """The part of a row with its texts."""
    return area.adjusted(GAP_M_PX + (_MARK_PX if choice.mark is not None else 0), 0, -GAP_M_PX, 0)


def _elided(choice: Choice, width: int) -> tuple[str, str]:
    """Title and detail, cut to fit beside each other into a width in pixels."""
    small, usual = QFontMetrics(font(SECONDARY_PX)), QFontMetrics(font())
    room = width - usual.horizontalAdvance(choice.title) - GAP_M_PX
    detail = small.elidedText(choice.detail, choice.cut, max(room, 60))
    left = width - small.horizontalAdvance(detail) - GAP_S_PX
    return usual.elidedText(choice.title, Qt.TextElideMode.ElideMiddle, left), detail
