"""After sockets or the runtime directory were removed, the chats become reachable again."""

from __future__ import annotations

import os
import signal

import pytest

from session_host.client.control import request
from session_host.client.sessions.stale_rows import has_live_socket
from session_host.keeper_client.discovery import connect_to_keeper, keeper_status
from session_host.paths import keeper_socket, runtime_dir, session_socket
from session_host.protocol.facts import ChatFacts
from session_host.protocol.messages import Describe
from tests.support import processes
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.disks import remove_in_use
from tests.support.hosts import end, see, start, watching
from tests.support.waiting import wait_for_end, wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def keepers(area: Area) -> list[int]:
    """The PIDs of this test's living keepers."""
    mine = processes.with_environment("OUTLIVE_RUNTIME_DIR", str(area.runtime))
    return [pid for pid in mine if processes.name(pid) == "outlive-keeper"]


def reachable(record: ChatFacts) -> bool:
    return session_socket(record.id).exists() and has_live_socket(record.id)


async def check_usable(record: ChatFacts) -> None:
    """Check that every way to the chat works, and that its agent is the same process."""
    wait_until(lambda: reachable(record), 10, "the socket to be there again")
    assert [info["id"] for info in outlive("ls", "--json").json()] == [record.id]
    done = outlive("send", record.id, "hello", "--enter")
    assert (done.code, done.error) == (0, "")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "hello")
        viewer.text("typed\r")
        await see(viewer, watcher, "typed")
    assert (await request(record.id, Describe(0))).facts.program.child_pid == record.program.child_pid


async def test_a_removed_socket_is_bound_again_and_viewers_stay_connected(area: Area) -> None:
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        session_socket(record.id).unlink()
        await check_usable(record)
        await see(viewer, watcher, "typed")
        assert len(watcher.states) == len(set(watcher.states)), "it never had to connect anew"
    await end(record.id)
    wait_until(lambda: not session_socket(record.id).exists(), 5, "the new socket to go with the chat")


async def test_a_later_host_has_the_new_socket_too(area: Area) -> None:
    record = await start("cat")
    session_socket(record.id).unlink()
    wait_until(lambda: reachable(record), 10, "the socket to be there again")
    host = (await request(record.id, Describe(0))).facts.program.host_pid
    os.kill(host, signal.SIGKILL)
    await check_usable(record)
    await end(record.id)


async def test_after_removal_of_the_runtime_directory_one_keeper_serves_every_chat(area: Area) -> None:
    record = await start("cat")
    before = keepers(area)
    remove_in_use(runtime_dir())
    wait_until(lambda: keeper_socket().exists(), 10, "the keeper's socket to be there again")
    await check_usable(record)
    other = await start("cat")
    assert keepers(area) == before
    assert outlive("upgrade", other.id).code == 0
    assert len(keepers(area)) == 1
    await end(record.id)
    await end(other.id)


async def test_a_chat_started_right_after_the_removal_leaves_one_keeper(area: Area) -> None:
    """The start may start another keeper with the lock in the new directory; then the previous keeper ends."""
    record = await start("cat")
    remove_in_use(runtime_dir())
    other = await start("cat")
    wait_until(lambda: len(keepers(area)) == 1, 10, lambda: f"one keeper, not {keepers(area)}")
    wait_until(lambda: _kept_ids() == {record.id, other.id}, 10, lambda: f"not both chats, but {_kept_ids()}")
    assert {info["id"] for info in outlive("ls", "--json").json()} == {record.id, other.id}
    wait_until(lambda: reachable(record) and reachable(other), 10, "both sockets")
    await end(record.id)
    await end(other.id)


def _kept_ids() -> set[str]:
    status = keeper_status()
    return {each.facts.id for each in status.sessions} if status is not None else set()


async def test_a_keeper_killed_without_the_directory_is_replaced_by_one_that_binds_all_sockets(area: Area) -> None:
    record = await start("cat")
    [keeper] = keepers(area)
    processes.stop(keeper)
    remove_in_use(runtime_dir())
    os.kill(keeper, signal.SIGKILL)
    wait_for_end(keeper, 5)
    wait_until(find_keeper_now, 10, "another keeper")
    await check_usable(record)
    assert len(keepers(area)) == 1
    await end(record.id)


def find_keeper_now() -> bool:
    channel = connect_to_keeper()
    if channel is not None:
        channel.close()
    return channel is not None
