"""The turns of one chat, as its ledger and its host tell them."""

from __future__ import annotations

import pytest

from session_host.client.sessions.session_info import SessionInfo
from session_host.client.sessions.store_access import open_store
from session_host.client.sessions.turn_watch import TurnWatch
from session_host.protocol.events import NumberedEvent, TurnEnded, TurnStarted
from session_host.protocol.values import State
from session_host.system.clock import now
from tests.support.journals import make_record

pytestmark = pytest.mark.usefixtures("area")


def test_a_turn_that_the_end_of_its_chat_has_cut_is_known_once_the_end_is() -> None:
    """A report had no text of the answer."""
    record = make_record(name="one")
    with open_store() as store:
        store.insert(record)
        store.ledger.add(record.id, [NumberedEvent(1, now(), TurnStarted(turn=1))])
        with TurnWatch(SessionInfo(facts=record)) as watch:
            cut = TurnEnded(turn=1, outcome="cut")
            store.ledger.add(record.id, [NumberedEvent(2, now(), cut)])
            store.update(record.id, state=State.EXITED, ended_at=now())
            assert watch.look()
            assert (watch.is_over, watch.ends) == (True, {1: cut})
