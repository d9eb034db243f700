"""Turns of conversations, read from records that the agents wrote and from damaged ones."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from session_host.agents.conversations import records
from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.records import TooFarBack, lines_backwards
from session_host.agents.conversations.stores import STORES, turns_in
from session_host.agents.conversations.turns import Choice, RecordedText, RecordedTurn, choose, turns_of
from session_host.paths import endpoint_conversation
from session_host.terminal.prompts import TurnPosition

RECORDINGS = Path(__file__).parents[3] / "recordings" / "agents"
"""Records of the agents, each of a conversation of three turns: plain, with a tool, and interrupted."""

IDS = {
    "claude": "c0305bb5-cd21-4c6a-9613-2f4bc50f3194",
    "codex": "01a2034a-959e-7631-817d-057af46cd088",
    "copilot": "cb36092c-96bf-4189-9396-1cfbefbba52a",
    "gemini": "c916edee-0541-48f0-820b-c1a70ac4c587",
    "opencode": "ses_dfcb487deffevv0UhKnqnsXPqm",
    "qwen": "a642c798-1fc9-4d2d-84be-0eb9f4a8a93d",
}
PLACES = {
    "claude": ".claude/projects/-home-user-project/{id}.jsonl",
    "codex": ".codex/sessions/2026/11/22/rollout-2026-11-22T12-45-49-{id}.jsonl",
    "copilot": ".copilot/session-state/{id}/events.jsonl",
    "gemini": ".gemini/tmp/project/chats/session-2026-11-22T12-47-{short}.jsonl",
    "qwen": ".qwen/projects/-home-user-project/chats/{id}.jsonl",
}

Seek = Callable[[str], ConversationQuery]


@pytest.fixture
def seek(tmp_path: Path) -> Seek:
    """A query for the recorded conversation of an agent."""

    def query(name: str) -> ConversationQuery:
        return ConversationQuery(
            IDS[name], "/home/user/project", {"HOME": str(tmp_path)}, tmp_path / "files", used=True
        )

    return query


@pytest.fixture
def record(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an agent's recording to the path where the agent would keep it."""

    def put(name: str) -> Path:
        path = tmp_path / PLACES[name].format(id=IDS[name], short=IDS[name][:8])
        path.parent.mkdir(parents=True)
        path.write_bytes((RECORDINGS / f"{name}.jsonl").read_bytes())
        return path

    return put


def turns(name: str, seek: Seek) -> list[RecordedTurn]:
    return list(turns_in(name, seek(name)))


def append(path: Path, *lines: object) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)


PARTIAL = "\n".join(f"answer line {number:04d}" for number in range(1, 5))


@pytest.mark.parametrize(
    ("name", "last"),
    [("claude", PARTIAL), ("codex", ""), ("copilot", ""), ("gemini", None), ("opencode", PARTIAL), ("qwen", "")],
)
def test_each_turn_of_a_recorded_conversation_is_read(
    name: str, last: str | None, seek: Seek, record: Callable[[str], Path], tmp_path: Path
) -> None:
    if name == "opencode":
        path = tmp_path / ".local" / "share" / "opencode" / "opencode.db"
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((RECORDINGS / "opencode.sql").read_text(encoding="utf-8"))
    else:
        record(name)

    *newer, with_tool, first = turns(name, seek)

    assert first[:2] == ("hello one", "echo: hello one")
    assert all((1.79e9 < turn.at_s < 1.8e9) == (name != "aider") for turn in (*newer, with_tool, first))
    assert with_tool.prompt.startswith("say: I **first** look.\n")
    assert with_tool.answer.startswith("I **first** look.\n\nthe tool said: ")
    assert "the work is done" in with_tool.answer
    assert not with_tool.goes_on
    assert not first.goes_on
    # Qwen Code does not record that its user stopped it.
    assert [turn.is_stopped for turn in newer] == [name != "qwen"] * len(newer)
    assert not with_tool.is_stopped
    assert not first.is_stopped
    # Gemini CLI drops a prompt that was interrupted.
    assert [turn[:2] for turn in newer] == ([] if last is None else [("count: 8 hold: 4", last)])


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_record_without_its_last_text_goes_on(name: str, seek: Seek, record: Callable[[str], Path]) -> None:
    path = record(name)
    lines = path.read_bytes().splitlines(keepends=True)
    end = next(index for index, line in enumerate(lines) if b"the tool said: " in line)
    path.write_bytes(b"".join(lines[:end]))

    last, _ = turns(name, seek)

    assert last.answer == "I **first** look."
    assert last.goes_on


@pytest.mark.parametrize("name", sorted(STORES))
def test_a_missing_record_has_no_turns(name: str, tmp_path: Path) -> None:
    query = ConversationQuery("some-id", "/", {"HOME": str(tmp_path)}, tmp_path, used=True)
    assert list(turns_in(name, query)) == []
    assert list(turns_in("other", query)) == []


