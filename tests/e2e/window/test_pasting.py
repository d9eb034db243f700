"""Pasting from the clipboard into a program."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from session_host.paths import pasted_images_dir
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, chat_text
from tests.support.area import Area
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

BEGIN, END = b"\x1b[200~", b"\x1b[201~"


def saves_its_input(path: Path) -> list[str]:
    """A program that understands bracketed pastes and saves its input."""
    return ["sh", "-c", rf"stty raw -echo; printf '\033[?2004hready'; exec cat >{path}"]


def test_five_million_characters_are_confirmed_and_arrive_as_one_paste(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    received = area.root / "received"
    chat = new_chat("reads", *saves_its_input(received))
    text = b"".join(b"line %d of what is on the clipboard\n" % number for number in range(130_000))
    assert len(text) > 5_000_000
    wait_until(lambda: "ready" in chat_text(chat["id"]), WAIT_S, "the program")
    subprocess.run(["xclip", "-selection", "clipboard"], input=text, check=True)
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+v")
        assert app.tabs()[0]["connected"], "the window has taken the key"
        assert received.read_bytes() == b"", "it asks first"
        app.press("Return")
        wait_until(lambda: received.read_bytes()[-len(END) :] == END, WAIT_S, "the end of the paste")
    assert received.read_bytes() == BEGIN + text.replace(b"\n", b"\r") + END
    subprocess.run(["xclip", "-selection", "clipboard"], input=b"", check=True)


def test_a_copied_image_is_saved_for_the_chat_and_its_name_is_pasted(
    open_window: OpenWindow, new_chat: NewChat, area: Area
):
    received = area.root / "received"
    chat = new_chat("reads", *saves_its_input(received))
    picture = area.root / "red.png"
    red = QImage(3, 2, QImage.Format.Format_RGB32)
    red.fill(0xFF0000)
    assert red.save(str(picture))
    wait_until(lambda: "ready" in chat_text(chat["id"]), WAIT_S, "the program")
    subprocess.run(["xclip", "-selection", "clipboard", "-t", "image/png", str(picture)], check=True)
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+v")
        wait_until(lambda: received.read_bytes()[-len(END) :] == END, WAIT_S, "the end of the paste")
    [name] = shlex.split(received.read_bytes().removeprefix(BEGIN).removesuffix(END).decode())
    assert QImage(name) == red
    assert Path(name).parent == pasted_images_dir(chat["id"])
    assert Path(name).stat().st_mode & 0o777 == 0o600
    subprocess.run(["xclip", "-selection", "clipboard"], input=b"", check=True)
