"""Lists of conversations, read from records that the agents wrote and from damaged and hostile files."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from session_host.agents.conversations import base, listing_files, opencode
from session_host.agents.conversations.base import (
    Availability,
    ConversationQuery,
    StoredConversation,
    StoredConversations,
)
from session_host.agents.conversations.records import FIRST_BYTES, LAST_BYTES
from session_host.agents.conversations.stores import STORES, can_list, find_conversation, list_stored, turns_in
from tests.support.fuzzing import chance, times
from tests.unit.agents.conversations.test_turns import IDS, PLACES, RECORDINGS

PROJECT = "/home/user/project"
FIRST, LAST = "hello one", "count: 8 hold: 4"
"""The first and the last prompt of each recording."""

LAST_KEPT = {"gemini": "say: I **first** look. tool: sh work.sh"}
"""Gemini CLI takes an interrupted prompt back."""

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Writes an agent's recording, or other bytes, to the path where the agent would keep the conversation."""

    def write(name: str, data: bytes | None = None, conversation: str = "", changed_s: float = 0) -> Path:
        conversation = conversation or IDS[name]
        path = tmp_path / PLACES[name].format(id=conversation, short=conversation[:8])
        path.parent.mkdir(parents=True, exist_ok=True)
        if data is None:
            data = (RECORDINGS / f"{name}.jsonl").read_bytes().replace(IDS[name].encode(), conversation.encode())
        if name == "gemini":
            own_hash = hashlib.sha256(PROJECT.encode()).hexdigest().encode()
            data = data.replace(b"ef8482a8a7a626849d33d041f1719c48c2b3a0c8fe96db27f090d6f35efc9236", own_hash)
            (path.parents[1] / ".project_root").write_text(PROJECT)
        path.write_bytes(data)
        if changed_s:
            os.utime(path, (changed_s, changed_s))
        return path

    return write


def stored(name: str, home: Path, directory: str = PROJECT) -> StoredConversations:
    query = ConversationQuery("", directory, {"HOME": str(home)}, home / "files", used=False)
    return list_stored(name, query, lambda: False)


def listed(name: str, home: Path, directory: str = PROJECT) -> list[StoredConversation]:
    return stored(name, home, directory).newest


def titles(name: str, home: Path) -> list[tuple[str, str]]:
    return [(stored.title, stored.last_prompt) for stored in listed(name, home)]


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


@pytest.mark.parametrize("name", PLACES)
def test_conversations_written_by_agents_are_listed(name: str, put: Put, tmp_path: Path) -> None:
    put(name, changed_s=1_800_000_000)

    assert listed(name, tmp_path) == [
        StoredConversation(IDS[name], PROJECT, FIRST, LAST_KEPT.get(name, LAST), 1_800_000_000)
    ]


def test_conversations_in_opencodes_database_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / ".local" / "share" / "opencode" / "opencode.db"
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((RECORDINGS / "opencode.sql").read_text(encoding="utf-8"))
        query = "SELECT directory, title, time_updated FROM session WHERE id = ?"
        directory, title, changed_ms = connection.execute(query, (IDS["opencode"],)).fetchone()
    before = sorted(path.parent.iterdir())

    found = {each.conversation: each for each in listed("opencode", tmp_path)}
    assert found[IDS["opencode"]] == StoredConversation(IDS["opencode"], directory, title, LAST, changed_ms / 1000)
    assert not stored("opencode", tmp_path).has_older
    with monkeypatch.context() as context:
        context.setattr(opencode, "MAX_LISTED", 0)
        assert stored("opencode", tmp_path) == ([], True)
    assert sorted(path.parent.iterdir()) == before, "no files beside it"

    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE session SET title = 'New session - 2026-11-22T12:00:00.000Z'")
    assert FIRST in [each.title for each in listed("opencode", tmp_path)], "until it has a title of its own"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE session SET parent_id = 'ses_other'")
    assert listed("opencode", tmp_path) == [], "sub-agents' conversations"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(OSError, match="not a database"):
        listed("opencode", tmp_path)


