"""A field with a list below it: the command palette and the chat switcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct
from PySide6.QtCore import QEvent, QKeyCombination, QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QKeyEvent, QKeySequence, QPainter, QStandardItem
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QStyleOptionViewItem, QWidget

from gui.finding.ranking import Ranking, Texts
from gui.input.held_keys import is_repeat
from gui.input.shortcuts import combination, pressed_combination
from gui.theme.icons import paint_mark
from gui.theme.painting import paint_matched
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX, SECONDARY_PX, font
from gui.theme.tooltips import show_tooltip
from gui.window.sheets.sheet import ASK_PX, Sheet
from gui.window.widgets.parts import Hairline, label
from gui.window.widgets.result_list import ResultList, RowDelegate, lay_out_results
from gui.wording import common_texts
from session_host.standing.groups import Mark

ROW_PX = 32
ROWS_SHOWN = 10
_CHOICE_ROLE = int(Qt.ItemDataRole.UserRole) + 1
_POSITIONS_ROLE = _CHOICE_ROLE + 1
_MARK_PX = 24
"""The room of a chat's mark."""
_GROUP_PX = 72
"""The room of a group's name."""


class ChoiceKey(NamedTuple):
    """A key that acts on the marked line, as Enter does.

    Attributes:
        key: the key, in Qt's portable notation.
        title: a short text for the sheet's foot.
        run: called when the key is pressed.
    """

    key: str
    title: str
    run: Callable[[], object]


class Choice(Struct, frozen=True):
    """One line of the list.

    Attributes:
        title: the main text.
        detail: muted text on the right: a key, a directory.
        run: called when the user chooses the line.
        mark: a chat's state, None for none.
        preview: called when the line is marked, to show what choosing it does; ``Chooser.ask`` gets how to undo it.
        also: other words by which the line is found; they are not shown.
        cut: where a detail that does not fit is cut; the tool tip has the whole.
        group: the name of its group; the list shows it beside the first of neighbours of one group. "" for none.
        enter: what Enter does, for the sheet's foot; it is shown with ``keys``.
        keys: the other keys.
    """

    title: str
    detail: str
    run: Callable[[], object]
    mark: Mark | None = None
    preview: Callable[[], object] | None = None
    also: str = ""
    cut: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle
    group: str = ""
    enter: str = ""
    keys: Sequence[ChoiceKey] = ()


class Found(NamedTuple):
    """A choice that matches what is typed.

    Attributes:
        choice: the choice.
        positions: the matched characters of its title.
    """

    choice: Choice
    positions: Sequence[int] = ()


class Choices(Protocol):
    """The lines of a list."""

    def find(self, typed: str) -> Iterator[Found]:
        """The choices that match what is typed, the best first; all if nothing is typed."""


