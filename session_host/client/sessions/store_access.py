"""Opens the store, completes it where it was lost, and reads the outcome of a session."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Final, NamedTuple

from msgspec.structs import replace

from session_host.errors import HostUnavailable, NoSuchSession, OutliveError, RunsElsewhere, StoreCorrupt, StoreError
from session_host.paths import database, runtime_dir
from session_host.patience import endless
from session_host.protocol.facts import ChatFacts, Outcome
from session_host.protocol.values import State
from session_host.storage.store import Store
from session_host.storage.store.database import FILE_TRIES
from session_host.system.processes.identity import start_time

from .session_info import describe_all
from .stale_rows import elsewhere, has_live_socket, resolve_stale_row

AGAIN_S: Final = (0.5, 5.0, 60.0)
"""Waits before the store is tried again; the last one repeats."""


def open_store(on_rebuild: Callable[[str], None] | None = None) -> Store:
    """Open the store; a new store is filled with the chats that are found, and ``on_rebuild`` gets a line about them.

    Raises:
        StoreCorrupt: the store is damaged, see ``rebuild``.
        StoreError: the store cannot be opened.
    """
    store = Store.open(database())
    try:
        if store.is_new:
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


def insist(do: Callable[[], None], on_refusal: Callable[[StoreError], object]) -> None:
    """Do what needs the store, again and again as long as that refuses; ``on_refusal`` gets the first error."""
    for wait_s in endless(AGAIN_S):
        try:
            do()
            return
        except StoreError as error:
            if wait_s == AGAIN_S[0]:
                on_refusal(error)
            time.sleep(wait_s)


def recover() -> tuple[Store, str]:
    """Replace a store in which damage was found, unless another process has done so; returns as ``open_or_recover``.

    Raises:
        StoreError: it cannot be replaced.
    """
    path = database()
    damaged = Store.move_damaged(path)
    store = Store.open(path)
    found = find_chats(store)
    chats = f"{found}; " if any(found) else ""  # Another process may have added them.
    return store, f"the chat database was damaged and has been rebuilt; {chats}the damaged file is {damaged}"


def outcome_of(session_id: str) -> Outcome:
    """The stored outcome of a session with an unresponsive host; ``error`` says what is wrong. Blocks on the disk."""
    try:
        with open_store() as store:
            record = store.get(session_id)
            if record is None:
                return Outcome(State.LOST, error="this chat was removed")
            record = resolve_stale_row(store, record)
    except NoSuchSession:
        return Outcome(State.LOST, error="this chat was removed")
    except OutliveError as error:
        return Outcome(State.RUNNING, error=str(error))
    except OSError as error:
        # If we cannot check (no descriptor is left), we must not report the session as gone.
        return Outcome(State.RUNNING, error=f"cannot check this chat: {error.strerror}")
    return record.outcome


def check_here(session_id: str) -> None:
    """Check that a session does not run on another machine or in another container, as far as is known. Blocks.

    Raises:
        RunsElsewhere: it does.
    """
    try:
        with open_store() as store:
            record = store.get(session_id)
        where = elsewhere(record) if record is not None else ""
    except (OutliveError, OSError):
        return
    if record is not None and where:
        raise RunsElsewhere(
            f"{record.entry.name} runs {where}, which shares this computer's chats; use it there, or, if that is gone "
            f"for good: outlive rm --anyway {record.id[:8]}"
        )


class Found(NamedTuple):
    """The chats that were added to a rebuilt store."""

    running: int = 0
    sleeping: int = 0
    ended: int = 0

    def __str__(self) -> str:
        """The subject and verb of a sentence."""
        chats = "chat was" if sum(self) == 1 else "chats were"
        numbers = [f"{count} {kind}" for kind, count in self._asdict().items() if count] or ["no"]
        return f"{' and '.join(filter(None, (', '.join(numbers[:-1]), numbers[-1])))} {chats} found"


def complete(store: Store) -> str:
    """Add the chats to a new store, after the previous store was lost.

    Returns:
        One line for the user if chats were found, else "".

    Raises:
        StoreCorrupt: the store is damaged.
    """
    try:
        if not store.is_new:
            return ""
        found = find_chats(store)
    except StoreCorrupt:
        raise
    except (OutliveError, OSError):
        return ""  # The store cannot be written now; a later call may succeed.
    return f"the chat database was missing and has been rebuilt; {found}" if any(found) else ""


def find_chats(store: Store) -> Found:
    """Add the chats that are missing in the store.

    Raises:
        StoreError: the store cannot be written.
    """
    found = Found()
    for _ in range(FILE_TRIES):
        file = store.file
        restored = [resolve_stale_row(store, each) for each in store.restore_copies()]
        running = sum(not each.outcome.is_over for each in restored)
        slept = [store.get(each.id) for each in restored if each.outcome.was_put_to_sleep]  # Some are awake again.
        sleeping = sum(each is not None and each.is_asleep for each in slept)
        found = Found(running + _add_running(store), sleeping, len(restored) - running - sleeping)
        if store.mark_complete(file):
            break
    return found


def _add_running(store: Store) -> int:
    """Add the running chats that have no copy; returns how many."""
    ids = sorted(path.stem for path in runtime_dir().glob("*.sock") if is_session_id(path.stem))
    unknown = [each for each in ids if store.get(each) is None]
    described = describe_all(unknown)
    records = [_with_processes(each.facts) for each in described.values()]
    silent = [each for each in unknown if each not in described and has_live_socket(each)]
    if silent:
        records += _records_of_unresponsive(silent)
    found = 0
    for record in records:
        try:
            store.insert(record)
            found += 1
        except StoreError:
            if store.get(record.id) is None:
                raise
    return found


def _records_of_unresponsive(ids: list[str]) -> list[ChatFacts]:
    """Records of chats with an unresponsive host, as far as the keeper and procfs know them."""
    from session_host.keeper_client.discovery import keeper_status  # rarely needed, and slow to import

    try:
        status = keeper_status()
    except HostUnavailable:
        return []
    found = [each.facts for each in status.sessions if each.facts.id in ids] if status is not None else []
    return [_with_processes(replace(each, outcome=Outcome(State.RUNNING))) for each in found]


def _with_processes(facts: ChatFacts) -> ChatFacts:
    """Facts of a running chat with the start times of its processes."""
    host, child = facts.program.host_pid, facts.program.child_pid
    program = replace(
        facts.program,
        host_started=start_time(host) if host is not None else None,
        child_started=start_time(child) if child is not None else None,
    )
    return replace(facts, program=program)


def is_session_id(name: str) -> bool:
    """Whether a socket of this name is a session's: the directory also has other sockets, such as the window's."""
    try:
        uuid.UUID(name)
    except ValueError:
        return False
    return True
