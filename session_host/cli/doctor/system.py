"""Checks Python, engines, Qt, the terminal and git."""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import re
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib import metadata
from importlib.util import find_spec
from typing import NamedTuple

from session_host.client.window_control import outdated, variable_to_check
from session_host.client.worktrees.repository import MIN_GIT
from session_host.readiness import readable
from session_host.system.installation import install_command, missing_modules, own_python
from session_host.version import VERSION

from .check import Check, Status, fail, ok, warn

MIN_PYTHON = (3, 11)
PROBE_TIMEOUT_S = 20.0

_QT_PROBE = """
import os, sys
from PySide6 import QtCore, QtGui, QtWidgets

def on_message(kind, context, text):
    print(text, file=sys.stderr, flush=True)
    if kind == QtCore.QtMsgType.QtFatalMsg:
        os._exit(1)

print(QtCore.qVersion(), flush=True)
if sys.argv[1:]:
    QtCore.qInstallMessageHandler(on_message)
    QtGui.QGuiApplication(["outlive"])
"""
"""Prints Qt's version, and opens a display if there is an argument."""

_QT_LIBRARIES = (
    "libegl1 libgl1 libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 "
    "libxcb-shape0 libdbus-1-3 fontconfig"
)
_ENGINES = {"ghostty": "pyghostty", "pyte": "pyte"}


def python() -> Iterator[Check]:
    """Check the versions of Python and Outlive."""
    facts = (
        f"Outlive {VERSION} on Python {platform.python_version()} ({sys.executable}), {platform.platform(terse=True)}"
    )
    if sys.version_info < MIN_PYTHON:
        yield fail("python", facts, "Outlive needs Python 3.11 or later")
    else:
        yield ok("python", facts)


