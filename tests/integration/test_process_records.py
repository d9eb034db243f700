"""Records of processes are checked against the kernel: reused PIDs, jumped clocks, restarts."""

from __future__ import annotations

import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from session_host.client.sessions.store_access import open_store
from session_host.paths import session_socket
from session_host.protocol.values import State
from session_host.storage.store import SessionRecord
from session_host.system.processes.identity import boot_id, start_time
from tests.support.area import Area
from tests.support.commands import environment, new, outlive
from tests.support.hosts import start
from tests.support.waiting import eventually

pytestmark = pytest.mark.usefixtures("sessions")


@pytest.fixture
def unrelated_process() -> Iterator[int]:
    """The PID of a process that does not belong to any chat."""
    with subprocess.Popen([sys.executable, "-ISc", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def insert_record(pid: int, started: int | None, *, boot: str | None = None, created: datetime | None = None) -> str:
    """Insert a record of a running chat with this process as its host; returns the chat's id."""
    created = created or datetime.now(UTC)
    record = SessionRecord(
        id=str(uuid.uuid4()), name="old", agent="command", argv=["cat"], cwd="/", env={}, state=State.RUNNING,
        host_pid=pid, host_started=started, child_pid=pid, child_started=started,
        boot_id=boot_id() if boot is None else boot, created_at=created.isoformat(),
        columns=80, rows=24, engine="ghostty",
    )  # fmt: skip
    with open_store() as store:
        store.insert(record)
    return record.id


def listed(session: str) -> dict[str, object]:
    [info] = [info for info in outlive("ls", "--all", "--json").json() if info["id"] == session]
    return dict(info)


def test_a_pid_reused_by_another_process_is_not_taken_for_the_host(area: Area, unrelated_process: int) -> None:
    started = start_time(unrelated_process)
    assert started is not None
    session = insert_record(unrelated_process, started - 1)
    assert listed(session)["state"] == "lost"
    for words in (["kill", session], ["stop", session], ["send", session, "x"]):
        done = outlive(*words)
        assert done.code == 6, (words, done)
    assert start_time(unrelated_process) == started, "nobody signalled it"
    assert outlive("rm", session).code == 0


def test_a_host_that_does_not_answer_is_not_lost_while_its_process_lives(area: Area, unrelated_process: int) -> None:
    session = insert_record(unrelated_process, start_time(unrelated_process))
    assert listed(session)["state"] == "running"


def test_a_chat_from_before_the_restart_is_interrupted_although_its_pid_is_in_use(
    area: Area, unrelated_process: int
) -> None:
    session = insert_record(unrelated_process, start_time(unrelated_process), boot="another-boot")
    assert listed(session)["state"] == "lost"
    with open_store() as store:
        record = store.get(session)
    assert record is not None
    assert "restarted" in record.error


def test_without_a_boot_id_no_restart_is_reported(area: Area, unrelated_process: int) -> None:
    assert listed(insert_record(unrelated_process, start_time(unrelated_process), boot=""))["state"] == "running"


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650), timedelta(seconds=90)])
def test_a_jumped_clock_does_not_lose_a_chat(area: Area, unrelated_process: int, jump: timedelta) -> None:
    session = insert_record(unrelated_process, start_time(unrelated_process), created=datetime.now(UTC) + jump)
    assert listed(session)["state"] == "running"
    table = outlive("ls").output
    assert "old" in table
    assert "-" not in table.splitlines()[1].partition("running")[2].split()[0], "no age is below nothing"


def test_a_chat_is_not_lost_in_another_time_namespace(area: Area) -> None:
    """A container may have its own clocks since boot (time_namespaces(7)); this must not make a chat lost."""
    session = new("-n", "one", "--", "cat")
    shifted = ["unshare", "--time", "--monotonic", "100000", "--boottime", "100000", "--fork"]
    command = [*shifted, sys.executable, "-m", "session_host.cli", "ls", "--json"]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False, timeout=60)
    if b"unshare" in done.stderr:
        pytest.skip(f"no time namespaces here: {done.stderr.decode().strip()}")
    assert done.returncode == 0, done.stderr
    assert listed(session)["state"] == "running"
    assert outlive("send", session, "well", "--enter").code == 0
    assert outlive("kill", session).code == 0


def test_a_stale_socket_does_not_keep_a_chat_running(area: Area, unrelated_process: int) -> None:
    started = start_time(unrelated_process)
    assert started is not None
    session = insert_record(unrelated_process, started - 1)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(session_socket(session)))
    assert listed(session)["state"] == "lost"
    assert outlive("rm", session).code == 0
    session_socket(session).unlink(missing_ok=True)


async def test_twenty_short_chats_record_their_own_exit_codes_and_leave_nothing(area: Area) -> None:
    for number in range(20):
        await start("sh", "-c", f"echo {number}; exit {number}", name=f"quick-{number}")

    def records() -> list[SessionRecord]:
        with open_store() as store:
            return store.all()

    await eventually(lambda: all(record.state is State.EXITED for record in records()), 20, "all ends")
    assert {record.name: record.exit_code for record in records()} == {f"quick-{n}": n for n in range(20)}
    await eventually(lambda: not list(area.runtime.glob("*-*-*.sock")), 10, "all sockets to go")
