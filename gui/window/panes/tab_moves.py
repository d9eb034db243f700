"""Moves and copies tabs between panes."""

from __future__ import annotations

from gui.window.panes.pane import PaneWidget


def move_tab(session_id: str, source: PaneWidget, target: PaneWidget, at: int = -1) -> None:
    """Move a tab with its page to another pane, or within its row; it comes to the front there."""
    if source is target:
        index = source.bar.index_of(session_id)
        source.bar.moveTab(index, at - (at > index) if at >= 0 else source.bar.count() - 1)
    elif target.bar.index_of(session_id) >= 0:
        source.tabs.close(session_id)
        if at >= 0:
            move_tab(session_id, target, target, at)
        target.tabs.activate(session_id)
    elif source.tabs.page_of(session_id) is not None:
        source.tabs.move_page(session_id, target.tabs, at)
    else:
        reopen_tab(session_id, source, target, at)


def reopen_tab(session_id: str, source: PaneWidget, target: PaneWidget, at: int = -1) -> None:
    """Open a tab with a new page at the same scroll position in another pane, and close it in its own."""
    chat = next((chat for chat in source.tabs.chats() if chat.id == session_id), None)
    if chat is not None:
        target.tabs.insert(chat, at, source.tabs.scroll_position_of(session_id))
        target.tabs.activate(session_id)
    source.tabs.close(session_id)
