"""The keymap: keys of actions, conflicts, and the use of keys by programs in terminals."""

from __future__ import annotations

import pytest

from gui.window.actions.separate_windows import keymap
from gui.window.settings.context import use_in_terminals
from gui.wording import settings_texts

KEYMAP = keymap()
RENAME = next(action for action in KEYMAP.actions if action.name == "rename")


def test_a_key_of_another_action_is_reported_and_taken_from_it() -> None:
    conflict = KEYMAP.conflict({}, RENAME, "Ctrl+Shift+W")
    assert conflict.holder is not None
    assert (conflict.holder.name, conflict.use, conflict.types) == ("close_tab", "", False)
    assert KEYMAP.assigned({}, RENAME, ["Ctrl+Shift+W"]) == {"rename": "Ctrl+Shift+W"}
    assert KEYMAP.chosen({"rename": ["Ctrl+Shift+W"]})["close_tab"] == []
    # If the user gave the key to the other action, its line loses the key.
    mine = {"close_tab": ["Ctrl+Shift+W", "Ctrl+F4"], "send": ["F7"]}
    assert KEYMAP.assigned(mine, RENAME, ["Ctrl+Shift+W"]) == {"rename": "Ctrl+Shift+W", "close_tab": "Ctrl+F4"}
    assert KEYMAP.assigned(mine, RENAME, ["F7", "F8"]) == {"rename": ["F7", "F8"], "send": ""}
    assert KEYMAP.assigned({"rename": ["F7"]}, RENAME, []) == {"rename": None}, "it has no key by default"


@pytest.mark.parametrize(
    ("key", "use"),
    [
        ("Ctrl+C", "interrupt"), ("Shift+Tab", "agents' permission modes"), ("Ctrl+K", "control keys"),
        ("Alt+B", "meta keys"), ("F5", "function keys"), ("Ctrl+Left", "move and edit"), ("Ctrl+Shift+K", ""),
        ("Ctrl+1", ""), ("Ctrl++", ""), ("Meta+K", ""),
    ],
)  # fmt: skip
def test_the_use_of_a_key_in_terminals_is_known(key: str, use: str) -> None:
    assert use_in_terminals(key) == use
    if use:
        assert settings_texts.key_use(use)


def test_a_key_that_types_text_cannot_belong_to_an_action_and_default_keys_do_not_conflict() -> None:
    for key in ("A", "Shift+A", "Space", "Return", "Tab", "+", "Esc"):
        assert KEYMAP.conflict({}, RENAME, key).types, key
    for key in ("Ctrl+Shift+R", "Shift+F3"):
        assert not KEYMAP.conflict({}, RENAME, key).types
    zoom = next(action for action in KEYMAP.actions if action.name == "zoom_in")
    for key in zoom.defaults:
        assert not KEYMAP.conflict({}, zoom, key)
