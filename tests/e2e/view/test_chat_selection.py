"""Selecting and copying the text of a structured chat, on a real X server."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication

from session_host.structured.items import StateChanged
from tests.support.chat_view_harness import ChatViewHarness
from tests.support.scripted_chat import ScriptedChat


def test_a_selection_spans_items_and_is_copied(show_chat: Callable[..., ChatViewHarness]) -> None:
    chat = ScriptedChat()
    chat.put("user", "first prompt", status="done")
    chat.put("agent", "a **bold** answer")
    chat.put("agent", "the last words")
    shown = show_chat(chat)
    shown.drag(shown.point_of("first", within=0), shown.point_of("last words", within=4))
    shown.view.page.copy()
    clipboard = QGuiApplication.clipboard()
    assert clipboard.text() == "first prompt\n\na bold answer\n\nthe last"
    shown.view.page.copy_markdown()
    assert clipboard.text() == "first prompt\n\na **bold** answer\n\nthe last"


def test_a_working_agents_status_is_copied_only_if_it_alone_is_selected(
    show_chat: Callable[..., ChatViewHarness],
) -> None:
    chat = ScriptedChat()
    chat.apply(StateChanged("starting"))
    shown = show_chat(chat)
    page, clipboard = shown.view.page, QGuiApplication.clipboard()
    page.select_all()
    assert page.selection.is_empty(page.rows), "there is no conversation yet"
    chat.put("user", "why?", status="done")
    chat.put("agent", "Because", status="running")
    chat.run()
    shown.settle()

    def copied() -> tuple[str, str]:
        page.copy()
        plain = clipboard.text()
        page.copy_markdown()
        return plain, clipboard.text()

    page.select_all()
    assert copied() == ("why?\n\nBecause",) * 2
    shown.drag(shown.point_of("why?", within=0), shown.point_of("Working…", within=7))
    assert copied() == ("why?\n\nBecause",) * 2
    shown.drag(shown.point_of("Working…", within=0), shown.point_of("Working…", within=7))
    assert copied() == ("Working", "_Working_")
