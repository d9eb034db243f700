"""``outlive`` alone: opens the window, or raises the open one."""

from __future__ import annotations

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from session_host.errors import OutliveError

RAISE_TIMEOUT_S = 3.0

BOOTSTRAP = (
    "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "
    "runpy.run_module('gui', run_name='__main__', alter_sys=True)"
)
"""Runs the window's package from the same place as this one.

``-m gui`` would look in the current directory first, and a user's project may have its own ``gui``. PYTHONPATH would be
inherited by the chats.
"""


NEW_CHAT = "--new-chat"
"""The window's only argument: open the sheet for a new chat."""

WINDOW_MODULES = ("PySide6", "qasync", "qtawesome")
"""The modules that only the extra ``outlive[window]`` installs."""


def missing_modules() -> list[str]:
    """The modules that are missing for a window; empty if it is installed."""
    return [name for name in WINDOW_MODULES if find_spec(name) is None]


def install_command() -> str:
    """The shell command that adds the window to this installation.

    pipx and uv leave a file in the environments that they create; a clone has its own installer. If the package was
    installed from a file or an address, the command names that: an index may lack the package, or have another one.
    """
    installer = Path(__file__).parents[2] / "installers" / "run.sh"
    if installer.is_file():
        return f"bash {shlex.quote(str(installer))} --setup-only"
    package = shlex.quote(f"outlive[window]{_origin()}")
    if Path(sys.prefix, "pipx_metadata.json").is_file():
        return f"pipx install --force {package}"
    if Path(sys.prefix, "uv-receipt.toml").is_file():
        return f"uv tool install {package}"
    return f"{shlex.quote(sys.executable)} -m pip install {package}"


def _origin() -> str:
    """`` @ URL`` of the file or address that was installed; "" for a package of an index (PEP 610)."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        origin = distribution("outlive").read_text("direct_url.json")
    except PackageNotFoundError:
        return ""
    return f" @ {json.loads(origin)['url']}" if origin else ""


class WindowNotInstalled(OutliveError):
    """This installation has no window."""

    def __init__(self) -> None:
        super().__init__(
            f"the window is not installed; install it with: {install_command()} "
            "(without it: `outlive new` and `outlive attach` in this terminal)"
        )


def window_command() -> list[str]:
    """The argv that starts the window."""
    return [sys.executable, "-P", "-c", BOOTSTRAP, str(Path(__file__).parents[2])]


def run() -> int:
    """Open or raise the window; a hidden start does not raise it.

    Raises:
        WindowNotInstalled: there is none to open.
        OutliveError: there is no display for the window.
    """
    if not _is_open():
        open_window()
    return 0


def _is_open() -> bool:
    """Whether the window is open; raises it."""
    from session_host.client.window_control import HIDDEN_START, WindowNotOpen, ask

    try:
        ask("tabs" if os.environ.get(HIDDEN_START) else "raise", timeout_s=RAISE_TIMEOUT_S)
    except WindowNotOpen:
        return False
    return True


def open_window(*arguments: str) -> NoReturn:
    """Replace this process by the window.

    Raises:
        WindowNotInstalled: there is none to open.
        OutliveError: there is no display for the window.
    """
    if missing_modules():
        raise WindowNotInstalled
    needs_no_display = os.environ.get("QT_QPA_PLATFORM", "xcb").partition(":")[0] not in {"xcb", "wayland", ""}
    if not needs_no_display and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        raise OutliveError(
            "no display found (DISPLAY and WAYLAND_DISPLAY are unset); use `outlive new` and `outlive "
            "attach` in this terminal, or try `outlive demo`"
        )
    sys.stdout.flush()
    command = [*window_command(), *arguments]
    os.execv(command[0], command)  # noqa: S606 - runs no shell
