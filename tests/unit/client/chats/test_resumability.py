"""Which ended chats can be resumed, and the command for it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.resumability import fill_in_resumable, resumability, resumable_among
from session_host.client.chats.resume import resume_command
from session_host.client.sessions.session_info import info_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationUnknown, NoSuchSession, NotResumable
from session_host.protocol.facts import ChatFacts
from session_host.protocol.launch import SETUP_DETAIL
from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity, State
from tests.support.area import Area
from tests.support.facts import changed, chat_facts
from tests.support.ledger import add_changes

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
THREAD = "01a1f941-8281-7dc2-89a6-e54f37992ca5"


def ended_chat(number: int = 0, **fields: object) -> ChatFacts:
    """A recorded chat with Claude Code that has ended."""
    values: dict[str, object] = {
        "id": f"{number:08d}-2222-4333-8444-555555555555",
        "name": "chat",
        "agent": "claude",
        "argv": ["claude", "--session-id", ID],
        "arguments": [],
        "cwd": str(Path.home()),
        "state": State.EXITED,
        "created_at": "2026-11-20T14:00:00.000Z",
        "provider_session_id": ID,
    }
    record = chat_facts(**(values | fields))
    with open_store() as store:
        store.insert(changed(record, state=State.STARTING))
        store.update(record.id, state=record.outcome.state)
    return record


def worked(record: ChatFacts, source: str = "hook", detail: str = "") -> None:
    """Note in the ledger that a chat's agent worked."""
    add_changes(record.id, Transition("2026-11-20T15:00:00.000Z", Activity.WORKING, source, detail))


@pytest.fixture
def transcript(area: Area) -> Path:
    path = area.home / ".claude" / "projects" / "-x" / f"{ID}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"type":"user"}\n')
    return path


def test_a_chat_with_a_kept_conversation_is_resumable(transcript: Path) -> None:
    assert resumability(ended_chat().id) == (True, "")


def test_a_missing_transcript_blocks_only_a_chat_that_has_worked() -> None:
    record = ended_chat()
    assert resumability(record.id) == (True, "the conversation is empty")

    worked(record, "osc 7501", SETUP_DETAIL)
    assert resumability(record.id) == (True, "the conversation is empty"), "the setup of a worktree is not the agent"

    worked(record)

    result = resumability(record.id)
    assert result.can is False
    assert result.reason.endswith("; start a new chat")


@pytest.mark.parametrize(
    ("agent", "argv"),
    [
        ("claude", ["claude", "--resume", ID]),
        ("copilot", ["copilot", "--session-id", ID]),
        ("endpoint", ["python", "-m", "session_host.endpoint", "--conversation", ID]),
    ],
)
def test_a_chat_that_was_resumed_without_a_new_prompt_does_not_begin_an_empty_conversation(
    agent: str, argv: list[str]
) -> None:
    first = ended_chat(1, agent=agent)
    second = ended_chat(2, agent=agent, argv=argv, resumed_from=first.id)
    if agent != "claude":  # Its argv shows that there was a conversation to resume.
        assert resumability(second.id).can, "nobody has sent a prompt"
        worked(first)

    can, reason = resumability(second.id)

    assert can is False
    assert "missing" in reason


def test_the_command_of_a_lost_conversation_does_not_begin_an_empty_one() -> None:
    record = ended_chat(argv=["claude", "--resume", ID])
    assert f"claude --resume {ID}" in resume_command(record.id)


def test_an_agent_without_a_terminal_has_no_command_that_resumes_in_one() -> None:
    record = ended_chat(agent="endpoint", argv=["python", "-m", "session_host.endpoint", "--conversation", ID])
    with pytest.raises(NotResumable, match=f"Model server runs in no terminal; use: outlive resume {record.id[:8]}"):
        resume_command(record.id)


def test_a_conversation_left_for_another_does_not_count_as_missing() -> None:
    record = ended_chat(provider_session_id=THREAD)
    worked(record)

    assert resumability(record.id) == (True, "the conversation is empty")


