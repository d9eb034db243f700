"""The page of a tab in each state of its chat, and the page without an open tab."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from itertools import combinations, pairwise
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from gui.bridge.chat_words import status_text
from gui.window.new_chat.agent_tiles import AgentTile
from gui.window.sidebar.entries import ChatRow
from gui.wording import window_texts
from session_host import paths
from session_host.client.chats.ended_chat import EndedChat
from session_host.client.connection import HostNotResponding
from session_host.client.machine import THIS_MACHINE
from session_host.client.sessions.stale_rows import all_after_boot
from session_host.client.viewer.viewer import ViewerState
from session_host.errors import Unreachable
from session_host.machines.another import AnotherMachine
from session_host.protocol.facts import INTERRUPTED, UNSTARTED
from session_host.protocol.messages import Done, NoticeEvent, Request
from session_host.protocol.values import Activity, GridSize, State
from session_host.standing.endings import has_failed
from session_host.standing.groups import OVER, Group, Mark
from session_host.storage.store import Store
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.structured.transcript import Transcript
from session_host.system import clock
from session_host.system.processes.identity import boot_id
from session_host.terminal import create
from tests.support.area import Area
from tests.support.journals import output, write_journal
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.conftest import Away
from tests.unit.gui.window.machines import chats_on


def screen_text(harness: WindowHarness) -> str:
    assert harness.view.display.emulator is not None
    return "\n".join(row.text() for row in harness.view.display.emulator.rows()).strip()


async def test_a_slow_start_shows_the_command_and_keeps_typed_keys(harness: WindowHarness):
    argv = ["slow-agent", "--model", "big one"]
    session_id = await harness.add("one", argv=argv, cwd="/srv/app", state=State.STARTING)
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    page = harness.page
    view = harness.view
    assert page.bars.waiting.notice.isHidden(), "nothing is said before it takes long"
    await harness.until(page.bars.waiting.notice.isVisible, "the notice")
    assert page.bars.waiting.notice.title.text() == "Starting…"
    assert page.bars.waiting.notice.detail.text() == "slow-agent --model 'big one' in /srv/app"
    await harness.focus_terminal()
    QTest.keyClicks(view, "a")
    assert any(call[:2] == ("key", "a") for call in harness.viewers[session_id].calls)
    harness.viewers[session_id].go_live()
    assert page.bars.waiting.notice.isHidden()
    assert page.is_settled


async def test_an_agent_that_has_written_nothing_yet_has_a_word_in_its_terminal(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude", argv=["claude"], cwd="/srv/app", created_at=clock.now())
    harness.open_window().open_chat(harness.chat(session_id))
    viewer, page = harness.viewers[session_id], harness.page
    viewer.go_live(screen=b"\x1b[?2004h")
    assert page.bars.waiting.notice.isHidden(), "nothing is said before it takes long"
    await harness.until(page.bars.waiting.notice.isVisible, "the word")
    assert page.bars.waiting.notice.title.text() == "Starting…"
    assert page.bars.waiting.notice.detail.text() == "claude in /srv/app"
    assert page.is_settled
    viewer.feed(b"\x1b[?1049h\x1b[2J")
    viewer.delegate.viewer_damaged()
    assert page.bars.waiting.notice.isVisible(), "there is still no text"
    viewer.feed(b"Welcome")
    viewer.delegate.viewer_damaged()
    assert page.bars.waiting.notice.isHidden()


async def test_an_agent_that_starts_quickly_has_no_word_in_its_terminal(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude", argv=["claude"], created_at=clock.now())
    harness.open_window().open_chat(harness.chat(session_id))
    viewer, page = harness.viewers[session_id], harness.page
    viewer.go_live(screen=b"")
    assert page.bars.waiting.is_for_start
    viewer.feed(b"Welcome")
    viewer.delegate.viewer_damaged()
    assert not page.bars.waiting.is_for_start


async def test_an_idle_agent_and_a_command_without_output_do_not_start(harness: WindowHarness):
    ids = [await harness.add(name, agent=name, created_at=clock.now()) for name in ("claude", "command")]
    window = harness.open_window()
    for session_id in ids:
        window.open_chat(harness.chat(session_id))
        harness.viewers[session_id].go_live(screen=b"")
        if harness.chat(session_id).record.origin.agent == "claude":
            assert harness.page.bars.waiting.is_for_start
            harness.viewers[session_id].be(Activity.IDLE)
        assert not harness.page.bars.waiting.is_for_start


async def test_a_running_chat_that_is_opened_again_loads_and_does_not_start(harness: WindowHarness):
    session_id = await harness.add("one", state=State.RUNNING)
    harness.open_window().open_chat(harness.chat(session_id))
    await harness.until(harness.page.bars.waiting.notice.isVisible, "the notice")
    assert harness.page.bars.waiting.notice.title.text() == "Loading…"


async def test_a_reconnect_is_shown_after_a_while_as_a_thin_bar_over_the_unchanged_screen(harness: WindowHarness):
    viewer = await harness.open("one")
    page = harness.page
    viewer.become(ViewerState.RECONNECTING, "gone for a moment")
    assert page.bars.waiting.bar.isHidden()
    assert not page.is_settled
    await harness.until(page.bars.waiting.bar.isVisible, "the bar")
    assert "hello" in screen_text(harness)
    viewer.become(ViewerState.LIVE)
    assert page.bars.waiting.bar.isHidden()


async def test_a_bar_over_the_screen_shows_at_once_that_the_host_does_not_answer(harness: WindowHarness):
    session_id = await harness.add("one", cwd="/srv/app")
    window = harness.open_window()
    viewer = harness.show(session_id)
    page, chat = harness.page, harness.chat(session_id)
    viewer.become(ViewerState.UNRESPONSIVE)
    harness.settle()
    bar = page.bars.waiting.bar
    assert bar.isVisible()
    assert bar.text.accessibleName().endswith("does not answer. What you type is kept.")
    viewer.keep(3)
    viewer.become(ViewerState.UNRESPONSIVE)
    assert bar.text.accessibleName().endswith("does not answer. 3 characters wait.")
    assert "hello" in screen_text(harness)
    assert (chat.mark, status_text(chat)) == (Mark.UNRESPONSIVE, "Does not answer")
    assert window.status_line.known.accessibleName() == "does not answer"
    viewer.become(ViewerState.RECONNECTING)
    assert bar.isVisible()
    assert bar.text.accessibleName() == "Reconnecting… What you type is kept."
    viewer.become(ViewerState.LIVE)
    assert bar.isHidden()
    assert chat.mark is Mark.RUNNING


class Far(Alpha):
    """A machine that cannot be reached."""

    name = "build1"
    is_reachable = False
    why_unreachable = "Connection refused"
    unreachable_since = datetime.fromisoformat("2026-01-02T03:04:05Z")  # type: ignore[assignment]
    home = ""
    terms = AnotherMachine.terms

    def __init__(self, harness: WindowHarness) -> None:
        self.is_back = asyncio.Event()
        harness.sessions.machines.by_name[self.name] = chats_on(harness.sessions, self)

    async def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Fail until the machine ``is_back``."""
        if not self.is_back.is_set():
            raise Unreachable("build1: Connection refused")
        return await THIS_MACHINE.call(function, *args, **kwargs)

    async def wait_reachable(self) -> None:
        await self.is_back.wait()


