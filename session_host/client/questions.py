"""What a chat's agent asks, and answers to it: the same for each front. The host decides (``structured.answers``)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from session_host.protocol.codec import UNREADABLE
from session_host.protocol.messages import AgentRequests, AnswerRequest, Done, OpenRequests, SendChatInput
from session_host.protocol.untrusted_text import one_line
from session_host.structured.answers import done_words
from session_host.structured.items import AgentRequest, RequestOption

_decoder = msgspec.msgpack.Decoder(list[AgentRequest])

Ask = Callable[[OpenRequests | SendChatInput], Awaitable[Any]]
"""Sends a request to a chat's host, and returns the reply: see ``control.request``."""


class OpenQuestions(NamedTuple):
    """What a chat's agent asks.

    Attributes:
        requests: its open requests, oldest first.
        elsewhere: the question that only its terminal asks, one line; "" for none.
        outcome: how the newest request was resolved that is not open any more, one line; "" if that is not known.
        outcome_at_ms: when.
    """

    requests: list[AgentRequest]
    elsewhere: str = ""
    outcome: str = ""
    outcome_at_ms: int = 0

    def is_answered_since(self, seconds: float) -> bool:
        """Whether a question was resolved within this time."""
        return bool(self.outcome) and abs(time.time() - self.outcome_at_ms / 1000) <= seconds


async def asked_by(ask: Ask) -> OpenQuestions:
    """What a chat asks now.

    Raises:
        WrongRuntime: it asks in its terminal only.
        HostUnavailable: it does not answer.
        OutliveError: the host refused.
    """
    reply: AgentRequests = await ask(OpenRequests(0))
    try:
        requests = _decoder.decode(reply.data)
    except UNREADABLE:  # Another machine may send anything.
        return OpenQuestions([], "it asks something that cannot be read")
    return OpenQuestions(requests, one_line(reply.elsewhere), one_line(reply.outcome), reply.outcome_at_ms)


async def answer(
    ask: Ask, given: AnswerRequest, by: str, token: str = "", *, option: RequestOption | None = None
) -> str:
    """Answer a question; returns what was done, as the host says it: "Declined".

    Args:
        ask: asks the chat's host.
        given: the answer, with the digest of what was shown.
        by: where it is given: see ``items.PLACES``.
        token: the same for a repeated answer, 32 hexadecimal digits; "" for a new one.
        option: the chosen option if it is known: a host of 0.1.0 does not say what was done.

    Raises:
        OutliveError: another answer came first, the question has changed, or the chat cannot be reached.
    """
    done: Done = await ask(SendChatInput(0, given, token, by))
    return one_line(done.note) or done_words(option.kind if option is not None else "")
