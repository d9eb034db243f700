"""Replies to the program, and the events, modes and cursor that a program sets."""

from __future__ import annotations

import pytest

from session_host.protocol.values import CellSize, GridSize
from session_host.terminal import restore
from session_host.terminal.base import CursorShape, DefaultColors
from session_host.terminal.events import AgentState, Bell, ClipboardSet, Notification, Progress, TitleChanged
from session_host.version import VERSION
from tests.support.emulators import texts

from .conftest import Maker

DA1 = {"ghostty": "\x1b[?62;4;22c", "pyte": "\x1b[?62;22c"}
"""The replies to primary device attributes; 4 is sixel, since only one engine has images."""

KEYBOARD = pytest.mark.portable_lacks("the keyboard's protocols")
SET_COLORS = pytest.mark.portable_lacks("colours that a program sets")

COLORS = DefaultColors(foreground=0x112233, background=0x445566, cursor=0x778899)


@pytest.mark.parametrize(
    ("query", "reply"),
    [
        ("\x1b[c", "DA1"),
        ("\x1b[0c", "DA1"),
        ("\x1b[5n", "\x1b[0n"),
        ("\x1b[3;5H\x1b[6n", "\x1b[3;5R"),
        ("\x1b[3;5H\x1b[?6n", "\x1b[?3;5R"),
        # With origin mode, the position is that in the margins.
        ("\x1b[3;8r\x1b[?6h\x1b[2;4H\x1b[?6n\x1b[6n", "\x1b[?2;4R\x1b[2;4R"),
        ("\x1b[?2004$p", "\x1b[?2004;2$y"),
        ("\x1b[?2004h\x1b[?2004$p", "\x1b[?2004;1$y"),
        ("\x1b[?2026$p", "\x1b[?2026;2$y"),
        ("\x1b[?2027$p", "\x1b[?2027;1$y"),
        ("\x1b[?7$p", "\x1b[?7;1$y"),
        ("\x1b[?31999$p", "\x1b[?31999;0$y"),
        ("\x1b]10;?\x07", "\x1b]10;rgb:1111/2222/3333\x07"),
        ("\x1b]11;?\x1b\\", "\x1b]11;rgb:4444/5555/6666\x1b\\"),
        ("\x1b]12;?\x07", "\x1b]12;rgb:7777/8888/9999\x07"),
        pytest.param("\x1b]11;#010203\x07\x1b]11;?\x07", "\x1b]11;rgb:0101/0202/0303\x07", marks=SET_COLORS),
        ("\x1b]10;?;?\x1b\\", "\x1b]10;rgb:1111/2222/3333\x1b\\\x1b]11;rgb:4444/5555/6666\x1b\\"),
        pytest.param("\x1b]11;#f00\x07\x1b]111\x07\x1b]11;?\x07", "\x1b]11;rgb:4444/5555/6666\x07", marks=SET_COLORS),
        pytest.param("\x1b]4;9;rgb:1/22/333\x07\x1b]4;9;?\x07", "\x1b]4;9;rgb:1111/2222/3333\x07", marks=SET_COLORS),
        ("\x1b[?2048h", "\x1b[48;10;40;160;320t"),
        pytest.param("\x1b]4;1;#a0b0c0\x07\x1b]4;1;?\x07", "\x1b]4;1;rgb:a0a0/b0b0/c0c0\x07", marks=SET_COLORS),
        ("\x1b]7501;?\x07", "\x1b]7501;?\x1b\\"),
        # Programs take the reply to DA1 for the end of the other replies.
        ("\x1b]7501;?:later=1\x1b\\\x1b[c", "\x1b]7501;?\x1b\\DA1"),
        ("\x1b]99;i=q:p=?;\x1b\\", "\x1b]99;i=q:p=?;a=focus:o=unfocused:p=title,body\x1b\\"),
        ("\x1b]99;p=?;\x07", "\x1b]99;i=0:p=?;a=focus:o=unfocused:p=title,body\x1b\\"),
        # The program reads the id as input, so the id has no characters with a meaning there.
        ("\x1b]99;i=a b|\tc$.+-_:p=?;\x07", "\x1b]99;i=abc.+-_:p=?;a=focus:o=unfocused:p=title,body\x1b\\"),
        ("\x1b[?996n", "\x1b[?997;1n"),
        pytest.param("\x1b[?u", "\x1b[?0u", marks=KEYBOARD),
        pytest.param("\x1b[>5u\x1b[?u", "\x1b[?5u", marks=KEYBOARD),
        ("\x1b[>q", f"\x1bP>|Outlive {VERSION}\x1b\\"),
        ("\x1b[?12$p\x1b[2 q\x1b[?12$p", "\x1b[?12;1$y\x1b[?12;2$y"),
        # DECREQTPARM is not answered, as by kitty, foot and Ghostty.
        ("\x1b[x\x1b[0x\x1b[1x", ""),
        pytest.param(
            "\x1b[?4m\x1b[>4;2m\x1b[?4m\x1b[>4;1m\x1b[?4m\x1b[>4m\x1b[?4m",
            "".join(f"\x1b[>4;{n}m" for n in (0, 2, 1, 0)),
            marks=KEYBOARD,
        ),
        pytest.param(
            "\x1b[>4;2m\x1b[!p\x1b[?4m\x1b[>4;2m\x1bc\x1b[?4;1m\x1b[?1m", "\x1b[>4;0m\x1b[>4;0m", marks=KEYBOARD
        ),
        ("\x1b[14t", "\x1b[4;160;320t"),
        ("\x1b[16t", "\x1b[6;16;8t"),
        ("\x1b[18t", "\x1b[8;10;40t"),
    ],
)
def test_a_query_has_one_reply(make: Maker, query: str, reply: str) -> None:
    emulator = make(colors=COLORS, output=query)
    assert emulator.take_replies() == reply.replace("DA1", DA1[make.engine]).encode()
    assert emulator.take_replies() == b""
    assert texts(emulator) == [""] * 10


