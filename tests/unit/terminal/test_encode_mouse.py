"""Mouse and focus as bytes: xterm's ctlseqs, "Mouse Tracking"."""

from __future__ import annotations

from typing import Any

import pytest

from session_host.protocol.messages import Mouse
from session_host.protocol.values import CellSize, GridSize, Modifiers, MouseAction, MouseButton
from session_host.terminal.base import Modes
from session_host.terminal.encode import encode_focus, encode_mouse

PRESS, RELEASE, MOTION = MouseAction.PRESS, MouseAction.RELEASE, MouseAction.MOTION
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
        (PRESS, LEFT, 0, b"\x1b[<0;5;10M"),
        (PRESS, MIDDLE, 0, b"\x1b[<1;5;10M"),
        (PRESS, RIGHT, 0, b"\x1b[<2;5;10M"),
        (RELEASE, RIGHT, 0, b"\x1b[<2;5;10m"),
        (PRESS, MouseButton.WHEEL_UP, 0, b"\x1b[<64;5;10M"),
        (PRESS, MouseButton.WHEEL_DOWN, 0, b"\x1b[<65;5;10M"),
        (PRESS, MouseButton.WHEEL_LEFT, 0, b"\x1b[<66;5;10M"),
        (PRESS, MouseButton.WHEEL_RIGHT, 0, b"\x1b[<67;5;10M"),
        (MOTION, LEFT, 0, b"\x1b[<32;5;10M"),
        (MOTION, NONE, 0, b"\x1b[<35;5;10M"),
        (PRESS, LEFT, Modifiers.SHIFT, b"\x1b[<4;5;10M"),
        (PRESS, LEFT, Modifiers.ALT, b"\x1b[<8;5;10M"),
        (PRESS, LEFT, Modifiers.CTRL, b"\x1b[<16;5;10M"),
    ],
)
def test_sgr_coordinates_are_encoded(action: MouseAction, button: MouseButton, modifiers: int, expected: bytes) -> None:
    assert encoded(action, button, modifiers=modifiers, mouse="any_motion", mouse_encoding="sgr") == expected


def test_the_older_encodings_are_encoded() -> None:
    def sent(encoding: str, action: MouseAction = PRESS, column: int = 4) -> bytes:
        return encoded(action, RIGHT, column=column, mouse="press_release", mouse_encoding=encoding)

    assert sent("default") == b'\x1b[M"%*'
    assert sent("default", RELEASE) == b"\x1b[M#%*"
    assert sent("default", column=222) == b'\x1b[M"\xff*'
    assert sent("default", column=223) == b""
    assert sent("utf8", column=222) == b'\x1b[M"\xc3\xbf*'
    assert sent("utf8", column=2014) == '\x1b[M"\u07ff*'.encode()
    assert sent("utf8", column=2015) == b""
    assert sent("urxvt") == b"\x1b[34;5;10M"
    assert sent("urxvt", RELEASE) == b"\x1b[35;5;10M"


def test_pixel_coordinates_are_the_middle_of_the_cell() -> None:
    assert encoded(PRESS, LEFT, mouse="press_release", mouse_encoding="sgr_pixels") == b"\x1b[<0;36;152M"


def test_x10_has_no_modifiers() -> None:
    assert encoded(PRESS, LEFT, modifiers=int(Modifiers.CTRL), mouse="press") == b"\x1b[M %*"


def test_a_position_outside_is_moved_to_the_edge() -> None:
    assert encoded(PRESS, LEFT, column=-3, row=999, mouse="press", mouse_encoding="sgr") == b"\x1b[<0;1;200M"


def test_focus_is_encoded() -> None:
    assert encode_focus(True, Modes()) == b""
    assert encode_focus(True, Modes(focus_events=True)) == b"\x1b[I"
    assert encode_focus(False, Modes(focus_events=True)) == b"\x1b[O"
