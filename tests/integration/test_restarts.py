"""After a restart of the computer, chats that ran are interrupted and readable, and ended chats stay ended."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

import msgspec
import pytest

from session_host.client.sessions.last_screen import last_screen
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import StoreError
from session_host.paths import database, session_dir, session_journal
from session_host.protocol.facts import ChatFacts
from session_host.protocol.values import GridSize
from session_host.storage.store import Store
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.system.clock import now
from session_host.terminal import create, default_engine
from tests.conftest import Sessions
from tests.programs import Gate, program
from tests.support.commands import OnTerminal, new, outlive
from tests.support.hosts import end, start, watching
from tests.support.reboots import restart_computer
from tests.support.waiting import wait_for_end, wait_until

LINES = 400


def listed() -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in outlive("ls", "--all", "--json").json()}


def journal_holds(session_id: str, text: bytes) -> bool:
    return any(text in path.read_bytes() for path in session_journal(session_id).glob("*.log"))


def wait_recorded(session_id: str, text: bytes) -> None:
    wait_until(lambda: journal_holds(session_id, text), 10, f"{text!r} to be on the disk")


def test_a_running_chat_is_interrupted_by_a_restart_and_can_be_read_completely(
    sessions: Sessions, tmp_path: Path
) -> None:
    new("command", "-d", "-n", "over", "--", *program("end_with", "3", "--text", "the end"))
    wait_until(lambda: listed()["over"]["state"] == "exited", 10, "the end")
    new("command", "-d", "-n", "removed", "--", *program("end_with", "0"))
    wait_until(lambda: listed()["removed"]["state"] == "exited", 10, "the end")
    assert outlive("rm", "removed").code == 0
    with Gate(tmp_path / "gate") as gate:
        stay = program("numbered_lines", LINES, "--stay", "--gate", gate.path)
        chat = new("command", "-d", "-n", "long", "--", *stay)
        wait_recorded(chat, b"end of lines")
        before = outlive("peek", "long", "--scrollback").output
        running = listed()["long"]
        assert (running["state"], running["reason"]) == ("running", None)

        restart_computer(sessions, empty_tmp=True)

    lines = outlive("ls").output.splitlines()
    assert lines[0] == "no running chats; `outlive new AGENT` starts one"
    assert lines[1:] == ["interrupted by a restart: long; `outlive resume NAME` continues one"]
    rows = outlive("ls", "--all").output.splitlines()
    assert [("interrupted" in row, row.split()[0]) for row in rows[1:]] == [(False, "over"), (True, "long")]
    found = listed()
    assert set(found) == {"over", "long"}
    assert (found["over"]["state"], found["over"]["exit_code"], found["over"]["reason"]) == ("exited", 3, None)
    assert (found["long"]["state"], found["long"]["reason"]) == ("lost", "interrupted")
    assert str(running["created_at"]) <= str(found["long"]["ended_at"]) <= now()
    assert outlive("peek", "long", "--scrollback").output == before
    assert [f"line {number:06d}" for number in range(1, LINES + 1)] == [
        line for line in before.splitlines() if line.startswith("line ")
    ]
    assert "the end" in outlive("peek", "over").output


def test_an_interrupted_chat_keeps_its_title_also_if_its_host_was_killed_before(sessions: Sessions) -> None:
    chat = new("command", "-d", "-n", "cut", "--", "sh", "-c", r"printf '\033]2;✳ Fix the login\007'; exec cat")

    def row() -> ChatFacts:
        with Store.open(database()) as store:
            found = store.get(chat)
        assert found is not None
        return found

    wait_until(lambda: row().program.title == "✳ Fix the login", 30, "the title in the store")
    killed = row().program.host_pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: row().program.host_pid != killed, 30, "the next host in the store")

    restart_computer(sessions)

    assert listed()["cut"]["title"] == "✳ Fix the login"


def test_an_interrupted_chat_stays_interrupted_when_a_new_chat_starts(sessions: Sessions) -> None:
    new("command", "-d", "-n", "interrupted", "--", *program("raw_echo"))
    restart_computer(sessions)
    fresh = new("command", "-d", "-n", "interrupted", "--", *program("raw_echo"))
    assert [each["id"] for each in outlive("ls", "--json").json()] == [fresh]
    states = [(each["state"], each["reason"]) for each in outlive("ls", "--all", "--json").json()]
    assert states == [("lost", "interrupted"), ("running", None)]


def test_attach_send_and_wait_report_the_interrupted_chat(sessions: Sessions) -> None:
    chat = new("command", "-d", "-n", "cut", "--", *program("raw_echo"))
    wait_recorded(chat, b"ready")
    restart_computer(sessions)
    with OnTerminal("attach", "cut") as terminal:
        assert terminal.end() == 6
        text = " ".join(terminal.text().split())
    assert text == ("outlive: cut was interrupted by a restart; see its last screen with: outlive peek cut")
    assert outlive("send", "cut", "x").complaint() == "cut was interrupted by a restart"
    done = outlive("wait", "cut", "--text", "never", "--timeout", "60")
    assert (done.code, done.complaint()) == (6, "cut was interrupted by a restart while waiting for the text 'never'")
    assert outlive("wait", "cut", "--exited", "--timeout", "60").code == 0
    assert outlive("rm", "cut").code == 0
    assert listed() == {}


def test_an_interrupted_chat_without_saved_output_says_so(sessions: Sessions) -> None:
    chat = new("command", "-d", "-n", "cut", "--", *program("raw_echo"))
    wait_recorded(chat, b"ready")  # The journal begins with the first output.
    restart_computer(sessions)
    for path in session_journal(chat).iterdir():
        path.unlink()
    done = outlive("peek", "cut")
    assert done.code == 6
    assert done.complaint() == ("cut was interrupted by a restart; no screen was saved")


# ------------------------------------------------------------------ saved screen or journal


SCREEN = b"as the host kept it\r\n"


async def recorded(sessions: Sessions) -> str:
    """The id of an ended session: its journal has the text "ready", its saved screen has another text."""
    record = await start(*program("raw_echo"))
    await asyncio.to_thread(wait_recorded, record.id, b"ready")
    await end(record.id)
    await asyncio.to_thread(sessions.end_all)
    emulator = create(None, GridSize(80, 24))
    emulator.feed(SCREEN)
    save_screen(session_dir(record.id) / "screen.bin", SavedScreen.of(emulator, portable=False, offset=0))
    emulator.close()
    return record.id


def text_of(session_id: str) -> str:
    emulator = last_screen(session_id, default_engine())
    assert emulator is not None
    try:
        return "\n".join(row.text() for row in emulator.rows()).strip()
    finally:
        emulator.close()


async def test_the_saved_screen_is_shown_and_the_journal_replaces_a_missing_one(sessions: Sessions) -> None:
    session_id = await recorded(sessions)
    path = session_dir(session_id) / "screen.bin"
    assert text_of(session_id) == "as the host kept it"
    sound = path.read_bytes()
    other_build = msgspec.structs.replace(msgspec.msgpack.decode(sound, type=SavedScreen), build="ghostty-0+0")
    damaged = msgspec.structs.replace(msgspec.msgpack.decode(sound, type=SavedScreen), snapshot=b"no zlib")
    for unreadable in (msgspec.msgpack.encode(other_build), msgspec.msgpack.encode(damaged), sound[:-9], b""):
        path.write_bytes(unreadable)
        assert text_of(session_id).startswith("ready")
    path.unlink()
    assert text_of(session_id).startswith("ready")


async def test_a_missing_screen_and_journal_are_reported(sessions: Sessions) -> None:
    session_id = await recorded(sessions)
    path = session_dir(session_id) / "screen.bin"
    screen = msgspec.msgpack.decode(path.read_bytes(), type=SavedScreen)
    path.write_bytes(msgspec.msgpack.encode(msgspec.structs.replace(screen, build="ghostty-0+0")))
    shutil.rmtree(session_journal(session_id))
    with pytest.raises(StoreError, match="another engine version"):
        last_screen(session_id)
    path.unlink()
    assert last_screen(session_id) is None


async def test_modes_that_a_program_set_are_reset_in_a_screen_from_the_journal(sessions: Sessions) -> None:
    record = await start(*program("raw_echo", "--enable", "1049,1002,2004"))
    await asyncio.to_thread(wait_recorded, record.id, b"ready")
    await asyncio.to_thread(restart_computer, sessions)
    emulator = last_screen(record.id)
    assert emulator is not None
    assert not emulator.modes.bracketed_paste
    assert "ready" in emulator.rows()[0].text(), "what was shown last stays, also on the alternate screen"
    emulator.close()


@pytest.mark.parametrize(
    "agent",
    ["echo at work; exec cat", "trap 'exit 143' TERM; echo at work; while :; do read x; done"],
    ids=["it dies", "it exits"],
)
async def test_an_agent_that_a_shutdown_ends_before_its_host_is_interrupted_too(sessions: Sessions, agent: str) -> None:
    """It was "exit code 143": the host did not know yet why. Some agents handle the signal, and exit with that."""
    record = await start("sh", "-c", agent, name="one")
    wait_recorded(record.id, b"at work")
    assert record.program.host_pid is not None
    assert record.program.child_pid is not None
    async with watching(record.id) as (viewer, watcher):
        os.kill(record.program.child_pid, signal.SIGTERM)
        await watcher.until(lambda: viewer.line.shown is ViewerState.ENDED, "the agent's end")
        os.kill(record.program.host_pid, signal.SIGTERM)
    await asyncio.to_thread(wait_for_end, record.program.host_pid, 10)
    assert (listed()["one"]["state"], listed()["one"]["reason"]) == ("lost", "interrupted")


async def test_a_chat_ended_by_a_shutdown_is_interrupted_not_failed(sessions: Sessions) -> None:
    """A shutdown ends the agent by SIGTERM, as all processes; its user wants to find the chat as it was."""
    record = await start("sh", "-c", "echo at work; exec cat", name="one")
    wait_recorded(record.id, b"at work")
    assert record.program.host_pid is not None
    os.kill(record.program.host_pid, signal.SIGTERM)
    await asyncio.to_thread(wait_for_end, record.program.host_pid, 10)
    assert (listed()["one"]["state"], listed()["one"]["reason"]) == ("lost", "interrupted")
    assert "at work" in outlive("peek", "one").output
