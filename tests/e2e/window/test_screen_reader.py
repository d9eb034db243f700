"""A screen reader reads the window over a real accessibility bus, as Orca does."""

from __future__ import annotations

import base64
import time
from contextlib import suppress

import pytest

from gui.chat.content.markdown import MarkdownText
from gui.window.guide import read_chapters
from tests.e2e.window.conftest import WAIT_S, NewChat, OpenWindow, listed
from tests.support.screen_reader import BY_CHARACTER, BY_LINE, BY_WORD, Accessible, Gone, ScreenReader
from tests.support.waiting import wait_until

pytestmark = pytest.mark.e2e

NAMED = {"terminal", "push button", "page tab", "list item", "list", "text", "dialog", "check box", "radio button"}
"""Roles of accessible objects that must have a name."""
MAX_LINES = 12
RUN_IT = base64.b64encode(b"Run it?").decode()
FLOOD_LINES = 30_000
FIRST_EVENTS, EVENTS_A_S = 40, 6
"""Limits: during a flood, the interval between reports grows to a second, and a report has a few events."""


def inserted(reader: ScreenReader) -> str:
    """The text of all insertions reported so far."""
    return "".join(each.value for each in reader.heard() if each.kind == "TextChanged insert")


def spoken(program: Accessible) -> list[str]:
    """The names of the visible parts of the guide's first page, in the screen reader's reading order."""
    first = ("list", read_chapters({})[0].title)
    lists = program.found(lambda part: part if (part.role, part.name) == first else None)
    with suppress(Gone):
        return [part.name for each in lists for part in each.children() if "showing" in part.states]
    return []


def caret_line(terminal: Accessible) -> str:
    return terminal.text_at(terminal.caret, BY_LINE)


def test_a_screen_reader_reads_output_and_typed_text(new_chat: NewChat, reader: ScreenReader, open_window: OpenWindow):
    chat = new_chat("reader", "env", "PS1=$ ", "sh")
    with open_window() as app:
        app.show(chat["id"])
        app.wait_connected([chat["id"]])
        app.focus()
        program = reader.program("outlive")
        wait_until(lambda: program.shown("Terminal of reader"), WAIT_S, "the terminal")
        parts = program.found(lambda part: (part, part.role, part.name) if "showing" in part.states else None)
        assert [role for _, role, name in parts if role in NAMED and not name] == []
        [terminal] = [part for part, role, name in parts if (role, name) == ("terminal", "Terminal of reader")]
        wait_until(lambda: terminal.text() == "$ ", WAIT_S, lambda: f"the prompt; {terminal.text()!r}")
        assert terminal.caret == 2
        wait_until(lambda: {"focused", "multi line"} <= terminal.states, WAIT_S, "the focus")

        app.type("echo one two")
        wait_until(lambda: "echo one two" in inserted(reader), WAIT_S, lambda: f"what is typed; {reader.events}")
        assert caret_line(terminal) == "$ echo one two"
        assert terminal.caret == len("$ echo one two")
        assert reader.wait_for("TextCaretMoved", "").value

        reader.events.clear()
        app.press("Return")
        # The prompt may come a moment after the output, in a report of its own.
        wait_until(lambda: inserted(reader) == "\none two\n$ ", WAIT_S, lambda: f"the output; {reader.events}")
        place = reader.wait_for("TextChanged insert", "\n").first + 1
        assert terminal.text_at(place, BY_LINE) == "one two\n"
        assert terminal.text_at(place + 4, BY_WORD) == "two"
        assert terminal.text_at(place + 4, BY_CHARACTER) == "t"
        assert terminal.text() == "$ echo one two\none two\n$ "
        left, top, width, height = terminal.call("Text", "GetCharacterExtents", "iu", place + 4, 0)
        middle = (left + width // 2, top + height // 2)
        assert terminal.call("Text", "GetOffsetAtPoint", "iiu", *middle, 0) == place + 4
        assert terminal.call("Text", "SetSelection", "iii", 0, place, place + 3)
        reader.wait_for("Announcement", "Selected: one")

        app.type(f"seq {FLOOD_LINES}")
        wait_until(lambda: caret_line(terminal).endswith(f"seq {FLOOD_LINES}"), WAIT_S, "the command to be typed")
        reader.events.clear()
        began_s = time.monotonic()
        app.press("Return")
        wait_until(
            lambda: terminal.text().endswith(f"\n{FLOOD_LINES}\n$ "),
            WAIT_S,
            lambda: f"the flood's end; {terminal.text()!r}",
        )
        reader.wait_for("TextChanged insert", str(FLOOD_LINES))
        numbers = [line for line in inserted(reader).split("\n") if line.isdigit()]
        assert len(numbers) < FLOOD_LINES / 20
        assert len(reader.events) < FIRST_EVENTS + EVENTS_A_S * (time.monotonic() - began_s)
        assert all(each.value.count("\n") <= MAX_LINES for each in reader.events if each.kind == "TextChanged insert")

        app.type("printf '\\033]9;4;1;10\\007'")
        app.press("Return")
        wait_until(lambda: listed(chat["id"])["activity"] == "working", WAIT_S, "the chat to work")
        app.type("printf '\\033]9;4;0\\007'")
        app.press("Return")
        reader.wait_for("Announcement", "reader finished")
        app.type(f"clear; printf '\\033]7501;state=blocked:msg={RUN_IT}\\007'; head -c 1")
        app.press("Return")
        reader.wait_for("Announcement", "reader asks: Run it?")
        app.press("Return")
        app.type("exit 3")
        app.press("Return")
        reader.wait_for("Announcement", "reader: Ended with exit code 3")
        app.press("ctrl+shift+j")
        reader.wait_for("Announcement", "No chats need you")

        app.press("ctrl+shift+F1")
        paragraphs = [segment.text for segment in MarkdownText().segments(read_chapters({})[0].text)]
        wait_until(lambda: spoken(program)[:2] == paragraphs[:2], WAIT_S, lambda: f"the guide; {spoken(program)}")
