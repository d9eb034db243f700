"""Which chats a command may have the keeper start."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from session_host.keeper import keeper
from session_host.protocol.keeper import Launch, Launched, NotReplaced
from session_host.system.processes.permission import AGENT_CHATS
from tests.support.session_harness import spec_of


def refusal_of_launch(chats: str, *running: str, reports_to: str = "") -> NotReplaced | Launched | None:
    """The keeper's answer to the start of a chat with these agents' chats, while others run."""
    sessions: Any = {each: SimpleNamespace(spec=spec_of(env={AGENT_CHATS: each})) for each in running}
    one, other = socket.socketpair()
    with one, other:
        client: Any = SimpleNamespace(socket=one)
        spec = spec_of(env={AGENT_CHATS: chats}, reports_to=reports_to)
        return keeper.refusal(client, Launch(spec), sessions)


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
    monkeypatch.setattr(keeper, "agent_chats", lambda _: origin)
    answer = refusal_of_launch(chats)
    assert (answer is None) is may
    assert may or (isinstance(answer, Launched) and not answer.report.ok)


@pytest.mark.parametrize(
    ("origin", "chats", "running", "may"),
    [
        (("one",), "two:one", "two", False),
        (("one",), "two:one", "helper:two", False),
        (("one",), "two:one", "two:one", True),
        (("one",), "one", "one", True),
        ((), "two", "two", True),
    ],
    ids=["another's", "an ended one's", "its own, resumed", "not an agent", "by the user"],
)
def test_a_chat_that_an_agent_starts_does_not_control_another_agents_chat(
    monkeypatch: pytest.MonkeyPatch, origin: tuple[str, ...], chats: str, running: str, may: bool
) -> None:
    monkeypatch.setattr(keeper, "agent_chats", lambda _: origin)
    answer = refusal_of_launch(chats, "", running)
    assert (answer is None) is may
    assert may or (isinstance(answer, Launched) and not answer.report.ok)


@pytest.mark.parametrize(
    ("origin", "told", "may"),
    [((), "any", True), (("one",), "one", True), (("two", "one"), "two", True), (("two", "one"), "one", False)],
    ids=["the user", "itself", "itself below another", "the one that started it"],
)
def test_a_chat_that_an_agent_starts_reports_to_that_agent_alone(
    monkeypatch: pytest.MonkeyPatch, origin: tuple[str, ...], told: str, may: bool
) -> None:
    monkeypatch.setattr(keeper, "agent_chats", lambda _: origin)
    answer = refusal_of_launch(":".join(("new", *origin)), reports_to=told)
    assert (answer is None) is may
