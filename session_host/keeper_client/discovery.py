"""Finds the user's keeper, or starts one under a lock, so that there is only one; sends it requests.

A request is repeated if the keeper dies; its standby takes over within milliseconds.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import session_host
from session_host.errors import HostUnavailable, why_not_started
from session_host.paths import ensure_private, keeper_log, keeper_socket, lock_refusal, obstacle, runtime_dir, state_dir
from session_host.protocol.codec import Decoder
from session_host.protocol.keeper import FromKeeper, KeeperMessage, KeeperStatus, NotReplaced, Status
from session_host.readiness import readable
from session_host.system.files import open_log
from session_host.system.processes.permission import AGENT_CHATS, UNKNOWN
from session_host.system.unix_sockets import is_foreign

from .channel import KeeperNotResponding, MessageChannel, find_keeper, lock_path

if TYPE_CHECKING:
    import subprocess


START_TIMEOUT_S = 20.0
STATUS_TIMEOUT_S = 1.0
CONNECT_TIMEOUT_S = 5.0
RETRY_INTERVAL_S = 0.02
# fmt: off
_VARIABLES = (
    "PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
    "OUTLIVE_STATE_DIR", "OUTLIVE_CONFIG_DIR", "OUTLIVE_LOG_LEVEL",
)
"""Environment variables that the keeper and its hosts need; a program's own are in its launch spec."""
# fmt: on


def connect_to_keeper() -> MessageChannel | None:
    """Connect to the keeper, if there is one.

    Raises:
        HostUnavailable: another user's process answers there.
        KeeperNotResponding: so many connections wait for the keeper that the kernel takes no more.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(CONNECT_TIMEOUT_S)
    try:
        connection.connect(str(keeper_socket()))
        connection.settimeout(None)
    except (TimeoutError, BlockingIOError) as error:
        connection.close()
        raise KeeperNotResponding(find_keeper(0)) from error
    except OSError:
        connection.close()
        return None
    if is_foreign(connection):
        connection.close()
        raise HostUnavailable(
            f"{keeper_socket()} belongs to another user's process; set OUTLIVE_RUNTIME_DIR to another directory"
        )
    return MessageChannel(connection, Decoder(FromKeeper))


def connect_or_start_keeper() -> MessageChannel:
    """Connect to the keeper; start one if there is none. Blocks; a start takes a quarter of a second.

    Raises:
        HostUnavailable: none can be started.
        UnsafeDirectory: the runtime or state directory cannot be trusted.
        OutliveError: one of them cannot be made.
    """
    found = connect_to_keeper()
    if found is not None:
        return found
    ensure_private(runtime_dir())
    ensure_private(state_dir())
    with _starting():
        found = connect_to_keeper()
        if found is None:
            # A new keeper would end one that cannot be reached, and then fail itself.
            if why := obstacle(keeper_socket()) or obstacle(lock_path()):
                raise HostUnavailable(why)
            _start()
            found = connect_to_keeper()
    if found is None:
        raise HostUnavailable(f"the keeper exited at startup; see {keeper_log()}")
    return found


def rebind_sockets() -> bool:
    """Ask the keeper to bind missing sockets again; False if there is no keeper or it does not respond."""
    try:
        channel = connect_to_keeper()
        if channel is None:
            return False
        try:
            channel.request(Status(), STATUS_TIMEOUT_S)
        finally:
            channel.close()
    except HostUnavailable:
        return False
    return True


@contextlib.contextmanager
def _starting() -> Iterator[None]:
    path = runtime_dir() / "keeper.starting"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise HostUnavailable(obstacle(path) or _why_not_locked(path, error)) from error
    deadline_s = time.monotonic() + START_TIMEOUT_S
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline_s:
                    raise HostUnavailable(
                        f"another process is starting the keeper and does not respond; find it with `fuser {path}`"
                    ) from None
                time.sleep(RETRY_INTERVAL_S)
            except OSError as error:
                why = f"{path}: cannot lock it ({error.strerror})"
                raise HostUnavailable(lock_refusal(path.parent, "OUTLIVE_RUNTIME_DIR") or why) from error
        yield
    finally:
        os.close(descriptor)


def _why_not_locked(path: Path, error: OSError) -> str:
    """Why the file that guards a start cannot be opened, with the remedy."""
    from session_host.storage.store.database import lack_of_space  # rarely needed

    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"{path.parent}: {lack_of_space(path.parent) or 'the disk is full; free some space'}"
    return f"{path}: {why_not_started(error)}; move it away"


def keeper_argv() -> list[str]:
    """The command that starts a keeper with this very code."""
    from session_host.system.installation import own_python  # rarely needed

    return [*own_python(), "-m", "session_host.keeper"]


def keeper_environment() -> dict[str, str]:
    """The environment for a keeper with this very code."""
    kept = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    # Also from a clone that was never installed, whatever directory the caller is in.
    root = str(Path(session_host.__file__).parent.parent)
    others = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each and each != root]
    return kept | {
        AGENT_CHATS: UNKNOWN,
        "OUTLIVE_RUNTIME_DIR": os.environ.get("OUTLIVE_RUNTIME_DIR") or str(runtime_dir()),
        "PYTHONPATH": os.pathsep.join([root, *others]),
    }


def start_process(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start the keeper's process, with the options of ``subprocess.Popen``."""
    import subprocess  # rarely needed

    return subprocess.Popen(argv, **options)