def test_the_last_chat_of_a_chain_is_named(transcript: Path) -> None:
    first = ended_chat(1)
    second = ended_chat(2, resumed_from=first.id)
    third = ended_chat(3, resumed_from=second.id, name="last")

    result = resumability(first.id)

    assert result.can is False
    assert result.reason == (
        f"its conversation continues in last ({third.id[:8]}); resume that one: outlive resume {third.id[:8]}"
    )


def test_a_circular_chain_is_handled() -> None:
    first = ended_chat(1)
    second = ended_chat(2, resumed_from=first.id)
    with open_store() as store:
        store.update(second.id, continued_by=first.id)

    assert resumability(first.id).can is False


def test_an_unknown_conversation_is_chosen_in_the_agents_list(transcript: Path) -> None:
    record = ended_chat(provider_session_id=None, cwd="/tmp/a b")

    can, reason = resumability(record.id)

    assert can is None
    assert reason.endswith("choose it in Claude Code's list: cd '/tmp/a b' && claude --resume")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agent": "gone"}, "the agent gone is no longer available"),
        (
            {"agent": "shell", "argv": ["sh", "-c", "make"], "arguments": ["sh", "-c", "make"]},
            "start it again: outlive new shell -C",
        ),
        (
            {"arguments": ["doctor"], "argv": ["claude", "doctor"]},
            "the chat ran claude doctor, which has no conversation",
        ),
        ({"cwd": "/nowhere/at/all"}, "its directory /nowhere/at/all is missing"),
    ],
)
def test_some_chats_cannot_be_resumed_and_say_why(fields: dict[str, Any], words: str, transcript: Path) -> None:
    can, reason = resumability(ended_chat(**fields).id)

    assert can is False
    assert words in reason


def test_a_shell_without_a_command_starts_again_and_has_no_command_to_copy() -> None:
    record = ended_chat(agent="shell", argv=["/bin/bash"], provider_session_id=None)

    assert resumability(record.id) == (True, "")
    with pytest.raises(NotResumable, match="a shell has no conversation"):
        resume_command(record.id)


def test_a_chat_that_ended_before_its_worktree_was_set_up_begins_again(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(f"gitdir: {tmp_path}\n")
    worktree = str(tmp_path)
    record = ended_chat(agent="codex", argv=["codex"], provider_session_id=None, worktree=worktree, cwd=worktree)
    assert resumability(record.id).can is None
    (tmp_path / "outlive-setup").touch()
    assert resumability(record.id) == (True, "the agent had not begun")


class TestAgentsDirectoryElsewhere:
    @pytest.fixture
    def place(self, transcript: Path, area: Area) -> Path:
        """Claude Code's directory with the transcript, at another path than this process's variables name."""
        (area.root / "places").mkdir()
        return transcript.parents[2].rename(area.root / "places" / "one")

    def test_the_directory_of_the_chats_start_counts_and_not_the_callers(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = ended_chat(located_by={"HOME": str(Path.home()), "CLAUDE_CONFIG_DIR": str(place)})
        previous = ended_chat(1)

        for callers in ("", str(place.parent / "two")):
            monkeypatch.setenv("CLAUDE_CONFIG_DIR", callers)
            assert resumability(record.id) == (True, "")
            assert resumability(previous.id) == (True, "the conversation is empty")
            assert f" && CLAUDE_CONFIG_DIR={place} claude --resume {ID}" in resume_command(record.id)
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(place))
        assert resumability(previous.id) == (True, "")

    def test_a_variable_that_only_the_caller_has_does_not_count(
        self, transcript: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        record = ended_chat(located_by={"HOME": str(Path.home())})
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))

        assert resumability(record.id) == (True, "")
        assert f" && env -u CLAUDE_CONFIG_DIR claude --resume {ID}" in resume_command(record.id)

    def test_a_directory_that_was_moved_is_found_by_the_callers_variable(
        self, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = ended_chat(located_by={"HOME": str(Path.home())})
        assert resumability(record.id) == (True, "the conversation is empty")

        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(place))

        assert resumability(record.id) == (True, "")
        assert f" && CLAUDE_CONFIG_DIR={place} claude --resume {ID}" in resume_command(record.id)


