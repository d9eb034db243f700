"""A real keeper: one host per session, a new host for each that dies, and nothing left of ended sessions."""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.client.sessions import stale_rows
from session_host.client.sessions.session_info import describe
from session_host.keeper_client.channel import MessageChannel
from session_host.keeper_client.discovery import connect_or_start_keeper
from session_host.paths import database, session_dir, session_log
from session_host.protocol.facts import ChatFacts
from session_host.protocol.keeper import KeeperStatus, Launch, Launched, SessionSummary, Status
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.messages import Description, Send
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support import processes
from tests.support.area import Area
from tests.support.hosts import description_of, peek
from tests.support.session_harness import spec_of
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

NOT_OURS = {"keeper.sock", "keeper.lock", "keeper.starting", "synced"}


def spec_for(*argv: str, **changes: object) -> LaunchSpec:
    """The launch that a command would request."""
    session_id = str(uuid.uuid4())
    session_log(session_id).parent.mkdir(parents=True, exist_ok=True)
    return spec_of(
        id=session_id,
        argv=list(argv),
        database=str(database()),
        log=str(session_log(session_id)),
        screen=str(session_dir(session_id) / "screen.bin"),
        engine="ghostty",
        **changes,
    )


class Caller:
    """A command that is connected to the keeper."""

    def __init__(self) -> None:
        self.pipe: MessageChannel = connect_or_start_keeper()

    def launch(self, spec: LaunchSpec) -> LaunchReport:
        answer = self.pipe.request(Launch(spec), 20)
        assert isinstance(answer, Launched)
        return answer.report

    def status(self) -> KeeperStatus:
        answer = self.pipe.request(Status(), 20)
        assert isinstance(answer, KeeperStatus)
        return answer

    def close(self) -> None:
        self.pipe.close()


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.close()


def status() -> KeeperStatus:
    """The status of the current keeper."""
    caller = Caller()
    try:
        return caller.status()
    finally:
        caller.close()


def summary_of(spec: LaunchSpec) -> SessionSummary | None:
    return next((each for each in status().sessions if each.facts.id == spec.facts.id), None)


def described(spec: LaunchSpec) -> Description:
    return description_of(spec.facts.id)


def record_of(spec: LaunchSpec) -> ChatFacts:
    with Store.open(database()) as store:
        record = store.get(spec.facts.id)
    assert record is not None
    return record


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    os.kill(pid, number)
    wait_for_end(pid, 10)


def next_host(spec: LaunchSpec, previous: int) -> int:
    """Wait for the host that has taken over; returns its PID."""

    def taken_over() -> int:
        session = summary_of(spec)
        pid = session.facts.program.host_pid if session is not None else None
        return pid if pid and pid != previous else 0

    host = wait_until(taken_over, 10, "another host")
    wait_until(lambda: described(spec).facts.program.host_pid == host, 10, "it to answer")
    return host


def wait_for_record(spec: LaunchSpec) -> ChatFacts:
    def ended() -> bool:
        with Store.open(database()) as store:
            record = store.get(spec.facts.id)
        return record is not None and record.outcome.state is State.EXITED

    wait_until(ended, 10, "the end to be recorded")
    return record_of(spec)


# -------------------------------------------------------------------------------------- launches


def test_a_session_has_a_host_which_has_the_program(caller: Caller) -> None:
    spec = spec_for("cat")
    report = caller.launch(spec)
    assert report.ok
    assert processes.parent(report.child_pid) == report.host_pid
    assert processes.parent(report.host_pid) == caller.status().pid
    assert [(each.facts.program.host_pid, each.facts.program.child_pid) for each in caller.status().sessions] == [
        (report.host_pid, report.child_pid)
    ]
    assert not processes.environment(report.child_pid).keys() ^ {name.encode() for name in spec.env}


def test_a_session_launched_twice_is_one_session(caller: Caller, tmp_path: Path) -> None:
    """The reply may have been lost, so the command asks again."""
    started = tmp_path / "told"
    spec = spec_for("sh", "-c", f"echo started >> {started}; cat")
    first = caller.launch(spec)
    assert caller.launch(spec) == first
    other = Caller()
    assert other.launch(spec) == first
    other.close()
    wait_until(lambda: started.exists() and started.read_text(), 10, "the program to begin")
    assert started.read_text() == "started\n"
    assert len(caller.status().sessions) == 1


def test_a_program_that_cannot_be_started_leaves_nothing(caller: Caller, area: Area) -> None:
    spec = spec_for("/nonexistent")
    report = caller.launch(spec)
    assert (report.ok, report.error_kind) == (False, "not_found")
    wait_until(lambda: not caller.status().sessions, 10, "it to be forgotten")
    assert {path.name for path in area.runtime.iterdir()} <= NOT_OURS
    with Store.open(database()) as store:
        assert store.all() == []


