"""The user's defaults for chats with a model server (``endpoint.toml``)."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple


class EndpointDefaults(NamedTuple):
    """What counts where the user names nothing; "" for nothing."""

    url: str
    model: str


def endpoint_defaults(directory: Path, environment: Mapping[str, str] = os.environ) -> EndpointDefaults:
    """Read them; a file that cannot be read counts as none here, and is complained of by the chat itself."""
    try:
        found = tomllib.loads((directory / "endpoint.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        found = {}
    url, model = (value if isinstance(value := found.get(key), str) else "" for key in ("url", "model"))
    return EndpointDefaults(url or environment.get("OPENAI_BASE_URL", ""), model)
