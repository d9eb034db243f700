"""The window shows a program's image, also after a new host, and in a window that is opened later."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage

from session_host.terminal import default_engine
from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, listed, picture, retry_until
from tests.programs import program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, outlive

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(default_engine() != "ghostty", reason="only this engine has images"),
]


def colored(app: Window, area: Area, color: int) -> QRect | None:
    """The rectangle around all pixels of a colour in a picture of the window."""
    image = QImage(str(picture(app, area, "shown"))).convertToFormat(QImage.Format.Format_RGB32)
    pixel = (color | 0xFF000000).to_bytes(4, sys.byteorder)
    pixels, step = bytes(memoryview(image.constBits())), image.bytesPerLine()
    lines = {y: pixels[y * step : (y + 1) * step] for y in range(image.height())}
    ends = {(y, line.find(pixel) // 4, line.rfind(pixel) // 4) for y, line in lines.items() if pixel in line}
    if len({(left, right) for _, left, right in ends}) != 1:
        return None
    _, left, right = next(iter(ends))
    top, bottom = min(ends)[0], max(ends)[0]
    return QRect(left, top, right - left + 1, bottom - top + 1)


def wait_for(app: Window, area: Area, color: int) -> QRect:
    """Wait for a complete rectangle of this colour, and return it."""
    found = wait_until(lambda: colored(app, area, color), WAIT_S, f"a rectangle of the colour {color:06x}")
    assert found is not None
    return found


def test_an_image_stays_where_it_is_in_the_text(open_window: OpenWindow, area: Area, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SHELL", "/bin/bash")
    (area.home / ".bashrc").write_text("PS1='$ '\n")
    chat = json.loads(outlive("new", "shell", "-d", "--json", "-n", "shell", "-C", str(area.home)))["id"]
    wait_until(lambda: chat_text(chat).rstrip().endswith("$"), WAIT_S, "the prompt")
    show = area.home / "show"
    show.write_text(f'#!/bin/sh\nexec {shlex.join(program("shown_image"))} "$@"\n')
    show.chmod(0o755)

    def run(app: Window, line: str, last: str) -> None:
        app.type(line)
        app.press("Return")
        wait_until(lambda: chat_text(chat).rstrip().endswith(f"{last}\n$"), WAIT_S, lambda: chat_text(chat))

    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()
        run(app, "./show ff0002 10 4 one", "below one")
        first = wait_for(app, area, 0xFF0002)
        run(app, "./show 00c002 20 4 two", "below two")
        second = wait_for(app, area, 0x00C002)
        assert (second.width(), second.height(), second.left()) == (2 * first.width(), first.height(), first.left())
        row = first.height() // 4
        assert second.top() - first.top() == 7 * row
        assert "_G" not in app.copy_all()
        host = listed(chat)["host_pid"]
        os.kill(host, signal.SIGKILL)
        wait_until(lambda: listed(chat)["host_pid"] not in {None, host}, WAIT_S, "another host")
        run(app, "echo again", "again")
        assert (wait_for(app, area, 0xFF0002), wait_for(app, area, 0x00C002)) == (first, second)
        run(app, "seq 60", "60")
        wait_until(lambda: colored(app, area, 0xFF0002) is None, WAIT_S, "the image to scroll away")
    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()
        # The screen comes first, the scrollback later.
        retry_until(lambda: app.press("shift+Home"), lambda: colored(app, area, 0xFF0002), "the image")
        assert (wait_for(app, area, 0xFF0002), wait_for(app, area, 0x00C002)) == (first, second)
        app.type("clear")
        app.press("Return")
        wait_until(lambda: chat_text(chat).strip() == "$", WAIT_S, lambda: chat_text(chat))
        app.press("shift+Home")
        wait_until(lambda: colored(app, area, 0xFF0002) is None, WAIT_S, "the cleared image to go")
