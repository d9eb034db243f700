"""Input reaches the program completely, in order and once; nothing else does."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from session_host.client.connection import HostConnection
from session_host.client.control import request
from session_host.client.viewer import delivery
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.errors import OutliveError
from session_host.protocol.messages import EARLY_INPUT_BYTES, Attach, Attached, InputRefused, Key, Send, Typed
from session_host.protocol.values import ErrorCode, GridSize
from session_host.terminal.base import DefaultColors, EngineName
from tests.programs import Gate, program
from tests.support import processes
from tests.support.hosts import Watcher, end, peek, see, shown, start, watching
from tests.support.waiting import eventually, poll_until

pytestmark = pytest.mark.usefixtures("sessions")


async def test_a_thousand_keys_before_the_program_reads_arrive_completely_and_in_order(tmp_path: Path) -> None:
    typed = "".join(chr(ord("a") + number % 26) for number in range(1000))
    received = tmp_path / "kept"
    with Gate(tmp_path / "gate") as gate:
        record = await start(*program("early_input", received, 1000, "--gate", gate.path))
        watcher = Watcher()
        viewer = Viewer(record.id, watcher, size=GridSize(80, 24))
        viewer.start()
        for character in typed:  # The viewer is not connected yet.
            viewer.key(character, character)
        assert len(viewer.inputs) == 1000
        await watcher.until(lambda: len(viewer.inputs) == 0, "all to be acknowledged")
        gate.release()
        await eventually(received.exists, 10, "the program to have read all")
        viewer.close()
    assert received.read_bytes() == typed.encode()
    assert watcher.refusals == []


async def test_input_of_a_stale_attachment_is_refused_with_a_message() -> None:
    record = await start(*program("raw_echo", "--show"))
    async with watching(record.id) as (viewer, watcher):
        stranger = await HostConnection.open(record.id, "viewer")
        answers: asyncio.Queue[object] = asyncio.Queue()
        stranger.set_callbacks(answers.put_nowait, lambda: None)
        stranger.send_message(Key(viewer.inputs.attachment, 1, "x", "x"))
        refusal = await asyncio.wait_for(answers.get(), 60)
        assert isinstance(refusal, InputRefused)
        assert refusal.code == ErrorCode.STALE_ATTACHMENT
        assert "attach again" in refusal.message
        stranger.close()
        viewer.inputs.attachment = "of-another-time"
        viewer.key("y", "y")
        await watcher.until(lambda: bool(watcher.refusals), "the refusal")
        assert watcher.refusals[0].code == ErrorCode.STALE_ATTACHMENT
    await end(record.id)


async def test_input_repeated_after_a_reconnect_is_typed_once() -> None:
    record = await start(*program("raw_echo", "--show"))
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready")
    connection = await HostConnection.open(record.id, "viewer")
    answers: asyncio.Queue[object] = asyncio.Queue()
    connection.set_callbacks(answers.put_nowait, lambda: None)
    connection.send_message(Attach(output=False))
    attached = await _next(answers, Attached)
    for sequence in (1, 2, 3):
        connection.send_message(Typed(attached.attachment, sequence, str(sequence)))
    await _acknowledged(answers, 3)
    connection.close()
    again = await HostConnection.open(record.id, "viewer")
    more: asyncio.Queue[object] = asyncio.Queue()
    again.set_callbacks(more.put_nowait, lambda: None)
    again.send_message(Attach(output=False, resume=attached.attachment))
    resumed = await _next(more, Attached)
    assert (resumed.attachment, resumed.last_sequence) == (attached.attachment, 3)
    for sequence in (2, 3, 4):
        again.send_message(Typed(attached.attachment, sequence, str(sequence)))
    await _acknowledged(more, 4)
    again.close()
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "34>")
        typed = "".join(bytes.fromhex(line.strip("<>")).decode() for line in shown(viewer) if line.startswith("<"))
        assert typed == "1234"
    await end(record.id)


async def _next(answers: asyncio.Queue[object], kind: type[Attached]) -> Attached:
    while True:
        answer = await asyncio.wait_for(answers.get(), 60)
        if isinstance(answer, kind):
            return answer


async def _acknowledged(answers: asyncio.Queue[object], sequence: int) -> None:
    while getattr(await asyncio.wait_for(answers.get(), 60), "sequence", 0) < sequence:
        pass


async def test_a_broken_connection_neither_loses_nor_repeats_input(tmp_path: Path) -> None:
    received = tmp_path / "kept"
    record = await start(*program("early_input", received, 500))
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "reading")
        for number in range(500):
            viewer.key(chr(97 + number % 26), chr(97 + number % 26))
            if number % 100 == 50:
                viewer.connector.drop()
                await watcher.until(lambda: viewer.line.shown is not ViewerState.LIVE, "the break to be seen")
                await watcher.until(lambda: viewer.line.shown is ViewerState.LIVE, "the viewer to be back")
        await eventually(received.exists, 15, "the program to have read all")
    assert received.read_bytes() == bytes(97 + number % 26 for number in range(500))


async def test_input_over_the_limit_is_refused_not_dropped(tmp_path: Path) -> None:
    with Gate(tmp_path / "gate") as gate:
        # Until its gate opens, this program does not read; canonical mode makes the kernel's own buffer small.
        record = await start(*program("early_input", tmp_path / "kept", 1, "--gate", gate.path))
        async with watching(record.id) as (viewer, watcher):
            for _ in range(100):
                viewer.paste("x" * EARLY_INPUT_BYTES)
            await watcher.until(lambda: bool(watcher.refusals), "a refusal")
            assert watcher.refusals[0].code == ErrorCode.INPUT_FULL
        await end(record.id)


async def _has_room(session_id: str, length: int) -> bool:
    """Paste ``length`` characters; returns whether the host accepted them."""
    try:
        await request(session_id, Send(0, "x" * length, paste=True))
    except OutliveError:
        return False
    return True


async def test_a_command_with_a_refused_beginning_does_not_run(tmp_path: Path) -> None:
    """After a refused input, the host refuses further input until the viewer's user has accepted the refusal."""
    reader = (
        "import os, sys, tty; tty.setraw(0); os.write(1, b'deaf'); open(sys.argv[1]).read(1)\n"
        "while data := os.read(0, 65536): os.write(1, data.replace(b'x', b''))"
    )
    with Gate(tmp_path / "gate") as gate:
        record = await start(sys.executable, "-ISc", reader, str(gate.path))
        async with watching(record.id) as (viewer, watcher):
            await see(viewer, watcher, "deaf")
            for length in (200_000, 10_000, 400, 20, 1):
                while await _has_room(record.id, length):
                    pass
            viewer.text("rm -r all but ")
            viewer.text("this")
            await watcher.until(lambda: len(watcher.refusals) == 2, "both to be refused")
            assert [each.code for each in watcher.refusals] == [ErrorCode.INPUT_FULL, ErrorCode.HELD]
            gate.release()
            while not await _has_room(record.id, 200_000):
                pass
            viewer.text("too")
            assert watcher.refusals[-1].code == ErrorCode.HELD
            viewer.accept_refusal()
            viewer.text("well")
            await see(viewer, watcher, "well")
            assert shown(viewer)[0].rstrip() == "deafwell"
        await end(record.id)


