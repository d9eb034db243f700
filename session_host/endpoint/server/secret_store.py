"""Keys in the desktop's secret store (Secret Service on the session bus).

Source: freedesktop.org, Secret Service API 0.2. The store is asked with the algorithm ``plain``: the bus is a socket of
the user's own, and whoever could listen there could ask for the secret as well. An item is found by two attributes,
so that other programs can put one there too: ``secret-tool store --label=… application outlive server https://…``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

from session_host.errors import ConfigError

if TYPE_CHECKING:
    from jeepney.io.asyncio import DBusRouter

TIMEOUT_S: Final = 5.0
UNLOCK_TIMEOUT_S: Final = 120.0
"""How long the user may take to type the store's password."""

_NAME: Final = "org.freedesktop.secrets"
_SERVICE: Final = "org.freedesktop.Secret.Service"
_COLLECTION: Final = "org.freedesktop.Secret.Collection"
_PROMPT: Final = "org.freedesktop.Secret.Prompt"
_PATH: Final = "/org/freedesktop/secrets"
_DEFAULT: Final = "/org/freedesktop/secrets/aliases/default"
_NO_PROMPT: Final = "/"
_NOBODY: Final = frozenset({"org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner"})


async def find(server: str, *, unlock: bool) -> str | None:
    """The key that the store has for a server, None if it has none.

    Args:
        server: its origin, such as ``https://api.example.com``.
        unlock: whether the user may be asked to open the store; else what is locked is passed over.

    Raises:
        ConfigError: there is no store, or it refuses.
    """
    async with _store() as store:
        items, locked = await store.call(_PATH, _SERVICE, "SearchItems", "a{ss}", _attributes(server))
        if not items and locked and unlock:
            await store.open(locked)
            items = locked
        if not items:
            return None
        session = await store.session()
        secrets = (await store.call(_PATH, _SERVICE, "GetSecrets", "aoo", items[:1], session))[0]
        for _, _, value, _ in secrets.values():
            return bytes(value).decode("utf-8", "replace").strip()
        return None


async def keep(server: str, key: str) -> None:
    """Put a key into the store, in the place of the one that it had for this server.

    Raises:
        ConfigError: there is no store, or it refuses.
    """
    async with _store() as store:
        await store.open([_DEFAULT])
        session = await store.session()
        properties = {
            "org.freedesktop.Secret.Item.Label": ("s", f"Outlive: {server}"),
            "org.freedesktop.Secret.Item.Attributes": ("a{ss}", _attributes(server)),
        }
        secret = (session, b"", key.encode(), "text/plain; charset=utf8")
        _, prompt = await store.call(_DEFAULT, _COLLECTION, "CreateItem", "a{sv}(oayays)b", properties, secret, True)
        await store.ask_user(prompt)


def _attributes(server: str) -> dict[str, str]:
    return {"application": "outlive", "server": server}


class _Store:
    """A conversation with the store."""

    def __init__(self, router: DBusRouter) -> None:
        self._router = router

    async def call(self, path: str, interface: str, member: str, signature: str, *arguments: Any) -> tuple[Any, ...]:
        from jeepney import DBusAddress, DBusErrorResponse, new_method_call
        from jeepney.wrappers import unwrap_msg

        message = new_method_call(DBusAddress(path, _NAME, interface), member, signature or None, arguments)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return tuple(unwrap_msg(await self._router.send_and_get_reply(message)))
        except DBusErrorResponse as error:
            if error.name in _NOBODY:
                raise ConfigError("no secret store found; use --key env:NAME or file:PATH") from error
            raise ConfigError(f"the secret store refused: {error.name}; use another key source") from error

    async def session(self) -> str:
        """A session without encryption of its own."""
        _, session = await self.call(_PATH, _SERVICE, "OpenSession", "sv", "plain", ("s", ""))
        return str(session)

    async def open(self, objects: list[str]) -> None:
        """Have what is locked unlocked, by the user if need be."""
        _, prompt = await self.call(_PATH, _SERVICE, "Unlock", "ao", objects)
        await self.ask_user(prompt)

    async def ask_user(self, prompt: str) -> None:
        """Let the desktop ask its user, and wait for the answer."""
        if prompt == _NO_PROMPT:
            return
        from jeepney import MatchRule
        from jeepney.bus_messages import message_bus

        rule = MatchRule(type="signal", interface=_PROMPT, member="Completed", path=prompt)
        await self._router.send_and_get_reply(message_bus.AddMatch(rule))
        with self._router.filter(rule) as answers:
            await self.call(prompt, _PROMPT, "Prompt", "s", "")
            async with asyncio.timeout(UNLOCK_TIMEOUT_S):
                dismissed = (await answers.get()).body[0]
        if dismissed:
            raise ConfigError("the secret store is locked; unlock it, or use another key source")


@asynccontextmanager
async def _store() -> AsyncIterator[_Store]:
    """Speak with the store; whatever goes wrong is one error."""
    if not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        raise ConfigError("no secret store found; use --key env:NAME or file:PATH")
    from jeepney.auth import AuthenticationError
    from jeepney.io.asyncio import open_dbus_router

    try:
        async with asyncio.timeout(UNLOCK_TIMEOUT_S + 2 * TIMEOUT_S), open_dbus_router(bus="SESSION") as router:
            yield _Store(router)
    except TimeoutError as error:
        raise ConfigError("the secret store does not respond; use --key env:NAME or file:PATH") from error
    except (OSError, AuthenticationError, LookupError, ValueError, TypeError) as error:
        raise ConfigError("cannot use the secret store; use --key env:NAME or file:PATH") from error
