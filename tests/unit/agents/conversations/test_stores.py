"""Whether an agent still has a conversation, found in files as the agents write them."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from session_host.agents.conversations.base import Availability, ConversationQuery
from session_host.agents.conversations.opencode import titled
from session_host.agents.conversations.stores import (
    before_start,
    find_conversation,
    locating,
    opened_by,
    relocated,
)
from session_host.paths import endpoint_conversation
from session_host.system.processes.identity import boot_id, start_time

ID = "0b9c4c50-6b5e-4f6e-9a57-3a6a4d1c1f00"
OTHER = "0b9c4c50-1111-4222-8333-444444444444"
"""Its first eight characters are the same."""

Seeking = Callable[..., ConversationQuery]


@pytest.fixture
def seek(tmp_path: Path) -> Seeking:
    """Makes queries for a conversation, in a home directory of the test's own."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()

    def query(
        *, used: bool = False, conversation: str = ID, directory: str = "project", **more: str
    ) -> ConversationQuery:
        environment = {"HOME": str(tmp_path / "home"), **more}
        return ConversationQuery(conversation, str(tmp_path / directory), environment, tmp_path / "files", used)

    return query


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def test_an_unknown_store_gives_no_answer(seek: Seeking) -> None:
    assert find_conversation("other", seek()).availability is Availability.UNKNOWN
    assert opened_by("other", seek()) == []


@pytest.mark.parametrize("store", ["aider", "claude", "copilot", "endpoint", "gemini", "qwen"])
def test_a_missing_unused_conversation_is_empty_and_a_used_one_is_lost(store: str, seek: Seeking) -> None:
    assert find_conversation(store, seek()).availability is Availability.NOTHING
    assert find_conversation(store, seek(used=True)).availability is Availability.LOST
    assert "missing" in find_conversation(store, seek(used=True)).reason


@pytest.mark.parametrize("store", ["codex", "opencode"])
def test_a_conversation_that_the_agent_named_itself_and_lacks_is_lost(store: str, seek: Seeking) -> None:
    assert find_conversation(store, seek()).availability is Availability.LOST
    assert find_conversation(store, seek(used=True)).availability is Availability.LOST


def test_only_variables_that_locate_conversations_are_kept(tmp_path: Path) -> None:
    environment = {"HOME": "/h", "CODEX_HOME": "/c", "CLAUDE_CONFIG_DIR": "/d", "OPENAI_API_KEY": "hunter2"}
    assert locating("codex", environment) == {"HOME": "/h", "CODEX_HOME": "/c"}
    assert locating("aider", environment) == locating("other", environment) == {}

    others = {"CLAUDE_CONFIG_DIR": "/d", "OPENAI_API_KEY": "hunter2"}
    assert relocated("codex", environment, {"HOME": "/x"}) == {**others, "HOME": "/x"}
    assert relocated("codex", environment, {}) == environment


class TestClaude:
    def test_its_transcript(self, seek: Seeking, tmp_path: Path) -> None:
        write(tmp_path / "home" / ".claude" / "projects" / "-x-y" / f"{ID}.jsonl", {"type": "mode"}, '{"type": "user"}')

        assert find_conversation("claude", seek()).availability is Availability.WHOLE

    def test_its_directory_is_set_by_a_variable(self, seek: Seeking, tmp_path: Path) -> None:
        write(tmp_path / "mine" / "projects" / "-project" / f"{ID}.jsonl", '{"type":"user"}')

        assert (
            find_conversation("claude", seek(CLAUDE_CONFIG_DIR=str(tmp_path / "mine"))).availability
            is Availability.WHOLE
        )

    def test_a_prompt_after_a_megabyte_is_found(self, seek: Seeking, tmp_path: Path) -> None:
        path = tmp_path / "home" / ".claude" / "projects" / "-project" / f"{ID}.jsonl"
        for padding in range(12):
            write(path, "x" * ((1 << 20) - padding - 1), '{"type":"user"}')
            assert find_conversation("claude", seek()).availability is Availability.WHOLE

    def test_a_transcript_without_prompts_is_lost_whether_used_or_not(self, seek: Seeking, tmp_path: Path) -> None:
        path = tmp_path / "home" / ".claude" / "projects" / "-project" / f"{ID}.jsonl"
        write(path, {"type": "mode"}, {"type": "permission-mode"})

        assert find_conversation("claude", seek()).availability is Availability.LOST
        assert str(path) in find_conversation("claude", seek()).reason

    def test_processes_with_the_conversation_open_are_found(self, seek: Seeking, tmp_path: Path) -> None:
        sessions = tmp_path / "home" / ".claude" / "sessions"
        entry = {"pid": os.getpid(), "sessionId": ID, "procStart": str(start_time(os.getpid()))}
        write(sessions / "1.json", entry)
        write(sessions / "2.json", entry | {"pid": 1, "procStart": "7"})
        write(sessions / "3.json", entry | {"sessionId": OTHER})
        write(sessions / "4.json", "{")
        write(sessions / "5.json", [1])

        assert opened_by("claude", seek()) == [os.getpid()]


