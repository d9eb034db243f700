"""The page of a chat in a terminal, and its mark while it takes part in a broadcast."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QImage, QMoveEvent, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from gui.bridge.chat import Chat, PageViewer
from gui.bridge.search import Query
from gui.terminal.links.link_pointer import directories_of, local_directory
from gui.terminal.view import TerminalView
from gui.theme.icons import Glyph
from gui.theme.terminal import TerminalFont
from gui.theme.theme import Theme
from gui.theme.tokens import GAP_M_PX, GAP_S_PX
from gui.theme.tooltips import set_tooltip
from gui.window.widgets.parts import Area, ElidedLabel, GlyphLabel, Hairline, IconButton, LazyWidget
from gui.wording import page_texts, window_texts
from session_host.client.sessions.foreground import foreground_directory, program_directory
from session_host.protocol.messages import Clearing
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator

from .chat_page import ChatPage

FRAME_PX = 2
_BUTTON_PX = 20


class _Frame(QWidget):
    """Lines along the edges of the page; the terminal inside is not covered."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.is_left_out = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def place(self, area: QRect) -> None:
        """Cover the edges of this area."""
        self.setGeometry(area)
        inside = self.rect().adjusted(FRAME_PX, FRAME_PX, -FRAME_PX, -FRAME_PX)
        self.setMask(QRegion(self.rect()) - QRegion(inside))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.tokens.color("disabled" if self.is_left_out else "needs_you"))
        painter.end()


class BroadcastMark(Area):
    """The line below a page's terminal. The terminal gives up its height: a line over it would hide output.

    Signals:
        left: the user takes this pane out of the broadcast.
        moved: the line takes another part of the page, or none.
    """

    left = Signal()
    moved = Signal()

    def __init__(self, theme: Theme, page: QWidget) -> None:
        super().__init__("sidebar", page)
        set_tooltip(self, window_texts.HOW_TO_END_BROADCAST())
        self.frame_ = _Frame(theme, page)
        self.text = ElidedLabel("", "secondary")
        self.close_button = IconButton(theme, Glyph.CLOSE, window_texts.LEAVE_BROADCAST(), self.left.emit)
        self.close_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.close_button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        row = QHBoxLayout()
        row.setContentsMargins(GAP_M_PX, 1, 2 * FRAME_PX, FRAME_PX)
        row.setSpacing(GAP_S_PX)
        row.addWidget(GlyphLabel(theme, Glyph.BROADCAST, "needs_you"))
        row.addWidget(self.text, 1)
        row.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Hairline(theme))
        column.addLayout(row, 1)
        self.hide()
        theme.changed.connect(self.frame_.update)

    def show_text(self, text: str, *, is_left_out: bool) -> None:
        """Show a line; "" hides the mark. ``is_left_out``: the page gets nothing from other panes now."""
        self.text.set_whole(text)
        self.setAccessibleName(text)
        self.frame_.is_left_out = is_left_out
        self.frame_.update()
        self.frame_.setVisible(bool(text))
        self.setVisible(bool(text))
        if text:
            self.frame_.raise_()
        self.moved.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.moved.emit()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self.moved.emit()


