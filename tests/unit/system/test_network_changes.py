"""A change of the network is noticed, from the kernel's own messages."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import asyncio, subprocess
from session_host.system.network_changes import NetworkChanges

async def main():
    changed = asyncio.Event()
    changes = NetworkChanges(changed.set)
    for state in ("up", "down"):
        subprocess.run(["ip", "link", "set", "lo", state], check=True)
        await asyncio.wait_for(changed.wait(), 50)
        changed.clear()
    changes.close()
    print("noticed")

asyncio.run(main())
"""


def test_a_link_that_comes_or_goes_is_noticed() -> None:
    own_network = ["unshare", "-Urn"]
    if subprocess.run([*own_network, "ip", "link"], capture_output=True, check=False).returncode:
        pytest.skip("this user may make no network of its own")
    done = subprocess.run(
        [*own_network, sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("noticed\n", "")
