"""A host's word with its keeper: however that goes, it is missed."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import Any

from session_host.host.keeper_channel import KeeperChannel
from session_host.keeper_client.channel import MessageChannel
from session_host.protocol.codec import FromKeeperDecoder
from session_host.protocol.keeper import ChildEnded, Over, Prepare
from tests.support.estates import kept_session


async def test_a_keeper_that_goes_with_something_unread_is_heard_to_the_end_and_missed() -> None:
    with kept_session() as kept:
        ours, keepers = socket.socketpair()
        said: list[Any] = []
        channel = KeeperChannel(ours, kept.spec, kept.estate, said.append)
        gone = asyncio.Event()
        channel.give_up = gone.set
        assert channel.keeper_pid == os.getppid()
        channel.send(Over())
        keeper = MessageChannel(keepers, FromKeeperDecoder())
        keeper.send_message(Prepare())
        keeper.send_message(ChildEnded())
        keeper.close()
        await asyncio.wait_for(gone.wait(), 60)
        assert said == [Prepare(), ChildEnded()]
        assert channel.keeper_pid == 0
        channel.close()
