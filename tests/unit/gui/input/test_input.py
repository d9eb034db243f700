from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QInputMethodEvent, QWheelEvent

from gui.input.composing import Composition
from gui.input.keys import modifiers_of
from gui.input.latin_keys import LayoutMemory, latin_letter
from gui.input.mouse import WheelSteps, button_of, first_held
from gui.input.shortcuts import WINDOW_KEYS, combination, combinations
from session_host.protocol.values import Modifiers, MouseButton


def test_the_unshifted_key_is_the_us_layouts_if_it_produces_the_text():
    layout = LayoutMemory()
    assert layout.unshifted(10, "!") == "1"
    assert layout.unshifted(61, "?") == "/"
    assert layout.unshifted(24, "Q") == "q"


def test_the_unshifted_key_is_learned_and_not_guessed_on_other_layouts():
    layout = LayoutMemory()
    assert layout.unshifted(11, '"') == '"', "on a US keyboard this key types @: nothing is known"
    layout.learn(11, "2")
    assert layout.unshifted(11, '"') == "2"
    layout.learn(20, "ß")
    assert layout.unshifted(20, "?") == "ß"


def test_a_key_has_its_latin_letter():
    assert latin_letter(54, 0x63) == "c"
    assert latin_letter(54, 0x6D3) == "c", "a Cyrillic keysym: the key's position decides"
    assert latin_letter(999, 0x6D3) == ""


def test_modifiers_have_the_protocols_bits():
    held = Qt.KeyboardModifier
    every = held.ShiftModifier | held.AltModifier | held.ControlModifier | held.MetaModifier
    assert modifiers_of(every) == Modifiers.SHIFT | Modifiers.ALT | Modifiers.CTRL | Modifiers.SUPER
    assert modifiers_of(held.KeypadModifier) == 0


def test_buttons_of_qt_have_the_protocols_numbers():
    assert button_of(Qt.MouseButton.RightButton) == MouseButton.RIGHT
    assert button_of(Qt.MouseButton.BackButton) == MouseButton.BACK
    assert button_of(Qt.MouseButton.ExtraButton9) == MouseButton.NONE
    assert first_held(Qt.MouseButton.MiddleButton | Qt.MouseButton.RightButton) == MouseButton.MIDDLE
    assert first_held(Qt.MouseButton.NoButton) == MouseButton.NONE


def turned(angle: int = 0, pixels: int = 0, phase: Qt.ScrollPhase = Qt.ScrollPhase.NoScrollPhase) -> QWheelEvent:
    here = QPointF(5, 5)
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    return QWheelEvent(here, here, QPoint(0, pixels), QPoint(0, angle), *none, phase, False)


def test_parts_of_a_wheel_notch_are_summed():
    steps = WheelSteps(8, 16)
    total = sum(steps.add_delta(turned(angle=-7), 3)[1] for _ in range(120))
    assert total == 21


def test_a_reversed_wheel_scrolls_at_once():
    steps = WheelSteps(8, 16)
    assert steps.add_delta(turned(angle=-110), 1) == (0, 0)
    assert steps.add_delta(turned(angle=120), 1) == (0, -1)


def test_a_touchpads_pixels_become_lines():
    steps = WheelSteps(8, 16)
    assert [steps.add_delta(turned(pixels=-8), 3)[1] for _ in range(4)] == [0, 1, 0, 1]
    assert steps.add_delta(turned(pixels=-12, phase=Qt.ScrollPhase.ScrollUpdate), 3)[1] == 0
    assert steps.add_delta(turned(pixels=-12, phase=Qt.ScrollPhase.ScrollBegin), 3)[1] == 0, (
        "a new gesture begins at zero"
    )


def test_composed_text_has_columns_and_cells():
    composition = Composition()
    committed = composition.apply_event(QInputMethodEvent("aに\u0301ほ", []))
    assert committed == ""
    assert [(run.column, run.cells, run.text) for run in composition.runs()] == [
        (0, 1, "a"),
        (1, 2, "に\u0301"),
        (3, 2, "ほ"),
    ]
    event = QInputMethodEvent("", [])
    event.setCommitString("日")
    assert composition.apply_event(event) == "日"
    assert composition.runs() == ()


def test_the_windows_keys_leave_those_that_programs_need():
    window_keys = combinations(WINDOW_KEYS)
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        assert combination(f"Ctrl+{letter}") not in window_keys
        assert combination(f"Alt+{letter}") not in window_keys
    for key in ("Esc", "Tab", "Return", "Backspace", "F1", "F10", "Shift+Tab", "Alt+Return"):
        assert combination(key) not in window_keys


@pytest.mark.parametrize("text", ["", "Ctrl+K, Ctrl+C"])
def test_only_single_combinations_are_accepted(text):
    with pytest.raises(ValueError, match="not one key combination"):
        combination(text)
