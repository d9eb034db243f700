"""Chats of other machines in the sidebar, and while their machines cannot be reached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from gui.bridge.chat_words import status_text
from gui.bridge.waiting_chats import done_and_unread, next_chat
from gui.window.actions.lists import ChatChoices
from gui.window.sheets.chooser import _CHOICE_ROLE, Chooser
from gui.window.sidebar.entries import ChatRow, Heading, MachineLine
from gui.window.sidebar.model import SidebarModel
from gui.wording import phrases, window_texts
from session_host.client.viewer.state import ViewerState
from session_host.errors import LoginNeeded, NotInstalled
from session_host.protocol.values import Activity, State
from session_host.standing.endings import end_of
from session_host.standing.groups import Group, Mark
from session_host.version import VERSION
from tests.support.widgets import entries_of_open_menu
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import OtherMachine

SINCE = datetime(2024, 5, 2, 12, 3, tzinfo=UTC)
"""Long ago: what is said of it stays the same at midnight, and however long the run takes."""


def time() -> str:
    """As the window tells it."""
    return phrases.told_time(SINCE, datetime.now(UTC))


def lines(model: SidebarModel) -> list[str]:
    """The rows of the list as text: headings in brackets, machines with a dash, a chat with its machine."""
    found = []
    for entry in model.entries():
        if isinstance(entry, Heading):
            found.append(f"[{entry.title}]")
        elif isinstance(entry, MachineLine):
            found.append(f"- {entry.text}|{entry.action}")
        elif isinstance(entry, ChatRow):
            found.append(" ".join(filter(None, (entry.name, entry.machine))))
    return found


@pytest.fixture
def build1(harness: WindowHarness) -> OtherMachine:
    return OtherMachine(harness, "build1")


@pytest.fixture
def build2(harness: WindowHarness, build1: OtherMachine) -> OtherMachine:
    return OtherMachine(harness, "build2")


async def test_the_start_page_names_the_machines_that_are_away_with_their_chats(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    for name in ("api", "web", "docs"):
        build1.add(name)
    page = harness.open_window().empty
    build1.lose(since=SINCE)
    away = window_texts.CHATS_ON(n=3, machines="build1")
    await harness.until(lambda: page.title.text() == away, "the machine to be named")
    assert page._text.text() == f"build1 is unreachable since {time()}. What runs there may run on."
    build1.connect()
    await harness.until(lambda: page.title.text() == window_texts.RUNNING_CHATS(n=3), "its chats")


async def test_an_unreachable_chat_is_neither_running_nor_ended(harness: WindowHarness, build1: OtherMachine) -> None:
    await harness.add("here", agent="claude")
    chat = build1.add("api-fix")
    model = harness.open_window().sidebar.model
    harness.viewers[chat.session_id].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    harness.settle()
    assert lines(model) == ["[needs you]", "api-fix build1", "[idle]", "here"]
    build1.lose(since=SINCE)
    assert lines(model) == ["[idle]", "here", "[unreachable]", f"- build1 · since {time()}|Try now", "api-fix"]
    row = model.entry(model.index_of(chat.id))
    assert isinstance(row, ChatRow)
    assert (row.mark, row.dimmed, row.asks, row.age[-2:]) == (Mark.UNREACHABLE, True, False, " d")
    assert (status_text(chat), row.second_line) == (f"unreachable since {time()}", "api"), "the line above says it"
    accessible = model.data(model.index_of(chat.id), Qt.ItemDataRole.AccessibleTextRole)
    assert accessible.startswith("api-fix on build1, Claude Code, unreachable")
    assert (list(harness.sessions.listed.groups()[Group.NEEDS_YOU]), next_chat(harness.sessions, "")) == ([], None)
    chat.unseen.set_unread(unread=True)
    assert done_and_unread(harness.sessions) == []
    build1.connect()
    assert lines(model) == ["[needs you]", "api-fix build1", "[idle]", "here"]


async def test_while_the_pointer_is_over_the_list_an_unreachable_chat_still_names_its_machine(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    chat = build1.add("api-fix")
    model = harness.open_window().sidebar.model
    model.hold(True)
    build1.lose(since=SINCE)
    row = model.entry(model.index_of(chat.id))
    assert isinstance(row, ChatRow)
    assert (row.machine, row.second_line) == ("build1", f"unreachable since {time()}")
    model.hold(False)
    model.hold(True)
    build1.lose(since=SINCE)
    assert lines(model) == ["[unreachable]", f"- build1 · since {time()}|Try now", "api-fix"]


async def test_ended_chats_of_an_unreachable_machine_stay_ended(harness: WindowHarness, build1: OtherMachine) -> None:
    chat = build1.add("over", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00.000Z")
    build1.lose()
    assert (chat.group, chat.mark, end_of(chat.record.outcome).phrase) == (Group.ENDED, Mark.ENDED, "Finished")


async def test_machines_are_a_grouping_in_their_order(
    harness: WindowHarness, build1: OtherMachine, build2: OtherMachine
) -> None:
    await harness.add("here", agent="claude")
    build2.add("there")
    build1.add("api", pinned=True)
    sidebar = harness.open_window().sidebar
    menu = QMenu()
    sidebar.view_options.fill(menu)
    next(action for action in menu.actions() if action.text() == "Group by machine").trigger()
    harness.settle()
    assert lines(sidebar.model) == ["[Pinned]", "api build1", "[This machine]", "here", "[build2]", "there"]
    build1.lose(since=SINCE)
    assert lines(sidebar.model) == [
        "[Pinned]",
        "api build1",
        "[This machine]",
        "here",
        "[build1 · unreachable]",
        f"- Since {time()}|Try now",
        "[build2]",
        "there",
    ]
    harness.sessions.chats.forget_all_on("build1")
    del harness.sessions.machines.by_name["build1"]
    harness.sessions.chats.forget_all_on("build2")
    del harness.sessions.machines.by_name["build2"]
    harness.sessions.others.machines.clear()
    harness.settle()
    assert lines(sidebar.model) == ["[idle]", "here"], "without machines, by state"


async def test_without_other_machines_the_grouping_is_not_offered(harness: WindowHarness) -> None:
    menu = QMenu()
    harness.open_window().sidebar.view_options.fill(menu)
    assert [action.text() for action in menu.actions()][:3] == ["Group by state", "Group by project", ""]


async def test_a_filter_finds_the_chats_of_a_machine(
    harness: WindowHarness, build1: OtherMachine, build2: OtherMachine
) -> None:
    await harness.add("here")
    build1.add("api")
    build2.add("docs")
    build1.lose(since=SINCE)
    build2.lose(since=SINCE)
    sidebar = harness.open_window().sidebar
    sidebar.filter.setText("build2")
    assert lines(sidebar.model) == ["[unreachable]", f"- build2 · since {time()}|Try now", "docs"]


async def test_the_keyboard_reaches_what_helps_against_an_unreachable_machine(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    build1.lose(since=SINCE)
    sidebar = harness.open_window().sidebar
    assert lines(sidebar.model) == ["[unreachable]", f"- build1 · since {time()}|Try now"], "also without chats"
    sidebar.list.setFocus()
    sidebar.list.setCurrentIndex(sidebar.model.index(1))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Return)
    assert build1.tried == 1


async def test_the_line_of_a_machine_says_what_it_needs(harness: WindowHarness, build1: OtherMachine) -> None:
    model = harness.open_window().sidebar.model
    build1.begin()
    assert lines(model) == ["[unreachable]", "- build1 · connecting…|"]
    build1.lose(LoginNeeded("build1: a login is needed; run `outlive machines login build1`"))
    assert lines(model) == ["[unreachable]", "- build1 · needs a login|Log in…"]
    assert model.data(model.index(1), Qt.ItemDataRole.ToolTipRole).endswith("A login is needed</p>")
    build1.lose(NotInstalled("build1: no outlive there; run `outlive machines add`"))
    assert lines(model) == ["[unreachable]", "- build1 · needs Outlive|Install…"]


async def test_a_link_that_tries_again_changes_no_row(harness: WindowHarness, build1: OtherMachine) -> None:
    chat = build1.add("api")
    build1.lose(since=SINCE)
    changes: list[str] = []
    harness.sessions.chats.changed.connect(lambda: changes.append("list"))
    chat.changed.connect(lambda: changes.append("chat"))
    for _ in range(5):
        build1.lose(since=SINCE)
    assert changes == []


async def test_the_switcher_names_the_machine(harness: WindowHarness, build1: OtherMachine) -> None:
    await harness.add("api")
    build1.add("api")
    choices = ChatChoices(harness.sessions, harness.sessions.listed.ids(), lambda _chat: None)
    found = [each.choice for each in choices.find("build1")]
    assert [(choice.title, choice.detail) for choice in found] == [("api", "build1 · /srv/api")]


async def test_the_menu_of_a_machine_opens_by_keyboard(harness: WindowHarness, build1: OtherMachine) -> None:
    build1.add("api")
    window = harness.open_window()
    sidebar = window.sidebar
    window.actions_["group_by_machine"].trigger()
    sidebar.list.setFocus()
    sidebar.list.setCurrentIndex(sidebar.model.index(0))
    QTest.keyClick(sidebar.list, Qt.Key.Key_Menu)
    assert list(entries_of_open_menu()) == ["New chat there…", "Remove machine…"]


async def test_a_pin_that_an_unreachable_machine_does_not_get_is_not_shown(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    chat = build1.add("api")
    build1.lose()
    harness.sessions.order.pin([chat], pinned=True)
    await harness.until(lambda: harness.problems, "the problem")
    assert harness.problems == ["Can’t pin or move chats: build1: connection refused"]
    assert not chat.record.entry.pinned


async def test_stop_all_leaves_out_what_cannot_be_reached(harness: WindowHarness, build1: OtherMachine) -> None:
    build1.add("api")
    build1.lose()
    window = harness.open_window()
    window.commands.chat_actions.stop_all()
    assert harness.banner == "No running chats"


async def test_an_older_chat_of_another_machine_is_not_offered_to_be_updated_here(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    chat = build1.add("api")
    harness.open_window()
    harness.viewers[chat.session_id].line.host_version = "0.0.1"
    harness.viewers[chat.session_id].become(ViewerState.LIVE)
    harness.settle()
    assert harness.banner == ""


async def test_the_home_of_a_machine_is_a_tilde_for_its_chats(harness: WindowHarness, build1: OtherMachine) -> None:
    build1.machine.link.home = "/srv"
    chat = build1.add("one")
    harness.open_window()
    harness.window.open_chat(chat)
    assert harness.window.status_line.left.accessibleName() == "build1 · Claude Code · ~/api"


async def test_the_filter_finds_an_ended_chat_by_the_title_that_its_machine_gives_the_agent(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    chat = build1.add("api", state=State.EXITED)
    agents = harness.sessions.machines.here.agents
    harness.sessions.machines.by_name["build1"].agents = {
        "claude": msgspec.structs.replace(agents["claude"], title="Far One")
    }
    sidebar = harness.open_window().sidebar
    sidebar.filter.setText("far one")
    assert lines(sidebar.model) == ["[ended]", f"{chat.name} build1"]


async def test_a_new_chat_is_started_on_a_machine_from_its_menu(harness: WindowHarness, build1: OtherMachine) -> None:
    build1.machine.link.home = "/srv"
    harness.open_window()
    ways = dict(harness.window.commands.machines.ways("build1"))
    assert list(ways) == ["New chat there…", "Remove machine…"]
    ways["New chat there…"]()
    sheet = harness.window.sheets.new_chat
    assert (sheet.is_open, sheet.machine, sheet.directory.text()) == (True, "build1", "~")
    build1.lose()
    assert next(iter(dict(harness.window.commands.machines.ways("build1")))) == "Try now"


async def test_the_open_list_of_machines_follows_their_states(harness: WindowHarness, build1: OtherMachine) -> None:
    build1.lose(since=SINCE)
    harness.open_window()
    harness.window.commands.machines.choose()
    chooser = harness.window.sheets.chooser
    assert shown(chooser)[0] == ["build1", f"unreachable since {time()} · 0 running"]
    QTest.keyClick(chooser.field, Qt.Key.Key_Down)
    build1.connect()
    assert shown(chooser)[0] == ["build1", "reachable · 0 running"]
    assert chooser.list.currentIndex().data() == "Add a machine…", "the marked line stays marked"


@pytest.mark.parametrize("state", ["connected", "connecting", "older"])
async def test_a_second_return_meant_for_try_now_removes_and_installs_nothing(
    harness: WindowHarness, build1: OtherMachine, state: str
) -> None:
    if state == "connecting":
        build1.begin()
    elif state == "older":
        build1.machine.link.version = "0.0.1"
    harness.open_window()
    first = next(iter(dict(harness.window.commands.machines.ways("build1"))))
    assert first == ("Try now" if state == "connecting" else "New chat there…")


async def test_a_machine_with_a_chat_that_could_not_be_upgraded_uses_the_installed_version(
    harness: WindowHarness, build1: OtherMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    harness.open_window()
    commands, reconnected = list[tuple[list[str], Callable[[bool], object]]](), list[str]()
    machines = harness.window.commands.machines
    monkeypatch.setattr(machines._starting, "run", lambda argv, _title, on_end: commands.append((argv, on_end)))
    monkeypatch.setattr(build1.machine.link, "reconnect", lambda: reconnected.append("build1"))
    build1.machine.link.version = "0.0.1"
    machines.install("build1")
    [(argv, on_end)] = commands
    assert argv[-3:] == ["upgrade", "--on", "build1"]
    on_end(False)
    build1.machine.link.version = VERSION
    on_end(False)
    assert reconnected == ["build1"]


def shown(chooser: Chooser) -> list[list[str]]:
    """The lines of a list: title and detail."""
    found = [chooser.items.item(row).data(_CHOICE_ROLE) for row in range(chooser.items.rowCount())]
    return [[choice.title, choice.detail] for choice in found]


async def test_an_action_on_an_unreachable_machine_says_what_has_failed(
    harness: WindowHarness, build1: OtherMachine
) -> None:
    chat = build1.add("api")
    over = build1.add("over", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00.000Z")
    window = harness.open_window()
    build1.lose()

    def shows(line: str) -> bool:
        return harness.banner == line

    for act, line in (
        (lambda: harness.sessions.lifecycle.rename(chat, "api-fix"), "Can’t rename api"),
        (lambda: harness.sessions.lifecycle.remove(over), "Can’t remove over"),
        (lambda: window.commands.starting.new_like(chat), "Can’t start api"),
    ):
        act()
        await harness.until(partial(shows, f"{line}: build1: connection refused"), line)
