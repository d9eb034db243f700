"""What a chat's own agent may give its chat: prompts, and nothing that changes a mode, runs or answers something."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest

from session_host.agents.catalog import load_catalog
from session_host.paths import config_dir
from session_host.protocol import messages as m
from session_host.protocol.launch import Watch
from session_host.protocol.values import Activity, ErrorCode
from session_host.session.effects import Effect, Flush, SendReply, UseEmulator
from session_host.session.own_prompts import command_sign, own_send, why_no_input, why_no_prompt
from session_host.session.send_queue import (
    ECHO,
    JOINED,
    LINE_IN_USE,
    LINE_NOT_EMPTY,
    NO_ENTER,
    NOT_SHOWN,
    PAUSE,
    SEARCH,
    SETTLE,
    TAKEN,
)
from session_host.terminal.typed_line import PromptState
from tests.support.area import Area
from tests.support.playbook import Returned, do
from tests.support.send_queue_harness import ENTER, SHOWING, TOKEN, SendQueueHarness
from tests.support.session_rules_harness import HELLO_MESSAGE, Harness

AGENT = Watch(shown_within_s=1.0, command_prefixes=("!", "/"))


def prompt(text: str, **fields: Any) -> m.Send:
    return own_send(m.Send(1, text, **{"enter": True, **fields}))


@pytest.mark.parametrize(
    "request_",
    [
        prompt("go on"),
        prompt("go on\n!touch F"),  # One paste: no agent reads a later line as a command.
        prompt("go on!"),
        prompt("“!touch F” is not to be run"),
        prompt("run the tests", enter=False, keys=["Enter"]),
    ],
)
def test_a_prompt_is_typed(request_: m.Send) -> None:
    assert why_no_prompt(request_, AGENT) == ""
    assert (request_.paste, request_.enter, request_.keys) == (True, True, [])


@pytest.mark.parametrize(
    "text",
    [
        "!touch F",
        " !touch F",
        "\n\t/yolo",
        "\u00a0/model",
        "\ufeff!touch F",
        "\u200b!touch F",
        "\u3164!x",
        "\uff01touch F",
    ],
)
def test_a_text_that_begins_as_a_command_is_refused(text: str) -> None:
    assert "which may be a command" in why_no_prompt(prompt(text), AGENT)
    assert "which may be a command" in why_no_input(m.SendChatInput(1, m.Prompt(text)), AGENT)
    assert "which may be a command" in why_no_input(m.Send(1, text), AGENT)


@pytest.mark.parametrize(
    "request_",
    [
        prompt("", keys=["Shift+Tab"], enter=False),
        prompt("", keys=["Ctrl+y"]),
        prompt("go on", keys=["Enter", "Enter"]),
        prompt(""),
        prompt("go on", enter=False),
        prompt("y", enter=False),
        prompt("go on", anyway=True),
        prompt("go\x1b[Zon"),
        prompt("go on\x19"),
    ],
    ids=repr,
)
def test_keys_and_parts_of_a_text_are_refused(request_: m.Send) -> None:
    assert "one text with Enter" in why_no_prompt(request_, AGENT)


def test_nothing_is_typed_where_it_is_not_seen_that_a_text_is_a_prompt(area: Area) -> None:
    """What is typed ahead into a program that reads lines answers its next question: aider is one."""
    assert "Outlive sees" in why_no_prompt(prompt("y"), Watch(command_prefixes=()))
    for name, agent in load_catalog(config_dir()).items():
        is_seen = name in {"claude", "codex", "gemini", "opencode", "copilot", "qwen"}
        assert (why_no_prompt(prompt("go on"), agent.signals) == "") == is_seen, name


def test_an_agent_whose_file_says_nothing_takes_no_sign_for_the_beginning_of_a_prompt() -> None:
    signs = [chr(code) for code in range(33, 127) if not chr(code).isalnum()]
    assert [sign for sign in signs if command_sign(f"{sign} x", Watch().command_prefixes) is None] == []
    assert command_sign("go on", Watch().command_prefixes) is None
    assert command_sign("go on", ("",)) == ""


@pytest.mark.parametrize("request_", [m.Send(7, keys=["Ctrl+y"]), m.Send(7, "!touch F", enter=True)], ids=["key", "!"])
def test_an_agent_does_not_raise_its_own_permissions(harness: Harness, request_: m.Send) -> None:
    """The user's requests, and those of the agent that started it, are typed."""
    harness.start_program().answer_refusal = "inside"
    client = harness.connection(HELLO_MESSAGE)
    script = harness.script() >> harness.sends(client, request_) << Flush(client.frames) >> harness.receives(client)
    reply = m.Failed(7, ErrorCode.NOT_ALLOWED, why_no_prompt(own_send(request_), Watch()))
    assert script << Returned([reply]) >> do(client.events_received)
    harness.answer_refusal = ""
    assert harness.script() >> harness.sends(client, request_) >> do(client.events_received) << Returned([request_])


