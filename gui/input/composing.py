"""The uncommitted text of an input method (preedit), as runs for painting."""

from __future__ import annotations

from PySide6.QtGui import QInputMethodEvent

from session_host.terminal.rows import Run, Style, Underline

from .latin_keys import is_control_held

_PREEDIT = Style(underline=Underline.SINGLE)


def is_of_a_shortcut(event: QInputMethodEvent, composed: str) -> bool:
    """Whether an event commits the text of one key with Ctrl, which types nothing.

    Some keys are in the Compose table alone, such as "لا" on an Arabic keyboard, and Qt composes them with Ctrl, too.

    Args:
        event: the event.
        composed: the uncommitted text before it; an input method may commit that at any key.
    """
    return is_control_held() and bool(event.commitString()) and not composed


class Composition:
    """The text that an input method shows at the cursor.

    Attributes:
        text: the uncommitted text, "" for none.
        caret: the position of the input method's own caret, in characters.
    """

    def __init__(self) -> None:
        self.text = ""
        self.caret = 0

    def apply_event(self, event: QInputMethodEvent) -> str:
        """Apply an event; returns the text that it commits."""
        self.text = event.preeditString()
        self.caret = len(self.text)
        for attribute in event.attributes():
            if attribute.type == QInputMethodEvent.AttributeType.Cursor:
                self.caret = attribute.start
        return str(event.commitString())

    def clear(self) -> None:
        """Drop the uncommitted text."""
        self.text, self.caret = "", 0

    def runs(self) -> tuple[Run, ...]:
        """The text as underlined clusters from column 0."""
        from wcwidth import wcwidth  # most keyboards need no input method

        runs: list[Run] = []
        column = 0
        for character in self.text:
            cells = wcwidth(character)
            if cells <= 0 and runs:
                runs[-1] = runs[-1]._replace(text=runs[-1].text + character)
                continue
            cells = max(cells, 1)
            runs.append(Run(column, cells, character, _PREEDIT, cluster=True))
            column += cells
        return tuple(runs)