@pytest.mark.parametrize("name", sorted(PLACES))
def test_a_half_written_last_line_and_damaged_ones_are_left_out(
    name: str, seek: Seek, record: Callable[[str], Path]
) -> None:
    path = record(name)
    expected = turns(name, seek)
    lines = path.read_bytes().splitlines(keepends=True)
    half = lines[-1][: len(lines[-1]) // 2]
    path.write_bytes(lines[0] + b"\x00\xff{\n[]\n" + b'{"type": 5}\n\n"text"\n' + b"".join(lines[1:]) + half)
    assert turns(name, seek) == expected


class TestClaude:
    def test_messages_of_neither_user_nor_model_are_left_out(self, seek: Seek, record: Callable[[str], Path]) -> None:
        def assistant(text: str, **more: object) -> object:
            return {"type": "assistant", "message": {"content": [{"type": "text", "text": text}]}, **more}

        path = record("claude")
        append(
            path,
            {"type": "user", "message": {"content": [{"type": "text", "text": "a new prompt"}]}},
            assistant("\nIts answer.\n"),
            assistant("a sub-agent's", isSidechain=True),
            {"type": "user", "message": {"content": "for a sub-agent"}, "isSidechain": True},
            {"type": "user", "message": {"content": "a skill's text"}, "isMeta": True},
            {"type": "assistant", "message": {"content": [{"type": "thinking", "thinking": "hm"}]}},
            assistant("API Error: 500", isApiErrorMessage=True),
            {"type": "assistant", "message": {"model": "<synthetic>", "content": [{"type": "text", "text": "No"}]}},
            assistant("Its end."),
        )
        assert turns("claude", seek)[0] == RecordedTurn("a new prompt", "Its answer.\n\nIts end.")

    def test_half_of_a_surrogate_pair_loses_only_that_character(
        self, seek: Seek, record: Callable[[str], Path]
    ) -> None:
        line = r'{"type":"assistant","message":{"content":[{"type":"text","text":"cut \ud83d, \ud83d\ude00"}]}}'
        append(record("claude"), {"type": "user", "message": {"content": "more"}}, line)
        assert turns("claude", seek)[0] == RecordedTurn("more", "cut ?, 😀")


class TestCodex:
    def test_prompts_of_earlier_versions_are_read(self, seek: Seek, record: Callable[[str], Path]) -> None:
        content = [{"type": "output_text", "text": "As ever."}]
        append(
            record("codex"),
            {"type": "event_msg", "payload": {"type": "user_message", "message": "an old prompt"}},
            {"type": "event_msg", "payload": {"type": "agent_message", "message": "As ever."}},
            {"type": "response_item", "payload": {"type": "message", "role": "assistant", "content": content}},
        )
        assert turns("codex", seek)[0] == RecordedTurn("an old prompt", "As ever.")


class TestCopilot:
    def test_sub_agents_are_left_out(self, seek: Seek, record: Callable[[str], Path]) -> None:
        def message(text: str, **more: object) -> object:
            return {"type": "assistant.message", "data": {"content": text, **more}}

        append(
            record("copilot"),
            {"type": "user.message", "data": {"content": "go"}},
            message("I ask another."),
            message("aside", parentToolCallId="call_1"),
            message("Done."),
        )
        assert turns("copilot", seek)[0] == RecordedTurn("go", "I ask another.\n\nDone.")


class TestGemini:
    def test_messages_that_were_rewound_are_left_out(self, seek: Seek, record: Callable[[str], Path]) -> None:
        def message(number: str, kind: str, text: object) -> object:
            return {"id": number, "type": kind, "content": text}

        path = record("gemini")
        before = turns("gemini", seek)
        append(path, message("a", "user", [{"text": "wrong"}]), message("b", "gemini", "A wrong answer."))
        assert turns("gemini", seek) == [RecordedTurn("wrong", "A wrong answer."), *before]
        append(path, {"$rewindTo": "a"})
        assert turns("gemini", seek) == before
        append(
            path,
            message("c", "user", {"text": "right"}),
            message("d", "gemini", "The ri"),
            message("d", "gemini", [{"thought": True, "text": "hm"}, {"text": "The right "}, "answer."]),
        )
        assert turns("gemini", seek) == [RecordedTurn("right", "The right answer."), *before]


class TestOwnFiles:
    def test_lines_that_aider_adds_around_an_answer_are_left_out(self, tmp_path: Path) -> None:
        (tmp_path / "some-id.md").write_bytes((RECORDINGS / "aider.md").read_bytes())
        query = ConversationQuery("some-id", "/", {}, tmp_path, used=True)

        tokens, greet, add = turns_in("aider", query)

        assert (tokens.prompt.strip(), tokens.answer) == ("/tokens", "")
        assert (add.prompt.strip(), add.answer) == ("/add app.py", "")
        assert greet.prompt.split() == ["make", "it", "greet", "politely"]
        assert greet.answer.startswith(
            "I **greet** now:\n\n> a quotation of mine\n\n#### A heading\n\napp.py\n```python\n"
        )
        assert greet.answer.endswith(">>>>>>> REPLACE\n```\n\nOnce more, as asked.")

    def test_a_question_asked_again_replaces_the_earlier_one(self, area: object) -> None:
        path = endpoint_conversation("some-id")
        path.parent.mkdir(parents=True)
        append(
            path,
            {"type": "began", "at": "", "id": "some-id"},
            {"type": "question", "at": "", "text": "first"},
            {"type": "answer", "at": "", "model": "m"},
            {"type": "piece", "text": "one "},
            {"type": "piece", "text": "answer"},
            {"type": "question", "at": "", "text": "second"},
            {"type": "answer", "at": "", "model": "m"},
            {"type": "piece", "text": "bad"},
            {"type": "rewound", "at": "", "keep": 3},
            {"type": "answer", "at": "", "model": "m"},
            {"type": "piece", "text": "better"},
        )
        query = ConversationQuery("some-id", "/", {}, Path("/nonexistent"), used=True)
        assert list(turns_in("endpoint", query)) == [
            RecordedTurn("second", "better"),
            RecordedTurn("first", "one answer"),
        ]


class TestBackwards:
    @pytest.mark.parametrize("content", [b"", b"\n", b"a", b"a\n", b"a\n\nb", b"\nab\ncde\n\n" * 7])
    @pytest.mark.parametrize("piece_bytes", [1, 2, 3, 5, 1000])
    def test_all_lines_come_in_reversed_order(
        self, content: bytes, piece_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(records, "_PIECE_BYTES", piece_bytes)
        (tmp_path / "file").write_bytes(content)
        assert list(lines_backwards(tmp_path / "file")) == content.split(b"\n")[::-1]

    def test_only_the_end_of_a_large_record_is_read(
        self, seek: Seek, record: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = record("claude")
        content = path.read_bytes()
        with path.open("wb") as file:
            file.truncate(100 << 20)  # A sparse file of 100 MB, which takes no disk space.
            file.seek(0, os.SEEK_END)
            file.write(b"\n" + content)
        monkeypatch.setattr(records, "MAX_BYTES", 1 << 20)

        found = turns_in("claude", seek("claude"))

        assert [next(found).prompt for _ in range(3)][-1] == "hello one"
        with pytest.raises(TooFarBack):
            next(found)

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OSError, match="not a regular file"):
            list(lines_backwards(tmp_path / "pipe"))


def test_texts_become_turns() -> None:
    newest_first = [
        RecordedText("agent", "  \n"),
        RecordedText("agent", "two\n"),
        RecordedText("agent", "\n  one"),
        RecordedText("user", "second"),
        RecordedText("user", "first"),
        RecordedText("agent", "of a prompt that is gone"),
    ]
    assert list(turns_of(newest_first)) == [
        RecordedTurn("second", "  one\n\ntwo"),
        RecordedTurn("first", "", is_joined=True),
        RecordedTurn("", "of a prompt that is gone"),
    ]


TURNS = [
    RecordedTurn("go on", "four"),
    RecordedTurn("list the files", ""),
    RecordedTurn("go on", "three"),
    RecordedTurn("What is a very long prompt, as it is wrapped on the screen?", "two"),
    RecordedTurn("go on", "one"),
]


@pytest.mark.parametrize(
    ("place", "skipped", "is_working", "expected"),
    [
        (None, 0, False, Choice(TURNS[0], "last")),
        (None, 0, True, Choice(TURNS[0], "unfinished")),
        (None, 1, False, Choice(TURNS[2], "before")),
        (None, 1, True, Choice(TURNS[1], "unfinished")),
        (TurnPosition(2, "> go on"), 0, False, Choice(TURNS[2], "chosen")),
        # Two turns have this prompt, and there is one mark more than turns.
        (TurnPosition(5, "│ go on  │"), 0, False, Choice(TURNS[4], "chosen")),
        (TurnPosition(0, "> What is a very long\n  prompt, as it is"), 0, False, Choice(TURNS[3], "chosen")),
        (TurnPosition(1, "> list the files"), 0, False, Choice(TURNS[1], "chosen")),
        (TurnPosition(0, "> go on"), 0, True, Choice(TURNS[0], "unfinished")),
        # None of these rows is a prompt.
        (TurnPosition(3, "text"), 0, False, Choice(TURNS[0], "last")),
    ],
)
def test_the_turn_at_the_users_position_is_chosen(
    place: TurnPosition | None, skipped: int, is_working: bool, expected: Choice
) -> None:
    assert choose(iter(TURNS[skipped:]), place, is_working=is_working) == expected


def test_a_turn_without_an_answer_is_not_chosen() -> None:
    assert choose(iter([]), None, is_working=True) is None
    assert choose(iter([RecordedTurn("hello", "")]), TurnPosition(0, ""), is_working=False) is None
