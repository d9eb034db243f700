"""Resuming chats, with fakes of the client's functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from session_host import paths
from session_host.client.chats.resumability import Resumability
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.facts import chat_facts

ENDED: dict[str, Any] = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T03:05:00Z"}


class FakeResume:
    """Fakes of the client's functions for resuming; a test sets what they return or raise."""

    def __init__(self) -> None:
        self.can = Resumability(True)
        self.cannot: set[str] = set()
        self.refusal: Exception | None = None
        self.calls: list[tuple[Any, ...]] = []

    def resumability(self, session_id: str) -> Resumability:
        return Resumability(False) if session_id in self.cannot else self.can

    def resumable_among(self, session_ids: Sequence[str]) -> set[str]:
        return {each for each in session_ids if self.resumability(each).can}

    async def resume(self, session_id: str, **wishes: Any) -> ChatFacts:
        self.calls.append(("resume", session_id, wishes["anyway"]))
        return self._begin(session_id)

    def resume_command(self, session_id: str) -> str:
        if self.refusal is not None:
            raise self.refusal
        return f"cd /srv && claude --resume {session_id[:4]}"

    def _begin(self, session_id: str) -> ChatFacts:
        if self.refusal is not None:
            raise self.refusal
        with Store.open(paths.database()) as store:
            previous = store.get(session_id)
            assert previous is not None
            record = chat_facts(
                id=f"00000000-0000-4000-8000-{len(self.calls):012}",
                name=previous.entry.name,
                agent=previous.origin.agent,
                argv=previous.origin.argv,
                cwd=previous.origin.cwd,
                state=State.RUNNING,
                created_at="2026-01-02T04:04:05Z",
                resumed_from=previous.id,
            )
            store.insert(record)
            store.update(previous.id, continued_by=record.id)
        return record


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FakeResume:
    fake = FakeResume()
    for name in ("resumability", "resumable_among"):
        monkeypatch.setattr(f"session_host.client.chats.resumability.{name}", getattr(fake, name))
    for name in ("resume", "resume_command"):
        monkeypatch.setattr(f"session_host.client.chats.resume.{name}", getattr(fake, name))
    return fake
