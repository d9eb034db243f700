"""The right that each message needs: whether an agent may send it depends on the chats that the agent belongs to.

``system.processes.permission`` decides who has which right; this table is the only place that says which one a message
needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from session_host.protocol.messages import (
    AcceptRefusal,
    AnswerRequest,
    AskUser,
    Attach,
    ChangeSetting,
    ClearTerminal,
    Colors,
    Continue,
    Describe,
    Detach,
    Explain,
    Focus,
    Follow,
    Hello,
    Interrupt,
    Key,
    Kill,
    Message,
    Mouse,
    OpenRequests,
    PassAmount,
    Paste,
    Peek,
    PeekColors,
    Prompt,
    Received,
    ReleaseHeld,
    Rename,
    Report,
    Resize,
    Send,
    SendChatInput,
    SendLater,
    SendNow,
    Sleep,
    Stop,
    Typed,
    WhyAwake,
    WithdrawPrompt,
)
from session_host.protocol.rights import Right
from session_host.structured.answers import chosen
from session_host.structured.items import AgentRequest

REFUSABLE = (Right.CONTROL, Right.ANSWER, Right.SETTINGS)
"""The rights that depend on the chats to which the client belongs."""

_RIGHTS: dict[type[Message], Right] = {
    **dict.fromkeys((Hello, Describe, Peek, PeekColors, Explain, OpenRequests, WhyAwake), Right.READ),
    **dict.fromkeys((Follow, Received, Detach, AcceptRefusal, Resize), Right.ATTACHMENT),
    **dict.fromkeys((Colors, ClearTerminal, Continue, Key, Typed, Paste, Mouse, Focus), Right.ATTACHMENT),
    **dict.fromkeys(
        (Prompt, WithdrawPrompt, Interrupt, SendNow, ReleaseHeld, AnswerRequest, ChangeSetting), Right.ATTACHMENT
    ),
    **dict.fromkeys((Report, AskUser), Right.REPORT),
    **dict.fromkeys((SendChatInput, Send, Stop, Kill, Rename), Right.CONTROL),
    **dict.fromkeys((Attach, SendLater, Sleep), Right.ANSWER),
    PassAmount: Right.SETTINGS,
}

_ANSWERS = (AnswerRequest, ChangeSetting, ReleaseHeld)
"""Inputs of a structured chat that answer its agent, change what it may do by itself, or undo its user's stop."""


class Asking(Protocol):
    """What matters of a session for the rights (``session.SessionKind``)."""

    def asks(self) -> bool:
        """Whether the agent asks its user something where keys and texts may answer it."""

    def requests(self) -> Mapping[str, AgentRequest]:
        """The agent's questions that can be answered by a message, by their ids."""


def right_for(message: Message, session: Asking) -> Right:
    """The right that a message needs.

    Args:
        message: a message from a client.
        session: the session that gets it.
    """
    match message:
        case Attach(read_only=True):
            return Right.READ
        case SendChatInput(chat_input=AnswerRequest() as answer) | (AnswerRequest() as answer):
            request = session.requests().get(answer.agent_request)
            option = chosen(request, answer) if request is not None else None
            if option is not None and option.sets_mode:
                return Right.SETTINGS
    match message:
        case SendChatInput(chat_input=PassAmount()):
            return Right.SETTINGS
        case SendChatInput(chat_input=chat_input) if isinstance(chat_input, _ANSWERS):
            return Right.ANSWER
        case Send() if session.asks():
            return Right.ANSWER
    return _RIGHTS[type(message)]
