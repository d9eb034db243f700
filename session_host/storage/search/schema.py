"""The index's schema: the list of steps that create it; see ``storage.store.schema`` for the rules.

A page holds several lines, compressed: pages take a sixth of the space of one row for each line, and half of the time.
The full-text table holds only page ids by trigram (``detail=none``, no copy of the text); the search then reads each
page to find the matching lines.

``leaving`` has the removed sessions that still have pages, ``removed`` the size of the pages that were removed since
the trigrams' lists were merged.
"""

from __future__ import annotations

STEPS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE session (
            key INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            journal TEXT NOT NULL,
            offset INTEGER NOT NULL,
            resizes INTEGER NOT NULL,
            reader BLOB NOT NULL,
            number INTEGER NOT NULL,
            passes INTEGER NOT NULL,
            continues TEXT NOT NULL,
            own_from INTEGER NOT NULL,
            bytes INTEGER NOT NULL
        )
        """,
        """
        CREATE TABLE page (
            id INTEGER PRIMARY KEY,
            session INTEGER NOT NULL,
            first INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            lines BLOB NOT NULL
        )
        """,
        "CREATE TABLE leaving (key INTEGER PRIMARY KEY, bytes INTEGER NOT NULL)",
        "CREATE TABLE removed (one INTEGER PRIMARY KEY CHECK (one = 1), bytes INTEGER NOT NULL)",
        "CREATE UNIQUE INDEX page_by_first ON page (session, first)",
        """
        CREATE VIRTUAL TABLE trigram USING fts5 (
            text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
        )
        """,
    ),
)

TABLES = frozenset({"session", "page", "leaving", "removed", "trigram"})
