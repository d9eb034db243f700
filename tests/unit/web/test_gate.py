"""Each request is checked before the page reads it: by its host, its origin, its signature, its size and its rate."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import Any

import pytest

from session_host.protocol.rights import Right
from session_host.web import devices, gate
from session_host.web.devices import Rights
from session_host.web.gate import Address, Gate, Message, Receive, Scope, Send
from session_host.web.peers import Peer
from tests.support.page_server import Key

pytestmark = pytest.mark.usefixtures("area")
HTTPS, LOCAL = Address.of("https://desk.example"), Address.of("http://localhost:7070")


class Asked:
    """An application that notes what reaches it, and a device that may use it."""

    def __init__(self, right: Right = Right.READ) -> None:
        self.bodies: list[bytes] = []
        self.devices: list[str] = []
        connection, other = socket.socketpair()
        with connection, other:
            self.peer = Peer(connection)
        self.gate = Gate(
            self._app, [HTTPS, LOCAL], lambda _method, path: right if path != "/api/none" else None, self._worker
        )
        self.key = self.paired()

    def paired(self, name: str = "phone") -> Key:
        key = Key()
        key.challenge = self.gate.signatures.challenge
        asking, self.number = devices.ask(devices.begin_pairing(), key.name, "", name, "")
        devices.let_in(asking.id, Rights.ANSWER, name)
        return key

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        self.devices.append(scope["device"].name if "device" in scope else "")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def _worker(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"worker"})

    def headers(self, address: Address = HTTPS, **other: str | None) -> dict[str, str]:
        usual: dict[str, str | None] = {
            "host": address.host,
            "origin": address.origin,
            "x-outlive": "1",
            "content-type": "application/json",
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
        key: Key | None = None,
        signed: str | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Make a request that is signed, unless ``signed`` is another header."""
        given = self.headers() if headers is None else headers
        if signed is None:
            origin = LOCAL.origin if given.get("host") == LOCAL.host else HTTPS.origin
            signed = (key or self.key).signed(method, path, origin, body)
        plain, _, query = path.partition("?")
        scope = {
            "type": "http",
            "method": method,
            "path": plain,
            "raw_path": plain.encode(),
            "query_string": query.encode(),
            "state": {"peer": self.peer},
            "headers": [
                (name.encode(), value.encode()) for name, value in (*given.items(), ("x-outlive-signed", signed))
            ],
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
        is_json = answered.get("content-type", "application/json") == "application/json" and answer != b"worker"
        return sent[0]["status"], json.loads(answer or b"null") if is_json else answer.decode(), answered


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
        ({"content_length": "99999999"}, 413, "too_large"),
    ],
)
def test_what_is_not_the_pages_own_request_is_refused(
    asked: Asked, changed: dict[str, str | None], status: int, code: str
) -> None:
    found, answer, _headers = asked.ask(headers=asked.headers(HTTPS, **changed))
    assert (found, answer["code"]) == (status, code)
    assert asked.bodies == []


def test_what_is_not_signed_or_not_by_a_device_is_refused_with_the_challenge(asked: Asked) -> None:
    stranger = Key()
    stranger.challenge = asked.gate.signatures.challenge
    stale = asked.paired("stale")
    stale.challenge = "of another run"
    used = asked.key.signed("POST", "/api/answer", HTTPS.origin, b"{}")
    assert asked.ask(signed=used)[0] == 200
    cookie = asked.headers(cookie=f"{HTTPS.cookie}={asked.number}")
    for key, signed, code in (
        (None, "", "unsigned"),
        (None, "a b c", "unsigned"),
        (None, used.replace(" ", " -", 1), "unsigned"),
        (None, used, "unsigned"),
        (stale, None, "unsigned"),
        (stranger, None, "not_paired"),
    ):
        status, answer, _headers = asked.ask(headers=cookie, key=key, signed=signed)
        assert (status, answer["code"], answer["challenge"]) == (401, code, asked.gate.signatures.challenge)
    assert len(asked.bodies) == 1


def test_a_number_that_was_counted_is_answered_with_one_that_counts(asked: Asked) -> None:
    signed = asked.key.signed("POST", "/api/answer", HTTPS.origin, b"{}", 7000)
    assert asked.ask(signed=signed)[0] == 200
    _status, answer, _headers = asked.ask(signed=signed)
    assert asked.ask(signed=asked.key.signed("POST", "/api/answer", HTTPS.origin, b"{}", answer["number"]))[0] == 200


def test_the_whole_request_is_signed(asked: Asked) -> None:
    sign = asked.key.signed
    assert asked.ask(signed=sign("POST", "/api/answer", HTTPS.origin, b"{}"))[0] == 200
    assert asked.ask("/api/answer?chat=1", signed=sign("POST", "/api/answer?chat=1", HTTPS.origin, b"{}"))[0] == 200
    for other in (
        sign("GET", "/api/answer", HTTPS.origin, b"{}"),
        sign("POST", "/api/stop", HTTPS.origin, b"{}"),
        sign("POST", "/api/answer?chat=1", HTTPS.origin, b"{}"),
        sign("POST", "/api/answer", LOCAL.origin, b"{}"),
    ):
        assert asked.ask(signed=other)[0] == 401
    status, answer, _headers = asked.ask(signed=sign("POST", "/api/answer", HTTPS.origin, b"other"))
    assert (status, answer["words"]) == (400, "another body was signed")
    assert asked.bodies == [b"{}"] * 2