class TestCodex:
    def test_its_rollout_file_is_found(self, seek: Seeking, tmp_path: Path) -> None:
        write(tmp_path / "x" / "sessions" / "2026" / "11" / "20" / f"rollout-2026-11-20T14-00-00-{ID}.jsonl")

        assert find_conversation("codex", seek(CODEX_HOME=str(tmp_path / "x"))).availability is Availability.WHOLE
        assert find_conversation("codex", seek()).availability is Availability.LOST

    def test_an_archived_rollout_is_found(self, seek: Seeking, tmp_path: Path) -> None:
        write(tmp_path / "home" / ".codex" / "archived_sessions" / f"rollout-x-{ID}.jsonl")

        assert find_conversation("codex", seek()).availability is Availability.WHOLE

    def test_only_a_held_lock_names_a_process(self, seek: Seeking, tmp_path: Path) -> None:
        path = write(tmp_path / "home" / ".codex" / "thread-writer-locks" / f"{ID}.lock")
        assert opened_by("codex", seek()) == []
        code = (
            "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(flush=True); input()"
        )
        argv = [sys.executable, "-S", "-c", code, str(path)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            holder.stdout.readline()

            assert opened_by("codex", seek()) == [holder.pid]

            holder.communicate(b"\n")
        assert opened_by("codex", seek()) == []

    def test_a_shared_look_takes_no_lock(self, seek: Seeking, tmp_path: Path) -> None:
        path = write(tmp_path / "home" / ".codex" / "thread-writer-locks" / f"{ID}.lock")

        opened_by("codex", seek())

        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TestOpenCode:
    def database(self, seek: Seeking, *ids: str) -> Path:
        path = seek().home / ".local" / "share" / "opencode" / "opencode.db"
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("CREATE TABLE session (id TEXT)")
            connection.executemany("INSERT INTO session VALUES (?)", [(each,) for each in ids])
        return path

    def test_only_conversations_in_its_database_are_whole(self, seek: Seeking) -> None:
        self.database(seek, "ses_one", "ses_two")

        assert find_conversation("opencode", seek(conversation="ses_two")).availability is Availability.WHOLE
        assert find_conversation("opencode", seek(conversation="ses_three")).availability is Availability.LOST

    def test_an_unreadable_database_gives_no_answer(self, seek: Seeking) -> None:
        self.database(seek).write_bytes(b"no database at all" * 100)

        assert find_conversation("opencode", seek(conversation="ses_one")).availability is Availability.UNKNOWN

    def test_xdg_data_home_sets_the_directory(self, seek: Seeking, tmp_path: Path) -> None:
        path = self.database(seek, "ses_one")
        (tmp_path / "data").mkdir()
        path.parent.rename(tmp_path / "data" / "opencode")

        found = find_conversation("opencode", seek(conversation="ses_one", XDG_DATA_HOME=str(tmp_path / "data")))

        assert found.availability is Availability.WHOLE

    @pytest.mark.parametrize("name", ["mine.db", "/absolute/mine.db"])
    def test_a_variable_sets_the_databases_name(self, name: str, seek: Seeking, tmp_path: Path) -> None:
        path = self.database(seek, "ses_one")
        name = name.replace("/absolute", str(tmp_path))
        path.rename(path.parent / name)

        found = find_conversation("opencode", seek(conversation="ses_one", OPENCODE_DB=name))

        assert found.availability is Availability.WHOLE


class TestOpenCodesTitles:
    def found(self, seek: Seeking, title: str, *rows: tuple[str, str, str, int], known: str = "") -> str:
        query = seek(conversation=known)
        path = query.home / ".local" / "share" / "opencode" / "opencode.db"
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                "CREATE TABLE session (id TEXT, title TEXT, directory TEXT, time_created INTEGER, parent_id TEXT)"
            )
            connection.executemany("INSERT INTO session (id, title, directory, time_created) VALUES (?, ?, ?, ?)", rows)
        return titled(query, title, since_s=1000)

    def test_a_chat_without_the_plugin_library_is_found_by_the_title_that_it_shows(self, seek: Seeking) -> None:
        here = seek().directory
        rows = [("ses_one", "Apples", here, 1), ("ses_two", "Plums", here, 2_000_000), ("ses_three", "Apples", "/x", 3)]
        assert self.found(seek, "OC | Apples", *rows) == "ses_one"

    def test_a_long_title_is_cut(self, seek: Seeking) -> None:
        here = seek().directory
        rows = [("ses_one", "x" * 40, here, 1), ("ses_two", "x" * 37 + "yyyy", here, 1)]
        assert self.found(seek, f"OC | {'x' * 37}…", *rows) == "ses_two"

    @pytest.mark.parametrize(
        ("known", "found"), [("", "ses_two"), ("ses_one", "ses_one"), ("ses_two", "ses_two"), ("ses_three", "")]
    )
    def test_of_two_with_one_title_the_known_one_counts_or_else_the_newly_created(
        self, seek: Seeking, known: str, found: str
    ) -> None:
        here = seek().directory
        rows = [("ses_one", "Apples", here, 1), ("ses_two", "Apples", here, 2_000_000), ("ses_three", "Plums", here, 3)]
        assert self.found(seek, "OC | Apples", *rows, known=known) == found

    @pytest.mark.parametrize("title", ["OpenCode", "OC | Pears", "OC | Apples", ""])
    def test_an_ambiguous_title_names_no_conversation(self, seek: Seeking, title: str) -> None:
        here = seek().directory
        rows = [("ses_one", "Apples", here, 2_000_000), ("ses_two", "Apples", here, 2_000_000)]
        assert self.found(seek, title, *rows) == ""


