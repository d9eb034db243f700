"""Finding, copying and exporting what chats showed: the find bar, the search, answers, prompts and commands."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest
from PySide6.QtGui import QImage, qBlue, qGreen, qRed

from gui.bridge.search import LINES_OF_CHAT
from gui.theme.tokens import TERMINAL_PADDING_PX
from tests.programs import program
from tests.support.area import Area
from tests.support.waiting import wait_until
from tests.support.windows import Window, clipboard, outlive

from .conftest import WAIT_S, NewChat, OpenWindow, chat_text, picture
from .user_actions import Mouse, command

pytestmark = pytest.mark.e2e

LINES = 2000


def selected(app: Window) -> str:
    """The selected text in the terminal."""
    app.press("ctrl+shift+c")
    return clipboard()


def go_to(app: Window, words: str, session_id: str, marked: str) -> None:
    """Search for words and press Enter at once; waits until the match is selected in its chat."""
    app.press("ctrl+shift+s", "ctrl+a")
    app.type(words)
    app.press("Return")
    wait_until(lambda: active(app) == session_id, WAIT_S, f"the chat with {words}")
    wait_until(lambda: selected(app) == marked, WAIT_S, lambda: f"{marked!r} to be marked, not {clipboard()!r}")


def test_matches_in_a_running_and_an_ended_chat_are_found_and_a_noisy_chat_hides_no_other(
    open_window: OpenWindow, new_chat: NewChat
) -> None:
    quiet = new_chat("quiet", "sh", "-c", "echo by the way; cat")
    wait_until(lambda: "by the way" in chat_text(quiet["id"]), WAIT_S, "the one line")
    ended = new_chat("ended", *program("numbered_lines", LINES))
    outlive("wait", ended["id"], "--exited")
    looked_at = new_chat("looked-at", "sh", "-c", f"seq -f 'step %g of the way' 1 {LINES}; cat")
    wait_until(lambda: f"step {LINES} of the way" in chat_text(looked_at["id"]), WAIT_S, "the last step")
    other = new_chat("other", *program("raw_echo"))
    with open_window() as app:
        app.show(other["id"])
        app.focus()
        go_to(app, '"step 777 of"', looked_at["id"], "step 777 of")
        go_to(app, "000123", ended["id"], "000123")
        # A chat that has the word 2,000 times takes a few rows: its newest lines, and the number of the others.
        go_to(app, "way", looked_at["id"], "way")
        app.press("ctrl+shift+s", *["Down"] * (LINES_OF_CHAT + 1), "Return")
        wait_until(lambda: active(app) == quiet["id"], WAIT_S, "the chat with one match")
        assert chat_text(other["id"]).strip() == "ready", "what was typed went to the sheet, and not to a chat"


def active(app: Window) -> str:
    """The id of the chat in the active tab, or ""."""
    return next((str(tab["session_id"]) for tab in app.tabs() if tab["active"]), "")


def copied(app: Window) -> str:
    app.press("ctrl+shift+c")
    return clipboard()


def test_find_begins_at_the_newest_match_enter_goes_up_and_nothing_is_typed_into_the_chat(
    open_window: OpenWindow, new_chat: NewChat
) -> None:
    chat = new_chat("steps", "sh", "-c", "seq -f 'step %g of the way' 1 2000; cat")
    wait_until(lambda: "step 2000 of" in chat_text(chat["id"]), WAIT_S, "the last step")
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        app.press("ctrl+shift+f", "alt+r")
        app.type("step 77.*way")
        # From the bottom: 779, …, 770, 77.
        app.press("Return", "Return", "shift+F3", "Escape")
        wait_until(lambda: copied(app) == "step 778 of the way", WAIT_S, lambda: f"the match, not {clipboard()!r}")
        app.type("typed")
        app.press("Return")
        wait_until(lambda: chat_text(chat["id"]).rstrip().endswith("typed"), WAIT_S, "the keys to go to the chat")
        assert chat_text(chat["id"]).count("way") == 2000


@pytest.fixture
def agent(area: Area, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Installs a program called claude that writes a record as Claude Code does."""
    programs = area.root / "bin"
    programs.mkdir()
    path = programs / "claude"
    path.write_text(f'#!/bin/sh\nexec {shlex.join(program("recording_agent"))} "$@"\n', encoding="utf-8")
    path.chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return path


