"""A user's input for the program: encodes and classifies it, and knows whether anything is typed in the input line.

Key path, 11 of 16.
"""

from __future__ import annotations

import re

from session_host.protocol.messages import Focus, Input, Key, Mouse, Paste, Typed
from session_host.protocol.values import MODIFIER_KEYS, Activity, KeyAction, MouseAction, MouseButton
from session_host.storage.descriptors.log_state import LogState
from session_host.terminal.base import Emulator
from session_host.terminal.encode import encode_focus, encode_key, encode_mouse, encode_paste
from session_host.terminal.rows import row_text
from session_host.terminal.typed_line import (
    PromptState,
    after_activity,
    after_input,
    is_enter,
    others_after,
    text_after,
    unsent_after,
)

_MOVING = frozenset({"ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageUp", "PageDown", "Tab"})
_MAX_LINE_ROWS = 50
"""How many rows of an input line are looked at."""
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
        case Typed(text=text):
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


class PromptLine:
    """Follows the input of all clients and the agent's activity.

    Attributes:
        state: what is known.
        unsent: the row of the screen that ends with a text that a command typed and could not send; "" for none.
        text: the token of the command's text that was typed last, with no other input since; "" for none.
        has_others: whether the line may have something that no command typed.
    """

    def __init__(self, pattern: str, log_state: LogState) -> None:
        """Begin with the state that a previous host left; ``pattern``: ``Watch.empty_prompt``."""
        self.state = log_state.prompt
        self.unsent, self.text = log_state.unsent, log_state.line_text
        self.has_others = log_state.line_of_others
        self._entered_by = ""
        self._pattern = re.compile(pattern) if pattern else None
        self._activity = log_state.activity.in_turns if log_state.activity is not None else Activity.NO_SIGNAL

    def program_began(self) -> None:
        """The program was started: nobody has typed anything."""
        self._set_state(PromptState.EMPTY)

    def typed(self, data: bytes, by: str = "", text: str = "") -> None:
        """The program gets input of a viewer or a command.

        Args:
            data: the bytes.
            by: the kind of client.
            text: the token of a command's text.
        """
        self.text = text_after(self.text, data, text)
        self._set_state(after_input(self.state, data, self._activity))
        self.has_others = others_after(self.has_others, self.state, data, is_command=bool(text))
        if self.state is PromptState.ENTERED and is_enter(data):
            self._entered_by = by

    def take_entered_by(self) -> str:
        """The kind of client that pressed Enter last, since this was asked before; "" for none."""
        entered_by, self._entered_by = self._entered_by, ""
        return entered_by

    def activity_changed(self, activity: Activity) -> None:
        """The agent reported its activity."""
        self._activity = activity
        self._set_state(after_activity(self.state, activity))

    def _set_state(self, state: PromptState) -> None:
        self.state, self.unsent = state, unsent_after(self.unsent, self.state, state)
        self.has_others = self.has_others and state is not PromptState.EMPTY

    def has_unsent(self, emulator: Emulator) -> bool:
        """Whether the input line still has the text that a command could not send: the user may have deleted it."""
        return bool(self.unsent) and any(row_text(row).rstrip() == self.unsent for row in emulator.rows())

    def holds_others(self, emulator: Emulator) -> bool | None:
        """Whether the line has a text, and not all of it is of commands; None if that is not known.

        If the line is empty, what others typed was deleted, and what commands type from now on is theirs. It is known
        of a shell that marks its prompts, and of an agent whose input line the catalog describes. What is behind the
        cursor is no text: agents and shells show suggestions there.
        """
        if not self.has_others:
            return False
        has_text = self._has_text(emulator)
        self.has_others = has_text is not False
        return has_text

    def _has_text(self, emulator: Emulator) -> bool | None:
        if (pattern := self._pattern) is None:
            from session_host.terminal.command_line import typed_so_far  # Hosts start quickly.

            typed = typed_so_far(emulator)
            return None if typed is None else bool(typed.strip())
        rows, cursor = emulator.rows(), emulator.cursor
        for number in range(cursor.row, max(-1, cursor.row - _MAX_LINE_ROWS), -1):
            text = row_text(rows[number])
            text = text[: cursor.column].ljust(cursor.column) if number == cursor.row else text
            if (begin := pattern.match(text)) is not None:
                return number < cursor.row or bool(text[begin.end() :].strip())
            if text[:1].strip():
                return None  # Above it is no line of the same text.
        return None

    def is_empty(self, emulator: Emulator) -> bool:
        """Whether the line is empty: nothing was typed, the agent is idle, and its cursor is at the line's beginning.

        If that is not certain, the line counts as not empty.
        """
        if self._pattern is None or self.state is not PromptState.EMPTY or self._activity is not Activity.IDLE:
            return False
        cursor = emulator.cursor
        before = row_text(emulator.rows()[cursor.row])[: cursor.column]
        return self._pattern.fullmatch(before.ljust(cursor.column)) is not None
