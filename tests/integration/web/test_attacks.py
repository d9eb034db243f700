"""Attacks on the page's server, over real sockets."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from session_host.web.connections import MAX_CONNECTIONS
from session_host.web.gate import MAX_BODY_BYTES, MAX_UPLOAD_BYTES, OF_DEVICE, OF_PAIRING
from session_host.web.places import page_socket
from tests.integration.test_agents_keep_to_their_chats import NOT_ALLOWED, ShellInChat
from tests.support.area import Area
from tests.support.commands import REPOSITORY, new, outlive
from tests.support.page_server import ADDRESS, Device, PageServer, closed, memory_kib, raw
from tests.support.ports import free_port
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
GET = "GET /api/chats HTTP/1.1\r\nHost: localhost:7070\r\nX-Outlive: 1\r\n"


def paired(device: Device) -> str:
    """The header with a device's credential."""
    return "Cookie: " + "; ".join(f"{name}={value}" for name, value in device.client.cookies.items()) + "\r\n"


def status_of(answer: bytes) -> int:
    """The status of an answer's head."""
    return int(answer.split(b" ", 2)[1])


OTHERS = [
    ({"Host": "evil.example"}, 421),
    ({"Host": "localhost:7071"}, 421),
    ({"Host": "127.0.0.1:7070"}, 421),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"X-Outlive": "0"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Content-Type": "text/plain"}, 415),
    ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
    ({"Cookie": "outlive=" + "A" * 43}, 401),
    ({"Cookie": "outlive="}, 401),
]
"""Headers of requests that are not the page's, and the status of the answer."""


def test_another_pages_request_does_nothing(device: Device) -> None:
    chat = new("-n", "one", "--", "cat")
    body = json.dumps({"id": "12345678", "chat": chat}).encode()
    for headers, status in OTHERS:
        given = {"Content-Type": "application/json"} | headers
        done = device.client.post("/api/stop", content=body, headers=given)
        assert done.status_code == status, (headers, done.text)
        assert "access-control-allow-origin" not in done.headers
        if "Content-Type" not in headers:
            assert device.client.get("/api/chats", headers=headers).status_code == status, headers
    assert outlive("ls", "--json").json()[0]["state"] == "running"


METHODS = ["OPTIONS", "PUT", "DELETE", "PATCH", "HEAD", "TRACE", "CONNECT", "STOP"]


def test_other_methods_do_nothing(device: Device) -> None:
    rest = GET.partition("\n")[2] + paired(device)
    for method in METHODS:
        with closing(raw(f"{method} /api/stop HTTP/1.1\r\n{rest}\r\n".encode())) as each:
            assert status_of(each.recv(65536)) in {404, 405}, method


def test_a_socket_of_the_web_is_not_opened(device: Device) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n"
    for path, cookie in (("/api/stream", ""), ("/api/stream", paired(device)), ("/", paired(device))):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost:7070\r\nOrigin: http://evil.example\r\n{upgrade}{cookie}\r\n"
        with closing(raw(head.encode())) as each:
            assert status_of(each.recv(65536)) == 403


HEAD = b"GET /api/me HTTP/1.1\r\nHost: localhost:7070\r\n"
PAIR = b"POST /api/pair HTTP/1.1\r\nHost: localhost:7070\r\n"
NO_HTTP = [
    b"\x00\xff\xfe" * 1000 + b"\r\n\r\n",
    b"GET /api/me HTTP/1.1\r\n\r\n",
    HEAD + b"Host: evil.example\r\n\r\n",
    HEAD.replace(b"1.1", b"9.9") + b"\r\n",
    HEAD.replace(b"me", b"a" * 200_000) + b"\r\n",
    HEAD + b"X: " + b"a" * 2_000_000 + b"\r\n\r\n",
    HEAD + b"X: y\r\n" * 200_000 + b"\r\n",
    PAIR + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    PAIR + b"Content-Length: -5\r\n\r\n",
    PAIR + b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n",
]


def test_what_is_no_http_is_refused_and_the_page_goes_on(server: PageServer, device: Device) -> None:
    before = memory_kib(server.pid)
    for data in NO_HTTP:
        answer = b""
        with closing(raw()) as each, suppress(ConnectionError):
            each.sendall(data)
            answer = each.recv(65536)
        assert not answer or status_of(answer) in {400, 401, 403, 404, 415, 421, 431}, data[:100]
        assert device.read("me")["device"] == "phone"
    assert memory_kib(server.pid) - before < 8000


def test_nonsense_behind_a_request_ends_the_connection(device: Device) -> None:
    with closing(raw(f"{GET}{paired(device)}\r\n".encode() + b"\x00nonsense\r\n\r\n" * 50)) as each:
        answer = closed(each)
    assert status_of(answer) == 200
    assert b"HTTP/1.1 400" in answer
    with closing(raw(f"{GET}{paired(device)}\r\n".encode() * 100)) as each:  # All at once, and nothing is read.
        assert device.read("me")["device"] == "phone"


