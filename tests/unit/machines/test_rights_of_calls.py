"""What an agent may call when it starts ``outlive bridge`` itself: no more than the commands let it do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from session_host.agents.catalog import load_catalog
from session_host.client import permission
from session_host.client.chats.launch_spec import Fork, LaunchRequest
from session_host.client.chats.setup_entries import SetupEntry
from session_host.client.sessions.store_access import open_store
from session_host.errors import NotAllowed
from session_host.machines.calls import CALLS, _encode, call
from session_host.paths import config_dir
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import State
from tests.support.area import Area
from tests.support.facts import changed, chat_facts

pytestmark = pytest.mark.registrations

AGENT, OWN, OTHERS, CONVERSATION = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "1234")

CHANGES: dict[str, Callable[[str], dict[str, Any]]] = {
    "rename_chat": lambda chat: {"session_id": chat, "name": "mine"},
    "order_chats": lambda chat: {"changes": [(OWN, {"position": 1.0}), (chat, {"pinned": True})]},
    "remove_chats": lambda chat: {"session_ids": [OWN, chat], "by_limit": False},
    "note_viewed": lambda chat: {"session_id": chat},
    "save_piece": lambda chat: {"session_id": chat, "upload": "0" * 16, "name": "x", "offset": 0, "piece": b"x"},
    "discard_upload": lambda chat: {"session_id": chat, "upload": "0" * 16},
    "kill_unresponsive": lambda chat: {"session_id": chat},
    "end_without_host": lambda chat: {"session_id": chat, "gracefully": True},
    "end_left": lambda chat: {"session_id": chat},
    "resume": lambda chat: {"session_id": chat},
    "fork": lambda chat: {"session_id": chat},
    "hand_over": lambda chat: {"session_id": chat, "request": continued()},
    "put_to_sleep": lambda chat: {"session_id": chat},
    "stop_asleep": lambda chat: {"session_id": chat},
    "wake": lambda chat: {"session_id": chat, "text": "hello"},
    "discard": lambda chat: {"directory": Path("/"), "session": chat},
    "undo": lambda chat: {"directory": Path("/"), "session": chat},
    "take_back": lambda chat: {"directory": Path("/"), "path": "x", "hunk": "", "session": chat},
    "restore": lambda chat: {"directory": Path("/"), "session": chat},
    "write_setup": lambda _chat: {"entry": SetupEntry("/", "touch F")},
    "launch": lambda _chat: {"request": continued()},
    "continue_conversation": lambda _chat: {"request": continued()},
}
"""The arguments with which each call would change a chat, or what belongs to the user."""

READS = {
    "find_files",
    "named_file",
    "linked_file",
    "named_directory",
    "terminal_editor",
    "outcome_of",
    "memory_of",
    "why_awake_of",
    "offer_hand_over",
    "later_saved_screen",
    "program_directories",
    "shell_has_jobs",
    "name_host",
    "is_host_stopped",
    "session_named",
    "sessions_listed",
    "recent_directories",
    "changes_since",
    "later_changes",
    "inspect_ended_chat",
    "error_output",
    "chat_days",
    "read_usage",
    "counted_since_s",
    "limits_of_accounts",
    "amount_reached",
    "last_transitions",
    "last_screen_for",
    "last_transcript_for",
    "measured_chats",
    "size_of",
    "search_lines",
    "lines_around",
    "resumable_among",
    "installed_agents",
    "complete_path",
    "list_directory",
    "look_at_directory",
    "repository_of",
    "arguments_of_new_conversation",
    "list_conversations",
    "command_to_continue",
    "resume_command",
    "find_answer",
    "recorded_conversation",
    "note_on_worktree",
    "restore_list",
    "read_changes",
    "lines_before",
    "repository_files",
    "status_of",
    "plan_restore",
    "file_counts",
    "changed_since_restore",
    "line_of_hunk",
    # An agent makes directories, and starts chats, of its own.
    "create_directory",
    "prepare_start",
}
"""The calls that change no chat: every process of the user may make them."""


def continued() -> LaunchRequest:
    """A request for a chat in the conversation of another one."""
    return LaunchRequest(
        agent=load_catalog(config_dir())["claude"],
        conversation=CONVERSATION,
        directory=str(Path.home()),
        environment={"HOME": str(Path.home())},
    )


def test_each_call_is_known_to_change_something_or_not() -> None:
    assert not CHANGES.keys() & READS
    assert CHANGES.keys() | READS == CALLS.keys()


@pytest.fixture
def chats(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent's own chat and one of the user's, both ended; this process belongs to the agent."""
    with open_store() as store:
        for session_id, chats, conversation in ((OWN, AGENT, None), (OTHERS, "", CONVERSATION)):
            store.insert(
                chat_facts(
                    id=session_id,
                    name=f"chat-{session_id[:1]}",
                    agent="claude",
                    argv=["claude"],
                    cwd=str(area.home),
                    real_cwd=str(area.home.resolve()),
                    created_at="2026-01-01T00:00:00.000Z",
                    state=State.EXITED,
                    agent_chats=chats,
                    provider_session_id=conversation,
                )
            )
    name = "".join(each if each.isalnum() else "-" for each in str(area.home))
    path = area.home / ".claude" / "projects" / name / f"{CONVERSATION}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"type": "user", "cwd": str(area.home), "message": {"content": "hello"}}))
    monkeypatch.setattr(permission, "agent_chats", lambda pid: (AGENT,) if pid == os.getpid() else ())


