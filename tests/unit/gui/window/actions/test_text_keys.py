"""Keys that type a text, in the window."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.settings.preferences import Preferences, load_preferences
from gui.settings.text_keys import TextKey
from gui.window.page.structured_content import as_prompt
from session_host import paths
from session_host.client.viewer.viewer import ViewerState
from session_host.structured.transcript import Transcript
from tests.unit.gui.conftest import WindowHarness

KEYS = Preferences(texts=(TextKey(("Ctrl+Alt+G",), r"git status\r"), TextKey(("Ctrl+G",), r"\e[5~")))
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def press(harness: WindowHarness, key: Qt.Key, modifiers: Qt.KeyboardModifier) -> None:
    where = QApplication.focusWidget()
    assert where is not None
    QTest.keyClick(where, key, modifiers)
    harness.settle()


async def test_a_terminal_gets_the_text_and_a_prompt_gets_it_without_enter(harness: WindowHarness) -> None:
    terminal, prompt = await harness.add("one"), await harness.add("two", runtime="structured")
    window = harness.open_window(preferences=KEYS)
    viewer = harness.show(terminal)
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    press(harness, Qt.Key.Key_G, CTRL_ALT)
    press(harness, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert [call[1] for call in viewer.calls if call[0] == "text"] == ["git status\r", "\x1b[5~"]
    assert "G" not in {call[1] for call in viewer.calls if call[0] == "key"}, "the key itself is not for the program"

    harness.page.open_find()
    await harness.until(lambda: harness.page.find_bar.has_keyboard, "the find bar to have the keyboard")
    press(harness, Qt.Key.Key_G, CTRL_ALT)
    assert len([call for call in viewer.calls if call[0] == "text"]) == 2, "what is typed goes to the find bar"

    window.open_chat(harness.chat(prompt))
    harness.viewers[prompt].transcript = Transcript()
    harness.viewers[prompt].become(ViewerState.LIVE)
    harness.settle()
    page = window.tabs.active_page
    assert page is not None
    content = page.structured
    assert content is not None
    await harness.until(content.view.prompt.editor.hasFocus, "the prompt to have the keyboard")
    QTest.keyClicks(content.view.prompt.editor, "run ")
    press(harness, Qt.Key.Key_G, CTRL_ALT)
    assert content.view.prompt.editor.toPlainText() == "run git status"
    assert not [call for call in harness.viewers[prompt].calls if call[0] == "prompt"]
    assert as_prompt("a\rb\r\nc\x1b[A\td\u200de\r") == "a\nb\nc[A\td\u200de"


async def test_a_changed_file_changes_the_keys_at_once(harness: WindowHarness) -> None:
    session_id = await harness.add("one")
    window = harness.open_window(preferences=msgspec.structs.replace(KEYS))
    viewer = harness.show(session_id)
    window.activateWindow()
    await harness.until(harness.view.hasFocus, "the terminal to have the keyboard")
    (paths.config_dir() / "keys.toml").write_text("[[text]]\nkeys = 'Ctrl+Alt+G'\ntext = 'other'\n")
    harness.settings.read_again()
    assert harness.settings.preferences.texts == load_preferences(paths.config_dir()).texts
    press(harness, Qt.Key.Key_G, CTRL_ALT)
    press(harness, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    assert [call[1] for call in viewer.calls if call[0] == "text"] == ["other"]
    assert ("G", 4) in {(call[1], call[3]) for call in viewer.calls if call[0] == "key"} or any(
        call[0] == "key" and call[1].lower() == "g" for call in viewer.calls
    ), "Ctrl+G is the program's again"
