"""Another machine in the network: a network namespace that a cable joins to this one. Only root can lay it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest

needs_network = pytest.mark.skipif(os.getuid() != 0, reason="only root can make another network")

_WAITING = "import os, sys; os.write(1, b'.'); sys.stdin.read()"


class OtherMachine(NamedTuple):
    """The other machine, and what it reaches this one by.

    Attributes:
        argv: words before a program's that run it there.
        address, address6: this machine's, as that one reaches it.
        own_address, own_address6: that one's.
    """

    argv: list[str]
    address: str
    own_address: str
    address6: str
    own_address6: str


@contextmanager
def other_machine() -> Iterator[OtherMachine]:
    """Lay the cable, until the end of the context."""
    number = os.getpid() % 65536
    block = f"10.{128 + (number >> 8) % 128}.{number & 255}"
    machine = OtherMachine([], f"{block}.1", f"{block}.2", f"fd42:{number:x}::1", f"fd42:{number:x}::2")
    names = f"ot{number:x}a", f"ot{number:x}b"
    holding = subprocess.Popen(
        ["unshare", "--net", sys.executable, "-ISc", _WAITING], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holding.stdin is not None
    assert holding.stdout is not None
    try:
        assert holding.stdout.read(1) == b"."
        inside = ["nsenter", "--net", "--target", str(holding.pid)]
        _ip([], "link", "add", names[0], "type", "veth", "peer", "name", names[1], "netns", str(holding.pid))
        here: list[str] = []
        for prefix, name, address, address6 in (
            (here, names[0], machine.address, machine.address6),
            (inside, names[1], machine.own_address, machine.own_address6),
        ):
            _ip(prefix, "link", "set", name, "up")
            _ip(prefix, "address", "add", f"{address}/24", "dev", name)
            _ip(prefix, "address", "add", f"{address6}/64", "dev", name, "nodad")
        _ip(inside, "link", "set", "lo", "up")
        yield machine._replace(argv=inside)
    finally:
        holding.stdin.close()
        holding.stdout.close()
        holding.wait(60)  # The cable goes with its end.


def _ip(prefix: list[str], *words: str) -> None:
    subprocess.run([*prefix, "ip", *words], check=True, timeout=60)
