"""The tray icon and its menu, also while a desktop has read it before a change."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from gui.bridge.chat import Chat
from gui.tray.tray import MAX_HIDDEN, ChangingActions, Entry, Tray, tray_icon
from gui.wording import dates
from session_host.protocol.values import Activity, State
from session_host.system import clock
from tests.support.qt_waiting import process_events_until
from tests.support.widgets import shown_letters
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine


@pytest.fixture
def tray(harness: WindowHarness) -> Iterator[Tray]:
    tray = Tray(harness.theme, harness.sessions)
    yield tray
    tray.close()
    tray.deleteLater()
    harness.settle()


def entries(tray: Tray) -> list[str]:
    return [action.text() for action in tray.menu.actions() if action.text() and action.isVisible()]


def action(tray: Tray, beginning: str) -> QAction:
    return next(action for action in tray.menu.actions() if action.text().startswith(beginning))


async def test_chats_that_need_the_user_come_first(harness: WindowHarness, tray: Tray):
    ids = {name: await harness.add(name) for name in ("idle", "working", "asking", "silent")}
    harness.sessions.follow_all()
    harness.viewers[ids["idle"]].be(Activity.IDLE)
    harness.viewers[ids["working"]].be(Activity.WORKING)
    harness.viewers[ids["asking"]].be(Activity.NEEDS_INPUT)
    tray.refresh()
    names = [line.split("  ·  ")[0] for line in entries(tray)[:4]]
    assert names == ["asking", "working", "silent", "idle"], "a command without reports counts as running"
    assert entries(tray)[4:] == [
        "All chats…",
        "New chat…",
        "Open Outlive",
        "Mute notifications",
        "Stop all chats…",
        "Settings…",
        "Quit (chats keep running)",
    ]
    assert len(set(shown_letters(tray.menu))) == len(entries(tray)), "each entry has a letter of its own"
    assert "1 needs you" in tray.icon.toolTip()


async def test_a_chat_that_is_asleep_is_in_the_menu_and_says_so(harness: WindowHarness, tray: Tray):
    asleep = {"state": State.EXITED, "end_request": "sleep", "freed_bytes": 640_000_000}
    await harness.add("one", agent="claude", ended_at=clock.now(), **asleep)
    tray.refresh()
    assert entries(tray)[0] == "one  ·  Asleep · gave back 640 MB · now"
    assert tray.icon.toolTip() == "Outlive: 0 chats running"


async def test_a_question_is_shown_while_other_chats_change_all_the_time(harness: WindowHarness, tray: Tray):
    ids = [await harness.add(name) for name in ("asking", "restless")]
    harness.sessions.follow_all()
    harness.viewers[ids[0]].be(Activity.NEEDS_INPUT)

    def is_shown() -> bool:
        harness.sessions.chats.changed.emit()
        return "1 needs you" in tray.icon.toolTip()

    process_events_until(is_shown, 20, "the question")


async def test_chats_of_one_name_are_distinguished(harness: WindowHarness, tray: Tray):
    for name, directory in (("claude", "/src/api"), ("claude", "/src/docs"), ("alone", "/src/api")):
        await harness.add(name, agent="claude", cwd=directory)
    tray.refresh()
    beginnings = {" · ".join(line.split(" · ")[:2]) for line in entries(tray)[:3]}
    assert {"claude  ·  api", "claude  ·  docs"} < beginnings
    assert not any(line.startswith("alone  ·  api") for line in entries(tray))


async def test_at_most_ten_chats_are_listed_and_an_entry_shows_all(harness: WindowHarness, tray: Tray):
    for number in range(12):
        await harness.add(f"chat {number}")
    tray.refresh()
    assert len([line for line in entries(tray) if "  ·  " in line]) == 10
    asked: list[bool] = []
    tray.all_chats.connect(lambda: asked.append(True))
    action(tray, "All chats").trigger()
    assert asked


async def test_notifications_are_muted_in_the_menu_which_shows_until_when(harness: WindowHarness, tray: Tray):
    submenu = action(tray, "Mute notifications").menu()
    assert isinstance(submenu, QMenu)
    assert [each.text() for each in submenu.actions()] == ["For an hour", "Until tomorrow morning"]
    submenu.actions()[0].trigger()
    until = harness.sessions.muting.until
    assert until is not None
    tray.refresh()
    assert action(tray, "Notifications are muted until").text().endswith(dates.time_of_day(until))
    assert tray.icon.toolTip().endswith("muted")
    action(tray, "Unmute").trigger()
    tray.refresh()
    assert harness.sessions.muting.until is None
    assert "Unmute" not in entries(tray)


async def test_an_entry_that_stays_keeps_its_action(harness: WindowHarness, tray: Tray):
    ids = {name: await harness.add(name) for name in ("one", "two", "three")}
    harness.sessions.follow_all()
    tray.refresh()
    before = {name: action(tray, name) for name in ("one", "two", "Settings")}
    for name in ids:
        harness.viewers[ids[name]].be(Activity.NEEDS_INPUT if name == "three" else Activity.IDLE)
    harness.sessions.muting.mute_for_an_hour()
    await harness.add("four")
    tray.refresh()
    assert sorted(line.split("  ·  ")[0] for line in entries(tray)[1:4]) == ["four", "one", "two"]
    assert entries(tray)[0].startswith("three"), "it has moved"
    assert {name: action(tray, name) for name in before} == before


async def test_recent_directories_are_offered(harness: WindowHarness, tray: Tray):
    tray.set_recent(["/srv/a&b", "/srv/c"])
    begun: list[str] = []
    tray.new_chat.connect(begun.append)
    submenu = action(tray, "New chat in").menu()
    assert isinstance(submenu, QMenu)
    submenu.actions()[0].trigger()
    assert begun == ["/srv/a&b"]
    tray.set_recent([f"/srv/{'x' * 100}/api"])
    [shown] = [each.text() for each in submenu.actions() if each.isVisible()]
    assert len(shown) <= 60, "a menu that is wider than the screen is cut"
    assert shown.endswith("/api")


def test_without_chats_there_is_nothing_to_stop(tray: Tray):
    assert entries(tray)[0] == "No running chats"
    assert not action(tray, "Stop all").isEnabled()


@pytest.mark.parametrize("size", [16, 22, 64])
def test_the_dot_is_on_the_icon_only_while_a_chat_waits(harness: WindowHarness, size: int):
    amber = harness.theme.tokens.color("needs_you_fill").rgb()

    def dots(*, dot: bool) -> int:
        image = tray_icon(harness.theme, dot=dot).pixmap(size, size).toImage()
        corner = range(size // 2, size)
        return sum(image.pixel(x, y) == amber for x in corner for y in range(size // 2))

    assert dots(dot=True) > size // 4
    assert dots(dot=False) == 0


pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture
def menu() -> Iterator[QMenu]:
    menu = QMenu()
    yield menu
    menu.deleteLater()


def shown(menu: QMenu) -> list[QAction]:
    return [action for action in menu.actions() if action.isVisible()]


@pytest.mark.parametrize("last", ["Quit", ""])
def test_a_click_on_a_moved_or_removed_entry_never_triggers_another(menu: QMenu, last: str):
    chosen: list[str] = []
    changing = ChangingActions(menu, menu.addAction(last) if last else None, chosen.append)
    fixed = [last] if last else []
    read: dict[QAction, str] = {}
    draw = random.Random(1)
    for _ in range(50):
        keys = draw.sample("abcdefghijkl", draw.randint(0, 10))
        changing.show([Entry(key, key) for key in keys])
        assert [action.text() for action in shown(menu)] == keys + fixed
        assert len(menu.actions()) <= len(keys) + len(fixed) + MAX_HIDDEN
        actions = menu.actions()
        read = {action: key for action, key in read.items() if action in actions}
        for action, key in read.items():
            action.trigger()
            assert chosen.pop() == key
            assert not chosen
        read |= dict(zip(shown(menu), keys, strict=False))
    assert len(read) > MAX_HIDDEN


def test_as_many_entries_as_possible_keep_their_position(menu: QMenu):
    changing = ChangingActions(menu, None, print)
    changing.show([Entry(key, key) for key in "abcdef"])
    before = shown(menu)
    changing.show([Entry(key, key) for key in "fabcde"])
    assert shown(menu)[1:] == before[:5]
    changing.show([Entry(key, key) for key in "abcdef"])
    assert shown(menu) == before, "also the one that was hidden"


async def test_a_chat_of_another_machine_has_its_name_and_is_not_listed_while_it_is_unreachable(
    harness: WindowHarness, tray: Tray
) -> None:
    build1 = OtherMachine(harness, "build1")
    chat = build1.add("api-fix")
    harness.sessions.follow_all()
    harness.viewers[chat.session_id].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    tray.refresh()
    assert entries(tray)[0].split("  ·  ")[0] == "api-fix on build1"
    assert tray.icon.toolTip() == "Outlive: 1 chat running, 1 needs you"
    chosen: list[Chat] = []
    tray.chat_chosen.connect(chosen.append)
    action(tray, "api-fix on build1").trigger()
    assert chosen == [chat]
    build1.lose()
    tray.refresh()
    assert not any("api-fix" in entry for entry in entries(tray))
    assert tray.icon.toolTip() == "Outlive: 0 chats running, 1 unreachable"
