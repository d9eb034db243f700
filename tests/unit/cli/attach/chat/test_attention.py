"""A structured chat rings the terminal's bell by the rules of the window's notifications."""

from __future__ import annotations

import asyncio

import pytest

from session_host.cli.attach import signals as attention
from session_host.cli.attach.signals import BELL, Attention, OuterSignals, SignalQueue
from session_host.paths import database
from session_host.protocol.messages import ActivityEvent
from session_host.protocol.values import Activity
from session_host.storage.store import Store
from tests.support.area import Area

ID = "the-chat"
ASKS = b"\x1b]777;notify;api needs you;Run make?\a"
FINISHED = b"\x1b]777;notify;api finished;After 31.0 s: All done\a"


class AttachedChat:
    """An attached chat: a test sets its activity and reads what the outer terminal gets."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.queue = SignalQueue(ID, self.written.append)
        self.attention = Attention(OuterSignals({"TERM": "xterm"}), self.queue, lambda: "api")

    def begin(self, activity: Activity, second: int, detail: str = "") -> None:
        since = f"2026-01-02T03:04:{second:02}Z"
        self.attention.take(ActivityEvent(activity, "protocol", since, detail))

    def ask(self, second: int) -> None:
        self.begin(Activity.NEEDS_INPUT, second, "Run make?")

    async def newly_written(self) -> list[bytes]:
        """Return what was written since the last call, after all pending rings are done."""
        settled = asyncio.get_running_loop().create_future()
        settled.get_loop().call_later(attention.SETTLE_S, settled.set_result, None)
        await settled
        await self.queue.finish()
        written, self.written[:] = list(self.written), []
        return written


@pytest.fixture
def attached(area: Area, monkeypatch: pytest.MonkeyPatch) -> AttachedChat:
    monkeypatch.setattr(attention, "SETTLE_S", 0.0)
    return AttachedChat()


async def test_a_question_and_the_end_of_a_long_turn_ring_once(attached: AttachedChat) -> None:
    attached.ask(0)
    assert await attached.newly_written() == [], "it was there before"
    attached.begin(Activity.WORKING, 1)
    attached.begin(Activity.WORKING, 20, "Tests")
    attached.begin(Activity.IDLE, 32, "All done")
    assert await attached.newly_written() == [BELL, FINISHED]
    attached.begin(Activity.IDLE, 32, "All done")
    assert await attached.newly_written() == [], "repeated after a reconnect"
    attached.begin(Activity.WORKING, 33)
    attached.begin(Activity.IDLE, 34)
    assert await attached.newly_written() == [], "a short turn"
    attached.ask(35)
    assert await attached.newly_written() == [BELL, ASKS]
    attached.ask(36)
    assert await attached.newly_written() == [BELL, ASKS], "another question"
    attached.begin(Activity.IDLE, 59)
    assert await attached.newly_written() == [], "declined"


async def test_a_state_that_changes_again_at_once_is_quiet(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    attached.begin(Activity.WORKING, 2)
    attached.begin(Activity.IDLE, 40)
    attached.begin(Activity.WORKING, 40)
    assert await attached.newly_written() == []


async def test_a_visible_or_muted_chat_is_quiet(attached: AttachedChat, area: Area) -> None:
    def mute(*muted: str) -> None:
        with Store.open(database()) as store:
            store.save_layout({"muted": muted})

    attached.begin(Activity.IDLE, 0)
    attached.attention.has_focus = True
    attached.ask(1)
    assert await attached.newly_written() == []
    attached.attention.has_focus = False
    mute(ID)
    attached.ask(2)
    assert await attached.newly_written() == []
    mute("another")
    attached.ask(3)
    assert await attached.newly_written() == [BELL, ASKS]
    (area.config / "window.toml").write_text("long_turn_s = 0")
    attached.begin(Activity.WORKING, 4)
    attached.begin(Activity.IDLE, 50)
    assert await attached.newly_written() == []
    (area.config / "window.toml").write_text("notifications = false")
    attached.ask(51)
    assert await attached.newly_written() == []


async def test_a_question_that_was_answered_while_the_rules_were_read_is_quiet(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    settled = asyncio.get_running_loop().create_future()
    settled.get_loop().call_later(0, settled.set_result, None)
    await settled
    attached.begin(Activity.WORKING, 2)
    assert await attached.newly_written() == []


async def test_a_ring_that_is_pending_at_the_end_is_dropped(attached: AttachedChat) -> None:
    attached.begin(Activity.WORKING, 0)
    attached.ask(1)
    attached.attention.close()
    assert await attached.newly_written() == []
