"""Sequences that agents and shells do not use, so that the other engine lacks them."""

from __future__ import annotations

import pytest

from session_host.protocol.values import GridSize
from session_host.terminal import create, restore
from session_host.terminal.base import DefaultColors, Emulator
from session_host.terminal.clearing import reset_after_exit

COLORS = DefaultColors(0x112233, 0x445566, 0x778899)


def made(output: str) -> Emulator:
    emulator = create("ghostty", GridSize(40, 10), colors=COLORS)
    emulator.feed(output.encode())
    return emulator


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        (
            "\x1b]21;foreground=?;background= ?;cursor=?\x07",
            "\x1b]21;foreground=rgb:11/22/33;background=rgb:44/55/66;cursor=rgb:77/88/99\x07",
        ),
        ("\x1b]21;1=#102030;1=?;no=?;256=?;selection_background=?\x1b\\", "\x1b]21;1=rgb:10/20/30\x1b\\"),
        (
            "\x1b]21;cursor=#102030\x1b\\\x1b]12;?\x07\x1b]21;cursor=;cursor=?\x07",
            "\x1b]12;rgb:1010/2020/3030\x07\x1b]21;cursor=rgb:77/88/99\x07",
        ),
        ("\x1b]21;no=?\x07", ""),
        ("\x1b[?69h\x1b[3;9s\x1bP$qs\x1b\\", "\x1bP1$r3;9s\x1b\\"),
        ('\x1bP$q"q\x1b\\\x1b[1"q\x1bP$q"q\x1b\\', '\x1bP1$r0"q\x1b\\\x1bP1$r1"q\x1b\\'),
    ],
)
def test_settings_are_reported(query: str, reply: str) -> None:
    emulator = made(query)
    assert emulator.take_replies() == reply.encode()
    emulator.close()


def test_a_program_sets_the_mouse_pointer_of_its_screen() -> None:
    emulator = made("\x1b]22;hand2\x07\x1b[?1049h")
    assert emulator.modes.pointer_shape == ""
    emulator.feed(b"\x1b]22;>wait,cross")
    emulator.feed(b"hair\x1b\\\x1b]22;?__current__,pointer,no-such,xterm,__grabbed__\x07")
    assert emulator.take_replies() == b"\x1b]22;crosshair,1,0,1,default\x1b\\"
    copies = [restore("ghostty", emulator.snapshot()), made(emulator.replay().decode())]
    for same in (emulator, *copies):
        assert same.modes.pointer_shape == "crosshair"
        same.feed(b"\x1b]22;<\x07")
        assert same.modes.pointer_shape == "wait"
        same.feed(b"\x1b[?1049l")
        assert same.modes.pointer_shape == "pointer"
    reset_after_exit(emulator)
    copies[0].feed(b"\x1bc")
    copies[1].feed(b"\x1b]22;no-such\x07")
    assert {same.modes.pointer_shape for same in (emulator, *copies)} == {""}
    for same in (emulator, *copies):
        same.close()


@pytest.mark.parametrize(
    ("output", "rows"),
    [
        ("\x1b[3;6r\x1b[?6h\x1b[2;4H\x1b7\x1b[?6l\x1b[H", ["", "", "", "   saved"]),
        ("\x1b[?69h\x1b[5;9s\x1b[1;5Habc\x1b]133;A\x07\x1b7", ["    abc", "    saved"]),
        ("\x1b[?1045h\x1b[1;3H\x1b[3D\x1b[40D\x1b7", [""] * 8 + [" " * 39 + "s", "aved"]),
    ],
)
def test_margins_and_wraps_backwards_survive_a_copy(output: str, rows: list[str]) -> None:
    emulator = made(output)
    for same in (emulator, restore("ghostty", emulator.snapshot()), made(emulator.replay().decode())):
        same.feed(b"\x1b8saved")
        assert [row.text() for row in same.rows()][: len(rows)] == rows
        same.close()
