"""Escape sequences that report the chat's title and activity to the terminal.

Sources: OSC 2 (xterm's ctlseqs), OSC 52 (the same), OSC 7501 (an agent's report of its activity), OSC 133 (a shell's
marks of its prompts: here of questions and answers).
"""

from __future__ import annotations

import base64
from enum import StrEnum
from typing import Final

from session_host.protocol.untrusted_text import for_clipboard, one_line

APPLICATION: Final = "outlive-endpoint"
QUESTION: Final = "\x1b]133;A\x1b\\"
ANSWER: Final = "\x1b]133;C\x1b\\"
ANSWER_END: Final = "\x1b]133;D\x1b\\"
"""Marks, each at the beginning of a row."""

CLIPBOARD_CHARACTERS: Final = 200_000


class Activity(StrEnum):
    """The activity of a program."""

    IDLE = "idle"
    WORKING = "working"
    BLOCKED = "blocked"
    """The program cannot continue without its user."""
    DONE = "done"
    CLEAR = "clear"
    """The program reports nothing any more."""


def activity(state: Activity, kind: str = "", message: str = "") -> str:
    """The sequence that reports an activity; ``kind`` is the reason in one word, ``message`` the reason for people."""
    reason = f":kind={kind}" if kind else ""
    if message:
        reason += f":msg={base64.b64encode(one_line(message).encode('utf-8', 'replace')).decode()}"
    return f"\x1b]7501;state={state}{reason}:app={APPLICATION}\x1b\\"


def title(text: str) -> str:
    """The sequence that sets the title."""
    return f"\x1b]2;{one_line(text)}\x1b\\"


def clipboard(text: str) -> str:
    """The sequence that puts a text on the clipboard, where the terminal allows it."""
    content = base64.b64encode(for_clipboard(text, CLIPBOARD_CHARACTERS).encode("utf-8", "replace")).decode()
    return f"\x1b]52;c;{content}\x1b\\"
