"""``outlive window``: controls the open window."""

from __future__ import annotations

import argparse
import os

from session_host.cli.output import one_line, print_json, print_line
from session_host.cli.window_start import NEW_CHAT, WindowNotInstalled, missing_modules, open_window
from session_host.client.window_control import WindowNotOpen, ask
from session_host.errors import OutliveError, UsageError

_OPERANDS = {
    "tabs": None, "show": "CHAT", "new": None, "next": None, "toggle": None, "grab": "FILE.png", "close": None,
}  # fmt: skip
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
        if missing_modules():
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
            "outlive window show CHAT"
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
        if missing_modules():
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
            from session_host.cli.session_argument import find

            ask("show", session=find(operand).id)
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


def _new_chat() -> None:
    """Open the sheet for a new chat, and the window if it is not open."""
    try:
        ask("new_chat")
    except WindowNotOpen:
        open_window(NEW_CHAT)


def _next_chat() -> None:
    """Show the next chat that needs the user; open the window if it is not open."""
    try:
        chat = ask("next")
    except WindowNotOpen:
        open_window()
    print_line(f"showing {one_line(str(chat['name']))}" if chat else "no chats need you")


def _toggle() -> None:
    """Show the window, or hide it if the user is in it; open the window if it is not open."""
    try:
        ask("toggle")
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
        width = max(len(str(tab["name"])) for tab in tabs)
        for tab in tabs:
            mark = "*" if tab["active"] else " "
            connected = "" if tab["connected"] else "  (not connected)"
            name = one_line(str(tab["name"]))
            print(f"{mark} {name:<{width}}  {tab['state']}  {str(tab['session_id'])[:8]}{connected}")
