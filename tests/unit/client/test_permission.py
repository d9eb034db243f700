"""Which records of ended chats an agent may remove or rename."""

from __future__ import annotations

import pytest

from session_host.client import permission
from session_host.errors import NotAllowed
from tests.support.facts import chat_facts

OWN = chat_facts(id="1", name="own", agent="claude", agent_chats="own")
OTHER = chat_facts(id="2", name="other", agent="claude", agent_chats="other")


def test_the_callers_chats_are_looked_up_once_for_many_removals(monkeypatch: pytest.MonkeyPatch) -> None:
    pids: list[int] = []

    def agent_chats(pid: int) -> tuple[str, ...]:
        pids.append(pid)
        return ("own",)

    monkeypatch.setattr(permission, "agent_chats", agent_chats)
    permission.check_may_control(*[OWN] * 100)
    assert len(pids) == 1
    with pytest.raises(NotAllowed, match="not other"):
        permission.check_may_control(OWN, OTHER)
