"""Looks up one session: its row merged with its host's answer. For all of them: ``listing``."""

from __future__ import annotations

from session_host.protocol.values import RUNNING_STATES
from session_host.storage.store import Store

from .listing import describe
from .session_info import SessionInfo, SessionOutcome, info_of, open_store, outcome_of, resolve_stale_row

__all__ = ["SessionInfo", "SessionOutcome", "find_session", "open_store", "outcome_of"]


DIGITS_TO_END = 4
"""The digits of an id by which a session is ended or removed, at least: a letter typed by mistake ends none."""


def find_session(store: Store, text: str, *, to_end: bool = False) -> SessionInfo:
    """The session that ``text`` names: a name, an id, or a unique prefix of one (``to_end``: not a short one).

    Blocks while its host does not answer, for two seconds at most.

    Raises:
        NoSuchSession, AmbiguousSession: as their names say.
    """
    record = store.find(text, least_digits=DIGITS_TO_END if to_end else 1)
    if record.state not in RUNNING_STATES:
        return info_of(record)
    description = describe(record.id)
    return info_of(record, description) if description is not None else info_of(resolve_stale_row(store, record))
