"""The changes since a prompt are opened from its menu, and offered after a fork that begins before it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu

from gui.window.actions.separate_windows import ChangesOpener
from session_host.client.chats.restore_list import ListedPoint
from session_host.restore_points.points import About, take
from session_host.structured.items import Item, Put
from session_host.structured.transcript import Transcript
from tests.support.repositories import Checkout
from tests.unit.gui.conftest import WindowHarness

PROMPT = Item("one", "user", 0, "Fix it\nplease", "done")


def banner(harness: WindowHarness) -> str:
    current = harness.window.banners.current
    return current.text if current is not None else ""


async def test_a_prompts_menu_opens_the_changes_since(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = Checkout.new(tmp_path / "api")
    session = await harness.add("x", agent="codex", runtime="structured", argv=["codex"], cwd=str(checkout.path))
    point = take(checkout.path, session, About(kind="prompt", item="one"))
    opened: list[tuple[str, ListedPoint]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, _chat, *what: opened.append(what))
    window = harness.open_window()
    page = window.open_chat(harness.chat(session))
    assert page is not None
    content = page.structured
    assert content is not None
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
    await harness.until(lambda: banner(harness) == "The files were not saved before this prompt.", "the line")


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
    assert "Since it was first sent, 1 file changed." in banner(harness)
    window.banners.run_action()
    assert opened == [(fork, ListedPoint(point, PROMPT.text))]
    checkout.write("file", "file\n")
    for item in (PROMPT, Item("unknown", "user", 0, "Other", "done")):
        await forking.offer_changes(harness.chat(origin), harness.chat(fork), item)
        assert banner(harness).startswith("This chat has the conversation")
        window.banners.withdraw(f"fork {fork}")
