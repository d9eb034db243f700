"""An agent's answers are copied from its record, by key, and from the terminal's menu."""

from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QAction, QGuiApplication

from gui.window.actions import page_wiring
from gui.wording import page_texts
from session_host.client.chats.agent_record import FoundAnswer
from session_host.protocol.values import Activity, State
from tests.unit.gui.conftest import WindowHarness


def record_line(role: str, text: str) -> str:
    return json.dumps({"type": role, "message": {"content": text}}) + "\n"


async def add_claude(harness: WindowHarness, *turns: tuple[str, str], **fields: Any) -> str:
    """A chat with Claude Code; its transcript has these turns."""
    conversation = str(uuid.uuid4())
    path = Path.home() / ".claude" / "projects" / "-project" / f"{conversation}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(record_line("user", prompt) + record_line("assistant", answer) for prompt, answer in turns))
    return await harness.add("fix", agent="claude", argv=["claude"], provider_session_id=conversation, **fields)


async def copied(harness: WindowHarness) -> str:
    """Wait for the window's notice after a copy, dismiss it, and return its text."""
    banners = harness.window.banners
    await harness.until(lambda: banners.current is not None, "the notice")
    assert banners.current is not None
    text = banners.current.text
    banners.dismiss()
    return text


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


async def test_the_last_answer_is_copied_from_a_full_screen_program(harness: WindowHarness) -> None:
    session_id = await add_claude(harness, ("one", "An answer."), ("two", "- a\n- b"))
    window = harness.open_window()
    viewer = harness.show(session_id)
    viewer.feed(b"\x1b[?1049hcells")

    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the last answer (2 lines)"
    assert clipboard() == "- a\n- b"

    viewer.be(Activity.WORKING)
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the answer so far (2 lines); it is still being written"


async def test_the_answer_of_an_ended_chat_and_of_an_unanswered_prompt_is_copied(harness: WindowHarness) -> None:
    session_id = await add_claude(harness, ("one", "An answer."), ("two", ""), state=State.EXITED, exit_code=0)
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "The last prompt has no answer; copied the one before (1 line)"
    assert clipboard() == "An answer."


async def test_the_answer_at_the_current_prompt_or_under_the_pointer_is_copied(harness: WindowHarness) -> None:
    turns = [(f"question {number}", f"Answer {number}.\n") for number in range(3)]
    session_id = await add_claude(harness, *turns)
    window = harness.open_window()
    emulator = harness.show(session_id).emulator
    assert emulator is not None
    for prompt, _ in turns:
        emulator.feed(f"❯ {prompt}\r\n".encode() + b"row\r\n" * 60)
    view = harness.view
    view.on_damage()
    rows = emulator.scrollback_rows
    await harness.until(lambda: view.surface.viewport.history_rows == rows, "the rows to be shown")

    window.actions_["previous_prompt"].trigger()
    window.actions_["previous_prompt"].trigger()
    window.actions_["copy_output"].trigger()
    assert await copied(harness) == "Copied the answer to this prompt (1 line)"
    assert clipboard() == "Answer 1."

    view.scroll_to_start()
    await harness.until(lambda: view.surface.viewport.offset == rows, "the beginning to be shown")
    menu = view.context_menu(QPointF(view.rect().center()))
    [item] = [action for action in menu.actions() if action.text() == page_texts.COPY_ANSWER()]
    item.trigger()
    menu.close()
    assert await copied(harness) == "Copied the answer to this prompt (1 line)"
    assert clipboard() == "Answer 0."


def answer_items(harness: WindowHarness) -> list[QAction]:
    view = harness.view
    menu = view.context_menu(QPointF(view.rect().center()))
    titles = {page_texts.COPY_ANSWER(), page_texts.COPY_LAST_ANSWER()}
    found = [action for action in menu.actions() if action.text() in titles]
    menu.close()
    return found


async def test_one_line_says_that_there_is_nothing_to_copy(harness: WindowHarness) -> None:
    QGuiApplication.clipboard().setText("mine")
    unknown = await harness.add("unknown", agent="codex", argv=["codex"])
    fresh = await add_claude(harness)
    shell = await harness.add("shell", agent="shell", argv=["sh"])
    window = harness.open_window()
    for session_id, line in (
        (unknown, "Codex has not reported its conversation yet; try again after its next answer"),
        (fresh, "Claude Code has not answered yet; "),
    ):
        harness.show(session_id)
        assert len(answer_items(harness)) == 1
        window.actions_["copy_output"].trigger()
        assert (await copied(harness)).startswith(line)
    parrot = await harness.add("own", agent="parrot", argv=["parrot"])
    harness.show(parrot)
    assert answer_items(harness) == []
    window.actions_["copy_output"].trigger()
    assert (await copied(harness)).startswith("Outlive knows no record of parrot’s answers")
    harness.show(shell)
    assert answer_items(harness) == []
    window.actions_["copy_output"].trigger()
    assert harness.view.prompts.label.text == page_texts.NO_OUTPUT()
    assert clipboard() == "mine"


async def test_a_record_that_cannot_be_read_in_time_is_reported(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def find_answer(*_: object, **__: object) -> FoundAnswer:
        over.wait()
        return FoundAnswer("late", "last")

    monkeypatch.setattr("session_host.client.chats.agent_record.find_answer", find_answer)
    monkeypatch.setattr(page_wiring, "READ_TIMEOUT_S", 0.01)
    session_id = await add_claude(harness, ("one", "An answer."))
    window = harness.open_window()
    harness.show(session_id)
    QGuiApplication.clipboard().setText("mine")
    try:
        window.actions_["copy_output"].trigger()
        assert await copied(harness) == page_texts.RECORD_IS_SLOW(agent="Claude Code")
    finally:
        over.set()
    assert clipboard() == "mine"
