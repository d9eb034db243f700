"""``outlive explain`` prints a chat's changes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from session_host.cli.explain import Explained, lines
from session_host.client.sessions.session_info import SessionInfo
from session_host.protocol.facts import ChatFacts, Foreground
from session_host.protocol.messages import HostReport
from session_host.protocol.values import State
from tests.support.facts import changed, chat_facts

BEGAN = {"time": "2026-01-02T03:04:05.000Z", "activity": "no_signal", "source": "", "detail": ""}
FACTS = chat_facts(id="1", name="x", agent="shell", state=State.RUNNING, child_pid=2, created_at=BEGAN["time"])


def explained(facts: ChatFacts, **more: Any) -> Explained:
    return Explained(info=SessionInfo(facts=facts, host=HostReport(1, 0)), child_pid=2, conversation=None, **more)


@pytest.mark.parametrize(
    ("state", "since", "word"),
    [
        ("running", BEGAN["time"], "started"),
        ("exited", "2026-01-02T03:04:06.500Z", "ended"),
        ("exited", "2026-01-02T03:14:05.000Z", "started"),
    ],
)
def test_only_a_change_at_the_end_is_reported_as_the_end(state: str, since: str, word: str) -> None:
    facts = changed(FACTS, state=State(state), ended_at=None if state == "running" else since)

    shown = lines(explained(facts, transitions=[BEGAN]), datetime(2026, 1, 2, 4, tzinfo=UTC), None)

    assert shown[-1].split()[-1] == word


def test_a_shell_at_its_prompt_shows_how_its_last_command_ended() -> None:
    facts = replace(FACTS, foreground=Foreground("", "", 2, "2026-01-02T03:59:55.000Z"))

    shown = "\n".join(lines(explained(facts), datetime(2026, 1, 2, 4, tzinfo=UTC), None))

    assert "shell at the prompt; last command ended with 2, 2026-01-02" in shown
    assert "(5 s ago)" in shown


@pytest.mark.parametrize(("agent", "expects_reports"), [("shell", False), ("command", False), ("claude", True)])
def test_only_an_agent_is_expected_to_report(agent: str, expects_reports: bool) -> None:
    facts = changed(FACTS, agent=agent)
    if not expects_reports:
        facts = replace(facts, foreground=Foreground(""))

    shown = lines(explained(facts, stale_after_s=60.0, transitions=[BEGAN]), datetime(2026, 1, 2, 4, tzinfo=UTC), None)

    headings = {line.split()[0] for line in shown}
    assert ({"sources", "silence", "conversation"} <= headings) == expects_reports
    assert ("no signal" in "\n".join(shown)) == expects_reports
    assert shown[-1].split()[-2:] == (["signal", "started"] if expects_reports else ["running", "started"])
