"""Keys that type a text, in the window."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from gui.settings.preferences import Preferences, load_preferences
from gui.settings.text_keys import TextKey
from gui.window.page.structured_content import as_prompt
from gui.wording import page_texts
from session_host import paths
from session_host.client.viewer.viewer import ViewerState
from session_host.structured.transcript import Transcript
from tests.unit.gui.conftest import WindowHarness

KEYS = Preferences(texts=(TextKey(("Ctrl+Alt+G",), r"git status\r"), TextKey(("Ctrl+G",), r"\e[5~")))
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


async def test_a_terminal_gets_the_text_and_a_prompt_gets_it_without_enter(harness: WindowHarness) -> None:
    terminal, prompt = await harness.add("one"), await harness.add("two", runtime="structured")
    window = harness.open_window(preferences=KEYS)
    viewer = harness.show(terminal)
    await harness.focus_terminal()
    await harness.press(Qt.Key.Key_G, CTRL_ALT)
    await harness.press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert [call[1] for call in viewer.calls if call[0] == "text"] == ["git status\r", "\x1b[5~"]
    assert "G" not in {call[1] for call in viewer.calls if call[0] == "key"}, "the key itself is not for the program"

    harness.page.open_find()
    await harness.until(lambda: harness.page.bars.find.get().has_keyboard, "the find bar to have the keyboard")
    await harness.press(Qt.Key.Key_G, CTRL_ALT)
    assert len([call for call in viewer.calls if call[0] == "text"]) == 2, "what is typed goes to the find bar"

    window.open_chat(harness.chat(prompt))
    harness.viewers[prompt].replica.transcript = Transcript()
    harness.viewers[prompt].become(ViewerState.LIVE)
    harness.settle()
    content = harness.content
    await harness.until(content.view.prompt.editor.hasFocus, "the prompt to have the keyboard")
    QTest.keyClicks(content.view.prompt.editor, "run ")
    await harness.press(Qt.Key.Key_G, CTRL_ALT)
    assert content.view.prompt.editor.toPlainText() == "run git status"
    assert not harness.viewers[prompt].sent
    assert as_prompt("a\rb\r\nc\x1b[A\td\u200de\r") == "a\nb\nc[A\td\u200de"


async def test_a_changed_file_changes_the_keys_at_once(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    harness.open_window(preferences=msgspec.structs.replace(KEYS))
    viewer = harness.show(session_id)
    await harness.focus_terminal()
    (paths.config_dir() / "keys.toml").write_text("[[text]]\nkeys = 'Ctrl+Alt+G'\ntext = 'other'\n")
    harness.settings.read_again()
    assert harness.settings.preferences.texts == load_preferences(paths.config_dir()).texts
    await harness.press(Qt.Key.Key_G, CTRL_ALT)
    await harness.press(Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert [call[1] for call in viewer.calls if call[0] == "text"] == ["other"]
    assert ("G", 4) in {(call[1], call[3]) for call in viewer.calls if call[0] == "key"} or any(
        call[0] == "key" and call[1].lower() == "g" for call in viewer.calls
    ), "Ctrl+G is the program's again"


CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


async def test_keys_enter_the_selecting_mode_and_copy_a_found_match(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    assert not window.actions_["select_by_keyboard"].isEnabled(), "there is no terminal"
    viewer = harness.show(session_id)
    viewer.feed(b"first needle here\r\nsecond\r\n")
    harness.view.display.on_damage()
    await harness.focus_terminal()

    modes = harness.view.modes
    await harness.press(Qt.Key.Key_Space, CTRL_SHIFT)
    assert modes.selecting.is_on
    await harness.press(Qt.Key.Key_Slash)
    bar = harness.page.bars.find.get()
    await harness.until(lambda: bar.has_keyboard, "the find bar to have the keyboard")
    await harness.until(lambda: not modes.line.is_shown, "the bar alone to say what the keys do")
    QTest.keyClicks(bar.field, "needle")
    await harness.press(Qt.Key.Key_Return)
    await harness.press(Qt.Key.Key_Escape)
    assert modes.selecting.is_on
    await harness.press(Qt.Key.Key_V)
    await harness.press(Qt.Key.Key_E)
    await harness.press(Qt.Key.Key_Y)
    assert QGuiApplication.clipboard().text() == "needle"
    await harness.press(Qt.Key.Key_H, CTRL_SHIFT)
    assert modes.active is None, "there are no links"
    await harness.press(Qt.Key.Key_Space, CTRL_SHIFT)
    await harness.press(Qt.Key.Key_Space, CTRL_SHIFT)
    assert modes.active is None, "the same key leaves"
    keys = {call[1] for call in viewer.calls if call[0] == "key"}
    assert keys <= {"Control", "Shift"}, "of the window's keys, programs get the modifiers"


LINES = b"".join(b"line %d\r\n" % number for number in range(60))


async def test_the_key_clears_the_active_chat_and_its_selection(harness: WindowHarness) -> None:
    viewer = await harness.open("shell")
    window = harness.window
    assert viewer.replica.emulator is not None
    viewer.replica.emulator.feed(LINES)
    viewer.replica.emulator.select_all()
    window.activateWindow()
    harness.view.setFocus()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    QTest.keyClick(harness.view, Qt.Key.Key_Delete, CTRL_SHIFT)
    assert viewer.calls.count(("clear_terminal", "scrollback")) == 1
    assert viewer.replica.emulator.selected_text() == ""
    window.actions_["reset_terminal"].trigger()
    assert viewer.calls.count(("clear_terminal", "reset")) == 1


async def test_a_line_says_why_nothing_is_cleared(harness: WindowHarness) -> None:
    viewer = await harness.open("shell")
    window = harness.window
    clear, reset = window.actions_["clear_scrollback"], window.actions_["reset_terminal"]

    viewer.feed(b"\x1b[?1049h")
    clear.trigger()
    assert harness.banner == page_texts.NO_SCROLLBACK_TO_CLEAR()
    reset.trigger()
    assert [call for call in viewer.calls if call[0] == "clear_terminal"] == [("clear_terminal", "reset")]
    viewer.feed(b"\x1b[?1049l")
    viewer.can_clear = False
    clear.trigger()
    assert harness.banner == page_texts.CANNOT_CLEAR_IN_OLD_CHAT()
    viewer.become(ViewerState.RECONNECTING)
    clear.trigger()
    assert harness.banner == page_texts.CANNOT_CLEAR_YET()
    viewer.end(0)
    window.describe()
    assert not clear.isEnabled()
    assert not reset.isEnabled()