def test_who_is_not_let_in_may_only_ask_and_sends_little(asked: Asked) -> None:
    stranger = Key()
    stranger.challenge = asked.gate.signatures.challenge
    assert asked.ask("/api/ask", key=stranger)[0] == 200
    assert asked.ask("/api/ask", key=stranger, body=b" " * (gate.MAX_ASKING_BYTES + 1))[0] == 413
    too_long = asked.headers(content_length=str(gate.MAX_ASKING_BYTES + 1))
    assert asked.ask("/api/ask", too_long, key=stranger)[1]["words"] == "at most 1 KB can be sent"
    assert asked.ask("/api/ask", signed="")[0] == 401
    assert asked.ask("/api/chats", key=stranger, method="GET", body=b"")[0] == 401
    assert asked.devices == [""]


def test_each_request_for_a_service_worker_gets_ours_whatever_its_path(asked: Asked) -> None:
    headers = asked.headers(service_worker="script", origin=None, x_outlive=None)
    for path in ("/worker.js", "/", "/deep/in/evil.js", "/api/chats"):
        assert asked.ask(path, headers, method="GET", signed="")[:2] == (200, "worker")
    assert asked.ask("/worker.js", {**headers, "host": "evil.example"}, method="GET", signed="")[0] == 421
    assert asked.ask("/api/answer", headers, signed="")[0] != 200


def test_what_a_browser_came_to_says_so_in_words(asked: Asked) -> None:
    headers = asked.headers(sec_fetch_mode="navigate", sec_fetch_site="none", origin=None, x_outlive=None)
    for path, host, status in (("/api/none", HTTPS.host, 404), ("/", "<b>.example", 421)):
        found, page, answered = asked.ask(path, {**headers, "host": host}, method="GET", signed="")
        assert (found, answered["content-type"]) == (status, "text/html; charset=utf-8")
        assert page.startswith("<!doctype html>")
        assert "<p>T" in page, "a sentence"
        assert '"code"' not in page


@pytest.mark.parametrize("others", ["a b=c; @=x; ", 'x="; ', "outlive; ", "=; ", 'x={"a": 1}; '])
def test_a_cookie_of_another_program_hides_not_the_pages_own(others: str) -> None:
    headers = [(b"cookie", f"{others}__Host-outlive=number".encode()), (b"cookie", b"last=1")]
    assert gate.number_of({"address": HTTPS, "headers": headers}) == "number"
    assert gate.number_of({"address": LOCAL, "headers": headers}) == "", "the one of HTTPS is no other address's"


def test_another_page_may_link_to_the_first_page_and_to_nothing_else(asked: Asked) -> None:
    link = asked.headers(sec_fetch_site="cross-site", sec_fetch_mode="navigate", origin=None, x_outlive=None)
    assert asked.ask("/", link, method="GET")[0] == 200
    assert asked.ask("/page.js", link, method="GET")[0] == 403
    assert asked.ask("/api/chats", link, method="GET")[0] == 403
    script = asked.headers(sec_fetch_site="cross-site", sec_fetch_mode="no-cors", origin=None)
    assert asked.ask("/", script, method="GET")[0] == 403


def test_a_device_gets_only_what_it_may(area: Any) -> None:
    asked = Asked(Right.CONTROL)
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


def test_a_device_that_asks_too_often_waits_and_no_other_one_does(asked: Asked) -> None:
    other = asked.paired("other")
    statuses = [asked.ask()[0] for _ in range(gate.OF_DEVICE[0] + 300)]
    assert (statuses.count(200), set(statuses)) == (gate.OF_DEVICE[0], {200, 429})
    assert asked.ask(key=other)[0] == 200


def test_strangers_count_by_their_network_and_keep_no_device_and_no_file_out(asked: Asked) -> None:
    statuses = [asked.ask(signed="")[0] for _ in range(1000)]
    assert statuses.count(401) == gate.OF_NETWORK[0]
    status, answer, _headers = asked.ask(signed="")
    assert (status, answer["challenge"]) == (429, asked.gate.signatures.challenge)
    assert asked.ask()[0] == 200
    assert asked.ask("/page.js", method="GET", signed="")[0] == 200
    asked.peer.network = "192.0.2.0/24"
    assert asked.ask(signed="")[0] == 401


def test_networks_that_are_quiet_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_COUNTED", 10)
    limits, at_s = gate.Limits(), 0.0
    monkeypatch.setattr(time, "monotonic", lambda: at_s)
    for number in range(100):
        limits.count(str(number), 2, 60.0)
        at_s += 30.0
    assert len(limits._times) < 15


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
    for right, is_used in ((Right.CONTROL, False), (Right.ANSWER, True)):
        asked = Asked(right)
        assert asked.ask()[0] == (200 if is_used else 403)
        assert bool(devices.load().devices[-1].last_used) == is_used
