"""Turns that have ended, counted from records that agents wrote."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from session_host.agents.conversations.base import ConversationQuery
from session_host.agents.conversations.counting import counting
from session_host.agents.conversations.counting.base import Counted
from session_host.agents.conversations.counting.counting import count, count_since
from session_host.agents.conversations.records import processes_in_conversation
from session_host.agents.conversations.stores import STORES, record_path, turns_in
from session_host.protocol.turns import TurnWork

from .test_turns import IDS, PLACES, RECORDINGS

EARLY_S: Final = 0.2
"""How long before its turn began a prompt was recorded."""
NOON_S: Final = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def query_for(name: str, home: Path) -> ConversationQuery:
    return ConversationQuery(IDS[name], "/home/user/project", {"HOME": str(home)}, home / "files", used=True)


def put(name: str, home: Path, recording: str = "") -> ConversationQuery:
    """Write an agent's recording where the agent would keep it."""
    if name == "opencode":
        path = home / ".local/share/opencode/opencode.db"
        path.parent.mkdir(parents=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript((RECORDINGS / f"{recording or name}.sql").read_text(encoding="utf-8"))
    else:
        path = home / PLACES[name].format(id=IDS[name], short=IDS[name][:8])
        path.parent.mkdir(parents=True)
        path.write_bytes((RECORDINGS / f"{recording or name}.jsonl").read_bytes())
    return query_for(name, home)


def counted(name: str, query: ConversationQuery) -> list[Counted | None]:
    """The turns of a conversation, each counted when it had just ended."""
    starts = [each.at_s + EARLY_S for each in turns_in(name, query)][::-1]
    found = []
    for number, _ in enumerate(starts, 1):
        known = dict(enumerate(starts[:number], 1))
        ended_s = starts[number] - 1.5 if number < len(starts) else starts[-1] + 10
        found.append(count(name, query, known, number, ended_s))
    return found


WHOLE: Final = {
    "claude": [(True, False), (True, False), (True, True)],
    "codex": [(True, False), (True, False), (True, True)],
    "copilot": [(True, False), (True, False), (True, True)],
    "gemini": [(True, False), (True, False)],
    "opencode": [(True, False), (True, False), (True, True)],
    "qwen": [(True, False), (True, False), (False, False)],
}
"""Whether a record has the turn whole, and whether it says that the user stopped it, as the third one was."""


@pytest.mark.parametrize("name", WHOLE)
def test_a_record_tells_whether_it_has_a_turn_and_whether_the_user_stopped_it(name: str, home: Path) -> None:
    found = counted(name, put(name, home))
    assert [each and (each.is_whole, each.is_stopped) for each in found] == WHOLE[name]


def test_what_a_turn_of_claude_did_is_in_its_record(home: Path) -> None:
    found = counted("claude", put("claude", home))
    assert [each and each.work for each in found] == [
        TurnWork(read=1, written=2, known="least"),
        TurnWork(read=2, written=4, known="least", commands=1),
        TurnWork(read=1, written=1, known="least"),
    ]


def test_what_a_turn_of_codex_did_is_in_its_record(home: Path) -> None:
    found = counted("codex", put("codex", home))
    assert [each and each.work for each in found] == [TurnWork(), TurnWork(commands=1), TurnWork()]


def test_a_newer_codex_records_tokens_edits_and_errors_and_a_turn_with_sub_agents_has_no_work(home: Path) -> None:
    found = counted("codex", put("codex", home, "codex-work"))
    assert [each and each.work for each in found] == [
        TurnWork(read=3, written=3, known="least", commands=2, failed=1),
        TurnWork(read=2, written=2, known="least", files=2, added=4, removed=1),
        TurnWork(),
        None,
    ]
    failed = found[2]
    assert failed is not None
    assert (failed.is_whole, failed.is_limit) == (True, False)
    assert "refused with 400" in failed.error


def test_what_a_turn_of_gemini_did_is_in_its_record(home: Path) -> None:
    found = counted("gemini", put("gemini", home))
    assert [each and each.work for each in found] == [
        TurnWork(read=1, written=1, known="least"),
        TurnWork(read=2, written=2, known="least", commands=1),
    ]


def test_edits_and_failed_commands_of_gemini_are_counted(home: Path) -> None:
    found = counted("gemini", put("gemini", home, "gemini-work"))
    assert [each and each.work for each in found] == [
        TurnWork(read=3, written=3, known="least", commands=2, failed=1),
        TurnWork(read=4, written=4, known="least", files=2, added=4, removed=1, looks=1),
    ]


@pytest.mark.parametrize("name", ["copilot", "opencode", "qwen"])
def test_what_a_turn_of_another_agent_did_is_in_its_record(name: str, home: Path) -> None:
    """Turns: a question, a command that fails, a new file, a look at it, an edit, a command that the user refused."""
    found = counted(name, put(name, home, f"{name}-work"))
    works = [each and each.work for each in found]
    assert works[:5] == [
        TurnWork(read=1, written=1, known="least"),
        TurnWork(read=2, written=2, known="least", commands=1, failed=1),
        TurnWork(read=2, written=2, known="least", files=1, added=2),
        TurnWork(read=2, written=2, known="least", looks=1),
        TurnWork(read=2, written=2, known="least", files=1, added=2, removed=1),
    ]
    if name != "copilot":
        assert works[5] == TurnWork(read=1, written=1, known="least", declined=1), "no answer follows"


SUB_AGENT: Final = """
INSERT INTO session VALUES ('ses_sub', '{conversation}'), ('ses_below', 'ses_sub'), ('ses_other', NULL);
INSERT INTO message VALUES
    ('m1', 'ses_sub', {at}, {at}, '{{"role": "assistant", "tokens": {{"input": 10, "output": 1}}}}'),
    ('m2', 'ses_below', {at}, {at}, '{{"role": "assistant", "tokens": {{"cache": {{"read": 5}}}}}}'),
    ('m3', 'ses_sub', 1, 1, '{{"role": "assistant", "tokens": {{"input": 1000}}}}'),
    ('m4', 'ses_other', {at}, {at}, '{{"role": "assistant", "tokens": {{"input": 1000}}}}');
INSERT INTO part VALUES ('p1', 'm1', 'ses_sub', {at}, {at}, '{{"type": "tool", "tool": "bash", "state": {{}}}}');
"""
"""A sub-agent with one of its own in the third turn; an earlier one, and another conversation."""


def test_tokens_of_a_sub_agent_of_opencode_count_and_its_calls_do_not(home: Path) -> None:
    query = put("opencode", home, "opencode-work")
    third = [each.at_s for each in turns_in("opencode", query)][::-1][2]
    path = record_path("opencode", query)
    assert path is not None
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SUB_AGENT.format(conversation=query.conversation, at=round(third * 1000) + 1))
    found = counted("opencode", query)[2]
    expected = TurnWork(read=12, cached=5, written=3, known="least", files=1, added=2)
    assert found is not None
    assert found.work == expected