@pytest.mark.parametrize("name", [name for name in STORES if can_list(name)])
def test_without_files_the_list_is_empty(name: str, tmp_path: Path) -> None:
    assert listed(name, tmp_path) == []


@pytest.mark.parametrize("name", PLACES)
def test_of_too_many_conversations_the_newest_are_read(
    name: str, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_files, "MAX_LISTED", 2)
    for number in range(4):
        put(name, conversation=f"0000000{number}-1111-4222-8333-444444444444", changed_s=1_000_000 + number)
        assert stored(name, tmp_path).has_older is (number >= 2)

    assert [each.changed_s for each in listed(name, tmp_path)] == [1_000_003, 1_000_002]


def test_of_too_many_conversations_those_of_the_directory_come_first(
    put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_files, "MAX_LISTED", 1)
    put("claude", changed_s=1_000_000)
    other = tmp_path / ".claude" / "projects" / "-elsewhere" / "00000001-1111-4222-8333-444444444444.jsonl"
    other.parent.mkdir()
    other.write_bytes((RECORDINGS / "claude.jsonl").read_bytes())

    assert [each.conversation for each in listed("claude", tmp_path)] == [IDS["claude"]]


def test_a_cancelled_listing_is_empty(put: Put, tmp_path: Path) -> None:
    put("claude")
    query = ConversationQuery("", PROJECT, {"HOME": str(tmp_path)}, tmp_path, used=False)

    assert list_stored("claude", query, lambda: True).newest == []


def user(text: object, **more: object) -> dict[str, object]:
    return {"type": "user", "cwd": PROJECT, "message": {"role": "user", "content": text}, **more}


class TestClaude:
    def test_each_kind_of_title_is_read(self, put: Put, tmp_path: Path) -> None:
        generated = {"type": "ai-title", "aiTitle": "Apples and pears", "sessionId": IDS["claude"]}
        chosen = {"type": "custom-title", "customTitle": "fruit", "sessionId": IDS["claude"]}
        record = {"type": "last-prompt", "lastPrompt": "and\n\tplums", "sessionId": IDS["claude"]}
        put("claude", lines(user("I like apples"), generated, record))
        assert titles("claude", tmp_path) == [("Apples and pears", "and plums")]

        put("claude", lines(user("I like apples"), chosen, generated, record))
        assert titles("claude", tmp_path) == [("fruit", "and plums")]

    @pytest.mark.parametrize(
        "note",
        [
            user("<local-command-caveat>Caveat: …</local-command-caveat>"),
            user("the summary", isCompactSummary=True),
            user("a note", isMeta=True),
            user([{"type": "tool_result", "content": "done"}]),
            user([{"type": "text", "text": "[Request interrupted by user]"}]),
            user("<command-name>/model</command-name>\n<command-args>opus</command-args>"),
        ],
    )
    def test_a_text_that_is_not_the_users_is_no_title(self, note: object, put: Put, tmp_path: Path) -> None:
        put("claude", lines(note, user([{"type": "text", "text": "<div> is wrong"}])))

        assert [title for title, _ in titles("claude", tmp_path)] == ["<div> is wrong"]

    def test_a_pasted_first_prompt_is_the_title_without_its_tags(self, put: Put, tmp_path: Path) -> None:
        put("claude", lines(user('\n<pasted_content id="1">\nI like apples\n</pasted_content id="1">\n')))

        assert [title for title, _ in titles("claude", tmp_path)] == ["I like apples"]

    def test_a_conversation_of_commands_alone_is_named_after_the_first(self, put: Put, tmp_path: Path) -> None:
        put("claude", lines(user("<command-name>/review</command-name>")))

        assert [title for title, _ in titles("claude", tmp_path)] == ["/review"]

    def test_empty_and_sub_agent_conversations_are_left_out(self, put: Put, tmp_path: Path) -> None:
        put("claude", lines({"type": "mode"}, {"type": "permission-mode"}))
        put("claude", lines(user("look", isSidechain=True)), "00000001-1111-4222-8333-444444444444")

        assert listed("claude", tmp_path) == []

    def test_a_conversation_of_a_script_is_marked(self, put: Put, tmp_path: Path) -> None:
        put("claude", lines(user("look", entrypoint="sdk-cli")))

        assert [stored.is_scripted for stored in listed("claude", tmp_path)] == [True]

    def test_a_conversation_that_moved_into_a_worktree_has_the_new_directory(self, put: Put, tmp_path: Path) -> None:
        moved = {"type": "relocated", "relocatedCwd": PROJECT}
        put("claude", lines(user("look") | {"cwd": "/home/user/previous"}, moved))

        assert [stored.directory for stored in listed("claude", tmp_path)] == [PROJECT]

    def test_a_first_prompt_with_a_large_image_is_the_title(self, put: Put, tmp_path: Path) -> None:
        picture = {"type": "image", "source": {"type": "base64", "data": "A" * FIRST_BYTES}}
        record = {"type": "last-prompt", "lastPrompt": "what is it?"}
        put("claude", lines(user([{"type": "text", "text": "what is it?"}, picture]), user("x" * LAST_BYTES), record))

        assert titles("claude", tmp_path) == [("what is it?", "what is it?")]