async def test_the_last_screen_of_a_chat_on_a_machine_out_of_reach_is_shown_when_it_is_back(harness: WindowHarness):
    session_id = await harness.add("one", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    window = harness.open_window()
    far = Far(harness)
    harness.chat(session_id).machine = far
    window.open_chat(harness.chat(session_id))
    notice = harness.page.bars.waiting.notice
    await harness.until(notice.isVisible, "the notice")
    assert notice.title.text() == "build1 is unreachable", "and not that no screen was saved"
    far.is_back.set()
    await harness.until(lambda: notice.title.text() == "No screen was saved", "the answer")


async def test_a_chat_out_of_reach_stays_readable_and_shows_why_and_what_waits(harness: WindowHarness):
    viewer = await harness.open("one")
    page, chat = harness.page, harness.chat(viewer.session_id)
    tries: list[bool] = []
    page.bars.waiting.remedy = lambda: ("Try now", lambda: tries.append(True))
    chat.machine = Far(harness)
    viewer.takes_mouse = False
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    bar = page.bars.waiting.bar
    await harness.until(bar.isVisible, "the bar")
    assert re.fullmatch(r"build1 is unreachable since 2 Jan.*: Connection refused", bar.text.accessibleName())
    assert bar.typed.isHidden() or not bar.typed.isVisible()
    assert "hello" in screen_text(harness)
    assert harness.view.grab().toImage().pixelColor(1, 1) == harness.theme.tokens.color("page"), "faded, not covered"
    assert not harness.view.display.program_takes_mouse(Qt.KeyboardModifier.NoModifier), "text can be selected"
    viewer.keep(12)
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    assert bar.typed.accessibleName() == "12 characters wait: they are sent when build1 is back."
    QTest.mouseClick(bar.remedy, Qt.MouseButton.LeftButton)
    QTest.mouseClick(bar.discard, Qt.MouseButton.LeftButton)
    assert len(tries) == 1
    assert viewer.calls[-1] == ("discard_kept",)
    viewer.become(ViewerState.LIVE)
    assert bar.isHidden()


async def test_the_line_about_a_machine_out_of_reach_covers_no_text_or_moves_at_a_click(harness: WindowHarness):
    viewer = await harness.open("one")
    page, view = harness.page, harness.view
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    bar = page.bars.waiting.bar
    await harness.until(bar.isVisible, "the bar")
    assert not any(bar.geometry().intersects(area) for area in view.display.written_areas())
    viewer.become(ViewerState.LIVE)
    viewer.feed(b"\x1b[2J" + b"\r\n".join(b"row" for _ in range(24)))
    view.display.on_damage()
    await harness.until(lambda: len(view.display.surface.written_rects()) == 1, "the rows")
    view.resize(view.width(), view.display.logical_rect(view.display.surface.row_rect(23)).bottom())
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    await harness.until(bar.isVisible, "the bar")
    at = bar.y()
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton)
    assert bar.y() != at


