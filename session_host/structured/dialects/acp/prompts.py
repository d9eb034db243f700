"""A prompt of the user as content blocks of the protocol."""

from __future__ import annotations

import base64
import posixpath
from typing import Any, Final
from urllib.parse import quote

from session_host.structured.dialects.base import UserPrompt
from session_host.structured.mentions import mentions

NO_COMMAND: Final[dict[str, Any]] = {"type": "text", "text": "Prompt: ", "annotations": {"audience": ["user"]}}
"""A block for the user alone: a text after it is no command, and the model gets only that text."""


def content_blocks(prompt: UserPrompt, directory: str) -> list[dict[str, Any]]:
    """The blocks of a prompt: its text whole, its images, and a link for each file that the text mentions."""
    blocks: list[dict[str, Any]] = []
    if prompt.text:
        blocks.append({"type": "text", "text": prompt.text})
    blocks += [
        {"type": "image", "mimeType": image.mime, "data": base64.b64encode(image.data).decode()}
        for image in prompt.images
    ]
    for path in mentions(prompt.text):
        whole = posixpath.normpath(posixpath.join(directory, path))
        blocks.append({"type": "resource_link", "uri": f"file://{quote(whole)}", "name": path})
    return blocks
