"""The sidebar's model: consistent after all changes, and rows that do not move under the pointer."""

from __future__ import annotations

import random
import threading

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QMouseEvent
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from gui.window.actions.chat_actions import listed
from gui.window.sidebar.model import ChatRow, SidebarModel
from gui.wording.groups import Group
from session_host.agents.agent import Agent
from session_host.protocol.values import Activity, State
from tests.unit.gui.conftest import Played

ACTIVITIES = list(Activity)


def names(model: SidebarModel) -> list[str]:
    entries = [model.entry(model.index(row)) for row in range(model.rowCount())]
    return [entry.name for entry in entries if isinstance(entry, ChatRow)]


async def test_after_any_changes_of_chats_the_model_is_consistent(played: Played):
    model = SidebarModel(played.sessions, {Group.ENDED})
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    played.sessions.changed.connect(model.refresh)
    played.sessions.follow_all()
    chance = random.Random(13)
    ids = [await played.add(f"chat {number % 4}") for number in range(12)]
    for step in range(150):
        session_id = chance.choice(ids)
        match chance.randrange(8):
            case 0:
                model.toggle_group(chance.choice(list(Group)))
            case 1:
                model.set_filter(chance.choice(["", "", "chat 1", "nothing like it"]))
            case 2:
                model.hold(chance.random() < 0.5)
            case 3:
                model.set_headings(chance.random() < 0.7)
            case 4 if step % 5 == 0:
                ids.append(await played.add(f"new {step}"))
            case 5 if not played.chat(session_id).has_ended and chance.random() < 0.2:
                played.viewers[session_id].end(exit_code=0)
            case _ if not played.chat(session_id).has_ended:
                played.viewers[session_id].be(chance.choice(ACTIVITIES), f"2026-01-02T05:00:{step % 60:02}Z")
        played.settle()
    gone = next(session_id for session_id in ids if played.chat(session_id).has_ended)
    model.hold(True)
    played.sessions.remove(played.chat(gone))
    await played.until(lambda: played.sessions.get(gone) is None, "a chat to be removed")
    played.settle()
    model.hold(False)
    model.set_headings(True)
    model.set_filter("")
    model.folded.clear()
    model.refresh()
    assert sorted(names(model)) == sorted(chat.name for chat in played.sessions.chats())
    tester.deleteLater()


async def test_rows_do_not_move_under_the_pointer(played: Played):
    ids = [await played.add(name) for name in ("one", "two", "three")]
    window = played.open_window()
    for session_id in ids:
        played.viewers[session_id].be(Activity.WORKING)
    played.settle()
    sidebar = window.sidebar
    assert names(sidebar.model) == ["one", "two", "three"]
    place = QPointF(20, 60)
    viewport = sidebar.list.viewport()
    played.viewers[ids[1]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    QApplication.sendEvent(viewport, QEnterEvent(place, place, viewport.mapToGlobal(place)))
    played.settle()
    assert names(sidebar.model) == ["two", "one", "three"], "a window that comes up under a pointer holds nothing"
    played.viewers[ids[1]].be(Activity.WORKING)
    played.settle()
    button = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        viewport,
        QMouseEvent(
            QEvent.Type.MouseMove, place, viewport.mapToGlobal(place), button, button, Qt.KeyboardModifier.NoModifier
        ),
    )
    played.viewers[ids[2]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    await played.add("four")
    played.settle()
    assert names(sidebar.model) == ["one", "two", "three"]
    row = sidebar.model.entry(sidebar.model.index_of(ids[2]))
    assert isinstance(row, ChatRow)
    assert (row.mark, row.status) == ("needs you", "Run npm test?"), "what a row says goes on changing"
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert names(sidebar.model) == ["three", "one", "two", "four"]


async def test_agents_are_searched_in_the_background_and_their_buttons_stay(
    played: Played, monkeypatch: pytest.MonkeyPatch
):
    threads: set[threading.Thread] = set()
    find = Agent.find

    def noted(agent: Agent, path: str) -> str | None:
        threads.add(threading.current_thread())
        return find(agent, path)

    monkeypatch.setattr(Agent, "find", noted)
    empty = played.open_window().empty
    await played.until(empty._rows.count, "agents to be found")
    first = empty._rows.itemAt(0)
    assert first is not None
    button = first.widget()
    assert button is not None
    for number in range(3):
        await played.add(f"chat {number}", state=State.EXITED, exit_code=0)
    assert empty._rows.indexOf(button) == 0
    assert threading.main_thread() not in threads


async def test_rows_of_one_name_have_a_distinguishing_text(played: Played):
    ended = {"agent": "claude", "state": State.EXITED, "exit_code": 0, "cwd": "/src/api"}
    ids = [await played.add("claude", **ended, ended_at=f"2026-01-0{day}T12:00:00Z") for day in (2, 3)]
    await played.add("alone", **ended, ended_at="2026-01-04T12:00:00Z")
    model = SidebarModel(played.sessions, set())
    model.refresh()
    entries = [model.index(row) for row in range(model.rowCount())]
    rows = {row.chat.id: (row, at) for at in entries if isinstance(row := model.entry(at), ChatRow)}
    one, two = (rows[each][0].difference for each in ids)
    assert (one[0], two[0]) == ("2", "3"), "the days of their ends"
    assert one.endswith(" · api")
    assert one in rows[ids[0]][1].data(Qt.ItemDataRole.AccessibleTextRole)
    assert [row.difference for row, _at in rows.values() if row.name == "alone"] == [""]
    assert listed([played.chat(each) for each in ids]) == f"claude · Finished · {one}\nclaude · Finished · {two}"
