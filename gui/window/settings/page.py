"""One page of the settings window: sections with rows, which the search narrows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from gui.theme.theme import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.settings.row import PlainRow
from gui.window.widgets.parts import Hairline, button, label


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
        self._fold.setVisible(self._is_folded)
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
        self.apply_filter(())

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