class ListedChoices:
    """Choices that were made before the list is opened."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self._choices = choices
        self._ranking = Ranking([Texts(choice.title, choice.detail, choice.also) for choice in choices])

    def find(self, typed: str) -> Iterator[Found]:
        """See ``Choices``."""
        return (Found(self._choices[match.number], match.fit.positions) for match in self._ranking.find(typed))


class Chooser(Sheet):
    """Filters its choices while the user types; Enter runs the marked one."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, common_texts.CHOOSE(), ASK_PX)
        self._choices: Choices = ListedChoices([])
        self._restore: Callable[[], object] | None = None
        self.field = QLineEdit()
        self.field.setProperty("kind", "palette")
        self.field.setAccessibleName(common_texts.CHOOSE())
        self.field.textChanged.connect(self._narrow)
        self.field.installEventFilter(self)
        self.list = ResultList(common_texts.CHOICES(), ROW_PX, ROWS_SHOWN, wraps=True)
        self.list.setItemDelegate(_ChoiceDelegate(theme, ROW_PX, self.list))
        self.items = self.list.items
        self.list.clicked.connect(self._accept_choice)
        self.list.selectionModel().currentChanged.connect(self._on_marked)
        self.closed.connect(self._on_closed)
        self.nothing = label(common_texts.NO_MATCHES(), "secondary")
        self.nothing.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, GAP_M_PX)
        self.foot = label("", "secondary", wraps=True)
        self.foot.setContentsMargins(GAP_M_PX, GAP_S_PX, GAP_M_PX, 0)
        self._foot_line = Hairline(theme)
        lay_out_results(self.body, theme, self.field, self.list, self.nothing, self._foot_line, self.foot)

    def ask(
        self,
        name: str,
        placeholder: str,
        choices: Sequence[Choice] | Choices,
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
        self._choices = ListedChoices(choices) if isinstance(choices, Sequence) else choices
        self._restore = restore
        self.dims = restore is None  # Previews show their own colours.
        self.body.setAccessibleName(name)
        self.field.setAccessibleName(name)
        self.field.setPlaceholderText(placeholder)
        self.field.clear()
        self._narrow("", marked)
        self.open()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def replace(self, choices: Sequence[Choice], marked: int) -> None:
        """Show more lines for what is typed, if the sheet is still open; this one is marked if nothing is typed."""
        if self.is_open:
            self._choices = ListedChoices(choices)
            self._narrow(self.field.text(), 0 if self.field.text() else marked)

    def list_again(self, choices: Choices) -> None:
        """Find these choices anew, since they have changed, if the sheet shows them."""
        if self.is_open and self._choices is choices:
            self._narrow(self.field.text(), self.list.currentIndex().row())

    def _narrow(self, text: str, marked: int = 0) -> None:
        self.items.set_rows(map(_row, self._choices.find(text)), least=marked + 1)
        count = self.items.rowCount()
        self.nothing.setVisible(not count)
        if not count and self._restore is not None:
            self._restore()  # Nothing is marked, so nothing is previewed.
        self._show_keys([])
        self.list.fit_rows(marked if 0 <= marked < count else 0)
        if self.is_open:
            self.center()

    def _accept_choice(self, index: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if isinstance(choice, Choice):
            self._run(choice.run)

    def _run(self, run: Callable[[], object]) -> None:
        self._restore = None
        self.dismiss()
        run()

    def _on_marked(self, index: QModelIndex, _previous: QModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if not isinstance(choice, Choice):
            return
        self._show_keys(
            [("Enter", choice.enter), *((key, title) for key, title, _ in choice.keys)] if choice.keys else []
        )
        if choice.preview is not None and self._restore is not None:
            choice.preview()

    def _show_keys(self, keys: Sequence[tuple[str, str]]) -> None:
        """Show in the foot what each key does."""
        native = [(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText), title) for key, title in keys]
        self.foot.setText(common_texts.keys(native))
        self.field.setAccessibleDescription(self.foot.text())
        for widget in (self._foot_line, self.foot):
            widget.setVisible(bool(keys))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give the marked line its own keys, which the field or the window would take."""
        if watched is self.field and isinstance(event, QKeyEvent) and (run := self._run_by(event)) is not None:
            event.accept()
            if event.type() == QEvent.Type.KeyPress and not is_repeat(event):
                self._run(run)
            return True
        return super().eventFilter(watched, event)

    def _run_by(self, event: QKeyEvent) -> Callable[[], object] | None:
        """The action of the marked line's key that was pressed; None for Enter and keys of the field."""
        choice = self.list.currentIndex().data(_CHOICE_ROLE)
        is_release = event.type() == QEvent.Type.KeyRelease
        copies_typed = event.matches(QKeySequence.StandardKey.Copy) and self.field.hasSelectedText()
        if not isinstance(choice, Choice) or is_release or copies_typed:
            return None
        key = Qt.Key.Key_Enter if event.key() == Qt.Key.Key_Return else Qt.Key(event.key())
        pressed = pressed_combination(QKeyCombination(event.modifiers(), key))
        return next((each.run for each in choice.keys if combination(each.key) == pressed), None)

    def _on_closed(self) -> None:
        restore, self._restore = self._restore, None
        self.items.set_rows(iter(()))  # Qt marks rows that are left meanwhile; none of them may be previewed any more.
        if restore is not None:
            restore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.list.step(event):
            return
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            if is_repeat(event):
                return  # The Enter that has chosen from the list before is still held.
            self._accept_choice(self.list.currentIndex())
        else:
            super().keyPressEvent(event)


def _row(found: Found) -> QStandardItem:
    choice = found.choice
    item = QStandardItem(choice.title)
    item.setData(choice, _CHOICE_ROLE)
    item.setData([index for index in found.positions if index < len(choice.title)], _POSITIONS_ROLE)
    item.setEditable(False)
    mark = f", {choice.mark.value}" if choice.mark is not None else ""
    item.setData(f"{choice.title}{mark}, {choice.detail}", int(Qt.ItemDataRole.AccessibleTextRole))
    return item


class _ChoiceDelegate(RowDelegate):
    """Paints one choice."""

    def paint_row(self, painter: QPainter, area: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        choice = index.data(_CHOICE_ROLE)
        if not isinstance(choice, Choice):
            return
        tokens = self._theme.tokens
        text = _text_area(area, choice)
        if choice.group and _group_of(index.sibling(index.row() - 1, 0)) != choice.group:
            painter.setFont(font(SECONDARY_PX))
            painter.setPen(tokens.color("secondary"))
            painter.drawText(area.adjusted(GAP_M_PX, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, choice.group)
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
        shown = len(title) if title == choice.title else len(title) - len("…")
        matched = [position for position in index.data(_POSITIONS_ROLE) or [] if position < shown]
        paint_matched(painter, left, title, matched, tokens)

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
    left = (_MARK_PX if choice.mark is not None else 0) + (_GROUP_PX if choice.group else 0)
    return area.adjusted(GAP_M_PX + left, 0, -GAP_M_PX, 0)


def _group_of(index: QModelIndex | QPersistentModelIndex) -> str:
    """The name of a row's group; "" for none, and for no row."""
    choice = index.data(_CHOICE_ROLE)
    return choice.group if isinstance(choice, Choice) else ""


def _elided(choice: Choice, width: int) -> tuple[str, str]:
    """Title and detail, cut to fit beside each other into a width in pixels."""
    small, usual = QFontMetrics(font(SECONDARY_PX)), QFontMetrics(font())
    room = width - usual.horizontalAdvance(choice.title) - GAP_M_PX
    detail = small.elidedText(choice.detail, choice.cut, max(room, 2 * width // 5))
    left = width - small.horizontalAdvance(detail) - GAP_S_PX
    return usual.elidedText(choice.title, Qt.TextElideMode.ElideRight, left), detail