PARAMETERS = [
    ("chat", {"chat": "../../../../etc/passwd"}),
    ("chat", {"chat": "/"}),
    ("chat", {"chat": "near/x"}),
    ("chat", {"chat": "x" * 8000}),
    ("chat", {"chat": "\x00\u202e<b>"}),
    ("screen/stream", {"chat": "%00"}),
    ("questions", {"chat": "' OR 1=1 --"}),
    ("turn", {"chat": "CHAT", "turn": "../x"}),
    ("diff", {"chat": "CHAT", "path": "../../../../etc/passwd"}),
    ("diff", {"chat": "CHAT", "path": "/etc/passwd"}),
]


def test_nothing_else_is_named_by_a_parameter(device: Device) -> None:
    chat = new("-n", "one", "-C", "/", "--", "cat")
    for name, parameters in PARAMETERS:
        done = device.get(f"/api/{name}", **{key: chat if each == "CHAT" else each for key, each in parameters.items()})
        assert 400 <= done.status_code < 500, (name, parameters, done.text)
        assert set(done.json()) >= {"code", "words"}
        assert "root:" not in done.text
        assert len(done.text) < 1000
    for path in ("/..%2f..%2fetc/passwd", "/../../etc/passwd", "//etc/passwd", "/api/../page.js", "/page.css/../x"):
        with closing(
            raw(HEAD.replace(b"/api/me", path.encode()) + f"X-Outlive: 1\r\n{paired(device)}\r\n".encode())
        ) as c:
            assert status_of(c.recv(65536)) in {403, 404}, path


