"""Selecting text with a caret and opening links by letters, by real keys of the X server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication

from gui.bridge.named_files import FilesHere
from gui.finding.query import FindQuery
from gui.terminal.by_keyboard import hints as hints_mode
from gui.terminal.finding.marked_rows import found_colors
from session_host.protocol.values import CellSize, GridSize
from tests.e2e.view.conftest import ShownView, colors_in, rgb
from tests.support.themes import DARK_TERMINAL as DARK

SELECTED = rgb(DARK.selection_background)
LABEL = found_colors(DARK)[1].background & 0xFFFFFF
MODIFIERS = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt}


class KeyReleaseCounter(QObject):
    """Counts the key releases in a view, without modifiers."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt calls it so
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent):
            self.count += event.key() not in MODIFIERS
        return False


class Typist:
    """Presses keys on the X server, and waits until the view has received them."""

    def __init__(self, terminal: ShownView) -> None:
        self.terminal = terminal
        self._releases = KeyReleaseCounter(terminal.view)
        terminal.view.installEventFilter(self._releases)
        terminal.focus()
        terminal.sink.calls.clear()

    def press(self, *keys: str) -> None:
        expected = self._releases.count + len(keys)
        subprocess.run(["xdotool", "key", "--clearmodifiers", *keys], check=True, timeout=60)
        self.terminal.until(lambda: self._releases.count >= expected, "the keys")
        self.terminal.settle()

    @property
    def caret(self) -> tuple[int, int]:
        """Column and row, in the view, of the painted caret."""
        cursor = self.terminal.view.display.surface.cursor
        assert cursor is not None
        return cursor.column, cursor.row


@pytest.fixture
def typist(show_view: Any, keyboard_layout: Any) -> Callable[..., Typist]:
    """Shows an output, and starts the mode for selecting by keyboard."""

    def make(output: str, columns: int = 60, rows: int = 12) -> Typist:
        terminal = show_view(columns, rows)
        terminal.feed(output)
        typed = Typist(terminal)
        terminal.view.modes.select()
        terminal.settle()
        return typed

    return make


def lines(first: int, last: int) -> str:
    return "".join(f"line {number} here\r\n" for number in range(first, last + 1))


def copied() -> str:
    return QGuiApplication.clipboard().text()


def test_vi_keys_select_and_copy_and_nothing_reaches_the_program(typist):
    user = typist("first words, here\r\nsecond line\r\n$ ")
    assert user.caret == (2, 2)
    user.press("k", "k", "0", "w")
    assert user.caret == (6, 0)
    user.press("v", "e")
    terminal = user.terminal
    assert terminal.emulator.selected_text() == "words"
    assert SELECTED in colors_in(terminal.cell_image(7, 0, 2))
    assert terminal.view.modes.line.title == "Selecting characters"
    user.press("o", "b")
    assert user.caret == (0, 0)
    assert terminal.emulator.selected_text() == "first words"
    user.press("V", "j", "y")
    assert copied() == "first words, here\nsecond line"
    assert terminal.view.modes.active is None
    assert not terminal.view.modes.line.is_shown
    assert terminal.emulator.selected_text() == ""
    assert terminal.sink.presses() == []
    user.press("x")
    assert terminal.sink.presses() == [("x", "x", 0)], "typing goes to the program again"


def test_arrows_and_shift_select_and_a_block_is_copied_as_a_block(typist):
    user = typist("abcdef\r\nghijkl\r\nmnopqr\r\n")
    user.press("ctrl+Home", "Right", "shift+Right", "shift+Down")
    assert user.terminal.emulator.selected_text() == "bcdef\nghi"
    user.press("ctrl+v", "Down", "Right")
    assert user.terminal.view.modes.line.title == "Selecting a block"
    user.press("Return")
    assert copied() == "bcd\nhij\nnop"


def test_the_caret_moves_through_the_scrollback_and_stays_there_while_output_arrives(typist):
    user = typist(lines(1, 40) + "$ ", rows=10)
    terminal = user.terminal
    user.press("2", "0", "k", "0", "v", "End")
    selected = terminal.emulator.selected_text()
    assert selected == "line 21 here"
    place = user.caret
    terminal.feed(lines(50, 90))
    assert (user.caret, terminal.emulator.selected_text()) == (place, selected)
    user.press("j")
    assert terminal.emulator.selected_text() == "line 21 here\nline 22 here"
    user.press("g", "G", "Escape")
    assert not terminal.view.display.scrolled_back


