"""The uncommitted text of an input method (preedit), as runs for painting."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache

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
        if not self.text:
            return ()
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


_NAME = "_ZN22QWindowSystemInterface23flushWindowSystemEventsE6QFlagsIN10QEventLoop17ProcessEventsFlagEE"
_ALL_EVENTS = 0
"""``QEventLoop::AllEvents``."""


def deliver_earlier_keys() -> None:
    """Deliver the events that Qt has queued, before a composed text is used."""
    _flush()(_ALL_EVENTS)


@cache
def _flush() -> Callable[[int], object]:
    """``QWindowSystemInterface::flushWindowSystemEvents``, which PySide6 lacks; a Qt without it does nothing."""
    try:
        library = ctypes.CDLL("libQt6Gui.so.6", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
        function = library[_NAME]
    except (OSError, AttributeError):
        return lambda _flags: None
    function.argtypes, function.restype = [ctypes.c_int], ctypes.c_bool
    return function


_MODULE, _MODULES, _PORTAL = "QT_IM_MODULE", "QT_IM_MODULES", "IBUS_USE_PORTAL"
_FCITX = frozenset({"fcitx", "fcitx5"})


def variables_for_fcitx(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables with which Qt finds fcitx, if the environment asks for it; a plugin of its own comes first."""
    wanted = environment.get(_MODULES, "") or environment.get(_MODULE, "")
    names = [name for name in wanted.split(";") if name]
    if not _FCITX & set(names):
        return {}
    return {_MODULES: ";".join(dict.fromkeys((*names, "ibus"))), _PORTAL: environment.get(_PORTAL, "1")}


@contextmanager
def finding_fcitx() -> Iterator[None]:
    """Set these variables while Qt starts. Chats get the environment without them."""
    added = variables_for_fcitx(os.environ)
    previous = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in previous.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
