"""The server's key, from the environment, a file or the desktop's secret store.

A key exists only in this process's memory and in the request's header: not in an argv, a log or a conversation.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from session_host.endpoint.server import secret_store
from session_host.endpoint.server.addresses import is_local, origin
from session_host.errors import ConfigError, UsageError

DEFAULT_VARIABLE: Final = "OPENAI_API_KEY"
PLACEHOLDER: Final = "none"
"""Sent to servers without keys, since the client requires a key."""

MAX_FILE_BYTES: Final = 16 * 1024


def check_source(source: str) -> str:
    """Return the source if it is valid.

    Raises:
        UsageError: the source is invalid.
    """
    kind, colon, rest = source.partition(":")
    if source == "secret" or (colon and rest and kind in {"env", "file"}):
        return source
    raise UsageError("a key source is env:NAME, file:PATH or secret; not the key itself")


async def find_key(source: str, url: str, environment: Mapping[str, str]) -> str | None:
    """Find the key for a server; None if none is needed.

    Args:
        source: see ``check_source``; "" for the default: ``OPENAI_API_KEY``, if set; else no key for a server on this
            machine, and for others the server's key in the secret store, if that is open.
        url: the server's address.
        environment: where variables are looked up.

    Raises:
        ConfigError: the source has no key.
    """
    kind, _, rest = source.partition(":")
    if kind == "env":
        key = environment.get(rest, "").strip()
        if not key:
            raise ConfigError(f"the variable {rest} is not set; set it before starting the chat, or use /key")
        return checked_key(key, rest)
    if kind == "file":
        return checked_key(_read_key_file(rest), rest)
    if kind == "secret":
        stored = await secret_store.find(origin(url), unlock=True)
        if not stored:
            raise ConfigError(f"the secret store has no key for {origin(url)}; /key saves one")
        return checked_key(stored, "the secret store")
    if key := environment.get(DEFAULT_VARIABLE, "").strip():
        # Without an explicit source, do not send the key over a network unencrypted.
        return checked_key(key, DEFAULT_VARIABLE) if may_be_sent(url) else None
    if is_local(url):
        return None
    try:
        return await secret_store.find(origin(url), unlock=False)
    except ConfigError:
        return None


def may_be_sent(url: str) -> bool:
    """Whether a key that was not given for this server can be sent to it without others reading it on the way."""
    return url.startswith("https://") or is_local(url)


def _read_key_file(name: str) -> str:
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        mode = path.stat().st_mode
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the key ({error.strerror})") from error
    if len(data) > MAX_FILE_BYTES:
        raise ConfigError(f"{path}: too long; use a file that contains only the key")
    if mode & 0o077:
        logging.getLogger(__name__).warning("other users can read the key's file; run chmod 600 %s", path)
    lines = data.decode("utf-8", "replace").split("\n", 1)
    return lines[0].strip()


def checked_key(key: str, source: str) -> str:
    """Return the key if it is valid in a header.

    Raises:
        ConfigError: the key is invalid.
    """
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"{source} does not contain a valid key: a key is one word of printable ASCII characters")
    return key


class KeyFilter(logging.Filter):
    """Log filter that removes keys from all records; add it to handlers."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: set[str] = set()

    def add_key(self, key: str | None) -> None:
        """Remove this key from log records from now on."""
        if key and key != PLACEHOLDER:
            self._keys.add(key)

    def redact(self, text: str) -> str:
        """The text without keys."""
        for key in self._keys:
            text = text.replace(key, "[key]")
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Format a record, and remove keys from it."""
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{logging.Formatter().formatException(record.exc_info)}"
            record.exc_info = record.exc_text = None
        record.msg, record.args = self.redact(text), None
        return True
