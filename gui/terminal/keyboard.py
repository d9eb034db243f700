"""The keyboard: keys for the program, and the few that the view keeps for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtGui import QKeyEvent

from gui.input.keys import MODIFIER_KEYS, KeyTranslator
from gui.input.shortcuts import WINDOW_KEYS, combinations, pressed_combination

from .sink import InputSink

LOCAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "copy": ("Ctrl+Shift+C", "Ctrl+Ins"),
    "paste": ("Ctrl+Shift+V", "Shift+Ins"),
    "select_all": ("Ctrl+Shift+A",),
    "zoom_in": ("Ctrl++", "Ctrl+=", "Ctrl+Shift+=", "Ctrl+Shift++"),
    "zoom_out": ("Ctrl+-",),
    "reset_zoom": ("Ctrl+0",),
}
"""What the view does itself when the window has no shortcut for it."""

HISTORY_KEYS: Mapping[str, tuple[str, ...]] = {
    "line_up": ("Shift+Up",),
    "line_down": ("Shift+Down",),
    "page_up": ("Shift+PgUp",),
    "page_down": ("Shift+PgDown",),
    "to_start": ("Shift+Home",),
    "to_end": ("Shift+End",),
}
"""Looking back; a program on the alternate screen, which has no history, gets these keys itself."""

Actions = Mapping[str, Callable[[], None]]


class Keyboard:
    """What becomes of key events over one view."""

    def __init__(self, actions: Actions) -> None:
        """``actions`` has a call for each name in LOCAL_KEYS and HISTORY_KEYS."""
        self._translator = KeyTranslator()
        self._window_keys = combinations(WINDOW_KEYS)
        self._local = self._bound(LOCAL_KEYS, actions)
        self._history = self._bound(HISTORY_KEYS, actions)

    @staticmethod
    def _bound(keys: Mapping[str, tuple[str, ...]], actions: Actions) -> dict[int, Callable[[], None]]:
        return {number: actions[name] for name, texts in keys.items() for number in combinations(texts)}

    def set_window_keys(self, texts: Iterable[str]) -> None:
        """The combinations that are the window's."""
        self._window_keys = combinations(texts)

    def is_windows(self, event: QKeyEvent) -> bool:
        """Whether the window is to have a key first."""
        return pressed_combination(event.keyCombination()) in self._window_keys

    def act_locally(self, event: QKeyEvent, *, has_history: bool) -> bool:
        """Do what the view itself does at a key; False if it does nothing."""
        pressed = pressed_combination(event.keyCombination())
        action = self._local.get(pressed)
        if action is None and has_history:
            action = self._history.get(pressed)
        if action is None:
            return False
        action()
        return True

    def press(self, event: QKeyEvent, sink: InputSink) -> bool | None:
        """Hand a press on. None: it is no key of the program's; True: it was typing, not a bare modifier."""
        stroke = self._translator.pressed(event)
        if stroke is None:
            return None
        sink.key(*stroke)
        return stroke.key not in MODIFIER_KEYS

    def release(self, event: QKeyEvent, sink: InputSink) -> bool:
        """Hand a release on; False if there is nothing to say."""
        stroke = self._translator.released(event)
        if stroke is None:
            return False
        sink.key(*stroke)
        return True

    def forget_held(self) -> None:
        """The keyboard went elsewhere."""
        self._translator.forget_held()
