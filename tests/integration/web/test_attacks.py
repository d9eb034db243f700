"""Attacks on the page's server, over real sockets."""

from __future__ import annotations

import json
import os
import shlex
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from session_host.web import devices
from session_host.web.connections import MAX_CONNECTIONS
from session_host.web.gate import MAX_BODY_BYTES, MAX_UPLOAD_BYTES
from session_host.web.places import page_socket
from tests.integration.test_agents_keep_to_their_chats import NOT_ALLOWED, ShellInChat
from tests.support.area import Area
from tests.support.commands import OUTLIVE, REPOSITORY, new, outlive
from tests.support.page_server import ADDRESS, Device, Key, PageServer, client, closed, memory_kib, raw
from tests.support.ports import free_port
from tests.support.waiting import wait_until

TIMEOUT_S = 60.0
GET = "GET /api/chats HTTP/1.1\r\nHost: localhost:7070\r\n"


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
    rest = GET.partition("\n")[2]
    for method in METHODS:
        signed = device.head("/api/stop", method)
        with closing(raw(f"{method} /api/stop HTTP/1.1\r\n{rest}{signed}\r\n".encode())) as each:
            assert status_of(each.recv(65536)) in {404, 405}, method


def test_a_socket_of_the_web_is_not_opened(device: Device) -> None:
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Version: 13\r\n"
    for path, signed in (("/api/stream", ""), ("/api/stream", device.head("/api/stream")), ("/", "")):
        head = f"GET {path} HTTP/1.1\r\nHost: localhost:7070\r\nOrigin: http://evil.example\r\n{upgrade}{signed}\r\n"
        with closing(raw(head.encode())) as each:
            assert status_of(each.recv(65536)) == 403


HEAD = b"GET /api/me HTTP/1.1\r\nHost: localhost:7070\r\n"
PAIR = b"POST /api/ask HTTP/1.1\r\nHost: localhost:7070\r\n"
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
    with closing(raw(f"{GET}{device.head()}\r\n".encode() + b"\x00nonsense\r\n\r\n" * 50)) as each:
        answer = closed(each)
    assert status_of(answer) == 200
    assert b"HTTP/1.1 400" in answer
    with closing(raw(f"{GET}{device.head()}\r\n".encode() * 100)) as each:  # All at once, and nothing is read.
        assert device.read("me")["device"] == "phone"


