"""Gemini CLI deletes transcripts and restarts itself: its chats survive both."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Sessions
from tests.fakes.model_server import ModelServer
from tests.support.area import Area
from tests.support.real_agents import GEMINI, RealAgent
from tests.support.real_chats import SIZE, Chat, done
from tests.support.waiting import wait_until

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.real_agents,
    pytest.mark.timeout(400),
    pytest.mark.parametrize("agent", [GEMINI], ids=["gemini"], indirect=True),
]


def transcripts(area: Area) -> list[Path]:
    return sorted(area.home.glob(".gemini/tmp/*/chats/session-*.jsonl"))


def test_a_deleted_transcript_is_restored(chat: Chat, area: Area) -> None:
    chat.ask_and_read("something")
    chat.until_idle()
    [path] = transcripts(area)
    path.unlink()
    wait_until(path.exists, 10, "the transcript of the running chat")
    chat.stop()
    path.unlink()

    resumed = chat.resumed().until_ready()

    resumed.sees("echo: something")
    resumed.ask_and_read("something else")
    assert "echo: something" in json.dumps(chat.server.wait_asked("something else").body)


def test_a_chat_is_resumed_although_other_chats_of_its_project_started_meanwhile(
    chat: Chat, agent: RealAgent, server: ModelServer, project: Path
) -> None:
    # Each start deletes the empty transcripts of the project, and each end those without a conversation's id.
    Chat.start(agent, server, project, name="other").until_ready()
    chat.ask_and_read("something")
    chat.until_idle()
    Chat.start(agent, server, project, name="third").until_ready().stop()
    chat.stop()

    chat.resumed().until_ready().sees("echo: something")


def test_the_duplicate_transcript_made_by_resuming_is_removed(
    chat: Chat, area: Area, agent: RealAgent, server: ModelServer, project: Path
) -> None:
    chat.ask_and_read("something")
    chat.until_idle()
    chat.stop()
    [path] = transcripts(area)
    # The duplicate has the minute of its creation in its name.
    earlier = path.rename(path.with_name(f"session-2026-01-01T00-00-{path.stem.rpartition('-')[2]}.jsonl"))
    for kept in area.state.glob("sessions/*/agent/*session-*.jsonl"):
        kept.unlink()

    resumed = chat.resumed().until_ready()

    wait_until(lambda: transcripts(area) == [earlier], 20, lambda: f"one transcript, not {transcripts(area)}")
    other = Chat.start(agent, server, project, name="other")
    assert earlier in transcripts(area)
    other.stop()
    resumed.ask_and_read("something else")


def test_a_chat_survives_the_restart_after_trusting_a_folder(
    area: Area, agent: RealAgent, server: ModelServer, project: Path, sessions: Sessions
) -> None:
    settings = area.home / ".gemini" / "settings.json"
    values = json.loads(settings.read_text())
    del values["security"]["folderTrust"]
    settings.write_text(json.dumps(values))
    words = ["new", agent.name, "-d", "--json", "-C", str(project), "--size", str(SIZE)]
    chat = Chat(agent, server, json.loads(done(*words))["id"])
    chat.sees("Do you trust")

    done("send", chat.id, "--enter")

    chat.until_ready()
    chat.ask_and_read("something")


def test_after_clear_the_new_conversation_is_resumed(chat: Chat) -> None:
    chat.ask_and_read("in the first")
    chat.until_idle()
    first = chat.info()["provider_session_id"]
    chat.send("/clear", "--enter")
    wait_until(lambda: "in the first" not in chat.screen(), 20, "an empty screen")
    chat.ask_and_read("in the second")
    wait_until(lambda: chat.info()["provider_session_id"] != first, 20, "the other conversation")
    done("kill", chat.id)

    resumed = chat.resumed().until_ready()

    resumed.sees("echo: in the second")
    assert "in the first" not in resumed.everything()


def test_a_chat_started_with_the_latest_conversation_is_resumed_into_it(
    chat: Chat, agent: RealAgent, server: ModelServer, project: Path
) -> None:
    chat.ask_and_read("in the first")
    chat.until_idle()
    first = chat.info()["provider_session_id"]
    chat.stop()
    later = Chat.start(agent, server, project, name="later", arguments=("--resume", "latest"))
    later.ask_and_read("once more")
    wait_until(lambda: later.info()["provider_session_id"] == first, 20, "its conversation")
    done("kill", later.id)

    later.resumed().sees("echo: once more")
