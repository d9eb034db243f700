"""A running ``outlive web``, and devices that use it as the page does."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from session_host.web import devices
from session_host.web.devices import Rights
from session_host.web.places import page_socket
from tests.support.area import Area
from tests.support.commands import OUTLIVE, environment
from tests.support.waiting import wait_for_end, wait_until

ADDRESS = "http://localhost:7070"
TIMEOUT_S = 60.0
Json = dict[str, Any]


class Happened(NamedTuple):
    """A server-sent event."""

    kind: str
    id: str
    data: Any


_CHANGED = """
import json, sys
from importlib import import_module
from session_host.cli import main
for name, value in json.loads(sys.argv.pop(1)).items():
    module, _, constant = name.partition(".")
    setattr(import_module(f"session_host.web.{module}"), constant, value)
sys.exit(main(sys.argv[1:]))
"""


class PageServer:
    """The process.

    Attributes:
        errors: the file with what it wrote on standard error.
    """

    def __init__(
        self,
        area: Area,
        *words: str,
        address: str = ADDRESS,
        changed: Mapping[str, float | str] | None = None,
        prefix: Sequence[str] = (),
    ) -> None:
        """Describe a server that is not started yet.

        Args:
            area: the test's.
            words: the command's arguments.
            address: the page's.
            changed: constants with another value, as ``{"following.LEAVE_AFTER_S": 1.0}``.
            prefix: words before the program's that run it in another network.
        """
        program = [sys.executable, "-c", _CHANGED, json.dumps(dict(changed))] if changed else OUTLIVE
        self._argv = [*prefix, *program, "web", *words]
        self.address = address
        self.errors = area.root / "web-errors"
        self._ready = area.root / "web-ready"
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start it, and wait until it says that it serves, as it says it to systemd: then it has read all files."""
        with self.errors.open("ab") as errors, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            self._ready.unlink(missing_ok=True)
            ready.bind(str(self._ready))
            ready.setblocking(False)
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment({"NOTIFY_SOCKET": str(self._ready)}),
            )
            try:
                wait_until(
                    lambda: self._serves(ready), TIMEOUT_S, lambda: f"the page to be served: {self.errors.read_text()}"
                )
            except BaseException:
                self.end(signal.SIGKILL)
                raise
        return self

    def _serves(self, ready: socket.socket) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.errors.read_text()
        with suppress(BlockingIOError):
            return ready.recv(100) == b"READY=1"
        return False

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it by a signal; returns its exit code, negative for a signal."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        code = process.wait(TIMEOUT_S)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def kill(self) -> None:
        """Kill it, and wait until its children have noticed."""
        children = self.children()
        self.end(signal.SIGKILL)
        for pid in children:
            wait_for_end(pid, TIMEOUT_S)

    def children(self) -> list[int]:
        """The processes that it has started."""
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def watches(self) -> int:
        """How many of its descriptors watch files: while a device is connected, of the store and of the settings."""
        return sum(str(each.readlink()) == "anon_inode:inotify" for each in Path(f"/proc/{self.pid}/fd").iterdir())

    def pair(self, rights: str = "everything", name: str = "phone") -> Device:
        """Pair a device: it asks with the code, and is let in as at the desk."""
        device = Device(self.address)
        asked = device.post("/api/ask", {"code": devices.begin_pairing()})
        assert asked.status_code == 200, asked.text
        [asking] = [each for each in devices.load().asking if each.key == device.key.name]
        assert list(asking.words) == asked.json()["words"]
        devices.let_in(asking.id, Rights.named(rights), name)
        devices.end_pairing()
        return device

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.end(signal.SIGTERM if kind is None else signal.SIGKILL)
        sys.stderr.write(self.errors.read_text())


class Key:
    """A browser's key, which signs requests as the page does.

    Attributes:
        name: its public half, base64.
        challenge: the server's; "" before its first answer.
    """

    def __init__(self) -> None:
        self._own = ec.generate_private_key(ec.SECP256R1())
        point = self._own.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.name = base64.b64encode(point).decode()
        self.challenge = ""
        self._numbers = itertools.count(1)

    def signed(self, method: str, target: str, origin: str, body: bytes = b"", number: int = 0) -> str:
        """The header of a signed request."""
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        counted = str(number or next(self._numbers))
        text = f"{method}\n{origin}{target}\n{digest}\n{self.challenge}\n{counted}".encode()
        r, s = decode_dss_signature(self._own.sign(text, ec.ECDSA(hashes.SHA256())))
        signature = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
        return f"{self.name} {counted} {digest} {signature}"


