"""Clearing, resets and colours are the same for all viewers and hosts, also for later ones."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
from pathlib import Path

import pytest

from session_host.client.chats.settings import remember_colors
from session_host.client.control import request
from session_host.client.viewer.viewer import Viewer, ViewerState
from session_host.paths import session_log
from session_host.protocol.messages import Describe
from session_host.protocol.values import GridSize
from session_host.terminal.base import DefaultColors, EngineName
from tests.programs import Gate, program
from tests.support.commands import outlive
from tests.support.hosts import Watcher, end, peek, see, shown, start, watching
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")


def has_no_history(viewer: Viewer) -> bool:
    return viewer.replica.emulator is not None and viewer.replica.emulator.scrollback_rows == 0


async def wait_until_cleared(viewer: Viewer, watcher: Watcher) -> None:
    await watcher.until(lambda: has_no_history(viewer), "the scrollback to be cleared")


async def wait_until_repeated(viewer: Viewer, watcher: Watcher, text: str) -> None:
    """Wait until a line is there twice: the terminal's echo, and the output of ``cat``."""
    await watcher.until(lambda: shown(viewer).count(text) == 2, f"{text!r} twice")


@pytest.mark.parametrize("engine", ["ghostty", "pyte"])
async def test_a_cleared_scrollback_is_gone_for_all_viewers_and_hosts_and_stays_in_the_recording(
    engine: EngineName, tmp_path: Path
) -> None:
    record = await start("sh", "-c", "seq 1000 1099; exec cat", engine=engine, size=GridSize(80, 24))
    async with (
        watching(record.id, engine=engine) as (first, watcher),
        watching(record.id, engine="pyte") as (second, other),
    ):
        await see(first, watcher, "1099")
        await see(second, other, "1099")
        second.replica.emulator.scroll(-10)  # type: ignore[union-attr]
        assert first.clear_terminal("scrollback")
        await wait_until_cleared(first, watcher)
        await wait_until_cleared(second, other)
        assert shown(first) == shown(second) == [str(number) for number in range(1077, 1100)]
        assert second.replica.emulator is not None
        assert second.replica.emulator.frame().scroll_offset == 0
        host = (await request(record.id, Describe(0))).facts.program.host_pid
        os.kill(host, signal.SIGKILL)
        first.text("after\r")
        await wait_until_repeated(first, watcher, "after")
        async with watching(record.id) as (late, late_watcher):
            await wait_until_repeated(late, late_watcher, "after")
            assert shown(late) == shown(first) == await peek(record.id)
            assert shown(late)[:1] != ["1000"]
    await end(record.id)
    done = await asyncio.to_thread(outlive, "export", record.id, str(tmp_path / "all.txt"))
    assert done.code == 0, done
    assert (tmp_path / "all.txt").read_text().splitlines()[:100] == [str(number) for number in range(1000, 1100)]


async def test_a_read_only_viewer_clears_nothing() -> None:
    record = await start("sh", "-c", "seq 100; exec cat")
    async with (
        watching(record.id, read_only=True) as (looker, other),
        watching(record.id) as (viewer, watcher),
    ):
        await see(viewer, watcher, "100")
        await see(looker, other, "100")
        looker.clear_terminal("scrollback")
        looker.clear_terminal("reset")
        looker.text("typed by a looker")
        await other.until(lambda: len(other.refusals) > 0, "the refusal of what it sent after that")
        viewer.text("typed\r")
        await see(viewer, watcher, "typed")
        assert shown(viewer)[0] == "1"
    await end(record.id)


