"""Links to the sockets of a login: its ssh agent, its Wayland display, its message bus.

A chat outlives the login in which it was started; the sockets that its programs' variables name do not. So these
variables name links of the chat, beside its own socket. At first they point to the sockets of the login that started
the chat, later to those of the login from which a viewer attached last. A variable without the path of a socket
(``DISPLAY``, an abstract address of a bus) stays as it was at the start.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

_SUFFIXES = {"SSH_AUTH_SOCK": ".ssh", "WAYLAND_DISPLAY": ".wayland", "DBUS_SESSION_BUS_ADDRESS": ".bus"}
VARIABLES = (*_SUFFIXES, "XDG_RUNTIME_DIR")
"""The variables from which the functions take a login's sockets."""

_BUS = "unix:path="


def make_links(environment: Mapping[str, str], chat_socket: Path, kept: Iterable[str] = ()) -> dict[str, str]:
    """Make a chat's links; returns the variables that name them.

    Args:
        environment: the environment of the login that starts the chat.
        chat_socket: the path of the chat's own socket.
        kept: variables that the user set for the chat.

    Raises:
        OSError: a link cannot be made.
    """
    named = {}
    for name, target in _sockets(environment, chat_socket.parent).items():
        link = chat_socket.with_suffix(_SUFFIXES[name])
        if name not in kept:
            _point(link, target)
            named[name] = f"{_BUS}{link}" if name == "DBUS_SESSION_BUS_ADDRESS" else str(link)
    return named


def point_links(environment: Mapping[str, str], chat_socket: Path) -> None:
    """Point a chat's links to the sockets of another login; those that it lacks stay as they are.

    Raises:
        OSError: a link cannot be replaced.
    """
    for name, target in _sockets(environment, chat_socket.parent).items():
        link = chat_socket.with_suffix(_SUFFIXES[name])
        if link.is_symlink() and os.readlink(link) != target:  # noqa: PTH115 - compared as text
            _point(link, target)


def links_of(chat_socket: Path) -> list[Path]:
    """The links that a chat has."""
    return [link for each in _SUFFIXES.values() if (link := chat_socket.with_suffix(each)).is_symlink()]


def _sockets(environment: Mapping[str, str], links: Path) -> dict[str, str]:
    """The sockets that the variables name; of a link in the directory ``links``, its target."""
    found = {}
    for name in _SUFFIXES:
        path = environment.get(name, "")
        if name == "DBUS_SESSION_BUS_ADDRESS":
            path = path.removeprefix(_BUS).partition(",")[0] if path.startswith(_BUS) and ";" not in path else ""
        elif name == "WAYLAND_DISPLAY" and path and not path.startswith("/"):
            path = f"{environment.get('XDG_RUNTIME_DIR', '')}/{path}"
        if os.path.dirname(path) == str(links) and os.path.islink(path):  # noqa: PTH114, PTH120 - compared as text
            path = os.readlink(path)  # noqa: PTH115
        if path.startswith("/") and "%" not in path and _is_socket(path):
            found[name] = path
    return found


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return False


def _point(link: Path, target: str) -> None:
    new = link.with_name(f"{link.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.replace(link)
