"""Searching in all chats: typing, choosing a line with the arrow keys, and showing it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from gui.bridge.search import Found, SearchResults, _checked
from gui.theme.theme import Theme
from gui.window.search import _ROW_ROLE, SearchSheet
from session_host.paths import search_index, session_dir, session_journal
from session_host.protocol.values import GridSize, State
from session_host.storage.journal import Journal
from session_host.storage.search import Hit, Query, Search
from session_host.storage.store.saved_screen import SavedScreen, save_screen
from session_host.terminal import create
from tests.support.journals import BEGAN_NS, output, resize
from tests.support.other_machine import Alpha
from tests.unit.gui.conftest import WindowHarness
from tests.unit.gui.window.machines import chats_on

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def record(session_id: str, data: bytes, at_s: float = 0.0) -> None:
    with Journal.open(session_journal(session_id)) as journal:
        journal.append([resize(0, 1), output(journal.end, data, at_s)])


async def search_for(harness: WindowHarness, text: str) -> SearchSheet:
    """Open the sheet by its key, type the text, and wait until all chats are read."""
    await harness.press(Qt.Key.Key_S, CTRL_SHIFT)
    sheet = harness.window.sheets.searching.sheet
    assert sheet.is_open
    assert sheet.field.hasFocus()
    QTest.keyClicks(sheet.field, text)
    await harness.until(lambda: sheet.state.text() and "indexed" not in sheet.state.text(), "the answer")
    return sheet


def lines(sheet: SearchSheet) -> list[str]:
    return [sheet.items.item(row).text() for row in range(sheet.items.rowCount())]


def numbered(count: int) -> bytes:
    return b"".join(b"line %d of the log\r\n" % number for number in range(count))


async def test_a_line_far_back_in_a_running_chat_is_scrolled_to_and_marked(harness: WindowHarness) -> None:
    running = await harness.add("running")
    other = await harness.add("other")
    data = numbered(500)
    record(running, data)
    harness.open_window()
    harness.show(running).go_live(data)
    harness.show(other)
    sheet = await search_for(harness, "line 123 log")
    assert lines(sheet) == ["line 123 of the log"]
    assert sheet.state.text() == "1 line"

    await harness.press(Qt.Key.Key_Return)
    assert not sheet.is_open
    assert harness.window.tabs.active_id == running
    harness.viewers[running].become(harness.viewers[running].line.shown)
    emulator = harness.view.display.emulator
    assert emulator is not None
    bar = harness.page.bars.find.get()
    await harness.until(lambda: bar.count.text() == "1 of 1", "the match to be the current one")
    assert bar.field.hasFocus()
    await harness.press(Qt.Key.Key_Escape)
    assert emulator.selected_text() == "line 123 of the log"
    assert harness.view.hasFocus()
    frame_rows = emulator.frame()
    assert frame_rows.scroll_offset > 300


async def test_the_arrows_choose_among_chats_newest_first(harness: WindowHarness) -> None:
    first, second = await harness.add("first"), await harness.add("second")
    for session_id, at_s in ((first, 10.0), (second, 20.0)):
        record(session_id, f"the needle of {session_id}\r\n".encode(), at_s)
    harness.open_window()
    harness.show(first)
    sheet = await search_for(harness, "NEEDLE")
    assert lines(sheet) == [f"the needle of {second}", f"the needle of {first}"]
    await harness.press(Qt.Key.Key_Down)
    await harness.press(Qt.Key.Key_Down)
    assert sheet.list.currentIndex().row() == 1
    await harness.press(Qt.Key.Key_Up)
    await harness.press(Qt.Key.Key_Return)
    assert harness.window.tabs.active_id == second


async def test_an_ended_chat_opens_at_the_line_in_its_last_screen(harness: WindowHarness) -> None:
    data = numbered(200)
    ended = await harness.add("ended", state=State.EXITED, exit_code=0, ended_at="2026-01-02T04:00:00Z")
    record(ended, data)
    emulator = create(None, GridSize(80, 24))
    emulator.feed(data)
    save_screen(session_dir(ended) / "screen.bin", SavedScreen.of(emulator, portable=False, offset=0))
    emulator.close()
    harness.open_window()
    await search_for(harness, '"line 77 "')
    await harness.press(Qt.Key.Key_Return)
    assert harness.window.tabs.active_id == ended
    await harness.until(
        lambda: harness.page.bars.find.get().count.text() == "1 of 1", "the match to be the current one"
    )
    assert harness.page.bars.find.get().field.text() == "line 77 "
    await harness.press(Qt.Key.Key_Escape)
    shown = harness.view.display.emulator
    assert shown is not None
    assert shown.selected_text().strip() == "line 77"
    assert not harness.window.sheets.searching.recorded.is_open


async def test_a_line_that_the_terminal_lost_is_shown_as_recorded_with_its_words_marked(harness: WindowHarness) -> None:
    line = "🎉🎉 the needle is here"
    running = await harness.add("long")
    record(running, numbered(3000).replace(b"line 1234 of the log", line.encode()))
    harness.open_window()
    harness.show(running).go_live(b"a fresh screen\r\n")
    await search_for(harness, "needle")
    await harness.press(Qt.Key.Key_Return)
    recorded = harness.window.sheets.searching.recorded
    await harness.until(lambda: recorded.is_open, "the recorded text")
    text = recorded.text.toPlainText().splitlines()
    assert text[0] == "line 1034 of the log"
    assert text[-1] == "line 1434 of the log"
    assert recorded.text.textCursor().block().text() == line
    assert [each.cursor.selectedText() for each in recorded.text.extraSelections()] == ["", "needle"]
    assert recorded.text.hasFocus()
    await harness.press(Qt.Key.Key_Escape)
    assert not recorded.is_open
    assert harness.view.hasFocus()


async def test_a_search_without_matches_and_an_empty_search_say_so(harness: WindowHarness) -> None:
    running = await harness.add("running")
    record(running, b"something\r\n")
    harness.open_window()
    sheet = await search_for(harness, "else")
    assert lines(sheet) == []
    assert sheet.state.text() == "No matches"
    await harness.press(Qt.Key.Key_Return)
    assert sheet.is_open
    sheet.field.clear()
    await harness.until(lambda: not sheet.state.text(), "no word on it")
    await harness.press(Qt.Key.Key_Escape)
    assert not sheet.is_open


async def test_only_the_last_typed_text_is_answered(harness: WindowHarness) -> None:
    running = await harness.add("running")
    record(running, numbered(20_000))
    harness.open_window()
    await harness.press(Qt.Key.Key_S, CTRL_SHIFT)
    sheet = harness.window.sheets.searching.sheet
    for text in ("line 1", "line 19999", '"line 4242 "'):
        sheet.field.setText(text)
        sheet._ask()
    await harness.until(lambda: lines(sheet) == ["line 4242 of the log"], "the last answer")


async def test_a_repeated_line_is_listed_once(harness: WindowHarness, theme: Theme) -> None:
    running = await harness.add("running")
    record(running, b"the same\r\n" * 30)
    harness.open_window()
    sheet = await search_for(harness, "same")
    assert lines(sheet) == ["the same"]


async def test_a_noisy_chat_shows_its_newest_lines_and_enter_on_the_rest_goes_on_in_it(harness: WindowHarness) -> None:
    quiet, noisy = await harness.add("quiet"), await harness.add("noisy")
    record(quiet, b"one needle\r\n", 1.0)
    record(noisy, b"".join(b"needle %d\r\n" % number for number in range(202)), 2.0)
    harness.open_window()
    sheet = await search_for(harness, "needle")
    shown = ["needle 201", "needle 200", "needle 199", "+199 in this chat", "one needle"]
    assert lines(sheet) == shown
    assert sheet.state.text() == "203 lines"
    for _ in range(3):
        await harness.press(Qt.Key.Key_Down)
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: len(lines(sheet)) == 200, "the lines of that chat")
    assert sheet.state.text() == "In noisy: Newest 200 lines · Esc: all chats"
    QTest.keyClicks(sheet.field, " 17")
    await harness.until(lambda: lines(sheet)[:2] == ["needle 179", "needle 178"], "its lines with another word")
    await harness.press(Qt.Key.Key_Escape)
    assert sheet.is_open
    sheet.field.setText("needle")
    await harness.until(lambda: lines(sheet) == shown, "the lines of all chats")
    await harness.press(Qt.Key.Key_Escape)
    assert not sheet.is_open


async def test_a_date_an_agent_and_a_project_narrow_the_search(harness: WindowHarness) -> None:
    now_s = datetime.now(UTC).timestamp() - BEGAN_NS / 1e9
    agent = await harness.add("agent", agent="claude", cwd="/srv/outlive")
    other = await harness.add("other", agent="codex", cwd="/srv/other")
    for session_id in (agent, other):
        record(session_id, f"old error of {session_id}\r\n".encode(), now_s - 40 * 86400)
        record(session_id, f"new error of {session_id}\r\n".encode(), now_s)
    record(other, b"claude made no error\r\n", now_s)
    harness.open_window()
    sheet = await search_for(harness, "error today")
    assert len(lines(sheet)) == 3
    for text, count in (("error outlive", 2), ("codex error today", 2), ("claude error", 3), ("claude", 1)):
        sheet.field.setText(text)
        await harness.until(lambda: sheet._is_answered and not sheet.is_reading, "the answer")
        assert len(lines(sheet)) == count, (text, lines(sheet))


async def test_a_removed_chat_is_gone_from_the_index(harness: WindowHarness) -> None:
    ended = await harness.add("ended", state=State.EXITED, exit_code=0)
    record(ended, b"a secret\r\n")
    harness.sessions.indexing._timer.setInterval(0)
    harness.open_window()
    sheet = await search_for(harness, "secret")
    assert lines(sheet) == ["a secret"]
    await harness.press(Qt.Key.Key_Escape)
    harness.sessions.lifecycle.remove(harness.chat(ended))

    def is_gone() -> bool:
        with Search() as search:
            return not search.find(Query.of("secret"), 1)

    await harness.until(is_gone, "the line to be gone")


async def test_enter_at_once_opens_the_first_match_of_the_last_text(harness: WindowHarness) -> None:
    first, second = await harness.add("first"), await harness.add("second")
    record(first, b"one needle\r\n")
    record(second, b"two needles\r\n")
    harness.open_window()
    harness.show(second)
    await search_for(harness, "needles")
    harness.window.sheets.searching.sheet.field.selectAll()
    QTest.keyClicks(harness.window.sheets.searching.sheet.field, "one")
    await harness.press(Qt.Key.Key_Return)
    await harness.until(lambda: harness.window.tabs.active_id == first, "the chat with what was typed last")


async def test_enter_while_chats_are_read_opens_the_first_line_that_is_found(
    harness: WindowHarness, monkeypatch
) -> None:
    running = await harness.add("running")
    harness.open_window()
    await harness.press(Qt.Key.Key_S, CTRL_SHIFT)
    sheet = harness.window.sheets.searching.sheet
    chosen: list[object] = []
    sheet.chosen.connect(lambda _query, hit: chosen.append(hit))
    monkeypatch.setattr(harness.sessions.search_thread, "search", lambda *_: None)
    QTest.keyClicks(sheet.field, "needle")
    sheet._ask()
    sheet.show_results(SearchResults([], 1, 1))
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    sheet.show_results(SearchResults([], 1, 1))
    assert chosen == []
    hit = Hit(running, 1, 0, 0, "the needle")
    sheet.show_results(SearchResults([Found([hit], [1], 0)], 1, 1))
    assert chosen == [hit]
    assert not sheet.is_open


async def test_the_sheet_says_how_many_chats_are_indexed_and_the_rest_is_indexed_after_it_closed(
    harness: WindowHarness, monkeypatch
) -> None:
    await harness.add("running")
    harness.open_window()
    await harness.press(Qt.Key.Key_S, CTRL_SHIFT)
    sheet = harness.window.sheets.searching.sheet
    monkeypatch.setattr(harness.sessions.search_thread, "search", lambda *_: None)
    QTest.keyClicks(sheet.field, "needle")
    sheet._ask()
    sheet.show_results(SearchResults([], 2850, 3000))
    assert sheet.state.text() == "150 of 3,000 chats are indexed"
    harness.sessions.indexing._is_behind = False
    await harness.press(Qt.Key.Key_Escape)
    assert harness.sessions.indexing._is_behind


async def test_enter_without_a_match_opens_no_later_match(harness: WindowHarness, monkeypatch) -> None:
    running = await harness.add("running")
    harness.open_window()
    await harness.press(Qt.Key.Key_S, CTRL_SHIFT)
    sheet = harness.window.sheets.searching.sheet
    monkeypatch.setattr(harness.sessions.search_thread, "search", lambda *_: None)
    QTest.keyClicks(sheet.field, "needle")
    sheet._ask()
    sheet.show_results(SearchResults([], 1, 1))
    QTest.keyClick(sheet.field, Qt.Key.Key_Return)
    sheet.show_results(SearchResults([], 0, 1))
    sheet.show_results(SearchResults([Found([Hit(running, 1, 0, 0, "the needle")], [1], 0)], 0, 1))
    assert sheet.is_open


async def test_output_of_a_chat_is_indexed_before_any_search(harness: WindowHarness) -> None:
    running = await harness.add("running")
    record(running, b"a needle in hay\r\n")
    indexing = harness.sessions.indexing
    indexing._timer.setInterval(0)
    harness.open_window()

    def is_indexed() -> bool:
        with Search() as search:
            return search.outdated([running]) == [] and bool(search.find(Query.of("needle"), 10))

    await harness.until(is_indexed, "the chat to be indexed")
    assert not indexing._is_behind
    with Journal.open(session_journal(running)) as journal:
        journal.append([output(journal.end, b"another needle\r\n", 9.0)])
    harness.viewers[running].delegate.viewer_damaged()
    await harness.until(is_indexed, "what came later to be indexed")
    indexing.set_paused(True)
    harness.viewers[running].delegate.viewer_damaged()
    harness.settle()
    assert indexing._process is None, "the user's own search reads all there is"


async def test_the_sheet_shows_why_a_search_failed_and_the_next_one_may_succeed(harness: WindowHarness) -> None:
    running = await harness.add("running")
    record(running, b"the needle\r\n")
    search_index().parent.mkdir(parents=True, exist_ok=True)
    search_index().mkdir()
    harness.open_window()
    sheet = await search_for(harness, "needle")
    assert sheet.state.text().startswith(f"{search_index()}: a directory is in the way")
    assert sheet.state.property("kind") == "problem"
    assert sheet.state.isVisible()
    assert harness.problems == [], "it is not reported a second time"
    search_index().rmdir()
    QTest.keyClicks(sheet.field, "s")
    await harness.until(lambda: sheet.state.text() == "No matches", "the answer")
    assert sheet.state.property("kind") == "secondary"
    sheet.field.clear()
    await harness.until(lambda: not sheet.state.isVisible(), "the sheet to be its field alone")
    assert sheet.body.height() < sheet.field.height() + 8


@pytest.fixture
async def alpha(harness: WindowHarness) -> Alpha:
    """Another machine, which has the chats of this one again."""
    machine, sessions = Alpha(), harness.sessions
    chats = sessions.machines.by_name["alpha"] = chats_on(sessions, machine)
    await chats.refresh_now()
    return machine


async def test_lines_of_another_machine_are_found_with_those_here(harness: WindowHarness, alpha: Alpha) -> None:
    running = await harness.add("running")
    record(running, b"the needle\r\n")
    await harness.sessions.machines.by_name["alpha"].refresh_now()
    window = harness.open_window()
    far = harness.chat(f"alpha/{running}")
    window.open_chat(far)
    viewer: Any = far.looks.first.viewer
    viewer.go_live(b"a fresh screen\r\n")
    sheet = await search_for(harness, "needle")
    await harness.until(lambda: not sheet.is_reading, "both answers")
    assert lines(sheet) == ["the needle", "the needle"]
    found = [sheet.items.item(row).data(_ROW_ROLE).chat for row in range(2)]
    assert {chat.machine.name for chat in found} == {"", "alpha"}
    sheet.list.setCurrentIndex(sheet.items.index(found.index(far), 0))
    await harness.press(Qt.Key.Key_Return)
    assert window.tabs.active_id == far.id
    recorded = window.sheets.searching.recorded
    await harness.until(lambda: recorded.is_open, "the recorded lines")
    assert recorded.text.toPlainText() == "the needle"


async def test_a_machine_that_does_not_answer_is_named_below_the_results(harness: WindowHarness, alpha: Alpha) -> None:
    running = await harness.add("running")
    record(running, b"the needle\r\n")
    await harness.sessions.machines.by_name["alpha"].refresh_now()
    harness.open_window()
    alpha.fails = 100
    sheet = await search_for(harness, "needle")
    await harness.until(lambda: not sheet.is_reading, "both answers")
    assert lines(sheet) == ["the needle"]
    assert sheet.state.text() == "1 line · alpha did not answer"


async def test_what_a_machine_invents_about_lines_is_dropped(harness: WindowHarness, alpha: Alpha) -> None:
    known = await harness.add("known")
    hit, other = Hit(known, 1, 0, 0, "the \x1b[31mneedle"), Hit("x", 1, 0, 0, "x")
    lies = [Found([], [], 0), Found([hit], [], 0), Found([hit, other], [1, 1], 0), Found([other], [1], 0)]
    cleaned = _checked([*lies, Found([hit], [-1], -5)], alpha, {f"alpha/{known}"})
    assert cleaned == [Found([hit._replace(session_id=f"alpha/{known}", text="the [31mneedle")], [1], 0)]
