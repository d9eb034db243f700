from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jeepney import DBusAddress, new_method_call, new_method_return

from session_host.system.processes import proc
from session_host.system.systemd import ScopeResult, enter, scope
from session_host.system.systemd.scope import TIMEOUT_S
from tests.architecture.source_tree import REPOSITORY
from tests.fakes.systemd import Denied, Systemd, bus_service
from tests.support.area import Area
from tests.support.buses import BusDaemon
from tests.support.processes import end, is_alive
from tests.support.waiting import wait_for_end

UNIT = "outlive-0a1b2c3d.scope"
EXISTS = "org.freedesktop.systemd1.UnitExists"


@pytest.fixture
def desktop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a start from a desktop: the process's control group ends with the user's systemd anyway."""
    monkeypatch.setattr(scope, "belongs_elsewhere", lambda pid: False)


@pytest.fixture
def systemd(session_bus: BusDaemon, desktop: None) -> Iterator[Systemd]:
    with bus_service(Systemd, session_bus.address) as service:
        yield service


@pytest.fixture
def program() -> Iterator[int]:
    """A process that waits to be ended."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    yield process.pid
    process.communicate()


def into_scope(*pids: int, timeout_s: float = 20.0) -> ScopeResult:
    return enter(UNIT, "Outlive: api-fix", pids or [os.getpid()], timeout_s)


# --------------------------------------------------------------------------------------- with a systemd


def test_processes_are_moved_into_a_scope_of_their_own(systemd: Systemd, program: int) -> None:
    result = into_scope(os.getpid(), program)

    assert result == ScopeResult(UNIT)
    assert result.entered
    assert str(result) == UNIT
    assert systemd.units == {UNIT: [os.getpid(), program]}
    # It survives the kill of one process, and is removed when it is empty.
    assert {name: value for name, (_, value) in systemd.properties.items()} == {
        "Description": "Outlive: api-fix",
        "PIDs": [os.getpid(), program],
        "Slice": "app.slice",
        "CollectMode": "inactive-or-failed",
        "SendSIGHUP": True,
        "DelegateControllers": [],
        "OOMPolicy": "continue",
    }


def test_the_signal_may_arrive_before_the_reply(systemd: Systemd) -> None:
    systemd.hasty = True

    assert into_scope() == ScopeResult(UNIT)


def test_a_systemd_without_oom_policy_for_scopes_gets_none(systemd: Systemd) -> None:
    systemd.unknown = {"OOMPolicy"}

    assert into_scope() == ScopeResult(UNIT)
    assert "OOMPolicy" not in systemd.properties


def test_an_existing_scope_of_the_session_is_joined(systemd: Systemd, program: int) -> None:
    """A host that replaces a killed one joins the scope of the agent."""
    into_scope(program)

    assert into_scope(os.getpid()) == ScopeResult(UNIT)
    assert systemd.units == {UNIT: [program, os.getpid()]}


def test_a_process_in_the_scope_makes_no_call(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "cgroup").write_text(f"0::/user.slice/user@0.service/app.slice/{UNIT}\n")
    monkeypatch.setattr(proc, "ROOT", str(tmp_path))

    assert into_scope(1) == ScopeResult(UNIT)
    assert systemd.calls == []


def test_another_unit_with_the_name_is_left_alone(systemd: Systemd) -> None:
    systemd.units = {UNIT: [1], "outlive-0a1b2c3d-2.scope": [2]}

    assert into_scope() == ScopeResult("outlive-0a1b2c3d-3.scope")
    assert systemd.units[UNIT] == [1]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("denies", Denied("org.freedesktop.DBus.Error.AccessDenied", "Access denied"), "Access denied"),
        ("denies", Denied(EXISTS, "Unit x.scope was already loaded."), "Unit x.scope was already loaded."),
        ("result", "failed", "systemd's job ended as failed"),
    ],
    ids=["denied", "no free name", "failed job"],
)
def test_a_refusal_is_reported_with_the_reason(systemd: Systemd, field: str, value: object, reason: str) -> None:
    setattr(systemd, field, value)

    result = into_scope()

    assert result == ScopeResult(reason=f"refused: {reason}")
    assert not result.entered
    assert str(result) == f"no scope: refused: {reason}"


def test_ended_processes_are_left_out(systemd: Systemd, program: int) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert into_scope(ended.pid, program) == ScopeResult(UNIT)
    assert systemd.units == {UNIT: [program]}
    assert into_scope(ended.pid).reason == "refused: the processes have ended"


@pytest.mark.parametrize("member", ["StartTransientUnit", "JobRemoved"])
def test_a_missing_reply_times_out(systemd: Systemd, member: str) -> None:
    systemd.silent = {member}
    if member == "JobRemoved":
        systemd.result = ""

    assert into_scope(timeout_s=0.2).reason == "timed out"


def test_the_death_of_the_bus_is_reported(session_bus: BusDaemon, systemd: Systemd) -> None:
    systemd.silent = {"StartTransientUnit"}
    systemd.move = lambda unit, pids: os.kill(session_bus.process.pid, signal.SIGKILL)

    assert into_scope().reason == "the bus has gone"


def test_a_bus_without_systemd_is_reported(session_bus: BusDaemon, desktop: None) -> None:
    assert into_scope().reason == "no systemd on the bus"


# ------------------------------------------------------------------------------------------ without one


