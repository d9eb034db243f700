"""What is known about the agent's input line: empty, typed or entered. Pure.

States::

    unknown or typed ──Enter──▶ entered ──the agent works──▶ empty ──any other input──▶ typed

Enter alone does not show that the agent took the line: it may also insert a line, open a menu or choose from one. The
line is empty once the agent works after it, and nothing was typed in between. A key that answers, while the agent asks
something, goes to the question.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from session_host.protocol.values import Activity


class PromptState(StrEnum):
    """The state of the agent's input line, as far as it is known."""

    TYPED = "typed"
    """Something may be typed in it, or nothing is known."""
    ENTERED = "entered"
    """The last input was Enter."""
    EMPTY = "empty"
    """Nothing was typed since the agent began, or since it took the last line."""


_ENTER: Final = (b"\r", b"\x1b[13u", b"\x1b[13;1u", b"\x1b[13;1:1u")
_NEW_LINE: Final = b"\x1b\r"
"""Alt+Enter, with which agents insert a line."""
_NOTHING: Final = re.compile(
    rb"(?:"
    rb"\x1b\[[IO]"  # the focus
    rb"|\x1b\[[\d:;]*:3[u~A-Z]"  # a released key
    rb"|\x1b\[<(?:6[4-7]|3[2-9]|[45]\d);\d+;\d+[Mm]"  # the wheel, and a mouse that moves
    rb"|\x1b(?:\[|O|\[1;1(?::1)?)D"  # Left, which types nothing
    rb")+"
)
"""Input that leaves the line as it is."""
_ANSWERS: Final = re.compile(
    rb"[0-9A-Za-z \r\t\x1b\x7f]|\x1bO[A-Z]|\x1b\[[\d;:]*[A-HPQRSZ~]|\x1b\[(?:9|13|27|127)[\d;:]*u"
)
"""Single keys that answer a question. Should none be open any more, none of them begins a command in the line."""


def is_enter(data: bytes) -> bool:
    """Whether input ends with Enter."""
    return data.endswith(_ENTER) and not data.endswith(_NEW_LINE)


def after_input(state: PromptState, data: bytes, activity: Activity) -> PromptState:
    """The state after input of the user, given as the bytes that the program got, with the agent's activity."""
    if _NOTHING.fullmatch(data) is not None:
        return state
    is_asked = activity is Activity.NEEDS_INPUT
    if is_asked and (state is not PromptState.EMPTY or _ANSWERS.fullmatch(data) is not None):
        return state
    return PromptState.ENTERED if is_enter(data) else PromptState.TYPED


def text_after(text: str, data: bytes, typed: str) -> str:
    """The token of the text that was typed last, with no other input since, after this input; "" for none.

    Args:
        text: the token before it.
        data: the input, as the program got it.
        typed: the input's own token if it is a command's text, else "".
    """
    return text if _NOTHING.fullmatch(data) is not None else typed


def others_after(others: bool, state: PromptState, data: bytes, *, is_command: bool) -> bool:
    """Whether anything but commands' texts was typed since the last Enter, or since the line was empty.

    Args:
        others: whether there was before this input.
        state: the line's state after it.
        data: the input, as the program got it.
        is_command: whether it is a command's text.
    """
    if state is PromptState.EMPTY or (state is PromptState.ENTERED and is_enter(data)):
        return False
    return others or not (is_command or _NOTHING.fullmatch(data) is not None)


def unsent_after(unsent: str, previous: PromptState, state: PromptState) -> str:
    """The unsent text that is left after a change of the line's state: Enter, and the turn that it begins, take it."""
    return unsent if state in {previous, PromptState.TYPED} else ""


def after_activity(state: PromptState, activity: Activity) -> PromptState:
    """The state after the agent reported this activity."""
    return PromptState.EMPTY if state is PromptState.ENTERED and activity is Activity.WORKING else state
