"""Checks directories, sockets and the store."""

from __future__ import annotations

import os
import shlex
import socket
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

from session_host import paths
from session_host.cli.doctor.check import Check, fail, fail_with, ok, warn
from session_host.client.sessions.store_access import is_session_id
from session_host.errors import OutliveError, StoreCorrupt, StoreError
from session_host.paths import lock_refusal
from session_host.storage.store import Store
from session_host.storage.store.copies import copied_ids
from session_host.storage.store.database import READ_ONLY
from session_host.system.files import is_read_only
from session_host.system.unix_sockets import is_foreign

LOW_SPACE_BYTES = 200 * 1024 * 1024
NO_SPACE_BYTES = 4 * 1024 * 1024
SOCKET_TIMEOUT_S = 1.0
KEEPER = "keeper.sock"
WINDOW = "window.sock"
MAX_NAMED = 2
"""A command with more paths is not readable."""
REMOVE_STALE = "outlive doctor --stale-sockets | xargs -d '\\n' rm"

_VOLATILE = {"tmpfs", "ramfs"}
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph"}


def directories() -> Iterator[Check]:
    """Check the directories: owner, mode, file system and free space."""
    for name, variable, path in (
        ("runtime directory", "OUTLIVE_RUNTIME_DIR", paths.runtime_dir()),
        ("state directory", "OUTLIVE_STATE_DIR", paths.state_dir()),
    ):
        yield _directory(name, variable, path)
    if paths.runtime_dir() == paths.state_dir() / "run":
        yield ok("usual place", f"{paths.usual_runtime_dir()} was another user's, so sockets are in the above")
    config = paths.config_dir()
    if not config.exists():
        yield ok("configuration", f"{config} (does not exist; optional)")
    elif not (config.is_dir() and os.access(config, os.R_OK | os.X_OK)):
        why = paths.obstacle(config, is_directory=True) or f"{config} is not readable; check its owner and permissions"
        yield fail_with("configuration", why)
    else:
        yield ok("configuration", str(config))


def contents() -> Iterator[Check]:
    """Check that nothing is in the way of Outlive's own directories and files."""
    state, runtime = paths.state_dir(), paths.runtime_dir()
    directories = [state / name for name in ("sessions", "logs", "conversations", "worktrees")]
    files = [runtime / name for name in ("keeper.sock", "keeper.lock", "keeper.starting", "window.sock", "window.lock")]
    found = [paths.obstacle(each, is_directory=True) for each in directories] + [paths.obstacle(each) for each in files]
    known = {"", *(paths.obstacle(each, is_directory=True) for each in (state, runtime))}
    for each in sorted(set(found) - known):
        yield fail_with("own files", each)


