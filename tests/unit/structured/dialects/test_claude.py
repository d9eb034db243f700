"""The Claude dialect, fed with recorded chats."""

from __future__ import annotations

import json

import msgspec
import pytest

from session_host.protocol.messages import AnswerRequest, Interrupt, Prompt
from session_host.structured.dialects.claude.background import Background
from session_host.structured.dialects.claude.dialect import ClaudeDialect
from session_host.structured.dialects.claude.tools import with_result
from session_host.structured.items import Item
from session_host.structured.rules import StructuredRules
from tests.support.replayed_claude import CURRENT, EARLIER, RECORDINGS, ReplayedClaude, entries


@pytest.fixture(scope="module")
def replayed() -> ReplayedClaude:
    replayed = ReplayedClaude()
    for entry in entries(CURRENT):
        replayed.replay(entry)
    return replayed


def test_the_same_lines_are_sent_as_in_the_recorded_chat(replayed: ReplayedClaude) -> None:
    assert replayed.sent == [each["msg"] for each in entries(CURRENT) if each["dir"] == "->"]


def test_no_message_of_a_recorded_chat_is_unknown(replayed: ReplayedClaude) -> None:
    assert replayed.raws() == []


def test_a_streamed_message_and_its_whole_text_are_one_item(replayed: ReplayedClaude) -> None:
    assert [each.text for each in replayed.transcript if each.text == "echo: hello"] == ["echo: hello"]
    answers = [each for each in replayed.transcript if each.kind == "agent" and each.turn == "s-2"]
    assert [(each.status, each.text.count("\n")) for each in answers] == [("done", 3)]


def test_an_answer_that_an_interrupt_cut_is_not_called_done(replayed: ReplayedClaude) -> None:
    turn = replayed.find("user", "count: 50 delay: 50 long").turn
    (answer,) = [each for each in replayed.transcript if each.kind == "agent" and each.turn == turn]
    assert (answer.status, answer.text[-5:]) == ("interrupted", "0003\n")


def test_an_answer_that_is_whole_when_the_interrupt_arrives_is_done() -> None:
    replayed = ReplayedClaude()
    for entry in entries(CURRENT)[:15]:
        replayed.replay(entry)
    replayed.do(Interrupt())
    for entry in entries(CURRENT)[15:]:
        replayed.replay(entry)
        if entry["msg"].get("type") == "result":
            break
    assert replayed.find("agent", "echo: hello").status == "done"


def test_a_steering_text_goes_into_the_turn_after_a_tool_or_begins_one(replayed: ReplayedClaude) -> None:
    assert replayed.find("user", "steered into it").turn == replayed.find("user", "sleep 0.3").turn
    steered = replayed.find("user", "steered")
    assert steered.turn == steered.id
    assert {each.status for each in replayed.transcript if each.kind == "user"} == {"done"}


@pytest.mark.parametrize(
    ("option", "status"), [("allow", "done"), ("decline", "declined"), ("stop", "declined"), ("q", "interrupted")]
)
def test_a_command_that_asks_for_permission(replayed: ReplayedClaude, option: str, status: str) -> None:
    tool = replayed.find("tool", f"echo {option} >")
    assert (tool.tool, tool.command, tool.status) == ("execute", f"echo {option} > {option}.txt", status)
    assert tool.output == ""


def test_a_failed_command_has_its_output_and_exit_code(replayed: ReplayedClaude) -> None:
    tool = replayed.find("tool", "exit 3")
    assert (tool.status, tool.exit_code, tool.output) == ("failed", 3, "out")


def test_an_edit_has_the_diff_with_the_lines_of_the_file(replayed: ReplayedClaude) -> None:
    (change,) = replayed.find("tool", "Edit").changes
    assert change.path == "/home/user/project/f.txt"
    assert replayed.find("tool", "Edit").title == "Edit f.txt"
    assert change.patch == "@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n"
    (change,) = replayed.find("tool", "Write").changes
    assert (change.kind, change.patch) == ("add", "@@ -0,0 +1,2 @@\n+a\n+b\n")