class TestCodex:
    def rollout(self, **more: object) -> bytes:
        meta = {"id": IDS["codex"], "cwd": PROJECT, "source": "cli"} | more
        record = {"type": "user_message", "message": "I like apples"}
        return lines({"type": "session_meta", "payload": meta}, {"type": "event_msg", "payload": record})

    def test_a_rollout_of_an_earlier_version_is_read(self, put: Put, tmp_path: Path) -> None:
        put("codex", self.rollout())

        assert titles("codex", tmp_path) == [("I like apples", "")]

    @pytest.mark.parametrize("meta", [{"source": {"subagent": "review"}}, {"thread_source": "subagent"}])
    def test_sub_agents_are_left_out(self, meta: dict[str, object], put: Put, tmp_path: Path) -> None:
        put("codex", self.rollout(**meta))

        assert listed("codex", tmp_path) == []

    def test_a_conversation_of_a_script_is_marked(self, put: Put, tmp_path: Path) -> None:
        put("codex", self.rollout(source="exec"))

        assert [stored.is_scripted for stored in listed("codex", tmp_path)] == [True]


def test_names_given_by_users_of_codex_and_qwen_code_are_titles(put: Put, tmp_path: Path) -> None:
    put("codex")
    names = [{"id": IDS["codex"], "thread_name": name} for name in ("before", "fruit")]
    (tmp_path / ".codex" / "session_index.jsonl").write_bytes(b"damaged\n" + lines(*names))
    named = {"type": "system", "subtype": "custom_title", "systemPayload": {"customTitle": "fruit"}}
    put("qwen", (RECORDINGS / "qwen.jsonl").read_bytes() + lines(named))

    assert titles("codex", tmp_path) == titles("qwen", tmp_path) == [("fruit", LAST)]


@pytest.mark.parametrize(
    ("yaml", "title"), [("fruit: apples", "fruit: apples"), ('"quoted"', FIRST), ("|-", FIRST), ("", FIRST)]
)
def test_a_name_given_by_copilots_user_is_the_title(yaml: str, title: str, put: Put, tmp_path: Path) -> None:
    path = put("copilot")
    path.with_name("workspace.yaml").write_text(f"id: x\nname: {yaml}\nuser_named: true\n")

    assert [found for found, _ in titles("copilot", tmp_path)] == [title]


