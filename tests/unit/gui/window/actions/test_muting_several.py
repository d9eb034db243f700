"""The user mutes several chats at once."""

from __future__ import annotations

from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.actions.test_marking_unread import choose


async def test_the_menu_of_several_chats_mutes_the_rest_and_then_unmutes_all(harness: WindowHarness) -> None:
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    harness.sessions.follow_all()
    harness.open_window()
    muting = harness.sessions.muting
    muting.mute_chat(harness.chat(ids[0]), muted=True)
    choose(harness, "Mute notifications", *ids[:2])
    assert sorted(muting.muted) == sorted(ids[:2])
    choose(harness, "Unmute notifications", *ids[:2])
    assert muting.muted == []
