"""The index's schema, as the list of steps that lead to it; see ``storage.store.schema`` for the rules.

Lines are kept in pages, some at a time and compressed: that takes a sixth of the room that a row for each line takes,
and half of the time. The full-text table holds nothing but pages' ids by three characters (``detail=none``, no copy
of the text); which lines of a page really fit is looked at in the page.
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
        "CREATE UNIQUE INDEX page_by_first ON page (session, first)",
        """
        CREATE VIRTUAL TABLE trigram USING fts5 (
            text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
        )
        """,
    ),
)

TABLES = frozenset({"session", "page", "trigram"})
