"""Content blocks, as the agent sends them."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from session_host.protocol.values import Image
from session_host.structured.dialects import reading


def block_text(block: Any) -> str | None:
    """A block as Markdown; None if it has no text."""
    match reading.text(block, "type"):
        case "text":
            return reading.text(block, "text")
        case "resource_link":
            uri = reading.text(block, "uri")
            return f"[{reading.text(block, 'title') or reading.text(block, 'name') or uri}]({uri})"
        case "resource":
            return reading.text(block, "resource", "text") or None
        case _:
            return None


def block_image(block: Any) -> Image | None:
    """A block as an image; None if it is none."""
    if reading.text(block, "type") != "image":
        return None
    try:
        data = base64.b64decode(reading.text(block, "data"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Image(reading.text(block, "mimeType") or "image/png", data) if data else None
