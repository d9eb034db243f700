"""Paths of all files, and the checks that they can be trusted.

The runtime directory (sockets) is ``/tmp/outlive-<uid>`` and not ``XDG_RUNTIME_DIR``, because
logind deletes the latter at logout while sessions live on. The state directory (the record, last
screens, logs) and the configuration directory follow the XDG base directory specification.
``OUTLIVE_RUNTIME_DIR``, ``OUTLIVE_STATE_DIR`` and ``OUTLIVE_CONFIG_DIR`` override each.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from .errors import OutliveError, UnsafeDirectory

SOCKET_PATH_BYTES = 107
"""The longest path that fits ``sockaddr_un.sun_path`` on Linux (108 with its final NUL; unix(7))."""


def _from_environment(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "")
    return Path(os.path.abspath(value)) if value else default  # noqa: PTH100 - no symlink is to be resolved


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG specification wants relative values ignored.
    base = Path(value) if value.startswith("/") else Path.home() / fallback
    return base / "outlive"


def runtime_dir() -> Path:
    """The directory of the sockets."""
    return _from_environment("OUTLIVE_RUNTIME_DIR", Path(f"/tmp/outlive-{os.getuid()}"))  # noqa: S108 - checked by ensure_private


def state_dir() -> Path:
    """The directory of the record, the last screens and the logs."""
    return _from_environment("OUTLIVE_STATE_DIR", _xdg("XDG_STATE_HOME", ".local/state"))


def config_dir() -> Path:
    """The directory of the user's own files: agents, keys, settings. It need not exist."""
    return _from_environment("OUTLIVE_CONFIG_DIR", _xdg("XDG_CONFIG_HOME", ".config"))


def ensure_private(path: Path) -> Path:
    """Make ``path`` a directory that only this user can enter, or refuse it.

    Returns:
        ``path`` itself.

    Raises:
        UnsafeDirectory: it is a symbolic link, no directory, or belongs to somebody else.
        OutliveError: it cannot be made.
    """
    _make(path)
    found = check_private(path)
    if found is None:
        raise OutliveError(f"cannot create {path}: removed by another process; try again")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def _make(path: Path) -> None:
    try:
        make_directories(path)
    except FileExistsError:
        pass  # Something that is no directory: the check that follows reports it.
    except OSError as error:
        raise OutliveError(f"cannot create {path}: {error.strerror}; create it, or choose another directory") from error


def make_directories(path: Path) -> None:
    """Make the directory and those above it, whatever the umask: the base directory specification wants 0700.

    Raises:
        OSError: one cannot be made, or is there and no directory.
    """
    # Path.mkdir with `parents` gives its mode to the last one alone.
    for each in reversed([each for each in (path, *path.parents) if not os.path.lexists(each)]):
        each.mkdir(mode=0o700, exist_ok=True)


def check_private(path: Path) -> os.stat_result | None:
    """Refuse a directory that somebody else could have put there.

    Returns:
        What it is, None if it is not there.

    Raises:
        UnsafeDirectory: it is a symbolic link, no directory, or belongs to somebody else.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnsafeDirectory(f"cannot access {path}: {error.strerror}") from error
    if stat.S_ISLNK(found.st_mode):
        raise UnsafeDirectory(f"{path} is a symbolic link, which is unsafe; remove it")
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeDirectory(f"{path} is not a directory; move it away")
    if found.st_uid != os.getuid():
        raise UnsafeDirectory(
            f"{path} belongs to another user (uid {found.st_uid}); set OUTLIVE_RUNTIME_DIR to another directory"
        )
    return found


def socket_path(name: str) -> Path:
    """A path for a socket in the runtime directory.

    Raises:
        OutliveError: the path is longer than a socket's may be.
    """
    path = runtime_dir() / name
    length = len(os.fsencode(path))
    if length > SOCKET_PATH_BYTES:
        raise OutliveError(
            f"the socket path {path} is too long ({length} bytes, {SOCKET_PATH_BYTES} at most); "
            "set OUTLIVE_RUNTIME_DIR to a shorter path"
        )
    return path


def session_socket(session_id: str) -> Path:
    """The socket of a session's host."""
    return socket_path(f"{session_id}.sock")


def keeper_socket() -> Path:
    """The socket of the user's keeper."""
    return socket_path("keeper.sock")


def keeper_log() -> Path:
    """The keeper's log."""
    return state_dir() / "logs" / "keeper.log"


def window_socket() -> Path:
    """The socket by which commands talk to the open window."""
    return socket_path("window.sock")


def database() -> Path:
    """The SQLite record."""
    return state_dir() / "outlive.db"


def search_index() -> Path:
    """The SQLite index of what was to be seen in all sessions."""
    return state_dir() / "search.db"


def worktrees_dir() -> Path:
    """The directory of the git worktrees that were made for chats, a directory a repository."""
    return state_dir() / "worktrees"


def session_dir(session_id: str) -> Path:
    """The directory of what is kept of one session beside the record."""
    return state_dir() / "sessions" / session_id


def session_journal(session_id: str) -> Path:
    """The directory of the record of a session's output."""
    return session_dir(session_id) / "journal"


def session_log(session_id: str) -> Path:
    """The log of a session's host; it never holds the user's text."""
    return state_dir() / "logs" / f"{session_id}.log"


def session_files(session_id: str) -> Path:
    """The directory of the files that its agent is started with: hooks, a plugin."""
    return session_dir(session_id) / "agent"


def session_transitions(session_id: str) -> Path:
    """Where the changes of its activity are kept, one JSON object a line."""
    return session_dir(session_id) / "activity.jsonl"


def session_left_conversations(session_id: str) -> Path:
    """Where the ids of the conversations that its agent has left for others are kept, one a line, oldest first."""
    return session_dir(session_id) / "left_conversations"


def session_stderr(session_id: str) -> Path:
    """What its program wrote to its standard error, where that is kept apart."""
    return session_dir(session_id) / "stderr.log"


def endpoint_conversation(conversation_id: str) -> Path:
    """The file of a conversation with a model server; the caller has checked the id."""
    return state_dir() / "conversations" / f"{conversation_id}.jsonl"
