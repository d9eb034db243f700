"""Real keys of the X server (xdotool) on several layouts; Qt's own key events where they suffice."""

from __future__ import annotations

import subprocess

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from gui.input import latin_keys
from gui.window.widgets.prompt_field import PromptField
from session_host.protocol.values import NAMED_KEYS, KeyAction, Modifiers
from tests.e2e.view.conftest import ShownView
from tests.support.qt_waiting import process_events_until, show
from tests.support.windows import has_keyboard

SHIFT, ALT, CTRL = int(Modifiers.SHIFT), int(Modifiers.ALT), int(Modifiers.CTRL)


def pressed(terminal: ShownView, *keys: str) -> list[tuple[str, str, int]]:
    """Press keys on the X server; returns the presses that reached the session."""
    terminal.focus()
    terminal.sink.calls.clear()
    for key in keys:
        subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True, timeout=60)
    subprocess.run(["xdotool", "key", "F9"], check=True, timeout=60)  # arrives after all previous keys
    terminal.until(lambda: ("key", "F9", "", 0, KeyAction.RELEASE) in terminal.sink.calls, "the last key")
    return [press for press in terminal.sink.presses() if press[0] != "F9"]


def test_letters_digits_and_shifted_characters(show_view, keyboard_layout):
    terminal = show_view()
    assert pressed(terminal, "a", "A", "1", "exclam", "question", "space") == [
        ("a", "a", 0),
        ("a", "A", SHIFT),
        ("1", "1", 0),
        ("1", "!", SHIFT),
        ("/", "?", SHIFT),
        ("Space", " ", 0),
    ]


INVISIBLE = {"U200C": "\u200c", "U00A0": "\u00a0", "U200D": "\u200d", "U200F": "\u200f"}
"""Characters that the Persian keyboard has, by the X server's names: joiners, the no-break space, a mark."""


def test_the_invisible_characters_of_persian_are_typed_into_a_terminal(show_view, keyboard_layout):
    terminal = show_view()
    keyboard_layout("ir")
    assert [text for _, text, _ in pressed(terminal, *INVISIBLE)] == list(INVISIBLE.values())


def test_the_invisible_characters_of_persian_are_typed_into_a_prompt(show_chat, keyboard_layout):
    shown = show_chat()
    keyboard_layout("ir")
    editor = shown.view.prompt.editor
    subprocess.run(["xdotool", "key", "--clearmodifiers", *INVISIBLE, "F9"], check=True, timeout=60)
    process_events_until(lambda: editor.toPlainText() == "".join(INVISIBLE.values()), 60, "the text")


@pytest.mark.parametrize(("field", "text"), [(PromptField, PromptField.toPlainText), (QLineEdit, QLineEdit.text)])
def test_the_invisible_characters_of_persian_are_typed_into_other_fields(
    qapp: QApplication, window_manager: None, keyboard_layout, field, text
):
    shown = field("field")
    show(shown)
    shown.activateWindow()
    process_events_until(lambda: has_keyboard(int(shown.winId())), 60, "the keyboard")
    shown.clear()
    keyboard_layout("ir")
    subprocess.run(["xdotool", "key", "--clearmodifiers", *INVISIBLE], check=True, timeout=60)
    process_events_until(lambda: text(shown) == "".join(INVISIBLE.values()), 60, "the text")
    shown.close()


def test_keys_with_names(show_view, keyboard_layout):
    terminal = show_view()
    names = {
        "Return": "Enter", "Tab": "Tab", "BackSpace": "Backspace", "Escape": "Escape", "Up": "ArrowUp",
        "Down": "ArrowDown", "Left": "ArrowLeft", "Right": "ArrowRight", "Home": "Home", "End": "End",
        "Prior": "PageUp", "Next": "PageDown", "Insert": "Insert", "Delete": "Delete", "F1": "F1", "F12": "F12",
    }  # fmt: skip
    assert pressed(terminal, *names) == [(name, "", 0) for name in names.values()]
    assert set(names.values()) <= NAMED_KEYS


def test_a_line_break_that_a_program_types_for_the_user_is_ctrl_j(show_view, keyboard_layout):
    terminal = show_view()
    terminal.focus()
    subprocess.run(["xdotool", "type", "a\nb"], check=True, timeout=60)
    terminal.until(lambda: len(terminal.sink.presses()) == 3, "three keys")
    assert terminal.sink.presses() == [("a", "a", 0), ("j", "", CTRL), ("b", "b", 0)]