async def test_a_reset_repairs_the_screen_and_lets_the_program_draw_it_again(tmp_path: Path) -> None:
    """Binary output changed the character set and began an endless string; the program's modes stay set."""
    record = await start(*program("window_size"), size=GridSize(80, 24))
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "size 80x24")
        viewer.clear_terminal("reset")
        await see(viewer, watcher, "size 79x24")
        await see(viewer, watcher, "size 80x24")
        assert viewer.replica.emulator is not None
        assert viewer.replica.emulator.size == GridSize(80, 24), "the grid keeps its size"
        assert re.sub(r"\d+x\d+$", "", shown(viewer)[0]) == "size 79x24 ", "the rest was erased"
        viewer.key("q", "q")
        await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the end")
    with Gate(tmp_path / "gate") as gate:
        script = r"printf '\033[?2004h\033[?1002h\033(0'; printf '\033Pbinary'; read x < $0; echo plain again; cat"
        record = await start("sh", "-c", script, str(gate.path))
        async with watching(record.id) as (viewer, watcher):
            await watcher.until(
                lambda: viewer.replica.emulator is not None and not viewer.replica.emulator.is_ground(), "the string"
            )
            viewer.clear_terminal("reset")
            await watcher.until(
                lambda: viewer.replica.emulator is not None and viewer.replica.emulator.is_ground(), "the reset"
            )
            os.write(gate._descriptor, b"\n")
            await see(viewer, watcher, "plain again")
            assert viewer.replica.emulator is not None
            modes = viewer.replica.emulator.modes
            assert (modes.mouse, modes.bracketed_paste) == ("button_motion", True)
            assert shown(viewer) == await peek(record.id)
        await end(record.id)


async def test_at_a_shells_prompt_a_reset_ends_the_modes_of_a_killed_program() -> None:
    record = await start("bash", "--norc", "--noprofile", "-i", overrides={"PS1": "prompt> ", "INPUTRC": "/dev/null"})
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "prompt>")
        viewer.text("printf '\\033[?1003h\\033[?1049h\\033[?25l'; echo do''ne\r")
        await see(viewer, watcher, "done")
        viewer.clear_terminal("reset")
        await watcher.until(
            lambda: viewer.replica.emulator is not None and not viewer.replica.emulator.modes.alternate_screen,
            "the primary screen",
        )
        await see(viewer, watcher, "prompt>")
        assert viewer.replica.emulator is not None
        assert (viewer.replica.emulator.modes.mouse, viewer.replica.emulator.cursor.visible) == ("none", True)
    await end(record.id)


async def test_the_scrollback_can_be_cleared_during_a_flood_of_output() -> None:
    record = await start("yes", "a line of a flood")
    async with watching(record.id) as (viewer, watcher):
        await see(viewer, watcher, "a line of a flood")
        viewer.clear_terminal("scrollback")
        log = session_log(record.id)
        await watcher.until(lambda: "cleared scrollback" in log.read_text(encoding="utf-8"), "the scrollback to go")
        offset = int(re.findall(r"cleared scrollback offset=([0-9]+)", log.read_text(encoding="utf-8"))[0])
        await watcher.until(lambda: viewer._rules.progress.now.offset > offset + 100_000, "the flood to go on")
        assert set(shown(viewer)[1:-1]) == {"a line of a flood"}
    await end(record.id)


def test_a_chat_started_without_a_window_gets_the_colours_of_the_last_window(sessions: object, tmp_path: Path) -> None:
    palette = tuple(range(0x100000, 0x100010))
    remember_colors(DefaultColors(0x1A1E24, 0xFFFFFF, 0x1A1E24, dark=False, palette=palette))
    replies = tmp_path / "told"
    expected = b"\x1b]4;1;rgb:1010/0000/0101\x1b\\\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?997;2n"
    asks = (
        r"stty raw -echo; printf '\033]4;1;?\033\\\033]11;?\033\\\033[?996n';"
        f" dd bs=1 count={len(expected)} 2>/dev/null > {shlex.quote(str(replies))}"
    )
    outlive("new", "-d", "--", "sh", "-c", asks)
    wait_until(lambda: replies.exists() and len(replies.read_bytes()) == len(expected), 10, "the replies")
    assert replies.read_bytes() == expected
