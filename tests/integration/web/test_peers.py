"""Who asks for the page over a port: an agent's program is refused by the kernel's word, whatever key it has."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shlex
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from session_host.system import tcp_sockets
from session_host.system.tcp_sockets import End, Owned
from session_host.web.peers import HERE, Peer, network_of
from tests.conftest import Sessions
from tests.integration.test_agents_keep_to_their_chats import ShellInChat
from tests.support.area import Area
from tests.support.commands import REPOSITORY
from tests.support.networks import needs_network, other_machine
from tests.support.other_users import NOBODY, as_another_user, needs_root
from tests.support.page_server import PageServer
from tests.support.ports import free_port

REFUSED = "an agent has no access to the page: a program asks that the chat docs has started"
_PR_SET_DUMPABLE = 4
NOBODY_FOUND = "no program of yours was found at the other end"

ASK = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30) as connection:
    connection.sendall(sys.argv[3].encode().decode("unicode_escape").encode())
    print(b"".join(iter(lambda: connection.recv(65536), b"")).decode())
"""

CONNECT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    connection.recv(1)
"""


@pytest.fixture
def agent(area: Area, monkeypatch: pytest.MonkeyPatch) -> ShellInChat:
    """A chat with an agent that runs commands."""
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return ShellInChat(area, "docs")


def test_an_agents_program_with_a_devices_key_gets_nothing_on_a_port_and_reads_which_chat_it_is_of(
    area: Area, sessions: Sessions, agent: ShellInChat
) -> None:
    port = free_port()
    with PageServer(area, "--port", str(port), address=f"http://localhost:{port}") as server, server.pair() as device:

        def asking() -> str:
            head = f"GET /api/chats HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n{device.head()}\r\n"
            argv = [sys.executable, "-ISc", ASK, "127.0.0.1", str(port), head.replace("\r\n", "\\r\\n")]
            return shlex.join(argv)

        for before in ("", "env -u OUTLIVE_AGENT_CHATS ", "setsid env -i "):
            done = agent.run(before + asking())
            assert done.output.startswith("HTTP/1.1 403 "), done
            assert REFUSED in done.output
        mine = subprocess.run(shlex.split(asking()), capture_output=True, text=True, check=True, timeout=60)
        assert mine.stdout.startswith("HTTP/1.1 200 "), mine


@contextmanager
def listening(address: str = "127.0.0.1") -> Iterator[socket.socket]:
    """A socket that listens at an address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener:
        listener.settimeout(60)
        listener.bind((address, 0))
        listener.listen()
        yield listener


@contextmanager
def connected(listener: socket.socket, *argv: str) -> Iterator[socket.socket]:
    """The end of a connection that another program holds, run by ``argv``."""
    host, port = listener.getsockname()[:2]
    with subprocess.Popen([*argv, sys.executable, "-ISc", CONNECT, host, str(port)]) as program:
        with closing(listener.accept()[0]) as connection:
            yield connection
        program.wait(60)


def refusal(connection: socket.socket) -> str:
    """What the other end of a connection is told."""
    return asyncio.run(Peer(connection).refusal())


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.77", "::1"])
def test_a_program_of_the_user_gets_in_at_each_address_of_the_loopback(address: str) -> None:
    with listening(address) as listener, connected(listener) as connection:
        peer = Peer(connection)
        assert (refusal(connection), peer.network) == ("", HERE)


@needs_network
def test_a_second_address_of_this_computer_is_this_computer() -> None:
    with other_machine() as other:
        second = other.address.rpartition(".")[0] + ".77"
        listed = subprocess.run(["ip", "-brief", "address"], capture_output=True, text=True, check=True, timeout=60)
        name = next(line.split("@")[0] for line in listed.stdout.splitlines() if f" {other.address}/" in line)
        subprocess.run(["ip", "address", "add", f"{second}/24", "dev", name], check=True, timeout=60)
        for address in (second, other.address):
            with listening(address) as listener, socket.socket() as browser:
                browser.bind((second, 0))
                browser.connect(listener.getsockname())
                with closing(listener.accept()[0]) as connection:
                    assert (refusal(connection), Peer(connection).network) == ("", HERE)
        assert not tcp_sockets.is_here(End(other.own_address, 0))
        assert not tcp_sockets.is_here(End("203.0.113.9", 0))