def engines() -> Iterator[Check]:
    """Check the terminal engines: one is enough, the fast one is better."""
    found = {name: _version(package) for name, package in _ENGINES.items()}
    facts = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    pip = f"{shlex.quote(sys.executable)} -m pip"
    if not facts:
        yield fail("engines", "neither ghostty nor pyte is installed", f"{pip} install pyghostty pyte")
    elif not found["ghostty"]:
        remedy = f"run `{pip} install pyghostty`; there are wheels for Linux with glibc, and macOS"
        yield warn("engines", f"{facts}; the faster engine (ghostty) is missing", remedy)
    else:
        yield ok("engines", facts)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program without input, and wait for its end.

    Raises:
        OSError, subprocess.TimeoutExpired: it does not run, or hangs.
    """
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PROBE_TIMEOUT_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def _version(package: str) -> str:
    if find_spec(package) is None:
        return ""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "(unknown version)"


def window() -> Iterator[Check]:
    """Check whether the window can be opened. Qt is loaded in another process, since a broken Qt aborts it."""
    missing = missing_modules("window")
    if "PySide6" in missing:
        yield ok("window", f"not installed, and no command needs it; to add it: {install_command('window')}")
        return
    if missing:
        yield warn("window", f"cannot open: {', '.join(missing)} not installed", install_command("window"))
        return
    display = next((name for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)), None)
    try:
        probe = _run([*own_python(), "-c", _QT_PROBE, *([] if display is None else ["display"])])
    except (OSError, subprocess.TimeoutExpired) as error:
        yield fail("window", f"cannot test Qt: {error}", "try again when the computer is less busy")
        return
    version, errors = probe.stdout.strip(), probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"]
    libraries = f"on Debian, run `sudo apt install {_QT_LIBRARIES}`"
    if probe.returncode and not version:
        yield fail("window", f"cannot load Qt: {errors[-1]}", libraries)
    elif problem := outdated(version):
        yield fail("window", problem, install_command("window"))
    elif display is None:
        yield warn("window", f"Qt {version}, no display", "use `outlive attach` here, or try `outlive demo`")
    elif not probe.returncode:
        yield ok("window", f"Qt {version}, {display}={os.environ[display]}")
    elif variable := variable_to_check(errors[0]):
        remedy = f"check {variable}, or use `outlive attach` here"
        yield warn("window", f"Qt {version}, {variable}={os.environ.get(variable, '')} cannot be reached", remedy)
    else:
        yield fail("window", f"Qt {version} cannot open {display}={os.environ[display]}: {errors[0]}", libraries)


def terminal() -> Iterator[Check]:
    """Check this terminal, for ``attach``."""
    term = os.environ.get("TERM", "")
    encoding = (sys.stdout.encoding or "").lower()
    if not sys.stdout.isatty():
        yield ok("terminal", "none; `outlive attach` needs one")
    elif term in {"", "dumb"}:
        yield warn(
            "terminal",
            f"TERM={term or '(unset)'} cannot show a full screen",
            "use another terminal for `outlive attach`",
        )
    elif encoding.replace("-", "") != "utf8":
        yield warn(
            "terminal",
            f"TERM={term}, but the locale's encoding is {encoding}",
            "set LANG to a UTF-8 locale, such as C.UTF-8",
        )
    else:
        yield ok("terminal", f"TERM={term}, {encoding}")


def git() -> Iterator[Check]:
    """Check git, which worktrees, changes and restore points need."""
    path = shutil.which("git")
    if path is None:
        yield warn(
            "git",
            "not installed; worktrees, changes and restored files need it",
            "on Debian, run `sudo apt install git`",
        )
        return
    try:
        asked = _run([path, "version"])
    except (OSError, subprocess.TimeoutExpired) as error:
        yield warn("git", f"{path} does not run: {error}", "install it again")
        return
    version = re.search(r"(\d+)\.(\d+)[.\d]*", asked.stdout)
    if version is None:
        yield warn("git", f"{path} prints no version", f"run `{path} version` to see why")
    elif (int(version[1]), int(version[2])) < MIN_GIT:
        wanted = ".".join(map(str, MIN_GIT))
        yield warn("git", f"{version[0]}, {path}: too old for worktrees", f"install git {wanted} or later")
    else:
        yield ok("git", f"{version[0]}, {path}")


ARRIVAL_TIMEOUT_S = 2.0

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
"""linux/prctl.h."""

_PIDFD_GET_INFO = 0xC040FF0B
"""linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info), 64 bytes in its first version."""
_PIDFD_INFO_EXIT = 8
_PIDFD_INFO = "=QQ11Ii"
"""mask, cgroup, eleven ids, exit status in the form of wait(2)."""


class Feature(NamedTuple):
    """A kernel feature, and a function that tests it."""

    name: str
    attempt: Callable[[], None]
    """A function that raises OSError if the kernel refuses, AttributeError if Python lacks the feature."""
    benefit: str
    consequence: str
    since: str
    status: Status = Status.WARN
    """The status if the feature is missing."""


def kernel() -> Iterator[Check]:
    """Check every feature; none stops the others."""
    for feature in FEATURES:
        name = f"kernel {feature.name}"
        try:
            feature.attempt()
        except (OSError, AttributeError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"not available ({reason}): {feature.consequence}"
            yield Check(
                name,
                feature.status,
                message,
                f"needs Linux {feature.since} or later and no seccomp filter that blocks it",
            )
        else:
            yield ok(name, feature.benefit)


def _memfd() -> None:
    with ExitStack() as stack:
        file = _file(stack)
        os.write(file, b"outlive")
        _check_equal(os.pread(file, 16, 3), b"live")


def _splice() -> None:
    with ExitStack() as stack:
        master, slave = _pty(stack)
        reading, writing = os.pipe()
        stack.callback(os.close, reading)
        stack.callback(os.close, writing)
        file = _file(stack)
        os.write(slave, b"x")
        _wait_until_readable(master)
        os.splice(master, writing, 1)
        os.splice(reading, file, 1)
        _check_equal(os.pread(file, 16, 0), b"x")


def _sendfile() -> None:
    with ExitStack() as stack:
        master, slave = _pty(stack)
        file = _file(stack)
        os.write(file, b"x\n")
        os.lseek(file, 0, os.SEEK_SET)
        os.sendfile(master, file, None, 2)
        _check_equal(os.lseek(file, 0, os.SEEK_CUR), 2)
        _wait_until_readable(slave)
        _check_equal(os.read(slave, 16), b"x\n")


def _pidfd() -> None:
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(["true"], stdin=subprocess.DEVNULL))
        descriptor = os.pidfd_open(process.pid)
        stack.callback(os.close, descriptor)
        _wait_until_readable(descriptor)


def _exit_status() -> None:
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(["sh", "-c", "exit 7"], stdin=subprocess.DEVNULL))
        descriptor = os.pidfd_open(process.pid)
        stack.callback(os.close, descriptor)
        process.wait()
        question = struct.pack(_PIDFD_INFO, _PIDFD_INFO_EXIT, *[0] * 13)
        mask, *_, status = struct.unpack(_PIDFD_INFO, fcntl.ioctl(descriptor, _PIDFD_GET_INFO, question))
        _check_equal((mask & _PIDFD_INFO_EXIT, os.waitstatus_to_exitcode(status)), (_PIDFD_INFO_EXIT, 7))


def _subreaper() -> None:
    before = ctypes.c_int()
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before))
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(1))
    _prctl(_PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(before.value))


def _prctl(option: int, argument: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, argument, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _pty(stack: ExitStack) -> tuple[int, int]:
    master, slave = os.openpty()
    stack.callback(os.close, master)
    stack.callback(os.close, slave)
    return master, slave


def _file(stack: ExitStack) -> int:
    file = os.memfd_create("outlive-doctor")
    stack.callback(os.close, file)
    return file


def _wait_until_readable(descriptor: int) -> None:
    if not readable([descriptor], ARRIVAL_TIMEOUT_S):
        raise OSError(f"no data within {ARRIVAL_TIMEOUT_S:g} s")


def _check_equal(found: object, expected: object) -> None:
    if found != expected:
        raise OSError(f"got {found!r}, expected {expected!r}")


# fmt: off
FEATURES = (
    Feature("memfd", _memfd, "a chat stays in memory when its background process dies",
            "a chat is lost when its background process dies", "3.17", Status.FAIL),
    Feature("splice", _splice, "output moves from the terminal to memory in the kernel",
            "killing a background process can lose the output that it has just read", "5.12"),
    Feature("sendfile", _sendfile, "input moves from memory to the terminal in the kernel",
            "killing a background process can lose or repeat a key", "5.12"),
    Feature("subreaper", _subreaper, "exit codes are known even if the background process was killed",
            "exit codes are unknown if the background process was killed", "3.4"),
    Feature("pidfd", _pidfd, "an agent's exit is seen at once", "an agent's exit is awaited in a thread", "5.3"),
    Feature("PIDFD_GET_INFO", _exit_status, "any process can read an agent's exit code",
            "only the agent's parent process can read its exit code", "6.15"),
)
# fmt: on