async def _replies(tmp_path: Path, viewers: int, engine: EngineName) -> dict[str, str]:
    """The replies to a program that sends every common query while ``viewers`` viewers are attached."""
    received = tmp_path / f"{engine}-{viewers}.json"
    with Gate(tmp_path / f"gate-{engine}-{viewers}") as gate:
        record = await start(*program("query_sender", received, "--gate", gate.path), engine=engine)
        async with AsyncExitStack() as stack:
            for number in range(viewers):
                replica: EngineName = "pyte" if number == 1 else "ghostty"
                await stack.enter_async_context(watching(record.id, engine=replica, read_only=number == 2))
            gate.release(2)
            await eventually(received.exists, 30, "the program to be done")
    result = json.loads(received.read_text())
    assert result["stray"] == "", "input that answers no query"
    replies: dict[str, str] = result["replies"]
    return replies


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
async def test_each_query_is_answered_once_with_any_number_of_viewers(tmp_path: Path, engine: EngineName) -> None:
    alone = await _replies(tmp_path, 0, engine)
    for name in (
        "DA1",
        "DA2",
        "DSR",
        "CPR",
        "XTVERSION",
        "grid_size",
        "OSC_10",
        "OSC_11",
        "DECRQM_2026",
    ):
        assert alone[name], f"{name} got no answer"
        introducers = alone[name].count("\x1b[") + alone[name].count("\x1b]") + alone[name].count("\x1bP")
        assert introducers == 1, f"{name} got {alone[name]!r}"
    assert bool(alone["kitty_keyboard"]) is (engine == "ghostty")
    assert await _replies(tmp_path, 3, engine) == alone