# ------------------------------------------------------------------- where it is typed


@pytest.fixture
def queue() -> SendQueueHarness:
    """The queue of an idle agent's chat, of which its own agent is a client."""
    harness = SendQueueHarness(SHOWING, agent="claude")
    harness.terminal.prompt.program_began()
    return harness


OWN = own_send(m.Send(1, "hello", enter=True, token=TOKEN))


def refused(queue: SendQueueHarness) -> bool:
    """Whether a prompt of the agent is refused, and nothing is typed."""
    reply = SendReply("one", m.Failed(1, ErrorCode.NOT_ALLOWED, f"{LINE_NOT_EMPTY}; nothing was typed"))
    queue.queue.request(msgspec.structs.replace(OWN, token=uuid.uuid4().hex), "one")
    return settled(queue) == [queue.use, reply]


@pytest.mark.parametrize("typed", [b"!", b"fix", b"/model\r", b"\x1b[200~!touch F\x1b[201~"])
def test_a_prompt_does_not_join_what_the_user_has_typed(queue: SendQueueHarness, typed: bytes) -> None:
    queue.terminal.prompt.typed(typed)
    assert refused(queue)


def test_a_prompt_does_not_join_what_was_typed_while_the_agent_seemed_to_ask(queue: SendQueueHarness) -> None:
    queue.terminal.activity_changed(Activity.NEEDS_INPUT)
    queue.terminal.prompt.typed(b"1")
    queue.terminal.activity_changed(Activity.IDLE)
    assert queue.terminal.prompt.state is PromptState.EMPTY
    queue.terminal.activity_changed(Activity.NEEDS_INPUT)
    queue.terminal.prompt.typed(b"!")
    queue.terminal.activity_changed(Activity.IDLE)
    assert refused(queue)


def test_a_prompt_is_not_typed_as_lines_of_their_own(queue: SendQueueHarness) -> None:
    queue.emulator.feed(b"\x1b[?2004l")
    assert refused(queue)


def test_a_prompt_that_cannot_be_found_on_the_screen_is_not_typed(queue: SendQueueHarness) -> None:
    queue.queue.request(own_send(m.Send(1, "2", enter=True, token=TOKEN)), "one")
    reply = m.Failed(1, ErrorCode.NOT_ALLOWED, f"{LINE_NOT_EMPTY}; nothing was typed")
    assert settled(queue) == [queue.use, SendReply("one", reply)]


def test_a_prompt_gets_enter_once_it_is_seen_and_the_next_waits_for_its_turn(queue: SendQueueHarness) -> None:
    queue.queue.request(OWN, "one")
    assert queue.typed() in settled(queue)
    queue.emulator.feed(b"hello")
    queue.session.frame_for_viewers(b"x", 1)
    queue.queue.timer_due(SEARCH)
    assert queue.typed("\r", ENTER) not in settled(queue)
    queue.queue.timer_due(SETTLE)
    assert queue.typed("\r", ENTER) in settled(queue)
    queue.queue.timer_due(PAUSE)
    assert refused(queue)
    queue.terminal.activity_changed(Activity.WORKING)
    assert not refused(queue)


def test_enter_is_not_pressed_for_a_text_that_was_typed_before(queue: SendQueueHarness) -> None:
    """A request with the token of an earlier one, whose text was not seen, would press Enter at any other place."""
    queue.terminal.typed_tokens.append(TOKEN)
    queue.emulator.feed(b"hello")
    queue.queue.request(OWN, "one")
    reply = m.Failed(1, ErrorCode.NOT_ALLOWED, f"{LINE_NOT_EMPTY}; nothing was typed")
    assert settled(queue) == [queue.use, SendReply("one", reply)]