def test_the_last_answer_is_copied_as_the_agent_wrote_it(agent: Path, area: Area, open_window: OpenWindow) -> None:
    chat = json.loads(outlive("new", "claude", "-d", "--json", "-n", "fix", "-C", str(area.home)))["id"]
    wait_until(lambda: "ready" in chat_text(chat), WAIT_S, "the agent")
    with open_window() as app:
        app.show(chat)
        app.wait_connected([chat])
        app.focus()

        def ask(prompt: str) -> None:
            app.type(prompt)
            app.press("Return")
            wait_until(lambda: f"answered {prompt}" in chat_text(chat), WAIT_S, "the answer")

        ask("hello")
        ask("again")
        app.press("ctrl+shift+o")
        expected = "**again** first\n\n- one\n- two"
        wait_until(lambda: clipboard() == expected, WAIT_S, lambda: f"the last answer, not {clipboard()!r}")

        ask("third")
        outlive("stop", chat)
        app.press("ctrl+shift+p")
        app.type("copy last answer")
        app.press("Return")
        expected = "**third** first\n\n- one\n- two"
        wait_until(lambda: clipboard() == expected, WAIT_S, lambda: f"the ended chat's answer, not {clipboard()!r}")


def test_the_export_is_written_to_the_chosen_path(open_window: OpenWindow, new_chat: NewChat, area: Area):
    chat = new_chat("said", *program("end_with", "0", "--text", "what was said"))
    outlive("wait", chat["id"], "--exited")
    with open_window() as app:
        app.show(chat["id"])
        app.focus()
        for suffix in ("cast", "txt", "html"):
            wanted = area.home / f"mine.{suffix}"
            command(app, "Export chat")
            app.press("ctrl+a")
            app.type(str(wanted))
            app.press("Return")
            wait_until(partial(has_text, wanted, "what was said"), WAIT_S, f"the file {wanted.name}")


def has_text(path: Path, text: str) -> bool:
    return path.exists() and text in path.read_text()


OUTPUT = "\n".join(map(str, range(1, 101)))
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


def test_keys_go_to_each_command_and_copy_its_output(open_window: OpenWindow, shell: str, area: Area):
    with open_window() as app:
        app.show(shell)
        app.wait_connected([shell])
        app.focus()
        run(app, shell, "seq 100", OUTPUT + "\n")
        run(app, shell, "true", "")
        run(app, shell, "false", "")
        run(app, shell, "echo end", "end\n")
        seen: list[str] = []

        def are_marked() -> bool:
            seen[:] = marks(app, area)
            return seen == ["quiet", "red", "quiet"]

        wait_until(are_marked, WAIT_S, lambda: f"three marks; there are {seen}")
        copied_by(app, ["ctrl+shift+Prior", "ctrl+shift+o"], "end")
        # The output of a command outside of the visible part: the fourth prompt from the end.
        copied_by(app, ["ctrl+shift+Prior"] * 3 + ["ctrl+shift+o"], OUTPUT)


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
        run(app, shell, "seq 100", OUTPUT + "\n")

        def choose(typed: str, key: str) -> None:
            command(app, "commands")
            app.type(typed)
            app.press(key)

        choose("failed", "Return")
        copied_by(app, ["ctrl+shift+o"], failure)
        choose("for", "ctrl+c")
        wait_until(lambda: clipboard() == loop, WAIT_S, lambda: f"the command; there is {clipboard()!r}")
        choose("for", "ctrl+shift+c")
        wait_until(lambda: clipboard() == f"{loop}\na\nb", WAIT_S, lambda: f"both; there is {clipboard()!r}")
        choose("for", "alt+Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"100\n$ {loop}"), WAIT_S, "the command to wait")
        app.press("Return")
        wait_until(lambda: chat_text(shell).rstrip().endswith(f"$ {loop}\na\nb\n$"), WAIT_S, "the command to run")