def test_a_socket_that_cannot_be_made_is_reported(caller: Caller) -> None:
    report = caller.launch(spec_for("cat", socket_path="/nonexistent/socket"))
    assert (report.ok, report.error_kind) == (False, "failed")
    assert "/nonexistent/socket: No such file or directory" in report.error


def test_an_ended_session_leaves_no_descriptor_or_file(caller: Caller, area: Area) -> None:
    pid = caller.status().pid
    fd = Path(f"/proc/{pid}/fd")
    spec = spec_for("sh", "-c", "exit 3")
    assert caller.launch(spec).ok
    wait_until(lambda: not caller.status().sessions, 10, "it to be forgotten")
    before = len(list(fd.iterdir()))
    for _ in range(3):
        assert caller.launch(spec_for("true")).ok
        wait_until(lambda: not caller.status().sessions, 10, "it to be forgotten")
    assert len(list(fd.iterdir())) == before, "no descriptor of a session is left"
    assert record_of(spec).outcome.exit_code == 3
    assert {path.name for path in area.runtime.iterdir()} <= NOT_OURS


# ---------------------------------------------------------------------------------------- deaths


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_host_killed_by_any_signal_is_followed_by_another(caller: Caller, number: int) -> None:
    spec = spec_for("cat")
    report = caller.launch(spec)
    kill(report.host_pid, number)
    next_host(spec, report.host_pid)
    after = described(spec)
    assert after.facts.program.child_pid == report.child_pid
    assert processes.parent(report.child_pid) == caller.status().pid, "so that the keeper gets its exit status"
    kill(report.child_pid, signal.SIGTERM)
    assert wait_for_record(spec).outcome.exit_signal == signal.SIGTERM


def test_the_end_of_a_program_without_a_host_is_recorded(caller: Caller, tmp_path: Path) -> None:
    go = tmp_path / "go"
    os.mkfifo(go)
    spec = spec_for("sh", "-c", f"read x < {go}; exit 42")
    report = caller.launch(spec)
    processes.stop(report.host_pid)
    with go.open("w") as gate:
        gate.write("\n")
    wait_until(lambda: processes.state(report.child_pid) in {"Z", ""}, 10, "the program to end")
    kill(report.host_pid)
    assert wait_for_record(spec).outcome.exit_code == 42
    wait_until(lambda: not caller.status().sessions, 10, "it to be forgotten")


@pytest.mark.parametrize("killed", ["the active keeper", "the standby", "both"])
def test_a_killed_keeper_is_followed_by_one_that_keeps_all_sessions(caller: Caller, killed: str) -> None:
    specs = [spec_for("cat") for _ in range(3)]
    reports = [caller.launch(spec) for spec in specs]
    previous = caller.status().pid
    match killed:
        case "both":
            standby = processes.parent(previous)
            processes.kill_keepers(previous)
            for pid in (previous, standby):
                wait_for_end(pid, 10)
        case "the standby":
            kill(processes.parent(previous))
        case _:
            kill(previous)

    def handed_over() -> bool:
        keeper = status()
        return keeper.pid != previous and len(keeper.sessions) == len(specs)

    wait_until(handed_over, 20, "all to be kept again")
    for spec, report in zip(specs, reports, strict=True):
        session = summary_of(spec)
        assert session is not None
        assert (session.facts.program.host_pid, session.facts.program.child_pid) == (report.host_pid, report.child_pid)
    now = status().pid
    wait_until(lambda: {described(spec).host.keeper_pid for spec in specs} == {now}, 10, "their hosts to know")


def test_a_keeper_ended_by_sigterm_is_followed_by_another(caller: Caller) -> None:
    spec = spec_for("cat")
    report = caller.launch(spec)
    previous = caller.status().pid
    kill(previous, signal.SIGTERM)
    wait_until(lambda: summary_of(spec) is not None, 20, "the session to be kept again")
    assert status().pid != previous
    assert described(spec).facts.program.host_pid == report.host_pid


def test_an_adopted_host_is_followed_by_another_too(caller: Caller) -> None:
    """The host registered with a new keeper that did not fork it and is not its parent."""
    spec = spec_for("sh", "-c", "read x; exit 7")
    report = caller.launch(spec)
    kill(caller.status().pid)
    wait_until(lambda: summary_of(spec) is not None, 20, "the session to be kept again")
    assert processes.parent(report.host_pid) != status().pid
    kill(report.host_pid)
    host = next_host(spec, report.host_pid)
    assert processes.parent(host) == status().pid
    assert described(spec).facts.program.child_pid == report.child_pid
    kill(report.child_pid, signal.SIGTERM)
    record = wait_for_record(spec)
    assert record.outcome.exit_signal in {signal.SIGTERM, None}, (
        "the process that reaped it may not have saved its status"
    )
    wait_until(lambda: not status().sessions, 10, "it to be forgotten")