PARAMETERS = [
    ("chat", {"chat": "../../../../etc/passwd"}),
    ("chat", {"chat": "/"}),
    ("chat", {"chat": "near/x"}),
    ("chat", {"chat": "x" * 8000}),
    ("chat", {"chat": "\x00\u202e<b>"}),
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
        with closing(raw(HEAD.replace(b"/api/me", path.encode()) + f"{device.head(path)}\r\n".encode())) as c:
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


SECONDS = float(os.environ.get("OUTLIVE_ATTACK_S", "3"))
"""How long an attack lasts."""

QUICK_S = 1.0
"""What one answer takes at most during an attack, or each would take longer; others may wait for the processor."""


@contextmanager
def attack(*senders: Callable[[], Any]) -> Iterator[Callable[[Callable[[], Any]], list[float]]]:
    """Have requests sent without a pause; yields what measures another one meanwhile, in seconds."""
    ended = threading.Event()

    def send(sender: Callable[[], Any]) -> None:
        while not ended.is_set():
            with suppress(httpx2.TransportError):
                sender()

    def measure(ask: Callable[[], Any]) -> list[float]:
        began_s, found = time.monotonic(), list[float]()
        while time.monotonic() < began_s + SECONDS or len(found) < 3:
            asked_s = time.monotonic()
            ask()
            found.append(time.monotonic() - asked_s)
            ended.wait(0.3)
        return found

    threads = [threading.Thread(target=send, args=(each,)) for each in senders]
    for each in threads:
        each.start()
    try:
        yield measure
    finally:
        ended.set()
        for each in threads:
            each.join()


def test_wrong_codes_cost_their_sender_and_the_right_one_counts_at_once(server: PageServer, device: Device) -> None:
    code = devices.begin_pairing()
    statuses: set[int] = set()
    device.read("me")  # The first one starts a process.
    with Device() as thief, Device() as user:

        def guess() -> None:
            statuses.add(thief.client.post("/api/ask", json={"code": uuid.uuid4().hex[:8]}).status_code)

        with attack(guess, guess) as measure:
            took_s = measure(lambda: device.client.get("/api/me").raise_for_status())
            wait_until(lambda: statuses == {403, 429}, TIMEOUT_S, lambda: f"a refusal: {statuses}")
            asked = user.client.post("/api/ask", json={"code": code})
        assert min(took_s) < QUICK_S
        assert asked.json()["state"] == "asks", "behind one proxy, all have one address"
        [asking] = devices.load().asking
        assert asking.key == user.key.name


def test_a_stranger_uses_up_nothing_of_the_users_page(server: PageServer, device: Device) -> None:
    device.read("me")
    with Device() as stranger, client() as unsigned:
        ask = lambda: (stranger.client.get("/api/chats"), unsigned.get("/api/chats"), unsigned.get("/page.js"))  # noqa: E731
        with attack(ask, ask) as measure:
            took_s = measure(
                lambda: [device.client.get(each).raise_for_status() for each in ("/", "/page.js", "/api/me")]
            )
            wait_until(lambda: stranger.client.get("/api/chats").status_code == 429, TIMEOUT_S, "a refusal")
        assert min(took_s) < QUICK_S
        with Device(key=device.key) as reloaded:
            reloaded.key.challenge = "of an earlier run"
            assert reloaded.client.get("/api/me").status_code == 200, "the page gets the challenge, whoever else asks"


def test_a_device_that_never_stops_keeps_no_other_one_out(server: PageServer, device: Device) -> None:
    device.read("me")
    with server.pair(name="neighbour") as neighbour, neighbour.copy() as other:
        statuses: set[int] = set()
        senders = [
            lambda each=each: statuses.add(each.client.get("/api/chats").status_code) for each in (neighbour, other)
        ]
        with attack(*senders) as measure:
            took_s = measure(lambda: device.client.get("/api/me").raise_for_status())
            wait_until(lambda: statuses == {200, 429}, TIMEOUT_S, lambda: f"a refusal: {statuses}")
        assert min(took_s) < QUICK_S


def test_nothing_counts_twice_nor_in_the_next_run_nor_with_another_body(server: PageServer, device: Device) -> None:
    chat = new("-n", "one", "--", "cat")
    body = json.dumps({"id": "12345678", "chat": chat}).encode()

    def stop(signed: str, sent: bytes = body) -> httpx2.Response:
        with client() as sender:
            headers = {"Content-Type": "application/json", "X-Outlive-Signed": signed}
            return sender.post("/api/stop", content=sent, headers=headers)

    device.read("me")
    signed = device.key.signed("POST", "/api/stop", ADDRESS, body)
    assert stop(signed, body.replace(b"12345678", b"87654321")).status_code == 400
    again = stop(signed)
    assert (again.status_code, again.json()["code"]) == (401, "unsigned"), "its number was counted"
    for other in (
        device.key.signed("GET", "/api/stop", ADDRESS, body),
        device.key.signed("POST", "/api/interrupt", ADDRESS, body),
        device.key.signed("POST", "/api/stop?chat=x", ADDRESS, body),
        device.key.signed("POST", "/api/stop", "http://localhost:7071", body),
        Key().signed("POST", "/api/stop", ADDRESS, body),
        f"{device.key.name} 5 x y",
        "",
    ):
        assert stop(other).status_code == 401, other
    kept = device.key.signed("POST", "/api/stop", ADDRESS, body)
    server.end()
    server.start()
    assert stop(kept).status_code == 401, "it was signed for the run before"
    assert outlive("ls", "--json").json()[0]["state"] == "running"
    device.do("stop", chat=chat)


def test_a_cookie_opens_nothing_and_one_of_another_program_locks_nobody_out(device: Device) -> None:
    with client(cookies=device.client.cookies) as thief:
        assert thief.get("/api/chats").status_code == 401
    for others in ("a b=c; @=x", 'x="; y=1', "outlive=; outlive"):
        [number] = device.client.cookies.values()
        with Device(key=device.key) as browser:
            browser.client.headers["Cookie"] = f"{others}; outlive={number}"
            assert "outlive=" in browser.get("/api/me").headers.get("set-cookie", ""), others


SLOW = {"connections.HEAD_S": 1.0, "gate.BODY_S": 1.0, "connections.STALLED_S": 1.0}


@pytest.mark.usefixtures("sessions")
class TestSlowClients:
    def test_a_head_that_never_ends_is_cut_also_after_another_request(self, area: Area) -> None:
        with PageServer(area, changed=SLOW) as server, server.pair() as device:
            for first in ("", f"{GET}{device.head()}\r\n"):
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
            head = GET.replace("GET", "POST").replace("chats", "send") + f"Origin: {ADDRESS}\r\n"
            head += "Content-Type: application/json\r\nContent-Length: 1000\r\n"
            for signed in (device.head("/api/send", "POST", b"x" * 1000), "X-Outlive: 1\r\n"):
                with closing(raw(f"{head}{signed}\r\n".encode())) as each:
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
            head = GET.replace("chats", "stream") + device.head("/api/stream") + "\r\n"
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


def test_an_agent_gets_nothing_with_a_valid_signature(server: PageServer, device: Device, agent: ShellInChat) -> None:
    head = f"{GET}{device.head()}\r\n".replace("\r\n", "\\r\\n")
    program = [sys.executable, "-ISc", PYTHON, str(page_socket()), head]
    outside = ShellInChat.run
    for words in (program, ["env", "-u", "OUTLIVE_AGENT_CHATS", *program], ["setsid", "env", "-i", *program]):
        done = outside(agent, shlex.join(words))
        assert done.output.strip() == "HTTP/1.1 403 Forbidden", done
    curl = ["curl", "-s", "--unix-socket", str(page_socket()), f"{ADDRESS}/"]
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
    assert devices.load().pairing is None


@pytest.mark.parametrize("kind", ["command", "shell"])
def test_no_program_of_a_users_chat_pairs_or_revokes(
    server: PageServer, device: Device, area: Area, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    chat = ShellInChat(area, "mine", kind)
    for words in (["pair"], ["pair", "--json"], ["devices", "--revoke", "phone"], ["on"]):
        done = chat.outlive("web", *words)
        assert (done.code, done.output) == (NOT_ALLOWED, ""), (words, done)
        assert "a program of a chat may not" in done.error
    for way in (["env", "-u", "OUTLIVE_AGENT_CHATS"], ["setsid", "env", "-i", f"HOME={area.home}"]):
        done = chat.run(shlex.join([*way, *OUTLIVE, "web", "pair", "--json"]))
        assert done.code == NOT_ALLOWED, (way, done)
    assert chat.outlive("web", "devices").code == 0
    assert [each.name for each in devices.load().devices] == ["phone"]
    assert devices.load().pairing is None


def test_the_port_of_the_loopback_needs_a_signature_too(area: Area, sessions: Any) -> None:
    port = free_port()
    with PageServer(area, "--port", str(port), address=f"http://localhost:{port}") as server, server.pair() as device:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(f"GET /api/me HTTP/1.1\r\nHost: localhost:{port}\r\nX-Outlive: 1\r\n\r\n".encode())
            assert status_of(connection.recv(65536)) == 401
        with socket.create_connection(("127.0.0.1", port)) as connection:
            head = f"GET /api/me HTTP/1.1\r\nHost: localhost:{port}\r\n{device.head('/api/me')}\r\n"
            connection.sendall(head.encode())
            assert status_of(connection.recv(65536)) == 200
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head.replace("localhost", "rebound.example").encode())
            assert status_of(connection.recv(65536)) == 421
        addresses = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{port:04X}" in addresses
        assert f"00000000:{port:04X}" not in addresses
        os.kill(server.pid, 0)
