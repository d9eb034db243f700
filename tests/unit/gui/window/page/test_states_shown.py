"""An agent's activity in the window: rows, status line, tool tips, and the sheet with its evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from gui.bridge import age_timer
from gui.bridge.chat import Chat
from gui.bridge.chat_words import activity_and_age, last_command, status_text
from gui.window.actions.tab_pages import ChangesOpener
from gui.window.sidebar.entries import ChatRow
from gui.wording.phrases import told_time
from session_host.client.viewer.viewer import ViewerState
from session_host.client.worktrees import Status
from session_host.errors import HostUnavailable
from session_host.protocol.facts import AgentStatus, Foreground
from session_host.protocol.messages import (
    ActivityEvent,
    Evidence,
    Explain,
    Explanation,
    ForegroundEvent,
    SizeEvent,
    TitleEvent,
    Transition,
)
from session_host.protocol.values import Activity, GridSize, State
from session_host.standing.groups import Group, Mark
from tests.support.facts import changed
from tests.support.ledger import add_changes
from tests.unit.gui.conftest import WindowHarness


def ago(seconds: float) -> str:
    return (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()


def row(harness: WindowHarness, session_id: str) -> ChatRow:
    model = harness.window.sidebar.model
    entry = model.entry(model.index_of(session_id))
    assert isinstance(entry, ChatRow)
    return entry


async def test_a_row_shows_the_question_first_and_its_tool_tip_the_age(harness: WindowHarness):
    session_id = await harness.add("api-fix", cwd="/srv/api")
    window = harness.open_window()
    harness.viewers[session_id].tell(
        ActivityEvent(AgentStatus(Activity.NEEDS_INPUT, "hook", ago(125), "Run npm test?\nnow\x1b[31m"))
    )
    harness.settle()
    shown = row(harness, session_id)
    assert (shown.status, shown.location, shown.asks, shown.age) == ("Run npm test? now [31m", "", True, "2 m")
    tip = window.sidebar.model.data(window.sidebar.model.index_of(session_id), Qt.ItemDataRole.ToolTipRole)
    assert "needs you · 2 min ago" in tip
    assert "Run npm test? now" in tip


async def test_a_turn_that_an_error_stopped_is_marked_everywhere_until_the_next_turn(harness: WindowHarness):
    """A limit, a log-in or an error was a plain "idle"."""
    session_id = await harness.add("one", agent="claude")
    window = harness.open_window()
    viewer = harness.show(session_id)
    known, sidebar, bar = window.status_line.known, window.sidebar, window.tabs.panes.active.bar
    sidebar.set_collapsed(True)

    def shown_in(image: QImage) -> set[str]:
        return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}

    for failed, mark in ((True, Mark.TURN_FAILED), (False, Mark.IDLE), (True, Mark.TURN_FAILED)):
        viewer.tell(
            ActivityEvent(
                AgentStatus(Activity.IDLE, "protocol", ago(125), "Usage limit" if failed else "", failed=failed)
            )
        )
        harness.settle()
        shown = row(harness, session_id)
        assert (shown.mark, shown.failed, "Usage limit" in shown.second_line) == (mark.value, failed, failed)
        assert harness.chat(session_id).group is Group.IDLE
        words = "stopped by an error · 2 min ago" if failed else "idle · 2 min ago"
        assert known.accessibleName() == words
        failed_color = harness.theme.tokens.color("failed")
        assert (known.palette().windowText().color() == failed_color) is failed
        assert bar.accessibleTabName(0) == f"one, {mark.value}"
        in_rail = sidebar.list.viewport().grab(sidebar.list.visualRect(sidebar.model.index_of(session_id)))
        for picture in (bar.picture_of(0), in_rail):
            assert (failed_color.name() in shown_in(picture.toImage())) is failed
    viewer.be(Activity.WORKING)
    harness.settle()
    assert row(harness, session_id).mark == Mark.WORKING.value


async def test_a_silent_chat_shows_for_how_long(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude")
    window = harness.open_window()
    viewer = harness.show(session_id)
    viewer.tell(ActivityEvent(AgentStatus(Activity.NO_SIGNAL, "silence", ago(61), "no output and no report for 60 s")))
    harness.settle()
    shown = row(harness, session_id)
    began = told_time(harness.chat(session_id).since, datetime.now(UTC))
    assert (shown.status, shown.age) == (f"No word since {began} · was working", "2 m"), (
        "the minute before the timeout is counted, too"
    )
    assert window.status_line.known.accessibleName() == "no signal · no activity for 2 min"


async def test_a_starting_agent_is_listed_as_working_and_not_as_idle(harness: WindowHarness):
    ids = {name: await harness.add(name, agent="claude", created_at=ago(0)) for name in ("asked", "waits")}
    harness.chat(ids["asked"]).has_prompt = True
    window = harness.open_window()
    created = harness.chat(ids["waits"]).record.origin.created_at

    def places() -> dict[Group, list[str]]:
        return {
            group: [chat.name for chat in chats] for group, chats in harness.sessions.listed.groups().items() if chats
        }

    expected = {Group.WORKING: ["asked", "waits"]}
    assert {group: sorted(names) for group, names in places().items()} == expected, "before the host has said anything"
    viewer = harness.show(ids["waits"])
    for each in harness.viewers.values():
        each.tell(ActivityEvent(AgentStatus(Activity.NO_SIGNAL, "", created)))
    harness.settle()
    assert {group: sorted(names) for group, names in places().items()} == expected
    shown = row(harness, ids["waits"])
    assert (shown.mark, shown.status) == ("starting", "Starting…")
    assert window.status_line.known.accessibleName() == "starting"
    viewer.tell(ActivityEvent(AgentStatus(Activity.IDLE, "hook", ago(0))))
    harness.viewers[ids["asked"]].tell(ActivityEvent(AgentStatus(Activity.WORKING, "hook", ago(0))))
    harness.settle()
    assert places() == {Group.WORKING: ["asked"], Group.IDLE: ["waits"]}
    assert row(harness, ids["waits"]).mark == "idle"


async def test_an_agent_that_never_reports_has_no_signal_after_a_while(harness: WindowHarness):
    harness.open_window()
    session_id = await harness.add("one", agent="claude", created_at=ago(0))
    chat = harness.chat(session_id)
    harness.viewers[session_id].tell(ActivityEvent(AgentStatus(Activity.NO_SIGNAL, "", chat.record.origin.created_at)))
    assert (chat.group, chat.mark) == (Group.WORKING, Mark.STARTING)
    for age_s in (chat.stale_after_s, -86_400):  # The clock may be set back.
        chat.record = changed(chat.record, created_at=ago(age_s))
        assert (chat.group, chat.mark) == (Group.NO_SIGNAL, Mark.NO_SIGNAL)


async def test_an_agent_whose_host_does_not_answer_is_not_starting(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude", created_at=ago(0))
    harness.open_window()
    harness.viewers[session_id].become(ViewerState.UNRESPONSIVE)
    chat = harness.chat(session_id)
    assert (chat.group, chat.mark) == (Group.NO_SIGNAL, Mark.UNRESPONSIVE)


@pytest.mark.parametrize("view", ["chat", "terminal"])
async def test_the_status_line_is_silent_about_a_question_that_is_on_its_page(harness: WindowHarness, view: str):
    viewer = await (harness.open_chat_view() if view == "chat" else harness.open("one", agent="claude"))
    viewer.be(Activity.NEEDS_INPUT, detail="Run make?")
    harness.settle()
    known = harness.window.status_line.known.accessibleName()
    assert (known == "") == (view == "chat"), known


async def test_the_status_line_names_a_repository_once(harness: WindowHarness):
    session_id = (await harness.open("one", cwd="/srv/api")).session_id
    window = harness.window
    chat = harness.chat(session_id)
    for repository, text in (("api", "Command · /srv/api · main"), ("other", "Command · /srv/api · other · main")):
        chat.workplace.git_status = Status(
            repository=repository, branch="main", commit="abc", dirty=0, ahead=None, behind=None
        )
        chat.changed.emit()
        harness.settle()
        assert window.status_line.left.accessibleName() == text


async def test_a_click_on_the_changed_files_or_the_status_in_the_status_line_opens_them(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    asked: list[tuple[Chat, str]] = []
    monkeypatch.setattr(ChangesOpener, "open", lambda _opener, chat, directory, _since: asked.append((chat, directory)))
    session_id = await harness.add("one", cwd="/srv/api")
    window = harness.open_window()
    harness.show(session_id).be(Activity.IDLE)
    chat = harness.chat(session_id)
    chat.workplace.git_status = Status(repository="api", branch="main", commit="abc", dirty=3, ahead=2, behind=None)
    chat.changed.emit()
    harness.settle()
    line = window.status_line
    assert line.left.accessibleName() == "Command · /srv/api · main · 3 changed · ↑2"
    metrics, tips = line.left.fontMetrics(), []
    for text in ("Command · /srv/ap", "Command · /srv/api · main · 3 ch", "Command · /srv/api · main · 3 changed · ↑"):
        place = QPoint(metrics.horizontalAdvance(text), line.left.height() // 2)
        QTest.mouseClick(line.left, Qt.MouseButton.LeftButton, pos=place)
        QApplication.sendEvent(line.left, QHelpEvent(QEvent.Type.ToolTip, place, line.left.mapToGlobal(place)))
        tips.append(QToolTip.text())
    assert asked == [(chat, "/srv/api")]
    assert "Changes (Ctrl+Shift+I)" in tips[1]
    assert tips[0] == ""
    QTest.mouseClick(line.known, Qt.MouseButton.LeftButton)
    assert window.sheets.explain.is_open


async def test_the_status_line_names_the_viewer_that_set_the_size_and_offers_to_take_over(harness: WindowHarness):
    viewer = await harness.open("one")
    window = harness.window
    page = window.tabs.active_page
    assert page is not None
    terminal = page.terminal
    assert terminal is not None
    line = window.status_line
    viewer.tell(SizeEvent(terminal.grid, "window"))
    harness.settle()
    assert line.right.isHidden(), "its own size says nothing"
    assert line.take_over.isHidden()

    viewer.tell(SizeEvent(GridSize(60, 15), "attach"))
    await harness.until(lambda: line.right.text().startswith("60×15, sized by outlive attach"), "the size to be shown")
    viewer.size = GridSize(60, 15)
    QTest.mouseClick(line.take_over, Qt.MouseButton.LeftButton)
    assert viewer.size == terminal.grid
    assert ("focus", True) in viewer.calls
    assert terminal.view.hasFocus()
    viewer.tell(SizeEvent(terminal.grid, "window"))
    harness.settle()
    assert line.right.isHidden()
    assert line.take_over.isHidden()


async def test_one_timer_updates_ages_and_only_while_the_window_is_visible(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(age_timer, "YOUNG_STEP_S", 1.0)
    session_id = await harness.add("one")
    window = harness.open_window()
    viewer = harness.show(session_id)
    viewer.tell(ActivityEvent(AgentStatus(Activity.WORKING, "hook", ago(59))))
    harness.settle()
    timers = [window.ages.is_running]
    await harness.until(lambda: row(harness, session_id).age == "1 m", "the age to change by itself")
    assert window.status_line.known.accessibleName().endswith("1 min ago")
    window.hide()
    timers.append(window.ages.is_running)
    viewer.tell(ActivityEvent(AgentStatus(Activity.IDLE, "hook", ago(3600))))
    harness.settle()
    timers.append(window.ages.is_running)
    window.show()
    harness.settle()
    timers.append(window.ages.is_running)
    assert timers == [True, False, False, True], "nothing wakes a hidden window up"
    assert row(harness, session_id).age == "1 h"


async def test_the_row_and_the_status_line_never_show_different_ages(harness: WindowHarness):
    """The row said "3 m" while the status line, which also follows the git status, said "4 min ago"."""
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id).tell(ActivityEvent(AgentStatus(Activity.IDLE, "hook", ago(200))))
    harness.settle()
    assert row(harness, session_id).age == "3 m"
    chat = harness.chat(session_id)
    chat.record = changed(chat.record, since=ago(250))  # As some time later.
    window.describe()
    assert window.status_line.known.accessibleName().endswith("4 min ago")
    assert row(harness, session_id).age == "4 m"


# ------------------------------------------------------------------------------------------ the sheet with evidence


@pytest.fixture
def explained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The chats with hosts that were asked to explain; each host answers."""
    ids: list[str] = []

    async def request(session_id: str, message: object, _machine: object) -> Explanation:
        assert isinstance(message, Explain)
        ids.append(session_id)
        evidence = Evidence("hook", ago(0), f"word {len(ids)}", Activity.WORKING, True)
        return Explanation(1, ago(0), 42, 1, "", "", 60.0, [evidence], [], "", "")

    monkeypatch.setattr("session_host.client.control.request", request)
    return ids


