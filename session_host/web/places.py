"""Where the page is served: its Unix socket, and the addresses at which the user said that browsers reach it."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from session_host.paths import ensure_private, socket_path, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.system.files import replace_file

DEFAULT_ADDRESS: Final = "http://localhost:7070"
"""The page's, at the other end of ``ssh -L 7070:…``."""


def missing_packages() -> list[str]:
    """The packages of ``outlive[web]`` that are not installed, of those without which nothing is served."""
    return [each for each in ("starlette", "uvicorn") if importlib.util.find_spec(each) is None]


def page_socket() -> Path:
    """The Unix socket of the page."""
    return socket_path("web.sock")


def is_served() -> bool:
    """Whether a process serves the page now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.connect(str(page_socket()))
        return True
    return False


def note_addresses(addresses: list[str]) -> None:
    """Keep the addresses of the server that starts now."""
    ensure_private(state_dir())
    ensure_private(_file().parent)
    replace_file(_file(), msgspec.json.encode(addresses))


def known_addresses() -> list[str]:
    """The addresses of the last server; at least one."""
    return _noted_addresses() or [DEFAULT_ADDRESS]


def page_link(chat: str) -> str:
    """The address of a chat on the page; of the list if ``chat`` is "". Returns "" if no page was served yet."""
    address = next(iter(_noted_addresses()), "")
    return f"{address}/#/chat/{quote(chat, safe='')}" if address and chat else address


def _noted_addresses() -> list[str]:
    try:
        return msgspec.json.decode(_file().read_bytes(), type=list[str])
    except (OSError, *UNREADABLE):
        return []


def _file() -> Path:
    return state_dir() / "web" / "addresses.json"
