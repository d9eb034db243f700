"""Where the page is served: its Unix socket, and the addresses at which the user said that browsers reach it."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from session_host.paths import ensure_private, socket_path, state_dir
from session_host.protocol.codec import UNREADABLE
from session_host.system.files import replace_file

DEFAULT_ADDRESS: Final = "http://localhost:7070"
"""The page's, at the other end of ``ssh -L 7070:…``."""


def page_socket() -> Path:
    """The Unix socket of the page."""
    return socket_path("web.sock")


def is_served() -> bool:
    """Whether a process serves the page now."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe, contextlib.suppress(OSError):
        probe.connect(str(page_socket()))
        return True
    return False


class Certificate(msgspec.Struct, frozen=True):
    """The page's own certificate, of which browsers warn once: nobody but this computer vouches for it."""

    fingerprint: str
    """SHA-256 as browsers show it: 32 pairs of hexadecimal digits with colons between them."""
    made_at: str
    until: str
    why_new: str = ""
    """Why it took the place of an earlier one, of which browsers warn again; "" if it is the first one."""

    @property
    def end(self) -> str:
        """The last bytes of the fingerprint, as desk and page show them: ``… 4F:9A : 17:C0``."""
        pairs = self.fingerprint.split(":")[-4:]
        return f"… {pairs[0]}:{pairs[1]} : {pairs[2]}:{pairs[3]}"


class Served(msgspec.Struct, frozen=True):
    """Where a server serves the page."""

    addresses: tuple[str, ...]
    """How browsers reach it, the best one first; ``https://192.168.1.20:7443``."""
    lan: str = ""
    """The address in the user's network on which it listens; "" for none."""
    certificate: Certificate | None = None
    """Its own one; None for one that the user gave, and without HTTPS."""
    firewall: str = ""
    """The command that opens the port in this computer's firewall; "" if none is known to be closed."""

    @property
    def for_phone(self) -> str:
        """The first address that leads another device here, "" if all lead it to itself: ``http://localhost:7070``."""
        return next((each for each in self.addresses if not is_loopback(each)), "")


def note(served: Served) -> None:
    """Keep where the server serves that starts now."""
    ensure_private(state_dir())
    ensure_private(_file().parent)
    replace_file(_file(), msgspec.json.encode(served))


def served() -> Served | None:
    """Where the page is served; None if it is not served now."""
    return noted() if is_served() else None


def known_addresses() -> tuple[str, ...]:
    """The addresses of the last server; at least one."""
    return noted().addresses or (DEFAULT_ADDRESS,)


def page_link(chat: str) -> str:
    """The address of a chat on the page; of the list if ``chat`` is "". Returns "" if no page was served yet."""
    address = next(iter(noted().addresses), "")
    return f"{address}/#/chat/{quote(chat, safe='')}" if address and chat else address


def noted() -> Served:
    """Where the last server served, or this one serves; no addresses if there was none."""
    try:
        found = msgspec.json.decode(_file().read_bytes(), type=Served | tuple[str, ...])
    except (OSError, *UNREADABLE):
        return Served(())
    return found if isinstance(found, Served) else Served(found)  # Version 0.1.0 kept addresses alone.


def is_loopback(address: str) -> bool:
    """Whether an address leads each device to itself."""
    host = urlsplit(address).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _file() -> Path:
    return state_dir() / "web" / "addresses.json"
