"""Conversations that Claude Code saved, as items of a transcript."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from session_host.errors import NotResumable
from session_host.structured.dialects.claude.saved import items_of, message_before

RECORDINGS = Path(__file__).parents[3] / "recordings" / "agents"


def recorded(name: str) -> list[bytes]:
    return (RECORDINGS / name).read_bytes().splitlines()


def message(line_id: str, parent: str | None, speaker: str, content: Any, **more: Any) -> bytes:
    body = {"role": speaker, "content": content, **({"id": f"m-{line_id}"} if speaker == "assistant" else {})}
    return json.dumps(
        {
            "type": speaker,
            "uuid": line_id,
            "parentUuid": parent,
            "timestamp": "2026-11-22T12:00:00.500Z",
            "isSidechain": False,
            "message": body,
            **more,
        }
    ).encode()


def words(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}]


def spoken(lines: list[bytes]) -> list[tuple[str, str]]:
    return [(item.kind, item.text or item.title) for item in items_of(lines)]


def test_a_recorded_conversation_has_its_prompts_answers_commands_and_compaction():
    items = items_of(recorded("claude-compacted.jsonl"))
    assert [(item.kind, item.status, item.text or item.command) for item in items] == [
        ("user", "done", "tool: sh work.sh"),
        ("tool", "done", "sh work.sh"),
        ("agent", "done", "the tool said: the work is done"),
        ("user", "done", "tool: touch declined"),
        ("tool", "declined", "touch declined"),
        ("agent", "done", "the tool said: The user declined this tool use. It was not run."),
        ("user", "done", "/model"),
        ("notice", "", "Kept model as `Opus 5.5 (default)`"),
        ("user", "done", "! echo hi there"),
        ("notice", "", "hi there"),
        ("agent", "done", "the tool said: The user declined this tool use. It was not run."),
        ("notice", "", "Conversation compacted"),
        ("user", "done", "/compact"),
        ("notice", "", "Compacted (ctrl+o to see full summary)"),
        ("user", "done", "hello after"),
        ("agent", "done", "echo: hello after"),
    ]
    assert items[1].output == "the work is done"
    assert len({item.id for item in items}) == len(items)
    assert items[0].at_ms == 1_795_408_524_409
    assert items[0].turn == items[1].turn == items[2].turn != items[3].turn


@pytest.mark.parametrize(
    ("saved", "shown"),
    [
        ('\n\n<pasted_content id="1">\none\n two\n</pasted_content id="1">\n', "one\n two"),
        ('Why?\n<pasted_content id="1">one</pasted_content>\nand <b>\n', "Why?\none\nand <b>"),
    ],
)
def test_a_pasted_text_is_shown_without_the_tags_around_it(saved: str, shown: str) -> None:
    assert spoken([message("1", None, "user", saved)]) == [("user", shown)]


def test_the_received_part_of_an_interrupted_answer_is_shown():
    items = items_of(recorded("claude.jsonl"))
    assert items[-1].text.startswith("answer line 0001")
    assert not any("[Request interrupted" in item.text for item in items)


def test_the_branch_that_the_user_left_is_not_shown():
    lines = [
        message("1", None, "user", "first"),
        message("2", "1", "assistant", words("one")),
        message("3", "2", "user", "a wrong way"),
        message("4", "3", "assistant", words("wrong")),
        message("5", "2", "user", "another way"),
        message("6", "5", "assistant", words("right")),
    ]
    assert spoken(lines) == [("user", "first"), ("agent", "one"), ("user", "another way"), ("agent", "right")]


def test_results_of_parallel_calls_are_kept():
    def call(number: int) -> list[dict[str, Any]]:
        return [{"type": "tool_use", "id": f"call-{number}", "name": "Bash", "input": {"command": f"run {number}"}}]

    def result(number: int) -> list[dict[str, Any]]:
        return [{"type": "tool_result", "tool_use_id": f"call-{number}", "content": f"out {number}"}]

    same = {"id": "m", "role": "assistant"}
    lines = [
        message("1", None, "user", "both"),
        message("2", "1", "assistant", [], message={**same, "content": call(1)}),
        message("3", "2", "assistant", [], message={**same, "content": call(2)}),
        message("4", "2", "user", result(1)),
        message("5", "3", "user", result(2)),
        message("6", "5", "assistant", words("done")),
    ]
    tools = [item for item in items_of(lines) if item.kind == "tool"]
    assert [(item.command, item.output, item.status) for item in tools] == [
        ("run 1", "out 1", "done"),
        ("run 2", "out 2", "done"),
    ]


def test_a_line_that_is_missing_does_not_hide_what_is_before_it():
    lines = [
        message("1", None, "user", "first"),
        message("2", "1", "assistant", words("one")),
        message("4", "missing", "user", "second"),
    ]
    assert spoken(lines) == [("user", "first"), ("agent", "one"), ("user", "second")]


def test_texts_that_claude_adds_are_left_out_and_images_are_kept():
    picture = {"type": "image", "source": {"media_type": "image/png", "data": base64.b64encode(b"png").decode()}}
    lines = [
        message("1", None, "user", "a caveat", isMeta=True),
        message("2", "1", "user", [*words("<system-reminder>be good</system-reminder>"), *words("look"), picture]),
        message("3", "2", "assistant", words("API Error: 500"), isApiErrorMessage=True),
        message("4", "3", "user", "of a sub-agent", isSidechain=True),
        message("5", "3", "user", "a summary", isCompactSummary=True),
    ]
    prompt, error = items_of(lines)
    assert (prompt.text, [image.data for image in prompt.images]) == ("look", [b"png"])
    assert (error.kind, error.text) == ("notice", "API Error: 500")


def test_a_call_without_a_result_is_cut():
    call = [{"type": "tool_use", "id": "c", "name": "Bash", "input": {"command": "sleep 9"}}]
    _, tool = items_of([message("1", None, "user", "go"), message("2", "1", "assistant", call)])
    assert tool.status == "cut"


@pytest.mark.parametrize("seed", range(20))
def test_damaged_lines_do_no_harm(seed: int):
    chance = random.Random(seed)
    lines = recorded("claude-compacted.jsonl")
    for _ in range(12):
        place = chance.randrange(len(lines))
        match chance.randrange(4):
            case 0:
                lines[place] = lines[place][: chance.randrange(len(lines[place]) + 1)]
            case 1:
                lines[place] = chance.randbytes(30)
            case 2:
                del lines[place]
            case _:
                lines[place] = json.dumps(
                    [None, {"type": "user", "message": 3}, {"message": {"content": [None]}}][chance.randrange(3)]
                ).encode()
    items_of(lines)
    assert items_of([]) == []


def test_lines_that_name_each_other_do_not_loop_for_ever():
    assert len(items_of([message("1", "2", "user", "a"), message("2", "1", "user", "b")])) == 2


def begins(name: str, beginning: str) -> str:
    """The id of the recorded line that begins with this text."""
    [found] = [
        each for line in recorded(f"{name}.jsonl") if (each := str(json.loads(line).get("uuid"))).startswith(beginning)
    ]
    return found


def test_a_fork_before_a_prompt_ends_with_the_last_message_before_it():
    lines = recorded("claude-compacted.jsonl")
    assert message_before(lines, begins("claude-compacted", "958b1952")) == begins("claude-compacted", "121a6d3e")
    assert message_before([message("1", None, "user", "one"), message("2", "1", "user", "two")], "2") == "", "no answer"
    lines = [
        message("1", None, "user", "one"),
        message("2", "1", "assistant", words("first")),
        json.dumps({"type": "system", "uuid": "3", "parentUuid": "2", "subtype": "turn_duration"}).encode(),
        message("4", "3", "user", "two"),
        message("5", "4", "assistant", words("second")),
        b"no JSON",
    ]
    assert message_before(lines, "4") == "2"
    assert message_before(lines, "1") == ""


def test_a_fork_before_a_compacted_prompt_is_refused():
    lines = recorded("claude-compacted.jsonl")
    with pytest.raises(NotResumable, match="has compacted"):
        message_before(lines, begins("claude-compacted", "fac9888b"))
    assert message_before(lines, "unknown") is None