def test_a_terminal_replies_with_its_configured_name(make: Maker) -> None:
    emulator = make()
    emulator.identify("ghostty 1.2")
    emulator.feed(b"\x1b[>q\x1bc\x1b[>q")
    assert emulator.take_replies() == b"\x1bP>|ghostty 1.2\x1b\\" * 2


def test_secondary_attributes_have_one_reply(make: Maker) -> None:
    assert make(output="\x1b[>c").take_replies().count(b"\x1b[>") == 1


@pytest.mark.parametrize(
    "output",
    [
        "\x1b]2;rm -rf x\x07\x1b[21t",
        "\x1b]52;c;?\x07",
        "\x1b]52;p;?\x1b\\",
        "\x05",
        "text",
        "\x1b[99;99n",
    ],
)
def test_unsafe_and_unknown_queries_have_no_reply(make: Maker, output: str) -> None:
    assert make(output=output).take_replies() == b""


def test_replies_come_in_the_order_of_the_queries(make: Maker) -> None:
    emulator = make(output="\x1b[6nab\x1b[6n\x1b[5n")
    assert emulator.take_replies() == b"\x1b[1;1R\x1b[1;3R\x1b[0n"
    for byte in b"\x1b[?6nab\x1b[6n\x1b[?6n":
        emulator.feed(bytes([byte]))
    assert emulator.take_replies() == b"\x1b[?1;3R\x1b[1;5R\x1b[?1;5R"


def test_the_new_size_is_reported_only_when_a_program_asks(make: Maker) -> None:
    emulator = make()
    emulator.resize(GridSize(50, 12), CellSize(8, 16))
    assert emulator.take_replies() == b""
    emulator.feed(b"\x1b[18t")
    assert emulator.take_replies() == b"\x1b[8;12;50t"