ASK_GROUND = """
import os, sys, tty
tty.setraw(0)
for _ in range(2):
    os.write(1, b"\\x1b]11;?\\x07")
    answer = b""
    while not answer.endswith(b"\\x07"):
        answer += os.read(0, 1)
    os.write(1, b"it is " + answer[5:-1] + b" \\r\\n")
    os.read(0, 1)
"""


async def test_colour_queries_are_answered_with_the_viewers_colours() -> None:
    record = await start(sys.executable, "-ISc", ASK_GROUND)
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "it is rgb:1515/1717/1c1c")
        viewer.set_colors(DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False))
        viewer.key("x", "x")
        await see(viewer, watcher, "it is rgb:ffff/ffff/ffff")
        viewer.key("x", "x")
        await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end")


async def wait_for_echo(session_id: str, text: str) -> None:
    """Wait until the terminal's echo of what was typed is all that is shown: it comes after the acknowledgement."""
    await poll_until(lambda: peek(session_id), bool, 60, "the echo")
    assert await peek(session_id) == [text]


@pytest.fixture
def long_delivery_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 60.0)


@pytest.mark.usefixtures("long_delivery_timeout")
async def test_text_typed_before_the_viewer_connected_arrives_although_the_viewer_closes() -> None:
    record = await start("cat")
    viewer = Viewer(record.id, Watcher(), size=GridSize(80, 24))
    viewer.start()
    viewer.text("typed ahead")
    viewer.close()
    assert await viewer.delivery.wait() == 0
    await wait_for_echo(record.id, "typed ahead")
    await end(record.id)


@pytest.mark.usefixtures("long_delivery_timeout")
async def test_input_that_a_program_reads_only_after_the_viewer_closed_is_complete(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    record = await start("sh", "-c", "stty raw -echo; echo ready; read go < $0; head -c 100000 | wc -c; cat", str(gate))
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "ready")
        viewer.paste("x" * 100_000)  # The PTY buffers less than that.
        viewer.close()
        assert await viewer.delivery.wait() == 0
    gate.write_text("go\n")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "100000")
    await end(record.id)


@pytest.mark.usefixtures("long_delivery_timeout")
async def test_text_typed_just_before_its_host_is_killed_arrives_although_the_viewer_closes_at_once() -> None:
    record = await start("cat")
    async with watching(record.id) as (viewer, watcher):
        assert record.program.host_pid is not None
        processes.stop(record.program.host_pid)
        viewer.text("exit")
        viewer.close()
        os.kill(record.program.host_pid, signal.SIGKILL)  # Its end closes the connection with the text unread.
        assert await viewer.delivery.wait() == 0
    await wait_for_echo(record.id, "exit")
    assert watcher.refusals == []
    await end(record.id)


async def test_a_viewer_closed_while_its_host_hangs_reports_how_much_of_a_paste_did_not_arrive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT_S", 0.1)
    record = await start("cat")
    async with watching(record.id) as (viewer, _):
        assert record.program.host_pid is not None
        processes.stop(record.program.host_pid)
        try:
            viewer.paste("x" * 4_000_000)
            viewer.close()
            assert await viewer.delivery.wait() == 4_000_000
        finally:
            os.kill(record.program.host_pid, signal.SIGCONT)
    async with watching(record.id) as (viewer, watcher):
        viewer.text("after\r")
        await see(viewer, watcher, "after")
        assert set(shown(viewer)) == {"after"}, "no part of the paste was typed"
        viewer.close()
        assert await viewer.delivery.wait() == 0
    await end(record.id)
