"""Paths of all files, and the checks that they can be trusted.

The runtime directory (sockets) is ``/tmp/outlive-<uid>`` and not ``XDG_RUNTIME_DIR``, because logind deletes
``XDG_RUNTIME_DIR`` at logout while sessions live on. Any user can take that name first; then it is ``run`` in the state
directory, from then on. The state directory (the store, last screens, logs) and the
configuration directory follow the XDG base directory specification. ``OUTLIVE_RUNTIME_DIR``, ``OUTLIVE_STATE_DIR`` and
``OUTLIVE_CONFIG_DIR`` override them. A relative path is refused: it would lead to another directory, with other chats,
from each working directory. (The XDG specification says to ignore relative values, but then the user's own chats would
be used instead of the wanted ones.)
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from functools import lru_cache
from pathlib import Path

from .errors import OutliveError, UnsafeDirectory

SOCKET_PATH_BYTES = 107
"""The longest path that fits ``sockaddr_un.sun_path`` on Linux (108 with its final NUL; unix(7))."""

SYNC_NOTE = "synced"
"""The name of ``sync_note``, beside the sockets."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


def _from_environment(variable: str, default: Path) -> Path:
    value = os.environ.get(variable, "")
    if value and not value.startswith("/"):
        raise UnsafeDirectory(f"{variable} is {value!r}, which is not an absolute path; set it to one, or unset it")
    path = Path(os.path.abspath(value)) if value else default  # noqa: PTH100 - no symlink is to be resolved
    try:
        str(path).encode()  # SQLite and messages take only such paths.
    except UnicodeEncodeError as error:
        raise UnsafeDirectory(f"{path} is not valid UTF-8; set {variable} to another directory") from error
    return path


def _xdg(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    # The XDG specification wants relative values ignored.
    base = Path(value) if value.startswith("/") else home_dir() / fallback
    return base / "outlive"


def home_dir() -> Path:
    """The user's home directory.

    Raises:
        OutliveError: HOME is not set, and the system does not know the user, as in some containers.
    """
    try:
        return Path.home()
    except RuntimeError as error:
        raise OutliveError(f"HOME is not set, and user {os.getuid()} has no home directory; set HOME") from error


def short_directory(path: str, home: str | None = None) -> str:
    """A directory's path, with ``~`` for the home directory, by default this user's; "" is an unknown one."""
    home = str(Path.home()) if home is None else home
    return f"~{path[len(home) :]}" if home and (path == home or path.startswith(f"{home}/")) else path


def named_directory(path: str) -> str:
    """The absolute path of a directory as the user names it: in a shell, PWD has the symbolic links that led there."""
    with contextlib.suppress(OSError):
        named = os.path.normpath(os.path.join(os.environ.get("PWD", "/"), path))  # noqa: PTH118 - as typed
        if os.path.isabs(named) and os.path.samefile(named, path):  # noqa: PTH117, PTH121
            return named
    return os.path.abspath(path)  # noqa: PTH100


def runtime_dir() -> Path:
    """The directory of the sockets; raises UnsafeDirectory, as the next two, if the variable is a relative path."""
    if os.environ.get("OUTLIVE_RUNTIME_DIR", ""):
        return _from_environment("OUTLIVE_RUNTIME_DIR", usual_runtime_dir())
    # Another user may give the name back, so an existing directory decides: all processes find the same one.
    own = state_dir() / "run"
    return own if os.path.lexists(own) or _is_taken(usual_runtime_dir()) else usual_runtime_dir()


def usual_runtime_dir() -> Path:
    """The directory of the sockets, unless another user has taken its name."""
    return Path(f"/tmp/outlive-{os.getuid()}")  # noqa: S108 - checked by ensure_private


def _is_taken(path: Path) -> bool:
    try:
        return path.lstat().st_uid != os.getuid()
    except OSError:
        return False


def state_dir() -> Path:
    """The directory of the store, the last screens and the logs."""
    return _own_directory("OUTLIVE_STATE_DIR", "XDG_STATE_HOME", ".local/state")


def config_dir() -> Path:
    """The directory of the user's own files: agents, keys, settings. It may be missing."""
    return _own_directory("OUTLIVE_CONFIG_DIR", "XDG_CONFIG_HOME", ".config")


def _own_directory(variable: str, xdg_variable: str, fallback: str) -> Path:
    values = [os.environ.get(name) for name in (variable, xdg_variable, "HOME")]
    return _directory_by(variable, xdg_variable, fallback, *values)


@lru_cache(maxsize=8)
def _directory_by(variable: str, xdg_variable: str, fallback: str, *_values: str | None) -> Path:
    """The directory; ``_values`` are those that it depends on. A list of thousands of chats asks for it each time."""
    return _from_environment(variable, _xdg(xdg_variable, fallback))


def ensure_private(path: Path) -> Path:
    """Make ``path`` a directory that only this user can enter; raise if that is impossible.

    Returns:
        ``path`` itself.

    Raises:
        UnsafeDirectory: the path is a symbolic link, not a directory, or another user's; or root would create it among
            another user's files.
        OutliveError: the directory cannot be created.
    """
    _make(path)
    found = check_private(path)
    if found is None:
        raise OutliveError(f"cannot create {path}: removed by another process; try again")
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o700)
    return path


