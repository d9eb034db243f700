"""The panes of a window: splits, arranges, closes, saves and restores them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from gui.bridge.sessions import Sessions
from gui.garbage import delete
from gui.settings import pane_tree
from gui.settings.layout import SavedWindow
from gui.settings.pane_tree import Divider, Node, Side
from gui.theme.theme import Theme
from gui.window.page.chat_page import ChatPage
from gui.window.widgets.parts import focus_changed

from .pane import PaneWidget, move_tab
from .pane_area import MIN_HEIGHT_PX, MIN_WIDTH_PX, RESIZE_PX, PaneArea
from .tabs import OtherPages, RecentChats


class Panes(QObject):
    """The panes into which a window is split, each with a row of tabs; a chat may be open in several panes.

    The active pane has the keyboard focus, or had it last.

    Attributes:
        area: the widget that has the panes; ``tree``: their arrangement.
        is_maximised: whether the active pane covers the others.

    Signals:
        changed: something changed that is saved.
        active_changed: another page is shown, in the active pane or in another one, or another pane is active.
        page_made, terminal_made, structured_made: as in ``Tabs``.
        close_requested: the user closes a tab (its chat's id).
        menu_requested: the user opens a tab's menu, or that of the empty part of a row of tabs (""), at this point of
            the screen.
        double_clicked: a tab was double clicked (its chat's id), or the empty part of a row of tabs ("").
        emptied: the last tab of the last pane was closed.
        tab_dragged_out: the user began to drag a tab out of its row (the pane, the tab's chat's id).
    """

    changed = Signal()
    active_changed = Signal()
    page_made = Signal(ChatPage)
    terminal_made = Signal(ChatPage, QObject)
    structured_made = Signal(ChatPage, QObject)
    close_requested = Signal(str)
    menu_requested = Signal(str, QPoint)
    double_clicked = Signal(str)
    emptied = Signal()
    tab_dragged_out = Signal(PaneWidget, str)

    def __init__(
        self,
        theme: Theme,
        sessions: Sessions,
        others: OtherPages,
        recent: RecentChats,
        empty: QWidget,
        button: QWidget,
    ) -> None:
        """Make one pane without tabs.

        Args:
            theme: the looks.
            sessions: all chats.
            others: the pages without chats.
            recent: the order in which chats were shown.
            empty: what a window without tabs shows.
            button: shown at the window's upper right.
        """
        area = PaneArea(theme)
        super().__init__(area)
        self.area = area
        self._theme = theme
        self._sessions, self._others = sessions, others
        self._recent = recent
        self._empty = empty
        self._button = button
        self._panes: dict[int, PaneWidget] = {}
        self.tree: Node = pane_tree.Pane(0)
        self._active = 0
        self._use_order: list[int] = [0]
        """Panes by when they were last active."""
        self.is_maximised = False
        self._next_number = 1
        self._is_closed = False
        self._make_pane(0)
        self._panes[0].show_empty(empty)
        self.area.divider_moved.connect(self._on_divider_moved)
        self.area.even_out_requested.connect(self.even_out)
        focus_changed().connect(self._on_focus)
        self._arrange()

    def _make_pane(self, number: int) -> PaneWidget:
        pane = PaneWidget(self._theme, self._sessions, self._others, self._recent, number, self.maximise)
        tabs = pane.tabs
        tabs.changed.connect(self.changed)
        tabs.active_changed.connect(self.active_changed)
        tabs.page_made.connect(self.page_made)
        tabs.terminal_made.connect(self.terminal_made)
        tabs.structured_made.connect(self.structured_made)
        tabs.emptied.connect(lambda: self._on_emptied(pane))
        pane.bar.close_requested.connect(lambda *values: self._on_bar(pane, self.close_requested.emit, *values))
        pane.bar.menu_requested.connect(lambda *values: self._on_bar(pane, self.menu_requested.emit, *values))
        pane.bar.double_clicked.connect(lambda *values: self._on_bar(pane, self.double_clicked.emit, *values))
        pane.bar.tabBarClicked.connect(lambda _index: self.activate_pane(pane.number))
        pane.bar.dragged_out.connect(lambda session_id: self.tab_dragged_out.emit(pane, session_id))
        self._panes[number] = pane
        return pane

    def _on_bar(self, pane: PaneWidget, emit: Callable[..., object], *values: object) -> None:
        """Activate the pane of the tab that the user acts on, since the window's actions act on the active pane."""
        self.activate_pane(pane.number)
        emit(*values)

    @property
    def active(self) -> PaneWidget:
        """The active pane."""
        return self._panes[self._active]

    def all(self) -> list[PaneWidget]:
        """The panes in reading order."""
        return [self._panes[number] for number in pane_tree.numbers(self.tree)]

    def visible(self) -> list[PaneWidget]:
        """The panes that no maximised one covers, in reading order."""
        return [self.active] if self.is_maximised else self.all()

    def pane(self, number: int) -> PaneWidget | None:
        """The pane with this number."""
        return self._panes.get(number)

    # ------------------------------------------------------------ the active pane

    def is_in_inactive_pane(self, widget: QWidget) -> bool:
        """Whether a widget is in a pane that is not the active one."""
        return self.area.isAncestorOf(widget) and not self.active.isAncestorOf(widget)

    def activate_pane(self, number: int, *, takes_keyboard: bool = True) -> None:
        """Make a pane active and give it the keyboard focus; a covered pane becomes visible."""
        if number == self._active:
            return
        self._set_active(number)
        self._arrange()
        if takes_keyboard and (page := self.active.tabs.front) is not None:
            page.focus_content()
        self.active_changed.emit()
        self.changed.emit()

    def _set_active(self, number: int) -> None:
        self._active, self.is_maximised = number, False
        self._use_order = [*(used for used in self._use_order if used != number), number]

    def _on_focus(self, _previous: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self.is_in_inactive_pane(now):
            number = next((pane.number for pane in self._panes.values() if pane.isAncestorOf(now)), self._active)
            self.activate_pane(number, takes_keyboard=False)

    def focus(self, side: Side) -> None:
        """Move the keyboard focus to the next pane at this side."""
        number = pane_tree.neighbour(self.area.rectangles, self._active, side, self._use_order)
        if number is not None:
            self.activate_pane(number)

    # ------------------------------------------------------------ creating and closing

    def split_pane(self, pane: PaneWidget, side: Side) -> PaneWidget:
        """Create a pane beside another one, and make it active; the caller adds a tab to it at once."""
        number, self._next_number = self._next_number, self._next_number + 1
        self.tree = pane_tree.split(self.tree, pane.number, side, number)
        made = self._make_pane(number)
        self._set_active(number)
        self._arrange()
        return made

    def add_pane(self, tree: Node, number: int) -> PaneWidget:
        """Create a pane that a new arrangement has in addition; the caller adds a tab to it at once."""
        self.tree, made = tree, self._make_pane(number)
        self._arrange()
        return made

    def _on_emptied(self, pane: PaneWidget) -> None:
        """Close a pane that has no tabs any more; the last pane stays, and shows the empty state."""
        if pane.number not in self._panes:
            return
        if len(self._panes) == 1:
            self.emptied.emit()
            if not self._is_closed:
                pane.show_empty(self._empty)
            return
        successor = pane_tree.successor(self.tree, pane.number)
        rest = pane_tree.remove(self.tree, pane.number)
        assert rest is not None and successor is not None  # noqa: PT018 - it isn't the only pane
        if self._active == pane.number:
            others = [number for number in self._use_order if number in self._panes and number != pane.number]
            self.activate_pane(others[-1] if others else successor)
        self.tree = rest
        del self._panes[pane.number]
        self._use_order = [number for number in self._use_order if number != pane.number]
        for shared in (self._button, self._empty):
            if pane.isAncestorOf(shared):
                shared.setParent(self.area)
        pane.hide()
        pane.tabs.dispose()
        delete(pane)
        self._arrange()
        self.active_changed.emit()
        self.changed.emit()

    def close_all(self) -> None:
        """Release all pages; the window is closed."""
        self._is_closed = True
        focus_changed().disconnect(self._on_focus)
        for pane in self._panes.values():
            pane.tabs.dispose()

    # ------------------------------------------------------------ arranging

    def _arrange(self) -> None:
        """Place the panes, and mark the active one."""
        is_maximised = self.is_maximised = self.is_maximised and len(self._panes) > 1
        for number, pane in self._panes.items():
            pane.tabs.set_visible(not is_maximised or number == self._active)
            is_active, is_alone = number == self._active, is_maximised or len(self._panes) == 1
            pane.show_state(is_active=is_active, is_alone=is_alone, is_maximised=is_maximised and is_active)
        self.area.arrange(self.tree, self._panes, self._active if is_maximised else None)
        self._panes[self.area.top_right()].add_button(self._button)
        self._button.show()

    def swap(self, other: PaneWidget) -> None:
        """Swap the active pane with another one."""
        self._set_tree(pane_tree.swapped(self.tree, self._active, other.number))

    def move_pane(self, pane: PaneWidget, target: PaneWidget, side: Side) -> None:
        """Move a pane to a side of another one."""
        self._set_tree(pane_tree.moved(self.tree, pane.number, target.number, side))

    def maximise(self) -> None:
        """Let the active pane cover the others, or show all panes again."""
        if len(self._panes) > 1:
            self.is_maximised = not self.is_maximised
            self._arrange()
            self.active_changed.emit()
            self.changed.emit()

    def even_out(self) -> None:
        """Give all panes about the same size."""
        self._set_tree(pane_tree.even_out(self.tree))

    def resize(self, side: Side) -> None:
        """Move the active pane's divider a few pixels in this direction."""
        is_row = side in {"left", "right"}
        divider = pane_tree.divider_to_push(self.tree, self.area.dividers, self._active, is_row=is_row)
        if divider is not None and not self.is_maximised:
            self._on_divider_moved(divider, RESIZE_PX[side])

    def _on_divider_moved(self, divider: Divider, by_px: int) -> None:
        min_px = MIN_WIDTH_PX if divider.is_row else MIN_HEIGHT_PX
        self._set_tree(pane_tree.move_divider(self.tree, divider, by_px, min_px))

    def _set_tree(self, tree: Node) -> None:
        if tree != self.tree:
            self.tree = tree
            self._arrange()
            self.changed.emit()

    # ------------------------------------------------------------ saving and restoring

    def write_state(self, saved: SavedWindow) -> None:
        """Write panes and tabs into the saved form."""
        order = pane_tree.numbers(self.tree)
        indexes = {number: index for index, number in enumerate(order)}
        saved.panes = [self._panes[number].tabs.saved() for number in order]
        saved.tree = pane_tree.renumbered(self.tree, indexes) or saved.tree
        saved.active_pane, saved.is_pane_maximised = indexes[self.active.number], self.is_maximised

    def restore_tabs(self, saved: SavedWindow) -> None:
        """Create the saved panes and open their tabs, except those of removed chats."""
        kept = [index for index, pane in enumerate(saved.panes) if any(map(self.active.tabs.known, pane.tabs))]
        tree = pane_tree.renumbered(saved.arrangement(), {index: number for number, index in enumerate(kept)})
        if tree is None:
            return
        active, count = kept.index(saved.active_pane) if saved.active_pane in kept else 0, len(kept)
        for number in range(1, count):
            self._make_pane(number)
        self.tree, self._active, self._next_number, self._use_order = tree, active, count, [active]
        self.is_maximised = saved.is_pane_maximised
        self._arrange()
        for number in sorted(self._panes, key=lambda number: number == active):  # The last one gets the keyboard.
            self._panes[number].tabs.restore_tabs(saved.panes[kept[number]])

    # ------------------------------------------------------------ with their tabs

    def mirror(self, side: Side) -> None:
        """Split the active pane; the new pane shows the same chat and gets the keyboard."""
        shown = self.active.tabs
        chat, place = shown.active_chat, shown.place_of(shown.active_id)
        if chat is not None:
            tabs = self.split_pane(self.active, side).tabs
            tabs.insert(chat, place=place)
            tabs.activate(chat.id)

    def close_pane(self) -> None:
        """Close the active pane; its tabs move to the pane that gets its area."""
        pane, successor = self.active, pane_tree.successor(self.tree, self._active)
        if successor is None:
            return
        front = self._panes[successor].tabs.active_id
        for session_id in pane.tabs.ids():
            move_tab(session_id, pane, self._panes[successor])
        self._panes[successor].tabs.activate(front)
