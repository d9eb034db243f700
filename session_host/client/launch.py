"""Starting a session: its spec is made here and handed to a new host.

The host is nobody's child, in a session of its own, with no descriptor of ours but one pipe: whatever
becomes of us, of our terminal or of our process group does not reach it.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

import session_host
from session_host.agents import Agent, child_environment
from session_host.clock import now
from session_host.errors import AgentNotFound, LaunchFailed, StoreError
from session_host.paths import (
    database,
    ensure_private,
    runtime_dir,
    session_dir,
    session_log,
    session_socket,
    state_dir,
)
from session_host.protocol.launch import LaunchReport, LaunchSpec
from session_host.protocol.values import GridSize
from session_host.pty.identity import boot_id
from session_host.store import SessionRecord, Store
from session_host.terminal import default_engine
from session_host.terminal.base import DEFAULT_SCROLLBACK_LINES, DefaultColors, EngineName

DEFAULT_SIZE = GridSize(80, 24)
REPORT_TIMEOUT_S = 30.0
_HOST_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ",
    "OUTLIVE_RUNTIME_DIR", "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR",
)  # fmt: skip
_ERRORS: dict[str, type[LaunchFailed | StoreError]] = {"not_found": AgentNotFound, "store": StoreError}


class LaunchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the user asked to start."""

    agent: Agent
    arguments: list[str] = []
    name: str | None = None
    """None: made from the directory's name."""
    directory: str
    environment: Mapping[str, str]
    """The caller's whole environment."""
    overrides: dict[str, str] = {}
    """What the user set on top of it."""
    size: GridSize = DEFAULT_SIZE
    engine: EngineName | None = None
    colors: DefaultColors | None = None
    """What the caller shows terminals in, if it does."""


async def launch(request: LaunchRequest) -> SessionRecord:
    """Start a session; returns when its program is exec'd.

    Raises:
        AgentNotFound: its program is not installed.
        LaunchFailed: it could not be started.
        StoreError: it could not be recorded, so it was not started.
        UnsafeDirectory: the runtime or state directory cannot be trusted.
    """
    return await asyncio.to_thread(_launch, request)


def _launch(request: LaunchRequest) -> SessionRecord:
    ensure_private(runtime_dir())
    ensure_private(state_dir())
    spec = _spec(request)
    report = _start_host(spec)
    if not report.ok:
        raise _ERRORS.get(report.error_kind, LaunchFailed)(report.error)
    with Store.open(database()) as store:
        record = store.get(spec.session_id)
    if record is None:
        raise LaunchFailed(f"{spec.name}: was started, but its record is gone; see {session_log(spec.session_id)}")
    return record


def _spec(request: LaunchRequest) -> LaunchSpec:
    agent = request.agent
    directory = os.path.abspath(Path(request.directory).expanduser())  # noqa: PTH100 - the user's own symlinks are kept
    if not Path(directory).is_dir():
        raise LaunchFailed(f"the directory {directory} does not exist; choose another with -C")
    session_id = str(uuid.uuid4())
    environment = child_environment(request.environment, agent, request.overrides)
    environment["OUTLIVE_SESSION"] = session_id
    if agent.executable and agent.find(environment.get("PATH", "")) is None:
        raise agent.not_found()
    argv = agent.argv(request.arguments, environment)
    with Store.open(database()) as store:
        taken = {record.name for record in store.running()}
        name = request.name or free_name(Path(directory).name or agent.name, taken)
    return LaunchSpec(
        session_id=session_id,
        name=name,
        agent=agent.name,
        argv=argv,
        cwd=directory,
        env=environment,
        overrides=request.overrides,
        size=request.size.clamped(),
        engine=request.engine or default_engine(),
        scrollback_lines=DEFAULT_SCROLLBACK_LINES,
        colors=request.colors,
        created_at=now(),
        socket_path=str(session_socket(session_id)),
        database=str(database()),
        screen=str(session_dir(session_id) / "screen.bin"),
        boot_id=boot_id(),
    )


def free_name(wanted: str, taken: Collection[str]) -> str:
    """``wanted``, or ``wanted-2`` and so on: two running chats of one name are told apart badly."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _start_host(spec: LaunchSpec) -> LaunchReport:
    log_path = session_log(spec.session_id)
    log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        log_file = os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise StoreError(
            f"{log_path}: cannot be written ({error.strerror}); free some space, or set OUTLIVE_STATE_DIR"
        ) from error
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "session_host.host"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log_file,
            cwd="/",
            env=_host_environment(),
            start_new_session=True,
        )
    except OSError as error:
        raise LaunchFailed(f"no host could be started: {error.strerror}") from error
    finally:
        os.close(log_file)
    # The first process forks and ends at once, so that this wait is short and the host an orphan.
    try:
        answer, _ = process.communicate(msgspec.msgpack.encode(spec), timeout=REPORT_TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise LaunchFailed(f"the chat did not start within {REPORT_TIMEOUT_S:.0f} s; see {log_path}") from error
    try:
        return msgspec.msgpack.decode(answer, type=LaunchReport)
    except msgspec.DecodeError as error:
        raise LaunchFailed(f"the chat's host failed at its start; see {log_path}") from error


def _host_environment() -> dict[str, str]:
    """What the host itself needs; the program's environment travels in the spec."""
    kept = {name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ}
    # Also from a clone that was never installed, whatever directory the caller is in.
    root = str(Path(session_host.__file__).parent.parent)
    return kept | {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))}
