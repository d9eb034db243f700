"""The bytes for the user's keys, pastes and mouse events, by the current modes."""

from __future__ import annotations

import pytest

from session_host.protocol.messages import Mouse
from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal import restore
from session_host.terminal.encode import encode_focus, encode_key, encode_mouse, encode_paste
from tests.support.emulators import key, mouse

from .conftest import Maker

SHIFT, ALT, CTRL, SUPER = Modifiers.SHIFT, Modifiers.ALT, Modifiers.CTRL, Modifiers.SUPER


@pytest.mark.parametrize(
    ("name", "text", "modifiers", "expected"),
    [
        ("a", "a", 0, b"a"),
        ("a", "A", SHIFT, b"A"),
        ("é", "é", 0, "é".encode()),
        ("", "ü", 0, "ü".encode()),
        ("", "日本", 0, "日本".encode()),
        ("a", "\x01", CTRL, b"\x01"),
        ("a", "a", CTRL, b"\x01"),
        ("a", "", CTRL, b"\x01"),
        ("c", "\x03", CTRL, b"\x03"),
        ("i", "\t", CTRL, b"\t"),
        ("m", "\r", CTRL, b"\r"),
        ("z", "\x1a", CTRL, b"\x1a"),
        ("Space", " ", 0, b" "),
        ("Space", " ", CTRL, b"\0"),
        ("Space", "", CTRL, b"\0"),
        ("[", "\x1b", CTRL, b"\x1b"),
        ("\\", "\x1c", CTRL, b"\x1c"),
        ("]", "\x1d", CTRL, b"\x1d"),
        ("6", "\x1e", CTRL | SHIFT, b"\x1e"),
        ("-", "\x1f", CTRL | SHIFT, b"\x1f"),
        ("/", "\x1f", CTRL, b"\x1f"),
        ("a", "a", ALT, b"\x1ba"),
        ("a", "A", ALT | SHIFT, b"\x1bA"),
        ("a", "\x01", ALT | CTRL, b"\x1b\x01"),
        ("é", "é", ALT, "\x1bé".encode()),
        ("Enter", "\r", 0, b"\r"),
        ("Enter", "\r", ALT, b"\x1b\r"),
        ("Tab", "\t", 0, b"\t"),
        ("Tab", "", SHIFT, b"\x1b[Z"),
        ("Backspace", "\x08", 0, b"\x7f"),
        ("Backspace", "", ALT, b"\x1b\x7f"),
        ("Escape", "\x1b", 0, b"\x1b"),
        ("ArrowUp", "", 0, b"\x1b[A"),
        ("ArrowDown", "", SHIFT, b"\x1b[1;2B"),
        ("ArrowRight", "", CTRL, b"\x1b[1;5C"),
        ("ArrowLeft", "", ALT, b"\x1b[1;3D"),
        ("Home", "", 0, b"\x1b[H"),
        ("End", "", 0, b"\x1b[F"),
        ("PageUp", "", 0, b"\x1b[5~"),
        ("PageDown", "", CTRL, b"\x1b[6;5~"),
        ("Insert", "", 0, b"\x1b[2~"),
        ("Delete", "\x7f", 0, b"\x1b[3~"),
        ("F1", "", 0, b"\x1bOP"),
        ("F4", "", SHIFT, b"\x1b[1;2S"),
        ("F5", "", 0, b"\x1b[15~"),
        ("F12", "", CTRL, b"\x1b[24;5~"),
        ("Numpad5", "5", Modifiers.NUM_LOCK, b"5"),
        ("NumpadEnter", "\r", 0, b"\r"),
        ("NumpadAdd", "+", 0, b"+"),
        ("Shift", "", SHIFT, b""),
        ("Control", "", CTRL, b""),
        ("a", "a", Modifiers.NUM_LOCK, b"a"),
        ("a", "A", Modifiers.CAPS_LOCK, b"A"),
    ],
)
def test_keys(make: Maker, name: str, text: str, modifiers: int, expected: bytes) -> None:
    emulator = make()
    assert encode_key(key(name, text, modifiers), emulator.modes) == expected
    assert encode_key(key(name, text, modifiers, KeyAction.REPEAT), emulator.modes) == expected
    assert encode_key(key(name, text, modifiers, KeyAction.RELEASE), emulator.modes) == b""


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ArrowUp", b"\x1bOA"), ("ArrowLeft", b"\x1bOD"), ("Home", b"\x1bOH"), ("End", b"\x1bOF"), ("PageUp", b"\x1b[5~")],
)
def test_application_cursor_keys(make: Maker, name: str, expected: bytes) -> None:
    emulator = make(output="\x1b[?1h")
    assert encode_key(key(name), emulator.modes) == expected
    emulator.feed(b"\x1b[?1l")
    assert encode_key(key(name), emulator.modes) == expected.replace(b"O", b"[")


