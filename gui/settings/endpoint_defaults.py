"""The user's defaults for chats with a model server (``endpoint.toml``)."""

from __future__ import annotations

import os
from typing import NamedTuple

from session_host.errors import ConfigError
from session_host.paths import config_dir
from session_host.toml_file import TomlFile


class EndpointDefaults(NamedTuple):
    """The values for fields that the user leaves empty; "" for none."""

    url: str
    model: str


def endpoint_defaults() -> EndpointDefaults:
    """Read the defaults; empty if the file is unreadable, which the chat itself reports."""
    try:
        found = TomlFile.read(config_dir() / "endpoint.toml").values()
    except ConfigError:
        found = {}
    url, model = (value if isinstance(value := found.get(key), str) else "" for key in ("url", "model"))
    return EndpointDefaults(url or os.environ.get("OPENAI_BASE_URL", ""), model)