def test_ctrl_and_alt_reach_the_program(show_view, keyboard_layout):
    terminal = show_view()
    keys = pressed(
        terminal, "ctrl+c", "ctrl+w", "ctrl+q", "alt+f", "alt+b", "ctrl+alt+x", "ctrl+space", "shift+Tab", "alt+Return"
    )
    assert keys == [
        ("c", "", CTRL),
        ("w", "", CTRL),
        ("q", "", CTRL),
        ("f", "f", ALT),
        ("b", "b", ALT),
        ("x", "", CTRL | ALT),
        ("Space", "", CTRL),
        ("Tab", "", SHIFT),
        ("Enter", "", ALT),
    ]  # fmt: skip


def test_each_press_has_its_release(show_view, keyboard_layout):
    terminal = show_view()
    pressed(terminal, "x")
    actions = [(key, action) for key, _, _, action in terminal.sink.of("key") if key == "x"]
    assert actions == [("x", KeyAction.PRESS), ("x", KeyAction.RELEASE)]


def test_a_held_key_repeats_until_it_is_released(show_view, keyboard_layout):
    terminal = show_view()
    terminal.focus()
    terminal.sink.calls.clear()

    def actions() -> list[KeyAction]:
        return [action for key, _, _, action in terminal.sink.of("key") if key == "x"]

    def strokes() -> int:
        return len([action for action in actions() if action != KeyAction.RELEASE])

    subprocess.run(["xdotool", "keydown", "x"], check=True, timeout=60)
    try:
        terminal.until(lambda: strokes() >= 3, "the key to repeat")
    finally:
        subprocess.run(["xdotool", "keyup", "x"], check=True, timeout=60)
    terminal.until(lambda: actions()[-1] == KeyAction.RELEASE, "the release")
    assert actions()[0] == KeyAction.PRESS
    # Qt may not recognise a release and a press of the X server as one repetition: then it delivers both.
    assert actions().count(KeyAction.PRESS) == actions().count(KeyAction.RELEASE)


def test_repetitions_are_distinguished_from_presses(show_view):
    terminal = show_view()
    terminal.focus()
    for kind, repeats in ((QEvent.Type.KeyPress, False), (QEvent.Type.KeyRelease, True), (QEvent.Type.KeyPress, True)):
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(terminal.view, QKeyEvent(kind, Qt.Key.Key_X.value, none, "x", repeats))
    assert [call[3] for call in terminal.sink.of("key")] == [KeyAction.PRESS, KeyAction.REPEAT]


def test_a_ctrl_d_that_is_held_when_its_shell_ends_types_nothing_into_the_next_chat(show_view):
    terminal = show_view()
    terminal.focus()
    letter, control = Qt.Key.Key_D.value, Qt.KeyboardModifier.ControlModifier
    for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.KeyPress):
        QApplication.sendEvent(terminal.view, QKeyEvent(kind, letter, control, "\x04", True))
    assert terminal.sink.of("key") == []
    QTest.keyClick(terminal.view, Qt.Key.Key_D, control)
    assert terminal.sink.presses() == [("d", "", int(Modifiers.CTRL))]


def test_the_number_pad(show_view, keyboard_layout):
    terminal = show_view()
    assert pressed(terminal, "KP_7", "KP_Enter", "KP_Add", "KP_Divide") == [
        ("Numpad7", "7", 0),
        ("NumpadEnter", "", 0),
        ("NumpadAdd", "+", 0),
        ("NumpadDivide", "/", 0),
    ]


def test_the_number_pad_without_num_lock_sends_arrow_keys(show_view):
    terminal = show_view()
    QTest.keyClick(terminal.view, Qt.Key.Key_Home, Qt.KeyboardModifier.KeypadModifier)
    assert terminal.sink.presses() == [("Home", "", 0)]


def test_altgr_types_its_third_character(show_view, keyboard_layout):
    keyboard_layout("de")
    terminal = show_view()
    terminal.focus()
    keys = pressed(terminal, "ISO_Level3_Shift+q", "ISO_Level3_Shift+e")
    assert [text for _, text, _ in keys if text] == ["@", "€"]
    assert all(modifiers == 0 for _, text, modifiers in keys if text)


def test_the_unshifted_key_of_another_layout_is_learned(show_view, keyboard_layout):
    keyboard_layout("de")
    terminal = show_view()
    assert pressed(terminal, "2", "quotedbl")[-1] == ("2", '"', SHIFT)
    assert pressed(terminal, "z", "Z") == [("z", "z", 0), ("z", "Z", SHIFT)]