async def test_the_sheet_shows_the_evidence_and_asks_again_when_the_state_changes(
    harness: WindowHarness, explained: list[str]
):
    session_id = await harness.add("one")
    window = harness.open_window()
    viewer = harness.show(session_id)
    window.actions_["explain"].trigger()
    sheet = window.sheets.explain
    assert sheet.is_open
    await harness.until(sheet.area.isVisible, "the evidence")
    sheet.copy.click()
    assert "hooks\tword 1\tworking\tjust now" in QGuiApplication.clipboard().text()
    viewer.be(Activity.WORKING)
    viewer.be(Activity.WORKING)
    await harness.until(lambda: len(explained) == 2, "another question")
    harness.settle()
    assert explained == [session_id] * 2, "once for each state"
    QTest.keyClick(sheet.close_button, Qt.Key.Key_Escape)
    viewer.be(Activity.IDLE)
    harness.settle()
    assert len(explained) == 2, "the sheet is closed"


async def test_for_an_ended_chat_the_sheet_shows_the_saved_transitions(harness: WindowHarness, explained: list[str]):
    session_id = await harness.add("one", agent="claude", state=State.EXITED, exit_code=0, provider_session_id="abc")
    add_changes(session_id, Transition(ago(9), Activity.WORKING, "hook"), Transition(ago(3), Activity.NO_SIGNAL, ""))
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    window.actions_["explain"].trigger()
    sheet = window.sheets.explain
    await harness.until(sheet.area.isVisible, "the changes")
    assert sheet.summary.text() == "Finished."
    assert sheet.evidence.isHidden()
    assert sheet.notes.text() == "Conversation: abc"
    sheet.copy.click()
    assert "working\thooks\t" in QGuiApplication.clipboard().text()
    assert "no signal\tchat ended\t" in QGuiApplication.clipboard().text()
    assert explained == [], "it has no host"


