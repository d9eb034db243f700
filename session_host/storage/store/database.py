"""Opens the SQLite file and brings it to its schema; transactions, and errors in the user's words."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import sqlite3
from _thread import RLock  # ``threading`` costs each command 1 ms.
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from session_host.errors import StoreBusy, StoreCorrupt, StoreError, StoreNewer, StoreRefused
from session_host.paths import ensure_private, lock_refusal, obstacle
from session_host.protocol.shown_command import shown_command
from session_host.system.files import is_read_only, size_limit


class Schema(NamedTuple):
    """The schema of a file.

    Attributes:
        steps: the statements of each step that leads to the current schema. The first step creates the tables. A step
            is never edited once it was released: another is added behind it. ``PRAGMA user_version`` holds the number
            of steps that a file has taken; a version that knows fewer steps cannot use the file.
        tables: the tables of the current schema; a file of this version without one of them is damaged.
        functions: functions of one text that steps use, by their names.
    """

    steps: tuple[tuple[str, ...], ...]
    tables: frozenset[str]
    functions: Mapping[str, Callable[[str], str]] = {}


_COUNT_CHANGE: Final = """
    BEGIN
        UPDATE ledger SET last = last + 1;
        UPDATE session SET changed = (SELECT last FROM ledger) WHERE ordinal = new.ordinal;
    END
"""

STORE_SCHEMA = Schema(
    steps=(
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
        (
            # The ledger, see ``ledger``. A host's event has the host's own number, so that it is added once.
            """
        CREATE TABLE event (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            chat TEXT NOT NULL,
            own_number INTEGER,
            at TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            content TEXT NOT NULL,
            UNIQUE (chat, own_number)
        )
        """,
            "CREATE INDEX event_by_chat ON event (chat, kind, number)",
            """
        CREATE TABLE ledger (
            one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, trimmed_to INTEGER NOT NULL
        )
        """,
            "INSERT INTO ledger (one, id, trimmed_to) VALUES (1, lower(hex(randomblob(8))), 0)",
        ),
        (
            "ALTER TABLE session ADD COLUMN machine_id TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN host_name TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN pid_namespace INTEGER NOT NULL DEFAULT 0",
        ),
        (
            # The names and titles of shells had whole command lines, with passwords and tokens.
            """
        UPDATE session SET topic = shown_command(topic), title = ''
        WHERE agent = 'shell' AND (topic IS NOT shown_command(topic) OR title <> '')
        """,
        ),
        (
            # One counter numbers events and changes of rows; see ``ledger``.
            "DROP TRIGGER session_added",
            "DROP TRIGGER session_changed",
            "DROP TRIGGER session_removed",
            "ALTER TABLE ledger ADD COLUMN last INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE ledger ADD COLUMN trim_at INTEGER NOT NULL DEFAULT 0",
            """
        UPDATE ledger SET last = max(
            trimmed_to, (SELECT coalesce(max(number), 0) FROM event), (SELECT coalesce(max(number), 0) FROM change)
        )
        """,
            "UPDATE ledger SET trim_at = last + 256",
            "DROP TABLE change",
            "ALTER TABLE session ADD COLUMN changed INTEGER NOT NULL DEFAULT 0",
            "CREATE INDEX session_by_change ON session (changed)",
            f"CREATE TRIGGER session_added AFTER INSERT ON session {_COUNT_CHANGE}",
            f"""
        CREATE TRIGGER session_changed AFTER UPDATE ON session WHEN new.changed IS old.changed {_COUNT_CHANGE}
        """,
            # A process of 0.1.0 that has the file open now gives its events a number that is too small,
            """
        CREATE TRIGGER event_added AFTER INSERT ON event
        BEGIN
            UPDATE ledger SET last = max(last + 1, new.number);
            UPDATE event SET number = (SELECT last FROM ledger)
            WHERE number = new.number AND new.number < (SELECT last FROM ledger);
        END
        """,
            # and would take a missing table for damage, and move the file away.
            """
        CREATE VIEW change (number, id) AS
        SELECT changed, id FROM session UNION ALL SELECT number, chat FROM event WHERE kind = 'removed'
        """,
        ),
        ("ALTER TABLE session ADD COLUMN later TEXT NOT NULL DEFAULT 'null'",),
        ("CREATE INDEX session_with_later ON session (later) WHERE later <> 'null'",),
        (
            "ALTER TABLE session ADD COLUMN account TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN handed_from TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN handed_to TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN handed_at TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE session ADD COLUMN files_in TEXT NOT NULL DEFAULT '[]'",
            "ALTER TABLE session ADD COLUMN freed_bytes INTEGER",
            "ALTER TABLE session ADD COLUMN began_at TEXT NOT NULL DEFAULT ''",
            # What turns used, see ``usage``; beside it what does not change of the chats, also of removed ones.
            """
        CREATE TABLE usage_chat (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, agent TEXT NOT NULL, account TEXT NOT NULL,
            project TEXT NOT NULL, root TEXT NOT NULL DEFAULT ''
        )
        """,
            """
        CREATE TABLE usage (
            quarter INTEGER NOT NULL, chat INTEGER NOT NULL, currency TEXT NOT NULL, turns INTEGER NOT NULL,
            unknown INTEGER NOT NULL, least INTEGER NOT NULL, read INTEGER NOT NULL, cached INTEGER NOT NULL,
            written INTEGER NOT NULL, cost REAL NOT NULL, PRIMARY KEY (quarter, chat, currency)
        ) WITHOUT ROWID
        """,
            "CREATE INDEX event_of_limits ON event (number) WHERE kind = 'limits'",
        ),
    ),
    tables=frozenset({"session", "recent_directory", "layout", "event", "ledger", "usage", "usage_chat"}),
    functions={"shown_command": lambda line: shown_command(line.split())},
)


BUSY_TIMEOUT_MS = 5000
_connecting = RLock()
"""Held while a thread connects, and as long as its connection excludes all others: two would wait for each other."""

FILE_TRIES = 10
"""How often to try again when another process replaces the file meanwhile; some file systems change a file's number."""

