"""Before the program runs: no early report, no lost input, and the slow steps of a first start are done."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from session_host.agents.catalog import load_catalog
from session_host.client.chats.launch import prepare_start
from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import AgentNotFound, LaunchFailed, OutliveError
from session_host.host.clients import server
from session_host.host.clients.command_requests import handle_request
from session_host.host.clients.server import Server
from session_host.host.keeper_channel import KeeperChannel
from session_host.keeper_client.discovery import keeper_status
from session_host.paths import config_dir
from session_host.protocol.messages import (
    EARLY_INPUT_BYTES,
    Attach,
    Attached,
    Describe,
    InputRefused,
    Kill,
    Starting,
    Typed,
)
from session_host.protocol.values import ErrorCode, GridSize, State
from session_host.system.processes.pty_process import Program, ProgramDescriptors, PtyProcess
from tests.conftest import Sessions
from tests.programs import program
from tests.support.area import Area
from tests.support.commands import running
from tests.support.hosts import Watcher, see
from tests.support.session_harness import OPEN_FILES, SESSION_ID, SessionHarness, session_harness
from tests.support.waiting import TIMEOUT_S, eventually, wait_until
from tests.support.windows import outlive

ID = SESSION_ID


class HeldHost:
    """A session and its server in this process; the program is started only after ``release``."""

    def __init__(self, harness: SessionHarness) -> None:
        self.harness = harness
        self.driver = harness.host()
        self.session = harness.session
        ours, self._keepers = socket.socketpair()
        self._keeper = KeeperChannel(ours, harness.spec, harness.descriptors, lambda _: None)
        self.server = Server(self.driver, Path(harness.spec.socket_path), harness.descriptors.listener, self._keeper)
        self._released = asyncio.Event()
        self.starting: asyncio.Task[None] | None = None

    def release(self) -> None:
        self._released.set()

    async def start(self) -> None:
        self.driver.begin(await self._spawn())

    async def _spawn(self) -> PtyProcess:
        await self._released.wait()
        harness, spec = self.harness, self.harness.spec
        starting = PtyProcess.fork(
            Program(spec.facts.origin.argv, spec.facts.origin.cwd, spec.env, spec.umask, OPEN_FILES),
            ProgramDescriptors(harness.descriptors.master, harness.slave),
            about_to_exec=lambda _: None,
        )
        return await asyncio.to_thread(starting.result)

    async def close(self) -> None:
        await self.server.close()
        self._keeper.close()
        self._keepers.close()


async def kill(host: HeldHost) -> None:
    """End the program, as ``outlive kill`` does."""
    driver = host.driver
    ending = asyncio.get_running_loop().create_task(driver.ended.wait())
    ending.add_done_callback(lambda _: driver.exit_saved())
    await handle_request(driver, Kill(1), 0, 0)


@asynccontextmanager
async def held_host(argv: list[str]) -> AsyncIterator[HeldHost]:
    with session_harness(argv=argv, engine="ghostty", size=GridSize(80, 24), cooked=True) as harness:
        host = HeldHost(harness)
        host.server.start()
        host.starting = asyncio.get_running_loop().create_task(host.start())
        try:
            yield host
        finally:
            if host.session.state is State.RUNNING:
                await kill(host)
            host.release()
            await asyncio.wait([host.starting])
            await host.close()


async def test_attached_is_not_sent_before_the_exec_of_the_program() -> None:
    async with held_host(["cat"]) as host:
        connection = await HostConnection.open(ID, "viewer")
        messages: asyncio.Queue[Any] = asyncio.Queue()
        connection.set_callbacks(messages.put_nowait, lambda: None)
        connection.send_message(Attach(GridSize(80, 24)))
        assert isinstance(await asyncio.wait_for(messages.get(), 60), Starting)
        assert messages.empty()
        host.release()
        attached = await asyncio.wait_for(messages.get(), 60)
        assert isinstance(attached, Attached)
        assert attached.state is State.RUNNING
        connection.close()
        await connection.wait_closed()


async def test_a_request_that_fails_unexpectedly_is_answered_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_arguments: object) -> None:
        raise ValueError("embedded null byte")

    async with held_host(["cat"]) as host:
        host.release()
        assert host.starting is not None
        await host.starting
        monkeypatch.setattr(server, "handle_request", fail)
        with pytest.raises(OutliveError, match=rf"^unexpected error \(ValueError\); `outlive logs {ID[:8]}` has"):
            await request(ID, Describe(0))
        monkeypatch.undo()
        monkeypatch.setattr(host.session.viewers, "attach", lambda *_, **__: int("x"))
        connection = await HostConnection.open(ID, "viewer")
        over = asyncio.Event()
        connection.set_callbacks(lambda _message: None, over.set)
        connection.send_message(Attach(GridSize(80, 24)))
        await asyncio.wait_for(over.wait(), 60)
        assert connection.refusal is not None
        assert connection.refusal.message.startswith("unexpected error (ValueError)")
        monkeypatch.undo()
        await connection.wait_closed()
    assert caplog.text.count("Traceback") == 2


async def test_a_thousand_keys_before_exec_arrive_completely_and_in_order(tmp_path: Path) -> None:
    received = tmp_path / "received"
    typed = [chr(97 + number % 26) for number in range(1000)]
    async with held_host(program("early_input", received, 1000)) as host:
        watcher = Watcher()
        viewer = Viewer(ID, watcher, size=GridSize(80, 24))
        viewer.start()
        await watcher.until(
            lambda: viewer.line.shown is ViewerState.STARTING, "the viewer to learn that the program starts"
        )
        for character in typed:
            viewer.key(character, character)
        assert len(viewer.inputs) == 1000
        host.release()
        await eventually(received.exists, 15, "the program to have read all")
        await watcher.until(lambda: len(viewer.inputs) == 0, "all to be acknowledged")
        await watcher.until(lambda: viewer.line.shown is not ViewerState.STARTING, "the viewer to be live")
        viewer.close()
        await viewer.delivery.wait()
    assert received.read_bytes() == "".join(typed).encode()
    assert watcher.refusals == []
    assert watcher.states[:2] == [ViewerState.STARTING, ViewerState.LIVE]


async def test_early_input_over_the_limit_is_refused_and_the_rest_is_kept(tmp_path: Path) -> None:
    received = tmp_path / "received"
    async with held_host(program("early_input", received, EARLY_INPUT_BYTES)) as host:
        connection = await HostConnection.open(ID, "viewer")
        messages: asyncio.Queue[Any] = asyncio.Queue()
        connection.set_callbacks(messages.put_nowait, lambda: None)
        connection.send_message(Attach(output=False))
        starting = await asyncio.wait_for(messages.get(), 60)
        # Short lines: a terminal in canonical mode drops the bytes of a line beyond 4,095 (termios(3)).
        half = ("x" * 63 + "\n") * (EARLY_INPUT_BYTES // 128)
        for sequence in (1, 2, 3):
            connection.send_message(Typed(starting.attachment, sequence, half))
        refusal = await asyncio.wait_for(messages.get(), 60)
        assert isinstance(refusal, InputRefused)
        assert (refusal.sequence, refusal.code) == (3, ErrorCode.INPUT_FULL)
        host.release()
        await eventually(received.exists, 15, "the program to have read all")
        connection.close()
        await connection.wait_closed()
    assert received.read_bytes() == half.encode() * 2


async def test_a_kill_before_the_program_starts_ends_it_at_its_start() -> None:
    async with held_host(["cat"]) as host:
        killing = asyncio.get_running_loop().create_task(kill(host))
        await asyncio.sleep(0)
        assert not killing.done()
        host.release()
        await asyncio.wait_for(killing, 60)
        assert (host.session.state, host.session.outcome.exit_signal) == (State.EXITED, signal.SIGKILL)


async def test_a_program_that_cannot_be_started_leaves_no_session() -> None:
    async with held_host(["/etc/passwd"]) as host:
        host.release()
        assert host.starting is not None
        with pytest.raises(LaunchFailed):
            await host.starting
        assert host.session.state is State.STARTING


async def test_a_viewer_sees_the_programs_first_output(tmp_path: Path) -> None:
    async with held_host(["sh", "-c", "echo first; cat"]) as host:
        watcher = Watcher()
        viewer = Viewer(ID, watcher)
        viewer.start()
        await watcher.until(
            lambda: viewer.line.shown is ViewerState.STARTING, "the viewer to learn that the program starts"
        )
        host.release()
        await see(viewer, watcher, "first")
        viewer.close()
        await viewer.delivery.wait()


async def test_a_slow_viewer_gets_the_last_output_after_another_one_left() -> None:
    """The server did not wait for the slow viewer if the number of viewers had been zero before."""
    async with held_host(["cat"]) as host:
        host.release()
        assert host.starting is not None
        await host.starting
        first = await HostConnection.open(ID, "control")
        await eventually(lambda: host.server._clients, 5, "the connection to be accepted")
        first.close()
        await eventually(lambda: not host.server._clients, 5, "it to have left")
        assert host.server._all_closed.is_set()
        slow = await HostConnection.open(ID, "control")
        [client] = host.server._clients
        client.finish = lambda: None  # type: ignore[method-assign] # It has not read its messages yet.
        closing = asyncio.ensure_future(host.server.close())
        done, _ = await asyncio.wait([closing], timeout=0.2)
        assert not done, "it is waited for"
        slow.close()
        await asyncio.wait_for(closing, 60)
        host.server.close = _nothing  # type: ignore[method-assign]


async def _nothing() -> None:
    """Do nothing, since the server is already closed."""


HELP = "claude --session-id <id> --settings <file> --model <model> --print --debug"


@pytest.fixture
def agent_starts(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file to which a fake agent appends the first argument of each of its starts."""
    programs, agent_starts = area.home / "bin", area.home / "agent_starts"
    programs.mkdir()
    program = programs / "claude"
    program.write_text(
        f"#!/bin/sh\necho $1 >> {agent_starts}\ncase $1 in --version) echo 1.2.3;; --help) echo '{HELP}';; esac\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return agent_starts


def test_prepare_start_starts_the_keeper_and_asks_the_agents_version_once(
    sessions: Sessions, area: Area, agent_starts: Path
) -> None:
    prepare_start(load_catalog(config_dir())["claude"], os.environ)

    assert keeper_status() is not None
    assert sorted(agent_starts.read_text().split()) == ["--help", "--version"]
    outlive("new", "claude", "-d", cwd=Path("/"))  # what a shell script starts may differ by directory
    wait_until(lambda: "--settings" in agent_starts.read_text(), 60, "the agent to have begun")
    assert sorted(agent_starts.read_text().split()) == ["--help", "--settings", "--version"]


def test_a_missing_agent_is_reported(sessions: Sessions) -> None:
    with pytest.raises(AgentNotFound):
        prepare_start(load_catalog(config_dir())["codex"], {"PATH": os.devnull})


def test_a_command_that_waits_for_the_answer_says_after_ctrl_c_that_the_chat_runs_on(
    sessions: Sessions, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "begun")
    words = ("new", "command", "-n", "x", "--runtime", "structured", "-p", "hello", "--wait", "--", "sh", "-c")
    with running(*words, f": >{tmp_path}/begun; exec cat {tmp_path}/begun") as command:
        (tmp_path / "begun").read_bytes()
        command.send_signal(signal.SIGINT)
        output, error = command.communicate(timeout=TIMEOUT_S)

    assert (command.returncode, output, error) == (130, "", "outlive: x is started; to end it: outlive kill x\n")
