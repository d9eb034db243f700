"""A prompt's content blocks as a question."""

from __future__ import annotations

import base64
import binascii
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from session_host.endpoint.conversation.attachments import MAX_ALL_BYTES, read_attachment
from session_host.endpoint.conversation.conversation import Attachment, Picture
from session_host.errors import OutliveError
from session_host.structured.dialects import reading


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
    attachment = read_attachment(unquote(parts.path))
    if sum(len(each.text) for each in (*others, attachment)) > MAX_ALL_BYTES:
        raise OutliveError(f"{parts.path}: the files are too large together (limit: {MAX_ALL_BYTES // 1024} KB)")
    return Attachment(reading.text(block, "name") or attachment.name, attachment.text)
