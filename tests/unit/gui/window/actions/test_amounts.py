"""A prompt that is asked about in the window: the amount that is offered, and what raising it does."""

from __future__ import annotations

import pytest

from session_host import paths
from session_host.client.chats.settings import load_chat_settings
from session_host.protocol.messages import ReleaseHeld
from session_host.protocol.usage import AmountReached
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import WindowHarness


def reached(monkeypatch: pytest.MonkeyPatch, found: AmountReached | None) -> list[str]:
    """Let this amount be reached; returns the chats that are asked for."""
    asked: list[str] = []

    def amount_reached(session_id: str) -> AmountReached | None:
        asked.append(session_id)
        return found

    monkeypatch.setattr("gui.window.actions.chats.amounts.amount_reached", amount_reached)
    return asked


async def open_asking(harness: WindowHarness) -> ScriptedChat:
    """Show a chat with a prompt that waits at an amount."""
    chat = ScriptedChat()
    chat.put("user", "Go on.", status="held", title="10.04 USD of 10.00 in this chat")
    await harness.open_chat_view(chat.transcript)
    await harness.until(lambda: harness.content.view.prompt.asked_about, "the question")
    return chat


async def test_the_higher_amount_is_written_and_the_host_looks_again(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = reached(monkeypatch, AmountReached("ask_at_chat", 10.04, 10.0, "USD"))
    await open_asking(harness)
    line = harness.content.view.prompt.amount
    assert line is not None
    more = line.buttons[1]
    await harness.until(more.isVisible, "the higher amount")
    assert more.accessibleName() == "20.00 from now on"
    assert asked == [harness.content.chat.session_id]
    more.click()
    assert load_chat_settings(paths.config_dir()).ask_at_chat == 20.0
    [viewer] = harness.viewers.values()
    assert [each for each in viewer.sent if isinstance(each, ReleaseHeld)] == [ReleaseHeld()]


async def test_a_file_that_cannot_be_written_is_named_and_the_prompt_stays(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached(monkeypatch, AmountReached("ask_at_day", 30.0, 10.0, "USD"))
    await open_asking(harness)
    (paths.config_dir()).mkdir(parents=True, exist_ok=True)
    (paths.config_dir() / "chats.toml").write_text("nonsense\n")
    line = harness.content.view.prompt.amount
    assert line is not None
    await harness.until(line.buttons[1].isVisible, "the higher amount")
    assert line.buttons[1].accessibleName() == "40.00 from now on"
    line.buttons[1].click()
    assert "chats.toml" in harness.banner
    [viewer] = harness.viewers.values()
    assert not viewer.sent
    assert line.isVisible()


async def test_without_an_answer_the_other_buttons_are_there(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = reached(monkeypatch, None)
    await open_asking(harness)
    await harness.until(lambda: asked, "the host's answer")
    line = harness.content.view.prompt.amount
    assert line is not None
    assert [button.isVisible() for button in line.buttons] == [True, False, True]