@pytest.mark.parametrize(
    ("flags", "name", "text", "modifiers", "action", "expected"),
    [
        (1, "a", "a", 0, KeyAction.PRESS, b"a"),
        (1, "a", "A", SHIFT, KeyAction.PRESS, b"A"),
        (1, "a", "a", CTRL, KeyAction.PRESS, b"\x1b[97;5u"),
        (1, "a", "a", ALT, KeyAction.PRESS, b"\x1b[97;3u"),
        (1, "i", "\t", CTRL, KeyAction.PRESS, b"\x1b[105;5u"),
        (1, "Escape", "\x1b", 0, KeyAction.PRESS, b"\x1b[27u"),
        (1, "Enter", "\r", 0, KeyAction.PRESS, b"\r"),
        (1, "Enter", "\r", SHIFT, KeyAction.PRESS, b"\x1b[13;2u"),
        (1, "Enter", "", SHIFT, KeyAction.PRESS, b"\x1b[13;2u"),
        (1, "Tab", "", SHIFT, KeyAction.PRESS, b"\x1b[9;2u"),
        (1, "Backspace", "\x7f", 0, KeyAction.PRESS, b"\x7f"),
        (1, "ArrowUp", "", 0, KeyAction.PRESS, b"\x1b[A"),
        (1, "ArrowUp", "", CTRL, KeyAction.PRESS, b"\x1b[1;5A"),
        (1, "a", "a", 0, KeyAction.RELEASE, b""),
        (3, "a", "a", 0, KeyAction.RELEASE, b"\x1b[97;1:3u"),
        (3, "a", "a", CTRL, KeyAction.REPEAT, b"\x1b[97;5:2u"),
        (3, "Enter", "\r", 0, KeyAction.RELEASE, b""),
        (3, "ArrowUp", "", 0, KeyAction.RELEASE, b"\x1b[1;1:3A"),
        (5, "a", "A", CTRL | SHIFT, KeyAction.PRESS, b"\x1b[97:65;6u"),
        (8, "a", "a", 0, KeyAction.PRESS, b"\x1b[97u"),
        (8, "Enter", "\r", 0, KeyAction.PRESS, b"\x1b[13u"),
        (8, "Shift", "", SHIFT, KeyAction.PRESS, b"\x1b[57441;2u"),
        (24, "a", "a", 0, KeyAction.PRESS, b"\x1b[97;;97u"),
        (1, "", "日本", 0, KeyAction.PRESS, "日本".encode()),
        (1, "ContextMenu", "", 0, KeyAction.PRESS, b"\x1b[57363u"),
        (1, "ContextMenu", "", SHIFT, KeyAction.PRESS, b"\x1b[57363;2u"),
        (3, "ContextMenu", "", 0, KeyAction.RELEASE, b"\x1b[57363;1:3u"),
    ],
)
def test_kitty_keyboard(
    make: Maker, flags: int, name: str, text: str, modifiers: int, action: KeyAction, expected: bytes
) -> None:
    emulator = make(output=f"\x1b[>{flags}u")
    assert encode_key(key(name, text, modifiers, action), emulator.modes) == expected
    emulator.feed(b"\x1b[<u")
    assert encode_key(key("a", "a", CTRL), emulator.modes) == b"\x01"


