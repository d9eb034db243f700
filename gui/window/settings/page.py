"""One page of the settings: sections with rows, which the search narrows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QPushButton, QVBoxLayout, QWidget

from gui.settings.table import Choice, Setting
from gui.theme.icons import Glyph
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.widgets.parts import Area, Hairline, IconButton, button, label, sentence, show_text
from gui.wording import phrases, settings_texts

from .context import Values
from .controls import Control, TextControl

MIN_TEXT_PX = 240
"""If less room is left for the text, the control is below it, unless that is as small as a switch."""
SMALL_PX = 64

_BESIDE = 0, 3, 2, 1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_BELOW = 2, 1, 1, 3, Qt.AlignmentFlag.AlignLeft


class PlainRow(QWidget):
    """A label with a help text on the left, and a control on the right, or below them in a narrow window.

    Attributes:
        problem: the line with the setting's problem; hidden if there is none.
    """

    def __init__(self, name: str, help_: str, control: Control, icon: QWidget | None = None) -> None:
        super().__init__()
        self.control = control
        self.name = name
        control.set_name(name)
        self.help = label("", "secondary", wraps=True)
        self.problem = label("", "problem", wraps=True)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem.hide()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 6, 0, 6)
        grid.setHorizontalSpacing(GAP_S_PX)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self._title = title = label(name)
        title.setWordWrap(True)
        title.setBuddy(control.inner)
        if icon is not None:
            grid.addWidget(icon, 0, 0, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        grid.addWidget(self.help, 1, 1, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(control, *_BESIDE)
        grid.addWidget(self.problem, 3, 1, 1, 3)
        self._grid = grid
        self._is_narrow = False
        self.show_help(help_)

    def show_help(self, text: str) -> None:
        """Show a help text; "" for none, and the label is in the middle."""
        show_text(self.help, text)
        self._grid.removeWidget(self._title)
        self._grid.addWidget(self._title, 0, 1, 1 if text else 2, 1, Qt.AlignmentFlag.AlignVCenter)
        self.control.inner.setAccessibleDescription(self._help_text)

    def minimumSizeHint(self) -> QSize:
        """No minimum width: the row adapts its layout to its width."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_control()

    def event(self, event: QEvent) -> bool:
        """Place the control again when a text changes."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place_control()
        return super().event(event)

    def _place_control(self) -> None:
        """Put the control beside the text or below it."""
        is_narrow = self.width() < self._beside_px() and self.control.sizeHint().width() > SMALL_PX
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._grid.removeWidget(self.control)
            self._grid.addWidget(self.control, *(_BELOW if is_narrow else _BESIDE))

    def _beside_px(self) -> int:
        """The width that the row needs with its control beside the text."""
        around = [self._grid.itemAtPosition(0, column) for column in (0, 2)]
        widths = [each.sizeHint().width() for each in around if each is not None]
        widths.append(max(MIN_TEXT_PX, *(each.minimumSizeHint().width() for each in (self._title, self.help))))
        widths.append(self.control.sizeHint().width())
        return sum(widths) + (len(widths) - 1) * GAP_S_PX

    def words(self) -> str:
        """The text that the search looks in."""
        return f"{self.name} {self._help_text}"

    @property
    def _help_text(self) -> str:
        return self.help.text().replace(phrases.WORD_JOINER, "")

    def show_problem(self, problem: str) -> None:
        """Show a problem; "" for none."""
        self.problem.setText(sentence(problem))
        self.problem.setVisible(bool(problem))
        self.control.inner.setAccessibleDescription(f"{self._help_text} {self.problem.text()}".strip())


class SettingRow(PlainRow):
    """A setting of a file.

    Signals:
        done: the setting was changed, or the change failed.
    """

    done = Signal()

    def __init__(self, theme: Theme, values: Values, setting: Setting, control: Control) -> None:
        help_ = phrases.in_whole_words(setting.help()) if setting.help else ""
        super().__init__(setting.label(), help_, control)
        self.setting = setting
        self._values = values
        self.reset = IconButton(
            theme, Glyph.RESET, settings_texts.RESET_SETTING(setting=self.name), lambda: self._set(None)
        )
        self.reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        policy = self.reset.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.reset.setSizePolicy(policy)
        self._grid.addWidget(self.reset, 0, 2, 2, 1, Qt.AlignmentFlag.AlignVCenter)
        QWidget.setTabOrder(control.inner, self.reset)
        control.chosen.connect(self._set)
        values.changed.connect(self.refresh)
        self.refresh()

    def words(self) -> str:
        setting = self.setting
        choices = " ".join(setting.kind.values) if isinstance(setting.kind, Choice) else ""
        also = setting.words() if setting.words else ""
        return f"{super().words()} {setting.key} {setting.file} {choices} {also}"

    def _set(self, value: object) -> None:
        had_focus = self.reset.hasFocus()
        self._values.set(self.setting, value)
        if not (isinstance(self.control, TextControl) and self._values.is_refused(self.setting)):
            self.control.show_value(self._values.of(self.setting))
            self.refresh()
        if had_focus and not self.reset.isVisible():
            self.control.setFocus(Qt.FocusReason.OtherFocusReason)
        self.done.emit()

    def refresh(self) -> None:
        """Show the file's value; a value that the user is editing, or that was refused, stays."""
        problem = self._values.problem(self.setting)
        is_refused = bool(problem) and self.control.is_edited
        if not self.control.is_edited:
            self.control.show_value(self._values.of(self.setting))
        if isinstance(self.control, TextControl):
            self.control.set_invalid(invalid=is_refused)
        self.show_problem(problem or self.control.warning(self._values.of(self.setting)))
        self.reset.setVisible(self._values.is_set(self.setting))
        self.control.setEnabled(not self._values.problem_of_file(self.setting.file))