def test_a_change_of_colour_scheme_is_reported_to_programs_that_asked(make: Maker) -> None:
    emulator = make()
    emulator.set_default_colors(DefaultColors(dark=False))
    assert emulator.take_replies() == b""
    emulator.feed(b"\x1b[?2031h")
    emulator.take_replies()
    emulator.set_default_colors(DefaultColors(dark=True, background=0x010203))
    assert emulator.take_replies() == b"\x1b[?997;1n"
    emulator.feed(b"\x1b]11;?\x07")
    assert emulator.take_replies() == b"\x1b]11;rgb:0101/0202/0303\x07"


@SET_COLORS
def test_a_program_that_asks_for_the_sixteen_colours_gets_those_of_the_theme(make: Maker) -> None:
    red = b"\x1b]4;1;rgb:%s\x1b\\"
    ask = b"\x1b]4;1;?\x1b\\"
    theme = DefaultColors(palette=tuple(range(0x100000, 0x100010)))
    emulator = make(colors=theme)
    emulator.feed(ask + b"\x1b]4;16;?\x1b\\\x1b]4;1;#a0b0c0\x1b\\")
    assert emulator.take_replies() == red % b"1010/0000/0101" + b"\x1b]4;16;rgb:0000/0000/0000\x1b\\"
    emulator.set_default_colors(theme._replace(palette=tuple(range(0x200000, 0x200010))))
    emulator.feed(ask + b"\x1b]104;1\x1b\\" + ask)
    assert emulator.take_replies() == red % b"a0a0/b0b0/c0c0" + red % b"2020/0000/0101"
    assert dict(emulator.frame().palette) == {}, "a viewer paints them as its own theme has them"
    emulator.set_default_colors(DefaultColors())
    emulator.feed(ask)
    assert emulator.take_replies() == red % b"f0f0/7777/7f7f", "the dark theme's"
    emulator.set_default_colors(DefaultColors(palette=()))
    emulator.feed(ask)
    assert emulator.take_replies() not in (b"", red % b"f0f0/7777/7f7f")


@SET_COLORS
def test_the_colours_of_a_screen_are_those_that_its_program_is_told(make: Maker) -> None:
    theme = DefaultColors(0x111111, 0x222222, 0x333333, palette=tuple(range(0x100000, 0x100010)))
    emulator = make(colors=theme)
    assert emulator.colors == theme
    emulator.feed(b"\x1b]11;#010203\x07\x1b]4;1;#a0b0c0\x07")
    palette = (0x100000, 0xA0B0C0, *range(0x100002, 0x100010))
    assert emulator.colors == theme._replace(background=0x010203, palette=palette)
    emulator.feed(b"\x1b]111\x07\x1b]104\x07")
    emulator.set_default_colors(DefaultColors(dark=False))
    assert emulator.colors == DefaultColors(dark=False)


def test_a_screen_without_a_theme_has_sixteen_colours(make: Maker) -> None:
    emulator = make(colors=DefaultColors(palette=()))
    assert len(emulator.colors.palette) == 16


