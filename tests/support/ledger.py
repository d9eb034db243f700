"""Events of the ledger for tests."""

from __future__ import annotations

from session_host.client.sessions.store_access import open_store
from session_host.protocol.events import NumberedEvent, StatusChanged, TurnCounted, TurnEnded, TurnStarted
from session_host.protocol.messages import Transition
from session_host.protocol.values import Activity

CHANGES_READ = 10_000


def add_changes(session_id: str, *changes: Transition) -> None:
    """Add changes of a chat's status, as its host does."""
    with open_store() as store:
        number = len(store.ledger.last_changes(session_id, CHANGES_READ))
        store.ledger.add(
            session_id,
            [
                NumberedEvent(
                    number + index,
                    each.at,
                    StatusChanged(
                        before=Activity.NO_SIGNAL,
                        after=each.activity,
                        source=each.source,
                        detail=each.detail,
                        since=each.at,
                    ),
                )
                for index, each in enumerate(changes, 1)
            ],
        )


def changes_of(session_id: str) -> list[Transition]:
    """All changes of a chat's status, oldest first."""
    with open_store() as store:
        return store.ledger.last_changes(session_id, CHANGES_READ)


def turn_starts_of(session_id: str) -> list[TurnStarted]:
    """The beginnings of a chat's turns, oldest first."""
    with open_store() as store:
        events = (each.event for each in store.ledger.of_chat(session_id, [TurnStarted], CHANGES_READ))
        return [each for each in events if isinstance(each, TurnStarted)]


def turn_ends_of(session_id: str) -> list[TurnEnded]:
    """The ends of a chat's turns, oldest first."""
    with open_store() as store:
        events = (each.event for each in store.ledger.of_chat(session_id, [TurnEnded], CHANGES_READ))
        return [each for each in events if isinstance(each, TurnEnded)]


def turn_counts_of(session_id: str) -> list[TurnCounted]:
    """What is told of a chat's turns once they are counted, oldest first."""
    with open_store() as store:
        events = (each.event for each in store.ledger.of_chat(session_id, [TurnCounted], CHANGES_READ))
        return [each for each in events if isinstance(each, TurnCounted)]
