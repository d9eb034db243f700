"""``outlive resume`` of a chat that was started in a terminal where the agent keeps its files in another directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from session_host.paths import database
from session_host.storage.store import Store
from tests.support.commands import outlive
from tests.support.conversing import ask, listed, new, resume, see
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions", "agents")


@pytest.mark.parametrize(("agent", "variable"), [("claude", "CLAUDE_CONFIG_DIR"), ("codex", "CODEX_HOME")])
def test_a_chat_is_resumed_with_the_agents_directory_of_its_start(
    agent: str, variable: str, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "elsewhere"
    with monkeypatch.context() as terminal:
        terminal.setenv(variable, str(place))
        chat = new(agent, project)
        ask(chat, "over there")
        wait_until(lambda: listed(chat)["provider_session_id"], 10, "its conversation")
    outlive("stop", chat)
    assert listed(chat)["resumable"] is True

    monkeypatch.setenv(variable, str(tmp_path / "of another terminal"))
    second = resume(chat)["id"]
    see(second, "kept: over there")
    ask(second, "here again")
    outlive("stop", second)
    monkeypatch.delenv(variable)
    see(resume(second)["id"], "kept: here again")

    with Store.open(database()) as store:
        records = store.all()
    assert [record.located_by[variable] for record in records] == [str(place)] * 3
    assert {name for record in records for name in record.located_by} == {"HOME", variable}


def test_a_conversation_that_codex_moved_into_a_worktree_of_its_own_is_resumed_there(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(tmp_path / "codex"))
    moved = tmp_path / "worktree"
    moved.mkdir()
    chat = new("codex", project)
    ask(chat, "over there")
    wait_until(lambda: listed(chat)["provider_session_id"], 10, "its conversation")
    [rollout] = (tmp_path / "codex").rglob("rollout-*.jsonl")
    prompt = {"type": "item_completed", "item": {"type": "UserMessage", "content": [{"type": "text", "text": "hello"}]}}
    with rollout.open("a", encoding="utf-8") as file:
        for kind, payload in (("turn_context", {"cwd": str(moved)}), ("event_msg", prompt)):
            file.write(json.dumps({"type": kind, "payload": payload}) + "\n")
    outlive("stop", chat)

    second = str(resume(chat)["id"])

    see(second, "kept: over there")
    assert (listed(second)["cwd"], listed(chat)["cwd"]) == (str(moved), str(project))
