"""A host's life where it is out of the ordinary."""

from __future__ import annotations

import socket

from session_host.host.main import TakeOver, _Host
from session_host.link.pipe import KeeperPipe
from session_host.paths import database
from session_host.protocol.codec import ToKeeperDecoder
from session_host.protocol.keeper import Over
from session_host.store import Store
from tests.support.estates import kept_session


async def test_a_chat_that_was_removed_stays_so_when_its_host_is_killed_on_its_way_out() -> None:
    """The end is recorded, the user forgets the chat, and only then the host dies: nobody may record it again."""
    with kept_session() as kept:
        kept.host()
        kept.ledger.page.end_recorded = True
        kept.kill()
        order = TakeOver(kept.spec, kept.estate, -1, 1024, other_engine=False, rehearsal=False)
        ours, theirs = socket.socketpair()
        with ours:
            assert await _Host(order, theirs).run() == 0
            assert KeeperPipe(ours, ToKeeperDecoder()).receive() == [Over()]
    with Store.open(database()) as store:
        assert store.all() == []
