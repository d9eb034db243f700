"""The parts of a window that its actions use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from PySide6.QtWidgets import QWidget

from gui.bridge.chat import Chat
from gui.bridge.sessions import Sessions
from gui.settings.layout import WindowLayout
from gui.settings.table import PageName
from gui.theme.theme import Theme
from gui.window.all_sheets import Sheets
from gui.window.page.banners import BannerArea
from gui.window.page.chat_page import ChatPage
from gui.window.panes.window_tabs import WindowTabs
from gui.window.sidebar.sidebar import Sidebar
from gui.window.widgets.keys_ahead import HeldKeys, KeysAhead

if TYPE_CHECKING:
    from gui.bridge.changes import ListedPoint
    from gui.window.changes.tab import ChangesTab


class Places(Struct, frozen=True, kw_only=True):
    """The palette, the other windows and the pages without chats, which a window's actions open.

    Attributes:
        show_palette: opens the palette.
        open_guide: opens the guide; ``open_timeline``: a day of all chats; ``open_usage``: what they used.
        open_settings: opens the settings, at this page, or where they were ("").
        open_changes: opens the changes of a chat's directory; since a restore point, if one is given.
        open_window: opens another window.
        has_other_windows: whether there are other windows.
        move_tab: moves the shown tab to another window (its index among the others), or to a new one (None).
    """

    show_palette: Callable[[], object]
    open_guide: Callable[[], object]
    open_timeline: Callable[[], object]
    open_usage: Callable[[], object]
    open_settings: Callable[[PageName | Literal[""]], object]
    open_changes: Callable[[Chat, str, ListedPoint | None], ChangesTab]
    open_window: Callable[[], object]
    has_other_windows: Callable[[], bool]
    move_tab: Callable[[int | None], object]


class WindowContext(Struct, frozen=True, kw_only=True):
    """A window's parts, the chats, and the functions of the window that its actions call.

    Attributes:
        window: the window: the parent of menus.
        theme: the looks.
        sessions: all chats.
        layout: the layout of all windows.
        tabs: the window's tabs, and the panes that have them.
        sidebar: the list of chats.
        sheets: the window's sheets.
        banners: the banners over the shown page.
        keys_ahead: holds what is typed ahead, into a chat that is being started.
        open_chat: shows a chat's tab and gives its page the keyboard focus.
        open_started: shows a chat that the user has started, and gives it what he typed ahead; if he types for
            something else meanwhile, its tab is behind the shown one, and a banner says so.
        focus_page: gives the shown page the keyboard focus.
        places: the ways to what is no part of the window.
    """

    window: QWidget
    theme: Theme
    sessions: Sessions
    layout: WindowLayout
    tabs: WindowTabs
    sidebar: Sidebar
    sheets: Sheets
    banners: BannerArea
    keys_ahead: KeysAhead
    open_chat: Callable[[Chat], ChatPage]
    open_started: Callable[[Chat, HeldKeys], object]
    focus_page: Callable[[], object]
    places: Places