def test_a_view_at_the_end_does_not_scroll_away_from_the_caret_while_output_arrives(typist):
    user = typist(lines(1, 40) + "$ ", rows=10)
    user.press("k", "0")
    terminal = user.terminal
    before = terminal.cell_image(0, user.caret[1], 20)
    terminal.feed(lines(50, 52))
    assert terminal.cell_image(0, user.caret[1], 20) == before
    user.press("v", "dollar", "y")
    assert copied() == "line 40 here"
    assert terminal.sink.presses() == []


def test_an_ended_chats_screen_is_read_with_a_caret(show_view, keyboard_layout):
    terminal = show_view()
    terminal.feed("what was said\r\n")
    terminal.view.display.show_emulator(terminal.emulator)
    user = Typist(terminal)
    terminal.view.modes.select()
    terminal.settle()
    user.press("k", "0")
    plain = colors_in(terminal.cell_image(8, 5))
    assert colors_in(terminal.cell_image(0, 0)) != plain
    assert rgb(DARK.cursor) in colors_in(terminal.cell_image(0, 0)), "the caret"
    user.press("V", "y")
    assert copied() == "what was said"


def test_a_resize_and_another_screen_keep_the_caret_in_view(typist):
    user = typist(lines(1, 30), rows=10)
    user.press("5", "k", "v", "l")
    terminal = user.terminal
    terminal.emulator.resize(GridSize(40, 6), CellSize())
    terminal.feed("")
    assert user.caret[1] < 6
    terminal.feed("\x1b[?1049h\x1b[2J\x1b[Hfull screen")
    user.press("g", "v", "e", "y")
    assert copied() == "full"


def test_brackets_go_to_the_prompts_of_a_shell(typist):
    prompt = "\x1b]133;A\x07$ {}\r\n\x1b]133;C\x07"
    user = typist("".join(prompt.format(f"run {number}") + lines(1, 8) for number in range(4)), rows=10)
    user.press("bracketleft", "bracketleft", "v", "dollar")
    assert user.terminal.emulator.selected_text() == "$ run 2"
    user.press("bracketright", "dollar", "y")
    assert copied().splitlines()[-1] == "$ run 3"


def test_keys_work_by_position_on_a_layout_without_latin_letters(typist, keyboard_layout):
    user = typist("one\r\ntwo words\r\n")
    keyboard_layout("ru")
    user.press("Cyrillic_el", "0", "Cyrillic_EM", "Cyrillic_en")
    assert user.terminal.view.modes.active is None
    assert copied() == "two words"


def test_the_selection_is_copied_after_a_search_without_a_match(typist):
    user = typist("one two\r\nabc\r\n")
    finder = user.terminal.view.finder
    user.press("2", "k", "0", "v", "e")
    for text in ("abc", "zzz"):
        finder.find(FindQuery(text))
        user.terminal.settle()
    finder.end_search()
    user.press("y")
    assert copied() == "one"


def test_slash_opens_the_find_bar_and_mouse_and_pastes_end_the_mode(typist):
    user = typist("some text\r\n")
    terminal, asked = user.terminal, []
    terminal.view.findRequested.connect(lambda: asked.append(True))
    user.press("slash")
    assert asked
    terminal.click(3, 3)
    assert terminal.view.modes.active is None
    terminal.view.modes.select()
    terminal.view.pasting.paste("pasted")
    assert terminal.view.modes.active is None
    assert terminal.sink.of("paste") == [("pasted",)]


