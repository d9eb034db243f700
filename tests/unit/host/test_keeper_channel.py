"""A host's word with its keeper: however that goes, it is missed."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from session_host.host.keeper_channel import KeeperChannel
from session_host.keeper_client.channel import MessageChannel
from session_host.paths import ensure_private, keeper_socket, runtime_dir
from session_host.protocol.codec import FromKeeperDecoder
from session_host.protocol.keeper import ChildEnded, Over, Prepare
from tests.support.kept_sessions import kept_session
from tests.support.waiting import eventually

KEEPER = """
import os, socket, sys
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import FromKeeperDecoder, ToKeeperDecoder
from session_host.protocol.keeper import KeptBy

listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(sys.argv[1])
listener.listen()
print("listens", flush=True)
client = MessageChannel(listener.accept()[0], ToKeeperDecoder())
while not client.receive():
    pass
if sys.argv[2] == "dies":
    os.kill(os.getpid(), 9)
host = MessageChannel(socket.socket(fileno=client.descriptors[-1]), FromKeeperDecoder())
host.send_message(KeptBy(os.getpid()))
sys.stdin.readline()
host.send_message(KeptBy(1))
sys.stdin.readline()
"""


async def test_a_keeper_that_goes_with_something_unread_is_heard_to_the_end_and_missed() -> None:
    with kept_session() as kept:
        ours, keepers = socket.socketpair()
        said: list[Any] = []
        channel = KeeperChannel(ours, kept.spec, kept.descriptors, said.append)
        gone = asyncio.Event()
        channel.give_up = gone.set
        assert channel.keeper_pid == os.getppid()
        channel.send_message(Over())
        keeper = MessageChannel(keepers, FromKeeperDecoder())
        keeper.send_message(Prepare())
        keeper.send_message(ChildEnded())
        keeper.close()
        await asyncio.wait_for(gone.wait(), 60)
        assert said == [Prepare(), ChildEnded()]
        assert channel.keeper_pid == 0
        channel.close()


@contextmanager
def keeper(end: str) -> Iterator[subprocess.Popen[str]]:
    """A process that takes one session, as a keeper does; it dies of that, or takes its host's channel."""
    path = str(keeper_socket())
    with subprocess.Popen(
        [sys.executable, "-c", KEEPER, path, end], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "listens\n"
        yield process


async def test_a_keeper_that_dies_while_it_is_given_a_session_is_not_taken_for_one_of_a_former_version() -> None:
    ensure_private(runtime_dir())
    with kept_session() as kept:
        ours, keepers = socket.socketpair()
        channel = KeeperChannel(ours, kept.spec, kept.descriptors, lambda _: None)
        channel.child_pid = os.getpid()
        with keeper("dies") as first:
            keepers.close()
            assert await asyncio.to_thread(first.wait, 60) == -9
            keeper_socket().unlink()
            with keeper("lives") as second:
                await eventually(lambda: channel.keeper_pid == second.pid, 60, "the host to be kept by the next")
                assert second.stdin is not None
                second.stdin.write("another takes its place\n")
                second.stdin.flush()
                await eventually(lambda: channel.keeper_pid == 1, 60, "the host to hear of that, on its channel")
                channel.close()
