"""Server addresses: parses the user's form, and makes the client's and the displayed form."""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from session_host.errors import UsageError

_ENDINGS: Final = ("/chat/completions", "/responses", "/completions", "/models")


def base_url(text: str) -> str:
    """The server's base address as the client needs it: ``localhost:8080`` becomes ``http://localhost:8080/v1``.

    Raises:
        UsageError: the text is not an address.
    """
    address = text.strip()
    if "://" not in address:
        address = f"{'http' if is_local(address) else 'https'}://{address}"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise UsageError(f"invalid server address {text!r}; write it as http://127.0.0.1:8080/v1") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(char <= " " for char in address):
        raise UsageError(f"invalid server address {text!r}; write it as http://127.0.0.1:8080/v1")
    if parts.username is not None or parts.password is not None:
        raise UsageError("the address must not contain a user name or password; use --key-from")
    path = parts.path.rstrip("/")
    for ending in _ENDINGS:
        path = path.removesuffix(ending)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, path or "/v1", parts.query, ""))


def is_local(address: str) -> bool:
    """Whether an address, with or without a scheme, is on this machine."""
    try:
        host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    except ValueError:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown_server(url: str) -> str:
    """The server's name for people, without scheme and path."""
    return urlsplit(url).netloc


def origin(url: str) -> str:
    """The server's origin, its name in the secret store: ``https://api.example.com``.

    A user name in front of the host could look like another server.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
