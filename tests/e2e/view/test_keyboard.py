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
from session_host.protocol.messages import Key
from session_host.protocol.values import KeyAction, Modifiers
from session_host.terminal.encode import encode_key
from tests.e2e.view.conftest import ShownView
from tests.support.qt_waiting import process_events_until, show
from tests.support.windows import has_keyboard

SHIFT, ALT, CTRL = int(Modifiers.SHIFT), int(Modifiers.ALT), int(Modifiers.CTRL)


INVISIBLE = {"U200C": "\u200c", "U00A0": "\u00a0", "U200D": "\u200d", "U200F": "\u200f"}
"""Characters that the Persian keyboard has, by the X server's names: joiners, the no-break space, a mark."""


def press(terminal: ShownView, *keys: str) -> None:
    """Press keys on the X server; returns when the session has got all of them."""
    terminal.focus()
    terminal.sink.calls.clear()
    subprocess.run(["xdotool", "key", "--clearmodifiers", *keys, "F9"], check=True, timeout=60)
    terminal.until(lambda: ("key", "F9", "", 0, KeyAction.RELEASE) in terminal.sink.calls, "the last key")


def scroll_back(terminal: ShownView, key: str) -> None:
    """Press a key that scrolls back on the X server; returns when the view has, and the session got nothing."""
    terminal.focus()
    terminal.sink.calls.clear()
    subprocess.run(["xdotool", "key", "--clearmodifiers", key], check=True, timeout=60)
    terminal.until(lambda: terminal.view.display.scrolled_back, f"{key} to scroll back")
    assert terminal.sink.presses() == []


def pressed(terminal: ShownView, *keys: str) -> list[tuple[str, str, int]]:
    """Press keys on the X server; returns the presses that reached the session."""
    press(terminal, *keys)
    return [press for press in terminal.sink.presses() if press[0] != "F9"]


def read_by_program(terminal: ShownView, *keys: str) -> bytes:
    """Press keys on the X server; returns the bytes that the program reads."""
    press(terminal, *keys)
    read = b""
    for call in terminal.sink.calls:
        if call[0] == "key" and call[1] != "F9":
            read += encode_key(Key("a", 1, *call[1:]), terminal.emulator.modes)
        elif call[0] == "text":
            read += call[1].encode()
    return read


KEYS = {
    "a": ("a", "a", 0),
    "A": ("a", "A", SHIFT),
    "1": ("1", "1", 0),
    "exclam": ("1", "!", SHIFT),
    "question": ("/", "?", SHIFT),
    "space": ("Space", " ", 0),
    "Return": ("Enter", "", 0),
    "Tab": ("Tab", "", 0),
    "BackSpace": ("Backspace", "", 0),
    "Escape": ("Escape", "", 0),
    "Up": ("ArrowUp", "", 0),
    "Down": ("ArrowDown", "", 0),
    "Left": ("ArrowLeft", "", 0),
    "Right": ("ArrowRight", "", 0),
    "Home": ("Home", "", 0),
    "End": ("End", "", 0),
    "Prior": ("PageUp", "", 0),
    "Next": ("PageDown", "", 0),
    "Insert": ("Insert", "", 0),
    "Delete": ("Delete", "", 0),
    "F1": ("F1", "", 0),
    "F12": ("F12", "", 0),
    "ctrl+c": ("c", "", CTRL),
    "ctrl+w": ("w", "", CTRL),
    "ctrl+q": ("q", "", CTRL),
    "ctrl+space": ("Space", "", CTRL),
    "alt+f": ("f", "f", ALT),
    "ctrl+alt+x": ("x", "", CTRL | ALT),
    "shift+Tab": ("Tab", "", SHIFT),
    "alt+Return": ("Enter", "", ALT),
    "KP_7": ("Numpad7", "7", 0),
    "KP_Enter": ("NumpadEnter", "", 0),
    "KP_Add": ("NumpadAdd", "+", 0),
    "KP_Divide": ("NumpadDivide", "/", 0),
}
"""Key, text and modifiers of keys, by the X server's names."""


def test_the_session_gets_key_text_and_modifiers(show_view, keyboard_layout):
    assert pressed(show_view(), *KEYS) == list(KEYS.values())


