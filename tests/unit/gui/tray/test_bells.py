"""Effects of a bell in addition to its chat's mark."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from gui.settings.table import WindowFile
from gui.tray import bells
from gui.tray.bells import Bells
from session_host.protocol.messages import BellEvent
from tests.unit.gui.conftest import WindowHarness


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sounds, and the windows that requested attention."""
    sounds: list[str] = []
    monkeypatch.setattr(QApplication, "beep", lambda: sounds.append("sound"))
    monkeypatch.setattr(QApplication, "alert", lambda window: sounds.append(window.objectName()))
    return sounds


async def test_a_bell_has_the_chosen_effects_and_a_muted_chat_rings_silently(
    harness: WindowHarness, heard: list[str], monkeypatch: pytest.MonkeyPatch
):
    session_id = await harness.add("one")
    chat = harness.chat(session_id)
    window = QWidget()
    window.setObjectName("window")
    set_ = Bells(harness.sessions, lambda _chat: window)

    def ring(times: int = 1) -> list[str]:
        heard.clear()
        for _ in range(times):
            harness.chat(session_id).viewer_event(BellEvent())
        return list(heard)

    assert ring() == [], "by default it is only a mark"
    set_.apply_settings(WindowFile(bell_sound=True))
    assert ring(50) == ["sound"], "a flood of bells plays one sound"
    monkeypatch.setattr(bells, "SOUND_INTERVAL_S", 0.0)
    assert ring(2) == ["sound", "sound"]
    set_.apply_settings(WindowFile(bell_attention=True))
    assert ring() == ["window"]
    set_.apply_settings(WindowFile(bell_sound=True, bell_attention=True))
    harness.sessions.muting.mute_chat(chat, muted=True)
    assert ring() == []
    assert chat.has_unseen_bell
    window.deleteLater()


async def test_marks_of_bells_disappear_when_they_are_turned_off(harness: WindowHarness):
    one = await harness.add("one")
    set_ = Bells(harness.sessions, lambda _chat: QWidget())
    harness.chat(one).viewer_event(BellEvent())
    assert harness.chat(one).has_unseen_bell
    set_.apply_settings(WindowFile(bell_mark=False))
    assert not harness.chat(one).has_unseen_bell
    harness.chat(one).viewer_event(BellEvent())
    assert not harness.chat(one).has_unseen_bell
    two = await harness.add("two")
    harness.chat(two).viewer_event(BellEvent())
    assert not harness.chat(two).has_unseen_bell, "a chat that was started later"
    set_.apply_settings(WindowFile())
    harness.chat(one).viewer_event(BellEvent())
    assert harness.chat(one).has_unseen_bell
