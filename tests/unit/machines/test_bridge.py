"""The bridge's command without another machine."""

from __future__ import annotations

import asyncio
import subprocess
import threading

import pytest

from session_host.git import current_stop
from session_host.machines.bridge import Bridge
from session_host.protocol.bridge import Call, Close
from session_host.protocol.codec import encode
from tests.support.commands import OUTLIVE, environment


@pytest.mark.parametrize("stdout", [subprocess.PIPE, subprocess.DEVNULL])
def test_a_bridge_that_a_user_starts_by_hand_says_what_it_is_for(stdout: int) -> None:
    done = subprocess.run(
        [*OUTLIVE, "bridge", "token"],
        stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment(), check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (
        2,
        "outlive: only another machine's Outlive runs this command, over ssh\n",
    )


async def test_a_list_that_the_user_has_closed_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ended = threading.Event(), threading.Event()

    def read() -> bytes:
        stop = current_stop()
        assert stop is not None
        begun.set()
        while not stop.is_set:
            ended.wait(0.001)
        ended.set()
        return b""

    monkeypatch.setattr("session_host.machines.bridge.call", lambda *_: asyncio.to_thread(read))
    bridge = Bridge()
    bridge.data_received(encode(Call(1, "list_conversations", b"")))
    await asyncio.to_thread(begun.wait)
    bridge.data_received(encode(Close(1)))
    await asyncio.to_thread(ended.wait)
    await bridge.close()