def test_letters_open_and_copy_links_paths_and_hashes(show_view, keyboard_layout, tmp_path):
    (tmp_path / "app.py").write_text("x")
    terminal = show_view(columns=40)
    terminal.view.links.files.find = FilesHere(lambda: (str(tmp_path),))
    opened: list[Any] = []
    terminal.view.links.address_opened.connect(opened.append)
    terminal.view.links.file_opened.connect(opened.append)
    address = "https://example.org/" + "long/" * 6
    terminal.feed(
        f"see {address}\r\napp.py:3:7: error\r\ngone.py:1 and/or\r\ncommit 1a2b3c4d\r\n"
        "\x1b]8;;https://e.org/x\x1b\\link\x1b]8;;\x1b\\\r\n"
    )
    user = Typist(terminal)
    hints = terminal.view.modes.hints

    def show() -> dict[str, str]:
        terminal.view.modes.show_hints()
        terminal.until(lambda: hints.labels, "the letters")
        terminal.settle()
        return dict(hints.labels)

    labels = show()
    path = str(tmp_path / "app.py")
    assert labels == {"a": "https://e.org/x", "s": "1a2b3c4d", "d": f"{path}:3:7", "f": address}
    assert LABEL in colors_in(terminal.cell_image(4, 0))
    assert LABEL not in colors_in(terminal.cell_image(0, 1, 20)), "an address that wraps counts once"
    assert LABEL not in colors_in(terminal.cell_image(0, 3, 20)), "such a file does not exist"
    user.press("f")
    assert opened == [address]
    assert hints.labels == {}
    assert LABEL not in colors_in(terminal.image())
    show()
    user.press("d")
    assert opened[1:] == [(path, 3, 7)]
    show()
    user.press("D")
    assert copied() == f"{path}:3:7"
    show()
    user.press("s")
    assert copied() == "1a2b3c4d"
    show()
    user.press("z", "Escape")
    assert terminal.view.modes.active is None
    assert len(opened) == 2
    assert terminal.sink.presses() == []


def test_a_letter_is_not_lost_while_files_are_looked_up_and_a_slow_lookup_is_not_given_up(
    show_view, keyboard_layout, monkeypatch
):
    monkeypatch.setattr(hints_mode, "LOOKUP_TIMEOUT_MS", 0)
    terminal = show_view()
    opened: list[Any] = []
    terminal.view.links.file_opened.connect(opened.append)
    lookups: list[Callable[[str], None]] = []

    def find(_name: str, answer: Callable[[str], None]) -> bool:
        lookups.append(answer)
        return True

    terminal.view.links.files.find = find
    terminal.feed("app.py:3:7: error\r\n")
    terminal.view.modes.show_hints()
    terminal.settle()
    Typist(terminal).press("a")
    assert (len(lookups), opened) == (1, [])
    lookups[0]("/there/app.py")
    terminal.settle()
    assert opened == [("/there/app.py", 3, 7)]
    assert terminal.view.modes.active is None
    assert terminal.sink.presses() == []


def test_many_links_have_two_letters_and_an_overwritten_one_has_none(show_view, keyboard_layout):
    terminal = show_view(rows=20)
    opened: list[str] = []
    terminal.view.links.address_opened.connect(opened.append)
    terminal.feed("".join(f"https://example.org/{number}\r\n" for number in range(12)))
    user = Typist(terminal)
    terminal.view.modes.show_hints()
    terminal.settle()
    hints = terminal.view.modes.hints
    by_address = {text: label for label, text in hints.labels.items()}
    first = by_address["https://example.org/0"]
    assert len(first) == 2
    terminal.feed("\x1b[12;1Hgone\x1b[K")
    assert "https://example.org/11" not in hints.labels.values()
    user.press(*first)
    assert opened == ["https://example.org/0"]


def test_link_letters_appear_at_the_scrolled_position_while_selecting(typist):
    user = typist("https://example.org/first\r\n" + lines(1, 40) + "https://example.org/last", rows=10)
    user.press("g")
    terminal = user.terminal
    terminal.view.modes.show_hints()
    terminal.settle()
    assert list(terminal.view.modes.hints.labels.values()) == ["https://example.org/first"]
    assert not terminal.view.modes.selecting.is_on


def test_a_screen_without_links_is_reported(show_view):
    terminal = show_view()
    notices: list[str] = []
    terminal.view.notice.connect(notices.append)
    terminal.feed("nothing but words")
    terminal.view.modes.show_hints()
    QApplication.processEvents()
    assert notices == ["No links, paths or hashes in view"]
    assert terminal.view.modes.active is None