def test_a_sub_agent_that_works_in_the_background_has_items_below_its_call(replayed: ReplayedClaude) -> None:
    call = replayed.find("tool", "look")
    assert call.output == "Runs in the background.\nthe tool said: (Bash completed with no output)"
    below = [each for each in replayed.transcript if each.parent == call.id]
    assert [(each.kind, each.status) for each in below] == [("tool", "done"), ("agent", "done")]


def test_only_the_end_of_a_background_command_is_reported() -> None:
    replayed = ReplayedClaude()
    replayed.do(Prompt("run it"))
    for call, is_first in (("foreground", False), ("background", True)):
        use = {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": "sleep 3", "description": call}}
        result = {"type": "tool_result", "tool_use_id": call, "content": "Command running in background with ID: b1"}
        ended = {"type": "system", "subtype": "task_notification", "tool_use_id": call, "summary": f"{call} ended"}
        result_message = {"type": "user", "message": {"role": "user", "content": [result]}}
        later = [result_message, ended] if is_first else [ended, result_message]
        for message in ({"type": "assistant", "message": {"id": call, "content": [use]}}, *later):
            replayed.replay({"dir": "<-", "msg": message})
    assert [each.text for each in replayed.transcript if each.kind == "notice"] == ["background ended"]


def test_errors_of_the_service_are_shown_once(replayed: ReplayedClaude) -> None:
    notices = [each.text for each in replayed.transcript if each.kind == "notice"]
    assert "The model's service: error 529. Trying again in 1 s (attempt 1 of 10)." in notices
    assert notices.count("API Error: 400 refused with 400, as the test asks") == 1


def test_settings_and_commands_are_known(replayed: ReplayedClaude) -> None:
    status = replayed.transcript.status
    assert [(each.id, each.value) for each in status.settings] == [
        ("model", "sonnet"),
        ("mode", "default"),
        ("effort", "high"),
    ]
    assert "sonnet" not in {each.name for each in status.settings[0].choices}
    assert len(status.commands) == 3
    assert status.capabilities.steer
    assert status.usage is not None
    assert status.usage.window == 1_000_000


def test_a_message_cut_by_the_agents_death_is_kept_and_marked(replayed: ReplayedClaude) -> None:
    last = replayed.transcript[len(replayed.transcript) - 1]
    assert (last.status, last.text) == ("cut", "answer line 0001\nanswer line 0002\nanswer line 0003\n")
    assert replayed.transcript.status.last_turn is not None
    assert replayed.transcript.status.last_turn.outcome == "cut"


def test_saving_the_state_at_every_message_makes_no_difference(replayed: ReplayedClaude) -> None:
    saving = ReplayedClaude(saves=True)
    for entry in entries(CURRENT):
        saving.replay(entry)
    assert saving.sent == replayed.sent
    assert saving.transcript.snapshot() == replayed.transcript.snapshot()


def test_the_program_may_end_after_any_message() -> None:
    recorded = entries(CURRENT)
    replayed = ReplayedClaude()
    for entry in recorded:
        replayed.replay(entry)
        state, dialect = replayed.rules.save()
        ended = StructuredRules(ClaudeDialect, replayed.start, "s")
        ended.load(msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state)), dialect)
        ended.end(2)
        assert ended.state.ended
        assert ended.state.running == [] or entry["dir"] == "end"


def test_a_cleared_conversation_is_shown_and_its_new_id_known() -> None:
    replayed = ReplayedClaude()
    for message in (
        {"type": "conversation_reset", "new_conversation_id": "c", "session_id": "a"},
        {"type": "system", "subtype": "init", "session_id": "b"},
    ):
        replayed.replay({"dir": "<-", "msg": message})
    assert [each.kind for each in replayed.transcript] == ["notice"]
    assert replayed.transcript.status.conversation == "b"


