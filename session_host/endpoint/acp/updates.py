"""Updates for the client and prompts of it, as values of the protocol (https://agentclientprotocol.com/protocol/schema)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from session_host.endpoint.conversation import (
    MAX_ALL_BYTES,
    UNANSWERED,
    AnswerState,
    Attachment,
    Conversation,
    ModelAnswer,
    Picture,
    Question,
    Settings,
    label,
    read_attachment,
    title_of,
)
from session_host.endpoint.server.addresses import shown_server
from session_host.endpoint.server.client import Model
from session_host.endpoint.slash_commands import COMMANDS
from session_host.errors import OutliveError
from session_host.structured.dialects import reading

Update = dict[str, Any]
"""The member ``update`` of a "session/update"."""

MODEL = "model"
"""The id of the setting."""

KEY = "key"
"""The id of the form's field."""


def chunk(kind: str, text: str, message: str = "") -> Update:
    """A piece of a message.

    Args:
        kind: "user_message_chunk", "agent_message_chunk" or "agent_thought_chunk".
        text: the piece.
        message: the message's id; "" for none.
    """
    update: Update = {"sessionUpdate": kind, "content": {"type": "text", "text": text}}
    return update | {"messageId": message} if message else update


def key_form(session: str, settings: Settings) -> dict[str, Any]:
    """The request's parameters that ask the user for the server's API key, and hide it."""
    field = {"type": "string", "title": "API key", "format": "password"}
    schema = {"type": "object", "properties": {KEY: field}, "required": [KEY]}
    return {
        "sessionId": session,
        "mode": "form",
        "message": f"The API key for {shown_server(settings.url)}",
        "requestedSchema": schema,
    }


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
        for command in COMMANDS
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
            "id": MODEL,
            "name": "Model",
            "category": "model",
            "type": "select",
            "currentValue": settings.model,
            "options": choices,
        }
    ]


def options_changed(settings: Settings, models: Sequence[Model]) -> Update:
    """The session's settings have changed."""
    return {"sessionUpdate": "config_option_update", "configOptions": options(settings, models)}


def usage(answer: ModelAnswer, models: Sequence[Model]) -> Update | None:
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


class PromptContent(NamedTuple):
    """The content of a prompt.

    Attributes:
        text: the user's text.
        attachments: the files that the text mentions.
        images: its images.
        problems: why a file is not attached, one line each.
    """

    text: str
    attachments: tuple[Attachment, ...] = ()
    images: tuple[Picture, ...] = ()
    problems: tuple[str, ...] = ()


def read_prompt(blocks: list[Any]) -> PromptContent:
    """Read a prompt's blocks, and the files that they link to."""
    texts: list[str] = []
    attachments: list[Attachment] = []
    images: list[Picture] = []
    problems: list[str] = []
    for block in blocks:
        match reading.text(block, "type"):
            case "text":
                texts.append(reading.text(block, "text"))
            case "image":
                try:
                    data = base64.b64decode(reading.text(block, "data"), validate=True)
                except (binascii.Error, ValueError):
                    problems.append("an image is not attached: its data is damaged")
                else:
                    images.append(Picture(reading.text(block, "mimeType") or "image/png", data))
            case "resource_link":
                try:
                    attachments.append(_linked(block, attachments))
                except OutliveError as error:
                    problems.append(f"not attached: {error}")
            case kind:
                problems.append(f"not sent: content of the kind {reading.one_line(kind) or 'unknown'}")
    return PromptContent("\n".join(texts), tuple(attachments), tuple(images), tuple(problems))


def _linked(block: Any, others: list[Attachment]) -> Attachment:
    """The text of the file that a block links to."""
    parts = urlsplit(reading.text(block, "uri"))
    if parts.scheme != "file":
        raise OutliveError(f"{reading.one_line(reading.text(block, 'uri'))} is not a file")
    name = reading.text(block, "name")
    # The client knows no home directory, and takes "~" for a name.
    attachment = read_attachment(name if name.startswith("~/") else unquote(parts.path))
    if sum(len(each.text) for each in (*others, attachment)) > MAX_ALL_BYTES:
        raise OutliveError(f"{parts.path}: the files are too large together (limit: {MAX_ALL_BYTES // 1024} KB)")
    return Attachment(name or attachment.name, attachment.text)