def rows() -> list[ChatFacts]:
    with open_store() as store:
        return store.all()


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.usefixtures("chats")
async def test_an_agent_changes_nothing_of_the_users_over_a_bridge(name: str) -> None:
    before = rows()
    with pytest.raises(NotAllowed, match="an agent may control its own chat and those that it started, not "):
        await call(name, _encode(CHANGES[name](OTHERS)))
    assert rows() == before
    assert not (config_dir() / "chats.toml").exists()


@pytest.mark.parametrize("name", ["discard", "undo", "restore", "take_back"])
@pytest.mark.usefixtures("chats")
async def test_an_agent_restores_files_of_its_own_chats_directory_alone(name: str, area: Area) -> None:
    other = area.root / "other"
    other.mkdir()
    for directory in (other, Path.home() / ".." / "other"):
        with pytest.raises(NotAllowed, match="other"):
            await call(name, _encode({"directory": directory, "session": OWN}))
    with pytest.raises(TypeError):  # Its further arguments are missing.
        await call(name, _encode({"directory": Path.home(), "session": OWN}))


@pytest.mark.parametrize("part", ["resume", "fork"])
@pytest.mark.usefixtures("chats")
async def test_a_record_that_says_that_a_chat_is_the_agents_does_not_make_it_so(part: str) -> None:
    forged = next(each for each in rows() if each.id == OTHERS)
    forged = changed(forged, agent_chats=AGENT, conversation="another")
    chosen = Fork(forged, b"") if part == "fork" else forged
    request = msgspec.structs.replace(continued(), conversation="", **{part: chosen})
    with pytest.raises(NotAllowed):
        await call("launch", _encode({"request": request}))


@pytest.mark.usefixtures("chats")
async def test_an_agent_changes_its_own_chats_over_a_bridge_as_it_may_by_commands() -> None:
    await call("rename_chat", _encode(CHANGES["rename_chat"](OWN)))
    assert [each.entry.name for each in rows()] == ["mine", f"chat-{OTHERS[:1]}"]
    await call("remove_chats", _encode({"session_ids": [OWN], "by_limit": False}))
    assert [each.id for each in rows()] == [OTHERS]


@pytest.mark.usefixtures("chats")
async def test_a_chat_that_is_unknown_is_no_agents() -> None:
    with pytest.raises(NotAllowed):
        await call("save_piece", _encode(CHANGES["save_piece"]("5" * 8)))
