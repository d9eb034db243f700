"""The sidebar's model: consistent after all changes, and rows that do not move under the pointer."""

from __future__ import annotations

import dataclasses
import random
import threading
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, Qt
from PySide6.QtGui import QEnterEvent, QFontMetrics, QGuiApplication, QImage, QMouseEvent, QPainter
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from gui.window.actions.chats.chat_actions import listed
from gui.window.actions.lists import ChatChoices
from gui.window.sidebar.delegate import shortened
from gui.window.sidebar.model import ChatRow, SidebarModel
from gui.wording.groups import Group
from session_host.agents.agent import Agent
from session_host.protocol.values import Activity, State
from tests.unit.gui.conftest import WindowHarness

ACTIVITIES = list(Activity)


def names(model: SidebarModel) -> list[str]:
    entries = [model.entry(model.index(row)) for row in range(model.rowCount())]
    return [entry.name for entry in entries if isinstance(entry, ChatRow)]


async def test_after_any_changes_of_chats_the_model_is_consistent(harness: WindowHarness):
    model = SidebarModel(harness.sessions, {Group.ENDED})
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    harness.sessions.changed.connect(model.refresh)
    harness.sessions.follow_all()
    chance = random.Random(13)
    ids = [await harness.add(f"chat {number % 4}") for number in range(12)]
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
                ids.append(await harness.add(f"new {step}"))
            case 5 if not harness.chat(session_id).has_ended and chance.random() < 0.2:
                harness.viewers[session_id].end(exit_code=0)
            case _ if not harness.chat(session_id).has_ended:
                harness.viewers[session_id].be(chance.choice(ACTIVITIES), f"2026-01-02T05:00:{step % 60:02}Z")
        harness.settle()
    gone = next(session_id for session_id in ids if harness.chat(session_id).has_ended)
    model.hold(True)
    harness.sessions.remove(harness.chat(gone))
    await harness.until(lambda: harness.sessions.get(gone) is None, "a chat to be removed")
    harness.settle()
    model.hold(False)
    model.set_headings(True)
    model.set_filter("")
    model.folded.clear()
    model.refresh()
    assert sorted(names(model)) == sorted(chat.name for chat in harness.sessions.chats())
    tester.deleteLater()