class Card(Area):
    """A form within a page."""

    def __init__(self, on_escape: Callable[[], object], on_return: Callable[[], object] | None = None) -> None:
        super().__init__("card")
        self._on_escape, self._on_return = on_escape, on_return

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._on_escape()
        elif self._on_return is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._on_return()
        else:
            super().keyPressEvent(event)


class Section(QWidget):
    """A heading with rows below it; hidden while no row of it is shown."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        rows: Sequence[PlainRow],
        below: Sequence[QPushButton] = (),
        fold: tuple[str, str] = ("", ""),
    ) -> None:
        """Create the section.

        Args:
            theme: the theme of the lines between the rows.
            title: the heading, "" for none.
            rows: the rows.
            below: buttons below the rows; a filter finds them by their texts.
            fold: the texts of a button that unfolds the rows, and folds them again. The rows are folded at first; a
                filter finds them nevertheless. Without texts, the rows are always shown.
        """
        super().__init__()
        self._title = title
        self._below = below
        self._fold_texts = fold
        self._is_folded = bool(fold[0] and rows)
        self._words: Sequence[str] = ()
        self.rows = rows
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GAP_M_PX)
        column.setSpacing(0)
        if title:
            column.addWidget(heading(title))
        self._fold = button(fold[0], "link", self._toggle)
        column.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        self._lines: list[QWidget] = []
        for at, row in enumerate(rows):
            if at:
                line = Hairline(theme)
                self._lines.append(line)
                column.addWidget(line)
            column.addWidget(row)
        for widget in below:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)

    def _toggle(self) -> None:
        self._is_folded = not self._is_folded
        self._fold.setText(self._fold_texts[0 if self._is_folded else 1])
        self.apply_filter(self._words)

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the rows and buttons that contain all words; returns whether there is one."""
        self._words = words
        self._fold.setVisible(bool(self._fold_texts[0] and self.rows) and not words)
        is_folded = self._is_folded and not words
        shown = [row for row in self.rows if not is_folded and has_all(words, self._title, row.words())]
        for row in self.rows:
            row.setVisible(row in shown)
        for line, row in zip(self._lines, self.rows[1:], strict=True):
            line.setVisible(row in shown and row is not shown[0])
        buttons = [each for each in self._below if has_all(words, self._title, each.text())]
        for each in self._below:
            each.setVisible(each in buttons)
        self.setVisible(bool(shown or buttons) or (not words and bool(self.rows)))
        return bool(shown or buttons)


class Page(QWidget):
    """A page: its title, sections, and widgets of its own.

    Attributes:
        column: the layout below the title.
    """

    def __init__(self, title: str) -> None:
        super().__init__()
        self.title = title
        self._sections: list[Section] = []
        self._unfiltered_widgets: list[QWidget] = []
        self._without_filter: list[QWidget] = []
        """Those of these widgets that are shown again without a filter."""
        self._words: Sequence[str] = ()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, GAP_L_PX)
        self.column.setSpacing(0)
        page_title = label(title, "page title")
        page_title.setContentsMargins(0, GAP_L_PX, 0, GAP_S_PX)
        self.column.addWidget(page_title)

    def add_section(self, section: Section) -> None:
        """Add a section with rows."""
        self._sections.append(section)
        self.column.addWidget(section)
        section.apply_filter(self._words)  # Shown before, it would be a window, and laid out for that.

    def replace_section(self, previous: Section, section: Section) -> None:
        """Replace a section by another one at its position."""
        self._sections[self._sections.index(previous)] = section
        self.column.insertWidget(self.column.indexOf(previous), section)
        self.column.removeWidget(previous)
        previous.hide()
        previous.deleteLater()
        section.apply_filter(self._words)

    def add_unfiltered(self, widget: QWidget) -> None:
        """Add a widget that is hidden while a filter is active, unless it is a button with the words in its text."""
        self._unfiltered_widgets.append(widget)
        self.column.addWidget(widget)

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the rows and buttons that contain all words, or everything; returns whether one is shown.

        If the page's title contains all words, the whole page is shown.
        """
        if words and has_all(words, self.title):
            words = ()
        self._words = words
        found = [section.apply_filter(words) for section in self._sections]
        if not words:
            for widget in self._without_filter:
                widget.show()
            self._without_filter = []
            return True
        for widget in self._unfiltered_widgets:
            if not (widget.isHidden() or widget in self._without_filter):
                self._without_filter.append(widget)
        for widget in self._without_filter:
            is_found = isinstance(widget, QPushButton) and has_all(words, self.title, widget.text())
            widget.setVisible(is_found)
            found.append(is_found)
        return any(found)


def heading(text: str) -> QWidget:
    """The heading above a group of rows."""
    widget = label(text.upper(), "heading")
    widget.setContentsMargins(0, GAP_M_PX, 0, 4)
    widget.setAccessibleName(text)
    return widget


def has_all(words: Sequence[str], *texts: str) -> bool:
    """Whether texts contain all of these words, which are case-folded."""
    text = " ".join(texts).casefold()
    return all(word in text for word in words)
