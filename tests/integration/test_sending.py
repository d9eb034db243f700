"""``outlive send``: a text as a paste for programs with bracketed paste, and Enter as a key."""

from __future__ import annotations

import asyncio
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_host.client.control import request
from session_host.errors import NeedsInput, OutliveError
from session_host.protocol.messages import Send
from session_host.protocol.values import Activity
from tests.support.area import Area
from tests.support.claude_like import claude_like
from tests.support.commands import outlive
from tests.support.conversing import NO_INPUT_LINE
from tests.support.hosts import peek
from tests.support.waiting import wait_until

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


def reader(
    area: Area, tmp_path: Path, enter_after_s: float, modes: str = BRACKETED, program: str = READER
) -> tuple[str, Path]:
    """Start a chat with a program that writes each piece that it reads to a file; returns chat id and file."""
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
        f"[signals]\nenter_after_s = {enter_after_s}\n"
    )
    notes = tmp_path / "read"
    session = str(outlive("new", "fake", "--json", "--", "-ISc", program, str(notes), modes).json()["id"])
    assert outlive("wait", session, "--text", "ready", "--timeout", "60").code == 0
    return session, notes


def read(notes: Path, count: int) -> list[str]:
    wait_until(lambda: notes.exists() and len(notes.read_text().splitlines()) >= count, 10, "it to be read")
    return notes.read_text().splitlines()


def test_a_text_with_enter_is_a_paste_and_a_separate_key(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.05)

    assert outlive("send", session, "two\nlines", "--enter").code == 0

    assert read(notes, 2) == [r"b'\x1b[200~two\rlines\x1b[201~'", r"b'\r'"]


def test_a_program_without_bracketed_paste_gets_plain_text(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.0, modes="")

    assert outlive("send", session, "text", "--enter").code == 0

    assert read(notes, 1) == [r"b'text\r'"]


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


def test_texts_sent_at_the_same_time_do_not_mix(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.05)

    with ThreadPoolExecutor(2) as threads:
        done = [threads.submit(outlive, "send", session, f"text {number}", "--enter") for number in range(2)]
        assert {each.result().code for each in done} == {0}

    pieces = read(notes, 4)
    assert [each for each in pieces if each == r"b'\r'"] == pieces[1::2], pieces


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
        name = chat.record.name
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
            assert refused.code == 1, words
            assert refused.complaint() == (
                f"{name}: the chat is asking “permission prompt”; nothing was typed; answer with --key or in "
                f"`outlive attach {name}`, or send anyway with --anyway"
            )
        for words in (["--key", "Down"], ["y"], ["--enter"], ["all the same", "--enter", "--anyway"]):
            assert (await asyncio.to_thread(outlive, "send", name, *words)).code == 0, words
        shown = await asyncio.to_thread(outlive, "wait", name, "--text", "all the same", "--timeout", "60")
        assert shown.code == 0
        assert "please" not in "".join(await peek(chat.record.id))


async def test_a_dialog_that_opens_between_the_text_and_enter_is_not_answered(tmp_path: Path) -> None:
    async with claude_like(tmp_path, catalog=f"{NO_INPUT_LINE}enter_after_s = 0.7\n") as chat:
        chat.order("state busy")
        await chat.wait_for_status(Activity.WORKING, "state file")
        sending = asyncio.create_task(request(chat.record.id, Send(0, "and then", enter=True)))
        while "and then" not in await peek(chat.record.id):
            pass

        chat.order("state waiting permission prompt")

        with pytest.raises(OutliveError, match="is asking “permission prompt”; the text was typed, but not Enter"):
            await sending


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


SLOW_ECHO = """
import os, sys, time, tty
tty.setraw(0)
os.write(1, b"\\033[?2004hready\\r\\n")
with open(sys.argv[1], "a") as file:
    os.read(0, 65536)
    for number in range(8):  # The text is shown piece by piece; an Enter that comes meanwhile is a part of it.
        time.sleep(0.03)
        os.write(1, b"%d" % number)
    os.set_blocking(0, False)
    try:
        print("early", os.read(0, 65536), file=file, flush=True)
    except BlockingIOError:
        os.set_blocking(0, True)
        print("late", os.read(0, 65536), file=file, flush=True)
    os.set_blocking(0, True)
    os.read(0, 1)
"""


def test_enter_after_a_text_waits_until_the_program_has_drawn_all_of_it(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.15, program=SLOW_ECHO)

    assert outlive("send", session, "hello", "--enter").code == 0

    assert read(notes, 1) == [r"late b'\r'"]