def _start() -> None:
    """Start a keeper; returns when it listens or has failed."""
    import subprocess  # rarely needed

    _lift_file_size_limit()
    log_path = keeper_log()
    try:
        log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = open_log(log_path)
    except OSError:
        log = os.open(os.devnull, os.O_WRONLY)  # A full disk is no reason to leave agents without a keeper.
    ready, ready_write = os.pipe()
    try:
        process = start_process(
            keeper_argv(),
            stdin=subprocess.DEVNULL,
            stdout=ready_write,
            stderr=log,
            cwd="/",
            env=keeper_environment(),
            start_new_session=True,
        )
        os.close(ready_write)
        ready_write = -1
        # The keeper daemonizes itself; the pipe closes when it listens, or when it has failed.
        try:
            process.wait(START_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.wait()
            raise HostUnavailable(f"the keeper did not start within {START_TIMEOUT_S:.0f} s") from error
        readable([ready], START_TIMEOUT_S)
    except OSError as error:
        raise HostUnavailable(f"cannot start the keeper: {why_not_started(error)}") from error
    finally:
        os.close(log)
        os.close(ready)
        if ready_write >= 0:
            os.close(ready_write)


def _lift_file_size_limit() -> None:
    """Lift this process's limit of the size of files, which the keeper and all hosts would inherit.

    A chat's output and its input log are files in memory, which grow with each byte: beyond the limit it would freeze.

    Raises:
        HostUnavailable: only root may lift it.
    """
    import resource  # Few commands start a keeper.

    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    except (OSError, ValueError) as error:
        if hard == resource.RLIM_INFINITY:
            return
        raise HostUnavailable(
            f"this shell limits files to {hard} bytes (ulimit -f), and a chat would freeze after as much output; "
            "start it from another shell"
        ) from error


RETRY_S = (0.0, 0.05, 0.2, 0.5, 1.0)
"""Delays before the next keeper is asked."""

ANSWER_TIMEOUT_S = 5.0


def request_keeper(
    message: KeeperMessage, timeout_s: float, *, find: Callable[[], MessageChannel | None] = connect_or_start_keeper
) -> Any:
    """Ask the keeper; if it dies, ask the next one. Returns the answer, None if there is no keeper.

    Args:
        message: a request that may be carried out twice.
        timeout_s: for all tries together.
        find: connects to the keeper; without one, ``connect_or_start_keeper`` starts it.

    Raises:
        KeeperNotResponding: nothing came in time.
        HostUnavailable: each connection broke, or no keeper can be started.
    """
    deadline_s = time.monotonic() + timeout_s
    has_keeper_died = False
    for wait_s in (*RETRY_S, None):
        is_last = wait_s is None or time.monotonic() + wait_s >= deadline_s
        channel = find()
        if channel is None:
            if is_last or not has_keeper_died:
                return None
        else:
            try:
                answer = channel.request(message, max(0.001, deadline_s - time.monotonic()))
                # The next keeper may not have all chats yet.
                if is_last or not isinstance(answer, NotReplaced) or not (answer.passing or has_keeper_died):
                    return answer
            except KeeperNotResponding:
                raise
            except HostUnavailable:
                if is_last:
                    raise
                has_keeper_died = True
            finally:
                channel.close()
        time.sleep(wait_s or 0.0)
    raise AssertionError("the last try returns or raises")


def keeper_status() -> KeeperStatus | None:
    """The keeper's status; None if there is no keeper."""
    answer = request_keeper(Status(), ANSWER_TIMEOUT_S, find=connect_to_keeper)
    return answer if isinstance(answer, KeeperStatus) else None