@pytest.mark.parametrize(
    ("output", "events"),
    [
        ("\x1b]2;a title\x07", [TitleChanged("a title")]),
        ("\x1b]0;both\x1b\\", [TitleChanged("both")]),
        ("\x07", [Bell()]),
        ("\x1b]9;done\x07", [Notification("", "done")]),
        ("\x1b]777;notify;Build;it works\x07", [Notification("Build", "it works")]),
        ("\x1b]99;;Hello\x1b\\", [Notification("Hello", "")]),
        ("\x1b]777;notify;Build;it; works\x07", [Notification("Build", "it; works")]),
        ("\x1b]777;other;Build;it works\x07", []),
        ("\x1b]9;9;/tmp\x07", []),
        ("\x1b]99;i=1:d=0;Hello\x1b\\\x1b]99;i=1:p=body;World\x1b\\", [Notification("Hello", "World", "1")]),
        ("\x1b]99;i=1:d=0;Hel\x1b\\\x1b]99;i=1:p=?;\x1b\\\x1b]99;i=1;lo\x1b\\", [Notification("Hello", "", "1")]),
        (
            "\x1b]99;i=1:d=0;one\x1b\\\x1b]99;i=2;two\x1b\\\x1b]99;i=1;\x1b\\",
            [Notification("two", "", "2"), Notification("one", "", "1")],
        ),
        ("\x1b]99;i=1:p=icon:d=0;x\x1b\\\x1b]99;i=1:e=1;SGkK\x1b\\", [Notification("Hi", "", "1")]),
        ("\x1b]99;p=close:i=1;\x1b\\\x1b]99;p=alive;\x1b\\\x1b]99;p=body;\x1b\\\x1b]99;e=1;%\x1b\\\x1b]99\x07", []),
        ("\x1b]99;p=body:e=1;YRtbMTtiCmMJ\x1b\\", [Notification("", "a[1;b\nc\t")]),
        ("\x1b]99;e=1;SGVsbG8=\x1b\\", [Notification("Hello", "")]),
        ("\x1b]99;;Hello\x1b[m", [Notification("Hello", "")]),
        ("\x1b]9;4;1;42\x07", [Progress("running", 42)]),
        ("\x1b]9;4;2;10\x07", [Progress("error", 10)]),
        ("\x1b]9;4;3\x07", [Progress("indeterminate", None)]),
        ("\x1b]9;4;0\x07", [Progress("none", None)]),
        ("\x1b]7501;state=idle\x07", [AgentState("state=idle")]),
        ("\x1b]7501;?\x07", []),
        ("\x1b]52;c;aGVsbG8=\x07", [ClipboardSet("hello")]),
        ("\x1b]52;c;aGVs\x1b\\\x07", [ClipboardSet("hel"), Bell()]),
        ("\x1b]52;c;?\x07", []),
        ("\x1b]52;p;aGVsbG8=\x07", [ClipboardSet("hello", "p")]),
        ("\x1b]52;pc;aGVsbG8=\x07", [ClipboardSet("hello", "cp")]),
        ("\x1b]52;;aGVsbG8=\x07\x1b]52;s;\x07", [ClipboardSet("hello"), ClipboardSet("")]),
        ("\x1b]52;c;AQI=\x07\x1b]52;q;aGVsbG8=\x07\x1b]52;c\x07", []),
        ("no events\r\n", []),
    ],
)
def test_events(make: Maker, output: str, events: list[object]) -> None:
    emulator = make(output=output)
    assert emulator.take_events() == events
    assert emulator.take_events() == []


def test_a_reset_does_not_drop_a_partly_received_notification(make: Maker) -> None:
    emulator = make(output="\x1b]99;i=1:d=0;one\x1b\\\x1bc\x1b]99;i=1;\x1b\\")
    assert Notification("one", "", "1") in emulator.take_events()


def test_events_keep_their_order(make: Maker) -> None:
    emulator = make(output="\x1b]2;one\x07\x1b]99;;two\x1b\\\x07\x1b]9;three\x07")
    assert emulator.take_events() == [TitleChanged("one"), Notification("two", ""), Bell(), Notification("", "three")]


def test_a_reset_reports_that_the_title_is_gone(make: Maker) -> None:
    emulator = make(output=b"\x1b]2;one\x07")
    emulator.take_events()
    emulator.feed(b"\x1bc")
    assert emulator.title == ""
    assert TitleChanged("") in emulator.take_events()
    emulator.feed(b"\x1bc")
    assert TitleChanged("") not in emulator.take_events()


def test_events_are_bounded(make: Maker) -> None:
    emulator = make(output="\x07" * 3_000 + "\x1b]2;last\x07")
    events = emulator.take_events()
    assert len(events) == 1_000
    assert events[-1] == TitleChanged("last")