def test_without_linger_a_login_gets_no_scope(session_bus: BusDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "belongs_elsewhere", lambda pid: True)

    assert "without linger" in into_scope().reason


def test_a_missing_bus_is_noticed_at_once_without_loading_modules() -> None:
    """Loading the D-Bus modules takes longer than the start of a host."""
    program = (
        "import sys; from session_host.system.systemd import enter; print(enter('x.scope', '', [1]).reason); "
        "print([name for name in sys.modules if name.startswith(('jeepney', 'socket', 'asyncio'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)

    assert done.stdout.splitlines() == ["no session bus", "[]"]


@pytest.fixture
def listener(area: Area, monkeypatch: pytest.MonkeyPatch, desktop: None) -> Iterator[socket.socket]:
    """A socket at the address of the bus."""
    path = area.xdg_runtime / "hung"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={path}")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        yield listening


def test_a_bus_that_accepts_but_never_replies_delays_a_launch_only_briefly(listener: socket.socket) -> None:
    listener.listen()

    began = time.monotonic()
    assert into_scope(timeout_s=0.2).reason == "timed out"
    assert time.monotonic() - began > 0.15
    assert TIMEOUT_S <= 1


def test_a_bus_that_does_not_accept_times_out(listener: socket.socket) -> None:
    listener.listen(0)
    waiting = []
    while True:
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        waiting.append(one)
        try:
            one.connect(listener.getsockname())
        except BlockingIOError:
            break

    assert into_scope(timeout_s=0.2).reason == "timed out"
    for one in waiting:
        one.close()


def test_a_socket_without_a_listener_is_reported(listener: socket.socket) -> None:
    assert into_scope().reason == "the bus cannot be reached: [Errno 111] Connection refused"


def answering(listening: socket.socket, *answers: bytes) -> threading.Thread:
    """Start a fake bus: after each read it sends the next of these replies, and closes the connection at the end."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            for answer in answers:
                connection.recv(4096)
                connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass

    listening.listen()
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ((b"REJECTED EXTERNAL\r\n",), "the bus refused the authentication"),
        ((b"OK x\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3), "the bus does not speak D-Bus"),
        ((b"OK x\r\n",), "the bus has gone"),
        ((), "the bus has gone"),
    ],
    ids=["rejected", "another protocol", "hung up later", "hung up"],
)
def test_a_peer_that_is_no_bus_is_reported(listener: socket.socket, answers: tuple[bytes, ...], reason: str) -> None:
    thread = answering(listener, *answers)

    result = into_scope()
    thread.join(60)

    assert result.reason.startswith(reason)


def damaged_reply(changes: list[tuple[int, int]]) -> bytes:
    """A reply to the first call, with some bytes changed."""
    call = new_method_call(DBusAddress("/x", "x.y", "x.y"), "Hello")
    call.header.serial = 1
    answer = bytearray(new_method_return(call, "sa{sv}", (":1.7", {"a": ("as", ["b"])})).serialise(serial=1))
    for place, value in changes:
        answer[place % len(answer)] = value
    return bytes(answer)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_reply_of_a_bus_raises_no_error(listener: socket.socket, changes: list[tuple[int, int]]) -> None:
    thread = answering(listener, b"OK x\r\n", damaged_reply(changes))

    result = into_scope()
    thread.join(60)

    assert not result.entered


# --------------------------------------------------------------------------- with real control groups


def cgroup_root() -> Path:
    """The control group of this process (version 2); skips the test without one."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, mount, kind, *_ = line.split()
        if kind == "cgroup2":
            group = next(path for path in scope.control_groups(os.getpid()))
            return Path(mount) / group.lstrip("/")
    pytest.skip("there is no cgroup v2 here")


@pytest.fixture
def groups() -> Iterator[tuple[Path, Path]]:
    """Two real control groups: a window's and a scope's."""
    root = cgroup_root() / f"outlive-test-{os.getpid()}"
    try:
        root.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made here: {error}")
    window, scope = root / "window", root / UNIT
    window.mkdir()
    scope.mkdir()
    trial = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    try:
        try:
            (window / "cgroup.procs").write_text(str(trial.pid))
        except OSError as error:
            pytest.skip(f"processes cannot be moved here: {error}")
        finally:
            trial.communicate()
        yield window, scope
    finally:
        for group in (window, scope):
            end(int(pid) for pid in (group / "cgroup.procs").read_text().split())
            group.rmdir()
        root.rmdir()


def test_a_chat_survives_the_end_of_the_windows_group(
    systemd: Systemd, groups: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    window_group, scope_group = groups
    if not (window_group / "cgroup.kill").exists():
        pytest.skip("this kernel has no cgroup.kill (5.14)")
    window, host = (subprocess.Popen(["cat"], stdin=subprocess.PIPE) for _ in range(2))
    for process in (window, host):
        (window_group / "cgroup.procs").write_text(str(process.pid))

    def move(unit: str, pids: list[int]) -> None:
        for pid in pids:
            (scope_group / "cgroup.procs").write_text(str(pid))

    systemd.move = move

    assert into_scope(host.pid) == ScopeResult(UNIT)
    assert scope.is_in(host.pid, UNIT)
    (window_group / "cgroup.kill").write_text("1")

    wait_for_end(window.pid, 10)
    assert is_alive(host.pid)
    host.communicate()
    window.communicate()
    assert window.returncode == -signal.SIGKILL
    assert host.returncode == 0