def test_a_browser_that_speaks_ipv6_to_an_address_of_ipv4_is_found() -> None:
    with listening() as listener, socket.socket(socket.AF_INET6) as browser:
        browser.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        with closing(listener.accept()[0]) as connection:
            assert refusal(connection) == ""


@pytest.mark.parametrize("is_reset", [False, True])
def test_who_sends_and_is_gone_before_the_kernel_is_asked_is_refused(is_reset: bool) -> None:
    with listening() as listener:
        sender = socket.create_connection(listener.getsockname())
        with closing(listener.accept()[0]) as connection:
            peer = Peer(connection)
            sender.sendall(b"POST /api/answer")
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", is_reset, 0))
            sender.close()
            assert NOBODY_FOUND in asyncio.run(peer.refusal())
            assert connection.recv(4) == b"POST", "what it sent is there"


def test_a_connection_that_ended_before_it_is_looked_at_is_refused() -> None:
    with listening() as listener:
        sender = socket.create_connection(listener.getsockname())
        with closing(listener.accept()[0]) as connection:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sender.close()
            assert refusal(connection) == "this connection has ended"


@needs_root
def test_of_another_users_program_the_key_alone_counts() -> None:
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    with listening() as listener, connected(listener, *as_nobody) as connection:
        peer = Peer(connection)
        assert (refusal(connection), peer.network) == ("", HERE)


@needs_root
def test_a_tunnels_end_into_which_its_user_may_not_look_gets_in() -> None:
    """sshd's process of a login has changed its user, so only root sees what it has open."""

    def ask() -> object:
        with listening() as listener:
            tunnel = os.fork()
            if tunnel == 0:
                ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)
                with socket.create_connection(listener.getsockname()) as held:
                    held.recv(1)
                os._exit(0)
            with closing(listener.accept()[0]) as connection:
                end, own = _ends(connection)
                found = tcp_sockets.find(end, own)
                open_in, hidden = tcp_sockets.holders(found.inode, found.user) if found is not None else ([], [])
                said = refusal(connection)
            os.waitpid(tunnel, 0)
        return [open_in, tunnel in hidden, said]

    assert as_another_user(ask) == [[], True, ""]


@needs_network
def test_of_another_machine_and_another_network_the_key_alone_counts() -> None:
    with other_machine() as other:
        for address, own in ((other.address, other.own_address), (other.address6, other.own_address6)):
            with listening(address) as listener, connected(listener, *other.argv) as connection:
                peer = Peer(connection)
                assert (refusal(connection), peer.network, peer.shown) == ("", network_of(own), own)
            with listening(address) as listener, connected(listener) as connection:
                assert (refusal(connection), Peer(connection).network) == ("", HERE), "this machine, by that address"


@needs_network
def test_an_agents_program_gets_nothing_at_the_address_of_the_network(
    area: Area, sessions: Sessions, agent: ShellInChat
) -> None:
    with other_machine() as other, listening(other.address) as listener:
        program = agent.start(shlex.join([sys.executable, "-ISc", CONNECT, *map(str, listener.getsockname())]))
        with closing(listener.accept()[0]) as connection:
            assert refusal(connection) == REFUSED
            assert not program.exists(), "it waits at its end"


def test_where_the_kernel_does_not_answer_its_list_says_the_same() -> None:
    for address in ("127.0.0.1", "::1"):
        with listening(address) as listener, connected(listener) as connection:
            end, own = _ends(connection)
            found = tcp_sockets.find(end, own)
            assert found is not None
            assert found.user == os.getuid()
            assert found.inode
            assert tcp_sockets._look_in_proc(end, own) == found
            assert tcp_sockets._look_in_proc(own, end) == Owned(os.getuid(), os.fstat(connection.fileno()).st_ino)
            assert tcp_sockets._look_in_proc(end, own._replace(port=1)) is None
            assert tcp_sockets._can_bind(end)
    assert not tcp_sockets._can_bind(End("203.0.113.9", 0))


def test_a_server_at_the_same_numbers_is_no_end_of_the_connection() -> None:
    with listening() as listener:
        end = End.of(listener.getsockname())
        assert tcp_sockets.find(end, End("127.0.0.1", 1)) is None


def test_limits_count_a_whole_network_of_ipv6_as_one() -> None:
    assert network_of("192.168.1.20") == "192.168.1.20"
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::1") == "2001:db8:1:2::/64"


def _ends(connection: socket.socket) -> tuple[End, End]:
    return End.of(connection.getpeername()), End.of(connection.getsockname())
