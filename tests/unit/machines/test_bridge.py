"""The bridge's command without another machine."""

from __future__ import annotations

import asyncio
import subprocess
import threading

import pytest

from session_host.git import current_stop
from session_host.machines.bridge import Bridge
from session_host.protocol.bridge import Call, Close, Ended, Frame, OpenSession
from session_host.protocol.codec import encode
from tests.support.commands import OUTLIVE, environment


@pytest.mark.parametrize("stdout", [subprocess.PIPE, subprocess.DEVNULL])
def test_a_bridge_that_a_user_starts_by_hand_says_what_it_is_for(stdout: int) -> None:
    done = subprocess.run(
        [*OUTLIVE, "bridge", "token"],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        check=False,
    )
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


@pytest.mark.parametrize("frame", [OpenSession(1, "x"), Call(1, "list_conversations", b"")], ids=["session", "call"])
async def test_a_channel_that_fails_unexpectedly_is_answered(
    frame: Frame, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*_arguments: object) -> None:
        raise ValueError("embedded null byte")

    for name in ("call", "connect_socket"):
        monkeypatch.setattr(f"session_host.machines.bridge.{name}", fail)
    answers = asyncio.Queue[Frame]()
    bridge = Bridge()
    monkeypatch.setattr(bridge, "send", answers.put_nowait)
    bridge.data_received(encode(frame))
    why = "unexpected error (ValueError); `outlive logs` has the details"
    assert await asyncio.wait_for(answers.get(), 60) == Ended(1, "OutliveError", why)
    await bridge.close()
    assert "Traceback" in caplog.text
