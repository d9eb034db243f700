"""Keys in the desktop's secret store (Secret Service on the session bus).

Source: freedesktop.org, Secret Service API 0.2. The algorithm is ``plain``: the bus is the user's own socket, and a
listener there could ask for the secret as well. Two attributes identify an item, so that other programs can store one,
too: ``secret-tool store --label=… application outlive server https://…``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from session_host.errors import ConfigError, TimedOut
from session_host.system.dbus.addresses import session_bus

if TYPE_CHECKING:  # D-Bus takes milliseconds to import: only where there is a bus
    from session_host.system.dbus.bus import Bus

T = TypeVar("T")

TIMEOUT_S: Final = 5.0
"""The timeout of each call."""

UNLOCK_TIMEOUT_S: Final = 120.0
"""How long the user may take to type the store's password."""

_NAME: Final = "org.freedesktop.secrets"
_SERVICE: Final = "org.freedesktop.Secret.Service"
_COLLECTION: Final = "org.freedesktop.Secret.Collection"
_PROMPT: Final = "org.freedesktop.Secret.Prompt"
_PATH: Final = "/org/freedesktop/secrets"
_DEFAULT: Final = "/org/freedesktop/secrets/aliases/default"
_NO_PROMPT: Final = "/"
_NO_STORE: Final = "no secret store found; use /key env:NAME or /key file:PATH"


async def find(server: str, *, unlock: bool) -> str | None:
    """Find a server's key in the store; None if there is none.

    Args:
        server: the server's origin, such as ``https://api.example.com``.
        unlock: whether the user may be asked to unlock the store; otherwise locked items are skipped.

    Raises:
        ConfigError: there is no store, or it refuses.
    """
    return await _ask_store(lambda store: store.find(server, unlock=unlock))


async def save(server: str, key: str) -> None:
    """Save a server's key in the store, in place of a previous one.

    Raises:
        ConfigError: there is no store, or it refuses.
    """
    await _ask_store(lambda store: store.save(server, key))


async def _ask_store(work: Callable[[_Store], T]) -> T:
    """Use the store in a thread, since it may wait for its user; any failure becomes a ConfigError."""
    address = session_bus()
    if address is None:
        raise ConfigError(_NO_STORE)

    from session_host.system.dbus.bus import Bus, BusGone, Refused, in_thread

    bus = Bus(address, TIMEOUT_S, starts_services=True)

    def ask() -> T:
        with bus:
            return work(_Store(bus))

    try:
        return await in_thread(bus, ask)
    except TimedOut as error:
        raise ConfigError("the secret store does not respond; use /key env:NAME or /key file:PATH") from error
    except (BusGone, Refused, LookupError, ValueError, TypeError) as error:
        raise ConfigError("cannot use the secret store; use /key env:NAME or /key file:PATH") from error


def _attributes(server: str) -> dict[str, str]:
    return {"application": "outlive", "server": server}


class _Store:
    """A blocking client of the store."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    def find(self, server: str, *, unlock: bool) -> str | None:
        items, locked = self._call(_PATH, _SERVICE, "SearchItems", "a{ss}", _attributes(server))
        if not items and locked and unlock:
            self._unlock(locked)
            items = locked
        if not items:
            return None
        (secrets,) = self._call(_PATH, _SERVICE, "GetSecrets", "aoo", items[:1], self._session())
        for _, _, value, _ in secrets.values():
            return bytes(value).decode("utf-8", "replace").strip()
        return None

    def save(self, server: str, key: str) -> None:
        self._unlock([_DEFAULT])
        properties = {
            "org.freedesktop.Secret.Item.Label": ("s", f"Outlive: {server}"),
            "org.freedesktop.Secret.Item.Attributes": ("a{ss}", _attributes(server)),
        }
        secret = (self._session(), b"", key.encode(), "text/plain; charset=utf8")
        _, prompt = self._call(_DEFAULT, _COLLECTION, "CreateItem", "a{sv}(oayays)b", properties, secret, True)
        self._ask_user(prompt)

    def _call(self, path: str, interface: str, member: str, signature: str, *arguments: Any) -> tuple[Any, ...]:
        from session_host.system.dbus.bus import NOBODY, Peer, Refused

        self._bus.extend(TIMEOUT_S)
        try:
            return self._bus.call(Peer(_NAME, path, interface), member, signature, *arguments)
        except Refused as error:
            if error.name in NOBODY:
                raise ConfigError(_NO_STORE) from error
            raise ConfigError(f"the secret store refused: {error.name}; use /key env:NAME or /key file:PATH") from error

    def _session(self) -> str:
        """Open a session without encryption."""
        _, session = self._call(_PATH, _SERVICE, "OpenSession", "sv", "plain", ("s", ""))
        return str(session)

    def _unlock(self, objects: list[str]) -> None:
        """Unlock locked objects, with the user's password if needed."""
        _, prompt = self._call(_PATH, _SERVICE, "Unlock", "ao", objects)
        self._ask_user(prompt)

    def _ask_user(self, prompt: str) -> None:
        """Let the desktop prompt its user, and wait for the answer."""
        if prompt == _NO_PROMPT:
            return
        from session_host.system.dbus.bus import Peer

        prompt_object = Peer(_NAME, prompt, _PROMPT)
        self._bus.subscribe(prompt_object, "Completed")
        self._call(prompt, _PROMPT, "Prompt", "s", "")
        self._bus.extend(UNLOCK_TIMEOUT_S)
        dismissed, _ = self._bus.signal(prompt_object, "Completed")
        if dismissed:
            raise ConfigError("the secret store is locked; unlock it, or use /key env:NAME or /key file:PATH")
