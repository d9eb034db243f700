"""Records of processes are checked against the kernel; the record of a start exists only if the session started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from session_host.client.chats import launch as launching
from session_host.client.sessions.stale_rows import has_live_socket, resolve_stale_row
from session_host.client.sessions.store_access import open_store
from session_host.errors import AgentNotFound, HostUnavailable, LaunchFailed, StoreError
from session_host.keeper_client.discovery import connect_or_start_keeper, keeper_status
from session_host.paths import database, session_log, session_socket
from session_host.protocol.facts import ChatFacts
from session_host.protocol.keeper import Launch
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.system.processes.identity import boot_id, start_time
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import environment, new, outlive
from tests.support.facts import chat_facts
from tests.support.hosts import end, start
from tests.support.session_harness import spec_of
from tests.support.waiting import eventually, wait_until

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
    record = chat_facts(
        id=str(uuid.uuid4()),
        name="old",
        agent="command",
        argv=["cat"],
        cwd="/",
        env={},
        state=State.RUNNING,
        host_pid=pid,
        host_started=started,
        child_pid=pid,
        child_started=started,
        boot_id=boot_id() if boot is None else boot,
        created_at=created.isoformat(),
        columns=80,
        rows=24,
        engine="ghostty",
    )
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
    assert "restarted" in record.outcome.error


def test_without_a_boot_id_no_restart_is_reported(area: Area, unrelated_process: int) -> None:
    assert listed(insert_record(unrelated_process, start_time(unrelated_process), boot=""))["state"] == "running"


@pytest.mark.parametrize("jump", [timedelta(days=-3650), timedelta(days=3650)])
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

    def records() -> list[ChatFacts]:
        with open_store() as store:
            return store.all()

    await eventually(lambda: all(record.outcome.state is State.EXITED for record in records()), 20, "all ends")
    assert {record.entry.name: record.outcome.exit_code for record in records()} == {f"quick-{n}": n for n in range(20)}
    await eventually(lambda: not list(area.runtime.glob("*-*-*.sock")), 10, "all sockets to go")


def recorded() -> list[ChatFacts]:
    with Store.open(database()) as store:
        return store.all()


async def test_a_session_is_recorded_before_the_keeper_is_asked_to_start_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records: list[ChatFacts] = []
    start_host = launching._start_host

    def look(spec: LaunchSpec, store: Store) -> LaunchReport:
        records.extend(recorded())
        return start_host(spec, store)

    monkeypatch.setattr(launching, "_start_host", look)
    record = await start("cat", name="one")
    [before] = records
    assert (before.id, before.outcome.state, before.program.child_pid) == (record.id, State.STARTING, None)
    assert (before.program.host_pid, before.program.host_started) == (os.getpid(), start_time(os.getpid()))
    [after] = recorded()
    assert after == record
    assert (after.outcome.state, after.program.host_started) == (State.RUNNING, start_time(after.program.host_pid or 0))
    assert after.program.child_started == start_time(after.program.child_pid or 0)
    await end(record.id)


async def test_a_session_that_cannot_be_recorded_is_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(store: Store, record: ChatFacts, *, named_alone: bool) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "insert", refuse)
    with pytest.raises(StoreError, match="the disk is full"):
        await start("cat", name="one")
    assert keeper_status() is None, "nobody was asked"
    assert not session_log("").parent.exists()


async def test_a_session_that_is_not_started_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AgentNotFound):
        await start("/nonexistent", name="refused")
    assert recorded() == []

    def fail_to_connect() -> None:
        raise HostUnavailable("no keeper can be started")

    monkeypatch.setattr(launching, "connect_or_start_keeper", fail_to_connect)
    with pytest.raises(HostUnavailable):
        await start("cat", name="unheard")
    assert recorded() == []


async def test_a_session_that_may_have_started_stays_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    class VanishingKeeper:
        """A keeper that vanishes after it received the request."""

        def request(self, message: Launch, timeout_s: float) -> None:
            raise HostUnavailable("the keeper went away")

        def close(self) -> None:
            pass

    def unable(session_id: str) -> None:
        raise OSError(24, os.strerror(24))

    with monkeypatch.context() as patch:
        patch.setattr(launching, "connect_or_start_keeper", VanishingKeeper)
        patch.setattr("session_host.client.sessions.session_info.describe", unable)
        with pytest.raises(LaunchFailed, match="may or may not have started"):
            await start("cat", name="unsure")
    [record] = recorded()
    assert (record.outcome.state, record.program.host_pid) == (State.STARTING, None)
    with Store.open(database()) as store:
        assert resolve_stale_row(store, record).outcome.state is State.LOST, "there is no socket"


async def test_a_start_counts_although_the_record_cannot_be_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(store: Store, session_id: str, *left: object, **fields: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "update", refuse)
        record = await start("cat", name="one")
    [info] = outlive("ls", "--json").json()
    assert (info["state"], info["child_pid"]) == ("running", record.program.child_pid)
    assert outlive("kill", "one").code == 0
    [after] = recorded()
    assert (after.outcome.state, after.program.child_pid) == (State.EXITED, record.program.child_pid), (
        "its host knew all of it"
    )


def insert_starting_record(pid: int) -> ChatFacts:
    """Insert the record of a start that the process ``pid`` is about to request."""
    record = spec_of(id=str(uuid.uuid4()), argv=["cat"], host_pid=pid, host_started=start_time(pid)).facts
    with Store.open(database()) as store:
        store.insert(record)
    return record


async def test_a_short_program_that_ran_while_its_keeper_died_is_not_run_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"

    class KeeperDyingBeforeReply:
        """A keeper that starts the chat and dies before its reply; the program ends meanwhile."""

        def __init__(self) -> None:
            self._channel = connect_or_start_keeper()

        def request(self, message: Launch, timeout_s: float) -> None:
            self._channel.request(message, timeout_s)
            ended = lambda: [each.outcome.state for each in recorded()] == [State.EXITED]  # noqa: E731
            wait_until(ended, 10, "the program's end to be recorded")
            wait_until(lambda: not has_live_socket(message.spec.facts.id), 10, "its host to leave")
            raise HostUnavailable("the keeper went away")

        def close(self) -> None:
            self._channel.close()

    with monkeypatch.context() as patch:
        patch.setattr(launching, "connect_or_start_keeper", KeeperDyingBeforeReply)
        record = await start("/bin/sh", "-c", f"echo x >> {ran}; exit 3", name="short")
    assert ran.read_text() == "x\n", "it ran once"
    [after] = recorded()
    assert (after.id, after.outcome.state, after.outcome.exit_code, after.program.child_pid) == (
        record.id,
        State.EXITED,
        3,
        record.program.child_pid,
    )


@pytest.mark.parametrize(("had_host", "reason"), [(False, "unstarted"), (True, "lost")])
def test_a_start_of_a_killed_command_is_listed_as_lost_with_a_reason(had_host: bool, reason: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as command:
        record = insert_starting_record(command.pid)
        assert [info["state"] for info in outlive("ls", "--json").json()] == ["starting"]
        command.kill()
    if had_host:
        session_log(record.id).parent.mkdir(parents=True)
        session_log(record.id).touch()
    [info] = outlive("ls", "--all", "--json").json()
    assert (info["id"], info["state"], info["reason"]) == (record.id, "lost", reason)
    assert ("did not start" in outlive("peek", record.id).complaint()) is not had_host
    assert outlive("ls", "--json").json() == []


def test_the_keeper_does_not_start_a_session_for_a_dead_command(tmp_path: Path) -> None:
    """A command that looked before there was a socket has already taken this start for interrupted."""
    began = tmp_path / "began"
    channel = connect_or_start_keeper()
    status = keeper_status()
    assert status is not None
    spec = spec_of(id=str(uuid.uuid4()), argv=["touch", str(began)])
    processes.stop(status.pid)
    channel.send_message(Launch(spec))
    channel.close()
    os.kill(status.pid, signal.SIGCONT)
    later = keeper_status()
    assert later is not None
    assert (later.pid, later.sessions) == (status.pid, [])
    assert not session_socket(spec.facts.id).exists()
    assert not began.exists()
