"""This computer in its network: the address at which others there reach it, the name that is answered there, and the
command that opens a port in its firewall.

A VPN's address is not that of the network, and neither is a bridge of containers: an interface counts that has a
default route in the main table and is an Ethernet or a Wi-Fi, else one with a device behind it.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
import socket
import struct
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Final

from .processes import proc

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UFW: Final = Path("/etc/ufw/ufw.conf")

NAME_S: Final = 2.0
"""How long a name may take to be found; in its network it is answered at once, or never."""

_GET_FLAGS, _GET_ADDRESS, _GET_HARDWARE = 0x8913, 0x8915, 0x8927
_RUNNING: Final = 0x41
"""IFF_UP and IFF_RUNNING of netdevice(7)."""

_ETHERNET: Final = 1
"""ARPHRD_ETHER: a cable or a Wi-Fi."""

_NO_METRIC: Final = 1 << 40
_UNUSABLE: Final = 0x01 | 0x08 | 0x20 | 0x40
"""Of an IPv6 address: temporary, a duplicate, deprecated, not yet checked (linux/if_addr.h)."""


def in_network() -> list[Address]:
    """The addresses of this computer in its networks, the best one first: private before public, IPv4 before IPv6."""
    metrics = _default_routes()
    found: list[tuple[int, str]] = []
    for _index, name in socket.if_nameindex():
        is_device = Path("/sys/class/net", name, "device").exists()
        if _is_network(name) and (name in metrics or is_device):
            found.append((metrics.get(name, _NO_METRIC), name))
    names = [name for _metric, name in sorted(found)]
    every = [each for find in (_ipv4, _ipv6) for name in names for each in find(name)]
    return sorted(every, key=lambda each: each.is_global)


def answered_name(address: str) -> str:
    """The name of this computer ("desk.local") if the network's own service answers it with this address; else ""."""
    host = os.uname().nodename.partition(".")[0].lower()
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", host):
        return ""
    try:  # A program that is ended: a thread that asks could not be.
        done = subprocess.run(
            ["getent", "ahosts", f"{host}.local"], capture_output=True, text=True, timeout=NAME_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return f"{host}.local" if address in {line.split()[0] for line in done.stdout.splitlines() if line} else ""


def opening_command(port: int) -> str:
    """The command that opens a port in this computer's firewall, ufw or firewalld; "" if neither is on."""
    with suppress(OSError):
        if re.search(r"^ENABLED=yes", UFW.read_text(encoding="utf-8"), re.MULTILINE):
            return f"sudo ufw allow {port}/tcp"
    with suppress(OSError, subprocess.TimeoutExpired):
        asked = ["systemctl", "is-active", "--quiet", "firewalld.service"]
        if subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, timeout=5, check=False).returncode == 0:
            return f"sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload"
    return ""


def _default_routes() -> dict[str, int]:
    """The interfaces with a default route of the main table, and its metric."""
    found: dict[str, int] = {}
    with suppress(OSError):
        for line in Path(proc.ROOT, "net/route").read_text(encoding="ascii").splitlines()[1:]:
            name, destination, _gateway, _flags, _references, _use, metric, mask, *_more = line.split()
            if destination == mask == "00000000":
                found[name] = min(int(metric), found.get(name, _NO_METRIC))
        for line in Path(proc.ROOT, "net/ipv6_route").read_text(encoding="ascii").splitlines():
            destination, length, *_more, metric, _references, _use, _flags, name = line.split()
            if int(destination, 16) == int(length, 16) == 0 and name != "lo":
                found.setdefault(name, int(metric, 16))
    return found


def _is_network(name: str) -> bool:
    try:
        (kind,) = struct.unpack_from("=H", _ask_interface(name, _GET_HARDWARE), 16)
        (flags,) = struct.unpack_from("=H", _ask_interface(name, _GET_FLAGS), 16)
    except OSError:
        return False
    return bool(kind == _ETHERNET and flags & _RUNNING == _RUNNING)


def _ipv4(name: str) -> list[Address]:
    try:
        found = ipaddress.IPv4Address(_ask_interface(name, _GET_ADDRESS)[20:24])
    except OSError:
        return []
    return [found]


def _ipv6(name: str) -> list[Address]:
    found: list[Address] = []
    with suppress(OSError):
        for line in Path(proc.ROOT, "net/if_inet6").read_text(encoding="ascii").splitlines():
            address, _index, _length, scope, flags, of_name = line.split()
            if of_name == name and int(scope, 16) == 0 and not int(flags, 16) & _UNUSABLE:
                found.append(ipaddress.IPv6Address(bytes.fromhex(address)))
    return found


def _ask_interface(name: str, what: int) -> bytes:
    """Ask for a struct ifreq of netdevice(7)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        return fcntl.ioctl(asking, what, struct.pack("=16s24x", name.encode()))
