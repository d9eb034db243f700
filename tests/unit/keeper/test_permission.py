"""Which chats a command may have the keeper start."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from session_host.keeper import permission
from session_host.protocol.keeper import Launch, Launched
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.session_harness import spec_of


@pytest.mark.parametrize(
    ("origin", "chats", "may"),
    [
        ((), "", True),
        ((), "new", True),
        (("one",), "one", True),
        (("one",), "new:one", True),
        (("two", "one"), "new:two:one", True),
        (("one",), "", False),
        (("one",), "new", False),
        (("two", "one"), "one", False),
    ],
)
def test_a_chat_that_an_agent_starts_belongs_to_the_agent(
    monkeypatch: pytest.MonkeyPatch, origin: tuple[str, ...], chats: str, may: bool
) -> None:
    monkeypatch.setattr(permission, "agent_chats", lambda _: origin)
    one, other = socket.socketpair()
    with one, other:
        client: Any = SimpleNamespace(socket=one)
        answer = permission.refusal(client, Launch(spec_of(env={AGENT_CHATS: chats})), {})
    assert (answer is None) is may
    assert may or (isinstance(answer, Launched) and not answer.report.ok)