def test_the_same_text_elsewhere_on_the_screen_that_scrolls_is_not_the_typed_one(queue: SendQueueHarness) -> None:
    """An agent's call of ``outlive send`` shows the text, too; Enter would answer a dialog that dropped the paste."""
    queue.emulator.feed(b"\n" * 20 + b"outlive send docs hello")
    queue.queue.request(OWN, "one")
    assert queue.typed() in settled(queue)
    queue.emulator.feed(b"\n" * 10)
    queue.session.frame_for_viewers(b"x", 1)
    queue.queue.timer_due(ECHO)
    effects = settled(queue)
    assert SendReply("one", m.Failed(1, ErrorCode.FAILED, NOT_SHOWN + NO_ENTER)) in effects
    assert queue.typed("\r", ENTER) not in effects


# ------------------------------------------------------------------- a report to the agent


REPORT = m.Send(1, "hello", paste=True, enter=True, token=TOKEN, is_guarded=True)


def typed_before(queue: SendQueueHarness) -> None:
    """A host that was killed typed the report, without Enter; the agent shows it."""
    assert queue.terminal.type_bytes(b"\x1b[200~hello\x1b[201~", TOKEN)
    queue.take_effects()
    queue.emulator.feed(b"hello")


def answered(queue: SendQueueHarness) -> list[m.Reply]:
    """Send the report; returns what is answered until it is typed."""
    queue.queue.request(REPORT, "one")
    return [each.reply for each in settled(queue) if isinstance(each, SendReply)]


def test_a_report_gets_enter_from_the_host_behind_the_one_that_typed_it(queue: SendQueueHarness) -> None:
    typed_before(queue)
    queue.terminal.prompt.typed(b"\x1b[I")  # The terminal got the focus.
    assert answered(queue) == []
    queue.queue.timer_due(SETTLE)
    assert queue.typed("\r", ENTER) in settled(queue)


def test_a_report_gets_no_enter_with_what_its_user_typed_behind_it(queue: SendQueueHarness) -> None:
    typed_before(queue)
    queue.terminal.prompt.typed(b" and")
    refusal = f"{LINE_IN_USE}; the text was typed before, without Enter"
    assert answered(queue) == [m.Failed(1, ErrorCode.FAILED, refusal)]


def test_what_is_typed_behind_a_report_before_enter_is_not_sent(queue: SendQueueHarness) -> None:
    assert answered(queue) == []
    queue.emulator.feed(b"hello")
    queue.session.frame_for_viewers(b"x", 1)
    queue.queue.timer_due(SEARCH)
    assert settled(queue)[-1] != queue.typed("\r", ENTER)
    queue.terminal.prompt.typed(b" and")
    queue.queue.timer_due(SETTLE)
    effects = settled(queue)
    assert queue.typed("\r", ENTER) not in effects
    reply = m.Failed(1, ErrorCode.FAILED, f"{JOINED}; the text was typed, but not Enter")
    assert SendReply("one", reply) in effects


def test_a_report_that_its_user_has_sent_or_deleted_is_not_sent_again(queue: SendQueueHarness) -> None:
    typed_before(queue)
    queue.terminal.prompt.typed(b"\r")
    queue.terminal.activity_changed(Activity.WORKING)
    assert answered(queue) == [m.Failed(1, ErrorCode.TAKEN, TAKEN)]


@pytest.mark.parametrize("typed", [b"!", b"fix", b"\x1b[200~!touch F\x1b[201~"])
def test_a_report_does_not_join_what_the_user_has_typed(queue: SendQueueHarness, typed: bytes) -> None:
    queue.terminal.prompt.typed(typed)
    assert answered(queue) == [m.Failed(1, ErrorCode.FAILED, f"{LINE_IN_USE}; nothing was typed")]


def test_a_report_answers_no_question(queue: SendQueueHarness) -> None:
    queue.open_question = "Allow?"
    assert [each.code for each in answered(queue) if isinstance(each, m.Failed)] == [ErrorCode.NEEDS_INPUT]


def settled(queue: SendQueueHarness) -> list[Effect]:
    """Let the queue use the emulator as often as it wants; returns the effects."""
    effects: list[Effect] = []
    while new := queue.take_effects():
        effects += new
        for _ in filter(lambda each: isinstance(each, UseEmulator), new):
            queue.queue.use_emulator(queue.emulator)
    return effects