def test_a_program_reads_the_bytes_that_it_asked_for(show_view, keyboard_layout):
    """Shift+Enter begins a new line in agents; the window keeps its own keys."""
    terminal = show_view()
    QShortcut(QKeySequence("Ctrl+Shift+P"), terminal.view)
    for output, keys, read in (
        (
            "",
            ["ctrl+Left", "shift+Tab", "ctrl+at", "ctrl+underscore", "ctrl+bracketleft", "alt+B", "KP_5"],
            b"\x1b[1;5D\x1b[Z\x00\x1f\x1b\x1bB5",
        ),
        ("\x1b[?1h", ["Up"], b"\x1bOA"),
        ("\x1b[>1u", ["shift+Return", "ctrl+c", "ctrl+shift+p", "a"], b"\x1b[13;2u\x1b[99;5ua"),
        ("\x1b[>3u", ["x"], b"x\x1b[120;1:3u"),
    ):
        terminal.feed(output)
        assert read_by_program(terminal, *keys) == read


def test_letters_and_slash_commands_of_other_layouts(show_view, keyboard_layout):
    keyboard_layout("de")
    terminal = show_view()
    keys = pressed(terminal, "2", "quotedbl", "z", "Z", "ISO_Level3_Shift+q", "ISO_Level3_Shift+e")
    assert keys[:4] == [("2", "2", 0), ("2", '"', SHIFT), ("z", "z", 0), ("z", "Z", SHIFT)], "the unshifted key"
    assert [(text, modifiers) for _, text, modifiers in keys[4:] if text] == [("@", 0), ("€", 0)]
    keyboard_layout("ru")
    assert pressed(terminal, "Cyrillic_es", "ctrl+Cyrillic_es", "ctrl+Cyrillic_ve") == [
        ("с", "с", 0),
        ("c", "", CTRL),
        ("d", "", CTRL),
    ]
    assert read_by_program(terminal, "alt+Cyrillic_ef", "ctrl+Cyrillic_ef") == "\x1bф\x01".encode()
    # A layout that needs Shift for a slash, and a program with the kitty keyboard.
    terminal.feed("\x1b[>1u")
    assert read_by_program(terminal, "slash", "comma", "Cyrillic_EF") == "/,Ф".encode()
    keyboard_layout("de")
    assert read_by_program(terminal, "slash", "h", "question", "shift+space") == b"/h? "
    keyboard_layout("ir")
    assert [text for _, text, _ in pressed(terminal, *INVISIBLE)] == list(INVISIBLE.values())


def test_a_program_that_asked_for_modified_keys_selects_with_them(show_view, keyboard_layout):
    terminal = show_view()
    terminal.feed("line\r\n" * 40)
    scroll_back(terminal, "shift+Up")
    terminal.view.scroller.scroll_to_end()
    terminal.until(lambda: not terminal.view.display.scrolled_back, "the end")
    terminal.feed("\x1b[>1u")
    assert read_by_program(terminal, "shift+Up", "shift+Home", "ctrl+Insert") == b"\x1b[1;2A\x1b[1;2H\x1b[2;5~"
    assert not terminal.view.display.scrolled_back
    scroll_back(terminal, "shift+Prior")


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


def test_a_line_break_that_a_program_types_for_the_user_is_ctrl_j(show_view, keyboard_layout):
    terminal = show_view()
    terminal.focus()
    subprocess.run(["xdotool", "type", "a\nb"], check=True, timeout=60)
    terminal.until(lambda: len(terminal.sink.presses()) == 3, "three keys")
    assert terminal.sink.presses() == [("a", "a", 0), ("j", "", CTRL), ("b", "b", 0)]


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


def test_the_number_pad_without_num_lock_sends_arrow_keys(show_view):
    terminal = show_view()
    QTest.keyClick(terminal.view, Qt.Key.Key_Home, Qt.KeyboardModifier.KeypadModifier)
    assert terminal.sink.presses() == [("Home", "", 0)]


def test_a_dead_key_composes_and_does_not_overtake_the_keys_before_it(show_view, keyboard_layout):
    keyboard_layout("us", "intl")
    terminal = show_view()
    press(terminal, "a", "b", "dead_acute", "e", "c")  # Qt reads them together, afterwards.
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
    terminal.view.display.set_viewer(None)
    terminal.focus()
    terminal.view.display.set_viewer(terminal.sink)
    keys = pressed(terminal, "dead_acute", "a", "dead_circumflex", "E")
    assert [text for (text,) in terminal.sink.of("text")] == ["á", "Ê"]
    assert keys == []