class TerminalPage(ChatPage):
    """The page of a chat in a terminal.

    Attributes:
        view: the terminal.
        grid: the size that the page has room for.

    Signals:
        paste_needs_confirmation: the user must confirm a paste (the text).
        image_pasted: the user pasted or dropped an image.
        grid_changed: the terminal has room for another grid size.
        clipboard_offered: as in ``ChatViewer``.
        broadcast_left: the user takes this page (itself) out of the broadcast.
    """

    paste_needs_confirmation = Signal(str)
    image_pasted = Signal(QImage)
    grid_changed = Signal()
    clipboard_offered = Signal(str, str)
    broadcast_left = Signal(object)

    def __init__(self, theme: Theme, source: PageViewer, load_screen: Callable[[Chat, TerminalPage], None]) -> None:
        super().__init__(theme, source)
        chat = self.chat
        self._base_px = 0
        self._steps = 0
        self._load_screen = load_screen
        self._screen: Emulator | None = None
        self._is_screen_requested = False
        self.grid = GridSize(0, 0)
        self.view = TerminalView(theme.terminal, self)
        self.view.setAccessibleName(page_texts.TERMINAL_OF(name=chat.name))
        self.view.find_files_in(lambda: directories_of(chat.record.cwd), lambda: self.directory)
        self.view.pasteNeedsConfirmation.connect(self.paste_needs_confirmation)
        self.view.imagePasted.connect(self.image_pasted)
        self.view.linkActivated.connect(self.link_requested)
        self.view.markedLinkActivated.connect(self.marked_link_requested)
        self.view.fileActivated.connect(self.file_requested)
        self.view.notice.connect(self.notice_given)
        self.view.findRequested.connect(self.open_find)
        self.view.zoomChanged.connect(self._on_zoomed)
        self.view.gridResized.connect(self._on_grid)
        source.damaged.connect(self.view.on_damage)
        source.clipboard_offered.connect(self.clipboard_offered)
        theme.changed.connect(self._apply_theme)
        self._broadcast_mark = LazyWidget(self._make_broadcast_mark)
        self.set_content(self.view, self.view, self.view.finder)

    def _apply_theme(self) -> None:
        self.view.set_theme(self._theme.terminal)

    # ------------------------------------------------------------ showing

    @property
    def directory(self) -> str:
        """The program's directory if it reports one (OSC 7), else the chat's; without a replica, the last known one."""
        emulator = self.view.emulator
        if emulator is None:
            return self.chat.current_directory
        record = self.chat.record
        return program_directory(record, local_directory(emulator.directory)) or record.cwd

    @property
    def foreground_directory(self) -> str:
        """The directory in which the foreground program is now; the last known one if nothing says so."""
        emulator = self.view.emulator
        if emulator is None or self.chat.has_ended:
            return self.chat.current_directory
        return foreground_directory(self.chat.record, local_directory(emulator.directory)) or self.directory

    @property
    def _has_replica(self) -> bool:
        viewer = self.source.viewer
        return viewer is not None and viewer.emulator is not None

    @property
    def _has_old_content(self) -> bool:
        return self.view.has_saved_frame

    def _attach(self) -> None:
        if self.view.sink is None or self.view.sink is not self.source.viewer:
            self.view.set_viewer(self.source.viewer)

    def _show_last_replica(self) -> None:
        viewer = self.source.viewer
        assert viewer is not None
        if viewer.emulator is not None and (self.view.sink is not None or self.view.emulator is not viewer.emulator):
            self.view.show_emulator(viewer.emulator)

    def _fetch_saved(self) -> bool:
        if self._screen is not None or self._is_screen_requested:
            return False
        self._is_screen_requested = True
        self.view.set_viewer(None)
        self._load_screen(self.chat, self)
        return True

    def show_screen(self, emulator: Emulator | None) -> None:
        """Show the last screen of an ended chat; None if no screen was saved."""
        self._screen = emulator
        if emulator is not None:
            self.view.show_emulator(emulator)
        self._on_saved_shown(found=emulator is not None)

    def paint_now(self) -> None:
        """See ``ChatPage``."""
        if self.isVisible() and (self.view.emulator is not None or self.view.has_saved_frame):
            self.view.repaint()

    def suspend(self) -> bool:
        """See ``ChatPage``; an image of the visible part stays."""
        emulator = self.view.emulator
        if self._is_in_front or emulator is None or emulator.selected_text():
            return False
        self.view.save_frame()
        if self._screen is not None:
            self.view.set_viewer(None)
            self._screen.close()
            self._screen, self._is_screen_requested = None, False
        self.source.free_replica()
        return self.view.emulator is None

    def _release(self) -> None:
        self.view.set_viewer(None)
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def _on_detaching(self) -> None:
        """Stop showing the replica; a loaded last screen stays."""
        if self._screen is None:
            self.view.set_viewer(None)

    def _on_replaced(self) -> None:
        # Not connected to the view directly: PySide calls an overriding slot even after its object is deleted.
        self.view.on_replaced()
        super()._on_replaced()
        self._note_directory()

    def leave_front(self) -> None:
        """See ``ChatPage``."""
        self._note_directory()
        super().leave_front()

    def _note_directory(self) -> None:
        if self._is_in_front and self.view.emulator is not None:
            self.chat.note_directory(self.directory)

    def _on_changed(self) -> None:
        super()._on_changed()
        self._note_directory()
        self.view.setAccessibleName(page_texts.TERMINAL_OF(name=self.chat.name))

    def type_text(self, text: str) -> None:
        """See ``ChatPage``."""
        self.view.commit(text)

    @property
    def can_insert(self) -> bool:
        """See ``ChatPage``."""
        return self.view.sink is not None

    def insert_prompt(self, text: str) -> None:
        """Paste a prompt, as the user pastes a text."""
        self.focus_content()
        self.view.paste_text(text)

    def _show_line(self, text: str, query: Query) -> bool:
        """See ``ChatPage``."""
        return self.view.show_line(text, query.spans)

    def _make_broadcast_mark(self) -> BroadcastMark:
        mark = BroadcastMark(self._theme, self)
        self._column.insertWidget(1, mark)
        mark.left.connect(lambda: self.broadcast_left.emit(self))
        mark.moved.connect(self._place_overlays)
        mark.moved.connect(self.bars_moved)
        return mark

    def show_broadcast(self, text: str, *, is_left_out: bool) -> None:
        """Mark the page as a part of a broadcast; see ``BroadcastMark.show_text``."""
        if text or self._broadcast_mark.widget is not None:
            self._broadcast_mark.get().show_text(text, is_left_out=is_left_out)

    def _problem(self) -> tuple[str, str]:
        """See ``ChatPage``."""
        if self.chat.is_suspended:
            return page_texts.SUSPENDED(), page_texts.CONTINUE_SUSPENDED()
        return super()._problem()

    def _act_on_problem(self) -> None:
        """See ``ChatPage``."""
        self.continue_program()

    def continue_program(self) -> None:
        """Continue the suspended program."""
        viewer = self.source.viewer
        if viewer is None or not viewer.continue_program():
            self.notice_given.emit(page_texts.CANNOT_CLEAR_YET())
        self.focus_content()

    @property
    def _bars(self) -> list[QWidget]:
        mark = self._broadcast_mark
        return [*super()._bars, *([mark.get()] if mark.is_open else [])]

    def _place_overlays(self) -> None:
        super()._place_overlays()
        if self._broadcast_mark.is_open:
            self._broadcast_mark.get().frame_.place(self.rect())

    # ------------------------------------------------------------ size

    def clear(self, what: Clearing) -> None:
        """Clear the scrollback, or reset the terminal, for all viewers of the chat."""
        emulator, viewer = self.view.emulator, self.source.viewer
        if viewer is None or not self.source.is_live:
            self.notice_given.emit(page_texts.CANNOT_CLEAR_YET())
        elif what == "scrollback" and emulator is not None and emulator.modes.alternate_screen:
            self.notice_given.emit(page_texts.NO_SCROLLBACK_TO_CLEAR())
        elif not viewer.clear_terminal(what):
            self.notice_given.emit(page_texts.CANNOT_CLEAR_IN_OLD_CHAT())
        elif emulator is not None:
            emulator.clear_selection()  # What it selects may be gone soon.

    def set_font(self, font: TerminalFont, base_px: int, steps: int) -> None:
        """Set the terminal's font, and the zoom in steps from the configured size."""
        self._base_px, self._steps = base_px, 0
        self.view.set_font(font)
        self.view.set_font_size(base_px)
        self.set_zoom(steps)

    def set_zoom(self, steps: int) -> None:
        """Set the zoom in steps from the configured size."""
        by, self._steps = steps - self._steps, steps
        if by:
            self.view.zoom(by)

    def _on_zoomed(self, percent: int) -> None:
        steps = round(percent * self._base_px / 100) - self._base_px
        if steps != self._steps:
            self._steps = steps
            self.zoomed.emit(steps)

    def _on_grid(self, size: GridSize, _cell: CellSize) -> None:
        if self._end_bar.is_open:
            return  # The end bar makes the terminal smaller; the grid for the next chat has no such bar.
        self.grid = size
        self.grid_changed.emit()

    @property
    def terminal_size(self) -> GridSize:
        """The size of the chat's terminal, which another viewer may have set; the page's own size if unknown."""
        if self.chat.last_size_event is not None:
            return self.chat.last_size_event.size
        return self.grid if self.view.emulator is None else self.view.emulator.size

    def take_over_size(self) -> None:
        """Give the chat's terminal the size of this page."""
        self.focus_content()
        self.view.take_over_size()