@pytest.mark.parametrize(
    ("name", "text", "modifiers", "expected"),
    [
        ("Enter", "\r", SHIFT, b"\x1b[27;2;13~"),
        ("i", "\t", CTRL, b"\x1b[27;5;105~"),
        ("a", "a", ALT, b"\x1b[27;3;97~"),
        ("a", "a", 0, b"a"),
    ],
)
def test_modify_other_keys(make: Maker, name: str, text: str, modifiers: int, expected: bytes) -> None:
    emulator = make(output="\x1b[>4;2m")
    assert encode_key(key(name, text, modifiers), emulator.modes) == expected


def test_a_paste_has_cr_for_line_ends(make: Maker) -> None:
    assert encode_paste("one\ntwo\r\nthree\rfour\tfive", make().modes) == b"one\rtwo\rthree\rfour\tfive"


def test_a_paste_is_bracketed_when_asked_for(make: Maker) -> None:
    emulator = make(output="\x1b[?2004h")
    assert encode_paste("äb\nc", emulator.modes) == "\x1b[200~äb\rc\x1b[201~".encode()


@pytest.mark.parametrize("output", ["", "\x1b[?2004h"])
@pytest.mark.parametrize("text", ["a\x1b[201~rm -rf /\n", "a\x9b201~b", "\x1b\x1b[[201~", "\x03\x04\x08\x7f\x00\x1a"])
def test_no_text_can_end_a_bracketed_paste_early(make: Maker, output: str, text: str) -> None:
    data = encode_paste(text, make(output=output).modes)
    inner = data.removeprefix(b"\x1b[200~").removesuffix(b"\x1b[201~")
    assert not set(inner.decode()) & {chr(c) for c in [*range(9), *range(11, 13), *range(14, 32), *range(0x7F, 0xA0)]}


