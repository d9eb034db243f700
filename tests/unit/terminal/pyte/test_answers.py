"""Replies and events of the pyte engine."""

from __future__ import annotations

import base64

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal.base import DefaultColors
from session_host.terminal.events import AgentState, Bell, ClipboardSet, Notification, Progress, TitleChanged
from session_host.terminal.pyte.emulator import PyteEmulator
from session_host.terminal.rows import RGB
from session_host.version import VERSION


def emulator() -> PyteEmulator:
    return PyteEmulator(GridSize(80, 24), cell=CellSize(9, 18))


_ANSWERS = {
    "\x1b[c": "\x1b[?62;22c",
    "\x1b[0c": "\x1b[?62;22c",
    "\x1bZ": "\x1b[?62;22c",
    "\x1b[>c": "\x1b[>1;0;0c",
    "\x1b[=c": "\x1bP!|00000000\x1b\\",
    "\x1b[>q": f"\x1bP>|Outlive {VERSION}\x1b\\",
    "\x1b[>0q": f"\x1bP>|Outlive {VERSION}\x1b\\",
    "\x1b[5n": "\x1b[0n",
    "\x1b[3;7H\x1b[6n": "\x1b[3;7R",
    "\x1b[3;7H\x1b[?6n": "\x1b[?3;7R",
    "\x1b[5;9r\x1b[?6h\x1b[6n": "\x1b[1;1R",
    "\x1b[?2026$p": "\x1b[?2026;2$y",
    "\x1b[?2026h\x1b[?2026$p": "\x1b[?2026;1$y",
    "\x1b[?2027$p": "\x1b[?2027;1$y",
    "\x1b[?7$p": "\x1b[?7;1$y",
    "\x1b[?31337$p": "\x1b[?31337;0$y",
    "\x1b[4$p": "\x1b[4;2$y",
    "\x1b[4h\x1b[4$p": "\x1b[4;1$y",
    "\x1b[99$p": "\x1b[99;0$y",
    "\x1b[?u": "\x1b[?0u",
    "\x1b[>5u\x1b[?u": "\x1b[?5u",
    "\x1b[>4;2m\x1b[?4m": "\x1b[>4;2m",
    "\x1b[14t": "\x1b[4;432;720t",
    "\x1b[16t": "\x1b[6;18;9t",
    "\x1b[18t": "\x1b[8;24;80t",
    "\x1b]2;secret\x07\x1b[21t": "",
    "\x1b[?996n": "\x1b[?997;1n",
    "\x1b]10;?\x07": "\x1b]10;rgb:0101/0202/0303\x07",
    "\x1b]11;?\x1b\\": "\x1b]11;rgb:0404/0505/0606\x1b\\",
    "\x1b]12;?\x1b\\": "\x1b]12;rgb:0707/0808/0909\x1b\\",
    "\x1b]10;?;?\x1b\\": "\x1b]10;rgb:0101/0202/0303\x1b\\\x1b]11;rgb:0404/0505/0606\x1b\\",
    "\x1b]11;#ff8000\x07\x1b]11;?\x07": "\x1b]11;rgb:ffff/8080/0000\x07",
    "\x1b]11;red\x07\x1b]111\x07\x1b]11;?\x07": "\x1b]11;rgb:0404/0505/0606\x07",
    "\x1b]4;1;?\x1b\\": "\x1b]4;1;rgb:f0f0/7777/7f7f\x1b\\",
    "\x1b]4;1;?;231;?\x07": "\x1b]4;1;rgb:f0f0/7777/7f7f\x07\x1b]4;231;rgb:ffff/ffff/ffff\x07",
    "\x1b]4;9;rgb:1/22/333\x07\x1b]4;9;?\x07": "\x1b]4;9;rgb:1111/2222/3333\x07",
    "\x1b]52;c;?\x07": "",
    "\x1bP$qm\x1b\\": "\x1bP1$r0m\x1b\\",
    "\x1b[1;4:3;38;2;1;2;3m\x1bP$qm\x1b\\": "\x1bP1$r0;1;4:3;38:2::1:2:3m\x1b\\",
    "\x1b[4 q\x1bP$q q\x1b\\": "\x1bP1$r4 q\x1b\\",
    "\x1b[2;5r\x1bP$qr\x1b\\": "\x1bP1$r2;5r\x1b\\",
    "\x1bP$qx\x1b\\": "\x1bP0$r\x1b\\",
    "\x1bP+q544e\x1b\\": "\x1bP1+r544e=787465726D2D323536636F6C6F72\x1b\\",
    "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\": "",
    "\x1b[?2048h": "\x1b[48;24;80;432;720t",
}