class _Signing(httpx2.Auth):
    """Signs each request of a client, and once more with the server's new challenge."""

    requires_request_body = True

    def __init__(self, key: Key, origin: str) -> None:
        self._key, self._origin = key, origin

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response]:
        used = self._key.challenge
        request.headers["X-Outlive-Signed"] = self._signed(request)
        response = yield request
        if response.status_code not in {401, 429}:
            return
        response.read()
        self._key.challenge = response.json().get("challenge", used)
        if self._key.challenge != used:
            request.headers["X-Outlive-Signed"] = self._signed(request)
            yield request

    def _signed(self, request: httpx2.Request) -> str:
        return self._key.signed(request.method, request.url.raw_path.decode(), self._origin, request.content)


class Device:
    """A browser with the page.

    Attributes:
        key: its own.
        client: signs with it.
    """

    def __init__(self, address: str = ADDRESS, *, key: Key | None = None, cookies: Any = None) -> None:
        self.address = address
        self.key = key or Key()
        self.client = client(address, key=self.key, cookies=cookies)

    def get(self, path: str, /, **parameters: str) -> httpx2.Response:
        """Ask for something; again while there are too many requests."""
        return _patiently(lambda: self.client.get(path, params=parameters))

    def post(self, path: str, value: Any, **parameters: str) -> httpx2.Response:
        """Do something; again while there are too many requests."""
        return _patiently(lambda: self.client.post(path, json=value, params=parameters))

    def do(self, name: str, **fields: Any) -> Json:
        """Do something that succeeds, under an id of its own; returns the result."""
        done = self.post(f"/api/{name}", {"id": uuid.uuid4().hex, **fields})
        assert done.status_code == 200, f"{name}: {done.status_code} {done.text}"
        found: Json = done.json()
        return found

    def read(self, name: str, /, **parameters: str) -> Json:
        """Read something that is there."""
        done = self.get(f"/api/{name}", **parameters)
        assert done.status_code == 200, f"{name}: {done.status_code} {done.text}"
        found: Json = done.json()
        return found

    def rows(self) -> dict[str, Json]:
        """The chats of the list, by their names."""
        return {each["name"]: each for each in self.read("chats")["chats"]}

    def screen(self, chat: str) -> Json:
        """The screen of a terminal's chat as it is now."""
        with self.stream(screen=chat) as happened:
            found: Json = next(each.data for each in happened if each.kind == "screen")
            return found

    def question(self, chat: str) -> Json:
        """The only question of a chat, as soon as there is one."""
        found: list[Json] = wait_until(
            lambda: self.read("questions", chat=chat)["questions"], TIMEOUT_S, "a question", every_s=0.3
        )
        [question] = found
        return question

    def answer(self, chat: str, question: Json, option: str, **fields: Any) -> httpx2.Response:
        """Answer a question."""
        given = {"id": uuid.uuid4().hex, "chat": chat, "request": question["request"], "digest": question["digest"]}
        return self.post("/api/answer", given | {"option": option} | fields)

    @contextmanager
    def stream(self, cursor: str = "", path: str = "/api/stream", **parameters: str) -> Iterator[Iterator[Happened]]:
        """Open a stream of events, and read them."""
        with self.client.stream("GET", path, params=parameters, headers={"Last-Event-ID": cursor}) as response:
            assert response.status_code == 200, response.read()
            yield read_events(response.iter_lines())

    def copy(self) -> Device:
        """The same device with connections of its own."""
        return Device(self.address, key=self.key, cookies=self.client.cookies)

    def head(self, path: str = "/api/chats", method: str = "GET", body: bytes = b"") -> str:
        """The headers of a signed request, for one that is written by hand."""
        self.read("me")  # It has the challenge then.
        signed = self.key.signed(method, path, self.address, body)
        return f"X-Outlive: 1\r\nX-Outlive-Signed: {signed}\r\n"

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def let_in(name: str, rights: str = "look") -> devices.Device:
    """Have a device in the list; no browser has its key."""
    asking, _number = devices.ask(devices.begin_pairing(), Key().name, "", name, "")
    devices.end_pairing()
    return devices.let_in(asking.id, Rights.named(rights), name)


