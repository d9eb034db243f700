"""The open questions of a chat, and answers to them that are given outside of its page."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from session_host.errors import HostUnavailable
from session_host.protocol.codec import UNREADABLE
from session_host.protocol.messages import AgentRequests, AnswerRequest, OpenRequests, SendChatInput
from session_host.protocol.untrusted_text import one_line
from session_host.structured.items import AgentRequest

from .chat import Chat

_decoder = msgspec.msgpack.Decoder(list[AgentRequest])


class OpenQuestions(NamedTuple):
    """The open questions of a chat.

    Attributes:
        requests: its open requests, oldest first.
        elsewhere: the question that only its terminal asks, one line; "" for none.
        outcome: how the newest request was resolved that is not open any more, one line; "" if that is not known.
    """

    requests: list[AgentRequest]
    elsewhere: str
    outcome: str


async def open_questions(chat: Chat) -> OpenQuestions:
    """Ask a chat for its questions.

    Raises:
        OutliveError: it does not answer, or its questions are only in its terminal.
    """
    reply: AgentRequests = await chat.ask(OpenRequests(0))
    try:
        requests = _decoder.decode(reply.data)
    except UNREADABLE as error:  # Another machine may send anything.
        raise HostUnavailable("the question cannot be read") from error
    return OpenQuestions(requests, reply.elsewhere, one_line(reply.outcome))


async def answer_question(chat: Chat, answer: AnswerRequest, by: str) -> None:
    """Answer a chat's question; ``by`` says where.

    Raises:
        OutliveError: another answer came first, the question has changed, or the chat cannot be reached.
    """
    await chat.ask(SendChatInput(0, answer, by=by))
