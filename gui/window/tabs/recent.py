"""The order in which chats were shown."""

from __future__ import annotations

from collections.abc import Iterable

from gui.settings.layout import WindowLayout

MAX_RECENT = 100


class RecentChats:
    """The chats that were shown in any window, the latest last; kept in the layout."""

    def __init__(self, layout: WindowLayout) -> None:
        self._layout = layout

    @property
    def ids(self) -> list[str]:
        """The ids of the chats, the latest last."""
        return list(self._layout.recent)

    def add(self, session_id: str) -> None:
        """Make a chat the latest one, since it is shown now."""
        self._layout.recent = [*(known for known in self._layout.recent if known != session_id), session_id][
            -MAX_RECENT:
        ]

    def ordered(self, ids: Iterable[str], shown: str) -> list[str]:
        """Ids of chats, the most recently shown first; the shown one comes after all that were shown before."""
        ranks = {session_id: rank for rank, session_id in enumerate(self._layout.recent, 2)}
        ranks[shown] = 1
        return sorted(ids, key=lambda session_id: -ranks.get(session_id, 0))
