"""Checks Python, engines, Qt, the terminal and git."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

from session_host.cli.doctor.check import Check, fail, ok, warn
from session_host.cli.window_start import install_command, missing_modules
from session_host.client.display import variable_to_check
from session_host.client.worktrees.repository import MIN_GIT
from session_host.version import VERSION

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
    if not facts:
        yield fail(
            "engines", "neither ghostty nor pyte is installed", f"{sys.executable} -m pip install pyghostty pyte"
        )
    elif not found["ghostty"]:
        remedy = f"{sys.executable} -m pip install pyghostty (there are wheels for Linux with glibc, and macOS)"
        yield warn("engines", f"{facts}; the faster engine (ghostty) is missing", remedy)
    else:
        yield ok("engines", facts)


def _version(package: str) -> str:
    if importlib.util.find_spec(package) is None:
        return ""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(unknown version)"


def window() -> Iterator[Check]:
    """Check whether the window can be opened. Qt is loaded in another process, since a broken Qt aborts it."""
    missing = missing_modules()
    if "PySide6" in missing:
        yield ok("window", f"not installed, and no command needs it; to add it: {install_command()}")
        return
    if missing:
        yield warn("window", f"cannot open: {', '.join(missing)} not installed", install_command())
        return
    display = next((name for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)), None)
    try:
        probe = subprocess.run(
            [sys.executable, "-P", "-c", _QT_PROBE, *([] if display is None else ["display"])],
            capture_output=True, text=True, errors="replace", timeout=PROBE_TIMEOUT_S, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        yield fail("window", f"cannot test Qt: {error}", "try again when the computer is less busy")
        return
    version, errors = probe.stdout.strip(), probe.stderr.strip().splitlines() or [f"exit code {probe.returncode}"]
    libraries = f"on Debian: apt install {_QT_LIBRARIES}"
    if probe.returncode and not version:
        yield fail("window", f"cannot load Qt: {errors[-1]}", libraries)
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
        yield warn("git", "not installed; worktrees, changes and restored files need it", "on Debian: apt install git")
        return
    try:
        asked = subprocess.run(
            [path, "version"], capture_output=True, text=True, errors="replace", timeout=PROBE_TIMEOUT_S,
            check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
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