async def test_rows_do_not_move_under_the_pointer(harness: WindowHarness):
    ids = [await harness.add(name) for name in ("one", "two", "three")]
    window = harness.open_window()
    for session_id in ids:
        harness.viewers[session_id].be(Activity.WORKING)
    harness.settle()
    sidebar = window.sidebar
    assert names(sidebar.model) == ["one", "two", "three"]
    place = QPointF(20, 60)
    viewport = sidebar.list.viewport()
    harness.viewers[ids[1]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    QApplication.sendEvent(viewport, QEnterEvent(place, place, viewport.mapToGlobal(place)))
    harness.settle()
    assert names(sidebar.model) == ["two", "one", "three"], "a window that comes up under a pointer holds nothing"
    harness.viewers[ids[1]].be(Activity.WORKING)
    harness.settle()
    button = Qt.MouseButton.NoButton
    QApplication.sendEvent(
        viewport,
        QMouseEvent(
            QEvent.Type.MouseMove, place, viewport.mapToGlobal(place), button, button, Qt.KeyboardModifier.NoModifier
        ),
    )
    harness.viewers[ids[2]].be(Activity.NEEDS_INPUT, detail="Run npm test?")
    await harness.add("four")
    harness.settle()
    assert names(sidebar.model) == ["one", "two", "three"]
    row = sidebar.model.entry(sidebar.model.index_of(ids[2]))
    assert isinstance(row, ChatRow)
    assert (row.mark, row.status) == ("needs you", "Run npm test?"), "the text of a row still changes"
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    assert names(sidebar.model) == ["three", "one", "two", "four"]


async def test_agents_are_searched_in_the_background_and_their_buttons_stay(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    threads: set[threading.Thread] = set()
    find = Agent.find

    def noted(agent: Agent, path: str) -> str | None:
        threads.add(threading.current_thread())
        return find(agent, path)

    monkeypatch.setattr(Agent, "find", noted)
    empty = harness.open_window().empty
    await harness.until(empty._rows.count, "agents to be found")
    first = empty._rows.itemAt(0)
    assert first is not None
    button = first.widget()
    assert button is not None
    for number in range(3):
        await harness.add(f"chat {number}", state=State.EXITED, exit_code=0)
    assert empty._rows.indexOf(button) == 0
    assert threading.main_thread() not in threads


async def test_rows_of_one_name_have_a_distinguishing_text(harness: WindowHarness):
    ended = {"agent": "claude", "state": State.EXITED, "exit_code": 0, "cwd": "/src/api"}
    ids = [await harness.add("claude", **ended, ended_at=f"2026-01-0{day}T12:00:00Z") for day in (2, 3)]
    await harness.add("alone", **ended, ended_at="2026-01-04T12:00:00Z")
    model = SidebarModel(harness.sessions, set())
    model.refresh()
    entries = [model.index(row) for row in range(model.rowCount())]
    rows = {row.chat.id: (row, at) for at in entries if isinstance(row := model.entry(at), ChatRow)}
    one, two = (rows[each][0].difference for each in ids)
    assert (one[0], two[0]) == ("2", "3"), "the days of their ends"
    assert one.endswith(" · api")
    assert one in rows[ids[0]][1].data(Qt.ItemDataRole.AccessibleTextRole)
    assert [row.difference for row, _at in rows.values() if row.name == "alone"] == [""]
    assert listed([harness.chat(each) for each in ids]) == f"claude · Finished · {one}\nclaude · Finished · {two}"


async def test_the_row_of_an_ended_chat_shows_each_change(harness: WindowHarness):
    ended = {"state": State.EXITED, "exit_code": 0, "ended_at": "2026-01-02T04:00:00Z", "agent": "claude"}
    session_id = await harness.add("notes", cwd="/src/api", **ended)
    other_id = await harness.add("other", cwd="/src/docs", **ended)
    window = harness.open_window()
    model, chat = window.sidebar.model, harness.chat(session_id)
    if not names(model):
        model.toggle_group(Group.ENDED.value)

    def row() -> ChatRow:
        harness.settle()
        entry = model.entry(model.index_of(session_id))
        assert isinstance(entry, ChatRow)
        return entry

    assert (row().name, row().status, row().location, row().pinned, row().active) == (
        "notes", "Finished", "api", False, False,
    )  # fmt: skip
    harness.sessions.rename(chat, "minutes")
    await harness.until(lambda: row().name == "minutes", "the new name")
    chat.set_color_label("red")
    chat.set_muted(muted=True)
    chat.set_unread(unread=True)
    assert (row().label, row().muted, row().unseen) == ("red", True, True)
    harness.sessions.order.pin([chat], pinned=True)
    assert row().pinned
    model.set_active(session_id)
    model.refresh()
    assert row().active
    model.set_active("")
    chat.record.end_request = "stop"
    chat.changed.emit()
    assert row().status == "Stopped by you"
    harness.sessions.rename(harness.chat(other_id), "minutes")
    await harness.until(lambda: row().difference, "the difference from the other chat of the same name")
    claude = harness.catalog["claude"]
    harness.sessions.agents = {**harness.catalog, "claude": msgspec.structs.replace(claude, title="Cl", monogram="Xx")}
    harness.sessions.apply_agents()
    assert row().monogram == "Xx"
    model.set_filter("cl api")
    assert set(names(model)) == {"minutes"}
    assert model.rowCount() == 2, "a heading and the only chat in this directory"


async def test_the_filter_finds_an_ended_chat_by_what_changed(harness: WindowHarness):
    session_id = await harness.add("notes", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00Z")
    model = harness.open_window().sidebar.model
    model.set_filter("minutes")
    assert names(model) == []
    harness.sessions.rename(harness.chat(session_id), "minutes")
    await harness.until(lambda: names(model) == ["minutes"], "the chat with the new name")


async def test_a_short_directory_is_shown_after_a_long_status(harness: WindowHarness):
    session_id = await harness.add("one")
    sidebar = harness.open_window().sidebar
    entry = sidebar.model.entry(sidebar.model.index_of(session_id))
    assert isinstance(entry, ChatRow)

    def painted(location: str) -> QImage:
        image = QImage(240, 20, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.white)
        painter = QPainter(image)
        row = dataclasses.replace(entry, location=location, status="sh -c while " * 9, status_first=True)
        sidebar.delegate._paint_second_line(painter, QRect(0, 0, 240, 20), row)
        painter.end()
        return image.copy(225, 0, 15, 20)

    blank = QImage(15, 20, QImage.Format.Format_RGB32)
    blank.fill(Qt.GlobalColor.white)
    assert painted("~") != blank
    assert painted("~") != painted("x"), "the directory is at the right end"


def test_a_line_is_cut_between_its_parts_if_little_would_be_left_of_the_last(qapp: QApplication):
    metrics = QFontMetrics(QApplication.font())

    def cut(text: str, shown: str) -> str:
        return shortened(metrics, text, metrics.horizontalAdvance(shown) + 2)

    text = "api · main · 12 changed"
    assert cut(text, text) == text
    assert cut(text, "api · main · 12 chan…") == "api · main · 12 chan…"
    assert cut(text, "api · main · 1…") == "api · main"
    assert cut(text, "api · main …") == "api · main"
    assert cut("documentation", "doc…") == "doc…", "a single part is always there"


async def test_the_line_of_a_drag_is_where_the_chats_go(harness: WindowHarness):
    ids = [await harness.add(name, agent="shell", argv=["sh"]) for name in ("one", "two")]
    working = await harness.add("busy", agent="claude")
    ended = await harness.add("over", state=State.EXITED, exit_code=0)
    model = harness.open_window().sidebar.model
    harness.viewers[working].be(Activity.WORKING)
    harness.settle()
    model.toggle_group(Group.ENDED.value)
    rows = {session_id: model.index_of(session_id).row() for session_id in (*ids, working, ended)}
    one = [harness.chat(ids[0])]
    last = rows[ids[1]] + 1
    for before in range(1, model.rowCount() + 1):
        assert model.drop_row(one, before) == min(max(before, rows[ids[0]]), last), "it stays in its part"
    assert model.drop_row(one, 0) == 0, "above everything, it is pinned"
    assert model.drop_row([harness.chat(ended)], rows[ended]) is None, "ended chats have an order of their own"
    model.move([harness.chat(ids[1])], model.rowCount())
    assert [chat.record.position for chat in harness.sessions.chats()] == [None] * 4, "nothing changes the order"


async def test_the_filter_knows_dates_as_people_write_them(harness: WindowHarness):
    for name, moment in (("export", "2025-03-10"), ("export", "2025-08-01"), ("march", "2025-08-02")):
        times = {"created_at": f"{moment}T10:00:00Z", "ended_at": f"{moment}T12:00:00Z"}
        await harness.add(name, state=State.EXITED, exit_code=0, **times)
    model = harness.open_window().sidebar.model

    def found(text: str) -> list[str]:
        model.set_filter(text)
        rows = (model.entry(model.index(row)) for row in range(model.rowCount()))
        return [f"{row.name} {row.chat.record.created_at[:7]}" for row in rows if isinstance(row, ChatRow)]

    assert found("march 2025 export") == ["export 2025-03"]
    assert found("2025-08") == ["march 2025-08", "export 2025-08"]
    assert "march 2025-08" in found("march"), "its name"
    assert found("last week") == []


API: dict[str, Any] = {"agent": "claude", "cwd": "/src/api", "default_name": "api-2"}


def rows(harness: WindowHarness) -> list[ChatRow]:
    return [entry for entry in harness.window.sidebar.model.entries() if isinstance(entry, ChatRow)]


async def test_a_chat_is_called_by_its_topic_and_found_by_its_name_on_the_command_line(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", title="✳ Fix the export", **API)
    await harness.add("other", topic="not shown", **(API | {"default_name": ""}))
    window = harness.open_window()
    harness.show(session_id)
    assert window.windowTitle().startswith("Fix the export")
    row = next(each for each in rows(harness) if each.chat.id == session_id)
    assert (row.name, row.second_line) == ("Fix the export", "api · Claude Code"), "the title is not said twice"
    assert {each.name for each in rows(harness)} == {"Fix the export", "other"}, "the user's name stays"
    tip = window.sidebar.model.data(window.sidebar.model.index_of(session_id), Qt.ItemDataRole.ToolTipRole)
    assert "api-2 · Claude Code" in tip
    for typed in ("api-2", "export"):
        window.sidebar.filter.setText(typed)
        await harness.until(lambda: [each.chat.id for each in rows(harness)] == [session_id], "the one chat")
        choices = ChatChoices(harness.sessions, harness.sessions.listed_ids(), lambda chat: None)
        assert [found.choice.title for found in choices.find(typed)][:1] == ["Fix the export"]
    window.sidebar.filter.clear()
    window.actions_["copy_name"].trigger()
    assert QGuiApplication.clipboard().text() == "api-2"


async def test_a_renamed_chat_has_the_users_name_also_if_that_is_its_old_one(harness: WindowHarness):
    session_id = await harness.add("api-2", topic="Fix the export", exit_code=0, **(API | {"state": "exited"}))
    harness.open_window()
    chat = harness.chat(session_id)
    assert chat.name == "Fix the export"
    harness.sessions.rename(chat, "api-2")
    await harness.until(lambda: chat.name == "api-2", "the name")
    await harness.sessions.refresh_now()
    assert chat.name == "api-2"
