"""A fake desktop secret store on a test's own bus: the Secret Service's interface with one collection.

Source: freedesktop.org, Secret Service API 0.2. It runs in a thread with a blocking connection.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Self

from jeepney import DBusAddress, HeaderFields, Message, MessageType, new_error, new_method_return, new_signal
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

NAME = "org.freedesktop.secrets"
SESSION = "/org/freedesktop/secrets/session/1"
PROMPT = "/org/freedesktop/secrets/prompt/1"
NONE = "/"


class SecretService:
    """The store. A context manager.

    Attributes:
        items: the secrets by their sorted attributes, oldest first.
        locked: whether the user must unlock the store.
        prompts: how often the user was asked to unlock it.
        dismisses: whether the user dismisses the prompt and does not unlock the store.
        answers: whether the user reacts to the prompt at all.
    """

    def __init__(self, address: str, *, locked: bool = False, dismisses: bool = False, answers: bool = True) -> None:
        self.items: dict[tuple[tuple[str, str], ...], str] = {}
        self.locked = locked
        self.dismisses = dismisses
        self.answers = answers
        self.prompts = 0
        self._connection: DBusConnection = open_dbus_connection(bus=address)
        # If a call made the daemon start this program, the daemon sends that call before the reply to RequestName.
        self._waiting: list[Message] = []
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message_bus.RequestName(NAME), serial=serial)
        while (message := self._connection.receive()).header.fields.get(HeaderFields.reply_serial) != serial:
            self._waiting.append(message)
        assert message.body == (1,), "somebody has the name already"
        self._closing = False
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing = True
        self._thread.join()
        self._connection.close()

    def _serve(self) -> None:
        while not self._closing:
            try:
                message = self._waiting.pop(0) if self._waiting else self._connection.receive(timeout=0.05)
            except TimeoutError:
                continue
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            answer = getattr(self, f"_on_{member}", None)
            if answer is None:
                self._connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
                continue
            signature, body = answer(message)
            self._connection.send(new_method_return(message, signature, body))
            if member == "Prompt" and self.answers:
                self._complete()

    def _on_OpenSession(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802 - the interface's names
        assert message.body[0] == "plain"
        return "vo", (("s", ""), SESSION)

    def _on_SearchItems(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        wanted = set(message.body[0].items())
        found = [self._path(number) for number, each in enumerate(self.items) if wanted <= set(each)]
        return "aoao", ([], found) if self.locked else (found, [])

    def _on_GetSecrets(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        secrets = list(self.items.values())
        return "a{o(oayays)}", (
            {
                path: (SESSION, b"", secrets[int(path.rpartition("/")[2])].encode(), "text/plain")
                for path in message.body[0]
            },
        )

    def _on_Unlock(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        return "aoo", ([], PROMPT) if self.locked else (message.body[0], NONE)

    def _on_Prompt(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        self.prompts += 1
        return "", ()

    def _on_CreateItem(self, message: Message) -> tuple[str, tuple[Any, ...]]:  # noqa: N802
        properties, secret, replace = message.body
        assert replace
        attributes = properties["org.freedesktop.Secret.Item.Attributes"][1]
        self.items[tuple(sorted(attributes.items()))] = bytes(secret[2]).decode()
        return "oo", (self._path(len(self.items) - 1), NONE)

    def _complete(self) -> None:
        """Complete the prompt, as after the user's answer."""
        if not self.dismisses:
            self.locked = False
        emitter = DBusAddress(PROMPT, interface="org.freedesktop.Secret.Prompt")
        result: tuple[str, list[str]] = ("ao", [])
        self._connection.send(new_signal(emitter, "Completed", "bv", (self.dismisses, result)))

    @staticmethod
    def _path(number: int) -> str:
        return f"/org/freedesktop/secrets/collection/login/{number}"
