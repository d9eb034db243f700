"""One page of the settings window: sections with rows, which the search narrows."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.theme.follow import Theme
from gui.theme.tokens import GAP_L_PX, GAP_M_PX, GAP_S_PX
from gui.window.settings.row import PlainRow
from gui.window.widgets.parts import Hairline, label


class Section(QWidget):
    """A heading with rows below it; hidden while no row of it is shown."""

    def __init__(
        self,
        theme: Theme,
        title: str,
        rows: Sequence[PlainRow],
        below: Sequence[QWidget] = (),
        *,
        shares_help: bool = False,
    ) -> None:
        """Create the section.

        Args:
            theme: the theme of the lines between the rows.
            title: the heading, "" for none.
            rows: the rows.
            below: widgets that are hidden while a filter is active.
            shares_help: whether all rows have one help text, which is shown once, below the heading.
        """
        super().__init__()
        self._title = title
        self._below = below
        self.rows = rows
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GAP_M_PX)
        column.setSpacing(0)
        if title:
            heading = label(title.upper(), "heading")
            heading.setContentsMargins(0, GAP_M_PX, 0, 4)
            heading.setAccessibleName(title)
            column.addWidget(heading)
        if shares_help and rows:
            shared = label(rows[0].help.text(), "secondary")
            shared.setWordWrap(True)
            shared.setContentsMargins(0, 0, 0, 4)
            column.addWidget(shared)
            for row in rows:
                row.hide_help()
        self._lines: list[QWidget] = []
        for at, row in enumerate(rows):
            if at:
                line = Hairline(theme)
                self._lines.append(line)
                column.addWidget(line)
            column.addWidget(row)
        for widget in below:
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft)

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the rows that contain all words; returns whether there is one."""
        title = self._title.casefold()
        shown = [row for row in self.rows if all(word in f"{title} {row.words()}".casefold() for word in words)]
        for row in self.rows:
            row.setVisible(row in shown)
        for line, row in zip(self._lines, self.rows[1:], strict=True):
            line.setVisible(row in shown and row is not shown[0])
        for widget in self._below:
            widget.setVisible(not words)
        self.setVisible(bool(shown) or not words)
        return bool(shown)


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
        self._hidden_by_filter: list[QWidget] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, GAP_L_PX)
        self.column.setSpacing(0)
        heading = label(title, "page title")
        heading.setContentsMargins(0, GAP_L_PX, 0, GAP_S_PX)
        self.column.addWidget(heading)

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

    def add_unfiltered(self, widget: QWidget) -> None:
        """Add a widget that is hidden while a filter is active."""
        self._unfiltered_widgets.append(widget)
        self.column.addWidget(widget)

    def apply_filter(self, words: Sequence[str]) -> bool:
        """Show the rows that contain all words, or everything if there are no words; returns whether rows are shown.

        If the page's title contains all words, the whole page is shown.
        """
        if words and all(word in self.title.casefold() for word in words):
            words = ()
        found = [section.apply_filter(words) for section in self._sections]
        if words:
            self._hidden_by_filter += [widget for widget in self._unfiltered_widgets if not widget.isHidden()]
            for widget in self._hidden_by_filter:
                widget.hide()
        else:
            for widget in self._hidden_by_filter:
                widget.show()
            self._hidden_by_filter = []
        return any(found) or not words
