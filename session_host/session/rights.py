"""The right that each message needs: whether an agent may send it depends on the chats that the agent belongs to.

``system.processes.permission`` decides who has which right; this table is the only place that says which one a message
needs.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

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
    SendNow,
    Stop,
    Typed,
    WithdrawPrompt,
)


class Right(Enum):
    """A right of a client, for this chat."""

    READ = auto()
    """Every process of the user has it."""
    ATTACHMENT = auto()
    """The client got it with ``Attach``: an attachment, which types unless it is read-only."""
    REPORT = auto()
    """The programs of this chat have it, by a value in their environment (``launch.REPORT_ID``)."""
    CONTROL = auto()
    """The user has it, the agents that started the chat, and the chat's agent, which types prompts alone: see
    ``own_prompts``.
    """
    ANSWER = auto()
    """Like CONTROL, without the chat's agent and all that it started: to answer the agent, or to allow it more."""


REFUSABLE = (Right.CONTROL, Right.ANSWER)
"""The rights that depend on the chats to which the client belongs."""

_RIGHTS: dict[type[Message], Right] = {
    **dict.fromkeys((Hello, Describe, Peek, PeekColors, Explain, OpenRequests), Right.READ),
    **dict.fromkeys((Follow, Received, Detach, AcceptRefusal, Resize), Right.ATTACHMENT),
    **dict.fromkeys((Colors, ClearTerminal, Continue, Key, Typed, Paste, Mouse, Focus), Right.ATTACHMENT),
    **dict.fromkeys(
        (Prompt, WithdrawPrompt, Interrupt, SendNow, ReleaseHeld, AnswerRequest, ChangeSetting), Right.ATTACHMENT
    ),
    **dict.fromkeys((Report, AskUser), Right.REPORT),
    **dict.fromkeys((SendChatInput, Send, Stop, Kill, Rename), Right.CONTROL),
    Attach: Right.ANSWER,
}

_ANSWERS = (AnswerRequest, ChangeSetting, ReleaseHeld)
"""Inputs of a structured chat that answer its agent, change what it may do by itself, or undo its user's stop."""


def right_for(message: Message, asks: Callable[[], bool]) -> Right:
    """The right that a message needs.

    Args:
        message: a message from a client.
        asks: returns whether the agent asks its user something in its terminal, where keys and texts may answer it.
    """
    match message:
        case Attach(read_only=True):
            return Right.READ
        case SendChatInput(chat_input=chat_input) if isinstance(chat_input, _ANSWERS):
            return Right.ANSWER
        case Send() if asks():
            return Right.ANSWER
    return _RIGHTS[type(message)]