def test_long_texts_are_cut(make: Maker) -> None:
    emulator = make(output=f"\x1b]2;{'t' * 20_000}\x07\x1b]9;{'n' * 20_000}\x07")
    assert len(emulator.title) <= 1_024
    for event in emulator.take_events():
        assert all(len(str(value)) <= 4_096 for value in event)


@pytest.mark.parametrize(
    ("output", "field", "value"),
    [
        ("\x1b[?1h", "application_cursor", True),
        ("\x1b=", "application_keypad", True),
        ("\x1b[?66h", "application_keypad", True),
        ("\x1b[?2004h", "bracketed_paste", True),
        ("\x1b[?1004h", "focus_events", True),
        ("\x1b[?1049h", "alternate_screen", True),
        ("\x1b[?1007l", "alternate_scroll", False),
        ("\x1b[?9h", "mouse", "press"),
        ("\x1b[?1000h", "mouse", "press_release"),
        ("\x1b[?1002h", "mouse", "button_motion"),
        ("\x1b[?1003h", "mouse", "any_motion"),
        ("\x1b[?1000h\x1b[?1000l", "mouse", "none"),
        ("\x1b[?1000h\x1b[?1003h\x1b[?1000l", "mouse", "any_motion"),
        ("\x1b[?1003h\x1b[?1000h", "mouse", "press_release"),
        ("\x1b[?1005h", "mouse_encoding", "utf8"),
        ("\x1b[?1006h", "mouse_encoding", "sgr"),
        ("\x1b[?1015h", "mouse_encoding", "urxvt"),
        ("\x1b[?1016h", "mouse_encoding", "sgr_pixels"),
        pytest.param("\x1b[>3u", "kitty_keyboard", 3, marks=KEYBOARD),
        pytest.param("\x1b[>3u\x1b[>9u\x1b[<u", "kitty_keyboard", 3, marks=KEYBOARD),
        ("\x1b[?5h", "reverse_screen", True),
        ("\x1b[?2026h", "synchronized", True),
        ("\x1b[?2026h\x1b[?2026l", "synchronized", False),
        ("\x1b[?1h\x1b[?2004h\x1bc", "bracketed_paste", False),
    ],
)
def test_modes(make: Maker, output: str, field: str, value: object) -> None:
    fresh, emulator = make(), make(output=output)
    assert getattr(emulator.modes, field) == value
    assert {**fresh.modes._asdict(), field: value} == emulator.modes._asdict()


@pytest.mark.parametrize(
    ("number", "shape", "blinking"),
    [
        (0, CursorShape.BLOCK, True),
        (1, CursorShape.BLOCK, True),
        (2, CursorShape.BLOCK, False),
        (3, CursorShape.UNDERLINE, True),
        (4, CursorShape.UNDERLINE, False),
        (5, CursorShape.BAR, True),
        (6, CursorShape.BAR, False),
    ],
)
def test_the_cursors_shape_and_blinking(make: Maker, number: int, shape: CursorShape, blinking: bool) -> None:
    emulator = make(output=f"\x1b[{number} q")
    assert emulator.cursor[3:5] == (shape, blinking)
    frame = emulator.frame()
    assert frame.cursor == emulator.cursor


# -- the stack of titles, and the mouse pointer


def test_titles_are_pushed_and_popped(make: Maker) -> None:
    emulator = make(output="\x1b]2;one\x07\x1b[22;0t\x1b]2;two\x07\x1b[22t\x1b]2;three\x07\x1b[23;2t")
    assert emulator.title == "two"
    copies = [restore(make.engine, emulator.snapshot()), make(output=emulator.replay())]
    for same in (emulator, *copies):
        same.take_events()
        same.feed(b"\x1b[23;1t\x1b[23;0")
        assert same.title == "two", "1 is the icon's name"
        same.feed(b"t\x1b[23t")
        assert same.title == "one"
        assert same.take_events() == [TitleChanged("one")]
    emulator.feed(b"\x1b[22t\x1bc\x1b[23t")
    assert emulator.title == ""
    copies[0].close()
