"""Random messages to the keeper, from the same user: no session is lost, and the next command works."""

from __future__ import annotations

import array
import random
import socket

import msgspec
import pytest

from session_host.paths import keeper_log, keeper_socket
from session_host.protocol import keeper as k
from session_host.protocol.codec import encode
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import new, outlive
from tests.support.fuzzing import anything, chance, fields_of, frame, some, times
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

WAIT_S = 60.0
HARMLESS: list[type[k.KeeperMessage]] = [
    k.Status,
    k.ReplaceHost,
    k.Running,
    k.Refused,
    k.ExitSaved,
    k.Prepared,
    k.Rehearsed,
]
"""Launch, Adopt and ReplaceKeeper are left out: random files and programs in them could damage the machine."""


def keeper_pid() -> int:
    """Wait until all hosts name one keeper (a host that is being replaced names none); returns its PID."""

    def named() -> set[int]:
        pids = {info["keeper_pid"] for info in outlive("ls", "--json").json()}
        return set() if None in pids else pids

    [pid] = wait_until(named, WAIT_S, "each host to name its keeper")
    return pid


def some_words(choose: random.Random, sessions: list[str]) -> bytes:
    kind = some(choose, HARMLESS)
    fields = fields_of(choose, kind)
    assert isinstance(fields, list)
    if kind is k.ReplaceHost and choose.random() < 0.2:
        fields = [some(choose, sessions)]
    message = [kind.__name__, *fields]
    match choose.randrange(12):
        case 0:
            message[choose.randrange(len(message))] = anything(choose)
        case 1:
            message.append(anything(choose))
        case 2:
            return choose.randbytes(choose.randrange(40))
        case 3:
            message = [some(choose, ["Adopt", "Launch", "ReplaceKeeper"]), anything(choose)]
        case _:
            pass
    return frame(msgspec.msgpack.encode(message))


def test_random_messages_to_the_keeper_lose_no_session(area: Area) -> None:
    sessions = [new("-n", name, "--", "cat") for name in ("one", "two")]
    before = {info["id"]: info["child_pid"] for info in outlive("ls", "--json").json()}
    keeper = keeper_pid()
    with chance() as choose:
        for _ in range(times(30)):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(keeper_socket()))
                connection.settimeout(0.02)
                try:
                    for _ in range(choose.randrange(8)):
                        words = some_words(choose, sessions)
                        cut = choose.randrange(len(words) + 1)
                        connection.sendall(words[:cut])
                        if choose.random() < 0.1:
                            carried = array.array("i", [connection.fileno()] * choose.randrange(1, 9))
                            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, carried)]
                            connection.sendmsg([words[cut:] or b"\0"], rights)
                        else:
                            connection.sendall(words[cut:])
                    connection.recv(65536)
                except OSError:
                    continue  # The keeper has closed the connection, or sends no reply.
        assert keeper_pid() == keeper, "it is still the same"
        assert {info["id"]: info["child_pid"] for info in outlive("ls", "--json").json()} == before
        for session in sessions:
            assert outlive("send", session, "well", "--enter").code == 0
            assert outlive("wait", session, "--text", "well", "--timeout", "60").code == 0
        assert "Traceback" not in keeper_log().read_text()
        third = new("--", "cat")
        for session in (*sessions, third):
            assert outlive("kill", session).code == 0


def test_a_client_that_never_reads_does_not_block_the_keeper(area: Area) -> None:
    session = new("-n", "one", "--", "cat")
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.connect(str(keeper_socket()))
        deaf.setblocking(False)
        question = encode(k.Status()) * 1000
        try:
            for _ in range(100):
                deaf.send(question)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            pass  # The request is waiting, or the keeper has already closed the connection.
        # This client still does not read: a keeper that waited for it would not answer this command.
        other = new("--", "cat")
    for each in (session, other):
        assert outlive("kill", each).code == 0


def test_a_keeper_without_descriptors_logs_it_without_a_busy_loop(area: Area) -> None:
    from tests.integration.test_descriptors_run_out import cpu_s, no_more_descriptors

    session = new("-n", "one", "--", "cat")
    keeper = keeper_pid()
    with no_more_descriptors(keeper):
        crowd = []
        for _ in range(40):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(keeper_socket()))
            crowd.append(connection)
        before_s, log_bytes = cpu_s(keeper), keeper_log().stat().st_size
        assert outlive("send", "one", "as ever", "--enter").code == 0
        assert outlive("wait", "one", "--text", "as ever", "--timeout", "60").code == 0
        assert cpu_s(keeper) - before_s < 0.2
        assert keeper_log().stat().st_size - log_bytes < 20_000
        for connection in crowd:
            connection.close()
        refused = outlive("new", "-d", "--", "cat", timeout_s=40)
        assert refused.code != 0
        assert refused.complaint()
    second = new("-n", "two", "--", "cat")
    assert processes.is_alive(keeper)
    for each in (session, second):
        assert outlive("kill", each).code == 0
