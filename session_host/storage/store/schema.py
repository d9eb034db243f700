"""The database schema, as a list of migration steps.

``PRAGMA user_version`` holds the number of steps that a file has taken. The first step creates the tables. A step is
never edited once it was released: another is added behind it. A version that knows fewer steps cannot use the file.
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
            provider_session_id TEXT,
            arguments TEXT NOT NULL,
            resumed_from TEXT,
            continued_by TEXT,
            repository TEXT,
            worktree TEXT,
            branch TEXT,
            branch_made INTEGER NOT NULL,
            end_request TEXT NOT NULL,
            agent_chats TEXT NOT NULL,
            runtime TEXT NOT NULL,
            pinned INTEGER NOT NULL,
            position REAL,
            located_by TEXT NOT NULL,
            real_cwd TEXT NOT NULL,
            default_name TEXT NOT NULL,
            topic TEXT NOT NULL
        )
        """,
        "CREATE INDEX session_by_name ON session (name)",
        "CREATE INDEX session_by_state ON session (state)",
        "CREATE INDEX session_by_conversation ON session (provider_session_id)",
        "CREATE TABLE recent_directory (path TEXT PRIMARY KEY, used INTEGER NOT NULL)",
        "CREATE TABLE layout (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL)",
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

TABLES = frozenset({"session", "recent_directory", "layout", "change"})
"""The tables of the current version; a file of this version without one of them is damaged."""