CONTEXT = {"type": "user", "content": [{"text": "<session_context> it is Friday"}]}
"""A message that Gemini CLI itself sends to its model."""


class TestGemini:
    def head(self, conversation: str = ID) -> dict[str, object]:
        return {"sessionId": conversation, "projectHash": "x", "kind": "main"}

    def test_its_transcript_is_distinguished_from_one_with_a_similar_name(self, seek: Seeking, tmp_path: Path) -> None:
        chats = tmp_path / "home" / ".gemini" / "tmp" / "project" / "chats"
        write(chats / "session-2026-11-20T14-00-0b9c4c50.jsonl", self.head(OTHER))
        assert find_conversation("gemini", seek(used=True)).availability is Availability.LOST

        record = {"type": "user", "content": [{"text": "hi"}]}
        write(chats / "session-2026-11-20T14-01-0b9c4c50.jsonl", self.head(), record)
        assert find_conversation("gemini", seek(used=True)).availability is Availability.WHOLE

    @pytest.mark.parametrize(
        "record",
        [
            {"type": "gemini", "content": "", "toolCalls": [{"id": "1"}]},
            {"$set": {"messages": [{"type": "user", "content": "hi"}]}},
            {"type": "gemini", "content": "hello"},
        ],
    )
    def test_each_kind_of_message_makes_a_conversation_resumable(
        self, record: dict[str, object], seek: Seeking, tmp_path: Path
    ) -> None:
        chats = tmp_path / "own" / ".gemini" / "tmp" / "project" / "chats"
        path = write(chats / "session-2026-11-20T14-01-0b9c4c50.jsonl", self.head(), CONTEXT)
        assert (
            find_conversation("gemini", seek(GEMINI_CLI_HOME=str(tmp_path / "own"))).availability
            is Availability.NOTHING
        )

        write(path, self.head(), CONTEXT, record)
        assert (
            find_conversation("gemini", seek(GEMINI_CLI_HOME=str(tmp_path / "own"))).availability is Availability.WHOLE
        )

    def test_a_deleted_transcript_is_restored(self, seek: Seeking, tmp_path: Path) -> None:
        name = "session-2026-11-20T14-01-0b9c4c50.jsonl"
        write(tmp_path / "files" / f"{ID}.my.project.{name}", self.head(), {"type": "user", "content": "hi"})
        chats = tmp_path / "home" / ".gemini" / "tmp" / "my.project" / "chats"
        rest = write(chats / name, {"type": "user", "content": "and on"})

        assert find_conversation("gemini", seek(used=True)).availability is Availability.WHOLE
        before_start("gemini", seek())

        assert [json.loads(line).get("content") for line in rest.read_text().splitlines()] == [None, "hi", "and on"]

    def test_an_empty_transcript_with_the_same_id_is_removed_before_a_start(
        self, seek: Seeking, tmp_path: Path
    ) -> None:
        chats = tmp_path / "home" / ".gemini" / "tmp" / "project" / "chats"
        path = write(chats / "session-2026-11-20T14-01-0b9c4c50.jsonl", self.head(), CONTEXT)

        before_start("gemini", seek(conversation=""))
        assert path.exists()

        before_start("gemini", seek())
        assert not path.exists()

    def test_an_empty_second_transcript_is_removed_before_a_start(self, seek: Seeking, tmp_path: Path) -> None:
        chats = tmp_path / "home" / ".gemini" / "tmp" / "project" / "chats"
        whole = write(chats / "session-2026-11-20T14-00-0b9c4c50.jsonl", self.head(), {"type": "user", "content": "hi"})
        twin = write(chats / "session-2026-11-20T15-00-0b9c4c50.jsonl", self.head(), {"$set": {"messages": [CONTEXT]}})
        alone = write(chats / "session-2026-11-20T15-00-11111111.jsonl", self.head(), CONTEXT)
        strange = write(chats / "session-2026-11-20T16-00-0b9c4c50.jsonl", "no json")

        before_start("gemini", seek())

        assert [path.exists() for path in (whole, twin, alone, strange)] == [True, False, True, True]

    def test_several_empty_transcripts_are_kept(self, seek: Seeking, tmp_path: Path) -> None:
        chats = tmp_path / "home" / ".gemini" / "tmp" / "project" / "chats"
        paths = [write(chats / f"session-2026-11-20T1{n}-00-0b9c4c50.jsonl", self.head(OTHER)) for n in range(2)]

        before_start("gemini", seek())

        assert all(path.exists() for path in paths)


