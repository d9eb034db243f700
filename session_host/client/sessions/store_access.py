"""Opens the store, completes it where it was lost, and reads the outcome of a session."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from session_host.errors import NoSuchSession, OutliveError, StoreCorrupt
from session_host.paths import database
from session_host.protocol.values import State
from session_host.storage.store import Store

from .session_info import resolve_stale_row


class SessionOutcome(NamedTuple):
    """The outcome of a session with an unreachable host."""

    state: State
    exit_code: int | None
    exit_signal: int | None
    message: str
    end_request: str = ""


def open_store(on_rebuild: Callable[[str], None] | None = None) -> Store:
    """Open the store; a new store is filled with the chats that are found, and ``on_rebuild`` gets a line about them.

    Raises:
        StoreCorrupt: the store is damaged, see ``rebuild``.
        StoreError: the store cannot be opened.
    """
    store = Store.open(database())
    try:
        if store.is_new:
            from .rebuild import complete  # rarely needed

            line = complete(store)
            if line and on_rebuild is not None:
                on_rebuild(line)
    except BaseException:
        store.close()
        raise
    return store


def open_or_recover() -> tuple[Store, str]:
    """Open the store; replace a damaged store by a new one.

    Returns:
        The store, and one line for the user if it is a new one, else "".

    Raises:
        StoreError: the store cannot be opened, and cannot be replaced.
    """
    warnings: list[str] = []
    try:
        return open_store(warnings.append), "".join(warnings)
    except StoreCorrupt:
        return recover()


def recover() -> tuple[Store, str]:
    """Replace a store in which damage was found, unless another process has done so; returns as ``open_or_recover``.

    Raises:
        StoreError: it cannot be replaced.
    """
    from .rebuild import find_chats  # rarely needed

    path = database()
    damaged = Store.move_damaged(path)
    store = Store.open(path)
    found = find_chats(store)
    chats = f"{found}; " if any(found) else ""  # Another process may have added them.
    return store, f"the chat database was damaged and has been rebuilt; {chats}the damaged file is {damaged}"


def outcome_of(session_id: str) -> SessionOutcome:
    """The stored state of a session with an unresponsive host. Blocks on the disk."""
    try:
        with open_store() as store:
            record = store.get(session_id)
            if record is None:
                return SessionOutcome(State.LOST, None, None, "this chat was removed")
            record = resolve_stale_row(store, record)
    except NoSuchSession:
        return SessionOutcome(State.LOST, None, None, "this chat was removed")
    except OutliveError as error:
        return SessionOutcome(State.RUNNING, None, None, str(error))
    except OSError as error:
        # If we cannot check (no descriptor is left), we must not report the session as gone.
        return SessionOutcome(State.RUNNING, None, None, f"cannot check this chat: {error.strerror}")
    return SessionOutcome(record.state, record.exit_code, record.exit_signal, record.error, record.end_request)
