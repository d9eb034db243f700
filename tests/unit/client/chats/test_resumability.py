"""Whether an ended chat can be gone on with, what else goes on with it, and the command that does so anywhere."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from session_host.client.chats.resumability import has_picker, resumability, tell_resumable
from session_host.client.chats.resume import resume_command
from session_host.client.sessions.session_info import info_of
from session_host.client.sessions.store_access import open_store
from session_host.errors import ConversationUnknown, NoSuchSession, NotResumable
from session_host.paths import session_transitions
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord
from tests.support.area import Area

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
THREAD = "01a1f941-8281-7dc2-89a6-e54f37992ca5"


def kept(number: int = 0, **fields: object) -> SessionRecord:
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
    record = SessionRecord(**(values | fields))  # type: ignore[arg-type]
    with open_store() as store:
        store.insert(record)
    return record


@pytest.fixture
def transcript(area: Area) -> Path:
    path = area.home / ".claude" / "projects" / "-x" / f"{ID}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"type":"user"}\n')
    return path


def test_one_whose_conversation_is_kept(transcript: Path) -> None:
    assert resumability(kept().id) == (True, "")


def test_a_transcript_whose_chat_worked_is_gone_and_one_of_a_chat_that_did_not_never_was() -> None:
    record = kept()
    assert resumability(record.id) == (True, "the conversation is empty")

    path = session_transitions(record.id)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"time": "", "activity": "working", "source": "hook"}) + "\n")

    found = resumability(record.id)
    assert found.can is False
    assert found.reason.endswith("; start a new chat")


def test_one_that_went_to_another_conversation_is_not_said_to_be_gone() -> None:
    record = kept(provider_session_id=THREAD)
    path = session_transitions(record.id)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"time": "", "activity": "working", "source": "hook"}) + "\n")

    assert resumability(record.id) == (True, "the conversation is empty")


def test_the_last_of_a_chain_is_named(transcript: Path) -> None:
    first = kept(1)
    second = kept(2, resumed_from=first.id)
    third = kept(3, resumed_from=second.id, name="last")

    found = resumability(first.id)

    assert found.can is False
    assert found.reason == (
        f"its conversation continues in last ({third.id[:8]}); resume that one: outlive resume {third.id[:8]}"
    )


def test_a_chain_that_bites_its_tail_ends() -> None:
    first = kept(1)
    second = kept(2, resumed_from=first.id)
    with open_store() as store:
        store.update(second.id, continued_by=first.id)

    assert resumability(first.id).can is False


def test_an_unknown_conversation(transcript: Path) -> None:
    record = kept(provider_session_id=None, cwd="/tmp/a b")

    can, reason = resumability(record.id)

    assert can is None
    assert reason.endswith("choose it in Claude Code's list: cd '/tmp/a b' && claude --resume")
    assert has_picker(record.id)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"agent": "gone"}, "the agent gone is no longer available"),
        ({"agent": "shell", "argv": ["sh"]}, "start it again: outlive new shell -C"),
        (
            {"arguments": ["doctor"], "argv": ["claude", "doctor"]},
            "the chat ran claude doctor, which has no conversation",
        ),
        ({"cwd": "/nowhere/at/all"}, "its directory /nowhere/at/all is missing"),
    ],
)
def test_what_cannot_be(fields: dict[str, Any], words: str, transcript: Path) -> None:
    can, reason = resumability(kept(**fields).id)

    assert can is False
    assert words in reason


def test_a_worktree_that_is_gone_can_be_made_again(transcript: Path) -> None:
    record = kept(cwd="/nowhere/at/all", worktree="/nowhere/at/all", repository="/nowhere", branch="b")

    assert resumability(record.id).can is True


def test_nobody() -> None:
    with pytest.raises(NoSuchSession):
        resumability(ID)


class TestForPrograms:
    def test_ended_and_running_ones(self, transcript: Path) -> None:
        infos = [info_of(kept(1)), info_of(kept(2, agent="shell")), info_of(kept(3, provider_session_id=None))]
        running = info_of(kept(4))
        running.state = State.RUNNING
        unknown = info_of(kept(5, agent="codex", provider_session_id=None))
        unknown.state = State.RUNNING

        tell_resumable([*infos, running, unknown])

        assert [each.resumable for each in [*infos, running, unknown]] == [True, False, None, True, None]

    def test_a_broken_catalog_is_no_reason_to_list_nothing(self, area: Area) -> None:
        from session_host.paths import config_dir

        (config_dir() / "agents").mkdir(parents=True)
        (config_dir() / "agents" / "claude.toml").write_text("[")
        info = info_of(kept())

        tell_resumable([info])

        assert info.resumable is None


class TestTheCommand:
    def test_it_is_for_a_shell(self, transcript: Path, tmp_path: Path) -> None:
        directory = tmp_path / "it's a dir"
        directory.mkdir()
        record = kept(
            cwd=str(directory), arguments=["--model", "a b"], env={"CLAUDE_CONFIG_DIR": str(transcript.parents[2])}
        )

        command = resume_command(record.id)

        assert command.startswith("cd ")
        words = command.replace(" claude ", ' printf "%s|" claude ', 1)
        done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=True)
        assert done.stdout == f"claude|--resume|{ID}|--model|a b|"

    def test_of_one_that_holds_nothing_yet(self) -> None:
        assert f"--session-id {ID}" in resume_command(kept().id)

    def test_secrets_do_not_go_along(self, transcript: Path) -> None:
        assert "hunter2" not in resume_command(kept(env={"ANTHROPIC_API_KEY": "hunter2"}).id)

    def test_codex(self, area: Area) -> None:
        record = kept(agent="codex", argv=["codex"], provider_session_id=THREAD)

        assert resume_command(record.id).startswith(f"cd {Path.home()} && codex ")
        assert f" resume {THREAD}" in resume_command(record.id)

    def test_there_is_none(self) -> None:
        with pytest.raises(ConversationUnknown):
            resume_command(kept(1, provider_session_id=None).id)
        with pytest.raises(NotResumable):
            resume_command(kept(2, agent="shell").id)