def _directory(name: str, variable: str, path: Path) -> Check:
    try:
        status = path.lstat()
    except FileNotFoundError:
        parent = next(parent for parent in path.parents if parent.exists())
        if not os.access(parent, os.W_OK | os.X_OK):
            return fail(name, f"cannot create {path}: {parent} is not writable", f"set {variable} to another directory")
        return ok(name, f"{path} (will be created, mode 700)")
    except OSError as error:
        return fail(name, f"{path}: {error.strerror}", f"set {variable} to another directory")
    if stat.S_ISLNK(status.st_mode) or not stat.S_ISDIR(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "not a directory"
        return fail(name, f"{path} is {kind}", f"move it away, or set {variable} to another directory")
    if status.st_uid != os.getuid():
        return fail(name, f"{path} belongs to uid {status.st_uid}", f"set {variable} to another directory")
    if why := paths.obstacle(path, is_directory=True):
        return fail_with(name, why)
    if is_read_only(path):
        what, _, remedy = READ_ONLY.partition("; ")
        return fail(name, f"{path}: {what}", remedy)
    if not os.access(path, os.W_OK | os.X_OK):
        return fail(name, f"{path} is not writable", "check its permissions")
    if why := lock_refusal(path, variable):
        return fail_with(name, why)
    return _space(name, variable, path, stat.S_IMODE(status.st_mode))


def _space(name: str, variable: str, path: Path, mode: int) -> Check:
    space = os.statvfs(path)
    free = space.f_bavail * space.f_frsize
    kind = file_system(path)
    facts = f"{path} (mode {mode:04o}, {kind or 'unknown file system'}, {free // (1024 * 1024)} MiB free)"
    if space.f_files and not space.f_favail:
        return fail(name, f"{facts}: the disk has no room for another file (df -i)", "remove some files")
    if free < NO_SPACE_BYTES:
        return fail(name, f"{facts}: the disk is full", f"free some space, or set {variable} to another directory")
    if mode & 0o077:
        return warn(
            name,
            f"{facts}: other users can open it",
            f"run `chmod 700 {shlex.quote(str(path))}`, or start a chat, which does that",
        )
    if free < LOW_SPACE_BYTES:
        return warn(name, f"{facts}: low disk space", "free some space")
    if variable == "OUTLIVE_STATE_DIR" and kind in _VOLATILE:
        return warn(name, f"{facts}: deleted when the computer restarts", f"set {variable} to a directory on a disk")
    if variable == "OUTLIVE_STATE_DIR" and kind in _REMOTE:
        return warn(name, f"{facts}: SQLite locking is unsafe on this file system", f"set {variable} to a local disk")
    return ok(name, facts)


def file_system(path: Path) -> str:
    """The type of the file system that holds ``path``, by the longest matching mount point; "" if unknown."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    real = str(path.resolve())
    for line in lines:
        fields = line.split(" ")
        mount = fields[1].replace("\\040", " ")
        inside = real == mount or real.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, fields[2]
    return kind


def sockets() -> Iterator[Check]:
    """Check that socket paths fit, and that no socket is left over."""
    try:
        length = len(os.fsencode(paths.session_socket(str(uuid.UUID(int=0)))))
    except OutliveError as error:
        yield fail("socket paths", str(error).partition(";")[0], "set OUTLIVE_RUNTIME_DIR to a shorter path")
    else:
        yield ok("socket paths", f"{length} of {paths.SOCKET_PATH_BYTES} bytes")
    keeper = paths.runtime_dir() / KEEPER
    keepers, answering, foreign = "", 0, []
    stale: list[Path] = []
    for path, answers in _probed():
        match answers:
            case None:
                foreign.append(path)
            case True if path == keeper:
                keepers = ", plus the keeper's"
            case False if path == keeper:
                keepers = ", the keeper's is stale and will be replaced"
            case False if path.name == WINDOW:
                pass  # A killed window left it; the next one replaces it.
            case True:
                # A host that is being replaced counts, too: the keeper holds its socket, and viewers wait in the queue.
                answering += 1
            case False:
                stale.append(path)
    if foreign:
        yield fail(
            "sockets", f"{foreign[0]} belongs to another user's process", f"end that process, and remove {foreign[0]}"
        )
    elif stale:
        yield warn(
            "sockets",
            f"{answering} in use, {len(stale)} stale from lost chats: {stale[0].name}"
            + (" …" if len(stale) > 1 else ""),
            f"rm {shlex.join(map(str, stale))}" if len(stale) <= MAX_NAMED else REMOVE_STALE,
        )
    else:
        yield ok("sockets", f"{answering} in use, none stale{keepers}")


def stale_sockets() -> list[Path]:
    """The sockets that lost chats left behind."""
    return [path for path, answers in _probed() if path.name not in {KEEPER, WINDOW} and answers is False]


def _probed() -> list[tuple[Path, bool | None]]:
    """The sockets, and whether a process answers on each; see ``_answers``."""
    return [(path, _answers(path)) for path in sorted(_glob(paths.runtime_dir()))]


def _glob(directory: Path) -> list[Path]:
    try:
        return [path for path in directory.iterdir() if path.suffix == ".sock"]
    except OSError:
        return []


def _answers(path: Path) -> bool | None:
    """Whether a process listens on a socket; None if it is another user's."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(SOCKET_TIMEOUT_S)
        try:
            connection.connect(str(path))
        except TimeoutError:
            return True  # A process listens and is busy.
        except OSError:
            return False
        return None if is_foreign(connection) else True


def _missing(path: Path) -> int:
    """How many chats are missing in the store, if it was deleted or recreated."""
    found = {socket_path.stem for socket_path in _glob(paths.runtime_dir()) if is_session_id(socket_path.stem)}
    found = {each for each in found if _answers(paths.session_socket(each))} | copied_ids(path)
    if not path.exists():
        return len(found)
    try:
        with Store.open(path) as store:
            return sum(store.get(each) is None for each in found) if store.is_new else 0
    except OutliveError:
        return 0  # Another check reports this.


def database() -> Iterator[Check]:
    """Check that the store is sound, readable, of this version, and has the running chats."""
    path = paths.database()
    if (count := _missing(path)) > 0:
        chats = "1 chat is" if count == 1 else f"{count} chats are"
        yield fail("chat database", f"{path}: {chats} missing", "run `outlive ls` to add them again")
    elif not path.exists():
        yield ok("chat database", f"{path} (none yet)")
        return
    try:
        with Store.open(path) as store:
            problems = store.problems()
            count = len(store.all())
    except StoreCorrupt as error:
        remedy = "run `outlive ls --all`: it moves the file aside, and lists the chats again"
        yield fail("chat database", str(error).partition("; see")[0], remedy)
    except (StoreError, OutliveError) as error:
        yield fail("chat database", str(error), "see the message above")
    else:
        if problems:
            remedy = "move it away, and run `outlive ls --all` to list the chats again"
            yield fail("chat database", f"{path}: {problems[0]}", remedy)
        else:
            yield ok("chat database", f"{path} ({count} {'chat' if count == 1 else 'chats'}, sound)")