def test_ctrl_with_a_cyrillic_letter_is_the_latin_one(show_view, keyboard_layout):
    keyboard_layout("ru")
    terminal = show_view()
    assert pressed(terminal, "Cyrillic_es") == [("с", "с", 0)]
    assert pressed(terminal, "ctrl+Cyrillic_es", "ctrl+Cyrillic_ve") == [("c", "", CTRL), ("d", "", CTRL)]


def test_a_dead_key_composes(show_view, keyboard_layout):
    keyboard_layout("us", "intl")
    terminal = show_view()
    keys = pressed(terminal, "dead_acute", "e")
    assert [text for (text,) in terminal.sink.of("text")] == ["é"]
    assert keys == []


def test_a_dead_key_does_not_overtake_the_keys_before_it_while_the_window_is_busy(show_view, keyboard_layout):
    keyboard_layout("us", "intl")
    terminal = show_view()
    pressed(terminal, "a", "b", "dead_acute", "e", "c")  # Qt reads them together, afterwards.
    typed = [
        call[1] if call[0] == "text" else call[2]
        for call in terminal.sink.calls
        if call[0] == "text" or (call[0] == "key" and call[4] is KeyAction.PRESS)
    ]
    assert "".join(typed) == "abéc"


def test_a_dead_key_does_not_overtake_the_keys_before_it_in_a_prompt(show_chat, keyboard_layout):
    keyboard_layout("us", "intl")
    editor = show_chat().view.prompt.editor
    subprocess.run(["xdotool", "key", "a", "b", "dead_acute", "e", "c"], check=True, timeout=60)
    process_events_until(lambda: editor.toPlainText().endswith("c"), 60, "the text")
    assert editor.toPlainText() == "abéc"


def test_a_dead_key_composes_in_a_tab_that_was_focused_before_its_chat_was_connected(show_view, keyboard_layout):
    keyboard_layout("de")
    terminal = show_view()
    terminal.focus()
    terminal.view.clearFocus()
    terminal.view.set_viewer(None)
    terminal.focus()
    terminal.view.set_viewer(terminal.sink)
    keys = pressed(terminal, "dead_acute", "a", "dead_circumflex", "E")
    assert [text for (text,) in terminal.sink.of("text")] == ["á", "Ê"]
    assert keys == []


# ---------------------------------------------------------------- the window's keys


def test_the_windows_shortcuts_still_work(show_view, keyboard_layout):
    terminal = show_view()
    fired: list[str] = []
    texts = [
        "Ctrl+Shift+P",
        "Alt+1",
        "Alt+9",
        "Ctrl+PgUp",
        "Ctrl+PgDown",
        "Ctrl+Tab",
        "Ctrl+Shift+Tab",
        "Ctrl+,",
        "F11",
        "Ctrl++",
        "Ctrl+-",
        "Ctrl+0",
    ]
    for text in texts:
        shortcut = QShortcut(QKeySequence(text), terminal.view)
        shortcut.activated.connect(lambda text=text: fired.append(text))
    keys = [
        "ctrl+shift+p",
        "alt+1",
        "alt+9",
        "ctrl+Prior",
        "ctrl+Next",
        "ctrl+Tab",
        "ctrl+shift+Tab",
        "ctrl+comma",
        "F11",
        "ctrl+plus",
        "ctrl+minus",
        "ctrl+0",
    ]
    assert pressed(terminal, *keys) == []
    assert fired == texts


def test_other_shortcuts_of_a_window_do_not_steal_from_the_program(show_view, keyboard_layout):
    terminal = show_view()
    fired: list[str] = []
    for text in ("Ctrl+W", "Ctrl+Q", "Alt+F", "Esc", "Tab"):
        QShortcut(QKeySequence(text), terminal.view).activated.connect(lambda: fired.append("stolen"))
    keys = pressed(terminal, "ctrl+w", "ctrl+q", "alt+f", "Escape", "Tab")
    assert [key for key, _, _ in keys] == ["w", "q", "f", "Escape", "Tab"]
    assert fired == []


def test_rebound_window_keys_are_followed(show_view, keyboard_layout):
    terminal = show_view()
    terminal.view.set_window_keys(("Ctrl+J",))
    fired: list[str] = []
    QShortcut(QKeySequence("Ctrl+J"), terminal.view).activated.connect(lambda: fired.append("j"))
    assert pressed(terminal, "ctrl+j", "alt+1") == [("1", "1", ALT)]
    assert fired == ["j"]


