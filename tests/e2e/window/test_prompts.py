"""Keys that go to a shell's prompts and copy a command's output; the marks in the margin."""

from __future__ import annotations

import json
from collections import Counter
from itertools import groupby

import pytest
from PySide6.QtGui import QImage, qBlue, qGreen, qRed

from gui.theme.tokens import TERMINAL_PADDING_PX
from tests.e2e.window.conftest import WAIT_S, OpenWindow, chat_text, picture
from tests.e2e.window.user_actions import Mouse, command
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard, outlive

pytestmark = pytest.mark.e2e

LINES = "\n".join(map(str, range(1, 101)))
RED = 60
"""A pixel is red if its red channel exceeds green and blue by more than this."""


@pytest.fixture
def shell(area: Area, monkeypatch: pytest.MonkeyPatch, open_window: OpenWindow) -> str:
    """The id of a chat with bash and its shell integration, as users have it."""
    monkeypatch.setenv("SHELL", "/bin/bash")
    monkeypatch.delenv("OUTLIVE_SHELL_INTEGRATION", raising=False)
    (area.home / ".bashrc").write_text("PS1='$ '\n")
    session = json.loads(outlive("new", "shell", "-d", "--json", "-n", "shell", "-C", str(area.home)))
    session_id: str = session["id"]
    wait_until(lambda: chat_text(session_id).rstrip().endswith("$"), WAIT_S, "the prompt")
    return session_id


def run(app: Window, session_id: str, line: str, expected: str) -> None:
    """Type a line; wait for the end of its output and the next prompt."""
    app.type(line)
    app.press("Return")
    end = f"$ {line}\n{expected}$"
    wait_until(lambda: chat_text(session_id).rstrip().endswith(end), WAIT_S, lambda: chat_text(session_id))


def copied(app: Window, keys: list[str], expected: str) -> None:
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


def test_keys_go_to_each_command_and_copy_its_output(open_window: OpenWindow, shell: str, area: Area):
    with open_window() as app:
        app.show(shell)
        app.wait_connected([shell])
        app.focus()
        run(app, shell, "seq 100", LINES + "\n")
        run(app, shell, "true", "")
        run(app, shell, "false", "")
        run(app, shell, "echo end", "end\n")
        seen: list[str] = []

        def are_marked() -> bool:
            seen[:] = marks(app, area)
            return seen == ["quiet", "red", "quiet"]

        wait_until(are_marked, WAIT_S, lambda: f"three marks; there are {seen}")
        copied(app, ["ctrl+shift+Prior", "ctrl+shift+o"], "end")
        # The output of a command outside of the visible part: the fourth prompt from the end.
        copied(app, ["ctrl+shift+Prior"] * 3 + ["ctrl+shift+o"], LINES)


def test_a_command_that_failed_is_found_in_the_list_and_one_is_copied_and_run_again(
    open_window: OpenWindow, shell: str
):
    with open_window() as app:
        app.show(shell)
        app.wait_connected([shell])
        app.focus()
        loop, failure = "for x in a b; do echo $x; done", "cat: none: No such file or directory"
        run(app, shell, loop, "a\nb\n")
        run(app, shell, "cat none", failure + "\n")
        run(app, shell, "seq 100", LINES + "\n")

        def choose(typed: str, key: str) -> None:
            command(app, "commands")
            app.type(typed)
            app.press(key)

        choose("failed", "Return")
        copied(app, ["ctrl+shift+o"], failure)
        choose("for", "ctrl+c")
        wait_until(lambda: clipboard() == loop, WAIT_S, lambda: f"the command; there is {clipboard()!r}")
        choose("for", "ctrl+shift+c")
        wait_until(lambda: clipboard() == f"{loop}\na\nb", WAIT_S, lambda: f"both; there is {clipboard()!r}")
        choose("for", "alt+Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"100\n$ {loop}"), WAIT_S, "the command to wait")
        app.press("Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"$ {loop}\na\nb\n$"), WAIT_S, "the command to run")
