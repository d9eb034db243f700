"""Updates for the client, as values of the protocol (https://agentclientprotocol.com/protocol/schema)."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from session_host.endpoint.commands import CHAT_VIEW_COMMANDS
from session_host.endpoint.conversation.attachments import label
from session_host.endpoint.conversation.conversation import (
    UNANSWERED,
    Answer,
    AnswerState,
    Conversation,
    Picture,
    Question,
    Settings,
    title_of,
)
from session_host.endpoint.server.addresses import shown_server
from session_host.endpoint.server.client import Model

Update = dict[str, Any]
"""The member ``update`` of a "session/update"."""

MODEL = "model"
"""The id of the setting."""


def chunk(kind: str, text: str, message: str = "") -> Update:
    """A piece of a message.

    Args:
        kind: "user_message_chunk", "agent_message_chunk" or "agent_thought_chunk".
        text: the piece.
        message: the message's id; "" for none.
    """
    update: Update = {"sessionUpdate": kind, "content": {"type": "text", "text": text}}
    return update | {"messageId": message} if message else update


def notice(text: str) -> Update:
    """A line of the program itself, which is not the model's. Other clients than ours show a message.

    The line stands alone in a chat view, so it begins as a sentence does; an address at its beginning stays as it is.
    """
    begin = text[:1].upper() if text.partition(" ")[0].removesuffix(":").isalpha() else text[:1]
    return chunk("agent_message_chunk", begin + text[1:]) | {"_meta": {"notice": True}}


def commands() -> Update:
    """The slash commands."""
    offered: list[dict[str, Any]] = [
        {"name": command.name, "description": command.description}
        | ({"input": {"hint": command.argument}} if command.argument else {})
        for command in CHAT_VIEW_COMMANDS
    ]
    return {"sessionUpdate": "available_commands_update", "availableCommands": offered}


def title(conversation: Conversation) -> Update:
    """The conversation's title, from its first question."""
    return {"sessionUpdate": "session_info_update", "title": title_of(conversation.topic)}


def options(settings: Settings, models: Sequence[Model]) -> list[dict[str, Any]]:
    """The session's settings: the model, with all that the server lists."""
    names = [model.name for model in models]
    if settings.model not in names:
        names.insert(0, settings.model)
    server = shown_server(settings.url)
    choices = [{"value": name, "name": name or "No model", "description": server} for name in names]
    return [
        {
            "id": MODEL, "name": "Model", "category": "model", "type": "select", "currentValue": settings.model,
            "options": choices,
        }
    ]  # fmt: skip


def options_changed(settings: Settings, models: Sequence[Model]) -> Update:
    """The session's settings have changed."""
    return {"sessionUpdate": "config_option_update", "configOptions": options(settings, models)}


def usage(answer: Answer, models: Sequence[Model]) -> Update | None:
    """The tokens in the model's context after an answer; None if the server did not count them."""
    used = (answer.input_tokens or 0) + (answer.output_tokens or 0)
    if not used:
        return None
    size = next((model.context_tokens for model in models if model.name == answer.model), 0)
    return {"sessionUpdate": "usage_update", "used": used, "size": size}


def whole(conversation: Conversation) -> Iterator[Update]:
    """All messages of a conversation, with the notes below them."""
    for number, message in enumerate(conversation.messages):
        name = f"message-{number}"
        if isinstance(message, Question):
            lines = [message.text, *(f"+ {label(attachment)}" for attachment in message.attachments)]
            yield chunk("user_message_chunk", "\n".join(line for line in lines if line), name)
            for picture in message.images:
                yield {"sessionUpdate": "user_message_chunk", "content": _image(picture), "messageId": name}
        else:
            yield chunk("agent_message_chunk", message.text, name)
            if message.shown_note and message is not conversation.last:
                yield notice(message.shown_note)
    yield from last_note(conversation, with_end=True)


def last_note(conversation: Conversation, *, with_end: bool = False) -> Iterator[Update]:
    """A note that the last question has no answer, or an incomplete one.

    Args:
        conversation: the conversation.
        with_end: also the note of an answer that ended in this program's sight.
    """
    last = conversation.last
    if isinstance(last, Question):
        yield notice(UNANSWERED)
    elif last is not None and last.shown_note and (with_end or last.state is AnswerState.STREAMING):
        yield notice(last.shown_note)


def _image(picture: Picture) -> dict[str, Any]:
    return {"type": "image", "mimeType": picture.mime, "data": base64.b64encode(picture.data).decode()}