def test_a_read_only_screen_takes_no_keys(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.view.show_emulator(terminal.emulator)
    terminal.sink.calls.clear()
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    assert terminal.sink.calls == []


# ---------------------------------------------------------------- effects of typing on the view


def test_typing_returns_to_the_bottom_and_output_does_not(show_view):
    terminal = show_view(40, 8)
    terminal.feed("\r\n".join(f"line {number}" for number in range(50)))
    terminal.view.scroll_lines(-10)
    terminal.settle()
    assert terminal.view.scrolled_back
    terminal.feed("\r\nmore output")
    assert terminal.view.scrolled_back
    QTest.keyPress(terminal.view, Qt.Key.Key_Shift)
    terminal.settle()
    assert terminal.view.scrolled_back, "a bare modifier is no typing"
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    terminal.settle()
    assert not terminal.view.scrolled_back


def test_focus_changes_are_reported(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.view.clearFocus()
    terminal.focus()
    assert terminal.sink.of("focus")[-2:] == [(False,), (True,)]


def test_the_release_of_a_key_held_during_a_focus_change_is_not_sent(show_view):
    terminal = show_view()
    terminal.focus()
    QTest.keyPress(terminal.view, Qt.Key.Key_A)
    terminal.view.clearFocus()
    terminal.focus()
    terminal.sink.calls.clear()
    QTest.keyRelease(terminal.view, Qt.Key.Key_A)
    assert terminal.sink.of("key") == []


@pytest.mark.parametrize("is_wanted", [False, True])
def test_ctrl_c_copies_selected_text_if_it_is_set_to_and_the_next_one_interrupts(show_view, is_wanted):
    terminal = show_view()
    terminal.feed("a line")
    terminal.view.set_ctrl_c_copies(enabled=is_wanted)
    QGuiApplication.clipboard().setText("before")
    terminal.view.select_all()
    terminal.sink.calls.clear()
    QTest.keyClick(terminal.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().strip() == ("a line" if is_wanted else "before")
    assert [key for key, *_ in terminal.sink.presses()] == ([] if is_wanted else ["c"])
    assert terminal.emulator.selected_text() == ""
    QTest.keyClick(terminal.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert terminal.sink.presses()[-1][0] == "c"


# ---------------------------------------------------------------- layouts without Latin letters


@pytest.mark.parametrize("layout", ["ru", "il", "gr", "ir", "ge", "th", "us,ru", "us"])
def test_the_windows_keys_work_on_layouts_without_latin_letters(show_view, keyboard_layout, layout):
    keyboard_layout(layout)
    terminal = show_view()
    latin_keys.watch(terminal.view.windowHandle())
    fired: list[str] = []
    keys = {"Ctrl+Shift+T": "ctrl+shift+28", "Ctrl+Shift+P": "ctrl+shift+33", "Ctrl+,": "ctrl+59", "Alt+3": "alt+12"}
    for text in keys:
        QShortcut(QKeySequence(text), terminal.view).activated.connect(lambda text=text: fired.append(text))
    assert pressed(terminal, *keys.values()) == []
    assert fired == list(keys)
    assert pressed(terminal, "ctrl+40", "ctrl+54") == [("d", "", CTRL), ("c", "", CTRL)], "programs get the others"


def test_a_symbol_in_place_of_a_letter_is_no_other_key_on_a_latin_layout(show_view, keyboard_layout):
    keyboard_layout("us", "dvorak")
    terminal = show_view()
    latin_keys.watch(terminal.view.windowHandle())
    fired: list[str] = []
    QShortcut(QKeySequence("Ctrl+Shift+W"), terminal.view).activated.connect(lambda: fired.append("W"))
    pressed(terminal, "38", "ctrl+shift+25")
    assert fired == [], "the key of W types < there"
    pressed(terminal, "ctrl+shift+w")
    assert fired == ["W"]


def test_text_with_ctrl_held_is_not_typed(show_view, keyboard_layout):
    keyboard_layout("ara")
    terminal = show_view()
    latin_keys.watch(terminal.view.windowHandle())
    pressed(terminal, "ctrl+shift+28", "ctrl+56", "56")
    assert terminal.sink.of("text") == [("لا",)], "this layout composes two letters at once"


def test_copying_and_pasting_work_in_a_prompt_on_a_layout_without_latin_letters(show_chat, keyboard_layout):
    keyboard_layout("ru")
    shown = show_chat()
    latin_keys.watch(shown.view.windowHandle())
    shown.type("draft")
    subprocess.run(["xdotool", "key", "--clearmodifiers", "ctrl+38", "ctrl+53", "ctrl+55", "ctrl+55"], check=True)
    editor = shown.view.prompt.editor
    process_events_until(lambda: editor.toPlainText() == "draftdraft", 60, "the draft twice: select all, cut, paste")
