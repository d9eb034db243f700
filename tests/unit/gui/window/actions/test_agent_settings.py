"""The agent's model, mode and effort are chosen in the palette."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.window.windows import MainWindow
from session_host.client.viewer.viewer import ViewerState
from session_host.structured.items import Setting, SettingChoice, SettingsChanged
from tests.support.scripted_chat import ScriptedChat
from tests.unit.gui.conftest import FakeViewer, WindowHarness

MODELS = (SettingChoice("fast", "Fast"), SettingChoice("careful", "Careful", "Thinks longer"))


async def open_chat(harness: WindowHarness, *settings: Setting) -> tuple[MainWindow, FakeViewer]:
    """A window that shows a chat with these settings, and the chat's viewer."""
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    chat = ScriptedChat()
    chat.apply(SettingsChanged(settings))
    viewer.transcript = chat.transcript
    viewer.become(ViewerState.LIVE)
    viewer.delegate.viewer_replaced()
    harness.settle()
    return window, viewer


async def test_a_model_is_chosen_by_typing_a_part_of_its_name(harness: WindowHarness):
    window, viewer = await open_chat(harness, Setting("m", "Model", "careful", MODELS, "model"))
    chooser = window.sheets.chooser
    window.actions_["choose_model"].trigger()
    assert chooser.list.currentIndex().data() == "Careful"
    QTest.keyClicks(chooser.field, "fa")
    QTest.keyClick(chooser.field, Qt.Key.Key_Return)
    assert viewer.calls[-1] == ("setting", "m", "fast")


async def test_a_setting_that_the_agent_does_not_offer_is_named(harness: WindowHarness):
    window, viewer = await open_chat(harness, Setting("m", "Model", "careful", MODELS, "model"))
    window.actions_["choose_mode"].trigger()
    assert not window.sheets.chooser.is_open
    banner = window.banners.current
    assert banner is not None
    assert banner.text == "The agent of one does not offer this setting"
    assert "setting" not in [call[0] for call in viewer.calls]


async def test_a_chat_in_a_terminal_has_no_such_actions(harness: WindowHarness):
    session_id = await harness.add("shell")
    harness.open_window()
    harness.show(session_id)
    for name in ("choose_model", "choose_mode", "choose_effort"):
        assert not harness.window.actions_[name].isEnabled()
