"""opencode (1.18): all conversations in one SQLite file, ``opencode.db`` in its data directory. It locks none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from session_host.agents.conversations.place import Found, Kept, Sought

_PATIENCE_S = 1.0


class OpenCode:
    """See the module."""

    def look(self, sought: Sought) -> Found:
        data = sought.from_variable("XDG_DATA_HOME", sought.home / ".local" / "share")
        path = data / "opencode" / "opencode.db"
        if not path.exists():
            return Found(Kept.LOST, f"opencode's conversations are gone: there is no {path}")
        try:
            rows = _rows(path, sought.conversation)
        except sqlite3.Error:
            return Found(Kept.UNKNOWN)  # Of another version, or busy.
        return Found(Kept.WHOLE) if rows else Found(Kept.LOST, f"opencode has deleted it from {path}")

    def opened_by(self, sought: Sought) -> list[int]:  # noqa: ARG002 - it tells nobody
        return []


def _rows(path: Path, conversation: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE_S)) as connection:
        return connection.execute("SELECT 1 FROM session WHERE id = ?", (conversation,)).fetchall()
