"""Addresses of the session bus and the system bus.

The form of an address is the D-Bus specification's: ``unix:path=/run/user/1000/bus,guid=…;…``, values with
``%xx`` for some bytes.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

RUN_USER = Path("/run/user")
"""Below it logind makes a directory for each user, named by the uid (pam_systemd(8))."""

SYSTEM_BUS = Path("/run/dbus/system_bus_socket")


def session_bus() -> bytes | None:
    """The session bus's socket, as connect(2) takes it (a first NUL: abstract); None if there is none.

    ``DBUS_SESSION_BUS_ADDRESS`` alone counts where it is set; else ``XDG_RUNTIME_DIR``'s bus, else that of our
    directory in ``/run/user``, which programs started by cron or sudo do not have in their environment. No traffic.
    """
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return _first_there(address)
    directories = [RUN_USER / str(os.getuid())]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        directories.insert(0, Path(runtime))
    return next((os.fsencode(path) for path in (each / "bus" for each in directories) if _is_our_socket(path)), None)


def system_bus() -> bytes | None:
    """The system bus's socket, as ``session_bus`` gives it."""
    return _first_there(os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or f"unix:path={SYSTEM_BUS}")


def _first_there(addresses: str) -> bytes | None:
    """The first of the addresses that can be connected to as far as the file system tells."""
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
        return b""  # No address that the specification knows.


def _is_socket(path: bytes) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - bytes: a path need not be text
    except (OSError, ValueError):  # a NUL in it
        return False


def _is_our_socket(path: Path) -> bool:
    """Whether this user made it: what another user put there is no bus of ours."""
    try:
        found = path.stat()
    except OSError:
        return False
    return stat.S_ISSOCK(found.st_mode) and found.st_uid == os.getuid()
