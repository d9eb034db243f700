"""A text that an agent does not show is reported, and Enter is not pressed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from session_host.client import control
from session_host.protocol.messages import Send
from tests.support.area import Area
from tests.support.commands import outlive
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("sessions")

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


LINES = """
import os, sys, termios, time
with open(sys.argv[1], "a") as file:
    os.write(1, b"idle")
    time.sleep(0.5)
    termios.tcflush(0, termios.TCIFLUSH)
    os.write(1, b"\\r\\n> ")
    while piece := os.read(0, 65536):
        print(piece, file=file, flush=True)
"""
"""An agent that drops input while it starts for half a second, then shows its input line and reads lines."""


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


@pytest.mark.parametrize("text", ["another word", "the same text", "/compact now"])
def test_a_text_that_an_agent_drops_is_reported_and_enter_is_not_pressed(area: Area, tmp_path: Path, text: str) -> None:
    chat = SlowAgentChat(area, tmp_path / "read", "shown_within_s = 0.5\nenter_after_s = 0.05")

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


def test_a_text_for_an_agent_of_ones_own_waits_until_its_input_line_is_shown(area: Area, tmp_path: Path) -> None:
    chat = SlowAgentChat(area, tmp_path / "read", "input_line = '> '", LINES)

    assert outlive("send", chat.id, "another word", "--enter").code == 0

    assert chat.read(1) == [r"b'another word\n'"]


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
