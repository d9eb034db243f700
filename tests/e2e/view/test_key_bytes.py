"""Real keys of the X server: the bytes that a program reads, through the view and the engine's encoder."""

from __future__ import annotations

import subprocess

import pytest

from session_host.protocol.messages import Key
from session_host.protocol.values import KeyAction
from session_host.terminal.encode import encode_key
from tests.e2e.view.conftest import ShownView

LEGACY = {
    "a": b"a",
    "A": b"A",
    "exclam": b"!",
    "Return": b"\r",
    "Tab": b"\t",
    "BackSpace": b"\x7f",
    "Escape": b"\x1b",
    "Up": b"\x1b[A",
    "ctrl+Left": b"\x1b[1;5D",
    "F5": b"\x1b[15~",
    "Delete": b"\x1b[3~",
    "shift+Tab": b"\x1b[Z",
    "ctrl+a": b"\x01",
    "ctrl+c": b"\x03",
    "ctrl+d": b"\x04",
    "ctrl+z": b"\x1a",
    "ctrl+bracketleft": b"\x1b",
    "ctrl+backslash": b"\x1c",
    "ctrl+bracketright": b"\x1d",
    "ctrl+space": b"\x00",
    "ctrl+slash": b"\x1f",
    "ctrl+underscore": b"\x1f",
    "ctrl+at": b"\x00",
    "ctrl+asciicircum": b"\x1e",
    "alt+b": b"\x1bb",
    "alt+period": b"\x1b.",
    "alt+B": b"\x1bB",
    "alt+Return": b"\x1b\r",
    "alt+BackSpace": b"\x1b\x7f",
    "ctrl+alt+a": b"\x1b\x01",
    "KP_5": b"5",
    "KP_Enter": b"\r",
}


def typed(terminal: ShownView, keys: list[str]) -> bytes:
    """Press keys; returns the bytes that the program reads."""
    terminal.focus()
    terminal.sink.calls.clear()
    for key in keys:
        subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True, timeout=60)
    subprocess.run(["xdotool", "key", "F9"], check=True, timeout=60)
    terminal.until(lambda: ("key", "F9", "", 0, KeyAction.RELEASE) in terminal.sink.calls, "the last key")
    read = b""
    for call in terminal.sink.calls:
        if call[0] == "key" and call[1] != "F9":
            read += encode_key(Key("a", 1, *call[1:]), terminal.emulator.modes)
        elif call[0] == "text":
            read += call[1].encode()
    return read


def scrolls_back(terminal: ShownView, key: str) -> bool:
    """Press a key that scrolls back; returns whether the program receives no key."""
    terminal.focus()
    terminal.sink.calls.clear()
    subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True, timeout=60)
    terminal.until(lambda: terminal.view.scrolled_back, "the view to scroll")
    return terminal.sink.presses() == []


@pytest.mark.parametrize("key", LEGACY)
def test_a_program_reads_the_legacy_bytes_of_keys(show_view, display, key):
    terminal = show_view()
    assert typed(terminal, [key]) == LEGACY[key]


def test_application_cursor_keys(show_view, display):
    terminal = show_view()
    terminal.feed("\x1b[?1h")
    assert typed(terminal, ["Up"]) == b"\x1bOA"


@pytest.mark.parametrize(
    ("key", "read"),
    [
        ("shift+Return", b"\x1b[13;2u"),
        ("ctrl+c", b"\x1b[99;5u"),
        ("Escape", b"\x1b[27u"),
        ("ctrl+shift+p", b""),
        ("a", b"a"),
    ],
)
def test_a_program_with_the_kitty_keyboard(show_view, display, key, read):
    """Shift+Enter begins a new line in agents; the window keeps its own keys."""
    terminal = show_view()
    terminal.feed("\x1b[>1u")
    from PySide6.QtGui import QKeySequence, QShortcut

    QShortcut(QKeySequence("Ctrl+Shift+P"), terminal.view)
    assert typed(terminal, [key]) == read


def test_a_program_that_asks_for_key_releases_gets_them(show_view, display):
    terminal = show_view()
    terminal.feed("\x1b[>3u")
    read = typed(terminal, ["x"])
    assert read == b"x\x1b[120;1:3u"


def test_letters_of_other_layouts(show_view, keyboard_layout):
    keyboard_layout("fr")
    terminal = show_view()
    assert typed(terminal, ["eacute", "ccedilla", "2", "ctrl+a"]) == "éç2\x01".encode()
    keyboard_layout("ru")
    assert typed(terminal, ["Cyrillic_ef", "alt+Cyrillic_ef", "ctrl+Cyrillic_ef"]) == "ф\x1bф\x01".encode()


def test_slash_commands_on_layouts_that_need_shift_for_a_slash(show_view, keyboard_layout):
    keyboard_layout("de")
    terminal = show_view()
    terminal.feed("\x1b[>1u")
    assert typed(terminal, ["slash", "h", "question", "shift+space"]) == b"/h? "
    keyboard_layout("ru")
    assert typed(terminal, ["slash", "comma", "Cyrillic_EF"]) == "/,Ф".encode()


def test_a_program_that_asked_for_modified_keys_selects_with_them(show_view, keyboard_layout):
    terminal = show_view()
    terminal.feed("line\r\n" * 40)
    assert scrolls_back(terminal, "shift+Up")
    terminal.view.scroll_to_end()
    terminal.feed("\x1b[>1u")
    read = typed(terminal, ["shift+Up", "shift+Home", "ctrl+Insert"])
    assert read == b"\x1b[1;2A\x1b[1;2H\x1b[2;5~"
    assert not terminal.view.scrolled_back
    assert scrolls_back(terminal, "shift+Prior")
