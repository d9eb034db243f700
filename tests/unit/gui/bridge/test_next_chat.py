"""The chat that Ctrl+Shift+J goes to."""

from __future__ import annotations

from gui.bridge.waiting_chats import NextChat
from session_host.protocol.messages import ForegroundEvent, OutputEvent
from session_host.protocol.values import Activity, State
from tests.unit.gui.conftest import WindowHarness


async def test_all_questions_come_before_a_finished_chat_once_the_user_has_gone_elsewhere(harness: WindowHarness):
    harness.sessions.follow_all()
    asks, done, other = [await harness.add(name, agent="claude") for name in ("asks", "done", "other")]
    harness.viewers[asks].be(Activity.NEEDS_INPUT, "2026-01-02T01:00:00Z")
    harness.viewers[done].be(Activity.IDLE, "2026-01-02T02:00:00Z")
    harness.chat(done).set_unread(unread=True)
    goes = NextChat(harness.sessions)
    assert goes.after("") is harness.chat(asks)
    assert goes.after(asks) is harness.chat(done), "the question was passed"
    assert goes.after(other) is harness.chat(asks)


async def test_finished_unread_chats_come_after_those_that_ask(harness: WindowHarness):
    """A chat is left out while it works, and after it was read or ended by the user."""
    harness.sessions.follow_all()
    names = ("asks", "new", "old", "works", "read")
    asks, new, old, works, read = [await harness.add(name, agent="claude") for name in names]
    prompt, busy = [await harness.add(name, agent="shell") for name in ("prompt", "busy")]
    died, stopped = [await harness.add(name, state=State.RUNNING) for name in ("died", "stopped")]
    for session_id in (asks, new, old, works, prompt, busy, died, stopped):
        harness.viewers[session_id].tell(OutputEvent(9))
    harness.viewers[asks].be(Activity.NEEDS_INPUT, "2026-01-02T09:00:00Z")
    harness.viewers[works].be(Activity.WORKING, "2026-01-02T01:00:00Z")
    for session_id, since in ((new, "06"), (old, "04"), (read, "01")):
        harness.viewers[session_id].be(Activity.IDLE, f"2026-01-02T{since}:00:00Z")
    harness.viewers[prompt].tell(ForegroundEvent("", "2026-01-02T05:00:00Z"))
    harness.viewers[busy].tell(ForegroundEvent("make", "2026-01-02T05:00:00Z"))
    harness.chat(died).record.state = State.EXITED
    harness.chat(died).record.ended_at = "2026-01-02T07:00:00Z"
    harness.chat(stopped).record.state = State.EXITED
    harness.chat(stopped).record.end_request = "stop"

    goes, visited, shown = NextChat(harness.sessions), [], ""
    for _ in range(6):
        chat = goes.after(shown)
        assert chat is not None
        visited.append(chat.name)
        chat.mark_seen()
        shown = chat.id
    assert visited == ["asks", "old", "prompt", "new", "died", "asks"]


async def test_a_chat_that_the_user_marked_as_unread_is_visited_again_later(harness: WindowHarness):
    harness.sessions.follow_all()
    one = await harness.add("one", agent="claude")
    harness.viewers[one].be(Activity.IDLE)
    chat = harness.chat(one)
    goes = NextChat(harness.sessions)
    chat.set_unread(unread=True)
    assert goes.after(one) is None
    assert goes.after("") is chat
    chat.set_unread(unread=False)
    assert goes.after("") is None