def test_each_query_is_answered_once() -> None:
    answers = {}
    for query in _ANSWERS:
        terminal = PyteEmulator(
            GridSize(80, 24), cell=CellSize(9, 18), colors=DefaultColors(0x010203, 0x040506, 0x070809)
        )
        terminal.feed(query.encode())
        answers[query] = terminal.take_replies().decode()
        assert terminal.take_replies() == b""
    assert answers == _ANSWERS


def test_a_change_of_the_colour_scheme_is_reported_on_request() -> None:
    terminal = emulator()
    terminal.set_default_colors(DefaultColors(dark=False))
    assert terminal.take_replies() == b""
    terminal.feed(b"\x1b[?2031h")
    terminal.set_default_colors(DefaultColors(dark=True))
    terminal.set_default_colors(DefaultColors(dark=True, foreground=1))
    assert terminal.take_replies() == b"\x1b[?997;1n"


def test_a_resize_is_reported_on_request() -> None:
    terminal = emulator()
    terminal.feed(b"\x1b[?2048h")
    terminal.take_replies()
    terminal.resize(GridSize(40, 10), CellSize(9, 18))
    terminal.resize(GridSize(40, 10), CellSize(9, 18))
    assert terminal.take_replies() == b"\x1b[48;10;40;180;360t"


def test_colours_set_by_the_program_are_in_the_frame() -> None:
    terminal = emulator()
    terminal.feed(b"\x1b]10;#123\x07\x1b]4;5;rgb:ff/00/80\x07")
    frame = terminal.frame()
    assert frame.foreground == RGB | 0x102030
    assert frame.palette == {5: RGB | 0xFF0080}


@pytest.mark.parametrize(
    ("sequence", "event"),
    [
        ("\x07", Bell()),
        ("\x1b]0;a\tb\x07", TitleChanged("ab")),
        ("\x1b]2;✳ Claude\x1b\\", TitleChanged("✳ Claude")),
        ("\x1b]9;done\x07", Notification("", "done")),
        ("\x1b]777;notify;Agent;it waits; now\x07", Notification("Agent", "it waits; now")),
        ("\x1b]99;;Hello\x1b\\", Notification("Hello", "")),
        ("\x1b]99;i=1:d=0;Hel\x1b\\\x1b]99;i=1:p=body;World\x1b\\", Notification("Hel", "World", "1")),
        ("\x1b]99;e=1:p=body;aGk=\x1b\\", Notification("", "hi")),
        ("\x1b]9;4;1;50\x07", Progress("running", 50)),
        ("\x1b]9;4;3\x07", Progress("indeterminate", None)),
        ("\x1b]9;4;0\x07", Progress("none", None)),
        ("\x1b]9;4;2;700\x07", Progress("error", 100)),
        ("\x1b]7501;state=blocked:kind=permission\x1b\\", AgentState("state=blocked:kind=permission")),
        ("\x1b]52;c;aGVsbG8=\x07", ClipboardSet("hello")),
    ],
)
def test_sequences_give_events(sequence: str, event: object) -> None:
    terminal = emulator()
    terminal.feed(sequence.encode())
    assert terminal.take_events() == [event]
    assert terminal.take_events() == []


def test_invalid_sequences_give_no_event() -> None:
    terminal = emulator()
    terminal.feed(
        b"\x1b]9;4;9\x07\x1b]52;c;?\x07\x1b]52;c;***\x07\x1b]777;x\x07\x1b]9;\x07\x1b]99;p=?;\x07\x1b]2;\x18\x1b]12345678;\x07"
    )
    assert terminal.take_events() == []


def test_of_too_many_events_the_oldest_are_dropped() -> None:
    terminal = emulator()
    terminal.feed(b"\x1b]2;t\x07" + b"\x07" * 1500)
    assert terminal.take_events() == [Bell()] * 1000


def test_replies_that_are_not_taken_are_bounded() -> None:
    terminal = emulator()
    for _ in range(50):
        terminal.feed(b"\x1b[c" * 10_000)
    assert len(terminal.take_replies()) < 2 * 1024 * 1024


def test_a_clipboard_write_may_be_large() -> None:
    terminal = emulator()
    text = "x" * 100_000
    terminal.feed(b"\x1b]52;c;" + base64.b64encode(text.encode()) + b"\x07")
    assert terminal.take_events() == [ClipboardSet(text)]
