"""A prompt of the user as content blocks of the protocol."""

from __future__ import annotations

import base64
import posixpath
import re
from typing import Any
from urllib.parse import quote

from session_host.structured.dialects.base import UserPrompt

_MENTION = re.compile(r'(?<![^\s(\[])@(?:"([^"\n]+)"|([^\s"@()\[\]]+))')
_TRAILING = ".,;:!?"


def content_blocks(prompt: UserPrompt, directory: str) -> list[dict[str, Any]]:
    """The blocks of a prompt: its text whole, its images, and a link for each file that the text mentions as ``@path``.

    A mention is a path if it has a slash or an extension, or if it is in quotation marks. An e-mail address and a
    name such as ``@alice`` are not paths.
    """
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


def mentions(text: str) -> list[str]:
    """The paths that a text mentions, each once."""
    paths: dict[str, None] = {}
    for match in _MENTION.finditer(text):
        quoted, plain = match.groups()
        path = quoted or plain.rstrip(_TRAILING)
        if path and (quoted or "/" in path or "." in path[1:]):
            paths[path] = None
    return list(paths)
