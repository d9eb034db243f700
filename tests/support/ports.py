"""Ports of the loopback for servers that start later, or start again."""

from __future__ import annotations

import fcntl
import itertools
import os
import random
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

_FIRST, _EACH = 20_000, 500
"""The first port, and how many of them each of pytest's processes has for itself."""
_numbers = itertools.count(random.randrange(_EACH))


def free_port() -> int:
    """A port that nobody uses, and that no connection or other test takes until the server listens.

    The kernel gives the ports of its own range (``ip_local_port_range``) to connections of any process at any time.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    begin = _FIRST + worker * _EACH
    first_of_kernel = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert begin + _EACH <= first_of_kernel, "this machine gives these ports to connections"
    for _ in range(_EACH):
        port = begin + next(_numbers) % _EACH
        with closing(socket.socket()) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@contextmanager
def usual_port() -> Iterator[None]:
    """Be the only test of this suite that serves a page on the port that Outlive takes by itself; waits for others."""
    with Path(__file__).open(encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
