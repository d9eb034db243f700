"""The modes by which the user's input is encoded."""

from __future__ import annotations

import pytest

from session_host.protocol.values import Modifiers
from session_host.terminal import restore

from .conftest import Maker

SHIFT, ALT, CTRL, SUPER = Modifiers.SHIFT, Modifiers.ALT, Modifiers.CTRL, Modifiers.SUPER


@pytest.mark.portable_lacks("the keyboard's protocols")
def test_modify_other_keys_is_set_and_reset(make: Maker) -> None:
    emulator = make()
    for level in (1, 2):
        emulator.feed(b"\x1b[>4;%dm" % level)
        assert emulator.modes.modify_other_keys == level
    for reset in (b"\x1b[>4;0m", b"\x1b[>4m", b"\x1b[>m", b"\x1b[!p", b"\x1bc"):
        emulator.feed(b"\x1b[>4;1m" + reset)
        assert emulator.modes.modify_other_keys == 0


@pytest.mark.portable_lacks("the keyboard's protocols")
def test_the_keyboard_mode_is_recognised_however_the_bytes_are_split(make: Maker) -> None:
    emulator = make()
    for byte in b"text\x1b[>4;1m":
        emulator.feed(bytes([byte]))
    assert emulator.modes.modify_other_keys == 1
    copy = make.keep(restore(make.engine, emulator.snapshot()))
    assert copy.modes.modify_other_keys == 1
    emulator.feed(b"\x1b[!")
    emulator.feed(b"p")
    assert emulator.modes.modify_other_keys == 0


def test_a_soft_reset(make: Maker) -> None:
    emulator = make(20, 6, output="one\x1b[?1h\x1b[4h\x1b[31m\x1b[2;4r\x1b[?25l\x1b[5;3H\x1b[!p")
    assert emulator.cursor[:3] == (2, 4, True)
    assert not emulator.modes.application_cursor
    emulator.feed(b"xy\x1b[5;3HZ\x1b[6;1H\n")
    rows = emulator.rows()
    assert rows[3].text() == "  Zy"  # overwritten, not inserted; and the whole screen scrolls
    assert rows[3].runs[-1].style.foreground == -1
    assert [row.text() for row in emulator.history(0, 5)] == ["one"]
