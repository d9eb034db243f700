"""Addresses of the session bus and the system bus.

The D-Bus specification defines the form of an address: ``unix:path=/run/user/1000/bus,guid=…;…``, with ``%xx`` for some
bytes in values.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

RUN_USER = Path("/run/user")
"""In this directory logind creates one for each user, named by the uid (pam_systemd(8))."""

SYSTEM_BUS = Path("/run/dbus/system_bus_socket")


def session_bus() -> bytes | None:
    """The session bus's socket, as connect(2) takes it (a leading NUL: abstract); None if there is none.

    If ``DBUS_SESSION_BUS_ADDRESS`` is set, only that counts; else the bus in ``XDG_RUNTIME_DIR``, else in the user's
    directory in ``/run/user``, for programs that cron or sudo started without these variables. Does not connect.
    """
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return _first_there(address)
    directories = [RUN_USER / str(os.getuid())]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        directories.insert(0, Path(runtime))
    return next((os.fsencode(path) for path in (each / "bus" for each in directories) if _is_our_socket(path)), None)


def system_bus() -> bytes | None:
    """The system bus's socket, in the form of ``session_bus``."""
    return _first_there(os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or f"unix:path={SYSTEM_BUS}")


def _first_there(addresses: str) -> bytes | None:
    """The first address that has a socket in the file system."""
    for address in addresses.split(";"):
        transport, _, rest = address.partition(":")
        if transport != "unix":
            continue
        keys = dict(pair.partition("=")[::2] for pair in rest.split(","))
        if name := keys.get("abstract"):
            return b"\0" + _unescaped(name)
        if (path := _unescaped(keys.get("path", ""))) and _is_socket(path):
            return path
    return None


def _unescaped(value: str) -> bytes:
    first, *others = os.fsencode(value).split(b"%")
    try:
        return first + b"".join(bytes([int(each[:2], 16)]) + each[2:] for each in others)
    except ValueError:
        return b""  # The address has an unknown form.


def _is_socket(path: bytes) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - bytes: a path may be undecodable
    except (OSError, ValueError):  # a NUL in the path
        return False


def _is_our_socket(path: Path) -> bool:
    """Whether this user created the socket: another user's socket is not a bus to trust."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()