def test_a_command_gets_its_reply_although_the_first_host_dies_at_its_start(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(area, monkeypatch, "the first host dies as soon as it is there")
    caller = Caller()
    spec = spec_for("cat")
    report = caller.launch(spec)
    caller.close()
    assert report.ok
    assert described(spec).facts.program.child_pid == report.child_pid
    assert (area.home / "died").read_text() == "died\n"


def test_a_host_that_can_never_start_is_given_up_and_reported(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(area, monkeypatch, "each host dies as soon as it is there")
    caller = Caller()
    started = area.home / "started"
    report = caller.launch(spec_for("sh", "-c", f"echo $$ >> {started}; exec cat"))
    assert (report.ok, report.error_kind) == (False, "failed")
    assert "failed to start" in report.error
    assert caller.status().sessions == []
    if started.exists():  # The program may have started before its host died.
        [pid] = map(int, started.read_text().split())
        wait_for_end(pid, 10)
    caller.close()
    assert {path.name for path in area.runtime.iterdir()} <= NOT_OURS


FAILS_AT_THE_END = """
import os, sys
if "session_host.keeper" in " ".join(sys.orig_argv):
    from pathlib import Path
    from session_host.host.store_writer import StoreWriter

    died = Path(os.environ["HOME"], "died")
    save_end = StoreWriter.save_end

    async def fail(self, driver, **how):
        if driver.spec.facts.entry.name != "warming":
            with died.open("a") as file:
                file.write("died\\n")
            raise OverflowError("a number of the agent")
        return await save_end(self, driver, **how)

    StoreWriter.save_end = fail
"""


def test_an_end_of_which_hosts_die_is_recorded_with_its_exit_code(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    plant_text(area, monkeypatch, FAILS_AT_THE_END)
    caller = Caller()
    spec = spec_for("sh", "-c", "read x; exit 42")
    with Store.open(database()) as store:
        store.insert(spec.facts)
    report = caller.launch(spec)
    kill(report.host_pid)
    next_host(spec, report.host_pid)
    asyncio.run(request(spec.facts.id, Send(0, text="go", enter=True)))
    wait_until(lambda: not caller.status().sessions, 20, "it to be forgotten")
    caller.close()
    with Store.open(database()) as store:
        outcome = stale_rows.record_of(store, spec.facts.id).outcome
    assert (outcome.state, outcome.exit_code) == (State.EXITED, 42)
    assert outcome.ended_at is not None
    assert (area.home / "died").read_text() == "died\n" * 2, "killed ones do not count"


# ----------------------------------------------------------------------------------------- output that kills the engine

PLANT = """
import os, signal, sys
if "session_host.keeper" in " ".join(sys.orig_argv):
    from pathlib import Path
    import session_host.host.main as host
    import session_host.terminal.ghostty.emulator as ghostty

    died = Path(os.environ["HOME"], "died")
    feed, run = ghostty.GhosttyEmulator.feed, host._Host.run

    def die(number):
        with died.open("a") as file:
            file.write("died\\n")
        os.kill(os.getpid(), number)

    def fragile(self, data):
        if b"POISON" in data:
            die(int({number}))
        feed(self, data)

    async def short(self):
        is_host = Path("/proc/self/comm").read_text() == "outlive-host\\n"
        if is_host and ({always} or not died.exists()):
            die(signal.SIGKILL)
        return await run(self)

    if {at_start}:
        host._Host.run = short
    else:
        ghostty.GhosttyEmulator.feed = fragile
"""


def plant(area: Area, monkeypatch: pytest.MonkeyPatch, what: str, number: int = 0) -> None:
    """Make the keeper's hosts fail in this way; a failed host notes it in a file."""
    always, at_start = what.startswith("each"), "as soon as" in what
    plant_text(area, monkeypatch, PLANT.format(number=int(number), always=always, at_start=at_start))


def plant_text(area: Area, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Run Python code in the keeper before all else."""
    directory = area.home / "planted"
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(directory))


def lines_of(spec: LaunchSpec) -> list[str]:
    """The lines on the screen that are not empty."""
    return [line for line in asyncio.run(peek(spec.facts.id)) if line]


def test_output_that_kills_the_engine_is_shown_by_the_other_one(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(area, monkeypatch, "certain output kills it", signal.SIGSEGV)
    caller = Caller()
    spec = spec_for("sh", "-c", "echo before; read x; printf 'POI''SON\\n'; echo after; cat")
    report = caller.launch(spec)
    caller.close()
    wait_until(lambda: lines_of(spec) == ["before"], 10, "the first output")
    asyncio.run(request(spec.facts.id, Send(0, text="go", enter=True)))

    def noticed() -> Description | None:
        description = describe(spec.facts.id)
        return description if description is not None and description.host.notice else None

    after = wait_until(noticed, 20, "the other engine")
    assert after is not None
    assert "ghostty failed on this chat's output; using pyte instead" in after.host.notice
    assert after.facts.program.child_pid == report.child_pid
    assert lines_of(spec) == ["before", "go", "POISON", "after"]
    died = (area.home / "died").read_text().count("died")
    assert died <= 4, "the engine is not tried again for ever"