_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_CANNOT_WRITE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_REFUSED_VALUE = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_RANGE}
_UNBOUND = (OverflowError, UnicodeEncodeError)
"""What ``sqlite3`` raises for a value that SQLite has no place for: an integer of 64 bits or more, a lone surrogate."""
_REFUSED_LOCK = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_PROTOCOL}
_FEW_BYTES = 256 * 1024
"""Less free space than this explains an I/O error: the -shm file alone takes 32 KiB."""

READ_ONLY = "the disk is read-only; see `dmesg` for the reason, and check the disk"
_TOO_MANY = "{path}: too many open files; raise the limit (ulimit -n)"
_FILES_OF_SQLITE = 4
"""The database, its -wal and -shm, and the directory."""


def _primary_code(error: Exception) -> int:
    """SQLite's code; extended ones carry the primary one in the low byte (sqlite.org/rescode.html)."""
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF


def store_error(error: Exception, path: Path) -> StoreError:
    """The error to raise for SQLite's, or for one of ``_UNBOUND``: one line that names the file and what to do."""
    code = _primary_code(error)
    what = str(error)
    if code in _REFUSED_VALUE or isinstance(error, _UNBOUND):
        return StoreRefused(f"{path}: takes no such value: {what}")
    if code in _DAMAGED or what.startswith(("no such table", "no such column", "Could not decode")):
        return damaged(path, what)
    if code in _CANNOT_WRITE and (lack := lack_of_space(path.parent)):
        return StoreError(f"{path}: {lack} and try again")
    if code in _CANNOT_WRITE and is_read_only(path.parent):
        return StoreError(f"{path}: {READ_ONLY}")
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        if code in _CANNOT_WRITE and (why := obstacle(each)):
            return StoreError(why)
    files = (path, path.with_name(f"{path.name}-wal"))
    largest_bytes = max((each.stat().st_size for each in files if each.exists()), default=0)
    if code in _CANNOT_WRITE and (limit := size_limit(largest_bytes)):
        return StoreError(f"{path}: cannot write it: {limit}")
    if code == sqlite3.SQLITE_FULL:
        return StoreError(f"{path}: the disk is full; free some space and try again")
    if code in _REFUSED_LOCK and (refusal := lock_refusal(path.parent, "OUTLIVE_STATE_DIR")):
        return StoreError(refusal)
    if code == sqlite3.SQLITE_READONLY:
        return StoreError(f"{path}: cannot write it; check the owner and permissions of the file and directory")
    if code in {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM}:
        if not _can_open_more():
            return StoreError(_TOO_MANY.format(path=path))
        return StoreError(f"{path}: cannot open it; check the directory's owner and permissions")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusy(f"{path}: locked by another program for {BUSY_TIMEOUT_MS // 1000} s; try again")
    return StoreError(f"{path}: {what}; see `outlive doctor`")


def damaged(path: Path, what: str) -> StoreCorrupt:
    """The error for a file with content that we cannot have written."""
    return StoreCorrupt(f"{path}: the chat database is damaged ({what}); see `outlive doctor`")


