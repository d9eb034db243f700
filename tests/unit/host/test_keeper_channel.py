"""A host notices the death of its keeper in each case."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from session_host.host.keeper_channel import KeeperChannel
from session_host.keeper_client.channel import MessageChannel
from session_host.paths import ensure_private, keeper_socket, runtime_dir
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import ChildEnded, ExitSaved, FromKeeper, Prepare
from tests.support.session_harness import session_harness
from tests.support.waiting import eventually

KEEPERS = """
import os, socket, sys
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import FromKeeper, FromKeeper, ToKeeper
from session_host.protocol.keeper import KeeperChanged

def next_session():
    client = MessageChannel(listener.accept()[0], Decoder(ToKeeper))
    while not client.receive():
        pass
    return client

listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
print("listens", flush=True)
taken = next_session()
first = os.getpid()
listens, begun = os.pipe()
if os.fork():
    os.read(listens, 1)
    os.kill(first, 9)
listener.listen()  # SO_PEERCRED of a client names the process that called listen.
os.write(begun, b"1")
taken.close()
host = MessageChannel(socket.socket(fileno=next_session().descriptors[-1]), Decoder(FromKeeper))
host.send_message(KeeperChanged(os.getpid()))
print(os.getpid(), flush=True)
sys.stdin.readline()
host.send_message(KeeperChanged(1))
sys.stdin.readline()
"""
"""A program for two keepers: the first is killed once it gets a session, and the second replaces it at once."""


async def test_messages_of_a_keeper_that_died_are_read_before_its_death_is_reported() -> None:
    with session_harness() as harness:
        ours, keepers = socket.socketpair()
        messages: list[Any] = []
        channel = KeeperChannel(ours, harness.spec, harness.descriptors, messages.append)
        gone = asyncio.Event()
        channel.give_up = gone.set
        assert channel.keeper_pid == os.getppid()
        channel.send_message(ExitSaved())
        keeper = MessageChannel(keepers, Decoder(FromKeeper))
        keeper.send_message(Prepare())
        keeper.send_message(ChildEnded())
        keeper.close()
        await asyncio.wait_for(gone.wait(), 60)
        assert messages == [Prepare(), ChildEnded()]
        assert channel.keeper_pid == 0
        channel.close()


@pytest.mark.parametrize("is_first", [True, False], ids=["before the keeper's death", "while it looks for another"])
async def test_a_host_that_must_not_search_knows_when_its_keeper_is_gone(*, is_first: bool) -> None:
    with session_harness() as harness:
        ours, keepers = socket.socketpair()
        channel = KeeperChannel(ours, harness.spec, harness.descriptors, lambda _: None)
        channel.child_pid = os.getpid()
        gone = asyncio.Event()
        if is_first:
            channel.stop_searching(gone.set)
            assert not gone.is_set()
            keepers.close()
        else:
            keepers.close()
            await eventually(lambda: channel.keeper_pid == 0, 60, "the death to be noticed", every_s=0)
            channel.stop_searching(gone.set)
        await asyncio.wait_for(gone.wait(), 60)
        channel.close()
        assert not keeper_socket().exists(), "no keeper was started"


async def test_a_keeper_that_dies_during_adoption_does_not_count_as_an_older_version() -> None:
    ensure_private(runtime_dir())
    with (
        session_harness() as harness,
        subprocess.Popen(
            [sys.executable, "-c", KEEPERS, str(keeper_socket())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "listens\n"
        ours, keepers = socket.socketpair()
        channel = KeeperChannel(ours, harness.spec, harness.descriptors, lambda _: None)
        channel.child_pid = os.getpid()
        keepers.close()
        second = int(await asyncio.to_thread(process.stdout.readline))
        await eventually(lambda: channel.keeper_pid == second, 60, "the host to be kept by the next")
        process.stdin.write("another takes its place\n")
        process.stdin.flush()
        await eventually(lambda: channel.keeper_pid == 1, 60, "the host to hear of that, on its channel")
        channel.close()
        process.stdin.close()
        assert process.stdout.read() == ""  # The second keeper is gone, too.