def test_the_newest_turn_of_a_conversation_is_counted_from_when_it_began(home: Path) -> None:
    query = put("opencode", home, "opencode-work")
    newest = max(each.at_s for each in turns_in("opencode", query))
    assert count_since("opencode", query, newest) == counted("opencode", query)[-1].work  # type: ignore[union-attr]
    assert count_since("opencode", query, newest + 1000) == TurnWork()
    assert count_since("opencode", query._replace(conversation="ses_none"), newest) == TurnWork()
    assert count_since("opencode", query._replace(environment={"HOME": "/nowhere"}), newest) is None
    assert count_since("", query, newest) is None


@pytest.mark.parametrize("name", sorted(STORES))
def test_before_a_record_is_there_the_place_is_known_where_it_will_be(name: str, home: Path) -> None:
    query = query_for("claude", home)
    path = record_path(name, query)
    assert path is not None
    assert not path.exists()
    found = count(name, query, {1: 1.0}, 1, 2.0)
    assert found is not None
    assert (found.is_whole, found.directory.is_dir(), path.is_relative_to(found.directory)) == (False, True, True)


def test_of_an_agent_without_a_record_nothing_is_counted(home: Path) -> None:
    assert count("", query_for("claude", home), {1: 1.0}, 1, 2.0) is None


# ---------------------------------------------------------------- what Claude Code writes


class Record:
    """Claude Code's record of one turn, which began at second 1 and ended at second 9."""

    def __init__(self, home: Path) -> None:
        self.query = query_for("claude", home)
        self.path = record_path("claude", self.query)
        assert self.path is not None
        self.path.parent.mkdir(parents=True)
        self.said = self.lines = 0

    def add(self, second: int, kind: str, content: object, **fields: object) -> None:
        assert self.path is not None
        line = {"type": kind, "message": {"content": content}, "timestamp": f"2026-11-20T12:00:{second:02d}Z"}
        ids = {"uuid": f"line-{self.lines + 1}", "parentUuid": f"line-{self.lines}" if self.lines else None}
        self.lines += 1
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**line, **ids, "cwd": "/src", **fields}) + "\n")

    def asks(self, second: int, text: str) -> None:
        self.add(second, "user", text)

    def says(self, second: int, *blocks: dict[str, Any]) -> None:
        """Add an answer, a line for each block, with the usage in each."""
        self.said += 1
        for block in blocks:
            message = {
                "id": f"msg_{self.said}",
                "content": [block],
                "stop_reason": "tool_use" if block["type"] == "tool_use" else "end_turn",
                "usage": {
                    "input_tokens": 3,
                    "cache_creation_input_tokens": 20,
                    "cache_read_input_tokens": 100,
                    "output_tokens": 7,
                },
            }
            self.add(second, "assistant", [], message=message)

    def result(
        self, second: int, call: str, *, detail: object = None, is_error: bool = False, **fields: object
    ) -> None:
        block = {"type": "tool_result", "tool_use_id": call, "content": "done", "is_error": is_error}
        self.add(second, "user", [block], toolUseResult=detail, **fields)

    def work(self) -> TurnWork | None:
        found = count("claude", self.query, {1: NOON_S + 1.0}, 1, NOON_S + 9.0)
        assert found is not None
        assert found.is_whole
        return found.work


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words}


