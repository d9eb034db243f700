"""Notification settings saved by a window also hold in ``outlive attach``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gui.settings.layout import WindowLayout
from gui.settings.table import WindowFile
from session_host.client.chats.notification_rules import MAX_LONG_TURN_S, NotificationRules, read_rules
from session_host.paths import database
from session_host.protocol.values import State
from session_host.storage.store import Store
from tests.support.area import Area
from tests.support.facts import chat_facts

USUAL = NotificationRules(is_muted=False, is_enabled=WindowFile().notifications, long_turn_s=WindowFile().long_turn_s)


def save(layout: Mapping[str, Any]) -> None:
    with Store.open(database()) as store:
        store.save_layout(dict(layout))


def test_a_muted_chat_and_chats_that_continue_it_are_muted(area: Area) -> None:
    ids = ["first", "second", "third"]
    with Store.open(database()) as store:
        for each, previous in zip(ids, [None, *ids], strict=False):
            store.insert(
                chat_facts(
                    id=each,
                    name=each,
                    agent="shell",
                    argv=["sh"],
                    cwd="/tmp",
                    created_at="2026-01-02T03:04:05Z",
                    resumed_from=previous,
                    state=State.EXITED,
                )
            )
    assert read_rules("third") == USUAL
    save(WindowLayout(muted=["second"]).to_dict())
    assert [read_rules(each).is_muted for each in ids] == [False, True, True]


@pytest.mark.parametrize(("minutes", "is_muted"), [(1, True), (-1, False), (32 * 60, False)])
def test_all_chats_are_muted_until_a_time(area: Area, minutes: int, is_muted: bool) -> None:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    save(WindowLayout(muted_until=until.isoformat(timespec="seconds")).to_dict())
    assert read_rules("any").is_muted == is_muted


@pytest.mark.parametrize(
    ("layout", "is_muted"),
    [({"muted": 5}, False), ({"muted_until": "2999-01-01"}, False), ({"muted": ["x"], "muted_until": "soon"}, True)],
)
def test_damaged_values_in_the_layout_mute_nothing(area: Area, layout: dict[str, Any], is_muted: bool) -> None:
    save(layout)
    assert read_rules("x").is_muted == is_muted


def test_the_settings_are_those_of_the_window(area: Area) -> None:
    file = area.config / "window.toml"
    file.write_text(f"notifications = false\nlong_turn_s = {MAX_LONG_TURN_S}\nfont_size = 20\n")
    assert read_rules("x") == NotificationRules(is_muted=False, is_enabled=False, long_turn_s=MAX_LONG_TURN_S)
    for invalid in (f"long_turn_s = {MAX_LONG_TURN_S + 1}", 'notifications = "no"', "= 5"):
        file.write_text(invalid)
        assert read_rules("x") == USUAL
