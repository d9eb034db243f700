"""Commands of a real shell: their marks, and ways to find, copy and repeat them by keys."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby

import pytest
from PySide6.QtGui import QImage, qBlue, qGreen, qRed

from gui.theme.tokens import TERMINAL_PADDING_PX
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard, outlive

from .conftest import WAIT_S, OpenWindow, chat_text, picture
from .user_actions import Mouse, command

pytestmark = pytest.mark.e2e

OUTPUT = "\n".join(map(str, range(1, 101)))
RED = 60
"""A pixel is red if its red channel exceeds green and blue by more than this."""


def run(app: Window, session_id: str, line: str, expected: str) -> None:
    """Type a line; wait for the end of its output and the next prompt."""
    app.type(line)
    app.press("Return")
    end = f"$ {line}\n{expected}$"
    wait_until(lambda: chat_text(session_id).rstrip().endswith(end), WAIT_S, lambda: chat_text(session_id))


def copied_by(app: Window, keys: list[str], expected: str) -> None:
    """Press keys, and wait until the clipboard has this text."""
    app.press(*keys)
    wait_until(lambda: clipboard() == expected, WAIT_S, lambda: f"{expected!r}; there is {clipboard()!r}")


def marks(app: Window, area: Area) -> list[str]:
    """The marks in the margin from top to bottom: "red" or "quiet"."""
    [page] = Mouse(app.shown()[0], 0).pages()
    image = QImage(str(picture(app, area, "margin"))).copy(page.left, page.top, TERMINAL_PADDING_PX - 1, page.height)
    rows = [tuple(image.pixel(x, y) for x in range(image.width())) for y in range(image.height())]
    [(empty, _)] = Counter(rows).most_common(1)
    found = []
    for is_mark, run in groupby(rows, lambda row: row != empty):
        if is_mark:
            most = max(qRed(each) - max(qGreen(each), qBlue(each)) for row in run for each in row)
            found.append("red" if most > RED else "quiet")
    return found


def test_commands_are_marked_gone_to_found_copied_and_run_again_by_keys(
    open_window: OpenWindow, area: Area, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("OUTLIVE_SHELL_INTEGRATION", raising=False)
    (area.home / ".bashrc").write_text("PS1='$ '\n")
    shell = json.loads(outlive("new", "shell", "-d", "--json", "-n", "shell", "-C", str(area.home)))["id"]
    wait_until(lambda: chat_text(shell).rstrip().endswith("$"), WAIT_S, "the prompt")
    loop, failure = "for x in a b; do echo $x; done", "cat: none: No such file or directory"
    with open_window() as app:
        app.show(shell)
        app.wait_connected([shell])
        app.focus()
        run(app, shell, "seq 100", OUTPUT + "\n")
        run(app, shell, loop, "a\nb\n")
        run(app, shell, "cat none", failure + "\n")
        run(app, shell, "echo end", "end\n")
        seen: list[str] = []

        def are_marked() -> bool:
            seen[:] = marks(app, area)
            return seen == ["quiet", "red", "quiet"]

        wait_until(are_marked, WAIT_S, lambda: f"three marks; there are {seen}")
        copied_by(app, ["ctrl+shift+Prior", "ctrl+shift+o"], "end")
        # The output of a command outside of the visible part: the fourth prompt from the end.
        copied_by(app, ["ctrl+shift+Prior"] * 3 + ["ctrl+shift+o"], OUTPUT)

        def choose(typed: str, key: str) -> None:
            command(app, "commands")
            app.type(typed)
            app.press(key)

        choose("failed", "Return")
        copied_by(app, ["ctrl+shift+o"], failure)
        for key, copied in (("ctrl+c", loop), ("ctrl+shift+c", f"{loop}\na\nb")):
            choose("for", key)
            wait_until(lambda: clipboard() == copied, WAIT_S, lambda: f"{copied!r}; there is {clipboard()!r}")  # noqa: B023
        choose("for", "alt+Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"end\n$ {loop}"), WAIT_S, "the command to wait")
        app.press("Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"$ {loop}\na\nb\n$"), WAIT_S, "the command to run")