async def test_the_line_about_a_machine_out_of_reach_is_above_a_transcript(harness: WindowHarness):
    session_id = await harness.add("one", runtime="structured")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    viewer.show_transcript(Transcript())
    viewer.become(ViewerState.UNREACHABLE, "build1: Connection refused")
    page = harness.page
    await harness.until(page.bars.waiting.bar.isVisible, "the bar")
    await harness.until(lambda: page.content.view.y() == page.bars.waiting.bar.height(), "the transcript to make room")
    viewer.become(ViewerState.LIVE)
    await harness.until(lambda: page.content.view.y() == 0, "the bar to go")


async def test_after_a_question_that_came_meanwhile_the_user_decides_about_what_was_typed(harness: WindowHarness):
    viewer = await harness.open("one")
    viewer.asks_to_send = True
    viewer.keep(1)
    viewer.become(ViewerState.LIVE)
    bar = harness.page.bars.waiting.bar
    assert bar.isVisible()
    assert bar.accessibleName() == (
        "one asks something that you have not seen. 1 character that you typed meanwhile is not sent yet."
    )
    assert not bar.remedy.isVisible()
    QTest.mouseClick(bar.send, Qt.MouseButton.LeftButton)
    assert viewer.calls[-1] == ("send_kept",)
    viewer.asks_to_send = False
    viewer.become(ViewerState.LIVE)
    assert bar.isHidden()


