"""A turn that a limit ended, and the prompt that continues it: what the page and the prompt box show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gui.wording.phrases import told_time
from session_host.protocol.facts import LaterPrompt
from session_host.protocol.messages import Prompt
from session_host.protocol.turns import TurnFacts
from session_host.structured.items import TurnOver, UsageChanged, UsageLimit
from session_host.system.clock import as_text
from tests.support.chat_view_harness import ChatViewHarness, ShowChat
from tests.support.scripted_chat import ScriptedChat

NOW = datetime.now(UTC)
RESETS = (NOW + timedelta(hours=2)).replace(second=0, microsecond=0)
DUE = RESETS + timedelta(minutes=2)
ERROR = "You have hit your limit"


def clock(moment: datetime, *, with_date: bool = False) -> str:
    return told_time(moment, datetime.now(UTC), with_date=with_date)


def limited(chat: ScriptedChat, resets: datetime | None = RESETS) -> None:
    """A turn that a limit ends."""
    prompt = chat.put("user", "Go on with the other three.", status="done", turn="t1")
    chat.run()
    chat.done(chat.put("agent", "Six of nine are done.", status="running"))
    at_ms = round(RESETS.timestamp() * 1000)
    limits = (UsageLimit("five", 1.0, 300, at_ms), UsageLimit("week", 0.4, 10080, at_ms + 86_400_000))
    chat.apply(UsageChanged(0, 0, 1000, limits=limits))
    resets_at = as_text(resets.timestamp()) if resets is not None else ""
    facts = TurnFacts(prompt=prompt, outcome="limit", error=ERROR, resets_at=resets_at)
    chat.end(TurnOver("t1", "failed", ERROR, facts=facts))


@pytest.fixture
def shown(show_chat: ShowChat) -> ChatViewHarness:
    chat = ScriptedChat()
    limited(chat)
    return show_chat(chat)


def later(shown: ChatViewHarness, **changes: object) -> None:
    prompt = LaterPrompt(as_text(DUE.timestamp()), "Go on.", **changes)  # type: ignore[arg-type]
    shown.view.show_later(prompt)
    shown.settle()


def kinds(shown: ChatViewHarness) -> list[str]:
    """The kinds of the buttons of the prompt's line."""
    return list(shown.view.prompt.queue.rows[0].buttons)


def test_the_line_says_which_limit_until_when_and_offers_to_continue(shown: ChatViewHarness) -> None:
    asked: list[str] = []
    shown.view.later_requested.connect(asked.append)
    assert f"5-hour limit, until {clock(RESETS, with_date=True)}" in shown.shown()
    assert ERROR not in shown.shown()
    shown.click(shown.control("continue"))
    assert asked == ["continue"]
    shown.click(shown.control("again"))
    assert [each[0] for each in shown.of(Prompt)] == ["Go on with the other three."]


def test_a_prompt_that_continues_is_named_in_the_line_and_in_the_queue(shown: ChatViewHarness) -> None:
    asked: list[str] = []
    shown.view.later_requested.connect(asked.append)
    later(shown, continues=1)
    assert f"until {clock(RESETS, with_date=True)} · continues then" in shown.shown()
    assert shown.controls("continue") == []
    assert shown.queued() == [f"{clock(DUE)} · Go on."]
    for kind in ("edit_later", "later_now", "drop_later"):
        shown.press_queue_button(kind)
    assert asked == ["edit_later", "later_now", "drop_later"]
    shown.view.prompt.queue.rows[0].take_keyboard("drop_later")
    shown.view.show_later(None)
    assert shown.shown(), "the page is not empty until something else changes"
    shown.settle()
    assert shown.view.prompt.editor.hasFocus(), "the line that had the keyboard is gone"
    assert shown.queued() == []
    assert len(shown.controls("continue")) == 1


def test_the_line_names_the_account_and_offers_to_hand_over(show_chat: ShowChat) -> None:
    chat = ScriptedChat()
    shown = show_chat(chat)
    shown.view.set_account("work")
    limited(chat)
    shown.settle()
    asked: list[str] = []
    shown.view.hand_over_requested.connect(asked.append)
    assert f"5-hour limit of account work, until {clock(RESETS, with_date=True)}" in shown.shown()
    shown.click(shown.control("hand_over"))
    assert asked == ["hand_over"]


def test_a_chat_that_was_handed_over_names_who_goes_on_and_offers_nothing_else(shown: ChatViewHarness) -> None:
    asked: list[str] = []
    shown.view.hand_over_requested.connect(asked.append)
    shown.view.show_taker("Handed over to ledger (Codex)")
    assert "Handed over to ledger (Codex)" in shown.shown(), "at once, without another change"
    shown.settle()
    assert "Handed over to ledger (Codex)" in shown.shown()
    assert [*shown.controls("continue"), *shown.controls("again"), *shown.controls("hand_over")] == []
    shown.click(shown.control("open_taker"))
    assert asked == ["open_taker"]
    shown.view.show_taker("")
    shown.settle()
    assert len(shown.controls("hand_over")) == 1


def test_what_it_waits_for_and_why_it_was_missed_is_said(shown: ChatViewHarness) -> None:
    later(shown, why="the agent is working")
    assert shown.queued() == [f"{clock(DUE)} · Go on. · waits: the agent is working"]
    later(shown, stage="missed", why="a newer turn began")
    assert shown.queued() == [f"{clock(DUE)} not sent: · a newer turn began"]
    assert kinds(shown) == ["later_now", "drop_later"]
    later(shown, stage="late", why="the chat or this computer did not run then")
    assert shown.queued() == [f"Not sent in time: {clock(DUE)}. Send it now?"]
    assert kinds(shown) == ["later_now", "later_tomorrow", "drop_later"]
    later(shown, stage="sending")
    assert kinds(shown) == []


def test_an_earlier_limit_offers_nothing(shown: ChatViewHarness) -> None:
    chat = shown.chat
    chat.put("user", "Another one.", status="done", turn="t2")
    chat.run("t2")
    chat.done(chat.put("agent", "Done.", status="running"))
    chat.end(TurnOver("t2", "completed", facts=TurnFacts(outcome="done")))
    shown.settle()
    assert f"5-hour limit, until {clock(RESETS, with_date=True)}" in shown.shown()
    assert [*shown.controls("continue"), *shown.controls("again")] == []


@pytest.mark.parametrize("resets", [None, NOW - timedelta(hours=1)])
def test_without_a_reset_to_come_nothing_is_continued(show_chat: ShowChat, resets: datetime | None) -> None:
    chat = ScriptedChat()
    limited(chat, resets)
    shown = show_chat(chat)
    assert shown.controls("continue") == []
    assert len(shown.controls("again")) == 1
    assert (f"A limit stopped the turn: {ERROR}" in shown.shown()) is (resets is None)
