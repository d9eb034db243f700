"""Structured chats are forked from their menus, from the palette, and before a prompt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gui.input.draft import Draft
from gui.window.actions.tab_pages import ChangesOpener
from session_host.client.chats.restore_list import ListedPoint
from session_host.errors import NotResumable
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.restore_points.points import About, take
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness, insert_record
from tests.unit.gui.window.actions.codex_chats import add_chat, items, with_prompts


async def test_a_fork_opens_beside_its_chat_and_a_refusal_is_shown(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fork(session_id: str, **_wishes: Any) -> ChatFacts:
        if session_id != ended:
            raise NotResumable("work is busy; fork it when its turn has ended")
        return insert_record("work (fork)", agent="codex", runtime="structured")

    monkeypatch.setattr("session_host.client.chats.fork.fork", fork)
    ended = await add_chat(harness, state=State.EXITED, exit_code=0)
    running, terminal = await add_chat(harness), await add_chat(harness, runtime="terminal")
    window = harness.open_window()
    chooser = window.sheets.chooser

    async def fork_from_the_end(session_id: str) -> None:
        items(harness, session_id)["Fork…"].trigger()
        if session_id == running:
            assert not chooser.is_open, "its prompts are not known yet"
            with_prompts(harness, running)
        await harness.until(lambda: chooser.is_open, "the list")
        QTest.keyClick(chooser.field, Qt.Key.Key_Return)

    await fork_from_the_end(running)
    await harness.until(window.banners.isVisible, "the banner")
    assert window.tabs.ids() == [running]
    await fork_from_the_end(ended)
    await harness.until(lambda: len(window.tabs.ids()) == 3, "the fork's tab")
    assert not harness.chat(ended).is_continued
    assert "Fork…" not in items(harness, terminal)


async def test_a_fork_before_a_prompt_has_that_prompt_in_its_prompt_box(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[str] = []

    async def fork(_session_id: str, *, before: str, **_wishes: Any) -> ChatFacts:
        requests.append(before)
        return insert_record(f"work (fork {len(requests)})", agent="codex", runtime="structured")

    monkeypatch.setattr("session_host.client.chats.fork.fork", fork)
    chat, shell = await add_chat(harness), await add_chat(harness, agent="shell", runtime="terminal")
    other = await add_chat(harness, agent="opencode")
    window = harness.open_window()
    prompts = [
        Item("one", "user", 0, "Fix it", "done"),
        Item("a", "agent", 0, "Fixed."),
        Item("two", "user", 0, "Add a test\nfor it", "done"),
        Item("three", "user", 0, "Not sent", "queued"),
    ]
    page = with_prompts(harness, chat, *prompts)

    menu = QMenu(window)
    page.view._add_to_menu(menu, "two")
    next(action for action in menu.actions() if action.text() == "Fork before this prompt").trigger()
    await harness.until(lambda: len(window.tabs.ids()) == 2, "the fork's tab")
    assert requests == ["two"]
    assert harness.sessions.drafts.of(window.tabs.active_id) == Draft("Add a test\nfor it")
    copy = window.tabs.active_page
    assert copy is not None
    copied = copy.structured
    assert copied is not None
    assert copied.view.prompt.draft == Draft("Add a test\nfor it")
    banners = window.banners
    await harness.until(lambda: banners.current is not None and "Edit the prompt" in banners.current.text, "the line")

    menu = QMenu(window)
    page.view._add_to_menu(menu, "three")
    assert not any("Fork" in action.text() for action in menu.actions()), "the agent does not have it yet"

    chooser = window.sheets.chooser

    def rows() -> list[str]:
        return [chooser.items.item(row).text() for row in range(chooser.items.rowCount())]

    items(harness, chat)["Fork…"].trigger()
    await harness.until(lambda: chooser.is_open, "the list of prompts")
    assert rows() == ["From the end", "Before “Add a test for it”", "Before “Fix it”"]
    chooser.field.setText("fix")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    await harness.until(lambda: requests == ["two", "one"], "the other fork")

    page = with_prompts(harness, chat)
    window.actions_["fork"].trigger()
    await harness.until(lambda: chooser.is_open, "the list")
    assert rows() == ["From the end"], "it has no prompts yet"
    chooser.dismiss()
    assert "Fork…" not in items(harness, shell)
    items(harness, other)["Fork…"].trigger()
    assert rows() == ["From the end"], "this agent copies a conversation only as a whole"


PROMPT = Item("one", "user", 0, "Fix it\nplease", "done")


async def test_a_prompts_menu_opens_the_changes_since(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    session = await harness.add("x", agent="codex", runtime="structured", argv=["codex"], cwd=str(checkout.path))
    point = take(checkout.path, session, About(kind="prompt", item="one"))
    opened: list[tuple[str, ListedPoint]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, _chat, *what: opened.append(what))
    window = harness.open_window()
    window.open_chat(harness.chat(session))
    content = harness.content
    transcript = Transcript()
    for item in (PROMPT, Item("two", "user", 0, "And this", "done")):
        transcript.apply(Put(item))
    content.view.set_transcript(transcript)

    def choose(item: str) -> None:
        menu = QMenu()
        content.view._add_to_menu(menu, item)
        next(action for action in menu.actions() if action.text() == "Changes since this prompt").trigger()

    choose("one")
    await harness.until(lambda: opened, "the changes")
    assert opened == [(str(checkout.path), ListedPoint(point, PROMPT.text))]
    choose("two")
    await harness.until(lambda: harness.banner == "The files were not saved before this prompt.", "the line")


async def test_after_a_fork_before_a_prompt_the_changes_since_are_offered(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    fields = {"agent": "codex", "runtime": "structured", "argv": ["codex"], "cwd": str(checkout.path)}
    origin, fork = await harness.add("x", **fields), await harness.add("x (fork)", **fields)
    point = take(checkout.path, origin, About(kind="prompt", item="one"))
    checkout.write("file", "changed")
    opened: list[tuple[str, ListedPoint]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, chat, _directory, since: opened.append((chat.id, since)))
    window = harness.open_window()
    window.open_chat(harness.chat(fork))
    forking = window.commands.forking
    await forking.offer_changes(harness.chat(origin), harness.chat(fork), PROMPT)
    assert "Since it was first sent, 1 file changed." in harness.banner
    window.banners.run_action()
    assert opened == [(fork, ListedPoint(point, PROMPT.text))]
    checkout.write("file", "file\n")
    for item in (PROMPT, Item("unknown", "user", 0, "Other", "done")):
        await forking.offer_changes(harness.chat(origin), harness.chat(fork), item)
        assert harness.banner.startswith("This chat has the conversation")
        window.banners.withdraw(f"fork {fork}")