def call(name: str, number: str, **values: object) -> dict[str, Any]:
    return {"type": "tool_use", "id": number, "name": name, "input": values}


PATCH: Final = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 2, "lines": ["-old", "+new", "+more"]}]


@pytest.fixture
def record(home: Path) -> Record:
    return Record(home)


def test_edits_commands_and_tokens_of_a_turn_are_counted_and_those_of_its_neighbours_are_not(record: Record) -> None:
    record.asks(0, "before")
    record.says(0, call("Bash", "zero", command="true"))
    record.result(0, "zero")
    record.says(0, text("That was before."))
    record.asks(1, "now")
    record.says(2, text("I look."), call("Edit", "one", file_path="/src/a", old_string="old", new_string="new\nmore"))
    record.result(3, "one", detail={"filePath": "/src/a", "structuredPatch": PATCH})
    record.says(4, call("Bash", "two", command="make"), call("Bash", "three", command="rm x"))
    record.result(5, "two", is_error=True)
    record.result(5, "three", is_error=True, permissionDecision={"decision": "reject"})
    record.says(6, text("Done."))
    assert record.work() == TurnWork(
        read=69, cached=300, written=21, known="least", files=1, added=2, removed=1, commands=1, failed=1, declined=1
    )
    record.asks(11, "behind it")
    record.says(12, call("Bash", "four", command="true"))
    work = record.work()
    assert work is not None
    assert work.commands == 1


def test_the_work_of_a_turn_with_sub_agents_is_not_known_in_part(record: Record) -> None:
    record.asks(1, "now")
    record.says(2, call("Agent", "one", description="look", prompt="look"))
    record.result(3, "one")
    record.says(4, text("Done."))
    assert record.work() is None


def test_of_a_turn_in_which_the_conversation_was_compacted_the_recorded_requests_count(record: Record) -> None:
    record.asks(1, "now")
    record.says(2, call("Bash", "one", command="true"))
    record.result(3, "one")
    record.add(4, "system", "", subtype="compact_boundary")
    record.says(5, text("Done."))
    assert record.work() == TurnWork(read=46, cached=200, written=14, known="least", commands=1)


@pytest.mark.parametrize(
    ("error", "parameters", "is_limit", "resets_at"),
    [
        (
            "rate_limit",
            {"rate_limit_info": {"status": "rejected", "resetsAt": 1796057939}},
            True,
            "2026-11-30T16:58:59.000Z",
        ),
        ("rate_limit", None, True, ""),
        ("unknown", None, False, ""),
    ],
)
def test_an_error_of_claude_ends_its_turn_and_a_limit_is_known_by_its_kind(
    record: Record, error: str, parameters: object, is_limit: bool, resets_at: str
) -> None:
    """The sentence about it may change with each version."""
    record.asks(1, "now")
    fields = {"isApiErrorMessage": True, "error": error, "apiErrorParams": parameters}
    record.add(2, "assistant", [text("You have had enough.")], **fields)
    found = count("claude", record.query, {1: NOON_S + 1.0}, 1, NOON_S + 9.0)
    assert found is not None
    assert (found.is_whole, found.is_limit, found.resets_at, found.work) == (True, is_limit, resets_at, TurnWork())


def test_of_a_turn_that_began_too_far_back_the_end_is_not_taken_for_the_whole(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    record.asks(1, "now")
    record.says(2, call("Bash", "one", command="true"))
    record.result(3, "one")
    record.says(4, text("Done."))
    assert record.work() == TurnWork(read=46, cached=200, written=14, known="least", commands=1)
    monkeypatch.setattr(counting, "READ_BYTES", 200)
    assert count("claude", record.query, {1: NOON_S + 1.0}, 1, NOON_S + 9.0) is None


def test_a_record_with_a_number_of_another_type_keeps_its_text_and_its_tools(record: Record) -> None:
    record.asks(1, "now")
    record.says(2, call("Bash", "one", command="make"))
    record.result(3, "one", is_error=True)
    record.says(4, text("Done."))
    assert record.path is not None
    written = record.path.read_text(encoding="utf-8")
    for number in ("NaN", "1e999", "1e308", '"12"', "null", "true", "-7", "9" * 400, "9" * 5000):
        record.path.write_text(written.replace('"output_tokens": 7', f'"output_tokens": {number}'), encoding="utf-8")
        work = record.work()
        assert work == TurnWork(read=46, cached=200, known="least", commands=1, failed=1), number[:8]


def test_a_start_of_thousands_of_digits_is_not_known_and_hides_no_process(tmp_path: Path) -> None:
    running = {"pid": os.getpid(), "sessionId": "a", "procStart": "9" * 5000}
    (tmp_path / "1.json").write_text(json.dumps(running), encoding="utf-8")
    (tmp_path / "2.json").write_bytes(b'{"pid": 1, "sessionId": "\xff"}')
    assert processes_in_conversation(tmp_path, "a") == [os.getpid()]
