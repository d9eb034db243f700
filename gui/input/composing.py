"""The uncommitted text of an input method (preedit), as runs for painting."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from PySide6.QtCore import QAbstractNativeEventFilter, QByteArray, QCoreApplication, QEvent
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


_MODULE, _MODULES, _PORTAL, _WAITS = "QT_IM_MODULE", "QT_IM_MODULES", "IBUS_USE_PORTAL", "IBUS_ENABLE_SYNC_MODE"
_FCITX = frozenset({"fcitx", "fcitx5"})


def variables_for_input_methods(environment: Mapping[str, str], *, is_x11: bool) -> dict[str, str]:
    """The variables with which Qt finds fcitx, if the environment asks for it; a plugin of its own comes first.

    On X11 they also let Qt's plugin for IBus, by which it reaches fcitx, wait for the answer about each key; see
    ``KeysInOrder``.
    """
    wanted = environment.get(_MODULES, "") or environment.get(_MODULE, "")
    names = [name for name in wanted.split(";") if name]
    added: dict[str, str] = {}
    if _FCITX & set(names):
        names = list(dict.fromkeys((*names, "ibus")))
        added |= {_MODULES: ";".join(names), _PORTAL: environment.get(_PORTAL, "1")}
    if is_x11 and "ibus" in names:
        added[_WAITS] = environment.get(_WAITS, "1")
    return added


@contextmanager
def using_input_methods(*, is_x11: bool) -> Iterator[KeysInOrder | None]:
    """Set these variables while Qt starts; returns what the application needs then, if anything.

    Chats get the environment without them.
    """
    added = variables_for_input_methods(os.environ, is_x11=is_x11)
    previous = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield KeysInOrder() if added.get(_WAITS) == "1" else None
    finally:
        for name, value in previous.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class KeysInOrder(QAbstractNativeEventFilter):
    """Uses what an input method types for a key before the next key.

    Qt's plugin for IBus asks about a key by a call. If it does not wait for the answer, QtDBus may pass on a later
    answer first, under load. If it waits, the text that comes with the answer is queued, and the next key that X has
    sent already would overtake it.
    """

    def nativeEventFilter(self, kind: QByteArray | bytes | bytearray | memoryview, event: int) -> tuple[bool, int]:
        """Qt passes each event of X; ``event`` is the address of an ``xcb_generic_event_t``."""
        if ctypes.c_uint8.from_address(int(event)).value & _SENT in _KEY_EVENTS:
            QCoreApplication.sendPostedEvents(None, QEvent.Type.MetaCall.value)
        return False, 0


_SENT = 0x7F
"""Without the bit of an event that another program has sent."""

_KEY_EVENTS = {2, 3}
"""``XCB_KEY_PRESS`` and ``XCB_KEY_RELEASE``."""
