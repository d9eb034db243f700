"""The user's input at the outer terminal, as values."""

from __future__ import annotations

from typing import NamedTuple

from session_host.protocol.values import KeyAction, Modifiers, MouseAction, MouseButton


class KeyTyped(NamedTuple):
    """A key, as in ``messages.Key``."""

    key: str
    text: str = ""
    modifiers: Modifiers = Modifiers.NONE
    action: KeyAction = KeyAction.PRESS


class TextTyped(NamedTuple):
    """Characters that no single key stands for."""

    text: str


class Pasted(NamedTuple):
    """A bracketed paste, whole; of one over the protocol's bound, a beginning that is over it too."""

    text: str


class MouseMoved(NamedTuple):
    """A mouse event at a cell, 0-based."""

    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: Modifiers = Modifiers.NONE


class FocusChanged(NamedTuple):
    """The outer terminal got or lost the keyboard."""

    focused: bool


TerminalInput = KeyTyped | TextTyped | Pasted | MouseMoved | FocusChanged
