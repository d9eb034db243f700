"""The object of a chat in ``outlive ls --json``, on which scripts rely."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from session_host.client.sessions.session_info import info_of
from session_host.protocol.facts import INTERRUPTED, AgentStatus, ChatFacts, Foreground, Outcome, Program
from session_host.protocol.messages import Description, HostReport
from session_host.protocol.values import Activity, GridSize, State
from tests.support.facts import chat_facts

pytestmark = pytest.mark.registrations

GOLDEN = json.loads((Path(__file__).parents[3] / "recordings" / "ls.json").read_text())
SINCE = "2026-01-02T03:04:06.000Z"

SHELL = chat_facts(
    id="0a1b2c3d-0000-4000-8000-000000000000",
    name="api",
    agent="shell",
    argv=["bash", "-i"],
    cwd="/srv/api",
    state=State.EXITED,
    exit_code=3,
    title="make",
    host_pid=11,
    child_pid=12,
    created_at="2026-01-02T03:04:05.678Z",
    ended_at="2026-01-02T03:05:05.678Z",
    columns=80,
    rows=24,
    engine="ghostty",
    provider_session_id="abc",
    resumed_from="one",
    continued_by="two",
    repository="/srv/.git",
    worktree="/srv/api-x",
    branch="outlive/x",
    end_request="stop",
)
INTERRUPTED_AGENT = ChatFacts(
    replace(SHELL.origin, agent="claude", worktree=None),
    SHELL.entry,
    Outcome(State.LOST, error=INTERRUPTED),
    replace(SHELL.program, conversation=""),
)
PROGRAM = Program("vim", "def", GridSize(100, 30), 21, None, 22)


def by_host(row: ChatFacts, program: Program, status: AgentStatus, foreground: Foreground | None) -> ChatFacts:
    return ChatFacts(row.origin, row.entry, Outcome(State.RUNNING), program, status, foreground)


AT_PROMPT = Foreground("", "2026-01-02T03:04:07.000Z", 2, "2026-01-02T03:04:08.000Z")
RUNNING_SHELL = by_host(SHELL, PROGRAM, AgentStatus(since=SINCE), AT_PROMPT)
ASKS = AgentStatus(Activity.NEEDS_INPUT, "hook", SINCE, "Bash: ls")
ASKING_AGENT = by_host(INTERRUPTED_AGENT, replace(PROGRAM, conversation=""), ASKS, None)


@pytest.mark.parametrize(
    ("row", "description", "golden"),
    [
        (SHELL, None, GOLDEN[0]),
        (SHELL, Description(1, RUNNING_SHELL, HostReport(2, 5, 23, "1", 77, "ill")), GOLDEN[1]),
        (INTERRUPTED_AGENT, Description(1, ASKING_AGENT, HostReport(0, 5)), GOLDEN[2]),
        (INTERRUPTED_AGENT, None, GOLDEN[3]),
    ],
)
def test_the_keys_their_order_and_their_values_stay(
    row: ChatFacts, description: Description | None, golden: dict[str, object]
) -> None:
    shown = msgspec.to_builtins(info_of(row, description).as_json())
    assert list(shown.items()) == list(golden.items())