def _make(path: Path) -> None:
    if os.getuid() == 0 and not os.path.lexists(path):
        # `sudo -E` keeps HOME: the user could not use directories of root's there.
        above = next(each for each in path.parents if os.path.lexists(each))
        if owner := above.stat().st_uid:
            raise UnsafeDirectory(
                f"{above} belongs to another user (uid {owner}), and {path} would belong to root; "
                "run this as that user or with `sudo -H`, or create the directory first"
            )
    try:
        make_directories(path)
    except FileExistsError:
        pass  # The path is not a directory: the next check reports it.
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise OutliveError(f"{path}: the disk is full; free some space, or remove some files") from error
        raise OutliveError(f"cannot create {path}: {error.strerror}; create it, or choose another directory") from error


def make_directories(path: Path) -> None:
    """Create the directory and its parents with mode 0700, as the base directory specification wants, for any umask.

    Raises:
        OSError: a directory cannot be created, or a part of the path is not a directory.
    """
    # Path.mkdir with `parents` applies its mode only to the last directory.
    for each in reversed([each for each in (path, *path.parents) if not os.path.lexists(each)]):
        each.mkdir(mode=0o700, exist_ok=True)


def check_private(path: Path) -> os.stat_result | None:
    """Refuse a directory that another user could have created.

    Returns:
        The directory's status, None if it is missing.

    Raises:
        UnsafeDirectory: the path is a symbolic link, not a directory, or another user's.
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
            f"{path} belongs to another user (uid {found.st_uid}); set {_variable(path)} to another directory"
        )
    return found


def _variable(path: Path) -> str:
    """The environment variable that chooses the directory of a path of Outlive's own."""
    for name, directory in (("OUTLIVE_RUNTIME_DIR", runtime_dir), ("OUTLIVE_CONFIG_DIR", config_dir)):
        if path.is_relative_to(directory()):
            return name
    return "OUTLIVE_STATE_DIR"


def obstacle(path: Path, *, is_directory: bool = False) -> str:
    """The reason why this process cannot use one of its own paths, and the remedy; "" if it can.

    Args:
        path: the path of a file or socket, which may be missing.
        is_directory: it is the path of a directory.
    """
    for each in (*reversed(path.parents), path):
        try:
            status = each.stat()
        except OSError:
            return ""  # It is missing.
        if each == path and not is_directory:
            # The process that listens on a socket replaces anything but a directory in its place.
            is_pipe = stat.S_ISFIFO(status.st_mode) and each.suffix != ".sock"
            kind = "directory" if stat.S_ISDIR(status.st_mode) else "FIFO" if is_pipe else ""
            return f"{each}: a {kind} is in the way; move it away" if kind else ""
        if not stat.S_ISDIR(status.st_mode):
            return f"{each} is not a directory; move it away"
        needed = stat.S_IRWXU if each in (path, path.parent) else stat.S_IXUSR
        if status.st_uid == os.geteuid() != 0 and status.st_mode & needed != needed:
            import shlex  # most processes do not need it

            return f"{each} has mode {stat.S_IMODE(status.st_mode):04o}; run `chmod 700 {shlex.quote(str(each))}`"
    return ""


def own_obstacle(error: OSError) -> str:
    """The ``obstacle`` that caused an error with one of Outlive's own paths; "" if it had another cause."""
    path = Path(error.filename) if isinstance(error.filename, str) else None
    is_own = path is not None and any(map(path.is_relative_to, (runtime_dir(), state_dir(), config_dir())))
    return obstacle(path) if path is not None and is_own else ""


