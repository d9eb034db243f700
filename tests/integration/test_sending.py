"""``outlive send``: a text as a paste, Enter as a key, and a report of a text that an agent does not show."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from session_host.cli.session_argument import find
from session_host.client import control
from session_host.client.control import request
from session_host.client.sessions import turn_watch
from session_host.errors import NeedsInput, StoreError
from session_host.paths import database
from session_host.protocol.events import TurnStarted
from session_host.protocol.messages import Send
from session_host.protocol.values import Activity
from tests.support.area import Area
from tests.support.commands import Done, outlive
from tests.support.conversing import claude_like
from tests.support.hosts import end, kill_host, peek, see, watching
from tests.support.ledger import turn_starts_of
from tests.support.waiting import poll_until, wait_until

pytestmark = pytest.mark.usefixtures("sessions")

READER = """
import os, sys, tty
tty.setraw(0)
os.write(1, sys.argv[2].encode() + b"ready\\r\\n")
with open(sys.argv[1], "a") as file:
    while piece := os.read(0, 65536):
        print(piece, file=file, flush=True)
"""
BRACKETED = "\033[?2004h"


def reader(area: Area, tmp_path: Path, enter_after_s: float, modes: str = BRACKETED) -> tuple[str, Path]:
    """Start a chat with a program that writes each piece that it reads to a file; returns chat id and file."""
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
        f"[signals]\nenter_after_s = {enter_after_s}\n"
    )
    notes = tmp_path / "read"
    session = str(outlive("new", "fake", "--json", "--", "-ISc", READER, str(notes), modes).json()["id"])
    assert outlive("wait", session, "--text", "ready", "--timeout", "60").code == 0
    return session, notes


def read(notes: Path, count: int) -> list[str]:
    wait_until(lambda: notes.exists() and len(notes.read_text().splitlines()) >= count, 10, "it to be read")
    return notes.read_text().splitlines()


def test_a_text_with_enter_is_a_paste_and_a_separate_key(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.05)

    assert outlive("send", session, "two\nlines", "--enter").code == 0

    assert read(notes, 2) == [r"b'\x1b[200~two\rlines\x1b[201~'", r"b'\r'"]


def test_a_standard_input_that_is_not_utf8_is_refused_instead_of_typed_with_other_characters(
    area: Area, tmp_path: Path
) -> None:
    session, notes = reader(area, tmp_path, 0.0, modes="")

    done = outlive("send", session, "-", "--enter", typed=b"rm caf\xe9\n")
    assert (done.code, done.complaint()) == (2, "standard input is not valid UTF-8 (byte 7); convert it")
    assert outlive("send", session, "-", "--enter", typed="café".encode()).code == 0

    assert read(notes, 1) == [r"b'caf\xc3\xa9\r'"]


def test_a_text_with_control_characters_is_typed_not_pasted(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.0)

    assert outlive("send", session, "\033:wq", "--enter").code == 0

    assert read(notes, 1) == [r"b'\x1b:wq\r'"]


def test_a_host_killed_between_the_text_and_enter_loses_neither(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 1.0)
    [info] = [each for each in outlive("ls", "--json").json() if each["id"] == session]

    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(outlive, "send", session, "text", "--enter")
        read(notes, 1)
        os.kill(info["host_pid"], signal.SIGKILL)
        assert sending.result().code == 0

    assert read(notes, 2) == [r"b'\x1b[200~text\x1b[201~'", r"b'\r'"]


async def test_text_sent_to_an_open_permission_dialog_does_not_answer_it(tmp_path: Path) -> None:
    async with claude_like(tmp_path) as chat:
        name = chat.record.entry.name
        chat.order("state waiting permission prompt")
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file", "permission prompt")

        for words in (
            ["no please wait", "--enter"],
            ["no please wait"],
            ["y", "--enter"],
            ["y", "--key", "Enter"],
            ["y", "--paste"],
            ["two\nlines"],
        ):
            refused = await asyncio.to_thread(outlive, "send", name, *words)
            assert refused.code == 9, words
            assert refused.complaint() == (
                f"{name}: the chat is asking “permission prompt”; nothing was typed; answer with --key or in "
                f"`outlive attach {name}`, or send anyway with --anyway"
            )
        for words in (["--key", "Down"], ["y"], ["--enter"], ["all the same", "--enter", "--anyway"]):
            assert (await asyncio.to_thread(outlive, "send", name, *words)).code == 0, words
        shown = await asyncio.to_thread(outlive, "wait", name, "--text", "all the same", "--timeout", "60")
        assert shown.code == 0
        assert "please" not in "".join(await peek(chat.record.id))


async def test_a_prompt_about_which_the_agent_asks_at_once_begins_a_turn(tmp_path: Path) -> None:
    """A fresh Claude Code has no file of its state until its first turn, and may first report a question in it."""
    async with claude_like(tmp_path) as chat:
        name, session = chat.record.entry.name, chat.record.id
        chat.order("hook SessionStart")
        await chat.wait_for_status(Activity.IDLE, "hook")
        # A question that the agent asks by itself begins no turn.
        chat.order("state waiting permission prompt")
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        assert turn_starts_of(session) == []
        followed = await asyncio.to_thread(outlive, "answer", name, "--follow")
        assert followed.code == 1

        sending = asyncio.create_task(asyncio.to_thread(outlive, "send", name, "clean up", "--enter"))
        await poll_until(lambda: peek(session), lambda rows: "took clean up" in rows, 60, "Enter to be taken")
        chat.order("state waiting permission prompt")
        await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
        assert (sent := await sending).code == 0, sent.error

        followed = await asyncio.to_thread(outlive, "answer", name, "--follow")
        assert followed.code == 9, followed.error
        assert "permission prompt" in followed.error
        assert turn_starts_of(session) == [TurnStarted(turn=1, by="command")]
        for status in ("busy", "waiting permission prompt", "busy", "idle"):
            chat.order(f"state {status}")
        await chat.wait_for_status(Activity.IDLE, "state file")
    assert turn_starts_of(session) == [TurnStarted(turn=1, by="command")]


async def test_an_answer_is_not_read_from_a_ledger_that_lacks_what_the_host_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk takes an event long after the chat's status has changed."""
    async with claude_like(tmp_path) as chat:
        name = chat.record.entry.name
        chat.order("state busy")
        await chat.wait_for_status(Activity.WORKING, "state file")
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        await poll_until(chat.description, lambda described: not described.host.unsaved_event, 60, "both to be saved")
        with closing(sqlite3.connect(database(), isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            chat.order("state waiting permission prompt")
            await chat.wait_for_status(Activity.NEEDS_INPUT, "state file")
            followed = await asyncio.to_thread(outlive, "answer", name, "--follow")
            assert followed.code == 9, followed.error
            monkeypatch.setattr(turn_watch, "_SAVED_WITHIN_S", 0.0)
            info = await asyncio.to_thread(find, name)
            assert info.host is not None
            info.host = replace(info.host, unsaved=b"")  # as of version 0.1.0
            with pytest.raises(StoreError, match="newest events are not recorded"):
                turn_watch.TurnWatch(info)
            other.execute("COMMIT")


async def test_a_question_in_the_agents_file_refuses_a_text_at_once(tmp_path: Path) -> None:
    """The host reads the agent's file before it types, and does not rely on the notification of the change."""
    async with claude_like(tmp_path) as chat:
        chat.order("state idle")
        await chat.wait_for_status(Activity.IDLE, "state file")
        [file] = (Path.home() / ".claude/sessions").glob("*.json")
        for _ in range(20):
            chat.order("state waiting permission prompt")
            while b"waiting" not in file.read_bytes():
                pass
            with pytest.raises(NeedsInput):
                await request(chat.record.id, Send(0, "hello", enter=True))
            chat.order("state idle")
            await chat.wait_for_status(Activity.IDLE, "state file")


NOT_READY = "the agent does not show the text; it may not be ready, so check it and send again"

PROGRAM = """
import os, sys, tty
tty.setraw(0)
os.write(1, b"\\033[?2004h> the same text\\r\\nstarting\\r\\nidle")
is_ready = False
with open(sys.argv[1], "a") as file:
    while piece := os.read(0, 65536):
        print(piece, file=file, flush=True)
        if piece == b"!":
            is_ready = True
            os.write(1, b"\\r\\nready")
        elif is_ready:
            os.write(1, b"\\r\\n> " + piece.replace(b"\\033[200~", b"").replace(b"\\033[201~", b""))
        else:
            os.write(1, b"\\033[5;1Hstill starting")
"""
"""An agent that ignores texts and shows that it is starting until it reads "!"; then it shows each text after "> "."""


STARTING = """
import os, sys, termios, time, tty
os.write(1, b"idle")
time.sleep(0.5)
tty.setraw(0, termios.TCSAFLUSH)
os.write(1, b"\\033[?2004h")
with open(sys.argv[1], "a") as file:
    while piece := os.read(0, 65536):
        print(piece, file=file, flush=True)
        os.write(1, b"\\r\\n> " + piece)
"""
"""An agent that starts for half a second and drops input meanwhile, as Gemini CLI does after a folder was trusted."""


class SlowAgentChat:
    """A chat with an agent that is not ready before ``make_ready``."""

    def __init__(self, area: Area, notes: Path, signals: str, program: str = PROGRAM) -> None:
        directory = area.config / "agents"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "slow.toml").write_text(
            'title = "S"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "S"\n'
            f"[signals]\n{signals}\n"
        )
        self.notes = notes
        self.id = str(outlive("new", "slow", "--json", "--", "-ISc", program, str(notes)).json()["id"])
        self.sees("idle")

    def sees(self, text: str) -> None:
        assert outlive("wait", self.id, "--text", text, "--timeout", "60").code == 0

    def make_ready(self) -> None:
        assert outlive("send", self.id, "--key", "!").code == 0
        self.sees("ready")

    def read(self, count: int) -> list[str]:
        """Wait until the agent has read ``count`` pieces; returns all pieces that it has read."""
        wait_until(lambda: len(self.notes.read_text().splitlines()) >= count, 10, "it to be read")
        return self.notes.read_text().splitlines()


@pytest.mark.parametrize("text", ["the same text", "/compact now"])
def test_a_text_that_an_agent_drops_is_reported_and_enter_is_not_pressed(area: Area, tmp_path: Path, text: str) -> None:
    chat = SlowAgentChat(area, tmp_path / "read", "shown_within_s = 4.0\nenter_after_s = 0.05")

    for words, after in ((["--enter"], "; Enter was not pressed"), ([], "")):
        dropped = outlive("send", chat.id, text, *words)
        assert dropped.code == 1
        assert dropped.complaint() == NOT_READY + after
    chat.make_ready()
    assert outlive("send", chat.id, text, "--enter").code == 0

    paste = f"b'\\x1b[200~{text}\\x1b[201~'"
    assert chat.read(5) == [paste, f"b'{text}'", "b'!'", paste, r"b'\r'"]


def test_a_text_for_a_starting_agent_waits_until_it_reads_its_terminal(area: Area, tmp_path: Path) -> None:
    """The kernel's echo of the text does not count as the agent's output."""
    chat = SlowAgentChat(area, tmp_path / "read", "shown_within_s = 6.0\nenter_after_s = 0.05", STARTING)

    assert outlive("send", chat.id, "another word", "--enter").code == 0

    assert chat.read(2) == [r"b'\x1b[200~another word\x1b[201~'", r"b'\r'"]


@pytest.mark.parametrize(
    "words",
    [["--anyway", "a word", "--enter"], ["a word", "--key", "Escape"], ["\033:wq", "--enter"], ["y"]],
)
def test_keys_are_sent_without_waiting_for_the_screen(area: Area, tmp_path: Path, words: list[str]) -> None:
    chat = SlowAgentChat(area, tmp_path / "read", "shown_within_s = 600.0")

    assert outlive("send", chat.id, *words).code == 0


async def test_send_waits_for_its_turn_behind_other_texts(
    area: Area, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command must not take a slow host for hung, since it would then send the text twice."""
    chat = SlowAgentChat(area, tmp_path / "read", "shown_within_s = 0.4")
    monkeypatch.setattr(control, "REPLY_TIMEOUT_S", 0.3)

    sent = [control.request(chat.id, Send(0, f"text {number}", enter=True)) for number in range(3)]

    for each in await asyncio.gather(*sent, return_exceptions=True):
        assert "does not show the text" in str(each)


def test_a_program_without_echo_gets_text_and_enter(tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    session = outlive("new", "--json", "--", "sh", "-c", f"stty -echo; echo ready; cat > {typed}").json()["id"]
    assert outlive("wait", session, "--text", "ready", "--timeout", "60").code == 0

    assert outlive("send", session, "a password", "--enter").code == 0

    wait_until(lambda: typed.read_text() == "a password\n", 5, "the password")


async def test_a_text_with_enter_does_not_join_what_stands_at_a_shells_prompt(tmp_path: Path) -> None:
    """The shell ran `echo Aecho B`, and the exit code was 0."""
    (tmp_path / ".bashrc").write_text("PS1='ready> '\n")
    started = await asyncio.to_thread(
        outlive, "new", "shell", "-d", "--json", "-n", "sh", "-e", "SHELL=/bin/bash", "-e", f"HOME={tmp_path}"
    )
    chat = started.json()["id"]

    async def send(*words: str) -> Done:
        return await asyncio.to_thread(outlive, "send", "sh", *words)

    async with watching(chat) as (viewer, watcher):
        await see(viewer, watcher, "ready>")
        viewer.text("echo A")
        await see(viewer, watcher, "echo A")
        refused = await send("echo B", "--enter")
        assert refused.code == 12
        assert "nothing was typed; --anyway types it there all the same" in refused.complaint()
        await kill_host(chat)
        assert (await send("echo B", "--enter")).code == 12, "the next host knows it, too"
        assert (await send("--key", "Ctrl+u")).code == 0
        assert (await send("echo ")).code == 0
        assert (await send("B$((1+1))", "--enter")).code == 0, "a line is built in two sends"
        await see(viewer, watcher, "B2")
        viewer.text("cat\r")
        viewer.text("typed-")
        await see(viewer, watcher, "typed-")
        joined = await send("ahead", "--enter")
        assert joined.code == 0
        assert "whether its input line was empty is not known" in joined.error
        await see(viewer, watcher, "typed-ahead")
    await end(chat)
