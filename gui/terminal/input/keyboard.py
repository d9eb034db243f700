"""The keyboard: keys for the program, and the few keys that the view handles itself. Key path, 2 of 16."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtGui import QKeyEvent

from gui.input.keys import KeyTranslator
from gui.input.shortcuts import WINDOW_KEYS, combination, combinations, pressed_combination
from gui.terminal.input_sink import TypedInput
from session_host.protocol.values import MODIFIER_KEYS
from session_host.terminal.base import Emulator, Modes

LOCAL_KEYS: Mapping[str, tuple[str, ...]] = {
    "copy": ("Ctrl+Shift+C",),
    "paste": ("Ctrl+Shift+V",),
    "paste_selection": ("Shift+Ins", "Ctrl+Shift+Ins"),
    "select_all": ("Ctrl+Shift+A",),
    "zoom_in": ("Ctrl++", "Ctrl+=", "Ctrl+Shift+=", "Ctrl+Shift++"),
    "zoom_out": ("Ctrl+-",),
    "reset_zoom": ("Ctrl+0",),
}
"""Keys that the view handles if they are not window shortcuts."""

_COPY_OF_SELECTION = "Ctrl+Ins"
"""Copies if text is selected; otherwise the key belongs to the program."""

_COPY_AND_DESELECT = combination("Ctrl+C")
"""The same, if the user wants that. It deselects, so that the next press goes to the program."""

HISTORY_KEYS: Mapping[str, tuple[str, ...]] = {
    "page_up": ("Shift+PgUp",),
    "page_down": ("Shift+PgDown",),
}
"""Keys that scroll the history; on the alternate screen, which has no history, the program gets them."""

SPARE_HISTORY_KEYS: Mapping[str, tuple[str, ...]] = {
    "line_up": ("Shift+Up",),
    "line_down": ("Shift+Down",),
    "to_start": ("Shift+Home",),
    "to_end": ("Shift+End",),
}
"""More keys that scroll the history, unless the program enabled modified keys (kitty's protocol, modifyOtherKeys)."""

Actions = Mapping[str, Callable[[], None]]


class Keyboard:
    """Handles the key events of one view.

    Attributes:
        ctrl_c_copies: whether Ctrl+C copies if text is selected.
    """

    def __init__(self, actions: Actions) -> None:
        """Set the view's own actions; ``actions`` has a function for each name in the tables above."""
        self._translator = KeyTranslator()
        self._window_keys = combinations(WINDOW_KEYS)
        self._local = self._bound(LOCAL_KEYS, actions)
        self._history = self._bound(HISTORY_KEYS, actions)
        self._spare_history = self._bound(SPARE_HISTORY_KEYS, actions)
        self._copy = self._bound({"copy": (_COPY_OF_SELECTION,)}, actions)
        self._all_keys = frozenset().union(self._local, self._history, self._spare_history, self._copy)
        self._copy_and_deselect = (actions["copy"], actions["deselect"])
        self.ctrl_c_copies = False

    @staticmethod
    def _bound(keys: Mapping[str, tuple[str, ...]], actions: Actions) -> dict[int, Callable[[], None]]:
        return {number: actions[name] for name, texts in keys.items() for number in combinations(texts)}

    def set_window_keys(self, texts: Iterable[str]) -> None:
        """Set the combinations that belong to the window."""
        self._window_keys = combinations(texts)

    def is_window_key(self, event: QKeyEvent) -> bool:
        """Whether the window handles a key first."""
        return pressed_combination(event.keyCombination()) in self._window_keys

    def act_locally(self, event: QKeyEvent, emulator: Emulator | None) -> bool:
        """Handle a key in the view itself; False if it is not one of the view's keys."""
        pressed = pressed_combination(event.keyCombination())
        if pressed == _COPY_AND_DESELECT and self.ctrl_c_copies and emulator is not None and emulator.selected_text():
            for act in self._copy_and_deselect:
                act()
            return True
        if pressed not in self._all_keys:
            return False
        action = self._local.get(pressed)
        if action is None and pressed in self._copy and emulator is not None and emulator.selected_text():
            action = self._copy[pressed]
        if action is None and (pressed in self._history or pressed in self._spare_history):
            modes = emulator.modes if emulator is not None else Modes()
            if not modes.alternate_screen:
                modified_keys = modes.kitty_keyboard or modes.modify_other_keys
                action = self._history.get(pressed) or (None if modified_keys else self._spare_history[pressed])
        if action is None:
            return False
        action()
        return True

    def press(self, event: QKeyEvent, sink: TypedInput) -> bool | None:
        """Send a key press; returns None if it is not a key for the program, False if it is a modifier, else True."""
        stroke = self._translator.pressed(event)
        if stroke is None:
            return None
        sink.key(*stroke)
        return stroke.key not in MODIFIER_KEYS

    def release(self, event: QKeyEvent, sink: TypedInput) -> bool:
        """Send a key release; False if it is not a key for the program."""
        stroke = self._translator.released(event)
        if stroke is None:
            return False
        sink.key(*stroke)
        return True

    def forget_held(self) -> None:
        """Forget pressed keys, since the keyboard focus is elsewhere."""
        self._translator.forget_held()
