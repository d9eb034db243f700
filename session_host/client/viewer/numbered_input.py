"""User input as numbered messages. Part of ``viewer``."""

from __future__ import annotations

from session_host.protocol.messages import Focus, Input, Key, Mouse, Paste, Text
from session_host.protocol.values import KeyAction, MouseAction, MouseButton

from .rules import ViewerRules


class ViewerInput:
    """The input methods of a viewer.

    Attributes:
        read_only: the viewer shows the session and takes no input.
    """

    def __init__(self, rules: ViewerRules, *, read_only: bool) -> None:
        self.read_only = read_only
        self._rules = rules

    def _input(self, message: Input) -> None:
        raise NotImplementedError

    def key(self, key: str, text: str = "", modifiers: int = 0, action: KeyAction = KeyAction.PRESS) -> None:
        """The user pressed, repeated or released a key; see ``messages.Key``."""
        self._input(Key(self._rules.attachment, self._rules.inputs.next_sequence, key, text, int(modifiers), action))

    def text(self, text: str) -> None:
        """The user committed composed text."""
        self._input(Text(self._rules.attachment, self._rules.inputs.next_sequence, text))

    def paste(self, text: str) -> None:
        """The user pasted text."""
        self._input(Paste(self._rules.attachment, self._rules.inputs.next_sequence, text))

    def mouse(self, action: MouseAction, button: MouseButton, column: int, row: int, modifiers: int = 0) -> None:
        """The user moved, clicked or scrolled the mouse at a cell."""
        self._input(
            Mouse(self._rules.attachment, self._rules.inputs.next_sequence, action, button, column, row, int(modifiers))
        )

    def focus(self, focused: bool) -> None:
        """The viewer got or lost the keyboard focus."""
        if not self.read_only:
            self._input(Focus(self._rules.attachment, self._rules.inputs.next_sequence, focused))
