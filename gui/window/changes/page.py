"""The diffs of all changed files, drawn as those of a chat are."""

from __future__ import annotations

from PySide6.QtCore import QPointF
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from gui.bridge.changes_reader import Changes
from gui.chat.content.copying import utf16_slice
from gui.chat.content.segments import Action, Diff, DiffHead, Segment
from gui.chat.drawing.style import MARGIN_PX
from gui.chat.page.accessible_rows import spoken_segments
from gui.chat.page.document import DocumentPage
from gui.chat.page.painting import BAR_PX
from gui.chat.page.places import Place, PlacedSegment
from gui.chat.page.rows import TAIL, Row
from gui.terminal.links.links import FilePlace
from gui.theme.follow import Theme
from gui.window.changes.content import FileSegments
from gui.wording import changes_texts

_MAX_SPOKEN = 4_000
_READ_AT_PX = 40
"""The file at this distance from the top of the page is the one that the user reads."""


class ChangesPage(DocumentPage):
    """The page; each item is a changed file, and its id is the file's path."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "", parent)
        self._file_segments = FileSegments()
        self.content = self._file_segments

    def show_changes(self, changes: Changes, name: str) -> None:
        """Show these changes; the place stays if its file still has changes."""
        place = self.place if len(self.transcript) else None
        self.show_items(self._file_segments.set_files(changes.top, changes.files), name, place)

    def go_to_file(self, key: str) -> None:
        """Show a file at the top of the page."""
        self.go_to(Place(key, 0, 0.0))

    @property
    def file_in_view(self) -> str:
        """The key of the file that the user reads, at the top of the page; "" for none."""
        keys = (self.rows.key(placed.position) for placed in self.visible if placed.bottom > _READ_AT_PX)
        return next((key for key in keys if key != TAIL), "")

    def is_on_page(self, key: str) -> bool:
        """Whether the head of a file is on the page."""
        position = self.rows.position(key)
        return any((placed.position, placed.number) == (position, 0) for placed in self.visible)

    def head_of(self, key: str) -> DiffHead | None:
        """The head of a file."""
        position = self.rows.position(key)
        if position is None or key == TAIL:
            return None
        return next((each for each in self.rows.row(position).segments if isinstance(each, DiffHead)), None)

    def spoken(self, row: Row) -> str:
        return "" if row.key == TAIL else spoken_segments(row.segments)[:_MAX_SPOKEN]

    def context_menu(self, point: QPointF) -> QMenu:
        menu = super().context_menu(point)
        placed = self.segment_at(point)
        head = self.head_of(self.rows.key(placed.position)) if placed is not None else None
        if placed is None or head is None:
            return menu
        first, path = menu.actions()[0], head.text
        if (file := head.file) is not None:
            file = file._replace(line=self._line_at(placed, point) or file.line)
            text = changes_texts.open_at_line(max(file.line, 1))
            menu.insertAction(first, self._action(menu, text, file))
        copy = menu.addAction(changes_texts.copy_path(), lambda: QGuiApplication.clipboard().setText(path))
        menu.insertAction(first, copy)
        menu.insertSeparator(first)
        return menu

    def _action(self, menu: QMenu, text: str, file: FilePlace) -> QAction:
        return menu.addAction(text, lambda: self.acted.emit(Action("file", file=file)))

    def _line_at(self, placed: PlacedSegment, point: QPointF) -> int:
        """The number of the file's line at a point, or of the nearest line below it in the segment; 0 for none."""
        segment: Segment = self.rows.row(placed.position).segments[placed.number]
        if not isinstance(segment, Diff):
            return 0
        offset = placed.laid.offset_at(self.within(placed, point))
        at = utf16_slice(segment.text, 0, offset).count("\n")
        return next((line.new for line in segment.lines[at:] if line.new and line.has_sign), 0)

    def _column_width(self) -> float:
        """The whole width: lines of code are long."""
        return float(max(self.width() - BAR_PX - 2 * MARGIN_PX, 80))
