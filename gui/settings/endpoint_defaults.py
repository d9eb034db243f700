"""The user's defaults for chats with a model server (``endpoint.toml``)."""

from __future__ import annotations

import os
import tomllib
from typing import NamedTuple

from session_host.paths import config_dir


class EndpointDefaults(NamedTuple):
    """What counts where the user names nothing; "" for nothing."""

    url: str
    model: str


def endpoint_defaults() -> EndpointDefaults:
    """Read them; a file that cannot be read counts as none here, and is complained of by the chat itself."""
    try:
        found = tomllib.loads((config_dir() / "endpoint.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError):
        found = {}
    url, model = (value if isinstance(value := found.get(key), str) else "" for key in ("url", "model"))
    return EndpointDefaults(url or os.environ.get("OPENAI_BASE_URL", ""), model)
