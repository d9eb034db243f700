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
    """Characters that no single key types."""

    text: str


class Pasted(NamedTuple):
    """A whole bracketed paste; of one over the protocol's limit, a beginning that is also over the limit."""

    text: str


class MouseMoved(NamedTuple):
    """A mouse event at a cell, 0-based."""

    action: MouseAction
    button: MouseButton
    column: int
    row: int
    modifiers: Modifiers = Modifiers.NONE


class FocusChanged(NamedTuple):
    """The outer terminal got or lost the keyboard focus."""

    focused: bool


TerminalInput = KeyTyped | TextTyped | Pasted | MouseMoved | FocusChanged