@pytest.mark.parametrize(
    ("modes", "event", "expected"),
    [
        ("", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4), b""),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4), b"\x1b[<0;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.RELEASE, MouseButton.LEFT, 3, 4), b"\x1b[<0;4;5m"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.MIDDLE, 0, 0), b"\x1b[<1;1;1M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.RIGHT, 0, 0), b"\x1b[<2;1;1M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.WHEEL_UP, 3, 4), b"\x1b[<64;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.WHEEL_DOWN, 3, 4), b"\x1b[<65;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.MOTION, MouseButton.LEFT, 3, 4), b""),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.BACK, 3, 4), b"\x1b[<128;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.RELEASE, MouseButton.FORWARD, 3, 4), b"\x1b[<129;4;5m"),
        ("\x1b[?1002h\x1b[?1006h", mouse(MouseAction.MOTION, MouseButton.TENTH, 3, 4), b"\x1b[<162;4;5M"),
        ("\x1b[?1000h\x1b[?1005h", mouse(MouseAction.PRESS, MouseButton.ELEVENTH, 3, 4), b"\x1b[M\xc2\xa3$%"),
        ("\x1b[?1000h", mouse(MouseAction.PRESS, MouseButton.BACK, 3, 4), b"\x1b[M\xa0$%"),
        ("\x1b[?9h", mouse(MouseAction.PRESS, MouseButton.BACK, 3, 4), b""),
        ("\x1b[?1002h\x1b[?1006h", mouse(MouseAction.MOTION, MouseButton.LEFT, 3, 4), b"\x1b[<32;4;5M"),
        ("\x1b[?1002h\x1b[?1006h", mouse(MouseAction.MOTION, MouseButton.NONE, 3, 4), b""),
        ("\x1b[?1003h\x1b[?1006h", mouse(MouseAction.MOTION, MouseButton.NONE, 3, 4), b"\x1b[<35;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4, int(CTRL)), b"\x1b[<16;4;5M"),
        ("\x1b[?1000h\x1b[?1006h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4, int(ALT)), b"\x1b[<8;4;5M"),
        ("\x1b[?1000h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4), b"\x1b[M $%"),
        ("\x1b[?1000h", mouse(MouseAction.RELEASE, MouseButton.LEFT, 3, 4), b"\x1b[M#$%"),
        ("\x1b[?1000h\x1b[?1015h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4), b"\x1b[32;4;5M"),
        ("\x1b[?9h", mouse(MouseAction.PRESS, MouseButton.LEFT, 3, 4), b"\x1b[M $%"),
        ("\x1b[?9h", mouse(MouseAction.RELEASE, MouseButton.LEFT, 3, 4), b""),
    ],
)
def test_the_mouse(make: Maker, modes: str, event: Mouse, expected: bytes) -> None:
    emulator = make(output=modes)
    assert encode_mouse(event, emulator.modes, emulator.size, emulator.cell) == expected


def test_focus(make: Maker) -> None:
    emulator = make()
    assert encode_focus(True, emulator.modes) == b""
    emulator.feed(b"\x1b[?1004h")
    assert encode_focus(True, emulator.modes) == b"\x1b[I"
    assert encode_focus(False, emulator.modes) == b"\x1b[O"


@pytest.mark.parametrize("symbol", ["/", "(", "?", "!", ":", "Ё", ","])
def test_a_symbol_typed_with_shift_is_sent_as_itself_on_any_layout(make: Maker, symbol: str) -> None:
    """On a German keyboard, / is Shift+7: a view that has not seen the key without Shift names it "/"."""
    emulator = make(output="\x1b[>1u")
    assert encode_key(key(symbol, symbol, SHIFT), emulator.modes) == symbol.encode()


def test_shift_and_space_is_a_space(make: Maker) -> None:
    emulator = make(output="\x1b[>1u")
    assert encode_key(key("Space", " ", SHIFT), emulator.modes) == b" "
    assert encode_key(key("Space", " ", SHIFT | CTRL), emulator.modes) == b"\x1b[32;6u"


def test_back_tab_and_f3_have_the_bytes_of_xterm(make: Maker) -> None:
    emulator = make()
    assert encode_key(key("Tab", "", SHIFT | CTRL), emulator.modes) == b"\x1b[Z"
    assert encode_key(key("Tab", "", SHIFT), emulator.modes) == b"\x1b[Z"
    assert encode_key(key("F3", "", SHIFT), emulator.modes) == b"\x1b[1;2R"
    assert encode_key(key("F3"), emulator.modes) == b"\x1bOR"
    emulator.feed(b"\x1b[>1u")
    assert encode_key(key("F3", "", SHIFT), emulator.modes) == b"\x1b[13;2~"


@pytest.mark.parametrize(
    ("name", "text", "modifiers", "level_1", "level_2"),
    [
        ("Enter", "", SHIFT, b"\x1b[27;2;13~", b"\x1b[27;2;13~"),
        ("Tab", "", CTRL, b"\x1b[27;5;9~", b"\x1b[27;5;9~"),
        ("Tab", "", SHIFT, b"\x1b[Z", b"\x1b[27;2;9~"),
        ("1", "", CTRL, b"\x1b[27;5;49~", b"\x1b[27;5;49~"),
        (",", "", CTRL, b"\x1b[27;5;44~", b"\x1b[27;5;44~"),
        ("a", "", CTRL, b"\x01", b"\x1b[27;5;97~"),
        ("a", "", CTRL | SHIFT, b"\x1b[27;6;65~", b"\x1b[27;6;65~"),
        ("a", "A", SHIFT, b"A", b"\x1b[27;2;65~"),
        ("a", "", ALT, b"\x1ba", b"\x1b[27;3;97~"),
        ("i", "", CTRL, b"\t", b"\x1b[27;5;105~"),
        ("Backspace", "", CTRL, b"\b", b"\b"),
    ],
)
def test_modify_other_keys_at_both_levels(
    make: Maker, name: str, text: str, modifiers: int, level_1: bytes, level_2: bytes
) -> None:
    emulator = make()
    before = encode_key(key(name, text, modifiers), emulator.modes)
    for level, expected in ((1, level_1), (2, level_2)):
        emulator.feed(b"\x1b[>4;%dm" % level)
        assert emulator.modes.modify_other_keys == level
        assert encode_key(key(name, text, modifiers), emulator.modes) == expected
    for reset in (b"\x1b[>4;0m", b"\x1b[>4m", b"\x1b[>m", b"\x1b[!p", b"\x1bc"):
        emulator.feed(b"\x1b[>4;1m" + reset)
        assert encode_key(key(name, text, modifiers), emulator.modes) == before


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
