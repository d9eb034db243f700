"""Strangers who open connections and say nothing keep nobody out; nobody else listens where the page is."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from session_host.web.connections import MAX_CONNECTIONS, MAX_HANDSHAKES_OF_NETWORK
from tests.conftest import Sessions
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.networks import OtherMachine, needs_network, other_machine
from tests.support.page_server import PageServer
from tests.support.ports import free_port
from tests.support.push_service import certificate

SILENT = 3000
ANSWER_S = 20.0
"""Below a second on a free machine; tests share theirs. Without limits it takes a minute."""

SAY_NOTHING = """
import resource, socket, sys
host, port, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_NOFILE, (number + 100, max(number + 100, resource.getrlimit(7)[1])))
family = socket.AF_INET6 if ":" in host else socket.AF_INET
held = []
for _ in range(number):
    each = socket.socket(family)
    each.setblocking(False)
    each.connect_ex((host, port))
    held.append(each)
print("open", flush=True)
sys.stdin.read()
"""

HOLD = """
import socket, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
address = sys.argv[1], int(sys.argv[2])
held = [context.wrap_socket(socket.create_connection(address)) for _ in range(int(sys.argv[3]))]
print("open", flush=True)
sys.stdin.read()
"""


class Served(NamedTuple):
    """A page with HTTPS at an address of the network."""

    server: PageServer
    address: str
    port: int

    def answer_s(self) -> float:
        """How long a new connection and its request take."""
        began_s = time.monotonic()
        with closing(self.handshake()) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: {self.address}:{self.port}\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        return time.monotonic() - began_s

    def handshake(self) -> ssl.SSLSocket:
        """Open a connection."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context.wrap_socket(socket.create_connection((self.address, self.port), timeout=60))


@contextmanager
def served(
    area: Area, address: str, changed: dict[str, float] | None = None, prefix: Sequence[str] = ()
) -> Iterator[Served]:
    """Serve the page at an address with a certificate."""
    port, file = free_port(), area.root / "desk.pem"
    file.write_bytes(certificate())
    words = ["--lan", address, "--port", str(port), "--certificate", str(file)]
    with PageServer(area, *words, address=f"https://{address}:{port}", changed=changed, prefix=prefix) as server:
        yield Served(server, address, port)


@contextmanager
def holding(program: str, page: Served, machine: OtherMachine, number: int) -> Iterator[None]:
    """Another machine's program that holds connections to the page."""
    argv = [*machine.argv, sys.executable, "-ISc", program, page.address, str(page.port), str(number)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"open\n"
        yield


@needs_network
def test_thousands_of_silent_connections_of_another_machine_keep_nobody_out(area: Area, sessions: Sessions) -> None:
    with other_machine() as machine, served(area, machine.address) as page:
        page.answer_s()
        with holding(SAY_NOTHING, page, machine, SILENT):
            waited_s = [page.answer_s() for _ in range(20)]
        assert max(waited_s) < ANSWER_S, waited_s
        assert page.server.errors.stat().st_size < 2000, "the log stays small"
        assert len(list(Path(f"/proc/{page.server.pid}/fd").iterdir())) < 200


def test_one_address_has_some_handshakes_and_the_oldest_one_ends_for_a_new_one(area: Area, sessions: Sessions) -> None:
    with served(area, "127.0.0.1", {"connections.HANDSHAKE_S": 600.0}) as page, ExitStack() as stack:
        ports = [(page.address, page.port)] * (MAX_HANDSHAKES_OF_NETWORK + 1)
        opened = [stack.enter_context(closing(socket.create_connection(each, timeout=60))) for each in ports]
        assert opened[0].recv(1) == b"", "the oldest one has ended"
        opened[1].settimeout(0.2)
        with pytest.raises(TimeoutError):
            opened[1].recv(1)
        assert page.answer_s() < ANSWER_S


def test_with_few_descriptors_the_page_has_fewer_connections_and_answers(area: Area, sessions: Sessions) -> None:
    few = ["sh", "-c", 'ulimit -n 200 && exec "$@"', "sh"]
    with served(area, "127.0.0.1", prefix=few) as page, ExitStack() as stack:
        for _ in range(300):
            stack.enter_context(closing(socket.create_connection((page.address, page.port), timeout=60)))
        assert page.answer_s() < ANSWER_S
        assert "no connection can be accepted" not in page.server.errors.read_text()


def test_the_log_has_one_line_of_a_kind(area: Area, sessions: Sessions) -> None:
    port = free_port()
    with PageServer(area, "--port", str(port), address=f"http://localhost:{port}") as server:
        for _ in range(50):
            with closing(socket.create_connection(("127.0.0.1", port), timeout=60)) as connection:
                connection.sendall(b"\0nonsense\r\n\r\n")
                assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
        assert server.errors.read_text().count("\n") == 1


def test_a_handshake_takes_seconds_and_not_a_minute(area: Area, sessions: Sessions) -> None:
    with (
        served(area, "127.0.0.1", {"connections.HANDSHAKE_S": 0.2}) as page,
        closing(socket.create_connection((page.address, page.port), timeout=60)) as connection,
    ):
        assert connection.recv(1) == b""


@needs_network
def test_who_has_all_connections_loses_them_to_others(area: Area, sessions: Sessions) -> None:
    """A neighbour who is let through the handshake takes the place of its own connections alone."""
    with other_machine() as machine, served(area, machine.address) as page, ExitStack() as stack:
        mine = stack.enter_context(closing(page.handshake()))
        stack.enter_context(holding(HOLD, page, machine, MAX_CONNECTIONS + 20))
        mine.sendall(f"GET / HTTP/1.1\r\nHost: {page.address}:{page.port}\r\n\r\n".encode())
        assert mine.recv(100).startswith(b"HTTP/1.1 200 ")


@pytest.mark.usefixtures("sessions")
class TestLoopback:
    def test_localhost_is_the_page_whichever_address_a_browser_takes(self, area: Area) -> None:
        port = free_port()
        with PageServer(area, "--port", str(port), address=f"http://localhost:{port}"):
            for host in ("127.0.0.1", "::1"):
                with closing(socket.create_connection((host, port))) as connection:
                    connection.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
                    assert connection.recv(100).startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize("host", ["127.0.0.1", "::1", "::"])
    def test_where_another_server_is_localhost_too_it_does_not_start(self, area: Area, host: str) -> None:
        port = free_port()
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as other:
            other.bind((host, port))
            other.listen()
            done = outlive("web", "--port", str(port))
        assert (done.code, done.output) == (2, "")
        assert f"another program has the port {port}; free are --port" in done.complaint()

    @needs_network
    def test_a_computer_without_ipv6_serves_at_the_address_that_it_has(self, area: Area) -> None:
        port = free_port()
        script = 'ip link set lo up && echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 && exec "$@"'
        alone = ["unshare", "--net", "sh", "-c", script, "sh"]
        words = ["--port", str(port)]
        with PageServer(area, *words, address=f"http://localhost:{port}", prefix=alone) as server:
            sockets = subprocess.run(
                ["nsenter", "--net", "--target", str(server.pid), "cat", "/proc/self/net/tcp", "/proc/self/net/tcp6"],
                capture_output=True,
                text=True,
                check=True,
            )
        assert f"0100007F:{port:04X}" in sockets.stdout
        assert sockets.stdout.count(f":{port:04X}") == 1
