"""Lists of chats, and the chat that a text names, for a caller without the store."""

from __future__ import annotations

from session_host.standing.groups import place_of
from session_host.storage.store import Store

from .selection import Selection
from .session_info import SessionInfo, find_session, info_of, list_sessions
from .store_access import open_or_recover


def chosen_sessions(store: Store, selection: Selection, *, ended: bool) -> list[SessionInfo]:
    """Those of ``list_sessions`` that are chosen, without ``ended`` also those that are asleep, in their places."""
    infos = list_sessions(store, ended=ended, asleep=True)
    if not ended:
        # One that was woken or put to sleep meanwhile is listed once.
        infos = list({info.id: info for info in [*map(info_of, store.asleep()), *infos]}.values())
    if selection != Selection():
        chosen = {record.id for record in store.all() if selection.has(record)}
        infos = [info for info in infos if info.id in chosen]
    return sorted(infos, key=lambda info: place_of(info.facts))


def session_named(text: str, *, least_digits: int = 1) -> SessionInfo:
    """The session that ``text`` names; see ``find_session``. Blocks."""
    store, _warning = open_or_recover()
    with store:
        return find_session(store, text, least_digits=least_digits)


def sessions_listed(selection: Selection, *, ended: bool) -> list[SessionInfo]:
    """The chosen sessions; see ``chosen_sessions``. Blocks."""
    store, _warning = open_or_recover()
    with store:
        return chosen_sessions(store, selection, ended=ended)