async def test_a_chat_opened_while_its_machine_is_out_of_reach_says_so(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.chat(session_id).machine = Far(harness)
    window.open_chat(harness.chat(session_id))
    waiting = harness.page.bars.waiting
    assert waiting.notice.isVisible(), "at once"
    assert waiting.notice.title.text() == "Connecting to build1…"
    harness.viewers[session_id].become(ViewerState.UNREACHABLE, "build1: Connection refused")
    assert waiting.notice.title.text() == "build1 is unreachable"
    assert waiting.notice.detail.text().endswith("\ncat in /tmp"), "what is known of it"
    assert waiting.bar.isVisible()
    assert harness.page.bars.end.widget is None, "it has not ended"
    harness.viewers[session_id].go_live()
    assert waiting.notice.isHidden()
    assert waiting.bar.isHidden()


async def test_an_empty_page_shows_in_its_middle_that_the_host_does_not_answer(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    viewer = harness.viewers[session_id]
    viewer.become(ViewerState.UNRESPONSIVE)
    notice = harness.page.bars.waiting.notice
    assert notice.isVisible()
    assert notice.title.text() == "Does not answer"
    viewer.go_live()
    assert notice.isHidden()


async def test_a_chat_is_unresponsive_if_the_viewer_of_any_page_is(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    viewer = harness.show(session_id)
    chat = harness.chat(session_id)
    further = chat.looks.for_page()
    further.follow(output=True)
    further.viewer_state(ViewerState.UNRESPONSIVE, "")
    harness.settle()
    model = window.sidebar.model
    entry = model.entry(model.index_of(session_id))
    assert isinstance(entry, ChatRow)
    assert (entry.mark, entry.status) == ("does not answer", "Does not answer")
    further.viewer_state(ViewerState.LIVE, "")
    assert chat.mark is Mark.RUNNING
    further.release()
    assert viewer.line.shown is ViewerState.LIVE


async def test_stop_makes_the_viewer_expect_an_answer(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch):
    async def request(_session_id: str, message: Request, _machine: object) -> Done:
        return Done(message.request)

    monkeypatch.setattr("session_host.client.control.request", request)
    viewer = await harness.open("one")
    session_id = viewer.session_id
    harness.sessions.lifecycle.stop(harness.chat(session_id))
    await harness.until(lambda: ("expect answer",) in viewer.calls, "the viewer to expect an answer")


async def test_stop_of_a_chat_that_does_not_answer_says_what_to_do_in_the_window(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
):
    async def request(_session_id: str, _message: Request, _machine: object) -> Done:
        raise HostNotResponding("the chat's host does not respond; end the chat with `outlive kill`")

    monkeypatch.setattr("session_host.client.control.request", request)
    session_id = await harness.add("one")
    harness.sessions.lifecycle.stop(harness.chat(session_id))
    await harness.until(lambda: harness.problems, "the error")
    assert harness.problems == ["Can’t stop one: No answer from one. Wait, or end it in its menu: More, Kill."]


async def test_a_chat_that_ends_while_shown_keeps_its_screen_and_takes_no_keys(harness: WindowHarness):
    viewer = await harness.open("one", argv=["agent"], cwd="/srv")
    page = harness.page
    view = harness.view
    viewer.end(exit_code=3)
    harness.settle()
    assert page.bars.end.get().isVisible()
    assert page.bars.end.get().title.accessibleName().startswith("Ended with exit code 3 at ")
    assert page.bars.end.get().detail.accessibleName() == "agent in /srv"
    assert "hello" in screen_text(harness)
    before = len(viewer.calls)
    QTest.keyClicks(view, "a")
    assert not [call for call in viewer.calls[before:] if call[0] == "key"]


async def test_a_chat_that_the_user_killed_elsewhere_is_grey_and_says_so(harness: WindowHarness):
    mine, theirs = await harness.add("mine"), await harness.add("theirs")
    harness.open_window()
    for session_id, end_request in ((mine, "kill"), (theirs, "")):
        harness.show(session_id).end(exit_signal=9, end_request=end_request)
        harness.settle()
        title = harness.page.bars.end.get().title.accessibleName()
        assert title.startswith("Killed by you at " if end_request else "Ended by SIGKILL at "), title
        chat = harness.chat(session_id)
        assert has_failed(chat.record) is (not end_request)
        assert status_text(chat) == ("Killed by you" if end_request else "Ended by SIGKILL")


async def test_an_ended_chat_opened_later_shows_the_saved_screen(harness: WindowHarness):
    session_id = await harness.add(
        "one", state=State.EXITED, exit_signal=9, ended_at="2026-01-02T03:05:00Z", argv=["agent"]
    )
    emulator = create(None, GridSize(80, 24))
    emulator.feed(b"the last words\r\n")
    save_screen(paths.session_dir(session_id) / "screen.bin", SavedScreen.of(emulator, portable=True, offset=0))
    emulator.close()
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    page = harness.page
    await harness.until(lambda: page.is_settled, "the last screen")
    assert screen_text(harness) == "the last words"
    assert page.bars.end.get().title.accessibleName().startswith("Ended by SIGKILL on 2 January")
    assert page.bars.waiting.notice.isHidden()


async def test_a_chat_that_ends_while_hidden_shows_the_saved_screen_and_not_an_old_one(harness: WindowHarness):
    hidden, shown = await harness.add("hidden"), await harness.add("shown")
    window = harness.open_window()
    harness.show(hidden)
    harness.show(shown)
    emulator = create(None, GridSize(80, 24))
    emulator.feed(b"hello\r\nand what came later\r\n")
    save_screen(paths.session_dir(hidden) / "screen.bin", SavedScreen.of(emulator, portable=True, offset=0))
    emulator.close()
    viewer = harness.viewers[hidden]
    viewer.end(exit_code=0)
    await harness.until(lambda: viewer.is_closed, "the old replica to go")
    window.tabs.activate(hidden)
    page = harness.page
    await harness.until(lambda: page.is_settled, "the last screen")
    assert "and what came later" in screen_text(harness)


async def test_an_ended_chat_without_a_saved_screen_says_so(harness: WindowHarness):
    session_id = await harness.add("one", state=State.EXITED, exit_code=0, ended_at="2026-01-02T03:05:00Z")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    page = harness.page
    await harness.until(lambda: page.is_settled, "the notice")
    assert page.bars.waiting.notice.title.text() == "No screen was saved"
    assert page.bars.end.get().title.accessibleName().startswith("Finished")


async def test_in_a_low_pane_the_end_bar_scrolls_to_the_button_that_tab_goes_to(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    window.resize(600, 420)
    viewer = harness.show(session_id)
    window.tabs.panes.mirror("down")
    window.tabs.panes.mirror("down")
    viewer.end(exit_code=3)
    page, bar = harness.page, harness.page.bars.end.get()
    bar.offer(EndedChat(True, "It was open in two chats, so it may be another conversation than it was.", True))
    await harness.until(lambda: bar.height() == page.height() < 140, "the bar to fit")
    parts = [bar.title, bar.detail, bar.refusal]
    assert not [pair for pair in combinations(parts, 2) if pair[0].geometry().intersects(pair[1].geometry())]
    buttons = [bar.resume, bar.continue_, bar.errors, bar.export, bar.close_button]
    buttons[0].setFocus()
    for key, way in ((Qt.Key.Key_Tab, buttons), (Qt.Key.Key_Backtab, buttons[::-1])):
        for button, following in pairwise(way):
            QTest.keyClick(button, key)
            harness.settle()
            assert following.hasFocus()
            assert following.visibleRegion().boundingRect() == following.rect()


async def test_a_lost_chat_says_what_happened_and_what_to_do(harness: WindowHarness):
    viewer = await harness.open("one")
    viewer.become(ViewerState.LOST, "its process is gone, and the agent with it")
    page = harness.page
    assert page.bars.end.get().title.accessibleName().startswith("Ended unexpectedly at ")
    assert page.bars.end.get().detail.accessibleName() == "Its process is gone, and the agent with it."
    assert "hello" in screen_text(harness), "the known part of its screen stays"
    page.bars.end.get().setFixedWidth(700)
    harness.settle()
    bar = page.bars.end.get()
    assert bar.detail.width() >= bar.detail.sizeHint().width(), "the buttons leave space for it"
    page.bars.end.get().setFixedWidth(280)
    harness.settle()
    assert page.bars.end.get().whole_title.text() == page.bars.end.get().title.accessibleName(), "in two lines"
    words = page.bars.end.get().explanation
    assert words.isVisible()
    assert not page.bars.end.get().detail.isVisible()
    assert words.text().endswith("and the agent with it."), "in a narrow pane it takes several lines"
    assert words.height() >= words.heightForWidth(words.width())


async def test_a_chat_that_never_started_is_not_called_lost(harness: WindowHarness):
    session_id = await harness.add("one", state=State.LOST, error=UNSTARTED, ended_at="2026-01-02T12:05:00Z")
    harness.open_window().open_chat(harness.chat(session_id))
    assert harness.page.bars.end.get().title.accessibleName().startswith("Failed to start on 2 January at ")
    assert harness.page.bars.end.get().detail.accessibleName() == (
        "What was starting this chat was ended before its agent ran."
    )


async def test_an_interrupted_chat_says_so_and_shows_its_recording(harness: WindowHarness):
    session_id = await harness.add(
        "one", state=State.LOST, error=INTERRUPTED, ended_at="2026-01-02T12:05:00Z", argv=["agent"], cwd="/srv"
    )
    write_journal(paths.session_journal(session_id), [output(0, b"said before the restart\r\n")])
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    page = harness.page
    view = harness.view
    await harness.until(lambda: page.is_settled, "the screen")
    assert screen_text(harness) == "said before the restart"
    assert page.bars.end.get().title.accessibleName() == "Interrupted by a restart"
    assert page.bars.end.get().detail.accessibleName().startswith("Last active on 2 January at ")
    assert page.bars.end.get().detail.accessibleName().endswith(" · agent in /srv")
    chat = harness.chat(session_id)
    assert (chat.group, chat.mark, has_failed(chat.record)) == (Group.INTERRUPTED, Mark.INTERRUPTED, False)
    assert status_text(chat) == "Interrupted by a restart"
    before = harness.sessions.listed.groups()
    assert [len(before[group]) for group in Group if group in OVER] == [1, 0]
    QTest.keyClicks(view, "a")
    assert session_id not in harness.viewers, "it has no viewer"


async def test_a_chat_that_ran_before_the_restart_is_interrupted_from_the_start(harness: WindowHarness):
    session_id = await harness.add("one", boot_id="another")
    before, lost_otherwise = await harness.add("two", boot_id=boot_id()), await harness.add("three")
    with Store.open(paths.database()) as store:
        records = {record.id: record for record in all_after_boot(store)}
    assert records[session_id].outcome.reason == "interrupted"
    assert records[before].outcome.state is records[lost_otherwise].outcome.state is State.RUNNING


async def test_a_short_reconnect_changes_no_mark_and_a_long_one_does(harness: WindowHarness):
    viewer = await harness.open("one")
    session_id = viewer.session_id
    chat = harness.chat(session_id)
    viewer.be(Activity.WORKING)
    viewer.become(ViewerState.RECONNECTING)
    assert chat.mark is Mark.WORKING
    viewer.become(ViewerState.LIVE)
    viewer.become(ViewerState.RECONNECTING)
    await harness.until(lambda: chat.mark is Mark.RECONNECTING, "the mark")
    viewer.become(ViewerState.LIVE)
    assert chat.mark is Mark.WORKING


async def test_an_agent_that_ctrl_z_suspended_is_said_to_be_suspended_and_can_be_continued(harness: WindowHarness):
    session_id = await harness.add("one", agent="claude")
    window = harness.open_window()
    viewer = harness.show(session_id)
    page, action = harness.page, window.actions_["continue_program"]
    assert not action.isEnabled()
    viewer.be(Activity.SUSPENDED)
    harness.settle()
    assert harness.chat(session_id).mark is Mark.NEEDS_YOU
    assert status_text(harness.chat(session_id)) == "Suspended: the next key continues it"
    assert page.bars.problem.get().text.accessibleName() == "Suspended, as by Ctrl+Z. Any key continues it."
    assert action.isEnabled()
    QTest.mouseClick(page.bars.problem.get().action, Qt.MouseButton.LeftButton)
    action.trigger()
    assert viewer.calls.count(("continue_program",)) == 2
    viewer.be(Activity.IDLE)
    assert page.bars.problem.get().isHidden()


async def test_a_problem_of_a_chat_is_shown_below_it_until_it_ends(harness: WindowHarness):
    viewer = await harness.open("one")
    page = harness.page
    assert page.bars.problem.get().isHidden()
    size = harness.view.size()
    viewer.tell(NoticeEvent("session", "nothing is recorded at the moment"))
    assert page.bars.problem.get().isVisible()
    assert page.bars.problem.get().text.accessibleName() == "Nothing is recorded at the moment."
    harness.settle()
    text = page.bars.problem.get().text
    assert text.fontMetrics().horizontalAdvance(text.text()) <= text.width(), "the whole text is seen"
    assert harness.view.size() == size, "it is over the terminal"
    viewer.tell(NoticeEvent("session", "nothing is recorded at the moment; free some space " * 5))
    harness.settle()
    assert text.width() <= page.width()
    assert text.heightForWidth(text.width()) <= text.height(), "a long one in several lines"
    viewer.tell(NoticeEvent("session", ""))
    assert page.bars.problem.get().isHidden()
    viewer.tell(NoticeEvent("session", "again"))
    viewer.end(exit_code=0)
    harness.settle()
    assert page.bars.problem.get().isHidden(), "no more output of an ended chat is recorded"


async def test_a_host_that_refuses_this_window_is_not_called_ended(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    window.open_chat(harness.chat(session_id))
    harness.viewers[session_id].become(ViewerState.FAILED, "the chat speaks protocol 2, this program 1")
    page = harness.page
    assert page.bars.end.get().title.accessibleName() == "Can’t show this chat. It keeps running."
    assert page.bars.end.get().detail.accessibleName() == "The chat speaks protocol 2, this program 1."


async def test_close_under_an_ended_chat_closes_its_tab(harness: WindowHarness):
    session_id = await harness.add("one")
    window = harness.open_window()
    harness.show(session_id).end(exit_code=0)
    harness.settle()
    QTest.mouseClick(harness.page.bars.end.get().close_button, Qt.MouseButton.LeftButton)
    assert window.tabs.ids() == []
    assert window.banners.current is None, "no notice that it keeps running: it has ended"
    assert harness.viewers[session_id].is_closed


async def test_in_a_narrow_pane_the_buttons_below_an_ended_chat_are_not_cut(harness: WindowHarness):
    (await harness.open("one")).end(exit_code=3)
    bar = harness.page.bars.end.get()
    bar.has_conversations = True
    bar.offer(EndedChat(True, "", True))
    buttons = (bar.resume, bar.continue_, bar.errors, bar.export, bar.close_button)
    for width in (700, 160, 110, 230):
        bar.setFixedWidth(width)
        harness.settle()
        cut = [each.text() for each in buttons if each.fontMetrics().size(0, each.text()).width() + 4 > each.width()]
        assert not cut, f"at {width} px"


async def test_processes_that_an_ended_chat_left_behind_are_named_and_can_be_ended(harness: WindowHarness) -> None:
    (await harness.open("one")).end(exit_code=3)
    bar, asked = harness.page.bars.end.get(), list[bool]()
    bar.end_left_requested.connect(lambda: asked.append(True))
    bar.offer(EndedChat(False, "", False))
    assert bar.end_left.isHidden()
    bar.offer(EndedChat(False, "", False, "sleep (PID 4711)"))
    assert bar.refusal.text() == "Left behind, and still running: sleep (PID 4711)."
    QTest.mouseClick(bar.end_left, Qt.MouseButton.LeftButton)
    assert asked


async def test_the_first_start_says_once_that_chats_keep_running(harness: WindowHarness) -> None:
    await harness.sessions.machines.here.refresh_now()
    window = harness.open_window()
    harness.settle()
    page = window.empty
    await harness.until(page._heading.isVisible, "the agents to be found")
    assert page.title.text() == window_texts.FIRST_CHAT()
    assert window_texts.CHATS_KEEP_RUNNING() not in page._promise.text()
    await harness.add("one")
    harness.settle()
    assert page.title.text() == window_texts.RUNNING_CHATS(n=1)
    assert page._promise.text().startswith(window_texts.CHATS_KEEP_RUNNING())


async def test_choosing_shell_or_command_explains_them(harness: WindowHarness) -> None:
    await harness.sessions.machines.here.refresh_now()
    window = harness.open_window()
    await harness.until(window.empty._heading.isVisible, "the agents to be found")
    window.commands.starting.new_chat()
    tiles = {tile.agent.title: tile.toolTip() for tile in window.sheets.new_chat.tiles.findChildren(AgentTile)}
    rows = {row.text(): row.toolTip() for row in window.empty._rows.widgets() if isinstance(row, QPushButton)}
    for title in ("Model server", "Shell", "Command"):
        assert title not in tiles[title], "it does not only repeat the title"
        assert rows[title] == tiles[title]


async def test_enter_starts_the_first_chat(harness: WindowHarness) -> None:
    await harness.sessions.machines.here.refresh_now()
    window = harness.open_window()
    harness.settle()
    window.focus_page()
    started: list[None] = []
    window.empty.new_chat.connect(lambda: started.append(None))
    focused = window.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Return)
    assert len(started) == 1


async def test_an_agent_installed_in_another_window_is_listed(
    harness: WindowHarness, area: Area, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = area.root / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    await harness.sessions.machines.here.refresh_now()
    window = harness.open_window()
    await harness.until(lambda: "Codex" in window.empty._missing, "the agents to be looked for")
    await away(lambda: (programs / "codex").symlink_to("/bin/true"))
    await harness.until(lambda: "Codex" not in window.empty._missing, "the agent to be found")
