"""Sends messages to push services; run as ``python -m`` for each one, so that the server has no need of its memory.

The order is JSON on standard input, the result JSON on standard output. A push service is whatever the browser says:
only https is used, only public addresses, and no answer leads to another place.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

import msgspec

from session_host.web.devices import PushTarget

from .encryption import authorization, base64url, encrypted, new_key, public_key
from .orders import TIMEOUT_S, Order, Result, decoded, is_public

KEPT_S: Final = 86400
"""How long a push service keeps a message for a phone that it does not reach."""


class _Connection(http.client.HTTPSConnection):
    """A connection to one of a host's addresses, which are all public."""

    def connect(self) -> None:
        """Connect.

        Raises:
            OSError: the host is not found, not public, or does not answer.
        """
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not all(map(is_public, addresses)):
            raise OSError("not a public address")
        failed = OSError("the push service is not found")
        for address in addresses:
            try:
                connection = socket.create_connection((address, self.port), self.timeout)
                self.sock = ssl.create_default_context().wrap_socket(connection, server_hostname=self.host)
                return
            except OSError as error:
                failed = error
        raise failed


def _post(order: Order, target: PushTarget) -> tuple[int, str]:
    parts = urlsplit(target.endpoint)
    try:
        body = encrypted(order.message.encode(), decoded(target.p256dh), decoded(target.auth))
        headers = {
            "Authorization": authorization(order.key.encode(), target.endpoint, order.contact),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Urgency": "high" if order.is_urgent else "normal",
            "Topic": order.topic,
        }
        connection = _Connection(parts.hostname or "", parts.port or 443, timeout=TIMEOUT_S)
        with contextlib.closing(connection):
            connection.request("POST", parts._replace(scheme="", netloc="").geturl() or "/", body, headers)
            response = connection.getresponse()
            return response.status, response.read(200).decode(errors="replace")
    except (OSError, ValueError, http.client.HTTPException) as error:
        return 0, str(error)


def carried_out(order: Order) -> Result:
    """Do what an order says."""
    if not order.key:
        key = new_key()
        return Result(key=key.decode(), public=base64url(public_key(key)))
    with ThreadPoolExecutor(len(order.targets) or 1) as pool:
        done = list(pool.map(lambda target: _post(order, target), order.targets))
    return Result([status for status, _ in done], [reason for _, reason in done])


if __name__ == "__main__":
    result = carried_out(msgspec.json.decode(sys.stdin.buffer.read(), type=Order))
    sys.stdout.buffer.write(msgspec.json.encode(result))