def test_messages_of_the_previous_version_are_understood() -> None:
    replayed = ReplayedClaude()
    prompts = 0
    for entry in entries(EARLIER):
        if entry["dir"] == "<-":
            replayed.replay(entry)
            continue
        message = entry["msg"]
        if message["type"] == "user":
            prompts += 1
            replayed.do(Prompt(message["message"]["content"][0]["text"]))
        elif message["type"] == "control_response":
            replayed.do(AnswerRequest(replayed.transcript.open_requests[0].id, "allow", ""))
        elif message["request"]["subtype"] == "interrupt":
            replayed.do(Interrupt())
    assert replayed.raws() == []
    assert [each.text for each in replayed.transcript if each.kind == "agent"] == [
        "PONG-123: hello stream",
        "TOOL-DONE-125: (Bash completed with no output)",
        "PONG-126: slow 20 stop ",
        "PONG-127: slow 3 first w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11 w12 w13 w14 END-127",
        "PONG-128: queued while running",
        "PONG-129: after resume",
    ]
    assert prompts == 6


BACKGROUND = [json.loads(line) for line in (RECORDINGS / "claude-background.jsonl").read_text().splitlines()]
"""A command and a sub-agent in the background, each with the turn that its end begins; then a scheduled prompt."""


@pytest.mark.parametrize("version", ["2.1.332", "2.1.197"])
@pytest.mark.parametrize("saves", [False, True])
def test_what_runs_in_the_background_is_said_until_it_is_over(version: str, saves: bool) -> None:
    replayed = ReplayedClaude(saves=saves)
    replayed.replay({"dir": "<-", "msg": {"type": "control_response", "response": {"request_id": "outlive-1"}}})
    states: list[tuple[str, str]] = []
    prompted = 0
    for message in (each["msg"] for each in BACKGROUND if each["version"] == version):
        # Claude begins the other turns by itself.
        if message.get("subtype") == "init" and prompted in {0, 2, 4}:
            replayed.do(Prompt("go on"))
        prompted += message.get("subtype") == "init"
        replayed.replay({"dir": "<-", "msg": message})
        status = replayed.transcript.status
        if not states or states[-1] != (status.state, status.detail):
            states.append((status.state, status.detail))
    assert replayed.raws() == []
    assert states == [
        ("running", ""),
        ("background", "Wait a moment"),
        ("idle", ""),
        ("running", ""),
        ("idle", ""),
        ("running", ""),
        ("background", "sub-agent Look around"),
        ("idle", ""),
        ("running", ""),
        ("idle", ""),
        ("running", ""),
        ("idle", "Scheduled: Every 7 minutes"),
    ]


def test_a_task_that_is_no_activity_is_no_work_in_the_background() -> None:
    replayed = ReplayedClaude()
    replayed.replay({"dir": "<-", "msg": {"type": "control_response", "response": {"request_id": "outlive-1"}}})
    tasks = [{"task_id": "a", "description": "watch", "ambient": True}]
    replayed.replay({"dir": "<-", "msg": {"type": "system", "subtype": "background_tasks_changed", "tasks": tasks}})
    assert replayed.transcript.status.state == "idle"


def test_a_scheduled_prompt_that_was_taken_back_or_is_over_is_not_said_any_more() -> None:
    background, now_ms = Background(), 1_795_000_000_000
    background.scheduled({"id": "a", "humanSchedule": "Every 7 minutes", "recurring": True})
    background.scheduled({"id": "b", "humanSchedule": "at 3 pm", "recurring": False, "nextFireAt": now_ms + 2000.5})
    background.scheduled({"scheduledFor": now_ms + 5000})
    assert background.plans(now_ms + 1000) == "Every 7 minutes, at 3 pm, once"
    assert background.plans(now_ms + 3000) == "Every 7 minutes, once"
    background.scheduled({"id": "a"})
    assert background.plans(now_ms + 3000) == "once"
    background.scheduled({"id": "c", "humanSchedule": "Every hour", "recurring": True, "nextFireAt": float("inf")})
    assert background.plans(now_ms + 3000) == "once, Every hour"
    background.scheduled({"jobs": []})
    assert background.plans(now_ms + 4000) == "once"
    assert background.plans(now_ms + 5000) == ""


def test_an_exit_code_of_any_number_of_digits_is_no_end_of_the_chat() -> None:
    for digits in (400, 5000):
        output = f"Exit code {'9' * digits}\nno"
        shown = with_result(
            Item("c", "tool", 1, tool="execute"),
            {"content": output, "is_error": True},
            None,
            denied=False,
            now_ms=1,
        )
        assert (shown.status, shown.exit_code) == ("failed", None)
        assert shown.output == output
