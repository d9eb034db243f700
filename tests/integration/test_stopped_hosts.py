"""Stopped and hung hosts: commands report them, nothing is lost, and they continue later."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from session_host.cli.doctor import chats
from session_host.client.chats import launch as launch_module
from session_host.client.control import request
from session_host.client.sessions.store_access import open_store
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import HostUnavailable
from session_host.paths import session_socket
from session_host.protocol.codec import encode
from session_host.protocol.messages import PROTOCOL_VERSION, Attach, Describe, Hello, Stop
from session_host.protocol.values import GridSize, State
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.hosts import end, see, shown, start, watching
from tests.support.journals import one_line
from tests.support.leaks import descriptors
from tests.support.waiting import wait_readable, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


@contextmanager
def stopped(pid: int, *, goes_on: bool = True) -> Iterator[None]:
    """Stop a process until the end of the block, once the starts of all chats are recorded."""

    def settled() -> bool:
        with open_store() as store:
            return not [record for record in store.all() if record.outcome.state is State.STARTING]

    wait_until(settled, 10, "all starts to be written down")
    processes.stop(pid)
    try:
        yield
    finally:
        with suppress(*(() if goes_on else (ProcessLookupError,))):
            os.kill(pid, signal.SIGCONT)


async def test_new_viewers_learn_that_a_host_is_stopped_and_it_continues_later(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await start("cat", name="one")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    async with watching(record.id) as (viewer, watcher):
        viewer.text("before\r")
        await watcher.until(lambda: shown(viewer) == ["before"] * 2, "it to be given back")
        with stopped(pid), monkeypatch.context() as patch:
            patch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 0.3)
            with pytest.raises(HostUnavailable) as caught:
                await request(record.id, Describe(0))
            assert "does not respond" in one_line(caught.value)
            async with watching(record.id, live=False) as (late, late_watcher):
                await late_watcher.until(lambda: late.line.shown is ViewerState.UNRESPONSIVE, "a late viewer to say so")
                assert late_watcher.messages[-1]
            viewer.text("while it was stopped\r")
            assert len(viewer.inputs) > 0, "kept until it is acknowledged"
            [info] = outlive("ls", "--json").json()
            assert (info["state"], info["viewers"]) == ("running", None), "that it runs is known; more is not"
        await watcher.until(lambda: shown(viewer)[2:] == ["while it was stopped"] * 2, "it typed once, and given back")
        assert viewer.line.shown is ViewerState.LIVE
        assert ViewerState.LOST not in watcher.states
    assert (await request(record.id, Describe(0))).facts.program.child_pid == record.program.child_pid
    await end(record.id)


async def test_a_viewer_is_unresponsive_until_its_host_answers(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("session_host.client.viewer.answer_watch.INTERVAL_S", 0.1)
    record = await start("cat", name="one")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    async with watching(record.id) as (viewer, watcher):
        with stopped(pid):
            viewer.text("typed meanwhile\r")
            await watcher.until(lambda: viewer.line.shown is ViewerState.UNRESPONSIVE, "the silence to be reported")
        await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the answer to be reported")
        await watcher.until(lambda: shown(viewer) == ["typed meanwhile"] * 2, "it typed once, and given back")
        with stopped(pid):
            viewer.expect_answer()
            await watcher.until(lambda: viewer.line.shown is ViewerState.UNRESPONSIVE, "the silence to be reported")
        await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the answer to be reported")
        assert not watcher.refusals
    await end(record.id)


async def test_a_stopped_host_does_not_slow_other_chats(area: Area) -> None:
    stuck, well = await start("cat", name="stuck"), await start("cat", name="well")
    pid = (await request(stuck.id, Describe(0))).facts.program.host_pid
    with stopped(pid):
        assert outlive("send", "well", "hello", "--enter").code == 0
        assert outlive("wait", "well", "--text", "hello", "--timeout", "60").code == 0
        third = await start("cat", name="third")
        listed = {info["name"]: info["viewers"] for info in outlive("ls", "--json").json()}
        assert listed == {"stuck": None, "well": 0, "third": 0}
        await end(third.id)
    await end(stuck.id)
    await end(well.id)


def _fill_backlog(path: Path) -> None:
    """Connect until that fails; a connection waits in the backlog even after its client has closed it."""
    for _ in range(socket.SOMAXCONN + 2):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.setblocking(False)
            connection.connect(str(path))


async def test_more_viewers_may_wait_than_a_stopped_hosts_backlog_holds(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a full backlog, connecting fails at once; this must not be taken for a chat that is gone."""
    record = await start("cat", name="one")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    with stopped(pid), monkeypatch.context() as patch:
        patch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 0.3)
        with pytest.raises(BlockingIOError):
            _fill_backlog(session_socket(record.id))
        listed = outlive("ls", "--json")
        assert listed.code == 0, listed
        assert [info["state"] for info in listed.json()] == ["running"]
        with pytest.raises(HostUnavailable) as caught:
            await request(record.id, Describe(0))
        one_line(caught.value)
    async with watching(record.id) as (viewer, watcher):
        viewer.text("and on\r")
        await see(viewer, watcher, "and on")
    await end(record.id)