# ---------------------------------------------------------------- the window's keys


def test_the_windows_shortcuts_still_work(show_view, keyboard_layout):
    terminal = show_view()
    fired: list[str] = []
    keys = {
        "Ctrl+Shift+P": "ctrl+shift+p",
        "Alt+1": "alt+1",
        "Alt+9": "alt+9",
        "Ctrl+PgUp": "ctrl+Prior",
        "Ctrl+PgDown": "ctrl+Next",
        "Ctrl+Tab": "ctrl+Tab",
        "Ctrl+Shift+Tab": "ctrl+shift+Tab",
        "Ctrl+,": "ctrl+comma",
        "F11": "F11",
        "Ctrl++": "ctrl+plus",
        "Ctrl+-": "ctrl+minus",
        "Ctrl+0": "ctrl+0",
    }
    for text in keys:
        QShortcut(QKeySequence(text), terminal.view).activated.connect(lambda text=text: fired.append(text))
    assert pressed(terminal, *keys.values()) == []
    assert fired == list(keys)


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
    terminal.view.keyboard.set_window_keys(("Ctrl+J",))
    fired: list[str] = []
    QShortcut(QKeySequence("Ctrl+J"), terminal.view).activated.connect(lambda: fired.append("j"))
    assert pressed(terminal, "ctrl+j", "alt+1") == [("1", "1", ALT)]
    assert fired == ["j"]


def test_a_read_only_screen_takes_no_keys(show_view):
    terminal = show_view()
    terminal.focus()
    terminal.view.display.show_emulator(terminal.emulator)
    terminal.sink.calls.clear()
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    assert terminal.sink.calls == []


# ---------------------------------------------------------------- effects of typing on the view


def test_typing_returns_to_the_bottom_and_output_does_not(show_view):
    terminal = show_view(40, 8)
    terminal.feed("\r\n".join(f"line {number}" for number in range(50)))
    terminal.view.scroller.scroll_lines(-10)
    terminal.settle()
    assert terminal.view.display.scrolled_back
    terminal.feed("\r\nmore output")
    assert terminal.view.display.scrolled_back
    QTest.keyPress(terminal.view, Qt.Key.Key_Shift)
    terminal.settle()
    assert terminal.view.display.scrolled_back, "a bare modifier is no typing"
    QTest.keyClick(terminal.view, Qt.Key.Key_A)
    terminal.settle()
    assert not terminal.view.display.scrolled_back


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
    terminal.view.keyboard.ctrl_c_copies = is_wanted
    QGuiApplication.clipboard().setText("before")
    terminal.view.editing.select_all()
    terminal.sink.calls.clear()
    QTest.keyClick(terminal.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().strip() == ("a line" if is_wanted else "before")
    assert [key for key, *_ in terminal.sink.presses()] == ([] if is_wanted else ["c"])
    assert terminal.emulator.selected_text() == ""
    QTest.keyClick(terminal.view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert terminal.sink.presses()[-1][0] == "c"


# ---------------------------------------------------------------- layouts without Latin letters


def test_the_windows_keys_work_on_layouts_without_latin_letters(show_view, keyboard_layout):
    terminal = show_view()
    latin_keys.watch(terminal.view.windowHandle())
    fired: list[str] = []
    keys = {"Ctrl+Shift+T": "ctrl+shift+28", "Ctrl+Shift+P": "ctrl+shift+33", "Ctrl+,": "ctrl+59", "Alt+3": "alt+12"}
    for text in keys:
        QShortcut(QKeySequence(text), terminal.view).activated.connect(lambda text=text: fired.append(text))
    for layout in ("ru", "il", "gr", "ir", "ge", "th", "us,ru", "us"):
        keyboard_layout(layout)
        fired.clear()
        others = [("d", "", CTRL), ("c", "", CTRL)]
        assert (pressed(terminal, *keys.values(), "ctrl+40", "ctrl+54"), fired) == (others, list(keys)), layout


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
