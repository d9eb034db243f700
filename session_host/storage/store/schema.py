"""The database schema, as a list of migration steps.

``PRAGMA user_version`` holds the number of steps that a file has taken. A step is never edited
once it was released: another is added behind it. A version that knows fewer steps cannot use the file.

A column with a default value, which earlier versions do not need, is no step: it is added if it is missing. So hosts of
earlier versions, which may still run, can still record their ends.
"""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE session (
            ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            agent TEXT NOT NULL,
            argv TEXT NOT NULL,
            cwd TEXT NOT NULL,
            env TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('starting', 'running', 'exited', 'lost')),
            exit_code INTEGER,
            exit_signal INTEGER,
            error TEXT NOT NULL,
            title TEXT NOT NULL,
            host_pid INTEGER,
            host_started INTEGER,
            child_pid INTEGER,
            child_started INTEGER,
            boot_id TEXT NOT NULL,
            created_at TEXT NOT NULL,
            ended_at TEXT,
            columns INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            engine TEXT NOT NULL,
            provider_session_id TEXT
        )
        """,
        "CREATE INDEX session_by_name ON session (name)",
        "CREATE INDEX session_by_state ON session (state)",
        "CREATE TABLE recent_directory (path TEXT PRIMARY KEY, used INTEGER NOT NULL)",
        "CREATE TABLE layout (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE session ADD COLUMN arguments TEXT NOT NULL DEFAULT 'null'",
        "ALTER TABLE session ADD COLUMN resumed_from TEXT",
        "ALTER TABLE session ADD COLUMN continued_by TEXT",
        "ALTER TABLE session ADD COLUMN repository TEXT",
        "ALTER TABLE session ADD COLUMN worktree TEXT",
        "ALTER TABLE session ADD COLUMN branch TEXT",
        "ALTER TABLE session ADD COLUMN branch_made INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX session_by_conversation ON session (provider_session_id)",
    ),
    (
        # The last change of each session, also of removed ones; a later change has a greater number.
        "CREATE TABLE change (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE)",
        """
        CREATE TRIGGER session_added AFTER INSERT ON session
        BEGIN INSERT OR REPLACE INTO change (id) VALUES (new.id); END
        """,
        """
        CREATE TRIGGER session_changed AFTER UPDATE ON session
        BEGIN INSERT OR REPLACE INTO change (id) VALUES (new.id); END
        """,
        """
        CREATE TRIGGER session_removed AFTER DELETE ON session
        BEGIN INSERT OR REPLACE INTO change (id) VALUES (old.id); END
        """,
    ),
)

Columns = tuple[tuple[str, str, str], ...]
"""Columns that are added where they are missing: table, name and definition."""

ADDED_COLUMNS: Columns = (
    ("session", "end_request", "TEXT NOT NULL DEFAULT ''"),
    ("session", "agent_chats", "TEXT NOT NULL DEFAULT ''"),
    ("session", "runtime", "TEXT NOT NULL DEFAULT 'terminal'"),
    ("session", "pinned", "INTEGER NOT NULL DEFAULT 0"),
    ("session", "position", "REAL"),
    ("session", "located_by", "TEXT NOT NULL DEFAULT '{}'"),
    ("session", "real_cwd", "TEXT NOT NULL DEFAULT ''"),
    ("session", "default_name", "TEXT NOT NULL DEFAULT ''"),
    ("session", "topic", "TEXT NOT NULL DEFAULT ''"),
)

TABLES = frozenset({"session", "recent_directory", "layout", "change"})
"""The tables of the current version; a file of this version without one of them is damaged."""
