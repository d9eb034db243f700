"""Keys, mouse and focus as bytes: xterm's ctlseqs, modifyOtherKeys, and the tables of kitty's keyboard protocol."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.protocol.messages import Key, Mouse
from session_host.protocol.values import NAMED_KEYS, CellSize, GridSize, KeyAction, Modifiers, MouseAction, MouseButton
from session_host.terminal.base import Modes
from session_host.terminal.encode import encode_focus, encode_key, encode_mouse

SHIFT, ALT, CTRL, SUPER, HYPER, META, CAPS, NUM = (int(modifier) for modifier in list(Modifiers)[-8:])
PRESS, REPEAT, RELEASE = KeyAction.PRESS, KeyAction.REPEAT, KeyAction.RELEASE
PLAIN = Modes()


def typed(key: str, modifiers: int = 0, text: str = "", *, modes: Modes = PLAIN, action: KeyAction = PRESS) -> str:
    event = Key(attachment="", sequence=1, key=key, text=text, modifiers=modifiers, action=action)
    return encode_key(event, modes).decode()


def kitty(flags: int, key: str, modifiers: int = 0, text: str = "", action: KeyAction = PRESS) -> str:
    return typed(key, modifiers, text, modes=Modes(kitty_keyboard=flags), action=action)


# ctlseqs, "PC-Style Function Keys"
_PC_KEYS = {
    "ArrowUp": ("\x1b[A", "\x1bOA", "\x1b[1;5A"),
    "ArrowDown": ("\x1b[B", "\x1bOB", "\x1b[1;5B"),
    "ArrowRight": ("\x1b[C", "\x1bOC", "\x1b[1;5C"),
    "ArrowLeft": ("\x1b[D", "\x1bOD", "\x1b[1;5D"),
    "Home": ("\x1b[H", "\x1bOH", "\x1b[1;5H"),
    "End": ("\x1b[F", "\x1bOF", "\x1b[1;5F"),
    "Insert": ("\x1b[2~", "\x1b[2~", "\x1b[2;5~"),
    "Delete": ("\x1b[3~", "\x1b[3~", "\x1b[3;5~"),
    "PageUp": ("\x1b[5~", "\x1b[5~", "\x1b[5;5~"),
    "PageDown": ("\x1b[6~", "\x1b[6~", "\x1b[6;5~"),
    "F1": ("\x1bOP", "\x1bOP", "\x1b[1;5P"),
    "F2": ("\x1bOQ", "\x1bOQ", "\x1b[1;5Q"),
    "F3": ("\x1bOR", "\x1bOR", "\x1b[1;5R"),
    "F4": ("\x1bOS", "\x1bOS", "\x1b[1;5S"),
    "F5": ("\x1b[15~", "\x1b[15~", "\x1b[15;5~"),
    "F6": ("\x1b[17~", "\x1b[17~", "\x1b[17;5~"),
    "F7": ("\x1b[18~", "\x1b[18~", "\x1b[18;5~"),
    "F8": ("\x1b[19~", "\x1b[19~", "\x1b[19;5~"),
    "F9": ("\x1b[20~", "\x1b[20~", "\x1b[20;5~"),
    "F10": ("\x1b[21~", "\x1b[21~", "\x1b[21;5~"),
    "F11": ("\x1b[23~", "\x1b[23~", "\x1b[23;5~"),
    "F12": ("\x1b[24~", "\x1b[24~", "\x1b[24;5~"),
}


def test_function_keys_are_encoded() -> None:
    application = Modes(application_cursor=True)
    assert {key: (typed(key), typed(key, modes=application), typed(key, CTRL)) for key in _PC_KEYS} == _PC_KEYS


def test_modifiers_have_their_parameters() -> None:
    combinations = (SHIFT, ALT, SHIFT | ALT, CTRL, SHIFT | CTRL, ALT | CTRL, SHIFT | ALT | CTRL)
    assert [typed("ArrowUp", held) for held in combinations] == [f"\x1b[1;{n}A" for n in range(2, 9)]
    assert typed("ArrowUp", NUM | CAPS) == "\x1b[A"


@pytest.mark.parametrize(
    ("key", "modifiers", "text", "expected"),
    [
        ("Enter", 0, "", "\r"),
        ("Enter", 0, "\r", "\r"),
        ("Enter", ALT, "", "\x1b\r"),
        ("Tab", 0, "", "\t"),
        ("Tab", SHIFT, "", "\x1b[Z"),
        ("Tab", ALT, "", "\x1b\t"),
        ("Tab", SHIFT | CTRL, "", "\x1b[Z"),
        ("F3", SHIFT, "", "\x1b[1;2R"),
        ("Backspace", 0, "", "\x7f"),
        ("Backspace", SHIFT, "", "\x7f"),
        ("Backspace", CTRL, "", "\b"),
        ("Backspace", ALT, "", "\x1b\x7f"),
        ("Escape", 0, "", "\x1b"),
        ("Escape", ALT, "", "\x1b\x1b"),
        ("Space", 0, " ", " "),
        ("Space", CTRL, "", "\0"),
        ("Space", ALT, " ", "\x1b "),
        ("a", 0, "a", "a"),
        ("a", SHIFT, "A", "A"),
        ("a", CTRL, "\x01", "\x01"),
        ("a", CTRL, "", "\x01"),
        ("a", CTRL | SHIFT, "\x01", "\x01"),
        ("a", ALT, "a", "\x1ba"),
        ("a", ALT | SHIFT, "A", "\x1bA"),
        ("a", ALT | CTRL, "\x01", "\x1b\x01"),
        ("i", CTRL, "\t", "\t"),
        ("m", CTRL, "\r", "\r"),
        ("[", CTRL, "\x1b", "\x1b"),
        ("\\", CTRL, "", "\x1c"),
        ("]", CTRL, "", "\x1d"),
        ("6", CTRL | SHIFT, "^", "\x1e"),
        ("-", CTRL | SHIFT, "_", "\x1f"),
        ("/", CTRL, "/", "\x1f"),
        ("2", CTRL, "2", "\0"),
        ("2", CTRL | SHIFT, "@", "\0"),
        ("3", CTRL, "3", "\x1b"),
        ("8", CTRL, "8", "\x7f"),
        ("1", CTRL, "1", "1"),
        ("é", 0, "é", "é"),
        ("é", ALT, "é", "\x1bé"),
        ("q", 0, "@", "@"),
        ("", 0, "日本", "日本"),
        ("Shift", SHIFT, "", ""),
        ("CapsLock", 0, "", ""),
        ("Numpad5", NUM, "5", "5"),
        ("Numpad4", 0, "", "\x1b[D"),
        ("NumpadDecimal", 0, "", "\x1b[3~"),
        ("NumpadAdd", 0, "+", "+"),
        ("NumpadEnter", 0, "\r", "\r"),
    ],
)
def test_keys_are_encoded_as_in_xterm(key: str, modifiers: int, text: str, expected: str) -> None:
    assert typed(key, modifiers, text) == expected
    assert typed(key, modifiers, text, action=REPEAT) == expected
    assert typed(key, modifiers, text, action=RELEASE) == ""


@pytest.mark.parametrize(
    ("key", "modifiers", "text", "level_1", "level_2"),
    [
        ("a", 0, "a", "a", "a"),
        ("a", SHIFT, "A", "A", "\x1b[27;2;65~"),
        ("a", CTRL, "\x01", "\x01", "\x1b[27;5;97~"),
        ("a", CTRL | SHIFT, "", "\x1b[27;6;65~", "\x1b[27;6;65~"),
        ("a", ALT, "a", "\x1ba", "\x1b[27;3;97~"),
        ("i", CTRL, "\t", "\t", "\x1b[27;5;105~"),
        ("1", CTRL, "", "\x1b[27;5;49~", "\x1b[27;5;49~"),
        ("1", SHIFT, "!", "!", "!"),
        ("1", CTRL | SHIFT, "!", "\x1b[27;6;33~", "\x1b[27;6;33~"),
        ("Enter", SHIFT, "", "\x1b[27;2;13~", "\x1b[27;2;13~"),
        ("Enter", CTRL, "", "\x1b[27;5;13~", "\x1b[27;5;13~"),
        ("Tab", CTRL, "", "\x1b[27;5;9~", "\x1b[27;5;9~"),
        ("Tab", SHIFT, "", "\x1b[Z", "\x1b[27;2;9~"),
        ("Backspace", CTRL, "", "\b", "\b"),
        ("Escape", ALT, "", "\x1b\x1b", "\x1b[27;3;27~"),
        ("Space", CTRL, "", "\0", "\x1b[27;5;32~"),
        ("ArrowUp", CTRL, "", "\x1b[1;5A", "\x1b[1;5A"),
        ("é", ALT, "é", "\x1bé", "\x1bé"),
    ],
)
def test_modify_other_keys_is_encoded(key: str, modifiers: int, text: str, level_1: str, level_2: str) -> None:
    levels = [typed(key, modifiers, text, modes=Modes(modify_other_keys=level)) for level in (1, 2)]
    assert levels == [level_1, level_2]


@pytest.mark.parametrize(
    ("flags", "key", "modifiers", "text", "action", "expected"),
    [
        # Disambiguate (1): "Escape, alt+key, ctrl+key, ctrl+alt+key, shift+alt+key"; Enter, Tab, Backspace stay.
        (1, "Escape", 0, "", PRESS, "\x1b[27u"),
        (1, "a", 0, "a", PRESS, "a"),
        (1, "a", SHIFT, "A", PRESS, "A"),
        (1, "a", CTRL, "\x01", PRESS, "\x1b[97;5u"),
        (1, "a", ALT, "a", PRESS, "\x1b[97;3u"),
        (1, "a", CTRL | SHIFT, "\x01", PRESS, "\x1b[97;6u"),
        (1, "a", SUPER, "a", PRESS, "\x1b[97;9u"),
        (1, "a", HYPER, "a", PRESS, "\x1b[97;17u"),
        (1, "a", META, "a", PRESS, "\x1b[97;33u"),
        (1, "i", CTRL, "\t", PRESS, "\x1b[105;5u"),
        (1, "[", CTRL, "\x1b", PRESS, "\x1b[91;5u"),
        (1, "Enter", 0, "\r", PRESS, "\r"),
        (1, "Enter", SHIFT, "\r", PRESS, "\x1b[13;2u"),
        (1, "Tab", 0, "", PRESS, "\t"),
        (1, "Tab", SHIFT, "", PRESS, "\x1b[9;2u"),
        (1, "Backspace", 0, "", PRESS, "\x7f"),
        (1, "Backspace", CTRL, "", PRESS, "\x1b[127;5u"),
        (1, "Space", CTRL, "", PRESS, "\x1b[32;5u"),
        (1, "Space", SHIFT, " ", PRESS, " "),
        (1, "Space", SHIFT | CTRL, " ", PRESS, "\x1b[32;6u"),
        # On a German keyboard, / is Shift+7: a view that has not seen the key without Shift names it "/".
        (1, "/", SHIFT, "/", PRESS, "/"),
        (1, "Ё", SHIFT, "Ё", PRESS, "Ё"),
        (1, "ArrowUp", 0, "", PRESS, "\x1b[A"),
        (1, "ArrowUp", CTRL, "", PRESS, "\x1b[1;5A"),
        (1, "F1", 0, "", PRESS, "\x1b[P"),
        (1, "F3", 0, "", PRESS, "\x1b[13~"),
        (1, "F3", SHIFT, "", PRESS, "\x1b[13;2~"),
        (1, "F5", 0, "", PRESS, "\x1b[15~"),
        (1, "F13", 0, "", PRESS, "\x1b[57376u"),
        (1, "F25", 0, "", PRESS, "\x1b[57388u"),
        (1, "ContextMenu", 0, "", PRESS, "\x1b[57363u"),
        (1, "Numpad5", 0, "", PRESS, "\x1b[57404u"),
        (1, "Numpad5", NUM, "5", PRESS, "5"),
        (1, "NumpadEnter", 0, "", PRESS, "\x1b[57414u"),
        (1, "Shift", SHIFT, "", PRESS, ""),
        (1, "a", 0, "a", REPEAT, "a"),
        (1, "a", CTRL, "\x01", REPEAT, "\x1b[97;5u"),
        (1, "a", CTRL, "", RELEASE, ""),
        (1, "", 0, "日本", PRESS, "日本"),
        # "Lock modifiers are not reported for text producing keys".
        (1, "a", CTRL | NUM, "\x01", PRESS, "\x1b[97;5u"),
        (1, "a", NUM, "a", PRESS, "a"),
        (1, "ArrowUp", NUM, "", PRESS, "\x1b[1;129A"),
        # Event types (2).
        (3, "a", CTRL, "\x01", REPEAT, "\x1b[97;5:2u"),
        (3, "a", CTRL, "\x01", RELEASE, "\x1b[97;5:3u"),
        (3, "a", 0, "", RELEASE, "\x1b[97;1:3u"),
        (3, "ArrowUp", 0, "", RELEASE, "\x1b[1;1:3A"),
        (3, "PageUp", 0, "", RELEASE, "\x1b[5;1:3~"),
        (3, "Enter", 0, "", RELEASE, ""),
        (3, "Tab", 0, "", RELEASE, ""),
        (3, "Backspace", 0, "", RELEASE, ""),
        (11, "Enter", 0, "", RELEASE, "\x1b[13;1:3u"),
        # Alternate keys (4).
        (5, "a", CTRL | SHIFT, "A", PRESS, "\x1b[97:65;6u"),
        (5, "1", CTRL | SHIFT, "!", PRESS, "\x1b[49:33;6u"),
        (5, "a", CTRL, "\x01", PRESS, "\x1b[97;5u"),
        # All keys as escape codes (8).
        (8, "a", 0, "a", PRESS, "\x1b[97u"),
        (8, "a", SHIFT, "A", PRESS, "\x1b[97;2u"),
        (8, "Enter", 0, "\r", PRESS, "\x1b[13u"),
        (8, "Tab", 0, "", PRESS, "\x1b[9u"),
        (8, "Backspace", 0, "", PRESS, "\x1b[127u"),
        (8, "Shift", SHIFT, "", PRESS, "\x1b[57441;2u"),
        (8, "Control", CTRL, "", PRESS, "\x1b[57442;5u"),
        (8, "CapsLock", CAPS, "", PRESS, "\x1b[57358;65u"),
        (8, "a", CAPS, "A", PRESS, "\x1b[97;65u"),
        # Associated text (16): "shift+a → CSI 97 ; 2 ; 65 u".
        (24, "a", SHIFT, "A", PRESS, "\x1b[97;2;65u"),
        (24, "a", 0, "a", PRESS, "\x1b[97;;97u"),
        (24, "a", CTRL, "\x01", PRESS, "\x1b[97;5u"),
        (28, "a", SHIFT, "A", PRESS, "\x1b[97:65;2;65u"),
        (26, "a", 0, "a", REPEAT, "\x1b[97;1:2;97u"),
        (26, "a", 0, "a", RELEASE, "\x1b[97;1:3u"),
        (24, "Enter", 0, "\r", PRESS, "\x1b[13u"),
    ],
)
def test_keys_are_encoded_as_in_kitty(
    flags: int, key: str, modifiers: int, text: str, action: KeyAction, expected: str
) -> None:
    assert kitty(flags, key, modifiers, text, action) == expected


def test_every_named_key_has_a_code_when_all_are_reported() -> None:
    assert [key for key in sorted(NAMED_KEYS) if not kitty(8, key)] == []


LEFT, MIDDLE, RIGHT, NONE = MouseButton.LEFT, MouseButton.MIDDLE, MouseButton.RIGHT, MouseButton.NONE
SIZE = GridSize(3000, 200)


def encoded(
    action: MouseAction, button: MouseButton, column: int = 4, row: int = 9, modifiers: int = 0, **modes: Any
) -> bytes:
    event = Mouse(attachment="", sequence=1, action=action, button=button, column=column, row=row, modifiers=modifiers)
    return encode_mouse(event, Modes(**modes), SIZE, CellSize(8, 16))


@pytest.mark.parametrize(
    ("mouse", "wanted"),
    [
        ("none", set()),
        ("press", {"press left"}),
        ("press_release", {"press left", "release left", "press wheel_up"}),
        ("button_motion", {"press left", "release left", "press wheel_up", "motion left"}),
        ("any_motion", {"press left", "release left", "press wheel_up", "motion left", "motion none"}),
    ],
)
def test_only_requested_events_are_encoded(mouse: str, wanted: set[str]) -> None:
    sent = {
        f"{action} {button}"
        for action in MouseAction
        for button in (LEFT, NONE, MouseButton.WHEEL_UP)
        if encoded(action, button, mouse=mouse, mouse_encoding="sgr")
    }
    assert sent == wanted


@pytest.mark.parametrize(
    ("action", "button", "modifiers", "expected"),
    [
        (MouseAction.PRESS, LEFT, 0, b"\x1b[<0;5;10M"),
        (MouseAction.PRESS, MIDDLE, 0, b"\x1b[<1;5;10M"),
        (MouseAction.PRESS, RIGHT, 0, b"\x1b[<2;5;10M"),
        (MouseAction.RELEASE, RIGHT, 0, b"\x1b[<2;5;10m"),
        (MouseAction.PRESS, MouseButton.WHEEL_UP, 0, b"\x1b[<64;5;10M"),
        (MouseAction.PRESS, MouseButton.WHEEL_DOWN, 0, b"\x1b[<65;5;10M"),
        (MouseAction.PRESS, MouseButton.WHEEL_LEFT, 0, b"\x1b[<66;5;10M"),
        (MouseAction.PRESS, MouseButton.WHEEL_RIGHT, 0, b"\x1b[<67;5;10M"),
        (MouseAction.MOTION, LEFT, 0, b"\x1b[<32;5;10M"),
        (MouseAction.MOTION, NONE, 0, b"\x1b[<35;5;10M"),
        (MouseAction.PRESS, LEFT, Modifiers.SHIFT, b"\x1b[<4;5;10M"),
        (MouseAction.PRESS, LEFT, Modifiers.ALT, b"\x1b[<8;5;10M"),
        (MouseAction.PRESS, LEFT, Modifiers.CTRL, b"\x1b[<16;5;10M"),
    ],
)
def test_sgr_coordinates_are_encoded(action: MouseAction, button: MouseButton, modifiers: int, expected: bytes) -> None:
    assert encoded(action, button, modifiers=modifiers, mouse="any_motion", mouse_encoding="sgr") == expected


def test_the_older_encodings_are_encoded() -> None:
    def sent(encoding: str, action: MouseAction = MouseAction.PRESS, column: int = 4) -> bytes:
        return encoded(action, RIGHT, column=column, mouse="press_release", mouse_encoding=encoding)

    assert sent("default") == b'\x1b[M"%*'
    assert sent("default", MouseAction.RELEASE) == b"\x1b[M#%*"
    assert sent("default", column=222) == b'\x1b[M"\xff*'
    assert sent("default", column=223) == b""
    assert sent("utf8", column=222) == b'\x1b[M"\xc3\xbf*'
    assert sent("utf8", column=2014) == '\x1b[M"\u07ff*'.encode()
    assert sent("utf8", column=2015) == b""
    assert sent("urxvt") == b"\x1b[34;5;10M"
    assert sent("urxvt", MouseAction.RELEASE) == b"\x1b[35;5;10M"


def test_pixel_coordinates_are_the_middle_of_the_cell() -> None:
    assert encoded(MouseAction.PRESS, LEFT, mouse="press_release", mouse_encoding="sgr_pixels") == b"\x1b[<0;36;152M"


def test_x10_has_no_modifiers() -> None:
    assert encoded(MouseAction.PRESS, LEFT, modifiers=int(Modifiers.CTRL), mouse="press") == b"\x1b[M %*"


def test_a_position_outside_is_moved_to_the_edge() -> None:
    assert (
        encoded(MouseAction.PRESS, LEFT, column=-3, row=999, mouse="press", mouse_encoding="sgr") == b"\x1b[<0;1;200M"
    )


def test_focus_is_encoded() -> None:
    assert encode_focus(True, Modes()) == b""
    assert encode_focus(True, Modes(focus_events=True)) == b"\x1b[I"
    assert encode_focus(False, Modes(focus_events=True)) == b"\x1b[O"
