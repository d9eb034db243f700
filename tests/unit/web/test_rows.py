"""Which page a row of the list opens."""

from __future__ import annotations

import pytest

from session_host.client.machine import THIS_MACHINE
from session_host.protocol.values import State
from session_host.web.rows import row_of
from tests.support.area import Area
from tests.support.facts import chat_facts


@pytest.mark.parametrize(
    ("agent", "state", "end_request", "kind"),
    [
        ("claude", State.RUNNING, "", "conversation"),
        ("theirs", State.RUNNING, "", "screen"),
        ("theirs", State.EXITED, "stop", "screen"),
        ("theirs", State.EXITED, "sleep", "conversation"),
        ("shell", State.EXITED, "", "screen"),
    ],
)
def test_a_chat_without_a_conversation_opens_its_screen_unless_a_text_wakes_it(
    area: Area, agent: str, state: State, end_request: str, kind: str
) -> None:
    facts = chat_facts(
        id="one",
        name="one",
        cwd="/tmp",
        created_at="2026-01-02T03:04:05Z",
        agent=agent,
        state=state,
        end_request=end_request,
        ended_at="2026-01-02T03:05:00Z",
    )
    assert row_of(facts, THIS_MACHINE).kind == kind