def is_sound(path: Path, read: Callable[[sqlite3.Connection], bool]) -> bool:
    """Whether there is a database, and neither SQLite nor ``read`` finds damage. Creates and migrates nothing.

    A file without tables is sound: another process has just created it, and waits for the ``directory_lock``. So is one
    that another process locks.
    """
    if not path.exists():
        return False
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return False
    try:
        (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        is_empty = version == 0 and connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        return bool(result == "ok") and (is_empty or read(connection))
    except sqlite3.Error as error:
        return isinstance(store_error(error, path), StoreBusy)
    finally:
        connection.close()


def lack_of_space(directory: Path) -> str:
    """The lack of its disk, and the remedy: space, or inodes, of which each file takes one; "" for nothing."""
    try:
        space = os.statvfs(directory)
    except OSError:
        return ""
    if space.f_files and not space.f_favail:
        return "the disk has no room for another file (df -i); remove some files"
    return "the disk is full; free some space" if space.f_bavail * space.f_frsize < _FEW_BYTES else ""


def _can_open_more() -> bool:
    """Whether this process may open more files; SQLite opens several and does not report this error."""
    spare: list[int] = []
    try:
        spare.extend(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(_FILES_OF_SQLITE))
    except OSError as error:
        return error.errno not in {errno.EMFILE, errno.ENFILE}
    finally:
        for descriptor in spare:
            os.close(descriptor)
    return True


@contextlib.contextmanager
def directory_lock(directory: Path) -> Iterator[None]:
    """Hold the directory against other processes that create, migrate or move away its database."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # A file system without flock leaves SQLite's own locks to do the work.
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Database:
    """One connection to a file; independent of the tables' meaning."""

    def __init__(
        self, path: Path, schema: Schema, on_migrated: Callable[[sqlite3.Connection], object] = lambda _connection: None
    ) -> None:
        """Open or create the file and bring it to the current schema.

        Args:
            path: the file.
            schema: its schema.
            on_migrated: called within the transaction that has changed a file of an older schema.

        Raises:
            StoreCorrupt: the file is damaged.
            StoreError: it cannot be opened or written, or is of another version.
            UnsafeDirectory: its directory cannot be trusted.
        """
        self.path = path
        self._schema, self._on_migrated = schema, on_migrated
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._is_closed = False
        self._is_exclusive = False
        """Whether the connection excludes all others; it is then closed after one use, see ``_connect``."""
        self._open()
        self._release_exclusive_lock()

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._is_closed = True
        self._disconnect()

    def _disconnect(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # The last connection folds the WAL into the file; on a full disk the WAL stays, and stays valid.
            with contextlib.suppress(sqlite3.Error):
                connection.close()
            if self._is_exclusive:
                self._is_exclusive = False
                _connecting.release()

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A context for statements that only read."""
        try:
            yield self._current()
        except (sqlite3.Error, *_UNBOUND) as error:
            raise store_error(error, self.path) from error
        finally:
            self._release_exclusive_lock()

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """A context for several statements that read the same state of the file."""
        with self.reading() as connection:
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                if connection.in_transaction:
                    connection.execute("COMMIT")

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A context for one write transaction: all of it, or none."""
        try:
            connection = self._current()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # A full disk has already rolled back; another rollback is an error.
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")
                raise
        except (sqlite3.Error, *_UNBOUND) as error:
            raise store_error(error, self.path) from error
        finally:
            self._release_exclusive_lock()

    def _release_exclusive_lock(self) -> None:
        if self._is_exclusive and not (self._connection is not None and self._connection.in_transaction):
            self._disconnect()

    def _current(self) -> sqlite3.Connection:
        """The connection, to the file that has the name *now*.

        Another process may have moved a damaged file away and begun a new one; what is written to the old one would be
        lost.
        """
        if self._is_closed:
            raise StoreError(f"{self.path}: the store is closed")
        if self._connection is None or not self.is_current:
            self._disconnect()
            return self._open()
        return self._connection

    @property
    def file(self) -> tuple[int, int]:
        """The identity of the file that was opened last: its device and inode."""
        return self._identity

    @property
    def is_current(self) -> bool:
        """Whether the file that was opened last still has the path."""
        return self._identity == self._file_identity()

    def _file_identity(self) -> tuple[int, int]:
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0)
        return (status.st_dev, status.st_ino)

    def _open(self) -> sqlite3.Connection:
        try:
            ensure_private(self.path.parent)
            for _ in range(FILE_TRIES):
                self._disconnect()
                self._create_file()
                self._identity = self._file_identity()
                _connecting.acquire()
                try:
                    self._connection = self._connect()
                finally:
                    if not self._is_exclusive:
                        _connecting.release()
                if self.is_current:
                    break
            assert self._connection is not None
        except sqlite3.Error as error:
            self._disconnect()
            raise store_error(error, self.path) from error
        except OSError as error:
            self._disconnect()
            if error.errno in {errno.EMFILE, errno.ENFILE}:
                raise StoreError(_TOO_MANY.format(path=self.path)) from error
            if why := obstacle(self.path):
                raise StoreError(why) from error
            if self.path.is_symlink() and not self.path.exists():
                target = self.path.readlink()
                raise StoreError(f"{self.path}: a link to {target}, which is missing; remove the link") from error
            if error.errno == errno.ENOSPC and (lack := lack_of_space(self.path.parent)):
                raise StoreError(f"{self.path}: {lack} and try again") from error
            reason = error.strerror or str(error)
            raise StoreError(f"{self.path}: {reason}; check the directory and its permissions") from error
        except StoreError:
            self._disconnect()
            raise
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        """Connect; on a disk that cannot be written, connect for reading only.

        SQLite writes its -shm file even to read (sqlite.org/wal.html, 4 and 8). If it cannot, it can keep that data in
        memory (exclusive mode); if nobody can write, also for lack of inodes for a -wal file, it needs no such data
        (immutable). Both are for one use only. The
        first locks out all other processes, also hosts that record an end; the second does not see later changes by
        others.
        """
        address = f"file:{quote(str(self.path))}"
        attempts = [(address, ""), (address, "PRAGMA locking_mode = EXCLUSIVE")]
        has_wal = self.path.with_name(f"{self.path.name}-wal").exists()
        if not os.access(self.path.parent, os.W_OK) or (not has_wal and lack_of_space(self.path.parent)):
            attempts.append((f"{address}?immutable=1", ""))
        failed: sqlite3.Error | None = None
        for address, pragma in attempts:
            connection = sqlite3.connect(address, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None, uri=True)
            try:
                if pragma:
                    connection.execute(pragma)
                self._prepare(connection)
            except sqlite3.Error as error:
                connection.close()
                failed = failed or error
                if _primary_code(error) not in _CANNOT_WRITE:
                    break
            except StoreError:
                connection.close()
                raise
            else:
                self._is_exclusive = (address, pragma) != attempts[0]
                return connection
        assert failed is not None
        raise failed

    def _create_file(self) -> None:
        """Create the file for the owner alone; SQLite gives -wal and -shm the same mode.

        An existing file is not opened here: closing a descriptor of it would drop the POSIX locks
        that another connection of this process holds (sqlite.org/howtocorrupt.html, 2.2).
        """
        for _ in range(FILE_TRIES):
            try:
                descriptor = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
            except FileExistsError:
                try:
                    status = self.path.stat()
                except FileNotFoundError:
                    if self.path.is_symlink():
                        raise
                    continue  # Another process has just moved it aside.
                if status.st_uid == os.geteuid() and status.st_mode & 0o077:
                    self.path.chmod(0o600)
            else:
                os.fchmod(descriptor, 0o600)
                os.close(descriptor)
            return

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous = NORMAL")
        version = self._version(connection)
        if version < len(self._schema.steps):
            with directory_lock(self.path.parent):
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # Has an effect only before the first table.
                connection.execute("PRAGMA journal_mode = WAL")
                self._migrate(connection)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if missing := self._schema.tables - names:
            raise damaged(self.path, f"no table {', '.join(sorted(missing))}")

    def _version(self, connection: sqlite3.Connection) -> int:
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._schema.steps):
            raise StoreNewer(f"{self.path}: written by another version of Outlive; upgrade to use it, or move it away")
        if version < 0:
            raise damaged(self.path, f"schema version {version}")
        return version

    def _migrate(self, connection: sqlite3.Connection) -> None:
        for name, function in self._schema.functions.items():
            connection.create_function(name, 1, function, deterministic=True)
        connection.execute("PRAGMA secure_delete = ON")  # What a step takes out of a row is not left in the file.
        connection.execute("BEGIN IMMEDIATE")
        try:
            before = self._version(connection)
            for step in self._schema.steps[before:]:
                for statement in step:
                    connection.execute(statement)
            if before:
                self._on_migrated(connection)
            connection.execute(f"PRAGMA user_version = {len(self._schema.steps)}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
