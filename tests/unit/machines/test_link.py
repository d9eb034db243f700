"""When a link connects again, and when its machine counts as reachable; its bridge runs here."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from session_host.client.chats.directories import create_directory
from session_host.client.sessions.listing import session_named
from session_host.client.sessions.store_calls import recent_directories
from session_host.errors import LoginNeeded, OutliveError, Unreachable
from session_host.machines import link, stream
from session_host.machines.link import LinkState
from session_host.machines.names import MachineEntry
from session_host.machines.remote import RemoteMachine
from session_host.machines.stream import Stream
from session_host.paths import keeper_log
from session_host.protocol.bridge import Ping
from session_host.system.clock import now_ms
from tests.support import processes
from tests.support.area import Area
from tests.support.busy_threads import no_free_thread
from tests.support.near_bridges import NearBridges
from tests.support.waiting import eventually


@pytest.fixture
def near(area: Area, monkeypatch: pytest.MonkeyPatch) -> NearBridges:
    """The bridges of the machine."""
    return NearBridges(area.root / "b", monkeypatch)


@pytest.fixture
async def machine(near: NearBridges) -> AsyncIterator[RemoteMachine]:
    """A machine with a link that is up."""
    machine = near.machine()
    machine.link.hold()
    await machine.wait_reachable()
    yield machine
    await machine.link.close()


def _waits_long(machine: RemoteMachine) -> bool:
    return (machine.link.next_try_s or 0.0) > 10


async def test_a_call_while_the_link_is_closed_says_so(machine: RemoteMachine) -> None:
    closing = asyncio.create_task(machine.link.close())
    await asyncio.sleep(0)
    with pytest.raises(Unreachable, match="the connection is closed"):
        await machine.call(session_named, "x")
    await closing


async def test_what_fails_unexpectedly_there_is_answered_and_logged_there(machine: RemoteMachine) -> None:
    why = r"^unexpected error \(ValueError\); `outlive logs --on near` has the details$"
    with pytest.raises(OutliveError, match=why):
        await machine.call(create_directory, "/tmp/\0")
    assert "ValueError: " in keeper_log().read_text()


async def test_a_link_that_falls_at_once_is_retried_after_longer_waits(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", (0.0, 0.0, 60.0))
    states: list[LinkState] = []
    machine.link.on_state = lambda: states.append(machine.link.state)
    near.cut()
    near.set_falling()
    await eventually(lambda: _waits_long(machine), 30, lambda: f"a long wait: {states}")
    assert states.count(LinkState.UP) == 1


async def test_after_a_sleep_attempts_are_quick_until_the_network_is_there_however_many_links_fell_before(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", (0.0,))
    near.cut()
    near.set_falling()
    await eventually(lambda: _waits_long(machine), 30, "a long wait")
    assert machine.next_try_s == pytest.approx(link.LATER_RETRY_S, abs=10)
    near.set_falling(is_falling=False)
    near.set_reachable(False)
    failures: list[Unreachable | None] = []
    machine.link.on_state = lambda: failures.append(machine.link.error)
    machine.link.ask_now()
    await eventually(lambda: len(failures) > 4, 30, "more than one attempt")
    assert not _waits_long(machine)
    near.set_reachable(True)
    await machine.wait_reachable()


async def test_a_link_that_was_up_for_a_while_is_retried_at_once(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", (0.0, 60.0))
    monkeypatch.setattr(link, "STEADY_S", 0.0)
    for _ in range(3):
        near.cut()
        await eventually(lambda: machine.link.state is not LinkState.UP, 30, "the cut")
        await machine.wait_reachable()


async def test_an_answer_may_take_longer_on_a_line_that_connects_slowly() -> None:
    for patience_s, wait_s in ((0.0, stream.ANSWER_S), (40.0, 10.0)):
        watch = stream.Watch(lambda _ping: None, lambda: None)
        watch.start()
        watch.patience_s = patience_s
        watch.ask()
        assert watch._timer is not None
        assert watch._timer.when() - asyncio.get_running_loop().time() == pytest.approx(wait_s, abs=1)
        watch.stop()


async def test_a_question_is_due_soon_after_the_last_message_while_something_is_shown_or_flows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begin_s = asyncio.get_running_loop().time()
    passed_s = 0.0
    monkeypatch.setattr(stream, "_now_s", lambda: begin_s + passed_s)
    asked: list[Ping] = []
    silences: list[bool] = []
    watch = stream.Watch(asked.append, lambda: None)

    def due_s() -> float:
        assert watch._timer is not None
        return round(watch._timer.when() - begin_s, 1)

    watch.start()
    passed_s = 20.0
    watch.heard()
    passed_s = 30.0
    watch._check()
    assert not asked
    assert due_s() == 20 + stream.IDLE_PING_S
    watch.heard()
    watch.note_flow()
    assert due_s() == 30 + stream.SHOWN_PING_S
    passed_s = 32.0
    watch._check()
    assert len(asked) == 1
    passed_s = 33.0
    watch.heard()
    watch._check()
    assert due_s() == 33 + stream.IDLE_PING_S  # Nothing flows any more.
    watch.readers.add(silences.append)
    watch.hurry()
    assert due_s() == 33 + stream.SHOWN_PING_S
    while not silences:
        passed_s = due_s() + 0.1
        watch._check()
    assert passed_s <= 33 + 5
    watch.heard()
    watch.stop()
    assert silences == [True, False]


async def test_who_waits_for_a_link_that_is_closed_leaves_the_others_their_turn(
    near: NearBridges, machine: RemoteMachine
) -> None:
    near.set_reachable(False)
    near.cut()
    await eventually(lambda: machine.link.state is not LinkState.UP, 30, "the cut")
    waiting = asyncio.create_task(machine.wait_reachable())
    await asyncio.sleep(0)
    await machine.link.close()
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    waiting.cancel()
    assert not done


async def test_a_short_cut_changes_no_row_and_calls_wait_for_its_end(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CALM_S", 60.0)
    shown = []
    machine.link.on_state = lambda: shown.append((machine.is_reachable, machine.unreachable_since))
    near.cut()
    await eventually(lambda: machine.link.state is not LinkState.UP, 30, "the cut")
    assert await machine.call(recent_directories, 5) == []
    assert set(shown) == {(True, None)}


async def test_a_call_to_a_machine_known_to_be_lost_waits_for_no_attempt(
    near: NearBridges, machine: RemoteMachine
) -> None:
    near.set_reachable(False)
    near.cut()
    await eventually(lambda: not machine.is_reachable, 30, "the loss to be known")
    await eventually(lambda: machine.link.state is LinkState.DOWN, 30, "the end of an attempt")
    near.set_hanging_logins()
    near.set_reachable(True)
    machine.try_now()
    with pytest.raises(Unreachable, match="No route to host"):
        await machine.call(recent_directories, 5)
    assert machine.link.state is LinkState.CONNECTING, "the attempt hangs"


async def test_a_command_waits_for_no_login_that_hangs(near: NearBridges) -> None:
    near.set_hanging_logins()
    machine = near.machine()
    assert await machine.call(recent_directories, 5) == []
    await machine.link.close()


@pytest.mark.parametrize("has_login", [True, None])
async def test_a_slow_machine_is_reached_though_the_login_to_it_hangs(
    near: NearBridges, monkeypatch: pytest.MonkeyPatch, has_login: bool | None
) -> None:
    monkeypatch.setattr("session_host.machines.ssh.has_login", lambda _entry: has_login)
    monkeypatch.setattr(link, "RIVAL_S", 0.02)
    near.set_hanging_logins()
    machine = near.machine()
    assert await machine.call(recent_directories, 5) == []
    await machine.link.close()


async def test_a_login_that_hangs_and_cannot_be_done_without_is_named_at_once(near: NearBridges) -> None:
    near.set_hanging_logins()
    near.set_reachable(False, "me@near: Permission denied (publickey,keyboard-interactive).")
    machine = near.machine()
    with pytest.raises(LoginNeeded, match="run `outlive machines login near`"):
        async with asyncio.timeout(link.CONNECT_TIMEOUT_S / 2):
            await machine.call(recent_directories, 5)
    await machine.link.close()


async def test_a_machine_that_needs_a_login_is_unreachable_at_once(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "CALM_S", 60.0)
    near.set_reachable(False, "me@near: Permission denied (publickey,keyboard-interactive).")
    near.cut()
    await eventually(lambda: not machine.is_reachable, 30, "the login to be asked for")
    assert machine.why_unreachable.startswith("a login is needed")


async def test_times_are_right_soon_after_a_clock_was_set(
    machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    machine.link.on_state = lambda: shown.append(machine.is_reachable)
    monkeypatch.setattr(link, "CALM_S", 60.0)
    monkeypatch.setattr(stream, "now_ms", lambda: now_ms() + 3_600_000)
    machine.link.ask_now()
    await eventually(lambda: machine.clock_ahead == timedelta(hours=-1), 30, lambda: f"the time: {machine.clock_ahead}")
    assert set(shown) == {True}


async def test_a_machine_to_which_links_fall_again_and_again_is_unreachable_until_one_lasts(
    near: NearBridges, machine: RemoteMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "RETRY_S", (0.2,))
    monkeypatch.setattr(link, "CALM_S", 0.1)
    near.cut()
    near.set_falling()
    await eventually(lambda: machine.link._falls > 1 and not machine.is_reachable, 30, "it is unreachable")
    monkeypatch.setattr(link, "CALM_S", 60.0)
    shown: list[tuple[bool, LinkState]] = []
    machine.link.on_state = lambda: shown.append((machine.is_reachable, machine.link.state))
    await eventually(lambda: shown.count((False, LinkState.UP)) == 2, 30, lambda: f"two more falls: {shown}")
    assert machine.unreachable_since is not None
    monkeypatch.setattr(link, "CALM_S", 0.1)
    near.set_falling(is_falling=False)
    await eventually(lambda: machine.is_reachable, 30, lambda: f"a link that lasts: {shown[-5:]}")
    assert machine.unreachable_since is None


@pytest.mark.parametrize(
    ("ssh", "why"),
    [
        ("exit 255", "the connection was closed"),
        ("echo 'mux_client_request_alive: write packet: Broken pipe' >&2; exit 255", "the connection was closed"),
        ("exit 0", "its login shell ended at once; see its start files there"),
    ],
)
async def test_an_ssh_that_ends_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ssh: str, why: str) -> None:
    program = tmp_path / "ssh"
    program.write_text(f'#!/bin/sh\ncase "$*" in -G*) exit 0;; esac\n{ssh}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    to_near = link.Link(MachineEntry("near", "near"))
    with pytest.raises(Unreachable) as raised:
        await to_near.ready()
    assert str(raised.value) == f"near: {why}"
    await to_near.close()


def _ssh_that_hangs(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let ``ssh`` write its PID to the returned file, and hang."""
    program, pids = directory / "ssh", directory / "pids"
    program.write_text(f'#!/bin/sh\ncase "$*" in -G*) exit 0;; esac\necho $$ >> {pids}; exec sleep 600\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=os.pathsep)
    return pids


async def test_no_ssh_is_left_if_closing_is_cancelled_while_no_thread_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, pids = processes.children(), _ssh_that_hangs(tmp_path, monkeypatch)
    to_near = Stream(MachineEntry("near", "near"))
    starting = asyncio.create_task(to_near.start(shared=True))
    await eventually(pids.exists, 30, "ssh")
    starting.cancel()
    with no_free_thread() as free_it:
        closing = asyncio.create_task(to_near.close())
        for _ in range(2):
            await asyncio.sleep(0)
            closing.cancel()
        await asyncio.sleep(0)
        free_it()
        await asyncio.gather(starting, closing, return_exceptions=True)
    assert processes.children() == before


async def test_no_ssh_is_left_if_the_link_is_closed_as_soon_as_a_rival_is_used(
    near: NearBridges, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first connection hangs and is given up; at that moment the link is closed, and no thread is free."""
    before = processes.children()
    monkeypatch.setattr(link, "RIVAL_S", 60.0)  # the time that a rival gets
    monkeypatch.setattr("session_host.machines.ssh.has_login", lambda _entry: True)
    near.set_hanging_logins()
    to_near = near.machine().link
    is_up = asyncio.Event()
    with contextlib.ExitStack() as stack:
        freed = []

        def fill() -> None:
            if to_near.state is LinkState.UP:
                freed.append(stack.enter_context(no_free_thread()))
                is_up.set()

        to_near.on_state, to_near._was_silent = fill, True  # so that the rival begins at once
        to_near.try_now()
        await is_up.wait()
        for _ in range(3):
            await asyncio.sleep(0)
        closing = asyncio.create_task(to_near.close())
        for _ in range(3):
            await asyncio.sleep(0)
        freed[0]()
        await closing
    assert processes.children() == before
