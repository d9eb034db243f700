"""Each request is checked before the page reads it: by its host, its origin, its device, its size and its rate."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest

from session_host.web import devices, gate
from session_host.web.devices import Rights
from session_host.web.gate import Address, Gate, Message, Receive, Scope, Send
from session_host.web.peers import Peer

pytestmark = pytest.mark.usefixtures("area")
HTTPS, LOCAL = Address.of("https://desk.example"), Address.of("http://localhost:7070")


class Asked:
    """An application that notes what reaches it."""

    def __init__(self, right: Rights = Rights.LOOK) -> None:
        self.bodies: list[bytes] = []
        self.devices: list[str] = []
        self.gate = Gate(self._app, [HTTPS, LOCAL], lambda method, path: right if path != "/api/none" else None)
        connection, other = socket.socketpair()
        with connection, other:
            self._peer = Peer(connection)
        _device, self.credential = devices.pair(devices.begin_pairing(Rights.ANSWER), "phone")

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.devices.append(scope["device"].name if "device" in scope else "")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def headers(self, address: Address = HTTPS, **other: str | None) -> dict[str, str]:
        usual: dict[str, str | None] = {
            "host": address.host,
            "origin": address.origin,
            "x-outlive": "1",
            "content-type": "application/json",
            "cookie": f"{address.cookie}={self.credential}",
            "sec-fetch-site": "same-origin",
        }
        usual |= {name.replace("_", "-"): value for name, value in other.items()}
        return {name: value for name, value in usual.items() if value is not None}

    def ask(
        self,
        path: str = "/api/answer",
        headers: dict[str, str] | None = None,
        *,
        method: str = "POST",
        body: bytes = b"{}",
    ) -> tuple[int, Any, dict[str, str]]:
        given = self.headers() if headers is None else headers
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "state": {"peer": self._peer},
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
        sent: list[Message] = []
        parts = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        asyncio.run(self.gate(scope, receive, send))
        answer = b"".join(each.get("body", b"") for each in sent)
        answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return sent[0]["status"], json.loads(answer or b"null"), answered


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.mark.parametrize("address", [HTTPS, LOCAL])
def test_the_page_itself_gets_in_with_its_device(asked: Asked, address: Address) -> None:
    status, _answer, headers = asked.ask(headers=asked.headers(address))
    assert (status, asked.devices) == (200, ["phone"])
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"host": "evil.example"}, 421, "unknown_host"),
        ({"host": "localhost:7071"}, 421, "unknown_host"),
        ({"host": None}, 421, "unknown_host"),
        ({"origin": "https://evil.example"}, 403, "other_origin"),
        ({"origin": "null"}, 403, "other_origin"),
        ({"origin": "http://desk.example"}, 403, "other_origin"),
        ({"origin": None}, 415, "other_origin"),
        ({"sec_fetch_site": "cross-site"}, 403, "other_origin"),
        ({"sec_fetch_site": "same-site"}, 403, "other_origin"),
        ({"x_outlive": None}, 403, "other_origin"),
        ({"content_type": "text/plain"}, 415, "other_origin"),
        ({"content_type": "application/x-www-form-urlencoded"}, 415, "other_origin"),
        ({"cookie": None}, 401, "not_paired"),
        ({"cookie": "__Host-outlive=x"}, 401, "not_paired"),
        ({"cookie": "bad cookie;;;="}, 401, "not_paired"),
        ({"content_length": "99999999"}, 413, "too_large"),
    ],
)
def test_what_is_not_the_pages_own_request_is_refused(
    asked: Asked, changed: dict[str, str | None], status: int, code: str
) -> None:
    found, answer, _headers = asked.ask(headers=asked.headers(HTTPS, **changed))
    assert (found, answer["code"]) == (status, code)
    assert asked.bodies == []


def test_the_cookie_of_http_does_not_count_under_https(asked: Asked) -> None:
    status, _answer, _headers = asked.ask(headers=asked.headers(cookie=f"outlive={asked.credential}"))
    assert status == 401


def test_another_page_may_link_to_the_first_page_and_to_nothing_else(asked: Asked) -> None:
    link = asked.headers(sec_fetch_site="cross-site", sec_fetch_mode="navigate", origin=None, x_outlive=None)
    assert asked.ask("/", link, method="GET")[0] == 200
    assert asked.ask("/page.js", link, method="GET")[0] == 403
    assert asked.ask("/api/chats", link, method="GET")[0] == 403
    script = asked.headers(sec_fetch_site="cross-site", sec_fetch_mode="no-cors", origin=None)
    assert asked.ask("/", script, method="GET")[0] == 403


def test_a_device_gets_only_what_it_may(area: Any) -> None:
    asked = Asked(Rights.EVERYTHING)
    status, answer, _headers = asked.ask("/api/stop")
    assert (status, answer["code"]) == (403, "not_allowed")


def test_a_revoked_device_is_out_at_once(asked: Asked) -> None:
    assert asked.ask()[0] == 200
    [device] = devices.load().devices
    assert asked.gate.is_paired(device)
    devices.revoke("phone")
    assert not asked.gate.is_paired(device)
    assert asked.ask()[0] == 401


def test_too_much_is_refused(asked: Asked) -> None:
    assert asked.ask(body=b" " * (gate.MAX_BODY_BYTES + 1))[0] == 413
    upload = asked.headers(content_type="application/octet-stream")
    assert asked.ask(gate.UPLOAD, upload, body=b" " * (gate.MAX_BODY_BYTES + 1))[0] == 200
    assert asked.ask(gate.UPLOAD, upload, body=b" " * (gate.MAX_UPLOAD_BYTES + 1))[0] == 413


def test_a_device_that_asks_too_often_waits(asked: Asked) -> None:
    statuses = {asked.ask()[0] for _ in range(gate.OF_DEVICE[0] + 5)}
    assert statuses == {200, 429}


def test_a_thousand_codes_are_not_even_tried(asked: Asked) -> None:
    statuses = [asked.ask("/api/pair", asked.headers(cookie=None))[0] for _ in range(1000)]
    assert statuses.count(200) == gate.OF_PAIRING[0]


def test_an_unknown_path_is_none(asked: Asked) -> None:
    assert asked.ask("/api/none")[0] == 404


@pytest.mark.parametrize("text", ["ftp://x", "https://", "https://a/b", "https://a?b", "https://u@a", "a.example"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Address.of(text)


def test_an_address_is_as_browsers_send_it() -> None:
    assert Address.of("https://desk.example:443/").host == "desk.example"
    assert Address.of("http://[::1]:7070").host == "[::1]:7070"
    assert (HTTPS.cookie, LOCAL.cookie) == ("__Host-outlive", "outlive")


def test_each_request_of_a_device_is_a_use_of_it() -> None:
    for right, is_used in ((Rights.EVERYTHING, False), (Rights.ANSWER, True)):
        asked = Asked(right)
        assert asked.ask()[0] == (200 if is_used else 403)
        assert bool(devices.load().devices[-1].last_used) == is_used