async def test_an_agent_that_is_stopped_and_continued_works_as_before(area: Area) -> None:
    record = await start("cat", name="one")
    assert record.program.child_pid is not None
    async with watching(record.id) as (viewer, watcher):
        with stopped(record.program.child_pid):
            viewer.text("kept for it\r")
            assert outlive("peek", "one").code == 0, "the host is well"
        await see(viewer, watcher, "kept for it")
    await end(record.id)


async def test_a_continued_host_notices_viewers_that_left(area: Area) -> None:
    """As after killed viewers: the host's greeting is unread, and a message of theirs has not been handled."""
    record = await start("cat")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    before = descriptors(pid)["socket"]  # maybe including the socket of the request for its PID
    with ExitStack() as stack:
        callers = [stack.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(20)]
        for caller in callers:
            caller.connect(str(session_socket(record.id)))
            caller.sendall(encode(Hello(PROTOCOL_VERSION, "viewer")) + encode(Attach(GridSize(80, 24))))
            wait_readable(caller.fileno(), 10, "the greeting")
        wait_until(lambda: list_one(record.id)["viewers"] == len(callers), 10, "all to be attached")
        with stopped(pid):
            for caller in callers:
                caller.sendall(encode(Describe(1)))
                caller.close()
    wait_until(lambda: list_one(record.id)["viewers"] == 0, 10, "all to be gone")
    wait_until(lambda: descriptors(pid)["socket"] <= before, 10, "their sockets to be closed")
    await end(record.id)


