"""Codex without a terminal: its dialect against the real ``codex app-server`` and the server's schema."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from session_host.structured.dialects.base import Start
from session_host.structured.dialects.codex.dialect import IGNORED, NOTICES, CodexDialect
from tests.fakes.model_server import ModelServer
from tests.support.hostless_chat import HostlessChat
from tests.support.real_agents import CODEX, RealAgent

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", [CODEX], ids=["codex"], indirect=True),
]

Open = Callable[..., HostlessChat]


@pytest.fixture
def open_chat(agent: RealAgent, server: ModelServer, project: Path) -> Iterator[Open]:
    """Opens chats, each with its own server and ready for a prompt."""
    opened: list[HostlessChat] = []

    def open_one(previous: HostlessChat | None = None, **start: Any) -> HostlessChat:
        if previous is not None:
            start |= {"conversation": previous.transcript.status.conversation, "has_history": True}
        chat = HostlessChat(
            CodexDialect,
            Start(directory=str(project), **start),
            ["codex", "app-server"],
            prefix=f"chat{len(opened)}",
            transcript=previous.transcript if previous else None,
        )
        opened.append(chat)
        chat.until(lambda: chat.rules.state.takes_prompts)
        return chat

    yield open_one
    server.release()
    for chat in opened:
        chat.close()


def escalated(command: str) -> str:
    """A prompt that makes Codex ask the user for permission to run a command."""
    arguments = {"cmd": command, "sandbox_permissions": "require_escalated", "justification": "may I?"}
    return f"use: exec_command {json.dumps(arguments | {'yield_time_ms': 30000})}"


def test_a_command_is_allowed_declined_and_stopped(open_chat: Open, project: Path) -> None:
    chat = open_chat()
    for option, status in (("accept", "done"), ("decline", "declined"), ("cancel", "declined")):
        chat.prompt(escalated(f"touch {option}"))
        request = chat.until_asked()
        assert (request.title, request.reason) == (f"Run touch {option}", "may I?")
        chat.answer(request, option)
        chat.until_idle()
        tool = chat.transcript.get(request.item)
        assert tool is not None
        assert (tool.status, (project / option).exists()) == (status, option == "accept")


def test_file_changes_are_shown_completely_before_they_are_allowed(open_chat: Open, project: Path) -> None:
    (project / "old").write_text("alpha\n")
    chat = open_chat(options={"sandbox": "read-only", "approvalPolicy": "on-request"})
    patch = "*** Begin Patch\n*** Add File: new\n+one\n*** Update File: old\n@@\n-alpha\n+beta\n*** End Patch\n"
    command = f"apply_patch <<'EOF'\n{patch}EOF\n"
    chat.prompt(f"use: exec_command {json.dumps({'cmd': command, 'yield_time_ms': 30000})}")
    request = chat.until_asked()
    assert request.subject == (
        "--- /dev/null\n+++ new\n@@ -0,0 +1 @@\n+one\n--- old\n+++ old\n@@ -1 +1 @@\n-alpha\n+beta\n"
    )
    chat.answer(request, "accept")
    chat.until_idle()
    assert ((project / "new").read_text(), (project / "old").read_text()) == ("one\n", "beta\n")


def test_commands_and_settings(open_chat: Open) -> None:
    chat = open_chat()
    for command in ("/compact", "/review", "/review branch main", "/rename My work"):
        chat.turn(command)
    chat.until(lambda: chat.transcript.status.title == "My work")
    assert chat.statuses("user") == ["done"] * 4
    for setting, value in (("mode", "plan"), ("approvals", "never"), ("sandbox", "read-only")):
        chat.change(setting, value)
    chat.until(lambda: [each.value for each in chat.transcript.status.settings[-3:]] == ["plan", "never", "read-only"])
    chat.end()  # Codex saves the last message a moment after it has reported it.
    again = open_chat(chat)
    assert [each.value for each in again.transcript.status.settings[-3:]] == ["plan", "never", "read-only"]


def test_the_servers_schema_has_what_the_dialect_uses(open_chat: Open, tmp_path: Path) -> None:
    command = ["codex", "app-server", "generate-json-schema", "--experimental", "--out", str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)

    def methods(kind: str) -> dict[str, Any]:
        schema = json.loads((tmp_path / f"{kind}.json").read_text())
        return {each["properties"]["method"]["enum"][0]: each for each in schema["oneOf"]}

    requests = json.loads((tmp_path / "ClientRequest.json").read_text())
    chat = open_chat()
    chat.turn("/compact")
    chat.turn("/review")
    chat.turn("/rename x")
    chat.change("approvals", "never")
    chat.prompt("count: 2 hold: 1")
    chat.until(lambda: chat.texts("agent") and "line 0001" in chat.texts("agent")[-1])
    chat.prompt("steer", "steer")
    chat.until_idle()
    known = methods("ClientRequest")
    fork = open_chat(options={"fork": chat.transcript.status.conversation})
    for message in chat.sent + fork.sent:
        if "id" in message and "method" in message:
            reference = known[message["method"]]["properties"]["params"]["$ref"].rpartition("/")[2]
            properties = requests["definitions"][reference]["properties"]
            assert set(message["params"]) <= set(properties), message["method"]
    assert set(methods("ServerNotification")) >= {*IGNORED, *NOTICES}
