"""Encodes a user's input for the program, and classifies it."""

from __future__ import annotations

from session_host.protocol.messages import Focus, Input, Key, Mouse, Paste, Text
from session_host.protocol.values import MODIFIER_KEYS, KeyAction, MouseAction, MouseButton
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_focus, encode_key, encode_mouse, encode_paste

_MOVING = frozenset({"ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Tab"})
_NO_ANSWER = MODIFIER_KEYS | _MOVING
_WHEEL = frozenset({MouseButton.WHEEL_UP, MouseButton.WHEEL_DOWN, MouseButton.WHEEL_LEFT, MouseButton.WHEEL_RIGHT})


def encode_input(emulator: Emulator, message: Input) -> bytes:
    """Encode an input for the program, by the terminal's current modes."""
    modes = emulator.modes
    match message:
        case Key():
            return encode_key(message, modes)
        case Paste(text=text):
            return encode_paste(text, modes)
        case Mouse():
            return encode_mouse(message, modes, emulator.size, emulator.cell)
        case Focus(focused=focused):
            return encode_focus(focused, modes)
        case Text(text=text):
            return text.encode("utf-8", "replace")
        case _:
            raise TypeError(f"{type(message).__name__} has no bytes for a terminal")


def is_use(message: Input) -> bool:
    """Whether an input shows that its viewer is the one in use."""
    if isinstance(message, Focus):
        return message.focused
    return not (isinstance(message, Key) and message.action is KeyAction.RELEASE)


def is_navigation(message: Input) -> bool:
    """Whether an input cannot be an answer to a waiting agent.

    That is a focus report, a mouse movement or scrolling, a released key, a pressed modifier, or a key that moves
    around in the question.
    """
    if isinstance(message, Key):
        return message.key in _NO_ANSWER or message.action is KeyAction.RELEASE
    match message:
        case Mouse(button=button, action=action):
            return action is MouseAction.MOTION or button in _WHEEL
        case Focus():
            return True
        case _:
            return False
