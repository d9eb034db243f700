"""``python -m gui``: opens the window, or raises the one that is open."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    # Until the window is shown: a start makes no garbage, and the collector took a fifth of the start's time.
    gc.disable()

import builtins
import importlib
import os
import sys

from gui.tray.waiting import wait_for_tray
from gui.window.remote_control.single_instance import claim_or_raise
from session_host.client.window_control import HIDDEN_START, ask, outdated
from session_host.errors import OutliveError, UsageError
from session_host.paths import config_dir, home_dir, runtime_dir, state_dir
from session_host.protocol.untrusted_text import one_line

NEW_CHAT = "--new-chat"
"""As in ``session_host.cli.window``."""


def main(argv: list[str]) -> int:
    """Run the window until it is closed.

    Args:
        argv: the command's words: none, or ``--new-chat``.

    Returns:
        The process's exit code.
    """
    try:
        for directory in (runtime_dir, state_dir, config_dir, home_dir):
            directory()  # A variable that is no absolute path is refused here, and a missing home.
        if argv not in ([], [NEW_CHAT]):
            raise UsageError(f"the window does not know these arguments: {' '.join(argv)!r}")
        _check_display()
        hidden = bool(os.environ.pop(HIDDEN_START, ""))
        if hidden:
            wait_for_tray()
        claim = claim_or_raise(raises=not hidden)
        if claim is None and argv:
            ask("new_chat")
    except OutliveError as error:
        print(f"outlive: {one_line(str(error))}", file=sys.stderr)  # noqa: T201 - there is no window to show it in
        return error.exit_code
    if claim is None:
        return 0
    _import_as_python_does()
    if problem := outdated(importlib.import_module("PySide6").__version__):
        claim.release()
        print(f"outlive: {problem}; `outlive doctor` says how to install it", file=sys.stderr)  # noqa: T201 - as above
        return 1
    from gui.qt_overrides import guard_overrides

    guard_overrides()
    from gui.start import start  # importing Qt takes most of the start; a second start does not need it
    from session_host.client.permission import agents_chat  # as above

    # A window that an agent opens would get the keyboard from the program into which the user types.
    by_agent = bool(agents_chat())
    return start(claim, is_for_new_chat=bool(argv) and not by_agent, is_hidden=hidden or by_agent)


def _import_as_python_does() -> None:
    """Take PySide6's hook out of ``import``: it serves ``from __feature__ import …``, which nothing here uses.

    It would run for each import, and read and keep the source of each module that is imported after PySide6 (13 MB,
    and a tenth of the time of all imports; PySide6 6.11).
    """
    importlib.import_module("PySide6.QtCore")  # It brings the hook.
    builtins.__import__ = vars(builtins)["__orig_import__"]


def _check_display() -> None:
    """Check for a display, since Qt would end the process without one.

    Raises:
        OutliveError: there is no display.
    """
    if not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        raise OutliveError("no display found; use `outlive new` and `outlive attach` in this terminal")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
