"""Items copied into a chat that continues a part of another one."""

from __future__ import annotations

from session_host.structured.copied_items import changes_before, items_before
from session_host.structured.items import AgentRequest, AnyChange, Item, Put, RequestOpened, RequestResolved
from session_host.structured.transcript import Transcript


def test_items_before_a_prompt_are_copied_with_their_answered_requests():
    transcript = Transcript()
    kept: list[AnyChange] = []
    later: list[AnyChange] = []
    for number in (1, 2):
        request = AgentRequest(f"r{number}", "command", number * 10, "Run it?", "make", item=f"tool{number}")
        (kept if number == 1 else later).extend([
            Put(Item(f"p{number}", "user", number * 10, f"prompt {number}", "done", f"t{number}")),
            Put(Item(f"tool{number}", "tool", number * 10, turn=f"t{number}")),
            RequestOpened(request),
            RequestResolved(request.id, "allow", at_ms=number * 10),
        ])  # fmt: skip
    for change in kept + later:
        transcript.apply(change)
    assert [item.id for item in items_before(transcript, "p2")] == ["p1", "tool1"]
    assert changes_before(transcript, "p2") == kept
    assert changes_before(transcript, "p1") == []