class TestCopilot:
    def test_its_events_file_shows_whether_a_prompt_was_sent(self, seek: Seeking, tmp_path: Path) -> None:
        directory = tmp_path / "home" / ".copilot" / "session-state" / ID
        write(directory / "events.jsonl", {"type": "session.start"})
        assert find_conversation("copilot", seek()).availability is Availability.NOTHING

        write(directory / "events.jsonl", {"type": "session.start"}, {"type": "user.message"})
        assert find_conversation("copilot", seek()).availability is Availability.WHOLE

    def test_the_process_that_holds_a_conversation_is_found(self, seek: Seeking, tmp_path: Path) -> None:
        directory = tmp_path / "home" / ".copilot" / "session-state" / ID
        argv = [sys.executable, "-S", "-c", "input('it runs\\n')", "copilot"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"it runs\n", "before that, the kernel may not have its argv yet"
            for pid in (holder.pid, os.getppid(), 2**22 + 1, "x"):
                write(directory / f"inuse.{pid}.hold")

            assert opened_by("copilot", seek()) == [holder.pid]

            holder.communicate(b"\n")


class TestQwen:
    def test_its_transcript(self, seek: Seeking, tmp_path: Path) -> None:
        path = tmp_path / "home" / ".qwen" / "projects" / "-project" / "chats" / f"{ID}.jsonl"
        write(path, {"type": "system"})
        assert find_conversation("qwen", seek()).availability is Availability.NOTHING

        write(path, {"type": "user", "message": "hi"})
        assert find_conversation("qwen", seek()).availability is Availability.WHOLE

    def test_processes_with_the_conversation_open_are_found(self, seek: Seeking, tmp_path: Path) -> None:
        sessions = tmp_path / "home" / ".qwen" / "sessions"
        entry = {"pid": os.getpid(), "sessionId": ID, "procStart": f"{boot_id()}:{start_time(os.getpid())}"}
        write(sessions / "1.json", entry)
        write(sessions / "2.json", entry | {"procStart": f"another-boot:{start_time(os.getpid())}"})

        assert opened_by("qwen", seek()) == [os.getpid()]


class TestOurOwn:
    def test_aiders_history_is_read(self, seek: Seeking, tmp_path: Path) -> None:
        path = write(tmp_path / "files" / f"{ID}.md", "# aider chat started at 2026-11-20")
        assert find_conversation("aider", seek(used=True)).availability is Availability.NOTHING

        write(path, "# aider chat started at 2026-11-20", "", "#### hello")
        assert find_conversation("aider", seek()).availability is Availability.WHOLE

    def test_a_model_servers_conversation_is_found(self, seek: Seeking) -> None:
        write(endpoint_conversation(ID), {})

        assert find_conversation("endpoint", seek()).availability is Availability.WHOLE
