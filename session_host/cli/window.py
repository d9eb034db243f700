"""``outlive window``: controls the open window."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from session_host.client.window_control import ASKED, HIDDEN_START, WindowNotOpen, ask
from session_host.errors import OutliveError, UsageError
from session_host.protocol.untrusted_text import one_line
from session_host.system.installation import install_command, missing_modules, own_python

from .arguments import did_you_mean
from .output import print_json, print_line

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


class WindowNotInstalled(OutliveError):
    """This installation has no window."""

    def __init__(self) -> None:
        super().__init__(
            f"the window is not installed; install it with: {install_command('window')} "
            "(without it: `outlive new` and `outlive attach` in this terminal)"
        )


def window_command() -> list[str]:
    """The argv that starts the window."""
    return [*own_python(), "-c", BOOTSTRAP, str(Path(__file__).parents[2])]


def open_or_raise() -> int:
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
    try:
        reply = ask("tabs" if os.environ.get(HIDDEN_START) else "raise", timeout_s=RAISE_TIMEOUT_S)
    except WindowNotOpen:
        return False
    _was_asked(reply)
    return True


def _was_asked(reply: object) -> bool:
    """Whether the window asked its user to look, in place of what an agent requested; prints so."""
    if not isinstance(reply, dict) or not reply.get(ASKED):
        return False
    name = one_line(str(reply.get("name", "")))
    print_line(f"asked the user to look at {name}" if name else "asked for the user's attention")
    return True


def open_window(*arguments: str) -> NoReturn:
    """Replace this process by the window.

    Raises:
        WindowNotInstalled: there is none to open.
        OutliveError: there is no display for the window.
    """
    if missing_modules("window"):
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


_OPERANDS = {"tabs": None, "show": "CHAT", "new": None, "next": None, "toggle": None, "grab": "FILE.png", "close": None}
_TAB_KEYS = ("session_id", "name", "state", "active", "connected", "window", "pane", "in_front")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the subcommand's arguments to the parser."""
    parser.usage = (
        "outlive window tabs [--json] | show CHAT | new | next | toggle | grab FILE.png [--window N|all] | close"
    )
    parser.add_argument(
        "action",
        metavar="ACTION",
        nargs="?",
        type=_action,
        choices=tuple(_OPERANDS),
        help="tabs, show, new (chat), next (chat that needs you), toggle (show or hide), grab or close",
    )
    parser.add_argument("object", metavar="CHAT|FILE", nargs="?", help="CHAT to show, or FILE.png for the picture")
    parser.add_argument(
        "--window",
        metavar="N|all",
        type=_window,
        help="save a picture of window N, or of all as FILE-1.png, FILE-2.png, …; default: the window used last",
    )
    parser.add_argument("--json", action="store_true", help="print the tabs as JSON")


def run(options: argparse.Namespace) -> int:
    """Run one of the actions.

    Raises:
        WindowNotInstalled: no window is open, and this installation lacks the window.
    """
    try:
        _control(options)
    except WindowNotOpen:
        if missing_modules("window"):
            raise WindowNotInstalled from None
        raise
    return 0


def _action(text: str) -> str:
    """The name of an action.

    Raises:
        UsageError: there is no such action. The user may have typed a chat's name instead.
    """
    if text not in _OPERANDS:
        raise UsageError(
            f"window has no action {text!r}, only tabs, show, new, next, toggle, grab and close; to show a chat: "
            f"outlive window show CHAT; {did_you_mean(text, _OPERANDS)} `outlive window --help`"
        )
    return text


def _window(text: str) -> str:
    """A window's number as text, or "all"."""
    if text != "all" and not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise argparse.ArgumentTypeError(f'{text!r} is not a window\'s number, nor "all"')
    return text


def _control(options: argparse.Namespace) -> None:
    action, operand = options.action, options.object
    if action is None:
        if missing_modules("window"):
            raise WindowNotInstalled
        raise UsageError("name an ACTION: tabs, show, new, next, toggle, grab or close; see `outlive window --help`")
    expected = _OPERANDS[action]
    if expected and not operand:
        raise UsageError(f"window {action} needs a {expected}: outlive window {action} {expected}")
    if operand and not expected:
        raise UsageError(f"window {action} takes no argument; leave {operand!r} out")
    if options.json and action != "tabs":
        raise UsageError("--json works only with `window tabs`")
    if options.window and action != "grab":
        raise UsageError("--window works only with `window grab`")
    match action:
        case "tabs":
            _tabs(_known_tabs(ask("tabs")), as_json=options.json)
        case "show":
            _was_asked(ask("show", session=_id_in_window(operand)))
        case "new":
            _new_chat()
        case "next":
            _next_chat()
        case "toggle":
            _toggle()
        case "grab":
            _grab(operand, options.window)
        case "close":
            ask("close")


def _id_in_window(chat: str) -> str:
    """The id by which the window knows a chat; on another machine, the machine's name and what the user gave.

    The window looks for that in its list, since the machine need not be reachable.
    """
    from session_host.cli.session_argument import find, machine_and_chat

    entry, name = machine_and_chat(chat)
    return find(name).id if entry is None else f"{entry.name}/{name}"


def _new_chat() -> None:
    """Open the sheet for a new chat, and the window if it is not open."""
    try:
        _was_asked(ask("new_chat"))
    except WindowNotOpen:
        open_window(NEW_CHAT)


def _next_chat() -> None:
    """Show the next chat that needs the user; open the window if it is not open."""
    try:
        chat = ask("next")
    except WindowNotOpen:
        open_window()
    if not _was_asked(chat):
        print_line(f"showing {one_line(str(chat['name']))}" if chat else "no chats need you")


def _toggle() -> None:
    """Show the window, or hide it if the user is in it; open the window if it is not open."""
    try:
        _was_asked(ask("toggle"))
    except WindowNotOpen:
        open_window()


def _grab(file: str, window: str | None) -> None:
    """Let the window save pictures, and print the names of numbered files."""
    if not file.lower().endswith(".png"):
        raise UsageError(f"{file}: the name must end in .png")
    path = os.path.abspath(file)  # noqa: PTH100 - the window resolves it, in another directory
    pictures = ask("grab", file=path, window=window)
    if window == "all":
        for picture in pictures:
            print_line(picture["file"])


def _known_tabs(result: object) -> list[dict[str, object]]:
    if not isinstance(result, list) or not all(isinstance(tab, dict) for tab in result):
        raise OutliveError("unexpected answer from the window, maybe of another version; close it and open it again")
    return [{key: tab.get(key) for key in _TAB_KEYS} for tab in result]


def _tabs(tabs: list[dict[str, object]], *, as_json: bool) -> None:
    if as_json:
        print_json(tabs)
    elif not tabs:
        print_line("no open tabs")
    else:
        ids = [str(tab["session_id"]).rpartition("/") for tab in tabs]
        names = [
            f"{machine}:{tab['name']}" if machine else str(tab["name"])
            for tab, (machine, *_) in zip(tabs, ids, strict=True)
        ]
        width = max(map(len, names))
        for tab, name, (*_, session_id) in zip(tabs, names, ids, strict=True):
            mark = "*" if tab["active"] else " "
            connected = "" if tab["connected"] else "  (not connected)"
            print(f"{mark} {one_line(name):<{width}}  {tab['state']}  {session_id[:8]}{connected}")