def test_an_unknown_chat_raises_no_such_session() -> None:
    with pytest.raises(NoSuchSession):
        resumability(ID)


class TestForPrograms:
    def test_the_list_marks_ended_and_running_chats(self, transcript: Path) -> None:
        infos = [
            info_of(ended_chat(1)),
            info_of(ended_chat(2, agent="command")),
            info_of(ended_chat(3, provider_session_id=None)),
        ]
        running = info_of(changed(ended_chat(4), state=State.RUNNING))
        unknown = info_of(changed(ended_chat(5, agent="codex", provider_session_id=None), state=State.RUNNING))

        fill_in_resumable([*infos, running, unknown])

        assert [each.resumable for each in [*infos, running, unknown]] == [True, False, None, True, None]

    def test_a_list_of_many_codex_chats_reads_the_directory_of_each_day_once(
        self, area: Area, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        conversations = [f"01a1f941-8281-7dc2-89a6-{number:012d}" for number in range(30)]
        for day, conversation in enumerate(conversations[1:], start=1):
            path = area.home / ".codex" / "sessions" / "2026" / "10" / f"{day:02d}" / f"rollout-x-{conversation}.jsonl"
            path.parent.mkdir(parents=True)
            path.touch()
        chats = [ended_chat(n, agent="codex", provider_session_id=each) for n, each in enumerate(conversations)]
        infos = [info_of(chat) for chat in chats]
        seen: list[object] = []
        scandir = os.scandir

        def note(path: str) -> object:
            seen.append(path)
            return scandir(path)

        monkeypatch.setattr(os, "scandir", note)

        fill_in_resumable(infos)

        assert [info.resumable for info in infos] == [False, *[True] * 29]
        assert len(seen) < 2 * len(conversations)
        assert resumable_among([chat.id for chat in chats]) == {chat.id for chat in chats[1:]}

    def test_a_broken_catalog_leaves_the_value_unknown(self, area: Area) -> None:
        from session_host.paths import config_dir

        (config_dir() / "agents").mkdir(parents=True)
        (config_dir() / "agents" / "claude.toml").write_text("[")
        info = info_of(ended_chat())

        fill_in_resumable([info])

        assert info.resumable is None


class TestTheCommand:
    def test_the_command_is_quoted_for_a_shell(self, transcript: Path, tmp_path: Path) -> None:
        directory = tmp_path / "it's a dir"
        directory.mkdir()
        record = ended_chat(
            cwd=str(directory), arguments=["--model", "a b"], env={"CLAUDE_CONFIG_DIR": str(transcript.parents[2])}
        )

        command = resume_command(record.id)

        assert command.startswith("cd ")
        words = command.replace(" claude ", ' printf "%s|" claude ', 1)
        done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True)
        assert done.stdout == f"claude|--resume|{ID}|--model|a b|"

    def test_the_command_for_an_empty_conversation_starts_it_with_its_id(self) -> None:
        assert f"--session-id {ID}" in resume_command(ended_chat().id)

    def test_the_command_contains_no_secrets(self, transcript: Path) -> None:
        assert "hunter2" not in resume_command(ended_chat(env={"ANTHROPIC_API_KEY": "hunter2"}).id)

    def test_the_command_for_codex(self, area: Area) -> None:
        record = ended_chat(agent="codex", argv=["codex"], provider_session_id=THREAD)

        assert resume_command(record.id).startswith(f"cd {Path.home()} && codex ")
        assert f" resume {THREAD}" in resume_command(record.id)

    def test_a_chat_without_a_conversation_has_no_command(self) -> None:
        with pytest.raises(ConversationUnknown):
            resume_command(ended_chat(1, provider_session_id=None).id)
        with pytest.raises(NotResumable):
            resume_command(ended_chat(2, agent="shell").id)
