"""The terminal of a page."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat, Look
from gui.settings.layout import Place
from gui.settings.preferences import Preferences
from gui.terminal.cell_metrics import default_size_px
from gui.terminal.input.pointer import MouseRules
from gui.terminal.links.links import LinkRules
from gui.terminal.view import TerminalView
from gui.theme.theme import Theme
from gui.wording import page_texts
from session_host.client.sessions.foreground import program_directories
from session_host.errors import OutliveError
from session_host.protocol.messages import Clearing
from session_host.protocol.untrusted_text import without_controls
from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import Emulator
from session_host.terminal.rows import Row
from session_host.terminal.scroll_position import ScrollPosition

if TYPE_CHECKING:
    from gui.bridge.search import Query

    from .sleep_bar import SleepBar


class TerminalContent(QObject):
    """The terminal of a page, and what it shows: the chat's replica, or the last screen of an ended chat.

    Attributes:
        view: the terminal; ``finder``: finds a text in it; ``edited``: copies and pastes there.
        chat: the chat; ``source``: the viewer that the page shows.
        grid: the size that the page has room for.
        focus: gives the page the keyboard focus.

    Signals:
        notice_given: one line for the user.
        zoomed: the user made the text larger or smaller (steps from the configured size).
        grid_changed: the terminal has room for another grid size.
        clipboard_offered: as in ``Look``.
        place_changed: the user scrolled.
    """

    notice_given = Signal(str)
    zoomed = Signal(int)
    grid_changed = Signal()
    clipboard_offered = Signal(str, str)
    place_changed = Signal()

    def __init__(
        self,
        theme: Theme,
        source: Look,
        page: QWidget,
        focus: Callable[[], object],
        load_screen: Callable[[TerminalContent], None],
        note_directory: Callable[[Chat, str], object],
    ) -> None:
        """Make the terminal of a page.

        Args:
            theme: the looks.
            source: the viewer that the page shows.
            page: the page.
            focus: gives the page the keyboard focus.
            load_screen: loads the last screen of an ended chat.
            note_directory: gets the chat and the directory (an address) that its output reports, while it is in front.
        """
        super().__init__(page)
        self._theme = theme
        self.source = source
        self.chat = chat = source.chat
        self._page, self.focus = page, focus
        self._base_px = 0
        self._steps = 0
        self._is_in_front = False
        self._load_screen, self._report_directory = load_screen, note_directory
        self._screen: Emulator | None = None
        self._is_screen_requested = False
        self._writer: SleepBar | None = None
        self.grid = GridSize(0, 0)
        self.view = TerminalView(theme.terminal, page)
        self._display, self.edited = self.view.display, self.view.editing
        self.finder = self.view.finder
        self.view.setAccessibleName(page_texts.TERMINAL_OF(name=chat.full_name))
        self.view.sizing.zoomed.connect(self._on_zoomed)
        self.view.sizing.grid_resized.connect(self._on_grid)
        self.view.scroller.scrolled.connect(self.place_changed)
        source.damaged.connect(self._display.on_damage)
        source.clipboard_offered.connect(self.clipboard_offered)
        theme.changed.connect(self._apply_theme)

    def _apply_theme(self) -> None:
        self.view.set_theme(self._theme.terminal)

    # ------------------------------------------------------------ showing

    @property
    def place(self) -> Place | None:
        """The scroll position in the history, in the form that is saved; None for its end."""
        position = self.view.scroller.chosen_position
        return (position.row, position.digest) if position is not None else None

    def go_to_place(self, place: Place) -> None:
        """Show a saved place once it exists."""
        if isinstance(place, tuple):
            self.view.scroller.go_once_known(ScrollPosition(*place))

    @property
    def reported_directory(self) -> str:
        """The address of the directory that the program reports (OSC 7); "" without one."""
        return self._display.emulator.directory if self._display.emulator is not None else ""

    async def foreground_directory(self) -> str:
        """The directory in which the foreground program is now; the last known one if nothing says so."""
        chat = self.chat
        if self._display.emulator is not None and not chat.has_ended:
            with contextlib.suppress(OutliveError):
                found = await chat.machine.call(program_directories, chat.session_id, self.reported_directory)
                return found.foreground or chat.workplace.current_directory
        return chat.workplace.current_directory

    @property
    def faded(self) -> QWidget:
        """The widget that is faded while the machine cannot be reached."""
        return self.view

    def typed_areas(self) -> list[QRect]:
        """The rows that the user types into."""
        return self._display.typed_areas()

    def areas_in_use(self) -> list[list[QRect]]:
        """The parts that a line over the page shall not cover: where the user types; then where text is."""
        return [self.typed_areas(), self._display.written_areas()]

    @property
    def has_replica(self) -> bool:
        """Whether the chat's viewer has a replica."""
        viewer = self.source.viewer
        return viewer is not None and viewer.replica.emulator is not None

    @property
    def is_blank(self) -> bool:
        """Whether the terminal has no text."""
        emulator = self._display.emulator
        return emulator is not None and not emulator.scrollback_rows and not any(map(Row.text, emulator.rows()))

    @property
    def has_old_content(self) -> bool:
        """Whether the view still shows old content although there is no replica."""
        return self._display.has_saved_frame

    def attach(self) -> None:
        """Show the running chat's viewer, which may have changed."""
        if self._display.sink is None or self._display.sink is not self.source.viewer:
            self._display.set_viewer(self.source.viewer)

    def show_last_replica(self) -> None:
        """Show the replica of a chat that has ended, for reading only."""
        viewer = self.source.viewer
        assert viewer is not None
        if viewer.replica.emulator is not None and (
            self._display.sink is not None or self._display.emulator is not viewer.replica.emulator
        ):
            self._display.show_emulator(viewer.replica.emulator, is_last=self.chat.has_ended)

    def fetch_saved(self) -> bool:
        """Load the last screen of an ended chat, unless done before; returns whether loading started."""
        if self._screen is not None or self._is_screen_requested:
            return False
        self._is_screen_requested = True
        self._display.set_viewer(None)
        self._load_screen(self)
        return True

    def show_screen(self, emulator: Emulator | None) -> None:
        """Show the last screen of an ended chat; None if no screen was saved."""
        self._screen = emulator
        if emulator is not None:
            self._display.show_emulator(emulator, is_last=True)

    def paint_now(self) -> None:
        """Repaint the view at once, before the event loop does other work."""
        if self._page.isVisible() and (self._display.emulator is not None or self._display.has_saved_frame):
            self.view.repaint()

    def suspend(self) -> bool:
        """Free the memory of the hidden view, of which an image stays; returns whether memory was freed."""
        emulator = self._display.emulator
        if self._is_in_front or emulator is None or emulator.selected_text():
            return False
        self.view.scroller.keep_position()
        self._display.save_frame()
        if self._screen is not None:
            self._display.set_viewer(None)
            self._screen.close()
            self._screen, self._is_screen_requested = None, False
        self.source.free_replica()
        return self._display.emulator is None

    def release(self) -> None:
        """Release the view's content, because the tab is closed."""
        self._display.set_viewer(None)
        if self._screen is not None:
            self._screen.close()
            self._screen = None

    def on_detaching(self) -> None:
        """Stop showing the replica; a loaded last screen stays."""
        if self._screen is None:
            self._display.set_viewer(None)

    def on_replaced(self) -> None:
        """Show another replica of the viewer."""
        self._display.on_replaced()
        self._note_directory()

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Set whether the page is in front of the others."""
        self._note_directory()
        self._is_in_front = is_in_front

    def _note_directory(self) -> None:
        if self._is_in_front and self._display.emulator is not None:
            self._report_directory(self.chat, self.reported_directory)

    def on_changed(self) -> None:
        """Show changed facts of the chat."""
        self._note_directory()
        self.view.setAccessibleName(page_texts.TERMINAL_OF(name=self.chat.full_name))

    def press(self, _event: QKeyEvent) -> bool:
        """Act on a key that the view has left: a program has them all."""
        return False

    def set_writer(self, writer: SleepBar | None) -> None:
        """Set where the user types in place of the terminal, whose screen keeps the mouse; None for the terminal."""
        if writer is self._writer:
            return
        self._writer = writer
        # A click, and what is typed after it, must not end up on a screen that takes no keys.
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus if writer is None else Qt.FocusPolicy.NoFocus)
        (self.view.removeEventFilter if writer is None else self.view.installEventFilter)(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress:
            self.focus()
        return False

    def type_text(self, text: str) -> None:
        """Type a text into the terminal as it is, with control characters."""
        if self._writer is not None:
            self._writer.write(without_controls(text))
        else:
            self.view.input_method.commit(text)

    @property
    def can_insert(self) -> bool:
        """Whether a prompt can be inserted now."""
        return self._display.sink is not None or self._writer is not None

    def insert_prompt(self, text: str) -> None:
        """Paste a prompt, as the user pastes a text."""
        self.focus()
        if self._writer is not None:
            self._writer.write(text)
        else:
            self.view.pasting.paste(text)

    def append_prompt(self, text: str) -> None:
        """Insert a prompt: a terminal does not tell where the user's text ends."""
        self.insert_prompt(text)

    def set_can_resume(self, can_resume: bool) -> None:
        """See ``StructuredContent``; a terminal has the page's end bar alone for that."""

    def go_to_time(self, at_s: float) -> None:
        """See ``StructuredContent``; a terminal's rows have no times."""

    def show_line(self, text: str, query: Query) -> bool:
        """Show a line that a search found; returns whether the line exists."""
        return self.finder.show_line(text, query.spans)

    def continue_program(self) -> None:
        """Continue the suspended program."""
        viewer = self.source.viewer
        if viewer is None or not viewer.continue_program():
            self.notice_given.emit(page_texts.CANNOT_CLEAR_YET())
        self.focus()

    # ------------------------------------------------------------ size

    def clear(self, what: Clearing) -> None:
        """Clear the scrollback, or reset the terminal, for all viewers of the chat."""
        emulator, viewer = self._display.emulator, self.source.viewer
        if viewer is None or not self.source.is_live:
            self.notice_given.emit(page_texts.CANNOT_CLEAR_YET())
        elif what == "scrollback" and emulator is not None and emulator.modes.alternate_screen:
            self.notice_given.emit(page_texts.NO_SCROLLBACK_TO_CLEAR())
        elif not viewer.clear_terminal(what):
            self.notice_given.emit(page_texts.CANNOT_CLEAR_IN_OLD_CHAT())
        elif emulator is not None:
            emulator.clear_selection()  # What it selects may be gone soon.

    def apply_settings(self, preferences: Preferences, zoom_steps: int) -> None:
        """Apply the user's settings, and the zoom in steps from the configured size of the text."""
        settings, view = preferences.window, self.view
        view.sizing.set_spacing(settings.line_height, settings.padding)
        self._base_px, self._steps = settings.font_size or default_size_px(), 0
        view.sizing.set_font(preferences.terminal_font)
        view.sizing.set_font_size(self._base_px)
        self.set_zoom(zoom_steps)
        view.links.rules = LinkRules(settings.open_links, settings.link_files)
        view.pointer.rules = MouseRules(
            settings.wheel_lines,
            right_click_pastes=settings.right_click == "paste",
            click_moves_cursor=settings.click_moves_cursor,
        )
        view.selection.copies = settings.copy_on_select
        view.keyboard.ctrl_c_copies = settings.ctrl_c_copies
        view.prompts.set_heading(enabled=settings.command_heading)

    def set_window_keys(self, keys: tuple[str, ...]) -> None:
        """Set the keys that the window does not pass to the program."""
        self.view.keyboard.set_window_keys(keys)

    def set_zoom(self, steps: int) -> None:
        """Set the zoom in steps from the configured size."""
        by, self._steps = steps - self._steps, steps
        if by:
            self.view.sizing.zoom(by)

    def _on_zoomed(self, percent: int) -> None:
        steps = round(percent * self._base_px / 100) - self._base_px
        if steps != self._steps:
            self._steps = steps
            self.zoomed.emit(steps)

    def _on_grid(self, size: GridSize, _cell: CellSize) -> None:
        if self.chat.has_ended or self.source.connection == "failed":
            return  # The end bar makes the terminal smaller; the grid for the next chat has no such bar.
        self.grid = size
        self.grid_changed.emit()

    @property
    def terminal_size(self) -> GridSize:
        """The size of the chat's terminal, which another viewer may have set; the page's own size if unknown."""
        if self.chat.last_size_event is not None:
            return self.chat.last_size_event.size
        return self.grid if self._display.emulator is None else self._display.emulator.size

    def take_over_size(self) -> None:
        """Give the chat's terminal the size of this page."""
        self.focus()
        self.view.sizing.take_over()
