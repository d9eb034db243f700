"""Items copied into a chat that continues a part of another one."""

from __future__ import annotations

from session_host.structured.copied_items import (
    changes_before,
    copied_items,
    decode_items,
    encode_items,
    items_before,
    recorded_items,
)
from session_host.structured.items import (
    AgentRequest,
    AnyChange,
    Item,
    Put,
    RequestOpened,
    RequestResolved,
    TurnOver,
)
from session_host.structured.transcript import Transcript


def test_items_before_a_prompt_are_copied_with_their_answered_requests():
    transcript = Transcript()
    kept: list[AnyChange] = []
    later: list[AnyChange] = []
    for number in (1, 2):
        request = AgentRequest(f"r{number}", "command", number * 10, "Run it?", "make", item=f"tool{number}")
        (kept if number == 1 else later).extend(
            [
                Put(Item(f"p{number}", "user", number * 10, f"prompt {number}", "done", f"t{number}")),
                Put(Item(f"tool{number}", "tool", number * 10, turn=f"t{number}")),
                RequestOpened(request),
                RequestResolved(request.id, "allow", at_ms=number * 10),
            ]
        )
    for change in kept + later:
        transcript.apply(change)
    assert [item.id for item in items_before(transcript, "p2")] == ["p1", "tool1"]
    assert changes_before(transcript, "p2") == kept
    assert changes_before(transcript, "p1") == []


def test_a_resumed_chat_knows_when_earlier_turns_ended_and_how():
    earlier = Transcript()
    for number, ending in ((1, TurnOver("t1", "completed")), (2, TurnOver("t2", "failed", "no network"))):
        earlier.apply(Put(Item(f"p{number}", "user", number * 1000, "prompt", "done", f"t{number}")))
        earlier.apply(Put(Item(f"a{number}", "agent", number * 1000 + 1, "answer", "done", f"t{number}")))
        earlier.apply(ending, number * 1000 + 500)
    resumed = Transcript()
    for change in decode_items(encode_items(copied_items(earlier))):
        resumed.apply(change, 90_000)
    assert resumed.ends == earlier.ends
    assert [(item, end.outcome, end.at_ms) for item, end in earlier.ends.items()] == [
        ("a1", "completed", 1500),
        ("a2", "failed", 2500),
    ]
    assert resumed.status.last_turn is None, "no turn of this chat"
    again = Transcript()
    for change in copied_items(resumed):
        again.apply(change, 95_000)
    assert again.ends == earlier.ends
    part = Transcript()
    for change in changes_before(earlier, "p2"):
        part.apply(change, 90_000)
    assert part.ends == {"a1": earlier.ends["a1"]}


def test_turns_in_an_agents_own_record_end_with_its_last_messages():
    items = [
        Item("p1", "user", 1000, "prompt", "done", "t1"),
        Item("a1", "agent", 1100, "I look", "done", "t1", ended_ms=1100),
        Item("x1", "tool", 1200, turn="t1"),
        Item("a2", "agent", 1300, "answer", "done", "t1", ended_ms=1400),
        Item("p2", "user", 2000, "prompt", "done", "t2"),
        Item("a3", "agent", 2100, "answ", "interrupted", "t2", ended_ms=2200),
    ]
    changes = recorded_items(items)
    assert [change.item for change in changes if isinstance(change, Put)] == items
    ends = [(place, change) for place, change in enumerate(changes) if isinstance(change, TurnOver)]
    assert ends == [(4, TurnOver("t1", "completed", at_ms=1400)), (7, TurnOver("t2", "interrupted", at_ms=2200))]


def test_what_waited_for_an_agent_that_is_gone_waits_for_its_user():
    earlier = Transcript()
    for number, status in enumerate(("done", "queued", "held")):
        earlier.apply(Put(Item(f"p{number}", "user", number, "prompt", status)))  # type: ignore[arg-type]
    copied = [each.item.status for each in copied_items(earlier) if isinstance(each, Put)]
    assert copied == ["done", "held", "held"]
