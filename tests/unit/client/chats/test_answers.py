"""``find_answer`` reads the agent's own record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.client.chats.agent_record import find_answer
from session_host.client.sessions.store_access import open_store
from session_host.errors import NoAnswer
from session_host.protocol.values import State
from tests.support.facts import chat_facts

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"


def test_an_answer_is_found_in_the_agents_directory_of_the_chats_start(tmp_path: Path) -> None:
    path = tmp_path / "work" / "projects" / "-x" / f"{ID}.jsonl"
    path.parent.mkdir(parents=True)
    lines = [
        {"type": "user", "message": {"content": "why?"}},
        {"type": "assistant", "message": {"content": [{"type": "text", "text": "**because**"}]}},
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    record = chat_facts(
        id="00000000-2222-4333-8444-555555555555",
        name="chat",
        agent="claude",
        argv=["claude", "--session-id", ID],
        cwd="/",
        state=State.EXITED,
        created_at="2026-11-20T14:00:00.000Z",
        provider_session_id=ID,
    )
    with open_store() as store:
        store.insert(record)

    with pytest.raises(NoAnswer):
        find_answer(record.id, None, is_working=False)
    with open_store() as store:
        store.update(record.id, located_by={"HOME": str(Path.home()), "CLAUDE_CONFIG_DIR": str(tmp_path / "work")})
    assert find_answer(record.id, None, is_working=False).text == "**because**"
