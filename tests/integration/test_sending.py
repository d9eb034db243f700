"""Typing into a chat from outside: a text as a paste where the program asked for those, and Enter as a key."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.area import Area
from tests.support.commands import outlive
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


def reader(area: Area, tmp_path: Path, enter_after_s: float, modes: str = BRACKETED) -> tuple[str, Path]:
    """A chat with a program that notes each piece that it reads; its id, and the notes."""
    directory = area.config / "agents"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "fake.toml").write_text(
        'title = "F"\nexecutable = ""\nstart = ["{python}", "{arguments}"]\nmonogram = "F"\n'
        f"[signals]\nenter_after_s = {enter_after_s}\n"
    )
    notes = tmp_path / "read"
    session = str(outlive("new", "fake", "--json", "--", "-ISc", READER, str(notes), modes).json()["id"])
    assert outlive("wait", session, "--text", "ready", "--timeout", "10").code == 0
    return session, notes


def read(notes: Path, count: int) -> list[str]:
    wait_until(lambda: notes.exists() and len(notes.read_text().splitlines()) >= count, 10, "it to be read")
    return notes.read_text().splitlines()


def test_a_text_with_enter_is_a_paste_and_a_key_of_its_own(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.05)

    assert outlive("send", session, "two\nlines", "--enter").code == 0

    assert read(notes, 2) == [r"b'\x1b[200~two\rlines\x1b[201~'", r"b'\r'"]


def test_a_program_that_did_not_ask_for_pastes_gets_none(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.0, modes="")

    assert outlive("send", session, "text", "--enter").code == 0

    assert read(notes, 1) == [r"b'text\r'"]


def test_what_drives_a_program_is_typed(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.0)

    assert outlive("send", session, "\033:wq", "--enter").code == 0

    assert read(notes, 1) == [r"b'\x1b:wq\r'"]


def test_sendings_from_several_places_do_not_mix(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 0.05)

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(outlive, "send", session, f"text {number}", "--enter") for number in range(4)]
        assert {each.result().code for each in done} == {0}

    pieces = read(notes, 8)
    assert [each for each in pieces if each == r"b'\r'"] == pieces[1::2], pieces


def test_a_host_that_is_killed_between_the_text_and_enter_loses_neither(area: Area, tmp_path: Path) -> None:
    session, notes = reader(area, tmp_path, 1.0)
    [info] = [each for each in outlive("ls", "--json").json() if each["id"] == session]

    with ThreadPoolExecutor(1) as threads:
        sending = threads.submit(outlive, "send", session, "text", "--enter")
        read(notes, 1)
        os.kill(info["host_pid"], signal.SIGKILL)
        assert sending.result().code == 0

    assert read(notes, 2) == [r"b'\x1b[200~text\x1b[201~'", r"b'\r'"]