def _patiently(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    def asked() -> httpx2.Response | None:
        answer = ask()
        return answer if answer.status_code != 429 else None

    found: httpx2.Response | None = wait_until(asked, TIMEOUT_S, "an answer but “too many”", every_s=0.5)
    assert found is not None
    return found


def client(
    address: str = ADDRESS, *, key: Key | None = None, cookies: Any = None, path: Path | None = None
) -> httpx2.Client:
    """A client on the Unix socket with the headers that the page sends; it signs with a key."""
    return httpx2.Client(
        base_url=address,
        transport=httpx2.HTTPTransport(uds=str(path or page_socket())),
        headers={"Origin": address, "X-Outlive": "1"},
        cookies=cookies,
        auth=_Signing(key, address) if key is not None else None,
        timeout=TIMEOUT_S,
    )


def read_events(lines: Iterable[str]) -> Iterator[Happened]:
    """The events of a stream's lines."""
    fields: dict[str, str] = {}
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield Happened(fields.get("event", ""), fields.get("id", ""), json.loads(fields.get("data", "null")))
            fields = {}


class Phone(threading.Thread):
    """A page that shows the list: it follows the stream, and connects again with its last id.

    Its connections are the standard library's, which leave nothing open when they are cut or refused.

    Attributes:
        rows: the chats that it shows, by their ids.
        machines: what it was told of machines, by their names.
        connections: how often it has connected.
        resets: how often it has read the whole list.
        failure: what went wrong; None if nothing did.
    """

    def __init__(self, device: Device) -> None:
        super().__init__(daemon=True)
        self._address, self._key = device.address, device.key
        self._ended = threading.Event()
        self._connection: _UnixConnection | None = None
        self.rows: dict[str, Json] = {}
        self.machines: dict[str, Json] = {}
        self._last_id = ""
        self.connections = self.resets = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Follow until ``end``."""
        try:
            while not self._ended.is_set():
                with suppress(OSError, http.client.HTTPException, ValueError, _Refused):
                    self._follow()
                self._ended.wait(0.1)
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self._close()

    def _follow(self) -> None:
        if not self._last_id:
            self._read_list()
        response = self._ask("/api/stream", {"Last-Event-ID": self._last_id})
        self.connections += 1
        for happened in read_events(line.decode().rstrip("\n") for line in iter(response.readline, b"")):
            self.take(happened)

    def _ask(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Ask for something on a connection of its own."""
        self._close()
        self._connection = _UnixConnection(self._address.partition("//")[2], timeout=TIMEOUT_S)
        signed = self._key.signed("GET", path, self._address)
        headers |= {"Origin": self._address, "X-Outlive": "1", "X-Outlive-Signed": signed}
        self._connection.request("GET", path, headers=headers)
        response = self._connection.getresponse()
        if response.status != 200:
            self._key.challenge = json.loads(response.read()).get("challenge", self._key.challenge)
            raise _Refused(response.status)
        return response

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def take(self, happened: Happened) -> None:
        """Show what the stream has told."""
        match happened.kind:
            case "reset":
                self._read_list()
            case "row":
                self.rows = self.rows | {happened.data["id"]: happened.data}  # The test's thread reads it.
            case "gone":
                self.rows = {key: row for key, row in self.rows.items() if key != happened.data["chat"]}
            case "machine":
                self.machines = self.machines | {happened.data["name"]: happened.data}
        self._last_id = happened.id or self._last_id

    def _read_list(self) -> None:
        of_stream, self._connection = self._connection, None
        try:
            response = self._ask("/api/chats", {})
            listed = json.loads(response.read())
        finally:
            self._close()
            self._connection = of_stream
        self.resets += 1
        self._last_id = listed["cursor"]
        self.rows = {each["id"]: each for each in (*listed["chats"], *listed["ended"])}
        self.machines = {each["name"]: each for each in listed["machines"]}

    def cut(self) -> bool:
        """Cut its connection, as a phone's is, if it has one; returns False."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        return False

    def asking(self) -> dict[str, str]:
        """The questions that it shows, by their chats' ids."""
        return {key: row["words"] for key, row in self.rows.items() if row["group"] == "needs you"}

    def end(self) -> None:
        """Leave the page."""
        self._ended.set()
        while self.is_alive():
            self.cut()
            self.join(0.1)
        assert self.failure is None, self.failure


class _UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(page_socket()))
        except OSError:
            self.sock.close()
            raise


class _Refused(Exception):
    """The server refuses a request for now."""


@contextmanager
def phone(device: Device) -> Iterator[Phone]:
    """A device that shows the list."""
    shown = Phone(device)
    shown.start()
    try:
        yield shown
    finally:
        shown.end()


def cpu_ticks(pid: int) -> int:
    """The processor time of a process, in clock ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def memory_kib(pid: int) -> int:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])


def raw(data: bytes = b"") -> socket.socket:
    """A connection to the socket on which something was written."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(TIMEOUT_S)
    connection.connect(str(page_socket()))
    connection.sendall(data)
    return connection


def closed(connection: socket.socket) -> bytes:
    """What comes on a connection until its other end closes it."""
    found = b""
    with suppress(ConnectionResetError):
        while data := connection.recv(65536):
            found += data
    return found
