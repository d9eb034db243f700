"""The right that a client needs for each message, and what a client without it gets."""

from __future__ import annotations

from typing import get_args

import pytest

from session_host.protocol import messages as m
from session_host.protocol.rights import Right
from session_host.protocol.values import ErrorCode
from session_host.session.effects import Flush
from session_host.session.rights import _RIGHTS, right_for
from session_host.structured.items import AgentRequest, RequestOption
from tests.support.playbook import Returned, do
from tests.support.scripted_chat import ALLOW as ALLOW_ONCE
from tests.support.session_rules_harness import HELLO_MESSAGE, Harness

EDIT = AgentRequest(
    "1", "edit", 1, "Edit?", "", (ALLOW_ONCE, RequestOption("mode", "More", "allow_always", sets_mode=True))
)


class Asking:
    """A session that asks in its terminal, or by a message."""

    def __init__(self, asks: bool) -> None:
        self._asks = asks

    def asks(self) -> bool:
        return self._asks

    def requests(self) -> dict[str, AgentRequest]:
        return {"1": EDIT}


MODE = m.ChangeSetting("mode", "bypass")
ALLOW = m.AnswerRequest("1", "allow", "digest")


def test_each_message_of_a_client_has_its_right() -> None:
    assert set(get_args(m.FromClient)) == _RIGHTS.keys()


@pytest.mark.parametrize(
    ("message", "asks", "right"),
    [
        (m.Attach(read_only=True), False, Right.READ),
        (m.Attach(), False, Right.ANSWER),
        (m.SendChatInput(1, ALLOW), False, Right.ANSWER),
        (m.SendChatInput(1, MODE), False, Right.ANSWER),
        (m.SendChatInput(1, m.AnswerRequest("1", "mode", "digest")), False, Right.SETTINGS),
        (m.AnswerRequest("1", "mode", "digest"), False, Right.SETTINGS),
        (m.AnswerRequest("1", "yes", "digest"), False, Right.ATTACHMENT),
        (m.SendChatInput(1, m.ReleaseHeld()), False, Right.ANSWER),
        (m.SendChatInput(1, m.Prompt("hello")), True, Right.CONTROL),
        (m.Send(1, "hello"), False, Right.CONTROL),
        (m.Send(1, keys=["Enter"]), True, Right.ANSWER),
        (m.Peek(1), True, Right.READ),
        (m.PeekColors(1), True, Right.READ),
    ],
)
def test_what_may_answer_an_agent_needs_more_than_control(message: m.Message, asks: bool, right: Right) -> None:
    assert right_for(message, Asking(asks)) is right


@pytest.mark.parametrize("chat_input", [ALLOW, MODE], ids=["answer", "mode"])
def test_an_agent_does_not_answer_itself_over_an_attachment(harness: Harness, chat_input: m.ChatInput) -> None:
    harness.start_program().refusal = "not yours"
    client = harness.connection(HELLO_MESSAGE)
    assert (
        harness.script()
        >> harness.sends(client, m.SendChatInput(7, chat_input))
        << Flush(client.frames)
        >> harness.receives(client)
        << Returned([m.Failed(7, ErrorCode.NOT_ALLOWED, "not yours")])
    )


@pytest.mark.parametrize("forged", [m.Report("hook", "Stop"), m.AskUser(1, "1", "{}", report_id="another")])
def test_another_chats_agent_does_not_change_this_chats_status_or_question(harness: Harness, forged: m.Message) -> None:
    harness.session.report_id = "own"
    client = harness.connection(HELLO_MESSAGE)
    own = m.Report("hook", "Stop", report_id="own")
    assert harness.script() >> harness.sends(client, forged, own) >> do(client.events_received) << Returned([own])