async def test_kill_ends_the_agent_of_a_stopped_host_and_reports_how(
    area: Area, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await start("sh", "-c", "sleep 1000 & wait", name="stuck")
    pid = (await request(record.id, Describe(0))).facts.program.host_pid
    monkeypatch.setattr("session_host.client.connection.GREETING_TIMEOUT_S", 0.3)
    assert record.program.child_pid is not None
    with stopped(pid, goes_on=False):
        with pytest.raises(HostUnavailable) as caught:
            await request(record.id, Stop(0))
        assert f"(PID {pid}, which is stopped) does not respond; end the chat with `outlive kill`" in one_line(
            caught.value
        )
        [check] = list(chats.chats())
        assert f"its background process (PID {pid}) is stopped" in check.message
        done = outlive("kill", "stuck")
        assert (done.code, done.error) == (0, "")
        assert f"(PID {pid}, which is stopped) did not respond" in done.output
    assert not processes.is_alive(pid)
    assert not processes.is_alive(record.program.child_pid)
    [info] = outlive("ls", "--all", "--json").json()
    assert (info["state"], info["exit_signal"], info["end_request"]) == ("exited", signal.SIGKILL, "kill")


async def test_a_start_gives_up_soon_while_the_keeper_is_stopped(area: Area, monkeypatch: pytest.MonkeyPatch) -> None:
    record = await start("cat", name="one")
    keeper = (await request(record.id, Describe(0))).host.keeper_pid
    assert launch_module.KEEPER_TIMEOUT_S < 10, "asked once: that is all that it takes"
    with stopped(keeper), monkeypatch.context() as patch:
        patch.setattr(launch_module, "KEEPER_TIMEOUT_S", 0.3)
        patch.setattr("session_host.keeper_client.discovery.STATUS_TIMEOUT_S", 0.3)
        began_s = time.monotonic()
        with pytest.raises(HostUnavailable) as caught:
            await start("cat", name="two")
        assert time.monotonic() - began_s < 40, "it would hang as long as the keeper"
        hint = f"the keeper (process {keeper}) does not respond; continue it with `kill -CONT {keeper}`"
        assert hint in one_line(caught.value)
        assert [info["name"] for info in outlive("ls", "--json").json()] == ["one"]
        [check] = list(chats.keeper())
        assert f"(process {keeper}) does not respond" in check.message
        assert f"`kill -CONT {keeper}`" in check.remedy
    assert outlive("new", "-n", "three", "--", "cat").code == 0
    assert {info["name"] for info in outlive("ls", "--json").json()} == {"one", "three"}, "two was not started later"
    assert outlive("kill-all", "--yes").code == 0


@pytest.mark.parametrize("stops", ["the keeper after it", "its standby"])
async def test_the_message_about_a_hung_keeper_names_a_living_process(
    area: Area, monkeypatch: pytest.MonkeyPatch, stops: str
) -> None:
    """The process that created the keeper's socket may be dead: its standby may listen there now."""
    record = await start("cat", name="one")
    previous = (await request(record.id, Describe(0))).host.keeper_pid
    assert previous is not None
    hangs = processes.parent(previous)
    monkeypatch.setattr(launch_module, "KEEPER_TIMEOUT_S", 0.3)
    monkeypatch.setattr("session_host.keeper_client.discovery.STATUS_TIMEOUT_S", 0.3)
    with ExitStack() as until_then:
        if stops == "its standby":
            until_then.enter_context(stopped(hangs))
            os.kill(previous, signal.SIGKILL)
        else:
            os.kill(previous, signal.SIGKILL)
            wait_until(lambda: list_one(record.id)["keeper_pid"] not in {None, previous}, 10, "another keeper")
            hangs = list_one(record.id)["keeper_pid"]
            until_then.enter_context(stopped(hangs))
        with pytest.raises(HostUnavailable) as caught:
            await start("cat", name="two")
        assert f"(process {hangs}) does not respond; continue it with `kill -CONT {hangs}`" in one_line(caught.value)
        [check] = list(chats.keeper())
        assert f"(process {hangs}) does not respond" in check.message
    wait_until(lambda: list_one(record.id)["keeper_pid"] not in {None, previous}, 10, "another keeper")
    assert outlive("new", "-n", "two", "--", "cat").code == 0
    assert outlive("kill-all", "--yes").code == 0


async def test_upgrade_names_the_chat_that_it_could_not_reach(area: Area) -> None:
    """A stopped host did not hand its chat to the keeper that replaced the killed one."""
    stuck, well = await start("cat", name="stuck"), await start("cat", name="well")
    description = await request(stuck.id, Describe(0))
    with stopped(description.facts.program.host_pid):
        processes.kill_keepers(description.host.keeper_pid)
        wait_until(
            lambda: list_one(well.id)["keeper_pid"] not in {None, description.host.keeper_pid}, 10, "another keeper"
        )
        done = outlive("upgrade", timeout_s=60)
        assert done.code == 1
        assert done.error == "outlive: stuck: not updated and not reachable: run `outlive doctor`\n"
        assert done.output.startswith("well: updated to ")
    await end(stuck.id)
    await end(well.id)


async def test_an_upgrade_skips_a_stopped_host_and_the_next_one_replaces_it(area: Area) -> None:
    stuck = await start("cat", name="stuck")
    host = (await request(stuck.id, Describe(0))).facts.program.host_pid
    with stopped(host):
        began_s = time.monotonic()
        done = outlive("upgrade", timeout_s=60)
        assert time.monotonic() - began_s < 40, "it would hang as long as the host"
        why = f"the chat's background process (PID {host}, which is stopped) does not respond"
        assert (done.code, done.error) == (1, f"outlive: stuck: not updated: {why}\n")
    assert outlive("send", "stuck", "still here", "--enter").code == 0
    assert outlive("upgrade", timeout_s=60).code == 0
    assert list_one(stuck.id)["host_pid"] != host
    assert outlive("wait", "stuck", "--text", "still here").code == 0
    await end(stuck.id)


def list_one(session_id: str) -> dict[str, Any]:
    """A session as ``outlive ls`` prints it."""
    [info] = [each for each in outlive("ls", "--json").json() if each["id"] == session_id]
    return dict(info)