def lock_refusal(directory: Path, variable: str) -> str:
    """One line if the file system of a directory refuses file locks, as Lustre and NFS may; else "".

    Args:
        directory: the directory; if nothing can be written there, nothing is known.
        variable: the environment variable that names another directory.
    """
    import tempfile  # rarely needed

    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            why = f"{directory}: its file system refuses locks ({error.strerror})"
            return f"{why}; set {variable} to a directory on a local disk"
    return ""


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


def sync_note() -> Path:
    """The time of the last sync of the state directory's file system; see ``storage.disk_sync``."""
    return runtime_dir() / SYNC_NOTE


def keeper_log() -> Path:
    """The keeper's log."""
    return state_dir() / "logs" / "keeper.log"


def window_socket() -> Path:
    """The socket of the open window, for commands."""
    return socket_path("window.sock")


def notifications_file() -> Path:
    """The numbers of the desktop notifications that the window shows."""
    return runtime_dir() / "notifications.json"


def texts_dir() -> Path:
    """The directory of the texts that the window wrote for the user's editor."""
    return runtime_dir() / "texts"


def database() -> Path:
    """The SQLite record."""
    return state_dir() / "outlive.db"


def search_index() -> Path:
    """The SQLite index of the text of all sessions."""
    return state_dir() / "search.db"


def worktrees_dir() -> Path:
    """The directory of chats' git worktrees, with a directory for each repository."""
    return state_dir() / "worktrees"


def git_dir() -> Path:
    """The directory of the settings with which git reads repositories by itself; see ``session_host.git``."""
    return state_dir() / "git"


def session_dir(session_id: str) -> Path:
    """The directory of one session's files, other than its record."""
    return state_dir() / "sessions" / session_id


def session_journal(session_id: str) -> Path:
    """The directory of the recording of a session's output."""
    return session_dir(session_id) / "journal"


def session_screen(session_id: str) -> Path:
    """The file with an ended session's last screen, or its transcript."""
    return session_dir(session_id) / "screen.bin"


def window_log() -> Path:
    """The window's log: warnings, unexpected errors and crashes."""
    return state_dir() / "logs" / "window.log"


def session_log(session_id: str) -> Path:
    """The log of a session's host; it never contains the user's text."""
    return state_dir() / "logs" / f"{session_id}.log"


VIEWED_MARK = "viewed"
PASTED = "pasted"
AGENT_FILES = "agent"


def session_viewed_mark(session_id: str) -> Path:
    """The file that is touched when the user views a session without a viewer of its host."""
    return session_dir(session_id) / VIEWED_MARK


def session_unsaved_end(session_id: str) -> Path:
    """The link that keeps a session's end if its host leaves while the disk is full."""
    return session_dir(session_id) / "end"


def session_files(session_id: str) -> Path:
    """The directory of a session's agent files: hooks, a plugin."""
    return session_dir(session_id) / AGENT_FILES


def session_history(session_id: str) -> Path:
    """The file with a chat's beginning: the transcript that a fork copies, or the previous shell's screen."""
    return session_dir(session_id) / "history.bin"


def session_left_conversations(session_id: str) -> Path:
    """The file with the ids of conversations that a session's agent has left, one per line, oldest first."""
    return session_dir(session_id) / "left_conversations"


def pasted_files_dir(session_id: str) -> Path:
    """The directory of the images and files that the user pasted into a session's terminal."""
    return session_dir(session_id) / PASTED


def session_stderr(session_id: str) -> Path:
    """The file with a program's standard error, if it is kept separately."""
    return session_dir(session_id) / "stderr.log"


def endpoint_conversation(conversation_id: str) -> Path:
    """The file of a conversation with a model server; the caller has checked the id."""
    return state_dir() / "conversations" / f"{conversation_id}.jsonl"


_LONGEST_GIT_FILE = 8192


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def worktree_setup_mark(worktree: str) -> Path | None:
    """The file that exists while a worktree is not set up, in git's directory of it (gitrepository-layout(5)).

    Args:
        worktree: its top directory.

    Returns:
        None if that directory is unknown.
    """
    try:
        # A program may have put a pipe there, which would be waited for, or a device without an end.
        with open(f"{worktree}/.git", "rb", opener=_open_at_once) as file:
            text = os.fsdecode(file.read(_LONGEST_GIT_FILE) or b"")
    except OSError:
        return None
    return Path(worktree, text[8:].rstrip("\n"), "outlive-setup") if text.startswith("gitdir: ") else None
