"""A recorded conversation with Codex 0.169.0: three turns with steering, interrupt, requests, kill and resume."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from session_host.structured.dialects.base import Start
from session_host.structured.items import RequestOpened, StateChanged, TurnOver
from tests.support.codex_chat import DIRECTORY, CodexChat, recording
from tests.support.fuzzing import damaged

APPROVED = (
    "TOOL-DONE-6: Chunk ID: 784dcd\nWall time: 0.0000 seconds\nProcess exited with code 0\nOriginal token count: 3\n"
    "Output:\napproved-42\n"
)
DECLINED = 'TOOL-DONE-8: exec_command failed: CreateProcess { message: "Rejected(\\"rejected by user\\")" }'
CONVERSATION = "01a1f7bb-68a2-7d30-8aa2-b0f89e728e81"


def replayed(process: int, *, reloads: bool = False, has_history: bool = False) -> CodexChat:
    start = Start(directory=DIRECTORY, conversation=CONVERSATION if process == 2 else "", has_history=has_history)
    chat = CodexChat(start, reloads=reloads)
    chat.replay(recording(process))
    return chat


def test_the_transcript_has_each_item_once_and_in_order() -> None:
    chat = replayed(1)
    chat.end()
    assert [each for each in chat.shown() if each[0] != "notice"] == [
        ("user", "done", "hello app-server"),
        ("agent", "done", "PONG-1: hello app-server"),
        ("user", "done", "slow 4 first"),
        ("agent", "interrupted", "PONG-2: slow 4 first w1 w2 "),
        ("user", "done", "steered text"),
        ("agent", "done", "PONG-3: steered text"),
        ("user", "done", "slow 20 stop me"),
        ("agent", "interrupted", "PONG-4: slow 20 "),
        ("user", "done", "tool!: echo approved-$((6*7)) > out.txt; cat out.txt"),
        ("tool", "done", "echo approved-$((6*7)) > out.txt; cat out.txt"),
        ("agent", "done", APPROVED),
        ("user", "done", "tool!: echo two"),
        ("tool", "declined", "echo two"),
        ("agent", "done", DECLINED),
        ("user", "done", "slow 20 kill me"),
        ("agent", "cut", "PONG-9: "),
    ]
    assert [each.text[:30] for each in chat.items if each.kind == "notice"] == [
        "Codex could not find bubblewra",
        "Model metadata for `gpt-5.1-co",
    ]


def test_tools_have_their_command_their_output_and_their_times() -> None:
    tool = next(each for each in replayed(1).items if each.kind == "tool")
    assert tool.command == "/bin/bash -lc 'echo approved-$((6*7)) > out.txt; cat out.txt'"
    assert (tool.output, tool.exit_code, tool.directory) == ("approved-42\n", 0, "/home/user/proj")
    assert (tool.at_ms, tool.ended_ms) == (1795157618886, 1795157619920)


def test_requests_are_shown_and_answered_with_the_exact_decision() -> None:
    chat = replayed(1)
    opened = [each.request for each in chat.changes if isinstance(each, RequestOpened)]
    assert [each.shown_subject for each in opened] == ["echo approved-$((6*7)) > out.txt; cat out.txt", "echo two"]
    assert [each.reason for each in opened] == ["fake: may I?"] * 2
    assert opened[1].options[1].label == "Always allow `echo two`…"
    assert opened[1].options[1].name == "Always allow commands that begin with echo two"
    assert [each for each in chat.sent if "result" in each] == [
        {"id": 0, "result": {"decision": "accept"}},
        {"id": 1, "result": {"decision": "decline"}},
    ]
    assert [each.option for each in chat.transcript.answers.values()] == ["accept", "decline"]


def test_the_state_follows_turns_and_requests() -> None:
    chat = replayed(1)
    chat.end()
    states = [state for state, _ in groupby(each.state for each in chat.changes if isinstance(each, StateChanged))]
    expected = ["running", "requires_action", "running", "idle"]
    assert states == ["idle", *["running", "idle"] * 3, *expected, *expected, "running", "ended"]
    ends = [(each.outcome, each.tokens) for each in chat.changes if isinstance(each, TurnOver)]
    assert ends == [
        ("completed", 15),
        ("completed", 15),
        ("interrupted", 0),
        ("completed", 30),
        ("completed", 30),
        ("cut", 0),
    ]


def test_usage_and_settings_are_known() -> None:
    status = replayed(1).transcript.status
    assert status.usage is not None
    assert (status.usage.used, status.usage.window, status.usage.total) == (15, 258400, 90)
    assert status.conversation == CONVERSATION
    assert {each.id: each.value for each in status.settings} == {
        "model": "gpt-5.1-codex",
        "mode": "default",
        "approvals": "on-request",
        "sandbox": "workspace-write",
    }


def test_the_resumed_conversation_is_shown_if_the_transcript_lacks_it() -> None:
    chat = replayed(2)
    shown = [each for each in chat.shown() if each[0] != "notice"]
    assert shown[:2] == [("user", "done", "hello app-server"), ("agent", "done", "PONG-1: hello app-server")]
    assert ("user", "done", "steered text") in shown
    assert shown[-3:] == [
        ("user", "done", "slow 20 kill me"),
        ("user", "done", "after restart"),
        ("agent", "done", "PONG-10: after restart"),
    ]
    assert chat.transcript.status.state == "idle"
    assert [each.tokens for each in chat.changes if isinstance(each, TurnOver)][-1] == 15
    texts = {
        chat.transcript[chat.transcript.position(key)].text: end.at_ms for key, end in chat.transcript.ends.items()
    }
    assert (texts["PONG-1: hello app-server"], texts["PONG-3: steered text"]) == (1795157616876, 1795157618115)
    [command, *_] = [item for item in chat.items if item.kind == "tool"]
    assert command.at_ms <= command.ended_ms < 1795157700000, "not the time at which it was shown again"


def test_the_resumed_conversation_adds_nothing_to_a_transcript_that_has_it() -> None:
    chat = replayed(2, has_history=True)
    assert [each for each in chat.shown() if each[0] != "notice"] == [
        ("user", "done", "after restart"),
        ("agent", "done", "PONG-10: after restart"),
    ]
    assert "thread/turns/list" not in [each.get("method") for each in chat.sent]


@pytest.mark.parametrize("process", [1, 2])
def test_saving_the_state_at_each_step_makes_no_difference(process: int) -> None:
    whole, reloaded = replayed(process), replayed(process, reloads=True)
    assert reloaded.changes == whole.changes
    assert reloaded.sent == whole.sent
    assert not [each for each in whole.items if each.kind == "raw"]


@pytest.mark.parametrize("process", [1, 2])
def test_the_conversation_can_be_cut_after_any_message(process: int) -> None:
    messages = recording(process)
    for length in range(len(messages)):
        chat = CodexChat(Start(directory=DIRECTORY, conversation=CONVERSATION if process == 2 else ""))
        chat.replay(messages[:length])
        chat.end()
        assert chat.transcript.status.state == "ended"
        assert not [each for each in chat.items if each.kind == "raw" or each.status == "running"]


def test_a_field_of_another_type_drops_no_message() -> None:
    """Each field of each kind of message is replaced by values of all types, where the message is in the recording."""
    seen: set[str] = set()
    messages = recording(1)
    faults: list[str] = []
    for position, each in enumerate(messages):
        kind = re.sub(r"msg_\d+|call_\d+|[0-9a-f-]{36}|\d+", "", f"{each.message.get('method')} {list(each.message)}")
        kind += str(each.message.get("params", {}).get("item", {}).get("type"))
        if each.ours or kind in seen:
            continue
        seen.add(kind)
        chat = CodexChat()
        chat.replay(messages[:position])
        saved = chat.rules.save()
        for wrong, message in damaged(each.message):
            chat.rules.load(*saved)
            before = len(chat.changes)
            chat.hear(message)
            chat.rules.save()
            raw = [found.item.title for found in chat.changes[before:] if hasattr(found, "item")]
            faults += [f"{kind} {wrong}: {title}" for title in raw if re.match(r"\w+(Error|Exception)", title)]
    assert len(seen) > 12
    assert not faults
