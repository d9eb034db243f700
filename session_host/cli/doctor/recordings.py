"""Reads a sample of what chats have on the disk: the copy of the record, the last screen, the recording."""

from __future__ import annotations

from collections.abc import Iterator

from session_host import paths
from session_host.errors import OutliveError
from session_host.protocol.facts import ChatFacts
from session_host.storage import journal
from session_host.storage.store import Store, copies
from session_host.storage.store.saved_screen import load_screen

from .check import Check, ok, warn

SAMPLED = 30
"""The newest chats: a reading of all would take minutes."""
_NAMED = 3


def recordings() -> Iterator[Check]:
    """Check that what the newest chats have on the disk can be read."""
    if not paths.database().exists():
        return
    try:
        with Store.open(paths.database()) as store:
            records = store.all()[-SAMPLED:]
    except OutliveError:
        return  # The store has its own check.
    copied = copies.copied_ids(paths.database())
    damaged = ((record, _of(record, is_copied=record.id in copied)) for record in records)
    found = [f"{record.entry.name} ({record.id[:8]}): {', '.join(parts)}" for record, parts in damaged if parts]
    if found:
        named = "; ".join(found[:_NAMED]) + (" …" if len(found) > _NAMED else "")
        yield warn(
            "recordings",
            f"damaged in {len(found)} of the {len(records)} newest chats: {named}",
            "check the disk; `outlive export CHAT` and the window still read what is sound",
        )
    elif records:
        yield ok("recordings", f"those of the {len(records)} newest chats can be read")


def _of(record: ChatFacts, *, is_copied: bool) -> list[str]:
    """What is damaged of a chat's files; ``is_copied``: its record has a copy."""
    directory, screen = paths.session_journal(record.id), paths.session_screen(record.id)
    found = []
    if is_copied and copies.row(paths.database(), record.id) is None:
        found.append("the copy of its record")
    try:
        if any(journal.load_snapshot(directory, offset) is None for offset in journal.snapshots(directory)):
            found.append("a snapshot")
        if directory.is_dir() and journal.has_damaged_end(directory, is_written=not record.outcome.is_over):
            found.append("the end of its recording")
        if record.outcome.is_over and screen.exists() and load_screen(screen) is None:
            found.append("its last screen")
    except OutliveError as error:
        found.append(str(error))
    return found