def test_a_body_that_is_too_large_is_refused(device: Device) -> None:
    chat = new("-n", "one", "--", "cat")
    sent = device.client.post("/api/send", json={"id": "12345678", "chat": chat, "text": "x" * MAX_BODY_BYTES})
    assert sent.status_code == 413
    stream = {"Content-Type": "application/octet-stream"}

    def pieces() -> Iterator[bytes]:
        for _ in range(MAX_UPLOAD_BYTES // 65536 + 2):
            yield b"x" * 65536

    for content in (b"x" * (MAX_UPLOAD_BYTES + 1), pieces()):
        with device.copy() as again, suppress(httpx2.TransportError):
            done = again.client.post("/api/upload", params={"chat": chat, "name": "x"}, content=content, headers=stream)
            assert done.status_code == 413
    assert device.read("me")["rights"] == "everything"
    deep = b"[" * 500_000
    done = device.client.post("/api/send", content=deep, headers={"Content-Type": "application/json"})
    assert (done.status_code, done.json()["code"]) == (400, "bad_request")


TRIED = int(os.environ.get("OUTLIVE_WRONG_CODES", "200"))


def test_many_wrong_codes_pair_nobody(server: PageServer) -> None:
    outlive("web", "pair", "--json")
    with Device() as thief:
        statuses = [
            thief.client.post("/api/pair", json={"code": f"{number:08}", "name": "thief"}).status_code
            for number in range(TRIED)
        ]
        assert statuses[:5] == [403] * 5
        assert set(statuses[5:]) <= {403, 429}
        assert statuses.count(429) >= TRIED - 30
        assert outlive("web", "devices", "--json").json() == []


def test_who_has_no_credential_uses_up_nothing_of_those_who_do(device: Device) -> None:
    with Device() as stranger:
        statuses = [stranger.client.get("/api/chats").status_code for _ in range(OF_PAIRING[0] + 5)]
        assert 429 in statuses
        assert device.client.get("/api/chats").status_code == 200
    many = [device.client.get("/api/me").status_code for _ in range(OF_DEVICE[0] + 10)]
    assert 429 in many


SLOW = {"connections.HEAD_S": 1.0, "gate.BODY_S": 1.0, "connections.STALLED_S": 1.0}


@pytest.mark.usefixtures("sessions")
class TestSlowClients:
    def test_a_head_that_never_ends_is_cut_also_after_another_request(self, area: Area) -> None:
        with PageServer(area, changed=SLOW) as server, server.pair() as device:
            for first in ("", f"{GET}{paired(device)}\r\n"):
                with closing(raw(first.encode())) as each:
                    if first:
                        assert status_of(each.recv(65536)) == 200
                    each.settimeout(0.3)
                    with pytest.raises(ConnectionError):  # noqa: PT012 - it is cut while something comes
                        while True:
                            each.sendall(b"G")
                            try:
                                if not each.recv(100):
                                    raise ConnectionResetError
                            except TimeoutError:
                                continue

    def test_a_body_that_never_ends_is_cut(self, area: Area) -> None:
        with PageServer(area, changed=SLOW) as server, server.pair() as device:
            head = GET.replace("GET", "POST").replace("chats", "send") + f"Origin: {ADDRESS}\r\n{paired(device)}"
            head += "Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
            for cookie in (paired(device), ""):
                with closing(raw(head.replace(paired(device), cookie).encode())) as each:
                    each.settimeout(0.3)
                    with pytest.raises(ConnectionError):  # noqa: PT012 - it is cut while something comes
                        while True:
                            each.sendall(b"x")
                            try:
                                if not each.recv(10_000):
                                    raise ConnectionResetError
                            except TimeoutError:
                                continue

    def test_a_reader_that_reads_nothing_costs_no_memory_and_is_cut(self, area: Area) -> None:
        with PageServer(area, changed=SLOW) as server, server.pair() as device:
            chat = new("-n", "x", "--", "cat")
            device.read("chats")
            head = GET.replace("chats", "stream") + paired(device) + "\r\n"
            with closing(raw()) as each:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                each.sendall(head.encode())
                before = memory_kib(server.pid)
                names = ("é" * 100, "ü" * 100)
                for number in range(400):
                    outlive("rename", chat, names[number % 2])
                assert memory_kib(server.pid) - before < 8000
                wait_until(lambda: device.get("/api/me").status_code == 200, TIMEOUT_S, "an answer")

    def test_idle_connections_leave_room_for_the_page(self, area: Area) -> None:
        changed = {"connections.HEAD_S": 600.0}
        with PageServer(area, changed=changed) as server, server.pair() as device, ExitStack() as stack:
            before = _open(server.pid)
            idle = [stack.enter_context(closing(raw())) for _ in range(2 * MAX_CONNECTIONS)]
            with device.copy() as again:
                assert again.read("me")["device"] == "phone"
            wait_until(lambda: _open(server.pid) <= before + MAX_CONNECTIONS, TIMEOUT_S, "the oldest ones to be cut")
            assert closed(idle[0]) == b""


def _open(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


# ---------------------------------------------------------------- agents

PYTHON = """
import socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(sys.argv[2].encode().decode("unicode_escape").encode())
print(connection.recv(65536).decode().partition("\\r\\n")[0])
"""


@pytest.fixture
def agent(area: Area, monkeypatch: pytest.MonkeyPatch) -> ShellInChat:
    """A chat with an agent that runs commands."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return ShellInChat(area, "docs")


def test_an_agent_gets_nothing_with_a_valid_credential(server: PageServer, device: Device, agent: ShellInChat) -> None:
    head = f"{GET}{paired(device)}\r\n".replace("\r\n", "\\r\\n")
    program = [sys.executable, "-ISc", PYTHON, str(page_socket()), head]
    outside = ShellInChat.run
    for words in (program, ["env", "-u", "OUTLIVE_AGENT_CHATS", *program], ["setsid", "env", "-i", *program]):
        done = outside(agent, shlex.join(words))
        assert done.output.strip() == "HTTP/1.1 403 Forbidden", done
    curl = ["curl", "-s", "--unix-socket", str(page_socket()), f"{ADDRESS}/", "-H", paired(device).strip()]
    done = agent.run(shlex.join(curl))
    assert "an agent has no access to the page" in done.output
    orphan = f"setsid sh -c {shlex.quote(f'sleep 0.3; {shlex.join(program)} > orphan')} >/dev/null 2>&1 &"
    directory = Path(agent._directory)
    agent.run(f"cd {shlex.quote(str(directory))}; {orphan}")
    wait_until(lambda: (directory / "orphan").exists() and (directory / "orphan").read_text(), 30, "the orphan")
    assert (directory / "orphan").read_text().strip() == "HTTP/1.1 403 Forbidden"
    assert device.read("me")["device"] == "phone"


def test_an_agent_neither_serves_pairs_nor_revokes(server: PageServer, device: Device, agent: ShellInChat) -> None:
    for words in (["pair"], ["pair", "--json"], [], ["devices", "--revoke", "phone"], ["devices"], ["on"], ["off"]):
        done = agent.outlive("web", *words)
        assert (done.code, done.output) == (NOT_ALLOWED, ""), (words, done)
        assert "an agent may neither serve the page nor pair a device" in done.error
    assert [each["name"] for each in outlive("web", "devices", "--json").json()] == ["phone"]
    assert device.read("pairing")["open"] is False


def test_the_port_of_the_loopback_needs_the_credential_too(area: Area, sessions: Any) -> None:
    port = free_port()
    with PageServer(area, "--port", str(port), address=f"http://localhost:{port}") as server, server.pair() as device:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"GET /api/chats HTTP/1.1\r\nHost: localhost:{port}\r\nX-Outlive: 1\r\n\r\n".encode())
            assert status_of(connection.recv(65536)) == 401
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"GET /api/me HTTP/1.1\r\nHost: localhost:{port}\r\nX-Outlive: 1\r\n{paired(device)}\r\n"
            connection.sendall(head.encode())
            assert status_of(connection.recv(65536)) == 200
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.replace("localhost", "rebound.example").encode())
            assert status_of(connection.recv(65536)) == 421
        addresses = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{port:04X}" in addresses
        assert f"00000000:{port:04X}" not in addresses
        os.kill(server.pid, 0)