async def test_a_host_that_does_not_answer_is_reported_in_the_sheet(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    async def request(_session_id: str, _message: object, _machine: object) -> None:
        raise HostUnavailable("the chat's host does not answer")

    monkeypatch.setattr("session_host.client.control.request", request)
    session_id = (await harness.open("one")).session_id
    window = harness.window
    window.sheets.explain.ask(harness.chat(session_id))
    await harness.until(lambda: "Can’t load the status" in window.sheets.explain.summary.text(), "the reason")
    assert not window.sheets.explain.copy.isEnabled()


async def test_a_title_that_only_repeats_the_directory_is_none(harness: WindowHarness):
    session_id = await harness.add("fix the tests", agent="codex")
    harness.open_window()
    chat = harness.chat(session_id)
    for title, shown in ((Path(chat.record.origin.cwd).name, ""), ("fix the tests", ""), ("reading", "reading")):
        harness.viewers[session_id].tell(TitleEvent(title))
        assert chat.title == shown


async def test_a_row_says_what_its_chat_does_and_then_what_it_said(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude", runtime="structured")
    harness.open_window()
    viewer = harness.show(session_id)
    for status, shown in (
        (AgentStatus(Activity.WORKING, "protocol", ago(1), doing="Editing a.py"), "Editing a.py"),
        (
            AgentStatus(Activity.IDLE, "protocol", ago(1), said="The parser in `a.py` is **fixed**."),
            "The parser in a.py is fixed.",
        ),
    ):
        viewer.tell(ActivityEvent(status))
        harness.settle()
        assert row(harness, session_id).status == shown


async def test_an_ended_chat_says_how_it_ended(harness: WindowHarness):
    ended = {"state": State.EXITED, "ended_at": "2026-01-02T03:05:00Z", "title": "Fix the parser"}
    for name, agent, code, shown in (("one", "codex", 0, "Finished"), ("two", "codex", 3, "Ended with exit code 3")):
        assert status_text(harness.chat(await harness.add(name, agent=agent, exit_code=code, **ended))) == shown


async def test_a_shell_at_its_prompt_is_idle_and_one_with_a_program_is_running(harness: WindowHarness):
    ids = [await harness.add(name, agent="shell") for name in ("build", "notes")]
    harness.open_window()
    harness.viewers[ids[0]].tell(ForegroundEvent(Foreground("make -j8", ago(130))))
    harness.viewers[ids[1]].tell(ForegroundEvent(Foreground("", ago(10))))
    harness.settle()
    build, notes = (harness.chat(session_id) for session_id in ids)
    assert (build.group, build.mark, status_text(build)) == (Group.RUNNING, Mark.RUNNING, "make -j8")
    assert activity_and_age(build) == "running make -j8 for 2 min"
    assert row(harness, ids[0]).age == "2 m"
    assert (notes.group, notes.mark, activity_and_age(notes)) == (
        Group.IDLE,
        Mark.IDLE,
        "idle · at the prompt",
    )
    harness.viewers[ids[0]].tell(ForegroundEvent(Foreground("make test", ago(1))))
    assert activity_and_age(build) == "running make test"
    harness.viewers[ids[0]].be(Activity.WORKING)
    assert build.group is Group.WORKING, "an agent that was started in it tells what it does"


async def test_a_shell_that_is_called_by_its_command_does_not_say_it_twice(harness: WindowHarness):
    session_id = await harness.add("api", default_name="api", topic="make -j8", agent="shell")
    harness.open_window()
    chat, viewer = harness.chat(session_id), harness.viewers[session_id]
    viewer.tell(ForegroundEvent(Foreground("make -j8", ago(130))))
    assert (chat.name, chat.command_line_name, status_text(chat)) == ("make -j8", "api", "")
    viewer.tell(ForegroundEvent(Foreground("vim notes", ago(1))))
    assert status_text(chat) == "vim notes", "until the store has it"
    viewer.tell(ForegroundEvent(Foreground("", ago(1), 2, ago(1))))
    assert status_text(chat) == "Exit code 2"


async def test_a_shell_at_its_prompt_shows_how_its_last_command_ended(harness: WindowHarness):
    session_id = await harness.add("build", agent="shell")
    window = harness.open_window()
    viewer = harness.show(session_id)
    for code, text, in_short in (
        (2, "last command ended with 2", "Exit code 2"),
        (0, "last command succeeded", "Succeeded"),
    ):
        viewer.tell(ForegroundEvent(Foreground("", ago(500), code, ago(20))))
        harness.settle()
        assert row(harness, session_id).status == in_short
        assert row(harness, session_id).age == "20 s", "the time of the end, not of the prompt"
        assert window.status_line.known.accessibleName() == f"idle · {text}, 20 s ago"
    viewer.tell(ForegroundEvent(Foreground("make -j8", ago(130))))
    assert (status_text(harness.chat(session_id)), last_command(harness.chat(session_id))) == (
        "make -j8",
        "",
    )