def test_geminis_empty_and_sub_agent_files_are_left_out(put: Put, tmp_path: Path) -> None:
    path = put("gemini")
    head = json.loads(path.read_bytes().splitlines()[0])
    path.with_name("session-x-00000001.jsonl").write_bytes(lines(head, {"type": "user", "content": "/help"}))
    path.with_name("session-x-00000002.jsonl").write_bytes(
        lines(head | {"kind": "subagent", "sessionId": "other"}, {"type": "user", "content": "look"})
    )
    assert titles("gemini", tmp_path) == [(FIRST, LAST_KEPT["gemini"])], "an empty twin and a sub-agent's are left out"

    replaced = {"$set": {"messages": [{"type": "user", "content": "the first of all"}]}}
    path.write_bytes(lines(head, replaced))
    assert titles("gemini", tmp_path) == [("the first of all", "the first of all")]


HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202eevil\u2066\r\n\x00 " + "x" * 5000


def test_a_hostile_title_is_one_short_clean_line(put: Put, tmp_path: Path) -> None:
    record = {"type": "last-prompt", "lastPrompt": HOSTILE}
    put("claude", lines(user(HOSTILE), record))

    [(title, last)] = titles("claude", tmp_path)
    for text in (title, last):
        assert len(text) <= base.MAX_CHARACTERS
        assert not [character for character in text if unicodedata.category(character) in {"Cc", "Cf"}]
        assert "evil" in text


@pytest.mark.parametrize("name", PLACES)
def test_paths_that_are_no_regular_files_are_skipped(name: str, put: Put, tmp_path: Path) -> None:
    path = put(name)
    path.unlink()
    os.mkfifo(path)
    assert listed(name, tmp_path) == [], "a pipe does not block"
    path.unlink()
    path.mkdir()
    assert listed(name, tmp_path) == []
    path.rmdir()
    path.symlink_to("/nonexistent")
    assert listed(name, tmp_path) == []


@pytest.mark.parametrize("name", PLACES)
def test_a_link_to_itself_among_an_agents_files_hides_no_conversation(name: str, put: Put, tmp_path: Path) -> None:
    path = put(name)
    for directory in path.parents[: len(Path(PLACES[name]).parts)]:
        for loop in ("loop", f"loop{path.suffix}"):
            (directory / loop).symlink_to(loop)
    other = path.parents[1] / "-home-user-other" / path.name
    other.parent.mkdir()
    other.symlink_to(other.name)

    assert [each.conversation for each in listed(name, tmp_path, str(tmp_path / "loop"))] == [IDS[name]]
    query = ConversationQuery(IDS[name], PROJECT, {"HOME": str(tmp_path)}, tmp_path / "files", used=True)
    assert find_conversation(name, query).availability is Availability.WHOLE
    assert next(turns_in(name, query)).prompt


@pytest.mark.parametrize("name", PLACES)
def test_randomly_damaged_files_raise_nothing(name: str, put: Put, tmp_path: Path) -> None:
    whole = (RECORDINGS / f"{name}.jsonl").read_bytes()
    with chance() as choose:
        for _ in range(times(60)):
            data = bytearray(whole[: choose.randrange(len(whole))] if choose.random() < 0.5 else whole)
            for _ in range(choose.randrange(40)):
                at = choose.randrange(len(data) + 1)
                match choose.randrange(4):
                    case 0:
                        data[at : at + choose.randrange(400)] = b""
                    case 1:
                        data[at:at] = choose.randbytes(choose.randrange(9))
                    case 2:
                        data[at:at] = choose.choice([b"\n", b'"', b"{", b"[" * 3000, b"\\ud83d", b"null", b"\x00"])
                    case _:
                        data[at : at + 1] = bytes([choose.randrange(256)])
            put(name, bytes(data))
            for stored in listed(name, tmp_path):
                assert isinstance(stored.conversation, str)
                assert not [each for each in stored.title + stored.last_prompt if unicodedata.category(each) == "Cc"]
